// SPDX-License-Identifier: Apache-2.0
#include "platform/words.h"
#include "test.h"

TEST(lists_are_never_cut_within_a_name)
{
    static const struct {
        const char *names;
        size_t max;
        const char *want;
    } rows[] = {
        {"", 40, "none"},
        {"one", 40, "one"},
        {"one two three", 40, "one, two, three"},
        {"one two three", 15, "one, two, three"},
        {"one two three", 14, "one and 2 more"},
        {"eleven twelve thirteen fourteen", 29, "eleven and 3 more"},
        {"eleven twelve thirteen fourteen", 34, "eleven, twelve, thirteen, fourteen"},
        {"eleven twelve thirteen fourteen", 33, "eleven, twelve and 2 more"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(256);
        struct strv v = {0};
        struct str rest = str_of(rows[i].names), name;
        while (rest.n && str_cut(&rest, ' ', &name))
            strv_add(a, &v, name);
        struct str got = words_list(a, &v, rows[i].max);
        EQ_STR(got, rows[i].want);
        CHECK(got.n <= rows[i].max || v.n < 2);
    }
}

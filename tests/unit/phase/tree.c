// SPDX-License-Identifier: Apache-2.0
#include "phase/tree.h"
#include "test.h"

#define HEX "e4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050"

TEST(tree_paths_of_names)
{
    static const struct {
        const char *name, *path;
    } rows[] = {
        {"app", "index.docker.io/library/app/latest"},
        {"team/app:2", "index.docker.io/team/app/2"},
        {"docker.io/library/app", "index.docker.io/library/app/latest"},
        {"localhost:5000/a/b/c:v1", "localhost:5000/a/b/c/v1"},
        {"example.com/app@sha256:" HEX, "example.com/app/sha256/" HEX},
        {"example.com/app:1@sha256:" HEX, "example.com/app/sha256/" HEX},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct str got;
        MUST(layout_tree_path(a, str_of(rows[i].name), &got, &e));
        EQ_STR(got, rows[i].path);
    }
}

TEST(tree_paths_of_what_is_no_name)
{
    static const char *const names[] = {"",     "/",  "../x", "a/../b",      "example.com/../x",
                                        "a:..", "a:", "A",    "a@sha256:00", "example.com/",
                                        "a\nb", "a b"};
    for (size_t i = 0; i < COUNT(names); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct str got;
        REFUSED(layout_tree_path(a, str_of(names[i]), &got, &e), ERR_PARSE, "");
    }
}

TEST(tree_images_only_from_within)
{
    static const struct {
        const char *reference;
        enum err_code code;
        const char *words;
    } rows[] = {
        {"/etc/x@sha256:" HEX, ERR_DENIED, "/etc/x|not in the tree of layouts /repo"},
        {"/repo/../etc@sha256:" HEX, ERR_DENIED, "/etc|not in the tree"},
        {"/repository/x@sha256:" HEX, ERR_DENIED, "not in the tree"},
        {"/repo@sha256:" HEX, ERR_DENIED, "not in the tree"},
        {"/repo/x", ERR_PARSE, "no digest"},
        {"/repo/x@sha256:../..", ERR_PARSE, "sha256"},
        {"/repo/none@sha256:" HEX, ERR_NOT_FOUND, "/repo/none"},
        {"none", ERR_NOT_FOUND, "/repo/index.docker.io/library/none/latest"},
        {"-", ERR_PARSE, ""},
    };
    const struct layout_tree tree = {.dir = STR("/repo")};
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct layout_found f = {0};
        REFUSED(layout_tree_image(&tree, a, str_of(rows[i].reference), &f, &e), rows[i].code, rows[i].words);
        CHECK(!f.layout);
    }
}

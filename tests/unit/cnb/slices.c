// SPDX-License-Identifier: Apache-2.0
#include "cnb/slices.h"
#include "test.h"

// Directories end with '/'. Slices are separated by ';', patterns by ' '.
// What comes out: "slice: paths; …; rest: paths".
static struct str split(struct arena *a, const char *tree, const char *patterns)
{
    struct cnb_slice v[8] = {0};
    size_t n = 0;
    struct str rest = str_of(patterns), one, word;
    while (rest.n && str_cut(&rest, ';', &one)) {
        while (one.n && str_cut(&one, ' ', &word))
            strv_add(a, &v[n].paths, word);
        n++;
    }
    struct slices *s;
    struct strv paths = {0};
    MUST(slices_new(a, v, n, &s, &e));
    rest = str_of(tree);
    while (str_cut(&rest, ' ', &word)) {
        bool dir = str_has_suffix(word, "/");
        strv_add(a, &paths, str_head(word, word.n - dir));
        slices_add(s, paths.v[paths.n - 1], dir);
    }
    slices_settle(s);
    struct str out = STR("");
    for (size_t i = 0; i <= n; i++) {
        out = str_printf(a, PRI_STR "%s%s", STR_ARG(out), i ? "; " : "", slices_empty(s, i) ? "-" : "");
        for (size_t j = 0, k = 0; j < paths.n; j++)
            if (slices_has(s, i, paths.v[j]))
                out = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(out), k++ ? " " : "", STR_ARG(paths.v[j]));
    }
    return out;
}

TEST(slices_split_the_app)
{
    static const struct {
        const char *tree, *patterns, *want;
    } rows[] = {
        {"a b", "", "a b"},
        {"a b", "a", "a; b"},
        {"a b", "c", "-; a b"},
        {"d/ d/x d/y", "d", "d d/x d/y; -"},
        {"d/ d/x d/y e", "d/x", "d d/x; d d/y e"},
        {"d/ d/x d/y e", "d/*", "d d/x d/y; e"},
        {"d/ d/x d/y", "d/x;d", "d d/x; d d/y; -"},
        {"d/ d/x", "d;d/x", "d d/x; -; -"},
        {"d/ d/s/ d/s/x e", "d/*", "d d/s d/s/x; e"},
        {"d/ d/s/ d/s/x d/t/ e", "d/s", "d d/s d/s/x; d d/t e"},
        {"v/ v/a/ v/a/b/ v/a/b/t v/0", "v/**/*", "v v/a v/a/b v/a/b/t; v v/0"},
        {"a", "../a", "-; a"},
        {"a b", "*;a", "a b; -; -"},
        {"d/", "x", "-; d"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct str got = split(a, rows[i].tree, rows[i].patterns);
        CHECK_MSG(str_is(got, rows[i].want), "%s by %s: got \"" PRI_STR "\", want \"%s\"", rows[i].tree,
                  rows[i].patterns, STR_ARG(got), rows[i].want);
    }
}

TEST(O13_slices_that_are_malformed_or_too_many)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct slices *s;
    struct cnb_slice bad = {0}, many = {0};
    strv_add(a, &bad.paths, STR("ok"));
    strv_add(a, &bad.paths, STR("a[b"));
    REFUSED(slices_new(a, &bad, 1, &s, &e), ERR_USAGE, "slice 1|a[b");
    for (int i = 0; i <= SLICE_PATTERNS_MAX; i++)
        strv_add(a, &many.paths, STR("x"));
    REFUSED(slices_new(a, &many, 1, &s, &e), ERR_LIMIT, "10000");
}

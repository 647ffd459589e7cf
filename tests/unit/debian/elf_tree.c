// SPDX-License-Identifier: Apache-2.0
#include "elf_rig.h"
#include <stdio.h>

static void link_to(int root, const char *path, const char *target)
{
    CHECK(symlinkat(target, root, path) == 0);
}

TEST(resolves_as_if_the_tree_were_the_root)
{
    static const struct {
        const char *path, *want; // NULL: an error with these words
        const char *words;
    } row[] = {
        {"/", ".", NULL},
        {"usr/lib/a", "usr/lib/a", NULL},
        {"/lib/a", "usr/lib/a", NULL},
        {"lib/./../lib//a", "usr/lib/a", NULL},
        {"abs/a", "usr/lib/a", NULL},
        {"../../../lib/a", "usr/lib/a", NULL},
        {"up", "usr/lib/a", NULL},
        {"usr/lib/a/../b", NULL, "not in the tree"},
        {"dangling", NULL, "etc/nothing: not in the tree"},
        {"loop", NULL, "symbolic links"},
        {"usr/lib/a/x", NULL, "not in the tree"},
    };
    test_write(t->dir, "usr/lib/a", "1", 1);
    link_to(t->dir, "lib", "usr/lib");
    link_to(t->dir, "abs", "/lib");
    link_to(t->dir, "up", "../../../../usr/lib/a");
    link_to(t->dir, "dangling", "/etc/nothing");
    link_to(t->dir, "loop", "loop");
    MUST(path_mkdirs(t->dir, "etc", 0755, &e));
    for (size_t i = 0; i < COUNT(row); i++) {
        char out[LIMIT_PATH] = "untouched";
        if (row[i].want) {
            MUST(tree_resolve(t->dir, str_of(row[i].path), out, &e));
            EQ_TEXT(out, row[i].want);
        } else {
            enum err_code code = strcmp(row[i].path, "loop") == 0 ? ERR_DENIED : ERR_NOT_FOUND;
            REFUSED(tree_resolve(t->dir, str_of(row[i].path), out, &e), code, row[i].words);
            EQ_TEXT(out, "untouched");
        }
    }
}

static struct str joined(struct arena *a, const struct strv *v)
{
    struct str all = STR("");
    for (size_t i = 0; i < v->n; i++)
        all = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(all), i ? " " : "", STR_ARG(v->v[i]));
    return all;
}

TEST(search_path)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct strv v = {0};
    static const char *const dir[] = {"usr/lib/x", "opt/b", "opt/a", "usr/local/lib", "opt/c"};
    for (size_t i = 0; i < COUNT(dir); i++)
        MUST(path_mkdirs(t->dir, dir[i], 0755, &e));
    link_to(t->dir, "lib", "usr/lib");
#define CONF                                                                                                 \
    "# first\ninclude /etc/ld.so.conf.d/*.conf\n/opt/c/ /nowhere # it\n  include d/*\nhwcap 0 nosegneg\n"
    test_write(t->dir, "etc/ld.so.conf", CONF, strlen(CONF));
    test_write(t->dir, "etc/ld.so.conf.d/b.conf", "/lib/x\n/usr/lib/x\n", 18);
    test_write(t->dir, "etc/ld.so.conf.d/a.conf", "/usr/local/lib", 14);
    test_write(t->dir, "etc/ld.so.conf.d/c.other", "/opt/b\n", 7);
    test_write(t->dir, "etc/d/1", "/opt/a:/opt/b", 13);
    MUST(elf_search_path(t->dir, a, &v, &e));
    EQ_STR(joined(a, &v), "/usr/local/lib /lib/x /opt/c /opt/a /opt/b /lib");
    test_write(t->dir, "etc/ld.so.conf", "include ld.so.conf\n", 19);
    REFUSED(elf_search_path(t->dir, a, &v, &e), ERR_LIMIT, "ld.so.conf|includes");
}

TEST(search_path_without_a_configuration)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct strv v = {0};
    MUST(path_mkdirs(t->dir, "usr/lib", 0755, &e));
    MUST(elf_search_path(t->dir, a, &v, &e));
    EQ_STR(joined(a, &v), "/usr/lib");
}

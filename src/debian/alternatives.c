// SPDX-License-Identifier: Apache-2.0
#include "debian/alternatives.h"
#include "base/dir.h"
#include "base/limits.h"
#include "debian/unpack.h"
#include <stdio.h>

enum { CANDIDATES = 5, LIB_NAMES = 10000 };

// In the order of the priorities that the packages give. '@' is each multiarch directory of /usr/lib.
static const struct {
    const char *link;
    const char *name; // in /etc/alternatives; NULL: the last component of the link
    const char *candidate[CANDIDATES];
} table[] = {
    {"usr/bin/awk", NULL, {"usr/bin/gawk", "usr/bin/mawk", "usr/bin/original-awk"}},
    {"usr/bin/nawk", NULL, {"usr/bin/gawk", "usr/bin/mawk", "usr/bin/original-awk"}},
    {"usr/bin/which", NULL, {"usr/bin/which.gnu", "usr/bin/which.debianutils"}},
    {"usr/bin/pager", NULL, {"usr/bin/less", "usr/bin/more"}},
    {"usr/bin/editor", NULL, {"usr/bin/vim.basic", "usr/bin/nano", "usr/bin/vim.tiny", "usr/bin/ed"}},
    {"usr/bin/vi", NULL, {"usr/bin/vim.basic", "usr/bin/vim.tiny"}},
    {"usr/bin/vim", NULL, {"usr/bin/vim.basic"}},
    {"usr/bin/cc", NULL, {"usr/bin/gcc", "usr/bin/clang"}},
    {"usr/bin/c++", NULL, {"usr/bin/g++", "usr/bin/clang++"}},
    {"usr/bin/c89", NULL, {"usr/bin/c89-gcc"}},
    {"usr/bin/c99", NULL, {"usr/bin/c99-gcc"}},
    {"usr/lib/cpp", NULL, {"usr/bin/cpp"}},
    {"usr/bin/yacc", NULL, {"usr/bin/bison.yacc", "usr/bin/byacc"}},
    {"usr/bin/fakeroot", NULL, {"usr/bin/fakeroot-sysv", "usr/bin/fakeroot-tcp"}},
    {"usr/bin/nc", NULL, {"usr/bin/nc.openbsd", "usr/bin/nc.traditional"}},
    {"usr/bin/netcat", NULL, {"usr/bin/nc.openbsd", "usr/bin/nc.traditional"}},
    {"usr/bin/telnet", NULL, {"usr/bin/inetutils-telnet", "usr/bin/telnet.netkit"}},
    {"usr/bin/ftp", NULL, {"usr/bin/inetutils-ftp", "usr/bin/tnftp"}},
    {"usr/bin/traceroute", NULL, {"usr/bin/traceroute.db"}},
    {"usr/bin/rsh", NULL, {"usr/bin/ssh"}},
    {"usr/bin/rlogin", NULL, {"usr/bin/slogin", "usr/bin/ssh"}},
    {"usr/bin/rcp", NULL, {"usr/bin/scp"}},
    {"usr/bin/pinentry", NULL, {"usr/bin/pinentry-curses", "usr/bin/pinentry-tty"}},
    {"usr/bin/open", NULL, {"usr/bin/xdg-open", "usr/bin/run-mailcap"}},
    {"usr/bin/w", NULL, {"usr/bin/w.procps"}},
    {"usr/sbin/rmt", NULL, {"usr/sbin/rmt-tar"}},
    {"usr/bin/mt", NULL, {"usr/bin/mt-gnu"}},
    {"usr/bin/lzma", NULL, {"usr/bin/xz", "usr/bin/lzma.alone"}},
    {"usr/bin/unlzma", NULL, {"usr/bin/unxz"}},
    {"usr/bin/lzcat", NULL, {"usr/bin/xzcat"}},
    {"usr/bin/lzcmp", NULL, {"usr/bin/xzcmp"}},
    {"usr/bin/lzdiff", NULL, {"usr/bin/xzdiff"}},
    {"usr/bin/lzegrep", NULL, {"usr/bin/xzegrep"}},
    {"usr/bin/lzfgrep", NULL, {"usr/bin/xzfgrep"}},
    {"usr/bin/lzgrep", NULL, {"usr/bin/xzgrep"}},
    {"usr/bin/lzless", NULL, {"usr/bin/xzless"}},
    {"usr/bin/lzmore", NULL, {"usr/bin/xzmore"}},
    {"usr/bin/compare", NULL, {"usr/bin/compare-im6.q16"}},
    {"usr/bin/animate", NULL, {"usr/bin/animate-im6.q16"}},
    {"usr/bin/convert", NULL, {"usr/bin/convert-im6.q16"}},
    {"usr/bin/composite", NULL, {"usr/bin/composite-im6.q16"}},
    {"usr/bin/conjure", NULL, {"usr/bin/conjure-im6.q16"}},
    {"usr/bin/import", NULL, {"usr/bin/import-im6.q16"}},
    {"usr/bin/identify", NULL, {"usr/bin/identify-im6.q16"}},
    {"usr/bin/stream", NULL, {"usr/bin/stream-im6.q16"}},
    {"usr/bin/display", NULL, {"usr/bin/display-im6.q16"}},
    {"usr/bin/montage", NULL, {"usr/bin/montage-im6.q16"}},
    {"usr/bin/mogrify", NULL, {"usr/bin/mogrify-im6.q16"}},
    {"usr/bin/php", NULL, {"usr/bin/php8.4", "usr/bin/php8.2"}},
    {"usr/bin/phar", NULL, {"usr/bin/phar8.4", "usr/bin/phar8.2"}},
    {"usr/bin/lua", "lua-interpreter", {"usr/bin/lua5.4", "usr/bin/lua5.3", "usr/bin/lua5.1"}},
    {"usr/bin/js", NULL, {"usr/bin/node"}},
    {"etc/mysql/my.cnf", NULL, {"etc/mysql/mariadb.cnf", "etc/mysql/mysql.cnf", "etc/mysql/my.cnf.fallback"}},
    {"usr/lib/@/libblas.so.3",
     "libblas.so.3-@",
     {"usr/lib/@/openblas-pthread/libblas.so.3", "usr/lib/@/atlas/libblas.so.3",
      "usr/lib/@/blas/libblas.so.3"}},
    {"usr/lib/@/liblapack.so.3",
     "liblapack.so.3-@",
     {"usr/lib/@/openblas-pthread/liblapack.so.3", "usr/lib/@/atlas/liblapack.so.3",
      "usr/lib/@/lapack/liblapack.so.3"}},
    {"usr/lib/@/libblas.so",
     "libblas.so-@",
     {"usr/lib/@/openblas-pthread/libblas.so", "usr/lib/@/blas/libblas.so"}},
    {"usr/lib/@/liblapack.so",
     "liblapack.so-@",
     {"usr/lib/@/openblas-pthread/liblapack.so", "usr/lib/@/lapack/liblapack.so"}},
};

struct linking {
    const struct deb_tree *tree;
    struct arena *a;
    struct strv triplets; // multiarch directories
};

static struct str with_triplet(struct arena *a, const char *text, struct str triplet)
{
    struct str s = str_of(text);
    size_t at;
    if (!str_find(s, '@', &at))
        return s;
    return str_printf(a, PRI_STR PRI_STR PRI_STR, STR_ARG(str_head(s, at)), STR_ARG(triplet),
                      STR_ARG(str_from(s, at + 1)));
}

static int link_row(struct linking *l, size_t row, struct str triplet, struct err *e)
{
    struct str link = with_triplet(l->a, table[row].link, triplet);
    struct str name = table[row].name ? with_triplet(l->a, table[row].name, triplet) : path_base(link);
    for (size_t i = 0; i < CANDIDATES && table[row].candidate[i]; i++) {
        struct str to = with_triplet(l->a, table[row].candidate[i], triplet);
        if (!finish_reaches(l->tree, to))
            continue;
        if (finish_has(l->tree, str_c(l->a, link)))
            return 0;
        struct str middle = str_printf(l->a, "/etc/alternatives/" PRI_STR, STR_ARG(name));
        if (finish_link(l->tree, str_c(l->a, link), middle, e) < 0)
            return -1;
        return finish_link(l->tree, middle.p + 1, str_printf(l->a, "/" PRI_STR, STR_ARG(to)), e);
    }
    return 0;
}

static int find_triplets(struct linking *l, struct err *e)
{
    struct strv names = {0};
    if (!finish_has(l->tree, "usr/lib"))
        return 0;
    if (dir_names(l->a, l->tree->root, "usr/lib", LIB_NAMES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++)
        if (memmem(names.v[i].p, names.v[i].n, "-linux-", 7))
            strv_add(l->a, &l->triplets, names.v[i]);
    return 0;
}

static int link_own(struct linking *l, const struct base_alternative *own, struct err *e)
{
    const struct str both[2] = {own->link, own->target};
    for (size_t i = 0; i < COUNT(both); i++)
        if (!str_has_prefix(both[i], "/") || !path_is_safe(str_from(both[i], 1)))
            return err_set(e, ERR_USAGE, "alternative \"" PRI_STR "\": not an absolute clean path",
                           STR_ARG(both[i]));
    struct str link = deb_merged(l->a, str_from(own->link, 1));
    if (!finish_reaches(l->tree, own->target))
        return err_set(e, ERR_NOT_FOUND, "alternative " PRI_STR ": no " PRI_STR " in the image",
                       STR_ARG(own->link), STR_ARG(own->target));
    if (finish_has(l->tree, str_c(l->a, link)))
        return err_set(e, ERR_USAGE, "alternative " PRI_STR ": a package has it already", STR_ARG(own->link));
    return finish_link(l->tree, str_c(l->a, link), own->target, e);
}

int alternatives_link(const struct deb_tree *t, const struct base_alternative *own, size_t n, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(16384);
    struct linking l = {.tree = t, .a = a};
    for (size_t i = 0; i < n; i++)
        if (link_own(&l, &own[i], e) < 0)
            return -1;
    if (find_triplets(&l, e) < 0)
        return -1;
    for (size_t row = 0; row < COUNT(table); row++) {
        bool each = strchr(table[row].link, '@') != NULL;
        for (size_t i = 0; i < (each ? l.triplets.n : 1); i++)
            if (link_row(&l, row, each ? l.triplets.v[i] : STR(""), e) < 0)
                return -1;
    }
    return 0;
}

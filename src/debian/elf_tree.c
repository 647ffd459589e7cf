// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/limits.h"
#include "debian/elf.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum {
    CONF_MAX = 1 << 20, // of one ld.so.conf
    CONF_DEPTH = 8,     // includes in each other
    CONF_FILES = 4096,  // names of one directory that is included
};

// A walk through the tree: `out` holds no link, `rest` is what is to come.
struct resolving {
    int root;
    char *out;
    size_t n;
    char rest[2 * LIMIT_PATH];
    unsigned links;
};

static int too_long(struct err *e)
{
    return err_set(e, ERR_LIMIT, "a path of more than %d bytes", LIMIT_PATH - 1);
}

static void step_up(struct resolving *r)
{
    while (r->n && r->out[r->n - 1] != '/')
        r->n--;
    r->n -= r->n > 0;
    r->out[r->n] = 0;
}

static int follow(struct resolving *r, size_t before, const char *after, struct err *e)
{
    char target[LIMIT_PATH], joined[sizeof r->rest];
    if (++r->links > LIMIT_SYMLINKS)
        return err_set(e, ERR_DENIED, "%s: more than %d symbolic links", r->out, LIMIT_SYMLINKS);
    if (path_readlink(r->root, r->out, target, e) < 0)
        return -1;
    int n = snprintf(joined, sizeof joined, "%s/%s", target, after);
    if (n < 0 || (size_t)n >= sizeof joined)
        return too_long(e);
    r->n = target[0] == '/' ? 0 : before;
    r->out[r->n] = 0;
    memcpy(r->rest, joined, (size_t)n + 1);
    return 0;
}

static int step_down(struct resolving *r, const char *name, size_t n, const char *after, struct err *e)
{
    struct stat st;
    size_t before = r->n;
    if (r->n + 1 + n >= LIMIT_PATH)
        return too_long(e);
    if (r->n)
        r->out[r->n++] = '/';
    memcpy(r->out + r->n, name, n);
    r->n += n;
    r->out[r->n] = 0;
    if (fstatat(r->root, r->out, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || errno == ENOTDIR ? err_set(e, ERR_NOT_FOUND, "%s: not in the tree", r->out)
                                                   : err_sys(e, "%s", r->out);
    if (S_ISLNK(st.st_mode))
        return follow(r, before, after, e);
    memmove(r->rest, after, strlen(after) + 1);
    return 0;
}

static int resolve(struct resolving *r, struct err *e)
{
    for (;;) {
        const char *p = r->rest + strspn(r->rest, "/");
        size_t n = strcspn(p, "/");
        if (!n)
            return 0;
        if (n == 1 && p[0] == '.') {
            memmove(r->rest, p + n, strlen(p + n) + 1);
        } else if (n == 2 && p[0] == '.' && p[1] == '.') {
            step_up(r);
            memmove(r->rest, p + n, strlen(p + n) + 1);
        } else if (step_down(r, p, n, p + n, e) < 0) {
            return -1;
        }
    }
}

int tree_resolve(int root, struct str path, char *out, struct err *e)
{
    char found[LIMIT_PATH] = "";
    struct resolving r = {.root = root, .out = found};
    if (path.n >= LIMIT_PATH)
        return too_long(e);
    memcpy(r.rest, path.p, path.n);
    if (resolve(&r, e) < 0)
        return -1;
    memcpy(out, r.n ? found : ".", r.n ? r.n + 1 : 2);
    return 0;
}

int tree_open(int root, struct str path, char *real, int *fd, struct err *e)
{
    char found[LIMIT_PATH];
    if (tree_resolve(root, path, found, e) < 0 ||
        path_open_plain(root, found, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, fd, e) < 0)
        return -1;
    memcpy(real, found, strlen(found) + 1);
    return 0;
}

struct searching {
    int root;
    struct arena *a;
    struct strv real; // of *out
    struct strv *out;
};

static int add_dir(struct searching *s, struct str dir, struct err *e)
{
    char real[LIMIT_PATH];
    struct err why = {0};
    (void)e;
    if (tree_resolve(s->root, dir, real, &why) < 0 || dir_kind(s->root, real) != DIR_DIR ||
        strv_has(&s->real, str_of(real)))
        return 0; // ldconfig passes over what is not there, too
    strv_add(s->a, &s->real, str_dup(s->a, str_of(real)));
    while (dir.n > 1 && dir.p[dir.n - 1] == '/')
        dir.n--;
    strv_add(s->a, s->out, str_dup(s->a, dir));
    return 0;
}

static int read_conf(struct searching *s, struct str path, unsigned depth, struct err *e);

static int include(struct searching *s, struct str pattern, unsigned depth, struct err *e)
{
    char real[LIMIT_PATH];
    struct strv names = {0};
    struct err why = {0};
    if (!str_has_prefix(pattern, "/"))
        pattern = str_printf(s->a, "/etc/" PRI_STR, STR_ARG(pattern));
    struct str dir = path_dir(pattern);
    if (tree_resolve(s->root, dir, real, &why) < 0 || dir_kind(s->root, real) != DIR_DIR)
        return 0;
    if (dir_names(s->a, s->root, real, CONF_FILES, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        enum glob hit = glob_match(path_base(pattern), names.v[i], e);
        if (hit == GLOB_ERROR)
            return -1;
        if (hit == GLOB_YES && read_conf(s, path_join(s->a, dir, names.v[i]), depth + 1, e) < 0)
            return -1;
    }
    return 0;
}

static int conf_line(struct searching *s, struct str line, unsigned depth, struct err *e)
{
    size_t comment;
    if (str_find(line, '#', &comment))
        line = str_head(line, comment);
    line = str_trim(line);
    if (str_has_prefix(line, "include ") || str_has_prefix(line, "include\t"))
        return include(s, str_trim(str_from(line, strlen("include "))), depth, e);
    if (str_has_prefix(line, "hwcap "))
        return 0;
    for (size_t i = 0; i < line.n;) {
        size_t n = 0;
        while (i + n < line.n && !strchr(" \t:,", line.p[i + n]))
            n++;
        struct str dir = {line.p + i, n};
        if (str_has_prefix(dir, "/") && add_dir(s, dir, e) < 0)
            return -1;
        i += n + 1;
    }
    return 0;
}

static int read_conf(struct searching *s, struct str path, unsigned depth, struct err *e)
{
    char real[LIMIT_PATH];
    struct err why = {0};
    drop_buf struct buf text = BUF_INIT(CONF_MAX);
    struct str rest, line;
    if (depth > CONF_DEPTH)
        return err_set(e, ERR_LIMIT, PRI_STR ": more than %d includes in each other", STR_ARG(path),
                       CONF_DEPTH);
    if (tree_resolve(s->root, path, real, &why) < 0)
        return 0;
    if (file_read(s->root, real, &text, e) < 0)
        return -1;
    rest = buf_view(&text);
    if (str_has_nul(rest))
        return err_set(e, ERR_PARSE, PRI_STR ": a NUL byte", STR_ARG(path));
    while (str_next_line(&rest, &line))
        if (conf_line(s, line, depth, e) < 0)
            return -1;
    return 0;
}

int elf_search_path(int root, struct arena *a, struct strv *out, struct err *e)
{
    struct strv found = {0};
    struct searching s = {.root = root, .a = a, .out = &found};
    if (read_conf(&s, STR("/etc/ld.so.conf"), 0, e) < 0 || add_dir(&s, STR("/lib"), e) < 0 ||
        add_dir(&s, STR("/usr/lib"), e) < 0)
        return -1;
    *out = found;
    return 0;
}

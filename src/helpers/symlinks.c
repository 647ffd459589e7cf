// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "document/schema.h"
#include "document/toml.h"
#include "helpers/helpers.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

struct link_row {
    struct str path, target;
};
struct dir_row {
    struct str path;
};
struct symlinks {
    struct {
        struct link_row *v;
        size_t n;
    } links;
    struct {
        struct dir_row *v;
        size_t n;
    } dirs;
};
static const struct field link_fields[] = {
    KEY(struct link_row, path, "path", .flags = REQUIRED,
        .help = "absolute path of the link; its missing folders are made"),
    KEY(struct link_row, target, "target", .flags = REQUIRED, .help = "where it leads"),
};
static SCHEMA(link_schema, struct link_row, link_fields, .name = "symlinks");
static const struct field dir_fields[] = {
    KEY(struct dir_row, path, "path", .flags = REQUIRED,
        .help = "absolute path of the folder; its group may write"),
};
static SCHEMA(dir_schema, struct dir_row, dir_fields, .name = "directories");
static const struct field symlinks_fields[] = {
    TABLES(struct symlinks, links, "symlinks", link_schema,
           .help = "links that are made; one that leads elsewhere is replaced"),
    TABLES(struct symlinks, dirs, "directories", dir_schema, .help = "folders that are made"),
};
SCHEMA(symlinks_toml_schema, struct symlinks, symlinks_fields, .name = "symlinks.toml",
       .help = "In a layer of ours: what the exec.d program setup-symlinks makes outside of the image when "
               "an app starts");

// In /tmp and the like others may have made what we look for, to choose where it leads.
static bool is_trusted(const struct stat *dir, const struct stat *entry)
{
    return !(dir->st_mode & S_IWOTH) || entry->st_uid == geteuid() || entry->st_uid == 0;
}

// What is there of `path` is reached as the system does, since /tmp may be a link. *rest: what is missing beneath *out.
static int reach(struct arena *a, struct str path, int *out, struct str *rest, struct err *e)
{
    drop_fd int fd = -1;
    if (path_open_host("/", O_PATH | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    *rest = str_from(path, 1);
    while (rest->n) {
        struct stat dir, st;
        size_t len = strcspn(str_c(a, *rest), "/");
        struct str here = str_head(path, path.n - rest->n + len);
        if (fstat(fd, &dir) < 0)
            return err_sys(e, PRI_STR, STR_ARG(here));
        if (fstatat(fd, str_c(a, str_head(*rest, len)), &st, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT)
                break;
            return err_sys(e, PRI_STR, STR_ARG(here));
        }
        if (!is_trusted(&dir, &st))
            return err_set(e, ERR_DENIED, PRI_STR ": somebody else made it; remove it", STR_ARG(here));
        drop_fd_p(&fd);
        if (path_open_host(str_c(a, here), O_PATH | O_DIRECTORY, 0, &fd, e) < 0)
            return -1;
        *rest = str_from(*rest, len < rest->n ? len + 1 : len);
    }
    *out = steal_fd(&fd);
    return 0;
}

// The directory `path` and its missing parents: looked at again once they are made, since others may have been faster.
static int make_dir(struct arena *a, struct str path, mode_t mode, int *out, struct err *e)
{
    drop_fd int above = -1, fd = -1;
    struct str rest;
    if (reach(a, path, &above, &rest, e) < 0)
        return -1;
    if (rest.n && path_mkdirs(above, str_c(a, rest), mode, e) < 0)
        return -1;
    if (reach(a, path, &fd, &rest, e) < 0)
        return -1;
    if (rest.n)
        return err_set(e, ERR_BUSY, PRI_STR ": somebody else removes it", STR_ARG(path));
    *out = steal_fd(&fd);
    return 0;
}

// In the place of another link the new one appears at once: a process of the same container may be using it.
static int replace_link(int dir, const char *name, const char *target, struct arena *a, struct err *e)
{
    const char *temp = arena_printf(a, ".%s.%d", name, (int)getpid());
    if (symlinkat(target, dir, temp) < 0)
        return err_sys(e, "%s", name);
    if (renameat(dir, temp, dir, name) == 0)
        return 0;
    int rc = err_sys(e, "%s", name);
    (void)unlinkat(dir, temp, 0);
    return rc;
}

static int make_link(struct arena *a, const struct link_row *l, struct err *e)
{
    struct str path = path_clean(a, l->path);
    const char *name = str_c(a, path_base(path)), *target = str_c(a, l->target);
    char now[LIMIT_PATH];
    drop_fd int dir = -1;
    if (path.n < 2 || path.p[0] != '/' || !l->target.n)
        return err_set(e, ERR_USAGE, PRI_STR ": not a path for a link, want an absolute one",
                       STR_ARG(l->path));
    if (make_dir(a, path_dir(path), 0755, &dir, e) < 0)
        return -1;
    if (symlinkat(target, dir, name) == 0)
        return 0;
    if (errno != EEXIST)
        return err_sys(e, PRI_STR, STR_ARG(path));
    struct err own = {0};
    struct stat parent, st;
    if (path_readlink(dir, name, now, &own) < 0)
        return err_set(e, ERR_USAGE, PRI_STR ": is there and no link; remove it", STR_ARG(path));
    bool ours = fstat(dir, &parent) == 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                is_trusted(&parent, &st);
    return ours && strcmp(now, target) == 0 ? 0 : replace_link(dir, name, target, a, e);
}

static int read_rows(struct arena *a, struct str layer, struct symlinks *out, struct err *e)
{
    const char *file = arena_printf(a, PRI_STR "/symlinks.toml", STR_ARG(layer));
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct val *doc;
    if (file_read(AT_FDCWD, file, &text, e) < 0 || toml_read(a, buf_view(&text), file, &doc, e) < 0)
        return -1;
    return doc_read(&(struct doc){.names = NAMES_TOML, .file = file, .a = a}, &symlinks_toml_schema, doc, out,
                    e);
}

// "<layer>/exec.d/web/0-name" → "<layer>"
static int layer_of(const char *self, struct str *layer, struct err *e)
{
    static const char mark[] = "/exec.d/";
    const char *at = NULL;
    for (const char *p = self; (p = strstr(p, mark)); p++)
        at = p;
    if (!at)
        return err_set(e, ERR_USAGE, "%s: is not in the exec.d of a layer", self);
    *layer = (struct str){self, (size_t)(at - self)};
    return 0;
}

int helper_setup_symlinks(struct arena *a, const struct helper_in *in, struct strmap *out, struct err *e)
{
    struct symlinks rows = {0};
    struct str layer;
    (void)out;
    if (layer_of(in->self, &layer, e) < 0 || read_rows(a, layer, &rows, e) < 0)
        return -1;
    for (size_t i = 0; i < rows.dirs.n; i++) {
        drop_fd int made = -1;
        struct str path = path_clean(a, rows.dirs.v[i].path);
        if (path.p[0] != '/')
            return err_set(e, ERR_USAGE, PRI_STR ": not absolute", STR_ARG(path));
        if (make_dir(a, path, 0775, &made, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < rows.links.n; i++)
        if (make_link(a, &rows.links.v[i], e) < 0)
            return -1;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// What a layer gets before its steps: the dependency, then links, copies, files and helpers of its row.
#include "base/file.h"
#include "base/limits.h"
#include "kit/act_priv.h"
#include "kit/extract.h"
#include "kit/log.h"
#include <errno.h>
#include <fcntl.h>

static int open_deps(struct acting *t, struct err *e)
{
    const struct deps_direct_spec direct = {.envp = t->act->envp};
    struct stat st;
    if (t->deps)
        return 0;
    if (t->act->socket && fstatat(AT_FDCWD, t->act->socket, &st, 0) == 0 && S_ISSOCK(st.st_mode))
        return deps_ask(t->act->socket, &t->deps, e);
    return deps_direct(&direct, &t->deps, e);
}

// Two layers may be made of one dependency.
static int fetch(struct acting *t, const struct dep *d, struct err *e)
{
    if (t->have_fd >= 0 && digest_eq(&t->have, &d->sum))
        return lseek(t->have_fd, 0, SEEK_SET) < 0 ? err_sys(e, PRI_STR, STR_ARG(d->id)) : 0;
    drop_fd_p(&t->have_fd);
    if (open_deps(t, e) < 0)
        return err_wrap(e, PRI_STR " " PRI_STR, STR_ARG(d->id), STR_ARG(d->version));
    if (deps_fetch(t->deps, d, &t->have_fd, e) < 0) // which one it was is said there
        return -1;
    t->have = d->sum;
    return 0;
}

static int unpack_dependency(struct acting *t, const struct bp_layer *l, int fd, struct err *e)
{
    const struct dep *d = l->dep;
    struct extract x = {.name = str_c(t->a, d->id),
                        .dirfd = fd,
                        .strip = (uint64_t)d->strip_components,
                        .only = &l->only,
                        .drop = &l->drop,
                        .into = l->into,
                        .sum = &d->sum};
    struct extracted did;
    bool part = !str_eq(l->name, d->id); // two layers of one dependency are told apart
    kit_log(t->ev, 2, "Installing " PRI_STR " " PRI_STR "%s" PRI_STR, STR_ARG(d->name.n ? d->name : d->id),
            STR_ARG(d->version), part ? " as " : "", STR_ARG(part ? l->name : STR("")));
    if (fetch(t, d, e) < 0 || extract(&x, t->have_fd, &did, e) < 0)
        return -1;
    kit_debug(t->ev, 3, "%ju entries, %ju bytes", (uintmax_t)did.entries, (uintmax_t)did.bytes);
    return 0;
}

// The directory that `path` lies in, made if it is not there; what stands at the path goes.
static int make_room(struct acting *t, int fd, struct str path, int *dir, const char **base, struct err *e)
{
    struct str above = path_dir(path);
    if (!str_is(above, ".") && path_mkdirs(fd, str_c(t->a, above), 0755, e) < 0)
        return -1;
    if (path_parent(fd, str_c(t->a, path), dir, base, e) < 0)
        return -1;
    return tree_remove(*dir, *base, e);
}

static int make_link(struct acting *t, int fd, struct str path, struct str target, struct err *e)
{
    drop_fd int dir = -1;
    const char *base;
    if (make_room(t, fd, path, &dir, &base, e) < 0)
        return -1;
    return symlinkat(str_c(t->a, target), dir, base) < 0 ? err_sys(e, PRI_STR, STR_ARG(path)) : 0;
}

// `from` is taken.
static int copy_file(struct acting *t, int from, int fd, struct str path, struct err *e)
{
    drop_fd int in = from, dir = -1, out = -1;
    const char *base;
    struct stat st;
    if (fstat(in, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(e, ERR_PARSE, PRI_STR ": its source is no file", STR_ARG(path));
    mode_t mode = st.st_mode & 0111 ? 0755 : 0644;
    if (make_room(t, fd, path, &dir, &base, e) < 0 ||
        path_open_plain(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, &out, e) < 0)
        return -1;
    if (file_copy(in, out, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(path));
    return fchmod(out, mode) < 0 ? err_sys(e, PRI_STR, STR_ARG(path)) : 0;
}

static int copy_files(struct acting *t, const struct bp_layer *l, int fd, struct err *e)
{
    for (size_t i = 0; i < l->copy.n; i++) {
        int from;
        const char *source = str_c(t->a, l->copy.v[i].val);
        if (path_open(t->act->world->buildpack_fd, source, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &from, e) < 0)
            return err_wrap(e, "copy");
        if (copy_file(t, from, fd, l->copy.v[i].key, e) < 0)
            return -1;
    }
    return 0;
}

static int write_files(struct acting *t, const struct bp_layer *l, int fd, struct err *e)
{
    for (size_t i = 0; i < l->write.n; i++) {
        drop_fd int dir = -1;
        const char *base;
        if (make_room(t, fd, l->write.v[i].key, &dir, &base, e) < 0 ||
            file_place(dir, base, 0644, l->write.v[i].val, e) < 0)
            return -1;
    }
    return 0;
}

// One program, and a link to it for each name: `exec.d` holds nothing else, as all in it is started.
static int place_helpers(struct acting *t, const struct bp_layer *l, int fd, struct err *e)
{
    int from;
    if (!l->helpers.n)
        return 0;
    if (path_open_host(t->act->world->helpers, O_RDONLY, 0, &from, e) < 0 ||
        copy_file(t, from, fd, STR("helpers"), e) < 0)
        return -1;
    for (size_t i = 0; i < l->helpers.n; i++)
        if (make_link(t, fd, str_printf(t->a, "exec.d/%zu-" PRI_STR, i, STR_ARG(l->helpers.v[i])),
                      STR("../helpers"), e) < 0)
            return -1;
    return 0;
}

int fill_layer(struct acting *t, const struct bp_layer *l, int fd, struct err *e)
{
    if (l->dep) {
        kit_log(t->ev, 1, "Executing build process");
        if (unpack_dependency(t, l, fd, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < l->links.n; i++)
        if (make_link(t, fd, l->links.v[i].key, l->links.v[i].val, e) < 0)
            return -1;
    if (copy_files(t, l, fd, e) < 0 || write_files(t, l, fd, e) < 0)
        return -1;
    return place_helpers(t, l, fd, e);
}

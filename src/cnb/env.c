// SPDX-License-Identifier: Apache-2.0
#include "cnb/env.h"
#include "base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { VALUE_MAX = 128 * 1024 - 1, FILES_MAX = 10000 }; // Linux: MAX_ARG_STRLEN

enum action { SET, SET_DEFAULT, APPEND, PREPEND, IGNORE };

bool env_name_ok(struct str name)
{
    size_t at;
    return name.n && !str_find(name, '=', &at) && !str_has_nul(name);
}

static struct str value_of(const struct strmap *env, struct str name)
{
    const struct str *now = strmap_get(env, name);
    return now ? *now : STR("");
}

void env_prepend(struct arena *a, struct strmap *env, struct str name, struct str value)
{
    struct str now = value_of(env, name);
    if (now.n)
        value = STR_CAT(a, value, STR(":"), now);
    strmap_set(a, env, str_dup(a, name), value);
}

static enum action action_of(struct str suffix, bool has_suffix, enum env_plain plain)
{
    static const enum action plains[] = {
        [ENV_PLAIN_OVERRIDE] = SET, [ENV_PLAIN_DEFAULT] = SET_DEFAULT, [ENV_PLAIN_PREPEND] = PREPEND};
    if (!has_suffix)
        return plains[plain];
    return str_is(suffix, "override")  ? SET
           : str_is(suffix, "default") ? SET_DEFAULT
           : str_is(suffix, "append")  ? APPEND
           : str_is(suffix, "prepend") ? PREPEND
                                       : IGNORE;
}

static void apply(struct arena *a, struct strmap *env, enum action what, struct str name, struct str value,
                  struct str delim)
{
    struct str now = value_of(env, name);
    switch (what) {
    case SET:
        strmap_set(a, env, name, value);
        return;
    case SET_DEFAULT:
        if (!now.n)
            strmap_set(a, env, name, value);
        return;
    case APPEND:
        if (now.n)
            value = STR_CAT(a, now, delim, value);
        strmap_set(a, env, name, value);
        return;
    case PREPEND:
        if (now.n)
            value = STR_CAT(a, value, delim, now);
        strmap_set(a, env, name, value);
        return;
    case IGNORE:
        return;
    }
}

// What is asked for less than it wants ends there: no question after the size, none after the end.
static int read_value(struct arena *a, int dirfd, const char *name, struct str *out, struct err *e)
{
    enum { PIECE = 4096 };
    drop_buf struct buf b = BUF_INIT(VALUE_MAX); // of values that are longer than one piece
    drop_fd int fd = -1;
    char piece[PIECE];
    ssize_t n;
    // O_NONBLOCK: a FIFO that took the file's place must not hang us.
    if (path_open(dirfd, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &fd, e) < 0)
        return -1;
    do {
        n = read(fd, piece, sizeof piece);
        if (n < 0 && errno != EINTR)
            return err_sys(e, "%s", name);
        if (n == PIECE || (n > 0 && b.n))
            buf_add(&b, piece, (size_t)n);
    } while (n < 0 || n == PIECE);
    if (buf_finish(&b, name, e) < 0)
        return -1;
    struct str value = b.n ? buf_view(&b) : (struct str){piece, (size_t)n};
    if (str_has_nul(value))
        return err_set(e, ERR_PARSE, "%s: a value with a NUL byte cannot be a variable", name);
    *out = str_dup(a, value);
    return 0;
}

struct place {
    int dirfd;
    const char *path;
};

// A directory whose files are read: open, and what is in it.
struct files {
    int dirfd;
    struct dir_entries in;
};

// The delimiter of the same directory; absent means none at all, not ':'.
static int read_delim(struct arena *a, const struct files *d, struct str name, struct str *out, struct err *e)
{
    const char *file = STR_CAT(a, name, STR(".delim")).p;
    *out = STR("");
    return dir_entry_kind(&d->in, file) == DIR_FILE ? read_value(a, d->dirfd, file, out, e) : 0;
}

static int apply_file(struct arena *a, struct strmap *env, const struct files *d,
                      const struct dir_entry *entry, enum env_plain plain, struct err *e)
{
    struct str file = entry->name;
    size_t dot = file.n;
    bool has_suffix = str_find(file, '.', &dot);
    struct str name = str_head(file, dot), value, delim = STR(":");
    enum action what = action_of(has_suffix ? str_from(file, dot + 1) : STR(""), has_suffix, plain);
    if (what == IGNORE || !name.n)
        return 0;
    switch (entry->kind) {
    case DIR_DIR:
        return 0;
    case DIR_FILE:
        break;
    case DIR_ABSENT:
    case DIR_OTHER:
        return err_set(e, ERR_PARSE, PRI_STR ": neither a file nor a link to one", STR_ARG(file));
    }
    if (!env_name_ok(name))
        return err_set(e, ERR_PARSE, PRI_STR ": a variable's name cannot hold '='", STR_ARG(file));
    if (read_value(a, d->dirfd, file.p, &value, e) < 0)
        return -1;
    if ((has_suffix && (what == APPEND || what == PREPEND)) && read_delim(a, d, name, &delim, e) < 0)
        return -1;
    apply(a, env, what, str_dup(a, name), value, delim);
    return 0;
}

// The files of a directory that is there; *in is all that is in it.
static int apply_files(struct arena *a, struct strmap *env, const struct place *at, enum env_plain plain,
                       struct dir_entries *in, struct err *e)
{
    drop_fd int dir = -1;
    struct files d = {0};
    if (path_open(at->dirfd, at->path, O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0 ||
        dir_list_fd(a, dir, at->path, FILES_MAX, &d.in, e) < 0)
        return -1;
    d.dirfd = dir;
    for (size_t i = 0; i < d.in.n; i++)
        if (apply_file(a, env, &d, &d.in.v[i], plain, e) < 0)
            return -1;
    *in = d.in;
    return 0;
}

int env_files(struct arena *a, struct strmap *env, int dirfd, const char *path, enum env_plain plain,
              struct err *e)
{
    struct dir_entries in;
    if (dir_kind(dirfd, path) != DIR_DIR ||
        apply_files(a, env, &(struct place){dirfd, path}, plain, &in, e) == 0)
        return 0;
    return e ? err_wrap(e, "%s", path) : -1;
}

struct root {
    const char *dir, *build[2], *launch;
};

static const struct root roots[] = {
    {"bin", {"PATH"}, "PATH"},
    {"lib", {"LD_LIBRARY_PATH", "LIBRARY_PATH"}, "LD_LIBRARY_PATH"},
    {"include", {"CPATH"}, NULL},
    {"pkgconfig", {"PKG_CONFIG_PATH"}, NULL},
};

static bool is_path_variable(struct str name)
{
    for (size_t i = 0; i < COUNT(roots); i++)
        for (size_t j = 0; j < COUNT(roots[i].build); j++)
            if (roots[i].build[j] && str_is(name, roots[i].build[j]))
                return true;
    return false;
}

int env_platform(struct arena *a, struct strmap *env, int dirfd, const char *path, struct err *e)
{
    if (dir_kind(dirfd, path) != DIR_DIR)
        return 0;
    drop_fd int dir = -1;
    struct dir_entries in;
    if (path_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0 ||
        dir_list_fd(a, dir, path, FILES_MAX, &in, e) < 0)
        return -1;
    for (size_t i = 0; i < in.n; i++) {
        struct str name = in.v[i].name, value;
        if (in.v[i].kind != DIR_FILE)
            continue;
        if (!env_name_ok(name))
            return err_set(e, ERR_PARSE, "%s/" PRI_STR ": a variable's name cannot hold '='", path,
                           STR_ARG(name));
        if (read_value(a, dir, name.p, &value, e) < 0)
            return e ? err_wrap(e, "%s", path) : -1;
        if (is_path_variable(name))
            env_prepend(a, env, name, value);
        else
            strmap_set(a, env, name, value);
    }
    return 0;
}

int env_has(struct arena *a, const struct env_dir *l, const char *name, const char **path, struct err *e)
{
    const char *at = STR_CAT(a, str_of(l->path), STR("/"), str_of(name)).p;
    struct stat st;
    *path = NULL;
    // Most are not there, and few are links: one question is enough.
    if (fstatat(l->dirfd, at, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_sys(e, "%s", name);
    if (S_ISDIR(st.st_mode) || (S_ISLNK(st.st_mode) && dir_kind(l->dirfd, at) == DIR_DIR))
        *path = at;
    return 0;
}

static int root(struct arena *a, struct strmap *env, enum env_scope scope, const struct root *r,
                const struct env_dir *l, struct err *e)
{
    const char *there;
    if (scope == ENV_LAUNCH && !r->launch)
        return 0;
    if (env_has(a, l, r->dir, &there, e) < 0)
        return -1;
    if (!there)
        return 0;
    struct str full = STR_CAT(a, l->seen, STR("/"), str_of(r->dir));
    if (scope == ENV_LAUNCH) {
        env_prepend(a, env, str_of(r->launch), full);
        return 0;
    }
    for (size_t j = 0; j < COUNT(r->build); j++)
        if (r->build[j])
            env_prepend(a, env, str_of(r->build[j]), full);
    return 0;
}

int env_roots(struct arena *a, struct strmap *env, enum env_scope scope, const struct env_dir *l,
              struct err *e)
{
    for (size_t i = 0; i < COUNT(roots); i++)
        if (root(a, env, scope, &roots[i], l, e) < 0)
            return -1;
    return 0;
}

static int layer_files(struct arena *a, struct strmap *env, const struct env_dir *l, const char *dir,
                       struct dir_entries *in, struct err *e)
{
    struct place at = {.dirfd = l->dirfd};
    if (env_has(a, l, dir, &at.path, e) < 0)
        return -1;
    if (!at.path || apply_files(a, env, &at, ENV_PLAIN_OVERRIDE, in, e) == 0)
        return 0;
    return e ? err_wrap(e, "%s", dir) : -1;
}

int env_layer(struct arena *a, struct strmap *env, enum env_scope scope, const struct env_dir *l,
              struct str type, struct err *e)
{
    struct dir_entries in = {0};
    size_t slash;
    if (layer_files(a, env, l, "env", &in, e) < 0)
        return -1;
    if (scope == ENV_BUILD)
        return layer_files(a, env, l, "env.build", &in, e);
    in = (struct dir_entries){0};
    if (layer_files(a, env, l, "env.launch", &in, e) < 0)
        return -1;
    // The listing says whether there is one for the type, unless that is deeper than it looks.
    if (!in.n || !path_is_safe(type) ||
        (!str_find(type, '/', &slash) && dir_entry_kind(&in, str_c(a, type)) != DIR_DIR))
        return 0;
    const char *typed = STR_CAT(a, str_of(l->path), STR("/env.launch/"), type).p;
    return env_files(a, env, l->dirfd, typed, ENV_PLAIN_OVERRIDE, e);
}

const char *const *env_vector(struct arena *a, const struct strmap *env)
{
    const char **v = ARENA_ARRAY(a, const char *, env->n + 1);
    for (size_t i = 0; i < env->n; i++)
        v[i] = STR_CAT(a, env->v[i].key, STR("="), env->v[i].val).p;
    return v;
}

void env_from_vector(struct arena *a, struct strmap *env, char *const *envp)
{
    for (; *envp; envp++) {
        struct str pair = str_of(*envp);
        size_t eq;
        if (str_find(pair, '=', &eq) && eq)
            strmap_set(a, env, str_head(pair, eq), str_from(pair, eq + 1));
    }
}

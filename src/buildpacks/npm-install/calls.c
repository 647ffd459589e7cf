// SPDX-License-Identifier: Apache-2.0
// What the rows of npm-install cannot say: where a lock file puts modules, and what npm has put into node_modules.
#include "buildpacks/calls.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "document/json.h"
#include "sbom/licence.h"
#include "sbom/purl.h"
#include <errno.h>
#include <fcntl.h>

enum {
    NAMES_MAX = 100000,
    DEPTH_MAX = 64
}; // entries of a folder; modules in modules: deeper ones are not listed

static struct str text_of(const struct val *map, const char *key)
{
    const struct val *v = val_get(map, str_of(key));
    return v && v->kind == VAL_STR ? v->s : STR("");
}

static int read_json(struct arena *a, int dirfd, const char *path, struct val **out, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(MIB(64)); // lock files of large workspaces have 20 MiB
    if (file_read(dirfd, path, &b, e) < 0)
        return -1;
    return json_read(a, str_dup(a, buf_view(&b)), path, out, e);
}

// `license` as it is written today, and as old packages have it: a table, or a list of these.
static void add_licences(struct arena *a, struct strv *out, const struct val *v)
{
    struct str s = !v ? STR("") : v->kind == VAL_STR ? v->s : text_of(v, "type"), known;
    if (v && v->kind == VAL_LIST)
        for (size_t i = 0; i < v->c.n; i++)
            add_licences(a, out, &v->c.v[i]);
    if (s.n) {
        known = licence_expression(a, s);
        strv_add(a, out, known.n ? known : s);
    }
}

// The package of a folder. One without a package.json, or with a
// malformed one, still is there: it has its folder's name.
static void add_package(struct arena *a, struct sbom *s, int dirfd, struct str name)
{
    struct sbom_component *c = sbom_add(a, s, SBOM_LIBRARY);
    struct val *manifest = NULL;
    struct err why = {0};
    size_t at;
    (void)read_json(a, dirfd, str_c(a, path_join(a, name, STR("package.json"))), &manifest, &why);
    c->name = text_of(manifest, "name").n ? text_of(manifest, "name") : name;
    c->version = text_of(manifest, "version");
    c->description = text_of(manifest, "description");
    add_licences(a, &c->licences, val_get(manifest, STR("license")));
    add_licences(a, &c->licences, val_get(manifest, STR("licenses")));
    struct purl p = {.type = STR("npm"), .name = c->name, .version = c->version};
    if (c->name.p[0] == '@' && str_find(c->name, '/', &at)) {
        p.ns = str_head(c->name, at);
        p.name = str_from(c->name, at + 1);
    }
    if (purl_format(a, &p, &c->purl, &why) < 0)
        c->purl = STR("");
}

struct walk {
    struct arena *a;
    struct sbom *sbom; // NULL: none is wanted
    struct str here;   // the path of node_modules while the app runs
};

// A link to a package of the app (of a workspace, or `file:`). A relative one would lead elsewhere from a layer.
static int keep_link(struct walk *w, int dirfd, struct str name, const char *target, struct err *e)
{
    const char *path = str_c(w->a, name);
    struct str to = path_join(w->a, path_join(w->a, w->here, path_dir(name)), str_of(target));
    to = path_clean(w->a, to);
    if (target[0] == '/' || path_is_within(to, w->here))
        return 0;
    if (unlinkat(dirfd, path, 0) < 0 || symlinkat(str_c(w->a, to), dirfd, path) < 0)
        return err_sys(e, "node_modules/%s", path);
    return 0;
}

// What is in a node_modules, or in a scope of it.
static int walk(struct walk *w, int dirfd, struct str scope, int depth, struct err *e)
{
    struct strv names = {0};
    char target[LIMIT_PATH];
    if (dir_names(w->a, dirfd, str_c(w->a, scope.n ? scope : STR(".")), NAMES_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct str name = scope.n ? path_join(w->a, scope, names.v[i]) : names.v[i];
        const char *path = str_c(w->a, name);
        const char *modules = str_c(w->a, path_join(w->a, name, STR("node_modules")));
        struct err why = {0};
        drop_fd int nested = -1;
        if (path_readlink(dirfd, path, target, &why) == 0) {
            if (depth == 0 && keep_link(w, dirfd, name, target, e) < 0)
                return -1;
        } else if (names.v[i].p[0] == '.' || dir_kind(dirfd, path) != DIR_DIR) {
            continue;
        } else if (names.v[i].p[0] == '@' && !scope.n) {
            if (walk(w, dirfd, name, depth, e) < 0)
                return -1;
        } else if (w->sbom) {
            add_package(w->a, w->sbom, dirfd, name);
            if (depth < DEPTH_MAX && dir_kind(dirfd, modules) == DIR_DIR &&
                (path_open(dirfd, modules, O_RDONLY | O_DIRECTORY, 0, &nested, e) < 0 ||
                 walk(w, nested, STR(""), depth + 1, e) < 0))
                return -1;
        }
    }
    return 0;
}

// Packages of a workspace with modules of their own: these are in the app, where no layer keeps them.
static int lock(struct call *c, struct err *e)
{
    struct str path = STR("");
    struct val *doc = NULL;
    (void)call_fact(c, "lock", &path);
    if (read_json(c->a, c->app_fd, str_c(c->a, path), &doc, e) < 0)
        return -1;
    const struct val *packages = val_get(doc, STR("packages"));
    for (size_t i = 0; packages && packages->kind == VAL_MAP && i < packages->c.n; i++) {
        struct str key = packages->c.key[i];
        const char *at = memmem(key.p, key.n, "/node_modules/", 14);
        if (at && !str_has_prefix(key, "node_modules/")) {
            call_answer(c, "nested", str_head(key, (size_t)(at - key.p)));
            return 0;
        }
    }
    return 0;
}

// After npm ran, before the folder goes into its layer.
static int modules(struct call *c, struct err *e)
{
    struct str project = STR("."), path;
    drop_fd int fd = -1;
    (void)call_fact(c, "project", &project);
    path = path_clean(c->a, path_join(c->a, project, STR("node_modules")));
    if (dir_kind(c->app_fd, str_c(c->a, path)) != DIR_DIR) // there was nothing to install
        return 0;
    struct walk w = {c->a, c->sbom, path_join(c->a, c->app, path)};
    if (path_open(c->app_fd, str_c(c->a, path), O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return -1;
    return walk(&w, fd, STR(""), 0, e);
}

const struct call_row npm_calls[] = {{"npm.lock", lock}, {"npm.modules", modules}, {NULL, NULL}};

// SPDX-License-Identifier: Apache-2.0
#include "platform/buildpacks.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "document/toml.h"
#include "lifecycle/context.h"
#include "platform/builtin.h"
#include "version/semver.h"
#include <fcntl.h>

enum { BUILTIN_MAX = 1000, NAMED_MAX = 200 };

struct finding {
    struct arena *a;
    const struct buildpacks_in *in;
    struct build_buildpacks *out;
    int builtin; // folder; -1: there is none
};

const struct build_buildpack *buildpacks_get(const struct build_buildpacks *b, struct str id,
                                             struct str version)
{
    for (size_t i = 0; i < b->n; i++)
        if (str_eq(b->v[i].desc.id, id) && str_eq(b->v[i].desc.version, version))
            return &b->v[i];
    return NULL;
}

bool buildpacks_is_builtin(struct arena *a, const struct programs *p, struct str word)
{
    const char *name;
    struct err none = {0};
    size_t at;
    if (str_find_last(word, '@', &at))
        word = str_head(word, at);
    return p->buildpacks && buildpack_dir_name(a, word, &name, &none) == 0 &&
           faccessat(AT_FDCWD, arena_printf(a, "%s/%s/.", p->buildpacks, name), F_OK, 0) == 0;
}

// The engine's links lead out of the folder: whether there is such a name is all that counts.
static bool has(int fd, const char *path)
{
    return faccessat(fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Of one with programs of its own. A link may lead to where it lies inside.
static int check_programs(int fd, struct err *e)
{
    static const char *const programs[] = {"bin/detect", "bin/build"};
    struct stat st;
    for (size_t i = 0; i < COUNT(programs); i++) {
        if (fstatat(fd, programs[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            return err_set(e, ERR_NOT_FOUND, "%s: is not there; a buildpack has it, or a recipe.toml",
                           programs[i]);
        if (S_ISREG(st.st_mode) && !(st.st_mode & 0111))
            return err_set(e, ERR_PARSE, "%s: is not executable; chmod +x makes it so", programs[i]);
    }
    return 0;
}

static int read_folder(struct finding *f, int fd, const char *dir, struct build_buildpack *out, struct err *e)
{
    struct build_buildpack bp = {.dir = dir};
    const char *name;
    if (buildpack_read(f->a, fd, "buildpack.toml", f->in->ev, &bp.desc, e) < 0 ||
        buildpack_dir_name(f->a, bp.desc.id, &name, e) < 0)
        return err_wrap(e, "buildpack %s", dir);
    size_t at;
    if (!path_is_safe(bp.desc.version) || str_find(bp.desc.version, '/', &at))
        return err_set(e, ERR_PARSE, "buildpack %s: version \"" PRI_STR "\" is not a name for a directory",
                       dir, STR_ARG(bp.desc.version));
    bp.recipe = has(fd, "recipe.toml");
    if (!bp.recipe && !bp.desc.order.n && check_programs(fd, e) < 0)
        return err_wrap(e, "buildpack %s", dir);
    bp.bare = bp.recipe && !bp.desc.order.n && !has(fd, "bin/build");
    bp.inside = arena_printf(f->a, INSIDE_CNB "/buildpacks/%s/" PRI_STR, name, STR_ARG(bp.desc.version));
    *out = bp;
    return 0;
}

static void add(struct finding *f, const struct build_buildpack *bp)
{
    struct build_buildpacks *b = f->out;
    b->v = arena_grow(f->a, b->v, b->n, &b->cap, sizeof *b->v);
    b->v[b->n++] = *bp;
}

// The newest of the versions that lie beside each other.
static struct str newest(const struct strv *versions)
{
    struct str best = {0};
    struct semver b, v;
    for (size_t i = 0; i < versions->n; i++) {
        struct err none = {0};
        bool is = semver_parse_lenient(versions->v[i], &v, &none) == 0;
        if (!best.p || (is && semver_cmp(&v, &b) > 0)) {
            best = versions->v[i];
            b = is ? v : (struct semver){0};
        }
    }
    return best;
}

// 1: it is built in, and added now or before. `version` empty: the newest.
static int find_builtin(struct finding *f, struct str id, struct str *version, struct err *e)
{
    const char *name;
    struct err none = {0};
    struct strv versions;
    if (f->builtin < 0 || buildpack_dir_name(f->a, id, &name, &none) < 0 ||
        dir_kind(f->builtin, name) != DIR_DIR)
        return 0;
    if (!version->n) {
        if (dir_names(f->a, f->builtin, name, BUILTIN_MAX, &versions, e) < 0)
            return -1;
        *version = newest(&versions);
    }
    if (!version->n || !path_is_safe(*version))
        return 0;
    if (buildpacks_get(f->out, id, *version))
        return 1;
    const char *sub = arena_printf(f->a, "%s/" PRI_STR, name, STR_ARG(*version));
    drop_fd int fd = -1;
    struct build_buildpack bp;
    if (dir_kind(f->builtin, sub) != DIR_DIR)
        return 0;
    if (path_open(f->builtin, sub, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        read_folder(f, fd, arena_printf(f->a, "%s/%s", f->in->programs->buildpacks, sub), &bp, e) < 0)
        return -1;
    if (!str_eq(bp.desc.id, id) || !str_eq(bp.desc.version, *version))
        return err_set(e, ERR_PARSE, "buildpack %s: is " PRI_STR "@" PRI_STR ", not what its folder says",
                       bp.dir, STR_ARG(bp.desc.id), STR_ARG(bp.desc.version));
    bp.builtin = true;
    add(f, &bp);
    return 1;
}

static int add_element(struct finding *f, struct cnb_group *g, struct str id, struct str version)
{
    for (size_t i = 0; i < g->n; i++)
        if (str_eq(g->v[i].id, id))
            return -1;
    g->v = arena_grow(f->a, g->v, g->n, &g->cap, sizeof *g->v);
    g->v[g->n++] = (struct cnb_group_element){.id = id, .version = version};
    return 0;
}

static int add_named_folder(struct finding *f, const char *dir, struct cnb_group *g, struct err *e)
{
    drop_fd int fd = -1;
    struct build_buildpack bp;
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
        return err_wrap(e, "buildpack");
    if (read_folder(f, fd, dir, &bp, e) < 0)
        return -1;
    if (add_element(f, g, bp.desc.id, bp.desc.version) < 0)
        return err_set(e, ERR_USAGE, "buildpack " PRI_STR ": is named twice, the second time as %s",
                       STR_ARG(bp.desc.id), dir);
    add(f, &bp);
    return 0;
}

static int add_named_id(struct finding *f, struct str text, struct cnb_group *g, struct err *e)
{
    size_t at;
    struct str id = text, version = STR("");
    if (str_find_last(text, '@', &at)) {
        id = str_head(text, at);
        version = str_from(text, at + 1);
    }
    int found = find_builtin(f, id, &version, e);
    if (found < 0)
        return -1;
    if (!found) {
        struct str instead = builtin_instead(f->a, f->in->programs, text);
        (void)err_set(e, ERR_NOT_FOUND, PRI_STR, STR_ARG(instead));
        return err_wrap(e, "buildpack " PRI_STR ": neither a folder nor built in",
                        STR_ARG(str_printable(f->a, text, 100)));
    }
    if (add_element(f, g, id, version) < 0)
        return err_set(e, ERR_USAGE, "buildpack " PRI_STR ": is named twice", STR_ARG(id));
    return 0;
}

// What composites ask for, and composites among that. What is added here is looked at in turn.
static int add_components(struct finding *f, struct err *e)
{
    for (size_t i = 0; i < f->out->n; i++) {
        const struct cnb_buildpack whole = f->out->v[i].desc;
        for (size_t g = 0; g < whole.order.n; g++)
            for (size_t j = 0; j < whole.order.v[g].n; j++) {
                const struct cnb_group_element *el = &whole.order.v[g].v[j];
                struct str version = el->version;
                int found =
                    buildpacks_get(f->out, el->id, version) ? 1 : find_builtin(f, el->id, &version, e);
                if (found < 0)
                    return -1;
                if (!found || !str_eq(version, el->version))
                    return err_set(e, ERR_NOT_FOUND,
                                   "buildpack " PRI_STR ": its component " PRI_STR "@" PRI_STR
                                   " is neither built in nor named with --buildpack",
                                   STR_ARG(whole.id), STR_ARG(el->id), STR_ARG(el->version));
            }
    }
    return 0;
}

static bool is_component(const struct build_buildpacks *b, const struct build_buildpack *bp)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t g = 0; g < b->v[i].desc.order.n && &b->v[i] != bp; g++)
            for (size_t j = 0; j < b->v[i].desc.order.v[g].n; j++)
                if (str_eq(b->v[i].desc.order.v[g].v[j].id, bp->desc.id))
                    return true;
    return false;
}

// Folders that were only named as somebody's components.
static void drop_components(struct finding *f, struct cnb_group *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++) {
        const struct build_buildpack *bp = buildpacks_get(f->out, g->v[i].id, g->v[i].version);
        if (!bp || bp->builtin || !is_component(f->out, bp))
            g->v[n++] = g->v[i];
    }
    g->n = n;
}

static int take_named(struct finding *f, struct err *e)
{
    struct cnb_group *g = ARENA_NEW(f->a, struct cnb_group);
    if (f->in->named.n > NAMED_MAX)
        return err_set(e, ERR_LIMIT, "%zu buildpacks are named, %d are possible", f->in->named.n, NAMED_MAX);
    for (size_t i = 0; i < f->in->named.n; i++) {
        struct str name = f->in->named.v[i];
        int rc = str_has_prefix(name, "/") ? add_named_folder(f, str_c(f->a, name), g, e)
                                           : add_named_id(f, name, g, e);
        if (rc < 0)
            return -1;
    }
    if (add_components(f, e) < 0)
        return -1;
    size_t all = g->n;
    drop_components(f, g);
    if (!g->n)
        return err_set(e, ERR_USAGE, "the %zu buildpacks that are named are components of each other", all);
    f->out->order.v = g;
    f->out->order.n = 1;
    return 0;
}

static int take_builtin(struct finding *f, struct err *e)
{
    struct cnb_order order, extensions;
    struct val *doc;
    const char *file = f->in->programs->order;
    const struct doc how = {.names = NAMES_TOML, .file = file, .a = f->a, .ev = f->in->ev};
    if (!file || f->builtin < 0)
        return err_set(e, ERR_USAGE,
                       "no buildpack is named with --buildpack, and none is built in: %s has no %s",
                       f->in->programs->dir, file ? "buildpacks" : "order.toml");
    if (lc_read_toml(f->a, AT_FDCWD, file, &doc, e) < 0 || order_read(&how, doc, &order, &extensions, e) < 0)
        return -1;
    for (size_t i = 0; i < order.n; i++)
        for (size_t j = 0; j < order.v[i].n; j++) {
            struct cnb_group_element *el = &order.v[i].v[j];
            int found = find_builtin(f, el->id, &el->version, e);
            if (found < 0)
                return -1;
            if (!found)
                return err_set(e, ERR_NOT_FOUND, "%s: buildpack " PRI_STR "%s" PRI_STR " is not built in",
                               file, STR_ARG(el->id), el->version.n ? "@" : "", STR_ARG(el->version));
        }
    f->out->order = order;
    return add_components(f, e);
}

int buildpacks_find(struct arena *a, const struct buildpacks_in *in, struct build_buildpacks *out,
                    struct err *e)
{
    struct build_buildpacks got = {0};
    struct finding f = {.a = a, .in = in, .out = &got, .builtin = -1};
    drop_fd int builtin = -1;
    if (in->programs->buildpacks &&
        path_open_host(in->programs->buildpacks, O_RDONLY | O_DIRECTORY, 0, &builtin, e) < 0)
        return -1;
    f.builtin = builtin;
    if ((in->named.n ? take_named(&f, e) : take_builtin(&f, e)) < 0)
        return -1;
    *out = got;
    return 0;
}

static void put_group(struct arena *a, struct val *order, const struct cnb_group *g)
{
    struct val *one = val_add(a, order);
    val_set_map(one);
    struct val *group = val_put(a, one, STR("group"));
    val_set_list(group);
    for (size_t i = 0; i < g->n; i++) {
        struct val *el = val_add(a, group);
        val_set_map(el);
        val_set_str(val_put(a, el, STR("id")), g->v[i].id);
        val_set_str(val_put(a, el, STR("version")), g->v[i].version);
        if (g->v[i].optional)
            val_set_bool(val_put(a, el, STR("optional")), true);
        if (!g->v[i].exec_env.n)
            continue;
        struct val *envs = val_put(a, el, STR("exec-env"));
        val_set_list(envs);
        for (size_t k = 0; k < g->v[i].exec_env.n; k++)
            val_set_str(val_add(a, envs), g->v[i].exec_env.v[k]);
    }
}

int buildpacks_order(struct arena *a, const struct build_buildpacks *b, struct str *out, struct err *e)
{
    struct val *doc = ARENA_NEW(a, struct val);
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    val_set_map(doc);
    struct val *order = val_put(a, doc, STR("order"));
    val_set_list(order);
    for (size_t i = 0; i < b->order.n; i++)
        put_group(a, order, &b->order.v[i]);
    if (toml_write(doc, &text, e) < 0)
        return -1;
    *out = str_dup(a, buf_view(&text));
    return 0;
}

int buildpacks_network(struct arena *a, const struct build_buildpack *bp, bool *out, struct err *e)
{
    struct val *doc;
    if (!bp->recipe) {
        *out = false;
        return 0;
    }
    drop_fd int fd = -1;
    if (path_open_host(bp->dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        lc_read_toml(a, fd, "recipe.toml", &doc, e) < 0)
        return -1;
    const struct val *v = val_get(doc, STR("network"));
    *out = v && v->kind == VAL_BOOL && v->b;
    return 0;
}

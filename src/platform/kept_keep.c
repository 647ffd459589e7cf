// SPDX-License-Identifier: Apache-2.0
// What a build left becomes the next generation.
#include "archive/walk.h"
#include "base/dir.h"
#include "base/file.h"
#include "cnb/api.h"
#include "cnb/buildpack.h"
#include "lifecycle/build.h"
#include "platform/kept_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

struct layer_spec kept_spec(int dirfd, struct str path)
{
    return (struct layer_spec){.dirfd = dirfd, .sub = path, .at = STR("/"), .codec = ""};
}

// How the upper stands to a part.
enum touched { SAME, CHANGED, REPLACED };

static enum touched look_copy(struct kept *k, const struct map_entry *shown)
{
    struct layer_spec spec = kept_spec(k->upper, shown->key);
    struct tree_print now;
    struct err why = {0};
    const struct tree_print *then = shown->ptr;
    return then && tree_print(&spec, &now, &why) == 0 && tree_print_eq(then, &now) ? SAME : REPLACED;
}

// `dir`/`part` is there in the merged directory. Absent above, it comes from below, untouched.
static enum touched look(struct kept *k, const char *dir, struct str part)
{
    struct str path = str_printf(k->a, "%s/" PRI_STR, dir, STR_ARG(part));
    struct stat info;
    drop_fd int parent = -1;
    const char *name;
    const struct map_entry *shown = map_find(&k->shown, path);
    if (!shown)
        return REPLACED;
    if (k->o.copies)
        return look_copy(k, shown);
    struct err why = {0};
    if (path_parent(k->upper, path.p, &parent, &name, &why) < 0)
        return why.code == ERR_NOT_FOUND ? SAME : REPLACED;
    if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? SAME : REPLACED; // who cannot look does not know
    return S_ISDIR(info.st_mode) && !kept_is_opaque(k->upper, path.p) && !kept_is_opaque(k->upper, dir)
               ? CHANGED
               : REPLACED;
}

static struct str made_key(struct kept *k, struct str buildpack, struct str layer)
{
    return str_printf(k->a, PRI_STR "\n" PRI_STR, STR_ARG(buildpack), STR_ARG(layer));
}

void kept_note(struct kept *k, struct str buildpack, struct str layer, const struct layer *l)
{
    map_put(k->a, &k->made, made_key(k, buildpack, layer))->ptr = arena_copy(k->a, l, sizeof *l);
}

static bool mode_of(int at, const char *path, int64_t *out)
{
    struct stat info;
    drop_fd int fd = -1;
    if (path_open_plain(at, path, O_PATH | O_DIRECTORY, 0, &fd, NULL) < 0 || fstat(fd, &info) < 0)
        return false;
    *out = info.st_mode & 07777;
    return true;
}

enum known kept_find(struct kept *k, int layers_fd, struct str buildpack, struct str layer, struct layer *out,
                     struct err *e)
{
    const struct kept_layer *l = kept_layer_find(&k->rec, buildpack, layer);
    int64_t layers_mode, dir_mode;
    struct layer got = {0};
    const char *dir;
    if (!l || !l->diff_id.n || !str_is(l->codec, k->o.codec))
        return KNOWN_NO;
    if (buildpack_dir_name(k->a, buildpack, &dir, e) < 0)
        return KNOWN_ERROR;
    struct str path = str_printf(k->a, "%s/" PRI_STR, dir, STR_ARG(layer));
    if (!map_find(&k->shown, path) || dir_kind(layers_fd, path.p) != DIR_DIR || look(k, dir, layer) != SAME ||
        !mode_of(layers_fd, ".", &layers_mode) || !mode_of(layers_fd, dir, &dir_mode) ||
        layers_mode != l->layers_mode || dir_mode != l->dir_mode)
        return KNOWN_NO;
    if (digest_parse(l->diff_id, &got.diff_id, e) < 0 || digest_parse(l->blob, &got.blob, e) < 0)
        return KNOWN_ERROR;
    got.blob_size = (uint64_t)l->blob_size;
    if (!state_blob_has(k->o.st, &got.blob))
        return KNOWN_NO;
    *out = got;
    return KNOWN_YES;
}

// The next record, while it is made.
struct keeping {
    struct kept *k;
    int layers_fd;  // the merged directory
    struct str gen; // the upper's name to be
    struct kept_record rec;
    bool fresh;           // something is of `gen`
    struct strmap wanted; // "DIR/PART" that stay in the upper
    struct strmap deep;   // "DIR/PART" to be made of one piece; ptr: struct kept_part *
};

// One entry of <layers>/DIR as a part; absent or of no use: not added.
static void add_part(struct keeping *n, const char *dir, struct str name, const struct kept_layer *before,
                     struct kept_layer *to)
{
    struct kept *k = n->k;
    const struct kept_part *old = before ? kept_part_find(before, name) : NULL;
    struct str path = str_printf(k->a, "%s/" PRI_STR, dir, STR_ARG(name));
    enum touched how = look(k, dir, name);
    if (how != REPLACED && !old)
        return; // cannot be: it was shown
    struct kept_part *p = &to->parts.v[to->parts.n++];
    *p = (struct kept_part){.name = name};
    if (how != SAME) {
        n->fresh = true;
        strv_add(k->a, &p->from, n->gen);
        map_put(k->a, &n->wanted, path);
    }
    for (size_t i = 0; how != REPLACED && i < old->from.n; i++)
        strv_add(k->a, &p->from, old->from.v[i]);
    if (p->from.n > KEPT_DEPTH)
        map_put(k->a, &n->deep, path)->ptr = p;
}

static bool is_sbom_of(struct str file, struct str layer)
{
    return file.n > layer.n && str_eq(str_head(file, layer.n), layer) &&
           str_has_prefix(str_from(file, layer.n), ".sbom.");
}

static void set_made(struct keeping *n, struct str id, const char *dir, struct kept_layer *l)
{
    struct kept *k = n->k;
    const struct map_entry *found = map_find(&k->made, made_key(k, id, l->name));
    const struct layer *made = found ? found->ptr : NULL;
    char text[DIGEST_TEXT];
    if (!made || !mode_of(n->layers_fd, ".", &l->layers_mode) || !mode_of(n->layers_fd, dir, &l->dir_mode))
        return;
    l->diff_id = str_dup(k->a, str_of(digest_text(&made->diff_id, text)));
    l->blob = str_dup(k->a, str_of(digest_text(&made->blob, text)));
    l->blob_size = (int64_t)made->blob_size;
    l->codec = str_of(k->o.codec);
}

static void add_layer(struct keeping *n, const struct cnb_ref *bp, const char *dir,
                      const struct built_layer *b, const struct strv *names, struct kept_buildpack *to)
{
    struct kept *k = n->k;
    const struct kept_layer *before = kept_layer_find(&k->rec, bp->id, b->name);
    if (b->types.cache && !b->has_dir)
        event_warn(k->o.ev, NULL,
                   "layer " PRI_STR ":" PRI_STR ": cache = true but there is no directory; it is not kept",
                   STR_ARG(bp->id), STR_ARG(b->name));
    bool cached = b->types.cache && b->has_dir;
    if (!cached && !b->types.launch)
        return;
    struct kept_layer *l = &to->layers.v[to->layers.n++];
    *l = (struct kept_layer){.name = b->name,
                             .build = b->types.build,
                             .launch = b->types.launch,
                             .cache = cached,
                             .metadata = b->types.metadata};
    l->parts.v = ARENA_ARRAY(k->a, struct kept_part, names->n + 1);
    if (cached && l->launch)
        set_made(n, bp->id, dir, l);
    if (cached)
        add_part(n, dir, b->name, before, l);
    for (size_t i = 0; i < names->n; i++)
        if (is_sbom_of(names->v[i], b->name))
            add_part(n, dir, names->v[i], before, l);
}

static int add_buildpack(struct keeping *n, const struct cnb_ref *bp, struct err *e)
{
    struct kept *k = n->k;
    struct built_layers layers;
    struct strv names;
    uint16_t api;
    const char *dir;
    drop_fd int fd = -1;
    if (api_buildpack(bp->api, "group.toml", &api, e) < 0 || buildpack_dir_name(k->a, bp->id, &dir, e) < 0)
        return -1;
    if (dir_kind(n->layers_fd, dir) != DIR_DIR)
        return 0;
    if (path_open_plain(n->layers_fd, dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        lc_layers(k->a, fd, api, &layers, e) < 0 || dir_names(k->a, fd, ".", KEPT_ENTRIES, &names, e) < 0)
        return -1;
    struct kept_buildpack *to = &n->rec.buildpacks.v[n->rec.buildpacks.n];
    *to = (struct kept_buildpack){.id = bp->id};
    to->layers.v = ARENA_ARRAY(k->a, struct kept_layer, layers.n);
    for (size_t i = 0; i < layers.n; i++)
        add_layer(n, bp, dir, &layers.v[i], &names, to);
    n->rec.buildpacks.n += to->layers.n > 0;
    return 0;
}

// Too many generations: all that is in the oldest one gets a copy in the new one.
static void deepen(struct keeping *n)
{
    struct kept *k = n->k;
    struct strv gens = {0};
    kept_generations(k->a, &n->rec, &gens);
    if (gens.n <= KEPT_GENS)
        return;
    struct str oldest = gens.v[gens.n - 1];
    for (size_t i = 0; i < n->rec.buildpacks.n; i++) {
        struct kept_buildpack *bp = &n->rec.buildpacks.v[i];
        const char *dir;
        if (buildpack_dir_name(k->a, bp->id, &dir, NULL) < 0)
            continue;
        for (size_t j = 0; j < bp->layers.n; j++)
            for (size_t p = 0; p < bp->layers.v[j].parts.n; p++) {
                struct kept_part *part = &bp->layers.v[j].parts.v[p];
                struct str path = str_printf(k->a, "%s/" PRI_STR, dir, STR_ARG(part->name));
                if (strv_has(&part->from, oldest))
                    map_put(k->a, &n->deep, path)->ptr = part;
            }
    }
    n->fresh |= n->deep.n > 0;
}

// A part of many generations becomes one of the new generation, beside what the build wrote of it, and then
// in its place.
static int flatten(struct keeping *n, struct str path, struct kept_part *p, struct err *e)
{
    struct kept *k = n->k;
    // Beside the upper: any name in it could be a buildpack's.
    const char *flat = KEPT_NEW "/flat";
    for (size_t i = p->from.n; i-- > 0;) {
        bool own = str_eq(p->from.v[i], n->gen);
        struct kept_copy c = {.from = own ? k->upper : k->dir, .to = k->dir, .to_path = flat};
        c.path = own ? path.p : arena_printf(k->a, PRI_STR "/" PRI_STR, STR_ARG(p->from.v[i]), STR_ARG(path));
        c.uid = k->o.out_uid;
        c.gid = k->o.out_gid;
        if (kept_lay(&c, e) < 0)
            return -1;
    }
    drop_fd int parent = -1;
    const char *name;
    size_t slash = 0;
    (void)str_find(path, '/', &slash);
    if (path_mkdirs(k->upper, str_c(k->a, str_head(path, slash)), 0755, e) < 0 ||
        path_parent(k->upper, path.p, &parent, &name, e) < 0 || tree_remove(parent, name, e) < 0)
        return -1;
    if (renameat(k->dir, flat, parent, name) < 0)
        return err_sys(e, PRI_STR, STR_ARG(path));
    p->from = (struct strv){0};
    strv_add(k->a, &p->from, n->gen);
    map_put(k->a, &n->wanted, path);
    return 0;
}

// Only parts stay in the upper.
static int prune(struct keeping *n, struct err *e)
{
    struct kept *k = n->k;
    struct strv dirs;
    if (dir_names(k->a, k->upper, ".", KEPT_ENTRIES, &dirs, e) < 0)
        return -1;
    for (size_t i = 0; i < dirs.n; i++) {
        struct strv names = {0};
        const char *dir = str_c(k->a, dirs.v[i]);
        size_t left = 0;
        drop_fd int fd = -1;
        if (dir_kind(k->upper, dir) == DIR_DIR &&
            (path_open_plain(k->upper, dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
             dir_names(k->a, fd, ".", KEPT_ENTRIES, &names, e) < 0))
            return -1;
        for (size_t j = 0; j < names.n; j++) {
            if (map_find(&n->wanted, str_printf(k->a, "%s/" PRI_STR, dir, STR_ARG(names.v[j]))))
                left++;
            else if (tree_remove(fd, names.v[j].p, e) < 0)
                return -1;
        }
        if (!left && tree_remove(k->upper, dir, e) < 0)
            return -1;
    }
    return 0;
}

static int publish(struct keeping *n, struct err *e)
{
    struct kept *k = n->k;
    for (size_t i = 0; i < n->deep.n; i++)
        if (flatten(n, n->deep.v[i].key, n->deep.v[i].ptr, e) < 0)
            return -1;
    if (prune(n, e) < 0)
        return -1;
    if (renameat(k->dir, KEPT_NEW "/upper", k->dir, n->gen.p) < 0)
        return err_sys(e, PRI_STR, STR_ARG(n->gen));
    // Where no overlay was in between, a build could set what the next one's would obey: its layers could not be read.
    if (!k->lower.n && kept_plain(k->upper, e) < 0)
        return err_wrap(e, "kept layers");
    // A record must never name what a power cut may still take away.
    return syncfs(k->dir) < 0 ? err_sys(e, "kept layers: sync") : 0;
}

static struct str next_generation(struct kept *k)
{
    struct strv gens = {0};
    kept_generations(k->a, &k->rec, &gens);
    return str_printf(k->a, "gen-%ju", (uintmax_t)(gens.n ? kept_number(gens.v[0]) + 1 : 1));
}

int kept_keep(struct kept *k, const struct cnb_selected *group, int *layers_fd, const struct digest *manifest,
              struct err *e)
{
    struct keeping n = {.k = k, .layers_fd = *layers_fd, .gen = next_generation(k)};
    char text[DIGEST_TEXT];
    struct str record;
    n.rec = (struct kept_record){.format = KEPT_FORMAT,
                                 .uid = k->o.uid,
                                 .gid = k->o.gid,
                                 .out_uid = k->o.out_uid,
                                 .out_gid = k->o.out_gid,
                                 .source = kept_folder(k->a, k->o.source),
                                 .image = str_dup(k->a, str_of(digest_text(manifest, text)))};
    n.rec.buildpacks.v = ARENA_ARRAY(k->a, struct kept_buildpack, group->buildpacks.n);
    for (size_t i = 0; i < group->buildpacks.n; i++)
        if (add_buildpack(&n, &group->buildpacks.v[i], e) < 0)
            return err_wrap(e, "kept layers of " PRI_STR, STR_ARG(group->buildpacks.v[i].id));
    deepen(&n);
    drop_fd_p(layers_fd);
    if ((n.fresh && publish(&n, e) < 0) || kept_record_write(k->a, &n.rec, &record, e) < 0)
        return -1;
    if (str_eq(record, k->text))
        return 0;
    if (file_replace(k->dir, KEPT_RECORD, 0600, record, e) < 0)
        return -1;
    k->rec = n.rec;
    k->text = record;
    return kept_clean(k, e);
}

// SPDX-License-Identifier: Apache-2.0
#include "platform/du.h"
#include "archive/walk.h"
#include "base/dir.h"
#include "base/map.h"
#include "platform/kept.h"
#include <assert.h>
#include <fcntl.h>

static const struct {
    const char *name, *about;
} parts[] = {
    [DU_TREES] = {"trees", "layers of images as directories: what builds and runs mount"},
    [DU_BLOBS] = {"blobs", "layers and documents of images as they are sent"},
    [DU_APPS] = {"apps", "layers that apps keep from build to build"},
    [DU_DEPS] = {"deps", "downloads of buildpacks"},
    [DU_APT] = {"apt", "packages of Debian, their lists, and copies of packages that unpack faster"},
    [DU_KNOWN] = {"known", "prints of directories that were seen before"},
    [DU_OTHER] = {"other", "names of images, unfinished work"},
};
static_assert(COUNT(parts) == DU_PART_MAX_, "one name per part");
enum { FOLDERS_MAX = 1000 };

const char *du_part_name(enum du_part p)
{
    return parts[p].name;
}

const char *du_part_about(enum du_part p)
{
    return parts[p].about;
}

// Everything beneath, itself too. Absent, or gone meanwhile: nothing.
static int measure(int dirfd, const char *path, struct du_size *sum, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *entry;
    enum walk_step step;
    struct err why = {0};
    if (walk_open(dirfd, path, TREE_WALK, &w, &why) < 0)
        step = WALK_ERROR;
    else
        while ((step = walk_next(w, &entry, &why)) == WALK_ENTRY) {
            sum->bytes += (uint64_t)entry->st.st_blocks * 512;
            sum->entries++;
        }
    if (step != WALK_ERROR || why.code == ERR_NOT_FOUND || why.transient)
        return 0;
    *e = why;
    return -1;
}

static int measure_parts(int state, struct arena *a, struct du *out, struct err *e)
{
    struct strv names;
    if (dir_names(a, state, ".", FOLDERS_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        enum du_part p = 0;
        while (p < DU_OTHER && !str_is(names.v[i], parts[p].name))
            p++;
        if (measure(state, str_c(a, names.v[i]), &out->part[p], e) < 0)
            return -1;
    }
    return 0;
}

// What one image needs: "blobs/ALG/HEX" and "trees/ALG/HEX", each once.
struct needs {
    struct arena *a;
    struct strmap all; // over all images: how many need it (ptr: size_t *)
};

static void need(struct needs *n, struct strv *mine, const char *shelf, const struct digest *d)
{
    char hex[DIGEST_TEXT];
    struct str key = str_printf(n->a, "%s/%s/%s", shelf, hash_name(d->alg), digest_hex(d, hex));
    if (strv_has(mine, key))
        return;
    strv_add(n->a, mine, key);
    struct map_entry *entry = map_put(n->a, &n->all, key);
    if (!entry->ptr)
        entry->ptr = ARENA_NEW(n->a, size_t);
    ++*(size_t *)entry->ptr;
}

static bool is_shared(const struct needs *n, struct str key)
{
    const struct map_entry *entry = map_find(&n->all, key);
    return entry && *(const size_t *)entry->ptr > 1;
}

static void needs_of(struct needs *n, const struct image *img, struct strv *mine)
{
    need(n, mine, "blobs", &img->desc.digest);
    need(n, mine, "blobs", &img->manifest.config.digest);
    for (size_t i = 0; i < img->manifest.layers.n; i++)
        need(n, mine, "blobs", &img->manifest.layers.v[i].digest);
    for (size_t i = 0; i < img->config.rootfs.diff_ids.n; i++)
        need(n, mine, "trees", &img->config.rootfs.diff_ids.v[i]);
}

struct counted {
    struct image img;
    struct strv mine;
};

// Each thing is measured once, however many images need it.
static int measure_key(struct needs *n, int state, struct strmap *known, struct str key, uint64_t *bytes,
                       struct err *e)
{
    struct map_entry *entry = map_find(known, key);
    if (!entry) {
        struct du_size *sum = ARENA_NEW(n->a, struct du_size);
        if (measure(state, str_c(n->a, key), sum, e) < 0)
            return -1;
        entry = map_put(n->a, known, key);
        entry->ptr = sum;
    }
    *bytes = ((const struct du_size *)entry->ptr)->bytes;
    return 0;
}

static int measure_image(struct needs *n, int state, struct strmap *known, const struct counted *c,
                         struct du_image *out, struct err *e)
{
    struct du_size kept = {0};
    struct str app = str_printf(n->a, "apps/" PRI_STR, STR_ARG(kept_key(n->a, out->name)));
    for (size_t i = 0; i < c->mine.n; i++) {
        uint64_t bytes;
        if (measure_key(n, state, known, c->mine.v[i], &bytes, e) < 0)
            return -1;
        out->bytes += bytes;
        out->own += is_shared(n, c->mine.v[i]) ? 0 : bytes;
    }
    if (measure(state, str_c(n->a, app), &kept, e) < 0)
        return -1;
    out->kept = kept.bytes;
    out->layers = c->img.manifest.layers.n;
    for (size_t i = 0; i < out->layers; i++) {
        char hex[DIGEST_TEXT];
        const struct digest *d = &c->img.manifest.layers.v[i].digest;
        out->shared += is_shared(n, str_printf(n->a, "blobs/%s/%s", hash_name(d->alg), digest_hex(d, hex)));
    }
    return 0;
}

static int measure_images(struct state *st, int state, struct arena *a, struct du *out, struct err *e)
{
    struct state_name *names;
    struct needs needs = {.a = a};
    struct strmap known = {0};
    struct strv damaged; // `dema images` tells of them
    size_t n;
    if (state_names_found(st, a, &names, &n, &damaged, e) < 0)
        return -1;
    struct counted *c = ARENA_ARRAY(a, struct counted, n + 1);
    out->images.v = ARENA_ARRAY(a, struct du_image, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct counted *at = &c[out->images.n];
        struct err why = {0};
        // Names of artifacts and of indexes of them are parts of an image, not images.
        if (image_load(st, a, names[i].name, NULL, &at->img, &why) < 0 ||
            !manifest_is_image(&at->img.manifest))
            continue;
        needs_of(&needs, &at->img, &at->mine);
        out->images.v[out->images.n++].name = names[i].name;
    }
    for (size_t i = 0; i < out->images.n; i++)
        if (measure_image(&needs, state, &known, &c[i], &out->images.v[i], e) < 0)
            return -1;
    return 0;
}

int du_measure(struct state *st, struct arena *a, struct du *out, struct err *e)
{
    drop_fd int state = -1;
    struct du got = {0};
    if (path_open_host(state_path(st), O_RDONLY | O_DIRECTORY, 0, &state, e) < 0 ||
        measure_parts(state, a, &got, e) < 0 || measure_images(st, state, a, &got, e) < 0)
        return err_wrap(e, "%s", state_path(st));
    *out = got;
    return 0;
}

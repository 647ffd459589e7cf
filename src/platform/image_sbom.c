// SPDX-License-Identifier: Apache-2.0
#include "platform/image_sbom.h"
#include "archive/walk.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/labels.h"
#include "document/json.h"
#include "platform/base.h"
#include <fcntl.h>

static const struct {
    const char *end, *format;
} formats[] = {{"/sbom.cdx.json", "cyclonedx"}, {"/sbom.spdx.json", "spdx"}, {"/sbom.syft.json", "syft"}};

struct finding {
    struct state *st;
    struct arena *a;
    const struct image *img;
    struct lifecycle_metadata md;
    struct image_sbom *v;
    size_t n, cap;
};

static struct image_sbom *add(struct finding *f)
{
    f->v = arena_grow(f->a, f->v, f->n, &f->cap, sizeof *f->v);
    return &f->v[f->n++];
}

static int of_base(struct finding *f, struct err *e)
{
    const struct str *label = image_config_label_get(&f->img->config, STR(BASE_LABEL_SBOM));
    struct image_sbom s = {.of = STR(IMAGE_SBOM_RUN), .format = STR("cyclonedx")};
    drop_fd int fd = -1;
    if (!label)
        return 0;
    if (digest_parse(*label, &s.digest, e) < 0)
        return err_wrap(e, "label " BASE_LABEL_SBOM);
    s.absent = !state_blob_has(f->st, &s.digest);
    if (!s.absent && state_blob_open(f->st, &s.digest, STATE_ANY_SIZE, &fd, &s.size, e) < 0)
        return -1;
    *add(f) = s;
    return 0;
}

// A buildpack's directory has its id with '_' for each '/'.
static struct str id_of(const struct finding *f, struct str dir)
{
    for (size_t i = 0; i < f->md.buildpacks.n; i++) {
        struct str id = f->md.buildpacks.v[i].key;
        bool same = id.n == dir.n;
        for (size_t k = 0; same && k < id.n; k++)
            same = id.p[k] == dir.p[k] || (id.p[k] == '/' && dir.p[k] == '_');
        if (same)
            return id;
    }
    return dir;
}

// "BUILDPACK/sbom.cdx.json" or "BUILDPACK/LAYER/sbom.cdx.json", beneath sbom/launch.
static void take_file(struct finding *f, const char *top, const struct digest *diff_id,
                      const struct walk_entry *w)
{
    size_t slash;
    for (size_t i = 0; i < COUNT(formats); i++) {
        if (!S_ISREG(w->st.st_mode) || !str_has_suffix(w->path, formats[i].end))
            continue;
        struct str place = str_head(w->path, w->path.n - strlen(formats[i].end)), layer = {"", 0},
                   dir = place;
        if (str_find(place, '/', &slash)) {
            dir = str_head(place, slash);
            layer = str_from(place, slash + 1);
        }
        *add(f) = (struct image_sbom){.of = str_printf(f->a, PRI_STR "%s" PRI_STR, STR_ARG(id_of(f, dir)),
                                                       layer.n ? ":" : "", STR_ARG(layer)),
                                      .format = str_of(formats[i].format),
                                      .path = str_printf(f->a, "%s/" PRI_STR, top, STR_ARG(w->path)),
                                      .diff_id = *diff_id,
                                      .size = (uint64_t)w->st.st_size};
    }
}

// That layer alone becomes a tree.
static int make_tree(struct finding *f, const struct digest *diff_id, struct err *e)
{
    const struct rootfs *r = &f->img->config.rootfs;
    struct image one = *f->img;
    for (size_t i = 0; i < r->diff_ids.n && i < f->img->manifest.layers.n; i++) {
        if (!digest_eq(&r->diff_ids.v[i], diff_id))
            continue;
        one.manifest.layers.v = &f->img->manifest.layers.v[i];
        one.config.rootfs.diff_ids.v = &r->diff_ids.v[i];
        one.manifest.layers.n = one.config.rootfs.diff_ids.n = 1;
        one.note = f->img->note ? &f->img->note[i] : NULL;
        return image_make_trees(f->st, &one, e);
    }
    return err_set(e, ERR_PARSE,
                   "label " LABEL_LIFECYCLE ": names an SBOM layer that the image does not have");
}

static int walk_layer(struct finding *f, const struct digest *diff_id, struct err *e)
{
    drop_fd int tree = -1;
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *entry;
    enum walk_step step;
    struct str dir;
    if (!image_config_env_get(&f->img->config, STR("CNB_LAYERS_DIR"), &dir))
        dir = STR("/layers");
    dir = path_clean(f->a, str_printf(f->a, "/" PRI_STR "/sbom/launch", STR_ARG(dir)));
    const char *top = str_c(f->a, str_from(dir, 1));
    if (make_tree(f, diff_id, e) < 0 || state_tree_open(f->st, diff_id, &tree, e) < 0)
        return -1;
    if (dir_kind(tree, top) != DIR_DIR)
        return 0;
    if (walk_open(tree, top, TREE_FULL_PATH, &w, e) < 0)
        return -1;
    while ((step = walk_next(w, &entry, e)) == WALK_ENTRY)
        take_file(f, top, diff_id, entry);
    return step == WALK_ERROR ? -1 : 0;
}

static int of_buildpacks(struct finding *f, struct err *e)
{
    const struct str *label = image_config_label_get(&f->img->config, STR(LABEL_LIFECYCLE));
    struct digest diff_id;
    struct val *doc;
    if (!label)
        return 0;
    if (json_read(f->a, *label, LABEL_LIFECYCLE, &doc, e) < 0 ||
        lifecycle_metadata_read(f->a, doc, LABEL_LIFECYCLE, &f->md, e) < 0)
        return -1;
    if (!f->md.sbom.n)
        return 0;
    return digest_parse(f->md.sbom, &diff_id, e) < 0 ? -1 : walk_layer(f, &diff_id, e);
}

int image_sboms(struct state *st, struct arena *a, const struct image *img, struct image_sbom **out,
                size_t *n, struct err *e)
{
    struct finding f = {.st = st, .a = a, .img = img};
    if (of_base(&f, e) < 0 || of_buildpacks(&f, e) < 0)
        return -1;
    *out = f.v;
    *n = f.n;
    return 0;
}

int image_sbom_load(struct state *st, struct arena *a, const struct image_sbom *s, struct str *out,
                    struct err *e)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_CAPTURE);
    drop_fd int tree = -1;
    if (!s->path.n) {
        const struct descriptor d = {.digest = s->digest, .size = (int64_t)s->size};
        if (s->absent)
            return err_set(e, ERR_NOT_FOUND, "the SBOM of the base image is not on this machine");
        return image_get_blob(st, a, &d, out, e);
    }
    if (state_tree_open(st, &s->diff_id, &tree, e) < 0 || file_read(tree, str_c(a, s->path), &b, e) < 0)
        return -1;
    *out = str_dup(a, buf_view(&b));
    return 0;
}

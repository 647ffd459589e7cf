// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "document/toml.h"
#include "lifecycle/context.h"
#include "lifecycle/export.h"
#include "platform/build_priv.h"
#include "platform/stop.h"
#include <fcntl.h>

#define CODEC "gzip-libdeflate-1-1m"

struct txn_store {
    struct export_store store;
    struct txn *txn;
    int stop_fd;
};

static int txn_store_blob(struct export_store *self, struct sink **out, struct err *e)
{
    struct txn_store *s = CONTAINER(self, struct txn_store, store);
    return stop_check(s->stop_fd, e) < 0 ? -1 : txn_blob(s->txn, NULL, NULL, out, e);
}

// group.toml and metadata.toml, written inside and so hostile.
static int read_results(struct building *b, struct cnb_selected *group, struct cnb_metadata *meta,
                        struct err *e)
{
    struct val *g, *m;
    if (lc_read_toml(b->a, b->layers_fd, "group.toml", &g, e) < 0 ||
        lc_read_toml(b->a, b->layers_fd, "config/metadata.toml", &m, e) < 0 ||
        group_read(b->a, g, "group.toml", b->o->ev, group, e) < 0)
        return err_wrap(e, "what the build left");
    return cnb_metadata_read(b->a, m, "config/metadata.toml", b->o->ev, meta, e);
}

static struct export_base base_of(struct building *b)
{
    char text[DIGEST_TEXT];
    struct reference ref;
    struct err ignored = {0};
    struct str name = b->o->run_image;
    if (reference_parse(b->a, b->o->run_image, &ref, &ignored) == 0)
        name = reference_format(b->a, &ref);
    size_t at;
    struct str repository =
        str_find_last(name, ':', &at) && !memchr(name.p + at, '/', name.n - at) ? str_head(name, at) : name;
    return (struct export_base){
        .config = &b->run_image.config,
        .manifest = &b->run_image.manifest,
        .image = name,
        .reference = str_printf(b->a, PRI_STR "@%s", STR_ARG(repository),
                                digest_text(&b->run_image.desc.digest, text)),
    };
}

static int save(struct building *b, struct txn *t, const struct export_out *x, struct build_result *out,
                struct err *e)
{
    struct image img;
    if (image_decode(b->a, x->manifest_json, NULL, x->config_json, &img, e) < 0)
        return -1;
    if (image_save(t, b->o->st, b->o->name, &txn_any, &img, e) < 0 || txn_commit(t, e) < 0)
        return -1;
    *out = (struct build_result){
        .manifest = img.desc.digest, .config = img.manifest.config.digest, .layers = x->layers.n};
    for (size_t i = 0; i < x->layers.n; i++)
        out->size += x->layers.v[i].blob_size;
    return 0;
}

int build_export(struct building *b, struct build_result *out, struct err *e)
{
    struct cnb_selected group = {0};
    struct cnb_metadata meta = {0};
    struct export_out x;
    drop_fd int programs = -1;
    drop_(txn_drop) struct txn *txn = NULL;
    if (read_results(b, &group, &meta, e) < 0 ||
        path_open_host(b->o->programs->dir, O_RDONLY | O_DIRECTORY, 0, &programs, e) < 0 ||
        txn_begin(b->o->st, &txn, e) < 0)
        return -1;
    struct export_base base = base_of(b);
    struct txn_store store = {.store.blob = txn_store_blob, .txn = txn, .stop_fd = b->o->stop_fd};
    struct pool *pool = pool_new(b->o->threads);
    struct export_in in = {
        .ev = b->o->ev,
        .layers_fd = b->layers_fd,
        .app_fd = b->app_fd,
        .launcher_fd = programs,
        .layers_dir = STR(INSIDE_LAYERS),
        .app_dir = STR(INSIDE_APP),
        .group = &group,
        .meta = &meta,
        .base = &base,
        .uid = b->uid,
        .gid = b->gid,
        .created_sec = b->o->created_sec,
        .platform_api = API_PLATFORM_NEWEST,
        .exec_env = STR("production"),
        .process_type = b->o->process_type,
        .launcher = {STR(DEMA_VERSION), STR("dema"), STR("")},
        .codec = CODEC,
        .pool = pool,
        .store = &store.store,
    };
    int rc = lc_export(b->a, &in, &x, e);
    pool_free(pool);
    if (rc < 0 || save(b, txn, &x, out, e) < 0)
        return -1;
    out->process_type = b->o->process_type.n ? b->o->process_type : meta.default_type;
    return 0;
}

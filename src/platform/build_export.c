// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "document/toml.h"
#include "lifecycle/context.h"
#include "lifecycle/export.h"
#include "platform/build_priv.h"
#include "platform/created.h"
#include "platform/stop.h"
#include "platform/words.h"
#include <fcntl.h>

// metadata.toml, written inside and so hostile.
static int read_results(struct building *b, struct cnb_metadata *meta, struct err *e)
{
    struct val *m;
    if (lc_read_toml(b->a, b->layers_fd, "config/metadata.toml", &m, e) < 0)
        return err_wrap(e, "what the build left");
    return cnb_metadata_read(b->a, m, "config/metadata.toml", b->o->ev, meta, e);
}

// Before any layer is made. The spec's exporter says the same, late and without the list.
static int check_process(struct building *b, const struct cnb_metadata *meta, struct err *e)
{
    struct strv types = {0};
    for (size_t i = 0; i < meta->processes.n; i++)
        strv_add(b->a, &types, meta->processes.v[i].type);
    if (!b->o->process_type.n || strv_has(&types, b->o->process_type))
        return 0;
    return err_set(e, ERR_USAGE,
                   "process type \"" PRI_STR "\": the app has none of this name; it has: " PRI_STR,
                   STR_ARG(b->o->process_type), STR_ARG(words_list(b->a, &types, 100)));
}

void build_run_image(const struct building *b, struct str *name, struct str *at_digest)
{
    char text[DIGEST_TEXT];
    struct reference ref;
    struct err ignored = {0};
    size_t at;
    *name = b->o->run_image;
    if (reference_parse(b->a, b->o->run_image, &ref, &ignored) == 0)
        *name = reference_format(b->a, &ref);
    bool tag = str_find_last(*name, ':', &at) && !memchr(name->p + at, '/', name->n - at);
    *at_digest = str_printf(b->a, PRI_STR "@%s", STR_ARG(tag ? str_head(*name, at) : *name),
                            digest_text(&b->run_image.desc.digest, text));
}

static struct export_base base_of(struct building *b)
{
    struct export_base base = {.config = &b->run_image.config, .manifest = &b->run_image.manifest};
    build_run_image(b, &base.image, &base.reference);
    return base;
}

static bool had(const struct building *b, const struct descriptor *layer)
{
    for (size_t i = 0; b->has_previous && i < b->previous.manifest.layers.n; i++)
        if (digest_eq(&b->previous.manifest.layers.v[i].digest, &layer->digest))
            return true;
    return false;
}

static void tell_layer(const struct building *b, const struct build_layer *l)
{
    event_emit(b->o->ev, &(struct event){
                             .kind = EV_FACT,
                             .phase = STR("export"),
                             .subject = l->name,
                             .text = !l->reused ? str_printf(b->a, "made anew: " PRI_STR, STR_ARG(l->why))
                                     : l->why.n ? str_printf(b->a, "reused, its files are the same: " PRI_STR,
                                                             STR_ARG(l->why))
                                                : STR("reused")});
}

static void list_layers(struct building *b, const struct image *img, const struct export_out *x,
                        struct build_result *out)
{
    size_t base = img->manifest.layers.n - x->layers.n;
    out->layers = out->layer_list.n = x->layers.n;
    out->layer_list.v = ARENA_ARRAY(b->a, struct build_layer, x->layers.n);
    for (size_t i = 0; i < x->layers.n; i++) {
        const struct descriptor *d = &img->manifest.layers.v[base + i];
        struct build_layer *l = &out->layer_list.v[i];
        *l = (struct build_layer){.name = x->names.v[i],
                                  .digest = d->digest,
                                  .diff_id = x->layers.v[i].diff_id,
                                  .size = (uint64_t)d->size,
                                  .reused = had(b, d)};
        const struct lifecycle_metadata *was = b->has_previous ? b->previous_label : NULL;
        l->why =
            l->reused ? build_why_same(b->a, &x->md, was, l->name) : build_why(b->a, &x->md, was, l->name);
        out->size += l->size;
        out->reused += l->reused;
        if (b->o->explain)
            tell_layer(b, l);
    }
}

static void list_rest(struct building *b, const struct cnb_metadata *meta, struct build_result *out)
{
    out->process_type = b->o->process_type.n ? b->o->process_type : meta->default_type;
    out->run_image = b->o->run_image;
    out->run_manifest = b->run_image.desc.digest;
    for (size_t i = 0; i < b->group.buildpacks.n; i++)
        strv_add(b->a, &out->buildpacks,
                 str_printf(b->a, PRI_STR "@" PRI_STR, STR_ARG(b->group.buildpacks.v[i].id),
                            STR_ARG(b->group.buildpacks.v[i].version)));
    out->processes.n = meta->processes.n;
    out->processes.v = ARENA_ARRAY(b->a, struct build_process, meta->processes.n);
    for (size_t i = 0; i < meta->processes.n; i++) {
        const struct cnb_process *p = &meta->processes.v[i];
        out->processes.v[i] =
            (struct build_process){p->type, p->command, p->args, str_eq(p->type, out->process_type)};
    }
}

// Is the image what the name stands for already, nothing is written.
static int save(struct building *b, struct txn *t, const struct export_out *x, bool wrote,
                struct build_result *out, struct err *e)
{
    struct image img;
    if (image_decode(b->a, x->manifest_json, NULL, x->config_json, &img, e) < 0)
        return -1;
    bool same = b->has_previous && digest_eq(&b->previous.desc.digest, &img.desc.digest);
    if (!same && image_save(t, b->o->st, b->o->name, &txn_any, &img, e) < 0)
        return -1;
    if ((!same || wrote) && (stop_check(b->o->stop_fd, e) < 0 || txn_commit(t, e) < 0))
        return -1;
    *out = (struct build_result){
        .manifest = img.desc.digest, .config = img.manifest.config.digest, .unchanged = same};
    list_layers(b, &img, x, out);
    return 0;
}

static int export(struct building *b, struct export_in *in, struct txn *t, struct build_result *out,
                  struct err *e)
{
    drop_(build_known_free) struct build_known *known = build_known_new(b, t);
    drop_(build_store_free) struct build_store *store = build_store_new(b, t);
    struct export_out x;
    in->known = build_known_of(known);
    in->store = build_store_of(store);
    in->pool = pool_new(b->o->threads);
    int rc = lc_export(b->a, in, &x, e);
    pool_free(in->pool);
    return rc < 0 ? -1 : save(b, t, &x, build_known_wrote(known) || build_store_wrote(store), out, e);
}

int build_export(struct building *b, struct build_result *out, struct err *e)
{
    struct cnb_metadata meta = {0};
    struct build_result got;
    drop_fd int programs = -1;
    drop_(txn_drop) struct txn *txn = NULL;
    if (read_results(b, &meta, e) < 0 || check_process(b, &meta, e) < 0 ||
        path_open_host(b->o->programs->dir, O_RDONLY | O_DIRECTORY, 0, &programs, e) < 0 ||
        txn_begin(b->o->st, &txn, e) < 0)
        return -1;
    const struct export_base base = base_of(b);
    const struct export_previous previous = {&b->previous.config, &b->previous.manifest, b->previous_label};
    struct export_in in = {
        .ev = b->o->ev,
        .layers_fd = b->layers_fd,
        .app_fd = b->app_fd,
        .launcher_fd = programs,
        .layers_dir = STR(INSIDE_LAYERS),
        .app_dir = STR(INSIDE_APP),
        .group = &b->group,
        .meta = &meta,
        .base = &base,
        .previous = b->has_previous ? &previous : NULL,
        .uid = b->uid,
        .gid = b->gid,
        .created_sec = created_answer(b->o->created)->sec,
        .platform_api = API_PLATFORM_NEWEST,
        .exec_env = STR("production"),
        .process_type = b->o->process_type,
        .launcher = {STR(DEMA_VERSION), STR("dema"), STR("")},
        .codec = BUILD_CODEC,
    };
    if (export(b, &in, txn, &got, e) < 0)
        return -1;
    list_rest(b, &meta, &got);
    *out = got;
    return 0;
}

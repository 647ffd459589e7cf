// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/export.h"
#include "base/clock.h"
#include "cnb/api.h"
#include "layer/entries.h"
#include "lifecycle/export_plan.h"
#include "stream/codec.h"

enum { LABEL_MAX = 4 << 20 };

struct exporting {
    struct arena *a;
    const struct export_in *in;
    struct export_plan plan;
    struct export_out out;
    char created[CLOCK_TEXT];
};

static void tell(const struct exporting *x, const char *what, struct str id)
{
    event_emit(x->in->ev, &(struct event){.kind = EV_STEP,
                                          .phase = STR("export"),
                                          .text = str_printf(x->a, "%s '" PRI_STR "'", what, STR_ARG(id))});
}

// The descriptor under which the previous image holds a layer; NULL if it has none of that diff ID.
static const struct descriptor *previous_blob(const struct export_in *in, const struct digest *diff_id)
{
    const struct export_previous *prev = in->previous;
    if (!prev || !prev->config || !prev->manifest)
        return NULL;
    for (size_t i = 0; i < prev->config->rootfs.diff_ids.n && i < prev->manifest->layers.n; i++)
        if (digest_eq(&prev->config->rootfs.diff_ids.v[i], diff_id))
            return &prev->manifest->layers.v[i];
    return NULL;
}

static int make_blob(struct exporting *x, const struct export_layer *l, struct layer *out, struct err *e)
{
    if (l->slices && !l->spec.pick && export_plan_fill(x->in, &x->plan, e) < 0)
        return -1;
    drop_(sink_drop) struct sink *to = NULL;
    if (x->in->store->blob(x->in->store, &to, e) < 0)
        return -1;
    struct layer_spec spec = l->spec;
    if (l->slices) {
        union {
            const struct export_layer *in;
            void *out;
        } ctx = {.in = l};
        spec.pick_ctx = ctx.out;
    }
    const struct layer_rows rows = {.v = l->entries, .n = l->n_entries, .codec = l->spec.codec};
    int rc = l->made_up ? layer_make_entries(&rows, x->in->pool, to, out, e)
                        : layer_make(&spec, x->in->pool, to, out, e);
    return rc < 0 ? -1 : sink_finish(to, e);
}

// From what is known, else made.
static int get_layer(struct exporting *x, const struct export_layer *l, struct layer *out, struct err *e)
{
    struct export_known *known = x->in->known;
    struct layer_spec spec = l->spec;
    spec.pick = NULL;
    struct export_piece p = {.kind = l->kind, .spec = &spec, .meta = x->in->meta, .slice = l->slice};
    enum known found = KNOWN_NO;
    if (!known || l->entries)
        return make_blob(x, l, out, e);
    if (l->kind == EXPORT_LAUNCH) {
        p.buildpack = x->out.md.buildpacks.v[l->buildpack].key;
        p.layer = x->out.md.buildpacks.v[l->buildpack].layers.v[l->layer].name;
    }
    found = known->find(known, &p, out, e);
    if (found == KNOWN_ERROR || (found == KNOWN_NO && make_blob(x, l, out, e) < 0))
        return -1;
    return known->made(known, &p, out, found == KNOWN_YES, e);
}

static void note_digest(struct exporting *x, const struct export_layer *l, struct str sha)
{
    struct lifecycle_metadata *md = &x->out.md;
    switch (l->kind) {
    case EXPORT_LAUNCH:
        md->buildpacks.v[l->buildpack].layers.v[l->layer].sha = sha;
        return;
    case EXPORT_SBOM:
        md->sbom = sha;
        return;
    case EXPORT_APP:
        strv_add(x->a, &md->app, sha);
        return;
    case EXPORT_LAUNCHER:
        md->launcher = sha;
        return;
    case EXPORT_CONFIG:
        md->config = sha;
        return;
    case EXPORT_PROCESS_TYPES:
        md->process_types = sha;
        return;
    }
}

static struct descriptor describe(const struct exporting *x, const struct layer *l)
{
    const struct encoder *enc = encoder_find(str_of(x->in->codec));
    enum media_family family = manifest_family(&x->out.manifest);
    return (struct descriptor){
        .media_type = media_type_layer(family, enc->codec), .size = (int64_t)l->blob_size, .digest = l->blob};
}

static int add_layer(struct exporting *x, const struct export_layer *l, struct layer *made, struct err *e)
{
    char text[DIGEST_TEXT];
    struct descriptor d;
    const struct descriptor *old;
    if (l->reuse.n) {
        if (digest_parse(l->reuse, &made->diff_id, e) < 0)
            return -1;
        if (!(old = previous_blob(x->in, &made->diff_id)))
            return err_set(e, ERR_NOT_FOUND, "layer " PRI_STR ": the previous image has no layer " PRI_STR,
                           STR_ARG(l->id), STR_ARG(l->reuse));
    } else {
        if (get_layer(x, l, made, e) < 0)
            return -1;
        old = previous_blob(x->in, &made->diff_id);
    }
    d = old ? *old : describe(x, made);
    if (!d.media_type.n)
        return err_set(e, ERR_USAGE, "layer " PRI_STR ": the run image's media types have no %s",
                       STR_ARG(l->id), x->in->codec);
    tell(x, old ? "Reusing layer" : "Adding layer", l->id);
    note_digest(x, l, str_dup(x->a, str_of(digest_text(&made->diff_id, text))));
    descriptors_add(x->a, &x->out.manifest.layers, &d);
    struct history h = {.created = str_of(x->created)};
    if (x->in->platform_api >= API(0, 12))
        h.created_by = l->created_by;
    image_config_add_layer(x->a, &x->out.config, &made->diff_id, &h);
    return 0;
}

static const struct cnb_process *process(const struct cnb_metadata *m, struct str type)
{
    for (size_t i = 0; i < m->processes.n; i++)
        if (str_eq(m->processes.v[i].type, type))
            return &m->processes.v[i];
    return NULL;
}

static int set_start(struct exporting *x, struct err *e)
{
    const struct export_in *in = x->in;
    struct str type = in->process_type.n ? in->process_type : in->meta->default_type;
    struct strv entrypoint = {0};
    if (in->process_type.n && !process(in->meta, type))
        return err_set(e, ERR_USAGE, "tried to set " PRI_STR " to default but it doesn't exist",
                       STR_ARG(type));
    strv_add(x->a, &entrypoint,
             type.n ? str_printf(x->a, "/cnb/process/" PRI_STR, STR_ARG(type))
                    : STR("/cnb/lifecycle/launcher"));
    image_config_set_entrypoint(&x->out.config, entrypoint);
    image_config_set_workdir(&x->out.config, in->app_dir);
    if (type.n)
        event_emit(in->ev,
                   &(struct event){.kind = EV_STEP,
                                   .phase = STR("export"),
                                   .text = str_printf(x->a, "Setting default process type '" PRI_STR "'",
                                                      STR_ARG(type))});
    return 0;
}

static void set_env(struct exporting *x)
{
    struct image_config *c = &x->out.config;
    char api[API_TEXT];
    struct str path = STR("");
    (void)image_config_env_get(c, STR("PATH"), &path);
    image_config_env_set(x->a, c, STR("CNB_LAYERS_DIR"), x->in->layers_dir);
    image_config_env_set(x->a, c, STR("CNB_APP_DIR"), x->in->app_dir);
    image_config_env_set(x->a, c, STR("CNB_PLATFORM_API"),
                         str_dup(x->a, str_of(api_text(x->in->platform_api, api))));
    image_config_env_set(x->a, c, STR("CNB_DEPRECATION_MODE"), STR("quiet"));
    image_config_env_set(x->a, c, STR("PATH"),
                         str_printf(x->a, "/cnb/process:/cnb/lifecycle:" PRI_STR, STR_ARG(path)));
}

static void set_label(struct exporting *x, const char *key, struct str value)
{
    tell(x, "Adding label", str_of(key));
    image_config_label_set(x->a, &x->out.config, str_of(key), value);
}

// What platforms trust in an image is not for buildpacks to say.
static bool is_own_label(struct str key)
{
    static const char *const own[] = {LABEL_LIFECYCLE, LABEL_BUILD, LABEL_PROJECT, LABEL_EXEC_ENV};
    for (size_t i = 0; i < COUNT(own); i++)
        if (str_is(key, own[i]))
            return true;
    return false;
}

// io.buildpacks.rebasable is the run image's: it came with its config, and without image extensions nothing changes it.
static void set_buildpack_labels(struct exporting *x)
{
    for (size_t i = 0; i < x->in->meta->labels.n; i++) {
        const struct cnb_label *l = &x->in->meta->labels.v[i];
        if (is_own_label(l->key))
            event_warn(x->in->ev, NULL, "label " PRI_STR ": a buildpack may not set it, ignored",
                       STR_ARG(l->key));
        else
            set_label(x, str_c(x->a, l->key), l->value);
    }
}

static int set_labels(struct exporting *x, struct err *e)
{
    const struct export_in *in = x->in;
    drop_buf struct buf lifecycle = BUF_INIT(LABEL_MAX), build = BUF_INIT(LABEL_MAX),
                        project = BUF_INIT(LABEL_MAX);
    if (lifecycle_metadata_json(x->a, &x->out.md, &lifecycle, e) < 0 ||
        build_metadata_json(x->a, in->meta, &in->launcher, in->platform_api, &build, e) < 0 ||
        project_metadata_json(x->a, in->project, &project, e) < 0)
        return -1;
    set_label(x, LABEL_LIFECYCLE, str_dup(x->a, buf_view(&lifecycle)));
    set_label(x, LABEL_BUILD, str_dup(x->a, buf_view(&build)));
    set_label(x, LABEL_PROJECT, str_dup(x->a, buf_view(&project)));
    set_buildpack_labels(x);
    if (in->platform_api >= API(0, 15))
        set_label(x, LABEL_EXEC_ENV, in->exec_env);
    return 0;
}

static int put_json(struct exporting *x, struct str json, struct err *e)
{
    drop_(sink_drop) struct sink *to = NULL;
    if (x->in->store->blob(x->in->store, &to, e) < 0 || sink_write(to, json.p, json.n, e) < 0)
        return -1;
    return sink_finish(to, e);
}

static int finish(struct exporting *x, struct err *e)
{
    struct export_out *out = &x->out;
    if (image_config_encode(x->a, &out->config, OCI_CANONICAL, &out->config_json, e) < 0)
        return -1;
    out->manifest.config.size = (int64_t)out->config_json.n;
    digest_of(HASH_SHA256, out->config_json.p, out->config_json.n, &out->manifest.config.digest);
    if (manifest_encode(x->a, &out->manifest, OCI_CANONICAL, &out->manifest_json, e) < 0)
        return -1;
    return put_json(x, out->config_json, e) < 0 ? -1 : put_json(x, out->manifest_json, e);
}

// The working copies of the run image's config and manifest, and what the label says of it.
static int begin(struct exporting *x, struct err *e)
{
    const struct export_base *base = x->in->base;
    char text[DIGEST_TEXT];
    size_t n = base->config->rootfs.diff_ids.n;
    if (!n)
        return err_set(e, ERR_USAGE, "run image " PRI_STR ": has no layers", STR_ARG(base->image));
    struct oci_platform p = image_config_platform(base->config);
    x->out.config = image_config_new(&p);
    struct str json;
    if (image_config_encode(x->a, base->config, OCI_AS_READ, &json, e) < 0 ||
        image_config_decode(x->a, json, NULL, &x->out.config, e) < 0)
        return -1;
    image_config_align_history(x->a, &x->out.config);
    for (size_t i = 0; i < x->out.config.history.n; i++)
        x->out.config.history.v[i].created = str_of(x->created);
    image_config_set_created(&x->out.config, str_of(x->created));
    x->out.manifest = manifest_new(manifest_family(base->manifest));
    for (size_t i = 0; i < base->manifest->layers.n; i++)
        descriptors_add(x->a, &x->out.manifest.layers, &base->manifest->layers.v[i]);
    x->out.md = x->plan.md;
    x->out.md.run_image = (struct lm_run_image){
        .top_layer = str_dup(x->a, str_of(digest_text(&base->config->rootfs.diff_ids.v[n - 1], text))),
        .reference = base->reference,
        .image = base->image,
        .mirrors = base->mirrors,
    };
    return 0;
}

int lc_export(struct arena *a, const struct export_in *in, struct export_out *out, struct err *e)
{
    struct exporting x = {.a = a, .in = in};
    if (!encoder_find(str_of(in->codec)))
        return err_set(e, ERR_USAGE, "export: no codec \"%s\"", in->codec);
    (void)clock_text(in->created_sec, x.created);
    if (export_plan_make(a, in, &x.plan, e) < 0 || begin(&x, e) < 0)
        return -1;
    x.out.layers.v = ARENA_ARRAY(a, struct layer, x.plan.n);
    for (; x.out.layers.n < x.plan.n; x.out.layers.n++) {
        const struct export_layer *l = &x.plan.v[x.out.layers.n];
        if (add_layer(&x, l, &x.out.layers.v[x.out.layers.n], e) < 0)
            return err_wrap(e, "export");
        strv_add(a, &x.out.names, l->id);
    }
    set_env(&x);
    if (set_start(&x, e) < 0 || set_labels(&x, e) < 0 || finish(&x, e) < 0)
        return e ? err_wrap(e, "export") : -1;
    for (size_t i = 0; i < x.out.config.history.n; i++) // the texts outlive this call
        x.out.config.history.v[i].created = x.out.config.created = str_dup(a, str_of(x.created));
    *out = x.out;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "phase/export_in.h"
#include "base/clock.h"
#include "cnb/api.h"
#include "cnb/project.h"

static int check_mode(struct app_ctx *app, const struct phase_in *in, struct err *e)
{
    const struct str *env = strmap_get(&app->env, STR("CNB_RUN_IMAGE"));
    if (in->image.n)
        return err_set(e, ERR_USAGE, "-image: not for the exporter; name images as arguments");
    if (in->run_image.n && !(env && str_eq(*env, in->run_image)))
        return err_set(e, ERR_USAGE, "-run-image: unsupported; the run image is that of analyzed.toml");
    if (in->daemon || !in->layout)
        return err_set(e, ERR_USAGE, "only OCI layouts are written by this version: -layout -layout-dir DIR");
    if (!in->layout_dir.n)
        return err_set(e, ERR_USAGE, "-layout wants -layout-dir DIR as well");
    if (in->launch_cache.n)
        event_warn(app->ev, NULL, "-launch-cache: ignored, it is for a daemon only");
    if (in->cache_dir.n || in->cache_image.n)
        event_warn(app->ev, NULL, "no cache is written by this version");
    else
        event_warn(app->ev, NULL, "not caching: neither -cache-dir nor -cache-image is given%s",
                   in->parallel ? ", so -parallel does nothing" : "");
    return 0;
}

static int check_names(struct app_ctx *app, const struct phase_in *in, struct err *e)
{
    struct reference first = {0};
    for (size_t i = 0; i < in->images.n; i++) {
        struct reference r;
        struct str beneath;
        if (reference_parse(app->a, in->images.v[i], &r, e) < 0 ||
            layout_tree_path(app->a, in->images.v[i], &beneath, e) < 0) {
            e->code = ERR_USAGE;
            return -1;
        }
        if (reference_has_digest(&r))
            return err_set(e, ERR_USAGE, "image " PRI_STR ": its digest is not known before it is made",
                           STR_ARG(in->images.v[i]));
        if (i && !str_eq(first.registry, r.registry))
            return err_set(e, ERR_USAGE,
                           "writing to multiple registries is unsupported: " PRI_STR ", " PRI_STR,
                           STR_ARG(first.registry), STR_ARG(r.registry));
        first = r;
    }
    return 0;
}

int export_inputs_check(struct app_ctx *app, const struct phase_in *in, struct err *e)
{
    return check_mode(app, in, e) < 0 ? -1 : check_names(app, in, e);
}

static int read_run(struct app_ctx *app, const struct phase_in *in, struct cnb_run *out, struct err *e)
{
    bool old = in->platform_api < API(0, 12);
    struct str path = old ? in->stack : in->run;
    struct val *doc;
    if (phase_read(app, path, PHASE_QUIET, &doc, e) < 0)
        return -1;
    if (!doc)
        return 0;
    return old ? stack_toml_read(app->a, doc, str_c(app->a, path), app->ev, out, e)
               : run_toml_read(app->a, doc, str_c(app->a, path), app->ev, out, e);
}

static int read_project(struct app_ctx *app, const struct phase_in *in, const struct val **out, struct err *e)
{
    struct cnb_project project;
    struct val *doc, *checked;
    if (phase_read(app, in->project_metadata, PHASE_QUIET, &doc, e) < 0)
        return -1;
    if (!doc)
        return 0;
    if (project_read(app->a, doc, str_c(app->a, in->project_metadata), app->ev, &project, e) < 0 ||
        project_write(app->a, &project, &checked, e) < 0)
        return -1;
    *out = checked;
    return 0;
}

static void read_created(struct app_ctx *app, const struct phase_in *in, int64_t *out)
{
    const struct str *set = strmap_get(&app->env, STR("SOURCE_DATE_EPOCH"));
    struct err why = {0};
    *out = LAYER_MTIME;
    if (set && set->n && in->platform_api >= API(0, 9) && clock_source_date(*set, out, &why) < 0) {
        char text[640];
        event_warn(app->ev, NULL, "SOURCE_DATE_EPOCH: %s; taken as 1980", err_text(&why, text, sizeof text));
    }
}

int export_inputs_read(struct app_ctx *app, const struct phase_in *in, struct export_inputs *out,
                       struct err *e)
{
    struct val *doc;
    const char *meta = arena_printf(app->a, PRI_STR "/config/metadata.toml", STR_ARG(in->layers));
    out->tree.dir = in->layout_dir;
    read_created(app, in, &out->created_sec);
    if (phase_read_group(app, in, &out->group, e) < 0 ||
        phase_read(app, in->analyzed, PHASE_WARN, &doc, e) < 0)
        return -1;
    if (doc && analyzed_read(app->a, doc, str_c(app->a, in->analyzed), app->ev, &out->analyzed, e) < 0)
        return -1;
    if (phase_read(app, str_of(meta), PHASE_WANTED, &doc, e) < 0 ||
        cnb_metadata_read(app->a, doc, meta, app->ev, &out->meta, e) < 0)
        return -1;
    return read_run(app, in, &out->run, e) < 0 ? -1 : read_project(app, in, &out->project, e);
}

// A previous image that is damaged or gone costs time, not the build.
static void open_previous(struct app_ctx *app, struct export_inputs *x)
{
    struct err why = {0};
    char text[640];
    if (x->analyzed.previous.n &&
        layout_tree_image(&x->tree, app->a, x->analyzed.previous, &x->previous, &why) < 0)
        event_warn(app->ev, NULL, "previous image: %s; nothing is reused", err_text(&why, text, sizeof text));
}

int export_inputs_images(struct app_ctx *app, const struct phase_in *in, struct export_inputs *x,
                         struct err *e)
{
    const struct cnb_analyzed_image *run = &x->analyzed.run_image;
    struct str what = run->reference.n ? run->reference : run->image, beneath;
    if (!what.n)
        return err_set(e, ERR_NOT_FOUND, "run image: analyzed.toml names none");
    if (run->extend)
        return err_set(e, ERR_USAGE, "run image: extended ones are not exported by this version");
    if (layout_tree_image(&x->tree, app->a, what, &x->run_image, e) < 0)
        return err_wrap(e, "run image");
    for (size_t i = 0; i < in->images.n; i++) {
        if (layout_tree_path(app->a, in->images.v[i], &beneath, e) < 0)
            return -1;
        if (str_eq(path_join(app->a, x->tree.dir, beneath), x->run_image.path))
            return err_set(e, ERR_DENIED, "image " PRI_STR ": is the run image, it would be replaced",
                           STR_ARG(in->images.v[i]));
    }
    open_previous(app, x);
    return 0;
}

void export_inputs_done(struct export_inputs *x)
{
    layout_close(x->run_image.layout);
    layout_close(x->previous.layout);
    x->run_image.layout = x->previous.layout = NULL;
}

void export_inputs_base(struct arena *a, const struct export_inputs *x, struct export_base *out)
{
    const struct cnb_analyzed_image *run = &x->analyzed.run_image;
    const struct cnb_run_image *named = run_toml_find(&x->run, run->image);
    char digest[DIGEST_TEXT];
    size_t at;
    if (!named && x->run.images.n)
        named = &x->run.images.v[0];
    *out = (struct export_base){
        .config = &x->run_image.image.config,
        .manifest = &x->run_image.image.manifest,
        // As analyzed.toml has it: where it names a digest of a registry, the same image comes
        // out as from a platform that has the run image from there.
        .reference = str_find(run->reference, '@', &at) && run->reference.p[0] != '/'
                         ? run->reference
                         : str_printf(a, PRI_STR "@%s", STR_ARG(x->run_image.path),
                                      digest_text(&x->run_image.image.desc.digest, digest)),
        .image = named ? named->image : run->image};
    if (named)
        out->mirrors = named->mirrors;
}

// SPDX-License-Identifier: Apache-2.0
#include "phase/exporter.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "cnb/report.h"
#include "oci/media_type.h"
#include "phase/export_in.h"
#include "phase/rows.h"
#include "phase/staged.h"
#include "stream/pool.h"
#include <fcntl.h>

#define CODEC "gzip-libdeflate-1-1m"
enum { LAUNCHER_MAX = 64 << 20 };

// spec: platform.md "Experimental features": refused unless the platform asks for them.
static int guard_experimental(struct app_ctx *app, struct err *e)
{
    const struct str *mode = strmap_get(&app->env, STR("CNB_EXPERIMENTAL_MODE"));
    if (mode && (str_is(*mode, "silent") || str_is(*mode, "quiet")))
        return 0;
    if (!mode || !mode->n || str_is(*mode, "error"))
        return err_set(
            e, ERR_DENIED,
            "-layout: OCI layouts are experimental; CNB_EXPERIMENTAL_MODE=warn or silent lets them be used");
    event_warn(app->ev, NULL, "OCI layouts are experimental");
    return 0;
}

// The launcher alone in a directory, under the name that the plan of the
// export expects and with the mode that it has in
// every image.
static int put_launcher(struct app_ctx *app, const struct phase_in *in, const char *temp, int *dir,
                        struct err *e)
{
    drop_buf struct buf program = BUF_INIT(LAUNCHER_MAX);
    drop_fd int tmp = -1;
    if (file_read(AT_FDCWD, str_c(app->a, in->launcher), &program, e) < 0)
        return err_wrap(e, "launcher");
    if (path_open_host(temp, O_RDONLY | O_DIRECTORY, 0, &tmp, e) < 0 ||
        path_mkdirs(tmp, "launcher", 0755, e) < 0 ||
        path_open_plain(tmp, "launcher", O_RDONLY | O_DIRECTORY, 0, dir, e) < 0)
        return -1;
    return file_replace(*dir, "launcher", 0755, buf_view(&program), e);
}

struct target {
    struct layout_writer *writer;
    struct str name, tag, beneath;
};

static void targets_done(struct target *const *v)
{
    for (struct target *t = *v; t && t->name.p; t++)
        layout_writer_drop(t->writer);
}

// Layers of the run image may be missing from its layout: a layout without them is of use where they are elsewhere.
static int copy_layers(struct app_ctx *app, const struct export_inputs *x, struct image_from *from,
                       const struct image *img, struct image_to *to, struct err *e)
{
    for (size_t i = 0; i < img->manifest.layers.n; i++) {
        struct err why = {0};
        const struct descriptor *d = &img->manifest.layers.v[i];
        const struct media_type *type = media_type_find(d->media_type);
        const struct image_blob b = {.desc = d, .diff_id = &img->config.rootfs.diff_ids.v[i]};
        if ((type && type->foreign) || image_copy_blob(from, &b, to, &why) == 0)
            continue;
        if (why.code != ERR_NOT_FOUND || i >= x->run_image.image.manifest.layers.n) {
            *e = why;
            return err_wrap(e, "layer %zu of %zu", i + 1, img->manifest.layers.n);
        }
        event_warn(app->ev, NULL, "layer %zu of the run image is not in its layout: left out", i + 1);
    }
    struct image documents = *img;
    documents.manifest.layers.n = 0;
    return image_copy(from, &documents, to, e);
}

static int fill_target(struct app_ctx *app, const struct export_inputs *x, struct image_from *from,
                       const struct image *img, struct target *t, struct err *e)
{
    drop_fd int tree = -1;
    const char *parent = str_c(app->a, path_dir(t->beneath));
    if (path_open_host(str_c(app->a, x->tree.dir), O_RDONLY | O_DIRECTORY, 0, &tree, e) < 0 ||
        path_mkdirs(tree, parent, 0755, e) < 0 ||
        layout_begin(str_c(app->a, path_join(app->a, x->tree.dir, t->beneath)), &t->writer, e) < 0 ||
        copy_layers(app, x, from, img, layout_to(t->writer), e) < 0)
        return err_wrap(e, "image " PRI_STR, STR_ARG(t->name));
    layout_add(t->writer, img, t->tag);
    return 0;
}

static int begin_report(struct app_ctx *app, const struct phase_in *in, const struct export_inputs *x,
                        const struct image *img, struct newfile **out, struct err *e)
{
    char digest[DIGEST_TEXT];
    struct cnb_report report = {.tags = in->images,
                                .digest = str_of(digest_text(&img->desc.digest, digest)),
                                .manifest_size = img->desc.size};
    struct val *doc;
    if (exporter_build_bom(app, in, &x->group, &report.build_bom, e) < 0)
        return -1;
    return report_write(app->a, &report, &doc, e) < 0 ? -1 : phase_write(app, in->report, doc, out, e);
}

static void tell(struct app_ctx *app, const struct target *v, const struct image *img)
{
    char digest[DIGEST_TEXT];
    struct str line = str_printf(app->a, "*** Images (%.19s):", digest_text(&img->desc.digest, digest));
    event_emit(app->ev, &(struct event){.kind = EV_STEP, .text = line});
    for (; v->name.p; v++)
        event_emit(app->ev, &(struct event){.kind = EV_STEP,
                                            .text = str_printf(app->a, "      " PRI_STR, STR_ARG(v->name))});
}

// All destinations are complete, and so is the report, before the first of them is seen.
static int publish(struct app_ctx *app, const struct phase_in *in, const struct export_inputs *x,
                   struct image_from *from, const struct image *img, struct err *e)
{
    struct target *v = ARENA_ARRAY(app->a, struct target, in->images.n + 1);
    __attribute__((cleanup(targets_done))) struct target *const all = v;
    drop_(newfile_drop) struct newfile *report = NULL;
    for (size_t i = 0; i < in->images.n; i++) {
        struct reference r;
        if (reference_parse(app->a, in->images.v[i], &r, e) < 0 ||
            layout_tree_path(app->a, in->images.v[i], &v[i].beneath, e) < 0)
            return -1;
        v[i].name = in->images.v[i];
        v[i].tag = reference_tag(&r);
        if (fill_target(app, x, from, img, &v[i], e) < 0)
            return -1;
    }
    if (begin_report(app, in, x, img, &report, e) < 0)
        return -1;
    for (size_t i = 0; i < in->images.n; i++)
        if (layout_commit(v[i].writer, e) < 0)
            return err_wrap(e, "image " PRI_STR, STR_ARG(v[i].name));
    tell(app, all, img);
    return newfile_publish(report, false, e);
}

static int export(struct app_ctx *app, const struct phase_in *in, struct export_inputs *x, const char *temp,
                  struct err *e)
{
    drop_fd int layers = -1, app_dir = -1, launcher = -1;
    drop_staged struct staged staged;
    staged_init(&staged, app->a, str_c(app->a, x->tree.dir));
    if (put_launcher(app, in, temp, &launcher, e) < 0 || exporter_sbom(app, in, e) < 0 ||
        path_open_host(str_c(app->a, in->layers), O_RDONLY | O_DIRECTORY, 0, &layers, e) < 0 ||
        path_open_host(str_c(app->a, in->app), O_RDONLY | O_DIRECTORY, 0, &app_dir, e) < 0)
        return -1;
    struct export_base base;
    export_inputs_base(app->a, x, &base);
    const struct export_previous previous = {&x->previous.image.config, &x->previous.image.manifest,
                                             &x->analyzed.metadata};
    drop_(pool_free) struct pool *pool = pool_new(0);
    const struct export_in how = {.ev = app->ev,
                                  .layers_fd = layers,
                                  .app_fd = app_dir,
                                  .launcher_fd = launcher,
                                  .layers_dir = in->layers,
                                  .app_dir = in->app,
                                  .group = &x->group,
                                  .meta = &x->meta,
                                  .base = &base,
                                  .previous = x->previous.layout ? &previous : NULL,
                                  .project = x->project,
                                  .uid = (uint32_t)in->uid,
                                  .gid = (uint32_t)in->gid,
                                  .created_sec = x->created_sec,
                                  .platform_api = in->platform_api,
                                  .exec_env = in->exec_env,
                                  .process_type = in->process_type,
                                  .launcher = {STR(DEMA_VERSION), STR("dema"), STR("")},
                                  .codec = CODEC,
                                  .pool = pool,
                                  .store = &staged.store};
    struct export_out made;
    struct image img;
    if (lc_export(app->a, &how, &made, e) < 0 ||
        image_decode(app->a, made.manifest_json, NULL, made.config_json, &img, e) < 0)
        return -1;
    staged_name(&staged, &made);
    drop_(image_from_drop) struct image_from *run_from = layout_from(x->run_image.layout);
    drop_(image_from_drop) struct image_from *previous_from =
        x->previous.layout ? layout_from(x->previous.layout) : NULL;
    staged.others[0] = run_from;
    staged.others[1] = previous_from;
    return publish(app, in, x, &staged.from, &img, e);
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct phase_in *in = in_;
    drop_export_inputs struct export_inputs x = {0};
    drop_phase_temp const char *temp = NULL;
    if (export_inputs_check(app, in, e) < 0 || guard_experimental(app, e) < 0 || phase_become(in, e) < 0 ||
        phase_temp(app, &temp, e) < 0 || export_inputs_read(app, in, &x, e) < 0)
        return phase_bad_input(app, e);
    if (export_inputs_images(app, in, &x, e) < 0 || export(app, in, &x, temp, e) < 0)
        return phase_failed(app, PHASE_EXPORT, e);
    return 0;
}

static const struct opt opts[] = {
    ROW_ANALYZED,      ROW_APP,          ROW_CACHE_DIR,
    ROW_CACHE_IMAGE,   ROW_DAEMON,       ROW_EXTENDED,
    ROW_GID,           ROW_GROUP,        ROW_IMAGE,
    ROW_INSECURE,      ROW_LAUNCH_CACHE, ROW_LAUNCHER,
    ROW_LAUNCHER_SBOM, ROW_LAYERS,       ROW_LAYOUT,
    ROW_LAYOUT_DIR,    ROW_LOG_LEVEL,    ROW_NO_COLOR,
    ROW_PARALLEL,      ROW_PROCESS_TYPE, ROW_PROJECT_METADATA,
    ROW_REPORT,        ROW_RUN,          ROW_RUN_IMAGE,
    ROW_STACK,         ROW_UID,          {0},
};

static const struct phase_gate gates[] = {
    {"extended", API(0, 12), 0},      {"insecure-registry", API(0, 13), 0},
    {"launcher-sbom", API(0, 11), 0}, {"layout", API(0, 12), 0},
    {"layout-dir", API(0, 12), 0},    {"run", API(0, 12), 0},
    {"stack", 0, API(0, 12)},         {NULL, 0, 0},
};

const struct phase_program phase_exporter = {
    .applet = {.name = "exporter",
               .alias = "export",
               .summary = "Makes an app image of what the build left",
               .args = "IMAGE…",
               .details = "Reads group.toml, analyzed.toml and config/metadata.toml, writes the image under "
                          "each of its names, "
                          "and report.toml.",
               .grammar = GRAMMAR_GO,
               .opts = opts,
               .in_size = sizeof(struct phase_in),
               .run = run},
    .phase = PHASE_EXPORT,
    .gates = gates,
    .min_images = 1,
};

// SPDX-License-Identifier: Apache-2.0
// The image of tests/data/reference-image, made by us from the same app and buildpacks: its layers and labels.
#include "base/file.h"
#include "cnb/api.h"
#include "document/toml.h"
#include "lifecycle/build.h"
#include "lifecycle/export.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy(struct arena *a, struct test *t, const char *from, const char *to, mode_t mode)
{
    struct str s = test_read(a, AT_FDCWD, test_data(a, arena_printf(a, "reference-image/%s", from)));
    test_write(t->dir, to, s.p, s.n);
    CHECK(fchmodat(t->dir, to, mode, 0) == 0);
}

static int open_dir(struct test *t, const char *path)
{
    int fd = -1;
    MUST(path_open(t->dir, path, O_RDONLY | O_DIRECTORY, 0, &fd, &e));
    return fd;
}

static void lay_out(struct arena *a, struct test *t)
{
    static const char *const files[] = {"static/x.js", "static/css/a.css", "vendor/v0", "vendor/a/b/v.txt",
                                        "project.toml"};
    static const char toml[] =
        "api = '0.11'\n[buildpack]\nid = 'samples/hello-world'\nversion = '0.0.2'\nhomepage = "
        "'https://github.com/buildpacks/samples/tree/main/buildpacks/hello-world'\n";
    static const char none[] = "#!/bin/sh\nexit 0\n";
    for (size_t i = 0; i < COUNT(files); i++)
        copy(a, t, arena_printf(a, "app/%s", files[i]), arena_printf(a, "workspace/%s", files[i]), 0644);
    copy(a, t, "app/index.html", "workspace/index.html", 0600);
    drop_fd int ws = open_dir(t, "workspace");
    CHECK(symlinkat("index.html", ws, "link") == 0 && fchmod(ws, 0777) == 0);
    copy(a, t, "buildpack/buildpack.toml", "bp/bench_golden/1.2.3/buildpack.toml", 0644);
    copy(a, t, "buildpack/bin/build", "bp/bench_golden/1.2.3/bin/build", 0755);
    test_write(t->dir, "bp/samples_hello-world/0.0.2/buildpack.toml", toml, strlen(toml));
    test_write(t->dir, "bp/samples_hello-world/0.0.2/bin/build", none, strlen(none));
    CHECK(fchmodat(t->dir, "bp/samples_hello-world/0.0.2/bin/build", 0755, 0) == 0);
    test_write(t->dir, "launcher/launcher", "x", 1);
    CHECK(fchmodat(t->dir, "launcher/launcher", 0755, 0) == 0);
    static const char *const dirs[] = {"layers", "platform", "config", "temp"};
    for (size_t i = 0; i < COUNT(dirs); i++)
        CHECK(mkdirat(t->dir, dirs[i], 0755) == 0);
}

struct null_store {
    struct export_store store;
};

static int null_blob(struct export_store *self, struct sink **out, struct err *e)
{
    (void)self;
    (void)e;
    *out = sink_null();
    return 0;
}

// The base below the reference's image: its first layer and what the config said before.
static void base_of(struct arena *a, struct image_config *c, struct manifest *m)
{
    struct str json = test_read(a, AT_FDCWD, test_data(a, "reference-image/config.json"));
    MUST(image_config_decode(a, json, NULL, c, &e));
    image_config_cut_layers(a, c, 1);
    image_config_env_set(a, c, STR("PATH"),
                         STR("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    json = test_read(a, AT_FDCWD, test_data(a, "reference-image/manifest.json"));
    MUST(manifest_decode(a, json, NULL, m, &e));
    m->layers.n = 1;
}

static void build(struct arena *a, struct test *t, struct cnb_selected *group, struct cnb_metadata *meta)
{
    static struct cnb_ref refs[] = {
        {.id = STR_INIT("bench/golden"),
         .version = STR_INIT("1.2.3"),
         .api = STR_INIT("0.11"),
         .homepage = STR_INIT("https://example.com/golden")},
        {.id = STR_INIT("samples/hello-world"),
         .version = STR_INIT("0.0.2"),
         .api = STR_INIT("0.11"),
         .homepage = STR_INIT("https://github.com/buildpacks/samples/tree/main/buildpacks/hello-world")},
    };
    struct lc_context cx = {.platform_api = API(0, 15),
                            .app_dir = arena_printf(a, "%s/workspace", t->path),
                            .platform_dir = arena_printf(a, "%s/platform", t->path),
                            .buildpacks_dir = arena_printf(a, "%s/bp", t->path),
                            .build_config_dir = arena_printf(a, "%s/config", t->path),
                            .layers_dir = arena_printf(a, "%s/layers", t->path),
                            .temp_dir = arena_printf(a, "%s/temp", t->path),
                            .exec_env = STR("production")};
    strmap_set(a, &cx.env, STR("PATH"), STR("/usr/bin:/bin"));
    struct plan plan = {0};
    struct build_in in = {.group = group, .plan = &plan, .out_fd = -1};
    group->buildpacks.v = refs;
    group->buildpacks.n = COUNT(refs);
    umask(022);
    MUST(lc_build(a, &cx, &in, meta, &e));
}

static void export_it(struct arena *a, struct test *t, const struct cnb_selected *group,
                      const struct cnb_metadata *meta, struct export_out *out)
{
    struct image_config config;
    struct manifest manifest;
    base_of(a, &config, &manifest);
    struct export_base base = {.config = &config,
                               .manifest = &manifest,
                               .image = STR("localhost:5000/base/run:1"),
                               .reference =
                                   STR("localhost:5000/base/run@sha256:"
                                       "e4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050")};
    strv_add(a, &base.mirrors, STR("127.0.0.1:5000/base/run:1"));
    struct null_store store = {.store.blob = null_blob};
    drop_fd int layers = open_dir(t, "layers"), app = open_dir(t, "workspace"),
                launcher = open_dir(t, "launcher");
    struct export_in in = {
        .layers_fd = layers,
        .app_fd = app,
        .launcher_fd = launcher,
        .layers_dir = STR("/layers"),
        .app_dir = STR("/workspace"),
        .group = group,
        .meta = meta,
        .base = &base,
        .uid = 1000,
        .gid = 1000,
        .created_sec = LAYER_MTIME,
        .platform_api = API(0, 15),
        .exec_env = STR("production"),
        .launcher = {STR("0.21.17-2+4bd4b13e"), STR("github.com/buildpacks/lifecycle"), STR("4bd4b13e")},
        .codec = "gzip-libdeflate-1-1m",
        .store = &store.store};
    MUST(lc_export(a, &in, out, &e));
}

enum { LAUNCHER = 7 }; // the reference's own program: the one layer that cannot be equal

TEST(golden_layers_have_the_references_diff_ids)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_selected group = {0};
    struct cnb_metadata meta;
    struct export_out out;
    struct image_config want;
    char got[DIGEST_TEXT], wanted[DIGEST_TEXT];
    lay_out(a, t);
    build(a, t, &group, &meta);
    export_it(a, t, &group, &meta, &out);
    struct str json = test_read(a, AT_FDCWD, test_data(a, "reference-image/config.json"));
    MUST(image_config_decode(a, json, NULL, &want, &e));
    EQ_UINT(out.config.rootfs.diff_ids.n, want.rootfs.diff_ids.n);
    for (size_t i = 0; i < want.rootfs.diff_ids.n; i++)
        if (i != LAUNCHER)
            CHECK_MSG(digest_eq(&out.config.rootfs.diff_ids.v[i], &want.rootfs.diff_ids.v[i]),
                      "layer %zu (%.*s): %s, want %s", i, STR_ARG(want.history.v[i].created_by),
                      digest_text(&out.config.rootfs.diff_ids.v[i], got),
                      digest_text(&want.rootfs.diff_ids.v[i], wanted));
    for (size_t i = 0; i < want.history.n; i++) {
        CHECK(str_eq(out.config.history.v[i].created_by, want.history.v[i].created_by));
        CHECK(str_eq(out.config.history.v[i].created, want.history.v[i].created));
    }
}

// With the launcher's digest put in, everything else of the config has the reference's bytes.
TEST(golden_config_has_the_references_labels_and_settings)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_selected group = {0};
    struct cnb_metadata meta;
    struct export_out out;
    struct image_config want;
    lay_out(a, t);
    build(a, t, &group, &meta);
    export_it(a, t, &group, &meta, &out);
    struct str json = test_read(a, AT_FDCWD, test_data(a, "reference-image/config.json"));
    MUST(image_config_decode(a, json, NULL, &want, &e));
    drop_buf struct buf label = BUF_INIT(1 << 20);
    char sha[DIGEST_TEXT];
    out.md.launcher = str_of(digest_text(&want.rootfs.diff_ids.v[LAUNCHER], sha));
    MUST(lifecycle_metadata_json(a, &out.md, &label, &e));
    image_config_label_set(a, &out.config, STR(LABEL_LIFECYCLE), buf_view(&label));
    out.config.rootfs.diff_ids.v[LAUNCHER] = want.rootfs.diff_ids.v[LAUNCHER];
    struct str got_json, want_json;
    MUST(image_config_encode(a, &out.config, OCI_CANONICAL, &got_json, &e));
    MUST(image_config_encode(a, &want, OCI_CANONICAL, &want_json, &e));
    EQ_STR(got_json, str_c(a, want_json));
}

TEST(golden_one_byte_of_the_app_changes_one_layer)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct cnb_selected group = {0};
    struct cnb_metadata meta;
    struct export_out before, after;
    lay_out(a, t);
    build(a, t, &group, &meta);
    export_it(a, t, &group, &meta, &before);
    test_write(t->dir, "workspace/vendor/v0", "v1\n", 3);
    export_it(a, t, &group, &meta, &after);
    for (size_t i = 0; i < before.config.rootfs.diff_ids.n; i++)
        CHECK(digest_eq(&before.config.rootfs.diff_ids.v[i], &after.config.rootfs.diff_ids.v[i]) == (i != 6));
}

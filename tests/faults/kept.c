// SPDX-License-Identifier: Apache-2.0
// kept MODE DIR - what the fault loops break: builds of an app that keep layers.
//   once                 one build that keeps one file
//   several              four builds: two layers, one touched, one dropped and made again, a deletion
//   after[-reboot] MODE  whatever the record says is kept is whole; then MODE again, and gc
//   bad-early            the record is written before what it names: the loops must find it
#include "base/dir.h"
#include "base/file.h"
#include "platform/kept_priv.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdio.h>

enum { CONTENT = 100000 };

struct app {
    struct arena *a;
    struct state *st;
    struct kept *k;
    struct cnb_ref ref;
    struct cnb_selected group;
    struct events ev;
    bool warned;
};

static void emit(struct events *self, const struct event *ev)
{
    struct app *app = CONTAINER(self, struct app, ev);
    app->warned = app->warned || ev->kind == EV_WARN;
    if (ev->kind == EV_WARN)
        fprintf(stderr, "# " PRI_STR "\n", STR_ARG(ev->text));
}

static int begin(struct app *app, struct err *e)
{
    const struct kept_opts o = {.st = app->st,
                                .ev = &app->ev,
                                .name = STR("host.example/app:1"),
                                .uid = 1000,
                                .gid = 1000,
                                .out_uid = -1,
                                .out_gid = -1,
                                .copies = true,
                                .codec = "gzip-libdeflate-1-1m"};
    const struct kept_previous none = {0};
    if (kept_open(app->a, &o, &app->k, e) < 0)
        return -1;
    return kept_restore(app->k, &app->group, &none, e);
}

static int put(struct app *app, const char *path, char fill, size_t n, struct err *e)
{
    drop_free char *p = xmalloc(n ? n : 1);
    drop_fd int fd = -1;
    memset(p, fill, n);
    if (path_mkdirs(kept_upper_fd(app->k), str_c(app->a, path_dir(str_of(path))), 0755, e) < 0 ||
        path_open_plain(kept_upper_fd(app->k), path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd, e) < 0)
        return -1;
    return file_write_all(fd, p, n, e);
}

static int put_toml(struct app *app, const char *layer, struct err *e)
{
    static const char types[] = "[types]\nlaunch = true\ncache = true\n";
    const char *path = arena_printf(app->a, "test_one/%s.toml", layer);
    drop_fd int fd = -1;
    if (path_open_plain(kept_upper_fd(app->k), path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd, e) < 0)
        return -1;
    return file_write_all(fd, types, sizeof types - 1, e);
}

static int make(struct app *app, const char *layer, struct sink *to, struct layer *out, struct err *e)
{
    const struct layer_spec s = {.dirfd = kept_upper_fd(app->k),
                                 .sub = str_printf(app->a, "test_one/%s", layer),
                                 .at = str_printf(app->a, "/layers/test_one/%s", layer),
                                 .mtime_sec = LAYER_MTIME,
                                 .codec = "gzip-libdeflate-1-1m"};
    return layer_make(&s, NULL, to, out, e);
}

static int export(struct app *app, struct txn *t, const char *layer, struct err *e)
{
    struct layer l;
    struct err none = {0};
    drop_(sink_drop) struct sink *to = NULL;
    if (kept_find(app->k, kept_upper_fd(app->k), STR("test/one"), str_of(layer), &l, &none) != KNOWN_YES &&
        (txn_blob(t, NULL, NULL, &to, e) < 0 || make(app, layer, to, &l, e) < 0 || sink_finish(to, e) < 0))
        return -1;
    kept_note(app->k, STR("test/one"), str_of(layer), &l);
    return put_toml(app, layer, e);
}

static int end(struct app *app, const char *first, const char *second, struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    drop_fd int fd = -1;
    struct digest manifest;
    digest_of(HASH_SHA256, "", 0, &manifest);
    if (txn_begin(app->st, &t, e) < 0 || export(app, t, first, e) < 0 ||
        (second && export(app, t, second, e) < 0) || txn_commit(t, e) < 0 ||
        path_open_plain(kept_upper_fd(app->k), ".", O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        kept_keep(app->k, &app->group, &fd, &manifest, e) < 0)
        return -1;
    kept_close(app->k);
    app->k = NULL;
    return 0;
}

static int do_once(struct app *app, struct err *e)
{
    return begin(app, e) < 0 || put(app, "test_one/jre/java", 'j', CONTENT, e) < 0 ? -1
                                                                                   : end(app, "jre", NULL, e);
}

static int do_several(struct app *app, struct err *e)
{
    if (do_once(app, e) < 0)
        return -1;
    if (begin(app, e) < 0 || put(app, "test_one/deps/a/b", 'd', CONTENT, e) < 0 ||
        put(app, "test_one/deps/c", 'c', 10, e) < 0 ||
        put(app, "test_one/jre.sbom.cdx.json", 's', 100, e) < 0 || end(app, "deps", "jre", e) < 0)
        return -1;
    if (begin(app, e) < 0 || put(app, "test_one/jre/java", 'k', CONTENT, e) < 0 ||
        end(app, "jre", NULL, e) < 0)
        return -1;
    if (begin(app, e) < 0 || tree_remove(kept_upper_fd(app->k), "test_one/jre/java", e) < 0 ||
        put(app, "test_one/jre/other", 'o', 5, e) < 0 || put(app, "test_one/deps/x", 'x', 10, e) < 0)
        return -1;
    return end(app, "deps", "jre", e);
}

static int do_bad_early(struct app *app, struct err *e)
{
    static const char record[] =
        "format = 1\nuid = 1000\ngid = 1000\noutside-uid = -1\noutside-gid = -1\nimage = \"\"\n"
        "[[buildpacks]]\nid = \"test/one\"\n[[buildpacks.layers]]\nname = \"jre\"\ncache = true\n"
        "[[buildpacks.layers.parts]]\nname = \"jre\"\nfrom = [\"gen-1\"]\n";
    if (begin(app, e) < 0 || file_replace(app->k->dir, KEPT_RECORD, 0600, str_of(record), e) < 0)
        return -1;
    return put(app, "test_one/jre/java", 'j', CONTENT, e) < 0 ? -1 : end(app, "jre", NULL, e);
}

static int check_layer(struct app *app, const struct kept_layer *l, struct err *e)
{
    struct layer got;
    char text[DIGEST_TEXT];
    drop_(sink_drop) struct sink *nowhere = sink_null();
    if (!l->diff_id.n)
        return err_set(e, ERR_NOT_FOUND, PRI_STR ": no diff ID", STR_ARG(l->name));
    if (make(app, str_c(app->a, l->name), nowhere, &got, e) < 0)
        return -1;
    if (!str_is(l->diff_id, digest_text(&got.diff_id, text)))
        return err_set(e, ERR_DIGEST, PRI_STR ": is %s, the record says " PRI_STR, STR_ARG(l->name), text,
                       STR_ARG(l->diff_id));
    return 0;
}

// Restores what is kept, and looks at every byte of it.
static int do_verify(struct app *app, struct err *e)
{
    if (begin(app, e) < 0)
        return -1;
    for (size_t i = 0; i < app->k->rec.buildpacks.n; i++)
        for (size_t j = 0; j < app->k->rec.buildpacks.v[i].layers.n; j++)
            if (check_layer(app, &app->k->rec.buildpacks.v[i].layers.v[j], e) < 0)
                return -1;
    kept_close(app->k);
    app->k = NULL;
    return app->warned ? err_set(e, ERR_PARSE, "a warning: the record cannot be read") : 0;
}

static int do_gc(struct app *app, struct err *e)
{
    uint64_t n;
    return kept_gc(app->st, false, &n, e) < 0 || state_gc(app->st, NULL, NULL, e) < 0 ? -1 : 0;
}

static int run_mode(struct app *app, const char *mode, struct err *e)
{
    if (strcmp(mode, "once") == 0)
        return do_once(app, e);
    if (strcmp(mode, "several") == 0)
        return do_several(app, e);
    if (strcmp(mode, "bad-early") == 0)
        return do_bad_early(app, e);
    return err_set(e, ERR_USAGE, "no mode \"%s\"", mode);
}

static int run(struct app *app, int argc, char **argv, struct err *e)
{
    bool after = strncmp(argv[1], "after", 5) == 0, reboot = strcmp(argv[1], "after-reboot") == 0;
    const struct state_opts opts = {.boot_id = reboot ? "boot-2" : "boot-1"};
    if (argc != 3 + after)
        return err_set(e, ERR_USAGE, "kept MODE DIR | kept after[-reboot] MODE DIR");
    if (state_open(argv[2 + after], &opts, &app->st, e) < 0)
        return -1;
    if (!after)
        return run_mode(app, argv[1], e);
    if (do_verify(app, e) < 0 || run_mode(app, strcmp(argv[2], "bad-early") == 0 ? "once" : argv[2], e) < 0 ||
        do_verify(app, e) < 0)
        return -1;
    return do_gc(app, e);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char text[1024];
    struct app app = {.a = arena_new(65536), .ev.emit = emit};
    app.ref = (struct cnb_ref){.id = STR("test/one"), .version = STR("1"), .api = STR("0.10")};
    app.group.buildpacks.v = &app.ref;
    app.group.buildpacks.n = 1;
    int rc = argc < 3 ? err_set(&e, ERR_USAGE, "kept MODE DIR") : run(&app, argc, argv, &e);
    kept_close(app.k);
    state_close(app.st);
    arena_free(app.a);
    if (rc < 0)
        fprintf(stderr, "kept: %s\n", err_text(&e, text, sizeof text));
    return rc < 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "site.h"
#include "archive/tar_write.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/env.h"
#include "document/toml.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <sys/stat.h>

static void emit(struct events *self, const struct event *ev)
{
    struct log *log = CONTAINER(self, struct log, ev);
    if (ev->kind == EV_LINE)
        buf_printf(&log->text, PRI_STR "\n", STR_ARG(ev->text));
}

void site_init(struct site *s, struct test *t, struct arena *a, const char *recipe)
{
    *s = (struct site){.t = t, .a = a, .recipe = recipe, .catalogue = "", .plan = ""};
    s->log = (struct log){{emit}, BUF_INIT(1 << 20)};
    MUST(path_mkdirs(t->dir, "app", 0755, &e));
    MUST(path_mkdirs(t->dir, "layers/bp", 0755, &e));
    MUST(path_mkdirs(t->dir, "buildpack", 0755, &e));
    strmap_set(a, &s->env, STR("PATH"), STR("/usr/bin:/bin"));
    test_write(t->dir, "helpers", "#!helpers", 9);
}
void site_done(struct site *s)
{
    buf_free(&s->log.text);
}

struct str place(struct site *s, const char *name)
{
    return str_printf(s->a, "%s/%s", s->t->path, name);
}

struct val *toml_of(struct site *s, const char *text)
{
    struct val *v;
    MUST(toml_read(s->a, str_of(text), "text.toml", &v, &e));
    return v;
}

static void read_plan(struct site *s, struct plan_requires *out)
{
    const struct val *entries = val_get(toml_of(s, s->plan), STR("entries"));
    for (size_t i = 0; entries && i < entries->c.n; i++) {
        out->v = arena_grow(s->a, out->v, out->n, &out->cap, sizeof *out->v);
        out->v[out->n++] = (struct plan_require){val_get(&entries->c.v[i], STR("name"))->s,
                                                 val_get(&entries->c.v[i], STR("metadata"))};
    }
}

int build(struct site *s, struct err *e)
{
    struct recipe r;
    struct catalogue c = {0};
    struct plan_requires plan = {0};
    struct bp_plan p;
    struct world w = {
        .app_fd = -1, .calls = s->calls, .ev = &s->log.ev, .helpers = str_c(s->a, place(s, "helpers"))};
    struct bp_input in = {.phase = KIT_BUILD,
                          .app = place(s, "app"),
                          .layers = place(s, "layers/bp"),
                          .buildpack = place(s, "buildpack"),
                          .version = STR("1"),
                          .os = STR("linux"),
                          .arch = STR("amd64"),
                          .env = &s->env,
                          .plan = &plan,
                          .catalogue = &c,
                          .sbom = !s->no_sbom,
                          .world = &w.base};
    drop_fd int app = -1, layers = -1, buildpack = -1;
    buf_clear(&s->log.text);
    if (recipe_read(s->a, toml_of(s, s->recipe), "recipe.toml", &r, e) < 0 ||
        catalogue_read(s->a, toml_of(s, s->catalogue), "buildpack.toml", NULL, &c, e) < 0 ||
        path_open_host(str_c(s->a, in.app), O_RDONLY | O_DIRECTORY, 0, &app, e) < 0 ||
        path_open_host(str_c(s->a, in.layers), O_RDONLY | O_DIRECTORY, 0, &layers, e) < 0 ||
        path_open_host(str_c(s->a, in.buildpack), O_RDONLY | O_DIRECTORY, 0, &buildpack, e) < 0)
        return -1;
    read_plan(s, &plan);
    w.app_fd = app;
    w.layers_fd = layers;
    w.buildpack_fd = buildpack;
    w.in = &in;
    world_init(&w);
    if (recipe_plan(s->a, &r, &in, &p, e) < 0)
        return -1;
    const struct act act = {.plan = &p, .in = &in, .world = &w, .envp = env_vector(s->a, &s->env)};
    return recipe_act(&act, e);
}

bool logged(struct site *s, const char *text)
{
    return s->log.text.p && strstr(s->log.text.p, text);
}

struct str content(struct site *s, const char *path)
{
    return test_read(s->a, s->t->dir, path);
}

bool there(struct site *s, const char *path)
{
    struct stat st;
    return fstatat(s->t->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *make_dep(struct site *s, const char *version, const char *program)
{
    drop_buf struct buf tar = BUF_INIT(1 << 20);
    drop_(sink_drop) struct sink *to = sink_buffer(&tar);
    drop_(tar_writer_free) struct tar_writer *w = tar_writer_new(to);
    const struct tar_entry en = {
        .type = TAR_FILE, .name = STR("dep-1/bin/tool"), .mode = 0755, .size = strlen(program)};
    struct digest d;
    char text[DIGEST_TEXT];
    MUST(tar_write_entry(w, &en, &e));
    MUST(tar_write_data(w, program, en.size, &e));
    MUST(tar_write_end(w, &e));
    MUST(sink_finish(to, &e));
    digest_of(HASH_SHA256, tar.p, tar.n, &d);
    test_write(s->t->dir, "dep.tar", tar.p, tar.n);
    return arena_printf(
        s->a,
        "[[metadata.dependencies]]\nid = 'tool'\nname = 'Tool'\nversion = '%s'\n"
        "uri = 'file://%s/dep.tar'\nchecksum = '%s'\nstrip-components = 1\nlicenses = ['MIT']\n"
        "purl = 'pkg:generic/tool@%s'\n",
        version, s->t->path, digest_text(&d, text), version);
}

const char tool_recipe[] = "[[plan]]\nprovides = ['tool']\n[[layer]]\nname = 'tool'\nplan = 'tool'\n"
                           "dependency = 'tool'\nlinks = { 'bin/t' = 'tool' }\n"
                           "[[env]]\nlayer = 'tool'\ndefault = { TOOL = '${layers}/tool' }\n"
                           "[[env]]\nlayer = 'tool'\nphase = 'launch'\nappend = { P = 'x' }\n";
const char tool_plan[] = "[[entries]]\nname = 'tool'\n[entries.metadata]\nbuild = true\n"
                         "[[entries]]\nname = 'tool'\n[entries.metadata]\nlaunch = true\n";

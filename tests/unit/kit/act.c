// SPDX-License-Identifier: Apache-2.0
// Whole builds of recipes in a directory of the test's own.
#include "kit/act.h"
#include "archive/tar_write.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/env.h"
#include "document/toml.h"
#include "kit/program.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>

struct log {
    struct events ev;
    struct buf text;
};

static void emit(struct events *self, const struct event *ev)
{
    struct log *log = CONTAINER(self, struct log, ev);
    if (ev->kind == EV_LINE)
        buf_printf(&log->text, PRI_STR "\n", STR_ARG(ev->text));
}

// One buildpack, built again and again.
struct site {
    struct test *t;
    struct arena *a;
    const char *recipe, *catalogue, *plan;
    struct strmap env;
    bool no_sbom;
    const struct call_row *const *calls;
    struct log log;
};

static void site_init(struct site *s, struct test *t, struct arena *a, const char *recipe)
{
    *s = (struct site){.t = t, .a = a, .recipe = recipe, .catalogue = "", .plan = ""};
    s->log = (struct log){{emit}, BUF_INIT(1 << 20)};
    MUST(path_mkdirs(t->dir, "app", 0755, &e));
    MUST(path_mkdirs(t->dir, "layers/bp", 0755, &e));
    MUST(path_mkdirs(t->dir, "buildpack", 0755, &e));
    strmap_set(a, &s->env, STR("PATH"), STR("/usr/bin:/bin"));
    test_write(t->dir, "helpers", "#!helpers", 9);
}
#define drop_site __attribute__((cleanup(site_done)))
static void site_done(struct site *s)
{
    buf_free(&s->log.text);
}

static struct str place(struct site *s, const char *name)
{
    return str_printf(s->a, "%s/%s", s->t->path, name);
}

static struct val *toml_of(struct site *s, const char *text)
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

static int build(struct site *s, struct err *e)
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
    const struct act act = {
        .plan = &p, .in = &in, .world = &w, .envp = env_vector(s->a, &s->env), .sbom = !s->no_sbom};
    return recipe_act(&act, e);
}

static bool logged(struct site *s, const char *text)
{
    return s->log.text.p && strstr(s->log.text.p, text);
}
#define LOGGED(words) CHECK_MSG(logged(&s, words), "not in the log: %s\n%s", words, s.log.text.p)
#define NOT_LOGGED(words) CHECK_MSG(!logged(&s, words), "in the log: %s\n%s", words, s.log.text.p)

static struct str content(struct site *s, const char *path)
{
    return test_read(s->a, s->t->dir, path);
}

static bool there(struct site *s, const char *path)
{
    struct stat st;
    return fstatat(s->t->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

// dep.tar with `bin/tool` and a folder around it; its row of a catalogue.
static const char *make_dep(struct site *s, const char *version, const char *program)
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

static const char tool_recipe[] = "[[plan]]\nprovides = ['tool']\n[[layer]]\nname = 'tool'\nplan = 'tool'\n"
                                  "dependency = 'tool'\nlinks = { 'bin/t' = 'tool' }\n"
                                  "[[env]]\nlayer = 'tool'\ndefault = { TOOL = '${layers}/tool' }\n"
                                  "[[env]]\nlayer = 'tool'\nphase = 'launch'\nappend = { P = 'x' }\n";
static const char tool_plan[] = "[[entries]]\nname = 'tool'\n[entries.metadata]\nbuild = true\n"
                                "[[entries]]\nname = 'tool'\n[entries.metadata]\nlaunch = true\n";

TEST(a_dependency_becomes_a_layer_and_is_reused)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    struct stat first, second;
    site_init(&s, t, a, tool_recipe);
    s.catalogue = make_dep(&s, "1.2.3", "tool 1");
    s.plan = tool_plan;
    MUST(build(&s, &e));
    LOGGED("Selected Tool version (using default): 1.2.3");
    LOGGED("    Installing Tool 1.2.3");
    LOGGED("  Configuring build environment\n    TOOL -> ");
    EQ_STR(content(&s, "layers/bp/tool/bin/tool"), "tool 1");
    EQ_STR(content(&s, "layers/bp/tool/bin/t"), "tool 1");
    EQ_STR(content(&s, "layers/bp/tool/env.launch/P.append"), "x");
    EQ_STR(content(&s, "layers/bp/tool/env.launch/P.delim"), ":");
    struct val *toml = toml_of(&s, str_c(a, content(&s, "layers/bp/tool.toml")));
    CHECK(val_at(toml, "types.build")->b && val_at(toml, "types.launch")->b &&
          val_at(toml, "types.cache")->b);
    EQ_STR(val_at(toml, "metadata.key.version")->s, "1.2.3");
    CHECK(strstr(str_c(a, content(&s, "layers/bp/tool.sbom.cdx.json")), "pkg:generic/tool@1.2.3"));
    CHECK(fstatat(t->dir, "layers/bp/tool/env/TOOL.default", &first, 0) == 0);

    CHECK(unlinkat(t->dir, "dep.tar", 0) == 0); // nothing is downloaded again
    MUST(build(&s, &e));
    LOGGED("  Reusing cached layer ");
    LOGGED("/layers/bp/tool\n");
    NOT_LOGGED("Installing");
    CHECK(fstatat(t->dir, "layers/bp/tool/env/TOOL.default", &second, 0) == 0);
    CHECK(first.st_ino == second.st_ino); // what is the same stays untouched
}

TEST(the_log_says_in_what_a_layer_differs)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a, tool_recipe);
    s.catalogue = make_dep(&s, "1.2.3", "tool 1");
    s.plan = tool_plan;
    MUST(build(&s, &e));
    s.catalogue = make_dep(&s, "1.3.0", "tool 2");
    MUST(build(&s, &e));
    LOGGED("  tool: version 1.3.0, was 1.2.3");
    LOGGED("  tool: checksum changed");
    EQ_STR(content(&s, "layers/bp/tool/bin/tool"), "tool 2");
    s.plan = "[[entries]]\nname = 'tool'\n[entries.metadata]\nbuild = true\n";
    MUST(build(&s, &e));
    LOGGED("  tool: launch false, was true");
}

TEST(the_environment_is_refreshed_on_reuse)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[fact]]\nname = 'x'\nenv = 'X'\ndefault = 'none'\n[[layer]]\nname = 'a'\nlaunch = "
              "true\ncache = true\n"
              "key = { k = '1' }\nwrite = { f = 'f' }\n[[layer]]\nname = 'b'\nlaunch = true\n"
              "[[env]]\nlayer = 'a'\nphase = 'launch'\noverride = { V = '${x}' }\n"
              "[[env]]\nlayer = 'b'\nphase = 'launch'\noverride = { V = '${x}' }\n");
    MUST(build(&s, &e));
    EQ_STR(content(&s, "layers/bp/a/env.launch/V.override"), "none");
    strmap_set(a, &s.env, STR("X"), STR("new"));
    MUST(build(&s, &e));
    LOGGED("Reusing cached layer");
    EQ_STR(content(&s, "layers/bp/a/env.launch/V.override"), "new");
    EQ_STR(content(&s, "layers/bp/a/f"), "f");
    LOGGED("  b: environment changed"); // its content is in an image, and is not here to be written again
    EQ_STR(content(&s, "layers/bp/b/env.launch/V.override"), "new");
    MUST(tree_remove(t->dir, "layers/bp/b", &e));
    MUST(build(&s, &e));
    NOT_LOGGED("environment changed");
    CHECK(!there(&s, "layers/bp/b")); // so that the image's layer is taken
    CHECK(there(&s, "layers/bp/b.toml"));
}

TEST(steps_run_when_their_layer_is_made_anew)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'out'\nlaunch = true\ncache = true\nfiles = ['*.txt', 'sub']\n"
              "[[layer]]\nname = 'cache'\ncache = true\n"
              "[[step]]\nname = 'copy'\nlayer = 'out'\nrun = ['sh', '-c', 'echo hello $W; cat a.txt > "
              "${layers}/out/x; "
              "echo more >> ${layers}/log']\nenv = { W = 'world' }\n"
              "[[step]]\nname = 'always'\nrun = ['sh', '-c', 'echo once >> ${layers}/cache/runs; pwd']\ncwd "
              "= 'sub'\n");
    test_write(t->dir, "app/a.txt", "a", 1);
    test_write(t->dir, "app/sub/b", "b", 1);
    MUST(build(&s, &e));
    LOGGED("  Executing copy\n    Running 'sh -c echo hello $W;");
    LOGGED("      hello world\n");
    LOGGED("/app/sub\n");
    EQ_STR(content(&s, "layers/bp/out/x"), "a");
    MUST(build(&s, &e));
    NOT_LOGGED("hello world");
    EQ_STR(content(&s, "layers/bp/cache/runs"), "once\nonce\n");
    EQ_STR(content(&s, "layers/bp/log"), "more\n");
    test_write(t->dir, "app/sub/c", "c", 1);
    MUST(build(&s, &e));
    LOGGED("  out: file sub changed");
    test_write(t->dir, "app/c.txt", "c", 1);
    MUST(build(&s, &e));
    LOGGED("  out: file c.txt is new");
}

TEST(a_failed_step_leaves_no_layer)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'x'\ncache = true\nlaunch = true\n[[step]]\nname = 'make it'\nlayer = 'x'\n"
              "run = ['sh', '-c', 'echo part > ${layers}/x/f; echo no such header >&2; exit 3']\n");
    REFUSED(build(&s, &e), ERR_BUILDPACK, "x: make it: sh: exit code 3");
    LOGGED("      no such header");
    CHECK(!there(&s, "layers/bp/x"));
    CHECK(!there(&s, "layers/bp/x.toml"));
    s.recipe = "[[step]]\nrun = ['no-such-program']\n";
    REFUSED(build(&s, &e), ERR_NOT_FOUND, "no-such-program");
}

TEST(wrong_bytes_of_a_dependency_are_refused)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a, tool_recipe);
    s.catalogue = make_dep(&s, "1.2.3", "tool 1");
    s.plan = tool_plan;
    test_write(t->dir, "dep.tar", "other", 5);
    REFUSED(build(&s, &e), ERR_DIGEST, "tool");
    CHECK(!there(&s, "layers/bp/tool"));
    CHECK(!there(&s, "layers/bp/tool.toml"));
}

TEST(paths_of_the_app_move_into_a_layer)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'm'\nlaunch = true\ncache = true\nfiles = ['lock']\nmove = { 'mods' = "
              "'deep/mods' }\n"
              "[[step]]\nlayer = 'm'\nrun = ['sh', '-c', 'mkdir mods; cp lock mods/x']\n");
    test_write(t->dir, "app/lock", "1", 1);
    MUST(build(&s, &e));
    EQ_STR(content(&s, "layers/bp/m/deep/mods/x"), "1");
    char target[LIMIT_PATH];
    drop_fd int app = -1;
    MUST(path_open(t->dir, "app", O_RDONLY | O_DIRECTORY, 0, &app, &e));
    MUST(path_readlink(app, "mods", target, &e));
    EQ_STR(place(&s, "layers/bp/m/deep/mods"), target);
    // The next build has the app as it came.
    CHECK(unlinkat(app, "mods", 0) == 0);
    test_write(t->dir, "app/mods/vendored", "v", 1);
    MUST(build(&s, &e));
    LOGGED("Reusing cached layer");
    MUST(path_readlink(app, "mods", target, &e));
    EQ_STR(place(&s, "layers/bp/m/deep/mods"), target);
}

TEST(helpers_are_one_program_and_links)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'h'\nlaunch = true\nhelpers = ['optimize-memory', 'inspector']\n"
              "copy = { 'etc/c' = 'c.conf' }\n");
    test_write(t->dir, "buildpack/c.conf", "conf", 4);
    MUST(build(&s, &e));
    char target[LIMIT_PATH];
    drop_fd int dir = -1;
    MUST(path_open(t->dir, "layers/bp/h/exec.d", O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    MUST(path_readlink(dir, "0-optimize-memory", target, &e));
    EQ_TEXT(target, "../helpers");
    CHECK(there(&s, "layers/bp/h/exec.d/1-inspector"));
    EQ_STR(content(&s, "layers/bp/h/helpers"), "#!helpers");
    EQ_STR(content(&s, "layers/bp/h/etc/c"), "conf");
}

TEST(launch_and_build_toml)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(
        &s, t, a,
        "[[start]]\ntype = 'web'\ndefault = true\ncommand = 'node server.js'\nargs = ['-v']\ncwd = 'sub'\n"
        "[[start]]\ntype = 'worker'\ncommand = 'a | b'\n[[label]]\nkey = 'k'\nvalue = 'v'\n"
        "[[slice]]\npaths = ['public/*']\n[[unmet]]\nname = 'npm'\n[[unmet]]\nname = 'other'\n");
    s.plan = "[[entries]]\nname = 'npm'\n";
    MUST(build(&s, &e));
    LOGGED("  Assigning launch processes:\n    web (default): node server.js -v\n    worker: sh -c a | b\n");
    struct cnb_launch_toml launch;
    const struct doc how = {.names = NAMES_TOML, .api = 0x000a, .file = "launch.toml", .a = a};
    struct val *v = toml_of(&s, str_c(a, content(&s, "layers/bp/launch.toml")));
    MUST(launch_toml_read(&how, v, &launch, &e));
    EQ_UINT(launch.processes.n, 2);
    CHECK(launch.processes.v[0].is_default);
    EQ_STR(launch.processes.v[0].working_dir, str_c(a, place(&s, "app/sub")));
    EQ_STR(launch.processes.v[1].command.v[2], "a | b");
    EQ_STR(launch.labels.v[0].value, "v");
    EQ_STR(launch.slices.v[0].paths.v[0], "public/*");
    v = toml_of(&s, str_c(a, content(&s, "layers/bp/build.toml")));
    EQ_UINT(val_get(v, STR("unmet"))->c.n, 1);
    EQ_STR(val_at(&val_get(v, STR("unmet"))->c.v[0], "name")->s, "npm");
}

static int answer(struct call *c, struct err *e)
{
    struct str x;
    (void)e;
    CHECK(c->layer_fd < 0 && !c->sbom);
    CHECK(call_fact(c, "x", &x));
    call_answer(c, "y", str_printf(c->a, PRI_STR "!", STR_ARG(x)));
    return 0;
}

static int fill(struct call *c, struct err *e)
{
    struct sbom_component *one = c->sbom ? sbom_add(c->a, c->sbom, SBOM_LIBRARY) : NULL;
    drop_buf struct buf out = BUF_INIT(100);
    const char *const argv[] = {"echo", "from echo", NULL};
    bool build, launch;
    if (one) {
        one->name = STR("express");
        one->purl = STR("pkg:npm/express@1");
    }
    CHECK(call_planned(c, "tool", &build, &launch) && build && launch);
    call_log(c, 2, "filling");
    if (call_run(c, &(struct call_command){.argv = argv, .out = &out}, e) < 0)
        return -1;
    return file_place(c->layer_fd, "echoed", 0644, buf_view(&out), e);
}

static int give_up(struct call *c, struct err *e)
{
    const char *const argv[] = {"sh", "-c", "exit 4", NULL};
    return call_run(c, &(struct call_command){.argv = argv}, e);
}

static const struct call_row test_calls[] = {
    {"t.answer", answer}, {"t.fill", fill}, {"t.fail", give_up}, {NULL, NULL}};
static const struct call_row *const test_tables[] = {test_calls, NULL};

TEST(callbacks)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[fact]]\nname = 'x'\nvalue = '1'\n[[fact]]\nname = 'c'\ncall = 't.answer'\n"
              "[[layer]]\nname = 'l'\nlaunch = true\ncache = true\nwrite = { f = '${c.y}' }\n"
              "[[step]]\nlayer = 'l'\ncall = 't.fill'\n");
    s.calls = test_tables;
    s.plan = tool_plan;
    MUST(build(&s, &e));
    EQ_STR(content(&s, "layers/bp/l/f"), "1!");
    EQ_STR(content(&s, "layers/bp/l/echoed"), "from echo\n");
    CHECK(strstr(str_c(a, content(&s, "layers/bp/l.sbom.cdx.json")), "pkg:npm/express@1"));
    LOGGED("    filling\n");
    s.no_sbom = true;
    MUST(build(&s, &e));
    LOGGED("Reusing");
    CHECK(!there(&s, "layers/bp/l.sbom.cdx.json")); // BP_DISABLE_SBOM: that of the build before goes, too
    s.recipe = "[[step]]\ncall = 't.fail'\n";
    REFUSED(build(&s, &e), ERR_BUILDPACK, "t.fail: sh: exit code 4");
    s.recipe = "[[step]]\ncall = 't.nothing'\n";
    REFUSED(build(&s, &e), ERR_PARSE, "recipe.toml:1|t.nothing");
}

TEST(a_program_answers_on_descriptor_3)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    static const char probe[] = "#!/bin/sh\necho talk\nprintf 'a = \"b\"\\n' >&3\n";
    site_init(&s, t, a,
              "[[fact]]\nname = 'p'\nrun = ['bin/probe']\n[[layer]]\nname = 'l'\ncache = true\nwrite = { f = "
              "'${p.a}' }\n");
    test_write(t->dir, "buildpack/bin/probe", probe, sizeof probe - 1);
    CHECK(fchmodat(t->dir, "buildpack/bin/probe", 0755, 0) == 0);
    MUST(build(&s, &e));
    EQ_STR(content(&s, "layers/bp/l/f"), "b");
    LOGGED("      talk\n");
    static const char wrong[] = "#!/bin/sh\necho 'a = 1' >&3\n";
    test_write(t->dir, "buildpack/bin/probe", wrong, sizeof wrong - 1);
    CHECK(fchmodat(t->dir, "buildpack/bin/probe", 0755, 0) == 0);
    REFUSED(build(&s, &e), ERR_PARSE, "bin/probe:1|a|wanted text");
    static const char none[] = "#!/bin/sh\necho 'a = \"c\"'\n";
    test_write(t->dir, "buildpack/bin/probe", none, sizeof none - 1);
    CHECK(fchmodat(t->dir, "buildpack/bin/probe", 0755, 0) == 0);
    REFUSED(build(&s, &e), ERR_PARSE, "recipe.toml:4|p.a");
}

TEST(hostile_app_files_are_bounded)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a, "[[fact]]\nname = 'x'\njson = 'package.json'\npath = 'a'\ndefault = ''\n");
    drop_buf struct buf big = BUF_INIT(MIB(8));
    buf_text(&big, "{\"a\": \"");
    for (size_t i = 0; i < MIB(5); i++)
        buf_char(&big, 'x');
    buf_text(&big, "\"}");
    test_write(t->dir, "app/package.json", big.p, big.n);
    REFUSED(build(&s, &e), ERR_LIMIT, "package.json");
    buf_clear(&big);
    for (size_t i = 0; i < 100000; i++)
        buf_text(&big, "{\"a\":");
    test_write(t->dir, "app/package.json", big.p, big.n);
    REFUSED(build(&s, &e), ERR_LIMIT, "package.json:1");
    CHECK(unlinkat(t->dir, "app/package.json", 0) == 0);
    CHECK(symlinkat("/etc/passwd", t->dir, "app/package.json") == 0);
    MUST(build(&s, &e)); // leads out of the app: there is no such file
    s.recipe = "[[procfile]]\nfile = 'package.json'\n";
    REFUSED(build(&s, &e), ERR_DENIED, "package.json");
    CHECK(unlinkat(t->dir, "app/package.json", 0) == 0);
    CHECK(mkfifoat(t->dir, "app/package.json", 0644) == 0);
    s.recipe = "[[layer]]\nname = 'l'\ncache = true\nfiles = ['.']\n";
    MUST(build(&s, &e)); // a pipe is not waited for
}

TEST(a_move_leaves_no_link_to_nothing)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'm'\ncache = true\nfiles = ['lock']\nmove = { 'mods' = 'deep/mods' }\n");
    test_write(t->dir, "app/lock", "1", 1);
    CHECK(symlinkat("/nowhere", t->dir, "app/mods") == 0);
    MUST(build(&s, &e));
    CHECK(there(&s, "layers/bp/m/deep/mods"));
}

// Below another file system's mount point nothing is renamed.
TEST(what_is_copied_into_a_layer_keeps_its_modes)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    struct stat here, other, st;
    char away[] = "/dev/shm/dema-unit-XXXXXX";
    if (stat("/dev/shm", &other) < 0 || fstat(t->dir, &here) < 0 || here.st_dev == other.st_dev ||
        !mkdtemp(away))
        SKIP("one file system");
    site_init(&s, t, a,
              "[[layer]]\nname = 'm'\ncache = true\nfiles = ['lock']\nmove = { 'mods' = 'mods' }\n"
              "[[step]]\nlayer = 'm'\nrun = ['sh', '-c', 'mkdir mods; echo > mods/x; chmod 664 mods/x']\n");
    CHECK(unlinkat(t->dir, "layers/bp", AT_REMOVEDIR) == 0 && symlinkat(away, t->dir, "layers/bp") == 0);
    test_write(t->dir, "app/lock", "1", 1);
    mode_t before = umask(077);
    struct err why = {0};
    int rc = build(&s, &why);
    (void)umask(before);
    int there = stat(arena_printf(a, "%s/m/mods/x", away), &st);
    MUST(tree_remove(AT_FDCWD, away, &e));
    CHECK_MSG(rc == 0, "%s", why.cause);
    EQ_INT(there, 0);
    EQ_UINT(st.st_mode & 07777, 0664);
}

TEST(all_of_a_large_environment_is_in_the_key)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a, "[[layer]]\nname = 'l'\nlaunch = true\n[[env]]\nlayer = 'l'\nprefix = 'BPE_'\n");
    char *large = arena_get(a, KIB(100), 1);
    memset(large, 'x', KIB(100));
    for (size_t i = 0; i < 12; i++)
        strmap_set(a, &s.env, str_printf(a, "BPE_V%zu", 10 + i), (struct str){large, KIB(100)});
    strmap_set(a, &s.env, STR("BPE_Z"), STR("1"));
    MUST(build(&s, &e));
    strmap_set(a, &s.env, STR("BPE_Z"), STR("2"));
    MUST(build(&s, &e));
    LOGGED("environment changed");
    for (size_t i = 0; i < 180; i++)
        strmap_set(a, &s.env, str_printf(a, "BPE_W%zu", i), (struct str){large, KIB(100)});
    REFUSED(build(&s, &e), ERR_LIMIT, "l: environment|the key of a layer");
}

// The bytes in use once the program has said its last line must not grow with what it said before.
struct heap {
    struct events ev;
    size_t first, last;
};

static void note_heap(struct events *self, const struct event *ev)
{
    struct heap *h = CONTAINER(self, struct heap, ev);
    struct mallinfo2 now = mallinfo2();
    (void)ev;
    h->last = now.uordblks + now.hblkhd;
    h->first = h->first ? h->first : h->last;
}

TEST(the_output_of_a_program_is_not_kept)
{
    static const char *const argv[] = {"sh", "-c", "yes a line of it | head -n 100000", NULL};
    struct heap h = {.ev = {note_heap}};
    drop_fd int cwd = dup(t->dir);
    int status = -1;
    const struct program p = {.argv = argv, .cwd_fd = cwd, .ev = &h.ev};
    MUST(program_run(&p, &status, &e));
    EQ_INT(status, 0);
    CHECK_MSG(h.last < h.first + KIB(256), "%zu bytes, then %zu", h.first, h.last);
}

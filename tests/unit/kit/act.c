// SPDX-License-Identifier: Apache-2.0
// Whole builds of recipes.
#include "base/file.h"
#include "base/limits.h"
#include "kit/log.h"
#include "site.h"
#include <fcntl.h>
#include <sys/stat.h>

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
              "[[step]]\nname = 'copy'\nlayer = 'out'\nrun = ['sh', '-c', 'echo hello $W; echo \"  and more "
              "\"; cat a.txt > "
              "${layers}/out/x; "
              "echo more >> ${layers}/log']\nenv = { W = 'world' }\n"
              "[[step]]\nname = 'always'\nrun = ['sh', '-c', 'echo once >> ${layers}/cache/runs; pwd']\ncwd "
              "= 'sub'\n");
    test_write(t->dir, "app/a.txt", "a", 1);
    test_write(t->dir, "app/sub/b", "b", 1);
    MUST(build(&s, &e));
    LOGGED("  copy\n    Running 'sh -c echo hello $W;");
    LOGGED("      hello world\n");
    LOGGED("        and more\n"); // as it indents itself
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

TEST(an_sbom_comes_when_it_is_wanted_again)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a, tool_recipe);
    s.catalogue = make_dep(&s, "1.2.3", "tool 1");
    s.plan = tool_plan;
    s.no_sbom = true;
    MUST(build(&s, &e));
    CHECK(!there(&s, "layers/bp/tool.sbom.cdx.json"));
    MUST(build(&s, &e));
    LOGGED("Reusing cached layer");
    for (size_t i = 0; i < 2; i++) {
        s.no_sbom = false;
        MUST(build(&s, &e));
        LOGGED("  tool: an SBOM is wanted now");
        CHECK(there(&s, "layers/bp/tool.sbom.cdx.json"));
        MUST(build(&s, &e));
        LOGGED("Reusing cached layer");
        s.no_sbom = true; // is no reason to make anything anew
        MUST(build(&s, &e));
        LOGGED("Reusing cached layer");
        CHECK(!there(&s, "layers/bp/tool.sbom.cdx.json"));
    }
    s.recipe = "[[layer]]\nname = 'l'\ncache = true\nwrite = { f = 'f' }\n"; // never has one
    MUST(build(&s, &e));
    s.no_sbom = false;
    MUST(build(&s, &e));
    LOGGED("Reusing cached layer");
}

TEST(more_requirements_than_are_looked_at)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    drop_buf struct buf plan = BUF_INIT(1 << 20);
    site_init(&s, t, a, tool_recipe);
    s.catalogue = make_dep(&s, "1.2.3", "tool 1");
    for (size_t i = 0; i < 256; i++)
        buf_text(&plan,
                 "[[entries]]\nname = 'tool'\n[entries.metadata]\nbuild = true\nversion = '1.*'\n"
                 "[[entries]]\nname = 'tool'\n[[entries]]\nname = 'other'\nmetadata = { version = '2' }\n");
    s.plan = plan.p;
    MUST(build(&s, &e));
    buf_text(&plan, "[[entries]]\nname = 'tool'\n[entries.metadata]\nversion = '2.*'\n");
    s.plan = plan.p;
    REFUSED(build(&s, &e), ERR_LIMIT, "build plan: more than 256 requirements of \"tool\"");
}

TEST(all_that_a_step_says_is_in_the_log)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[step]]\nrun = ['sh', '-c', 'printf \"  <\"; head -c 1400 /dev/zero | tr \"\\\\0\" "
              "\"\\\\377\"; echo "
              "\">\"']\n");
    MUST(build(&s, &e));
    const char *begin = strstr(s.log.text.p, "\n        <\\xff"),
               *end = begin ? strstr(begin, "\\xff>\n") : NULL;
    CHECK_MSG(end, "%s", s.log.text.p);
    EQ_UINT((size_t)(end + 4 - begin), 10 + 1400 * 4);
    char *large = arena_get(a, 10000, 1);
    memset(large, 'x', 10000);
    buf_clear(&s.log.text);
    kit_log(&s.log.ev, 1, "%.*s", 10000, large);
    EQ_UINT(s.log.text.n, KIT_LINE_MAX + 1);
    CHECK(str_has_suffix(buf_view(&s.log.text), "xx...\n") && str_has_prefix(buf_view(&s.log.text), "  xx"));
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

// A layer that was kept may have anything in it: links in a circle are more paths than anybody reads.
TEST(links_in_an_environment_are_not_followed_for_ever)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_site struct site s;
    site_init(&s, t, a,
              "[[layer]]\nname = 'l'\ncache = true\nkey = { k = '1' }\n[[env]]\nlayer = 'l'\nphase = "
              "'launch'\nprocess = 'web'\n"
              "override = { A = 'x' }\n");
    MUST(build(&s, &e));
    MUST(build(&s, &e));
    LOGGED("Reusing cached layer");
    for (size_t i = 0; i < 6; i++)
        CHECK(symlinkat(".", t->dir, arena_printf(a, "layers/bp/l/env.launch/%zu", i)) == 0);
    (void)alarm(60);
    MUST(build(&s, &e));
    (void)alarm(0);
    EQ_STR(content(&s, "layers/bp/l/env.launch/web/A.override"), "x");
    CHECK(!there(&s, "layers/bp/l/env.launch/0"));
}

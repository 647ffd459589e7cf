// SPDX-License-Identifier: Apache-2.0
#include "kit/recipe.h"
#include "document/toml.h"
#include "test.h"

static int parse(struct arena *a, const char *text, struct recipe *out, struct err *e)
{
    struct val *doc;
    if (toml_read(a, str_of(text), "recipe.toml", &doc, e) < 0)
        return -1;
    return recipe_read(a, doc, "recipe.toml", out, e);
}

TEST(a_recipe_is_read)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct recipe r;
    MUST(parse(a,
               "network = true\n[[fact]]\nname = 'x'\nenv = 'X'\ndefault = ''\n[[layer]]\nname = 'a'\ncache "
               "= false\n"
               "[[step]]\nlayer = 'a'\nrun = ['x', '${x}']\nwhen = [{ env = 'A', is = '' }, { file = 'b', "
               "absent = true }]\n"
               "[[start]]\ntype = 'web'\ncommand = 'a b'\n",
               &r, &e));
    CHECK(r.network);
    EQ_UINT(r.facts.n, 1);
    CHECK(r.facts.v[0].dflt.p && !r.facts.v[0].dflt.n);
    CHECK(r.layers.v[0].cache.said && !r.layers.v[0].cache.on);
    EQ_UINT(r.steps.v[0].row.when.n, 2);
    CHECK(r.steps.v[0].row.when.v[0].is.p && !r.steps.v[0].row.when.v[1].is.p);
    EQ_UINT(r.steps.v[0].row.line, 9);
    EQ_STR(r.starts.v[0].command.text, "a b");
}

TEST(an_empty_recipe_is_one)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct recipe r;
    MUST(parse(a, "", &r, &e));
    EQ_UINT(r.facts.n, 0);
}

static const struct {
    const char *text, *words;
} bad[] = {
    {"fact = 3", "recipe.toml:1|fact|wanted list of tables"},
    {"[[fact]]\nname = 'x'\nenvv = 'X'", "recipe.toml:3|fact[0].envv|unknown key|did you mean \"env\"?"},
    {"[[layers]]\nname = 'x'", "recipe.toml:1|layers|unknown key|\"layer\""},
    {"[[fact]]\nenv = 'X'", "recipe.toml:1|fact[0].name|missing"},
    {"[[fact]]\nname = 'a b'\nenv = 'X'", "recipe.toml:2|fact[0].name|\"a b\" is no name"},
    {"[[fact]]\nname = 'x'", "recipe.toml:1|fact[0]|exactly one of env"},
    {"[[fact]]\nname = 'x'\nenv = 'X'\nvalue = 'Y'", "recipe.toml:1|exactly one"},
    {"[[fact]]\nname = 'x'\njson = 'a'", "recipe.toml:1|want a path"},
    {"[[fact]]\nname = 'x'\nenv = 'a'\npath = 'b'", "recipe.toml:1|others have none"},
    {"[[fact]]\nname = 'x'\nenv = 'X'\nkind = 'boolean'",
     "recipe.toml:4|fact[0].kind|\"boolean\" is none of bool"},
    {"[[fact]]\nname = 'x'\nenv = 'X'\ntransform = ['lower',\n'upper']",
     "recipe.toml:5|\"upper\" is none of"},
    {"[[fact]]\nname = 'app'\nenv = 'X'", "recipe.toml:1|\"app\" is a fact of the kit's own"},
    {"[[fact]]\nname = 'project'\nenv = 'X'\n[[start]]\ntype='web'\ncommand = ['${projet}']",
     "recipe.toml:6|start[0].command[0]|no row names the fact \"projet\", did you mean \"project\"?"},
    {"[[start]]\ntype='web'\ncommand = ['${']", "recipe.toml:3|without \"}\""},
    {"[[start]]\ntype='web'\ncommand = ['${each}']", "recipe.toml:3|\"each\""},
    {"[[start]]\ntype='web'\ncommand = []", "recipe.toml:3|start[0].command|not empty"},
    {"[[start]]\ntype='web'", "recipe.toml:1|start[0].command|missing"},
    {"[[step]]\neach = 'nothing'\nrun = ['a']", "recipe.toml:2|step[0].each|\"nothing\""},
    {"[[step]]\nlayer = 'x'\nrun = ['a']", "recipe.toml:2|step[0].layer|no row makes the layer \"x\""},
    {"[[step]]\nname = 'x'", "recipe.toml:1|exactly one of run and call"},
    {"[[env]]\nlayer = 'x'\ndefault = { A = 'b' }", "recipe.toml:2|env[0].layer|\"x\""},
    {"[[layer]]\nname = 'x'\n[[env]]\nlayer = 'x'", "recipe.toml:3|env[0]|wanted variables"},
    {"[[layer]]\nname = 'x'\n[[env]]\nlayer = 'x'\nphase = 'run'\ndefault = { A = 'b' }",
     "recipe.toml:3|\"run\" is none of build, launch"},
    {"[[layer]]\nname = 'x'\n[[env]]\nlayer = 'x'\nprocess = 'web'\ndefault = { A = 'b' }",
     "phase = \"launch\""},
    {"[[layer]]\nname = 'launch'", "recipe.toml:2|layer[0].name|no name of a layer"},
    {"[[layer]]\nname = '../x'", "recipe.toml:2|layer[0].name|no name of a layer"},
    {"[[layer]]\nname = 'x'\n[[layer]]\nname = 'x'", "recipe.toml:3|layer[1].name|earlier row"},
    {"[[layer]]\nname = 'x'\nversion = '1'", "recipe.toml:1|wants a dependency"},
    {"[[layer]]\nname = 'x'\neach = 'app'", "recipe.toml:1|stands once"},
    {"[[detect]]\nwhen = [{}]", "recipe.toml:2|when[0]|exactly one of file"},
    {"[[detect]]\nwhen = [{ file = 'a', env = 'B' }]", "recipe.toml:2|exactly one"},
    {"[[detect]]\nwhen = [{ file = 'a', is = 'b' }]", "recipe.toml:2|\"is\" goes with"},
    {"[[detect]]\nwhen = [{ plan = 'a' }]", "recipe.toml:1|detect[0].when[0].plan|bin/detect makes the plan"},
    {"[[detect]]\nwhen = [{ file = 'a', build = true }]", "go with plan"},
    {"[[detect]]\nwhen = [{ json = 'a' }]", "want a path"},
    {"[[refuse]]\nwhen = [{ file = 'a' }]", "recipe.toml:1|refuse[0]|say"},
    {"[[version]]\nplan = 'x'\nsource = 'y'", "recipe.toml:1|version[0].plan|no [[plan]] row provides \"x\""},
    {"[[plan]]\nprovides=['x']\n[[version]]\nplan = 'x'\nsource = '[y'", "recipe.toml:5|version[0].source"},
    {"[[procfile]]\n", "recipe.toml:1|exactly one of value, file and binding"},
    {"[[label]]\nkey = 'a'", "recipe.toml:1|wanted key and value, or words"},
    {"[[label]]\nkey = 'a'\nvalue = 'b'\nwords = 'c'", "wanted key and value, or words"},
    {"network = 'yes'", "recipe.toml:1|network|wanted true or false"},
    {"[[start]]\ntype='web'\ncommand = ['a']\nwhen = [{ fact = 'x' }]",
     "recipe.toml:4|no row names the fact \"x\""},
};

TEST(what_is_wrong_with_a_recipe_has_file_line_and_key)
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct recipe r;
        REFUSED(parse(a, bad[i].text, &r, &e), ERR_PARSE, bad[i].words);
    }
}

TEST(there_is_a_limit_to_rows_and_conditions)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    drop_buf struct buf many = BUF_INIT(1 << 20);
    struct recipe r;
    for (size_t i = 0; i <= RECIPE_ROWS_MAX; i++)
        buf_text(&many, "[[slice]]\npaths = []\n");
    REFUSED(parse(a, many.p, &r, &e), ERR_PARSE, "more than 1024 rows");
    buf_clear(&many);
    buf_text(&many, "[[detect]]\nwhen = [");
    for (size_t i = 0; i <= RECIPE_CONDITIONS_MAX; i++)
        buf_text(&many, "{ file = 'a' },");
    buf_text(&many, "]\n");
    REFUSED(parse(a, many.p, &r, &e), ERR_PARSE, "recipe.toml:1|more than 32 conditions");
}

// SPDX-License-Identifier: Apache-2.0
#include "platform/buildpacks.h"
#include "base/dir.h"
#include "test.h"
#include <sys/stat.h>

// A folder of programs with built-in buildpacks, and folders of somebody's own beside it.
struct rig {
    struct test *t;
    struct arena *a;
    struct programs p;
    struct buildpacks_in in;
    struct build_buildpacks out;
};

static void put(struct rig *r, const char *path, const char *text)
{
    test_write(r->t->dir, path, text, strlen(text));
    CHECK(fchmodat(r->t->dir, path, 0755, 0) == 0);
}

static void buildpack(struct rig *r, const char *dir, const char *id, const char *version, const char *rest)
{
    put(r, arena_printf(r->a, "%s/buildpack.toml", dir),
        arena_printf(r->a, "api = \"0.12\"\n[buildpack]\nid = \"%s\"\nversion = \"%s\"\n%s", id, version,
                     rest));
}

static void programs(struct rig *r, const char *dir)
{
    put(r, arena_printf(r->a, "%s/bin/detect", dir), "");
    put(r, arena_printf(r->a, "%s/bin/build", dir), "");
}

static void builtin(struct rig *r, const char *name, const char *id, const char *version, const char *rest)
{
    const char *dir = arena_printf(r->a, "bin/buildpacks/%s/%s", name, version);
    buildpack(r, dir, id, version, rest);
    if (!rest[0])
        put(r, arena_printf(r->a, "%s/recipe.toml", dir), "");
    if (!rest[0])
        put(r, arena_printf(r->a, "%s/bin/build", dir), "");
}

#define GROUP(id) "[[order]]\n[[order.group]]\nid = \"" id "\"\nversion = \"1.0.0\"\n"

static void begin(struct test *t, struct rig *r)
{
    static const char *const programs[] = {"lifecycle", "launcher", "engine"};
    *r = (struct rig){.t = t, .a = arena_new(4096)};
    for (size_t i = 0; i < COUNT(programs); i++)
        put(r, arena_printf(r->a, "bin/%s", programs[i]), "");
    builtin(r, "acme_one", "acme/one", "1.0.0", "");
    builtin(r, "acme_two", "acme/two", "1.0.0", "");
    builtin(r, "acme_two", "acme/two", "1.10.0", "");
    builtin(r, "acme_two", "acme/two", "1.9.0", "");
    builtin(r, "acme_whole", "acme/whole", "1.0.0", GROUP("acme/one"));
    put(r, "bin/order.toml",
        GROUP("acme/whole") "[[order]]\n[[order.group]]\nid = \"acme/two\"\noptional = true\n");
    CHECK(programs_in(r->a, arena_printf(r->a, "%s/bin", t->path), &r->p));
    r->in.programs = &r->p;
}

static void name(struct rig *r, const char *text)
{
    strv_add(r->a, &r->in.named, text[0] == '/' ? str_printf(r->a, "%s%s", r->t->path, text) : str_of(text));
}

// "acme/whole@1.0.0 acme/one@1.0.0": what was found.
static struct str found(struct rig *r)
{
    struct str out = STR("");
    for (size_t i = 0; i < r->out.n; i++)
        out = str_printf(r->a, PRI_STR "%s" PRI_STR "@" PRI_STR, STR_ARG(out), i ? " " : "",
                         STR_ARG(r->out.v[i].desc.id), STR_ARG(r->out.v[i].desc.version));
    return out;
}

// "| acme/whole@1.0.0| acme/two@1.10.0?": groups and who is optional in them.
static struct str order(struct rig *r)
{
    struct str out = STR("");
    for (size_t i = 0; i < r->out.order.n; i++) {
        out = str_printf(r->a, PRI_STR "|", STR_ARG(out));
        for (size_t j = 0; j < r->out.order.v[i].n; j++)
            out = str_printf(r->a, PRI_STR " " PRI_STR "@" PRI_STR "%s", STR_ARG(out),
                             STR_ARG(r->out.order.v[i].v[j].id), STR_ARG(r->out.order.v[i].v[j].version),
                             r->out.order.v[i].v[j].optional ? "?" : "");
    }
    return out;
}

TEST(programs_of_a_folder)
{
    struct rig r;
    struct programs none;
    begin(t, &r);
    CHECK(r.p.engine && r.p.buildpacks && r.p.order && !r.p.helpers);
    CHECK(!programs_in(r.a, arena_printf(r.a, "%s/bin/buildpacks", t->path), &none));
    arena_free(r.a);
}

TEST(builtin_order)
{
    struct rig r;
    struct str text;
    begin(t, &r);
    MUST(buildpacks_find(r.a, &r.in, &r.out, &e));
    EQ_STR(found(&r), "acme/whole@1.0.0 acme/two@1.10.0 acme/one@1.0.0");
    EQ_STR(order(&r), "| acme/whole@1.0.0| acme/two@1.10.0?");
    const struct build_buildpack *one = buildpacks_get(&r.out, STR("acme/one"), STR("1.0.0"));
    CHECK(one && one->builtin && one->recipe && !one->bare);
    EQ_TEXT(one->inside, "/cnb/buildpacks/acme_one/1.0.0");
    CHECK(!buildpacks_get(&r.out, STR("acme/two"), STR("1.9.0")));
    MUST(buildpacks_order(r.a, &r.out, &text, &e));
    CHECK(memmem(text.p, text.n, "optional = true", 15));
    arena_free(r.a);
}

TEST(names)
{
    static const struct {
        const char *named[3], *found, *order;
    } rows[] = {
        {{"acme/two"}, "acme/two@1.10.0", "| acme/two@1.10.0"},
        {{"acme/two@1.9.0"}, "acme/two@1.9.0", "| acme/two@1.9.0"},
        {{"acme/two@"}, "acme/two@1.10.0", "| acme/two@1.10.0"},
        {{"acme/whole"}, "acme/whole@1.0.0 acme/one@1.0.0", "| acme/whole@1.0.0"},
        {{"/mine", "acme/two"}, "me/mine@1 acme/two@1.10.0", "| me/mine@1 acme/two@1.10.0"},
        // A folder takes the place of a component that is built in, and is not tried twice.
        {{"acme/whole", "/own-one"}, "acme/whole@1.0.0 acme/one@1.0.0", "| acme/whole@1.0.0"},
        {{"acme/whole", "acme/one"}, "acme/whole@1.0.0 acme/one@1.0.0", "| acme/whole@1.0.0 acme/one@1.0.0"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rig r;
        begin(t, &r);
        buildpack(&r, "mine", "me/mine", "1", "");
        put(&r, "mine/recipe.toml", "network = true\n");
        buildpack(&r, "own-one", "acme/one", "1.0.0", "");
        put(&r, "own-one/recipe.toml", "");
        for (size_t j = 0; j < 3 && rows[i].named[j]; j++)
            name(&r, rows[i].named[j]);
        MUST(buildpacks_find(r.a, &r.in, &r.out, &e));
        EQ_STR(found(&r), rows[i].found);
        EQ_STR(order(&r), rows[i].order);
        arena_free(r.a);
    }
}

TEST(what_is_built_in)
{
    struct rig r;
    begin(t, &r);
    static const struct {
        const char *word;
        bool is;
    } rows[] = {{"acme/two", true},   {"acme/two@1.9.0", true}, {"acme_two", true},
                {"acme/two@7", true}, {"acme/none", false},     {"..", false},
                {"", false},          {"acme", false}};
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_MSG(buildpacks_is_builtin(r.a, r.in.programs, str_of(rows[i].word)) == rows[i].is, "%s",
                  rows[i].word);
    arena_free(r.a);
}

TEST(refused_names)
{
    static const struct {
        const char *named[2];
        enum err_code code;
        const char *word;
    } rows[] = {
        {{"elsewhere/x"}, ERR_NOT_FOUND, "neither a folder nor built in|of acme there are one, two, whole"},
        {{"acme/none"}, ERR_NOT_FOUND, "did you mean acme/one?"},
        {{"whoel"}, ERR_NOT_FOUND, "did you mean acme/whole?"},
        {{"acme/two@2.0.0"}, ERR_NOT_FOUND, "acme/two@2.0.0"},
        {{"acme/two@../1.9.0"}, ERR_NOT_FOUND, "../1.9.0"},
        {{"acme/../acme/one"}, ERR_NOT_FOUND, "neither"},
        {{""}, ERR_NOT_FOUND, "neither"},
        {{"acme/one", "acme/one@1.0.0"}, ERR_USAGE, "twice"},
        {{"/mine", "/mine"}, ERR_USAGE, "twice"},
        {{"/gone"}, ERR_NOT_FOUND, "gone"},
        {{"/part"}, ERR_NOT_FOUND, "me/gone@1.0.0"},
        {{"/ring-a", "/ring-b"}, ERR_USAGE, "each other"},
        {{"/version"}, ERR_PARSE, "1/2"},
        {{"/lied"}, ERR_PARSE, "buildpack.toml:1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rig r;
        begin(t, &r);
        buildpack(&r, "mine", "me/mine", "1", "");
        put(&r, "mine/recipe.toml", "");
        buildpack(&r, "part", "me/part", "1", GROUP("me/gone"));
        buildpack(&r, "ring-a", "me/a", "1.0.0", GROUP("me/b"));
        buildpack(&r, "ring-b", "me/b", "1.0.0", GROUP("me/a"));
        buildpack(&r, "version", "me/version", "1/2", "");
        put(&r, "lied/buildpack.toml", "api =\n");
        for (size_t j = 0; j < 2 && rows[i].named[j]; j++)
            name(&r, rows[i].named[j]);
        REFUSED(buildpacks_find(r.a, &r.in, &r.out, &e), rows[i].code, rows[i].word);
        EQ_INT(r.out.n, 0);
        arena_free(r.a);
    }
}

TEST(what_is_built_in_may_be_damaged)
{
    struct rig r;
    begin(t, &r);
    buildpack(&r, "bin/buildpacks/acme_one/1.0.0", "acme/other", "1.0.0", "");
    REFUSED(buildpacks_find(r.a, &r.in, &r.out, &e), ERR_PARSE, "acme/other@1.0.0, not what its folder says");
    put(&r, "bin/order.toml", GROUP("acme/gone"));
    REFUSED(buildpacks_find(r.a, &r.in, &r.out, &e), ERR_NOT_FOUND, "acme/gone@1.0.0 is not built in");
    r.p.order = NULL;
    REFUSED(buildpacks_find(r.a, &r.in, &r.out, &e), ERR_USAGE, "order.toml");
    r.p.buildpacks = NULL;
    name(&r, "acme/one");
    REFUSED(buildpacks_find(r.a, &r.in, &r.out, &e), ERR_NOT_FOUND, "built in: none");
    arena_free(r.a);
}

TEST(network_of_a_recipe)
{
    static const struct {
        const char *recipe;
        bool asks;
    } rows[] = {{"network = true\n", true},
                {"network = false\n", false},
                {"", false},
                {"network = \"true\"\n", false}};
    for (size_t i = 0; i <= COUNT(rows); i++) { // the first one has no recipe
        struct rig r;
        bool asks = true;
        begin(t, &r);
        buildpack(&r, "mine", "me/mine", "1", "");
        if (i)
            put(&r, "mine/recipe.toml", rows[i - 1].recipe);
        else
            programs(&r, "mine");
        name(&r, "/mine");
        MUST(buildpacks_find(r.a, &r.in, &r.out, &e));
        CHECK(i || unlinkat(t->dir, "mine/bin/build", 0) == 0);
        EQ_INT(r.out.v[0].recipe, i > 0);
        EQ_INT(r.out.v[0].bare, i > 0);
        MUST(buildpacks_network(r.a, &r.out.v[0], &asks, &e));
        EQ_INT(asks, i && rows[i - 1].asks);
        arena_free(r.a);
    }
}

TEST(programs_of_a_buildpack)
{
    static const struct {
        const char *gone, *shut;
        enum err_code code;
        const char *words;
    } rows[] = {{"mine/bin/detect", NULL, ERR_NOT_FOUND, "mine|bin/detect: is not there|recipe.toml"},
                {"mine/bin/build", NULL, ERR_NOT_FOUND, "mine|bin/build: is not there"},
                {NULL, "mine/bin/detect", ERR_PARSE, "bin/detect: is not executable|chmod +x"},
                {NULL, "mine/bin/build", ERR_PARSE, "bin/build: is not executable"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rig r;
        begin(t, &r);
        buildpack(&r, "mine", "me/mine", "1", "");
        programs(&r, "mine");
        name(&r, "/mine");
        if (rows[i].gone)
            CHECK(unlinkat(t->dir, rows[i].gone, 0) == 0);
        else
            CHECK(fchmodat(t->dir, rows[i].shut, 0644, 0) == 0);
        REFUSED(buildpacks_find(r.a, &r.in, &r.out, &e), rows[i].code, rows[i].words);
        arena_free(r.a);
    }
}

TEST(a_malformed_recipe)
{
    struct rig r;
    bool asks = true;
    begin(t, &r);
    buildpack(&r, "mine", "me/mine", "1", "");
    put(&r, "mine/recipe.toml", "\nnetwork\n");
    name(&r, "/mine");
    MUST(buildpacks_find(r.a, &r.in, &r.out, &e));
    REFUSED(buildpacks_network(r.a, &r.out.v[0], &asks, &e), ERR_PARSE, "recipe.toml:2");
    EQ_INT(asks, true);
    arena_free(r.a);
}

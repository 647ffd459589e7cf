// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/path.h"
#include "deps/npm.h"
#include "test.h"
#include <sys/eventfd.h>

// A home with these files; no machine's own npmrc and no npm takes part.
struct home {
    struct arena *a;
    const char *env[12];
};

static struct home home_of(struct test *t, struct arena *a, const char *user, const char *global)
{
    struct home h = {.a = a};
    if (user)
        test_write(t->dir, "home/.npmrc", user, strlen(user));
    if (global)
        test_write(t->dir, "etc/npmrc", global, strlen(global));
    h.env[0] = arena_printf(a, "HOME=%s/home", t->path);
    h.env[1] = arena_printf(a, "NPM_CONFIG_GLOBALCONFIG=%s/etc/npmrc", t->path);
    h.env[2] = arena_printf(a, "PATH=%s/bin", t->path);
    return h;
}

static void npm_is(struct test *t, struct arena *a, const char *script)
{
    test_write(t->dir, "bin/npm", script, strlen(script));
    CHECK(chmod(arena_printf(a, "%s/bin/npm", t->path), 0755) == 0);
}

static const struct http_credential *credential(const struct npm_config *c, const char *origin)
{
    for (size_t i = 0; i < c->n_credential; i++)
        if (str_is(c->credential[i].origin, origin))
            return &c->credential[i];
    return NULL;
}

TEST(npm_registry_by_precedence)
{
    static const struct {
        const char *user, *global, *env, *registry, *from;
    } cases[] = {
        {"registry=https://u.test", "registry=https://g.test", "NPM_CONFIG_REGISTRY=https://e.test/x",
         "https://e.test/x/", "NPM_CONFIG_REGISTRY"},
        {"registry=https://u.test", "registry=https://g.test", "npm_config_registry=https://e.test",
         "https://e.test/", "npm_config_registry"},
        {"registry=https://u.test", "registry=https://g.test", "X=", "https://u.test/", "home/.npmrc"},
        {"fund=false", "registry=https://g.test/a/b", "NPM_CONFIG_REGISTRY=", "https://g.test/a/b/",
         "etc/npmrc"},
        {"registry=https://${REG}/", "", "REG=v.test", "https://v.test/", "home/.npmrc"},
        {"registry=http://127.0.0.1:4873", "", "X=", "http://127.0.0.1:4873/", "home/.npmrc"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct home h = home_of(t, a, cases[i].user, cases[i].global);
        struct npm_config c;
        h.env[3] = cases[i].env;
        struct npm_spec s = {.envp = h.env};
        MUST(npm_config_read(a, &s, &c, &e));
        EQ_STR(url_text(a, &c.registry), cases[i].registry);
        CHECK_MSG(str_has_suffix(c.from, cases[i].from), PRI_STR, STR_ARG(c.from));
    }
}

TEST(npm_registry_of_other_places)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct home h = home_of(t, a, NULL, NULL);
    struct npm_config c;
    struct npm_spec s = {.envp = h.env};
    test_write(t->dir, "own", "registry=https://own.test", 25);
    test_write(t->dir, "prefix/etc/npmrc", "registry=https://prefix.test", 28);
    h.env[1] = arena_printf(a, "NPM_CONFIG_PREFIX=%s/prefix", t->path);
    MUST(npm_config_read(a, &s, &c, &e));
    EQ_STR(c.registry.host, "prefix.test");
    h.env[3] = arena_printf(a, "npm_config_userconfig=%s/own", t->path);
    MUST(npm_config_read(a, &s, &c, &e));
    EQ_STR(c.registry.host, "own.test");
}

TEST(npm_itself_is_asked_last)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct home h = home_of(t, a, NULL, NULL);
    struct npm_config c;
    struct npm_spec s = {.envp = h.env};
    REFUSED(npm_config_read(a, &s, &c, &e), ERR_NOT_FOUND, "NPM_CONFIG_REGISTRY|~/.npmrc");
    static const char *const no[] = {"#!/bin/sh\necho undefined\n", "#!/bin/sh\nexit 1\n", "#!/bin/sh\n"};
    for (size_t i = 0; i < COUNT(no); i++) {
        npm_is(t, a, no[i]);
        REFUSED(npm_config_read(a, &s, &c, &e), ERR_NOT_FOUND, "NPM_CONFIG_REGISTRY");
    }
    npm_is(t, a,
           "#!/bin/sh\n[ \"$*\" = \"config get registry\" ] && [ \"$PWD\" = / ] && [ -n \"$HOME\" ] && "
           "echo https://asked.test/\n");
    MUST(npm_config_read(a, &s, &c, &e));
    EQ_STR(c.registry.host, "asked.test");
    EQ_STR(c.from, "npm config get registry");
    npm_is(t, a, "#!/bin/sh\necho http://u:p@x/\n");
    REFUSED(npm_config_read(a, &s, &c, &e), ERR_USAGE, "npm config get registry|user or password");
}

TEST(npm_credentials_by_place)
{
    static const char user[] =
        "registry=https://a.test/npm/\n//a.test/npm/:_authToken=tok-a\n//b.test:8443/x/:_auth=dTpw\n"
        "//c.test/:username=user\n//c.test/:_password=cGFzcw==\n@low:registry=http://low.test:81/\n"
        "//low.test:81/:_authToken=tok-low\n//d.test/:_authToken=\n//e.test/:username=alone\n//f.test/"
        ":always-auth=true\n"
        "_authToken=everywhere\nproxy=http://p.test\nnoproxy=x\ncafile=/ca\nhttps-proxy=null\n";
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct home h = home_of(t, a, user, "");
    struct npm_config c;
    struct npm_spec s = {.envp = h.env};
    h.env[3] = "npm_config_//env.test/:_authToken=tok-env";
    MUST(npm_config_read(a, &s, &c, &e));
    EQ_UINT(c.n_credential, 5);
    EQ_STR(credential(&c, "https://a.test")->secret, "tok-a");
    EQ_STR(credential(&c, "https://a.test")->path, "/npm/");
    EQ_INT(credential(&c, "https://a.test")->kind, HTTP_BEARER);
    EQ_STR(credential(&c, "https://b.test:8443")->secret, "dTpw");
    EQ_INT(credential(&c, "https://b.test:8443")->kind, HTTP_BASIC);
    EQ_STR(credential(&c, "https://c.test")->secret, "dXNlcjpwYXNz"); // user:pass
    EQ_STR(credential(&c, "http://low.test:81")->secret, "tok-low");
    EQ_STR(credential(&c, "https://env.test")->secret, "tok-env");
    EQ_STR(c.proxy, "http://p.test");
    EQ_STR(c.no_proxy, "x");
    EQ_STR(c.cafile, "/ca");
    EQ_STR(c.https_proxy, "");
}

// What an app's .npmrc can do: name registries of scopes. Nothing else.
TEST(npm_projects_are_not_trusted)
{
    static const char user[] =
        "registry=https://a.test/\n//a.test/:_authToken=tok\n@own:registry=https://own.test/\n"
        "//s.test/:_authToken=tok-s\n";
    static const char project[] =
        "registry=https://evil.test/\n//evil.test/:_authToken=${TOKEN}\n@own:registry=https://evil.test/\n"
        "@s:registry=http://s.test:443/\n@p:registry=https://p.test/${TOKEN}/\nproxy=http://"
        "evil.test\ncafile=/evil\n";
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct home h = home_of(t, a, user, "");
    struct npm_config c;
    struct url u;
    struct npm_spec s = {.envp = h.env, .project = arena_printf(a, "%s/app", t->path)};
    h.env[3] = "TOKEN=secret";
    test_write(t->dir, "app/.npmrc", project, sizeof project - 1);
    MUST(npm_config_read(a, &s, &c, &e));
    EQ_STR(c.registry.host, "a.test");
    EQ_UINT(c.n_credential, 2);
    EQ_STR(c.credential[1].origin, "https://s.test"); // not in the clear, whatever the app says
    EQ_STR(c.proxy, "");
    EQ_STR(c.cafile, "");
    CHECK(!map_find(&c.user, STR("@p:registry")));
    static const struct {
        const char *name, *registry;
    } cases[] = {
        {"x", "https://a.test/"},        {"@own/x", "https://own.test/"},
        {"@s/x", "http://s.test:443/"},  {"@p/x", "https://p.test/${TOKEN}/"},
        {"@other/x", "https://a.test/"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        MUST(npm_registry_of(a, &c, str_of(cases[i].name), &u, &e));
        EQ_STR(url_text(a, &u), cases[i].registry);
    }
    test_write(t->dir, "app/.npmrc", "@x:registry=file:///etc", 23);
    MUST(npm_config_read(a, &s, &c, &e)); // who does not need that scope is not bothered
    REFUSED(npm_registry_of(a, &c, STR("@x/y"), &u, &e), ERR_USAGE, "@x:registry|https://");
    CHECK(unlinkat(t->dir, "app/.npmrc", 0) == 0 && symlinkat("/etc/passwd", t->dir, "app/.npmrc") == 0);
    REFUSED(npm_config_read(a, &s, &c, &e), ERR_DENIED, "the app's .npmrc");
}

TEST(npm_says_what_is_wrong)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct home h = home_of(t, a, "registry=nonsense\n", "");
    struct npm_config c;
    struct npm_spec s = {.envp = h.env};
    REFUSED(npm_config_read(a, &s, &c, &e), ERR_USAGE, "home/.npmrc|nonsense|https://");
    test_write(t->dir, "home/.npmrc", "a=1\nb=\x01\n", 8);
    REFUSED(npm_config_read(a, &s, &c, &e), ERR_PARSE, "home/.npmrc:2");
    h.env[3] = arena_printf(a, "NPM_CONFIG_USERCONFIG=%s/home", t->path);
    REFUSED(npm_config_read(a, &s, &c, &e), ERR_USAGE, "npm's configuration|is a directory");
}

TEST(npm_is_not_waited_for_by_what_is_stopped)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct home h = home_of(t, a, NULL, NULL);
    drop_fd int stop = eventfd(1, EFD_CLOEXEC);
    struct npm_spec s = {.envp = h.env, .stop = &stop};
    struct npm_config c;
    npm_is(t, a, "#!/bin/sh\nexec /bin/sleep 50\n");
    uint64_t begin = clock_mono_ms();
    REFUSED(npm_config_read(a, &s, &c, &e), ERR_NOT_FOUND, "registry");
    CHECK(clock_mono_ms() - begin < 40000);
}

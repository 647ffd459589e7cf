// SPDX-License-Identifier: Apache-2.0
#include "cnb/binding.h"
#include "base/file.h"
#include "base/limits.h"
#include "test.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const struct test *t, const char *path, const char *text)
{
    test_write(t->dir, path, text, strlen(text));
}

static void set_root(struct arena *a, const struct test *t, struct strmap *env, const char *name)
{
    strmap_set(a, env, str_of(name), str_printf(a, "%s/b", t->path));
}

TEST(binding_directories)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    struct cnb_bindings got = {0};
    struct str text;
    put(t, "b/npm/type", "npmrc\n");
    put(t, "b/npm/provider", " acme \n");
    put(t, "b/npm/.npmrc", "registry=x\n");
    put(t, "b/certs/type", "CA-Certificates");
    put(t, "b/certs/one.pem", "1");
    put(t, "b/certs/deep/ignored", "1");
    put(t, "b/.hidden/type", "x");
    put(t, "b/file", "x");
    set_root(a, t, &env, "SERVICE_BINDING_ROOT");
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    EQ_UINT(got.n, 2);
    EQ_STR(got.v[0].name, "certs");
    CHECK(cnb_binding_is(&got.v[0], "ca-certificates") && !cnb_binding_is(&got.v[0], "ca-certificate"));
    EQ_UINT(got.v[0].entries.n, 1);
    EQ_STR(got.v[1].type, "npmrc");
    EQ_STR(got.v[1].provider, "acme");
    EQ_UINT(got.v[1].entries.n, 1);
    MUST(cnb_binding_value(a, &got.v[1], STR(".npmrc"), &text, &e));
    EQ_STR(text, "registry=x\n");
    EQ_STR(cnb_binding_file(a, &got.v[1], STR(".npmrc")), arena_printf(a, "%s/b/npm/.npmrc", t->path));
    REFUSED(cnb_binding_value(a, &got.v[1], STR("no"), &text, &e), ERR_NOT_FOUND, "no");
}

TEST(binding_root_is_chosen)
{
    static const struct {
        const char *label, *root, *bindings, *platform, *want;
    } cases[] = {
        {"root first", "one", "two", "p", "one"},      {"then the older name", NULL, "two", "p", "two"},
        {"then the platform's", NULL, NULL, "p", "p"}, {"empty is not set", "", "", "p", "p"},
        {"nothing", NULL, NULL, NULL, NULL},           {"an absent root", "absent", NULL, "p", NULL},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    put(t, "one/one/type", "x");
    put(t, "two/two/type", "x");
    put(t, "p/bindings/p/type", "x");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct strmap env = {0};
        struct cnb_bindings got = {0};
        const char *values[] = {cases[i].root, cases[i].bindings};
        const char *names[] = {"SERVICE_BINDING_ROOT", "CNB_BINDINGS"};
        for (size_t j = 0; j < 2; j++)
            if (values[j])
                strmap_set(a, &env, str_of(names[j]),
                           values[j][0] ? str_printf(a, "%s/%s", t->path, values[j]) : STR(""));
        struct str platform = cases[i].platform ? str_printf(a, "%s/p", t->path) : STR("");
        MUST(cnb_bindings_read(a, &env, platform, &got, &e));
        CHECK_MSG(got.n == (cases[i].want ? 1u : 0u), "%s: %zu bindings", cases[i].label, got.n);
        if (cases[i].want)
            EQ_STR(got.v[0].name, cases[i].want);
    }
}

TEST(binding_older_layout)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    struct cnb_bindings got = {0};
    struct str text;
    put(t, "b/old/metadata/kind", "ca-certificates\n");
    put(t, "b/old/metadata/provider", "acme\n");
    put(t, "b/old/secret/type", "an entry here");
    put(t, "b/bare/metadata/kind", "flag\n");
    set_root(a, t, &env, "CNB_BINDINGS");
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    EQ_UINT(got.n, 2);
    EQ_UINT(got.v[0].entries.n, 0);
    EQ_STR(got.v[1].type, "ca-certificates");
    EQ_STR(got.v[1].provider, "acme");
    MUST(cnb_binding_value(a, &got.v[1], STR("type"), &text, &e));
    EQ_STR(text, "an entry here");
}

TEST(binding_as_kubernetes_mounts_it)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    struct cnb_bindings got = {0};
    struct str text;
    put(t, "b/k/..2026_1/type", "ca-certificates");
    put(t, "b/k/..2026_1/ca.pem", "pem");
    CHECK(symlinkat("..2026_1", t->dir, "b/k/..data") == 0);
    CHECK(symlinkat("..data/type", t->dir, "b/k/type") == 0);
    CHECK(symlinkat("..data/ca.pem", t->dir, "b/k/ca.pem") == 0);
    set_root(a, t, &env, "SERVICE_BINDING_ROOT");
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    EQ_UINT(got.n, 1);
    EQ_UINT(got.v[0].entries.n, 1);
    MUST(cnb_binding_value(a, &got.v[0], STR("ca.pem"), &text, &e));
    EQ_STR(text, "pem");
}

TEST(binding_copies)
{
    static const char *const same[] = {"certs/type",        "certs/provider",        "certs/one.pem",
                                       "old/metadata/kind", "old/metadata/provider", "old/secret/type",
                                       "bare/metadata/kind"};
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    struct cnb_bindings got = {0};
    drop_fd int to = -1;
    struct stat st;
    put(t, "b/certs/..1/type", "ca-certificates");
    put(t, "b/certs/..1/one.pem", "secret\n");
    CHECK(symlinkat("..1/type", t->dir, "b/certs/type") == 0);
    CHECK(symlinkat("..1/one.pem", t->dir, "b/certs/one.pem") == 0);
    CHECK(fchmodat(t->dir, "b/certs/..1/one.pem", 0600, 0) == 0);
    put(t, "b/certs/provider", "acme");
    put(t, "b/old/metadata/kind", "older");
    put(t, "b/old/metadata/provider", "acme");
    put(t, "b/old/secret/type", "an entry here");
    put(t, "b/bare/metadata/kind", "flag");
    MUST(path_mkdirs(t->dir, "to", 0755, &e));
    MUST(path_open(t->dir, "to", O_RDONLY | O_DIRECTORY, 0, &to, &e));
    set_root(a, t, &env, "SERVICE_BINDING_ROOT");
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    mode_t before = umask(077);
    struct err why = {0};
    int rc = cnb_bindings_copy(a, &got, to, &why);
    (void)umask(before);
    CHECK_MSG(rc == 0, "%s", why.cause);
    for (size_t i = 0; i < COUNT(same); i++) {
        EQ_STR(test_read(a, to, same[i]), str_c(a, test_read(a, t->dir, arena_printf(a, "b/%s", same[i]))));
        CHECK(fstatat(to, same[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
        EQ_UINT(st.st_mode & 07777, 0644);
    }
    CHECK(fstatat(to, "certs/..1", &st, AT_SYMLINK_NOFOLLOW) < 0);
}

TEST(binding_copies_have_limits)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    struct cnb_bindings got = {0};
    drop_free char *large = xcalloc(1, MIB(4));
    put(t, "b/x/type", "x");
    for (int i = 0; i < 5; i++)
        test_write(t->dir, arena_printf(a, "b/x/%d", i), large, i < 4 ? MIB(4) : 1);
    set_root(a, t, &env, "SERVICE_BINDING_ROOT");
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    REFUSED(cnb_bindings_copy(a, &got, t->dir, &e), ERR_LIMIT, "x/3|bindings together|16777216 bytes");
    test_write(t->dir, "b/x/0", large, 0);
    test_write(t->dir, "b/x/1", large, MIB(4) + 1 - 1);
    MUST(tree_remove(t->dir, "x", &e));
    MUST(cnb_bindings_copy(a, &got, t->dir, &e));
    CHECK(unlinkat(t->dir, "b/x/0", 0) == 0 && symlinkat("/etc/shadow", t->dir, "b/x/0") == 0);
    REFUSED(cnb_bindings_copy(a, &got, t->dir, &e), ERR_DENIED, "x/0");
    CHECK(unlinkat(t->dir, "b/x/0", 0) == 0 && mkfifoat(t->dir, "b/x/0", 0600) == 0);
    REFUSED(cnb_bindings_copy(a, &got, t->dir, &e), ERR_USAGE, "x/0");
    CHECK(symlinkat("/etc/shadow", t->dir, "b/away") == 0);
    CHECK(unlinkat(t->dir, "b/x/0", 0) == 0);
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e)); // who reads does without
    EQ_UINT(got.n, 1);
    REFUSED(cnb_bindings_copy(a, &got, t->dir, &e), ERR_DENIED, "/b/away|leads out");
    CHECK(unlinkat(t->dir, "b/away", 0) == 0 && symlinkat("/etc", t->dir, "b/away") == 0);
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    EQ_UINT(got.n, 1);
    REFUSED(cnb_bindings_copy(a, &got, t->dir, &e), ERR_DENIED, "/b/away|leads out");
}

TEST(binding_refusals)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    struct cnb_bindings got = {.n = 7};
    struct str text;
    put(t, "b/typo/typ", "x");
    set_root(a, t, &env, "SERVICE_BINDING_ROOT");
    REFUSED(cnb_bindings_read(a, &env, STR(""), &got, &e), ERR_PARSE, "typo|has no type");
    EQ_UINT(got.n, 7);
    put(t, "b/typo/type", "x");
    put(t, "secret", "outside");
    CHECK(symlinkat("../../secret", t->dir, "b/typo/out") == 0);
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    EQ_UINT(got.v[0].entries.n, 2);
    REFUSED(cnb_binding_value(a, &got.v[0], STR("out"), &text, &e), ERR_DENIED, "binding|out");
}

TEST(binding_vcap_services)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strmap env = {0};
    struct cnb_bindings got = {0};
    struct str text;
    put(t, "b/one/type", "x");
    set_root(a, t, &env, "SERVICE_BINDING_ROOT");
    strmap_set(a, &env, STR("VCAP_SERVICES"),
               STR("{\"ca-certificates\": [{\"name\": \"mine\", \"provider\": \"acme\", \"credentials\": "
                   "{\"ca.pem\": \"pem\", \"port\": 12}}], \"other\": [{\"name\": \"bare\"}]}"));
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    EQ_UINT(got.n, 2);
    EQ_STR(got.v[0].name, "mine");
    EQ_STR(got.v[0].type, "ca-certificates");
    EQ_STR(got.v[0].provider, "acme");
    MUST(cnb_binding_value(a, &got.v[0], STR("ca.pem"), &text, &e));
    EQ_STR(text, "pem");
    MUST(cnb_binding_value(a, &got.v[0], STR("port"), &text, &e));
    EQ_STR(text, "12");
    EQ_STR(cnb_binding_file(a, &got.v[0], STR("ca.pem")), "");
    REFUSED(cnb_binding_value(a, &got.v[1], STR("x"), &text, &e), ERR_NOT_FOUND, "bare|x");
    strmap_set(a, &env, STR("VCAP_SERVICES"), STR("{}"));
    MUST(cnb_bindings_read(a, &env, STR(""), &got, &e));
    EQ_UINT(got.n, 0);
    static const struct {
        const char *json, *words;
    } bad[] = {
        {"{", "VCAP_SERVICES:1"},
        {"[]", "VCAP_SERVICES|wanted a table of services"},
        {"{\"a\": 1}", "a|wanted a list of services"},
        {"{\"a\": [1]}", "a|wanted a service"},
        {"{\"a\": [{\"name\": 1}]}", "name|wanted text"},
        {"{\"a\": [{\"credentials\": \"x\"}]}", "credentials|wanted a table"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        strmap_set(a, &env, STR("VCAP_SERVICES"), str_of(bad[i].json));
        REFUSED(cnb_bindings_read(a, &env, STR(""), &got, &e), ERR_PARSE, bad[i].words);
    }
}

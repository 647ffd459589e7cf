// SPDX-License-Identifier: Apache-2.0
#include "deps/npm.h"
#include "test.h"

static const char *const env[] = {"TOKEN=t0k", "HOST=a.test", "EMPTY=", NULL};

TEST(npmrc_reads_lines)
{
    static const char text[] =
        "; a comment\n# another\n\nregistry = https://a.test/ ; behind\n  flag  \n"
        "q1=\"a ; b\"\nq2='c # d'\nesc=x\\;y\n//a.test/:_authToken=${TOKEN}\n"
        "url=https://${HOST}/${MISSING}/${EMPTY}x\nmaybe=a${MISSING?}b\nlit=\\${HOST}\n"
        "twice=1\ntwice=2\nomit[]=dev\nomit[]=optional\neq=a=b==\n=nokey\nodd=${A${HOST}\n"
        "[section]\nhidden=1\n";
    static const struct {
        const char *key, *want;
    } cases[] = {
        {"registry", "https://a.test/"},
        {"flag", "true"},
        {"q1", "a ; b"},
        {"q2", "c # d"},
        {"esc", "x;y"},
        {"//a.test/:_authToken", "t0k"},
        {"url", "https://a.test/${MISSING}/x"},
        {"maybe", "ab"},
        {"lit", "\\${HOST}"},
        {"twice", "2"},
        {"omit[]", "dev\noptional"},
        {"eq", "a=b=="},
        {"odd", "${Aa.test"},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct strmap m;
    MUST(npmrc_parse(a, str_of(text), "npmrc", env, &m, &e));
    EQ_UINT(m.n, COUNT(cases));
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct str *v = strmap_get(&m, str_of(cases[i].key));
        CHECK_MSG(v != NULL, "%s", cases[i].key);
        EQ_STR(*v, cases[i].want);
    }
    MUST(npmrc_parse(a, STR("x=${TOKEN}\r\n"), ".npmrc", NULL, &m, &e));
    EQ_STR(*strmap_get(&m, STR("x")), "${TOKEN}");
    MUST(npmrc_parse(a, STR(""), "npmrc", env, &m, &e));
    EQ_UINT(m.n, 0);
}

TEST(npmrc_refuses)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct strmap m = {0};
    REFUSED(npmrc_parse(a, (struct str){"a=1\nb=\0\n", 8}, "/x/npmrc", env, &m, &e), ERR_PARSE,
            "/x/npmrc:2|control");
    REFUSED(npmrc_parse(a, STR("a=\x1b[2J\n"), "npmrc", env, &m, &e), ERR_PARSE, "npmrc:1|control");
    char *big = arena_get(a, NPM_RC_MAX + 2, 1);
    memset(big, 'x', NPM_RC_MAX + 1);
    REFUSED(npmrc_parse(a, str_of(big), "npmrc", env, &m, &e), ERR_LIMIT, "limit");
    EQ_UINT(m.n, 0);
}

TEST(npmrc_knows_what_is_secret)
{
    static const char *const secret[] = {"//a.test/:_authToken",
                                         "//a.test/:email",
                                         "_auth",
                                         "_password",
                                         "username",
                                         "otp",
                                         "key",
                                         "cert",
                                         "certfile",
                                         "my-api-token",
                                         "PASSWORD",
                                         "clientSecret",
                                         "always-auth",
                                         "_authToken",
                                         "email"};
    static const char *const open[] = {
        "registry",      "@a:registry",      "proxy",      "noproxy",      "fund", "omit[]", "strict-ssl",
        "engine-strict", "legacy-peer-deps", "keep-alive", "node-options", "ca"};
    for (size_t i = 0; i < COUNT(secret); i++)
        CHECK_MSG(npmrc_key_is_secret(str_of(secret[i])), "%s", secret[i]);
    for (size_t i = 0; i < COUNT(open); i++)
        CHECK_MSG(!npmrc_key_is_secret(str_of(open[i])), "%s", open[i]);
}

TEST(npmrc_without_secrets_has_none)
{
    static const char text[] =
        "registry=https://a.test/npm\n@s:registry=https://s.test/\n//a.test/npm/:_authToken=hidden1\n"
        "//a.test/npm/:username=hidden2\n_auth=hidden3\nproxy=http://u:hidden4@p.test:3128\n"
        "https-proxy=http://p.test:3128/\ncafile=/home/hidden5/ca.pem\nprefix=~/hidden6\ncache=/hidden7\n"
        "fund=false\nomit[]=dev\nomit[]=peer\nca=\"line1\\nline2\"\nx=\"a ; b\"\nopen=${HIDDEN8}\n"
        "deep=see https://ok.test/ and https://x:hidden9@y.test/\nmy-token=hidden10\n"
        "bare=u:hidden11@p.test:3128\n";
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct npm_config c = {0};
    struct str out;
    struct strmap again;
    MUST(npmrc_parse(a, str_of(text), "npmrc", env, &c.user, &e));
    MUST(url_parse(a, STR("https://a.test/npm/"), &c.registry, &e));
    npmrc_without_secrets(a, &c, &out);
    EQ_STR(
        out,
        "@s:registry=https://s.test/\nhttps-proxy=http://p.test:3128/\nfund=false\nomit[]=dev\nomit[]=peer\n"
        "ca=\"line1\\nline2\"\nx=\"a ; b\"\nregistry=https://a.test/npm/\n");
    MUST(npmrc_parse(a, out, "npmrc", env, &again, &e)); // what is written is read the same
    EQ_STR(*strmap_get(&again, STR("ca")), "line1\nline2");
    EQ_STR(*strmap_get(&again, STR("x")), "a ; b");
    EQ_STR(*strmap_get(&again, STR("omit[]")), "dev\npeer");
}

// SPDX-License-Identifier: Apache-2.0
#include "helpers/helpers.h"
#include "test.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"
#define FIVE PEM("MAMCAQU=")
#define SIX PEM("MAMCAQY=")
#define SEVEN PEM("MAMCAQc=")

struct rig {
    struct arena *a;
    const struct test *t;
    struct strmap env, out;
    struct helper_in in;
};

static void put(const struct test *t, const char *path, const char *text)
{
    test_write(t->dir, path, text, strlen(text));
}

static void set(struct rig *r, const char *name, const char *path)
{
    strmap_set(r->a, &r->env, str_of(name), str_printf(r->a, "%s/%s", r->t->path, path));
}

static struct rig rig(struct arena *a, const struct test *t)
{
    struct rig r = {.a = a, .t = t, .in = {.root = str_printf(a, "%s/root", t->path)}};
    put(t, "root/etc/ssl/certs/ca-certificates.crt", "# of the system, no line end");
    put(t, "tmp/.keep", "");
    set(&r, "TMPDIR", "tmp");
    return r;
}

static void run(struct rig *r)
{
    r->in.env = &r->env;
    r->out = (struct strmap){0};
    MUST(helper_certificates(r->a, &r->in, &r->out, &e));
}

// The file that a variable names.
static struct str file_of(const struct rig *r, const char *name)
{
    const struct str *path = strmap_get(&r->out, str_of(name));
    CHECK_MSG(path, "%s is not set", name);
    return test_read(r->a, r->t->dir, str_c(r->a, str_from(*path, strlen(r->t->path) + 1)));
}

TEST(certificates_of_bindings_are_trusted)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct rig r = rig(a, t);
    run(&r);
    EQ_UINT(r.out.n, 0);
    put(t, "b/mine/type", "CA-certificates\n");
    put(t, "b/mine/one.pem", FIVE SIX);
    put(t, "b/mine/two.pem", SIX SEVEN);
    put(t, "b/other/type", "other");
    put(t, "b/other/x", "no certificate");
    set(&r, "SERVICE_BINDING_ROOT", "b");
    run(&r);
    EQ_UINT(r.out.n, 2);
    EQ_STR(file_of(&r, "SSL_CERT_FILE"), "# of the system, no line end\n" FIVE SIX SEVEN);
    EQ_STR(file_of(&r, "NODE_EXTRA_CA_CERTS"), FIVE SIX SEVEN);
    // Again, as after a restart: the same files, and no others.
    struct str before = *strmap_get(&r.out, STR("SSL_CERT_FILE"));
    run(&r);
    EQ_STR(*strmap_get(&r.out, STR("SSL_CERT_FILE")), str_c(a, before));
    // What the user set is extended.
    put(t, "own.pem", "# own\n");
    put(t, "node.pem", "# node\n");
    set(&r, "SSL_CERT_FILE", "own.pem");
    set(&r, "NODE_EXTRA_CA_CERTS", "node.pem");
    run(&r);
    EQ_STR(file_of(&r, "SSL_CERT_FILE"), "# own\n" FIVE SIX SEVEN);
    EQ_STR(file_of(&r, "NODE_EXTRA_CA_CERTS"), "# node\n" FIVE SIX SEVEN);
    CHECK(!str_eq(*strmap_get(&r.out, STR("SSL_CERT_FILE")), before));
}

TEST(certificates_that_the_image_brings)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct rig r = rig(a, t);
    put(t, "layer/certs.pem", FIVE);
    set(&r, "BPI_CA_CERTIFICATES", "layer/certs.pem");
    run(&r);
    EQ_STR(file_of(&r, "SSL_CERT_FILE"), "# of the system, no line end\n" FIVE);
    put(t, "b/mine/type", "ca-certificates");
    put(t, "b/mine/x", SIX FIVE);
    set(&r, "CNB_BINDINGS", "b");
    run(&r);
    EQ_STR(file_of(&r, "NODE_EXTRA_CA_CERTS"), FIVE SIX);
}

TEST(certificates_of_vcap_services_and_the_platform)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct rig r = rig(a, t);
    put(t, "p/bindings/mine/metadata/kind", "ca-certificates");
    put(t, "p/bindings/mine/secret/x", SIX);
    set(&r, "CNB_PLATFORM_DIR", "p");
    run(&r);
    EQ_STR(file_of(&r, "NODE_EXTRA_CA_CERTS"), SIX);
    strmap_set(a, &r.env, STR("VCAP_SERVICES"),
               STR("{\"ca-certificates\":[{\"name\":\"x\",\"credentials\":{\"a\":"
                   "\"-----BEGIN CERTIFICATE-----\\nMAMCAQU=\\n-----END CERTIFICATE-----\\n\"}}]}"));
    run(&r);
    EQ_STR(file_of(&r, "NODE_EXTRA_CA_CERTS"), FIVE);
}

TEST(certificates_refusals)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct rig r = rig(a, t);
    r.in.env = &r.env;
    put(t, "b/mine/type", "ca-certificates");
    put(t, "b/mine/x.pem", FIVE "-----BEGIN PRIVATE KEY-----\n");
    set(&r, "SERVICE_BINDING_ROOT", "b");
    REFUSED(helper_certificates(a, &r.in, &r.out, &e), ERR_PARSE, "binding mine/x.pem:4|something else");
    put(t, "b/mine/x.pem", FIVE);
    set(&r, "SSL_CERT_FILE", "absent");
    REFUSED(helper_certificates(a, &r.in, &r.out, &e), ERR_NOT_FOUND, "SSL_CERT_FILE|absent");
    set(&r, "SSL_CERT_FILE", "b/mine/x.pem");
    set(&r, "NODE_EXTRA_CA_CERTS", "absent");
    REFUSED(helper_certificates(a, &r.in, &r.out, &e), ERR_NOT_FOUND, "NODE_EXTRA_CA_CERTS|absent");
    set(&r, "NODE_EXTRA_CA_CERTS", "b/mine/x.pem");
    set(&r, "TMPDIR", "absent");
    REFUSED(helper_certificates(a, &r.in, &r.out, &e), ERR_NOT_FOUND, "absent|TMPDIR says where else");
    EQ_UINT(r.out.n, 0);
}

TEST(certificates_are_not_put_where_others_write)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct rig r = rig(a, t);
    put(t, "b/mine/type", "ca-certificates");
    put(t, "b/mine/x.pem", FIVE);
    set(&r, "SERVICE_BINDING_ROOT", "b");
    run(&r);
    struct str file = *strmap_get(&r.out, STR("SSL_CERT_FILE"));
    size_t at;
    CHECK(str_find_last(file, '/', &at));
    const char *dir = str_c(a, str_head(file, at));
    struct stat st;
    CHECK(stat(dir, &st) == 0 && (st.st_mode & 0777) == 0755);
    CHECK(chmod(dir, 0777) == 0);
    REFUSED(helper_certificates(a, &r.in, &r.out, &e), ERR_DENIED, "others may write there");
    // Another's link in its place leads nowhere.
    const char *aside = arena_printf(a, "%s.aside", dir);
    CHECK(rename(dir, aside) == 0 && symlink(aside, dir) == 0);
    struct err e = {0};
    CHECK(helper_certificates(a, &r.in, &r.out, &e) == -1);
}

// SPDX-License-Identifier: Apache-2.0
#include "archive/walk.h"
#include "base/limits.h"
#include "debian/finish_priv.h"
#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

// What update-ca-certificates and `openssl rehash` make of the certificates that ca-certificates holds.
#define CERTS "usr/share/ca-certificates"
#define SSL_CERTS "etc/ssl/certs"

enum {
    CERT_MAX = 1 << 20,            // of one certificate: real ones stay below 4 KiB
    BUNDLE_MAX = 64 * 1024 * 1024, // of all: real ones stay below 300 KiB
    HASH_TRIES = 1000,             // certificates of one subject
};

struct certs {
    const struct deb_tree *t;
    struct arena *a;
    struct strv path; // beneath CERTS
};

static const struct owner plain = {0, 0, 0644};

static int find_certs(struct certs *c, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    if (walk_open(c->t->root, CERTS, TREE_FULL_PATH, &w, e) < 0)
        return -1;
    for (;;) {
        const struct walk_entry *it;
        enum walk_step step = walk_next(w, &it, e);
        if (step == WALK_ERROR)
            return -1;
        if (step == WALK_END)
            return 0;
        if (S_ISREG(it->st.st_mode) && str_has_suffix(it->path, ".crt"))
            strv_add(c->a, &c->path, str_dup(c->a, it->path));
    }
}

// As update-ca-certificates spells it: "a (b).crt" is "a_=b=.pem".
static struct str pem_name(struct arena *a, struct str path)
{
    struct str base = path_base(path);
    char *name = arena_printf(a, PRI_STR ".pem", STR_ARG(str_head(base, base.n - strlen(".crt"))));
    for (char *p = name; *p; p++)
        *p = *p == ' ' || *p == ',' ? '_' : *p == '(' || *p == ')' ? '=' : *p;
    return str_of(name);
}

static bool subject_hash(struct str text, unsigned long *out)
{
    BIO *bio = text.n <= INT_MAX ? BIO_new_mem_buf(text.p, (int)text.n) : NULL;
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool ok = cert != NULL;
    if (ok)
        *out = X509_subject_name_hash(cert);
    X509_free(cert);
    BIO_free(bio);
    return ok;
}

static int hash_link(const struct certs *c, struct str text, struct str pem, struct err *e)
{
    unsigned long hash;
    if (!subject_hash(text, &hash))
        return err_set(e, ERR_PARSE, PRI_STR ": no PEM certificate", STR_ARG(pem));
    for (unsigned i = 0; i < HASH_TRIES; i++) {
        const char *link = arena_printf(c->a, SSL_CERTS "/%08lx.%u", hash, i);
        if (!finish_has(c->t, link))
            return finish_link(c->t, link, pem, e);
    }
    return err_set(e, ERR_LIMIT, PRI_STR ": more than %d certificates with its subject", STR_ARG(pem),
                   HASH_TRIES);
}

static int add_cert(const struct certs *c, struct str path, struct buf *bundle, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(CERT_MAX);
    struct str full = str_printf(c->a, CERTS "/" PRI_STR, STR_ARG(path)), pem = pem_name(c->a, path);
    if (!finish_read(c->t, full.p, &text))
        return err_set(e, ERR_IO, "%s: cannot be read", full.p);
    buf_str(bundle, buf_view(&text));
    if (text.n && text.p[text.n - 1] != '\n')
        buf_char(bundle, '\n');
    struct str link = str_printf(c->a, SSL_CERTS "/" PRI_STR, STR_ARG(pem));
    if (finish_link(c->t, link.p, str_printf(c->a, "/%s", full.p), e) < 0)
        return -1;
    return hash_link(c, buf_view(&text), pem, e);
}

int finish_certs(const struct deb_tree *t, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(16384);
    drop_buf struct buf bundle = BUF_INIT(BUNDLE_MAX), list = BUF_INIT(CERT_MAX);
    struct certs c = {.t = t, .a = a};
    if (!finish_has(t, CERTS))
        return 0;
    if (find_certs(&c, e) < 0)
        return -1;
    for (size_t i = 0; i < c.path.n; i++) {
        buf_printf(&list, PRI_STR "\n", STR_ARG(c.path.v[i]));
        if (add_cert(&c, c.path.v[i], &bundle, e) < 0)
            return -1;
    }
    if (buf_finish(&bundle, "CA bundle", e) < 0 || buf_finish(&list, "list of CA certificates", e) < 0 ||
        finish_file(t, SSL_CERTS "/ca-certificates.crt", plain, buf_view(&bundle), e) < 0)
        return -1;
    return finish_file(t, "etc/ca-certificates.conf", plain, buf_view(&list), e);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "helpers/helpers.h"
#include <fcntl.h>
#include <unistd.h>

#define BUNDLE_MAX MIB(16) // the bundle of Mozilla's certificates has 0.2 MiB

// Where the system's bundle is: Debian, Alpine; Fedora; SUSE; others.
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

int certificates_of(struct arena *a, const struct cnb_bindings *bindings, struct certificates *c,
                    struct err *e)
{
    for (size_t i = 0; i < bindings->n; i++) {
        const struct cnb_binding *b = &bindings->v[i];
        for (size_t j = 0; cnb_binding_is(b, "ca-certificates") && j < b->entries.n; j++) {
            struct str entry = b->entries.v[j], text;
            const char *file =
                arena_printf(a, "binding " PRI_STR "/" PRI_STR, STR_ARG(b->name), STR_ARG(entry));
            if (cnb_binding_value(a, b, entry, &text, e) < 0 || certificates_add(a, c, text, file, e) < 0)
                return -1;
        }
    }
    return 0;
}

static int read_bundle(struct arena *a, const char *path, struct str *out, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(BUNDLE_MAX);
    if (file_read(AT_FDCWD, path, &b, e) < 0)
        return -1;
    *out = str_dup(a, buf_view(&b));
    return 0;
}

// The file that a variable names, else the first of the system's; without any of them nothing.
static int read_trusted(struct arena *a, const struct helper_in *in, struct str *out, struct err *e)
{
    struct str set = helper_env(in->env, "SSL_CERT_FILE");
    *out = STR("");
    if (set.n)
        return read_bundle(a, str_c(a, set), out, e) < 0 ? err_wrap(e, "SSL_CERT_FILE") : 0;
    for (size_t i = 0; i < COUNT(bundles); i++) {
        struct err own = {0};
        const char *path = arena_printf(a, PRI_STR "%s", STR_ARG(in->root), bundles[i]);
        if (read_bundle(a, path, out, &own) == 0)
            return 0;
        if (own.code != ERR_NOT_FOUND)
            return err_set(e, own.code, "%s", own.cause);
    }
    return 0;
}

static struct str join(struct arena *a, struct str before, struct str pem)
{
    drop_buf struct buf all = BUF_INIT(SIZE_MAX);
    buf_str(&all, before);
    if (before.n && before.p[before.n - 1] != '\n')
        buf_char(&all, '\n');
    buf_str(&all, pem);
    return str_dup(a, buf_view(&all));
}

int certificates_trust(struct arena *a, const struct helper_in *in, const struct certificates *c,
                       struct trust *out, struct err *e)
{
    struct str set = helper_env(in->env, "NODE_EXTRA_CA_CERTS"), all, extra = STR("");
    struct str pem = certificates_text(a, c);
    if (read_trusted(a, in, &all, e) < 0)
        return -1;
    if (set.n && read_bundle(a, str_c(a, set), &extra, e) < 0)
        return err_wrap(e, "NODE_EXTRA_CA_CERTS");
    *out = (struct trust){join(a, all, pem), join(a, extra, pem)};
    return 0;
}

// FNV-1a: only a name, so that apps that share a /tmp do not share a bundle and a restart finds its own.
static uint64_t name_of(const struct trust *t)
{
    uint64_t h = 0xcbf29ce484222325u;
    const struct str parts[] = {t->all, t->extra};
    for (size_t i = 0; i < COUNT(parts); i++)
        for (size_t j = 0; j < parts[i].n; j++)
            h = (h ^ (unsigned char)parts[i].p[j]) * 0x100000001b3u;
    return h;
}

// A directory of ours in `temp`: whoever else may write there must not choose what we trust.
static int own_dir(int temp, const char *name, int *out, struct err *e)
{
    drop_fd int dir = -1;
    struct stat st;
    if (path_mkdirs(temp, name, 0755, e) < 0 ||
        path_open_plain(temp, name, O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0)
        return -1;
    if (fstat(dir, &st) < 0)
        return err_sys(e, "%s", name);
    if (st.st_uid != geteuid() || (st.st_mode & 022))
        return err_set(e, ERR_DENIED, "%s: others may write there; remove it", name);
    *out = steal_fd(&dir);
    return 0;
}

// Those that the image brings, and those that are bound now.
static int collect(struct arena *a, const struct helper_in *in, struct certificates *c, struct err *e)
{
    struct str embedded = helper_env(in->env, "BPI_CA_CERTIFICATES"), text;
    struct str platform = helper_env(in->env, "CNB_PLATFORM_DIR");
    struct cnb_bindings bindings = {0};
    if (embedded.n && (read_bundle(a, str_c(a, embedded), &text, e) < 0 ||
                       certificates_add(a, c, text, "BPI_CA_CERTIFICATES", e) < 0))
        return -1;
    if (str_is(helper_env(in->env, "BPI_CA_BINDINGS"), "false"))
        return 0;
    if (cnb_bindings_read(a, in->env, platform.n ? platform : STR("/platform"), &bindings, e) < 0)
        return -1;
    return certificates_of(a, &bindings, c, e);
}

int helper_certificates(struct arena *a, const struct helper_in *in, struct strmap *out, struct err *e)
{
    static const char all[] = "ca-certificates.crt", extra[] = "extra.crt";
    struct certificates c = {0};
    struct trust trust;
    struct str tmp = helper_env(in->env, "TMPDIR");
    if (collect(a, in, &c, e) < 0)
        return -1;
    if (!c.pem.n)
        return 0;
    if (certificates_trust(a, in, &c, &trust, e) < 0)
        return -1;
    if (!tmp.n)
        tmp = STR("/tmp");
    const char *name = arena_printf(a, "ca-certificates-%016jx", (uintmax_t)name_of(&trust));
    drop_fd int temp = -1, dir = -1;
    if (path_open_host(str_c(a, tmp), O_RDONLY | O_DIRECTORY, 0, &temp, e) < 0 ||
        own_dir(temp, name, &dir, e) < 0 || file_place(dir, all, 0644, trust.all, e) < 0 ||
        file_place(dir, extra, 0644, trust.extra, e) < 0)
        return err_wrap(e, PRI_STR " (TMPDIR says where else)", STR_ARG(tmp));
    strmap_set(a, out, STR("SSL_CERT_FILE"), str_printf(a, PRI_STR "/%s/%s", STR_ARG(tmp), name, all));
    strmap_set(a, out, STR("NODE_EXTRA_CA_CERTS"),
               str_printf(a, PRI_STR "/%s/%s", STR_ARG(tmp), name, extra));
    return 0;
}

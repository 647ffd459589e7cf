// SPDX-License-Identifier: Apache-2.0
#include "debian/lock.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/path.h"
#include "document/schema.h"
#include "document/toml.h"

enum { LOCK_FORMAT = 1 };

struct file {
    int64_t format;
    struct deb_lock lock;
};

static int digest_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct err why = {0};
    struct digest got;
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "\"sha256:…\"", e);
    if (digest_parse(v->s, &got, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    if (got.alg != HASH_SHA256)
        return doc_wrong(d, v, "\"sha256:…\"", e);
    *(struct digest *)at = got;
    return 0;
}

static int digest_write(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    char text[DIGEST_TEXT];
    (void)e;
    val_set_str(out, str_printf(doc->a, "%s", digest_text(at, text)));
    return 0;
}

static int format_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_INT || v->i != LOCK_FORMAT)
        return doc_wrong(d, v, "1, the format that this program knows", e);
    *(int64_t *)at = v->i;
    return 0;
}

static int time_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct err why = {0};
    int64_t sec;
    if (v->kind != VAL_STR && v->kind != VAL_TIME)
        return doc_wrong(d, v, "a time", e);
    if (clock_parse(v->s, &sec, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    *(struct str *)at = v->s;
    return 0;
}

static int name_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR || !deb_name_is_valid(v->s))
        return doc_wrong(d, v, "a package name", e);
    *(struct str *)at = v->s;
    return 0;
}

static int version_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct dpkg_version version;
    struct err why = {0};
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text", e);
    if (dpkg_version_parse(v->s, &version, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    *(struct str *)at = v->s;
    return 0;
}

static int filename_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR || !path_is_safe(v->s))
        return doc_wrong(d, v, "a path that stays beneath the repository", e);
    *(struct str *)at = v->s;
    return 0;
}

static int size_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_INT || v->i < 1 || v->i > (int64_t)GIB(16))
        return doc_wrong(d, v, "bytes, 1 to 16 GiB", e);
    *(int64_t *)at = v->i;
    return 0;
}

// clang-format off
static const struct field release_fields[] = {
    KEY(struct deb_lock_release, codename, "codename", .flags = REQUIRED, .help = "codename of the release"),
    KEY(struct deb_lock_release, date, "date", .flags = REQUIRED, .read = time_read,
        .help = "date of the signed Release file"),
    HOOK(struct deb_lock_release, digest, "digest", digest_read, digest_write, .flags = REQUIRED, .shape = "text",
        .help = "digest of the signed text"),
};
static SCHEMA(release_schema, struct deb_lock_release, release_fields, .name = "releases");

static const struct field package_fields[] = {
    KEY(struct deb_lock_package, name, "name", .flags = REQUIRED, .read = name_read, .help = "name of the package"),
    KEY(struct deb_lock_package, version, "version", .flags = REQUIRED, .read = version_read, .help = "its version"),
    KEY(struct deb_lock_package, architecture, "architecture", .flags = REQUIRED, .help = "its architecture, or all"),
    KEY(struct deb_lock_package, suite, "suite", .flags = REQUIRED, .help = "codename of the release it is from"),
    KEY(struct deb_lock_package, filename, "filename", .flags = REQUIRED, .read = filename_read,
        .help = "its path in the repository"),
    KEY(struct deb_lock_package, size, "size", .flags = REQUIRED, .read = size_read, .help = "bytes of the file"),
    HOOK(struct deb_lock_package, digest, "digest", digest_read, digest_write, .flags = REQUIRED, .shape = "text",
         .help = "digest of the file"),
};
static SCHEMA(package_schema, struct deb_lock_package, package_fields, .name = "packages");

static const struct field lock_fields[] = {
    KEY(struct file, format, "format", .flags = REQUIRED, .read = format_read, .help = "version of this format"),
    HOOK(struct file, lock.declaration, "declaration", digest_read, digest_write, .flags = REQUIRED, .shape = "text",
         .help = "digest of what was asked for"),
    KEY(struct file, lock.origin, "origin", .flags = REQUIRED, .help = "Origin of the Release files"),
    KEY(struct file, lock.suite, "suite", .flags = REQUIRED, .help = "codename of the release"),
    KEY(struct file, lock.architecture, "architecture", .flags = REQUIRED, .help = "architecture, in Debian's words"),
    TABLES(struct file, lock.releases, "releases", release_schema,
        .help = "Release files that the packages were found by"),
    TABLES(struct file, lock.packages, "packages", package_schema, .flags = REQUIRED,
        .help = "every package of the image"),
};
SCHEMA_DECLARE(base_lock_schema, struct file);
SCHEMA(base_lock_schema, struct file, lock_fields, .name = "lock of a base image",
        .help = "The packages of a base image, each by version and digest");
// clang-format on

static struct digest sha256_of(const uint8_t sum[32])
{
    struct digest d = {.alg = HASH_SHA256};
    memcpy(d.sum, sum, 32);
    return d;
}

static void add_release(struct arena *a, struct strmap *seen, const struct deb_release *r)
{
    if (map_find(seen, r->codename))
        return;
    char text[CLOCK_TEXT];
    struct deb_lock_release *to = ARENA_NEW(a, struct deb_lock_release);
    *to = (struct deb_lock_release){r->codename, str_printf(a, "%s", clock_text(r->date_sec, text)),
                                    sha256_of(r->sha256)};
    map_put(a, seen, r->codename)->ptr = to;
}

void deb_lock_make(struct arena *a, const struct base_debian *d, const struct deb_selection *from,
                   struct deb_lock *out)
{
    struct deb_lock l = {.origin = d->origin, .suite = d->suite, .architecture = d->architecture};
    struct strmap releases = {0};
    declaration_digest(d, &l.declaration);
    l.packages.v = ARENA_ARRAY(a, struct deb_lock_package, from->n);
    for (size_t i = 0; i < from->n; i++) {
        const struct deb_package *p = from->v[i].package;
        if (p->release)
            add_release(a, &releases, p->release);
        l.packages.v[l.packages.n++] =
            (struct deb_lock_package){.name = p->name,
                                      .version = p->version_text,
                                      .architecture = p->architecture,
                                      .suite = p->release ? p->release->codename : d->suite,
                                      .filename = p->filename,
                                      .size = (int64_t)p->size,
                                      .digest = sha256_of(p->sha256)};
    }
    map_sort(&releases);
    l.releases.v = ARENA_ARRAY(a, struct deb_lock_release, releases.n);
    for (size_t i = 0; i < releases.n; i++)
        l.releases.v[l.releases.n++] = *(const struct deb_lock_release *)releases.v[i].ptr;
    *out = l;
}

static int check_order(const struct deb_lock *l, const char *file, struct err *e)
{
    for (size_t i = 1; i < l->packages.n; i++)
        if (str_cmp(l->packages.v[i - 1].name, l->packages.v[i].name) >= 0)
            return err_set(e, ERR_PARSE,
                           "%s: packages: " PRI_STR " stands behind " PRI_STR
                           ", wanted each once and sorted by name",
                           file, STR_ARG(l->packages.v[i].name), STR_ARG(l->packages.v[i - 1].name));
    return 0;
}

int deb_lock_read(struct arena *a, struct str text, const char *file, struct deb_lock *out, struct err *e)
{
    struct doc doc = {.names = NAMES_TOML, .file = file, .a = a};
    struct file f = {0};
    struct val *root;
    if (toml_read(a, text, file, &root, e) < 0 || doc_read(&doc, &base_lock_schema, root, &f, e) < 0 ||
        check_order(&f.lock, file, e) < 0)
        return -1;
    *out = f.lock;
    return 0;
}

int deb_lock_write(const struct deb_lock *lock, struct buf *out, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct doc doc = {.names = NAMES_TOML, .a = a};
    struct file f = {LOCK_FORMAT, *lock};
    struct val *root;
    return doc_write(&doc, &base_lock_schema, &f, &root, e) < 0 ? -1 : toml_write(root, out, e);
}

int64_t deb_lock_date(const struct deb_lock *lock)
{
    int64_t newest = 0, sec;
    for (size_t i = 0; i < lock->releases.n; i++)
        if (clock_parse(lock->releases.v[i].date, &sec, NULL) == 0 && sec > newest)
            newest = sec;
    return newest;
}

int deb_lock_check(const struct deb_lock *lock, const struct base_debian *d, struct err *e)
{
    struct digest now;
    declaration_digest(d, &now);
    if (digest_eq(&now, &lock->declaration))
        return 0;
    const struct {
        const char *what;
        struct str locked, declared;
    } parts[] = {
        {"origin", lock->origin, d->origin},
        {"suite", lock->suite, d->suite},
        {"architecture", lock->architecture, d->architecture},
    };
    for (size_t i = 0; i < COUNT(parts); i++)
        if (!str_eq(parts[i].locked, parts[i].declared))
            return err_set(e, ERR_USAGE,
                           "lock: is for the %s \"" PRI_STR "\", the declaration says \"" PRI_STR "\"",
                           parts[i].what, STR_ARG(parts[i].locked), STR_ARG(parts[i].declared));
    return err_set(
        e, ERR_USAGE,
        "lock: is for another list of packages, components or pockets than the declaration has now");
}

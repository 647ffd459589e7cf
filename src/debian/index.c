// SPDX-License-Identifier: Apache-2.0
#include "debian/index.h"
#include "base/limits.h"
#include "base/path.h"
#include "debian/paragraph.h"
#include "stream/hash.h"

enum { INDEX_PACKAGES = 2000000 }; // of one index: Debian's main has 64000

bool deb_name_is_valid(struct str s)
{
    if (s.n < 2 || s.n > 200)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool first = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!first && (i == 0 || (c != '+' && c != '.' && c != '-')))
            return false;
    }
    return true;
}

// Fields that are texts, where they go; the others have a function.
struct reading {
    const struct deb_index_spec *spec;
    struct deb_package *p;
    const struct paragraph_field *f;
};

static int wrong(const struct reading *r, struct err *e, const char *what)
{
    struct err_at at = {.line = r->f->line};
    err_at_file(&at, r->spec->file ? r->spec->file : "");
    size_t n = r->f->name.n < sizeof at.key - 1 ? r->f->name.n : sizeof at.key - 1;
    memcpy(at.key, r->f->name.p, n);
    int shown = r->f->value.n < 80 ? (int)r->f->value.n : 80;
    return err_doc(e, &at, "found \"%.*s\", wanted %s", shown, r->f->value.p, what);
}

static int read_name(const struct reading *r, struct err *e)
{
    r->p->name = r->f->value;
    return deb_name_is_valid(r->f->value) ? 0 : wrong(r, e, "a package name: [a-z0-9][a-z0-9+.-]+");
}

static int read_architecture(const struct reading *r, struct err *e)
{
    struct str s = r->p->architecture = r->f->value;
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-')
            return wrong(r, e, "an architecture: [a-z0-9-]+");
    return s.n ? 0 : wrong(r, e, "an architecture");
}

static int read_version(const struct reading *r, struct err *e)
{
    struct err why = {0};
    r->p->version_text = r->f->value;
    return dpkg_version_parse(r->f->value, &r->p->version, &why) == 0 ? 0 : wrong(r, e, why.cause);
}

static int read_size(const struct reading *r, struct err *e)
{
    return str_u64(r->f->value, 1, GIB(16), &r->p->size) ? 0 : wrong(r, e, "bytes, 1 to 16 GiB");
}

static int read_installed(const struct reading *r, struct err *e)
{
    return str_u64(r->f->value, 0, GIB(64), &r->p->installed_kib) ? 0 : wrong(r, e, "KiB");
}

static int read_sha256(const struct reading *r, struct err *e)
{
    struct digest d;
    if (!digest_of_hex(HASH_SHA256, r->f->value, &d))
        return wrong(r, e, "64 hexadecimal digits in lower case");
    memcpy(r->p->sha256, d.sum, sizeof r->p->sha256);
    return 0;
}

static int read_filename(const struct reading *r, struct err *e)
{
    struct str s = r->f->value;
    if (str_has_prefix(s, "./"))
        s = str_from(s, 2);
    r->p->filename = s;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return wrong(r, e, "a path in printable ASCII");
    return path_is_safe(s) ? 0 : wrong(r, e, "a path that stays beneath the repository");
}

static int read_essential(const struct reading *r, struct err *e)
{
    r->p->essential = str_is(r->f->value, "yes");
    return r->p->essential || str_is(r->f->value, "no") ? 0 : wrong(r, e, "yes or no");
}

static int read_multi_arch(const struct reading *r, struct err *e)
{
    static const char *const names[] = {"no", "same", "foreign", "allowed"};
    for (unsigned i = 0; i < COUNT(names); i++) {
        if (str_is(r->f->value, names[i])) {
            r->p->multi_arch = (enum deb_multi_arch)i;
            return 0;
        }
    }
    return wrong(r, e, "no, same, foreign or allowed");
}

static int read_description(const struct reading *r, struct err *e)
{
    struct str rest = r->f->value;
    (void)e;
    (void)str_next_line(&rest, &r->p->description);
    return 0;
}

// In the order of a Packages file, so that the search goes on where the last field was found.
struct known {
    const char *name;
    size_t off; // of a struct str; read NULL
    int (*read)(const struct reading *r, struct err *e);
};
#define TEXT(name, member)                                                                                   \
    {                                                                                                        \
        name, offsetof(struct deb_package, member), NULL                                                     \
    }
static const struct known known[] = {
    {"Package", 0, read_name},
    TEXT("Source", source),
    {"Version", 0, read_version},
    {"Essential", 0, read_essential},
    {"Installed-Size", 0, read_installed},
    TEXT("Maintainer", maintainer),
    {"Architecture", 0, read_architecture},
    TEXT("Replaces", replaces),
    TEXT("Provides", provides),
    TEXT("Depends", depends),
    TEXT("Pre-Depends", pre_depends),
    TEXT("Conflicts", conflicts),
    TEXT("Breaks", breaks),
    {"Description", 0, read_description},
    {"Multi-Arch", 0, read_multi_arch},
    TEXT("Homepage", homepage),
    TEXT("Section", section),
    TEXT("Priority", priority),
    {"Filename", 0, read_filename},
    {"Size", 0, read_size},
    {"SHA256", 0, read_sha256},
};
enum { F_NAME = 0, F_VERSION = 2, F_ARCHITECTURE = 6, F_FILENAME = 18, F_SIZE = 19, F_SHA256 = 20 };
static const unsigned required[] = {F_NAME, F_VERSION, F_ARCHITECTURE, F_FILENAME, F_SIZE, F_SHA256};

// COUNT(known) if it is none of them.
static size_t find_known(struct str name, size_t from)
{
    for (size_t k = 0; k < COUNT(known); k++) {
        size_t i = from + k < COUNT(known) ? from + k : from + k - COUNT(known);
        if ((known[i].name[0] | 0x20) == (name.p[0] | 0x20) && paragraph_name_is(name, known[i].name))
            return i;
    }
    return COUNT(known);
}

static int read_fields(const struct paragraph *para, struct reading *r, struct err *e)
{
    uint32_t seen = 0;
    size_t next = 0;
    for (size_t i = 0; i < para->n; i++) {
        r->f = &para->v[i];
        size_t at = find_known(r->f->name, next);
        if (at == COUNT(known))
            continue;
        next = at + 1 < COUNT(known) ? at + 1 : 0;
        if (seen & 1u << at)
            return wrong(r, e, "each field once");
        seen |= 1u << at;
        if (!known[at].read)
            *(struct str *)(void *)((char *)r->p + known[at].off) = r->f->value;
        else if (known[at].read(r, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < COUNT(required); i++) {
        if (!(seen & 1u << required[i])) {
            struct err_at at = {.line = para->line};
            err_at_file(&at, r->spec->file ? r->spec->file : "");
            return err_doc(e, &at, "a package without the field %s", known[required[i]].name);
        }
    }
    return 0;
}

static int read_all(struct arena *a, const struct deb_index_spec *spec, struct deb_index *all, struct err *e)
{
    struct paragraphs from = {.rest = spec->text, .file = spec->file};
    struct paragraph para;
    enum paragraph_next next;
    while ((next = paragraph_next(&from, &para, e)) == PARAGRAPH_ONE) {
        if (all->n == INDEX_PACKAGES)
            return err_set(e, ERR_LIMIT, "%s: more packages than the limit of %d", spec->file,
                           INDEX_PACKAGES);
        struct deb_package p = {.paragraph = para.text, .release = spec->release};
        struct reading r = {.spec = spec, .p = &p};
        if (read_fields(&para, &r, e) < 0)
            return -1;
        if (!str_is(p.architecture, "all") && !str_eq(p.architecture, spec->architecture))
            continue;
        all->v = arena_grow(a, all->v, all->n, &all->cap, sizeof *all->v);
        all->v[all->n++] = p;
    }
    return next == PARAGRAPH_END ? 0 : -1;
}

int deb_index_read(struct arena *a, const struct deb_index_spec *spec, struct deb_index *index, struct err *e)
{
    const char *nul = spec->text.n ? memchr(spec->text.p, 0, spec->text.n) : NULL;
    if (nul)
        return err_set(e, ERR_PARSE, "%s: a NUL byte at byte %zu", spec->file ? spec->file : "index",
                       (size_t)(nul - spec->text.p));
    struct deb_index all = *index;
    if (!all.v) { // real paragraphs have 800 bytes
        all.cap = 8 + spec->text.n / 512;
        all.v = ARENA_ARRAY(a, struct deb_package, all.cap);
    }
    if (read_all(a, spec, &all, e) < 0)
        return -1;
    *index = all;
    return 0;
}

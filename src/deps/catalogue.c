// SPDX-License-Identifier: Apache-2.0
#include "deps/catalogue.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/path.h"
#include "document/schema.h"
#include "version/constraint.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { EOL_SOON_SEC = 30 * 86400, STRIP_MAX = 32, DEPS_MAX = 10000 };

// As the file spells it; struct dep is what it means.
struct row {
    struct dep dep;
    struct str checksum, sha256, cpe, eol;
    const struct val *rest;
};
struct metadata {
    struct {
        struct row *v;
        size_t n;
    } rows;
    struct strmap defaults;
    const struct val *rest;
};
struct file {
    struct metadata metadata;
    const struct val *rest;
};

static const char *const scheme_prefix[] = {
    [DEP_HTTPS] = "https://", [DEP_FILE] = "file:///", [DEP_NPM] = "npm:", [DEP_DEB] = "deb:"};
static_assert(COUNT(scheme_prefix) == DEP_SCHEME_MAX_, "one prefix per scheme");

static const char *const tier_names[] = {[DEP_TIER_UNSAID] = "",
                                         [DEP_TIER_DISTRIBUTION] = "distribution",
                                         [DEP_TIER_VENDOR] = "vendor",
                                         [DEP_TIER_REPACKAGED] = "repackaged"};
static_assert(COUNT(tier_names) == DEP_TIER_MAX_, "one name per tier");

const char *dep_tier_name(enum dep_tier t)
{
    return tier_names[t];
}

static int tier_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    for (size_t i = 1; v->kind == VAL_STR && i < COUNT(tier_names); i++) {
        if (str_is(v->s, tier_names[i])) {
            *(enum dep_tier *)at = (enum dep_tier)i;
            return 0;
        }
    }
    return doc_wrong(d, v, "\"distribution\", \"vendor\" or \"repackaged\"", e);
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] > 0x7e)
            return false;
    return s.n > 0;
}

bool dep_uri_named(struct str uri, struct str *name, struct str *version)
{
    bool npm = str_has_prefix(uri, "npm:");
    size_t at;
    if (!npm && !str_has_prefix(uri, "deb:"))
        return false;
    struct str rest = str_from(uri, 4);
    bool found = npm ? str_find_last(rest, '@', &at) : str_find(rest, '=', &at);
    if (!found || at == 0 || at + 1 == rest.n)
        return false;
    *name = str_head(rest, at);
    *version = str_from(rest, at + 1);
    return true;
}

static bool uri_is_fit(struct str uri, enum dep_scheme scheme)
{
    struct str name, version;
    size_t n = strlen(scheme_prefix[scheme]);
    if (!is_printable(uri) || uri.n <= n)
        return false;
    if (scheme == DEP_NPM || scheme == DEP_DEB)
        return dep_uri_named(uri, &name, &version);
    return scheme != DEP_FILE || path_is_safe(str_from(uri, n));
}

static int uri_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct dep *dep = CONTAINER(at, struct dep, uri);
    for (size_t i = 0; v->kind == VAL_STR && i < COUNT(scheme_prefix); i++) {
        if (str_has_prefix(v->s, scheme_prefix[i]) && uri_is_fit(v->s, (enum dep_scheme)i)) {
            dep->uri = v->s;
            dep->scheme = (enum dep_scheme)i;
            return 0;
        }
    }
    return doc_wrong(d, v, "https://HOST/PATH, file:///PATH, npm:NAME@VERSION or deb:NAME=VERSION", e);
}

static int version_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct dep *dep = CONTAINER(at, struct dep, version);
    struct err why = {0};
    if (v->kind != VAL_STR)
        return doc_wrong(d, v, "text: a version", e);
    if (semver_parse_lenient(v->s, &dep->semver, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    dep->version = v->s;
    return 0;
}

static int licence_read(struct decode *d, const struct val *v, struct dep_licence *out, struct err *e)
{
    const struct val *type = v->kind == VAL_MAP ? val_get(v, STR("type")) : v;
    const struct val *uri = v->kind == VAL_MAP ? val_get(v, STR("uri")) : NULL;
    if (!type || type->kind != VAL_STR || (uri && uri->kind != VAL_STR))
        return doc_wrong(d, v, "an SPDX id, or {type = \"ID\", uri = \"…\"}", e);
    *out = (struct dep_licence){type->s, uri ? uri->s : (struct str){"", 0}};
    return 0;
}

static int licences_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "a list of licences", e);
    struct dep_licence *list = ARENA_ARRAY(doc_of(d)->a, struct dep_licence, v->c.n + 1);
    for (size_t i = 0; i < v->c.n; i++)
        if (licence_read(d, &v->c.v[i], &list[i], e) < 0)
            return -1;
    struct dep *dep = CONTAINER(at, struct dep, licences);
    dep->licences.v = list;
    dep->licences.n = v->c.n;
    return 0;
}

static int eol_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct row *r = CONTAINER(at, struct row, eol);
    struct err why = {0};
    struct str text = v->kind == VAL_STR || v->kind == VAL_TIME ? v->s : STR("");
    if (text.n == strlen("2006-01-02"))
        text = str_printf(doc_of(d)->a, PRI_STR "T00:00:00Z", STR_ARG(text));
    if (clock_parse(text, &r->dep.eol_sec, &why) < 0)
        return doc_wrong(d, v, "a date, such as 2028-04-30T00:00:00Z", e);
    r->dep.has_eol = true;
    r->eol = text;
    return 0;
}

static int strip_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_INT || v->i < 0 || v->i > STRIP_MAX)
        return doc_wrong(d, v, "a whole number from 0 to 32", e);
    *(int64_t *)at = v->i;
    return 0;
}

// What no single row can say: the checksum may be spelled in two ways.
static int row_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    struct row *r = at;
    struct err why = {0};
    struct str text = r->checksum;
    if (!text.n && r->sha256.n)
        text = str_printf(doc_of(d)->a, "sha256:" PRI_STR, STR_ARG(r->sha256));
    const struct val *where = val_get(table, r->checksum.n ? STR("checksum") : STR("sha256"));
    if (!text.n)
        return doc_fail(d, table, e, "dependency " PRI_STR " " PRI_STR ": has no checksum",
                        STR_ARG(str_printable(doc_of(d)->a, r->dep.id, 40)), STR_ARG(r->dep.version));
    if (digest_parse(text, &r->dep.sum, &why) < 0)
        return doc_fail(d, where ? where : table, e, "%s", why.cause);
    if (r->cpe.n && !strv_has(&r->dep.cpes, r->cpe)) {
        struct strv all = {0};
        strv_add(doc_of(d)->a, &all, r->cpe);
        for (size_t i = 0; i < r->dep.cpes.n; i++)
            strv_add(doc_of(d)->a, &all, r->dep.cpes.v[i]);
        r->dep.cpes = all;
    }
    return 0;
}

static const struct field row_fields[] = {
    KEY(struct row, dep.id, "id", .flags = REQUIRED, .help = "what buildpacks call it: \"node\""),
    KEY(struct row, dep.name, "name", .help = "what people call it"),
    KEY(struct row, dep.version, "version", .flags = REQUIRED, .read = version_read,
        .help = "its version, semantic"),
    KEY(struct row, dep.uri, "uri", .flags = REQUIRED, .read = uri_read,
        .help = "https://…, file:///…, npm:NAME@VERSION or deb:NAME=VERSION"),
    KEY(struct row, checksum, "checksum", .help = "\"sha256:HEX\" or \"sha512:HEX\" of its bytes; required"),
    KEY(struct row, sha256, "sha256", .help = "the older way to write checksum: HEX alone"),
    KEY(struct row, dep.os, "os", .help = "operating system; any where it is absent"),
    KEY(struct row, dep.arch, "arch", .help = "architecture; any where it is absent"),
    KEY(struct row, dep.strip_components, "strip-components", .read = strip_read,
        .help = "leading components that are cut off names in the archive"),
    HOOK(struct row, dep.licences, "licenses", licences_read, NULL,
         .shape = "list of texts or of {type, uri}", .help = "its licences"),
    KEY(struct row, dep.purl, "purl", .help = "package URL"),
    KEY(struct row, cpe, "cpe", .help = "CPE 2.3 name"),
    KEY(struct row, dep.cpes, "cpes", .help = "CPE 2.3 names"),
    KEY(struct row, eol, "eol-date", .alias = "deprecation_date", .flags = TIME_TOO, .read = eol_read,
        .help = "when its maintenance ends"),
    HOOK(struct row, dep.tier, "tier", tier_read, NULL, .shape = "text",
         .help = "who made these bytes: \"distribution\", \"vendor\" or \"repackaged\""),
    KEEP(struct row, rest), // source, stacks and what else other tools read
};
static SCHEMA(row_schema, struct row, row_fields, .name = "metadata.dependencies", .check = row_check);

static const struct field metadata_fields[] = {
    TABLES(struct metadata, rows, "dependencies", row_schema, .help = "what it may download"),
    KEY(struct metadata, defaults, "default-versions",
        .help = "by id: the constraint where nobody wants a version"),
    KEEP(struct metadata, rest),
};
static SCHEMA(metadata_schema, struct metadata, metadata_fields, .name = "metadata");

static const struct field file_fields[] = {
    TABLE(struct file, metadata, "metadata", metadata_schema, .help = "the catalogue"),
    KEEP(struct file, rest),
};
SCHEMA_DECLARE(catalogue_schema, struct file);
SCHEMA(catalogue_schema, struct file, file_fields, .name = "catalogue",
       .help = "What a buildpack may download: part of its buildpack.toml");

static bool same_machine(const struct dep *a, const struct dep *b)
{
    return str_eq(a->os, b->os) && str_eq(a->arch, b->arch);
}

static const struct val *row_at(const struct val *root, size_t i)
{
    const struct val *list = val_at(root, "metadata.dependencies");
    return list && list->kind == VAL_LIST && i < list->c.n ? &list->c.v[i] : root;
}

// Entries are compared within one id only: a catalogue may have thousands.
static int check_unique(struct arena *a, const struct val *root, const char *file, const struct catalogue *c,
                        struct err *e)
{
    struct strmap seen = {0};
    for (size_t i = 0; i < c->deps.n; i++) {
        const struct dep *d = &c->deps.v[i];
        struct err_at at;
        struct str key = str_printf(a, PRI_STR "\n" PRI_STR "\n" PRI_STR "\n" PRI_STR "+" PRI_STR,
                                    STR_ARG(d->id), STR_ARG(semver_format(a, &d->semver)), STR_ARG(d->os),
                                    STR_ARG(d->arch), STR_ARG(d->semver.build));
        if (map_find(&seen, key)) {
            val_where(row_at(root, i), file, "metadata.dependencies", &at);
            return err_doc(e, &at, PRI_STR " " PRI_STR ": is there twice for the same os and arch",
                           STR_ARG(str_printable(a, d->id, 40)), STR_ARG(d->version));
        }
        map_put(a, &seen, key);
    }
    return 0;
}

int catalogue_read(struct arena *a, const struct val *root, const char *file, struct events *ev,
                   struct catalogue *out, struct err *e)
{
    struct doc doc = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct file f = {0};
    if (doc_read(&doc, &catalogue_schema, root, &f, e) < 0)
        return -1;
    if (f.metadata.rows.n > DEPS_MAX)
        return err_set(e, ERR_LIMIT, "%s: %zu dependencies, the limit is %d", file ? file : "buildpack.toml",
                       f.metadata.rows.n, DEPS_MAX);
    struct catalogue c = {.defaults = f.metadata.defaults};
    c.deps.n = f.metadata.rows.n;
    c.deps.v = ARENA_ARRAY(a, struct dep, c.deps.n + 1);
    for (size_t i = 0; i < c.deps.n; i++)
        c.deps.v[i] = f.metadata.rows.v[i].dep;
    if (check_unique(a, root, file, &c, e) < 0)
        return -1;
    *out = c;
    return 0;
}

// Ruby's habit, as Paketo reads it: "~> 1.2.3" is "~1.2.3", "~> 1.2" is "^1.2".
static struct str without_pessimism(struct arena *a, struct str text)
{
    drop_buf struct buf b = BUF_INIT(2 * CONSTRAINT_TEXT_MAX);
    for (size_t i = 0; i < text.n && i < CONSTRAINT_TEXT_MAX;) {
        if (!str_has_prefix(str_from(text, i), "~>")) {
            buf_char(&b, text.p[i++]);
            continue;
        }
        unsigned dots = 0;
        i += 2;
        while (i < text.n && text.p[i] == ' ')
            i++;
        for (size_t k = i; k < text.n && !strchr(" ,|-+", text.p[k]); k++)
            dots += text.p[k] == '.';
        buf_char(&b, dots >= 2 ? '~' : '^');
    }
    return str_dup(a, buf_view(&b));
}

static bool fits(const struct dep *d, const struct dep_want *w)
{
    return str_eq(d->id, w->id) && (!d->os.n || !w->os.n || str_eq(d->os, w->os)) &&
           (!d->arch.n || !w->arch.n || str_eq(d->arch, w->arch));
}

void catalogue_versions(struct arena *a, const struct catalogue *c, const struct dep_want *w,
                        struct strv *out)
{
    const struct dep **v = ARENA_ARRAY(a, const struct dep *, c->deps.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < c->deps.n; i++) {
        const struct dep *d = &c->deps.v[i];
        size_t at = n;
        if (!fits(d, w))
            continue;
        while (at > 0 && semver_cmp_build(&v[at - 1]->semver, &d->semver) < 0)
            at--;
        memmove(v + at + 1, v + at, (n - at) * sizeof *v);
        v[at] = d;
        n++;
    }
    for (size_t i = 0; i < n; i++)
        if (!strv_has(out, v[i]->version))
            strv_add(a, out, v[i]->version);
}

static int none(struct arena *a, const struct catalogue *c, const struct dep_want *w, struct str constraint,
                struct err *e)
{
    enum { LIST = 90 };
    struct strv all = {0};
    drop_buf struct buf b = BUF_INIT(256);
    catalogue_versions(a, c, w, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (b.n + all.v[i].n + 2 > LIST) {
            buf_printf(&b, " and %zu more", all.n - i);
            break;
        }
        buf_printf(&b, "%s" PRI_STR, i ? ", " : "", STR_ARG(all.v[i]));
    }
    struct str id = str_printable(a, w->id, 30);
    if (!all.n)
        return err_set(e, ERR_NOT_FOUND, PRI_STR ": not in the catalogue for " PRI_STR " " PRI_STR,
                       STR_ARG(id), STR_ARG(str_printable(a, w->os, 16)),
                       STR_ARG(str_printable(a, w->arch, 16)));
    return err_set(e, ERR_NOT_FOUND, PRI_STR " \"" PRI_STR "\": no such version; available: " PRI_STR,
                   STR_ARG(id), STR_ARG(str_printable(a, constraint, 40)), STR_ARG(buf_view(&b)));
}

// Of two that are equal the one that names the machine is closer than the one for any.
static bool is_better(const struct dep *d, const struct dep *than)
{
    int cmp = than ? semver_cmp_build(&d->semver, &than->semver) : 1;
    if (cmp)
        return cmp > 0;
    return !same_machine(d, than) &&
           (d->os.n != 0) + (d->arch.n != 0) > (than->os.n != 0) + (than->arch.n != 0);
}

int catalogue_pick(struct arena *a, const struct catalogue *c, const struct dep_want *w,
                   const struct dep **out, struct err *e)
{
    struct str text = str_trim(w->version);
    const struct constraint *want;
    const struct dep *best = NULL;
    if (!text.n || str_is(text, "default")) {
        const struct str *dflt = strmap_get(&c->defaults, w->id);
        text = dflt ? *dflt : STR("*");
    }
    if (constraint_parse(a, without_pessimism(a, text), CONSTRAINT_MASTERMINDS, &want, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(str_printable(a, w->id, 40)));
    for (size_t i = 0; i < c->deps.n; i++) {
        const struct dep *d = &c->deps.v[i];
        if (fits(d, w) && constraint_matches(want, &d->semver) && is_better(d, best))
            best = d;
    }
    if (!best)
        return none(a, c, w, text, e);
    *out = best;
    return 0;
}

const struct dep *catalogue_find(const struct catalogue *c, const struct digest *sum)
{
    for (size_t i = 0; i < c->deps.n; i++)
        if (digest_eq(&c->deps.v[i].sum, sum))
            return &c->deps.v[i];
    return NULL;
}

enum dep_eol dep_eol(const struct dep *d, int64_t now_sec)
{
    if (!d->has_eol || d->eol_sec > now_sec + EOL_SOON_SEC)
        return DEP_EOL_NONE;
    return d->eol_sec <= now_sec ? DEP_EOL_PAST : DEP_EOL_SOON;
}

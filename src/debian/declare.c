// SPDX-License-Identifier: Apache-2.0
#include "debian/declare.h"
#include "base/glob.h"
#include "base/path.h"
#include "debian/index.h"
#include "document/schema.h"
#include "document/toml.h"
#include "oci/reference.h"
#include <sys/utsname.h>

static const char *const kind_names[] = {[BASE_RUN] = "run", [BASE_BUILD] = "build"};

const char *base_kind_name(enum base_kind k)
{
    return (unsigned)k < COUNT(kind_names) ? kind_names[k] : "unknown";
}

const char *debian_architecture(void)
{
    static const struct {
        const char *machine, *debian;
    } known[] = {
        {"x86_64", "amd64"},    {"aarch64", "arm64"}, {"ppc64le", "ppc64el"}, {"s390x", "s390x"},
        {"riscv64", "riscv64"}, {"armv7l", "armhf"},  {"i686", "i386"},       {"loongarch64", "loong64"},
    };
    struct utsname u;
    if (uname(&u) < 0)
        return NULL;
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(u.machine, known[i].machine) == 0)
            return known[i].debian;
    return NULL;
}

static int kind_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    for (unsigned i = 0; v->kind == VAL_STR && i < COUNT(kind_names); i++) {
        if (str_is(v->s, kind_names[i])) {
            *(enum base_kind *)at = (enum base_kind)i;
            return 0;
        }
    }
    return doc_wrong(d, v, "\"run\" or \"build\"", e);
}

static bool is_word(struct str s, const char *more)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || !memchr(more, c, strlen(more))))
            return false;
    }
    return s.n > 0 && s.n <= 64;
}

static int word_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR || !is_word(v->s, "-._"))
        return doc_wrong(d, v, "a name: [a-z0-9][a-z0-9._-]*", e);
    *(struct str *)at = v->s;
    return 0;
}

typedef int check_fn(struct decode *d, const struct val *v, struct err *e);

// A list without repetitions, each element checked.
static int list_read(struct decode *d, const struct val *v, void *at, struct err *e, check_fn *check)
{
    struct strv list = {0};
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "a list of texts", e);
    for (size_t i = 0; i < v->c.n; i++) {
        if (v->c.v[i].kind != VAL_STR || str_has_nul(v->c.v[i].s))
            return doc_wrong(d, &v->c.v[i], "text", e);
        if (check(d, &v->c.v[i], e) < 0)
            return -1;
        strv_add(doc_of(d)->a, &list, v->c.v[i].s);
    }
    struct strv sorted = {0};
    for (size_t i = 0; i < list.n; i++)
        strv_add(doc_of(d)->a, &sorted, list.v[i]);
    strv_sort(&sorted);
    for (size_t i = 1; i < sorted.n; i++)
        if (str_eq(sorted.v[i - 1], sorted.v[i]))
            return doc_fail(d, v, e, "\"" PRI_STR "\" is there twice", STR_ARG(sorted.v[i]));
    *(struct strv *)at = list;
    return 0;
}

static int component_check(struct decode *d, const struct val *v, struct err *e)
{
    return is_word(v->s, "-/") ? 0 : doc_wrong(d, v, "a name: [a-z0-9][a-z0-9/-]*", e);
}

static int components_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    return list_read(d, v, at, e, component_check);
}

static int package_check(struct decode *d, const struct val *v, struct err *e)
{
    size_t eq;
    struct dpkg_version version;
    struct err why = {0};
    bool pinned = str_find(v->s, '=', &eq);
    if (!deb_name_is_valid(pinned ? str_head(v->s, eq) : v->s))
        return doc_wrong(d, v, "a package: \"name\" or \"name=version\"", e);
    if (pinned && dpkg_version_parse(str_from(v->s, eq + 1), &version, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    return 0;
}

static int packages_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct strv list;
    if (list_read(d, v, &list, e, package_check) < 0)
        return -1;
    if (!list.n)
        return doc_fail(d, v, e, "no package is named");
    strv_sort(&list);
    *(struct strv *)at = list;
    return 0;
}

static int glob_ok(struct decode *d, const struct val *v, struct err *e)
{
    struct err why = {0};
    struct str glob = str_has_prefix(v->s, "!") ? str_from(v->s, 1) : v->s;
    if (!glob.n || glob.p[0] != '/')
        return doc_wrong(d, v, "a pattern of absolute paths, as \"/usr/share/doc/*\"", e);
    return glob_check(glob, &why) == 0 ? 0 : doc_fail(d, v, e, "%s", why.cause);
}

static int globs_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    return list_read(d, v, at, e, glob_ok);
}

static int reference_ok(struct decode *d, const struct val *v, struct err *e)
{
    struct reference ref;
    struct err why = {0};
    if (reference_parse(doc_of(d)->a, v->s, &ref, &why) < 0)
        return doc_fail(d, v, e, "%s", why.cause);
    return reference_has_digest(&ref) ? doc_wrong(d, v, "a reference without digest", e) : 0;
}

static int reference_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR || str_has_nul(v->s))
        return doc_wrong(d, v, "text", e);
    if (reference_ok(d, v, e) < 0)
        return -1;
    *(struct str *)at = v->s;
    return 0;
}

static int mirrors_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    return list_read(d, v, at, e, reference_ok);
}

// What passwd can hold: no ':' and no newline; absolute and clean.
static int path_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_STR || v->s.n < 2 || v->s.p[0] != '/' || !path_is_safe(str_from(v->s, 1)) ||
        memchr(v->s.p, ':', v->s.n) || memchr(v->s.p, '\n', v->s.n))
        return doc_wrong(d, v, "a clean absolute path without ':'", e);
    *(struct str *)at = v->s;
    return 0;
}

static int target_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct str s = v->kind == VAL_STR ? v->s : STR("");
    if (!s.n || str_has_nul(s) || s.n > 1024)
        return doc_wrong(d, v, "the target of a symbolic link", e);
    *(struct str *)at = s;
    return 0;
}

static int id_read(struct decode *d, const struct val *v, void *at, struct err *e)
{
    if (v->kind != VAL_INT || v->i < 0 || v->i > 4294967294)
        return doc_wrong(d, v, "a number within 0..4294967294", e);
    *(int64_t *)at = v->i;
    return 0;
}

static int user_check(struct decode *d, const struct base_declaration *b, const struct val *table,
                      struct err *e)
{
    for (size_t i = 0; i < b->users.n; i++) {
        const struct base_user *u = &b->users.v[i];
        for (size_t k = 0; k <= i; k++) {
            const struct base_user *other = k ? &b->users.v[k - 1] : &b->user;
            if (str_eq(u->name, other->name) || u->uid == other->uid)
                return doc_fail(d, table, e,
                                "user \"" PRI_STR "\" and user \"" PRI_STR "\" have the same name or uid",
                                STR_ARG(other->name), STR_ARG(u->name));
        }
    }
    return b->user.uid ? 0 : doc_fail(d, table, e, "user.uid is 0: the spec wants a user that is not root");
}

static int declaration_check(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct base_declaration *b = at;
    for (size_t i = 0; i < b->env.n; i++) {
        struct str key = b->env.v[i].key;
        if (!key.n || memchr(key.p, '=', key.n))
            return doc_fail(d, table, e, "env: \"" PRI_STR "\" is no name of a variable", STR_ARG(key));
    }
    return user_check(d, b, table, e);
}

// clang-format off
static const struct field debian_fields[] = {
    KEY(struct base_debian, origin, "origin", .flags = REQUIRED, .help = "Origin of the signed Release files"),
    KEY(struct base_debian, suite, "suite", .flags = REQUIRED, .read = word_read, .help = "codename of the release"),
    KEY(struct base_debian, pockets, "pockets", .read = components_read,
        .help = "suites beside it: \"security\" is SUITE-security"),
    KEY(struct base_debian, architecture, "architecture", .flags = OMIT_EMPTY, .read = word_read,
        .help = "in Debian's words; this machine's if absent"),
    KEY(struct base_debian, components, "components", .read = components_read, .help = "parts of the suites"),
    KEY(struct base_debian, packages, "packages", .flags = REQUIRED, .read = packages_read,
        .help = "what is asked for; what they depend on comes with them"),
    KEY(struct base_debian, exclude_paths, "exclude-paths", .read = globs_read,
        .help = "patterns of paths that are not unpacked; '!' in front takes back in"),
};
static SCHEMA(debian_schema, struct base_debian, debian_fields, .name = "debian");

static const struct field image_fields[] = {
    KEY(struct base_image, reference, "reference", .flags = REQUIRED, .read = reference_read,
        .help = "name under which the image is published"),
    KEY(struct base_image, mirrors, "mirrors", .read = mirrors_read, .help = "further names of it"),
};
static SCHEMA(image_schema, struct base_image, image_fields, .name = "image");

static const struct field user_fields[] = {
    KEY(struct base_user, name, "name", .flags = REQUIRED, .read = word_read, .help = "name of the user"),
    KEY(struct base_user, uid, "uid", .flags = REQUIRED, .read = id_read, .help = "user id"),
    KEY(struct base_user, gid, "gid", .flags = REQUIRED, .read = id_read, .help = "group id"),
    KEY(struct base_user, group, "group", .flags = OMIT_EMPTY, .read = word_read,
        .help = "name of the group; as the user's if absent"),
    KEY(struct base_user, home, "home", .flags = REQUIRED, .read = path_read, .help = "home directory"),
    KEY(struct base_user, shell, "shell", .flags = OMIT_EMPTY, .read = path_read, .help = "login shell"),
};
static SCHEMA(user_schema, struct base_user, user_fields, .name = "user");

static const struct field alternative_fields[] = {
    KEY(struct base_alternative, link, "link", .flags = REQUIRED, .read = path_read, .help = "path of the link"),
    KEY(struct base_alternative, target, "target", .flags = REQUIRED, .read = target_read,
        .help = "what it points to"),
};
static SCHEMA(alternative_schema, struct base_alternative, alternative_fields, .name = "alternatives");

static const struct field declaration_fields[] = {
    KEY(struct base_declaration, name, "name", .flags = REQUIRED, .read = word_read,
        .help = "name of the base image"),
    HOOK(struct base_declaration, kind, "kind", kind_read, NULL, .flags = REQUIRED, .shape = "text",
        .help = "\"run\" or \"build\""),
    KEY(struct base_declaration, description, "description", .help = "one sentence about it; a label of the image"),
    KEY(struct base_declaration, homepage, "homepage", .help = "where to read about it; a label of the image"),
    KEY(struct base_declaration, maintainer, "maintainer", .help = "who cares for it; a label of the image"),
    TABLE(struct base_declaration, debian, "debian", debian_schema, .flags = REQUIRED,
        .help = "the packages that it is made of"),
    TABLE(struct base_declaration, image, "image", image_schema, .flags = REQUIRED, .help = "where it is published"),
    KEY(struct base_declaration, labels, "labels", .help = "labels of the image beside those of the spec"),
    KEY(struct base_declaration, env, "env", .help = "environment of the image beside that of the spec"),
    TABLE(struct base_declaration, user, "user", user_schema, .flags = REQUIRED,
        .help = "user that builds and apps run as"),
    TABLES(struct base_declaration, users, "users", user_schema, .help = "further users"),
    TABLES(struct base_declaration, alternatives, "alternatives", alternative_schema,
           .help = "links that maintainer scripts would make"),
};
SCHEMA_DECLARE(base_declaration_schema, struct base_declaration);
SCHEMA(base_declaration_schema, struct base_declaration, declaration_fields, .name = "base image",
        .help = "What a base image is made of",
              .check = declaration_check);
// clang-format on

static void strv_from(struct arena *a, struct strv *to, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        strv_add(a, to, str_of(texts[i]));
}

static void fill_user(struct base_user *u)
{
    if (!u->group.n)
        u->group = u->name;
}

int declaration_read(struct arena *a, struct str text, const char *file, struct events *ev,
                     struct base_declaration *out, struct err *e)
{
    static const char *const pockets[] = {"updates", "security"}, *const components[] = {"main"};
    struct doc doc = {.names = NAMES_TOML, .file = file, .a = a, .ev = ev};
    struct base_declaration d = {0};
    struct val *root;
    strv_from(a, &d.debian.pockets, pockets, COUNT(pockets));
    strv_from(a, &d.debian.components, components, COUNT(components));
    if (toml_read(a, text, file, &root, e) < 0 || doc_read(&doc, &base_declaration_schema, root, &d, e) < 0)
        return -1;
    if (!d.debian.architecture.n) {
        const char *host = debian_architecture();
        if (!host)
            return err_set(e, ERR_USAGE,
                           "%s: debian.architecture: not given, and Debian has no name for this machine's",
                           file);
        d.debian.architecture = str_of(host);
    }
    fill_user(&d.user);
    for (size_t i = 0; i < d.users.n; i++)
        fill_user(&d.users.v[i]);
    *out = d;
    return 0;
}

void declaration_suites(struct arena *a, const struct base_debian *d, struct strv *out)
{
    struct strv all = {0};
    strv_add(a, &all, d->suite);
    for (size_t i = 0; i < d->pockets.n; i++)
        strv_add(a, &all, str_printf(a, PRI_STR "-" PRI_STR, STR_ARG(d->suite), STR_ARG(d->pockets.v[i])));
    *out = all;
}

// Each text with its length in front, so that no two lists look the same.
static void hash_text(struct hash *h, struct str s)
{
    uint64_t n = s.n;
    uint8_t le[8];
    for (unsigned i = 0; i < sizeof le; i++)
        le[i] = (uint8_t)(n >> 8 * i);
    hash_add(h, le, sizeof le);
    hash_add(h, s.p, s.n);
}

static void hash_list(struct hash *h, const struct strv *list)
{
    hash_text(h, STR("list"));
    for (size_t i = 0; i < list->n; i++)
        hash_text(h, list->v[i]);
}

void declaration_digest(const struct base_debian *d, struct digest *out)
{
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA256);
    hash_text(h, STR("dema base 1"));
    hash_text(h, d->origin);
    hash_text(h, d->suite);
    hash_text(h, d->architecture);
    hash_list(h, &d->pockets);
    hash_list(h, &d->components);
    hash_list(h, &d->packages);
    hash_end(h, out);
}

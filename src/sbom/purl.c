// SPDX-License-Identifier: Apache-2.0
#include "sbom/purl.h"
#include "base/buf.h"
#include <ctype.h>

enum part { PART_OPTIONAL, PART_NEEDED, PART_FORBIDDEN };
enum {
    LOWER_NS = 1 << 0,
    LOWER_NAME = 1 << 1,
    LOWER_VERSION = 1 << 2,
    DASH_NAME = 1 << 3,        // '_' is written '-'
    NO_COLONS = 1 << 4,        // a distribution, not a module
    LOWER_DATABRICKS = 1 << 5, // the name, if that is its repository
    CHROME = 1 << 6,
    NAME_PATH = 1 << 7, // the namespace is the first segment, the name all others
};

struct type_rule {
    const char *type;
    enum part ns;
    unsigned how;
    const char *key; // a qualifier that must be there
};

static const struct type_rule rules[] = {
    {"alpm", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"apk", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"bitbucket", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"bitnami", PART_OPTIONAL, LOWER_NAME, NULL},
    {"brew", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"chrome-extension", PART_FORBIDDEN, CHROME, NULL},
    {"composer", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"cpan", PART_OPTIONAL, NO_COLONS, NULL},
    {"deb", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"git", PART_NEEDED, NAME_PATH, NULL},
    {"github", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"hex", PART_OPTIONAL, LOWER_NS | LOWER_NAME, NULL},
    {"huggingface", PART_OPTIONAL, LOWER_VERSION, NULL},
    {"julia", PART_OPTIONAL, 0, "uuid"},
    {"mlflow", PART_OPTIONAL, LOWER_DATABRICKS, NULL},
    {"oci", PART_FORBIDDEN, LOWER_NAME, NULL},
    {"otp", PART_FORBIDDEN, 0, NULL},
    {"pub", PART_OPTIONAL, LOWER_NAME, NULL},
    {"pypi", PART_OPTIONAL, LOWER_NAME | DASH_NAME, NULL},
    {"rpm", PART_OPTIONAL, LOWER_NS, NULL},
    {"swift", PART_NEEDED, 0, NULL},
    {"vcpkg", PART_FORBIDDEN, 0, NULL},
    {"vscode-extension", PART_NEEDED, 0, NULL},
};

static const struct type_rule *rule_of(struct str type)
{
    for (size_t i = 0; i < COUNT(rules); i++)
        if (str_is(type, rules[i].type))
            return &rules[i];
    return NULL;
}

static struct str dashes(struct arena *a, struct str s)
{
    char *p = arena_copy(a, s.p, s.n);
    for (size_t i = 0; i < s.n; i++)
        if (p[i] == '_')
            p[i] = '-';
    return (struct str){p, s.n};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    int low = tolower((unsigned char)c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static int decode(struct arena *a, struct str s, struct str *out, struct err *e)
{
    char *p = arena_get(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            p[n++] = s.p[i];
            continue;
        }
        bool whole = s.n - i > 2;
        int high = whole ? hex_digit(s.p[i + 1]) : -1, low = whole ? hex_digit(s.p[i + 2]) : -1;
        if (high < 0 || low < 0)
            return err_set(e, ERR_PARSE, "a '%%' without two hexadecimal digits");
        p[n++] = (char)(high << 4 | low);
        i += 2;
    }
    struct str got = {p, n};
    size_t bad;
    if (str_has_nul(got) || !str_utf8(got, &bad))
        return err_set(e, ERR_PARSE, "decodes to what is not UTF-8 text");
    *out = got;
    return 0;
}

static void encode(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (isalnum(c) || c == '.' || c == '-' || c == '_' || c == '~' || c == ':')
            buf_char(b, (char)c);
        else
            buf_printf(b, "%%%02X", c);
    }
}

// Segments that say something, joined by '/'; those of a subpath that lead elsewhere are left out.
static struct str join_segments(struct arena *a, struct str path, bool subpath)
{
    struct str rest = path, part;
    drop_buf struct buf b = BUF_INIT(PURL_MAX);
    while (str_cut(&rest, '/', &part)) {
        if (!part.n || (subpath && (str_is(part, ".") || str_is(part, ".."))))
            continue;
        if (b.n)
            buf_char(&b, '/');
        buf_str(&b, part);
    }
    return str_dup(a, buf_view(&b));
}

static bool is_key(struct str s, const char *more)
{
    if (!s.n || !isalpha((unsigned char)s.p[0]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!isalnum((unsigned char)s.p[i]) && (!s.p[i] || !strchr(more, s.p[i])))
            return false;
    return true;
}

static bool is_chrome_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'a' || s.p[i] > 'p')
            return false;
    return s.n == 32;
}

static bool is_chrome_version(struct str s)
{
    struct str rest = s, part;
    size_t n = 0;
    uint64_t number;
    while (s.n && str_cut(&rest, '.', &part))
        if (++n > 4 || !str_u64(part, 0, 65535, &number))
            return false;
    return true;
}

static int check_type(const struct purl *p, const struct type_rule *r, struct err *e)
{
    if (r->ns == PART_NEEDED && !p->ns.n)
        return err_set(e, ERR_PARSE, "type %s: a namespace is needed", r->type);
    if (r->ns == PART_FORBIDDEN && p->ns.n)
        return err_set(e, ERR_PARSE, "type %s: has no namespace", r->type);
    if (r->key && !map_find(&p->qualifiers, str_of(r->key)))
        return err_set(e, ERR_PARSE, "type %s: the qualifier %s is needed", r->type, r->key);
    if (r->how & NO_COLONS && memmem(p->name.p, p->name.n, "::", 2))
        return err_set(e, ERR_PARSE, "type %s: the name of a module, want that of a distribution", r->type);
    if (r->how & CHROME && (!is_chrome_id(p->name) || !is_chrome_version(p->version)))
        return err_set(e, ERR_PARSE, "type %s: want 32 letters a-p, and at most four numbers as version",
                       r->type);
    return 0;
}

static bool in_databricks(const struct purl *p)
{
    const struct str *url = strmap_get(&p->qualifiers, STR("repository_url"));
    return url && memmem(url->p, url->n, "databricks", 10);
}

static void apply_rule(struct arena *a, struct purl *p, const struct type_rule *r)
{
    if (r->how & LOWER_NS)
        p->ns = str_lower(a, p->ns);
    if (r->how & LOWER_NAME || (r->how & LOWER_DATABRICKS && in_databricks(p)))
        p->name = str_lower(a, p->name);
    if (r->how & DASH_NAME)
        p->name = dashes(a, p->name);
    if (r->how & LOWER_VERSION)
        p->version = str_lower(a, p->version);
}

static int normal_qualifiers(struct arena *a, const struct strmap *in, struct strmap *out, struct err *e)
{
    struct strmap made = {0};
    for (size_t i = 0; i < in->n; i++) {
        struct str key = str_lower(a, in->v[i].key);
        if (!is_key(key, "._-"))
            return err_set(e, ERR_PARSE, "qualifier \"" PRI_STR "\", want letters, digits and . _ -",
                           STR_ARG(str_printable(a, key, 40)));
        if (map_find(&made, key))
            return err_set(e, ERR_PARSE, "qualifier " PRI_STR " twice", STR_ARG(key));
        if (in->v[i].val.n)
            strmap_set(a, &made, key, in->v[i].val);
    }
    map_sort(&made);
    *out = made;
    return 0;
}

// "host/owner" and "name" of a path name are "host" and "owner/name".
static void split_name_path(struct arena *a, struct purl *p)
{
    size_t at;
    if (!str_find(p->ns, '/', &at))
        return;
    p->name = str_printf(a, PRI_STR "/" PRI_STR, STR_ARG(str_from(p->ns, at + 1)), STR_ARG(p->name));
    p->ns = str_head(p->ns, at);
}

static int normal(struct arena *a, const struct purl *in, struct purl *out, struct err *e)
{
    struct purl p = *in;
    p.type = str_lower(a, in->type);
    if (!is_key(p.type, ".-+"))
        return err_set(e, ERR_PARSE, "type \"" PRI_STR "\", want letters, digits and . - after a letter",
                       STR_ARG(str_printable(a, p.type, 40)));
    if (!p.name.n)
        return err_set(e, ERR_PARSE, "no name");
    if (normal_qualifiers(a, &in->qualifiers, &p.qualifiers, e) < 0)
        return -1;
    p.ns = join_segments(a, in->ns, false);
    p.subpath = join_segments(a, in->subpath, true);
    const struct type_rule *r = rule_of(p.type);
    if (r) {
        if (r->how & NAME_PATH)
            split_name_path(a, &p);
        apply_rule(a, &p, r);
        if (check_type(&p, r, e) < 0)
            return -1;
    }
    *out = p;
    return 0;
}

static int parse_qualifiers(struct arena *a, struct str text, struct purl *p, struct err *e)
{
    struct str rest = text, pair;
    while (text.n && str_cut(&rest, '&', &pair)) {
        size_t at;
        struct str value;
        if (!pair.n)
            continue;
        if (!str_find(pair, '=', &at))
            return err_set(e, ERR_PARSE, "qualifier \"" PRI_STR "\" without '='",
                           STR_ARG(str_printable(a, pair, 40)));
        struct str key = str_lower(a, str_head(pair, at));
        if (map_find(&p->qualifiers, key))
            return err_set(e, ERR_PARSE, "qualifier " PRI_STR " twice", STR_ARG(str_printable(a, key, 40)));
        if (decode(a, str_from(pair, at + 1), &value, e) < 0)
            return -1;
        strmap_set(a, &p->qualifiers, key, value);
    }
    return 0;
}

// A path whose segments are decoded one by one: an encoded '/' within one would change its shape.
static int parse_path(struct arena *a, struct str text, bool subpath, struct str *out, struct err *e)
{
    struct str rest = text, part;
    drop_buf struct buf b = BUF_INIT(PURL_MAX);
    while (str_cut(&rest, '/', &part)) {
        struct str plain;
        if (decode(a, part, &plain, e) < 0)
            return -1;
        if (!plain.n || (subpath && (str_is(plain, ".") || str_is(plain, ".."))))
            continue;
        size_t slash;
        if (str_find(plain, '/', &slash))
            return err_set(e, ERR_PARSE, "an encoded '/' within a segment");
        if (b.n)
            buf_char(&b, '/');
        buf_str(&b, plain);
    }
    *out = str_dup(a, buf_view(&b));
    return 0;
}

// "type/ns/ns/name@version"
static int parse_main(struct arena *a, struct str text, struct purl *p, struct err *e)
{
    struct str rest = text, version = STR(""), path = STR("");
    size_t at;
    while (rest.n && rest.p[0] == '/')
        rest = str_from(rest, 1);
    if (!str_find(rest, '/', &at))
        return err_set(e, ERR_PARSE, "no type, or no name");
    p->type = str_head(rest, at);
    rest = str_from(rest, at + 1);
    if (str_find_last(rest, '/', &at)) {
        path = str_head(rest, at);
        rest = str_from(rest, at + 1);
    }
    if (str_find_last(rest, '@', &at)) {
        version = str_from(rest, at + 1);
        rest = str_head(rest, at);
    }
    if (parse_path(a, path, false, &p->ns, e) < 0 || decode(a, rest, &p->name, e) < 0)
        return -1;
    return decode(a, version, &p->version, e);
}

int purl_parse(struct arena *a, struct str s, struct purl *out, struct err *e)
{
    struct purl p = {0};
    struct str rest = s, qualifiers = STR(""), subpath = STR("");
    size_t at;
    struct str shown = str_printable(a, s, 80);
    if (s.n > PURL_MAX)
        return err_set(e, ERR_LIMIT, "package URL of %zu bytes, the limit is %d", s.n, PURL_MAX);
    if (s.n < 4 || !str_is(str_lower(a, str_head(s, 4)), "pkg:"))
        return err_set(e, ERR_PARSE, "package URL \"" PRI_STR "\": does not begin with \"pkg:\"",
                       STR_ARG(shown));
    rest = str_from(s, 4);
    if (str_find_last(rest, '#', &at)) {
        subpath = str_from(rest, at + 1);
        rest = str_head(rest, at);
    }
    if (str_find_last(rest, '?', &at)) {
        qualifiers = str_from(rest, at + 1);
        rest = str_head(rest, at);
    }
    if (parse_main(a, rest, &p, e) < 0 || parse_qualifiers(a, qualifiers, &p, e) < 0 ||
        parse_path(a, subpath, true, &p.subpath, e) < 0 || normal(a, &p, out, e) < 0)
        return err_wrap(e, "package URL \"" PRI_STR "\"", STR_ARG(shown));
    return 0;
}

static void encode_path(struct buf *b, struct str path)
{
    struct str rest = path, part;
    bool first = true;
    while (str_cut(&rest, '/', &part)) {
        if (!first)
            buf_char(b, '/');
        encode(b, part);
        first = false;
    }
}

int purl_format(struct arena *a, const struct purl *in, struct str *out, struct err *e)
{
    struct purl p;
    drop_buf struct buf b = BUF_INIT(4 * PURL_MAX);
    if (normal(a, in, &p, e) < 0)
        return err_wrap(e, "package URL of " PRI_STR, STR_ARG(str_printable(a, in->name, 60)));
    buf_printf(&b, "pkg:" PRI_STR "/", STR_ARG(p.type));
    if (p.ns.n) {
        encode_path(&b, p.ns);
        buf_char(&b, '/');
    }
    const struct type_rule *r = rule_of(p.type);
    if (r && r->how & NAME_PATH)
        encode_path(&b, p.name);
    else
        encode(&b, p.name);
    if (p.version.n) {
        buf_char(&b, '@');
        encode(&b, p.version);
    }
    for (size_t i = 0; i < p.qualifiers.n; i++) {
        buf_printf(&b, "%c" PRI_STR "=", i ? '&' : '?', STR_ARG(p.qualifiers.v[i].key));
        encode(&b, p.qualifiers.v[i].val);
    }
    if (p.subpath.n) {
        buf_char(&b, '#');
        encode_path(&b, p.subpath);
    }
    if (buf_finish(&b, "package URL", e) < 0)
        return -1;
    *out = str_dup(a, buf_view(&b));
    return 0;
}

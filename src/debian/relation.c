// SPDX-License-Identifier: Apache-2.0
#include "debian/relation.h"
#include "debian/index.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct str *s)
{
    while (s->n && is_blank(s->p[0]))
        *s = str_from(*s, 1);
}

// What stands before a blank or one of the marks of a relation.
static struct str take_word(struct str *s)
{
    size_t n = 0;
    while (n < s->n && !is_blank(s->p[n]) && !memchr("()[]<>,|:", s->p[n], 9))
        n++;
    struct str word = str_head(*s, n);
    *s = str_from(*s, n);
    return word;
}

static int wrong(struct str text, struct err *e, const char *what)
{
    int n = text.n < 80 ? (int)text.n : 80;
    return err_set(e, ERR_PARSE, "relation \"%.*s\": %s", n, text.p, what);
}

// "(>= 1.2)"; *s stands at the '('.
static int version_part(struct str *s, struct deb_relation *r, struct err *e)
{
    size_t close, n = 0;
    if (!str_find(*s, ')', &close))
        return wrong(r->text, e, "')' is missing");
    struct str in = str_trim(str_head(str_from(*s, 1), close - 1));
    while (n < in.n && (in.p[n] == '<' || in.p[n] == '>' || in.p[n] == '='))
        n++;
    struct err why = {0};
    if (dpkg_relation_parse(str_head(in, n), &r->relation, &why) < 0 ||
        dpkg_version_parse(str_trim(str_from(in, n)), &r->version, &why) < 0)
        return wrong(r->text, e, why.cause);
    r->has_version = true;
    *s = str_from(*s, close + 1);
    return 0;
}

static int one_relation(struct str text, struct deb_relation *out, struct err *e)
{
    struct str s = text = str_trim(text);
    struct deb_relation r = {.text = text};
    r.name = take_word(&s);
    if (!deb_name_is_valid(r.name))
        return wrong(text, e, "no package name, wanted [a-z0-9][a-z0-9+.-]+");
    if (s.n && s.p[0] == ':') {
        s = str_from(s, 1);
        r.qualifier = take_word(&s);
        if (!r.qualifier.n)
            return wrong(text, e, "nothing behind ':'");
    }
    skip_blanks(&s);
    if (s.n && s.p[0] == '(') {
        if (version_part(&s, &r, e) < 0)
            return -1;
        skip_blanks(&s);
    }
    if (s.n)
        return wrong(text, e,
                     s.p[0] == '[' || s.p[0] == '<' ? "only source packages have [] and <>"
                                                    : "text behind it");
    *out = r;
    return 0;
}

static size_t count(struct str s, char c)
{
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

static int alternatives(struct arena *a, struct str text, struct deb_alternatives *out, struct err *e)
{
    struct str rest = text, piece;
    *out = (struct deb_alternatives){.text = text};
    out->v = ARENA_ARRAY(a, struct deb_relation, count(text, '|'));
    while (str_cut(&rest, '|', &piece))
        if (one_relation(piece, &out->v[out->n++], e) < 0)
            return -1;
    return 0;
}

int deb_relations_read(struct arena *a, struct str field, struct deb_relations *out, struct err *e)
{
    struct deb_relations all = {0};
    struct str rest = str_trim(field), piece;
    size_t n = count(rest, ',');
    if (!rest.n) {
        *out = all;
        return 0;
    }
    if (n > DEB_RELATIONS)
        return err_set(e, ERR_LIMIT, "relations: %zu in one field, the limit is %d", n, DEB_RELATIONS);
    all.v = ARENA_ARRAY(a, struct deb_alternatives, n);
    while (str_cut(&rest, ',', &piece)) {
        piece = str_trim(piece);
        if (!piece.n && !str_trim(rest).n)
            break; // dpkg takes a comma behind the last one
        if (alternatives(a, piece, &all.v[all.n++], e) < 0)
            return -1;
    }
    *out = all;
    return 0;
}

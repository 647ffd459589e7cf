// SPDX-License-Identifier: Apache-2.0
#include "version/constraint.h"
#include "version/scan.h"
#include "version/wrong.h"

// What every comparator is turned into. OUTSIDE: below `v`, or at or above `to`.
enum test_kind { TEST_EQ, TEST_NE, TEST_LT, TEST_LE, TEST_GT, TEST_GE, TEST_OUTSIDE };
struct test {
    enum test_kind kind;
    bool pre; // a pre-release was written in it
    struct semver v, to;
};

struct alternative {
    size_t first, n; // tests
    bool pre;        // one of them has a pre-release
};

struct constraint {
    struct str text;
    enum constraint_dialect dialect;
    struct test *test;
    size_t n_test, cap_test;
    struct alternative *alt;
    size_t n_alt, cap_alt;
};

enum operator{ OP_TILDE_ARROW, OP_TILDE, OP_CARET, OP_GE, OP_LE, OP_NE, OP_GT, OP_LT, OP_EQ };
static const struct {
    const char *text;
    enum operator op;
} operators[] = {
    // a longer one before its beginning
    {"~>", OP_TILDE_ARROW}, {"~", OP_TILDE}, {"^", OP_CARET}, {">=", OP_GE}, {"=>", OP_GE}, {"<=", OP_LE},
    {"=<", OP_LE},          {"!=", OP_NE},   {">", OP_GT},    {"<", OP_LT},  {"=", OP_EQ},
};

struct parser {
    struct scan scan;
    struct arena *arena;
    struct constraint *c;
};

static void add(struct parser *p, enum test_kind kind, const struct semver *v, const struct semver *to)
{
    struct constraint *c = p->c;
    struct alternative *alt = &c->alt[c->n_alt - 1];
    c->test = arena_grow(p->arena, c->test, c->n_test, &c->cap_test, sizeof *c->test);
    c->test[c->n_test++] = (struct test){.kind = kind, .pre = v->pre.n > 0, .v = *v, .to = to ? *to : *v};
    alt->n++;
}

// The lowest version above all that begin like v up to this part; `0` is the lowest pre-release of all.
static struct semver above(const struct semver *v, unsigned part, const char *pre)
{
    struct semver up = {.parts = 3, .pre = str_of(pre), .build = STR("")};
    memcpy(up.num, v->num, sizeof up.num);
    up.num[part]++;
    for (unsigned i = part + 1; i < 3; i++)
        up.num[i] = 0;
    return up;
}

static void add_span(struct parser *p, const struct semver *from, unsigned part)
{
    struct semver to = above(from, part, "0");
    add(p, TEST_GE, from, NULL);
    add(p, TEST_LT, &to, NULL);
}

static void add_nothing(struct parser *p)
{
    struct semver zero = {.pre = STR("0"), .build = STR("")};
    add(p, TEST_LT, &zero, NULL);
}

// A version without any number: everything or nothing.
static void add_wild(struct parser *p, enum operator op)
{
    if (op == OP_LT || op == OP_GT || op == OP_NE)
        add_nothing(p);
}

static void add_partial(struct parser *p, enum operator op, const struct semver *v)
{
    bool npm = p->c->dialect == CONSTRAINT_NPM;
    unsigned last = v->parts - 1u;
    struct semver edge = above(v, last, "0");
    switch (op) {
    case OP_NE:
        add(p, TEST_OUTSIDE, v, &edge);
        return;
    case OP_GT:
        edge = above(v, last, npm ? "" : "0");
        add(p, TEST_GE, &edge, NULL);
        return;
    case OP_LE:
        add(p, TEST_LT, &edge, NULL);
        return;
    case OP_LT:
        edge = *v;
        if (npm && !v->pre.n)
            edge.pre = STR("0");
        add(p, TEST_LT, &edge, NULL);
        return;
    case OP_EQ:
        add_span(p, v, last);
        return;
    case OP_GE:
    case OP_TILDE:
    case OP_TILDE_ARROW:
    case OP_CARET:
        break;
    }
    BUG("operator is none for a partial version");
}

static void add_whole(struct parser *p, enum operator op, const struct semver *v)
{
    static const enum test_kind kinds[] = {
        [OP_NE] = TEST_NE, [OP_GT] = TEST_GT, [OP_LT] = TEST_LT, [OP_LE] = TEST_LE, [OP_EQ] = TEST_EQ,
    };
    add(p, kinds[op], v, NULL);
}

static unsigned caret_part(const struct semver *v)
{
    for (unsigned i = 0; i < v->parts; i++)
        if (v->num[i])
            return i;
    return v->parts - 1u;
}

static void add_comparator(struct parser *p, enum operator op, const struct semver *v)
{
    bool gem = p->c->dialect == CONSTRAINT_GEM;
    if (v->pre.n)
        p->c->alt[p->c->n_alt - 1].pre = true;
    if (!v->parts)
        add_wild(p, op);
    else if (op == OP_GE)
        add(p, TEST_GE, v, NULL);
    else if (op == OP_CARET)
        add_span(p, v, caret_part(v));
    else if (op == OP_TILDE_ARROW && gem)
        add_span(p, v, v->parts > 2 ? 1 : 0);
    else if (op == OP_TILDE || op == OP_TILDE_ARROW)
        add_span(p, v, v->parts > 1 ? 1 : 0);
    else if (v->parts < 3 && !gem)
        add_partial(p, op, v);
    else
        add_whole(p, op, v);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct parser *p)
{
    while (is_blank(scan_char(&p->scan)))
        p->scan.at++;
}

static enum operator take_operator(struct parser *p, bool *written)
{
    struct str rest = str_from(p->scan.text, p->scan.at);
    *written = true;
    for (size_t i = 0; i < COUNT(operators); i++)
        if (str_has_prefix(rest, operators[i].text)) {
            p->scan.at += strlen(operators[i].text);
            return operators[i].op;
        }
    *written = false;
    return OP_EQ;
}

static int take_version(struct parser *p, struct semver *v, struct err *e)
{
    skip_blanks(p);
    if (scan_char(&p->scan) == 'v' || scan_char(&p->scan) == 'V')
        p->scan.at++;
    return scan_version(&p->scan, v, e);
}

static bool is_hyphen(const struct parser *p)
{
    struct str rest = str_from(p->scan.text, p->scan.at);
    while (rest.n && is_blank(rest.p[0]))
        rest = str_from(rest, 1);
    return rest.p > p->scan.text.p + p->scan.at && rest.n > 1 && rest.p[0] == '-' && is_blank(rest.p[1]);
}

static int take_comparator(struct parser *p, struct err *e)
{
    struct semver v, to;
    bool written;
    enum operator op = take_operator(p, &written);
    if (take_version(p, &v, e) < 0)
        return -1;
    if (written || !is_hyphen(p)) {
        add_comparator(p, op, &v);
        return 0;
    }
    skip_blanks(p);
    p->scan.at++;
    if (take_version(p, &to, e) < 0)
        return -1;
    add_comparator(p, OP_GE, &v);
    add_comparator(p, OP_LE, &to);
    return 0;
}

static bool at_end(const struct parser *p)
{
    return p->scan.at >= p->scan.text.n || scan_char(&p->scan) == '|';
}

// What stands between two comparators: blanks and at most one comma.
static int take_separator(struct parser *p, struct err *e)
{
    size_t from = p->scan.at;
    skip_blanks(p);
    if (at_end(p))
        return 0;
    if (scan_char(&p->scan) == ',') {
        p->scan.at++;
        skip_blanks(p);
        if (at_end(p))
            return scan_wrong(&p->scan, "a comparator after ','", e);
    } else if (p->scan.at == from) {
        return scan_wrong(&p->scan, "a blank, ',', '||' or its end", e);
    }
    return 0;
}

static int take_alternative(struct parser *p, struct err *e)
{
    struct constraint *c = p->c;
    c->alt = arena_grow(p->arena, c->alt, c->n_alt, &c->cap_alt, sizeof *c->alt);
    c->alt[c->n_alt++] = (struct alternative){.first = c->n_test};
    skip_blanks(p);
    if (at_end(p) && c->dialect != CONSTRAINT_NPM)
        return scan_wrong(&p->scan, "a version; * stands for any", e);
    while (!at_end(p)) {
        if (take_comparator(p, e) < 0 || take_separator(p, e) < 0)
            return -1;
        if (c->n_test + c->n_alt > CONSTRAINT_COMPARATORS_MAX)
            return version_wrong(e, p->scan.noun, c->text, p->scan.at, "more than %d comparators",
                                 CONSTRAINT_COMPARATORS_MAX);
    }
    return 0;
}

int constraint_parse(struct arena *a, struct str text, enum constraint_dialect d,
                     const struct constraint **out, struct err *e)
{
    static const char noun[] = "version constraint";
    if (text.n > CONSTRAINT_TEXT_MAX)
        return version_wrong(e, noun, text, VERSION_WHOLE, "is %zu bytes long, want at most %d", text.n,
                             CONSTRAINT_TEXT_MAX);
    struct constraint *c = ARENA_NEW(a, struct constraint);
    c->text = str_dup(a, text);
    c->dialect = d;
    struct parser p = {{noun, c->text, 0, SCAN_LENIENT | SCAN_WILD}, a, c};
    for (;;) {
        if (take_alternative(&p, e) < 0)
            return -1;
        if (p.scan.at >= text.n)
            break;
        p.scan.at++;
        if (scan_char(&p.scan) != '|')
            return scan_wrong(&p.scan, "a second '|'", e);
        p.scan.at++;
    }
    *out = c;
    return 0;
}

static bool passes(const struct test *t, const struct semver *v)
{
    int order = semver_cmp(v, &t->v);
    switch (t->kind) {
    case TEST_EQ:
        return order == 0;
    case TEST_NE:
        return order != 0;
    case TEST_LT:
        return order < 0;
    case TEST_LE:
        return order <= 0;
    case TEST_GT:
        return order > 0;
    case TEST_GE:
        return order >= 0;
    case TEST_OUTSIDE:
        return order < 0 || semver_cmp(v, &t->to) >= 0;
    }
    BUG("no such test");
}

static bool same_numbers(const struct semver *a, const struct semver *b)
{
    return memcmp(a->num, b->num, sizeof a->num) == 0;
}

static bool alternative_matches(const struct constraint *c, const struct alternative *alt,
                                const struct semver *v)
{
    bool admitted = !v->pre.n || (alt->pre && c->dialect != CONSTRAINT_NPM);
    for (size_t i = alt->first; i < alt->first + alt->n; i++) {
        if (!passes(&c->test[i], v))
            return false;
        admitted |= c->test[i].pre && same_numbers(&c->test[i].v, v);
    }
    return admitted;
}

bool constraint_matches(const struct constraint *c, const struct semver *v)
{
    for (size_t i = 0; i < c->n_alt; i++)
        if (alternative_matches(c, &c->alt[i], v))
            return true;
    return false;
}

bool constraint_best(const struct constraint *c, const struct semver *list, size_t n, size_t *at)
{
    const struct semver *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (constraint_matches(c, &list[i]) && (!best || semver_cmp_build(&list[i], best) > 0))
            best = &list[i];
    if (best)
        *at = (size_t)(best - list);
    return best != NULL;
}

struct str constraint_text(const struct constraint *c)
{
    return c->text;
}

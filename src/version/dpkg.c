// SPDX-License-Identifier: Apache-2.0
#include "version/dpkg.h"
#include "version/wrong.h"
#include <assert.h>
#include <limits.h>

static const char noun[] = "package version";

static int wrong_char(struct err *e, struct str whole, size_t at, const char *allowed)
{
    unsigned char c = (unsigned char)whole.p[at];
    if (c > ' ' && c < 0x7f)
        return version_wrong(e, noun, whole, at, "'%c' is not allowed, only %s", c, allowed);
    return version_wrong(e, noun, whole, at, "byte 0x%02x is not allowed, only %s", c, allowed);
}

static int check(struct str whole, struct str part, const char *punctuation, const char *allowed,
                 struct err *e)
{
    for (size_t i = 0; i < part.n; i++) {
        char c = part.p[i];
        if (!is_digit(c) && !version_is_alpha(c) && (c == 0 || !strchr(punctuation, c)))
            return wrong_char(e, whole, (size_t)(part.p - whole.p) + i, allowed);
    }
    return 0;
}

static int parse_epoch(struct str whole, struct str epoch, uint32_t *out, struct err *e)
{
    uint64_t v;
    if (!epoch.n)
        return version_wrong(e, noun, whole, 0, "the epoch before ':' is empty");
    for (size_t i = 0; i < epoch.n; i++)
        if (!is_digit(epoch.p[i]))
            return wrong_char(e, whole, i, "digits in the epoch");
    if (!str_u64(epoch, 0, INT_MAX, &v))
        return version_wrong(e, noun, whole, 0, "the epoch is above %d", INT_MAX);
    *out = (uint32_t)v;
    return 0;
}

int dpkg_version_parse(struct str s, struct dpkg_version *out, struct err *e)
{
    struct dpkg_version v = {.revision = STR("")};
    struct str rest = s;
    size_t at;
    if (!s.n)
        return version_wrong(e, noun, s, VERSION_WHOLE, "is empty");
    if (str_find(rest, ':', &at)) {
        if (parse_epoch(s, str_head(rest, at), &v.epoch, e) < 0)
            return -1;
        rest = str_from(rest, at + 1);
    }
    v.upstream = rest;
    if (str_find_last(rest, '-', &at)) {
        v.upstream = str_head(rest, at);
        v.revision = str_from(rest, at + 1);
        if (!v.revision.n)
            return version_wrong(e, noun, s, s.n - 1, "the revision after the last '-' is empty");
    }
    size_t start = (size_t)(v.upstream.p - s.p);
    if (!v.upstream.n)
        return version_wrong(e, noun, s, start, "the upstream version is empty");
    if (check(s, v.upstream, ".+-~:", "A-Z a-z 0-9 . + - ~ : in the upstream version", e) < 0 ||
        check(s, v.revision, ".+~", "A-Z a-z 0-9 . + ~ in the revision", e) < 0)
        return -1;
    if (!is_digit(v.upstream.p[0]))
        return version_wrong(e, noun, s, start, "the upstream version begins with '%c', want a digit",
                             v.upstream.p[0]);
    *out = v;
    return 0;
}

// The weight of the byte at i of a run without digits; past its end is between '~' and the letters.
static int weight(struct str run, size_t i)
{
    if (i >= run.n)
        return 0;
    unsigned char c = (unsigned char)run.p[i];
    return c == '~' ? -1 : version_is_alpha((char)c) ? c : c + 256;
}

static int cmp_run(struct str a, struct str b)
{
    for (size_t i = 0; i < a.n || i < b.n; i++) {
        int wa = weight(a, i), wb = weight(b, i);
        if (wa != wb)
            return wa < wb ? -1 : 1;
    }
    return 0;
}

static struct str take_run(struct str *s, bool digits)
{
    size_t n = 0;
    while (n < s->n && is_digit(s->p[n]) == digits)
        n++;
    struct str run = str_head(*s, n);
    *s = str_from(*s, n);
    return run;
}

static int cmp_part(struct str a, struct str b)
{
    while (a.n || b.n) {
        int order = cmp_run(take_run(&a, false), take_run(&b, false));
        if (!order)
            order = version_cmp_digits(take_run(&a, true), take_run(&b, true));
        if (order)
            return order;
    }
    return 0;
}

int dpkg_version_cmp(const struct dpkg_version *a, const struct dpkg_version *b)
{
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    int order = cmp_part(a->upstream, b->upstream);
    return order ? order : cmp_part(a->revision, b->revision);
}

int dpkg_version_order(struct str a, struct str b, int *order, struct err *e)
{
    struct dpkg_version va, vb;
    if (dpkg_version_parse(a, &va, e) < 0 || dpkg_version_parse(b, &vb, e) < 0)
        return -1;
    *order = dpkg_version_cmp(&va, &vb);
    return 0;
}

static const char *const relations[] = {
    [DPKG_LT] = "<<", [DPKG_LE] = "<=", [DPKG_EQ] = "=", [DPKG_GE] = ">=", [DPKG_GT] = ">>",
};
static_assert(COUNT(relations) == DPKG_RELATION_MAX_, "one text per relation");

const char *dpkg_relation_text(enum dpkg_relation r)
{
    return relations[r];
}

int dpkg_relation_parse(struct str s, enum dpkg_relation *out, struct err *e)
{
    if (str_is(s, "<") || str_is(s, ">")) {
        *out = s.p[0] == '<' ? DPKG_LE : DPKG_GE;
        return 0;
    }
    for (int i = 0; i < DPKG_RELATION_MAX_; i++)
        if (str_is(s, relations[i])) {
            *out = (enum dpkg_relation)i;
            return 0;
        }
    return version_wrong(e, "package relation", s, VERSION_WHOLE, "want <<, <=, =, >= or >>");
}

bool dpkg_relation_holds(const struct dpkg_version *a, enum dpkg_relation r, const struct dpkg_version *b)
{
    int order = dpkg_version_cmp(a, b);
    switch (r) {
    case DPKG_LT:
        return order < 0;
    case DPKG_LE:
        return order <= 0;
    case DPKG_EQ:
        return order == 0;
    case DPKG_GE:
        return order >= 0;
    case DPKG_GT:
        return order > 0;
    case DPKG_RELATION_MAX_:
        break;
    }
    BUG("no such relation");
}

// SPDX-License-Identifier: Apache-2.0
#include "oci/platform.h"
#include <sys/utsname.h>

static const struct alias {
    const char *name, *architecture, *variant; // variant NULL: as it was
} aliases[] = {
    {"x86_64", "amd64", NULL}, {"x86-64", "amd64", NULL},    {"aarch64", "arm64", NULL},
    {"i386", "386", ""},       {"i486", "386", ""},          {"i586", "386", ""},
    {"i686", "386", ""},       {"x86", "386", ""},           {"armhf", "arm", "v7"},
    {"armv7l", "arm", "v7"},   {"armel", "arm", "v6"},       {"armv6l", "arm", "v6"},
    {"armv8l", "arm", "v8"},   {"ppc64el", "ppc64le", NULL},
};
// What a missing variant means; `written` is how the normal form spells it.
static const struct {
    const char *architecture, *meant, *written;
} defaults[] = {{"amd64", "v1", ""}, {"arm64", "v8", ""}, {"arm", "v7", "v7"}};
static const char *const known[] = {"amd64",   "arm64", "arm",    "386",     "ppc64le", "s390x",
                                    "riscv64", "linux", "darwin", "windows", "v1",      "v2",
                                    "v3",      "v4",    "v5",     "v6",      "v7",      "v8"};

static bool same_letters(struct str a, const char *b)
{
    if (a.n != strlen(b))
        return false;
    for (size_t i = 0; i < a.n; i++) {
        char c = a.p[i] >= 'A' && a.p[i] <= 'Z' ? (char)(a.p[i] + 32) : a.p[i];
        if (c != b[i])
            return false;
    }
    return true;
}

static struct str lowered(struct str s)
{
    for (size_t i = 0; i < COUNT(known); i++)
        if (same_letters(s, known[i]))
            return str_of(known[i]);
    return s;
}

static struct str normal_variant(struct str architecture, struct str variant)
{
    static const char *const numbered[] = {"5", "v5", "6", "v6", "7", "v7", "8", "v8"};
    for (size_t i = 0; i < COUNT(numbered); i += 2)
        if (str_is(variant, numbered[i]))
            variant = str_of(numbered[i + 1]);
    for (size_t i = 0; i < COUNT(defaults); i++)
        if (str_is(architecture, defaults[i].architecture) &&
            (!variant.n || str_is(variant, defaults[i].meant)))
            return str_of(defaults[i].written);
    return variant;
}

struct oci_platform oci_platform_normal(const struct oci_platform *p)
{
    struct oci_platform q = *p;
    q.os = same_letters(q.os, "macos") ? STR("darwin") : lowered(q.os);
    q.architecture = lowered(q.architecture);
    q.variant = lowered(q.variant);
    for (size_t i = 0; i < COUNT(aliases); i++) {
        if (!same_letters(p->architecture, aliases[i].name))
            continue;
        q.architecture = str_of(aliases[i].architecture);
        if (aliases[i].variant && !q.variant.n)
            q.variant = str_of(aliases[i].variant);
        break;
    }
    q.variant = normal_variant(q.architecture, q.variant);
    return q;
}

static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (i && (c == '.' || c == '_' || c == '-'))))
            return false;
    }
    return s.n >= 1 && s.n <= 64;
}

int oci_platform_parse(struct arena *a, struct str s, struct oci_platform *out, struct err *e)
{
    static const char *const parts[] = {"operating system", "architecture", "variant"};
    struct str rest = s, part[3] = {STR(""), STR(""), STR("")}, shown = str_printable(a, s, 64);
    size_t n = 0;
    for (; n < 3 && str_cut(&rest, '/', &part[n]); n++)
        if (!is_word(part[n]))
            return err_set(e, ERR_PARSE,
                           "platform \"" PRI_STR "\": the %s is not made of letters, digits, . _ and -",
                           STR_ARG(shown), parts[n]);
    if (n < 2 || rest.p)
        return err_set(e, ERR_PARSE,
                       "platform \"" PRI_STR "\": want os/architecture or os/architecture/variant",
                       STR_ARG(shown));
    struct oci_platform p = {
        .os = str_dup(a, part[0]), .architecture = str_dup(a, part[1]), .os_version = STR("")};
    p.variant = n > 2 ? str_dup(a, part[2]) : STR("");
    *out = oci_platform_normal(&p);
    return 0;
}

struct str oci_platform_format(struct arena *a, const struct oci_platform *p)
{
    return str_printf(a, PRI_STR "/" PRI_STR "%s" PRI_STR, STR_ARG(p->os), STR_ARG(p->architecture),
                      p->variant.n ? "/" : "", STR_ARG(p->variant));
}

// amd64 and arm are ladders: the number of the step, 0 if it is none.
static unsigned step(const struct oci_platform *p)
{
    bool ladder = str_is(p->architecture, "amd64") || str_is(p->architecture, "arm");
    if (ladder && !p->variant.n)
        return 1;
    if (!ladder || p->variant.n != 2 || p->variant.p[0] != 'v' || p->variant.p[1] < '1' ||
        p->variant.p[1] > '9')
        return 0;
    return (unsigned)(p->variant.p[1] - '0');
}

unsigned oci_platform_rank(const struct oci_platform *have, const struct oci_platform *want)
{
    struct oci_platform h = oci_platform_normal(have), w = oci_platform_normal(want);
    if (!h.os.n || !str_eq(h.os, w.os) || !str_eq(h.architecture, w.architecture))
        return OCI_PLATFORM_NEVER;
    if (h.os_version.n && w.os_version.n && !str_eq(h.os_version, w.os_version))
        return OCI_PLATFORM_NEVER;
    if (str_eq(h.variant, w.variant))
        return 0;
    unsigned from = step(&h), to = step(&w);
    return from && from < to ? to - from : OCI_PLATFORM_NEVER;
}

struct oci_platform oci_platform_host(void)
{
    struct utsname u;
    struct oci_platform p = {
        .os = STR("linux"), .architecture = STR(""), .os_version = STR(""), .variant = STR("")};
    if (uname(&u) < 0)
        return p;
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (!strcmp(u.machine, aliases[i].name)) {
            p.architecture = str_of(aliases[i].name);
            return oci_platform_normal(&p);
        }
    p.architecture = lowered(str_of(u.machine));
    // What is in no table lives on this stack: an unknown machine has no name that images could have.
    if (p.architecture.p == u.machine)
        p.architecture = STR("");
    return oci_platform_normal(&p);
}

// SPDX-License-Identifier: Apache-2.0
// Lines: three versions, then a constraint. Orders are antisymmetric and
// transitive, also where versions come out equal;
// what was parsed is written and read back as the same; no constraint crashes.
#include "version/constraint.h"
#include "version/dpkg.h"
#include "version/semver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

// o[i][k] = sign of the order of text i and text k
static void check_orders(int o[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            if (o[i][k] != -o[k][i])
                __builtin_trap();
            for (int m = 0; m < 3; m++)
                if (o[i][k] <= 0 && o[k][m] <= 0 && (o[i][m] > 0 || (o[i][m] == 0 && (o[i][k] || o[k][m]))))
                    __builtin_trap();
        }
}

static void check_dpkg(const struct str text[3])
{
    struct dpkg_version v[3];
    int o[3][3];
    for (int i = 0; i < 3; i++)
        if (dpkg_version_parse(text[i], &v[i], NULL) < 0)
            return;
    for (int i = 0; i < 9; i++)
        o[i / 3][i % 3] = sign(dpkg_version_cmp(&v[i / 3], &v[i % 3]));
    check_orders(o);
}

static void check_semver(struct arena *a, const struct str text[3], struct semver v[3])
{
    int o[3][3], with_build[3][3];
    for (int i = 0; i < 3; i++) {
        struct semver again;
        if (semver_parse_lenient(text[i], &v[i], NULL) < 0) {
            v[i] = (struct semver){.pre = STR(""), .build = STR("")};
            continue;
        }
        struct str s = semver_format(a, &v[i]);
        if (s.n <= SEMVER_TEXT_MAX &&
            (semver_parse_lenient(s, &again, NULL) < 0 || semver_cmp_build(&v[i], &again)))
            __builtin_trap();
    }
    for (int i = 0; i < 9; i++) {
        o[i / 3][i % 3] = sign(semver_cmp(&v[i / 3], &v[i % 3]));
        with_build[i / 3][i % 3] = sign(semver_cmp_build(&v[i / 3], &v[i % 3]));
    }
    check_orders(o);
    check_orders(with_build);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct str rest = {(const char *)data, size}, text[3] = {{0}};
    struct semver v[3];
    for (int i = 0; i < 3; i++)
        if (!str_cut(&rest, '\n', &text[i]))
            return 0;
    check_dpkg(text);
    check_semver(a, text, v);
    for (int d = 0; d < CONSTRAINT_DIALECT_MAX_; d++) {
        const struct constraint *c;
        struct err e = {0};
        size_t at;
        if (constraint_parse(a, rest, (enum constraint_dialect)d, &c, &e) < 0) {
            if (e.code != ERR_PARSE || !e.cause[0])
                __builtin_trap();
            continue;
        }
        if (constraint_best(c, v, 3, &at) && (at > 2 || !constraint_matches(c, &v[at])))
            __builtin_trap();
    }
    return 0;
}

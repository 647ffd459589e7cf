// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.h"
#include "test.h"

TEST(a_map_is_looked_up_both_ways)
{
    const struct sbx_map m[SBX_MAPS] = {{1002, 501, 1}, {0, 100000, 1002}, {1003, 101002, 64533}};
    const struct {
        uint32_t in, out;
    } cases[] = {{1002, 501}, {0, 100000}, {1001, 101001}, {1003, 101002}, {65535, 165534}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t got = 7;
        CHECK(sbx_outside(m, cases[i].in, &got));
        EQ_UINT(got, cases[i].out);
        CHECK(sbx_inside(m, cases[i].out, &got));
        EQ_UINT(got, cases[i].in);
    }
    uint32_t got = 7;
    CHECK(!sbx_outside(m, 65536, &got));
    CHECK(!sbx_inside(m, 0, &got));
    CHECK(!sbx_inside(m, 165535, &got));
    EQ_UINT(got, 7);
}

// Whoever runs this: the run user is mapped, host id 0 is not, a user's own id is the run user's.
TEST(ids_of_whoever_we_are)
{
    const uint32_t inside[][2] = {{1002, 1000}, {0, 0}, {65535, 65535}, {1000660000, 0}, {1, 70000}};
    for (size_t i = 0; i < COUNT(inside); i++) {
        static const char *const argv[] = {"/bin/true", NULL};
        struct sbx_op root = {.kind = SBX_TMPFS, .dst = "/", .mode = 0755};
        struct sbx_plan p = {.op = &root, .n_op = 1, .argv = argv, .log_fd = -1};
        struct err none = {0};
        if (sbx_ids(inside[i][0], inside[i][1], &p, &none) < 0) {
            CHECK(none.code == ERR_DENIED); // no id but 0 is to be had
            continue;
        }
        uint32_t uid, gid;
        EQ_UINT(p.run_uid, inside[i][0]);
        EQ_UINT(p.run_gid, inside[i][1]);
        MUST(sbx_check(&p, SBX_NAMESPACES, &e));
        CHECK(sbx_outside(p.uid, inside[i][0], &uid) && uid != 0);
        CHECK(sbx_outside(p.gid, inside[i][1], &gid) && gid != 0);
        if (geteuid() != 0)
            CHECK(uid == geteuid() && gid == getegid());
        for (size_t k = 0; k < SBX_MAPS; k++)
            CHECK(!p.uid[k].count || p.uid[k].outside != 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "phase/phase.h"
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

void phase_seclude(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        BUG("PR_SET_DUMPABLE");
}

int phase_refuse_root(struct err *e)
{
    return geteuid() == 0
               ? err_set(e, ERR_DENIED, "refusing to run as root; buildpacks run as the user of this phase")
               : 0;
}

static bool is_already(uid_t uid, gid_t gid)
{
    uid_t r, eff, saved;
    gid_t rg, effg, savedg;
    return getresuid(&r, &eff, &saved) == 0 && getresgid(&rg, &effg, &savedg) == 0 && r == uid &&
           eff == uid && saved == uid && rg == gid && effg == gid && savedg == gid;
}

int phase_become(const struct phase_in *in, struct err *e)
{
    uid_t uid = (uid_t)in->uid;
    gid_t gid = (gid_t)in->gid;
    if (in->uid < 0 || in->gid < 0 || in->uid >= UINT32_MAX || in->gid >= UINT32_MAX)
        return err_set(e, ERR_USAGE, "-uid %jd -gid %jd: no ids of a user", (intmax_t)in->uid,
                       (intmax_t)in->gid);
    if (is_already(uid, gid))
        return 0;
    if (geteuid() != 0)
        return err_set(e, ERR_DENIED, "user %u cannot become user %u, group %u: give -uid and -gid",
                       geteuid(), uid, gid);
    // Groups first: afterwards nothing may be changed any more.
    if (setgroups(1, &gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys(e, "becoming user %u, group %u", uid, gid);
    return is_already(uid, gid)
               ? 0
               : err_set(e, ERR_DENIED, "becoming user %u, group %u: still somebody else", uid, gid);
}

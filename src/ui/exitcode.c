// SPDX-License-Identifier: Apache-2.0
#include "ui/exitcode.h"

// The phase's own failure; for a buildpack's failure one less where the spec tells the two apart.
static const int own[PHASE_MAX_] = {
    [PHASE_NONE] = 1,      [PHASE_ANALYZE] = 32, [PHASE_DETECT] = 22, [PHASE_RESTORE] = 42,
    [PHASE_BUILD] = 52,    [PHASE_EXPORT] = 62,  [PHASE_REBASE] = 72, [PHASE_LAUNCH] = 82,
    [PHASE_GENERATE] = 92, [PHASE_EXTEND] = 102,
};

int exit_code(enum phase phase, enum err_code code)
{
    if (code == ERR_NONE)
        return 0;
    if (phase == PHASE_NONE)
        return code == ERR_USAGE ? 2 : code == ERR_CANCELLED ? 130 : 1;
    if (code == ERR_USAGE)
        return 3;
    if (code == ERR_BUILDPACK && (phase == PHASE_DETECT || phase == PHASE_BUILD || phase == PHASE_GENERATE))
        return own[phase] - 1;
    if (code == ERR_NOT_FOUND && phase == PHASE_DETECT)
        return 20; // no group passed, and none of its buildpacks failed
    return own[phase];
}

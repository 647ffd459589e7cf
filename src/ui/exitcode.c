// SPDX-License-Identifier: Apache-2.0
#include "ui/exitcode.h"
#include <assert.h>

static const struct exit_row rows[] = {
    {PHASE_NONE, ERR_NONE, 0, "all went well"},
    {PHASE_NONE, EXIT_ELSE, 1, "it failed; the last lines on stderr say why"},
    {PHASE_NONE, ERR_USAGE, 2, "the command line is wrong"},
    {PHASE_NONE, ERR_CANCELLED, 130, "stopped by the user (Ctrl-C)"},

    {PHASE_MAX_, ERR_NONE, 0, "all went well"},
    {PHASE_MAX_, EXIT_SAID, 1,
     "the phase could not begin: a bad log level, a missing document, the wrong user"},
    {PHASE_MAX_, EXIT_SAID, 2, "an unknown flag"},
    {PHASE_MAX_, ERR_USAGE, 3, "the arguments are wrong"},
    {PHASE_MAX_, EXIT_SAID, 11, "CNB_PLATFORM_API is unset, or a Platform API that is not supported"},
    {PHASE_MAX_, EXIT_SAID, 12, "a buildpack has a Buildpack API that is not supported"},

    {PHASE_ANALYZE, EXIT_ELSE, 32, "analysis failed"},
    {PHASE_DETECT, ERR_NOT_FOUND, 20, "no group passed, and none of the buildpacks failed"},
    {PHASE_DETECT, ERR_BUILDPACK, 21, "no group passed, and at least one buildpack failed"},
    {PHASE_DETECT, EXIT_ELSE, 22, "detection failed"},
    {PHASE_RESTORE, EXIT_ELSE, 42, "restoring layers failed"},
    {PHASE_BUILD, ERR_BUILDPACK, 51, "a buildpack's build failed"},
    {PHASE_BUILD, EXIT_ELSE, 52, "the build failed for another reason"},
    {PHASE_EXPORT, EXIT_ELSE, 62, "making the image failed"},
    {PHASE_REBASE, EXIT_ELSE, 72, "the rebase failed"},
    {PHASE_LAUNCH, EXIT_ELSE, 82, "the process could not be started; once it runs, its own exit code counts"},
    {PHASE_GENERATE, ERR_BUILDPACK, 91, "an image extension's generate failed"},
    {PHASE_GENERATE, EXIT_ELSE, 92, "generating Dockerfiles failed for another reason"},
    {PHASE_EXTEND, EXIT_ELSE, 102, "extending the image failed"},
};

static const char *const names[] = {
    [PHASE_NONE] = "dema",       [PHASE_ANALYZE] = "analyze", [PHASE_DETECT] = "detect",
    [PHASE_RESTORE] = "restore", [PHASE_BUILD] = "build",     [PHASE_EXPORT] = "export",
    [PHASE_REBASE] = "rebase",   [PHASE_LAUNCH] = "launch",   [PHASE_GENERATE] = "generate",
    [PHASE_EXTEND] = "extend",
};
static_assert(COUNT(names) == PHASE_MAX_, "one name per phase");

static const struct exit_row *find(enum phase phase, int code)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].code == code &&
            (rows[i].phase == phase || (rows[i].phase == PHASE_MAX_ && phase != PHASE_NONE)))
            return &rows[i];
    return NULL;
}

int exit_code(enum phase phase, enum err_code code)
{
    const struct exit_row *r = find(phase, (int)code);
    if (!r)
        r = find(phase, EXIT_ELSE);
    if (!r)
        BUG("a phase without exit codes");
    return r->exit;
}

const struct exit_row *exit_rows(size_t *n)
{
    *n = COUNT(rows);
    return rows;
}

const char *phase_name(enum phase phase)
{
    return phase < PHASE_MAX_ ? names[phase] : "every phase";
}

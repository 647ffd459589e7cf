// SPDX-License-Identifier: Apache-2.0
#include "ui/exitcode.h"
#include "test.h"

// spec: platform.md, "Exit codes".
TEST(exit_codes_are_the_specs)
{
    static const struct {
        enum phase phase;
        enum err_code code;
        int want;
    } rows[] = {
        {PHASE_DETECT, ERR_NONE, 0},         {PHASE_DETECT, ERR_NOT_FOUND, 20},
        {PHASE_DETECT, ERR_BUILDPACK, 21},   {PHASE_DETECT, ERR_PARSE, 22},
        {PHASE_BUILD, ERR_BUILDPACK, 51},    {PHASE_BUILD, ERR_IO, 52},
        {PHASE_EXPORT, ERR_BUILDPACK, 62},   {PHASE_EXPORT, ERR_USAGE, 3},
        {PHASE_LAUNCH, ERR_NOT_FOUND, 82},   {PHASE_ANALYZE, ERR_NETWORK, 32},
        {PHASE_RESTORE, ERR_DIGEST, 42},     {PHASE_REBASE, ERR_DENIED, 72},
        {PHASE_GENERATE, ERR_BUILDPACK, 91}, {PHASE_GENERATE, ERR_IO, 92},
        {PHASE_EXTEND, ERR_IO, 102},         {PHASE_NONE, ERR_USAGE, 2},
        {PHASE_NONE, ERR_CANCELLED, 130},    {PHASE_NONE, ERR_IO, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        EQ_INT(exit_code(rows[i].phase, rows[i].code), rows[i].want);
}

TEST(every_row_is_reached_or_said_elsewhere)
{
    size_t n;
    const struct exit_row *rows = exit_rows(&n);
    for (size_t i = 0; i < n; i++) {
        enum phase phase = rows[i].phase == PHASE_MAX_ ? PHASE_EXPORT : rows[i].phase;
        CHECK(rows[i].meaning[0]);
        if (rows[i].code != EXIT_SAID)
            EQ_INT(exit_code(phase, rows[i].code == EXIT_ELSE ? ERR_DIGEST : (enum err_code)rows[i].code),
                   rows[i].exit);
    }
    for (int phase = PHASE_NONE; phase < PHASE_MAX_; phase++)
        for (int code = ERR_NONE; code < ERR_CODE_MAX_; code++)
            CHECK((exit_code((enum phase)phase, (enum err_code)code) == 0) == (code == ERR_NONE));
}

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

// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "test.h"

TEST(api_versions_are_read_as_the_spec_writes_them)
{
    static const struct {
        const char *text;
        uint16_t want;
    } rows[] = {{"0.12", API(0, 12)}, {"v0.7", API(0, 7)}, {"1", API(1, 0)}, {"0.5", API(0, 5)}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint16_t got = 0;
        MUST(api_parse(str_of(rows[i].text), &got, &e));
        EQ_UINT(got, rows[i].want);
    }
}

TEST(O9_unknown_api_versions)
{
    static const char *const bad[] = {"", "1e1", "0.", ".5", "0.5.1", "v", "0.9999", "-1", "0x5", " 0.5"};
    uint16_t got = 77;
    for (size_t i = 0; i < COUNT(bad); i++)
        REFUSED(api_parse(str_of(bad[i]), &got, &e), ERR_PARSE, "API version|want a number");
    REFUSED(api_buildpack(STR("0.4"), "buildpack a/b@1", &got, &e), ERR_API, "a/b@1|0.4|0.5 to 0.12");
    REFUSED(api_buildpack(STR("0.13"), "buildpack a/b@1", &got, &e), ERR_API, "0.13");
    REFUSED(api_platform(STR("0.16"), &got, &e), ERR_API, "platform|0.16|0.7 to 0.15");
    EQ_UINT(got, 77);
}

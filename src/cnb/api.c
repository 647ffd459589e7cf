// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include <stdio.h>

int api_parse(struct str s, uint16_t *out, struct err *e)
{
    struct str rest = str_has_prefix(s, "v") ? str_from(s, 1) : s, major, minor = STR("0");
    uint64_t hi = 0, lo = 0;
    bool has_minor = str_cut(&rest, '.', &major) && rest.p;
    if (has_minor)
        minor = rest;
    if (major.n > 3 || minor.n > 3 || !str_u64(major, 0, 255, &hi) || !str_u64(minor, 0, 255, &lo))
        return err_set(e, ERR_PARSE, "API version \"" PRI_STR "\": want a number such as 0.12",
                       STR_ARG(str_head(s, s.n < 40 ? s.n : 40)));
    *out = API(hi, lo);
    return 0;
}

const char *api_text(uint16_t api, char out[API_TEXT])
{
    snprintf(out, API_TEXT, "%u.%u", api >> 8, api & 0xff);
    return out;
}

static int within(struct str s, const char *whose, uint16_t oldest, uint16_t newest, uint16_t *out,
                  struct err *e)
{
    uint16_t api;
    char lo[API_TEXT], hi[API_TEXT], got[API_TEXT];
    if (api_parse(s, &api, e) < 0)
        return e ? err_wrap(e, "%s", whose) : -1;
    if (api < oldest || api > newest)
        return err_set(e, ERR_API, "%s: API %s is not supported, %s to %s are", whose, api_text(api, got),
                       api_text(oldest, lo), api_text(newest, hi));
    *out = api;
    return 0;
}

int api_buildpack(struct str s, const char *whose, uint16_t *out, struct err *e)
{
    return within(s, whose, API_BUILDPACK_OLDEST, API_BUILDPACK_NEWEST, out, e);
}

int api_platform(struct str s, uint16_t *out, struct err *e)
{
    return within(s, "platform", API_PLATFORM_OLDEST, API_PLATFORM_NEWEST, out, e);
}

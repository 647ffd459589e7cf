// SPDX-License-Identifier: Apache-2.0
// cnb/api.h - API version numbers of the spec and which of them we speak.
//
// spec: README.md "API versions"; grammar: an optional 'v', digits, optionally a dot and digits.
#pragma once
#include "base/err.h"
#include "base/str.h"

#define API(major, minor) ((uint16_t)((major) << 8 | (minor)))
#define API_BUILDPACK_OLDEST API(0, 5)
#define API_BUILDPACK_NEWEST API(0, 12)
#define API_PLATFORM_OLDEST API(0, 7)
#define API_PLATFORM_NEWEST API(0, 15)

int nodiscard api_parse(struct str s, uint16_t *out, struct err *e); // ERR_PARSE
// ERR_API says which versions we speak. `whose` begins the message: "buildpack a/b@1".
int nodiscard api_buildpack(struct str s, const char *whose, uint16_t *out, struct err *e);
int nodiscard api_platform(struct str s, uint16_t *out, struct err *e);
#define API_TEXT 16
const char *api_text(uint16_t api, char out[API_TEXT]); // "0.12"

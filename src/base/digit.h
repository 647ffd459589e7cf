// SPDX-License-Identifier: Apache-2.0
// base/digit.h - digits in the bases that texts come in, whatever the locale.
#pragma once
#include <stdbool.h>
#include <string.h>

static inline bool is_digit(int c) // a byte, or -1
{
    return c >= '0' && c <= '9';
}

// 0..15, of both cases; -1: none.
static inline int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// 0..63 of RFC 4648 4; -1: none, as '='.
static inline int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

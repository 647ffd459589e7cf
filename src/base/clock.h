// SPDX-License-Identifier: Apache-2.0
// base/clock.h - times as int64 seconds since 1970 in UTC; no time zone, no locale, no libc calendar.
#pragma once
#include "base/err.h"
#include "base/str.h"

// Years 0000 to 9999, what RFC 3339 can write.
#define CLOCK_SEC_MIN (-62167219200)
#define CLOCK_SEC_MAX 253402300799
enum { CLOCK_TEXT = 24 }; // room for "2006-01-02T15:04:05Z" and its NUL

uint64_t clock_mono_ms(void); // never goes back; for durations and deadlines
int64_t clock_now_sec(void);  // the wall clock

// "2006-01-02T15:04:05Z"; a time outside CLOCK_SEC_MIN..MAX is written as the nearer end. Returns out.
const char *clock_text(int64_t sec, char out[CLOCK_TEXT]);
// RFC 3339 date-time with any offset; fractions of a second are read and cut off, a leap second counts as :59.
int nodiscard clock_parse(struct str text, int64_t *sec, struct err *e);
// The value of SOURCE_DATE_EPOCH: whole seconds, 0..CLOCK_SEC_MAX. The caller passes the variable's text.
int nodiscard clock_source_date(struct str value, int64_t *sec, struct err *e);

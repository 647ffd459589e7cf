// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "test.h"
#include <time.h>

static const struct {
    int64_t sec;
    const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00Z"},
    {315532801, "1980-01-01T00:00:01Z"},
    {951782399, "2000-02-28T23:59:59Z"},
    {951782400, "2000-02-29T00:00:00Z"},
    {951868800, "2000-03-01T00:00:00Z"},
    {1709164800, "2024-02-29T00:00:00Z"},
    {4107542400, "2100-03-01T00:00:00Z"},
    {4107542399, "2100-02-28T23:59:59Z"},
    {INT32_MAX, "2038-01-19T03:14:07Z"},
    {-1, "1969-12-31T23:59:59Z"},
    {-62135596800, "0001-01-01T00:00:00Z"},
    {CLOCK_SEC_MIN, "0000-01-01T00:00:00Z"},
    {CLOCK_SEC_MAX, "9999-12-31T23:59:59Z"},
};

TEST(clock_text_and_back)
{
    for (size_t i = 0; i < COUNT(times); i++) {
        char text[CLOCK_TEXT];
        int64_t back = 77;
        EQ_TEXT(clock_text(times[i].sec, text), times[i].text);
        MUST(clock_parse(str_of(text), &back, &e));
        EQ_INT(back, times[i].sec);
    }
    char text[CLOCK_TEXT];
    EQ_TEXT(clock_text(INT64_MIN, text), "0000-01-01T00:00:00Z");
    EQ_TEXT(clock_text(INT64_MAX, text), "9999-12-31T23:59:59Z");
}

TEST(clock_agrees_with_libc_about_every_day_of_eight_centuries)
{
    for (int64_t day = -140000; day < 160000; day++) {
        time_t sec = (time_t)(day * 86400 + 40271);
        struct tm tm;
        char want[32], got[CLOCK_TEXT];
        CHECK(gmtime_r(&sec, &tm));
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
        EQ_TEXT(clock_text(sec, got), want);
    }
}

TEST(clock_parse_reads_offsets_and_fractions)
{
    static const struct {
        const char *text;
        int64_t sec;
    } good[] = {
        {"1970-01-01t00:00:00z", 0},          {"1970-01-01 00:00:00Z", 0},
        {"1970-01-01T01:00:00+01:00", 0},     {"1969-12-31T23:30:00-00:30", 0},
        {"1970-01-01T00:00:01.999Z", 1},      {"1970-01-01T00:00:01.5+00:00", 1},
        {"2016-12-31T23:59:60Z", 1483228799},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t sec = 77;
        MUST(clock_parse(str_of(good[i].text), &sec, &e));
        EQ_INT(sec, good[i].sec);
    }
}

TEST(clock_parse_refuses)
{
    static const char *const bad[] = {
        "",
        "1970",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-1-01T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:61Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+01:60",
        "1970-01-01T00:00:00Zx",
        "+970-01-01T00:00:00Z",
        "1970-01-01X00:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t sec = 77;
        REFUSED(clock_parse(str_of(bad[i]), &sec, &e), ERR_PARSE, "RFC 3339");
        EQ_INT(sec, 77);
    }
}

TEST(clock_source_date_is_a_whole_number)
{
    int64_t sec = 77;
    MUST(clock_source_date(STR("1700000000"), &sec, &e));
    EQ_INT(sec, 1700000000);
    MUST(clock_source_date(STR("0"), &sec, &e));
    EQ_INT(sec, 0);
    static const char *const bad[] = {
        "", "-1", "1.5", "1e9", " 1", "1 ", "now", "253402300800", "99999999999999999999"};
    for (size_t i = 0; i < COUNT(bad); i++)
        REFUSED(clock_source_date(str_of(bad[i]), &sec, &e), ERR_USAGE, "SOURCE_DATE_EPOCH: |253402300799");
    EQ_INT(sec, 0);
}

TEST(clock_mono_goes_on)
{
    uint64_t before = clock_mono_ms();
    struct timespec ten = {.tv_nsec = 10000000};
    nanosleep(&ten, NULL);
    CHECK(clock_mono_ms() - before >= 9);
    CHECK(clock_now_sec() > 1700000000);
}

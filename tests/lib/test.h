// SPDX-License-Identifier: Apache-2.0
// tests/lib/test.h - a test is one macro on top of Check: a process of its own, a time limit, a fresh directory.
//
//     TEST(reads_an_empty_table) { … CHECK(x); EQ_INT(got, want); REFUSED(call(&e), ERR_PARSE, "line 3"); }
//
// Tests register themselves. `program [WORD]` runs those whose name contains WORD and prints TAP.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <check.h>

struct test {
    const char *name;
    void (*run)(struct test *t);
    unsigned seconds;
    int dir;          // an empty directory of this test's own
    const char *path; // its path
};

void test_register(const char *name, void (*run)(struct test *t), unsigned seconds);
void test_skip(const char *why);                                       // then return
const char *test_data(struct arena *a, const char *path);              // beneath tests/data
void test_write(int dirfd, const char *path, const void *p, size_t n); // makes parents
struct str test_read(struct arena *a, int dirfd, const char *path);
bool test_refused(int rc, const struct err *e, enum err_code code, const char *words, char *why, size_t n);

#define TEST_SECONDS(name, limit)                                                                            \
    static void test_##name(struct test *t);                                                                 \
    __attribute__((constructor)) static void register_##name(void)                                           \
    {                                                                                                        \
        test_register(#name, test_##name, limit);                                                            \
    }                                                                                                        \
    static void test_##name(__attribute__((unused)) struct test *t)
#define TEST(name) TEST_SECONDS(name, 30)
#define SKIP(why)                                                                                            \
    do {                                                                                                     \
        test_skip(why);                                                                                      \
        return;                                                                                              \
    } while (0)

// Check's own assertions write to a file each time they hold; these only speak when they fail, so loops are cheap.
#define CHECK(x) CHECK_MSG(x, "not so: %s", #x)
#define CHECK_MSG(x, ...)                                                                                    \
    do {                                                                                                     \
        if (!(x))                                                                                            \
            ck_abort_msg(__VA_ARGS__);                                                                       \
    } while (0)
#define EQ_INT(got, want)                                                                                    \
    do {                                                                                                     \
        intmax_t got_ = (got), want_ = (want);                                                               \
        CHECK_MSG(got_ == want_, "%s: got %jd, want %jd", #got, got_, want_);                                \
    } while (0)
#define EQ_UINT(got, want)                                                                                   \
    do {                                                                                                     \
        uintmax_t got_ = (got), want_ = (want);                                                              \
        CHECK_MSG(got_ == want_, "%s: got %ju, want %ju", #got, got_, want_);                                \
    } while (0)
#define EQ_TEXT(got, want)                                                                                   \
    do {                                                                                                     \
        const char *got_ = (got), *want_ = (want);                                                           \
        CHECK_MSG(got_ &&strcmp(got_, want_) == 0, "%s: got \"%s\", want \"%s\"", #got,                      \
                  got_ ? got_ : "NULL", want_);                                                              \
    } while (0)
#define EQ_STR(got, want)                                                                                    \
    do {                                                                                                     \
        struct str got_ = (got), want_ = str_of(want);                                                       \
        CHECK_MSG(str_eq(got_, want_), "%s: got \"" PRI_STR "\", want \"" PRI_STR "\"", #got, STR_ARG(got_), \
                  STR_ARG(want_));                                                                           \
    } while (0)
// The call succeeds; else its error is printed. The call must use `&e`.
#define MUST(call)                                                                                           \
    do {                                                                                                     \
        struct err e = {0};                                                                                  \
        int rc_ = (call);                                                                                    \
        char text_[1024];                                                                                    \
        CHECK_MSG(rc_ == 0, "%s: %s", #call, err_text(&e, text_, sizeof text_));                             \
    } while (0)
// The call (which must use `&e`) answers -1 with this code, and each of the '|'-separated words stands in its text.
#define REFUSED(call, code, words)                                                                           \
    do {                                                                                                     \
        struct err e = {0};                                                                                  \
        int rc_ = (call);                                                                                    \
        char why_[2048];                                                                                     \
        CHECK_MSG(test_refused(rc_, &e, code, words, why_, sizeof why_), "%s: %s", #call, why_);             \
    } while (0)

// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"
#include "test.h"
#include <errno.h>

TEST(err_keeps_the_cause_when_the_chain_is_full)
{
    struct err e = {0};
    errno = ENOSPC;
    EQ_INT(err_sys(&e, "blob"), -1);
    for (int i = 0; i < 100; i++)
        err_wrap(&e, "context number %d", i);
    char text[1024];
    err_text(&e, text, sizeof text);
    CHECK(strstr(text, "blob: No space left on device"));
    CHECK(strstr(text, "context number 99: "));
    CHECK(strstr(text, "..."));
    EQ_INT(e.sys, ENOSPC);
    EQ_INT(e.code, ERR_IO);
}

TEST(err_first_error_wins)
{
    struct err e = {0};
    err_set(&e, ERR_DIGEST, "first");
    err_set(&e, ERR_IO, "second");
    EQ_TEXT(e.cause, "first");
    EQ_INT(e.code, ERR_DIGEST);
}

TEST(err_doc_says_file_line_and_key)
{
    struct err e = {0};
    struct err_at at = {.line = 3, .col = 7, .key = "build.env"};
    err_at_file(&at, "project.toml");
    err_doc(&e, &at, "is a number, want text");
    char text[256];
    EQ_TEXT(err_text(&e, text, sizeof text), "project.toml:3: build.env: is a number, want text");
}

TEST(err_long_cause_keeps_both_ends)
{
    struct err e = {0};
    char path[600];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = 0;
    errno = ENOENT;
    err_sys(&e, "%s", path);
    EQ_INT(e.code, ERR_NOT_FOUND);
    CHECK(strstr(e.cause, "..."));
    CHECK(strstr(e.cause, "No such file or directory"));
}

TEST(err_code_names_are_complete)
{
    for (int i = 0; i < ERR_CODE_MAX_; i++)
        CHECK(err_code_name((enum err_code)i)[0]);
}

TEST(err_text_does_not_speak_to_the_terminal)
{
    struct err e = {0};
    char text[256];
    err_set(&e, ERR_PARSE, "a\n\x1b[2J\x7f\xc2\x9b: \xc3\xa9");
    EQ_TEXT(err_text(&e, text, sizeof text), "a??[2J???: \xc3\xa9");
}

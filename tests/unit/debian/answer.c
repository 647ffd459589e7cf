// SPDX-License-Identifier: Apache-2.0
#include "debian/answer.h"
#include "base/file.h"
#include "test.h"
#include <stdio.h>

#define LOCK "format = 1\n"

static struct digest of(const char *text)
{
    struct digest d;
    digest_of(HASH_SHA256, text, strlen(text), &d);
    return d;
}

static const char *path_of(struct arena *a, const struct digest *asked)
{
    char hex[DIGEST_TEXT];
    return arena_printf(a, "answers/%s", digest_hex(asked, hex));
}

TEST(an_answer_is_of_one_declaration_and_one_state_of_the_lists)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct digest asked = of("declaration"), other = of("another"), lists = of("lists"),
                  newer = of("newer lists");
    struct str lock = STR("untouched");
    CHECK(!deb_answer_find(a, "/nonexistent", &asked, &lists, &lock));
    MUST(path_mkdirs(t->dir, "answers", 0755, &e));
    CHECK(!deb_answer_find(a, t->path, &asked, &lists, &lock));
    deb_answer_keep(t->path, &asked, &lists, STR(LOCK));
    CHECK(!deb_answer_find(a, t->path, &other, &lists, &lock));
    CHECK(!deb_answer_find(a, t->path, &asked, &newer, &lock));
    EQ_STR(lock, "untouched");
    CHECK(deb_answer_find(a, t->path, &asked, &lists, &lock));
    EQ_STR(lock, LOCK);
    // The newer one takes its place.
    deb_answer_keep(t->path, &asked, &newer, STR(LOCK "origin = \"x\"\n"));
    CHECK(!deb_answer_find(a, t->path, &asked, &lists, &lock));
    CHECK(deb_answer_find(a, t->path, &asked, &newer, &lock));
    EQ_STR(lock, LOCK "origin = \"x\"\n");
}

TEST(a_damaged_answer_is_none)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct digest asked = of("declaration"), lists = of("lists");
    struct str lock = STR("untouched");
    MUST(path_mkdirs(t->dir, "answers", 0755, &e));
    deb_answer_keep(t->path, &asked, &lists, STR(LOCK));
    const char *path = path_of(a, &asked);
    struct str whole = str_dup(a, test_read(a, t->dir, path));
    for (size_t n = 0; n < whole.n; n++) {
        test_write(t->dir, path, whole.p, n);
        CHECK(!deb_answer_find(a, t->path, &asked, &lists, &lock));
    }
    for (size_t i = 0; i < whole.n; i++) {
        struct str bad = str_dup(a, whole);
        ((char *)(uintptr_t)bad.p)[i] ^= 1;
        test_write(t->dir, path, bad.p, bad.n);
        CHECK(!deb_answer_find(a, t->path, &asked, &lists, &lock));
    }
    EQ_STR(lock, "untouched");
    test_write(t->dir, path, whole.p, whole.n);
    CHECK(deb_answer_find(a, t->path, &asked, &lists, &lock));
}

TEST(what_cannot_be_kept_is_not)
{
    struct digest asked = of("declaration"), lists = of("lists");
    deb_answer_keep("/nonexistent", &asked, &lists, STR(LOCK));
    deb_answer_keep(t->path, &asked, &lists, STR(LOCK)); // no folder "answers"
    CHECK(faccessat(t->dir, "answers", F_OK, 0) < 0);
}

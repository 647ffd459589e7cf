// SPDX-License-Identifier: Apache-2.0
#include "platform/output.h"
#include "test.h"
#include <sys/stat.h>

TEST(output_places)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct output o;
    test_write(t->dir, "file", "x", 1);
    CHECK(mkdirat(t->dir, "folder", 0755) == 0);
    CHECK(mkfifoat(t->dir, "fifo", 0600) == 0); // a rename would take its place
    test_write(t->dir, "full/x", "x", 1);
    test_write(t->dir, "oci/oci-layout", "{}", 2);
    test_write(t->dir, "oci/x", "x", 1);
    static const struct {
        const char *kind, *path, *words;
        enum output_kind want;
    } cases[] = {
        {"layout:", "/new", NULL, OUTPUT_LAYOUT},
        {"layout:", "/folder", NULL, OUTPUT_LAYOUT},
        {"archive:", "/new.tar", NULL, OUTPUT_ARCHIVE},
        {"archive:", "/file", NULL, OUTPUT_ARCHIVE},
        {"archive:", "/folder", "folder already", 0},
        {"layout:", "/file", "file already", 0},
        {"layout:", "/full", "other things in it", 0},
        {"layout:", "/oci", NULL, OUTPUT_LAYOUT},
        {"archive:", "/fifo", "neither a file nor a folder", 0},
        {"layout:", "/fifo", "neither a file nor a folder", 0},
        {"archive:", "/none/x.tar", "none is not a folder", 0},
        {"layout:", "/file/x", "file is not a folder", 0},
        {"tar:", "/x", "layout:FOLDER", 0},
        {"", "/x", "archive:FILE", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str word = str_printf(a, "%s%s%s", cases[i].kind, t->path, cases[i].path);
        if (cases[i].words) {
            REFUSED(output_parse(a, word, &o, &e), ERR_USAGE, cases[i].words);
            continue;
        }
        MUST(output_parse(a, word, &o, &e));
        EQ_INT(o.kind, cases[i].want);
        EQ_TEXT(o.path, arena_printf(a, "%s%s", t->path, cases[i].path));
    }
    REFUSED(output_parse(a, STR("layout:"), &o, &e), ERR_USAGE, "layout:FOLDER");
    REFUSED(output_parse(a, STR("archive:"), &o, &e), ERR_USAGE, "archive:FILE");
    MUST(output_parse(a, STR("archive:x.tar"), &o, &e)); // here
}

// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_pax.h"
#include "craft.h"
#include "stream/memory.h"
#include "test.h"

TEST(T28_T29_extended_attributes_are_reported)
{
    TAR(tar);
    craft_pax(&tar, 'x', "SCHILY.xattr.security.capability", "\x01\x02",
              "SCHILY.xattr.trusted.overlay.opaque", "y", "SCHILY.xattr.", "nameless", NULL);
    craft_one(&tar, C(.name = "f"));
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    const struct tar_entry *f;
    struct err last = {0};
    EQ_INT(tar_next(r, &f, &last), TAR_ENTRY);
    EQ_UINT(f->xattr_n, 2);
    EQ_STR(f->xattr[0].name, "security.capability");
    EQ_STR(f->xattr[0].value, "\x01\x02");
    EQ_STR(f->xattr[1].name, "trusted.overlay.opaque");
}

TEST(T33_two_sizes)
{
    static const struct {
        const char *pax, *field;
        bool good;
    } rows[] = {
        {"5", "00000000005", true},  {"5", "00000000000", false}, {"0", "00000000005", false},
        {"6", "00000000005", false}, {"", "00000000005", true},   {"5", "00000001000", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TAR(tar);
        craft_pax(&tar, 'x', "size", rows[i].pax, NULL);
        craft_one(&tar, C(.name = "f", .body = STR("hello"), .size_field = rows[i].field));
        if (rows[i].good)
            craft_gives(&tar, "0 f 644 1000:1000 5 1 2cf24dba\n");
        else
            REFUSED(craft_try(&tar, &e), ERR_PARSE, "f |two sizes");
    }
    // A size that octal cannot hold is told in the pax header alone.
    TAR(big);
    craft_pax(&big, 'x', "size", "8589934592", NULL);
    craft_one(&big, C(.name = "big", .size_field = "00000000000"));
    REFUSED(craft_try(&big, &e), ERR_PARSE, "big|truncated");
    TAR(negative);
    craft_pax(&negative, 'x', "size", "-5", NULL);
    craft_one(&negative, C(.name = "f"));
    REFUSED(craft_try(&negative, &e), ERR_PARSE, "size|-5");
    static const char types[] = "123456";
    for (size_t i = 0; types[i]; i++) {
        TAR(tar);
        craft_one(&tar, C(.name = "n", .type = types[i], .link = "l", .body = STR("hello")));
        REFUSED(craft_try(&tar, &e), ERR_PARSE, "n |size 5|no data");
    }
}

TEST(T34_global_headers)
{
    TAR(tar);
    craft_pax(&tar, 'g', "comment", "c0ffee", "uid", "7", "mtime", "9.5", NULL);
    craft_entry(&tar, C(.name = "a"));
    craft_pax(&tar, 'x', "uid", "8", "mtime", "", NULL);
    craft_entry(&tar, C(.name = "b"));
    craft_pax(&tar, 'g', "uid", "", NULL);
    craft_entry(&tar, C(.name = "c"));
    craft_end(&tar);
    craft_gives(&tar,
                "0 a 644 7:1000 0 9 e3b0c442\n0 b 644 8:1000 0 1 e3b0c442\n0 c 644 1000:1000 0 9 e3b0c442\n");
    static const char *const lies[] = {"path",           "linkpath",          "size",
                                       "GNU.sparse.map", "GNU.sparse.offset", "GNU.sparse.name"};
    for (size_t i = 0; i < COUNT(lies); i++) {
        TAR(lie);
        craft_pax(&lie, 'g', lies[i], "1", NULL);
        craft_one(&lie, C(.name = "f"));
        REFUSED(craft_try(&lie, &e), ERR_PARSE, "not in a global header");
    }
}

TEST(T35_bad_pax_records)
{
    static const struct str bodies[] = {
        STR_INIT("8 path=a\n"),
        STR_INIT("11 path=a\n"),
        STR_INIT("9 path=a"),
        STR_INIT("9 path=a "),
        STR_INIT("path=a\n"),
        STR_INIT("-1 path=a\n"),
        STR_INIT("0 path=a\n"),
        STR_INIT("5 a=b\n"),
        STR_INIT("4 =\n"),
        STR_INIT("5 =b\n"),
        STR_INIT("6 path\n"),
        STR_INIT("9 \0ath=a\n"),
        STR_INIT("99999999999999999999 path=a\n"),
        STR_INIT("\n"),
        STR_INIT("9  path=a\n"),
        STR_INIT("9 path=a\n\0"),
        STR_INIT("0x9 path=a\n"),
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        TAR(tar);
        craft_entry(&tar, C(.type = 'x', .body = bodies[i]));
        craft_one(&tar, C(.name = "f"));
        REFUSED(craft_try(&tar, &e), ERR_PARSE, "tar: header at byte 0|pax header");
    }
    TAR(huge);
    craft_entry(&huge, C(.type = 'x', .size_field = "00004000001"));
    REFUSED(craft_try(&huge, &e), ERR_LIMIT, "1048577|1048576");
    TAR(empty);
    craft_entry(&empty, C(.type = 'x'));
    craft_one(&empty, C(.name = "f"));
    craft_gives(&empty, "0 f 644 1000:1000 0 1 e3b0c442\n");
    TAR(last); // POSIX: the last of equal keys counts
    craft_pax(&last, 'x', "path", "one", "path", "two", NULL);
    craft_one(&last, C(.name = "f"));
    craft_gives(&last, "0 two 644 1000:1000 0 1 e3b0c442\n");
}

TEST(T39_odd_times)
{
    static const struct {
        const char *pax;
        int64_t sec;
        uint32_t nsec;
    } good[] = {
        {"0", 0, 0},
        {"1.5", 1, 500000000},
        {"-1.5", -2, 500000000},
        {"-0.1", -1, 900000000},
        {"1.", 1, 0},
        {"1.1234567899", 1, 123456789},
        {"31556889864403199", 31556889864403199, 0},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        TAR(tar);
        craft_pax(&tar, 'x', "mtime", good[i].pax, NULL);
        craft_one(&tar, C(.name = "f"));
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
        const struct tar_entry *f;
        struct err last = {0};
        EQ_INT(tar_next(r, &f, &last), TAR_ENTRY);
        CHECK_MSG(f->mtime_sec == good[i].sec && f->mtime_nsec == good[i].nsec, "%s", good[i].pax);
    }
    static const char *const bad[] = {
        "nan", "1e9", ".5", "--1", "1.5.5", "1.x", " 1", "inf", "9223372036854775808", "+1"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        TAR(tar);
        craft_pax(&tar, 'x', "mtime", bad[i], NULL);
        craft_one(&tar, C(.name = "f"));
        REFUSED(craft_try(&tar, &e), ERR_PARSE, "mtime|unusable value");
    }
    TAR(before); // base-256: one second before 1970
    craft_one(&before, C(.name = "f", .mtime_field = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
    craft_gives(&before, "0 f 644 1000:1000 0 -1 e3b0c442\n");
    TAR(word);
    craft_one(&word, C(.name = "f", .mtime_field = "NaN\0\0\0\0\0\0\0\0\0"));
    REFUSED(craft_try(&word, &e), ERR_PARSE, "f |mtime is no number");
}

TEST(T40_odd_owners)
{
    static const char *const bad[] = {"9223372036854775808", "4294967295", "-1", "root", "0x0"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        TAR(tar);
        craft_pax(&tar, 'x', i % 2 ? "gid" : "uid", bad[i], NULL);
        craft_one(&tar, C(.name = "f"));
        REFUSED(craft_try(&tar, &e), ERR_PARSE, "id|unusable value");
    }
    TAR(names);
    craft_pax(&names, 'x', "uname", "root", "gname", "root", NULL);
    craft_one(&names, C(.name = "f"));
    craft_gives(&names, "0 f 644 1000:1000 0 1 e3b0c442\n"); // names do not change numbers
    TAR(big);
    craft_pax(&big, 'x', "uid", "4294967294", NULL);
    craft_one(&big, C(.name = "f"));
    craft_gives(&big, "0 f 644 4294967294:1000 0 1 e3b0c442\n");
    TAR(none);
    craft_one(&none, C(.name = "f", .uid_field = "\x80\0\0\0\xff\xff\xff\xff"));
    REFUSED(craft_try(&none, &e), ERR_PARSE, "f |uid is 4294967295");
    TAR(negative);
    craft_one(&negative, C(.name = "f", .uid_field = "\xff\xff\xff\xff\xff\xff\xff\xff"));
    REFUSED(craft_try(&negative, &e), ERR_PARSE, "f |uid is -1");
}

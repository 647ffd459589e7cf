// SPDX-License-Identifier: Apache-2.0
// T37 of the bad-input catalogue: the four ways of telling where the data of a sparse file is.
#include "archive/tar_sparse.h"
#include "craft.h"
#include "test.h"
#include <stdio.h>

// "abcde" at 2, "fgh" at 18, of 25 bytes.
static const char EXPANDED[] = "0 sparse 644 1000:1000 25 1 dc6f44e2\n";

// From byte 345 on, GNU's header: times 24, unused 17, four extents, the flag, the real size.
static void gnu_header(struct buf *tar, const char *extents, const char *real, bool more, struct str body)
{
    char raw[512 - 345] = {0};
    memcpy(raw + 386 - 345, extents, strlen(extents));
    for (size_t i = 0; i < strlen(extents); i++)
        if (extents[i] == '.')
            raw[386 - 345 + i] = 0;
    raw[482 - 345] = more;
    memcpy(raw + 483 - 345, real, strlen(real));
    craft_entry(tar, &(struct craft){.name = "sparse",
                                     .type = 'S',
                                     .magic = "ustar  ",
                                     .body = body,
                                     .raw = raw,
                                     .raw_at = 345,
                                     .raw_n = sizeof raw});
}
#define PAIR(at, n) "0000000" at ".0000000" n "."

TEST(reads_old_gnu_extents)
{
    TAR(tar);
    gnu_header(&tar, PAIR("0002", "0005") PAIR("0022", "0003"), "00000000031", false, STR("abcdefgh"));
    craft_end(&tar);
    craft_gives(&tar, EXPANDED);
}

TEST(old_gnu_extents_go_on_in_further_blocks)
{
    TAR(tar);
    drop_buf struct buf data = BUF_INIT(CRAFT_MAX);
    static const char first[] =
        PAIR("0000", "0001") PAIR("0002", "0001") PAIR("0004", "0001") PAIR("0006", "0001");
    gnu_header(&tar, first, "00000000020", true, STR("abcdefg"));
    // The block of extents stands between the header and the data.
    struct str at = {tar.p + 512, tar.n - 512};
    buf_str(&data, at);
    tar.n = 512;
    char block[512] = PAIR("0010", "0002") PAIR("0012", "0001");
    for (size_t i = 0; i < sizeof block; i++)
        if (block[i] == '.')
            block[i] = 0;
    buf_add(&tar, block, sizeof block);
    buf_str(&tar, buf_view(&data));
    craft_end(&tar);
    TAR(list);
    MUST(craft_read(buf_view(&tar), 3, &list, &e));
    EQ_STR(str_head(buf_view(&list), 27), "0 sparse 644 1000:1000 16 1");
    tar.n = 700;
    REFUSED(craft_try(&tar, &e), ERR_PARSE, "sparse|truncated");
}

TEST(refuses_bad_old_gnu_extents)
{
    static const struct {
        const char *extents, *real, *words;
    } rows[] = {
        {PAIR("0002", "0005") PAIR("0006", "0003"), "00000000031", "begins before 7"},
        {PAIR("0022", "0003") PAIR("0002", "0005"), "00000000031", "begins before"},
        {PAIR("0002", "0005") PAIR("0022", "0003"), "00000000024", "ends at 21, the file at 20"},
        {PAIR("0002", "0005"), "00000000031", "tells of 5 bytes, 8 are stored"},
        {PAIR("0002", "0005") PAIR("0022", "0005"), "00000000031", "tells of 10 bytes, 8 are stored"},
        {PAIR("000x", "0005"), "00000000031", "no pair of numbers"},
        {PAIR("0002", "0010"), "0000000003x", "real size"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TAR(tar);
        gnu_header(&tar, rows[i].extents, rows[i].real, false, STR("abcdefgh"));
        craft_end(&tar);
        REFUSED(craft_try(&tar, &e), ERR_PARSE, rows[i].words);
    }
    TAR(exbi); // base-256: 1 EiB
    gnu_header(&exbi, PAIR("0002", "0010"), "\x80...\x10.......", false, STR("abcdefgh"));
    memcpy(exbi.p + 483, "\x80\0\0\0\x10\0\0\0\0\0\0\0", 12);
    TAR(fixed);
    craft_entry(&fixed, &(struct craft){.name = "sparse",
                                        .type = 'S',
                                        .magic = "ustar  ",
                                        .body = STR("abcdefgh"),
                                        .raw = exbi.p + 345,
                                        .raw_at = 345,
                                        .raw_n = 512 - 345});
    craft_end(&fixed);
    REFUSED(craft_try(&fixed, &e), ERR_LIMIT, "sparse|1152921504606846976");
    TAR(posix);
    craft_entry(&posix, &(struct craft){.name = "s", .type = 'S'});
    craft_end(&posix);
    REFUSED(craft_try(&posix, &e), ERR_PARSE, "s |not GNU's");
}

TEST(reads_pax_0_0)
{
    TAR(tar);
    craft_pax(&tar, 'x', "GNU.sparse.size", "25", "GNU.sparse.numblocks", "2", "GNU.sparse.offset", "2",
              "GNU.sparse.numbytes", "5", "GNU.sparse.offset", "18", "GNU.sparse.numbytes", "3", NULL);
    craft_entry(&tar, &(struct craft){.name = "sparse", .body = STR("abcdefgh")});
    craft_end(&tar);
    craft_gives(&tar, EXPANDED);
}

TEST(reads_pax_0_1)
{
    TAR(tar);
    craft_pax(&tar, 'x', "GNU.sparse.size", "25", "GNU.sparse.numblocks", "2", "GNU.sparse.map", "2,5,18,3",
              "GNU.sparse.name", "sparse", NULL);
    craft_entry(&tar, &(struct craft){.name = "GNUSparseFile.0/sparse", .body = STR("abcdefgh")});
    craft_end(&tar);
    craft_gives(&tar, EXPANDED);
}

static void pax_1_0(struct buf *tar, const char *realsize, const char *map, struct str data)
{
    char body[1024] = {0};
    memcpy(body, map, strlen(map));
    memcpy(body + 512, data.p, data.n);
    craft_pax(tar, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", "sparse",
              "GNU.sparse.realsize", realsize, NULL);
    craft_entry(tar, &(struct craft){.name = "GNUSparseFile.0/sparse", .body = {body, 512 + data.n}});
    craft_end(tar);
}

TEST(reads_pax_1_0)
{
    TAR(tar);
    pax_1_0(&tar, "25", "2\n2\n5\n18\n3\n", STR("abcdefgh"));
    craft_gives(&tar, EXPANDED);
}

TEST(refuses_bad_pax_1_0)
{
    static const struct {
        const char *real, *map, *words;
    } rows[] = {
        {"25", "2\n2\n5\n6\n3\n", "begins before 7"},
        {"20", "2\n2\n5\n18\n3\n", "ends at 21, the file at 20"},
        {"25", "2\n2\n5\n18\n4\n", "tells of 9 bytes, 8 are stored"},
        {"25", "3\n2\n5\n18\n3\n", "no number"},
        {"25", "2\n2\n5\n18\n3\n7\n", "after its last line"},
        {"25", "2\n\n5\n18\n3\n", "empty line"},
        {"25", "x\n", "line 1 is no number"},
        {"25", "-1\n", "line 1 is no number"},
        {"25", "99999999999999999999\n", "line 1 is no number"},
        {"25", "2\n9223372036854775806\n5\n", "beyond 63 bits|no number"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TAR(tar);
        pax_1_0(&tar, rows[i].real, rows[i].map, STR("abcdefgh"));
        struct err why = {0};
        EQ_INT(craft_try(&tar, &why), -1);
        EQ_INT(why.code, ERR_PARSE);
        CHECK_MSG(i == 9 || strstr(why.cause, rows[i].words), "row %zu: %s", i, why.cause);
    }
    TAR(many);
    pax_1_0(&many, "25", "65537\n", STR(""));
    REFUSED(craft_try(&many, &e), ERR_LIMIT, "65537 extents");
    TAR(exbi);
    pax_1_0(&exbi, "1152921504606846976", "0\n", STR(""));
    REFUSED(craft_try(&exbi, &e), ERR_LIMIT, "1152921504606846976");
}

TEST(refuses_maps_that_contradict_themselves)
{
    static const char *const rows[][11] = {
        {"GNU.sparse.map", "2,5,18,3", "GNU.sparse.size", "25"},     // no numblocks
        {"GNU.sparse.map", "2,5,18,3", "GNU.sparse.numblocks", "2"}, // no size
        {"GNU.sparse.map", "2,5,18,3", "GNU.sparse.numblocks", "1", "GNU.sparse.size",
         "25"},                                                                              // another number
        {"GNU.sparse.map", "2,5,18", "GNU.sparse.numblocks", "2", "GNU.sparse.size", "25"},  // half a pair
        {"GNU.sparse.map", "2,5,,3", "GNU.sparse.numblocks", "2", "GNU.sparse.size", "25"},  // no number
        {"GNU.sparse.map", "2,5,6,3", "GNU.sparse.numblocks", "2", "GNU.sparse.size", "25"}, // overlap
        {"GNU.sparse.offset", "2", "GNU.sparse.numblocks", "1", "GNU.sparse.size", "25"},    // half a pair
        {"GNU.sparse.offset", "2", "GNU.sparse.offset", "3", "GNU.sparse.size", "25"},       // out of turn
        {"GNU.sparse.numbytes", "2", "GNU.sparse.numblocks", "1", "GNU.sparse.size", "25"},  // out of turn
        {"GNU.sparse.major", "2", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "25"}, // unknown version
        {"GNU.sparse.name", "other"},                                                    // a name alone
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TAR(tar);
        TAR(body);
        for (size_t k = 0; rows[i][k]; k += 2)
            craft_record(&body, rows[i][k], str_of(rows[i][k + 1]));
        craft_entry(&tar, &(struct craft){.type = 'x', .body = buf_view(&body)});
        craft_entry(&tar, &(struct craft){.name = "f", .body = STR("abcdefgh")});
        craft_end(&tar);
        REFUSED(craft_try(&tar, &e), ERR_PARSE, "tar: ");
    }
}

TEST(extents_that_touch_become_one)
{
    struct tar_map m = {0};
    MUST(tar_map_add(&m, 0, 0, &e));
    MUST(tar_map_add(&m, 5, 5, &e));
    MUST(tar_map_add(&m, 10, 1, &e));
    MUST(tar_map_add(&m, 20, 0, &e));
    MUST(tar_map_add(&m, 25, 1, &e));
    EQ_UINT(m.n, 2);
    CHECK(m.v[0].at == 5 && m.v[0].n == 6 && m.v[1].at == 25 && m.v[1].n == 1);
    REFUSED(tar_map_add(&m, UINT64_MAX, 2, &e), ERR_PARSE, "63 bits");
    REFUSED(tar_map_add(&m, 25, 2, &e), ERR_PARSE, "begins before 26");
    tar_map_free(&m);
}

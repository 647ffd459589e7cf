// SPDX-License-Identifier: Apache-2.0
// The names T7… are those of the bad-input catalogue (security.md §5.4); what shows only on disk is tested in layer/.
#include "archive/tar_read.h"
#include "archive/tar_write.h"
#include "base/file.h"
#include "craft.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>

TEST(reads_every_type)
{
    TAR(tar);
    craft_entry(&tar, C(.name = "file", .body = STR("hello")));
    craft_entry(&tar, C(.name = "contiguous", .type = '7'));
    craft_entry(&tar, C(.name = "old", .no_type = true));
    craft_entry(&tar, C(.name = "olddir/", .no_type = true));
    craft_entry(&tar, C(.name = "hard", .type = '1', .link = "file"));
    craft_entry(&tar, C(.name = "soft", .type = '2', .link = "../x"));
    craft_entry(&tar, C(.name = "char", .type = '3'));
    craft_entry(&tar, C(.name = "block", .type = '4'));
    craft_entry(&tar, C(.name = "dir/", .type = '5'));
    craft_entry(&tar, C(.name = "fifo", .type = '6', .link = "ignored"));
    craft_end(&tar);
    craft_gives(&tar, "0 file 644 1000:1000 5 1 2cf24dba\n"
                      "0 contiguous 644 1000:1000 0 1 e3b0c442\n"
                      "0 old 644 1000:1000 0 1 e3b0c442\n"
                      "5 olddir/ 644 1000:1000 0 1 e3b0c442\n"
                      "1 hard>file 644 1000:1000 0 1 e3b0c442\n"
                      "2 soft>../x 644 1000:1000 0 1 e3b0c442\n"
                      "3 char 644 1000:1000 0 1 e3b0c442\n"
                      "4 block 644 1000:1000 0 1 e3b0c442\n"
                      "5 dir/ 644 1000:1000 0 1 e3b0c442\n"
                      "6 fifo 644 1000:1000 0 1 e3b0c442\n");
}

TEST(prefix_counts_only_in_ustar)
{
    TAR(tar);
    craft_entry(&tar, C(.name = "n", .prefix = "a/b"));
    craft_entry(&tar, C(.name = "n", .prefix = "a/b", .magic = "ustar  "));
    craft_entry(&tar, C(.name = "n", .prefix = "a/b", .magic = "\0\0\0\0\0\0\0"));
    craft_end(&tar);
    craft_gives(&tar, "0 a/b/n 644 1000:1000 0 1 e3b0c442\n0 n 644 1000:1000 0 1 e3b0c442\n0 n 644 1000:1000 "
                      "0 1 e3b0c442\n");
    TAR(version);
    craft_one(&version, C(.name = "n", .prefix = "a", .magic = "ustar\0\0"));
    REFUSED(craft_try(&version, &e), ERR_PARSE, "version");
    TAR(magic);
    craft_one(&magic, C(.magic = "USTAR\00000"));
    REFUSED(craft_try(&magic, &e), ERR_PARSE, "unknown magic");
}

TEST(T1_to_T3_names_are_given_raw)
{
    TAR(tar);
    craft_entry(&tar, C(.name = "../x"));
    craft_entry(&tar, C(.name = "a/../../x"));
    craft_entry(&tar, C(.name = "/etc/x"));
    craft_end(&tar);
    craft_gives(&tar, "0 ../x 644 1000:1000 0 1 e3b0c442\n0 a/../../x 644 1000:1000 0 1 e3b0c442\n"
                      "0 /etc/x 644 1000:1000 0 1 e3b0c442\n");
}

TEST(T15_empty_name)
{
    TAR(tar);
    craft_one(&tar, C(.name = ""));
    REFUSED(craft_try(&tar, &e), ERR_PARSE, "byte 0|without a name");
    TAR(link);
    craft_one(&link, C(.name = "l", .type = '2'));
    REFUSED(craft_try(&link, &e), ERR_PARSE, "l|without a target");
}

TEST(T17_nul_in_a_name)
{
    TAR(pax);
    drop_buf struct buf body = BUF_INIT(CRAFT_MAX);
    craft_record(&body, "path", STR("a\0b"));
    craft_entry(&pax, C(.type = 'x', .body = buf_view(&body)));
    craft_one(&pax, C(.name = "f"));
    REFUSED(craft_try(&pax, &e), ERR_PARSE, "path|a\\x00b");
    TAR(gnu);
    craft_long(&gnu, 'L', STR("a\0b\0"));
    craft_one(&gnu, C(.name = "f"));
    REFUSED(craft_try(&gnu, &e), ERR_PARSE, "NUL");
}

TEST(T18_T19_control_bytes_and_bad_utf8_are_names_but_not_messages)
{
    TAR(tar);
    craft_one(&tar, C(.name = "a\nb\x1b[31m\xff"));
    craft_gives(&tar, "0 a\nb\x1b[31m\xff 644 1000:1000 0 1 e3b0c442\n");
    TAR(bad);
    craft_one(&bad, C(.name = "a\x1b[31m\xff", .type = 'Z'));
    REFUSED(craft_try(&bad, &e), ERR_PARSE, "a\\x1b[31m\\xff|typeflag 0x5a");
}

TEST(T23_device_numbers)
{
    TAR(bad);
    craft_one(&bad, C(.name = "d", .type = '3', .dev_field = "12x4567"));
    REFUSED(craft_try(&bad, &e), ERR_PARSE, "d |devmajor");
    TAR(ignored);
    craft_one(&ignored, C(.name = "d", .dev_field = "12x4567"));
    craft_gives(&ignored, "0 d 644 1000:1000 0 1 e3b0c442\n");
}

TEST(T25_T26_unknown_typeflags)
{
    static const char types[] = {'8', '9', 's', 'V', 'M', 'N', 'D', 'X', 'A', '\xff', '\n'};
    for (size_t i = 0; i < COUNT(types); i++) {
        TAR(tar);
        craft_one(&tar, C(.name = "odd", .type = types[i]));
        REFUSED(craft_try(&tar, &e), ERR_PARSE, "odd|header at byte 0|unknown typeflag");
    }
}

TEST(a_file_with_a_directory_name_is_ambiguous)
{
    TAR(tar);
    craft_one(&tar, C(.name = "d/"));
    REFUSED(craft_try(&tar, &e), ERR_PARSE, "d/|ends in '/'");
    TAR(old);
    craft_one(&old, C(.name = "d/", .no_type = true, .body = STR("x")));
    REFUSED(craft_try(&old, &e), ERR_PARSE, "d/|has no data");
}

TEST(T31_odd_sizes)
{
    static const struct {
        const char *field, *words;
    } rows[] = {
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "size is -1"},
        {"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "size is no number"}, // beyond 63 bits
        {"-0000000001", "size is no number"},
        {"0000000000 8", "size is no number"},
        {"0000000x000", "size is no number"},
        {"0x000000001", "size is no number"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TAR(tar);
        craft_one(&tar, C(.name = "f", .size_field = rows[i].field));
        REFUSED(craft_try(&tar, &e), ERR_PARSE, rows[i].words);
    }
    TAR(huge);
    craft_one(&huge, C(.name = "f", .size_field = "\x80\0\0\0\0\0\0\x20\0\0\0\0"));
    REFUSED(craft_try(&huge, &e), ERR_LIMIT, "f |137438953472");
    static const char *const good[] = {"           5",
                                       "00000000005\0",
                                       "5\0\0\0\0\0\0\0\0\0\0\0",
                                       "  5 \0\0\0\0\0\0\0\0",
                                       "\x80\0\0\0\0\0\0\0\0\0\0\x05",
                                       "000000000005"};
    for (size_t i = 0; i < COUNT(good); i++) {
        TAR(tar);
        craft_one(&tar, C(.name = "f", .body = STR("hello"), .size_field = good[i]));
        craft_gives(&tar, "0 f 644 1000:1000 5 1 2cf24dba\n");
    }
}

TEST(T32_more_size_than_archive)
{
    TAR(tar);
    craft_entry(&tar, C(.name = "long", .body = STR("hello"), .size_field = "00000007777"));
    REFUSED(craft_try(&tar, &e), ERR_PARSE, "long|truncated|missing");
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    const struct tar_entry *f;
    struct err last = {0};
    EQ_INT(tar_next(r, &f, &last), TAR_ENTRY);
    REFUSED(tar_next(r, &f, &e), ERR_PARSE, "long|truncated"); // also when nobody reads the data
    for (size_t n = 1; n < 1024; n += 73) {                    // also within a header, and within the padding
        TAR(cut);
        buf_add(&cut, tar.p, n);
        REFUSED(craft_try(&cut, &e), ERR_PARSE, "truncated");
    }
}

TEST(T36_long_names)
{
    TAR(tar);
    craft_long(&tar, 'L', STR("long/name\0"));
    craft_long(&tar, 'K', STR("long/target")); // without its NUL
    craft_entry(&tar, C(.name = "short", .type = '2', .link = "t", .magic = "ustar  "));
    craft_end(&tar);
    craft_gives(&tar, "2 long/name>long/target 644 1000:1000 0 1 e3b0c442\n");
    static const char types[] = {'L', 'K'};
    for (size_t i = 0; i < COUNT(types); i++) {
        TAR(twice);
        craft_long(&twice, types[i], STR("a\0"));
        craft_long(&twice, types[i], STR("b\0"));
        craft_one(&twice, C(.name = "f"));
        REFUSED(craft_try(&twice, &e), ERR_PARSE, "two GNU long names");
        TAR(both);
        craft_long(&both, types[i], STR("a\0"));
        craft_pax(&both, 'x', i ? "linkpath" : "path", "b", NULL);
        craft_one(&both, C(.name = "f", .type = '2', .link = "l"));
        REFUSED(craft_try(&both, &e), ERR_PARSE, "GNU's and pax'");
        TAR(huge);
        craft_entry(&huge, C(.type = types[i], .size_field = "77777777777"));
        REFUSED(craft_try(&huge, &e), ERR_LIMIT, "extension header of");
        TAR(empty);
        craft_long(&empty, types[i], STR("\0"));
        craft_one(&empty, C(.name = "f"));
        REFUSED(craft_try(&empty, &e), ERR_PARSE, "empty GNU long name");
        TAR(alone);
        craft_long(&alone, types[i], STR("a\0"));
        craft_end(&alone);
        REFUSED(craft_try(&alone, &e), ERR_PARSE, "without an entry");
    }
}

TEST(extension_headers_do_not_pile_up)
{
    TAR(two);
    craft_pax(&two, 'x', "uid", "1", NULL);
    craft_pax(&two, 'x', "uid", "2", NULL);
    craft_one(&two, C(.name = "f"));
    REFUSED(craft_try(&two, &e), ERR_PARSE, "second pax header");
    TAR(global);
    craft_pax(&global, 'x', "uid", "1", NULL);
    craft_pax(&global, 'g', "uid", "2", NULL);
    craft_one(&global, C(.name = "f"));
    REFUSED(craft_try(&global, &e), ERR_PARSE, "global pax header behind another");
    TAR(alone);
    craft_pax(&alone, 'x', "uid", "1", NULL);
    REFUSED(craft_try(&alone, &e), ERR_PARSE, "without an entry");
}

TEST(T38_bad_checksum)
{
    TAR(tar);
    craft_entry(&tar, C(.name = "good"));
    craft_one(&tar, C(.name = "bad", .bad_sum = true));
    REFUSED(craft_try(&tar, &e), ERR_PARSE, "header at byte 512|checksum");
    TAR(text);
    craft_one(&text, C(.name = "f"));
    text.p[150] = 'x';
    REFUSED(craft_try(&text, &e), ERR_PARSE, "checksum is no number");
}

TEST(T41_duplicates_are_given_twice)
{
    TAR(tar);
    craft_entry(&tar, C(.name = "f", .body = STR("hello")));
    craft_one(&tar, C(.name = "f"));
    craft_gives(&tar, "0 f 644 1000:1000 5 1 2cf24dba\n0 f 644 1000:1000 0 1 e3b0c442\n");
}

TEST(T42_data_after_the_end)
{
    TAR(tar);
    craft_one(&tar, C(.name = "f"));
    craft_entry(&tar, C(.name = "hidden"));
    REFUSED(craft_try(&tar, &e), ERR_PARSE, "byte 512|after the end");
    TAR(byte);
    craft_one(&byte, C(.name = "f"));
    buf_add(&byte, "\0\0x", 3);
    REFUSED(craft_try(&byte, &e), ERR_PARSE, "after the end");
    TAR(zeros);
    craft_one(&zeros, C(.name = "f"));
    for (int i = 0; i < 20; i++)
        craft_end(&zeros);
    buf_add(&zeros, "\0", 1);
    craft_gives(&zeros, "0 f 644 1000:1000 0 1 e3b0c442\n");
}

TEST(T43_missing_end)
{
    TAR(tar);
    craft_entry(&tar, C(.name = "f"));
    REFUSED(craft_try(&tar, &e), ERR_PARSE, "byte 512|truncated|end-of-archive");
    TAR(lone);
    craft_entry(&lone, C(.name = "f"));
    craft_end(&lone);
    lone.n -= 512;
    craft_gives(&lone, "0 f 644 1000:1000 0 1 e3b0c442\n");
    TAR(middle);
    craft_entry(&middle, C(.name = "f"));
    craft_end(&middle);
    middle.n -= 512;
    craft_entry(&middle, C(.name = "g"));
    craft_end(&middle);
    REFUSED(craft_try(&middle, &e), ERR_PARSE, "after the end");
    TAR(nothing);
    buf_text(&nothing, "");
    REFUSED(craft_try(&nothing, &e), ERR_PARSE, "byte 0|truncated");
    TAR(empty);
    craft_end(&empty);
    craft_gives(&empty, "");
}

// An endless archive of empty entries, made as it is read.
struct endless {
    struct source base;
    struct buf one;
    size_t at;
};
static int endless_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    struct endless *n = CONTAINER(s, struct endless, base);
    (void)min;
    (void)e;
    *out = (struct view){(const uint8_t *)n->one.p + n->at, n->one.n - n->at};
    return 0;
}
static int endless_skip(struct source *s, uint64_t n, struct err *e)
{
    struct endless *x = CONTAINER(s, struct endless, base);
    (void)e;
    x->at = (x->at + n) % x->one.n;
    return 0;
}

TEST_SECONDS(T44_ten_million_empty_entries, 120)
{
    static const struct source_ops ops = {endless_peek, endless_skip, NULL};
    struct endless n = {.base = {&ops}, .one = BUF_INIT(CRAFT_MAX)};
    craft_entry(&n.one, C(.name = "f"));
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(&n.base);
    const struct tar_entry *f;
    struct err last = {0};
    uint64_t entries = 0;
    while (tar_next(r, &f, &last) == TAR_ENTRY)
        entries++;
    EQ_UINT(entries, LIMIT_TAR_ENTRIES);
    EQ_INT(last.code, ERR_LIMIT);
    buf_free(&n.one);
}

TEST(the_sum_of_all_sizes_is_limited)
{
    TAR(tar);
    for (int i = 0; i < 3; i++) {
        craft_pax(&tar, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", "hole",
                  "GNU.sparse.realsize", "30000000000", NULL);
        craft_entry(&tar, C(.name = "x", .body = STR("0\n\0\0\0\0\0\0\0\0"), .size_field = "00000001000"));
    }
    craft_end(&tar);
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    const struct tar_entry *f;
    struct err last = {0};
    for (int i = 0; i < 2; i++) {
        EQ_INT(tar_next(r, &f, &last), TAR_ENTRY);
        EQ_UINT(f->size, 30000000000);
    }
    REFUSED(tar_next(r, &f, &e), ERR_LIMIT, "hole|30000000000|68719476736");
}

static void round_trip(struct arena *a, struct buf *tar, struct buf *want)
{
    struct sink *to = sink_buffer(tar);
    struct tar_writer *w = tar_writer_new(to);
    static const size_t lengths[] = {1, 99, 100, 101, 155, 156, 157, 200, 255, 256, 257, 300, 2000};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        for (size_t cut = 1; cut < lengths[i] - 1; cut += 1 + lengths[i] / 17) {
            char *name = arena_get(a, lengths[i] + 1, 1);
            memset(name, 'n', lengths[i]);
            name[cut] = '/';
            struct tar_entry f = {.type = TAR_FILE,
                                  .name = {name, lengths[i]},
                                  .mode = 07777,
                                  .uid = 2097151 + (uint32_t)(i % 2),
                                  .gid = 5,
                                  .size = 5,
                                  .mtime_sec = (int64_t)i - 3};
            MUST(tar_write_entry(w, &f, &e));
            MUST(tar_write_data(w, "hello", 5, &e));
            buf_printf(want, "0 %s 7777 %u:5 5 %d 2cf24dba\n", name, f.uid, (int)f.mtime_sec);
            f = (struct tar_entry){.type = TAR_SYMLINK, .name = STR("l"), .link = {name, lengths[i]}};
            MUST(tar_write_entry(w, &f, &e));
            buf_printf(want, "2 l>%s 0 0:0 0 0 e3b0c442\n", name);
        }
    }
    MUST(tar_write_end(w, &e));
    tar_writer_free(w);
    sink_drop(to);
}

TEST(what_the_writer_wrote_is_read)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    TAR(tar);
    TAR(want);
    round_trip(a, &tar, &want);
    craft_gives(&tar, want.p);
}

struct foreign {
    const char *name;
    enum err_code code;
    const char *words; // of the error, or the first lines
};

// Archives of other writers, and the same ones that Go's tests use.
TEST(reads_archives_of_others)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    static const struct foreign rows[] = {
        {"gnu", 0, "0 small.txt 640 73025:5000 5 1244428340 cf19779e|small2.txt"},
        {"star", 0, "0 small.txt 640 73025:5000 5 1244592783"},
        {"v7", 0, "0 small.txt 444 73025:5000 5 1244593104"},
        {"ustar", 0, "longname/longname/file.txt 644 501:20 6"},
        {"pax", 0, "0 a/1234567891011121|2 a/b>1234567891011|1350244992|1350266320"},
        {"hardlink", 0, "1 hard.txt>file.txt"},
        {"xattrs", 0, "small2.txt"},
        {"gnu-not-utf8", 0,
         "hi\x80\x81\x82\x83"
         "bye"},
        {"trailing-slash", 0, "5 123456789/123456789/"},
        {"sparse-formats", 0,
         "sparse-gnu|sparse-posix-0.0|sparse-posix-0.1|sparse-posix-1.0|0 end 644 1000:1000 4"},
        {"gnu-nil-sparse-hole", 0, "0 sparse.db 0 0:0 1000 0"},
        {"pax-nil-sparse-data", 0, "0 sparse.db 0 0:0 1000 0"},
        {"gnu-multi-hdrs", ERR_PARSE, "two GNU long names"},
        {"pax-multi-hdrs", ERR_PARSE, "second pax header"},
        {"pax-bad-hdr-file", ERR_PARSE, "stated length"},
        {"pax-bad-mtime-file", ERR_PARSE, "mtime"},
        {"pax-nul-path", ERR_PARSE, "path"},
        {"pax-pos-size-file", ERR_PARSE, "two sizes: 999"},
        {"pax-global-records", ERR_PARSE, "global"},
        {"gnu-long-nul", ERR_PARSE, "NUL"},
        {"hdr-only", ERR_PARSE, "size 5 of an entry that has no data"},
        {"issue10968", ERR_PARSE, "magic"},
        {"issue11169", ERR_PARSE, "checksum"},
        {"issue12435", ERR_PARSE, "size is no number"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        TAR(tar);
        TAR(list);
        struct str name = str_printf(a, "go-tar/%s.tar", rows[i].name);
        MUST(file_read(AT_FDCWD, test_data(a, name.p), &tar, &e));
        if (rows[i].code) {
            REFUSED(craft_try(&tar, &e), rows[i].code, rows[i].words);
            continue;
        }
        MUST(craft_read(buf_view(&tar), 100, &list, &e));
        struct str rest = str_of(rows[i].words), word;
        while (str_cut(&rest, '|', &word))
            CHECK_MSG(memmem(list.p, list.n, word.p, word.n), "%s: no \"" PRI_STR "\" in:\n%s", rows[i].name,
                      STR_ARG(word), list.p);
    }
}

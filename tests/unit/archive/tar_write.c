// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_write.h"
#include "archive/tar_block.h"
#include "base/file.h"
#include "craft.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>

struct pen {
    struct buf out;
    struct sink *to;
    struct tar_writer *w;
};

static void pen_done(struct pen *p)
{
    tar_writer_free(p->w);
    sink_drop(p->to);
    buf_free(&p->out);
}
#define PEN(name)                                                                                            \
    __attribute__((cleanup(pen_done))) struct pen name = {.out = BUF_INIT(CRAFT_MAX)};                       \
    name.to = sink_buffer(&name.out);                                                                        \
    name.w = tar_writer_new(name.to)

// The header of one entry, without data.
static struct str header_of(struct arena *a, const struct tar_entry *t)
{
    PEN(p);
    MUST(tar_write_entry(p.w, t, &e));
    return str_dup(a, buf_view(&p.out));
}

static struct tar_entry file_named(struct str name)
{
    return (struct tar_entry){.type = TAR_FILE, .name = name, .mode = 0644, .mtime_sec = 315532801};
}

static struct str repeat(struct arena *a, char c, size_t n)
{
    char *p = arena_get(a, n + 1, 1);
    memset(p, c, n);
    return (struct str){p, n};
}

// Golden header: every field of one that needs nothing special (tarheaders.txt, layer 1, entry at 2048).
TEST(writes_a_ustar_header)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct tar_entry f = file_named(STR("/layers/bench_golden/gold/.hid/.x"));
    f.uid = f.gid = 1000;
    f.size = 2;
    struct str h = header_of(a, &f);
    EQ_UINT(h.n, 512);
    CHECK(memcmp(h.p + 100,
                 "0000644\0"
                 "0001750\0"
                 "0001750\0"
                 "00000000002\0"
                 "02263523001\0",
                 48) == 0);
    CHECK(memcmp(h.p + 154, "\0 0", 3) == 0);
    CHECK(memcmp(h.p + 257, "ustar\00000", 8) == 0);
    CHECK(memcmp(h.p + 329,
                 "0000000\0"
                 "0000000\0",
                 16) == 0);
    for (size_t i = 345; i < 512; i++)
        EQ_INT(h.p[i], 0);
}

TEST(names_get_a_pax_header_only_when_they_must)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    static const struct {
        size_t dir, base; // '/' d… '/' b…
        bool pax, split;
    } rows[] = {
        {0, 99, false, false},  {0, 100, true, false},  {50, 48, false, false},  {50, 49, false, true},
        {50, 100, false, true}, {50, 101, true, false}, {154, 100, false, true}, {155, 100, true, false},
        {155, 1, true, false},  {154, 1, false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str dir = repeat(a, 'd', rows[i].dir), base = repeat(a, 'b', rows[i].base);
        struct tar_entry f = file_named(
            str_printf(a, "%s" PRI_STR "/" PRI_STR, dir.n ? "/" : "", STR_ARG(dir), STR_ARG(base)));
        struct str h = header_of(a, &f);
        CHECK_MSG((h.n > 512) == rows[i].pax, "row %zu: %zu bytes", i, h.n);
        CHECK_MSG(rows[i].pax || (h.p[345] != 0) == rows[i].split, "row %zu: prefix", i);
    }
}

TEST(pax_header_is_named_after_its_entry)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct tar_entry f = file_named(STR("/a/\xc3\xa9"
                                        "b/n\xc3\xa9"));
    struct str h = header_of(a, &f);
    EQ_UINT(h.n, 3 * 512);
    EQ_TEXT(h.p, "/a/b/PaxHeaders.0/n");
    EQ_INT(h.p[156], 'x');
    CHECK(memcmp(h.p + 100,
                 "0000000\0"
                 "0000000\0"
                 "0000000\0"
                 "00000000023\0"
                 "00000000000\0",
                 48) == 0);
    for (size_t i = 329; i < 512; i++) // no device, no prefix
        EQ_INT(h.p[i], 0);
    EQ_STR(str_head(str_from(h, 512), 19), "19 path=/a/\xc3\xa9"
                                           "b/n\xc3\xa9\n");
    EQ_TEXT(h.p + 1024, "/a/b/n"); // the real header keeps what is ASCII
}

TEST(numbers_that_do_not_fit_go_to_pax_records_in_byte_order)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct tar_entry f = file_named(STR("f"));
    f.uid = 2097152;
    f.gid = 4294967294;
    f.mtime_sec = -1;
    f.size = 8589934592;
    struct str h = header_of(a, &f);
    EQ_STR(str_head(str_from(h, 512), 18 + 12 + 19 + 15),
           "18 gid=4294967294\n12 mtime=-1\n19 size=8589934592\n15 uid=2097152\n");
    CHECK(memcmp(h.p + 1024 + 108,
                 "0000000\0"
                 "0000000\0"
                 "00000000000\0"
                 "00000000000\0",
                 40) == 0);
    f = file_named(STR("f"));
    f.uid = f.gid = 2097151;
    f.mtime_sec = 8589934591;
    f.size = 8589934591;
    EQ_UINT(header_of(a, &f).n, 512);
}

TEST(a_long_link_takes_a_long_name_into_its_pax_header)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct tar_entry f = file_named(str_printf(a, "/" PRI_STR "/b", STR_ARG(repeat(a, 'd', 120))));
    f.type = TAR_SYMLINK;
    f.link = repeat(a, 't', 100);
    EQ_UINT(header_of(a, &f).n, 512);
    f.link = repeat(a, 't', 101);
    struct str h = header_of(a, &f);
    EQ_UINT(h.n, 3 * 512);
    CHECK(memmem(h.p + 512, 512, "133 path=/", 10) && memmem(h.p + 512, 512, "115 linkpath=t", 14));
}

TEST(record_lengths_count_themselves)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t n = 101; n < 1100; n++) { // 99 → 101 and 999 → 1001 bytes
        struct tar_entry f = file_named(STR("l"));
        f.type = TAR_SYMLINK;
        f.link = repeat(a, 't', n);
        drop_buf struct buf tar = BUF_INIT(CRAFT_MAX), list = BUF_INIT(CRAFT_MAX);
        buf_str(&tar, header_of(a, &f));
        craft_end(&tar);
        MUST(craft_read(buf_view(&tar), 1, &list, &e));
    }
}

TEST(refuses_what_tar_cannot_say)
{
    struct tar_entry good = file_named(STR("f"));
    PEN(p);
    struct tar_entry f = good;
    f.name = STR("");
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "without a name");
    f.name = STR("a\0b");
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "NUL");
    f.name = STR("a/");
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "a/|directory");
    f = good;
    f.mode = 0100644;
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "f|0100644|07777");
    f = good;
    f.type = TAR_DIR;
    f.size = 1;
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "f|size 1");
    f = good;
    f.size = UINT64_MAX;
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "63 bits");
    f = good;
    f.devminor = 2097152;
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "2097151");
    EQ_UINT(p.out.n, 0);
}

TEST(exactly_the_size_must_come)
{
    PEN(p);
    struct tar_entry f = file_named(STR("some/file"));
    f.size = 5;
    MUST(tar_write_entry(p.w, &f, &e));
    REFUSED(tar_write_data(p.w, "123456", 6, &e), ERR_USAGE, "some/file|1 bytes more");
    MUST(tar_write_data(p.w, "1234", 4, &e));
    REFUSED(tar_write_entry(p.w, &f, &e), ERR_USAGE, "some/file|1 bytes missing");
    REFUSED(tar_write_end(p.w, &e), ERR_USAGE, "some/file|1 bytes missing");
    MUST(tar_write_data(p.w, "5", 1, &e));
    MUST(tar_write_end(p.w, &e));
    EQ_UINT(p.out.n, 512 + 512 + 1024);
}

TEST(a_file_that_changed_its_length_is_named)
{
    for (size_t size = 0; size < 300000; size = size * 3 + 70000) {
        char *content = xcalloc(size + 1, 1);
        test_write(t->dir, "file", content, size);
        free(content);
        for (int more = -1; more <= 1; more++) {
            PEN(p);
            drop_fd int fd = -1;
            struct tar_entry entry = file_named(STR("big/file"));
            if (more > 0 && !size)
                continue;
            MUST(path_open(t->dir, "file", O_RDONLY, 0, &fd, &e));
            entry.size = size - (size_t)more;
            MUST(tar_write_entry(p.w, &entry, &e));
            if (more < 0)
                REFUSED(tar_write_fd(p.w, fd, &e), ERR_IO, "big/file|shorter|1 bytes");
            else if (more > 0)
                REFUSED(tar_write_fd(p.w, fd, &e), ERR_IO, "big/file|longer");
            else
                MUST(tar_write_fd(p.w, fd, &e));
        }
    }
}

TEST(a_source_must_have_the_size_too)
{
    for (size_t size = 0; size < 3; size++) {
        PEN(p);
        drop_(source_drop) struct source *s = source_memory("x", 1);
        struct tar_entry entry = file_named(STR("f"));
        entry.size = size;
        MUST(tar_write_entry(p.w, &entry, &e));
        if (size == 1)
            MUST(tar_write_source(p.w, s, &e));
        else
            REFUSED(tar_write_source(p.w, s, &e), ERR_PARSE, size ? "f|1 bytes missing" : "f|more bytes");
    }
}

static void write_again(struct tar_reader *r, struct pen *p)
{
    for (;;) {
        const struct tar_entry *t;
        struct err why = {0};
        enum tar_step step = tar_next(r, &t, &why);
        CHECK_MSG(step != TAR_ERROR, "%s %s", why.chain, why.cause);
        if (step == TAR_END)
            break;
        MUST(tar_write_entry(p->w, t, &e));
        MUST(tar_write_source(p->w, tar_data(r), &e));
    }
    struct err last = {0};
    CHECK(tar_write_end(p->w, &last) == 0);
}

// What the reference lifecycle wrote comes out of our writer byte for byte.
TEST(writes_the_reference_layers_again)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    static const char *const layers[] = {"1", "2", "4", "5", "8", "9"};
    for (size_t i = 0; i < COUNT(layers); i++) {
        PEN(p);
        drop_fd int fd = -1;
        drop_buf struct buf want = BUF_INIT(CRAFT_MAX);
        struct str name = str_printf(a, "reference-layers/layer%s.tar.gz", layers[i]);
        MUST(path_open_host(test_data(a, name.p), O_RDONLY, 0, &fd, &e));
        drop_(source_drop) struct source *plain = source_gzip(source_fd(fd, name.p));
        drop_(sink_drop) struct sink *keep = sink_buffer(&want);
        MUST(pump(plain, keep, CRAFT_MAX, &e));
        drop_(source_drop) struct source *s = source_memory(want.p, want.n);
        drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
        write_again(r, &p);
        CHECK_MSG(p.out.n == want.n && memcmp(p.out.p, want.p, want.n) == 0, "layer %s", layers[i]);
    }
}

TEST(stat_becomes_an_entry)
{
    struct stat st = {.st_mode = S_IFREG | 06755, .st_uid = 7, .st_gid = 8, .st_size = 9};
    struct tar_entry entry = {.name = STR("n")};
    CHECK(tar_entry_from_stat(&st, &entry));
    CHECK(entry.type == TAR_FILE && entry.mode == 06755 && entry.uid == 7 && entry.gid == 8 &&
          entry.size == 9);
    st.st_mode = S_IFDIR | 0700;
    CHECK(tar_entry_from_stat(&st, &entry) && entry.type == TAR_DIR && entry.size == 0);
    st.st_mode = S_IFSOCK | 0600;
    CHECK(!tar_entry_from_stat(&st, &entry) && entry.type == TAR_DIR);
    EQ_STR(entry.name, "n");
}

// SPDX-License-Identifier: Apache-2.0
#include "archive/ar.h"
#include "base/buf.h"
#include "base/limits.h"
#include "stream/memory.h"
#include "test.h"

#define AR(name)                                                                                             \
    drop_buf struct buf name = BUF_INIT(MIB(64));                                                            \
    buf_text(&name, "!<arch>\n")

// A member with all its 60 bytes of header; the data is padded to even length.
static void member(struct buf *b, const char *name, const char *size, struct str data)
{
    buf_printf(b, "%-16.16s%-12s%-6s%-6s%-8s%-10.10s`\n", name, "1342943816", "0", "0", "100644", size);
    buf_str(b, data);
    if (data.n % 2)
        buf_char(b, '\n');
}

static int read_ar(const struct buf *ar, struct buf *list, struct err *e)
{
    drop_free char *exact = xmemdup(ar->p, ar->n);
    drop_(source_drop) struct source *s = source_memory(exact, ar->n);
    drop_(ar_reader_free) struct ar_reader *r = ar_reader_new(s);
    for (;;) {
        const struct ar_member *m;
        enum ar_step step = ar_next(r, &m, e);
        if (step != AR_MEMBER)
            return step == AR_END ? 0 : -1;
        if (list)
            buf_printf(list, PRI_STR "=", STR_ARG(m->name));
        for (;;) {
            struct view v;
            if (source_peek(ar_data(r), 1, &v, e) < 0)
                return -1;
            if (!v.n)
                break;
            if (list)
                buf_add(list, v.p, v.n);
            if (source_skip(ar_data(r), v.n, e) < 0)
                return -1;
        }
        if (list)
            buf_char(list, ';');
    }
}

static void reads(const struct buf *ar, const char *want)
{
    drop_buf struct buf list = BUF_INIT(MIB(64));
    MUST(read_ar(ar, &list, &e));
    EQ_STR(buf_view(&list), want);
}

TEST(reads_the_members_of_a_deb)
{
    AR(ar);
    member(&ar, "debian-binary", "4", STR("2.0\n"));
    member(&ar, "control.tar.xz/", "3", STR("abc"));
    member(&ar, "data.tar.zst", "5", STR("hello"));
    reads(&ar, "debian-binary=2.0\n;control.tar.xz=abc;data.tar.zst=hello;");
    drop_(source_drop) struct source *s = source_memory(ar.p, ar.n);
    drop_(ar_reader_free) struct ar_reader *r = ar_reader_new(s);
    const struct ar_member *m;
    struct err last = {0};
    EQ_INT(ar_next(r, &m, &last), AR_MEMBER);
    CHECK(m->size == 4 && m->mtime_sec == 1342943816 && m->uid == 0 && m->mode == 0100644);
    EQ_INT(ar_next(r, &m, &last), AR_MEMBER); // data that nobody read is skipped
    EQ_STR(m->name, "control.tar.xz");
}

TEST(reads_an_archive_without_members_or_last_padding)
{
    AR(empty);
    reads(&empty, "");
    AR(odd);
    member(&odd, "a", "1", STR("x"));
    odd.n--;
    reads(&odd, "a=x;");
}

TEST(reads_long_names)
{
    AR(good);
    member(&good, "/", "4", STR("\0\0\0\0"));
    member(&good, "//", "39", STR("first-long-name.o/\nsecond-long-name.o/\n\n"));
    member(&good, "/0", "1", STR("x"));
    member(&good, "/19", "1", STR("y"));
    reads(&good, "first-long-name.o=x;second-long-name.o=y;");
    AR(bsd);
    member(&bsd, "#1/20", "22", STR("a long name.o\0\0\0\0\0\0\0xy"));
    reads(&bsd, "a long name.o=xy;");
}

TEST(refuses_bad_archives)
{
    static const struct {
        const char *name, *size;
        struct str data;
        const char *words;
    } rows[] = {
        {"a", "7", STR_INIT("hello"), "a: truncated"},
        {"a", "", STR_INIT("hello"), "no size"},
        {"a", "-1", STR_INIT("hello"), "size is no number"},
        {"a", "0x5", STR_INIT("hello"), "size is no number"},
        {"a", "5 5", STR_INIT("hello"), "size is no number"},
        {"", "5", STR_INIT("hello"), "unusable name"},
        {"../etc", "5", STR_INIT("hello"), "unusable name"},
        {"..", "5", STR_INIT("hello"), "unusable name"},
        {"a/b", "5", STR_INIT("hello"), "unusable name"},
        {"/0", "5", STR_INIT("hello"), "long name without its end|table"},
        {"/7", "5", STR_INIT("hello"), "not in the table"},
        {"/x", "5", STR_INIT("hello"), "not in the table"},
        {"//", "0", STR_INIT(""), "table of long names"},
        {"#1/6", "5", STR_INIT("hello"), "BSD name"},
        {"#1/0", "5", STR_INIT("hello"), "BSD name"},
        {"#1/5", "5", STR_INIT("a/b/c"), "unusable name"},
        {"#1/5", "5", STR_INIT("a\0b/c"), "NUL"},
        {"#1/5", "5", STR_INIT("\0\0\0\0\0"), "unusable name"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AR(ar);
        member(&ar, rows[i].name, rows[i].size, rows[i].data);
        struct err why = {0};
        char text[1024];
        CHECK_MSG(read_ar(&ar, NULL, &why) == -1, "row %zu", i);
        bool found = false;
        struct str rest = str_of(rows[i].words), word;
        while (str_cut(&rest, '|', &word))
            found |= memmem(why.cause, strlen(why.cause), word.p, word.n) != NULL;
        CHECK_MSG(found, "row %zu: %s", i, err_text(&why, text, sizeof text));
    }
    AR(large);
    member(&large, "a", "9999999999", STR(""));
    REFUSED(read_ar(&large, NULL, &e), ERR_PARSE, "a: truncated");
    AR(table);
    member(&table, "//", "9999999999", STR(""));
    REFUSED(read_ar(&table, NULL, &e), ERR_LIMIT, "table of long names");
}

TEST(refuses_what_is_no_archive)
{
    static const char *const bodies[] = {"", "!<arch>", "!<arch>x", "!<thin>\n", "hello, world"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        drop_buf struct buf b = BUF_INIT(MIB(1));
        buf_text(&b, bodies[i]);
        REFUSED(read_ar(&b, NULL, &e), ERR_PARSE, "ar: |member 0");
    }
    AR(cut);
    member(&cut, "a", "4", STR("1234"));
    for (size_t n = 9; n < 68; n += 13) {
        drop_buf struct buf b = BUF_INIT(MIB(1));
        buf_add(&b, cut.p, n);
        REFUSED(read_ar(&b, NULL, &e), ERR_PARSE, "truncated");
    }
    cut.p[8 + 58] = '\'';
    REFUSED(read_ar(&cut, NULL, &e), ERR_PARSE, "end mark");
}

TEST(members_are_limited)
{
    AR(ar);
    for (int i = 0; i <= LIMIT_AR_MEMBERS; i++)
        member(&ar, "a", "0", STR(""));
    REFUSED(read_ar(&ar, NULL, &e), ERR_LIMIT, "more than 65536 members");
}

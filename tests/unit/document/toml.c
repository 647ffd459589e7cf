// SPDX-License-Identifier: Apache-2.0
#include "document/toml.h"
#include "base/limits.h"
#include "test.h"
#include <time.h>

struct refused {
    const char *text, *words;
};

static int read_text(struct arena *a, const char *text, struct val **out, struct err *e)
{
    return toml_read(a, str_of(text), "f.toml", out, e);
}

static void all_refused(const struct refused *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct val *v = NULL;
        REFUSED(read_text(a, cases[i].text, &v, &e), ERR_PARSE, cases[i].words);
        CHECK(!v);
    }
}

static struct val *must_read(struct arena *a, const char *text)
{
    struct val *v = NULL;
    MUST(read_text(a, text, &v, &e));
    return v;
}

// `text` n times.
static void repeat(struct buf *b, const char *text, int n)
{
    for (int i = 0; i < n; i++)
        buf_text(b, text);
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

TEST(every_value_knows_its_place)
{
    static const struct {
        const char *key;
        unsigned line, col;
        enum val_kind kind;
    } want[] = {
        {"api", 2, 7, VAL_STR},
        {"a", 3, 1, VAL_MAP},
        {"a.b", 3, 1, VAL_MAP},
        {"a.b.c", 3, 11, VAL_LIST},
        {"table", 6, 1, VAL_MAP},
        {"table.on", 7, 8, VAL_BOOL},
        {"table.in", 8, 6, VAL_MAP},
        {"table.in.x", 8, 9, VAL_INT},
        {"implied", 9, 1, VAL_MAP},
        {"implied.sub", 9, 1, VAL_MAP},
        {"implied.sub.n", 10, 7, VAL_NUM},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v = must_read(a, "# place\napi = \"0.8\"\na . b.c = [1,\n  \"\"\"two\nlines\"\"\"]\n"
                                 "[table]\n  on = true\n"
                                 "in = {x=1}\n[ implied.sub ]\r\n\tn =  1.5\r\n");
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct val *at = val_at(v, want[i].key);
        CHECK_MSG(at && at->kind == want[i].kind, "%s", want[i].key);
        EQ_UINT(at->line, want[i].line);
        EQ_UINT(at->col, want[i].col);
    }
    const struct val *list = val_at(v, "a.b.c");
    EQ_UINT(list->c.v[1].line, 4);
    EQ_UINT(list->c.v[1].col, 3);
    EQ_STR(list->c.v[1].s, "two\nlines");
}

TEST(an_error_says_file_line_column_and_key)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v;
    struct err e = {0};
    char text[1024];
    EQ_INT(read_text(a, "[[order]]\n[[order.group]]\nid = \"a\"\nversion = 1.\n", &v, &e), -1);
    EQ_TEXT(err_text(&e, text, sizeof text), "f.toml:4: order.group.version: \"1.\": a digit is missing");
    EQ_UINT(e.at.line, 4);
    EQ_UINT(e.at.col, 11);
}

TEST(an_error_shows_odd_keys_printable)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v;
    REFUSED(read_text(a, "[\"a b\".\"\\u001b\"]\nx = {y.z = 01}", &v, &e), ERR_PARSE,
            "f.toml:2: \"a b\".\"\\x1b\".x.y.z: \"01\": a number has no leading zeros");
}

TEST(an_empty_document_is_an_empty_table)
{
    static const char *const texts[] = {"", "\n", "# only a comment", "\r\n\t \r\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct val *v = must_read(a, texts[i]);
        EQ_INT(v->kind, VAL_MAP);
        EQ_UINT(v->c.n, 0);
    }
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v;
    MUST(toml_read(a, (struct str){0}, "f", &v, &e));
}

TEST(the_tree_does_not_borrow_from_the_document)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    char text[] = "key.sub = 'text'\nnum = 1.5\nat = 07:32:00\n";
    struct val *v = must_read(a, text);
    memset(text, 'x', sizeof text - 1);
    EQ_TEXT(val_at(v, "key.sub")->s.p, "text");
    EQ_TEXT(val_at(v, "num")->s.p, "1.5");
    EQ_TEXT(val_at(v, "at")->s.p, "07:32:00");
}

TEST(numbers_keep_their_text_without_underscores_and_plus)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"+1_000.5_0", "1000.50"},
        {"-0.0", "-0.0"},
        {"6.02e+2_3", "6.02e+23"},
        {"1E06", "1E06"},
        {"+inf", "inf"},
        {"-nan", "-nan"},
        {"3.14159265358979323846", "3.14159265358979323846"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct val *v = must_read(a, arena_printf(a, "n = %s", cases[i].text));
        EQ_INT(val_at(v, "n")->kind, VAL_NUM);
        EQ_TEXT(val_at(v, "n")->s.p, cases[i].want);
    }
}

TEST(embedded_nul_is_content)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v = must_read(a, "t = \"a\\u0000b\"");
    EQ_UINT(val_at(v, "t")->s.n, 3);
    CHECK(str_has_nul(val_at(v, "t")->s));
}

TEST(O1_duplicate_tables_and_keys)
{
    static const struct refused cases[] = {
        {"a = 1\nb = 2\na = 3", "f.toml:3: a: |the key stands twice (first at line 1)"},
        {"a = 1\n\"a\" = 2", "f.toml:2:|twice"},
        {"[a]\n[b]\n[a]", "f.toml:3: a: |table is defined twice (first at line 1)"},
        {"[a.b]\n[a]\nb = 1", "f.toml:3: a.b:|twice (first at line 1)"},
        {"a = 1\n[a]", "f.toml:2:|the key stands twice"},
        {"[a]\n[[a]]", "f.toml:2:|twice"},
        {"[[a]]\n[a]", "f.toml:2:|twice"},
        {"a = []\n[[a]]", "f.toml:2:|twice"},
        {"a = [{}]\n[a.b]", "f.toml:2: a.b:|leads through a list (of line 1)"},
        {"[[a]]\nb = 1\nb = 2", "f.toml:3: a.b:|twice"},
        {"[[a.b]]\n[[a]]", "f.toml:2:|twice"},
        {"t = {a = 1, a = 2}", "f.toml:1: t.a: |twice"},
        {"t = {}\n[t]", "f.toml:2:|twice"},
        {"t = {}\n[t.b]", "f.toml:2:|adds to an inline table (of line 1)"},
    };
    all_refused(cases, COUNT(cases));
}

TEST(O2_dotted_keys_never_redefine)
{
    static const struct refused cases[] = {
        {"a = 1\na.b = 2", "f.toml:2: a.b: |leads through a whole number (of line 1), wanted a table"},
        {"a.b = 1\na = 2", "f.toml:2: a: |twice"},
        {"[a]\nb.c = 1\n[a.b]", "f.toml:3: a.b: |twice (first at line 2)"},
        {"a.b.c = 1\n[a.b]", "f.toml:2:|twice"},
        {"a.b = 1\n[a]", "f.toml:2:|twice"},
        {"[a.b]\n[a]\nb.c = 1", "f.toml:3: a.b.c: |complete table (of line 1)"},
        {"[a.b.c]\n[a]\nb.c.d = 1", "f.toml:3:|complete"},
        {"t = {a.b = 1}\nt.a.c = 2", "f.toml:2:|complete"},
        {"t = {a = {}, a.c = 2}", "f.toml:1:|complete"},
        {"[[a]]\n[b]\n[b.c]\n[b]\n", "f.toml:4:|twice"},
        {"[[a.b]]\n[a]\nb.c = 1", "f.toml:3:|leads through a list"},
        {"[a.b.c]\n[a]\nb.x = 1\n[a.b]", "f.toml:4:|twice"},
    };
    all_refused(cases, COUNT(cases));
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v = must_read(a, "[fruit]\napple.color = 1\napple.taste.sweet = true\n"
                                 "[fruit.apple.texture]\nx = 1\n[t]\nin = {a.b = 1, a.c = 2}\n"
                                 "[super.sub]\n[super]\ny = 1\n[[l]]\n[l.s]\n[[l]]\n[l.s]\n");
    CHECK(val_at(v, "fruit.apple.taste.sweet") && val_at(v, "fruit.apple.texture.x"));
    CHECK(val_at(v, "t.in.a.c") && val_at(v, "super.y"));
    EQ_UINT(val_at(v, "l")->c.n, 2);
}

TEST(O3_nesting_of_ten_thousand)
{
    static const struct {
        const char *before, *again, *after;
    } cases[] = {
        {"a = ", "[", ""}, {"a = ", "{a=", ""}, {"a = ", "[{a=", ""},      {"", "a.", "a = 1"},
        {"[", "a.", "a]"}, {"[[", "a.", "a]]"}, {"x = {", "a.", "a = 1}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
        struct val *v = NULL;
        buf_text(&b, cases[i].before);
        repeat(&b, cases[i].again, 10000);
        buf_text(&b, cases[i].after);
        REFUSED(toml_read(a, buf_view(&b), "deep.toml", &v, &e), ERR_LIMIT, "deep.toml:1:|deeper than 64");
        CHECK(!v);
    }
}

TEST(O3_the_deepest_document_that_is_allowed)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    for (int depth = 64; depth <= 65; depth++) {
        drop_buf struct buf list = BUF_INIT(4096), header = BUF_INIT(4096), out = BUF_INIT(65536);
        struct val *v, *again;
        buf_text(&list, "a = ");
        repeat(&list, "[", depth);
        repeat(&list, "]", depth);
        buf_text(&header, "[a");
        repeat(&header, ".a", depth - 1);
        buf_text(&header, "]\n");
        if (depth == 65) {
            REFUSED(toml_read(a, buf_view(&list), "f", &v, &e), ERR_LIMIT, "f:1: a:|64");
            REFUSED(toml_read(a, buf_view(&header), "f", &v, &e), ERR_LIMIT, "f:1:|64");
            continue;
        }
        MUST(toml_read(a, buf_view(&list), "f", &v, &e));
        MUST(toml_write(v, &out, &e));
        MUST(toml_read(a, buf_view(&out), "f", &again, &e));
        CHECK(val_eq(v, again));
        MUST(toml_read(a, buf_view(&header), "f", &v, &e));
        buf_clear(&out);
        MUST(toml_write(v, &out, &e));
        MUST(toml_read(a, buf_view(&out), "f", &again, &e));
        CHECK(val_eq(v, again));
    }
}

TEST(O4_numbers_out_of_range_and_not_finite)
{
    static const struct refused cases[] = {
        {"a = 9223372036854775808", "f.toml:1: a: \"9223372036854775808\": |at most 64 bits"},
        {"a = -9223372036854775809", "at most 64 bits"},
        {"a = 0x8000000000000000", "at most 64 bits"},
        {"a = 0o1000000000000000000000", "at most 64 bits"},
        {"a = 99999999999999999999999999999999", "at most 64 bits"},
        {"a = +0x1", "has no sign"},
        {"a = 0x", "a digit is missing"},
        {"a = 0b12", "is no digit of its base"},
        {"a = 1__0", "an underscore stands between digits only"},
        {"a = _1", "not a value"},
        {"a = .5", "a digit is missing"},
        {"a = 1.e5", "a digit is missing"},
        {"a = Inf", "not a value"},
        {"a = 1e5.5", "not a number"},
        {"a = --1", "a digit is missing"},
    };
    all_refused(cases, COUNT(cases));
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v = must_read(a, "max = 0x7fff_ffff_ffff_ffff\nmin = -9_223_372_036_854_775_808\n"
                                 "inf = inf\nnan = nan\n");
    CHECK(val_at(v, "max")->kind == VAL_INT && val_at(v, "max")->i == INT64_MAX);
    CHECK(val_at(v, "min")->kind == VAL_INT && val_at(v, "min")->i == INT64_MIN);
    EQ_INT(val_at(v, "inf")->kind, VAL_NUM); // so a key that wants a whole number refuses it
    EQ_INT(val_at(v, "nan")->kind, VAL_NUM);
}

TEST(O5_bytes_that_are_no_text)
{
    static const struct refused cases[] = {
        {"ok = 1\na = \"\xff\"", "f.toml:2:|byte 0xff is not UTF-8"},
        {"a = \"\xc0\xaf\"", "f.toml:1:|0xc0"},
        {"# \xed\xa0\x80", "f.toml:1:|not UTF-8"},
        {"a = 1\n\xef\xbb\xbf"
         "b = 2",
         "f.toml:2:|cannot stand in a key"},
        {"\xff\xfe"
         "a",
         "f.toml:1:|not UTF-8"},
        {"a = 1\rb = 2", "f.toml:1:|carriage return without a newline"},
        {"\r", "carriage return"},
        {"# c\rb = 2", "comment: control byte 0x0d"},
        {"a = \"b\r\"", "text: control byte 0x0d"},
        {"a = \"\"\"b\rc\"\"\"", "text: control byte 0x0d"},
        {"a = '\x7f'", "text: control byte 0x7f"},
        {"a = \"\\ud800\"", "U+D800 is not a Unicode scalar value"},
        {"a = \"\\U00110000\"", "U+110000 is not"},
        {"a = \"\\u12\"", "\\u wants 4 hexadecimal digits"},
        {"\xc3\xa9 = 1", "f.toml:1:|\"\xc3\xa9\" cannot stand in a key without quotes"},
    };
    all_refused(cases, COUNT(cases));
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v;
    REFUSED(toml_read(a, STR("a = 'b\0c'"), "f", &v, &e), ERR_PARSE, "f:1: a:|control byte 0x00");
    REFUSED(toml_read(a, STR("\0"), "f", &v, &e), ERR_PARSE, "f:1:");
    REFUSED(toml_read(a, STR("a = 1 # \0"), "f", &v, &e), ERR_PARSE, "f:1:");
}

TEST(O6_huge_texts_and_documents)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    drop_buf struct buf b = BUF_INIT(MIB(8));
    struct val *v;
    buf_text(&b, "a = '");
    size_t before = b.n;
    while (b.n < LIMIT_DOCUMENT - 1)
        buf_char(&b, 'x');
    buf_char(&b, '\'');
    MUST(toml_read(a, buf_view(&b), "f", &v, &e));
    EQ_UINT(val_at(v, "a")->s.n, LIMIT_DOCUMENT - before - 1);
    buf_char(&b, '\n');
    REFUSED(toml_read(a, buf_view(&b), "f", &v, &e), ERR_LIMIT, "f:1:|4194305 bytes, at most 4194304");

    buf_clear(&b);
    repeat(&b, "k", LIMIT_KEY + 1);
    buf_text(&b, " = 1");
    REFUSED(toml_read(a, buf_view(&b), "f", &v, &e), ERR_LIMIT, "f:1:|a key of 4097 bytes, at most 4096");

    buf_clear(&b);
    buf_text(&b, "a = [");
    repeat(&b, "0,", LIMIT_VALUES);
    buf_text(&b, "]");
    REFUSED(toml_read(a, buf_view(&b), "f", &v, &e), ERR_LIMIT, "f:1: a: |more than 1000000 values");
}

TEST(O7_odd_times)
{
    static const struct refused cases[] = {
        {"a = 2021-02-29", "a day that the month has"},
        {"a = 1900-02-29", "a day that the month has"},
        {"a = 2021-04-31", "a day that the month has"},
        {"a = 2021-13-01", "a month of 01 to 12"},
        {"a = 2021-1-1", "YYYY-MM-DD"},
        {"a = 2021-01-01T24:00:00Z", "hours to 23"},
        {"a = 2021-01-01T00:60:00Z", "minutes to 59"},
        {"a = 2021-01-01T00:00:61Z", "seconds to 60"},
        {"a = 2021-01-01T00:00:00.Z", "fraction of a second has digits"},
        {"a = 2021-01-01T00:00:00+24:00", "an offset is Z or written +HH:MM"},
        {"a = 2021-01-01T00:00:00+0100", "an offset is Z or written +HH:MM"},
        {"a = 2021-01-01T", "HH:MM:SS"},
        {"a = 2021-01-01  00:00:00", "where the line should end"},
        {"a = 07:32:00Z", "a byte behind the time"},
        {"a = 2021-01-01Z", "a byte behind the date"},
        {"a = 07:32", "without seconds is of TOML 1.1"},
        {"a = 2021-01-01T07:32Z", "without seconds is of TOML 1.1"},
        {"a = -2021-01-01", "not a number"},
        {"a = 12021-01-01", "not a number"},
    };
    all_refused(cases, COUNT(cases));
    static const char *const good[] = {
        "2000-02-29",
        "2021-01-01 07:32:00z",
        "2021-01-01t07:32:00.999999999+23:59",
        "23:59:60",
        "1990-12-31T23:59:60Z",
        "0000-01-01T00:00:00-00:00",
        "9999-12-31T23:59:59",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct val *v = must_read(a, arena_printf(a, "a = %s # c", good[i]));
        EQ_INT(val_at(v, "a")->kind, VAL_TIME);
        EQ_TEXT(val_at(v, "a")->s.p, good[i]);
    }
}

TEST(O8_kinds_and_places_for_the_reader_of_known_keys)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v = must_read(a, "[types]\nlaunch = \"true\"\nbuild = 1\n");
    const struct val *launch = val_at(v, "types.launch");
    EQ_INT(launch->kind, VAL_STR);
    EQ_TEXT(val_kind_name(launch->kind), "text");
    struct err_at at;
    val_where(launch, "layer.toml", "types.launch", &at);
    REFUSED(err_doc(&e, &at, "a %s, wanted true or false", val_kind_name(launch->kind)), ERR_PARSE,
            "layer.toml:2: types.launch: a text, wanted true or false");
}

TEST(O16_what_never_ends)
{
    static const struct refused cases[] = {
        {"a = \"b", "f.toml:1: a: |the document ends before its closing \""},
        {"a = 'b\nc = 1", "f.toml:1: a: |its line ends before its closing '"},
        {"\na = \"\"\"b\n\n\"\"", "f.toml:2: a: |the document ends before its closing \"\"\""},
        {"a = '''b''", "closing '''"},
        {"a = \"b\\", "in the middle of an escape"},
        {"a = \"\\u00", "\\u wants 4"},
        {"a = [1,\n2,\n", "f.toml:1: a: |before the closing ] of this list"},
        {"a = {b = 1", "before the closing } of this inline table"},
        {"a = {", "before the closing } of this inline table"},
        {"[a", "no ] behind the table's key"},
        {"[[a]", "no ]] behind the table's key"},
        {"[[a] ]", "no ]] behind the table's key"},
        {"[a.", "a key is missing"},
        {"a", "no = behind the key"},
        {"a =", "the value is missing"},
        {"a.", "a key is missing"},
        {"\"a", "closing \""},
        {"\"\"\"a\"\"\" = 1", "several lines"},
        {"a = 1 b = 2", "\"b\" where the line should end"},
        {"a = [1 2]", "no comma and no ]"},
        {"a = [,]", "missing before the comma"},
        {"a = {b = 1 c = 2}", "no comma and no }"},
        {"a = {b = 1, }", "comma before } is of TOML 1.1"},
        {"a = \"\\q\"", "\"\\q\" is not an escape of TOML"},
        {"a = \"\"\"b\\ c\"\"\"", "does not end its line"},
        {"a = yes", "\"yes\": not a value of TOML"},
        {"a = ]", "\"]\": a value cannot begin so"},
    };
    all_refused(cases, COUNT(cases));
}

// Every shape that could be quadratic, at its largest.
TEST_SECONDS(large_documents_take_linear_time, 60)
{
    static const char *const shapes[] = {
        "k%d = 1\n",          "[t%d]\n",
        "[[l]]\nx%d = 1\n",   "a.b%d.c = 1\n",
        "[a.b%d]\nc.d = 1\n", "a%d = [{}, {x = ''}]\n",
        "'''%d'''",
    };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT), out = BUF_INIT(MIB(16));
        bool many_texts = shapes[i][0] == '\'';
        buf_text(&b, many_texts ? "a = [" : "");
        for (int k = 0; k < 40000; k++) {
            buf_printf(&b, shapes[i], k);
            buf_text(&b, many_texts ? "," : "");
        }
        buf_text(&b, many_texts ? "]" : "");
        struct val *v, *again;
        double start = cpu_seconds();
        MUST(toml_read(a, buf_view(&b), "f", &v, &e));
        MUST(toml_write(v, &out, &e));
        if (out.n <= LIMIT_DOCUMENT) {
            MUST(toml_read(a, buf_view(&out), "f", &again, &e));
            CHECK(val_eq(v, again));
        }
        CHECK_MSG(cpu_seconds() - start < 10, "%s: %f s", shapes[i], cpu_seconds() - start);
    }
}

TEST(the_writer_orders_tables_last_and_quotes_only_what_needs_it)
{
    static const char want[] = "api = \"0.8\"\n"
                               "empty = []\n"
                               "mixed = [1, {a = true, \"b c\" = {}}, [[1.5]]]\n"
                               "\"\" = \"\\b\\t\\n\\f\\r\\\"\\\\\\u0000\\u001B\\u007Fé\"\n"
                               "\n[a]\n"
                               "  [a.b]\n"
                               "    at = 1979-05-27 07:32:00Z\n"
                               "    [a.b.c]\n"
                               "\n[[order]]\n"
                               "\n  [[order.group]]\n"
                               "    id = \"x\"\n"
                               "    [order.group.\"sub.table\"]\n"
                               "      -1_ = -5\n"
                               "\n  [[order.group]]\n"
                               "\n[[order]]\n";
    drop_(arena_free) struct arena *a = arena_new(0);
    struct val *v = must_read(a, "api = '0.8'\na.b.at = 1979-05-27 07:32:00Z\na.b.c = {}\nempty = [ ]\n"
                                 "mixed = [1,{a=true,'b c'={}},[[1.5]]]\n"
                                 "order = [{group = [{id = 'x', 'sub.table' = {-1_ = -5}}, {}]}, {}]\n"
                                 "'' = \"\\b\\t\\n\\f\\r\\\"\\\\\\u0000\\u001b\\u007F\\u00e9\"\n");
    drop_buf struct buf out = BUF_INIT(4096);
    MUST(toml_write(v, &out, &e));
    EQ_STR(buf_view(&out), want);
    struct val *again = must_read(a, out.p);
    CHECK(val_eq(v, again));
}

TEST(the_writer_refuses_what_toml_cannot_say)
{
    static const struct {
        enum val_kind kind;
        const char *text, *words;
    } cases[] = {
        {VAL_NULL, NULL, "write TOML: key \"k\": null has no form in TOML"},
        {VAL_NUM, "12345678901234567890", "key \"k\": not a number of TOML"},
        {VAL_NUM, "12", "not a number of TOML"}, // it would be read as a whole number
        {VAL_NUM, "", "not a number of TOML"},
        {VAL_NUM, "1.5\nx = 1", "not a number of TOML"},
        {VAL_TIME, "yesterday", "not a time of TOML"},
        {VAL_STR, "\xff", "the text is not UTF-8"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        drop_buf struct buf out = BUF_INIT(4096);
        buf_text(&out, "kept");
        struct val root = {0};
        val_set_map(&root);
        val_set_int(val_put(a, &root, STR("first")), 1);
        struct val *v = val_put(a, &root, STR("k"));
        val_set_str(v, str_of(cases[i].text));
        v->kind = cases[i].kind;
        REFUSED(toml_write(&root, &out, &e), ERR_USAGE, cases[i].words);
        EQ_STR(buf_view(&out), "kept");
    }
    struct val list = {0};
    val_set_list(&list);
    drop_buf struct buf out = BUF_INIT(16);
    REFUSED(toml_write(&list, &out, &e), ERR_USAGE, "the root is a list, wanted a table");
}

TEST(the_writer_keeps_the_limits)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    for (int shape = 0; shape < 3; shape++) {
        struct val root = {0}, *v = &root;
        val_set_map(&root);
        for (int i = 0; i < 65; i++) {
            v = v->kind == VAL_MAP ? val_put(a, v, STR("k")) : val_add(a, v);
            if (shape == 1 || (shape == 2 && i % 2 == 0))
                val_set_list(v);
            else
                val_set_map(v);
        }
        drop_buf struct buf out = BUF_INIT(65536);
        REFUSED(toml_write(&root, &out, &e), ERR_LIMIT, "nested too deep");
        EQ_UINT(out.n, 0);
    }
    struct val root = {0};
    val_set_map(&root);
    drop_buf struct buf key = BUF_INIT(8192), out = BUF_INIT(8192), small = BUF_INIT(8);
    repeat(&key, "k", LIMIT_KEY + 1);
    val_set_int(val_put(a, &root, buf_view(&key)), 1);
    REFUSED(toml_write(&root, &out, &e), ERR_LIMIT, "longer than a key may be");
    REFUSED(toml_write(must_read(a, "key = 'value'"), &small, &e), ERR_LIMIT, "TOML document");
    EQ_UINT(small.n, 0);
}

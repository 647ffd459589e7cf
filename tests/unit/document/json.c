// SPDX-License-Identifier: Apache-2.0
#include "document/json.h"
#include "base/file.h"
#include "base/limits.h"
#include "test.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

static int read_json(struct arena *a, const char *text, struct val **out, struct err *e)
{
    drop_free char *exact = xmemdup(text, strlen(text)); // no NUL behind it: the reader must not look there
    return json_read(a, (struct str){exact, strlen(text)}, "doc.json", out, e);
}

static const char *write_json(struct arena *a, const struct val *v, enum json_style style)
{
    drop_buf struct buf b = BUF_INIT(1 << 20);
    json_write(v, style, &b);
    CHECK(!b.over);
    return str_c(a, buf_view(&b));
}

// The public suite: tests/data/json-test, https://github.com/nst/JSONTestSuite.

enum verdict { ACCEPTED, REFUSED_PARSE, REFUSED_LIMIT };

static const struct {
    const char *name;
    enum verdict verdict;
} decided[] = {
    // The suite lets y_ of RFC 8259's "SHOULD be unique"; readers differ there, so we refuse.
    {"y_object_duplicated_key.json", REFUSED_PARSE},
    {"y_object_duplicated_key_and_value.json", REFUSED_PARSE},
    // Nested deeper than LIMIT_DEPTH.
    {"n_structure_100000_opening_arrays.json", REFUSED_LIMIT},
    {"n_structure_open_array_object.json", REFUSED_LIMIT},
    {"i_structure_500_nested_arrays.json", REFUSED_LIMIT},
    // Numbers that fit neither int64 nor double: kept as text.
    {"i_number_double_huge_neg_exp.json", ACCEPTED},
    {"i_number_huge_exp.json", ACCEPTED},
    {"i_number_neg_int_huge_exp.json", ACCEPTED},
    {"i_number_pos_double_huge_exp.json", ACCEPTED},
    {"i_number_real_neg_overflow.json", ACCEPTED},
    {"i_number_real_pos_overflow.json", ACCEPTED},
    {"i_number_real_underflow.json", ACCEPTED},
    {"i_number_too_big_neg_int.json", ACCEPTED},
    {"i_number_too_big_pos_int.json", ACCEPTED},
    {"i_number_very_big_negative_int.json", ACCEPTED},
    // Lone surrogates.
    {"i_object_key_lone_2nd_surrogate.json", REFUSED_PARSE},
    {"i_string_1st_surrogate_but_2nd_missing.json", REFUSED_PARSE},
    {"i_string_1st_valid_surrogate_2nd_invalid.json", REFUSED_PARSE},
    {"i_string_UTF8_surrogate_U+D800.json", REFUSED_PARSE},
    {"i_string_incomplete_surrogate_and_escape_valid.json", REFUSED_PARSE},
    {"i_string_incomplete_surrogate_pair.json", REFUSED_PARSE},
    {"i_string_incomplete_surrogates_escape_valid.json", REFUSED_PARSE},
    {"i_string_invalid_lonely_surrogate.json", REFUSED_PARSE},
    {"i_string_invalid_surrogate.json", REFUSED_PARSE},
    {"i_string_inverted_surrogates_U+1D11E.json", REFUSED_PARSE},
    {"i_string_lone_second_surrogate.json", REFUSED_PARSE},
    // Not UTF-8, or with a byte order mark.
    {"i_string_UTF-16LE_with_BOM.json", REFUSED_PARSE},
    {"i_string_UTF-8_invalid_sequence.json", REFUSED_PARSE},
    {"i_string_invalid_utf-8.json", REFUSED_PARSE},
    {"i_string_iso_latin_1.json", REFUSED_PARSE},
    {"i_string_lone_utf8_continuation_byte.json", REFUSED_PARSE},
    {"i_string_not_in_unicode_range.json", REFUSED_PARSE},
    {"i_string_overlong_sequence_2_bytes.json", REFUSED_PARSE},
    {"i_string_overlong_sequence_6_bytes.json", REFUSED_PARSE},
    {"i_string_overlong_sequence_6_bytes_null.json", REFUSED_PARSE},
    {"i_string_truncated-utf-8.json", REFUSED_PARSE},
    {"i_string_utf16BE_no_BOM.json", REFUSED_PARSE},
    {"i_string_utf16LE_no_BOM.json", REFUSED_PARSE},
    {"i_structure_UTF-8_BOM_empty_object.json", REFUSED_PARSE},
};

static enum verdict wanted(const char *name)
{
    for (size_t i = 0; i < COUNT(decided); i++)
        if (strcmp(decided[i].name, name) == 0)
            return decided[i].verdict;
    CHECK_MSG(name[0] != 'i', "%s: no decision in the table", name);
    return name[0] == 'y' ? ACCEPTED : REFUSED_PARSE;
}

static void suite_case(int dirfd, const char *name)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf b = BUF_INIT(1 << 20);
    MUST(file_read(dirfd, name, &b, &e));
    drop_free char *exact = xmemdup(b.p, b.n);
    struct err e = {0};
    struct val *v = NULL;
    int rc = json_read(a, (struct str){exact, b.n}, name, &v, &e);
    char text[1024];
    err_text(&e, text, sizeof text);
    enum verdict want = wanted(name);
    if (want == ACCEPTED) {
        CHECK_MSG(rc == 0 && v, "%s: refused: %s", name, text);
        return;
    }
    CHECK_MSG(rc == -1 && !v, "%s: accepted", name);
    CHECK_MSG(e.code == (want == REFUSED_LIMIT ? ERR_LIMIT : ERR_PARSE), "%s: %s", name, text);
    CHECK_MSG(e.at.line > 0 && e.at.col > 0 && e.at.file[0], "%s: nowhere: %s", name, text);
}

TEST(the_public_suite_is_answered_as_decided)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    DIR *d = opendir(test_data(a, "json-test/test_parsing"));
    CHECK(d);
    size_t n = 0;
    for (struct dirent *de; (de = readdir(d));) {
        if (de->d_name[0] == '.')
            continue;
        suite_case(dirfd(d), de->d_name);
        n++;
    }
    closedir(d);
    EQ_UINT(n, 318);
}

TEST(an_exact_document_has_exact_places)
{
    static const char text[] = "{\n"
                               "  \"a\" : [ 1,\n"
                               "\t\t{\"b\":null} , \"x\"],\r\n"
                               "  \"\xc3\xa4\": true,\"c\":{}}\n";
    static const struct {
        const char *path;
        uint32_t line, col;
    } places[] = {{"a", 2, 9}, {"\xc3\xa4", 4, 9}, {"c", 4, 18}};
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct val *v;
    MUST(read_json(a, text, &v, &e));
    EQ_UINT(v->line, 1);
    EQ_UINT(v->col, 1);
    for (size_t i = 0; i < COUNT(places); i++) {
        const struct val *at = val_at(v, places[i].path);
        CHECK(at);
        EQ_UINT(at->line, places[i].line);
        EQ_UINT(at->col, places[i].col);
    }
    const struct val *list = val_at(v, "a");
    EQ_UINT(list->c.n, 3);
    EQ_UINT(list->c.v[0].col, 11);
    EQ_UINT(list->c.v[1].line, 3);
    EQ_UINT(list->c.v[1].col, 3);
    EQ_UINT(val_at(&list->c.v[1], "b")->col, 8);
    EQ_UINT(list->c.v[2].col, 16);
}

static const struct {
    const char *text;
    uint32_t line, col;
    const char *key, *words;
} misplaced[] = {
    {"", 1, 1, "", "the document ends, wanted a value"},
    {" \n ", 2, 2, "", "the document ends, wanted a value"},
    {"{\n  \"a\": tru\n}", 2, 8, "a", "'tru', wanted a value"},
    {"{\"a\":{\"b\":[1,{\"c\":+1}]}}", 1, 19, "a.b[1].c", "'+', wanted a value"},
    {"[1,]", 1, 4, "[1]", "']', wanted a value"},
    {"[1 2]", 1, 4, "[0]", "'2', wanted ',' or ']'"},
    {"{\"a\":1,}", 1, 8, "", "'}', wanted a key in quotes"},
    {"{a:1}", 1, 2, "", "'a', wanted a key in quotes or '}'"},
    {"{\"x\":{\"a\" 1}}", 1, 11, "x.a", "'1', wanted ':' behind the key"},
    {"{\"a\":1 \"b\":2}", 1, 8, "a", "'\"', wanted ',' or '}'"},
    {"{\"a\":1,\n \"b\":2,\n \"a\":3}", 3, 2, "a", "the key stands twice (first at line 1)"},
    {"{\"a\":1,\"\\u0061\":2}", 1, 8, "a", "the key stands twice"},
    {"[1] x", 1, 5, "", "'x', wanted the end of the document"},
    {"[1]]", 1, 4, "", "']', wanted the end of the document"},
    {"\"a\nb\"", 1, 3, "", "control byte 0x0a in a string"},
    {"[\n\"abc]", 2, 1, "[0]", "ends before the closing quote"},
    {"\"abc\\", 1, 1, "", "ends before the closing quote"},
    {"\"a\\", 1, 1, "", "ends before the closing quote"},
    {"\"ab\\x\"", 1, 4, "", "an escape that JSON does not have"},
    {"\"\\u12g4\"", 1, 2, "", "without four hex digits"},
    {"\"\\u12\"", 1, 2, "", "without four hex digits"},
    {"\"a\\ud800b\"", 1, 3, "", "a high surrogate without a low one"},
    {"\"\\ud800\\ud800\"", 1, 2, "", "a high surrogate without a low one"},
    {"\"\\ud800\\u00\"", 1, 2, "", "a high surrogate without a low one"},
    {"\"\\udc00\\ud800\"", 1, 2, "", "a low surrogate without a high one"},
    {"\"a\xff\"", 1, 3, "", "byte 0xff is not UTF-8"},
    {"\"\xed\xa0\x80\"", 1, 2, "", "byte 0xed is not UTF-8"},
    {"{\"a\xc3\":1}", 1, 4, "", "byte 0xc3 is not UTF-8"},
    {"\xef\xbb\xbf{}", 1, 1, "", "a byte order mark"},
    {"{\"a b\":[01]}", 1, 9, "\"a b\"[0]", "a zero before its first digit"},
    {"-", 1, 2, "", "the document ends, wanted a digit"},
    {"-a", 1, 2, "", "'a', wanted a digit"},
    {"1.", 1, 3, "", "wanted a digit behind the point"},
    {"[1.e3]", 1, 4, "[0]", "'e', wanted a digit behind the point"},
    {"1e+", 1, 4, "", "wanted a digit of the exponent"},
    {"nul", 1, 1, "", "'nul', wanted a value"},
    {"nullify", 1, 5, "", "'ify', wanted the end"},
    {"'a'", 1, 1, "", "''', wanted a value"},
    {"\x01", 1, 1, "", "'\\x01', wanted a value"},
    {"[", 1, 2, "[0]", "the document ends, wanted a value"},
    {"{", 1, 2, "", "the document ends, wanted a key"},
    {"// c\n1", 1, 1, "", "'/', wanted a value"},
};

TEST(errors_say_where_and_what)
{
    for (size_t i = 0; i < COUNT(misplaced); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct val *v = NULL;
        struct err at = {0};
        REFUSED(read_json(a, misplaced[i].text, &v, &e), ERR_PARSE, misplaced[i].words);
        CHECK(read_json(a, misplaced[i].text, &v, &at) == -1 && !v);
        CHECK_MSG(at.at.line == misplaced[i].line && at.at.col == misplaced[i].col,
                  "%s: at %u:%u, want %u:%u", misplaced[i].text, at.at.line, at.at.col, misplaced[i].line,
                  misplaced[i].col);
        EQ_TEXT(at.at.key, misplaced[i].key);
        EQ_TEXT(at.at.file, "doc.json");
    }
}

TEST(numbers_are_whole_or_text)
{
    static const struct {
        const char *text;
        enum val_kind kind;
        int64_t i;
    } cases[] = {
        {"0", VAL_INT, 0},
        {"-1", VAL_INT, -1},
        {"9223372036854775807", VAL_INT, INT64_MAX},
        {"-9223372036854775808", VAL_INT, INT64_MIN},
        {"9223372036854775808", VAL_NUM, 0},
        {"-9223372036854775809", VAL_NUM, 0},
        {"123456789012345678901234567890", VAL_NUM, 0},
        {"-0", VAL_NUM, 0},
        {"-0.0", VAL_NUM, 0},
        {"1.0", VAL_NUM, 0},
        {"1e2", VAL_NUM, 0},
        {"1E+02", VAL_NUM, 0},
        {"0.10", VAL_NUM, 0},
        {"1e99999", VAL_NUM, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct val *v;
        MUST(read_json(a, cases[i].text, &v, &e));
        EQ_INT(v->kind, cases[i].kind);
        if (v->kind == VAL_INT)
            EQ_INT(v->i, cases[i].i);
        else
            EQ_STR(v->s, cases[i].text);
        EQ_TEXT(write_json(a, v, JSON_GO), cases[i].text); // as it was written
    }
}

TEST(strings_say_what_their_escapes_say)
{
    static const struct {
        const char *text, *want;
        size_t n;
    } cases[] = {
        {"\"\"", "", 0},
        {"\"plain\"", "plain", 5},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"\\u0041\\u00e4\\u20AC\\uD834\\udd1e\"", "A\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e", 10},
        {"\"a\\u0000b\"", "a\0b", 3},
        {"\"\\uffff\\uDBFF\\uDFFF\"", "\xef\xbf\xbf\xf4\x8f\xbf\xbf", 7},
        {"\"\x7f\"", "\x7f", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct val *v;
        MUST(read_json(a, cases[i].text, &v, &e));
        EQ_INT(v->kind, VAL_STR);
        EQ_UINT(v->s.n, cases[i].n);
        CHECK(memcmp(v->s.p, cases[i].want, v->s.n) == 0);
        EQ_INT(v->s.p[v->s.n], 0);
    }
}

static const char *nested(struct arena *a, size_t n)
{
    drop_buf struct buf b = BUF_INIT(1 << 16);
    for (size_t i = 0; i < n; i++)
        buf_text(&b, i % 2 ? "{\"k\":" : "[");
    buf_text(&b, "1");
    for (size_t i = n; i-- > 0;)
        buf_char(&b, i % 2 ? '}' : ']');
    return str_c(a, buf_view(&b));
}

TEST(depth_ends_at_the_limit)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct val *v;
    MUST(read_json(a, nested(a, LIMIT_DEPTH), &v, &e));
    REFUSED(read_json(a, nested(a, LIMIT_DEPTH + 1), &v, &e), ERR_LIMIT,
            "nested deeper than 64 levels|doc.json:1");
}

static const char *keyed(struct arena *a, size_t n)
{
    drop_buf struct buf b = BUF_INIT(1 << 16);
    buf_text(&b, "{\"");
    for (size_t i = 0; i < n; i++)
        buf_char(&b, 'k');
    buf_text(&b, "\":1}");
    return str_c(a, buf_view(&b));
}

TEST(sizes_end_at_their_limits)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct val *v;
    MUST(read_json(a, keyed(a, LIMIT_KEY), &v, &e));
    REFUSED(read_json(a, keyed(a, LIMIT_KEY + 1), &v, &e), ERR_LIMIT, "a key of 4097 bytes");

    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT + 1);
    buf_char(&b, '1');
    while (b.n < LIMIT_DOCUMENT)
        buf_char(&b, '\n');
    MUST(json_read(a, buf_view(&b), "big", &v, &e));
    buf_char(&b, '\n');
    REFUSED(json_read(a, buf_view(&b), "big", &v, &e), ERR_LIMIT, "big:1|a document of 4194305 bytes");
}

TEST(values_end_at_the_limit)
{
    for (size_t n = LIMIT_VALUES - 1; n <= LIMIT_VALUES; n++) { // the list itself is one too
        drop_(arena_free) struct arena *a = arena_new(4096);
        drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
        struct val *v;
        buf_char(&b, '[');
        for (size_t i = 0; i < n; i++)
            buf_text(&b, i ? ",1" : "1");
        buf_char(&b, ']');
        if (n < LIMIT_VALUES)
            MUST(json_read(a, buf_view(&b), "many", &v, &e));
        else
            REFUSED(json_read(a, buf_view(&b), "many", &v, &e), ERR_LIMIT, "more than 1000000 values");
    }
}

TEST_SECONDS(a_hundred_thousand_keys_are_no_burden, 5)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    struct val *v;
    for (size_t i = 0; i < 100000; i++)
        buf_printf(&b, "%s\"key%zu\":%zu", i ? "," : "{", i, i);
    size_t before = b.n;
    buf_char(&b, '}');
    MUST(json_read(a, buf_view(&b), "keys", &v, &e));
    EQ_UINT(v->c.n, 100000);
    EQ_INT(val_get(v, STR("key99999"))->i, 99999);
    b.n = before;
    buf_text(&b, ",\"key500\":1}");
    REFUSED(json_read(a, buf_view(&b), "keys", &v, &e), ERR_PARSE, "key500|the key stands twice");
}

TEST(outputs_stay_untouched_and_errors_may_be_unwanted)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct val mine, *v = &mine;
    EQ_INT(json_read(a, STR("[1"), NULL, &v, NULL), -1);
    CHECK(v == &mine);
    EQ_INT(json_read(a, (struct str){NULL, 0}, NULL, &v, NULL), -1);
    REFUSED(json_read(a, STR("[1"), NULL, &v, &e), ERR_PARSE, "1: [0]: the document ends");
}

TEST(go_style_is_what_go_writes)
{
    // The wanted texts are those of json.Marshal of Go 1.26.
    static const struct {
        const char *text, *go, *plain;
    } cases[] = {
        {"\"\\u0000\\u0001\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f \"",
         "\"\\u0000\\u0001\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f \"",
         "\"\\u0000\\u0001\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f \""},
        {"\"<a href='x'>&\"", "\"\\u003ca href='x'\\u003e\\u0026\"", "\"<a href='x'>&\""},
        {"\"\\u2027\\u2028\\u2029\\u202a\"", "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"",
         "\"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\""},
        {"\"\\\"\\\\\\/\x7f\xc3\xa4\\ud83d\\ude00\"", "\"\\\"\\\\/\x7f\xc3\xa4\xf0\x9f\x98\x80\"",
         "\"\\\"\\\\/\\u007f\xc3\xa4\xf0\x9f\x98\x80\""},
        {"\"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0\"", "\"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0\"",
         "\"\\u0080\\u009b\\u009f\xc2\xa0\""},
        {" { \"b<\" : [ 1 , 1.50e+3 , [] , { } ] , \"a\" : { \"n\" : null , \"t\" : true , \"f\" : false } "
         "} ",
         "{\"b\\u003c\":[1,1.50e+3,[],{}],\"a\":{\"n\":null,\"t\":true,\"f\":false}}",
         "{\"b<\":[1,1.50e+3,[],{}],\"a\":{\"n\":null,\"t\":true,\"f\":false}}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct val *v;
        MUST(read_json(a, cases[i].text, &v, &e));
        EQ_TEXT(write_json(a, v, JSON_GO), cases[i].go);
        EQ_TEXT(write_json(a, v, JSON_PLAIN), cases[i].plain);
    }
}

TEST(pretty_style_has_a_line_for_each_value)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct val *v;
    MUST(read_json(a, "{\"a\":[1,{\"b\":\"<\"},[],{}],\"c\":{}}", &v, &e));
    EQ_TEXT(write_json(a, v, JSON_PRETTY), "{\n"
                                           "  \"a\": [\n"
                                           "    1,\n"
                                           "    {\n"
                                           "      \"b\": \"<\"\n"
                                           "    },\n"
                                           "    [],\n"
                                           "    {}\n"
                                           "  ],\n"
                                           "  \"c\": {}\n"
                                           "}");
}

TEST(what_is_no_json_becomes_text)
{
    static const struct {
        struct val v;
        const char *want;
    } cases[] = {
        {{.kind = VAL_NUM, .s = STR_INIT("inf")}, "\"inf\""},
        {{.kind = VAL_NUM, .s = STR_INIT("-nan")}, "\"-nan\""},
        {{.kind = VAL_NUM, .s = STR_INIT("1e06")}, "1e06"},
        {{.kind = VAL_TIME, .s = STR_INIT("1979-05-27")}, "\"1979-05-27\""},
        // Go writes U+FFFD for each byte that is not UTF-8.
        {{.kind = VAL_STR,
          .s = STR_INIT("a\xff"
                        "b\xe2\x80\xc3")},
         "\"a\\ufffdb\\ufffd\\ufffd\\ufffd\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct val *again;
        const char *text = write_json(a, &cases[i].v, JSON_GO);
        EQ_TEXT(text, cases[i].want);
        MUST(read_json(a, text, &again, &e));
    }
}

TEST(a_full_buffer_is_remembered)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf b = BUF_INIT(10);
    struct val *v;
    MUST(read_json(a, "[\"0123456789\",{\"a\":[1,2,3]}]", &v, &e));
    json_write(v, JSON_PRETTY, &b);
    REFUSED(buf_finish(&b, "out.json", &e), ERR_LIMIT, "out.json|10 bytes");
}

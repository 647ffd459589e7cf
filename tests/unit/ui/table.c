// SPDX-License-Identifier: Apache-2.0
#include "ui/table.h"
#include "document/json.h"
#include "test.h"

static const struct column columns[] = {{"NAME", NULL, false},
                                        {NULL, "name", false},
                                        {"SIZE", "size", true},
                                        {"NOTE", "note", false},
                                        {NULL, NULL, false}};

static void add(struct arena *a, struct table *t, const char *name, uint64_t size, const char *note)
{
    const struct cell row[] = {cell_text(str_of(name)), cell_text(str_printf(a, "full/%s", name)),
                               cell_size(a, size), cell_both(str_of(note), STR("json"))};
    table_add(t, row);
}

TEST(table_columns_are_as_wide_as_what_is_in_them)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_buf struct buf out = BUF_INIT(4096);
    struct table *rows = table_new(a, columns);
    table_text(rows, &out);
    EQ_STR(buf_view(&out), "");
    add(a, rows, "shop", 12345678, "x");
    add(a, rows, "a-longer-name", 5, "");
    add(a, rows, "caf\xc3\xa9", 999, "y z");
    table_text(rows, &out);
    EQ_STR(buf_view(&out), "NAME              SIZE  NOTE\n"
                           "shop           12.3 MB  x\n"
                           "a-longer-name      5 B  \n"
                           "caf\xc3\xa9             999 B  y z\n");
}

TEST(table_json_has_what_has_a_key)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_buf struct buf out = BUF_INIT(4096);
    struct table *rows = table_new(a, columns);
    struct val list = {0};
    val_set_list(&list);
    add(a, rows, "shop", 12345678, "x");
    table_json(rows, &list);
    json_write(&list, JSON_PLAIN, &out);
    EQ_STR(buf_view(&out), "[{\"name\":\"full/shop\",\"size\":12345678,\"note\":\"json\"}]");
    EQ_UINT(table_rows(rows), 1);
}

// Names in a state and labels of images are other people's.
TEST(table_cells_are_fit_for_a_terminal)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    drop_buf struct buf out = BUF_INIT(4096);
    struct table *rows = table_new(a, columns);
    add(a, rows, "\033[2Jx\n", 1, "\xff");
    table_text(rows, &out);
    EQ_STR(buf_view(&out), "NAME          SIZE  NOTE\n\\x1b[2Jx\\x0a   1 B  \\xff\n");
}

TEST(texts_of_numbers)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    static const struct {
        uint64_t n;
        const char *size, *seconds;
    } cases[] = {
        {0, "0 B", "0.00 s"},         {999, "999 B", "1.00 s"},       {1000, "1.0 kB", "1.0 s"},
        {34567, "34.6 kB", "34.6 s"}, {999960, "1.0 MB", "1000.0 s"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        EQ_STR(text_size(a, cases[i].n), cases[i].size);
        EQ_STR(text_seconds(a, cases[i].n), cases[i].seconds);
    }
    static const struct {
        int64_t ago;
        const char *text;
    } ages[] = {{0, "0 seconds ago"},      {119, "119 seconds ago"},     {7300, "2 hours ago"},
                {3 * 86400, "3 days ago"}, {90 * 86400, "3 months ago"}, {800 * 86400, "2 years ago"},
                {-5, "2023-11-14"}};
    for (size_t i = 0; i < COUNT(ages); i++)
        EQ_STR(text_age(a, 1700000000 - ages[i].ago, 1700000000), ages[i].text);
    EQ_STR(text_age(a, 315532801, 1700000000), "1980-01-01");
}

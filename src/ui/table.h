// SPDX-License-Identifier: Apache-2.0
// ui/table.h - a list of things, as columns for people or as JSON for programs: described once, filled once.
#pragma once
#include "base/buf.h"
#include "document/val.h"

struct column {
    const char *head; // NULL: only in JSON
    const char *key;  // NULL: only in text
    bool right;       // numbers
};
// What stands in one column of one row.
struct cell {
    struct str text;
    struct val json;
};
struct cell cell_text(struct str s); // the same in both; hostile text is made fit for a terminal
struct cell cell_number(struct arena *a, uint64_t n); // digits, a number
struct cell cell_both(struct str text, struct str json);
struct cell cell_size(struct arena *a, uint64_t bytes); // "12.3 MB", bytes

struct table;
// Columns end with a row of NULLs; borrowed. Everything lives in the arena.
struct table *table_new(struct arena *a, const struct column *columns);
void table_add(struct table *t, const struct cell *cells); // one a column
size_t table_rows(const struct table *t);
// A head and a line a row, columns two blanks apart; nothing when there is no row.
void table_text(const struct table *t, struct buf *out);
void table_json(const struct table *t, struct val *list); // appended: one map a row

struct str text_size(struct arena *a, uint64_t bytes); // "12.3 MB": thousands
struct str text_seconds(struct arena *a, uint64_t ms); // "0.3 s"
struct str text_age(struct arena *a, int64_t then,
                    int64_t now); // "3 days ago"; "1980-01-01" when it is no real time

// SPDX-License-Identifier: Apache-2.0
// document/val.h - one tree for TOML, JSON (and later YAML, XML), with the position of every value.
//
// Everything lives in the arena that the reader was given, and texts in it are terminated. Numbers and times
// keep the text as written, so that a foreign document is written again as it was read. Maps keep document
// order and have no key twice.
#pragma once
#include "base/err.h"
#include "base/str.h"

enum val_kind { VAL_NULL, VAL_BOOL, VAL_INT, VAL_NUM, VAL_STR, VAL_TIME, VAL_LIST, VAL_MAP, VAL_KIND_MAX_ };

struct val {
    enum val_kind kind;
    uint32_t line, col; // from 1; 0 = made by us
    uint32_t mark;      // a reader's own note while it reads
    union {
        bool b;
        int64_t i;    // INT: whole numbers that fit
        struct str s; // STR: content. NUM, TIME: the text as written
        struct {
            struct val *v;
            struct str *key; // MAP: one per value; LIST: NULL
            size_t n, cap;
            uint32_t *slot; // MAP with many keys: its index, kept by val_put
        } c;
    };
};

const char *val_kind_name(enum val_kind kind);                     // "text", "whole number", … for messages
const struct val *val_get(const struct val *map, struct str key);  // NULL if absent or not a map
const struct val *val_at(const struct val *v, const char *dotted); // "a.b.c"; NULL if absent
void val_where(const struct val *v, const char *file, const char *key, struct err_at *at);

// Building: the container grows in the arena; returns the new, zeroed (VAL_NULL) child. Growing moves the
// container's earlier children: a pointer to one is good until the next val_add or val_put beside it.
struct val *val_add(struct arena *a, struct val *list);
struct val *val_put(struct arena *a, struct val *map, struct str key); // finds or appends
// The val_set_ keep line and column.
void val_set_str(struct val *v, struct str s);
void val_set_int(struct val *v, int64_t i);
void val_set_bool(struct val *v, bool b);
void val_set_list(struct val *v);
void val_set_map(struct val *v);
bool val_is_empty(const struct val *v); // null, false, 0, "", no children: what Go's omitempty leaves out
bool val_eq(const struct val *a, const struct val *b); // content only; maps by key, any order

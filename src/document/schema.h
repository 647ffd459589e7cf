// SPDX-License-Identifier: Apache-2.0
// document/schema.h - one table per document: reading, writing, required keys, warnings, API versions.
//
// A row says how a key is spelled in TOML and in JSON and which member of a C struct it is; the macros derive
// the row's kind from the member, so that a mismatch does not compile.
//
//     struct label { struct str key, value; };
//     struct launch {
//         bool direct;
//         struct strv args;
//         struct { struct label *v; size_t n; } labels;
//         const struct val *rest;
//     };
//     static const struct field label_fields[] = {
//         KEY(struct label, key, "key", .flags = REQUIRED, .help = "name of the label"),
//         KEY(struct label, value, "value", .flags = OMIT_EMPTY),
//     };
//     static SCHEMA(label_schema, struct label, label_fields, .name = "label");
//     static const struct field launch_fields[] = {
//         KEY(struct launch, direct, "direct", .until = 0x0009),
//         KEY(struct launch, args, "default-args", .json = "defaultArgs", .alias = "args"),
//         TABLES(struct launch, labels, "labels", label_schema),
//         KEEP(struct launch, rest),
//     };
//     static SCHEMA(launch_schema, struct launch, launch_fields, .name = "launch.toml");
//
// The engine works on `struct val`: it pulls in no reader, no writer and no other document's table.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "document/val.h"

enum doc_names { NAMES_TOML, NAMES_JSON }; // "run-image" or "runImage"

enum field_kind {
    F_BOOL,    // bool
    F_INT,     // int64_t
    F_STR,     // struct str
    F_STRV,    // struct strv
    F_STRMAP,  // struct strmap, its entries' val
    F_VAL,     // [const] struct val *: any value, borrowed from the document; NULL = absent
    F_STRUCT,  // a struct by value: a table
    F_STRUCTV, // struct { T *v; size_t n; }: a list of tables; a member behind n is left alone
    F_HOOK,    // whatever `read` and `write` make of it
    F_KIND_MAX_,
};

enum field_flag {
    REQUIRED = 1 << 0,     // absent (or JSON's null) is an error; always written
    OMIT_EMPTY = 1 << 1,   // false, 0, "", an empty list or table is not written: Go's omitempty, structs too
    SECRET = 1 << 2,       // not shown: see struct doc
    KEEP_UNKNOWN = 1 << 3, // by KEEP
    TIME_TOO = 1 << 4,     // F_STR: a TOML time is taken as its text
    EMPTY_NULL = 1 << 5,   // an empty list or table is null in JSON, as Go's nil without omitempty
    NAMED = 1 << 6,        // F_HOOK with `sub`: a table whose keys are names and whose values are such tables
};

struct decode; // where doc_read stands
struct doc;
struct schema;

// API versions are major << 8 | minor: 0.12 is 0x000c. 0 = no bound.
struct field {
    const char *toml;  // NULL: not in TOML
    const char *json;  // NULL: as toml
    const char *alias; // read where the name is absent, never written
    enum field_kind kind;
    uint16_t flags;
    uint16_t since, until; // the first API that has the key, and the first that has it no more
    uint32_t off;
    const struct schema *sub; // of F_HOOK: for the reference only
    // Odd shapes. `at` is the member. `write` leaves VAL_NULL where nothing is to be written. With another kind
    // than F_HOOK, `read` alone is enough where the value is written as its kind is.
    int (*read)(struct decode *d, const struct val *v, void *at, struct err *e);
    int (*write)(const struct doc *doc, const void *at, struct val *out, struct err *e);
    const char *help;
    const char *shape; // what a value is where the kind does not say it: "list of texts"; for the reference
};

enum { SCHEMA_ROWS = 128 }; // rows of one table

struct schema {
    const char *name; // of the document or table, for the reference page
    const char *help;
    size_t size; // of the struct
    const struct field *field;
    size_t n;
    bool strict;      // of a document: an unknown key is an error, not a warning, also in its tables
    const void *init; // what an element of a list holds before it is read; NULL = zeros
    // After the keys: what no single row can say (either this or that). May be NULL.
    int (*check)(struct decode *d, const struct val *table, void *at, struct err *e);
};

struct doc {
    enum doc_names names;
    uint16_t api;      // of the document; 0 = no gates
    const char *file;  // for errors and warnings; may be NULL
    struct arena *a;   // lists, maps and the written tree live here
    struct events *ev; // doc_read's warnings; NULL = nobody listens
    bool hide_secrets; // doc_write puts SECRET_SHOWN where a secret is
};
#define SECRET_SHOWN "(hidden)"

// Reads the table v into *out, which holds the defaults before; lists and maps that v has replace them. Texts
// are borrowed from the tree. JSON's null is an absent key. Unknown keys, and keys of other API versions, are
// warnings, given once all was read. Errors: ERR_PARSE with file, line, column and dotted key (a wrong kind, a
// missing key, a NUL byte in a text), ERR_LIMIT, and what hooks say. *out is untouched on failure.
int nodiscard doc_read(const struct doc *doc, const struct schema *s, const struct val *v, void *out,
                       struct err *e);
// Makes a tree of its own, in the order of the rows. With a KEEP row that was read, the order is that of what
// was read, unknown keys stay in place, and a value that was empty and is empty stays as it was spelled. Errors:
// ERR_USAGE for a REQUIRED value that is not there, and what hooks say.
int nodiscard doc_write(const struct doc *doc, const struct schema *s, const void *in, struct val **out,
                        struct err *e);

// For hooks.
const struct doc *doc_of(const struct decode *d);
int nodiscard doc_read_as(struct decode *d, const struct field *f, const struct val *v, void *at,
                          struct err *e);
int doc_fail(const struct decode *d, const struct val *v, struct err *e, const char *fmt, ...) printf_(4, 5);
// ERR_PARSE: "found text, wanted …".
int doc_wrong(const struct decode *d, const struct val *v, const char *wanted, struct err *e);

const char *field_name(const struct field *f, enum doc_names names); // NULL: not in such documents
bool field_has_api(const struct field *f, uint16_t api);
const char *field_shape(const struct field *f);    // what its value is, in words
const char *field_kind_name(enum field_kind kind); // "text", "list of tables": for messages and the reference

// Every row in its order, those of nested tables behind their own (a table within itself once): for the
// reference page.
struct schema_row {
    const struct field *field;
    const struct schema *in;
    struct str key; // dotted, from the root: "processes[].type"; borrowed for the call
};
void schema_each(const struct schema *s, enum doc_names names,
                 void (*row)(void *ctx, const struct schema_row *r), void *ctx);

// Rows. `m` is a member, also of a member (a.b).
// clang-format off
#define F_KIND_(x)                                                                                           \
    _Generic((x), bool: F_BOOL, int64_t: F_INT, struct str: F_STR, struct strv: F_STRV,                      \
             struct strmap: F_STRMAP, struct val *: F_VAL, const struct val *: F_VAL)
#define F_TABLES_(x, T) _Generic((x), T *: F_STRUCTV, const T *: F_STRUCTV)
// 0; does not compile unless m is v and, right behind it, n.
#define F_VECTOR_(S, m)                                                                                      \
    (0 * sizeof(char[_Generic(((S *)0)->m.n, size_t: 1) &&                                                   \
                     offsetof(S, m.n) == offsetof(S, m.v) + sizeof(void *) ? 1 : -1]))
#define KEY(S, m, key, ...) {.toml = key, .kind = F_KIND_(((S *)0)->m), .off = offsetof(S, m), __VA_ARGS__}
#define TABLE(S, m, key, schema_id, ...)                                                                     \
    {.toml = key, .kind = _Generic(((S *)0)->m, schema_id##_type: F_STRUCT), .off = offsetof(S, m),          \
     .sub = &schema_id, __VA_ARGS__}
#define TABLES(S, m, key, schema_id, ...)                                                                    \
    {.toml = key, .kind = F_TABLES_(((S *)0)->m.v, schema_id##_type),                                        \
     .off = offsetof(S, m.v) + F_VECTOR_(S, m), .sub = &schema_id, __VA_ARGS__}
#define HOOK(S, m, key, read_fn, write_fn, ...)                                                              \
    {.toml = key, .kind = F_HOOK, .off = offsetof(S, m), .read = read_fn, .write = write_fn, __VA_ARGS__}
// A [const] struct val * that holds the whole table as it was read, so that unknown keys are written again.
#define KEEP(S, m)                                                                                           \
    {.kind = _Generic(((S *)0)->m, struct val *: F_VAL, const struct val *: F_VAL),                          \
     .flags = KEEP_UNKNOWN, .off = offsetof(S, m)}

// `static SCHEMA(…);` in a file. For a header, or before a table within itself: SCHEMA_DECLARE(id, S); and then
// `SCHEMA(…);`.
#define SCHEMA(id, S, fields, ...)                                                                           \
    const struct schema id = {.size = sizeof(S), .field = fields, .n = COUNT(fields), __VA_ARGS__};          \
    typedef S id##_type __attribute__((unused))
#define SCHEMA_DECLARE(id, S)                                                                                \
    extern const struct schema id;                                                                           \
    typedef S id##_type __attribute__((unused))
// clang-format on

// SPDX-License-Identifier: Apache-2.0
// document/toml_priv.h - what the TOML reader's and writer's files share.
#pragma once
#include "base/limits.h"
#include "document/toml.h"

struct toml {
    struct arena *a;
    const char *start, *at, *end;
    const char *file;
    struct err *e;
    size_t n_values;
    // The place that was asked for last; later places are counted from here.
    const char *seen, *line_start;
    uint32_t line;
    // The dotted key that is being read, for errors.
    struct str path[LIMIT_DEPTH + 1];
    size_t n_path;
};

// Notes in val.mark while a document is read (spec: "Table", "Inline Table", "Array of Tables").
enum toml_mark {
    MARK_IMPLICIT = 1u << 0, // named on the way by a [header] only: a header may still define it
    MARK_HEADER = 1u << 1,   // defined by its own [header]
    MARK_DOTTED = 1u << 2,   // defined by dotted keys
    MARK_CLOSED = 1u << 3,   // an inline table: complete
    MARK_TABLES = 1u << 4,   // a list made by [[header]]
};

// toml_lex.c
void toml_place(struct toml *t, const char *at, uint32_t *line, uint32_t *col);
int toml_fail(struct toml *t, enum err_code code, const char *at, const char *fmt, ...) printf_(4, 5); // -1
static inline int toml_peek(const struct toml *t) // the next byte; -1 at the end
{
    return t->at < t->end ? (unsigned char)*t->at : -1;
}
void toml_blanks(struct toml *t);                     // blanks and tabs
bool toml_newline(struct toml *t);                    // passes one LF or CRLF
int nodiscard toml_comment(struct toml *t);           // passes one, if one is here, without its newline
int nodiscard toml_space(struct toml *t);             // blanks, comments and newlines
const char *toml_shown(struct toml *t, struct str s); // for a message: short and printable
const char *toml_here(struct toml *t);                // the character that comes next, shown so
bool toml_bare(struct str key);                       // needs no quotes

// toml_string.c
int nodiscard toml_string(struct toml *t, struct str *out); // at the opening quotes, of any of the four kinds
int nodiscard toml_key(struct toml *t, struct str *out);    // one part of a dotted key; may borrow

// toml_scalar.c: booleans, numbers and times. *why says what is wrong; out->i, out->b or nothing is set.
int nodiscard toml_scalar(struct str text, struct val *out, const char **why);
size_t toml_scalar_len(struct str text); // how many bytes at its start belong to one such value

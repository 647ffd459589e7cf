// SPDX-License-Identifier: Apache-2.0
// debian/paragraph.h - the paragraphs of control files: Packages, Release, status, sources.
//
// spec: deb822(5), policy 5.1.
// Texts are borrowed from what is read. Field names are compared without regard to case.
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { PARAGRAPH_FIELDS = 64 }; // of one paragraph: real ones stay below 30

struct paragraph_field {
    struct str name;
    struct str value; // trimmed; the lines that continue it follow as they stand, with their first blank
    uint32_t line;
};

struct paragraph {
    struct str text; // from its first line to its last newline
    uint32_t line;   // of the first field
    struct paragraph_field v[PARAGRAPH_FIELDS];
    size_t n;
};

struct paragraphs {
    struct str rest;
    const char *file; // for errors
    uint32_t line;    // lines read so far; start with 0
    bool comments;    // lines that begin with '#' are passed over: only in what people write by hand
};

enum paragraph_next { PARAGRAPH_ERROR = -1, PARAGRAPH_END, PARAGRAPH_ONE };
// ERR_PARSE with file and line: a line without a field, a bad name, a NUL byte. ERR_LIMIT: too many fields.
enum paragraph_next nodiscard paragraph_next(struct paragraphs *from, struct paragraph *out, struct err *e);
// NULL if absent; the first one of that name.
const struct paragraph_field *paragraph_find(const struct paragraph *p, const char *name);
struct str paragraph_get(const struct paragraph *p, const char *name); // empty if absent
bool paragraph_name_is(struct str name, const char *wanted);

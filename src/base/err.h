// SPDX-License-Identifier: Apache-2.0
// base/err.h - errors are values: a code, a cause, the chain of context and a place in a document.
//
// The caller owns a `struct err` on its stack (`struct err e = {0};`) and passes it last. A function
// that fails returns -1 with the error set; one that succeeds returns 0 and leaves it alone. A
// three-way answer is an enum, never a third int. No heap is used, so reporting works when memory is
// short. Messages: object first, then cause, lower case, no full stop, the wrong and the wanted value.
#pragma once
#include "base/attr.h"
#include <stdbool.h>
#include <stdint.h>

enum err_code {
    ERR_NONE,
    ERR_USAGE,     // the caller asked for something that cannot be asked
    ERR_IO,        // the machine refused: `sys` says why
    ERR_PARSE,     // a document or an archive is malformed: `at` says where
    ERR_NOT_FOUND, // what was named is not there
    ERR_DENIED,    // policy or permission
    ERR_NETWORK,   // no answer
    ERR_PROTOCOL,  // an answer that breaks its protocol
    ERR_DIGEST,    // bytes that are not the ones that were named
    ERR_LIMIT,     // larger, deeper or more than base/limits.h allows
    ERR_API,       // an API version that is not supported
    ERR_BUILDPACK, // a buildpack failed
    ERR_BUSY,      // somebody else holds it
    ERR_CANCELLED, // the user stopped it
    ERR_CODE_MAX_,
};

// A place in a document. line 0 = nowhere. Lines and columns count from 1, columns in bytes.
struct err_at {
    uint32_t line, col;
    char file[96]; // its end is kept when it is longer
    char key[64];  // dotted, as the document spells it
};

struct err {
    enum err_code code; // what a caller may branch on; wrapping never changes it
    int sys;            // errno at the source, else 0
    bool transient;     // the same call may succeed later
    struct err_at at;
    char cause[192]; // written once, never cut by later contexts
    char chain[256]; // "outer: inner: "; when full its middle becomes "..."
};

// All return -1, so that `return err_set(e, …)` reads well. `e` may be NULL: then only -1 is said.
// A second err_set on an error that is set already is kept out: the first error is the one to report.
int err_set(struct err *e, enum err_code code, const char *fmt, ...) printf_(3, 4);
int err_sys(struct err *e, const char *fmt, ...) printf_(2, 3); // ERR_IO (or as errno says) + errno's text
int err_doc(struct err *e, const struct err_at *at, const char *fmt, ...) printf_(3, 4); // ERR_PARSE
int err_wrap(struct err *e, const char *fmt, ...) printf_(2, 3); // prepends "context: "; the code must be set
// The -1 in sight of the caller, so that compilers and analysers know that what follows a failed call is not reached.
#define err_set(...)                                                                                         \
    ({                                                                                                       \
        (void)err_set(__VA_ARGS__);                                                                          \
        -1;                                                                                                  \
    })
#define err_sys(...)                                                                                         \
    ({                                                                                                       \
        (void)err_sys(__VA_ARGS__);                                                                          \
        -1;                                                                                                  \
    })
#define err_doc(...)                                                                                         \
    ({                                                                                                       \
        (void)err_doc(__VA_ARGS__);                                                                          \
        -1;                                                                                                  \
    })
#define err_wrap(...)                                                                                        \
    ({                                                                                                       \
        (void)err_wrap(__VA_ARGS__);                                                                         \
        -1;                                                                                                  \
    })

void err_clear(struct err *e);
// "file:line: key: chain cause" into out[n], always terminated, one line without control bytes; returns out.
const char *err_text(const struct err *e, char *out, size_t n);
const char *err_code_name(enum err_code code); // "parse", "not-found": for -o json and tests
void err_at_file(struct err_at *at, const char *file);
noreturn_ void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, what)

// SPDX-License-Identifier: Apache-2.0
// reference.h - the reference pages of dema, made from the tables that its programs run on.
#pragma once
#include "base/buf.h"

enum { PAGE_MAX = 1 << 20 };

struct book {
    struct arena *a;
    int out;          // directory that the pages go into, as they lie in the source tree
    struct buf index; // lines of docs/reference/README.md
};

// Writes `page` beneath docs/reference with the note that it is made, and a line about it into the index.
int nodiscard book_page(struct book *b, const char *path, const char *title, const char *about,
                        const struct buf *page, struct err *e);
int nodiscard book_documents(struct book *b, struct err *e);
int nodiscard book_exit_codes(struct book *b, struct err *e);
int nodiscard book_variables(struct book *b, struct err *e);
// `header` is the text of base/limits.h. A limit without a reason is an error.
int nodiscard book_limits(struct book *b, struct str header, struct err *e);

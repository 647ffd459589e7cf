// SPDX-License-Identifier: Apache-2.0
// archive/ar.h - a strict reader of Unix ar archives (the outer form of .deb files) over a source.
//
// The common format and, for names, the GNU ("name/", "//" table, "/12") and BSD ("#1/12") variants. Symbol tables
// ("/", "/SYM64/", "__.SYMDEF") are skipped. Names are single components: '/', NUL, "." and ".." are refused.
#pragma once
#include "base/str.h"
#include "stream/stream.h"

struct ar_member {
    struct str name;
    uint64_t size;
    int64_t mtime_sec;
    uint32_t uid, gid, mode; // mode with the file type bits, as written
};

enum ar_step { AR_ERROR = -1, AR_END, AR_MEMBER };

struct ar_reader;
struct ar_reader *ar_reader_new(struct source *borrowed); // outlives the reader
void ar_reader_free(struct ar_reader *r);
DEFINE_DROP(struct ar_reader *, ar_reader_free)

// The next member; unread data of the one before is skipped. *out is borrowed until the next call. ERR_PARSE: what is
// wrong and where; ERR_LIMIT: more than LIMIT_AR_MEMBERS members, or larger than LIMIT_LAYER.
enum ar_step nodiscard ar_next(struct ar_reader *r, const struct ar_member **out, struct err *e);
struct source *
ar_data(struct ar_reader *r); // `size` bytes; borrowed until the next ar_next, its drop does nothing

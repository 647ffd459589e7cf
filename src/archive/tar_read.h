// SPDX-License-Identifier: Apache-2.0
// archive/tar_read.h - a strict tar reader over a source: V7, ustar, pax (x and g) and GNU (L, K, S, base-256).
//
// What two readers would read differently is refused, not guessed:
// - a pax size that differs from the header's, unless the header cannot hold it (8 GiB and more);
// - two x, L or K headers before one entry, L beside a pax path, K beside a pax linkpath, one of them before a g or the
//   end; path, linkpath, size or sparse records in a g header;
// - a size on anything but a file, a file name that ends in '/', NULs within names, typeflags that are not listed.
// The end is one zero block at the end of the source, or two and then only zeros; anything else after them, and a
// source that ends without one, is refused. Limits: LIMIT_TAR_HEADER, _ENTRIES (extension headers count), _SPARSE, and
// LIMIT_LAYER for the sum of all sizes. Errors name the entry and the offset of its header.
#pragma once
#include "archive/tar.h"
#include "base/limits.h"
#include "stream/stream.h"

enum tar_step { TAR_ERROR = -1, TAR_END, TAR_ENTRY };

struct tar_reader;
struct tar_reader *tar_reader_new(struct source *borrowed); // outlives the reader; the reader never drops it
void tar_reader_free(struct tar_reader *r);
DEFINE_DROP(struct tar_reader *, tar_reader_free)

// The next entry; data of the one before that was not read is skipped. *out is borrowed until the next call. After
// TAR_END the source has been read to its end. Names are raw: pass them through the functions below before use.
enum tar_step nodiscard tar_next(struct tar_reader *r, const struct tar_entry **out, struct err *e);
// The bytes of the entry just given, holes as zeros: `size` of them. Borrowed until the next tar_next (its drop does
// nothing). Empty for everything but a file.
struct source *tar_data(struct tar_reader *r);

// A name made fit to be used beneath a directory: without leading '/' and "./", doubled '/' and a '/' at the end.
// out[0] == 0: the name is the root ("/", ".", "./"). ERR_DENIED for ".."; ERR_PARSE for an empty name or a NUL;
// ERR_LIMIT for a component above LIMIT_COMPONENT or a whole of LIMIT_PATH or more. Control bytes and bytes that are
// not UTF-8 pass: Linux allows them in names. For `link` of a TAR_HARDLINK too.
int nodiscard tar_name_clean(struct str raw, char out[LIMIT_PATH], struct err *e);
// The target of a symbolic link, copied: not empty, no NUL, shorter than LIMIT_PATH. It may be absolute, dangling or
// lead out: links are data in a layer, and whoever follows one does so with path_open.
int nodiscard tar_symlink_clean(struct str raw, char out[LIMIT_PATH], struct err *e);
// Whether a relative target, counted textually from the clean `name` of its link, stays within the root of the archive.
bool tar_symlink_stays(const char *name, const char *target);

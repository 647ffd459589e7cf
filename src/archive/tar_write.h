// SPDX-License-Identifier: Apache-2.0
// archive/tar_write.h - a deterministic tar writer before a sink.
//
// The bytes are those of the reference lifecycle (Go's archive/tar with an unspecified format): USTAR, and a PAX header
// only for what USTAR cannot say: names that are not ASCII or do not fit prefix and name, link targets that are not
// ASCII or longer than 100, sizes from 8 GiB, ids above 2097151, times before 1970 or after 2242. The end is two zero
// blocks without further padding. Names are written as given. spec: Tar normalisation (cnb.md §6.2).
#pragma once
#include "archive/tar.h"
#include "stream/stream.h"

struct tar_writer;
struct tar_writer *tar_writer_new(struct sink *borrowed); // outlives the writer
void tar_writer_free(struct tar_writer *w);
DEFINE_DROP(struct tar_writer *, tar_writer_free)

// The header. Then exactly t->size bytes must follow, through the three functions below in any mixture, before the
// next entry or the end: fewer are ERR_USAGE here or in tar_write_end, more are ERR_USAGE in tar_write_data.
int nodiscard tar_write_entry(struct tar_writer *w, const struct tar_entry *t, struct err *e);
int nodiscard tar_write_data(struct tar_writer *w, const void *p, size_t n, struct err *e);
// All that is missing of the entry, read straight into the sink's room. A file that has become shorter or longer is
// ERR_IO that names the entry, and transient.
int nodiscard tar_write_fd(struct tar_writer *w, int fd, struct err *e);
int nodiscard tar_write_source(struct tar_writer *w, struct source *from,
                               struct err *e); // the same; ERR_PARSE
// The two zero blocks. Does not finish the sink.
int nodiscard tar_write_end(struct tar_writer *w, struct err *e);

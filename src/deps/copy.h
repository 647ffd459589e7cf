// SPDX-License-Identifier: Apache-2.0
// deps/copy.h - for this room only: private files.
#pragma once
#include "deps/catalogue.h"
#include "stream/stream.h"

// All of `from` (at most DEP_MAX bytes) into a new file without a name, of that directory's filesystem: *ro reads
// it, at its start. `name` is for messages.
int nodiscard copy_hashed(struct source *from, const char *dir, const char *name, struct digest *got, int *ro,
                          struct err *e); // got->alg says which
// The same. ERR_DIGEST: its bytes have not this sum.
int nodiscard copy_verified(struct source *from, const struct digest *sum, const char *dir, const char *name,
                            int *ro, struct err *e);
int nodiscard digest_differs(const char *name, const struct digest *want, const struct digest *got,
                             struct err *e);
// The file of a file: address (`path` is its path): of /dependencies beneath d->dir, where `jam pack --offline`
// puts them, else of this machine. `d` NULL: of this machine.
int nodiscard dep_file_open(const struct dep *d, struct str path, int *fd, struct err *e);

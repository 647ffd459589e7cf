// SPDX-License-Identifier: Apache-2.0
// sandbox/child.h - what the child's files share. All answer -1 with errno and c->step set.
#pragma once
#include "sandbox/kernel.h"
#include "sandbox/priv.h"

#define STAGE_HIDE_FILE "file"
#define STAGE_HIDE_DIR "directory"

int child_ids(struct child *c); // becomes the run user and keeps the capabilities
int new_filesystem(const char *type, const char *const *option, unsigned attr);
int mount_flags(int mount, uint64_t set, bool all);
int mount_on(struct child *c, int mount, const struct place *at, bool dir);
// O_PATH inside the new root; `make`: with the directories above it if it is missing.
int place_open(struct child *c, const struct place *at, bool make, bool dir);
int child_op(struct child *c, const struct box_op *op);
void close_but(int fd); // every other descriptor; fd > 0
void close_between(unsigned from, unsigned to);

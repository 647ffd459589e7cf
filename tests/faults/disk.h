// SPDX-License-Identifier: Apache-2.0
// tests/faults/disk.h - what of the tree's changes a power cut could take back: written and not synced, renamed into a
// directory and that not synced.
#pragma once
#include "calls.h"

struct disk;
struct disk *disk_new(void);
void disk_free(struct disk *d);
// The call is about to happen in that process.
void disk_note(struct disk *d, pid_t pid, const struct call *c, const uint64_t args[6]);
void disk_cut(struct disk *d);
bool disk_is_regular(pid_t pid, int fd);

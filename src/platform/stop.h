// SPDX-License-Identifier: Apache-2.0
// platform/stop.h - Ctrl-C and friends as a descriptor, so that a build that is stopped still cleans up behind itself.
#pragma once
#include "base/err.h"

// Blocks SIGINT, SIGTERM and SIGHUP for this process and its threads; *fd (the caller's) is readable once one came.
int nodiscard stop_open(int *fd, struct err *e);
// ERR_CANCELLED once one came. fd -1: never.
int nodiscard stop_check(int fd, struct err *e);
// The signal that came, which then counts no more; 0: none did.
int stop_take(int fd);

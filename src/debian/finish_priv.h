// SPDX-License-Identifier: Apache-2.0
// debian/finish_priv.h - the parts of the finisher.
#pragma once
#include "debian/finish.h"

int nodiscard finish_accounts(const struct deb_finish *f, struct err *e);
int nodiscard finish_certs(const struct deb_tree *t, struct err *e);
int nodiscard finish_dpkg(const struct deb_finish *f, struct err *e);
// The whole file into *out; false: not there.
bool finish_read(const struct deb_tree *t, const char *path, struct buf *out);

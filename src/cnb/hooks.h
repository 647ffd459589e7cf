// SPDX-License-Identifier: Apache-2.0
// cnb/hooks.h - readers for rows of several documents (document/schema.h).
#pragma once
#include "document/schema.h"

// A [const] struct val *: any table, borrowed from the document.
int cnb_table_read(struct decode *d, const struct val *v, void *at, struct err *e);
// A struct str: a digest, or an empty text.
int cnb_digest_read(struct decode *d, const struct val *v, void *at, struct err *e);

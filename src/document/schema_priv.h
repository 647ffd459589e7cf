// SPDX-License-Identifier: Apache-2.0
// document/schema_priv.h - what reading and writing by a table share.
#pragma once
#include "document/schema.h"

const struct field *schema_row_of(const struct doc *doc, const struct schema *s,
                                  struct str key);       // NULL: unknown here
const struct field *schema_keep(const struct schema *s); // NULL: no KEEP row

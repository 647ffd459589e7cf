// SPDX-License-Identifier: Apache-2.0
// image/note.h - the notes of an image's layers as a document: {"layers":[{"from":…,"make":{…}}]}. Private to the room.
#pragma once
#include "image/image.h"

int nodiscard notes_encode(struct arena *a, const struct image *img, struct str *out, struct err *e);
// Damaged, or not as many as there are layers: ERR_PARSE.
int nodiscard notes_decode(struct arena *a, struct str bytes, struct image *img, struct err *e);

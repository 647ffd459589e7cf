// SPDX-License-Identifier: Apache-2.0
// cnb/analyzed.h - analyzed.toml: what the analyzer found out about the previous image and the run image.
//
// spec: platform.md "analyzed.toml (TOML)"; cnb.md §2.5. It lies in the
// layers directory, where buildpacks write too: what
// it says is checked again by whoever uses it. Texts live in the arena of the document.
#pragma once
#include "base/event.h"
#include "cnb/labels.h"
#include "cnb/target.h"

struct cnb_analyzed_target { // empty texts: not known
    struct str id, os, arch, variant;
    struct cnb_distro distro;
};

struct cnb_analyzed_image {
    struct str reference; // exactly what it is: by digest, an id of a daemon, or a layout's path and digest
    struct str image;     // its name
    bool extend;
    struct cnb_analyzed_target target;
};

struct cnb_analyzed {
    struct str previous;                // reference of the previous image; empty: there is none
    struct lifecycle_metadata metadata; // of the previous image
    struct cnb_analyzed_image run_image, build_image;
};

// ERR_PARSE with line and key: wrong types, digests that are none, ids that are not fit for directories (M27–M29).
int nodiscard analyzed_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                            struct cnb_analyzed *out, struct err *e);
int nodiscard analyzed_write(struct arena *a, const struct cnb_analyzed *in, struct val **out, struct err *e);
// The target for buildpacks, without what is not known.
void analyzed_target(struct arena *a, const struct cnb_analyzed_target *t, struct cnb_target *out);

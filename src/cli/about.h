// SPDX-License-Identifier: Apache-2.0
// cli/about.h - what an image says of itself in its labels, for `build` and `inspect`.
#pragma once
#include "cli/cli.h"

struct about_process {
    struct str type;
    struct strv words; // command and arguments
    bool dflt;
};
struct about {
    struct {
        struct about_process *v;
        size_t n;
    } processes;
    struct strv buildpacks;              // "ID VERSION", in the order of the group
    struct str run_image, run_reference; // its name, and exactly what it was; empty: not said
    size_t base_layers;                  // the lowest ones are the run image's
};
// Labels that are missing, or not as the spec has them, say nothing.
void about_image(struct arena *a, const struct image *img, struct about *out);
uint64_t about_size(const struct image *img, size_t from); // of the layers from there up
// As builds call it: "paketo-buildpacks/npm-install:modules", "app", "launcher"; of others their line of history.
struct str about_layer_name(struct arena *a, const struct image *img, size_t layer);
struct str about_words(struct arena *a, const struct about_process *p); // as one line
// `previous` (NULL: none): the image that had the name before; tells which layers are its own.
struct table *about_layers(struct arena *a, const struct image *img, const struct about *about,
                           const struct image *previous);
void about_json(struct arena *a, const struct image *img, const struct about *about, struct val *doc);

// SPDX-License-Identifier: Apache-2.0
// cnb/labels.h - the three labels that a lifecycle puts on an app image, byte for byte as the reference writes them.
//
// spec: platform.md "Labels"; cnb.md §6.6. What is read comes from somebody's image and is hostile: wrong types are
// ERR_PARSE, digests are checked (M27, M28), buildpack ids must be fit for directories (M29).
#pragma once
#include "base/buf.h"
#include "cnb/launch.h"

#define LABEL_LIFECYCLE "io.buildpacks.lifecycle.metadata"
#define LABEL_BUILD "io.buildpacks.build.metadata"
#define LABEL_PROJECT "io.buildpacks.project.metadata"
#define LABEL_EXEC_ENV "io.buildpacks.exec-env"

struct lm_layer {           // a launch layer of the image
    struct str name, sha;   // "sha256:…", its diff ID
    const struct val *data; // what the buildpack noted in <layer>.toml; NULL = none
    bool build, launch, cache;
};

struct lm_buildpack {
    struct str key, version;
    struct {
        struct lm_layer *v;
        size_t n;
    } layers;                // by name, byte order
    const struct val *store; // store.toml's metadata; NULL = none
};

struct lm_run_image {
    struct str top_layer, reference, image;
    struct strv mirrors;
};

struct lifecycle_metadata {
    struct strv app; // diff IDs of the slices
    struct str sbom; // empty: none
    struct {
        struct lm_buildpack *v;
        size_t n;
    } buildpacks;
    struct str config, launcher, process_types; // process_types empty: none
    struct lm_run_image run_image;
};
SCHEMA_DECLARE(lifecycle_metadata_schema, struct lifecycle_metadata);

int nodiscard lifecycle_metadata_json(struct arena *a, const struct lifecycle_metadata *m, struct buf *out,
                                      struct err *e);
int nodiscard lifecycle_metadata_read(struct arena *a, const struct val *doc, const char *what,
                                      struct lifecycle_metadata *out, struct err *e);
// The layer of a buildpack in what a previous image says; NULL if it has none.
const struct lm_layer *lm_find(const struct lifecycle_metadata *m, struct str buildpack, struct str layer);

struct launcher_source {
    struct str version, repository, commit;
};
// `exec-env` and `working-dir` as metadata.toml has them; `processes` is null when there are none. Before Platform API
// 0.9 it begins with the legacy bill of materials, before 0.10 a command is a text.
int nodiscard build_metadata_json(struct arena *a, const struct cnb_metadata *m,
                                  const struct launcher_source *launcher, uint16_t platform_api,
                                  struct buf *out, struct err *e);
// sbom.legacy.json: null when there is nothing to say.
int nodiscard bom_json(struct arena *a, const struct cnb_bom *bom, struct buf *out, struct err *e);
// project-metadata.toml (NULL: none) as JSON: {} or {"source":…}.
int nodiscard project_metadata_json(struct arena *a, const struct val *toml, struct buf *out, struct err *e);

// A value as Go's encoding/json writes what its TOML decoder made: keys
// sorted, times as text, floats shortest. ERR_USAGE
// for infinities and NaN.
int nodiscard toml_as_json(struct arena *a, const struct val *v, struct val **out, struct err *e);

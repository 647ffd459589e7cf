// SPDX-License-Identifier: Apache-2.0
// kit/act_priv.h - for this room only: the parts of recipe_act.
#pragma once
#include "kit/act.h"
#include "sbom/sbom.h"

struct acting {
    struct arena *a;
    const struct act *act;
    struct events *ev;
    int layers_fd, app_fd;
    struct deps_ops *deps; // made when it is first needed
    struct digest have;    // of the dependency that was fetched last
    int have_fd;
    bool *carried; // of the layer's paths of the app: what lay there is in the layer now; NULL: none yet
};

// act_fill.c: dependency, files, links, helpers.
int nodiscard fill_layer(struct acting *t, const struct bp_layer *l, int fd, struct err *e);
// act_step.c
int nodiscard run_step(struct acting *t, const struct bp_step *s, const struct bp_layer *l, int layer_fd,
                       struct sbom *sbom, struct err *e);
// act_move.c: paths of the app become links into the layer. `filled`: what is there goes into the layer first.
int nodiscard move_paths(struct acting *t, const struct bp_layer *l, int fd, bool filled, struct err *e);
// Of a layer that will not be: the app has again what went into it.
int nodiscard move_back(struct acting *t, const struct bp_layer *l, struct err *e);
// act_env.c. *changed: something was written.
int nodiscard write_env(struct acting *t, const struct bp_layer *l, int fd, bool *changed, struct err *e);
void log_env(struct acting *t, const struct bp_layer *l);
// act_write.c
int nodiscard write_layer_toml(struct acting *t, const struct bp_layer *l, struct err *e);
int nodiscard write_launch_toml(struct acting *t, struct err *e);
int nodiscard write_build_toml(struct acting *t, struct err *e);
int nodiscard write_layer_sbom(struct acting *t, const struct bp_layer *l, struct sbom *sbom, struct err *e);
void sbom_of_dep(struct acting *t, const struct dep *d, struct sbom *sbom);

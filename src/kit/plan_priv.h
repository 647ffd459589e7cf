// SPDX-License-Identifier: Apache-2.0
// kit/plan_priv.h - for this room only: the parts of recipe_plan.
#pragma once
#include "kit/facts.h"

int nodiscard plan_refuse(struct facts *f, struct err *e);
int nodiscard plan_detect(struct facts *f, struct bp_plan *out, struct err *e);
int nodiscard plan_layers(struct facts *f, struct bp_plan *out,
                          struct err *e); // with their steps and environment
int nodiscard plan_starts(struct facts *f, struct bp_plan *out,
                          struct err *e); // processes, labels, slices, unmet
int nodiscard plan_environment(struct facts *f, struct bp_plan *out, struct err *e);
int nodiscard plan_steps(struct facts *f, struct bp_plan *out, struct err *e);
// What became of a layer since the last build: key, fate and why.
int nodiscard plan_key(struct facts *f, struct bp_layer *l, struct err *e);
// Lines of a Procfile into *types (type -> command). `file` names them in errors.
int nodiscard procfile_read(struct arena *a, struct str text, const char *file, struct strmap *types,
                            struct err *e);

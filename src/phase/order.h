// SPDX-License-Identifier: Apache-2.0
// phase/order.h - the order that the detector tries: order.toml with the buildpacks of system.toml in every group.
#pragma once
#include "phase/phase.h"

// order.toml as named, else <layers>/order.toml, else the builder's own.
int nodiscard order_load(struct app_ctx *app, const struct phase_in *in, struct cnb_order *out,
                         struct err *e);
// system.toml (Platform API ≥ 0.15): `pre` in front of every group, `post` behind it, but for ids that the group has.
// spec: platform.md "system.toml (TOML)"; cnb.md §3.1. ERR_PARSE.
int nodiscard order_merge_system(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                                 struct cnb_order *order, struct err *e);
// Every buildpack that the order itself names is there and speaks an API that we do. ERR_API when it does not.
int nodiscard order_check(struct app_ctx *app, struct lc_context *cx, const struct cnb_order *order,
                          struct err *e);

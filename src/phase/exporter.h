// SPDX-License-Identifier: Apache-2.0
// phase/exporter.h - parts of the exporter that stand in files of their own.
#pragma once
#include "phase/phase.h"

// The bills of materials of lifecycle and launcher go beneath <layers>/sbom (Platform API ≥ 0.11; cnb.md §4.8). None
// there is fine.
int nodiscard exporter_sbom(struct app_ctx *app, const struct phase_in *in, struct err *e);
// Before Platform API 0.9: the legacy bills of materials that the group's build.toml files have, for report.toml.
int nodiscard exporter_build_bom(struct app_ctx *app, const struct phase_in *in,
                                 const struct cnb_selected *group, struct cnb_bom *out, struct err *e);

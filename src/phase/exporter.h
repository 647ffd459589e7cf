// SPDX-License-Identifier: Apache-2.0
// phase/exporter.h - parts of the exporter that stand in files of their own.
#pragma once
#include "phase/phase.h"

// The bills of materials of lifecycle and launcher go beneath
// <layers>/sbom (Platform API ≥ 0.11; cnb.md §4.8). None there
// is fine.
int nodiscard exporter_sbom(struct app_ctx *app, const struct phase_in *in, struct err *e);

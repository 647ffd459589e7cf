// SPDX-License-Identifier: Apache-2.0
// buildpacks/calls.h - the callbacks of all buildpacks of ours, as the engine looks them up.
#pragma once
#include "kit/call.h"

extern const struct call_row *const buildpack_calls[]; // tables; NULL ends them

extern const struct call_row ca_certificates_calls[];
extern const struct call_row npm_calls[];

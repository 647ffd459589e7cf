// SPDX-License-Identifier: Apache-2.0
#include "buildpacks/calls.h"

const struct call_row *const buildpack_calls[] = {ca_certificates_calls, npm_calls, NULL};

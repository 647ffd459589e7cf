// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#define APPLET(id) extern const struct applet applet_##id;
#include "cli/applets.def"
#undef APPLET

#define APPLET(id) &applet_##id,
static const struct applet *const applets[] = {
#include "cli/applets.def"
    NULL,
};
#undef APPLET

#define VARIABLE(id, text) {.name = id, .help = text},
static const struct variable variables[] = {
#include "cli/variables.def"
    {0},
};
#undef VARIABLE

const struct manual cli_manual = {
    .program = "dema",
    .summary = "turn source code into OCI app images with Cloud Native Buildpacks",
    .about = "Buildpacks look at the source of an app, bring what it needs and say how it is started. dema "
             "runs them in a "
             "sandbox, makes the image and keeps it in a data directory of the user. It needs no daemon and "
             "no root.",
    .applets = applets,
    .variables = variables,
};

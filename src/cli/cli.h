// SPDX-License-Identifier: Apache-2.0
// cli/cli.h - what the commands of `dema` share: where its data is, and how documents are printed.
#pragma once
#include "image/image.h"
#include "state/state.h"
#include "ui/applet.h"

// ${XDG_DATA_HOME:-~/.local/share}/dema, or DEMA_DATA. ERR_USAGE when the environment names no home.
int nodiscard cli_data_dir(struct app_ctx *app, const char **out, struct err *e);
int nodiscard cli_state(struct app_ctx *app, struct state **out, struct err *e);
const char *cli_temp_dir(struct app_ctx *app); // TMPDIR or /tmp
// "K=V" or "K" (taken from the environment; absent: ERR_USAGE) into env.
int nodiscard cli_env(struct app_ctx *app, const struct strv *words, struct strmap *env, struct err *e);
int nodiscard cli_runner(struct str name, unsigned *out, struct err *e); // an enum sbx_runner
struct str cli_size(struct arena *a, uint64_t bytes);                    // "12.3 MB"
enum cli_output { CLI_TEXT, CLI_JSON };
int nodiscard cli_output(struct str word, enum cli_output *out, struct err *e); // "", "text", "json"
void cli_print_json(struct app_ctx *app, const struct val *v);

extern const struct manual cli_manual; // all commands, for dispatch, help, man page, completion and reference
extern const struct applet applet_version;

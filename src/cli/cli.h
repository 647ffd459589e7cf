// SPDX-License-Identifier: Apache-2.0
// cli/cli.h - what the commands of `dema` share: where its data is, names of images, and how lists are printed.
#pragma once
#include "image/image.h"
#include "state/state.h"
#include "ui/applet.h"
#include "ui/table.h"

// ${XDG_DATA_HOME:-~/.local/share}/dema, or DEMA_DATA. ERR_USAGE when the environment names no home.
int nodiscard cli_data_dir(struct app_ctx *app, const char **out, struct err *e);
int nodiscard cli_state(struct app_ctx *app, struct state **out, struct err *e);
const char *cli_temp_dir(struct app_ctx *app);                           // TMPDIR or /tmp
int nodiscard cli_runner(struct str name, unsigned *out, struct err *e); // an enum sbx_runner

// "K=V" or "K" (taken from the environment; absent: ERR_USAGE) into env.
int nodiscard cli_env(struct app_ctx *app, const struct strv *words, struct strmap *env, struct err *e);
// Files of such lines, for cli_env; blank lines and those that begin with '#' do not count.
int nodiscard cli_env_files(struct app_ctx *app, const struct strv *files, struct strmap *env, struct err *e);

// An image as a command takes it: a name of the state, or layout:DIR[:NAME], which is taken in. What a layout calls its
// image never becomes a name here. What this version cannot reach says so. *name is what image_load takes.
enum cli_take {
    CLI_UNNAMED, // by its digest; the next gc takes it away
    CLI_NAMED,   // as localhost/layout:DIGEST; ERR_BUSY: the state has another image of that name
};
int nodiscard cli_image(struct app_ctx *app, struct state *st, struct str word, enum cli_take take,
                        struct str *name, struct err *e);
int nodiscard cli_check_name(struct app_ctx *app, struct str word,
                             struct err *e); // ERR_USAGE: it can be no name
// No image is called so: ERR_NOT_FOUND with a name that may be meant.
int nodiscard cli_no_image(struct app_ctx *app, struct state *st, struct str word, struct err *e);
// For an image that cli_image takes in without a name: until *lease is
// closed no gc takes it away. Others need none: -1.
int nodiscard cli_lease(struct state *st, struct str word, int *lease, struct err *e);
// For those that only look at manifest and config: of a layout nothing is stored.
int nodiscard cli_image_look(struct app_ctx *app, struct state *st, struct str word, struct str *name,
                             struct image *out, struct err *e);
struct str cli_short_name(struct arena *a,
                          struct str name); // "docker.io/library/shop:latest" is "shop:latest"
// Images of the state with a name, in byte order of the names: no artifacts, no indexes of them.
struct cli_named {
    struct str name;
    struct image img;
};
int nodiscard cli_images(struct app_ctx *app, struct state *st, struct cli_named **out, size_t *n,
                         struct err *e);
uint64_t cli_layers_size(const struct image *img); // as they are sent

enum cli_how { CLI_TEXT, CLI_JSON };
#define CLI_FORMAT(S)                                                                                        \
    OPT(S, format, "format", .letter = 'o', .arg = "text|json", .dflt = "text",                              \
        .help = "text for people or JSON for programs")
int nodiscard cli_how(struct str word, enum cli_how *out, struct err *e);
void cli_print_json(struct app_ctx *app, const struct val *v);
// `none` is said (on stderr) where there is no row for people.
void cli_print_table(struct app_ctx *app, enum cli_how how, const struct table *t, const char *none);
struct cell cli_cell_digest(struct arena *a, const struct digest *d); // 12 digits; all of it
struct str cli_digest(struct arena *a, const struct digest *d);
struct cell cli_cell_time(struct arena *a, struct str created); // RFC 3339: its age

extern const struct manual cli_manual; // all commands, for dispatch, help, man page, completion and reference
extern const struct applet applet_version;

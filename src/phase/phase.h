// SPDX-License-Identifier: Apache-2.0
// phase/phase.h - the executables of a lifecycle: what they have in common.
//
// One program, `lifecycle`, whose name (detector, builder, …) or first word (detect, build, …) says which phase it is.
// Each phase is a thin file: it reads its documents, calls one function of lifecycle/, writes what came of it. spec:
// platform.md "Inputs", "Exit codes"; cnb.md §2.1–2.4. A failing phase leaves no document half-written.
#pragma once
#include "base/file.h"
#include "cnb/group.h"
#include "lifecycle/context.h"
#include "ui/applet.h"
#include "ui/exitcode.h"

// Inputs of all phases; each has rows for its own. Directories are absolute, defaults beneath <layers> are settled.
struct phase_in {
    uint16_t platform_api;
    struct str exec_env;
    struct str analyzed, app, build_config, buildpacks, cache_dir, cache_image, extended, extensions,
        generated, group, image, launch_cache, launcher, launcher_sbom, layers, layout_dir, log_level, order,
        plan, platform, process_type, project_metadata, report, run, run_image, stack, system;
    bool daemon, layout, no_color, parallel;
    int64_t uid, gid;
    struct strv insecure, images; // images: positional
};

// The Platform APIs that have a flag: others do not know it.
struct phase_gate {
    const char *flag; // NULL ends the list
    uint16_t since, until;
};

struct phase_program {
    struct applet applet; // its in_size is that of struct phase_in
    enum phase phase;
    const struct phase_gate *gates;
    size_t min_images; // 0: takes no positional argument at all
};

// The whole program. Returns its exit code.
int phase_main(int argc, char *const *argv, char *const *envp);

// --- For the phases. Exit codes: what goes wrong before the phase's own
// work is 1, 3 (ERR_USAGE) or 12 (ERR_API), after
// that the phase's. Both return -1 and leave the code in `app`.
int phase_bad_input(struct app_ctx *app, const struct err *e);
int phase_failed(struct app_ctx *app, enum phase phase, const struct err *e);

// A document that the operator named. Absent: an error with PHASE_WANTED, else *out is NULL and it is told of.
enum phase_missing { PHASE_WANTED, PHASE_WARN, PHASE_QUIET };
int nodiscard phase_read(struct app_ctx *app, struct str path, enum phase_missing missing, struct val **out,
                         struct err *e);
// The document is written beside its place; it appears by newfile_publish.
int nodiscard phase_write(struct app_ctx *app, struct str path, const struct val *doc, struct newfile **out,
                          struct err *e);
int nodiscard phase_publish(struct newfile *const *v, size_t n, struct err *e);
int nodiscard phase_read_group(struct app_ctx *app, const struct phase_in *in, struct cnb_selected *out,
                               struct err *e);

// A directory of this run's own; gone with phase_temp_done.
int nodiscard phase_temp(struct app_ctx *app, const char **out, struct err *e);
void phase_temp_done(const char **dir);
#define drop_phase_temp __attribute__((cleanup(phase_temp_done)))

// Buildpacks run as the same user: none of them reads the memory or the descriptors of detector and builder.
void phase_seclude(void);
int nodiscard phase_refuse_root(struct err *e); // ERR_DENIED
// Becomes -uid and -gid for good: no other group, no way back. Who is them already stays as it is. ERR_DENIED.
int nodiscard phase_become(const struct phase_in *in, struct err *e);
// What detector and builder tell buildpacks; reads analyzed.toml for the target, and what it does not know from the
// machine. `temp_dir` is borrowed.
int nodiscard phase_context(struct app_ctx *app, const struct phase_in *in, const char *temp_dir,
                            struct lc_context *out, struct err *e);

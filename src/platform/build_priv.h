// SPDX-License-Identifier: Apache-2.0
// platform/build_priv.h - one build under way, shared by the files of build. Private.
#pragma once
#include "cnb/binding.h"
#include "cnb/group.h"
#include "cnb/labels.h"
#include "layer/known.h"
#include "platform/build.h"
#include "platform/buildpacks.h"
#include "platform/kept.h"
#include "platform/rootfs.h"
#include "platform/workdir.h"

// Where things are inside, by the spec's conventions.
#define INSIDE_APP "/workspace"
#define INSIDE_LAYERS "/layers"
#define INSIDE_PLATFORM "/platform"
#define BUILD_CODEC "gzip-libdeflate-1-1m"

struct building {
    struct arena *a;
    const struct build_opts *o;
    struct str name; // of the app image, as image_name has it
    struct image build_image, run_image;
    struct rootfs_tree root;
    struct workdir work;
    uint32_t uid, gid; // CNB_USER_ID and CNB_GROUP_ID of the build image
    struct sbx_map uid_map[SBX_MAPS], gid_map[SBX_MAPS];
    int64_t out_uid, out_gid; // started by root: whose files are written inside; else -1: ours
    bool copies;              // source and kept layers are copied, not overlaid
    struct tree_print source; // of the app, before anything else is done
    bool source_known;
    struct {
        struct tree_print source, copy; // each before anybody could write
        bool known;
    } copied;            // the app, with `copies`
    bool bundle_mounted; // the CA bundle is not a copy in `work`
    struct strv
        defaults; // variables of <build-config>/env, in work's cnb/build-config: a buildpack's own win
    struct cnb_bindings bindings; // the user's; as copies in work's platform/bindings
    struct build_buildpacks buildpacks;
    bool network; // of bin/build
    struct kept *kept;
    struct image previous; // what the name stands for
    bool has_previous;
    struct lifecycle_metadata previous_md;
    const struct lifecycle_metadata *previous_label; // &previous_md, NULL: none that can be read
    struct cnb_selected group;
    int layers_fd, app_fd; // what the builder left; -1 before
};

int nodiscard build_prepare(struct building *b, struct err *e); // images, ids, everything on disk
int nodiscard build_detect(struct building *b, struct err *e);
int nodiscard build_build(struct building *b, struct err *e);
int nodiscard build_choose_network(struct building *b,
                                   struct err *e); // after detection: sets `network`, says why
int nodiscard build_export(struct building *b, struct build_result *out, struct err *e);

// Why an image has a layer that the one before had not; `was` NULL: there was none.
struct str build_why(struct arena *a, const struct lifecycle_metadata *is,
                     const struct lifecycle_metadata *was, struct str name);
// What differs of a layer whose files are the same: "key.sum t, was s"; empty: nothing.
struct str build_why_same(struct arena *a, const struct lifecycle_metadata *is,
                          const struct lifecycle_metadata *was, struct str name);

// The run image as labels and analyzed.toml name it: in full with its
// tag, and by digest (spec: platform, analyzed.toml).
void build_run_image(const struct building *b, struct str *name, struct str *at_digest);

// A program in the sandbox, with its output as events; its exit status as of waitpid(2).
struct build_log;
int nodiscard build_log_open(struct building *b, const char *phase, struct build_log **out, struct err *e);
int build_log_fd(const struct build_log *l); // for the program
// From here on lines are kept back; build_log_show lets them go, as EV_LINE or as EV_FACT.
void build_log_hold(struct build_log *l);
void build_log_show(struct build_log *l, enum event_kind as);
// What these ("id@version") printed as EV_LINE, once each; the rest of a detector's report as EV_FACT.
void build_log_show_of(struct build_log *l, const struct strv *whose);
// Log and steps until the sandbox ends; a stop ends it: ERR_CANCELLED.
struct build_steps;
int nodiscard build_log_wait(struct build_log *l, struct build_steps *steps, int stop_fd, struct sbx *s,
                             int *status, struct err *e);
void build_log_free(struct build_log *l);
DEFINE_DROP(struct build_log *, build_log_free)

// The print of the source. Something in it that cannot be read is an error: all of it goes into the image.
int nodiscard build_known_source(struct building *b, struct err *e);
// Around the copy of an app: what it is told by that nobody changed it.
void build_known_before_copy(struct building *b);
void build_known_after_copy(struct building *b);
// What is known of layers: those that were kept, the app and the launcher by their prints.
struct build_known;
struct build_known *build_known_new(struct building *b, struct txn *t);
struct export_known *build_known_of(struct build_known *k);
bool build_known_wrote(const struct build_known *k); // the transaction holds something new
void build_known_free(struct build_known *k);
DEFINE_DROP(struct build_known *, build_known_free)

// Where the exporter's blobs go: small ones that are in the state already are not written again.
struct build_store;
struct build_store *build_store_new(struct building *b, struct txn *t);
struct export_store *build_store_of(struct build_store *s);
bool build_store_wrote(const struct build_store *s);
void build_store_free(struct build_store *s);
DEFINE_DROP(struct build_store *, build_store_free)

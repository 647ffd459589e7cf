// SPDX-License-Identifier: Apache-2.0
// platform/build.h - an app's source and buildpacks become an app image in the state.
//
// Inside a sandbox run the phases detector and builder of the static `lifecycle`, and the buildpacks;
// resolving images and exporting are calls in this process, outside (architecture: "dema drives its own
// lifecycle as any platform would"). A failed build changes nothing in the state. What was done before is not
// done again: layers that bin/build did not touch, and an app whose files did not change, are not read.
// Events: EV_PHASE; EV_LINE, buildpacks' output; EV_STEP with a buildpack ("id@version") as subject when its bin/build
// begins, and with done 1 and total in milliseconds when it ends; EV_PROGRESS of downloads; EV_FACT with the subject
// "network", and with `explain` one for each layer of the image.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "image/image.h"
#include "platform/programs.h"
#include "sandbox/sandbox.h"

enum build_network {
    BUILD_NET_AUTO, // only if a buildpack that takes part asks for it, or is foreign (has no recipe.toml)
    BUILD_NET_HOST, // always
    BUILD_NET_NONE, // never, whoever they are; nor for downloads: only what is on this machine
};

struct created_ask; // platform/created.h

struct build_opts {
    struct state *st;
    struct events *ev;  // takes events from several threads at a time
    const char *source; // the app's directory on the host
    struct str name;    // of the app image
    struct str build_image, run_image;
    // Each an absolute directory with buildpack.toml, or "id" or "id@version" of a built-in one; one group in this
    // order. Composites stand for their groups. Empty: the built-in order.
    struct strv buildpacks;
    const struct strmap *env;      // the user's, for the build
    const struct strmap *host_env; // this process's: proxies
    const char *ca_bundle;         // of the host; NULL: none
    struct str process_type;
    struct created_ask *created; // asked when all else of the image is there
    enum sbx_runner runner;
    enum build_network network; // of the buildpacks' bin/build; detection never has one
    bool explain;               // of each layer of the image an EV_FACT: reused or made anew, and why
    bool copies; // source and kept layers are copied: plain directories, for buildpacks that rename layers
    unsigned threads; // of the compressor; 0: one a processor
    int stop_fd;      // of stop_open; -1: none
    const char *temp_dir;
    const struct programs *programs;
};

struct build_phase_ms {
    struct str name; // "prepare", "detect", "restore", "build", "export"
    uint64_t ms;
};

struct build_layer {
    struct str name; // "test/one:jre", "app", "launcher", …
    struct digest digest, diff_id;
    uint64_t size; // of the blob
    bool reused;   // the image had it before
    // Made anew: "new", "version 24.20.0, was 24.19.0", "files changed". Reused: what differs though its files are
    // the same; mostly empty.
    struct str why;
};

struct build_process {
    struct str type;
    struct strv command, args;
    bool dflt;
};

// Texts in the arena.
struct build_result {
    struct digest manifest, config;
    uint64_t size;           // of all blobs above the run image
    size_t layers, reused;   // `reused` of them the image had before
    struct str process_type; // started by default; empty: none
    bool unchanged;          // the name stood for this very image
    struct str run_image;    // its name
    struct digest run_manifest;
    struct strv buildpacks; // "id@version" of those that took part, in order
    struct {
        struct build_phase_ms *v;
        size_t n;
    } phases;
    struct {
        struct build_layer *v; // above the run image, lowest first
        size_t n;
    } layer_list;
    struct {
        struct build_process *v;
        size_t n;
    } processes;
};

int nodiscard build_app(struct arena *a, const struct build_opts *o, struct build_result *out, struct err *e);

// SPDX-License-Identifier: Apache-2.0
// platform/build.h - an app's source and buildpacks become an app image in the state.
//
// Inside a sandbox run the phases detector and builder of the static `lifecycle`, and the buildpacks;
// resolving images and exporting are calls in this process, outside (architecture: "dema drives its own
// lifecycle as any platform would"). A failed build changes nothing in the state. What was done before is not
// done again: layers that bin/build did not touch, and an app whose files did not change, are not read.
// Buildpacks' output are events (EV_LINE).
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "image/image.h"
#include "platform/programs.h"
#include "sandbox/sandbox.h"

struct build_opts {
    struct state *st;
    struct events *ev;
    const char *source; // the app's directory on the host
    struct str name;    // of the app image
    struct str build_image, run_image;
    struct strv buildpacks;        // directories with buildpack.toml, tried in this order as one group
    const struct strmap *env;      // the user's, for the build
    const struct strmap *host_env; // this process's: proxies
    const char *ca_bundle;         // of the host; NULL: none
    struct str process_type;
    int64_t created_sec;
    enum sbx_runner runner;
    bool offline; // no network for buildpacks, whoever they are
    bool copies;  // source and kept layers are copied: plain directories, for buildpacks that rename layers
    unsigned threads; // of the compressor; 0: one a processor
    int stop_fd;      // of stop_open; -1: none
    const char *temp_dir;
    const struct programs *programs;
};

struct build_result {
    struct digest manifest, config;
    uint64_t size;           // of all blobs above the run image
    size_t layers, reused;   // `reused` of them the image had before
    struct str process_type; // started by default; empty: none
};

int nodiscard build_app(struct arena *a, const struct build_opts *o, struct build_result *out, struct err *e);

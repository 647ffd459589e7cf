// SPDX-License-Identifier: Apache-2.0
// platform/run.h - starting an image of the state in a sandbox.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "image/image.h"
#include "sandbox/sandbox.h"

struct run_in {
    struct state *st;
    struct events *ev;
    struct str image;         // a name of the state
    struct strv args;         // behind the image's entrypoint; replace its Cmd
    struct str entrypoint;    // a process type ("worker") or a path; empty: the image's own
    const struct strmap *env; // beside the image's own
    enum sbx_runner runner;
    bool offline; // no network but a loopback of its own
    int log_fd;   // the program's output
    int stop_fd;  // of stop_open; -1: none
    const char *temp_dir;
};

struct run_out {
    int status;          // as of waitpid(2)
    struct strv missing; // what the runner does not enforce here
};

int nodiscard run_image(struct arena *a, const struct run_in *in, struct run_out *out, struct err *e);

// SPDX-License-Identifier: Apache-2.0
// platform/run.h - starting an image of the state in a sandbox.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "image/image.h"
#include "platform/rootfs.h"
#include "platform/workdir.h"

struct run_in {
    struct state *st;
    struct events *ev;
    struct str image;         // a name of the state
    struct strv args;         // behind the image's entrypoint; replace its Cmd
    struct str entrypoint;    // a process type or a path, then without the Cmd; empty: the image's own
    const struct strmap *env; // beside the image's own
    enum sbx_runner runner;
    struct str bindings; // a directory of service bindings, for the app as SERVICE_BINDING_ROOT; empty: none
    bool offline;        // no network but a loopback of its own
    int log_fd;          // the program's output
    int stop_fd; // of stop_open; -1: none. What comes there goes on to the app; 10 s later, or a second one, end it
    const char *temp_dir;
    int *lease; // of state_lease, for an image without a name; closed when its trees are held. NULL: none
};

// One that runs.
struct run {
    struct sbx sbx;
    struct image img;
    struct rootfs_tree root;
    struct workdir work;
    int out; // owned: what it prints, where in->log_fd is a terminal; else -1
};
#define RUN_INIT                                                                                             \
    {                                                                                                        \
        .sbx = SBX_INIT, .work = WORKDIR_INIT, .out = -1                                                     \
    }
// in->stop_fd does not count. *out must be RUN_INIT; run_done ends what runs and removes what it left.
int nodiscard run_start(struct arena *a, const struct run_in *in, struct run *out, struct err *e);
void run_done(struct run *r);
#define drop_run __attribute__((cleanup(run_done)))

struct run_out {
    int status;          // as of waitpid(2)
    struct strv missing; // what the runner does not enforce here
};

// To its end. ERR_CANCELLED: it did not end when it was told to.
int nodiscard run_image(struct arena *a, const struct run_in *in, struct run_out *out, struct err *e);

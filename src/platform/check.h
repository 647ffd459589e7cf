// SPDX-License-Identifier: Apache-2.0
// platform/check.h - an image is started with a network of its own and asked over HTTP whether it lives.
//
// Nothing of the machine's network is touched: the question goes through a socket that is made inside the sandbox. Any
// answer below 500 to "GET /" on $PORT will do. The app is ended afterwards.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "image/image.h"

struct check_in {
    struct state *st;
    struct events *ev; // when the check fails: the app's last lines (EV_LINE)
    struct str image;  // a name of the state
    unsigned timeout_ms;
    int stop_fd; // of stop_open; -1: none
    const char *temp_dir;
};
#define CHECK_PORT "8080" // where the image sets no PORT

struct check_out {
    unsigned status; // of HTTP
    uint64_t ms;     // from the start of the app
    struct str port;
};

// ERR_USAGE: the image has no process to start. ERR_PROTOCOL: no answer in time, not HTTP, 500 and above, or the app
// ended. ERR_CANCELLED.
int nodiscard check_image(struct arena *a, const struct check_in *in, struct check_out *out, struct err *e);

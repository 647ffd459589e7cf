// SPDX-License-Identifier: Apache-2.0
// A sandbox with this machine's programs, for the tests that start one.
#pragma once
#include "sandbox/sandbox.h"
#include "test.h"

enum { SCENE_OPS = 8 }; // but for the hand-out, which runc refuses
struct scene {
    struct sbx_op op[12];
    struct sbx_plan p;
    const char *argv[4];
};
extern const char *const scene_env[];

// A root with the machine's programs, what sh -c `script` does, and its output into the file log/text.
void scene(struct test *t, struct arena *a, const char *script, struct scene *s);
// This machine may not have what a runner needs; the reason is said.
bool works(struct arena *a, enum sbx_runner r);
// Runs the scene to its end; its status.
int scene_run(struct arena *a, const struct scene *s, enum sbx_runner r);

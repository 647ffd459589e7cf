// SPDX-License-Identifier: Apache-2.0
// platform/build_priv.h - one build under way, shared by the files of build. Private.
#pragma once
#include "cnb/group.h"
#include "platform/build.h"
#include "platform/rootfs.h"
#include "platform/workdir.h"

// Where things are inside, by the spec's conventions.
#define INSIDE_APP "/workspace"
#define INSIDE_LAYERS "/layers"
#define INSIDE_PLATFORM "/platform"
#define INSIDE_CNB "/cnb"

struct building {
    struct arena *a;
    const struct build_opts *o;
    struct image build_image, run_image;
    struct rootfs_tree root;
    struct workdir work;
    uint32_t uid, gid; // CNB_USER_ID and CNB_GROUP_ID of the build image
    struct sbx_map uid_map[SBX_MAPS], gid_map[SBX_MAPS];
    int layers_fd, app_fd; // what the builder left; -1 before
};

int nodiscard build_prepare(struct building *b, struct err *e); // images, ids, everything on disk
int nodiscard build_run_phases(struct building *b, struct err *e);
int nodiscard build_export(struct building *b, struct build_result *out, struct err *e);

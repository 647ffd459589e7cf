// SPDX-License-Identifier: Apache-2.0
// oci/users.h - `User` of an image's config as numeric ids, by the image's own /etc/passwd and /etc/group.
//
// spec: OCI image-spec config.md#properties, `User`: user, uid, user:group, uid:gid, uid:group, user:gid. A number is
// always an id, never a name, whatever the files say.
#pragma once
#include "base/err.h"
#include "base/str.h"

#define IMAGE_ID_MAX 4294967294u // (uint32_t)-1 means "leave it" to the kernel
enum { IMAGE_GROUPS_MAX = 64 };

struct image_user {
    uint32_t uid, gid;
    uint32_t groups[IMAGE_GROUPS_MAX]; // supplementary, only where no group was written; without gid
    size_t n_groups;
    struct str name, home; // of its line in passwd, borrowed; empty if there is none
};

// passwd and group are the files' bytes (empty where the image has none); malformed lines of others are skipped.
// An empty user is root. Without a line a uid has gid 0. ERR_PARSE: a malformed user; ERR_NOT_FOUND: an unknown name;
// ERR_LIMIT: in more groups than there is room for.
int nodiscard image_user_find(struct str user, struct str passwd, struct str group, struct image_user *out,
                              struct err *e);

// SPDX-License-Identifier: Apache-2.0
// debian/finish.h - what maintainer scripts would have left in an image, written by us.
//
// Links of the merged /usr, directories, accounts, CA bundle with its hash links, alternatives, time zone, shells,
// ld.so.cache, and dpkg's database: /var/lib/dpkg/status with info/ where dpkg is in the image, else status.d/. Every
// file depends on the packages and the declaration alone. What a package brought is never replaced.
#pragma once
#include "debian/alternatives.h"
#include "debian/unpack.h"

struct deb_user {
    struct str name;
    struct str group;   // empty: as `name`; made with gid where no group has that name
    struct str comment; // GECOS
    struct str home;    // absolute; made, and the user's own. "/nonexistent" is not
    struct str shell;   // empty: /bin/sh where the image has one, else /usr/sbin/nologin
    uint32_t uid, gid;
};

struct deb_finish {
    int root;                  // borrowed: the tree that deb_unpack filled
    const struct deb_set *set; // its packages
    struct owners *owners;     // its owners: gets those of what is written here
    const struct deb_user *user;
    size_t user_n;
    const struct deb_link *alternative;
    size_t alternative_n;
};

int nodiscard deb_finish(const struct deb_finish *f, struct err *e);

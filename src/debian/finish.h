// SPDX-License-Identifier: Apache-2.0
// debian/finish.h - what maintainer scripts would have left in an image, written by us.
//
// Links of the merged /usr, directories, accounts, CA bundle with its hash links, alternatives, time zone, shells,
// ld.so.cache, and dpkg's database: /var/lib/dpkg/status with info/ and triggers/ where dpkg is in the image, else
// status.d/. Every file depends on the packages and the declaration alone. What a package brought is never replaced.
#pragma once
#include "debian/declare.h"
#include "debian/finish_tree.h"
#include "debian/unpack.h"

struct deb_finish {
    struct deb_tree tree;      // what deb_unpack filled; its owners get those of what is written here
    const struct deb_set *set; // its packages
    // Groups are made where no group has the name. The home is made and the
    // user's own, but for "/nonexistent". An empty
    // shell is /bin/sh where the image has one, else /usr/sbin/nologin. A name that is there with other numbers is
    // ERR_USAGE.
    const struct base_user *user;
    size_t user_n;
    const struct base_alternative *alternative;
    size_t alternative_n;
};

int nodiscard deb_finish(const struct deb_finish *f, struct err *e);

// SPDX-License-Identifier: Apache-2.0
// image/archive_priv.h - the files of an archive that is being read, and what is made of them.
#pragma once
#include "image/archive.h"

enum { ARCHIVE_FILES = 65536, ARCHIVE_LINKS = 8 };

struct archive_file {
    struct digest digest; // of what became a blob
    uint64_t size;
    enum codec codec;
    struct str bytes; // of a document; p NULL: not kept
    struct str link;  // of a link: the name that it stands for
};

struct archive_reading {
    struct state *st;
    struct txn *t;
    struct arena *a;      // the caller's
    struct strmap files;  // ptr: struct archive_file *
    struct strmap digest; // "ALG:HEX" -> struct archive_file *
    uint64_t kept;        // bytes of documents
};

int nodiscard archive_read_files(struct archive_reading *r, struct source *from, struct err *e);
// By its name, through links. ERR_NOT_FOUND.
int nodiscard archive_file_find(struct archive_reading *r, struct str name, struct archive_file **out,
                                struct err *e);
int nodiscard archive_oci_images(struct archive_reading *r, struct archive_images *out, struct err *e);
int nodiscard archive_docker_images(struct archive_reading *r, struct archive_images *out, struct err *e);
void archive_images_add(struct arena *a, struct archive_images *v, const struct image *img,
                        struct str reference);

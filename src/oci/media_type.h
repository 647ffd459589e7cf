// SPDX-License-Identifier: Apache-2.0
// oci/media_type.h - the media types of images, OCI's and Docker's, as one table.
//
// spec: OCI image-spec media-types.md; Docker image manifest version 2, schema 2.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "stream/codec.h"

#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_LAYER_ZSTD "application/vnd.docker.image.rootfs.diff.tar.zstd"

enum media_kind {
    MEDIA_OTHER, // not of an image: artifacts
    MEDIA_MANIFEST,
    MEDIA_INDEX,
    MEDIA_CONFIG,
    MEDIA_LAYER,
    MEDIA_SCHEMA1, // Docker's first manifests: recognised to be refused
    MEDIA_KIND_MAX_,
};
enum media_family { MEDIA_OCI, MEDIA_DOCKER };

struct media_type {
    const char *text;
    enum media_kind kind;
    enum media_family family;
    enum codec codec; // of a layer
    bool foreign;     // a layer that may not be pushed elsewhere: fetched from its `urls`
};

const struct media_type *
media_type_find(struct str text); // NULL: not of an image. Parameters (";…") do not count
enum media_kind media_kind_of(struct str text);
struct str media_type_layer(enum media_family family,
                            enum codec codec); // empty if the family has no such layer
// A layer's codec by its media type. ERR_PARSE for what is no layer.
int nodiscard media_type_codec(struct str text, enum codec *out, struct err *e);
// Do the first bytes of a layer's blob agree with its media type? ERR_PARSE says what was declared and what it is.
int nodiscard media_type_check(struct str text, struct str first, struct err *e);
// Is it a media type as RFC 6838 4.2 writes one, type/subtype?
bool media_type_is_valid(struct str text);

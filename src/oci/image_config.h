// SPDX-License-Identifier: Apache-2.0
// oci/image_config.h - an image's config: how its containers start, its root filesystem's diff IDs, its history.
//
// spec: OCI image-spec config.md. Everything lives in the arena that decoding was given; edits take texts as
// borrowed, so those must live as long. Edits only change the struct: nothing is read, nothing is sent.
#pragma once
#include "oci/descriptor.h"
#include "oci/manifest.h"

struct history {
    struct str author, created, created_by, comment;
    bool empty_layer;
    const struct val *rest;
};

struct rootfs {
    struct str type; // "layers"
    struct {
        struct digest *v; // lowest first
        size_t n, cap;
    } diff_ids;
    const struct val *rest;
};

// The `config` object; what nothing here reads or edits is kept as it was.
struct container_config {
    struct strv cmd, entrypoint, env, shell;
    struct strmap labels;
    struct str user, working_dir, stop_signal, hostname, domainname, image, mac_address;
    bool attach_stderr, attach_stdin, attach_stdout, open_stdin, stdin_once, tty, args_escaped,
        network_disabled;
    const struct val *healthcheck, *on_build, *volumes, *exposed_ports;
    const struct val *rest;
};

struct image_config {
    struct str architecture, author, container, created, docker_version;
    struct {
        struct history *v;
        size_t n, cap;
    } history;
    struct str os;
    struct rootfs rootfs;
    struct container_config config;
    struct str os_version, variant;
    struct strv os_features;
    const struct val *rest;
};

// As manifest_decode. Refused: a rootfs that is not of type "layers", times that are not
// RFC 3339, a working directory that is relative, has ".." or lies in /proc or /sys. Env
// entries without '=' are kept, and no variable is found in them.
int nodiscard image_config_decode(struct arena *a, struct str bytes, const struct descriptor *want,
                                  struct image_config *out, struct err *e);
int nodiscard image_config_encode(struct arena *a, const struct image_config *c, enum oci_style style,
                                  struct str *out, struct err *e);
struct image_config image_config_new(const struct oci_platform *p); // no layer, no history
struct oci_platform image_config_platform(const struct image_config *c);
// As many diff IDs as the manifest has layers? ERR_PARSE.
int nodiscard image_config_check_layers(const struct image_config *c, const struct manifest *m,
                                        struct err *e);
// The platform that an index promised? ERR_PARSE.
int nodiscard image_config_check_platform(const struct image_config *c, const struct oci_platform *want,
                                          struct err *e);

bool image_config_env_get(const struct image_config *c, struct str name,
                          struct str *out); // the last one that sets it
void image_config_env_set(struct arena *a, struct image_config *c, struct str name,
                          struct str value); // keeps the place
void image_config_env_append(struct arena *a, struct image_config *c,
                             struct str entry); // "NAME=value", as it is
void image_config_env_del(struct image_config *c, struct str name);
const struct str *image_config_label_get(const struct image_config *c, struct str key); // NULL: none
void image_config_label_set(struct arena *a, struct image_config *c, struct str key, struct str value);
void image_config_label_del(struct image_config *c, struct str key);
void image_config_set_entrypoint(struct image_config *c, struct strv entrypoint); // and empties cmd
void image_config_set_workdir(struct image_config *c, struct str dir);
void image_config_set_user(struct image_config *c, struct str user);
void image_config_set_platform(struct image_config *c, const struct oci_platform *p);
void image_config_set_created(struct image_config *c, struct str created); // RFC 3339
// One more layer on top: its diff ID and its line of history.
void image_config_add_layer(struct arena *a, struct image_config *c, const struct digest *diff_id,
                            const struct history *h);
void image_config_add_history(struct arena *a, struct image_config *c, const struct history *h);
// The layers above `keep` go, with their history.
void image_config_cut_layers(struct arena *a, struct image_config *c, size_t keep);
// History with exactly one entry for each layer: entries of empty layers go; where the rest does
// not fit the layers, all are replaced by blank ones (as the reference does).
void image_config_align_history(struct arena *a, struct image_config *c);

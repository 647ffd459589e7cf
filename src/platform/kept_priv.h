// SPDX-License-Identifier: Apache-2.0
// platform/kept_priv.h - the record of an app, and one build's use of it. Private to kept.
#pragma once
#include "base/map.h"
#include "platform/kept.h"

enum {
    KEPT_FORMAT = 1, // counts up with the record, the layout of generations, and what a diff ID depends on
    KEPT_DEPTH = 8,  // generations that hold parts of one layer; then they become one
    KEPT_GENS = 64,  // generations of an app
    KEPT_ENTRIES = 100000,
};
#define KEPT_RECORD "kept.toml"
#define KEPT_NEW "new"
#define KEPT_OPAQUE "user.overlay.opaque"

struct kept_part { // an entry of <layers>/<buildpack>: a layer's directory, or "jre.sbom.cdx.json"
    struct str name;
    struct strv from; // generations that it is made of, topmost first
};

struct kept_layer {
    struct str name;
    bool build, launch, cache;
    struct str diff_id, blob, codec;          // of a launch layer; empty: not known
    int64_t blob_size, layers_mode, dir_mode; // modes of its parents, which are part of it
    const struct val *metadata;
    struct {
        struct kept_part *v;
        size_t n;
    } parts;
};

struct kept_buildpack {
    struct str id;
    struct {
        struct kept_layer *v;
        size_t n;
    } layers;
};

struct kept_record {
    int64_t format, uid, gid, out_uid, out_gid;
    struct str image;  // manifest of the image that was made with it
    struct str source; // as kept_source has it; empty: of an older dema
    struct {
        struct kept_buildpack *v;
        size_t n;
    } buildpacks;
};

struct kept {
    struct arena *a;
    struct kept_opts o;
    int dir, upper;   // apps/KEY, its new/upper; upper -1 before kept_restore
    const char *path; // apps/KEY
    const char *scratch_path, *upper_path;
    struct kept_record rec; // of the build before
    struct str text;        // its bytes; empty: there is none
    struct strv lower;
    struct strmap shown; // "DIR/PART": restored; ptr: struct tree_print * of a copy
    struct strmap made;  // "ID\nLAYER": struct layer *
};

int nodiscard kept_record_read(struct arena *a, struct str text, struct kept_record *out, struct err *e);
int nodiscard kept_record_write(struct arena *a, const struct kept_record *r, struct str *out, struct err *e);
const struct kept_buildpack *kept_buildpack_find(const struct kept_record *r, struct str id);
const struct kept_layer *kept_layer_find(const struct kept_record *r, struct str id, struct str layer);
const struct kept_part *kept_part_find(const struct kept_layer *l, struct str name);
// Generations that the record names, newest first.
void kept_generations(struct arena *a, const struct kept_record *r, struct strv *out);
uint64_t kept_number(struct str generation); // of "gen-7"; 0: it is none
bool kept_part_is_dir(const struct kept_layer *l, const struct kept_part *p);

// Everything that the record does not name goes: generations, and parts of them.
int nodiscard kept_clean(struct kept *k, struct err *e);

// What lies at `path` beneath `from` is laid over what is at `to_path` beneath `to`, as an overlay shows it:
// whiteouts take away, opaque directories replace. Files, links, FIFOs, modes and times; sockets and devices
// are left out.
struct kept_copy {
    int from, to;
    const char *path, *to_path;
    int64_t uid, gid; // of the copies; -1: ours
};
int nodiscard kept_lay(const struct kept_copy *c, struct err *e);
bool kept_is_opaque(int dirfd, const char *path);
// No file beneath has an attribute that an overlay would obey.
int nodiscard kept_plain(int dirfd, struct err *e);

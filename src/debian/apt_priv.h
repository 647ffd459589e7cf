// SPDX-License-Identifier: Apache-2.0
// debian/apt_priv.h - what the files behind apt.h share.
#pragma once
#include "base/buf.h"
#include "debian/apt.h"
#include "debian/paragraph.h"

struct apt {
    struct arena *a;
    const char *dir; // absolute
    int dirfd;
    const char *conf;               // our apt.conf, for -c
    struct str architecture, lists; // name of the lists' directory beneath dir
    const char *const *envp;
    struct events *ev;
    const int *stop;
    struct str
        unfetched; // the first list that the last update could not have, in apt's words; apt itself goes on
};

// Runs `program -c our.conf args…`; stdout into *out (NULL: nowhere). An exit code that is not 0 is `code` with apt's
// first "E:" line; "W:" lines are warnings.
struct apt_call {
    const char *program;     // apt-get, apt-helper, apt-config
    const char *const *args; // ends with NULL
    struct buf *out;
    enum err_code code;
    unsigned timeout_ms;
};
int nodiscard apt_run(struct apt *apt, const struct apt_call *call, struct err *e);

// Has the folder's disk that much room? apt does not end on a full one, it waits. ERR_IO.
int nodiscard apt_room(struct apt *apt, uint64_t bytes, const char *what, struct err *e);

// The keys that the machine's configuration has for one source.
struct apt_keys {
    const char **files; // binary keyrings, for gpgv
    size_t n, cap;
    struct strv fingerprints; // not empty: only these may sign
};
// `entry` is apt's SOURCESENTRY, "FILE:N". ERR_NOT_FOUND if there is no key at all.
int nodiscard apt_keys_of(struct apt *apt, struct arena *a, struct str entry, struct apt_keys *out,
                          struct err *e);
// An armoured key block (RFC 9580, 6.2) → the bytes of a keyring. ERR_PARSE.
int nodiscard apt_dearmor(struct str text, struct buf *out, struct err *e);
// Lines of the value of Signed-By, of a line of a .list file: "" if there is none.
struct str apt_list_option(struct str line, const char *name);

// A Release file that was signed by one of the keys. Texts live in the arena.
struct apt_release {
    struct deb_release release;
    struct str checksums; // the field SHA256: " HEX SIZE PATH" lines
};
// A Packages file that is wanted.
struct apt_list {
    struct str file, metakey;          // its name in the lists' directory and in the Release
    const struct apt_release *release; // that names its checksum
    const struct deb_release *public;  // in the answer
};
// `prefix` of the files in the lists' directory: prefix + "InRelease", or prefix + "Release" and + "Release.gpg".
int nodiscard apt_release_read(struct apt *apt, struct arena *a, struct str prefix,
                               const struct apt_keys *keys, struct apt_release *out, struct err *e);
// What gpgv said on --status-fd: a good signature of an allowed key, none bad, no weak hash? ERR_DENIED says what.
int nodiscard apt_status_check(struct str status, const struct strv *fingerprints, struct err *e);
int nodiscard apt_date_parse(struct str text, int64_t *sec, struct err *e); // "Sat, 11 Jul 2026 10:16:37 UTC"
// Parses what was signed.
int nodiscard apt_release_parse(struct arena *a, struct str text, const char *file, struct apt_release *out,
                                struct err *e);
// ERR_DIGEST unless the Release has `path` with this size and sum.
int nodiscard apt_release_names(const struct apt_release *r, struct str path, struct str content,
                                struct err *e);

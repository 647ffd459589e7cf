// SPDX-License-Identifier: Apache-2.0
// debian/unpack.h - binary packages (.deb) as a directory tree, without root and without their scripts.
//
// spec: deb(5), version 2.x: debian-binary, control.tar, data.tar in this order; tars plain or gzip, xz or zstd.
// - Nothing outside of the tree is made or changed, whatever a package holds: names are cleaned, ".." is refused, no
//   symbolic link of a package is followed, a hard link must name an earlier file of its own package, devices and fifos
//   are refused.
// - /usr is merged: what a package puts into /bin, /sbin, /lib* lands in
// /usr, and /var/run and /var/lock in /run, as in
//   an installed Debian. The links themselves are the finisher's (debian/finish.h).
// - Several packages may hold one directory: the first in the list decides about its owner. A file that two packages
//   hold is the one's that `Replaces` the other, whatever the order, and ERR_DENIED that names both where none does.
// - Packages are unpacked in parallel; the result and the error do not depend on which was quicker.
// - Times are not kept: layers do not hold them.
#pragma once
#include "debian/owners.h"
#include "debian/paragraph.h"
#include "stream/hash.h"

struct deb_file {
    struct str name; // of a member of control.tar: "md5sums", "postinst"
    struct str text;
};

enum deb_fate {
    DEB_PLACED,
    DEB_EXCLUDED, // by a pattern
    DEB_REPLACED, // by the file of another package
};

struct deb_entry {
    struct str named; // as the package says it, clean: "bin/ls"
    struct str path;  // where it is in the tree: "usr/bin/ls"
    enum tar_type type;
    enum deb_fate fate;
    bool is_elf; // a file that begins as ELF files do
    struct owner owner;
};

// What control.tar says.
struct deb_control {
    struct str package, version, architecture; // valid: fit for a file name
    struct paragraph fields;                   // the control file
    struct deb_file *file;                     // the other members, by name
    size_t file_n;
};

struct deb_unpacked {
    struct deb_control control;
    struct deb_entry *entry; // in the order of the package; without the root
    size_t entry_n;
    uint64_t bytes; // of the files placed
};

struct deb_input {
    int fd;               // borrowed; read from its beginning, its position moves
    struct str name;      // for messages
    struct digest digest; // of the package, for `decoded`; HASH_NONE: no copy
};

struct deb_unpack_spec {
    int root; // borrowed: an empty directory that nobody else writes to
    const struct deb_input *deb;
    size_t n;
    // Patterns as of base/glob.h, "/usr/share/doc/*"; one that matches a directory holds for all beneath it. With '!'
    // in front a pattern takes back in. The last that matches counts.
    const struct strv *exclude;
    const int *decoded; // borrowed: where copies are that are faster to read (debian/decoded.h); NULL: none
    unsigned threads;   // 0: one for each processor that this process may use
    const int *stop;    // NULL: none; else no further package is begun once it is readable: ERR_CANCELLED
};

// The packages in the order of the list; texts live as long as the set.
struct deb_set {
    struct deb_unpacked *v;
    size_t n;
    struct arena **arena; // one a package
};
void deb_set_free(struct deb_set *s);
DEFINE_DROP(struct deb_set *, deb_set_free)

// Fills the tree and the manifest of its owners. On failure the tree holds a part: throw it away.
int nodiscard deb_unpack(const struct deb_unpack_spec *s, struct owners *owners, struct deb_set **out,
                         struct err *e);
// Only what control.tar says.
int nodiscard deb_read_control(const struct deb_input *deb, struct arena *a, struct deb_control *out,
                               struct err *e);

// Where ELF files are in the tree, in byte order; hard links, whose file has another name too, may be others.
void deb_elf_files(const struct deb_set *s, struct arena *a, struct strv *out);
const struct deb_file *deb_control_file(const struct deb_control *c, const char *name); // NULL: absent
// The path in a tree with merged /usr; `path` is clean and relative.
struct str deb_merged(struct arena *a, struct str path);
// The directories at the top that are links there, and where they lead, relative: "bin", "usr/bin".
struct deb_alias {
    struct str name, target;
};
const struct deb_alias *deb_aliases(size_t *n);

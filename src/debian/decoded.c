// SPDX-License-Identifier: Apache-2.0
#include "debian/decoded.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "state/state.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdio.h>

enum { LEVEL = 1, SEAL = 8 + 32, NAME = DIGEST_TEXT + 16, FILES_MAX = 1 << 20 };
#define COPY ".tar.zst"
#define PACKAGE ".deb"

// The head of a skippable frame of 32 bytes.
static const uint8_t seal_head[8] = {0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0};

static const char *name_of(const struct digest *package, char out[NAME])
{
    char hex[DIGEST_TEXT];
    (void)snprintf(out, NAME, "%s" COPY, digest_hex(package, hex));
    return out;
}

int deb_decoded_dir(const char *parent)
{
    drop_fd int top = -1;
    int fd = -1;
    struct err none = {0};
    if (path_open_host(parent, O_RDONLY | O_DIRECTORY, 0, &top, &none) < 0 ||
        path_mkdirs(top, "decoded", 0700, &none) < 0 ||
        path_open_plain(top, "decoded", O_RDONLY | O_DIRECTORY, 0, &fd, &none) < 0)
        return -1;
    return fd;
}

// Whether the last bytes of the file are the seal of those before it.
static bool is_sealed(int fd)
{
    struct stat st;
    uint8_t seal[SEAL];
    struct digest sum;
    struct err none = {0};
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < SEAL ||
        pread(fd, seal, SEAL, st.st_size - SEAL) != SEAL || memcmp(seal, seal_head, sizeof seal_head) != 0)
        return false;
    drop_(source_drop) struct source *all = source_fd(fd, "copy");
    drop_(source_drop) struct source *part = source_part(all, (uint64_t)st.st_size - SEAL);
    drop_(sink_drop) struct sink *to = sink_hash(sink_null(), HASH_SHA256, &sum);
    return pump(part, to, (uint64_t)st.st_size, &none) == 0 && sink_finish(to, &none) == 0 &&
           memcmp(seal + sizeof seal_head, sum.sum, 32) == 0 && lseek(fd, 0, SEEK_SET) == 0;
}

struct source *deb_decoded_open(int dir, const struct digest *package)
{
    char name[NAME];
    drop_fd int fd = -1;
    struct err none = {0};
    if (path_open_plain(dir, name_of(package, name), O_RDONLY | O_NONBLOCK, 0, &fd, &none) < 0)
        return NULL;
    if (is_sealed(fd)) {
        state_mark_used(fd);
        return source_zstd(source_take_fd(steal_fd(&fd), "copy of data.tar"));
    }
    (void)unlinkat(dir, name, 0);
    return NULL;
}

struct keeping {
    struct source base;
    struct source *from;
    struct newfile *file;
    struct sink *copy; // NULL: not kept any more
    struct digest sum;
};

static struct keeping *self(struct source *s)
{
    return CONTAINER(s, struct keeping, base);
}

static void give_up(struct keeping *k)
{
    sink_drop(k->copy);
    k->copy = NULL;
    newfile_drop(k->file);
    k->file = NULL;
}

static int keep_peek(struct source *s, size_t min, struct view *out, struct err *e)
{
    return source_peek(self(s)->from, min, out, e);
}

static int keep_skip(struct source *s, uint64_t n, struct err *e)
{
    struct keeping *k = self(s);
    while (n && k->copy) {
        struct view v;
        struct err none = {0};
        if (source_peek(k->from, 1, &v, e) < 0)
            return -1;
        size_t part = v.n < n ? v.n : (size_t)n;
        if (!part)
            break; // the end: the source says so
        if (sink_write(k->copy, v.p, part, &none) < 0)
            give_up(k);
        if (source_skip(k->from, part, e) < 0)
            return -1;
        n -= part;
    }
    return n ? source_skip(k->from, n, e) : 0;
}

static void keep_drop(struct source *s)
{
    struct keeping *k = self(s);
    give_up(k);
    source_drop(k->from);
    free(k);
}

struct source *deb_decoded_keep(struct source *take_from, int dir, const struct digest *package)
{
    static const struct source_ops ops = {keep_peek, keep_skip, keep_drop};
    struct keeping *k = XNEW(struct keeping);
    char name[NAME];
    struct err none = {0};
    *k = (struct keeping){.base = {&ops}, .from = take_from};
    if (newfile_begin(dir, name_of(package, name), 0600, &k->file, &none) == 0)
        k->copy = sink_zstd(sink_hash(sink_fd(k->file->fd, "copy"), HASH_SHA256, &k->sum), LEVEL);
    return &k->base;
}

static int seal(struct keeping *k, struct err *e)
{
    uint8_t end[SEAL];
    if (sink_finish(k->copy, e) < 0)
        return -1;
    memcpy(end, seal_head, sizeof seal_head);
    memcpy(end + sizeof seal_head, k->sum.sum, 32);
    // Not synced: what a power cut tears has no seal.
    return file_write_all(k->file->fd, end, sizeof end, e) < 0 ? -1 : newfile_publish(k->file, false, e);
}

int deb_decoded_end(struct source *kept, struct err *e)
{
    struct keeping *k = self(kept);
    struct view v;
    struct err none = {0};
    for (uint64_t all = 0;; all += v.n) {
        if (source_peek(kept, 1, &v, e) < 0)
            return -1;
        if (!v.n)
            break;
        if (v.n > LIMIT_LAYER - all)
            return err_set(e, ERR_LIMIT, "more than %ju bytes", (uintmax_t)LIMIT_LAYER);
        if (source_skip(kept, v.n, e) < 0)
            return -1;
    }
    if (k->copy && seal(k, &none) < 0)
        give_up(k);
    return 0;
}

struct sweep {
    struct arena *a;
    int64_t before;
    bool dry_run;
    int packages, copies; // -1: there are none
};

static int open_folder(const char *parent, const char *name, int *fd, struct err *e)
{
    drop_fd int top = -1;
    struct err why = {0};
    if ((path_open_host(parent, O_RDONLY | O_DIRECTORY, 0, &top, &why) < 0 ||
         path_open_plain(top, name, O_RDONLY | O_DIRECTORY, 0, fd, &why) < 0) &&
        why.code != ERR_NOT_FOUND) {
        if (e)
            *e = why;
        return err_wrap(e, "%s", parent);
    }
    return 0;
}

static bool is_used(const struct sweep *s, int dir, const char *name)
{
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtim.tv_sec >= s->before;
}

// Of "HEX.tar.zst": whether HEX.deb is here and stays.
static bool has_package(const struct sweep *s, struct str copy)
{
    struct str hex = str_head(copy, copy.n - strlen(COPY));
    return s->packages >= 0 && is_used(s, s->packages, arena_printf(s->a, PRI_STR PACKAGE, STR_ARG(hex)));
}

static int sweep_folder(const struct sweep *s, int dir, const char *suffix, uint64_t *n, uint64_t *bytes,
                        struct err *e)
{
    struct strv names = {0};
    bool copies = dir == s->copies;
    if (dir < 0)
        return 0;
    if (dir_names(s->a, dir, ".", FILES_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        const char *name = str_c(s->a, names.v[i]);
        struct stat st;
        if (!str_has_suffix(names.v[i], suffix) ||
            (is_used(s, dir, name) && (!copies || has_package(s, names.v[i]))) ||
            fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (!s->dry_run && tree_remove(dir, name, e) < 0)
            return -1;
        ++*n;
        *bytes += (uint64_t)st.st_blocks * 512;
    }
    return 0;
}

int deb_cache_sweep(const char *parent, int64_t unused_before_sec, bool dry_run, struct deb_swept *out,
                    struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int packages = -1, copies = -1, answers = -1;
    struct deb_swept got = {0};
    uint64_t ignored = 0;
    if (open_folder(parent, "packages", &packages, e) < 0 || open_folder(parent, "decoded", &copies, e) < 0 ||
        open_folder(parent, "answers", &answers, e) < 0)
        return -1;
    const struct sweep s = {a, unused_before_sec, dry_run, packages, copies};
    if (sweep_folder(&s, copies, COPY, &got.copies, &got.bytes, e) < 0 ||
        sweep_folder(&s, answers, "", &ignored, &got.bytes, e) < 0 ||
        sweep_folder(&s, packages, PACKAGE, &got.packages, &got.bytes, e) < 0)
        return err_wrap(e, "%s", parent);
    *out = got;
    return 0;
}

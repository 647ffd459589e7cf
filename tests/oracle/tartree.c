// SPDX-License-Identifier: Apache-2.0
// tartree DIR PREFIX walk|full-path UID GID [FILE] - the digest of a tree's tar, and the tar itself into FILE.
// UID -1: owners as on disk. The answer of tests/oracle/tartree/main.go to the same arguments must be the same.
#include "archive/tar_write.h"
#include "archive/walk.h"
#include "base/buf.h"
#include "base/limits.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <stdio.h>

struct task {
    const char *prefix;
    enum tree_order order;
    int64_t uid, gid;
};

static int add(struct walk *walk, const struct walk_entry *at, const struct task *t, struct tar_writer *w,
               struct err *e)
{
    drop_buf struct buf name = BUF_INIT(2 * LIMIT_PATH);
    drop_fd int fd = -1;
    struct tar_entry entry = {.link = at->link};
    if (S_ISREG(at->st.st_mode) && walk_open_file(walk, &fd, e) < 0)
        return -1;
    if (!tar_entry_from_stat(&at->st, &entry))
        return 0;
    buf_printf(&name, "%s%s" PRI_STR, t->prefix, at->path.n ? "/" : "", STR_ARG(at->path));
    entry.name = buf_view(&name);
    entry.mtime_sec = 315532801;
    if (t->uid >= 0) {
        entry.uid = (uint32_t)t->uid;
        entry.gid = (uint32_t)t->gid;
    }
    if (tar_write_entry(w, &entry, e) < 0)
        return -1;
    return fd < 0 ? 0 : tar_write_fd(w, fd, e);
}

static int write_tree(const char *dir, const struct task *t, struct sink *to, struct err *e)
{
    drop_fd int fd = -1;
    drop_(walk_free) struct walk *walk = NULL;
    drop_(tar_writer_free) struct tar_writer *w = tar_writer_new(to);
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        walk_open(fd, ".", t->order, &walk, e) < 0)
        return -1;
    for (;;) {
        const struct walk_entry *at;
        enum walk_step step = walk_next(walk, &at, e);
        if (step == WALK_ERROR || (step == WALK_ENTRY && add(walk, at, t, w, e) < 0))
            return -1;
        if (step == WALK_END)
            break;
    }
    return tar_write_end(w, e) < 0 ? -1 : sink_finish(to, e);
}

static int run(char **argv, struct err *e)
{
    struct task t = {.prefix = argv[2], .order = strcmp(argv[3], "walk") == 0 ? TREE_WALK : TREE_FULL_PATH};
    drop_fd int out = -1;
    struct digest d;
    char text[DIGEST_TEXT];
    if (!str_i64(str_of(argv[4]), -1, UINT32_MAX - 1, &t.uid) ||
        !str_i64(str_of(argv[5]), -1, UINT32_MAX - 1, &t.gid))
        return err_set(e, ERR_USAGE, "uid and gid are numbers");
    if (argv[6] && path_open_host(argv[6], O_WRONLY | O_CREAT | O_TRUNC, 0644, &out, e) < 0)
        return -1;
    struct sink *end = argv[6] ? sink_fd(out, argv[6]) : sink_null();
    drop_(sink_drop) struct sink *to = sink_hash(end, HASH_SHA256, &d);
    if (write_tree(argv[1], &t, to, e) < 0)
        return -1;
    printf("%s\n", digest_text(&d, text));
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char text[1024];
    if (argc < 6 || argc > 7)
        return 2;
    if (run(argv, &e) == 0)
        return 0;
    fprintf(stderr, "%s\n", err_text(&e, text, sizeof text));
    return 1;
}

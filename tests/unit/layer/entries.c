// SPDX-License-Identifier: Apache-2.0
#include "layer/entries.h"
#include "archive/tar_read.h"
#include "rig.h"

static const struct tar_entry rows[] = {
    {.type = TAR_DIR, .name = STR_INIT("/cnb/process"), .mode = 0755, .mtime_sec = LAYER_MTIME},
    {.type = TAR_SYMLINK,
     .name = STR_INIT("/cnb/process/web"),
     .link = STR_INIT("/cnb/lifecycle/launcher"),
     .mode = 0777,
     .mtime_sec = LAYER_MTIME},
};

TEST(entries_make_a_layer_as_given)
{
    const struct layer_rows plain = {rows, COUNT(rows), "plain"}, odd = {rows, COUNT(rows), "lzw"};
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    drop_(sink_drop) struct sink *to = sink_buffer(&tar);
    struct layer l;
    MUST(layer_make_entries(&plain, NULL, to, &l, &e));
    MUST(sink_finish(to, &e));
    EQ_UINT(l.entries, COUNT(rows));
    EQ_UINT(l.plain, tar.n);
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct tar_entry *it;
        struct err e = {0};
        EQ_INT(tar_next(r, &it, &e), TAR_ENTRY);
        CHECK(str_eq(it->name, rows[i].name) && str_eq(it->link, rows[i].link));
    }
    REFUSED(layer_make_entries(&odd, NULL, to, &l, &e), ERR_USAGE, "no codec \"lzw\"");
}

TEST(no_entries_make_the_empty_layer)
{
    const struct layer_rows none = {.codec = "plain"};
    drop_(sink_drop) struct sink *to = sink_null();
    struct layer l;
    MUST(layer_make_entries(&none, NULL, to, &l, &e));
    EQ_UINT(l.plain, 1024);
}

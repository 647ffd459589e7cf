// SPDX-License-Identifier: Apache-2.0
// The catalogue of security.md §5.4, by its numbers.
#include "base/dir.h"
#include "rig.h"
#include <sys/xattr.h>

static void unpacks(struct test *t, const struct row *r, size_t n, const struct want *w, size_t wn)
{
    struct tree_print before;
    struct unpacked out;
    drop_buf struct buf tar = BUF_INIT(MIB(8));
    drop_fd int dir = rig_place(t, &before);
    rig_tar(&tar, r, n);
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    MUST(layer_unpack(s, dir, NULL, &out, &e));
    EQ_UINT(out.entries, n);
    for (size_t i = 0; i < wn; i++)
        check_want(dir, &w[i]);
    rig_untouched(t, &before);
}
#define UNPACKS(in, want) unpacks(t, in, COUNT(in), want, COUNT(want))

static void refuses(struct test *t, const struct row *r, size_t n, enum err_code code, const char *words)
{
    struct tree_print before;
    struct unpacked out = {.entries = 77};
    drop_buf struct buf tar = BUF_INIT(MIB(8));
    drop_fd int dir = rig_place(t, &before);
    rig_tar(&tar, r, n);
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    REFUSED(layer_unpack(s, dir, NULL, &out, &e), code, words);
    EQ_UINT(out.entries, 77);
    rig_untouched(t, &before);
}
#define REFUSES(in, code, words) refuses(t, in, COUNT(in), code, words)

TEST(T1_dot_dot)
{
    const struct row in[] = {ROW_FILE("../out/secret", "evil")};
    REFUSES(in, ERR_DENIED, "../out/secret");
}

TEST(T2_dot_dot_in_the_middle)
{
    const struct row in[] = {ROW_DIR("a", 0755), ROW_FILE("a/../../out/secret", "evil")};
    REFUSES(in, ERR_DENIED, "a/../../out/secret");
}

TEST(T3_absolute_names_are_beneath_the_root)
{
    const struct row in[] = {ROW_FILE("/etc/passwd", "mine"), ROW_FILE("//b", "b"), ROW_FILE("./c", "c")};
    const struct want out[] = {{'f', "etc/passwd", "mine"}, {'f', "b", "b"}, {'f', "c", "c"}};
    UNPACKS(in, out);
}

TEST(T4_symlink_then_file_through_it)
{
    const struct row in[] = {ROW_LINK("a", "../out"), ROW_FILE("a/secret", "evil")};
    REFUSES(in, ERR_DENIED, "a/secret|\"a\" is a symbolic link");
}

TEST(T4_symlink_deeper_then_directory_through_it)
{
    const struct row in[] = {ROW_LINK("x/y/a", "../../../out"), ROW_DIR("x/y/a/new", 0777)};
    REFUSES(in, ERR_DENIED, "x/y/a/new|symbolic link");
}

TEST(T4_symlink_over_the_directory_that_was_just_used)
{
    const struct row in[] = {ROW_FILE("a/one", "1"), ROW_LINK("a", "../out"), ROW_FILE("a/secret", "evil")};
    REFUSES(in, ERR_DENIED, "a/secret|symbolic link");
}

TEST(T5_absolute_and_escaping_symlinks_are_kept_as_data)
{
    const struct row in[] = {ROW_LINK("a", "/etc/passwd"), ROW_LINK("b", "../../out/secret"),
                             ROW_LINK("c", "nowhere")};
    const struct want out[] = {
        {'l', "a", "/etc/passwd"}, {'l', "b", "../../out/secret"}, {'l', "c", "nowhere"}};
    UNPACKS(in, out);
}

TEST(T5_file_over_a_symlink_replaces_the_link)
{
    const struct row in[] = {ROW_LINK("a", "../out/secret"), ROW_FILE("a", "mine")};
    const struct want out[] = {{'f', "a", "mine"}};
    UNPACKS(in, out);
}

TEST(T6_hardlink_to_outside)
{
    static const struct {
        const char *to;
        enum err_code code;
    } row[] = {
        {"../out/secret", ERR_DENIED}, {"a/../../out/secret", ERR_DENIED}, {"/../out/secret", ERR_DENIED}};
    struct tree_print before;
    drop_fd int dir = rig_place(t, &before);
    for (size_t i = 0; i < COUNT(row); i++) {
        const struct row in[] = {ROW_HARD("x", row[i].to)};
        drop_buf struct buf tar = BUF_INIT(MIB(1));
        struct unpacked out;
        rig_tar(&tar, in, 1);
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        REFUSED(layer_unpack(s, dir, NULL, &out, &e), row[i].code, "x");
    }
    rig_untouched(t, &before);
}

TEST(T6_hardlink_through_a_symlink_to_outside)
{
    const struct row in[] = {ROW_LINK("a", "../out"), ROW_HARD("x", "a/secret")};
    REFUSES(in, ERR_PARSE, "x: |hard link to a/secret");
}

TEST(T7_hardlink_to_a_later_or_missing_entry)
{
    const struct row in[] = {ROW_HARD("a", "b"), ROW_FILE("b", "later")};
    REFUSES(in, ERR_PARSE, "a: |hard link to b: no earlier entry");
}

TEST(T7_hardlink_to_a_directory)
{
    const struct row in[] = {ROW_DIR("d", 0755), ROW_HARD("a", "d")};
    REFUSES(in, ERR_PARSE, "hard link to d: neither a file nor a symbolic link");
}

TEST(T8_hardlink_to_a_symlink_links_the_link)
{
    const struct row in[] = {ROW_LINK("a", "../out/secret"), ROW_HARD("b", "a")};
    const struct want out[] = {{'l', "b", "../out/secret"}};
    UNPACKS(in, out);
}

TEST(T9_hardlink_cycles)
{
    const struct row in[] = {ROW_HARD("a", "./a")};
    REFUSES(in, ERR_PARSE, "a hard link to itself");
}

TEST(T9_hardlink_over_its_own_file_keeps_it)
{
    const struct row in[] = {ROW_FILE("a", "data"), ROW_HARD("b", "a"), ROW_HARD("a", "b")};
    const struct want out[] = {{'f', "a", "data"}, {'f', "b", "data"}};
    UNPACKS(in, out);
}

TEST(T10_symlink_loops)
{
    const struct row loop[] = {ROW_LINK("a", "b"), ROW_LINK("b", "a"), ROW_FILE("a/x", "evil")};
    REFUSES(loop, ERR_DENIED, "a/x|symbolic link");
}

TEST(T11_directory_replaced_by_a_symlink)
{
    const struct row in[] = {ROW_FILE("d/e/f", "1"), ROW_LINK("d", "../out"), ROW_FILE("g", "2")};
    const struct want out[] = {{'l', "d", "../out"}, {'f', "g", "2"}};
    UNPACKS(in, out);
}

TEST(T12_symlink_replaced_by_a_directory)
{
    const struct row in[] = {ROW_LINK("d", "../out"), ROW_DIR("d", 0755), ROW_FILE("d/secret", "mine")};
    const struct want out[] = {{'d', "d", NULL}, {'f', "d/secret", "mine"}};
    UNPACKS(in, out);
}

TEST(T13_file_where_a_directory_was)
{
    const struct row in[] = {ROW_FILE("d/e/f", "1"), ROW_FILE("d", "2")};
    const struct want out[] = {{'f', "d", "2"}};
    UNPACKS(in, out);
}

TEST(T13_file_then_something_beneath_it)
{
    const struct row in[] = {ROW_FILE("d", "1"), ROW_FILE("d/e", "2")};
    REFUSES(in, ERR_PARSE, "d/e|\"d\" is no directory");
}

TEST(T14_the_root_as_something_else)
{
    static const enum tar_type types[] = {TAR_SYMLINK, TAR_FILE, TAR_HARDLINK, TAR_FIFO};
    static const char *const names[] = {".", "/.", "./."};
    struct tree_print before;
    drop_fd int dir = rig_place(t, &before);
    for (size_t i = 0; i < COUNT(types) * COUNT(names); i++) {
        const struct row in[] = {{types[i / COUNT(names)], names[i % COUNT(names)], "x", 0644}};
        drop_buf struct buf tar = BUF_INIT(MIB(1));
        struct unpacked out;
        rig_tar(&tar, in, 1);
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        REFUSED(layer_unpack(s, dir, NULL, &out, &e), ERR_PARSE, "");
    }
    rig_untouched(t, &before);
}

TEST(T14_the_root_as_a_directory_sets_its_mode)
{
    const struct row in[] = {ROW_DIR("./", 01750), ROW_FILE("a", "1")};
    struct tree_print before;
    struct unpacked out;
    struct stat st;
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    drop_fd int dir = rig_place(t, &before);
    rig_tar(&tar, in, COUNT(in));
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    MUST(layer_unpack(s, dir, NULL, &out, &e));
    EQ_INT(fstat(dir, &st), 0);
    EQ_INT(st.st_mode & 07777, 01750);
    EQ_INT(st.st_mtim.tv_sec, 1000);
}

TEST(T18_T19_control_bytes_and_bad_utf8_are_names)
{
    const struct row in[] = {ROW_FILE("a\nb", "1"), ROW_FILE("\x1b[31m", "2"), ROW_FILE("\xff\xfe", "3")};
    const struct want out[] = {{'f', "a\nb", "1"}, {'f', "\x1b[31m", "2"}, {'f', "\xff\xfe", "3"}};
    UNPACKS(in, out);
}

TEST(T18_errors_show_no_control_bytes)
{
    const struct row in[] = {ROW_FILE("../\x1b[31m", "2")};
    REFUSES(in, ERR_DENIED, "\\x1b[31m");
}

TEST(T20_T21_T22_names_too_long_or_too_deep)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    char *deep = arena_get(a, 2 * 300 + 1, 1), *part = arena_get(a, 257, 1), *whole = arena_get(a, 5001, 1);
    for (size_t i = 0; i < 300; i++)
        memcpy(deep + 2 * i, "d/", 2);
    memset(part, 'p', 256);
    for (size_t i = 0; i < 5000; i++)
        whole[i] = i % 100 == 99 ? '/' : 'w';
    const struct {
        const char *name, *words;
    } row[] = {{deep, "300 directories deep, the limit is 256"}, {part, "255"}, {whole, "409"}};
    struct tree_print before;
    drop_fd int dir = rig_place(t, &before);
    for (size_t i = 0; i < COUNT(row); i++) {
        const struct row in[] = {{TAR_DIR, row[i].name, NULL, 0755}};
        drop_buf struct buf tar = BUF_INIT(MIB(1));
        struct unpacked out;
        rig_tar(&tar, in, 1);
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        REFUSED(layer_unpack(s, dir, NULL, &out, &e), ERR_LIMIT, row[i].words);
    }
}

TEST(T23_T24_devices_are_left_out_and_fifos_made)
{
    const struct row in[] = {
        {TAR_CHAR, "null", NULL, 0666}, {TAR_BLOCK, "disk", NULL, 0666}, {TAR_FIFO, "pipe", NULL, 0640}};
    const struct want out[] = {{'-', "null", NULL}, {'-', "disk", NULL}, {'p', "pipe", NULL}};
    UNPACKS(in, out);
}

static mode_t mode_at(int dir, const char *path)
{
    struct stat st;
    CHECK(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0);
    return st.st_mode & 07777;
}

TEST(T27_setuid_and_setgid)
{
    const struct row in[] = {
        {TAR_FILE, "su", "x", 06755}, {TAR_DIR, "sg", NULL, 02775}, {TAR_DIR, "tmp", NULL, 01777}};
    for (int keep = 0; keep < 2; keep++) {
        const struct unpack_opts opts = {.keep_setid = keep};
        char name[8];
        struct unpacked out;
        drop_buf struct buf tar = BUF_INIT(MIB(1));
        drop_fd int dir = -1;
        snprintf(name, sizeof name, "t%d", keep);
        CHECK(mkdirat(t->dir, name, 0755) == 0);
        MUST(path_open_plain(t->dir, name, O_RDONLY | O_DIRECTORY, 0, &dir, &e));
        rig_tar(&tar, in, COUNT(in));
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        MUST(layer_unpack(s, dir, &opts, &out, &e));
        EQ_UINT(out.setids, keep ? 0 : 2);
        EQ_INT(mode_at(dir, "su"), keep ? 06755 : 0755);
        EQ_INT(mode_at(dir, "sg"), keep ? 02775 : 0775);
        EQ_INT(mode_at(dir, "tmp"), 01777);
    }
}

static void pax_octal(char *at, size_t n, unsigned value)
{
    char text[16];
    snprintf(text, sizeof text, "%0*o", (int)n - 1, value);
    memcpy(at, text, n);
}

// A pax header with one record before a file "f" with the content "x".
static void tar_with_record(struct buf *to, const char *record, size_t n)
{
    char block[1024] = {0};
    memcpy(block, "x", 1);
    pax_octal(block + 100, 8, 0644);
    pax_octal(block + 108, 8, 0);
    pax_octal(block + 116, 8, 0);
    pax_octal(block + 124, 12, (unsigned)n);
    pax_octal(block + 136, 12, 0);
    memset(block + 148, ' ', 8);
    block[156] = 'x';
    memcpy(block + 257, "ustar\00000", 8);
    unsigned sum = 0;
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)block[i];
    pax_octal(block + 148, 7, sum);
    memcpy(block + 512, record, n);
    buf_add(to, block, sizeof block);
    const struct row in[] = {ROW_FILE("f", "x")};
    rig_tar(to, in, 1);
}

TEST(T28_T29_extended_attributes_are_left_out)
{
    static const char *const names[] = {"security.capability", "trusted.overlay.opaque",
                                        "user.overlay.opaque", "user.overlay.redirect", "user.mine"};
    struct tree_print before;
    drop_fd int dir = rig_place(t, &before);
    for (size_t i = 0; i < COUNT(names); i++) {
        drop_buf struct buf tar = BUF_INIT(MIB(1));
        char record[100], list[256];
        struct unpacked out;
        drop_fd int fd = -1;
        int n = snprintf(record, sizeof record, " SCHILY.xattr.%s=y\n", names[i]);
        char whole[120];
        n = snprintf(whole, sizeof whole, "%d%s", n + 2, record);
        tar_with_record(&tar, whole, (size_t)n);
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        MUST(layer_unpack(s, dir, NULL, &out, &e));
        EQ_UINT(out.xattrs, 1);
        MUST(path_open_plain(dir, "f", O_RDONLY, 0, &fd, &e));
        EQ_INT(flistxattr(fd, list, sizeof list), 0);
    }
}

TEST(T30_whiteouts)
{
    const struct row in[] = {ROW_FILE("a/.wh.gone", ""),   ROW_FILE("b/.wh..wh..opq", ""),
                             ROW_FILE("b/new", "n"),       ROW_FILE(".wh..wh.plnk", ""),
                             ROW_FILE(".wh..wh.aufs", ""), ROW_FILE(".wh.top", "ignored")};
    const struct want out[] = {
        {'w', "a/gone", NULL},       {'d', "a", NULL},         {'o', "b", NULL},
        {'f', "b/new", "n"},         {'w', "top", NULL},       {'-', ".wh..wh.plnk", NULL},
        {'-', ".wh..wh.aufs", NULL}, {'-', "a/.wh.gone", NULL}};
    UNPACKS(in, out);
}

TEST(T30_whiteouts_of_nothing)
{
    static const char *const names[] = {".wh.", "a/.wh.", ".wh..", ".wh...", "a/.wh..."};
    struct tree_print before;
    drop_fd int dir = rig_place(t, &before);
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct row in[] = {ROW_FILE(names[i], "")};
        drop_buf struct buf tar = BUF_INIT(MIB(1));
        struct unpacked out;
        rig_tar(&tar, in, 1);
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        REFUSED(layer_unpack(s, dir, NULL, &out, &e), ERR_PARSE, "whiteout of nothing");
    }
    rig_untouched(t, &before);
}

TEST(T30_whiteout_through_a_symlink)
{
    const struct row in[] = {ROW_LINK("a", "../out"), ROW_FILE("a/.wh.secret", "")};
    REFUSES(in, ERR_DENIED, "a/.wh.secret|symbolic link");
}

TEST(T30_opaque_through_a_symlink)
{
    const struct row in[] = {ROW_LINK("a", "../out"), ROW_FILE("a/.wh..wh..opq", "")};
    REFUSES(in, ERR_DENIED, "symbolic link");
}

TEST(T30_whiteouts_hide_layers_below_never_this_one)
{
    const struct row in[] = {ROW_FILE("f", "1"),    ROW_FILE(".wh.f", ""),  ROW_FILE("d/x", "2"),
                             ROW_FILE(".wh.d", ""), ROW_FILE(".wh.g", ""),  ROW_FILE("g", "3"),
                             ROW_FILE(".wh.h", ""), ROW_FILE("h/y/z", "4"), ROW_FILE(".wh.i", ""),
                             ROW_DIR("i", 0755)};
    const struct want out[] = {{'f', "f", "1"},  {'o', "d", NULL},    {'f', "d/x", "2"}, {'f', "g", "3"},
                               {'o', "h", NULL}, {'f', "h/y/z", "4"}, {'o', "i", NULL}};
    UNPACKS(in, out);
}

TEST(T30_a_hardlink_to_a_whiteout)
{
    const struct row in[] = {ROW_FILE(".wh.a", ""), ROW_HARD("b", "a")};
    REFUSES(in, ERR_PARSE, "hard link to a");
}

TEST(T41_the_last_entry_of_a_name_wins)
{
    const struct row in[] = {ROW_FILE("a", "first"), ROW_HARD("b", "a"),   ROW_FILE("a", "last"),
                             ROW_DIR("d", 0700),     ROW_FILE("d/x", "1"), ROW_DIR("d", 0711)};
    const struct want out[] = {{'f', "a", "last"}, {'f', "b", "first"}, {'f', "d/x", "1"}};
    UNPACKS(in, out);
    drop_fd int dir = -1;
    MUST(path_open_plain(t->dir, "tree/d", O_PATH, 0, &dir, &e));
    struct stat st;
    EQ_INT(fstat(dir, &st), 0);
    EQ_INT(st.st_mode & 07777, 0711);
}

TEST(directories_that_forbid_are_filled_first)
{
    const struct row in[] = {ROW_DIR("a", 0000), ROW_DIR("a/b", 0555), ROW_FILE("a/b/c", "1"),
                             ROW_FILE("x/y", "2")};
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct unpacked out;
    struct tree_print before;
    drop_fd int dir = rig_place(t, &before);
    mode_t old = umask(077);
    rig_tar(&tar, in, COUNT(in));
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    MUST(layer_unpack(s, dir, NULL, &out, &e));
    umask(old);
    EQ_INT(mode_at(dir, "a"), 0000);
    EQ_INT(fchmodat(dir, "a", 0700, 0), 0);
    EQ_INT(mode_at(dir, "a/b"), 0555);
    EQ_INT(mode_at(dir, "a/b/c"), 0644);
    EQ_INT(mode_at(dir, "x"), 0755);
    struct stat st;
    EQ_INT(fstatat(dir, "a/b", &st, 0), 0);
    EQ_INT(st.st_mtim.tv_sec, 1000);
    EQ_INT(fstatat(dir, "a/b/c", &st, 0), 0);
    EQ_INT(st.st_mtim.tv_sec, 1000);
    EQ_UINT(st.st_uid, geteuid());
    EQ_UINT(out.bytes, 2);
}

TEST(limits_on_entries_and_bytes)
{
    const struct row in[] = {ROW_FILE("a", "12345"), ROW_FILE("b", "12345"), ROW_FILE("c", "")};
    static const struct {
        struct unpack_opts opts;
        const char *words;
    } row[] = {{{.max_entries = 2}, "more than 2 entries"},
               {{.max_bytes = 9}, "more than"},
               {{.max_bytes = 4095}, "more than the limit of 4095 bytes"}};
    struct tree_print before;
    struct unpacked out;
    drop_fd int dir = rig_place(t, &before);
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    rig_tar(&tar, in, COUNT(in));
    EQ_UINT(tar.n, 512 * 5 + 1024 - 0);
    for (size_t i = 0; i < COUNT(row); i++) {
        drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
        if (row[i].opts.max_bytes == 4095 && tar.n <= 4095)
            continue;
        REFUSED(layer_unpack(s, dir, &row[i].opts, &out, &e), ERR_LIMIT, row[i].words);
    }
    const struct unpack_opts exact = {.max_entries = 3, .max_bytes = tar.n};
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    MUST(layer_unpack(s, dir, &exact, &out, &e));
    struct digest want;
    digest_of(HASH_SHA256, tar.p, tar.n, &want);
    CHECK(digest_eq(&want, &out.diff_id));
}

TEST(truncated_layers_are_refused_at_every_length)
{
    const struct row in[] = {ROW_DIR("d", 0755), ROW_FILE("d/a", "12345"), ROW_LINK("l", "d/a")};
    struct tree_print before;
    drop_fd int dir = rig_place(t, &before);
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    rig_tar(&tar, in, COUNT(in));
    for (size_t n = 0; n < tar.n - 1024; n += 101) {
        struct unpacked out;
        drop_(source_drop) struct source *s = source_memory(tar.p, n);
        REFUSED(layer_unpack(s, dir, NULL, &out, &e), ERR_PARSE, "");
    }
    rig_untouched(t, &before);
}

static int tree_of(struct state *st, const struct buf *tar, const struct digest *id, struct err *e)
{
    drop_(txn_drop) struct txn *x = NULL;
    struct unpacked out;
    drop_(source_drop) struct source *s = source_memory(tar->p, tar->n);
    if (txn_begin(st, &x, e) < 0)
        return -1;
    int rc = layer_unpack_tree(x, s, id, NULL, &out, e);
    struct err after = {0};
    return txn_commit(x, &after) < 0 ? -1 : rc; // a commit in spite of a failure publishes nothing
}

TEST(a_tree_is_published_only_with_the_right_diff_id)
{
    const struct row in[] = {ROW_FILE("bin/a", "12345")};
    char path[512];
    drop_(state_close) struct state *st = NULL;
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    struct digest id, wrong;
    snprintf(path, sizeof path, "%s/state", t->path);
    MUST(state_open(path, NULL, &st, &e));
    rig_tar(&tar, in, 1);
    digest_of(HASH_SHA256, tar.p, tar.n, &id);
    digest_of(HASH_SHA256, "", 0, &wrong);
    REFUSED(tree_of(st, &tar, &wrong, &e), ERR_DIGEST, "its tar is sha256:");
    CHECK(!state_tree_has(st, &wrong) && !state_tree_has(st, &id));
    MUST(tree_of(st, &tar, &id, &e));
    CHECK(state_tree_has(st, &id));
    digest_of(HASH_SHA512, "", 0, &wrong);
    REFUSED(tree_of(st, &tar, &wrong, &e), ERR_USAGE, "diff IDs are sha256");
}

// A header of old GNU's sparse kind: one byte of data at `at` of `size`.
static void sparse_file(struct buf *tar, uint64_t at, uint64_t size)
{
    char b[512] = "hole";
    unsigned sum = 0;
    snprintf(b + 100, 24, "%07o%c%07o%c%07o", 0644u, 0, 0u, 0, 0u);
    snprintf(b + 124, 12, "%011o", 1u);
    snprintf(b + 136, 12, "%011o", 1000u);
    memset(b + 148, ' ', 8);
    b[156] = 'S';
    memcpy(b + 257, "ustar  ", 8);
    snprintf(b + 386, 12, "%011jo", (uintmax_t)at);
    snprintf(b + 398, 12, "%011o", 1u);
    snprintf(b + 483, 12, "%011jo", (uintmax_t)size);
    for (size_t i = 0; i < sizeof b; i++)
        sum += (unsigned char)b[i];
    snprintf(b + 148, 8, "%06o", sum);
    buf_add(tar, b, sizeof b);
    memset(b, 0, sizeof b);
    buf_add(tar, "x", 1);
    buf_add(tar, b, 511);
    buf_add(tar, b, sizeof b);
    buf_add(tar, b, sizeof b);
}

TEST(unpack_leaves_holes_of_sparse_files)
{
    struct stat st;
    struct unpacked out;
    char two[2] = "??";
    drop_fd int fd = -1;
    drop_buf struct buf tar = BUF_INIT(MIB(1));
    sparse_file(&tar, MIB(600), GIB(2) + 5);
    drop_(source_drop) struct source *s = source_memory(tar.p, tar.n);
    MUST(layer_unpack(s, t->dir, NULL, &out, &e));
    EQ_UINT(out.bytes, GIB(2) + 5);
    MUST(path_open(t->dir, "hole", O_RDONLY, 0, &fd, &e));
    EQ_INT(fstat(fd, &st), 0);
    EQ_UINT((uint64_t)st.st_size, GIB(2) + 5);
    CHECK(st.st_blocks < 2048);
    EQ_INT(pread(fd, two, 2, (off_t)MIB(600)), 2);
    CHECK(two[0] == 'x' && two[1] == 0);
}

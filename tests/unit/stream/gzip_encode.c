// SPDX-License-Identifier: Apache-2.0
#include "base/proc.h"
#include "bytes.h"
#include <fcntl.h>
#include <sys/resource.h>

enum { MI = 1 << 20 };

static void gzip_all(const uint8_t *p, size_t n, struct pool *pool, uint32_t seed, struct buf *out)
{
    drop_(sink_drop) struct sink *to = sink_gzip(sink_buffer(out), pool, 1);
    for (size_t at = 0; at < n;) {
        size_t min = seed ? 1 + bytes_next(&seed) % STREAM_WINDOW : 1;
        struct span room;
        MUST(sink_room(to, min, &room, &e));
        CHECK(room.n >= min);
        size_t part = seed ? bytes_next(&seed) % (room.n + 1) : room.n;
        if (part > n - at)
            part = n - at;
        memcpy(room.p, p + at, part);
        MUST(sink_commit(to, part, &e));
        at += part;
    }
    MUST(sink_finish(to, &e));
}

TEST_SECONDS(the_same_bytes_for_any_pool_and_any_windows, 60)
{
    static const size_t sizes[] = {0, 1, MI - 1, MI, MI + 1, 2 * MI, 7 * MI + 12345};
    static const unsigned workers[] = {0, 1, 2, 7};
    drop_free uint8_t *p = bytes_new(sizes[COUNT(sizes) - 1]);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        drop_buf struct buf want = BUF_INIT(64 << 20);
        gzip_all(p, sizes[i], NULL, 0, &want);
        for (size_t w = 0; w < COUNT(workers); w++) {
            drop_(pool_free) struct pool *pool = workers[w] ? pool_new(workers[w]) : NULL;
            for (uint32_t seed = 0; seed < 2; seed++) {
                drop_buf struct buf got = BUF_INIT(64 << 20);
                gzip_all(p, sizes[i], pool, seed * 7919, &got);
                CHECK(str_eq(buf_view(&got), buf_view(&want)));
            }
        }
        drop_buf struct buf back = BUF_INIT(64 << 20);
        MUST(drain(source_gzip(source_memory(want.p, want.n)), &back, sizes[i], &e));
        CHECK(back.n == sizes[i] && memcmp(back.p ? back.p : "", p, back.n) == 0);
    }
}

TEST(headers_hold_no_time_no_name_and_no_system)
{
    static const struct {
        int level;
        char xfl;
    } cases[] = {{1, 4}, {6, 0}, {12, 2}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_buf struct buf b = BUF_INIT(1000);
        drop_(sink_drop) struct sink *to = sink_gzip(sink_buffer(&b), NULL, cases[i].level);
        MUST(sink_write(to, "abc", 3, &e));
        MUST(sink_finish(to, &e));
        char want[] = "\x1f\x8b\x08\0\0\0\0\0\4\xff";
        want[8] = cases[i].xfl;
        CHECK(b.n > 10 && memcmp(b.p, want, 10) == 0);
    }
}

TEST(nothing_gives_one_empty_member)
{
    drop_buf struct buf b = BUF_INIT(100);
    gzip_all((const uint8_t *)"", 0, NULL, 0, &b);
    EQ_UINT(b.n, 23); // one empty stored block
    CHECK(memcmp(b.p, "\x1f\x8b\x08\0\0\0\0\0\4\xff\1\0\0\xff\xff\0\0\0\0\0\0\0\0", 23) == 0);
}

TEST(a_whole_block_is_not_followed_by_an_empty_member)
{
    drop_free uint8_t *p = bytes_new(2 * MI);
    drop_buf struct buf one = BUF_INIT(4 * MI);
    drop_buf struct buf two = BUF_INIT(4 * MI);
    gzip_all(p, MI, NULL, 0, &one);
    gzip_all(p, 2 * MI, NULL, 0, &two);
    CHECK(two.n > one.n && memcmp(two.p, one.p, one.n) == 0);
    CHECK(memcmp(two.p + one.n, "\x1f\x8b\x08\0\0\0\0\0\4\xff", 10) == 0);
}

TEST(a_failing_sink_stops_the_encoder_and_dropping_it_is_clean)
{
    drop_free uint8_t *p = bytes_new(20 * MI);
    static const unsigned workers[] = {0, 1, 3};
    for (size_t w = 0; w < COUNT(workers); w++) {
        drop_(pool_free) struct pool *pool = workers[w] ? pool_new(workers[w]) : NULL;
        drop_buf struct buf b = BUF_INIT(1000);
        drop_(sink_drop) struct sink *to = sink_gzip(sink_buffer(&b), pool, 1);
        REFUSED(sink_write(to, p, 20 * MI, &e), ERR_LIMIT, "limit of 1000 bytes");
        drop_buf struct buf c = BUF_INIT(64 * MI);
        drop_(sink_drop) struct sink *unfinished = sink_gzip(sink_buffer(&c), pool, 1);
        MUST(sink_write(unfinished, p, 3 * MI + 5, &e));
    }
}

TEST(windows_are_the_block_itself)
{
    drop_(sink_drop) struct sink *to = sink_gzip(sink_null(), NULL, 1);
    struct span a, b;
    MUST(sink_room(to, 1, &a, &e));
    EQ_UINT(a.n, MI);
    memset(a.p, 'x', 512);
    MUST(sink_commit(to, 512, &e));
    MUST(sink_room(to, 1, &b, &e));
    CHECK(b.p == a.p + 512);
    EQ_UINT(b.n, MI - 512);
    MUST(sink_zeros(to, MI - 512 - 10, &e));
    MUST(sink_room(to, 1, &b, &e));
    EQ_UINT(b.n, 10); // a writer that takes what is left never makes the encoder copy
    MUST(sink_room(to, STREAM_WINDOW, &b, &e));
    EQ_UINT(b.n, STREAM_WINDOW);
}

// The program's answer, or false where it is not there.
static bool run_tool(const char *program, struct str in, struct buf *out)
{
    const char *argv[] = {program, "-dc", NULL};
    struct proc_spec spec = {.argv = argv, .cwd_fd = -1, .in = -1, .out = -1, .err = -1, .timeout_ms = 60000};
    struct err e = {0};
    int status = -1;
    if (proc_run(&spec, in, out, NULL, &status, &e) < 0) {
        CHECK_MSG(e.code == ERR_NOT_FOUND, "%s: %s", program, e.cause);
        return false;
    }
    CHECK_MSG(status == 0, "%s: status %d", program, status);
    return true;
}

static bool tool_reads(const char *program, const char *encoder)
{
    drop_free uint8_t *p = bytes_new(5 * MI + 3);
    drop_buf struct buf b = BUF_INIT(64 * MI);
    drop_buf struct buf back = BUF_INIT(64 * MI);
    encode(encoder, p, 5 * MI + 3, &b);
    if (!run_tool(program, buf_view(&b), &back))
        return false;
    CHECK(back.n == 5 * MI + 3 && memcmp(back.p, p, back.n) == 0);
    return true;
}

TEST_SECONDS(the_gzip_program_reads_what_we_write, 60)
{
    if (!tool_reads("gzip", "gzip-libdeflate-1-1m") || !tool_reads("gzip", "gzip-libdeflate-6-1m"))
        SKIP("no gzip program");
}

TEST_SECONDS(the_zstd_program_reads_what_we_write, 60)
{
    if (!tool_reads("zstd", "zstd-3"))
        SKIP("no zstd program");
}

static long peak_kib(void)
{
    struct rusage ru;
    CHECK(getrusage(RUSAGE_SELF, &ru) == 0);
    return ru.ru_maxrss;
}

TEST_SECONDS(two_hundred_megabytes_stream_in_bounded_memory, 120)
{
    const uint64_t total = 200 << 20;
    long before = peak_kib();
    int fd = openat(t->dir, "blob", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    drop_(pool_free) struct pool *pool = pool_new(2);
    drop_(source_drop) struct source *from = source_made(total);
    struct digest wrote, read_back = {0};
    uint64_t n = 0;
    drop_(sink_drop) struct sink *to =
        sink_hash(sink_gzip(sink_fd(fd, "blob"), pool, 1), HASH_SHA256, &wrote);
    MUST(pump(from, to, total, &e));
    MUST(sink_finish(to, &e));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    drop_(source_drop) struct source *back = source_decoded(source_take_fd(fd, "blob"), NULL);
    drop_(sink_drop) struct sink *check = sink_count(sink_hash(sink_null(), HASH_SHA256, &read_back), &n);
    MUST(pump(back, check, total, &e));
    MUST(sink_finish(check, &e));
    EQ_UINT(n, total);
    CHECK(digest_eq(&wrote, &read_back));
    CHECK_MSG(peak_kib() - before < 64 << 10, "%ld KiB more", peak_kib() - before);
}

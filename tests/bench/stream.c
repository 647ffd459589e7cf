// SPDX-License-Identifier: Apache-2.0
// How fast the streams are: `bench-stream [FILE]` prints MB/s of plain bytes (10^6), the same per second of processor
// time, and the ratio of each encoder, best of three, over the file or over 256 MB made up here.
#include "base/file.h"
#include "base/limits.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <time.h>

enum { ROUNDS = 3, BLOCK = 1 << 20 };

struct timing {
    double wall, cpu; // seconds; cpu of all threads
};

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct timing now(void)
{
    return (struct timing){seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
}

static void keep_best(struct timing *best, struct timing since)
{
    struct timing t = now();
    best->wall = t.wall - since.wall < best->wall ? t.wall - since.wall : best->wall;
    best->cpu = t.cpu - since.cpu < best->cpu ? t.cpu - since.cpu : best->cpu;
}

static void must(int rc, const struct err *e)
{
    char text[1024];
    if (rc == 0)
        return;
    fprintf(stderr, "%s\n", err_text(e, text, sizeof text));
    exit(1);
}

static void report(const char *what, size_t plain, struct timing best, uint64_t packed)
{
    double mb = (double)plain / 1e6;
    printf("%-50s %6.0f MB/s %6.0f MB/cpu-s", what, mb / best.wall, mb / best.cpu);
    if (packed)
        printf("   %5.1f %%", 100.0 * (double)packed / (double)plain);
    printf("\n");
    fflush(stdout);
}

// One copy in, as a writer that has its bytes elsewhere does.
static void push(struct sink *to, struct str in)
{
    struct err e = {0};
    must(sink_write(to, in.p, in.n, &e), &e);
    must(sink_finish(to, &e), &e);
}

static void bench_encoder(const char *name, unsigned workers, bool hash, struct str in)
{
    struct timing best = {1e9, 1e9};
    uint64_t packed = 0;
    drop_(pool_free) struct pool *pool = workers ? pool_new(workers) : NULL;
    for (int i = 0; i < ROUNDS; i++) {
        struct digest plain_sum, sum;
        struct timing t = now();
        struct sink *end = sink_count(sink_null(), &packed);
        end = hash ? sink_hash(end, HASH_SHA256, &sum) : end;
        drop_(sink_drop) struct sink *to = sink_encoded(end, encoder_find(str_of(name)), pool);
        to = hash ? sink_hash(to, HASH_SHA256, &plain_sum) : to;
        push(to, in);
        keep_best(&best, t);
    }
    char what[100];
    snprintf(what, sizeof what, "%s pool %u%s", name, workers, hash ? " + diff ID + digest" : "");
    report(what, in.n, best, packed);
}

static void bench_libdeflate(int level, struct str in)
{
    struct timing best = {1e9, 1e9};
    uint64_t packed = 0;
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
    size_t bound = libdeflate_gzip_compress_bound(c, BLOCK);
    drop_free void *out = xmalloc(bound);
    for (int i = 0; i < ROUNDS; i++) {
        struct timing t = now();
        packed = 0;
        for (size_t at = 0; at < in.n; at += BLOCK)
            packed +=
                libdeflate_gzip_compress(c, in.p + at, in.n - at < BLOCK ? in.n - at : BLOCK, out, bound);
        keep_best(&best, t);
    }
    libdeflate_free_compressor(c);
    char what[100];
    snprintf(what, sizeof what, "libdeflate alone, level %d, 1 MiB", level);
    report(what, in.n, best, packed);
}

static void bench_sha256(struct str in)
{
    struct timing best = {1e9, 1e9};
    for (int i = 0; i < ROUNDS; i++) {
        struct digest d;
        struct timing t = now();
        drop_(sink_drop) struct sink *to = sink_hash(sink_null(), HASH_SHA256, &d);
        push(to, in);
        keep_best(&best, t);
    }
    report("sha256 alone", in.n, best, 0);
}

static void bench_decoder(const char *name, struct str in)
{
    struct err e = {0};
    struct timing best = {1e9, 1e9};
    drop_buf struct buf b = BUF_INIT(SIZE_MAX / 2);
    drop_(sink_drop) struct sink *pack = sink_encoded(sink_buffer(&b), encoder_find(str_of(name)), NULL);
    push(pack, in);
    for (int i = 0; i < ROUNDS; i++) {
        struct timing t = now();
        drop_(source_drop) struct source *from = source_decoded(source_memory(b.p, b.n), NULL);
        drop_(sink_drop) struct sink *to = sink_null();
        must(pump(from, to, UINT64_MAX, &e), &e);
        keep_best(&best, t);
    }
    char what[100];
    snprintf(what, sizeof what, "decode %s", name);
    report(what, in.n, best, 0);
}

static void load(const char *path, struct buf *b)
{
    struct err e = {0};
    if (path) {
        must(file_read(AT_FDCWD, path, b, &e), &e);
        return;
    }
    uint32_t x = 2463534242u;
    while (b->n < 256000000) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        buf_printf(b, "usr/share/doc/package-%u/%s %08x\n", x % 997, x & 64 ? "copyright" : "changelog", x);
    }
}

int main(int argc, char **argv)
{
    drop_buf struct buf b = BUF_INIT(GIB(4));
    load(argc > 1 ? argv[1] : NULL, &b);
    struct str in = buf_view(&b);
    printf("%zu bytes\n", in.n);
    bench_sha256(in);
    bench_libdeflate(1, in);
    bench_libdeflate(6, in);
    static const char *const names[] = {"gzip-libdeflate-1-1m", "gzip-libdeflate-6-1m", "zstd-1", "zstd-3"};
    for (size_t i = 0; i < COUNT(names); i++)
        for (unsigned workers = 0; workers <= (i < 2 ? 2 : 0); workers++)
            for (int hash = 0; hash < 2; hash++)
                bench_encoder(names[i], workers, hash, in);
    for (size_t i = 0; i < COUNT(names); i++)
        bench_decoder(names[i], in);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "bytes.h"
#include <fcntl.h>
#include <pthread.h>

enum { TOTAL = 3 * 262144 + 17 };

struct feeder {
    int fd;
    const uint8_t *p;
    size_t n;
};

// Writes in pieces of odd sizes, so that reads are short.
static void *feed(void *arg)
{
    struct feeder *f = arg;
    uint32_t seed = 7;
    for (size_t at = 0; at < f->n;) {
        size_t part = 1 + bytes_next(&seed) % 9001;
        if (part > f->n - at)
            part = f->n - at;
        ssize_t done = write(f->fd, f->p + at, part);
        if (done <= 0)
            break;
        at += (size_t)done;
    }
    (void)close(f->fd);
    return NULL;
}

TEST(a_pipe_with_short_reads_gives_all_bytes)
{
    drop_free uint8_t *p = bytes_new(TOTAL);
    int fd[2];
    CHECK(pipe2(fd, O_CLOEXEC) == 0);
    struct feeder f = {fd[1], p, TOTAL};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, feed, &f) == 0);
    drop_(source_drop) struct source *s = source_take_fd(fd[0], "pipe");
    uint32_t seed = 99;
    for (size_t at = 0; at < TOTAL;) {
        size_t min = 1 + bytes_next(&seed) % STREAM_WINDOW;
        struct view v;
        MUST(source_peek(s, min, &v, &e));
        CHECK(v.n >= min || v.n == TOTAL - at);
        CHECK(memcmp(v.p, p + at, v.n) == 0);
        size_t part = 1 + bytes_next(&seed) % v.n;
        MUST(source_skip(s, part, &e));
        at += part;
    }
    struct view v;
    MUST(source_peek(s, 1, &v, &e));
    EQ_UINT(v.n, 0);
    pthread_join(thread, NULL);
}

static void *swallow(void *arg)
{
    struct feeder *f = arg;
    uint8_t *at = xmalloc(TOTAL + 1);
    f->p = at;
    uint32_t seed = 3;
    for (;;) {
        ssize_t n = read(f->fd, at + f->n, 1 + bytes_next(&seed) % 5000);
        if (n <= 0)
            return NULL;
        f->n += (size_t)n;
    }
}

TEST(a_pipe_with_short_writes_takes_all_bytes)
{
    drop_free uint8_t *p = bytes_new(TOTAL);
    int fd[2];
    CHECK(pipe2(fd, O_CLOEXEC) == 0);
    struct feeder f = {fd[0], NULL, 0};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, swallow, &f) == 0);
    drop_(sink_drop) struct sink *to = sink_fd(fd[1], "pipe");
    MUST(sink_write(to, p, TOTAL, &e));
    MUST(sink_finish(to, &e));
    (void)close(fd[1]);
    pthread_join(thread, NULL);
    EQ_UINT(f.n, TOTAL);
    CHECK(memcmp(f.p, p, TOTAL) == 0);
    drop_free uint8_t *got = (uint8_t *)(uintptr_t)f.p;
    CHECK(got);
}

static int open_new(struct test *t, const char *name)
{
    int fd = openat(t->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    return fd;
}

TEST(a_file_is_written_at_finish_and_read_back_from_its_position)
{
    drop_free uint8_t *p = bytes_new(TOTAL);
    drop_fd int fd = open_new(t, "f");
    drop_(sink_drop) struct sink *to = sink_fd(fd, "f");
    MUST(sink_write(to, p, TOTAL, &e));
    struct stat st;
    CHECK(fstat(fd, &st) == 0 && st.st_size < TOTAL);
    MUST(sink_finish(to, &e));
    CHECK(fstat(fd, &st) == 0 && st.st_size == TOTAL);
    CHECK(lseek(fd, 5, SEEK_SET) == 5);
    drop_(source_drop) struct source *s = source_fd(fd, "f");
    drop_free uint8_t *got = xmalloc(TOTAL);
    MUST(source_read(s, got, TOTAL - 5, &e));
    CHECK(memcmp(got, p + 5, TOTAL - 5) == 0);
}

TEST(a_sink_that_is_dropped_does_not_flush)
{
    drop_fd int fd = open_new(t, "f");
    struct sink *to = sink_fd(fd, "f");
    MUST(sink_write(to, "abc", 3, &e));
    sink_drop(to);
    sink_drop(NULL);
    source_drop(NULL);
    CHECK(lseek(fd, 0, SEEK_END) == 0);
}

TEST(skip_seeks_in_files_and_refuses_to_leave_them)
{
    drop_fd int fd = open_new(t, "f");
    CHECK(ftruncate(fd, (off_t)10 << 30) == 0);
    CHECK(pwrite(fd, "end", 3, ((off_t)10 << 30) - 3) == 3);
    drop_(source_drop) struct source *s = source_fd(fd, "big");
    struct view v;
    MUST(source_peek(s, 512, &v, &e));
    MUST(source_skip(s, ((uint64_t)10 << 30) - 3, &e));
    MUST(source_peek(s, 10, &v, &e));
    CHECK(v.n == 3 && memcmp(v.p, "end", 3) == 0);
    REFUSED(source_skip(s, 4, &e), ERR_PARSE, "big: truncated");
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    drop_(source_drop) struct source *again = source_fd(fd, "big");
    REFUSED(source_skip(again, ((uint64_t)10 << 30) + 1, &e), ERR_PARSE, "big: truncated");
}

TEST(errors_of_descriptors_name_them)
{
    drop_(source_drop) struct source *s = source_fd(-1, "some file");
    struct view v;
    REFUSED(source_peek(s, 1, &v, &e), ERR_IO, "some file: read");
    drop_(sink_drop) struct sink *to = sink_fd(-1, "other file");
    MUST(sink_write(to, "x", 1, &e));
    REFUSED(sink_finish(to, &e), ERR_IO, "other file: write");
}

TEST(a_full_disk_is_an_error_of_write_or_finish)
{
    drop_fd int fd = -1;
    MUST(path_open_host("/dev/full", O_WRONLY, 0, &fd, &e));
    drop_(sink_drop) struct sink *to = sink_fd(fd, "full");
    REFUSED(sink_zeros(to, 1 << 20, &e), ERR_IO, "full: write|No space left");
}

TEST(C12_a_buffer_takes_its_max_and_not_one_more)
{
    static const size_t sizes[] = {0, 99, 100, 101, 100000};
    drop_free uint8_t *p = bytes_new(100000);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        drop_buf struct buf b = BUF_INIT(100);
        drop_(sink_drop) struct sink *to = sink_buffer(&b);
        struct span room;
        MUST(sink_room(to, STREAM_WINDOW, &room, &e)); // room beyond the max is fine, data is not
        CHECK(room.n >= STREAM_WINDOW);
        if (sizes[i] <= 100) {
            MUST(sink_write(to, p, sizes[i], &e));
            MUST(sink_finish(to, &e));
            EQ_UINT(b.n, sizes[i]);
        } else {
            REFUSED(sink_write(to, p, sizes[i], &e), ERR_LIMIT, "larger than the limit of 100 bytes");
            REFUSED(sink_finish(to, &e), ERR_LIMIT, "limit");
        }
    }
}

TEST(the_null_sink_takes_everything)
{
    drop_(sink_drop) struct sink *to = sink_null();
    MUST(sink_zeros(to, 10 << 20, &e));
    MUST(sink_finish(to, &e));
}

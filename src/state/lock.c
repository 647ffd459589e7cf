// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "state/state_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

enum {
    POLL_MS = 10,
    TURN_MS = 5000,    // that gc keeps new transactions waiting at a time
    TURN_GAP_MS = 100, // and then lets them pass
    HOLDERS_SHOWN = 4,
};

// "1: FLOCK  ADVISORY  READ 1234 08:01:5678 0 EOF": the process that holds a lock of this file; 0: the line is none.
static uint64_t holder_of(struct str line, const char *file)
{
    struct str word, field[6];
    size_t n = 0;
    uint64_t pid;
    while (n < COUNT(field) && str_cut(&line, ' ', &word))
        if (word.n)
            field[n++] = word;
    if (n < COUNT(field) || !str_is(field[1], "FLOCK") || !str_is(field[5], file) ||
        !str_u64(field[4], 1, INT32_MAX, &pid))
        return 0;
    return pid;
}

// What the kernel tells: " (process 1234, dema)"; nothing where it tells nothing, as of another pid namespace.
static void add_holders(int fd, struct buf *out)
{
    drop_buf struct buf locks = BUF_INIT(MIB(4));
    char file[64];
    struct stat st;
    struct str rest, line;
    size_t shown = 0;
    if (fstat(fd, &st) < 0 || file_read(AT_FDCWD, "/proc/locks", &locks, NULL) < 0)
        return;
    (void)snprintf(file, sizeof file, "%02x:%02x:%ju", major(st.st_dev), minor(st.st_dev),
                   (uintmax_t)st.st_ino);
    for (rest = buf_view(&locks); shown < HOLDERS_SHOWN && str_next_line(&rest, &line);) {
        drop_buf struct buf comm = BUF_INIT(64);
        char path[64];
        uint64_t pid = holder_of(line, file);
        if (!pid)
            continue;
        buf_printf(out, "%s%ju", shown++ ? ", " : " (process ", (uintmax_t)pid);
        (void)snprintf(path, sizeof path, "/proc/%ju/comm", (uintmax_t)pid);
        if (file_read(AT_FDCWD, path, &comm, NULL) == 0) {
            drop_(arena_free) struct arena *a = arena_new(256);
            buf_printf(out, " " PRI_STR, STR_ARG(str_printable(a, str_trim(buf_view(&comm)), 32)));
        }
    }
    if (shown)
        buf_char(out, ')');
}

static int busy(int fd, const char *what, struct err *e)
{
    drop_buf struct buf who = BUF_INIT(512);
    add_holders(fd, &who);
    (void)err_set(e, ERR_BUSY, "%s: in use by another dema" PRI_STR, what, STR_ARG(buf_view(&who)));
    if (e)
        e->transient = true;
    return -1;
}

// *got: whether the lock was had in time.
static int try_for(int fd, int op, unsigned wait_ms, const char *what, bool *got, struct err *e)
{
    *got = false;
    for (unsigned waited = 0;; waited += POLL_MS) {
        if (flock(fd, op | LOCK_NB) == 0) {
            *got = true;
            return 0;
        }
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return err_sys(e, "%s: lock", what);
        if (waited >= wait_ms)
            return 0;
        (void)poll(NULL, 0, POLL_MS);
    }
}

int lock_take(int fd, int op, unsigned wait_ms, const char *what, struct err *e)
{
    bool got;
    if (try_for(fd, op, wait_ms, what, &got, e) < 0)
        return -1;
    return got ? 0 : busy(fd, what, e);
}

// gc must not wait for ever for a moment without transactions: while it stands in the turnstile no new one begins. It
// does not stand there long, since one that is open may be waiting for a second.
static int take_alone(struct state *st, int turn, int lock, unsigned wait_ms, struct err *e)
{
    for (unsigned waited = 0;;) {
        unsigned rest = wait_ms - waited, part = rest < TURN_MS ? rest : TURN_MS;
        if (lock_take(turn, LOCK_EX, rest, st->path, e) < 0)
            return -1;
        bool got;
        int rc = try_for(lock, LOCK_EX, part, st->path, &got, e);
        (void)flock(turn, LOCK_UN);
        if (rc < 0 || got)
            return rc;
        waited += part;
        if (wait_ms - waited <= TURN_GAP_MS)
            return busy(lock, st->path, e);
        (void)poll(NULL, 0, TURN_GAP_MS);
        waited += TURN_GAP_MS;
    }
}

int state_lock(struct state *st, int op, unsigned wait_ms, int *fd, struct err *e)
{
    // Open files of its own each time: the locks of one process's transactions are independent.
    drop_fd int lock = -1;
    drop_fd int turn = -1;
    if (path_open_plain(st->dir, "lock", O_RDWR | O_CREAT, 0600, &lock, e) < 0 ||
        path_open_plain(st->dir, "tmp", O_RDONLY | O_DIRECTORY, 0, &turn, e) < 0)
        return -1;
    if (op == LOCK_EX) {
        if (take_alone(st, turn, lock, wait_ms, e) < 0)
            return -1;
    } else if (lock_take(turn, op, wait_ms, st->path, e) < 0 ||
               lock_take(lock, op, wait_ms, st->path, e) < 0) {
        return -1;
    }
    *fd = steal_fd(&lock);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "kit/program.h"
#include "base/limits.h"
#include "base/path.h"
#include "test.h"
#include <malloc.h>
#include <unistd.h>

// The bytes in use once the program has said its last line must not grow with what it said before.
struct heap {
    struct events ev;
    size_t first, last;
};

static void note_heap(struct events *self, const struct event *ev)
{
    struct heap *h = CONTAINER(self, struct heap, ev);
    struct mallinfo2 now = mallinfo2();
    (void)ev;
    h->last = now.uordblks + now.hblkhd;
    h->first = h->first ? h->first : h->last;
}

static void nothing(struct events *self, const struct event *ev)
{
    (void)self;
    (void)ev;
}

// What has left the program's group floods its pipe: the program's end is seen all the same.
TEST(what_a_program_leaves_does_not_hold_it_up)
{
    static const char *const argv[] = {"sh", "-c", "setsid yes & sleep 0.2", NULL};
    struct events ev = {nothing};
    drop_fd int cwd = dup(t->dir);
    int status = -1;
    const struct program p = {.argv = argv, .cwd_fd = cwd, .ev = &ev};
    (void)alarm(60); // ends the test
    MUST(program_run(&p, &status, &e));
    (void)alarm(0);
    EQ_INT(status, 0);
}

TEST(the_output_of_a_program_is_not_kept)
{
    static const char *const argv[] = {"sh", "-c", "yes a line of it | head -n 100000", NULL};
    struct heap h = {.ev = {note_heap}};
    drop_fd int cwd = dup(t->dir);
    int status = -1;
    const struct program p = {.argv = argv, .cwd_fd = cwd, .ev = &h.ev};
    MUST(program_run(&p, &status, &e));
    EQ_INT(status, 0);
    CHECK_MSG(h.last < h.first + KIB(256), "%zu bytes, then %zu", h.first, h.last);
}

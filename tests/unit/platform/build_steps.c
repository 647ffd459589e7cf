// SPDX-License-Identifier: Apache-2.0
#include "platform/build_steps.h"
#include "test.h"
#include <unistd.h>

struct counted {
    struct events base;
    size_t n;
};

static void count(struct events *self, const struct event *ev)
{
    (void)ev;
    CONTAINER(self, struct counted, base)->n++;
}

struct rig {
    struct counted seen;
    struct build_opts o;
    struct building b;
};

static void begin(struct rig *r)
{
    *r = (struct rig){.seen.base.emit = count, .b.a = arena_new(4096)};
    r->o.ev = &r->seen.base;
    r->b.o = &r->o;
}

static bool write_all(const struct build_steps *s, const char *text)
{
    size_t n = strlen(text);
    return write(s->out, text, n) == (ssize_t)n;
}

TEST(steps_of_a_phase)
{
    struct rig r;
    drop_steps struct build_steps s = BUILD_STEPS_INIT;
    begin(&r);
    MUST(build_steps_open(&s, &r.b, "builder", &e));
    CHECK(write_all(&s, "step\tbuild plan\t0\t0\t\nstep\tnobody@1\t0\t0\t\nerror\t\t0\t0\twhy\n"));
    CHECK(build_steps_read(&s));
    EQ_UINT(r.seen.n, 1);
    EQ_STR(s.current, "build plan");
    EQ_STR(s.error, "why");
    CHECK(write_all(&s, "no line\n"));
    CHECK(!build_steps_read(&s));
    arena_free(r.b.a);
}

// A buildpack that writes there for ever.
TEST(steps_without_end)
{
    struct rig r;
    drop_steps struct build_steps s = BUILD_STEPS_INIT;
    char line[1024];
    size_t n = 0;
    begin(&r);
    memset(line, 'x', sizeof line);
    memcpy(line, "error\t\t0\t0\t", 11);
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = 0;
    MUST(build_steps_open(&s, &r.b, "builder", &e));
    do
        n++;
    while (write_all(&s, line) && build_steps_read(&s) && n < 100000);
    EQ_UINT(n, BUILD_STEPS_BYTES / (sizeof line - 1) + 1);
    arena_free(r.b.a);
}

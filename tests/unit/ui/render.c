// SPDX-License-Identifier: Apache-2.0
#include "ui/render.h"
#include "base/path.h"
#include "document/json.h"
#include "test.h"
#include <fcntl.h>
#include <unistd.h>

// What a renderer of this style writes for one event.
static struct str shown(struct arena *a, struct test *t, struct render_opts o, const struct event *ev,
                        const char *secret)
{
    int fd;
    MUST(path_open(t->dir, "out", O_RDWR | O_CREAT | O_TRUNC, 0600, &fd, &e));
    o.fd = fd;
    struct render *r = render_new(&o);
    if (secret)
        render_secret(r, str_of(secret));
    event_emit(render_events(r), ev);
    render_free(r);
    (void)close(fd);
    return test_read(a, t->dir, "out");
}

TEST(render_plain_lines)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct err_at at = {.file = "project.toml", .line = 3, .key = "build"};
    static const struct render_opts plain = {.style = RENDER_PLAIN};
    EQ_STR(shown(a, t, plain, &(struct event){.kind = EV_PHASE, .phase = STR("detect")}, NULL),
           "==> detect\n");
    EQ_STR(shown(a, t, plain,
                 &(struct event){.kind = EV_PHASE, .phase = STR("detect"), .done = 1, .total = 1234}, NULL),
           "    1.2 s\n");
    EQ_STR(shown(a, t, plain, &(struct event){.kind = EV_WARN, .text = STR("odd"), .at = &at}, NULL),
           "warning: project.toml:3: build: odd\n");
    EQ_STR(shown(a, t, plain, &(struct event){.kind = EV_FACT, .text = STR("why")}, NULL), "");
    EQ_STR(shown(a, t, plain, &(struct event){.kind = EV_PROGRESS, .done = 1, .total = 2}, NULL), "");
}

TEST(render_hides_secrets_in_every_style)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct event ev = {.kind = EV_LINE, .text = STR("token=hunter22 and hunter22")};
    for (int style = RENDER_PLAIN; style <= RENDER_REFERENCE; style++) {
        struct str s = shown(a, t, (struct render_opts){.style = (enum render_style)style}, &ev, "hunter22");
        CHECK(!memmem(s.p, s.n, "hunter22", 8));
        CHECK(memmem(s.p, s.n, "token=*** and ***", 17));
    }
}

TEST(B12_terminal_escapes_reach_a_terminal_only_as_colours)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct event ev = {.kind = EV_LINE,
                       .text = STR("\033[31mred\033[0m \033]0;title\007 \033[2J \xff\xc2\x9b"
                                   "x")};
    struct str s = shown(a, t, (struct render_opts){.style = RENDER_TERMINAL}, &ev, NULL);
    EQ_STR(s, "    \033[31mred\033[0m ]0;title\\x07 [2J \\xff\\xc2\\x9bx\n");
    struct str raw = shown(a, t, (struct render_opts){.style = RENDER_PLAIN}, &ev, NULL);
    CHECK(memmem(raw.p, raw.n, "\033[2J", 4));
}

TEST(render_json_is_one_object_a_line)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct event ev = {.kind = EV_STEP, .phase = STR("build"), .subject = STR("a/b"), .text = STR("x\ny\"z")};
    struct str s = shown(a, t, (struct render_opts){.style = RENDER_JSON}, &ev, NULL);
    struct val *v;
    EQ_INT(s.p[s.n - 1], '\n');
    MUST(json_read(a, s, "event", &v, &e));
    EQ_STR(val_get(v, STR("text"))->s, "x\ny\"z");
    EQ_STR(val_get(v, STR("event"))->s, "step");
}

TEST(render_reference_lines)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const struct render_opts ref = {.style = RENDER_REFERENCE};
    EQ_STR(shown(a, t, ref,
                 &(struct event){.kind = EV_PHASE, .phase = STR("detect"), .text = STR("DETECTING")}, NULL),
           "===> DETECTING\n");
    EQ_STR(shown(a, t, ref, &(struct event){.kind = EV_STEP, .text = STR("node 1")}, NULL), "node 1\n");
}

TEST(render_steps_of_buildpacks)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    static const struct render_opts plain = {.style = RENDER_PLAIN};
    EQ_STR(shown(a, t, plain, &(struct event){.kind = EV_STEP, .subject = STR("a/b@1")}, NULL), "");
    EQ_STR(shown(a, t, plain,
                 &(struct event){.kind = EV_STEP, .subject = STR("a/b@1"), .done = 1, .total = 1234}, NULL),
           "    a/b@1  1.2 s\n");
    EQ_STR(shown(a, t, plain, &(struct event){.kind = EV_STEP, .subject = STR("a"), .text = STR("b")}, NULL),
           "    a  b\n");
    EQ_STR(shown(a, t, (struct render_opts){.style = RENDER_PLAIN, .facts = true},
                 &(struct event){.kind = EV_FACT, .subject = STR("app"), .text = STR("new")}, NULL),
           "    app: new\n");
}

// A terminal that wants plain lines is still a terminal.
TEST(render_plain_lines_for_a_terminal_are_harmless)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct event ev = {.kind = EV_STEP, .subject = STR("\033]0;x"), .text = STR("\033[31mred\033[2J\007")};
    struct str s = shown(a, t, (struct render_opts){.style = RENDER_PLAIN, .harmless = true}, &ev, NULL);
    EQ_STR(s, "    \\x1b]0;x  \033[31mred[2J\\x07\n");
}

// What a renderer writes for a phase that takes a while, with what else happens in it.
static struct str while_it_runs(struct arena *a, struct test *t, unsigned width)
{
    const struct event events[] = {
        {.kind = EV_PHASE, .phase = STR("build")},
        {.kind = EV_STEP, .subject = STR("example/caf\xc3\xa9-buildpack@1.2.3")},
        {.kind = EV_PROGRESS, .subject = STR("node"), .done = 47, .total = 100},
    };
    int fd;
    MUST(path_open(t->dir, "out", O_RDWR | O_CREAT | O_TRUNC, 0600, &fd, &e));
    struct render *r = render_new(&(struct render_opts){.style = RENDER_TERMINAL, .fd = fd, .width = width});
    for (size_t i = 0; i < COUNT(events); i++)
        event_emit(render_events(r), &events[i]);
    (void)usleep(900000); // the line shows after 0.3 s, and is drawn by a thread
    event_emit(render_events(r), &(struct event){.kind = EV_LINE, .text = STR("a line")});
    render_free(r);
    (void)close(fd);
    return test_read(a, t->dir, "out");
}

TEST(render_live_line_goes_on_by_itself_and_fits)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str s = while_it_runs(a, t, 80);
    CHECK(str_has_prefix(s, "==> build\n"));
    CHECK(memmem(s.p, s.n, "| build: example/caf\xc3\xa9-buildpack@1.2.3  node  47%  0.", 51));
    CHECK(memmem(s.p, s.n, "/ build", 7));
    CHECK(memmem(s.p, s.n, "\r\033[K    a line\n", 15));
    CHECK(str_has_suffix(s, "\r\033[K"));
    s = while_it_runs(a, t, 24); // 23 columns, and the character of two bytes is whole
    CHECK(memmem(s.p, s.n, "\r\033[K  / build: example/caf\xc3\xa9\r\033[K", 32) ||
          memmem(s.p, s.n, "\r\033[K  - build: example/caf\xc3\xa9\r\033[K", 32));
}

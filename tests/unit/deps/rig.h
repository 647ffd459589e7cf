// SPDX-License-Identifier: Apache-2.0
// tests/unit/deps/rig.h - a state, sources, and dependencies whose bytes are known.
#pragma once
#include "../net/server.h"
#include "base/file.h"
#include "deps/deps.h"
#include "deps/fetch.h"
#include "stream/memory.h"
#include "test.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

struct seen_events {
    struct events base;
    char text[8192];
    uint64_t done;
};

static inline void see(struct events *self, const struct event *ev)
{
    struct seen_events *s = CONTAINER(self, struct seen_events, base);
    size_t n = strlen(s->text);
    if (ev->kind == EV_PROGRESS)
        s->done = ev->done;
    else if (n + 1 < sizeof s->text)
        (void)snprintf(s->text + n, sizeof s->text - n, PRI_STR ": " PRI_STR "\n", STR_ARG(ev->subject),
                       STR_ARG(ev->text));
}

struct deps_rig {
    struct arena *a;
    struct state *st;
    struct seen_events seen;
    struct deps_sources_spec spec;
    struct deps_sources *s;
    const char *env[8];
};

static inline void deps_rig_close(struct deps_rig *r)
{
    deps_sources_free(r->s);
    state_close(r->st);
    arena_free(r->a);
}

// No machine's own configuration takes part.
static inline void deps_rig_open(struct test *t, struct deps_rig *r)
{
    *r = (struct deps_rig){.a = arena_new(4096), .seen.base.emit = see};
    MUST(state_open(arena_printf(r->a, "%s/state", t->path), NULL, &r->st, &e));
    r->env[0] = arena_printf(r->a, "HOME=%s", t->path);
    r->env[1] = arena_printf(r->a, "NPM_CONFIG_GLOBALCONFIG=%s/npmrc", t->path);
    r->spec = (struct deps_sources_spec){.st = r->st, .envp = r->env, .ev = &r->seen.base, .stop_fd = -1};
    MUST(deps_sources_new(&r->spec, &r->s, &e));
}
#define DEPS_RIG(r)                                                                                          \
    __attribute__((cleanup(deps_rig_close))) struct deps_rig r;                                              \
    deps_rig_open(t, &r)

static inline struct dep dep_named(const char *id, const char *uri, enum dep_scheme scheme, const char *bytes)
{
    struct dep d = {.id = str_of(id), .version = STR("1.0.0"), .uri = str_of(uri), .scheme = scheme};
    digest_of(HASH_SHA256, bytes, strlen(bytes), &d.sum);
    return d;
}

static inline struct str content(struct arena *a, int fd)
{
    drop_buf struct buf b = BUF_INIT(1 << 20);
    MUST(file_read_fd(fd, "fd", &b, &e));
    return str_dup(a, buf_view(&b));
}

// Files beneath a directory of the state.
static inline size_t count_files(struct arena *a, struct deps_rig *r, const char *dir)
{
    DIR *d = opendir(arena_printf(a, "%s/%s", state_path(r->st), dir));
    size_t n = 0;
    CHECK(d != NULL);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

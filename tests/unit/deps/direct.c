// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

struct direct {
    struct arena *a;
    struct deps_ops *o;
    const char *env[3];
};
static void direct_close(struct direct *d)
{
    deps_free(d->o);
    arena_free(d->a);
}

static void direct_open(struct test *t, struct direct *d)
{
    *d = (struct direct){.a = arena_new(4096)};
    d->env[0] = arena_printf(d->a, "PATH=%s/bin:/usr/bin:/bin", t->path);
    MUST(path_mkdirs(t->dir, "tmp", 0755, &e));
    struct deps_direct_spec s = {.envp = d->env, .tmp = arena_printf(d->a, "%s/tmp", t->path)};
    MUST(deps_direct(&s, &d->o, &e));
}
#define DIRECT(d)                                                                                            \
    __attribute__((cleanup(direct_close))) struct direct d;                                                  \
    direct_open(t, &d)

static void curl_is(struct test *t, struct arena *a, const char *script)
{
    test_write(t->dir, "bin/curl", script, strlen(script));
    CHECK(chmod(arena_printf(a, "%s/bin/curl", t->path), 0755) == 0);
}

TEST(direct_copies_files)
{
    DIRECT(r);
    test_write(t->dir, "x.tgz", "bytes", 5);
    test_write(t->dir, "bp/dependencies/y", "why", 3);
    struct dep d = dep_named("x", arena_printf(r.a, "file://%s/x.tgz", t->path), DEP_FILE, "bytes");
    struct dep y = dep_named("y", "file:///dependencies/y", DEP_FILE, "why");
    drop_fd int fd = -1, own = -1;
    y.dir = arena_printf(r.a, "%s/bp", t->path);
    MUST(deps_fetch(r.o, &d, &fd, &e));
    test_write(t->dir, "x.tgz", "later", 5); // what was checked is what is read
    EQ_STR(content(r.a, fd), "bytes");
    EQ_INT(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    MUST(deps_fetch(r.o, &y, &own, &e));
    EQ_STR(content(r.a, own), "why");
    int none = -1;
    REFUSED(deps_fetch(r.o, &d, &none, &e), ERR_DIGEST, "x 1.0.0|the bytes are sha256:|wanted sha256:");
    d.uri = STR("file:///nonexistent/x");
    REFUSED(deps_fetch(r.o, &d, &none, &e), ERR_NOT_FOUND, "x 1.0.0|/nonexistent/x");
    d = dep_named("x", "npm:x@1.0.0", DEP_NPM, "bytes");
    REFUSED(deps_fetch(r.o, &d, &none, &e), ERR_USAGE, "npm:x@1.0.0|platform");
    EQ_INT(none, -1);
}

TEST(direct_asks_curl)
{
    DIRECT(r);
    struct dep d = dep_named("x", "https://a.test/{x}", DEP_HTTPS, "bytes");
    drop_fd int fd = -1;
    int none = -1;
    // Only https may be spoken, also behind a redirect; no configuration file counts; the address is no option.
    curl_is(t, r.a,
            "#!/bin/sh\ncase \" $* \" in\n"
            "\" --disable --globoff --proto =https --proto-redir =https \"*\" -- https://a.test/{x} \") "
            "printf bytes ;;\n"
            "*) echo \"$*\" >&2; exit 9 ;;\nesac\n");
    MUST(deps_fetch(r.o, &d, &fd, &e));
    EQ_STR(content(r.a, fd), "bytes");
    curl_is(t, r.a, "#!/bin/sh\nprintf byt\necho 'curl: (6) Could not resolve host' >&2\nexit 6\n");
    REFUSED(deps_fetch(r.o, &d, &none, &e), ERR_NETWORK, "x 1.0.0|exit code 6|Could not resolve host");
    curl_is(t, r.a, "#!/bin/sh\nprintf others\n");
    REFUSED(deps_fetch(r.o, &d, &none, &e), ERR_DIGEST, "x 1.0.0|wanted");
    CHECK(unlinkat(t->dir, "bin/curl", 0) == 0);
    r.env[0] = arena_printf(r.a, "PATH=%s/bin", t->path);
    REFUSED(deps_fetch(r.o, &d, &none, &e), ERR_NOT_FOUND, "curl");
    EQ_INT(none, -1);
}

TEST(direct_does_not_wait_for_ever)
{
    DIRECT(r);
    struct deps_direct_spec s = {.envp = r.env, .tmp = arena_printf(r.a, "%s/tmp", t->path), .whole_ms = 200};
    struct dep d = dep_named("x", "https://a.test/x", DEP_HTTPS, "bytes");
    int none = -1;
    deps_free(steal_ptr(r.o));
    MUST(deps_direct(&s, &r.o, &e));
    curl_is(t, r.a, "#!/bin/sh\nwhile printf x; do sleep 0.05; done\n");
    REFUSED(deps_fetch(r.o, &d, &none, &e), ERR_NETWORK, "x 1.0.0|only|bytes in|a second are wanted");
    EQ_INT(none, -1);
    curl_is(t, r.a, "#!/bin/sh\nprintf by\nprintf tes\n");
    MUST(deps_fetch(r.o, &d, &none, &e));
    (void)close(none);
}

TEST(direct_needs_a_directory)
{
    static const char *const env[] = {"TMPDIR=/nonexistent/tmp", NULL};
    struct deps_direct_spec s = {.envp = env};
    struct deps_ops *o = NULL;
    REFUSED(deps_direct(&s, &o, &e), ERR_USAGE, "/nonexistent/tmp");
    s.tmp = "/dev/null";
    REFUSED(deps_direct(&s, &o, &e), ERR_USAGE, "/dev/null");
    CHECK(o == NULL);
}

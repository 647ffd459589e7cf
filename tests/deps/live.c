// SPDX-License-Identifier: Apache-2.0
// Real packages of this machine's npm registry and of its apt, through the broker.
#include "base/buf.h"
#include "base/file.h"
#include "base/proc.h"
#include "deps/deps.h"
#include "deps/serve.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>

#define IS_NUMBER                                                                                            \
    "e350a27e483a7bc4f2952a5db53a5e2d532abd20445734edb47bc4443ef8d7ea6767c00dbf4d34e0c44be3740a3c394af5c1af" \
    "369e8d6566540656c65d8c719e"

// What the broker tells us, which a build does not hear.
struct told {
    struct events base;
    char text[4096];
};

static void hear(struct events *self, const struct event *ev)
{
    struct told *s = CONTAINER(self, struct told, base);
    if (ev->kind == EV_WARN)
        (void)snprintf(s->text, sizeof s->text, PRI_STR, STR_ARG(ev->text));
}

struct live {
    struct arena *a;
    struct told told; // the last warning
    struct state *st;
    struct deps_server *s;
    struct deps_ops *o;
    struct dep dep[3];
};
static void live_close(struct live *l)
{
    deps_free(l->o);
    deps_server_stop(l->s);
    state_close(l->st);
    arena_free(l->a);
}

static struct dep dep_of(const char *id, const char *uri, enum dep_scheme scheme, const char *sum)
{
    struct dep d = {.id = str_of(id), .version = STR("1"), .uri = str_of(uri), .scheme = scheme};
    MUST(digest_parse(str_of(sum), &d.sum, &e));
    return d;
}

static void start(struct test *t, struct live *l)
{
    struct deps_server_spec spec = {
        .dirfd = t->dir, .name = "broker", .allowed = l->dep, .n_allowed = COUNT(l->dep)};
    MUST(state_open(arena_printf(l->a, "%s/state", t->path), NULL, &l->st, &e));
    spec.sources = (struct deps_sources_spec){.st = l->st,
                                              .envp = (const char *const *)environ,
                                              .ev = &l->told.base,
                                              .apt_dir = arena_printf(l->a, "%s/apt", t->path)};
    l->told.base.emit = hear;
    MUST(deps_server_start(&spec, &l->s, &e));
    MUST(deps_ask(arena_printf(l->a, "%s/broker", t->path), &l->o, &e));
}

// The package of that name, or why there is none here. The first two bytes of the file are `magic`.
static bool got(struct live *l, const struct dep *d, const char *magic, char *why, size_t n)
{
    drop_fd int fd = -1;
    struct err e = {0};
    char head[3] = "";
    if (deps_fetch(l->o, d, &fd, &e) < 0) {
        (void)snprintf(why, n, "%.400s", l->told.text);
        CHECK_MSG(e.code == ERR_NETWORK || (e.code == ERR_NOT_FOUND && strstr(why, "configured")), "%s", why);
        return false;
    }
    CHECK(read(fd, head, 2) == 2 && memcmp(head, magic, 2) == 0);
    return true;
}

TEST_SECONDS(needs_npm, 200)
{
    __attribute__((cleanup(live_close))) struct live l = {.a = arena_new(4096)};
    char why[512], hex[DIGEST_TEXT];
    int none = -1;
    l.dep[0] = dep_of("is-number", "npm:is-number@7.0.0", DEP_NPM, "sha512:" IS_NUMBER);
    l.dep[1] = dep_of("is-number", "npm:is-number@7.0.0", DEP_NPM,
                      "sha256:" /* of nothing */
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    l.dep[2] = dep_of("is-number", "npm:is-number@7.99.0", DEP_NPM,
                      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    start(t, &l);
    if (!got(&l, &l.dep[0], "\x1f\x8b", why, sizeof why))
        SKIP(arena_printf(l.a, "needs: npm: %s", why));
    CHECK(got(&l, &l.dep[0], "\x1f\x8b", why, sizeof why));
    const char *kept = arena_printf(l.a, "state/deps/sha512/%s", digest_hex(&l.dep[0].sum, hex));
    CHECK(faccessat(t->dir, kept, F_OK, 0) == 0);
    REFUSED(deps_fetch(l.o, &l.dep[1], &none, &e), ERR_DIGEST,
            "is-number|not those that the catalogue wants");
    REFUSED(deps_fetch(l.o, &l.dep[2], &none, &e), ERR_NOT_FOUND, "is-number|not to be had");
    CHECK_MSG(strstr(l.told.text, "no version 7.99.0"), "%s", l.told.text);
}

// "Key: value" of what apt-cache says of the package; empty where there is none.
static struct str field(struct arena *a, struct str text, const char *key)
{
    struct str line;
    while (str_next_line(&text, &line))
        if (str_has_prefix(line, key))
            return str_dup(a, str_trim(str_from(line, strlen(key))));
    return STR("");
}

TEST_SECONDS(needs_debian, 400)
{
    static const char *const argv[] = {"apt-cache", "show", "--no-all-versions", "hello", NULL};
    __attribute__((cleanup(live_close))) struct live l = {.a = arena_new(4096)};
    drop_buf struct buf out = BUF_INIT(1 << 20);
    struct proc_spec p = {
        .argv = argv, .envp = (const char *const *)environ, .timeout_ms = 60000, PROC_QUIET};
    int status = -1, none = -1;
    char why[512];
    if (proc_run(&p, STR(""), &out, NULL, &status, NULL) < 0 || status != 0)
        SKIP("needs: debian: this machine's apt does not know the package hello");
    struct str version = field(l.a, buf_view(&out), "Version: "),
               sum = field(l.a, buf_view(&out), "SHA256: ");
    const char *uri = arena_printf(l.a, "deb:hello=" PRI_STR, STR_ARG(version));
    l.dep[0] = dep_of("hello", uri, DEP_DEB, arena_printf(l.a, "sha256:" PRI_STR, STR_ARG(sum)));
    l.dep[1] = dep_of("hello", uri, DEP_DEB,
                      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    l.dep[2] = dep_of("hello", "deb:hello=0.0.1", DEP_DEB,
                      "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    start(t, &l);
    if (!got(&l, &l.dep[0], "!<", why, sizeof why))
        SKIP(arena_printf(l.a, "needs: debian: %s", why));
    REFUSED(deps_fetch(l.o, &l.dep[1], &none, &e), ERR_DIGEST, "hello|not those that the catalogue wants");
    REFUSED(deps_fetch(l.o, &l.dep[2], &none, &e), ERR_NOT_FOUND, "hello|not to be had");
    CHECK_MSG(strstr(l.told.text, "no version 0.0.1") && strstr(l.told.text, str_c(l.a, version)), "%s",
              l.told.text);
}

// SPDX-License-Identifier: Apache-2.0
#include "rig.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static void fetches(struct deps_rig *r, const struct dep *d, const char *want)
{
    drop_fd int fd = -1;
    MUST(deps_open(r->s, d, &fd, &e));
    EQ_STR(content(r->a, fd), want);
    EQ_INT(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST(fetch_of_a_file_and_the_cache)
{
    DEPS_RIG(r);
    test_write(t->dir, "x.tgz", "bytes", 5);
    struct dep d = dep_named("x", arena_printf(r.a, "file://%s/x.tgz", t->path), DEP_FILE, "bytes");
    bool cached = true;
    MUST(deps_get(r.s, &d, &cached, &e));
    CHECK(!cached);
    CHECK(unlinkat(t->dir, "x.tgz", 0) == 0);
    MUST(deps_get(r.s, &d, &cached, &e));
    CHECK(cached);
    fetches(&r, &d, "bytes");
    EQ_UINT(count_files(r.a, &r, "deps/sha256"), 1);
    EQ_UINT(count_files(r.a, &r, "tmp"), 0);
    CHECK_MSG(strstr(r.seen.text, "x 1.0.0: downloaded from file:") &&
                  strstr(r.seen.text, "from the download cache"),
              "%s", r.seen.text);
    struct gc_opts gc = {.unused_before_sec = INT64_MAX};
    struct gc_stats n;
    MUST(state_gc(r.st, &gc, &n, &e));
    EQ_UINT(n.deps, 1);
    REFUSED(deps_get(r.s, &d, &cached, &e), ERR_NOT_FOUND, "x 1.0.0|x.tgz");
}

TEST(fetch_keeps_nothing_of_wrong_bytes)
{
    DEPS_RIG(r);
    test_write(t->dir, "x.tgz", "other bytes", 11);
    struct dep d = dep_named("x", arena_printf(r.a, "file://%s/x.tgz", t->path), DEP_FILE, "bytes");
    char want[DIGEST_TEXT], got[DIGEST_TEXT];
    struct digest other;
    int fd = -1;
    digest_of(HASH_SHA256, "other bytes", 11, &other);
    const char *words =
        arena_printf(r.a, "x 1.0.0|%s|%s", digest_text(&d.sum, want), digest_text(&other, got));
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_DIGEST, words);
    EQ_INT(fd, -1);
    EQ_UINT(count_files(r.a, &r, "deps/sha256"), 0);
    EQ_UINT(count_files(r.a, &r, "tmp"), 0);
    d.uri = STR("file:///dev/zero");
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_USAGE, "regular file");
    d.uri = str_of(arena_printf(r.a, "file://%s", t->path));
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_USAGE, "x 1.0.0");
}

TEST(fetch_mends_a_damaged_cache)
{
    DEPS_RIG(r);
    test_write(t->dir, "x.tgz", "bytes", 5);
    struct dep d = dep_named("x", arena_printf(r.a, "file://%s/x.tgz", t->path), DEP_FILE, "bytes");
    char hex[DIGEST_TEXT];
    fetches(&r, &d, "bytes");
    test_write(t->dir, arena_printf(r.a, "state/deps/sha256/%s", digest_hex(&d.sum, hex)), "bytex", 5);
    fetches(&r, &d, "bytes");
    CHECK_MSG(strstr(r.seen.text, "damaged"), "%s", r.seen.text);
    fetches(&r, &d, "bytes");
}

TEST(fetch_gives_private_copies)
{
    DEPS_RIG(r);
    test_write(t->dir, "x.tgz", "bytes", 5);
    struct dep d = dep_named("x", arena_printf(r.a, "file://%s/x.tgz", t->path), DEP_FILE, "bytes");
    drop_fd int fd = -1, w = -1;
    char hex[DIGEST_TEXT];
    MUST(deps_open(r.s, &d, &fd, &e));
    w = open(arena_printf(r.a, "/proc/self/fd/%d", fd), O_WRONLY);
    CHECK(w >= 0 && pwrite(w, "X", 1, 0) == 1); // as somebody with our user could
    EQ_STR(test_read(r.a, t->dir, arena_printf(r.a, "state/deps/sha256/%s", digest_hex(&d.sum, hex))),
           "bytes");
    fetches(&r, &d, "bytes");
}

TEST(fetch_of_an_offline_buildpack)
{
    DEPS_RIG(r);
    test_write(t->dir, "bp/dependencies/abc", "bytes", 5);
    struct dep d = dep_named("x", "file:///dependencies/abc", DEP_FILE, "bytes");
    int fd = -1;
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_NOT_FOUND, "dependencies/abc");
    d.dir = arena_printf(r.a, "%s/bp", t->path);
    fetches(&r, &d, "bytes");
    CHECK(symlinkat("/etc/passwd", t->dir, "bp/dependencies/link") == 0);
    struct dep out = dep_named("y", "file:///dependencies/link", DEP_FILE, "other");
    out.dir = d.dir;
    REFUSED(deps_open(r.s, &out, &fd, &e), ERR_DENIED, "dependencies/link");
}

TEST(fetch_by_a_mapping_and_a_mirror)
{
    static const struct answer plan[] = {ANSWER("/m/a.test/x.tgz", 200, NULL, "never")};
    DEPS_RIG(r);
    drop_(server_stop) struct server *s = server_start(plan, COUNT(plan), false);
    struct strmap mappings = {0};
    struct dep d = dep_named("x", "https://a.test/x.tgz", DEP_HTTPS, "bytes");
    char hex[DIGEST_TEXT];
    int fd = -1;
    const char *at = arena_printf(r.a, "http://127.0.0.1:%u/m/a.test/x.tgz", server_port(s));
    strmap_set(r.a, &mappings, str_of(digest_hex(&d.sum, hex)), str_of(at));
    deps_sources_free(steal_ptr(r.s));
    r.spec.mappings = &mappings;
    MUST(deps_sources_new(&r.spec, &r.s, &e));
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_DIGEST, "x 1.0.0|mirror or mapping");
    test_write(t->dir, "m/a.test/x.tgz", "bytes", 5);
    deps_sources_free(steal_ptr(r.s));
    r.spec.mappings = NULL;
    r.env[2] = arena_printf(r.a, "BP_DEPENDENCY_MIRROR=file://%s/m/{originalHost}", t->path);
    MUST(deps_sources_new(&r.spec, &r.s, &e));
    fetches(&r, &d, "bytes");
}

#define DIST(more) "{\"version\":\"1.0.0\",\"dist\":{" more "}}"

TEST(fetch_of_a_package)
{
    static struct answer plan[] = {
        ANSWER("/x/1.0.0", 200, NULL, NULL),
        ANSWER("/x.tgz", 200, NULL, "bytes"),
        ANSWER("/y/1.0.0", 200, NULL, DIST("\"tarball\":\"http://127.0.0.1:1/deep/y-1.0.0.tgz\"")),
        ANSWER("/y/-/y-1.0.0.tgz", 200, NULL, "why"),
        ANSWER("/z/1.0.0", 200, NULL,
               DIST("\"tarball\":\"http://127.0.0.1:1/z\",\"integrity\":\"sha256-"
                    "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\"")),
    };
    DEPS_RIG(r);
    drop_(server_stop) struct server *s = server_start(plan, COUNT(plan), false);
    plan[0].body = arena_printf(r.a, DIST("\"tarball\":\"http://127.0.0.1:%u/x.tgz\""), server_port(s));
    const char *rc = arena_printf(r.a, "registry=http://127.0.0.1:%u/\n//127.0.0.1:%u/:_authToken=t0k\n",
                                  server_port(s), server_port(s));
    test_write(t->dir, ".npmrc", rc, strlen(rc));
    struct dep d = dep_named("x", "npm:x@1.0.0", DEP_NPM, "bytes");
    fetches(&r, &d, "bytes");
    EQ_TEXT(server_header(s, "/x.tgz", "authorization"), "Bearer t0k");
    EQ_UINT(r.seen.done, 5);
    // The address that the registry gives is out of reach: it has the bytes itself.
    struct dep y = dep_named("y", "npm:y@1.0.0", DEP_NPM, "why");
    fetches(&r, &y, "why");
    // Its own digest says that the catalogue wants others.
    struct dep z = dep_named("z", "npm:z@1.0.0", DEP_NPM, "zed");
    int fd = -1;
    REFUSED(deps_open(r.s, &z, &fd, &e), ERR_DIGEST, "z@1.0.0|other bytes|sha256-ungWv48");
    struct dep none = dep_named("none", "npm:none@1.0.0", DEP_NPM, "zed");
    REFUSED(deps_open(r.s, &none, &fd, &e), ERR_NOT_FOUND, "none 1.0.0|404|.npmrc");
}

TEST(fetch_begins_anew_what_broke_off)
{
    static const struct answer plan[] = {
        ANSWER("/x.tgz", 200, NULL, "bytes", .fault = FAULT_TRUNCATE, .times = 2),
        ANSWER("/x.tgz", 200, NULL, "bytes"),
        ANSWER("/never.tgz", 200, NULL, "bytes", .fault = FAULT_TRUNCATE),
    };
    DEPS_RIG(r);
    drop_(server_stop) struct server *s = server_start(plan, COUNT(plan), false);
    struct strmap mappings = {0};
    struct dep d = dep_named("x", "https://a.test/x.tgz", DEP_HTTPS, "bytes");
    struct dep never = dep_named("never", "https://a.test/never.tgz", DEP_HTTPS, "never");
    char hex[DIGEST_TEXT];
    int fd = -1;
    strmap_set(r.a, &mappings, str_dup(r.a, str_of(digest_hex(&d.sum, hex))),
               str_printf(r.a, "http://127.0.0.1:%u/x.tgz", server_port(s)));
    strmap_set(r.a, &mappings, str_dup(r.a, str_of(digest_hex(&never.sum, hex))),
               str_printf(r.a, "http://127.0.0.1:%u/never.tgz", server_port(s)));
    deps_sources_free(steal_ptr(r.s));
    r.spec.mappings = &mappings;
    MUST(deps_sources_new(&r.spec, &r.s, &e));
    fetches(&r, &d, "bytes");
    EQ_UINT(server_asked(s, "/x.tgz"), 3);
    REFUSED(deps_open(r.s, &never, &fd, &e), ERR_NETWORK, "never 1.0.0|broke off");
    EQ_UINT(server_asked(s, "/never.tgz"), 3);
    EQ_UINT(count_files(r.a, &r, "deps/sha256"), 1);
}

TEST(fetch_without_network)
{
    DEPS_RIG(r);
    struct dep d = dep_named("x", "https://a.test/x.tgz", DEP_HTTPS, "bytes");
    struct dep deb = dep_named("x", "deb:x=1", DEP_DEB, "bytes");
    int fd = -1;
    REFUSED(deps_open(r.s, &deb, &fd, &e), ERR_USAGE, "deb:x=1|off");
    deps_sources_free(steal_ptr(r.s));
    r.spec.offline = true;
    MUST(deps_sources_new(&r.spec, &r.s, &e));
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_NETWORK, "x 1.0.0|not in the cache|network is off");
    CHECK_MSG(!strstr(r.seen.text, "downloaded"), "%s", r.seen.text); // nobody is told of what did not happen
    drop_fd int stop = eventfd(1, EFD_CLOEXEC);
    deps_sources_free(steal_ptr(r.s));
    r.spec.stop_fd = stop;
    MUST(deps_sources_new(&r.spec, &r.s, &e));
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_CANCELLED, "stopped");
}

// A server that takes a connection and says nothing; what was stopped ends all the same.
struct mute {
    int listen, stop;
};

static void *stop_once_asked(void *ctx)
{
    const struct mute *m = ctx;
    uint64_t one = 1;
    drop_fd int fd = accept4(m->listen, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (write(m->stop, &one, sizeof one) != sizeof one)
        abort();
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0)
        ;
    return NULL;
}

TEST(fetch_by_apt_is_stopped)
{
    DEPS_RIG(r);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    drop_fd int hole = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), stop = eventfd(0, EFD_CLOEXEC);
    struct mute m = {hole, stop};
    pthread_t thread;
    if (access("/usr/bin/apt-get", X_OK) < 0 || access("/etc/debian_version", R_OK) < 0)
        SKIP("no apt");
    CHECK(bind(hole, (struct sockaddr *)&at, n) == 0 && listen(hole, 16) == 0 &&
          getsockname(hole, (struct sockaddr *)&at, &n) == 0);
    const char *list =
        arena_printf(r.a, "deb [trusted=yes] http://127.0.0.1:%u/ x main\n", ntohs(at.sin_port));
    const char *conf = arena_printf(r.a,
                                    "Dir::Etc::sourcelist \"%s/sources.list\";\n"
                                    "Dir::Etc::sourceparts \"/dev/null\";\nAcquire::http::Proxy \"false\";\n",
                                    t->path);
    test_write(t->dir, "sources.list", list, strlen(list));
    test_write(t->dir, "apt.conf", conf, strlen(conf));
    r.env[2] = arena_printf(r.a, "APT_CONFIG=%s/apt.conf", t->path);
    r.spec.apt_dir = arena_printf(r.a, "%s/apt", t->path);
    r.spec.stop_fd = stop;
    deps_sources_free(steal_ptr(r.s));
    MUST(deps_sources_new(&r.spec, &r.s, &e));
    struct dep d = dep_named("x", "deb:x=1", DEP_DEB, "bytes");
    int fd = -1;
    CHECK(pthread_create(&thread, NULL, stop_once_asked, &m) == 0);
    REFUSED(deps_open(r.s, &d, &fd, &e), ERR_CANCELLED, "x 1.0.0|stopped");
    (void)shutdown(hole, SHUT_RDWR); // where nobody asked
    pthread_join(thread, NULL);
}

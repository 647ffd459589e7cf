// SPDX-License-Identifier: Apache-2.0
#include "deps/serve.h"
#include "base/clock.h"
#include "rig.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

struct broker {
    struct deps_rig rig;
    struct dep dep[2];
    struct server *http;
    struct strmap mappings;
    struct deps_server *s;
    const char *socket;
};

static void broker_close(struct broker *b)
{
    deps_server_stop(b->s);
    server_stop(b->http);
    deps_rig_close(&b->rig);
}

static void start(struct test *t, struct broker *b)
{
    struct deps_server_spec spec = {
        .dirfd = t->dir, .name = "broker", .allowed = b->dep, .n_allowed = 2, .sources = b->rig.spec};
    spec.sources.mappings = &b->mappings;
    MUST(deps_server_start(&spec, &b->s, &e));
}

// A file x, and y of a server with this plan.
static void broker_open(struct test *t, struct broker *b, const struct answer *plan)
{
    char hex[DIGEST_TEXT];
    *b = (struct broker){0};
    deps_rig_open(t, &b->rig);
    struct arena *a = b->rig.a;
    test_write(t->dir, "x.tgz", "bytes", 5);
    b->http = server_start(plan, 1, false);
    b->dep[0] = dep_named("x", arena_printf(a, "file://%s/x.tgz", t->path), DEP_FILE, "bytes");
    b->dep[1] = dep_named("y", "https://a.test/y", DEP_HTTPS, "why");
    strmap_set(a, &b->mappings, str_dup(a, str_of(digest_hex(&b->dep[1].sum, hex))),
               str_printf(a, "http://127.0.0.1:%u/y", server_port(b->http)));
    b->socket = arena_printf(a, "%s/broker", t->path);
    start(t, b);
}
#define BROKER(b, plan)                                                                                      \
    __attribute__((cleanup(broker_close))) struct broker b;                                                  \
    broker_open(t, &b, plan)

static const struct answer good[] = {ANSWER("/y", 200, NULL, "why")};

TEST(broker_serves_what_is_allowed)
{
    BROKER(b, good);
    drop_(deps_free) struct deps_ops *o = NULL;
    struct stat st;
    MUST(deps_ask(b.socket, &o, &e));
    CHECK(stat(b.socket, &st) == 0);
    EQ_INT(st.st_mode & 0777, 0666);
    for (size_t i = 0; i < 4; i++) {
        drop_fd int fd = -1;
        MUST(deps_fetch(o, &b.dep[i % 2], &fd, &e));
        EQ_STR(content(b.rig.a, fd), i % 2 ? "why" : "bytes");
        EQ_INT(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
        EQ_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
    EQ_UINT(server_asked(b.http, "/y"), 1);
    struct dep other = dep_named("z", "https://a.test/z", DEP_HTTPS, "zed");
    int none = -1;
    REFUSED(deps_fetch(o, &other, &none, &e), ERR_DENIED, "no buildpack of this build");
    EQ_INT(none, -1);
    deps_server_stop(steal_ptr(b.s));
    CHECK(stat(b.socket, &st) < 0);
    REFUSED(deps_fetch(o, &other, &none, &e), ERR_NOT_FOUND, "broker");
    CHECK_MSG(strstr(b.rig.seen.text, "y 1.0.0: downloaded from https://a.test/y by its mirror"), "%s",
              b.rig.seen.text);
}

TEST(broker_tells_what_went_wrong)
{
    static const struct answer wrong[] = {ANSWER("/y", 200, NULL, "lies")};
    BROKER(b, wrong);
    drop_(deps_free) struct deps_ops *o = NULL;
    int fd = -1;
    char is[DIGEST_TEXT], said[1024];
    struct digest lies;
    struct err why = {0};
    digest_of(HASH_SHA256, "lies", 4, &lies);
    MUST(deps_ask(b.socket, &o, &e));
    REFUSED(deps_fetch(o, &b.dep[1], &fd, &e), ERR_DIGEST, "y 1.0.0|the bytes are not those");
    // Which they are the build does not learn, but we do.
    CHECK(deps_fetch(o, &b.dep[1], &fd, &why) < 0);
    CHECK(!strstr(err_text(&why, said, sizeof said), digest_hex(&lies, is)));
    CHECK_MSG(strstr(b.rig.seen.text, is), "%s", b.rig.seen.text);
    CHECK(unlinkat(t->dir, "x.tgz", 0) == 0);
    REFUSED(deps_fetch(o, &b.dep[0], &fd, &e), ERR_NOT_FOUND, "x 1.0.0|x.tgz");
}

TEST(broker_tries_once)
{
    static const struct answer wrong[] = {ANSWER("/y", 200, NULL, "lies")};
    BROKER(b, wrong);
    drop_(deps_free) struct deps_ops *o = NULL;
    int fd = -1;
    MUST(deps_ask(b.socket, &o, &e));
    for (int i = 0; i < 3; i++)
        REFUSED(deps_fetch(o, &b.dep[1], &fd, &e), ERR_DIGEST, "y 1.0.0|the bytes are not those");
    EQ_UINT(server_asked(b.http, "/y"), 1);
}

// Which of many addresses a build asks for would be a message to who hears them.
TEST(broker_gives_up_after_many_failures)
{
    enum { MANY = DEPS_FAILURES_MAX + 4 };
    static const struct answer none[] = {ANSWER("/n", 404, NULL, "")};
    drop_(deps_free) struct deps_ops *o = NULL;
    struct dep many[MANY];
    char hex[DIGEST_TEXT];
    BROKER(b, none);
    deps_server_stop(steal_ptr(b.s));
    for (size_t i = 0; i < MANY; i++) {
        const char *name = arena_printf(b.rig.a, "n%zu", i);
        many[i] = dep_named(name, "https://a.test/n", DEP_HTTPS, name);
        strmap_set(b.rig.a, &b.mappings, str_dup(b.rig.a, str_of(digest_hex(&many[i].sum, hex))),
                   str_printf(b.rig.a, "http://127.0.0.1:%u/n", server_port(b.http)));
    }
    struct deps_server_spec spec = {
        .dirfd = t->dir, .name = "broker", .allowed = many, .n_allowed = MANY, .sources = b.rig.spec};
    spec.sources.mappings = &b.mappings;
    MUST(deps_server_start(&spec, &b.s, &e));
    MUST(deps_ask(b.socket, &o, &e));
    for (size_t i = 0; i < MANY; i++) {
        int fd = -1;
        REFUSED(deps_fetch(o, &many[i], &fd, &e), i < DEPS_FAILURES_MAX ? ERR_NOT_FOUND : ERR_DENIED,
                "not to be had");
    }
    EQ_UINT(server_asked(b.http, "/n"), DEPS_FAILURES_MAX);
    CHECK(strstr(b.rig.seen.text, "no more are tried") && strstr(b.rig.seen.text, "404"));
}

static int connected(const struct broker *b)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", b->socket);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

static uint64_t cpu_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

TEST(broker_without_descriptors_waits)
{
    BROKER(b, good);
    drop_(deps_free) struct deps_ops *o = NULL;
    drop_fd int got = -1;
    struct rlimit had, none;
    int client = connected(&b);
    close(client);
    usleep(50000); // its thread has ended
    CHECK(getrlimit(RLIMIT_NOFILE, &had) == 0);
    none = had;
    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    none.rlim_cur = 3; // those are taken, and poll(2) takes no more than that many
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", b.socket);
    CHECK(connect(client, (struct sockaddr *)&at, sizeof at) == 0);
    uint64_t before = cpu_ms();
    usleep(400000);
    CHECK_MSG(cpu_ms() - before < 100, "%ju ms of the processor", (uintmax_t)(cpu_ms() - before));
    CHECK(setrlimit(RLIMIT_NOFILE, &had) == 0);
    close(client);
    MUST(deps_ask(b.socket, &o, &e));
    MUST(deps_fetch(o, &b.dep[0], &got, &e));
}

TEST(broker_of_a_long_path)
{
    BROKER(b, good);
    drop_(deps_free) struct deps_ops *o = NULL;
    drop_fd int fd = -1;
    struct deps_server *before = b.s;
    const char *deep =
        "a-long-name-of-a-folder-a-long-name-of-a-folder-a-long-name-of-a-folder-a-long-name-of-a-folder";
    drop_(deps_server_stop) struct deps_server *s = NULL;
    drop_fd int dir = -1;
    MUST(path_mkdirs(t->dir, deep, 0755, &e));
    MUST(path_open(t->dir, deep, O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    struct deps_server_spec spec = {
        .dirfd = dir, .name = "broker", .allowed = b.dep, .n_allowed = 1, .sources = b.rig.spec};
    MUST(deps_server_start(&spec, &s, &e));
    MUST(deps_ask(arena_printf(b.rig.a, "%s/%s/broker", t->path, deep), &o, &e));
    MUST(deps_fetch(o, &b.dep[0], &fd, &e));
    CHECK(before != s);
    spec.name = "a/b";
    REFUSED(deps_server_start(&spec, &before, &e), ERR_USAGE, "a/b");
    spec.name = "broker";
    REFUSED(deps_server_start(&spec, &before, &e), ERR_IO, "broker");
    o->drop(o);
    o = NULL;
    REFUSED(deps_ask("/nonexistent/broker", &o, &e), ERR_NOT_FOUND, "/nonexistent/broker");
    REFUSED(deps_ask(t->path, &o, &e), ERR_USAGE, "not a socket");
}

TEST(broker_refuses_questions)
{
    static const struct {
        const char *question, *words;
    } cases[] = {
        {"GET / HTTP/1.1\n", "error protocol 0 "},
        {"dema-deps 2 sha256:aa\n", "error protocol"},
        {"dema-deps 1 https://evil.test/x\n", "error parse"},
        {"dema-deps 1 sha256:../../etc/passwd\n", "error parse"},
        {"\n", "error protocol"},
        {"dema-deps 1 md5:d41d8cd98f00b204e9800998ecf8427e\n", "error parse"},
        {"dema-deps 1 sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n",
         "error denied"},
        {"dema-deps 1 sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\nx\n",
         "error parse"},
    };
    BROKER(b, good);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char said[DEPS_ANSWER_MAX + 1] = "";
        drop_fd int fd = connected(&b);
        CHECK(send(fd, cases[i].question, strlen(cases[i].question), MSG_NOSIGNAL) > 0);
        CHECK(recv(fd, said, DEPS_ANSWER_MAX, 0) > 0);
        CHECK_MSG(strncmp(said, cases[i].words, strlen(cases[i].words)) == 0, "%s: %s", cases[i].question,
                  said);
    }
    char flood[DEPS_QUESTION_MAX], said[DEPS_ANSWER_MAX + 1] = "";
    drop_fd int fd = connected(&b);
    memset(flood, 'x', sizeof flood);
    CHECK(send(fd, flood, sizeof flood, MSG_NOSIGNAL) > 0 && recv(fd, said, DEPS_ANSWER_MAX, 0) > 0);
    CHECK_MSG(strstr(said, "more than"), "%s", said);
}

TEST(broker_has_a_limit_on_clients)
{
    BROKER(b, good);
    int fd[DEPS_CLIENTS_MAX];
    char said[DEPS_ANSWER_MAX + 1] = "";
    for (size_t i = 0; i < DEPS_CLIENTS_MAX; i++)
        fd[i] = connected(&b);
    drop_fd int more = connected(&b);
    CHECK(recv(more, said, DEPS_ANSWER_MAX, 0) > 0);
    CHECK_MSG(strncmp(said, "error busy 1 ", 13) == 0, "%s", said);
    for (size_t i = 0; i < DEPS_CLIENTS_MAX; i++)
        close(fd[i]);
    for (int i = 0;; i++) { // once they have hung up there is room again
        drop_(deps_free) struct deps_ops *o = NULL;
        drop_fd int got = -1;
        struct err e = {0};
        CHECK(deps_ask(b.socket, &o, &e) == 0 && i < 200);
        if (deps_fetch(o, &b.dep[0], &got, &e) == 0)
            break;
        EQ_INT(e.code, ERR_BUSY);
        usleep(10000);
    }
}

TEST(broker_ends_at_once)
{
    static const struct answer silent[] = {ANSWER("/y", 200, NULL, NULL, .fault = FAULT_SILENT)};
    BROKER(b, silent);
    char question[DEPS_QUESTION_MAX], sum[DIGEST_TEXT], said[DEPS_ANSWER_MAX + 1] = "";
    drop_fd int idle = connected(&b), busy = connected(&b), waits = connected(&b);
    int n = snprintf(question, sizeof question, "dema-deps 1 %s\n", digest_text(&b.dep[1].sum, sum));
    CHECK(send(busy, question, (size_t)n, 0) == n && send(waits, question, (size_t)n, 0) == n);
    while (!server_asked(b.http, "/y"))
        usleep(1000);
    uint64_t began = clock_mono_ms();
    deps_server_stop(steal_ptr(b.s));
    CHECK(clock_mono_ms() - began < 3000);
    CHECK(recv(busy, said, DEPS_ANSWER_MAX, 0) > 0);
    CHECK_MSG(strncmp(said, "error cancelled ", 16) == 0, "%s", said);
    EQ_UINT(count_files(b.rig.a, &b.rig, "deps/sha256"), 0);
    EQ_UINT(count_files(b.rig.a, &b.rig, "tmp"), 0);
}

struct asker {
    const struct broker *b;
    unsigned wrong;
};

static void *ask_often(void *ctx)
{
    struct asker *k = ctx;
    for (unsigned i = 0; i < 20; i++) {
        drop_(deps_free) struct deps_ops *o = NULL;
        drop_fd int fd = -1;
        char bytes[8] = "";
        struct err e = {0};
        bool ok = deps_ask(k->b->socket, &o, &e) == 0 && deps_fetch(o, &k->b->dep[i % 2], &fd, &e) == 0 &&
                  read(fd, bytes, 7) > 0 && strcmp(bytes, i % 2 ? "why" : "bytes") == 0;
        k->wrong += !ok;
    }
    return NULL;
}

TEST(broker_serves_many_at_once)
{
    BROKER(b, good);
    pthread_t thread[8];
    struct asker k[8];
    for (size_t i = 0; i < COUNT(thread); i++) {
        k[i] = (struct asker){.b = &b};
        CHECK(pthread_create(&thread[i], NULL, ask_often, &k[i]) == 0);
    }
    for (size_t i = 0; i < COUNT(thread); i++) {
        pthread_join(thread[i], NULL);
        EQ_UINT(k[i].wrong, 0);
    }
    EQ_UINT(server_asked(b.http, "/y"), 1);
}

// Another process' socket that lies.
static const char *lie;

static void *liar(void *ctx)
{
    int listen_fd = *(int *)ctx;
    drop_fd int fd = accept(listen_fd, NULL, NULL);
    char line[DEPS_QUESTION_MAX];
    if (fd >= 0 && recv(fd, line, sizeof line, 0) > 0)
        (void)send(fd, lie, strlen(lie), MSG_NOSIGNAL);
    return NULL;
}

TEST(broker_answers_are_checked)
{
    static const struct {
        const char *says, *words;
        enum err_code code;
    } cases[] = {
        {"ok\n", "no file", ERR_PROTOCOL},
        {"what\n", "none", ERR_PROTOCOL},
        {"", "hung up", ERR_NETWORK},
        {"error\n", "none", ERR_PROTOCOL},
        {"error network 1 a: b\tfar away\n", "a: b: far away", ERR_NETWORK},
        {"error nonsense 0 \tx\n", "x", ERR_PROTOCOL},
        {"error network 1 x\n", "none", ERR_PROTOCOL},
        {"endless", "hung up", ERR_NETWORK},
    };
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        drop_(deps_free) struct deps_ops *o = NULL;
        drop_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct dep d = dep_named("x", "npm:x@1", DEP_NPM, "bytes");
        pthread_t thread;
        int got = -1;
        (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/liar%zu", t->path, i);
        CHECK(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0);
        lie = cases[i].says;
        CHECK(pthread_create(&thread, NULL, liar, &fd) == 0);
        MUST(deps_ask(at.sun_path, &o, &e));
        REFUSED(deps_fetch(o, &d, &got, &e), cases[i].code, cases[i].words);
        pthread_join(thread, NULL);
        EQ_INT(got, -1);
    }
}

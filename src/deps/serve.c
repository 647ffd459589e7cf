// SPDX-License-Identifier: Apache-2.0
#include "deps/serve.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/path.h"
#include "deps/deps.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { NAME_MAX_ = 64, BACKLOG = 16, ACCEPT_AGAIN_MS = 100 };

// What many threads say, one after the other.
struct one_by_one {
    struct events base;
    struct events *to;
    pthread_mutex_t m;
};

struct client {
    struct deps_server *s;
    pthread_t thread;
    int fd;
    enum { CLIENT_NONE, CLIENT_RUNS, CLIENT_ENDED } state; // under the server's lock
};

struct deps_server {
    const struct dep *allowed;
    size_t n_allowed;
    struct deps_sources *sources;
    struct one_by_one events;
    int dirfd, listen, stop;
    char *name;
    bool bound, accepting;
    pthread_t acceptor;
    pthread_mutex_t m;
    pthread_cond_t changed;
    bool *busy;         // of each allowed one: somebody fetches it
    int *copy;          // and its private copy, once one was asked for; -1
    struct err *failed; // or why there is none: it is tried once
    atomic_int failures;
    struct client client[DEPS_CLIENTS_MAX];
};

static void emit_one(struct events *self, const struct event *ev)
{
    struct one_by_one *o = CONTAINER(self, struct one_by_one, base);
    pthread_mutex_lock(&o->m);
    event_emit(o->to, ev);
    pthread_mutex_unlock(&o->m);
}

// --- One question.

static void answer(int to, const char *text, size_t n, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec v = {(char *)(uintptr_t)text, n};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    // It fits the socket's buffer; who does not read it has none.
    (void)sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// The chain and the cause apart, so that the cause is whole at the other end too.
static void answer_error(int to, const struct err *e)
{
    char chain[sizeof e->chain], cause[DEPS_ANSWER_MAX / 2], line[DEPS_ANSWER_MAX];
    struct err bare = *e, outer = {.code = e->code};
    bare.chain[0] = 0;
    memcpy(outer.chain, e->chain, sizeof outer.chain);
    int n = snprintf(line, sizeof line, "error %s %d %s\t%s\n", err_code_name(e->code), e->transient,
                     err_text(&outer, chain, sizeof chain), err_text(&bare, cause, sizeof cause));
    answer(to, line, (size_t)n, -1);
}

// What is there instead is for who runs us. A build that learns the digest of a file of this machine, or of a private
// package, has it in its next catalogue, and gets the bytes; and which hosts answer what is a look around inside.
static void keep_details(struct deps_server *s, const struct dep *d, struct err *e)
{
    static const char *const told[ERR_CODE_MAX_] = {
        [ERR_DIGEST] = "the bytes are not those that the catalogue wants",
        [ERR_NETWORK] = "it is not to be had; dema itself says why",
        [ERR_PROTOCOL] = "it is not to be had; dema itself says why",
        [ERR_NOT_FOUND] = "it is not to be had; dema itself says why",
        [ERR_DENIED] = "it is not to be had; dema itself says why",
    };
    char text[sizeof e->chain + sizeof e->cause];
    if (!told[e->code] || (d->scheme == DEP_FILE && e->code != ERR_DIGEST)) // its own files it knows
        return;
    event_warn(&s->events.base, NULL, "download for %s: %s", d->dir ? d->dir : "a buildpack",
               err_text(e, text, sizeof text));
    (void)snprintf(e->cause, sizeof e->cause, "%s", told[e->code]);
}

// A question that fails is still heard at the other end: many of them would carry a message out of a sandbox without a
// network. An honest build ends at its first.
static int may_try(struct deps_server *s, struct err *e)
{
    if (atomic_load(&s->failures) < DEPS_FAILURES_MAX)
        return 0;
    return err_set(e, ERR_DENIED, "%d downloads of this build have failed: no more are tried",
                   DEPS_FAILURES_MAX);
}

// Up to the end of its line, within the time and the length that a question has.
static int hear(struct deps_server *s, int from, char line[DEPS_QUESTION_MAX], struct str *out, struct err *e)
{
    size_t n = 0;
    uint64_t end = clock_mono_ms() + DEPS_QUESTION_MS;
    for (;;) {
        struct pollfd v[] = {{.fd = s->stop, .events = POLLIN}, {.fd = from, .events = POLLIN}};
        uint64_t now = clock_mono_ms();
        if (now >= end)
            return err_set(e, ERR_PROTOCOL, "no question in %d ms", DEPS_QUESTION_MS);
        int ready = poll(v, 2, (int)(end - now));
        if (ready > 0 && v[0].revents)
            return err_set(e, ERR_CANCELLED, "downloads are stopped");
        if (ready <= 0)
            continue;
        ssize_t got = recv(from, line + n, DEPS_QUESTION_MAX - n, 0);
        if (got <= 0)
            return err_set(e, ERR_PROTOCOL, "hung up");
        n += (size_t)got;
        if (line[n - 1] == '\n')
            break;
        if (n == DEPS_QUESTION_MAX)
            return err_set(e, ERR_PROTOCOL, "a question of more than %d bytes", DEPS_QUESTION_MAX);
    }
    *out = (struct str){line, n - 1};
    return 0;
}

static int find(const struct deps_server *s, struct str question, size_t *at, struct err *e)
{
    static const char prefix[] = "dema-deps 1 ";
    struct digest sum;
    char text[DIGEST_TEXT];
    if (!str_has_prefix(question, prefix))
        return err_set(e, ERR_PROTOCOL, "not a question of dema-deps 1");
    if (digest_parse(str_from(question, sizeof prefix - 1), &sum, e) < 0)
        return -1;
    for (size_t i = 0; i < s->n_allowed; i++) {
        if (digest_eq(&s->allowed[i].sum, &sum)) {
            *at = i;
            return 0;
        }
    }
    return err_set(e, ERR_DENIED, "%.80s: no buildpack of this build has it in its catalogue",
                   digest_text(&sum, text));
}

// A descriptor of its own, at the start, for each client: of one copy for all, so that a build that asks again and
// again fills no disk.
static int hand_out(int copy, int *fd, struct err *e)
{
    char self[48];
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", copy);
    return path_open_host(self, O_RDONLY, 0, fd, e);
}

static int get(struct deps_server *s, size_t at, struct err *e)
{
    struct err why = {0};
    if (s->failed[at].code == ERR_NONE && s->copy[at] < 0 &&
        (may_try(s, &why) < 0 || deps_open(s->sources, &s->allowed[at], &s->copy[at], &why) < 0)) {
        (void)atomic_fetch_add(&s->failures, 1);
        keep_details(s, &s->allowed[at], &why);
        s->failed[at] = why;
        s->failed[at].transient = false; // not within this build: `sources` has tried again by itself
    }
    if (s->failed[at].code == ERR_NONE)
        return 0;
    *e = s->failed[at];
    return -1;
}

// Of two that want the same one the second waits for the first.
static int fetch(struct deps_server *s, size_t at, int *fd, struct err *e)
{
    pthread_mutex_lock(&s->m);
    while (s->busy[at])
        pthread_cond_wait(&s->changed, &s->m);
    s->busy[at] = true;
    pthread_mutex_unlock(&s->m);
    int rc = get(s, at, e);
    if (rc == 0)
        rc = hand_out(s->copy[at], fd, e);
    pthread_mutex_lock(&s->m);
    s->busy[at] = false;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->m);
    return rc;
}

static void serve(struct deps_server *s, int client)
{
    char line[DEPS_QUESTION_MAX];
    struct str question;
    struct err e = {0};
    size_t at;
    drop_fd int fd = -1;
    if (hear(s, client, line, &question, &e) < 0 || find(s, question, &at, &e) < 0 ||
        fetch(s, at, &fd, &e) < 0)
        answer_error(client, &e);
    else
        answer(client, "ok\n", 3, fd);
}

// --- Threads.

static void *client_run(void *ctx)
{
    struct client *c = ctx;
    serve(c->s, c->fd);
    pthread_mutex_lock(&c->s->m);
    drop_fd_p(&c->fd);
    c->state = CLIENT_ENDED;
    pthread_mutex_unlock(&c->s->m);
    return NULL;
}

// None of the process' signals is delivered here.
static int start_thread(pthread_t *t, void *(*run)(void *), void *ctx)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        BUG("pthread_sigmask");
    int rc = pthread_create(t, NULL, run, ctx);
    if (pthread_sigmask(SIG_SETMASK, &before, NULL) != 0)
        BUG("pthread_sigmask");
    return rc;
}

static void end_client(struct deps_server *s, struct client *c)
{
    pthread_mutex_lock(&s->m);
    bool was = c->state != CLIENT_NONE;
    pthread_mutex_unlock(&s->m);
    if (!was)
        return;
    pthread_join(c->thread, NULL);
    c->state = CLIENT_NONE;
}

static struct client *free_client(struct deps_server *s)
{
    for (size_t i = 0; i < DEPS_CLIENTS_MAX; i++) {
        struct client *c = &s->client[i];
        pthread_mutex_lock(&s->m);
        bool ended = c->state == CLIENT_ENDED, none = c->state == CLIENT_NONE;
        pthread_mutex_unlock(&s->m);
        if (ended)
            end_client(s, c);
        if (ended || none)
            return c;
    }
    return NULL;
}

static void welcome(struct deps_server *s, int fd)
{
    struct client *c = free_client(s);
    struct err e = {0};
    if (c) {
        *c = (struct client){.s = s, .fd = fd, .state = CLIENT_RUNS};
        if (start_thread(&c->thread, client_run, c) == 0)
            return;
        c->state = CLIENT_NONE;
    }
    (void)err_set(&e, ERR_BUSY, "the broker has %d questions already", DEPS_CLIENTS_MAX);
    e.transient = true;
    answer_error(fd, &e);
    (void)close(fd);
}

static void *accept_run(void *ctx)
{
    struct deps_server *s = ctx;
    for (;;) {
        struct pollfd v[] = {{.fd = s->stop, .events = POLLIN}, {.fd = s->listen, .events = POLLIN}};
        if (poll(v, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (v[0].revents)
            return NULL;
        int fd = v[1].revents ? accept4(s->listen, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0)
            welcome(s, fd);
        else if (v[1].revents) // no descriptor is free: it stays readable
            (void)poll(v, 1, ACCEPT_AGAIN_MS);
    }
}

// --- The socket.

static int make_socket(struct deps_server *s, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    s->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listen < 0)
        return err_sys(e, "broker: socket");
    // The directory's path may be longer than an address of a socket.
    (void)snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", s->dirfd, s->name);
    if (bind(s->listen, (struct sockaddr *)&at, sizeof at) < 0)
        return err_sys(e, "broker %s", s->name);
    s->bound = true;
    if (fchmodat(s->dirfd, s->name, 0666, 0) < 0 || listen(s->listen, BACKLOG) < 0)
        return err_sys(e, "broker %s", s->name);
    return 0;
}

static int open_all(struct deps_server *s, const struct deps_server_spec *spec, struct err *e)
{
    struct deps_sources_spec sources = spec->sources;
    s->dirfd = fcntl(spec->dirfd, F_DUPFD_CLOEXEC, 3);
    s->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->dirfd < 0 || s->stop < 0)
        return err_sys(e, "broker");
    sources.stop_fd = s->stop;
    s->events.to = sources.ev;
    sources.ev = &s->events.base;
    return deps_sources_new(&sources, &s->sources, e) < 0 ? -1 : make_socket(s, e);
}

int deps_server_start(const struct deps_server_spec *spec, struct deps_server **out, struct err *e)
{
    if (strlen(spec->name) > NAME_MAX_ || strchr(spec->name, '/'))
        return err_set(e, ERR_USAGE, "broker: \"%.80s\" is no name for its socket", spec->name);
    drop_(deps_server_stop) struct deps_server *s = XNEW(struct deps_server);
    *s = (struct deps_server){.allowed = spec->allowed,
                              .n_allowed = spec->n_allowed,
                              .events.base.emit = emit_one,
                              .dirfd = -1,
                              .listen = -1,
                              .stop = -1,
                              .name = xstrdup(spec->name),
                              .busy = xcalloc(spec->n_allowed + 1, sizeof *s->busy),
                              .copy = xcalloc(spec->n_allowed + 1, sizeof *s->copy),
                              .failed = xcalloc(spec->n_allowed + 1, sizeof *s->failed)};
    for (size_t i = 0; i < s->n_allowed; i++)
        s->copy[i] = -1;
    for (size_t i = 0; i < DEPS_CLIENTS_MAX; i++)
        s->client[i].fd = -1;
    if (pthread_mutex_init(&s->m, NULL) != 0 || pthread_mutex_init(&s->events.m, NULL) != 0 ||
        pthread_cond_init(&s->changed, NULL) != 0)
        BUG("pthread_mutex_init");
    if (open_all(s, spec, e) < 0)
        return -1;
    if (start_thread(&s->acceptor, accept_run, s) != 0)
        return err_set(e, ERR_IO, "broker: no thread can be started");
    s->accepting = true;
    *out = steal_ptr(s);
    return 0;
}

void deps_server_stop(struct deps_server *s)
{
    uint64_t one = 1;
    if (!s)
        return;
    if (s->stop >= 0 && write(s->stop, &one, sizeof one) < 0)
        BUG("eventfd");
    if (s->accepting)
        pthread_join(s->acceptor, NULL);
    for (size_t i = 0; i < DEPS_CLIENTS_MAX; i++)
        end_client(s, &s->client[i]);
    if (s->bound)
        (void)unlinkat(s->dirfd, s->name, 0);
    deps_sources_free(s->sources);
    drop_fd_p(&s->listen);
    drop_fd_p(&s->stop);
    drop_fd_p(&s->dirfd);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->events.m);
    pthread_mutex_destroy(&s->m);
    for (size_t i = 0; i < s->n_allowed; i++)
        drop_fd_p(&s->copy[i]);
    free(s->failed);
    free(s->copy);
    free(s->busy);
    free(s->name);
    free(s);
}

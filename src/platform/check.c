// SPDX-License-Identifier: Apache-2.0
#include "platform/check.h"
#include "base/clock.h"
#include "base/proc.h"
#include "platform/run.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { LOG_BYTES = 32768, LOG_LINES = 20, EVERY_MS = 20, ANSWER_BYTES = 256 };
#define LAUNCHER "/cnb/lifecycle/launcher"

static const char request[] =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: dema\r\nAccept: */*\r\nConnection: close\r\n\r\n";

struct checking {
    struct arena *a;
    const struct check_in *in;
    struct run run;
    struct str port;
    int log, writes; // the app's output: our end, its end
    size_t n_log;
    int http; // the connection under way; -1: none
    bool inet6, connected, spoke;
    size_t sent, n_answer;
    unsigned status; // of the last answer; 0: none yet
    uint64_t began, next;
    char text[LOG_BYTES], answer[ANSWER_BYTES];
};

// --- What the app prints: its end is kept.

// false: nothing more will come.
static bool take_log(struct checking *c)
{
    if (c->n_log == LOG_BYTES) {
        c->n_log = LOG_BYTES / 2;
        memmove(c->text, c->text + LOG_BYTES / 2, c->n_log);
    }
    ssize_t n = read(c->log, c->text + c->n_log, LOG_BYTES - c->n_log);
    if (n > 0)
        c->n_log += (size_t)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void show_log(struct checking *c)
{
    struct pollfd p = {.fd = c->log, .events = POLLIN};
    struct str last[LOG_LINES], rest, line;
    size_t n = 0, bad;
    while (poll(&p, 1, 0) == 1 && take_log(c))
        ;
    rest = (struct str){c->text, c->n_log};
    while (str_next_line(&rest, &line))
        last[n++ % LOG_LINES] = line;
    for (size_t i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++) {
        line = last[i % LOG_LINES];
        if (!str_utf8(line, &bad) || str_has_nul(line))
            line = str_printable(c->a, line, line.n);
        event_emit(c->in->ev, &(struct event){.kind = EV_LINE, .phase = STR("check"), .text = line});
    }
}

// --- One question

static void address(const struct checking *c, uint16_t port, struct sockaddr_storage *out, socklen_t *n)
{
    *out = (struct sockaddr_storage){0};
    if (c->inet6) {
        struct sockaddr_in6 *six = (void *)out;
        *six = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        *n = sizeof *six;
    } else {
        struct sockaddr_in *four = (void *)out;
        *four = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
        *n = sizeof *four;
    }
}

// Opens a connection: first by IPv4, next time by IPv6, …
static int ask(struct checking *c, struct err *e)
{
    struct sockaddr_storage to;
    struct err why = {0};
    socklen_t n;
    uint64_t port;
    if (!str_u64(c->port, 1, 65535, &port))
        return err_set(e, ERR_USAGE, "check: PORT is \"" PRI_STR "\", want a port", STR_ARG(c->port));
    c->next = clock_mono_ms() + EVERY_MS;
    c->sent = c->n_answer = 0;
    c->connected = false;
    address(c, (uint16_t)port, &to, &n);
    if (sbx_socket(&c->run.sbx, c->inet6, &c->http, &why) < 0) {
        if (!c->inet6 && why.code != ERR_NOT_FOUND) { // an ended app is told by its pidfd
            *e = why;
            return -1;
        }
    } else if (connect(c->http, (struct sockaddr *)&to, n) < 0 && errno != EINPROGRESS) {
        drop_fd_p(&c->http);
    }
    c->inet6 = !c->inet6;
    return 0;
}

static void hang_up(struct checking *c)
{
    drop_fd_p(&c->http);
    c->next = clock_mono_ms() + EVERY_MS;
}

// "HTTP/1.1 200": the code, 0: this is something else.
static unsigned status_of(struct str answer)
{
    uint64_t code;
    size_t at;
    if (!str_has_prefix(answer, "HTTP/") || !str_find(answer, ' ', &at) || answer.n < at + 4 ||
        !str_u64((struct str){answer.p + at + 1, 3}, 100, 599, &code))
        return 0;
    return (unsigned)code;
}

static void converse(struct checking *c)
{
    const size_t whole = sizeof request - 1;
    if (c->sent < whole) {
        ssize_t n = send(c->http, request + c->sent, whole - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) // refused: nobody listens yet
            hang_up(c);
        c->sent += n > 0 ? (size_t)n : 0;
        c->connected |= n > 0;
        return;
    }
    ssize_t n = recv(c->http, c->answer + c->n_answer, ANSWER_BYTES - c->n_answer, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    c->n_answer += n > 0 ? (size_t)n : 0;
    unsigned code = status_of((struct str){c->answer, c->n_answer});
    if (!code && n > 0 && c->n_answer < sizeof "HTTP/1.1 200" - 1)
        return;
    c->spoke |= c->n_answer > 0;
    c->status = code ? code : c->status;
    hang_up(c);
}

// --- The whole

static int ended(struct checking *c, struct err *e)
{
    int status;
    char text[64];
    if (sbx_wait(&c->run.sbx, 0, &status, e) < 0)
        return -1;
    return err_set(e, ERR_PROTOCOL, "check: the app ended (%s) before it answered on port " PRI_STR,
                   proc_status_text(status, text, sizeof text), STR_ARG(c->port));
}

static int too_late(const struct checking *c, struct err *e)
{
    double s = (double)c->in->timeout_ms / 1000;
    if (c->status)
        return err_set(e, ERR_PROTOCOL, "check: answers %u on port " PRI_STR ", still after %.3g s",
                       c->status, STR_ARG(c->port), s);
    if (c->spoke)
        return err_set(e, ERR_PROTOCOL, "check: what listens on port " PRI_STR " does not speak HTTP",
                       STR_ARG(c->port));
    if (c->connected)
        return err_set(e, ERR_PROTOCOL, "check: no answer on port " PRI_STR " within %.3g s",
                       STR_ARG(c->port), s);
    return err_set(e, ERR_PROTOCOL,
                   "check: nothing listens on port " PRI_STR
                   " after %.3g s; does the app take its port from the variable PORT?",
                   STR_ARG(c->port), s);
}

static int timeout_of(const struct checking *c, uint64_t now, uint64_t end)
{
    uint64_t until = c->http < 0 && c->next < end ? c->next : end;
    return until > now ? (int)(until - now) : 0;
}

static int watch(struct checking *c, struct err *e)
{
    struct pollfd p[] = {{.fd = c->run.sbx.pidfd, .events = POLLIN},
                         {.fd = c->in->stop_fd, .events = POLLIN},
                         {.fd = c->log, .events = POLLIN},
                         {.fd = -1}};
    const uint64_t end = c->began + c->in->timeout_ms;
    for (uint64_t now = c->began; now < end; now = clock_mono_ms()) {
        if (c->http < 0 && now >= c->next && ask(c, e) < 0)
            return -1;
        p[3].fd = c->http;
        p[3].events = c->sent < sizeof request - 1 ? POLLOUT : POLLIN;
        if (poll(p, COUNT(p), timeout_of(c, now, end)) < 0 && errno != EINTR)
            return err_sys(e, "check");
        if (p[1].revents)
            return err_set(e, ERR_CANCELLED, "stopped");
        if (p[2].revents && !take_log(c))
            p[2].fd = -1;
        if (p[3].revents && c->http >= 0)
            converse(c);
        if (c->status && c->status < 500)
            return 0;
        if (p[0].revents)
            return ended(c, e);
    }
    return too_late(c, e);
}

static int open_log(struct checking *c, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    c->log = ends[0];
    c->writes = ends[1];
    // The app opens /dev/stdout with the rights of its id inside.
    return fchmod(c->writes, 0622) < 0 || fcntl(c->log, F_SETFL, O_NONBLOCK) < 0 ? err_sys(e, "pipe") : 0;
}

// The launcher without a type and without a command would only say how it is used.
static int has_process(const struct check_in *in, const struct image *img, struct err *e)
{
    const struct container_config *c = &img->config.config;
    if (c->entrypoint.n == 1 && str_is(c->entrypoint.v[0], LAUNCHER) && !c->cmd.n)
        return err_set(e, ERR_USAGE, "check: " PRI_STR " has no process that it starts by default",
                       STR_ARG(in->image));
    return 0;
}

static int start(struct checking *c, struct err *e)
{
    struct strmap env = {0};
    struct image img;
    const struct run_in how = {.st = c->in->st,
                               .ev = c->in->ev,
                               .image = c->in->image,
                               .env = &env,
                               .runner = SBX_NAMESPACES,
                               .offline = true,
                               .log_fd = c->writes,
                               .stop_fd = -1,
                               .temp_dir = c->in->temp_dir};
    if (image_load(c->in->st, c->a, c->in->image, NULL, &img, e) < 0 || has_process(c->in, &img, e) < 0)
        return -1;
    if (!image_config_env_get(&img.config, STR("PORT"), &c->port)) {
        c->port = STR(CHECK_PORT);
        strmap_set(c->a, &env, STR("PORT"), c->port);
    }
    return run_start(c->a, &how, &c->run, e) < 0 ? err_wrap(e, "check") : 0;
}

static int check(struct checking *c, struct err *e)
{
    if (open_log(c, e) < 0 || start(c, e) < 0)
        return -1;
    drop_fd_p(&c->writes);
    c->began = clock_mono_ms();
    return watch(c, e);
}

int check_image(struct arena *a, const struct check_in *in, struct check_out *out, struct err *e)
{
    struct checking *c = ARENA_NEW(a, struct checking);
    c->a = a;
    c->in = in;
    c->log = c->writes = c->http = -1;
    c->run = (struct run)RUN_INIT;
    int rc = check(c, e);
    run_done(&c->run); // before its log is read to the end: who prints without one would never let us go
    if (rc == 0)
        *out = (struct check_out){c->status, clock_mono_ms() - c->began, c->port};
    else
        show_log(c);
    drop_fd_p(&c->log);
    drop_fd_p(&c->writes);
    drop_fd_p(&c->http);
    return rc;
}

// SPDX-License-Identifier: Apache-2.0
// The other end of the broker's socket (deps/serve.c).
#include "base/buf.h"
#include "base/path.h"
#include "deps/deps.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { FDS_MAX = 4 };

struct ask {
    struct deps_ops base;
    char *socket;
};

// A path may be longer than an address of a socket: then by way of its directory.
static int connect_to(const char *path, int *out, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    drop_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), dir = -1;
    if (fd < 0)
        return err_sys(e, "socket");
    int n = snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    if (n >= (int)sizeof at.sun_path) {
        drop_(arena_free) struct arena *a = arena_new(1024);
        struct str base = path_base(str_of(path));
        if (path_open_host(str_c(a, path_dir(str_of(path))), O_PATH | O_DIRECTORY, 0, &dir, e) < 0)
            return -1;
        n = snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/" PRI_STR, dir, STR_ARG(base));
    }
    if (n >= (int)sizeof at.sun_path)
        return err_set(e, ERR_USAGE, "%s: too long for a socket", path);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        return err_sys(e, "broker %s", path);
    *out = steal_fd(&fd);
    return 0;
}

static int say(int fd, const struct digest *sum, struct err *e)
{
    char text[DIGEST_TEXT], line[DEPS_QUESTION_MAX];
    int n = snprintf(line, sizeof line, "dema-deps 1 %s\n", digest_text(sum, text));
    for (int at = 0; at < n;) {
        ssize_t done = send(fd, line + at, (size_t)(n - at), MSG_NOSIGNAL);
        if (done < 0 && errno != EINTR)
            return err_sys(e, "broker");
        at += done > 0 ? (int)done : 0;
    }
    return 0;
}

// Keeps the first descriptor that comes; closes the others.
static void take_fds(struct msghdr *m, int *fd)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int got;
            memcpy(&got, CMSG_DATA(c) + i * sizeof got, sizeof got);
            if (*fd < 0)
                *fd = got;
            else
                (void)close(got);
        }
    }
}

static int hear(int from, struct buf *text, int *fd, struct err *e)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    while (!text->n || text->p[text->n - 1] != '\n') {
        char bytes[DEPS_ANSWER_MAX];
        struct iovec v = {bytes, sizeof bytes};
        struct msghdr m = {.msg_iov = &v,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
        ssize_t n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "broker");
        take_fds(&m, fd);
        if (n == 0)
            return err_set(e, ERR_NETWORK, "broker: hung up without an answer");
        buf_add(text, bytes, (size_t)n);
        if (buf_finish(text, "the broker's answer", e) < 0)
            return -1;
    }
    return 0;
}

static enum err_code code_named(struct str name)
{
    for (enum err_code c = ERR_NONE + 1; c < ERR_CODE_MAX_; c++)
        if (str_is(name, err_code_name(c)))
            return c;
    return ERR_PROTOCOL;
}

static int refused(struct str answer, struct err *e)
{
    struct str word, code, transient, chain, rest = answer;
    rest.n--; // its line end
    if (!str_cut(&rest, ' ', &word) || !str_is(word, "error") || !str_cut(&rest, ' ', &code) ||
        !str_cut(&rest, ' ', &transient) || !str_cut(&rest, '\t', &chain) || !rest.p)
        return err_set(e, ERR_PROTOCOL, "broker: an answer that is none");
    (void)err_set(e, code_named(code), PRI_STR, STR_ARG(rest));
    if (e)
        e->transient = str_is(transient, "1");
    if (str_has_suffix(chain, ": "))
        chain.n -= 2;
    return chain.n ? err_wrap(e, PRI_STR, STR_ARG(chain)) : -1;
}

static int ask_fetch(struct deps_ops *o, const struct dep *d, int *fd, struct err *e)
{
    const struct ask *x = CONTAINER(o, struct ask, base);
    drop_fd int s = -1, got = -1;
    drop_buf struct buf text = BUF_INIT(DEPS_ANSWER_MAX);
    struct stat st;
    if (connect_to(x->socket, &s, e) < 0 || say(s, &d->sum, e) < 0 || hear(s, &text, &got, e) < 0)
        return -1;
    if (!str_is(buf_view(&text), "ok\n"))
        return refused(buf_view(&text), e);
    if (got < 0 || fstat(got, &st) < 0 || !S_ISREG(st.st_mode) ||
        (fcntl(got, F_GETFL) & O_ACCMODE) != O_RDONLY)
        return err_set(e, ERR_PROTOCOL, "broker: no file came with its answer");
    *fd = steal_fd(&got);
    return 0;
}

static void ask_drop(struct deps_ops *o)
{
    struct ask *x = CONTAINER(o, struct ask, base);
    free(x->socket);
    free(x);
}

int deps_ask(const char *socket, struct deps_ops **out, struct err *e)
{
    struct stat st;
    if (stat(socket, &st) < 0)
        return err_sys(e, "broker %s", socket);
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, ERR_USAGE, "broker %s: not a socket", socket);
    struct ask *x = XNEW(struct ask);
    *x = (struct ask){.base = {ask_fetch, ask_drop}, .socket = xstrdup(socket)};
    *out = &x->base;
    return 0;
}

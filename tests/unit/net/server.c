// SPDX-License-Identifier: Apache-2.0
#include "server.h"
#include "base/buf.h"
#include "base/path.h"
#include "test.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { REQUEST_MAX = 65536, SEEN_MAX = 200 };

struct seen {
    char *path, *text; // the request, whole
};
struct server {
    const struct answer *plan;
    size_t n;
    unsigned *used; // of each row
    int fd, stop;
    unsigned port;
    SSL_CTX *tls;
    char pem[4096];
    pthread_t thread;
    pthread_mutex_t m;
    struct seen seen[SEEN_MAX];
    size_t n_seen;
};

struct peer {
    struct server *s;
    int fd;
    SSL *tls;
};

static ssize_t peer_read(struct peer *p, char *to, size_t n)
{
    return p->tls ? SSL_read(p->tls, to, (int)n) : recv(p->fd, to, n, 0);
}

static bool peer_write(struct peer *p, const char *from, size_t n)
{
    while (n) {
        ssize_t done = p->tls ? SSL_write(p->tls, from, (int)n) : send(p->fd, from, n, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        from += done;
        n -= (size_t)done;
    }
    return true;
}

static bool stopping(struct peer *p, int ms)
{
    struct pollfd v[] = {{.fd = p->s->stop, .events = POLLIN}, {.fd = p->fd, .events = 0}};
    return poll(v, 2, ms) > 0;
}

static const struct answer *answer_for(struct server *s, const char *path)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct answer *a = &s->plan[i];
        if (strcmp(a->path, path) == 0 && (!a->times || s->used[i] < a->times)) {
            s->used[i]++;
            return a;
        }
    }
    return NULL;
}

static void remember(struct server *s, const char *path, const char *text)
{
    if (s->n_seen < SEEN_MAX)
        s->seen[s->n_seen++] = (struct seen){xstrdup(path), xstrdup(text)};
}

static void body(struct peer *p, const struct answer *a, const char *bytes, size_t n)
{
    static const char chunk[] = "400\r\n";
    static char zeros[1026] = {[1024] = '\r', [1025] = '\n'};
    if (a->fault == FAULT_ENDLESS)
        while (peer_write(p, chunk, sizeof chunk - 1) && peer_write(p, zeros, sizeof zeros) &&
               !stopping(p, 0))
            ;
    else if (a->fault == FAULT_DRIP)
        for (size_t i = 0; i < n && peer_write(p, bytes + i, 1) && !stopping(p, 50); i++)
            ;
    else
        (void)peer_write(p, bytes, a->fault == FAULT_TRUNCATE ? n / 2 : n);
}

static void headers(struct peer *p, const struct answer *a, size_t n)
{
    drop_buf struct buf b = BUF_INIT(65536);
    buf_printf(&b, "HTTP/1.1 %u Word\r\nConnection: close\r\n%s", a->status, a->headers ? a->headers : "");
    if (a->fault == FAULT_ENDLESS)
        buf_text(&b, "Transfer-Encoding: chunked\r\n");
    else if (a->fault != FAULT_NO_LENGTH)
        buf_printf(&b, "Content-Length: %zu\r\n", n);
    buf_text(&b, "\r\n");
    (void)peer_write(p, b.p, b.n);
}

static void answer(struct peer *p, const struct answer *a, bool head)
{
    static const struct answer none = {.status = 404, .body = "nothing here"};
    if (!a)
        a = &none;
    size_t n = a->n ? a->n : a->body ? strlen(a->body) : 0;
    if (a->fault == FAULT_SILENT)
        (void)stopping(p, 20000);
    if (a->fault == FAULT_SILENT || a->fault == FAULT_HANG_UP)
        return;
    if (a->fault == FAULT_GARBAGE) {
        (void)peer_write(p, "220 mail ready\r\n", 16);
        return;
    }
    if (a->fault == FAULT_HEADERS) {
        (void)peer_write(p, "HTTP/1.1 200 OK\r\n", 17);
        while (peer_write(p, "X-More: 0123456789012345678901234567890123456789\r\n", 50) && !stopping(p, 0))
            ;
        return;
    }
    headers(p, a, n);
    if (!head)
        body(p, a, a->body ? a->body : "", n);
}

static void serve(struct peer *p)
{
    drop_free char *text = xcalloc(1, REQUEST_MAX + 1);
    char path[1024] = "";
    size_t n = 0;
    while (n < REQUEST_MAX && !strstr(text, "\r\n\r\n")) {
        ssize_t got = peer_read(p, text + n, REQUEST_MAX - n);
        if (got <= 0)
            return;
        n += (size_t)got;
    }
    const char *from = strchr(text, ' '), *to = from ? strchr(from + 1, ' ') : NULL;
    if (!to || to - from > 1000)
        return;
    memcpy(path, from + 1, (size_t)(to - from - 1));
    pthread_mutex_lock(&p->s->m);
    remember(p->s, path, text);
    const struct answer *a = answer_for(p->s, path);
    pthread_mutex_unlock(&p->s->m);
    answer(p, a, text[0] == 'H');
}

static void *run(void *ctx)
{
    struct server *s = ctx;
    sigset_t broken; // a client that hangs up does not end the test
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &broken, NULL);
    for (;;) {
        struct pollfd v[] = {{.fd = s->stop, .events = POLLIN}, {.fd = s->fd, .events = POLLIN}};
        if (poll(v, 2, -1) < 0 || v[0].revents)
            return NULL;
        drop_fd int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        struct timeval limit = {.tv_sec = 20};
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        struct peer p = {.s = s, .fd = fd};
        if (s->tls) {
            p.tls = SSL_new(s->tls);
            (void)SSL_set_fd(p.tls, fd);
            if (SSL_accept(p.tls) == 1)
                serve(&p);
            (void)SSL_shutdown(p.tls);
            SSL_free(p.tls);
            ERR_clear_error();
        } else {
            serve(&p);
        }
    }
}

// For "127.0.0.1", signed by itself.
static void make_certificate(struct server *s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    CHECK(key && x);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"127.0.0.1", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
    CHECK(X509_sign(x, key, EVP_sha256()) > 0);
    s->tls = SSL_CTX_new(TLS_server_method());
    CHECK(s->tls && SSL_CTX_use_certificate(s->tls, x) == 1 && SSL_CTX_use_PrivateKey(s->tls, key) == 1);
    BIO *mem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(mem, x);
    int n = BIO_read(mem, s->pem, sizeof s->pem - 1);
    CHECK(n > 0);
    s->pem[n] = 0;
    BIO_free(mem);
    X509_free(x);
    EVP_PKEY_free(key);
}

struct server *server_start(const struct answer *plan, size_t n, bool tls)
{
    struct server *s = XNEW(struct server);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *s = (struct server){.plan = plan, .n = n, .used = xcalloc(n + 1, sizeof *s->used)};
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    s->stop = eventfd(0, EFD_CLOEXEC);
    CHECK(s->fd >= 0 && s->stop >= 0 && bind(s->fd, (struct sockaddr *)&at, sizeof at) == 0 &&
          listen(s->fd, 16) == 0 && getsockname(s->fd, (struct sockaddr *)&at, &len) == 0);
    s->port = ntohs(at.sin_port);
    if (tls)
        make_certificate(s);
    CHECK(pthread_mutex_init(&s->m, NULL) == 0 && pthread_create(&s->thread, NULL, run, s) == 0);
    return s;
}

unsigned server_port(const struct server *s)
{
    return s->port;
}

unsigned server_asked(struct server *s, const char *path)
{
    unsigned n = 0;
    pthread_mutex_lock(&s->m);
    for (size_t i = 0; i < s->n_seen; i++)
        n += !path || strcmp(s->seen[i].path, path) == 0;
    pthread_mutex_unlock(&s->m);
    return n;
}

const char *server_header(struct server *s, const char *path, const char *name)
{
    static char value[4096];
    const char *text = NULL;
    value[0] = 0;
    pthread_mutex_lock(&s->m);
    for (size_t i = 0; i < s->n_seen; i++)
        if (strcmp(s->seen[i].path, path) == 0)
            text = s->seen[i].text;
    struct str rest = str_of(text), line;
    while (str_next_line(&rest, &line)) {
        size_t colon;
        if (!str_find(line, ':', &colon) || colon != strlen(name) || strncasecmp(line.p, name, colon) != 0)
            continue;
        struct str v = str_trim(str_from(line, colon + 1));
        CHECK(v.n < sizeof value);
        memcpy(value, v.p, v.n);
        value[v.n] = 0;
    }
    pthread_mutex_unlock(&s->m);
    return value;
}

const char *server_certificate(struct server *s)
{
    return s->pem;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    uint64_t one = 1;
    (void)!write(s->stop, &one, sizeof one);
    pthread_join(s->thread, NULL);
    close(s->fd);
    close(s->stop);
    for (size_t i = 0; i < s->n_seen; i++) {
        free(s->seen[i].path);
        free(s->seen[i].text);
    }
    SSL_CTX_free(s->tls);
    pthread_mutex_destroy(&s->m);
    free(s->used);
    free(s);
}

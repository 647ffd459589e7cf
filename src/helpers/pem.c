// SPDX-License-Identifier: Apache-2.0
// PEM (RFC 7468), as far as its form: what a certificate says is for whoever trusts it.
#include "base/buf.h"
#include "base/digit.h"
#include "base/limits.h"
#include "helpers/helpers.h"

enum { LINE = 64, HEAD = 8, CERTIFICATE_MAX = 1 << 20, CERTIFICATES_MAX = 10000 };

// Bytes that the text stands for; 0 when it is no base64. The first of them go into head[HEAD].
static size_t decode(struct str text, unsigned char head[HEAD])
{
    size_t pad = 0, n = 0;
    while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=')
        pad++;
    if (text.n % 4 || !text.n)
        return 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.n - pad; i++) {
        int v = base64_digit(text.p[i]);
        if (v < 0)
            return 0;
        bits = bits << 6 | (uint32_t)v;
        size_t have = (i + 1) * 6 / 8;
        if (have > n) {
            unsigned left = (unsigned)((i + 1) * 6 - have * 8);
            if (n < HEAD)
                head[n] = (unsigned char)(bits >> left);
            n = have;
        }
    }
    return n;
}

// A DER sequence that is as long as it says.
static bool is_sequence(struct str base64)
{
    unsigned char head[HEAD] = {0};
    size_t n = decode(base64, head), len = head[1], at = 2;
    if (n < 4 || head[0] != 0x30)
        return false;
    if (len & 0x80) {
        size_t more = len & 0x7f;
        if (more < 1 || more > 4)
            return false;
        for (len = 0; more--;)
            len = len << 8 | head[at++];
    }
    return n == at + len;
}

static bool marker(struct str line, const char *prefix, struct str *label)
{
    static const char dashes[] = "-----";
    if (!str_has_prefix(line, prefix) || !str_has_suffix(line, dashes) ||
        line.n < strlen(prefix) + strlen(dashes))
        return false;
    *label = (struct str){line.p + strlen(prefix), line.n - strlen(prefix) - strlen(dashes)};
    return true;
}

struct reading {
    const char *file;
    uint32_t line;
    struct err *e;
};

static int wrong(const struct reading *r, uint32_t line, const char *what)
{
    struct err_at at = {.line = line};
    err_at_file(&at, r->file);
    return err_doc(r->e, &at, "%s", what);
}

// What stands between the marker that was just read and its end.
static int read_block(struct reading *r, struct str *rest, struct buf *base64)
{
    struct str line, label;
    uint32_t from = r->line;
    while (str_next_line(rest, &line)) {
        r->line++;
        line = str_trim(line);
        if (marker(line, "-----END ", &label)) {
            if (!str_is(label, "CERTIFICATE"))
                return wrong(r, r->line, "a certificate ends as something else");
            if (base64->over || !is_sequence(buf_view(base64)))
                return wrong(r, from, "not the base64 text of a certificate");
            return 0;
        }
        buf_str(base64, line);
    }
    return wrong(r, from, "the certificate does not end");
}

int certificates_add(struct arena *a, struct certificates *c, struct str text, const char *file,
                     struct err *e)
{
    struct reading r = {.file = file, .e = e};
    struct strmap found = {0};
    struct str line, label;
    while (str_next_line(&text, &line)) {
        r.line++;
        if (!marker(str_trim(line), "-----BEGIN ", &label))
            continue;
        if (!str_is(label, "CERTIFICATE"))
            return wrong(&r, r.line,
                         "holds something else than certificates, and those only are for all eyes");
        drop_buf struct buf base64 = BUF_INIT(CERTIFICATE_MAX);
        if (read_block(&r, &text, &base64) < 0)
            return -1;
        map_put(a, &found, str_dup(a, buf_view(&base64)));
        if (found.n + c->pem.n > CERTIFICATES_MAX)
            return err_set(e, ERR_LIMIT, "%s: more than %d certificates", file, CERTIFICATES_MAX);
    }
    if (!found.n)
        return wrong(&r, 1, "holds no certificate in PEM");
    for (size_t i = 0; i < found.n; i++)
        map_put(a, &c->pem, found.v[i].key);
    return 0;
}

struct str certificates_text(struct arena *a, const struct certificates *c)
{
    drop_buf struct buf out = BUF_INIT(SIZE_MAX);
    for (size_t i = 0; i < c->pem.n; i++) {
        struct str left = c->pem.v[i].key;
        buf_text(&out, "-----BEGIN CERTIFICATE-----\n");
        while (left.n) {
            struct str line = str_head(left, left.n < LINE ? left.n : LINE);
            buf_str(&out, line);
            buf_char(&out, '\n');
            left = str_from(left, line.n);
        }
        buf_text(&out, "-----END CERTIFICATE-----\n");
    }
    return str_dup(a, buf_view(&out));
}

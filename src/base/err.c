// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const code_names[] = {
    [ERR_NONE] = "none",
    [ERR_USAGE] = "usage",
    [ERR_IO] = "io",
    [ERR_PARSE] = "parse",
    [ERR_NOT_FOUND] = "not-found",
    [ERR_DENIED] = "denied",
    [ERR_NETWORK] = "network",
    [ERR_PROTOCOL] = "protocol",
    [ERR_DIGEST] = "digest",
    [ERR_LIMIT] = "limit",
    [ERR_API] = "api",
    [ERR_BUILDPACK] = "buildpack",
    [ERR_BUSY] = "busy",
    [ERR_CANCELLED] = "cancelled",
};
static_assert(COUNT(code_names) == ERR_CODE_MAX_, "one name per code");

const char *err_code_name(enum err_code code)
{
    return (unsigned)code < ERR_CODE_MAX_ ? code_names[code] : "unknown";
}

// Longer text keeps its beginning and its end: a path's file name and an errno text stand at the end.
static void fit(char *out, size_t size, const char *text, size_t n)
{
    if (n < size) {
        memcpy(out, text, n);
        out[n] = 0;
        return;
    }
    size_t keep = size - 4, head = keep / 2, tail = keep - head;
    memcpy(out, text, head);
    memcpy(out + head, "...", 3);
    memcpy(out + head + 3, text + n - tail, tail);
    out[size - 1] = 0;
}

static size_t format(char *out, size_t size, const char *fmt, va_list ap) printf_(3, 0);
static size_t format(char *out, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(out, size, fmt, ap);
    if (n < 0)
        n = 0;
    return (size_t)n < size ? (size_t)n : size - 1;
}

static int set(struct err *e, enum err_code code, int sys, const char *fmt, va_list ap) printf_(4, 0);
static int set(struct err *e, enum err_code code, int sys, const char *fmt, va_list ap)
{
    if (!e || e->code != ERR_NONE)
        return -1;
    char text[1024];
    size_t n = format(text, sizeof text, fmt, ap);
    if (sys) {
        char full[1200];
        int m = snprintf(full, sizeof full, "%s: %s", text, strerror(sys));
        fit(e->cause, sizeof e->cause, full, (size_t)m);
    } else {
        fit(e->cause, sizeof e->cause, text, n);
    }
    e->code = code;
    e->sys = sys;
    return -1;
}

int(err_set)(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(e, code, 0, fmt, ap);
    va_end(ap);
    return -1;
}

static enum err_code code_of_errno(int sys)
{
    switch (sys) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    default:
        return ERR_IO;
    }
}

int(err_sys)(struct err *e, const char *fmt, ...)
{
    int sys = errno;
    va_list ap;
    va_start(ap, fmt);
    set(e, code_of_errno(sys), sys, fmt, ap);
    va_end(ap);
    errno = sys;
    return -1;
}

int(err_doc)(struct err *e, const struct err_at *at, const char *fmt, ...)
{
    if (e && e->code == ERR_NONE)
        e->at = *at;
    va_list ap;
    va_start(ap, fmt);
    set(e, ERR_PARSE, 0, fmt, ap);
    va_end(ap);
    return -1;
}

int(err_wrap)(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -1;
    assert(e->code != ERR_NONE);
    char text[1024 + sizeof e->chain];
    va_list ap;
    va_start(ap, fmt);
    size_t n = format(text, 1024, fmt, ap);
    va_end(ap);
    int m = snprintf(text + n, sizeof text - n, ": %s", e->chain);
    fit(e->chain, sizeof e->chain, text, n + (size_t)m);
    return -1;
}

void err_clear(struct err *e)
{
    *e = (struct err){0};
}

void err_at_file(struct err_at *at, const char *file)
{
    fit(at->file, sizeof at->file, file, strlen(file));
}

const char *err_text(const struct err *e, char *out, size_t n)
{
    char place[256] = "";
    int m = 0;
    if (e->at.file[0])
        m += snprintf(place + m, sizeof place - (size_t)m, "%s:", e->at.file);
    if (e->at.line)
        m += snprintf(place + m, sizeof place - (size_t)m, "%s%u:", e->at.file[0] ? "" : "line ", e->at.line);
    if (e->at.key[0])
        m += snprintf(place + m, sizeof place - (size_t)m, "%s%s:", m ? " " : "", e->at.key);
    snprintf(out, n, "%s%s%s%s", e->chain, place, m ? " " : "", e->cause);
    // A hostile name in it must not speak to the terminal: no control bytes, nor C1 controls (U+0080 to U+009F).
    for (char *p = out; *p; p++) {
        bool c1 = (unsigned char)*p == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0;
        if ((unsigned char)*p < ' ' || *p == 0x7f || c1)
            *p = '?';
        if (c1)
            *++p = '?';
    }
    return out;
}

void bug_at(const char *file, int line, const char *what)
{
    fprintf(stderr, "bug: %s:%d: %s\n", file, line, what);
    abort();
}

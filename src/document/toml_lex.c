// SPDX-License-Identifier: Apache-2.0
#include "document/toml_priv.h"
#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_MAX = 48 };

void toml_place(struct toml *t, const char *at, uint32_t *line, uint32_t *col)
{
    if (at < t->seen) {
        t->seen = t->line_start = t->start;
        t->line = 1;
    }
    const char *lf;
    while (t->seen < at && (lf = memchr(t->seen, '\n', (size_t)(at - t->seen)))) {
        t->seen = t->line_start = lf + 1;
        t->line++;
    }
    t->seen = at;
    *line = t->line;
    *col = (uint32_t)(at - t->line_start) + 1;
}

bool toml_bare(struct str key)
{
    for (size_t i = 0; i < key.n; i++) {
        char c = key.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return key.n > 0;
}

static const char *dotted(struct toml *t)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_KEY);
    for (size_t i = 0; i < t->n_path; i++) {
        const char *quote = toml_bare(t->path[i]) ? "" : "\"";
        buf_printf(&b, "%s%s", i ? "." : "", quote);
        buf_str(&b, str_printable(t->a, t->path[i], LIMIT_KEY));
        buf_text(&b, quote);
    }
    return str_c(t->a, buf_view(&b));
}

int toml_fail(struct toml *t, enum err_code code, const char *at, const char *fmt, ...)
{
    if (!t->e || t->e->code != ERR_NONE)
        return -1;
    struct val place = {0};
    toml_place(t, at, &place.line, &place.col);
    val_where(&place, t->file, dotted(t), &t->e->at);
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(t->e, code, "%s", text);
}

const char *toml_shown(struct toml *t, struct str s)
{
    return str_c(t->a, str_printable(t->a, s, SHOWN_MAX));
}

const char *toml_here(struct toml *t)
{
    size_t n = t->at < t->end;
    while (n && n < (size_t)(t->end - t->at) && ((unsigned char)t->at[n] & 0xc0) == 0x80)
        n++;
    return toml_shown(t, (struct str){t->at, n});
}

void toml_blanks(struct toml *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\t'))
        t->at++;
}

bool toml_newline(struct toml *t)
{
    if (toml_peek(t) == '\n') {
        t->at++;
        return true;
    }
    if (t->end - t->at >= 2 && t->at[0] == '\r' && t->at[1] == '\n') {
        t->at += 2;
        return true;
    }
    return false;
}

int toml_comment(struct toml *t)
{
    if (toml_peek(t) != '#')
        return 0;
    for (t->at++; t->at < t->end; t->at++) {
        unsigned char c = (unsigned char)*t->at;
        if (c == '\n' || (c == '\r' && t->end - t->at >= 2 && t->at[1] == '\n'))
            break;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return toml_fail(t, ERR_PARSE, t->at, "comment: control byte 0x%02x", c);
    }
    return 0;
}

int toml_space(struct toml *t)
{
    do {
        toml_blanks(t);
        if (toml_comment(t) < 0)
            return -1;
    } while (toml_newline(t));
    return 0;
}

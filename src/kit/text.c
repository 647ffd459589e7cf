// SPDX-License-Identifier: Apache-2.0
#include "kit/text.h"
#include "base/buf.h"
#include "base/limits.h"

enum text_part text_next(struct str *rest, struct str *plain, struct str *name)
{
    for (size_t i = 0; i + 1 < rest->n; i++) {
        if (rest->p[i] != '$' || rest->p[i + 1] != '{')
            continue;
        if (i && rest->p[i - 1] == '$') // "$${" is no fact
            continue;
        struct str inside = str_from(*rest, i + 2);
        size_t end;
        if (!str_find(inside, '}', &end))
            return TEXT_BAD;
        *plain = str_head(*rest, i);
        *name = str_head(inside, end);
        *rest = str_from(inside, end + 1);
        return TEXT_FACT;
    }
    *plain = *rest;
    *rest = STR("");
    return TEXT_END;
}

struct str text_plain(struct arena *a, struct str plain)
{
    char *out = arena_get(a, plain.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < plain.n; i++) {
        if (i + 2 < plain.n && plain.p[i] == '$' && plain.p[i + 1] == '$' && plain.p[i + 2] == '{')
            continue;
        out[n++] = plain.p[i];
    }
    return (struct str){out, n};
}

// Where text_words stands.
struct words {
    struct str line;
    size_t at;
    struct buf word;
    bool open; // a word has begun, be it empty
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int quoted(struct words *w, struct err *e)
{
    char quote = w->line.p[w->at++];
    for (; w->at < w->line.n && w->line.p[w->at] != quote; w->at++) {
        char c = w->line.p[w->at], next = w->at + 1 < w->line.n ? w->line.p[w->at + 1] : 0;
        if (quote == '"' && c == '\\' && (next == '"' || next == '\\' || next == '$' || next == '`'))
            c = w->line.p[++w->at];
        buf_char(&w->word, c);
    }
    if (w->at == w->line.n)
        return err_set(e, ERR_PARSE, "a %c is not closed", quote);
    w->at++;
    return 0;
}

static int word(struct words *w, struct err *e)
{
    while (w->at < w->line.n && !is_blank(w->line.p[w->at])) {
        char c = w->line.p[w->at];
        if (c == '\'' || c == '"') {
            if (quoted(w, e) < 0)
                return -1;
            continue;
        }
        if (c == '\\' && w->at + 1 < w->line.n)
            c = w->line.p[++w->at];
        buf_char(&w->word, c);
        w->at++;
    }
    return buf_finish(&w->word, "a word", e);
}

int text_words(struct arena *a, struct str line, struct strv *out, struct err *e)
{
    drop_buf struct buf room = BUF_INIT(KIB(128));
    struct words w = {.line = line};
    struct strv words = {0};
    for (;;) {
        while (w.at < line.n && is_blank(line.p[w.at]))
            w.at++;
        if (w.at == line.n)
            break;
        if (words.n == TEXT_WORDS_MAX)
            return err_set(e, ERR_LIMIT, "more than %d words", TEXT_WORDS_MAX);
        w.word = room; // one buffer for all words
        buf_clear(&w.word);
        int rc = word(&w, e);
        room = w.word;
        if (rc < 0)
            return -1;
        strv_add(a, &words, str_dup(a, buf_view(&room)));
    }
    *out = words;
    return 0;
}

// NAME=… before the command.
static bool is_assignment(struct str line)
{
    size_t i = 0;
    while (i < line.n &&
           (line.p[i] == '_' || (line.p[i] >= 'a' && line.p[i] <= 'z') ||
            (line.p[i] >= 'A' && line.p[i] <= 'Z') || (i && line.p[i] >= '0' && line.p[i] <= '9')))
        i++;
    return i && i < line.n && line.p[i] == '=';
}

bool text_needs_shell(struct str line)
{
    static const char anywhere[] = "$`", outside[] = "|&;<>()*?[]{}~#!\n";
    char quote = 0;
    line = str_trim(line);
    if (is_assignment(line))
        return true;
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (c == '\\' && quote != '\'') {
            i++;
            continue;
        }
        if ((c == '\'' || c == '"') && (!quote || quote == c)) {
            quote = quote ? 0 : c;
            continue;
        }
        if (quote == '\'')
            continue;
        if (memchr(anywhere, c, sizeof anywhere - 1) || (!quote && memchr(outside, c, sizeof outside - 1)))
            return true;
    }
    return quote != 0; // the shell shall say what is wrong
}

// SPDX-License-Identifier: Apache-2.0
// One npmrc, as the client's own reader of ini files takes it.
#include "base/buf.h"
#include "deps/env.h"
#include "deps/npm.h"
#include <strings.h>

static int line_wrong(const char *file, uint32_t line, const char *why, struct err *e)
{
    struct err_at at = {.line = line, .col = 1};
    err_at_file(&at, file);
    return err_doc(e, &at, "%s", why);
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
            return true;
    return false;
}

// Between double quotes the escapes of JSON, of which those that have a use here.
static void unquote(struct buf *to, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\\' && i + 1 < s.n) {
            c = s.p[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        buf_char(to, c);
    }
}

// Outside of quotes ';' and '#' begin a comment, unless a backslash stands before them.
static void take_plain(struct buf *to, struct str s)
{
    for (size_t i = 0; i < s.n && s.p[i] != ';' && s.p[i] != '#'; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && strchr("\\;#", s.p[i + 1]))
            i++;
        buf_char(to, s.p[i]);
    }
}

static struct str text_of(struct arena *a, struct str s)
{
    drop_buf struct buf b = BUF_INIT(NPM_RC_MAX);
    s = str_trim(s);
    bool two = s.n >= 2 && s.p[0] == s.p[s.n - 1];
    if (two && s.p[0] == '"')
        unquote(&b, (struct str){s.p + 1, s.n - 2});
    else if (two && s.p[0] == '\'')
        buf_str(&b, (struct str){s.p + 1, s.n - 2});
    else
        take_plain(&b, s);
    struct str out = str_dup(a, buf_view(&b));
    return two ? out : str_trim(out);
}

// "${NAME}" at s: its length and value; 0: none. A name that is not set stays as it is written.
static size_t reference(struct str s, const char *const *envp, struct str *value)
{
    size_t end;
    if (!str_has_prefix(s, "${") || !str_find(s, '}', &end))
        return 0;
    struct str name = {s.p + 2, end - 2};
    bool may_lack = str_has_suffix(name, "?");
    name.n -= may_lack;
    for (size_t i = 0; i < name.n; i++)
        if (strchr("${?", name.p[i]))
            return 0;
    const char *v = name.n ? env_get(envp, name) : NULL;
    if (!v && !may_lack)
        return 0;
    *value = str_of(v);
    return end + 1;
}

static struct str expand(struct arena *a, struct str s, const char *const *envp)
{
    drop_buf struct buf b = BUF_INIT(NPM_RC_MAX);
    for (size_t i = 0; i < s.n;) {
        struct str value;
        bool escaped = i > 0 && s.p[i - 1] == '\\';
        size_t n = escaped ? 0 : reference(str_from(s, i), envp, &value);
        if (n)
            buf_str(&b, value);
        else
            buf_char(&b, s.p[i]);
        i += n ? n : 1;
    }
    return b.over ? s : str_dup(a, buf_view(&b));
}

static void put(struct arena *a, struct strmap *to, struct str key, struct str value)
{
    const struct str *before = str_has_suffix(key, "[]") ? strmap_get(to, key) : NULL;
    if (before)
        value = str_printf(a, PRI_STR "\n" PRI_STR, STR_ARG(*before), STR_ARG(value));
    strmap_set(a, to, key, value);
}

int npmrc_parse(struct arena *a, struct str text, const char *file, const char *const *envp,
                struct strmap *out, struct err *e)
{
    struct strmap got = {0};
    struct str rest = text, line;
    bool in_section = false;
    if (text.n > NPM_RC_MAX)
        return err_set(e, ERR_LIMIT, "%s: %zu bytes, the limit is %d", file, text.n, NPM_RC_MAX);
    for (uint32_t number = 1; str_next_line(&rest, &line); number++) {
        size_t eq;
        line = str_trim(line);
        if (has_control(line))
            return line_wrong(file, number, "a control byte", e);
        if (!line.n || line.p[0] == ';' || line.p[0] == '#')
            continue;
        in_section |= line.p[0] == '[' && str_has_suffix(line, "]");
        if (in_section)
            continue;
        bool flag = !str_find(line, '=', &eq);
        struct str key = text_of(a, flag ? line : str_head(line, eq));
        struct str value = flag ? STR("true") : text_of(a, str_from(line, eq + 1));
        if (envp) {
            key = expand(a, key, envp);
            value = expand(a, value, envp);
        }
        if (key.n)
            put(a, &got, key, value);
    }
    *out = got;
    return 0;
}

static bool has_word(struct str s, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= s.n; i++)
        if (strncasecmp(s.p + i, word, n) == 0)
            return true;
    return false;
}

bool npmrc_key_is_secret(struct str key)
{
    static const char *const words[] = {"token",      "passw", "secret", "auth",
                                        "credential", "user",  "login",  "cookie"};
    static const char *const names[] = {
        "otp", "key", "cert", "certfile", "keyfile", "email", "init-author-email"};
    if (str_has_prefix(key, "//") || str_has_prefix(key, "_"))
        return true;
    for (size_t i = 0; i < COUNT(words); i++)
        if (has_word(key, words[i]))
            return true;
    for (size_t i = 0; i < COUNT(names); i++)
        if (key.n == strlen(names[i]) && has_word(key, names[i]))
            return true;
    return false;
}

// "scheme://user:password@host": what stands before the '@' is nobody's business inside.
static bool has_login(struct str value)
{
    const char *at = memmem(value.p, value.n, "://", 3);
    while (at) {
        struct str rest = str_from(value, (size_t)(at - value.p) + 3);
        for (size_t i = 0; i < rest.n && !strchr("/?#\n", rest.p[i]); i++)
            if (rest.p[i] == '@')
                return true;
        at = memmem(rest.p, rest.n, "://", 3);
    }
    bool colon = false; // a proxy may be named without its scheme
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '@' && colon)
            return true;
        colon = !strchr("/?# \n", value.p[i]) && (colon || value.p[i] == ':');
    }
    return false;
}

// A path of this machine, where another one is meant inside.
static bool is_path(struct str value)
{
    return value.n && (value.p[0] == '/' || value.p[0] == '~' || value.p[0] == '.');
}

static void write_value(struct buf *to, struct str v)
{
    bool plain = v.n && v.p[0] != ' ' && v.p[v.n - 1] != ' ';
    for (size_t i = 0; i < v.n; i++)
        plain &= (unsigned char)v.p[i] >= ' ' && !strchr(";#\"'\\", v.p[i]);
    if (plain) {
        buf_str(to, v);
        return;
    }
    buf_char(to, '"');
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\n')
            buf_text(to, "\\n");
        else if (strchr("\"\\", v.p[i]))
            buf_printf(to, "\\%c", v.p[i]);
        else
            buf_char(to, v.p[i]);
    }
    buf_char(to, '"');
}

static bool is_plain_key(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] <= ' ' || strchr("=;#\"'[\\", key.p[i]))
            return i > 0 && str_is(str_from(key, i), "[]");
    return key.n > 0;
}

static void write_key(struct buf *to, struct str key, struct str value)
{
    struct str piece, rest = value;
    bool list = str_has_suffix(key, "[]");
    while (str_cut(&rest, list ? '\n' : '\0', &piece)) {
        buf_str(to, key);
        buf_char(to, '=');
        write_value(to, piece);
        buf_char(to, '\n');
    }
}

void npmrc_without_secrets(struct arena *a, const struct npm_config *c, struct str *out)
{
    drop_buf struct buf b = BUF_INIT(2 * NPM_RC_MAX);
    for (size_t i = 0; i < c->user.n; i++) {
        struct str key = c->user.v[i].key, value = c->user.v[i].val;
        // A reference that was not replaced means nothing inside.
        bool open = memmem(value.p, value.n, "${", 2) || memmem(key.p, key.n, "${", 2);
        if (!str_is(key, "registry") && is_plain_key(key) && !npmrc_key_is_secret(key) && !has_login(value) &&
            !is_path(value) && !open)
            write_key(&b, key, value);
    }
    write_key(&b, STR("registry"), url_text(a, &c->registry));
    *out = str_dup(a, buf_view(&b));
}

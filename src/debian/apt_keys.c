// SPDX-License-Identifier: Apache-2.0
// Which keys may sign a source: Signed-By of its entry, else apt's trusted keys (spec: sources.list(5), apt-key(8)).
#include "base/digit.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "debian/apt_priv.h"
#include "stream/hash.h"
#include <fcntl.h>

enum { SOURCES_MAX = 4 << 20, KEYRING_MAX = 16 << 20, TRUSTED_MAX = 1000 };

static int base64_line(struct str line, uint32_t *bits, unsigned *n, struct buf *out, struct err *e)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == '=')
            return 0; // padding: the bits that are left say nothing
        int digit = base64_digit(line.p[i]);
        if (digit < 0)
            return err_set(e, ERR_PARSE, "key block: byte %zu of a line is no base64", i);
        *bits = *bits << 6 | (uint32_t)digit;
        *n += 6;
        if (*n >= 8) {
            *n -= 8;
            buf_char(out, (char)(*bits >> *n & 0xff));
        }
    }
    return 0;
}

int apt_dearmor(struct str text, struct buf *out, struct err *e)
{
    enum { OUTSIDE, HEADERS, BODY } state = OUTSIDE;
    uint32_t bits = 0;
    unsigned n = 0;
    struct str line;
    bool any = false;
    while (str_next_line(&text, &line)) {
        line = str_trim(line);
        if (str_has_prefix(line, "-----BEGIN PGP PUBLIC KEY BLOCK")) {
            state = HEADERS;
            any = true;
            bits = n = 0;
        } else if (str_has_prefix(line, "-----END PGP")) {
            state = OUTSIDE;
        } else if (state == HEADERS && (!line.n || str_is(line, "."))) { // "." is an empty line of a field
            state = BODY;
        } else if (state == BODY && line.n && line.p[0] != '=' && base64_line(line, &bits, &n, out, e) < 0) {
            return -1;
        }
    }
    if (!any || state != OUTSIDE)
        return err_set(e, ERR_PARSE, "key block: %s",
                       any ? "its end is missing" : "no \"BEGIN PGP PUBLIC KEY BLOCK\"");
    return buf_finish(out, "key block", e);
}

static void add_file(struct arena *a, struct apt_keys *keys, const char *path)
{
    keys->files = arena_grow(a, keys->files, keys->n, &keys->cap, sizeof *keys->files);
    keys->files[keys->n++] = path;
}

// gpgv reads binary keyrings only; an armoured one is kept beside, under the digest of its text.
static int add_armoured(struct apt *apt, struct arena *a, struct str text, struct apt_keys *keys,
                        struct err *e)
{
    drop_buf struct buf binary = BUF_INIT(KEYRING_MAX);
    struct digest d;
    char hex[DIGEST_TEXT];
    if (apt_dearmor(text, &binary, e) < 0)
        return -1;
    digest_of(HASH_SHA256, text.p, text.n, &d);
    struct str name = str_printf(a, "keys/%s.gpg", digest_hex(&d, hex));
    if (file_replace(apt->dirfd, name.p, 0644, buf_view(&binary), e) < 0)
        return -1;
    add_file(a, keys, str_printf(a, "%s/" PRI_STR, apt->dir, STR_ARG(name)).p);
    return 0;
}

static int add_keyring(struct apt *apt, struct arena *a, const char *path, struct apt_keys *keys,
                       struct err *e)
{
    drop_buf struct buf text = BUF_INIT(KEYRING_MAX);
    if (file_read(AT_FDCWD, path, &text, e) < 0)
        return err_wrap(e, "keyring");
    if (!text.n)
        return 0;
    struct str head = str_head(buf_view(&text), text.n < 4096 ? text.n : 4096);
    if (memmem(head.p, head.n, "-----BEGIN PGP", 14))
        return add_armoured(apt, a, buf_view(&text), keys, e) < 0 ? err_wrap(e, "%s", path) : 0;
    add_file(a, keys, path);
    return 0;
}

// The value of NAME='VALUE' in what apt-config's shell prints; such paths have no quotes in them.
static struct str shell_value(struct str text, const char *name)
{
    struct str line;
    size_t n = strlen(name);
    while (str_next_line(&text, &line))
        if (str_has_prefix(line, name) && line.n > n + 2 && line.p[n] == '=')
            return str_head(str_from(line, n + 2), line.n - n - 3);
    return STR("");
}

static int add_trusted(struct apt *apt, struct arena *a, struct apt_keys *keys, struct err *e)
{
    static const char *const args[] = {
        "shell", "FILE", "Dir::Etc::trusted/f", "PARTS", "Dir::Etc::trustedparts/d", NULL};
    drop_buf struct buf out = BUF_INIT(65536);
    drop_fd int parts = -1;
    struct err later = {0};
    struct strv names = {0};
    struct apt_call call = {
        .program = "apt-config", .args = args, .out = &out, .code = ERR_IO, .timeout_ms = 60000};
    if (apt_run(apt, &call, e) < 0)
        return -1;
    const char *file = str_c(a, shell_value(buf_view(&out), "FILE"));
    const char *dir = str_c(a, shell_value(buf_view(&out), "PARTS"));
    if (access(file, R_OK) == 0 && add_keyring(apt, a, file, keys, e) < 0)
        return -1;
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &parts, &later) < 0)
        return 0; // no such directory: no keys in it
    if (dir_names(a, parts, ".", TRUSTED_MAX, &names, e) < 0)
        return err_wrap(e, "%s", dir);
    for (size_t i = 0; i < names.n; i++) {
        bool wanted = str_has_suffix(names.v[i], ".gpg") || str_has_suffix(names.v[i], ".asc");
        if (wanted &&
            add_keyring(apt, a, str_printf(a, "%s/" PRI_STR, dir, STR_ARG(names.v[i])).p, keys, e) < 0)
            return -1;
    }
    return 0;
}

struct str apt_list_option(struct str line, const char *name)
{
    size_t open, close;
    struct str word;
    if (!str_find(line, '[', &open) || !str_find(line, ']', &close) || close < open)
        return STR("");
    struct str in = str_head(str_from(line, open + 1), close - open - 1);
    while (str_cut(&in, ' ', &word)) {
        size_t n = strlen(name);
        if (word.n > n && str_has_prefix(word, name) && word.p[n] == '=')
            return str_from(word, n + 1);
    }
    return STR("");
}

// Entry `at` of a file that is made of paragraphs or of lines.
static int signed_by(struct str text, const char *file, uint64_t at, struct str *out, struct err *e)
{
    if (!str_has_suffix(str_of(file), ".sources")) {
        struct str line = {"", 0};
        for (uint64_t i = 0; i < at && str_next_line(&text, &line); i++)
            ;
        *out = apt_list_option(line, "signed-by");
        return 0;
    }
    struct paragraphs from = {.rest = text, .file = file, .comments = true};
    struct paragraph p;
    for (uint64_t i = 0; i < at; i++) {
        enum paragraph_next next = paragraph_next(&from, &p, e);
        if (next == PARAGRAPH_ERROR)
            return -1;
        if (next == PARAGRAPH_END)
            return err_set(e, ERR_NOT_FOUND, "%s: has no entry %ju", file, (uintmax_t)at);
    }
    *out = paragraph_get(&p, "Signed-By");
    return 0;
}

static bool is_fingerprint(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'A' && s.p[i] <= 'F'))
            return false;
    return s.n == 40 || s.n == 64;
}

static int add_signed_by(struct apt *apt, struct arena *a, struct str value, struct apt_keys *keys,
                         struct err *e)
{
    if (memmem(value.p, value.n, "-----BEGIN PGP", 14))
        return add_armoured(apt, a, value, keys, e);
    for (size_t at = 0; at < value.n;) {
        size_t n = 0;
        while (at + n < value.n && !memchr(", \t\n", value.p[at + n], 4))
            n++;
        struct str word = str_head(str_from(value, at), n);
        at += n + 1;
        if (!word.n)
            continue;
        if (word.p[0] == '/') {
            if (add_keyring(apt, a, str_c(a, word), keys, e) < 0)
                return -1;
            continue;
        }
        if (word.p[word.n - 1] == '!')
            word.n--;
        if (!is_fingerprint(word))
            return err_set(e, ERR_PARSE,
                           "Signed-By: \"" PRI_STR "\" is neither an absolute path nor a fingerprint",
                           STR_ARG(word));
        strv_add(a, &keys->fingerprints, str_dup(a, word));
    }
    return 0;
}

int apt_keys_of(struct apt *apt, struct arena *a, struct str entry, struct apt_keys *out, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(SOURCES_MAX);
    struct apt_keys keys = {0};
    struct str by;
    size_t colon;
    uint64_t at;
    if (!str_find_last(entry, ':', &colon) || !str_u64(str_from(entry, colon + 1), 1, UINT32_MAX, &at))
        return err_set(e, ERR_PARSE, "apt-get indextargets: \"" PRI_STR "\" is no place of a source",
                       STR_ARG(entry));
    const char *file = str_c(a, str_head(entry, colon));
    if (file_read(AT_FDCWD, file, &text, e) < 0 || signed_by(buf_view(&text), file, at, &by, e) < 0 ||
        add_signed_by(apt, a, by, &keys, e) < 0)
        return err_wrap(e, "source " PRI_STR, STR_ARG(entry));
    // Fingerprints alone: out of the trusted ones.
    if (!keys.n && add_trusted(apt, a, &keys, e) < 0)
        return -1;
    if (!keys.n)
        return err_set(e, ERR_NOT_FOUND, "source " PRI_STR ": no key is there to check its signature with",
                       STR_ARG(entry));
    *out = keys;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Which Release files are believed, and what they say (spec: wiki RepositoryFormat, "Release" files).
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "debian/apt_priv.h"
#include "stream/hash.h"
#include <fcntl.h>
#include <stdio.h>

enum { RELEASE_MAX = 16 << 20, GPGV_MS = 60 * 1000 }; // Debian's largest has 1.5 MB

// "GOODSIG …" and then, for the same signature, "VALIDSIG FINGERPRINT … HASH-ALGORITHM CLASS PRIMARY-FINGERPRINT".
static bool is_good(struct str valid, const struct strv *fingerprints)
{
    struct str words[10] = {{0}}, rest = valid;
    size_t n = 0;
    while (n < COUNT(words) && str_cut(&rest, ' ', &words[n]))
        n++;
    // RFC 9580, 9.5: 1 is MD5, 2 SHA-1, 3 RIPEMD-160.
    if (n < 10 || str_is(words[7], "1") || str_is(words[7], "2") || str_is(words[7], "3"))
        return false;
    return !fingerprints->n || strv_has(fingerprints, words[0]) || strv_has(fingerprints, words[9]);
}

int apt_status_check(struct str status, const struct strv *fingerprints, struct err *e)
{
    struct str line, rest = status, missing = {"", 0};
    bool is_next_good = false, any = false;
    unsigned plaintexts = 0;
    while (str_next_line(&rest, &line)) {
        if (!str_has_prefix(line, "[GNUPG:] "))
            continue;
        line = str_from(line, 9);
        plaintexts += str_has_prefix(line, "PLAINTEXT ");
        if (plaintexts > 1)
            return err_set(e, ERR_DENIED, "more than one signed text in one file");
        if (str_has_prefix(line, "BADSIG "))
            return err_set(e, ERR_DENIED, "the signature of key %.16s is bad",
                           line.n > 23 ? line.p + 7 : "?");
        if (str_has_prefix(line, "NEWSIG") || str_has_prefix(line, "EXPKEYSIG ") ||
            str_has_prefix(line, "REVKEYSIG ") || str_has_prefix(line, "EXPSIG "))
            is_next_good = false;
        if (str_has_prefix(line, "NO_PUBKEY "))
            missing = str_from(line, 10);
        if (str_has_prefix(line, "GOODSIG "))
            is_next_good = true;
        if (str_has_prefix(line, "VALIDSIG ") && is_next_good)
            any |= is_good(str_from(line, 9), fingerprints);
    }
    if (any)
        return 0;
    if (missing.n)
        return err_set(e, ERR_DENIED, "no signature of a known key: key %.*s is not among them",
                       (int)(missing.n < 40 ? missing.n : 40), missing.p);
    return err_set(e, ERR_DENIED, "no good signature of a key that this source may use");
}

// args: what stands behind the keyrings.
static int gpgv(struct apt *apt, const struct apt_keys *keys, const char *const args[4], struct buf *out,
                struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf said = BUF_INIT(MIB(1));
    const char **argv = ARENA_ARRAY(a, const char *, 2 * keys->n + 12);
    size_t n = 0;
    int status;
    argv[n++] = "gpgv";
    argv[n++] = "--homedir";
    argv[n++] = str_printf(a, "%s/nothing", apt->dir).p;
    argv[n++] = "--status-fd";
    argv[n++] = "2";
    for (size_t i = 0; i < keys->n; i++) {
        argv[n++] = "--keyring";
        argv[n++] = keys->files[i];
    }
    for (size_t i = 0; i < 4 && args[i]; i++)
        argv[n++] = args[i];
    struct proc_spec spec = {.argv = argv, .envp = apt->envp, .timeout_ms = GPGV_MS, PROC_QUIET};
    // Its exit code tells less than its status lines: one unknown key of several is no failure.
    if (proc_run(&spec, STR(""), out, &said, &status, e) < 0)
        return err_wrap(e, "gpgv");
    return apt_status_check(buf_view(&said), &keys->fingerprints, e);
}

// Leaves the text that was signed in *text. What stands around it in the file is never looked at.
static int signed_text(struct apt *apt, struct str prefix, const struct apt_keys *keys, struct buf *text,
                       struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_fd int lists = -1;
    if (path_open(apt->dirfd, str_c(a, apt->lists), O_PATH | O_DIRECTORY, 0, &lists, e) < 0)
        return -1;
    struct str base =
        str_printf(a, "%s/" PRI_STR "/" PRI_STR, apt->dir, STR_ARG(apt->lists), STR_ARG(prefix));
    struct stat st;
    if (fstatat(lists, str_printf(a, PRI_STR "InRelease", STR_ARG(prefix)).p, &st, 0) == 0) {
        const char *const args[4] = {"--output", "-", str_printf(a, PRI_STR "InRelease", STR_ARG(base)).p};
        return gpgv(apt, keys, args, text, e);
    }
    const char *name = str_printf(a, PRI_STR "Release", STR_ARG(prefix)).p;
    if (file_read(lists, name, text, e) < 0)
        return -1;
    // gpgv gets the bytes that we have, not the file once more.
    const char *copy_name = str_printf(a, "partial/%s.%d", name, (int)getpid()).p;
    if (file_replace(apt->dirfd, copy_name, 0600, buf_view(text), e) < 0)
        return -1;
    const char *const args[4] = {str_printf(a, PRI_STR "Release.gpg", STR_ARG(base)).p,
                                 str_printf(a, "%s/%s", apt->dir, copy_name).p};
    int rc = gpgv(apt, keys, args, NULL, e);
    (void)unlinkat(apt->dirfd, copy_name, 0); // left behind, it is only a copy
    return rc;
}

int apt_date_parse(struct str text, int64_t *sec, struct err *e)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct str w[6] = {{0}}, rest = text;
    uint64_t day = 0;
    unsigned month = 0;
    size_t n = 0;
    while (n < COUNT(w) && str_cut(&rest, ' ', &w[n]))
        n += w[n].n > 0;
    while (n == 6 && w[2].n == 3 && month < 12 && memcmp(w[2].p, months + 3 * month, 3) != 0)
        month++;
    if (n != 6 || w[2].n != 3 || month == 12 || !str_u64(w[1], 1, 31, &day) || w[3].n != 4 || w[4].n > 8 ||
        (!str_is(w[5], "UTC") && !str_is(w[5], "GMT") && !str_is(w[5], "+0000")))
        return err_set(e, ERR_PARSE, "date \"%.*s\": wanted as \"Sat, 11 Jul 2026 10:16:37 UTC\"",
                       (int)(text.n < 60 ? text.n : 60), text.p);
    char rfc3339[64];
    int len = snprintf(rfc3339, sizeof rfc3339, PRI_STR "-%02u-%02uT%s" PRI_STR "Z", STR_ARG(w[3]), month + 1,
                       (unsigned)day, w[4].n == 7 ? "0" : "", STR_ARG(w[4]));
    return clock_parse((struct str){rfc3339, (size_t)len}, sec, e);
}

int apt_release_parse(struct arena *a, struct str text, const char *file, struct apt_release *out,
                      struct err *e)
{
    struct paragraphs from = {.rest = text, .file = file};
    struct paragraph p;
    struct apt_release r = {0};
    enum paragraph_next next = paragraph_next(&from, &p, e);
    if (next != PARAGRAPH_ONE)
        return next == PARAGRAPH_ERROR ? -1 : err_set(e, ERR_PARSE, "%s: is empty", file);
    r.release.origin = str_dup(a, paragraph_get(&p, "Origin"));
    r.release.label = str_dup(a, paragraph_get(&p, "Label"));
    r.release.suite = str_dup(a, paragraph_get(&p, "Suite"));
    r.release.codename = str_dup(a, paragraph_get(&p, "Codename"));
    r.checksums = str_dup(a, paragraph_get(&p, "SHA256"));
    if (apt_date_parse(paragraph_get(&p, "Date"), &r.release.date_sec, e) < 0)
        return err_wrap(e, "%s", file);
    struct digest d;
    digest_of(HASH_SHA256, text.p, text.n, &d);
    memcpy(r.release.sha256, d.sum, 32);
    *out = r;
    return 0;
}

int apt_release_read(struct apt *apt, struct arena *a, struct str prefix, const struct apt_keys *keys,
                     struct apt_release *out, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(RELEASE_MAX);
    if (signed_text(apt, prefix, keys, &text, e) < 0)
        return err_wrap(e, PRI_STR "Release", STR_ARG(prefix));
    return apt_release_parse(a, buf_view(&text), str_printf(a, PRI_STR "Release", STR_ARG(prefix)).p, out, e);
}

int apt_release_names(const struct apt_release *r, struct str path, struct str content, struct err *e)
{
    struct str rest = r->checksums, line;
    while (str_next_line(&rest, &line)) {
        struct str word[3] = {{0}}, in = line;
        size_t n = 0;
        while (n < COUNT(word) && str_cut(&in, ' ', &word[n]))
            n += word[n].n > 0;
        if (n != 3 || !str_eq(word[2], path))
            continue;
        struct digest got;
        char text[DIGEST_TEXT];
        uint64_t size;
        digest_of(HASH_SHA256, content.p, content.n, &got);
        if (!str_u64(word[1], 0, UINT64_MAX, &size) || size != content.n ||
            !str_is(word[0], digest_hex(&got, text)))
            return err_set(
                e, ERR_DIGEST, PRI_STR ": %zu bytes, sha256 %s; the signed Release has " PRI_STR " " PRI_STR,
                STR_ARG(path), content.n, digest_hex(&got, text), STR_ARG(word[1]), STR_ARG(word[0]));
        return 0;
    }
    return err_set(e, ERR_DIGEST, PRI_STR ": the signed Release does not name it", STR_ARG(path));
}

// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/limits.h"
#include "state/state_priv.h"
#include <fcntl.h>
#include <stdio.h>

#define RECORD_HEAD "dema-name 1"
enum { NAME_HEAD = 160 }; // bytes of a long name that its file shows

static bool is_plain(char c, size_t at)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ':' || c == '@' || c == '+' || (c == '.' && at > 0);
}

static int check_name(struct str name, struct err *e)
{
    if (!name.n || name.n > STATE_NAME_MAX)
        return err_set(e, ERR_USAGE, "name: %zu bytes, 1 to %d are possible", name.n, STATE_NAME_MAX);
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 127)
            return err_set(e, ERR_USAGE, "name: byte %zu is 0x%02x, a blank or a control byte", i + 1,
                           (unsigned char)name.p[i]);
    return 0;
}

// What does not fit a file name keeps its beginning, then "%~" (which no encoding holds) and the digest of all of it.
int name_encode(struct str name, char out[NAME_FILE], struct err *e)
{
    static const char hex[] = "0123456789ABCDEF";
    if (check_name(name, e) < 0)
        return -1;
    char text[3 * STATE_NAME_MAX];
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (is_plain(name.p[i], i)) {
            text[n++] = name.p[i];
            continue;
        }
        text[n++] = '%';
        text[n++] = hex[c >> 4];
        text[n++] = hex[c & 15];
    }
    if (n <= LIMIT_COMPONENT) {
        memcpy(out, text, n);
        out[n] = 0;
        return 0;
    }
    struct digest d;
    char sum[DIGEST_TEXT];
    digest_of(HASH_SHA256, name.p, name.n, &d);
    snprintf(out, NAME_FILE, "%.*s%%~%s", NAME_HEAD, text, digest_hex(&d, sum));
    return 0;
}

void name_record(struct buf *to, const struct state_name *n)
{
    char text[DIGEST_TEXT];
    buf_printf(to, RECORD_HEAD "\nname " PRI_STR "\ndigest %s\nsize %ju\n\n", STR_ARG(n->name),
               digest_text(&n->digest, text), (uintmax_t)n->size);
    buf_str(to, n->json);
}

static bool take(struct str *rest, const char *key, struct str *out)
{
    struct str line;
    if (!str_next_line(rest, &line) || !str_has_prefix(line, key))
        return false;
    *out = str_from(line, strlen(key));
    return true;
}

int name_parse(struct str record, struct state_name *out, struct err *e)
{
    struct state_name n = {0};
    struct str rest = record, head, digest, size, blank;
    if (!take(&rest, RECORD_HEAD, &head) || head.n || !take(&rest, "name ", &n.name) ||
        !take(&rest, "digest ", &digest) || !take(&rest, "size ", &size) || !take(&rest, "", &blank) ||
        blank.n)
        return err_set(e, ERR_PARSE, "damaged: not a \"" RECORD_HEAD "\" record");
    if (check_name(n.name, e) < 0 || digest_parse(digest, &n.digest, e) < 0)
        return -1;
    if (!str_u64(size, 0, INT64_MAX, &n.size))
        return err_set(e, ERR_PARSE, "size: not a number of bytes");
    n.json = rest.p ? rest : (struct str){"", 0};
    *out = n;
    return 0;
}

static int read_name(struct state *st, struct arena *a, const char *file, struct state_name *out,
                     struct err *e)
{
    char path[NAME_FILE + 8], again[NAME_FILE];
    drop_buf struct buf b = BUF_INIT(2 * STATE_RECORD_MAX);
    drop_fd int fd = -1;
    struct state_name n;
    snprintf(path, sizeof path, "names/%s", file);
    if (path_open_plain(st->dir, path, O_RDONLY | O_NONBLOCK, 0, &fd, e) < 0 ||
        file_read_fd(fd, path, &b, e) < 0)
        return e ? err_wrap(e, "%s", st->path) : -1;
    if (name_parse(str_dup(a, buf_view(&b)), &n, e) < 0 || name_encode(n.name, again, e) < 0)
        return err_wrap(e, "%s/%s", st->path, path);
    if (strcmp(again, file) != 0)
        return err_set(e, ERR_PARSE, "%s/%s: damaged: it holds another name", st->path, path);
    *out = n;
    return 0;
}

int state_name_get(struct state *st, struct arena *a, struct str name, struct state_name *out, struct err *e)
{
    char file[NAME_FILE];
    if (name_encode(name, file, e) < 0)
        return -1;
    struct err why = {0};
    if (read_name(st, a, file, out, &why) == 0)
        return 0;
    if (why.code == ERR_NOT_FOUND)
        return err_set(e, ERR_NOT_FOUND, PRI_STR ": no image of this name", STR_ARG(name));
    if (e)
        *e = why;
    return -1;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct state_name *)a)->name, ((const struct state_name *)b)->name);
}

struct listing {
    struct state_name *v;
    size_t n;
    struct strv damaged; // messages
    struct err first;    // why the first of them is
};

static int read_names(struct state *st, struct arena *a, struct listing *out, struct err *e)
{
    struct strv files;
    struct listing got = {0};
    if (dir_names(a, st->dir, "names", STATE_DIR_ENTRIES, &files, e) < 0)
        return -1;
    got.v = ARENA_ARRAY(a, struct state_name, files.n + 1);
    for (size_t i = 0; i < files.n; i++) {
        struct err why = {0};
        char text[1024];
        if (read_name(st, a, str_c(a, files.v[i]), &got.v[got.n], &why) == 0) {
            got.n++;
        } else if (why.code != ERR_NOT_FOUND) { // that was deleted since the listing
            if (!got.damaged.n)
                got.first = why;
            strv_add(a, &got.damaged, str_dup(a, str_of(err_text(&why, text, sizeof text))));
        }
    }
    qsort(got.v, got.n, sizeof *got.v, by_name);
    *out = got;
    return 0;
}

int state_names_found(struct state *st, struct arena *a, struct state_name **out, size_t *n,
                      struct strv *damaged, struct err *e)
{
    struct listing got;
    if (read_names(st, a, &got, e) < 0)
        return -1;
    *out = got.v;
    *n = got.n;
    *damaged = got.damaged;
    return 0;
}

int state_names(struct state *st, struct arena *a, struct state_name **out, size_t *n, struct err *e)
{
    struct listing got;
    if (read_names(st, a, &got, e) < 0)
        return -1;
    if (got.damaged.n) {
        if (e)
            *e = got.first;
        return e ? err_wrap(e, "a name that cannot be read (remove its file, or \"dema rm\" it)") : -1;
    }
    *out = got.v;
    *n = got.n;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "debian/answer.h"
#include "base/file.h"
#include "base/limits.h"
#include <fcntl.h>
#include <stdio.h>

// Counts up whenever the resolver would answer something else.
#define HEAD "dema-answer 1"

enum { NAME = DIGEST_TEXT + 16 };

static const char *name_of(const struct digest *declaration, char out[NAME])
{
    char hex[DIGEST_TEXT];
    (void)snprintf(out, NAME, "answers/%s", digest_hex(declaration, hex));
    return out;
}

static bool take_digest(struct str *rest, const char *key, const struct digest *want)
{
    struct str line;
    char text[DIGEST_TEXT];
    return str_next_line(rest, &line) && str_has_prefix(line, key) &&
           str_is(str_from(line, strlen(key)), digest_text(want, text));
}

static bool is_answer(struct str text, const struct digest *lists, struct str *lock)
{
    struct str rest = text, head, sum;
    struct digest now;
    char hex[DIGEST_TEXT];
    if (!str_next_line(&rest, &head) || !str_is(head, HEAD) || !take_digest(&rest, "lists ", lists) ||
        !str_next_line(&rest, &sum) || !str_has_prefix(sum, "lock "))
        return false;
    digest_of(HASH_SHA256, rest.p, rest.n, &now);
    *lock = rest;
    return str_is(str_from(sum, strlen("lock ")), digest_text(&now, hex));
}

bool deb_answer_find(struct arena *a, const char *dir, const struct digest *declaration,
                     const struct digest *lists, struct str *lock)
{
    drop_fd int top = -1;
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    char name[NAME];
    struct err none = {0};
    struct str found;
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &top, &none) < 0 ||
        file_read(top, name_of(declaration, name), &b, &none) < 0 || !is_answer(buf_view(&b), lists, &found))
        return false;
    *lock = str_dup(a, found);
    return true;
}

void deb_answer_keep(const char *dir, const struct digest *declaration, const struct digest *lists,
                     struct str lock)
{
    drop_fd int top = -1;
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    char name[NAME], print[DIGEST_TEXT], sum[DIGEST_TEXT];
    struct err none = {0};
    struct digest now;
    digest_of(HASH_SHA256, lock.p, lock.n, &now);
    buf_printf(&b, HEAD "\nlists %s\nlock %s\n", digest_text(lists, print), digest_text(&now, sum));
    buf_str(&b, lock);
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &top, &none) < 0 ||
        buf_finish(&b, "answer", &none) < 0 ||
        file_place(top, name_of(declaration, name), 0644, buf_view(&b), &none) < 0)
        return; // the next time it is resolved again
}

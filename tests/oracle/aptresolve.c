// SPDX-License-Identifier: Apache-2.0
// oracle-apt-resolve DIR DECLARATION: what our resolver chooses out of the verified indexes, for the script beside it.
//
// Sets of packages come on stdin, one a line; each answer is a paragraph of "name version architecture" lines, or one
// line with "E: ". How long each step took stands on stderr. Exit 77: the machine's apt cannot fetch.
#include "base/clock.h"
#include "base/file.h"
#include "debian/apt.h"
#include "debian/resolve.h"
#include <fcntl.h>
#include <stdio.h>

extern char **environ;

static int declared(struct arena *a, const char *path, struct base_declaration *out, struct err *e)
{
    struct buf text = BUF_INIT(1 << 20);
    int rc = file_read(AT_FDCWD, path, &text, e);
    if (rc == 0)
        rc = declaration_read(a, str_dup(a, buf_view(&text)), path, NULL, out, e);
    buf_free(&text);
    return rc;
}

static void print(const struct deb_selection *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct deb_package *p = s->v[i].package;
        printf(PRI_STR " " PRI_STR " " PRI_STR "\n", STR_ARG(p->name), STR_ARG(p->version_text),
               STR_ARG(p->architecture));
    }
}

static uint64_t lap(const char *what, uint64_t from)
{
    uint64_t now = clock_mono_ms();
    fprintf(stderr, "%s %ju ms\n", what, (uintmax_t)(now - from));
    return clock_mono_ms();
}

static int resolve_line(const struct apt_indexes *x, char *line, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 20);
    struct strv wanted = {0};
    struct str rest = str_trim(str_of(line)), word;
    while (str_cut(&rest, ' ', &word))
        if (word.n)
            strv_add(a, &wanted, word);
    struct deb_selection s;
    if (deb_resolve(a, &x->index, &wanted, &s, e) < 0)
        return -1;
    print(&s);
    printf("\n");
    return 0;
}

static void resolve_lines(const struct apt_indexes *x)
{
    char line[65536], text[1024];
    while (fgets(line, sizeof line, stdin)) {
        struct err e = {0};
        if (resolve_line(x, line, &e) < 0)
            printf("E: %s\n\n", err_text(&e, text, sizeof text));
    }
}

static int run(const char *dir, const char *path, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    drop_(apt_close) struct apt *apt = NULL;
    drop_(apt_indexes_free) struct apt_indexes *x = NULL;
    struct base_declaration d;
    if (declared(a, path, &d, e) < 0)
        return -1;
    struct apt_spec spec = {
        .dir = dir, .architecture = d.debian.architecture, .envp = (const char *const *)environ};
    uint64_t at = clock_mono_ms();
    if (apt_open(&spec, &apt, e) < 0 || apt_update(apt, e) < 0)
        return -1;
    at = lap("update", at);
    if (apt_indexes_read(apt, &d.debian, &x, e) < 0)
        return -1;
    fprintf(stderr, "%zu packages\n", x->index.n);
    (void)lap("indexes", at);
    resolve_lines(x);
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char text[1024];
    if (argc != 3)
        return 2;
    if (run(argv[1], argv[2], &e) == 0)
        return 0;
    fprintf(stderr, "%s\n", err_text(&e, text, sizeof text));
    return e.code == ERR_NETWORK ? 77 : 1;
}

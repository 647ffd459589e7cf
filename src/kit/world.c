// SPDX-License-Identifier: Apache-2.0
#include "kit/world.h"
#include "archive/walk.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/buildpack.h"
#include "document/toml.h"
#include "kit/call_priv.h"
#include "kit/program.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { NAMES_MAX = 1 << 20, ANSWER_MAX = 1 << 20, CHUNK = 1 << 16 };

static struct world *of(struct kit_world *w)
{
    return CONTAINER(w, struct world, base);
}

// Paths come as parts of longer texts.
struct c_path {
    char text[LIMIT_PATH];
};

static int terminated(struct str path, struct c_path *out, struct err *e)
{
    if (path.n >= sizeof out->text)
        return err_set(e, ERR_LIMIT, "%.64s…: path longer than %d bytes", path.p, LIMIT_PATH - 1);
    memcpy(out->text, path.p, path.n);
    out->text[path.n] = 0;
    return 0;
}

static enum dir_kind kind(struct kit_world *w, struct str path)
{
    struct c_path p;
    struct err ignored = {0};
    return terminated(path, &p, &ignored) < 0 ? DIR_ABSENT : dir_kind(of(w)->app_fd, p.text);
}

static int read_file(struct kit_world *w, struct str path, struct buf *out, struct err *e)
{
    struct c_path p;
    return terminated(path, &p, e) < 0 ? -1 : file_read(of(w)->app_fd, p.text, out, e);
}

static int names(struct kit_world *w, struct arena *a, struct str path, struct strv *out, struct err *e)
{
    struct c_path p;
    if (terminated(path, &p, e) < 0)
        return -1;
    return dir_names(a, of(w)->app_fd, p.text, NAMES_MAX, out, e);
}

// --- Digests

static int hash_fd(struct hash *h, int fd, const char *name, struct err *e)
{
    drop_free char *chunk = xmalloc(CHUNK);
    for (;;) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, "%s: read", name);
        if (n == 0)
            return 0;
        hash_add(h, chunk, (size_t)n);
    }
}

static int hash_file(int dirfd, const char *path, struct hash *h, struct err *e)
{
    drop_fd int fd = -1;
    return path_open(dirfd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &fd, e) < 0 ? -1
                                                                                   : hash_fd(h, fd, path, e);
}

// Name, kind, executable or not, size or target, content. What Git keeps is not the app's content.
static int hash_entry(struct walk *w, const struct walk_entry *en, struct hash *h, struct err *e)
{
    char head[64];
    drop_fd int fd = -1;
    bool file = S_ISREG(en->st.st_mode);
    int n = snprintf(head, sizeof head, "%o %d %jd ", en->st.st_mode & S_IFMT,
                     (en->st.st_mode & 0111) != 0 && file, file ? (intmax_t)en->st.st_size : 0);
    hash_add(h, head, (size_t)n);
    hash_add(h, en->path.p, en->path.n + 1); // with its NUL
    hash_add(h, en->link.p, en->link.n);
    hash_add(h, "", 1);
    if (!file)
        return 0;
    return walk_open_file(w, &fd, e) < 0 ? -1 : hash_fd(h, fd, en->path.p, e);
}

static int hash_folder(int dirfd, const char *path, struct hash *h, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    const struct walk_entry *en;
    if (walk_open(dirfd, path, TREE_WALK, &w, e) < 0)
        return -1;
    for (;;) {
        enum walk_step step = walk_next(w, &en, e);
        if (step != WALK_ENTRY)
            return step == WALK_END ? 0 : -1;
        if (en->socket)
            continue;
        if (S_ISDIR(en->st.st_mode) && strcmp(en->name, ".git") == 0) {
            walk_prune(w);
            continue;
        }
        if (hash_entry(w, en, h, e) < 0)
            return -1;
    }
}

static int digest(struct kit_world *w, struct str path, struct digest *out, struct err *e)
{
    struct c_path p;
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA256);
    if (terminated(path, &p, e) < 0)
        return -1;
    bool folder = dir_kind(of(w)->app_fd, p.text) == DIR_DIR;
    if ((folder ? hash_folder(of(w)->app_fd, p.text, h, e) : hash_file(of(w)->app_fd, p.text, h, e)) < 0)
        return -1;
    hash_end(h, out);
    return 0;
}

static int helpers(struct kit_world *w, struct digest *out, struct err *e)
{
    drop_(hash_free) struct hash *h = hash_new(HASH_SHA256);
    drop_fd int fd = -1;
    if (path_open_host(of(w)->helpers, O_RDONLY, 0, &fd, e) < 0 || hash_fd(h, fd, of(w)->helpers, e) < 0)
        return err_wrap(e, "helpers");
    hash_end(h, out);
    return 0;
}

// --- Layers of the last build, and of buildpacks before this one

static int layer_toml(int dirfd, struct arena *a, const char *file, const struct val **doc, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    struct err why = {0};
    struct val *read;
    *doc = NULL;
    if (file_read(dirfd, file, &text, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return 0;
        if (e)
            *e = why;
        return -1;
    }
    if (toml_read(a, buf_view(&text), file, &read, e) < 0)
        return -1;
    *doc = read;
    return 0;
}

static int layer(struct kit_world *w, struct arena *a, struct str id, struct str name, struct kit_layer *out,
                 struct err *e)
{
    const char *dir = ".", *file = arena_printf(a, PRI_STR ".toml", STR_ARG(name));
    drop_fd int other = -1;
    struct strv in = {0};
    struct err ignored = {0};
    int fd = of(w)->layers_fd;
    *out = (struct kit_layer){0};
    if (id.n) {
        if (buildpack_dir_name(a, id, &dir, e) < 0)
            return -1;
        dir = str_c(a, path_join(a, path_dir(of(w)->in->layers), str_of(dir)));
        if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &other, &ignored) < 0)
            return 0; // it does not take part
        fd = other;
    }
    if (fd < 0)
        return 0;
    out->content = dir_names(a, fd, str_c(a, name), NAMES_MAX, &in, &ignored) == 0 && in.n;
    return layer_toml(fd, a, file, &out->doc, e);
}

// --- Asking programs and callbacks

int world_call(const struct world *w, struct facts *f, const struct rc_row *row, struct str name,
               call_fn **out, struct err *e)
{
    for (const struct call_row *const *table = w->calls; table && *table; table++)
        for (const struct call_row *c = *table; c->name; c++)
            if (str_is(name, c->name)) {
                *out = c->fn;
                return 0;
            }
    return facts_wrong(f, row, "call", e, "there is no function \"" PRI_STR "\"",
                       STR_ARG(str_printable(f->a, name, 64)));
}

static int read_answer(struct facts *f, struct str text, const char *program, struct strmap *out,
                       struct err *e)
{
    struct val *doc;
    if (toml_read(f->a, text, program, &doc, e) < 0)
        return -1;
    for (size_t i = 0; i < doc->c.n; i++) {
        struct err_at at;
        val_where(&doc->c.v[i], program, str_c(f->a, doc->c.key[i]), &at);
        if (doc->c.v[i].kind != VAL_STR || str_has_nul(doc->c.v[i].s))
            return err_doc(e, &at, "found %s, wanted text", val_kind_name(doc->c.v[i].kind));
        strmap_set(f->a, out, doc->c.key[i], doc->c.v[i].s);
    }
    return 0;
}

static int ask_program(struct world *w, struct facts *f, const struct rc_fact *row, struct strmap *out,
                       struct err *e)
{
    drop_buf struct buf answer = BUF_INIT(ANSWER_MAX);
    struct strv run;
    if (facts_fill_list(f, &row->row, "run", &row->run, &run, e) < 0)
        return -1;
    if (!run.v[0].n)
        return facts_wrong(f, &row->row, "run", e, "the program has no name");
    const struct program p = {.argv = program_words(f->a, w->in->buildpack, &run),
                              .env = w->in->env,
                              .cwd_fd = w->app_fd,
                              .third = &answer,
                              .ev = w->ev};
    if (program_must(&p, e) < 0)
        return -1;
    return read_answer(f, buf_view(&answer), p.argv[0], out, e);
}

static int ask(struct kit_world *kw, struct facts *f, const struct rc_fact *row, struct strmap *out,
               struct err *e)
{
    struct world *w = of(kw);
    struct call_inside inside = {.answer = out};
    struct call c;
    call_fn *fn;
    if (row->run.n)
        return ask_program(w, f, row, out, e);
    if (world_call(w, f, &row->row, row->call, &fn, e) < 0)
        return -1;
    call_init(&c, &inside, w, f);
    return fn(&c, e) < 0 ? err_wrap(e, PRI_STR, STR_ARG(row->call)) : 0;
}

void world_init(struct world *w)
{
    static const struct kit_world_ops ops = {kind, read_file, names, digest, layer, ask, helpers};
    w->base.ops = &ops;
}

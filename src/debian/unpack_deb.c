// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "debian/index.h"
#include "debian/unpack_priv.h"
#include "stream/codec.h"
#include "stream/memory.h"
#include <stdio.h>

enum {
    BINARY_MAX = 64,                // "2.0\n": more lines are allowed, none are in use
    CONTROL_FILES = 256,            // of one control.tar: real ones stay below 20
    CONTROL_MAX = 32 * 1024 * 1024, // of one control.tar: lists of checksums are the largest, up to 4 MiB
};

static int wrong_member(struct str got, const char *want, struct err *e)
{
    return err_set(e, ERR_PARSE, "member \"%.40s\", want %s", str_has_nul(got) ? "" : got.p, want);
}

// Members that begin with '_' may stand before data.tar and mean nothing (deb(5)).
static int next_member(struct ar_reader *ar, const char *want, const struct ar_member **out, struct err *e)
{
    for (;;) {
        switch (ar_next(ar, out, e)) {
        case AR_ERROR:
            return -1;
        case AR_END:
            return err_set(e, ERR_PARSE, "ends without %s", want);
        case AR_MEMBER:
            if ((*out)->name.p[0] != '_')
                return 0;
        }
    }
}

int deb_open(struct ar_reader *ar, struct err *e)
{
    const struct ar_member *m;
    char text[BINARY_MAX + 1] = {0};
    enum ar_step step = ar_next(ar, &m, e);
    if (step == AR_ERROR)
        return -1;
    if (step == AR_END)
        return err_set(e, ERR_PARSE, "an empty archive");
    if (!str_is(m->name, "debian-binary"))
        return wrong_member(m->name, "debian-binary first", e);
    if (m->size > BINARY_MAX)
        return err_set(e, ERR_LIMIT, "debian-binary: %ju bytes, the limit is %d", (uintmax_t)m->size,
                       BINARY_MAX);
    if (source_read(ar_data(ar), text, (size_t)m->size, e) < 0)
        return -1;
    size_t n = strcspn(text, "\n");
    uint64_t minor;
    if (text[n] != '\n' || strncmp(text, "2.", 2) != 0 ||
        !str_u64((struct str){text + 2, n - 2}, 0, UINT16_MAX, &minor))
        return err_set(e, ERR_PARSE, "debian-binary: version \"%.*s\", want \"2.0\"", (int)n, text);
    return 0;
}

// "control.tar.xz": the stem, then the codec by its suffix.
static int member_codec(struct str name, const char *stem, enum codec *out, struct err *e)
{
    static const struct {
        const char *suffix;
        enum codec codec;
    } known[] = {{"", CODEC_PLAIN}, {".gz", CODEC_GZIP}, {".xz", CODEC_XZ}, {".zst", CODEC_ZSTD}};
    char want[64];
    if (!str_has_prefix(name, stem)) {
        (void)snprintf(want, sizeof want, "%s", stem);
        return wrong_member(name, want, e);
    }
    struct str suffix = str_from(name, strlen(stem));
    for (size_t i = 0; i < COUNT(known); i++) {
        if (str_is(suffix, known[i].suffix)) {
            *out = known[i].codec;
            return 0;
        }
    }
    (void)snprintf(want, sizeof want, "%s, or with .gz, .xz or .zst", stem);
    return wrong_member(name, want, e);
}

int deb_member(struct ar_reader *ar, const char *stem, struct source **out, struct err *e)
{
    const struct ar_member *m;
    enum codec codec;
    if (next_member(ar, stem, &m, e) < 0 || member_codec(m->name, stem, &codec, e) < 0)
        return -1;
    *out = source_decoded_as(ar_data(ar), codec);
    return 0;
}

struct control_reader {
    struct arena *a;
    struct deb_control *out;
    size_t cap;
    uint64_t bytes;
    struct str control;
};

static int add_file(struct control_reader *c, struct tar_reader *tar, const struct tar_entry *t,
                    struct err *e)
{
    char name[LIMIT_PATH];
    if (tar_name_clean(t->name, name, e) < 0)
        return -1;
    if (!*name && t->type == TAR_DIR)
        return 0;
    if (!*name || t->type != TAR_FILE || strchr(name, '/'))
        return err_set(e, ERR_PARSE, "\"%s\": only files belong here", name);
    if (t->size > CONTROL_MAX - c->bytes)
        return err_set(e, ERR_LIMIT, "%s: more than %d bytes of control files", name, CONTROL_MAX);
    if (c->out->file_n == CONTROL_FILES)
        return err_set(e, ERR_LIMIT, "more than %d files", CONTROL_FILES);
    c->bytes += t->size;
    char *text = arena_get(c->a, (size_t)t->size + 1, 1);
    if (source_read(tar_data(tar), text, (size_t)t->size, e) < 0)
        return err_wrap(e, "%s", name);
    struct str got = {text, (size_t)t->size};
    if (strcmp(name, "control") == 0) {
        if (c->control.p)
            return err_set(e, ERR_PARSE, "a second control file");
        c->control = got;
        return 0;
    }
    for (size_t i = 0; i < c->out->file_n; i++)
        if (str_is(c->out->file[i].name, name))
            return err_set(e, ERR_PARSE, "a second %s", name);
    c->out->file = arena_grow(c->a, c->out->file, c->out->file_n, &c->cap, sizeof *c->out->file);
    c->out->file[c->out->file_n++] = (struct deb_file){str_dup(c->a, str_of(name)), got};
    return 0;
}

static int read_paragraph(struct control_reader *c, struct err *e)
{
    struct paragraphs from = {.rest = c->control, .file = "control"};
    struct paragraph more;
    struct deb_control *out = c->out;
    struct dpkg_version version;
    if (!c->control.p)
        return err_set(e, ERR_PARSE, "no control file");
    switch (paragraph_next(&from, &out->fields, e)) {
    case PARAGRAPH_ERROR:
        return -1;
    case PARAGRAPH_END:
        return err_set(e, ERR_PARSE, "an empty control file");
    case PARAGRAPH_ONE:
        break;
    }
    enum paragraph_next next = paragraph_next(&from, &more, e);
    if (next != PARAGRAPH_END)
        return next == PARAGRAPH_ERROR ? -1 : err_set(e, ERR_PARSE, "two paragraphs in the control file");
    out->package = paragraph_get(&out->fields, "Package");
    out->version = paragraph_get(&out->fields, "Version");
    out->architecture = paragraph_get(&out->fields, "Architecture");
    if (!deb_name_is_valid(out->package))
        return err_set(e, ERR_PARSE, "Package: \"" PRI_STR "\" is no name of a package",
                       STR_ARG(out->package));
    if (!deb_name_is_valid(out->architecture))
        return err_set(e, ERR_PARSE, "Architecture: \"" PRI_STR "\" is none", STR_ARG(out->architecture));
    return dpkg_version_parse(out->version, &version, e) < 0 ? err_wrap(e, "Version") : 0;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct deb_file *)a)->name, ((const struct deb_file *)b)->name);
}

static int read_files(struct control_reader *c, struct tar_reader *tar, struct err *e)
{
    for (;;) {
        const struct tar_entry *t;
        switch (tar_next(tar, &t, e)) {
        case TAR_ERROR:
            return -1;
        case TAR_END:
            if (c->out->file_n)
                qsort(c->out->file, c->out->file_n, sizeof *c->out->file, by_name);
            return read_paragraph(c, e);
        case TAR_ENTRY:
            if (add_file(c, tar, t, e) < 0)
                return -1;
        }
    }
}

int deb_control_member(struct ar_reader *ar, struct arena *a, struct deb_control *out, struct err *e)
{
    struct source *plain;
    struct deb_control got = {0};
    struct control_reader c = {.a = a, .out = &got};
    if (deb_member(ar, "control.tar", &plain, e) < 0)
        return -1;
    drop_(source_drop) struct source *owned = plain;
    drop_(tar_reader_free) struct tar_reader *tar = tar_reader_new(owned);
    if (read_files(&c, tar, e) < 0)
        return err_wrap(e, "control.tar");
    *out = got;
    return 0;
}

int deb_read_control(const struct deb_input *deb, struct arena *a, struct deb_control *out, struct err *e)
{
    const char *name = str_c(a, deb->name);
    if (lseek(deb->fd, 0, SEEK_SET) < 0)
        return err_sys(e, "%s", name);
    drop_(source_drop) struct source *bytes = source_fd(deb->fd, name);
    drop_(ar_reader_free) struct ar_reader *ar = ar_reader_new(bytes);
    if (deb_open(ar, e) < 0 || deb_control_member(ar, a, out, e) < 0)
        return err_wrap(e, "package %s", name);
    return 0;
}

const struct deb_file *deb_control_file(const struct deb_control *c, const char *name)
{
    for (size_t i = 0; i < c->file_n; i++)
        if (str_is(c->file[i].name, name))
            return &c->file[i];
    return NULL;
}

// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "document/schema.h"
#include "reference.h"
#include "ui/applet.h"

#define DOCUMENT(id, spelling) extern const struct schema id;
#include "cnb/documents.def"
#include "debian/documents.def"
#include "deps/documents.def"
#include "helpers/documents.def"
#include "image/documents.def"
#include "kit/documents.def"
#include "oci/documents.def"
#include "phase/documents.def"
#include "platform/documents.def"
#undef DOCUMENT

#define DOCUMENT(id, spelling) {&id, spelling},
static const struct document {
    const struct schema *schema;
    enum doc_names names;
} documents[] = {
#include "cnb/documents.def"
#include "debian/documents.def"
#include "deps/documents.def"
#include "helpers/documents.def"
#include "image/documents.def"
#include "kit/documents.def"
#include "oci/documents.def"
#include "phase/documents.def"
#include "platform/documents.def"
};
#undef DOCUMENT

struct page {
    struct buf *out;
    struct err *e;
    const char *document;
    bool failed, has_api, with_api;
};

static void look_for_api(void *ctx, const struct schema_row *r)
{
    struct page *p = ctx;
    p->has_api |= r->field->since || r->field->until;
    if (!r->field->help && !p->failed) {
        p->failed = true;
        err_set(p->e, ERR_PARSE, "%s: " PRI_STR ": its row has no help", p->document, STR_ARG(r->key));
    }
}

static void api_cell(const struct field *f, struct buf *out)
{
    char since[API_TEXT], until[API_TEXT];
    buf_text(out, " |");
    if (f->since)
        buf_printf(out, " ≥ %s", api_text(f->since, since));
    if (f->until)
        buf_printf(out, " < %s", api_text(f->until, until));
}

static void row(void *ctx, const struct schema_row *r)
{
    struct page *p = ctx;
    const struct field *f = r->field;
    buf_printf(p->out, "| `" PRI_STR "` | %s |%s", STR_ARG(r->key), field_shape(f),
               f->flags & REQUIRED ? " yes" : "");
    if (p->with_api)
        api_cell(f, p->out);
    buf_text(p->out, " | ");
    markdown_cell(str_of(f->help), p->out);
    if (f->alias)
        buf_printf(p->out, "; `%s` is read too", f->alias);
    if (f->flags & SECRET)
        buf_text(p->out, "; a secret, never shown");
    buf_text(p->out, " |\n");
}

static bool keeps_unknown(const struct schema *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->field[i].flags & KEEP_UNKNOWN)
            return true;
    return false;
}

// "<layer>.toml" lies in layer.toml.md, "image index" in image-index.md.
static char *page_name(struct arena *a, const char *name)
{
    char *path = arena_printf(a, "documents/%s.md", name), *to = path;
    for (const char *c = path; *c; c++)
        if (*c != '<' && *c != '>')
            *to++ = *c;
    *to = 0;
    for (char *c = path; *c; c++)
        if (*c == ' ')
            *c = '-';
    return path;
}

static int document(struct book *b, const struct document *d, struct err *e)
{
    drop_buf struct buf page = BUF_INIT(PAGE_MAX);
    const struct schema *s = d->schema;
    struct page p = {.out = &page, .e = e, .document = s->name};
    if (!s->help)
        return err_set(e, ERR_PARSE, "%s: its table has no help", s->name);
    schema_each(s, d->names, look_for_api, &p);
    if (p.failed)
        return -1;
    p.with_api = p.has_api;
    buf_text(&page, "# ");
    markdown_cell(str_of(s->name), &page);
    buf_printf(&page, "\n\n%s. A %s document; %s.\n\n", s->help, d->names == NAMES_JSON ? "JSON" : "TOML",
               keeps_unknown(s) ? "keys that are not listed are left alone"
               : s->strict      ? "a key that is not listed is an error"
                                : "keys that are not listed are warned about");
    buf_printf(&page, "| Key | Value | Required |%s Meaning |\n|---|---|---|%s---|\n",
               !p.with_api                      ? ""
               : strstr(s->help, "platform.md") ? " Platform API |"
                                                : " Buildpack API |",
               p.with_api ? "---|" : "");
    schema_each(s, d->names, row, &p);
    return book_page(b, page_name(b->a, s->name), str_c(b->a, str_printf(b->a, "`%s`", s->name)), s->help,
                     &page, e);
}

int book_documents(struct book *b, struct err *e)
{
    for (size_t i = 0; i < COUNT(documents); i++)
        if (document(b, &documents[i], e) < 0)
            return -1;
    return 0;
}

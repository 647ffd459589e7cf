// SPDX-License-Identifier: Apache-2.0
#include "debian/paragraph.h"
#include <strings.h>

bool paragraph_name_is(struct str name, const char *wanted)
{
    return strncasecmp(name.p, wanted, name.n) == 0 && !wanted[name.n];
}

const struct paragraph_field *paragraph_find(const struct paragraph *p, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i].name.n == n && paragraph_name_is(p->v[i].name, name))
            return &p->v[i];
    return NULL;
}

struct str paragraph_get(const struct paragraph *p, const char *name)
{
    const struct paragraph_field *f = paragraph_find(p, name);
    return f ? f->value : STR("");
}

static int wrong(const struct paragraphs *from, struct err *e, enum err_code code, const char *what)
{
    struct err_at at = {.line = from->line};
    err_at_file(&at, from->file ? from->file : "");
    if (code == ERR_PARSE)
        return err_doc(e, &at, "%s", what);
    return err_set(e, code, "%s:%u: %s", from->file ? from->file : "paragraphs", from->line, what);
}

// Printable ASCII but ':', and neither '#' nor '-' in front (policy 5.1).
static bool is_name(struct str s)
{
    if (!s.n || s.p[0] == '#' || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
            return false;
    return true;
}

// The blanks around a value. Not str_trim: that would take the newlines of a value that begins on the next line.
static struct str value_of(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_from(s, 1);
    return str_trim((struct str){s.p, s.n});
}

static bool take_line(struct paragraphs *from, struct str *line)
{
    if (!from->rest.n)
        return false;
    const char *end = memchr(from->rest.p, '\n', from->rest.n);
    size_t n = end ? (size_t)(end - from->rest.p) : from->rest.n;
    *line = str_head(from->rest, n);
    from->rest = str_from(from->rest, end ? n + 1 : n);
    from->line++;
    return true;
}

static int add_field(struct paragraphs *from, struct str line, struct paragraph *out, struct err *e)
{
    size_t colon;
    if (!str_find(line, ':', &colon) || !is_name(str_head(line, colon)))
        return wrong(from, e, ERR_PARSE, "a line that is neither a field nor continues one");
    if (out->n == PARAGRAPH_FIELDS)
        return wrong(from, e, ERR_LIMIT, "more fields in a paragraph than the limit of 64");
    out->v[out->n++] =
        (struct paragraph_field){str_head(line, colon), value_of(str_from(line, colon + 1)), from->line};
    return 0;
}

static int continue_field(struct paragraphs *from, struct str line, struct paragraph *out, struct err *e)
{
    if (!out->n)
        return wrong(from, e, ERR_PARSE, "a line that continues nothing");
    struct paragraph_field *f = &out->v[out->n - 1];
    // In one piece with what stands before it, also where a comment stood between.
    f->value.n = (size_t)(line.p + line.n - f->value.p);
    return 0;
}

static bool is_blank(struct str line)
{
    return !str_trim(line).n;
}

enum paragraph_next paragraph_next(struct paragraphs *from, struct paragraph *out, struct err *e)
{
    struct str line;
    out->n = 0;
    while (take_line(from, &line)) {
        if (from->comments && line.n && line.p[0] == '#')
            continue;
        if (!line.n || ((line.p[0] == ' ' || line.p[0] == '\t' || line.p[0] == '\r') && is_blank(line))) {
            if (out->n)
                break;
            continue;
        }
        bool more = line.p[0] == ' ' || line.p[0] == '\t';
        if ((more ? continue_field : add_field)(from, line, out, e) < 0)
            return PARAGRAPH_ERROR;
        if (out->n == 1 && !more) {
            out->text.p = line.p;
            out->line = from->line;
        }
        size_t upto = line.p + line.n < from->rest.p ? line.n + 1 : line.n;
        out->text.n = (size_t)(line.p - out->text.p) + upto;
    }
    return out->n ? PARAGRAPH_ONE : PARAGRAPH_END;
}

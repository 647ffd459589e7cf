// SPDX-License-Identifier: Apache-2.0
// Man page and reference pages, made from the rows of applets.
#include "ui/exitcode.h"
#include "ui/help_priv.h"

void markdown_cell(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '|' || c == '*')
            buf_char(out, '\\');
        if (c == '<')
            buf_text(out, "&lt;");
        else
            buf_char(out, c == '\n' ? ' ' : c);
    }
}

// `code`: only the bar must not end the cell.
static void code_cell(struct str text, struct buf *out)
{
    buf_char(out, '`');
    for (size_t i = 0; i < text.n; i++)
        buf_printf(out, "%s%c", text.p[i] == '|' ? "\\" : "", text.p[i]);
    buf_char(out, '`');
}

static void option_row(const struct applet *ap, const struct opt *o, struct buf *out)
{
    drop_buf struct buf head = BUF_INIT(4096);
    help_option(ap, o, &head);
    buf_text(out, "| ");
    code_cell(buf_view(&head), out);
    buf_text(out, " | ");
    markdown_cell(str_of(o->help), out);
    buf_text(out, o->kind == OPT_LIST ? "; may be repeated |" : " |");
    if (o->dflt) {
        buf_char(out, ' ');
        code_cell(str_of(o->dflt), out);
    }
    buf_text(out, " |");
    if (o->env)
        buf_printf(out, " `%s`", o->env);
    buf_text(out, " |\n");
}

void applet_markdown(const struct applet *ap, const char *program, struct buf *out)
{
    buf_printf(out, "# %s %s\n\n%s.\n\n```\n", program, ap->name, ap->summary);
    help_usage(ap, program, out);
    buf_text(out, "\n```\n");
    if (ap->details)
        buf_printf(out, "\n%s\n", ap->details);
    if (ap->opts && ap->opts->name) {
        buf_text(out, "\n## Options\n\n| Option | Meaning | Default | Variable |\n|---|---|---|---|\n");
        for (const struct opt *o = ap->opts; o->name; o++)
            option_row(ap, o, out);
    }
    if (ap->examples)
        buf_printf(out, "\n## Examples\n\n```\n%s\n```\n", ap->examples);
}

// One character of our own, valid UTF-8.
static uint32_t take_char(struct str *s)
{
    unsigned char first = (unsigned char)s->p[0];
    size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? first : first & (0x7fu >> n);
    for (size_t i = 1; i < n && i < s->n; i++)
        c = c << 6 | ((unsigned char)s->p[i] & 0x3f);
    *s = str_from(*s, n < s->n ? n : s->n);
    return c;
}

// roff: a leading dot or quote would be a request, a backslash an escape, a hyphen a minus that can be searched for.
static void roff(struct str text, struct buf *out)
{
    bool start = true;
    while (text.n) {
        uint32_t c = take_char(&text);
        if (start && (c == '.' || c == '\''))
            buf_text(out, "\\&");
        if (c == '\\')
            buf_text(out, "\\e");
        else if (c >= 0x80)
            buf_printf(out, "\\[u%04X]", c);
        else
            buf_printf(out, "%s%c", c == '-' ? "\\" : "", (int)c);
        start = c == '\n';
    }
}

static void roff_text(const char *text, struct buf *out)
{
    roff(str_of(text), out);
}

// "head" with what it means below it.
static void tagged(const char *head, struct buf *out)
{
    buf_text(out, ".TP\n.B ");
    roff_text(head, out);
    buf_char(out, '\n');
}

static void man_option(const struct applet *ap, const struct opt *o, struct buf *out)
{
    drop_buf struct buf head = BUF_INIT(4096);
    help_option(ap, o, &head);
    tagged(head.p, out);
    roff_text(o->help, out);
    buf_text(out, o->kind == OPT_LIST ? "; may be repeated.\n" : ".\n");
    if (o->env)
        buf_printf(out, "Without it, the variable\n.B %s\ncounts.\n", o->env);
    if (o->dflt) {
        buf_text(out, "The default is ");
        roff_text(o->dflt, out);
        buf_text(out, ".\n");
    }
}

static void man_applet(const struct applet *ap, const char *program, struct buf *out)
{
    drop_buf struct buf line = BUF_INIT(4096);
    help_usage(ap, program, &line);
    buf_text(out, ".SS ");
    roff(buf_view(&line), out);
    buf_char(out, '\n');
    roff_text(ap->summary, out);
    buf_text(out, ".\n");
    if (ap->details) {
        struct str rest = str_of(ap->details), text;
        buf_text(out, ".PP\n");
        while (str_next_line(&rest, &text)) {
            if (text.n)
                roff(text, out);
            buf_text(out, text.n ? "\n" : ".PP\n");
        }
    }
    for (const struct opt *o = ap->opts; o && o->name; o++)
        man_option(ap, o, out);
    if (ap->examples) {
        buf_text(out, ".PP\n.nf\n");
        roff_text(ap->examples, out);
        buf_text(out, "\n.fi\n");
    }
}

static void man_variables(const struct manual *m, struct buf *out)
{
    buf_text(out, ".SH ENVIRONMENT\n");
    for (const struct variable *v = m->variables; v->name; v++) {
        tagged(v->name, out);
        roff_text(v->help, out);
        buf_text(out, ".\n");
    }
}

static void man_exit(struct buf *out)
{
    size_t n;
    const struct exit_row *r = exit_rows(&n);
    buf_text(out, ".SH \"EXIT STATUS\"\n");
    for (; n; n--, r++) {
        if (r->phase != PHASE_NONE)
            continue;
        buf_printf(out, ".TP\n.B %d\n", r->exit);
        roff_text(r->meaning, out);
        buf_text(out, ".\n");
    }
}

void manual_man(const struct manual *m, struct buf *out)
{
    buf_text(out, ".TH ");
    for (const char *c = m->program; *c; c++)
        buf_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    buf_printf(out, " 1 \"\" \"%s %s\" \"User Commands\"\n.SH NAME\n%s \\- ", m->program, DEMA_VERSION,
               m->program);
    roff_text(m->summary, out);
    buf_printf(out, "\n.SH SYNOPSIS\n.B %s\n.I COMMAND\n[options]\n.SH DESCRIPTION\n", m->program);
    roff_text(m->about, out);
    buf_text(out, "\n.SH COMMANDS\n");
    for (const struct applet *const *ap = m->applets; *ap; ap++)
        man_applet(*ap, m->program, out);
    man_variables(m, out);
    man_exit(out);
}

// SPDX-License-Identifier: Apache-2.0
#include "ui/applet.h"

static const char *dashes(const struct applet *ap)
{
    return ap->grammar == GRAMMAR_GO ? "-" : "--";
}

static void usage(const struct applet *ap, const char *program, struct buf *out)
{
    buf_printf(out, "%s %s%s%s%s", program, ap->name, ap->opts && ap->opts->name ? " [options]" : "",
               ap->args ? " " : "", ap->args ? ap->args : "");
}

// "-t, --tag NAME", padded by the caller.
static void option_head(const struct applet *ap, const struct opt *o, struct buf *out)
{
    if (ap->grammar == GRAMMAR_GNU && o->letter)
        buf_printf(out, "-%c, ", o->letter);
    buf_printf(out, "%s%s", dashes(ap), o->name);
    if (o->kind != OPT_FLAG)
        buf_printf(out, " %s", o->arg ? o->arg : "VALUE");
}

static void option_tail(const struct opt *o, struct buf *out)
{
    buf_text(out, o->help);
    if (o->kind == OPT_LIST)
        buf_text(out, "; may be repeated");
    if (o->dflt)
        buf_printf(out, " (default: %s)", o->dflt);
    if (o->env)
        buf_printf(out, " [%s]", o->env);
}

enum { HELP_COLUMN = 30, HELP_WIDTH = 100 };

// Wraps at HELP_WIDTH with a hanging indent.
static void wrapped(struct str text, size_t at, struct buf *out)
{
    size_t col = at;
    struct str rest = text, word;
    bool first = true;
    while (str_cut(&rest, ' ', &word)) {
        if (!first && col + word.n + 1 > HELP_WIDTH) {
            buf_printf(out, "\n%*s", (int)at, "");
            col = at;
        } else if (!first) {
            buf_char(out, ' ');
            col++;
        }
        buf_str(out, word);
        col += word.n;
        first = false;
    }
    buf_char(out, '\n');
}

static void option_lines(const struct applet *ap, struct buf *out)
{
    for (const struct opt *o = ap->opts; o && o->name; o++) {
        drop_buf struct buf head = BUF_INIT(4096), tail = BUF_INIT(4096);
        option_head(ap, o, &head);
        option_tail(o, &tail);
        bool fits = head.n + 4 <= HELP_COLUMN;
        buf_printf(out, "  %s", head.p);
        if (fits)
            buf_printf(out, "%*s", (int)(HELP_COLUMN - 2 - head.n), "");
        else
            buf_printf(out, "\n%*s", HELP_COLUMN, "");
        wrapped(buf_view(&tail), HELP_COLUMN, out);
    }
}

void applet_help(const struct applet *ap, const char *program, struct buf *out)
{
    buf_text(out, "Usage: ");
    usage(ap, program, out);
    buf_printf(out, "\n\n%s.\n", ap->summary);
    if (ap->details)
        buf_printf(out, "\n%s\n", ap->details);
    if (ap->opts && ap->opts->name) {
        buf_text(out, "\nOptions:\n");
        option_lines(ap, out);
    }
    if (ap->examples)
        buf_printf(out, "\nExamples:\n%s\n", ap->examples);
}

void applet_list(const struct applet *const *table, const char *program, const char *summary, struct buf *out)
{
    buf_printf(out, "%s\n\nUsage: %s COMMAND [options]\n\nCommands:\n", summary, program);
    for (; *table; table++)
        buf_printf(out, "  %-14s %s\n", (*table)->name, (*table)->summary);
    buf_printf(out, "\n\"%s COMMAND --help\" tells all about one of them.\n", program);
}

void applet_markdown(const struct applet *ap, const char *program, struct buf *out)
{
    buf_printf(out, "# %s %s\n\n%s.\n\n```\n", program, ap->name, ap->summary);
    usage(ap, program, out);
    buf_text(out, "\n```\n");
    if (ap->details)
        buf_printf(out, "\n%s\n", ap->details);
    if (ap->opts && ap->opts->name) {
        buf_text(out, "\n| Option | Meaning |\n|---|---|\n");
        for (const struct opt *o = ap->opts; o->name; o++) {
            buf_text(out, "| `");
            option_head(ap, o, out);
            buf_text(out, "` | ");
            option_tail(o, out);
            buf_text(out, " |\n");
        }
    }
    if (ap->examples)
        buf_printf(out, "\n## Examples\n\n```\n%s\n```\n", ap->examples);
}

// roff: a leading dot or quote would be a request, a backslash an escape, a hyphen a minus.
static void roff(struct str text, struct buf *out)
{
    bool start = true;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (start && (c == '.' || c == '\''))
            buf_text(out, "\\&");
        if (c == '\\' || c == '-')
            buf_char(out, '\\');
        buf_char(out, c);
        start = c == '\n';
    }
}

static void man_applet(const struct applet *ap, const char *program, struct buf *out)
{
    drop_buf struct buf line = BUF_INIT(65536);
    usage(ap, program, &line);
    buf_text(out, ".SS \"");
    roff(buf_view(&line), out);
    buf_text(out, "\"\n");
    roff(str_of(ap->summary), out);
    buf_text(out, ".\n");
    if (ap->details) {
        buf_text(out, ".PP\n");
        roff(str_of(ap->details), out);
        buf_char(out, '\n');
    }
    for (const struct opt *o = ap->opts; o && o->name; o++) {
        buf_text(out, ".TP\n.B ");
        buf_clear(&line);
        option_head(ap, o, &line);
        roff(buf_view(&line), out);
        buf_char(out, '\n');
        buf_clear(&line);
        option_tail(o, &line);
        roff(buf_view(&line), out);
        buf_char(out, '\n');
    }
}

void applet_man(const struct applet *const *table, const char *program, const char *summary, struct buf *out)
{
    buf_printf(out, ".TH %s 1\n.SH NAME\n%s \\- ", program, program);
    roff(str_of(summary), out);
    buf_printf(out, "\n.SH SYNOPSIS\n.B %s\nCOMMAND [options]\n.SH COMMANDS\n", program);
    for (; *table; table++)
        man_applet(*table, program, out);
}

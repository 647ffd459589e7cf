// SPDX-License-Identifier: Apache-2.0
#include "ui/help_priv.h"

static const char *dashes(const struct applet *ap)
{
    return ap->grammar == GRAMMAR_GO ? "-" : "--";
}

void help_usage(const struct applet *ap, const char *program, struct buf *out)
{
    buf_printf(out, "%s %s%s%s%s", program, ap->name, ap->opts && ap->opts->name ? " [options]" : "",
               ap->args ? " " : "", ap->args ? ap->args : "");
}

void help_option(const struct applet *ap, const struct opt *o, struct buf *out)
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
        buf_printf(out, " [$%s]", o->env);
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
        help_option(ap, o, &head);
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
    help_usage(ap, program, out);
    buf_printf(out, "\n\n%s.\n", ap->summary);
    if (ap->details) {
        struct str rest = str_of(ap->details), line;
        buf_char(out, '\n');
        while (str_next_line(&rest, &line))
            wrapped(line, 0, out);
    }
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

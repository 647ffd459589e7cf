// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "reference.h"
#include "ui/exitcode.h"

static void exit_rows_of(enum phase phase, struct buf *page)
{
    size_t n;
    const struct exit_row *r = exit_rows(&n);
    for (; n; n--, r++) {
        if (r->phase != phase)
            continue;
        buf_printf(page, "| %d | ", r->exit);
        markdown_cell(str_of(r->meaning), page);
        buf_text(page, " |\n");
    }
}

int book_exit_codes(struct book *b, struct err *e)
{
    drop_buf struct buf page = BUF_INIT(PAGE_MAX);
    buf_text(&page, "# Exit codes\n\n## Commands of dema\n\n| Code | Meaning |\n|---|---|\n");
    exit_rows_of(PHASE_NONE, &page);
    buf_text(
        &page,
        "\n`dema run` answers with the exit code of the app, 128 and the signal's number when one ended it.\n"
        "\n## Phases and the launcher\n\nAs in the spec (platform.md, \"Exit codes\"). Those of every "
        "phase:\n\n"
        "| Code | Meaning |\n|---|---|\n");
    exit_rows_of(PHASE_MAX_, &page);
    buf_text(&page, "\nThose of one phase:\n\n| Phase | Code | Meaning |\n|---|---|---|\n");
    size_t n;
    const struct exit_row *r = exit_rows(&n);
    for (; n; n--, r++) {
        if (r->phase == PHASE_NONE || r->phase == PHASE_MAX_)
            continue;
        buf_printf(&page, "| %s | %d | ", phase_name(r->phase), r->exit);
        markdown_cell(str_of(r->meaning), &page);
        buf_text(&page, " |\n");
    }
    return book_page(b, "exit-codes.md", "Exit codes", "What every program answers to its caller", &page, e);
}

static void variable(const char *name, const char *help, const char *option, struct buf *page)
{
    buf_printf(page, "| `%s` | ", name);
    markdown_cell(str_of(help), page);
    buf_text(page, " | ");
    if (option)
        buf_printf(page, "`--%s`", option);
    buf_text(page, " |\n");
}

int book_variables(struct book *b, struct err *e)
{
    drop_buf struct buf page = BUF_INIT(PAGE_MAX);
    struct strv seen = {0};
    buf_text(
        &page,
        "# Environment\n\nWhat `dema` reads from its environment. An option wins over its variable; an empty "
        "variable counts as unset.\n\n| Variable | Meaning | Option |\n|---|---|---|\n");
    for (const struct variable *v = cli_manual.variables; v->name; v++)
        variable(v->name, v->help, NULL, &page);
    for (const struct applet *const *ap = cli_manual.applets; *ap; ap++) {
        for (const struct opt *o = (*ap)->opts; o && o->name; o++) {
            if (!o->env || strv_has(&seen, str_of(o->env)))
                continue;
            strv_add(b->a, &seen, str_of(o->env));
            variable(o->env, o->help, o->name, &page);
        }
    }
    return book_page(b, "environment.md", "Environment", "Variables that dema reads", &page, e);
}

// "MIB(4)" is 4 MiB.
static struct str amount(struct arena *a, struct str value)
{
    static const char *const units[][2] = {{"KIB(", "KiB"}, {"MIB(", "MiB"}, {"GIB(", "GiB"}};
    for (size_t i = 0; i < COUNT(units); i++)
        if (str_has_prefix(value, units[i][0]) && str_has_suffix(value, ")"))
            return str_printf(a, PRI_STR " %s", (int)(value.n - 5), value.p + 4, units[i][1]);
    return value;
}

// "#define LIMIT_X value // reason". Another line is not a limit.
static int limit(struct book *b, struct str line, struct buf *page, struct err *e)
{
    struct str rest = line, word, name, value;
    if (!str_has_prefix(line, "#define LIMIT_"))
        return 0;
    str_cut(&rest, ' ', &word);
    str_cut(&rest, ' ', &name);
    const char *reason = memmem(rest.p, rest.n, "//", 2);
    if (!reason)
        return err_set(e, ERR_PARSE, "base/limits.h: " PRI_STR " has no reason behind //", STR_ARG(name));
    value = str_trim(str_head(rest, (size_t)(reason - rest.p)));
    buf_printf(page, "| `" PRI_STR "` | " PRI_STR " | ", STR_ARG(name), STR_ARG(amount(b->a, value)));
    markdown_cell(str_trim(str_from(rest, (size_t)(reason - rest.p) + 2)), page);
    buf_text(page, " |\n");
    return 0;
}

int book_limits(struct book *b, struct str header, struct err *e)
{
    drop_buf struct buf page = BUF_INIT(PAGE_MAX);
    struct str line;
    bool begun = false;
    buf_text(&page,
             "# Limits\n\nWhat comes from outside is refused when it is larger, deeper or more than this "
             "(`src/base/limits.h`).\n");
    while (str_next_line(&header, &line)) {
        begun |= str_has_prefix(line, "#define");
        if (begun && str_has_prefix(line, "// "))
            buf_printf(&page, "\n## " PRI_STR "\n\n| Limit | Value | Reason |\n|---|---|---|\n",
                       STR_ARG(str_from(line, 3)));
        if (limit(b, line, &page, e) < 0)
            return -1;
    }
    return book_page(b, "limits.md", "Limits", "How much of anything from outside is taken, and why", &page,
                     e);
}

// SPDX-License-Identifier: Apache-2.0
// reference SOURCE OUT - writes docs/reference, docs/man and
// data/completion of the folder SOURCE beneath the folder OUT.
#include "base/file.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cnb/api.h"
#include "phase/phase.h"
#include "reference.h"
#include <fcntl.h>
#include <stdio.h>

#define PHASE(id) extern const struct phase_program phase_##id;
#include "phase/applets.def"
#undef PHASE

#define PHASE(id) &phase_##id,
static const struct phase_program *const phases[] = {
#include "phase/applets.def"
};
#undef PHASE

#define MADE "made by scripts/reference: change the table that it is made of, not this file"

static int write_file(struct book *b, const char *path, struct str text, struct err *e)
{
    struct str dir = path_dir(str_of(path));
    if (path_mkdirs(b->out, str_c(b->a, dir), 0755, e) < 0)
        return -1;
    return file_replace(b->out, path, 0644, text, e);
}

int book_page(struct book *b, const char *path, const char *title, const char *about, const struct buf *page,
              struct err *e)
{
    drop_buf struct buf text = BUF_INIT(PAGE_MAX);
    buf_printf(&text, "<!-- " MADE " -->\n%s", page->p);
    if (buf_finish(&text, path, e) < 0)
        return -1;
    buf_printf(&b->index, "| [%s](%s) | ", title, path);
    markdown_cell(str_of(about), &b->index);
    buf_text(&b->index, " |\n");
    return write_file(b, arena_printf(b->a, "docs/reference/%s", path), buf_view(&text), e);
}

static void gates(const struct phase_gate *g, struct buf *page)
{
    char api[API_TEXT];
    if (!g || !g->flag)
        return;
    buf_text(page,
             "\n## Flags that not every Platform API has\n\n| Flag | Since | Before |\n|---|---|---|\n");
    for (; g->flag; g++) {
        buf_printf(page, "| `-%s` | %s |", g->flag, g->since ? api_text(g->since, api) : "");
        buf_printf(page, " %s |\n", g->until ? api_text(g->until, api) : "");
    }
}

static int command_page(struct book *b, const struct applet *ap, const char *program,
                        const struct phase_gate *g, struct err *e)
{
    drop_buf struct buf page = BUF_INIT(PAGE_MAX);
    for (const struct opt *o = ap->opts; o && o->name; o++)
        if (!o->help)
            return err_set(e, ERR_PARSE, "%s: option %s has no help", ap->name, o->name);
    char *name = arena_printf(b->a, "%s-%s", program, ap->name);
    for (char *c = name; *c; c++)
        if (*c == ' ')
            *c = '-';
    applet_markdown(ap, program, &page);
    gates(g, &page);
    return book_page(b, arena_printf(b->a, "commands/%s.md", name),
                     arena_printf(b->a, "%s %s", program, ap->name), ap->summary, &page, e);
}

static void heading(struct book *b, const char *text, const char *what)
{
    buf_printf(&b->index, "\n## %s\n\n| %s | What for |\n|---|---|\n", text, what);
}

static int commands(struct book *b, struct err *e)
{
    heading(b, "Commands", "Command");
    for (const struct applet *const *ap = cli_manual.applets; *ap; ap++)
        if (command_page(b, *ap, cli_manual.program, NULL, e) < 0)
            return -1;
    heading(b, "Phases, as programs of a builder image", "Program");
    for (size_t i = 0; i < COUNT(phases); i++)
        if (command_page(b, &phases[i]->applet, "lifecycle", phases[i]->gates, e) < 0)
            return -1;
    return 0;
}

static int manual(struct book *b, struct err *e)
{
    drop_buf struct buf man = BUF_INIT(PAGE_MAX), bash = BUF_INIT(PAGE_MAX);
    buf_text(&man, ".\\\" " MADE "\n");
    manual_man(&cli_manual, &man);
    buf_text(&bash, "# " MADE "\n");
    manual_completion(&cli_manual, &bash);
    if (buf_finish(&man, "man page", e) < 0 || buf_finish(&bash, "completion", e) < 0)
        return -1;
    if (write_file(b, "docs/man/dema.1", buf_view(&man), e) < 0)
        return -1;
    return write_file(b, "data/completion/dema.bash", buf_view(&bash), e);
}

static int make(struct book *b, struct str header, struct err *e)
{
    buf_text(&b->index, "<!-- " MADE
                        " -->\n# Reference\n\nEverything here is made by `scripts/reference` from the tables "
                        "that the programs run on. The man page\n`docs/man/dema.1` and the completion "
                        "`data/completion/dema.bash` are made with it.\n");
    if (commands(b, e) < 0)
        return -1;
    heading(b, "Documents", "Document");
    if (book_documents(b, e) < 0)
        return -1;
    heading(b, "Tables", "Table");
    if (book_exit_codes(b, e) < 0 || book_variables(b, e) < 0 || book_limits(b, header, e) < 0 ||
        buf_finish(&b->index, "index", e) < 0 || manual(b, e) < 0)
        return -1;
    return write_file(b, "docs/reference/README.md", buf_view(&b->index), e);
}

static int run(struct book *b, const char *source, const char *out, struct err *e)
{
    drop_fd int from = -1;
    drop_buf struct buf header = BUF_INIT(LIMIT_DOCUMENT);
    if (path_open_host(source, O_RDONLY | O_DIRECTORY, 0, &from, e) < 0 ||
        file_read(from, "src/base/limits.h", &header, e) < 0 ||
        path_open_host(out, O_RDONLY | O_DIRECTORY, 0, &b->out, e) < 0)
        return -1;
    int rc = make(b, buf_view(&header), e);
    (void)close(b->out);
    return rc;
}

int main(int argc, char **argv)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    struct book b = {.a = a, .index = BUF_INIT(PAGE_MAX)};
    struct err e = {0};
    char text[640];
    if (argc != 3) {
        fputs("usage: reference SOURCE OUT\n", stderr);
        return 2;
    }
    int rc = run(&b, argv[1], argv[2], &e);
    if (rc < 0)
        fprintf(stderr, "reference: %s\n", err_text(&e, text, sizeof text));
    buf_free(&b.index);
    return rc < 0 ? 1 : 0;
}

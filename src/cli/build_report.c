// SPDX-License-Identifier: Apache-2.0
#include "cli/build_report.h"

static size_t own_layers(const struct built *b)
{
    return b->image.manifest.layers.n - b->about.base_layers;
}

static void line(struct app_ctx *app, const char *name, struct str text)
{
    buf_printf(app->out, "  %-8s " PRI_STR "\n", name, STR_ARG(str_printable(app->a, text, 400)));
}

static void print_phases(struct app_ctx *app, const struct built *b)
{
    struct str text = str_printf(app->a, PRI_STR, STR_ARG(text_seconds(app->a, b->ms)));
    for (size_t i = 0; i < b->watch->n; i++)
        text = str_printf(app->a, PRI_STR "%s" PRI_STR " " PRI_STR, STR_ARG(text), i ? ", " : ": ",
                          STR_ARG(b->watch->phase[i].name),
                          STR_ARG(text_seconds(app->a, b->watch->phase[i].ms)));
    line(app, "took", text);
}

// After a first build everything is new, and need not be told.
static void print_made(struct app_ctx *app, const struct built *b)
{
    size_t n = 0;
    for (size_t i = 0; b->previous && i < b->result->layer_list.n; i++) {
        const struct build_layer *l = &b->result->layer_list.v[i];
        if (!l->reused || l->why.n)
            line(app, n++ ? "" : "new",
                 str_printf(app->a, PRI_STR "%s" PRI_STR "%s", STR_ARG(l->name), l->why.n ? ": " : "",
                            STR_ARG(l->why), l->reused ? "; its files are the same" : ""));
    }
    if (b->previous && !n && !digest_eq(&b->previous->desc.digest, &b->image.desc.digest))
        line(app, "new",
             STR("no layer, only what the image says of itself: variables, labels, what it starts"));
}

// What starts, and what else can be started.
static void print_processes(struct app_ctx *app, const struct built *b)
{
    struct str others = STR("");
    for (size_t i = 0; i < b->about.processes.n; i++) {
        const struct about_process *p = &b->about.processes.v[i];
        if (p->dflt)
            line(app, "starts",
                 str_printf(app->a, PRI_STR ": " PRI_STR, STR_ARG(p->type), STR_ARG(about_words(app->a, p))));
        else
            others = str_printf(app->a, PRI_STR "%s" PRI_STR, STR_ARG(others), others.n ? ", " : "",
                                STR_ARG(p->type));
    }
    if (others.n)
        line(app, "also has", others);
}

static void print_next(struct app_ctx *app, const struct built *b)
{
    struct str name = cli_short_name(app->a, b->name);
    bool starts = false;
    if (str_has_suffix(name, ":latest"))
        name = str_head(name, name.n - strlen(":latest"));
    for (size_t i = 0; i < b->about.processes.n; i++)
        starts |= b->about.processes.v[i].dflt;
    if (starts)
        buf_printf(app->out, "\nstart it with:   dema run " PRI_STR "\n", STR_ARG(name));
    else if (b->about.processes.n)
        buf_printf(app->out, "\nstart it with:   dema run --entrypoint " PRI_STR " " PRI_STR "\n",
                   STR_ARG(b->about.processes.v[0].type), STR_ARG(name));
    else
        buf_printf(app->out, "\nno process type: say what to start, such as dema run " PRI_STR " COMMAND\n",
                   STR_ARG(name));
    buf_printf(app->out, "look into it:    dema inspect " PRI_STR "\n", STR_ARG(name));
}

void build_report_text(struct app_ctx *app, const struct built *b)
{
    bool same = b->previous && digest_eq(&b->previous->desc.digest, &b->image.desc.digest);
    buf_printf(app->out, "built " PRI_STR "%s\n", STR_ARG(cli_short_name(app->a, b->name)),
               same ? ", the same as before" : "");
    line(app, "digest", cli_digest(app->a, &b->image.desc.digest));
    line(app, "size",
         str_printf(app->a,
                    PRI_STR " in %zu layers above the run image, %zu of them unchanged; " PRI_STR " in all",
                    STR_ARG(text_size(app->a, about_size(&b->image, b->about.base_layers))), own_layers(b),
                    b->result->reused, STR_ARG(text_size(app->a, about_size(&b->image, 0)))));
    line(app, "created",
         str_printf(app->a, PRI_STR " (" PRI_STR ")", STR_ARG(b->image.config.created),
                    STR_ARG(b->created.why)));
    print_made(app, b);
    print_processes(app, b);
    print_phases(app, b);
    if (b->check)
        line(app, "checked",
             str_printf(app->a, "answers %u on port " PRI_STR " after " PRI_STR, b->check->status,
                        STR_ARG(b->check->port), STR_ARG(text_seconds(app->a, b->check->ms))));
    if (b->output.n)
        line(app, "written", b->output);
    print_next(app, b);
}

static void add_phases(struct app_ctx *app, const struct built *b, struct val *doc)
{
    struct val *list = val_put(app->a, doc, STR("phases"));
    val_set_list(list);
    for (size_t i = 0; i < b->watch->n; i++) {
        struct val *v = val_add(app->a, list);
        val_set_map(v);
        val_set_str(val_put(app->a, v, STR("name")), b->watch->phase[i].name);
        val_set_int(val_put(app->a, v, STR("ms")), (int64_t)b->watch->phase[i].ms);
    }
    val_set_int(val_put(app->a, doc, STR("ms")), (int64_t)b->ms);
}

// What the build knows of its layers beside the image.
static void add_reasons(struct app_ctx *app, const struct built *b, struct val *layers)
{
    for (size_t i = 0; i < b->result->layer_list.n && i < own_layers(b); i++) {
        const struct build_layer *l = &b->result->layer_list.v[i];
        struct val *v = &layers->c.v[b->about.base_layers + i];
        val_set_bool(val_put(app->a, v, STR("reused")), l->reused);
        if (l->why.n)
            val_set_str(val_put(app->a, v, STR("why")), l->why);
    }
}

struct val *build_report_json(struct app_ctx *app, const struct built *b)
{
    struct val *doc = ARENA_NEW(app->a, struct val), *layers, *check;
    val_set_map(doc);
    val_set_str(val_put(app->a, doc, STR("name")), b->name);
    about_json(app->a, &b->image, &b->about, doc);
    val_set_str(val_put(app->a, doc, STR("created_by")), b->created.why);
    val_set_bool(val_put(app->a, doc, STR("unchanged")),
                 b->previous && digest_eq(&b->previous->desc.digest, &b->image.desc.digest));
    layers = val_put(app->a, doc, STR("layers"));
    val_set_list(layers);
    table_json(about_layers(app->a, &b->image, &b->about, b->previous), layers);
    add_reasons(app, b, layers);
    add_phases(app, b, doc);
    if (b->check) {
        check = val_put(app->a, doc, STR("check"));
        val_set_map(check);
        val_set_int(val_put(app->a, check, STR("status")), b->check->status);
        val_set_int(val_put(app->a, check, STR("ms")), (int64_t)b->check->ms);
        val_set_str(val_put(app->a, check, STR("port")), b->check->port);
    }
    if (b->output.n)
        val_set_str(val_put(app->a, doc, STR("output")), b->output);
    return doc;
}

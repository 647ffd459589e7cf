// SPDX-License-Identifier: Apache-2.0
#include "cli/about.h"
#include "cnb/labels.h"
#include "document/json.h"

static const struct val *label(struct arena *a, const struct image *img, const char *key)
{
    const struct str *text = image_config_label_get(&img->config, str_of(key));
    struct err ignored = {0};
    struct val *doc;
    return text && json_read(a, *text, key, &doc, &ignored) == 0 ? doc : NULL;
}

static struct str text_of(const struct val *map, const char *key)
{
    const struct val *v = map ? val_at(map, key) : NULL;
    return v && v->kind == VAL_STR ? v->s : STR("");
}

static const struct val *list_of(const struct val *map, const char *key)
{
    const struct val *v = map ? val_at(map, key) : NULL;
    return v && v->kind == VAL_LIST ? v : NULL;
}

static void add_words(struct arena *a, const struct val *process, const char *key, struct strv *out)
{
    const struct val *list = list_of(process, key);
    struct str one = text_of(process, key); // before Platform API 0.10
    if (one.n)
        strv_add(a, out, one);
    for (size_t i = 0; list && i < list->c.n; i++)
        if (list->c.v[i].kind == VAL_STR)
            strv_add(a, out, list->c.v[i].s);
}

static struct str default_type(const struct image *img)
{
    const struct strv *entry = &img->config.config.entrypoint;
    return entry->n && str_has_prefix(entry->v[0], "/cnb/process/")
               ? str_from(entry->v[0], strlen("/cnb/process/"))
               : STR("");
}

static void of_build(struct arena *a, const struct image *img, struct about *out)
{
    const struct val *doc = label(a, img, LABEL_BUILD);
    const struct val *processes = list_of(doc, "processes"), *packs = list_of(doc, "buildpacks");
    size_t n = processes ? processes->c.n : 0;
    out->processes.v = ARENA_ARRAY(a, struct about_process, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct about_process p = {.type = text_of(&processes->c.v[i], "type")};
        add_words(a, &processes->c.v[i], "command", &p.words);
        add_words(a, &processes->c.v[i], "args", &p.words);
        p.dflt = p.type.n && str_eq(p.type, default_type(img));
        if (p.type.n)
            out->processes.v[out->processes.n++] = p;
    }
    for (size_t i = 0; packs && i < packs->c.n; i++)
        strv_add(a, &out->buildpacks,
                 str_printf(a, PRI_STR " " PRI_STR, STR_ARG(text_of(&packs->c.v[i], "id")),
                            STR_ARG(text_of(&packs->c.v[i], "version"))));
}

void about_image(struct arena *a, const struct image *img, struct about *out)
{
    *out = (struct about){0};
    of_build(a, img, out);
    const struct val *doc = label(a, img, LABEL_LIFECYCLE);
    const struct rootfs *r = &img->config.rootfs;
    struct str top = text_of(doc, "runImage.topLayer");
    out->run_image = text_of(doc, "runImage.image");
    out->run_reference = text_of(doc, "runImage.reference");
    for (size_t i = 0; i < r->diff_ids.n && top.n; i++)
        if (str_eq(cli_digest(a, &r->diff_ids.v[i]), top))
            out->base_layers = i + 1;
}

uint64_t about_size(const struct image *img, size_t from)
{
    uint64_t sum = 0;
    for (size_t i = from; i < img->manifest.layers.n; i++)
        sum += (uint64_t)img->manifest.layers.v[i].size;
    return sum;
}

// "Layer: 'NAME', Created by buildpack: ID@VERSION" as builds call it: "ID:NAME".
static bool of_buildpack(struct arena *a, struct str line, struct str *out)
{
    static const char head[] = "Layer: '", middle[] = "', Created by buildpack: ";
    size_t at;
    if (!str_has_prefix(line, head))
        return false;
    line = str_from(line, sizeof head - 1);
    const char *end = memmem(line.p, line.n, middle, sizeof middle - 1);
    if (!end)
        return false;
    struct str name = str_head(line, (size_t)(end - line.p));
    struct str by = str_from(line, name.n + sizeof middle - 1);
    if (str_find_last(by, '@', &at))
        by = str_head(by, at);
    *out = str_printf(a, PRI_STR ":" PRI_STR, STR_ARG(by), STR_ARG(name));
    return true;
}

static struct str short_name(struct arena *a, struct str line)
{
    static const char *const names[][2] = {
        {"Application Layer", "app"},
        {"Software Bill-of-Materials", "SBOM"},
        {"Buildpacks Application Launcher", "launcher"},
        {"Buildpacks Launcher Config", "config"},
        {"Buildpacks Process Types", "process types"},
    };
    struct str out;
    if (of_buildpack(a, line, &out))
        return out;
    if (str_has_prefix(line, "Application Slice: "))
        return str_printf(a, "app, slice " PRI_STR, STR_ARG(str_from(line, strlen("Application Slice: "))));
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_is(line, names[i][0]))
            return str_of(names[i][1]);
    return line;
}

struct str about_layer_name(struct arena *a, const struct image *img, size_t layer)
{
    const struct image_config *c = &img->config;
    size_t at = 0;
    for (size_t i = 0; i < c->history.n; i++) {
        if (c->history.v[i].empty_layer)
            continue;
        if (at++ == layer)
            return short_name(a, c->history.v[i].created_by);
    }
    return STR("");
}

struct str about_words(struct arena *a, const struct about_process *p)
{
    struct str out = STR("");
    for (size_t i = 0; i < p->words.n; i++)
        out = str_printf(a, PRI_STR "%s" PRI_STR, STR_ARG(out), i ? " " : "", STR_ARG(p->words.v[i]));
    return out;
}

static bool had(const struct image *previous, const struct digest *d)
{
    for (size_t i = 0; previous && i < previous->manifest.layers.n; i++)
        if (digest_eq(&previous->manifest.layers.v[i].digest, d))
            return true;
    return false;
}

struct table *about_layers(struct arena *a, const struct image *img, const struct about *about,
                           const struct image *previous)
{
    static const struct column columns[] = {{"LAYER", "name", false},    {"SIZE", "size", true},
                                            {"DIGEST", "digest", false}, {NULL, "diff_id", false},
                                            {"OF", "of", false},         {NULL, "reused", false},
                                            {NULL, NULL, false}};
    struct table *t = table_new(a, columns);
    for (size_t i = 0; i < img->manifest.layers.n && i < img->config.rootfs.diff_ids.n; i++) {
        const struct descriptor *d = &img->manifest.layers.v[i];
        struct cell row[] = {cell_text(about_layer_name(a, img, i)),
                             cell_size(a, (uint64_t)d->size),
                             cli_cell_digest(a, &d->digest),
                             cell_text(cli_digest(a, &img->config.rootfs.diff_ids.v[i])),
                             cell_both(i < about->base_layers ? STR("run image") : STR("app"),
                                       i < about->base_layers ? STR("run-image") : STR("app")),
                             {.text = STR("")}};
        val_set_bool(&row[5].json, had(previous, &d->digest));
        table_add(t, row);
    }
    return t;
}

static void add_list(struct arena *a, struct val *doc, const char *key, const struct strv *v)
{
    struct val *list = val_put(a, doc, str_of(key));
    val_set_list(list);
    for (size_t i = 0; i < v->n; i++)
        val_set_str(val_add(a, list), v->v[i]);
}

void about_json(struct arena *a, const struct image *img, const struct about *about, struct val *doc)
{
    val_set_str(val_put(a, doc, STR("digest")), cli_digest(a, &img->desc.digest));
    val_set_str(val_put(a, doc, STR("config_digest")), cli_digest(a, &img->manifest.config.digest));
    val_set_int(val_put(a, doc, STR("size")), (int64_t)about_size(img, 0));
    val_set_int(val_put(a, doc, STR("size_above_run_image")), (int64_t)about_size(img, about->base_layers));
    val_set_str(val_put(a, doc, STR("created")), img->config.created);
    if (about->run_image.n) {
        struct val *run = val_put(a, doc, STR("run_image"));
        val_set_map(run);
        val_set_str(val_put(a, run, STR("name")), about->run_image);
        val_set_str(val_put(a, run, STR("reference")), about->run_reference);
    }
    add_list(a, doc, "buildpacks", &about->buildpacks);
    struct val *list = val_put(a, doc, STR("processes"));
    val_set_list(list);
    for (size_t i = 0; i < about->processes.n; i++) {
        const struct about_process *p = &about->processes.v[i];
        struct val *v = val_add(a, list);
        val_set_map(v);
        val_set_str(val_put(a, v, STR("type")), p->type);
        add_list(a, v, "command", &p->words);
        val_set_bool(val_put(a, v, STR("default")), p->dflt);
    }
}

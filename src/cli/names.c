// SPDX-License-Identifier: Apache-2.0
// Images as commands take them, and those that are here.
#include "cli/cli.h"
#include "document/json.h"
#include "image/layout.h"

struct str cli_short_name(struct arena *a, struct str name)
{
    struct reference r;
    struct err ignored = {0};
    return reference_parse(a, name, &r, &ignored) == 0 ? reference_familiar(a, &r) : name;
}

uint64_t cli_layers_size(const struct image *img)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < img->manifest.layers.n; i++)
        sum += (uint64_t)img->manifest.layers.v[i].size;
    return sum;
}

// What refers to an image (SBOMs, locks) is listed by an index of its own, which is no image.
static bool is_index(struct app_ctx *app, const struct state_name *n)
{
    struct val *doc;
    struct err ignored = {0};
    const struct val *type =
        json_read(app->a, n->json, "name", &doc, &ignored) == 0 ? val_get(doc, STR("mediaType")) : NULL;
    return type && type->kind == VAL_STR && media_kind_of(type->s) == MEDIA_INDEX;
}

int cli_images(struct app_ctx *app, struct state *st, struct cli_named **out, size_t *n, struct err *e)
{
    struct state_name *names;
    char text[512];
    size_t all, found = 0;
    if (state_names(st, app->a, &names, &all, e) < 0)
        return -1;
    struct cli_named *v = ARENA_ARRAY(app->a, struct cli_named, all + 1);
    for (size_t i = 0; i < all; i++) {
        if (is_index(app, &names[i]))
            continue;
        struct err why = {0};
        v[found].name = names[i].name;
        if (image_load(st, app->a, names[i].name, NULL, &v[found].img, &why) == 0)
            found += manifest_is_image(&v[found].img.manifest);
        else // one that is damaged hides no other
            event_warn(app->ev, NULL, "%s", err_text(&why, text, sizeof text));
    }
    *out = v;
    *n = found;
    return 0;
}

#define ONLY_HERE                                                                                            \
    "this version takes images of this machine (\"dema images\") and OCI layouts (layout:FOLDER)"

// The one that is here and is within two edits of it.
static const char *near_name(struct app_ctx *app, struct state *st, struct str word)
{
    struct state_name *v;
    struct strv damaged;
    struct err ignored = {0};
    size_t n;
    if (state_names_found(st, app->a, &v, &n, &damaged, &ignored) < 0)
        return NULL;
    const char **names = ARENA_ARRAY(app->a, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct str name = cli_short_name(app->a, v[i].name);
        names[i] = str_c(app->a, str_has_suffix(name, ":latest") ? str_head(name, name.n - 7) : name);
    }
    return nearest_name(word, names, n);
}

int cli_check_name(struct app_ctx *app, struct str word, struct err *e)
{
    struct str name;
    if (image_name(app->a, word, &name, e) == 0)
        return 0;
    if (e && e->code == ERR_PARSE)
        e->code = ERR_USAGE; // it is a word of the command line, not of a document
    return -1;
}

int cli_no_image(struct app_ctx *app, struct state *st, struct str word, struct err *e)
{
    const char *near = near_name(app, st, word);
    word = str_printable(app->a, word, 100);
    if (near)
        return err_set(e, ERR_NOT_FOUND, PRI_STR ": no image of this name is here; did you mean %s?",
                       STR_ARG(word), near);
    return err_set(e, ERR_NOT_FOUND, PRI_STR ": no image of this name is here; " ONLY_HERE, STR_ARG(word));
}

#define LAYOUT_WORD "layout:"
// "docker://x", "oci:/x": a place that other tools know, or a later version.
static int check_place(struct app_ctx *app, struct str word, struct err *e)
{
    static const char *const places[] = {
        "docker-daemon:", "docker-archive:",    "oci-archive:", "archive:", "oci:",
        "dir:",           "containers-storage:"};
    bool url = memmem(word.p, word.n, "://", 3) != NULL;
    for (size_t i = 0; i < COUNT(places) && !url; i++) {
        size_t n = strlen(places[i]);
        url = str_has_prefix(word, places[i]) && word.n > n && (word.p[n] == '/' || word.p[n] == '.');
    }
    return url ? err_set(e, ERR_USAGE, "\"" PRI_STR "\": images are not taken from there; " ONLY_HERE,
                         STR_ARG(str_printable(app->a, word, 100)))
               : 0;
}

// "DIR" or "DIR:NAME"; a folder of the whole name wins.
static int open_layout(struct app_ctx *app, struct str rest, struct layout **out, struct str *ref_name,
                       struct err *e)
{
    struct err first = {0};
    size_t colon;
    *ref_name = (struct str){"", 0};
    if (!rest.n)
        return err_set(e, ERR_USAGE, "\"" LAYOUT_WORD "\": want layout:FOLDER or layout:FOLDER:NAME");
    if (layout_open(str_c(app->a, rest), out, &first) == 0)
        return 0;
    if (!str_find(rest, ':', &colon) || !colon || first.code != ERR_NOT_FOUND) {
        *e = first;
        return -1;
    }
    *ref_name = str_from(rest, colon + 1);
    return layout_open(str_c(app->a, str_head(rest, colon)), out, e);
}

// A layout says nothing about names here: whoever made it would choose what others stand for. The digest of its image
// is the tag, so nothing but that image ever has the name.
#define LAYOUT_REPOSITORY "localhost/layout"

static struct str layout_name(struct app_ctx *app, const struct image *img)
{
    char hex[DIGEST_TEXT];
    return str_printf(app->a, LAYOUT_REPOSITORY ":%s", digest_hex(&img->desc.digest, hex));
}

static struct str by_digest(struct app_ctx *app, const struct image *img)
{
    char text[DIGEST_TEXT];
    return str_printf(app->a, PRI_STR "@%s", STR_ARG(layout_name(app, img)),
                      digest_text(&img->desc.digest, text));
}

static int take_in(struct state *st, struct layout *l, const struct image *img, struct str name,
                   struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    if (txn_begin(st, &t, e) < 0)
        return -1;
    drop_(image_from_drop) struct image_from *from = layout_from(l);
    drop_(image_to_drop) struct image_to *to = image_to_state(st, t);
    if (image_copy(from, img, to, e) < 0 || (name.n && image_save(t, st, name, NULL, img, e) < 0))
        return -1;
    image_to_drop(steal_ptr(to));
    return txn_commit(t, e);
}

static int take_named(struct app_ctx *app, struct state *st, struct layout *l, const struct image *img,
                      struct str name, struct err *e)
{
    struct image here;
    struct err why = {0};
    if (image_load(st, app->a, name, NULL, &here, &why) < 0)
        return take_in(st, l, img, name, e);
    return digest_eq(&here.desc.digest, &img->desc.digest)
               ? 0
               : err_set(e, ERR_BUSY, PRI_STR ": another image has this name; remove it: dema rm " PRI_STR,
                         STR_ARG(name), STR_ARG(name));
}

static int from_layout(struct app_ctx *app, struct state *st, struct str rest, enum cli_take take,
                       struct str *name, struct err *e)
{
    drop_(layout_close) struct layout *l = NULL;
    struct str ref_name, called;
    struct image img;
    if (open_layout(app, rest, &l, &ref_name, e) < 0)
        return -1;
    if (layout_image(l, app->a, ref_name, NULL, &img, e) < 0)
        return err_wrap(e, LAYOUT_WORD PRI_STR, STR_ARG(str_printable(app->a, rest, 100)));
    called = take == CLI_NAMED ? layout_name(app, &img) : by_digest(app, &img);
    if ((take == CLI_NAMED ? take_named(app, st, l, &img, called, e)
                           : take_in(st, l, &img, (struct str){"", 0}, e)) < 0)
        return -1;
    event_emit(app->ev, &(struct event){
                            .kind = EV_STEP,
                            .text = str_printf(
                                app->a, "layout:" PRI_STR ": taken in %s " PRI_STR,
                                STR_ARG(str_printable(app->a, rest, 100)),
                                take == CLI_NAMED ? "as" : "without a name:",
                                STR_ARG(take == CLI_NAMED ? called : cli_digest(app->a, &img.desc.digest)))});
    *name = called;
    return 0;
}

int cli_lease(struct state *st, struct str word, int *lease, struct err *e)
{
    return str_has_prefix(word, LAYOUT_WORD) ? state_lease(st, lease, e) : 0;
}

int cli_image_look(struct app_ctx *app, struct state *st, struct str word, struct str *name,
                   struct image *out, struct err *e)
{
    drop_(layout_close) struct layout *l = NULL;
    struct str ref_name;
    if (!str_has_prefix(word, LAYOUT_WORD))
        return cli_image(app, st, word, CLI_UNNAMED, name, e) < 0
                   ? -1
                   : image_load(st, app->a, *name, NULL, out, e);
    if (open_layout(app, str_from(word, strlen(LAYOUT_WORD)), &l, &ref_name, e) < 0)
        return -1;
    if (layout_image(l, app->a, ref_name, NULL, out, e) < 0)
        return err_wrap(e, PRI_STR, STR_ARG(str_printable(app->a, word, 100)));
    *name = by_digest(app, out);
    return 0;
}

int cli_image(struct app_ctx *app, struct state *st, struct str word, enum cli_take take, struct str *name,
              struct err *e)
{
    struct err why = {0};
    struct image img;
    if (str_has_prefix(word, LAYOUT_WORD))
        return from_layout(app, st, str_from(word, strlen(LAYOUT_WORD)), take, name, e);
    if (check_place(app, word, e) < 0)
        return -1;
    if (cli_check_name(app, word, e) < 0)
        return -1;
    *name = word;
    if (image_load(st, app->a, word, NULL, &img, &why) == 0)
        return 0;
    if (why.code != ERR_NOT_FOUND) {
        *e = why;
        return -1;
    }
    return cli_no_image(app, st, word, e);
}

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
    if (layout_open(str_c(app->a, rest), out, &first) == 0)
        return 0;
    if (!str_find(rest, ':', &colon) || !colon || first.code != ERR_NOT_FOUND) {
        *e = first;
        return -1;
    }
    *ref_name = str_from(rest, colon + 1);
    return layout_open(str_c(app->a, str_head(rest, colon)), out, e);
}

// The name that an image gets here: what the layout calls it, else that of the layout's folder.
static int layout_name(struct app_ctx *app, const struct layout *l, struct str ref_name, struct str rest,
                       struct str *out, struct err *e)
{
    const struct image_index *x = layout_index(l);
    struct err why = {0};
    size_t at;
    const struct str *own = layout_pick(x, ref_name, &at, &why) == 0
                                ? strmap_get(&x->manifests.v[at].annotations, STR(LAYOUT_REF_NAME))
                                : NULL;
    // A bare tag, as umoci and skopeo write it, is no name.
    if (own && memchr(own->p, ':', own->n) && image_name(app->a, *own, out, &why) == 0)
        return 0;
    struct str dir =
        path_base(path_clean(app->a, ref_name.n ? str_head(rest, rest.n - ref_name.n - 1) : rest));
    struct str name = own && reference_check_tag(*own, &why) == 0
                          ? str_printf(app->a, PRI_STR ":" PRI_STR, STR_ARG(dir), STR_ARG(*own))
                          : dir;
    return image_name(app->a, name, out, e) < 0 ? err_wrap(e, "a name for the image of the layout") : 0;
}

static int take_in(struct state *st, struct layout *l, const struct image *img, struct str name,
                   struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    if (txn_begin(st, &t, e) < 0)
        return -1;
    drop_(image_from_drop) struct image_from *from = layout_from(l);
    drop_(image_to_drop) struct image_to *to = image_to_state(st, t);
    if (image_copy(from, img, to, e) < 0 || image_save(t, st, name, NULL, img, e) < 0)
        return -1;
    image_to_drop(steal_ptr(to));
    return txn_commit(t, e);
}

static int from_layout(struct app_ctx *app, struct state *st, struct str rest, struct str *name,
                       struct err *e)
{
    drop_(layout_close) struct layout *l = NULL;
    struct str ref_name, called;
    struct image img, here;
    struct err why = {0};
    if (open_layout(app, rest, &l, &ref_name, e) < 0 ||
        layout_image(l, app->a, ref_name, NULL, &img, e) < 0 ||
        layout_name(app, l, ref_name, rest, &called, e) < 0)
        return -1;
    bool there = image_load(st, app->a, called, NULL, &here, &why) == 0;
    if (there && !digest_eq(&here.desc.digest, &img.desc.digest))
        return err_set(e, ERR_BUSY,
                       "the image is called " PRI_STR
                       ", and another one of that name is here; remove it first: "
                       "dema rm " PRI_STR,
                       STR_ARG(called), STR_ARG(cli_short_name(app->a, called)));
    if (!there && take_in(st, l, &img, called, e) < 0)
        return -1;
    *name = called;
    return 0;
}

int cli_image(struct app_ctx *app, struct state *st, struct str word, struct str *name, struct err *e)
{
    struct err why = {0};
    struct image img;
    if (str_has_prefix(word, "layout:"))
        return from_layout(app, st, str_from(word, strlen("layout:")), name, e) < 0
                   ? err_wrap(e, PRI_STR, STR_ARG(str_printable(app->a, word, 100)))
                   : 0;
    if (check_place(app, word, e) < 0)
        return -1;
    *name = word;
    if (image_load(st, app->a, word, NULL, &img, &why) == 0)
        return 0;
    if (why.code != ERR_NOT_FOUND) {
        *e = why;
        return -1;
    }
    return err_set(e, ERR_NOT_FOUND, PRI_STR ": no image of this name is here; " ONLY_HERE, STR_ARG(word));
}

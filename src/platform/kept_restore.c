// SPDX-License-Identifier: Apache-2.0
// The layers directory before bin/build, as the spec's restorer would leave it (cnb.md §4.5, §5.2).
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
#include "cnb/buildpack.h"
#include "cnb/layer.h"
#include "document/toml.h"
#include "platform/kept_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

enum { DIR_MODE = 0755, TOML_MODE = 0644, TICK_MS = 5, TICKS_MAX = 500 };

enum restored { NOTHING, METADATA, CONTENTS };

// One buildpack of the group.
struct restoring {
    struct kept *k;
    const struct kept_previous *previous;
    const struct cnb_ref *bp;
    const struct kept_buildpack *rec; // NULL: none
    const struct lm_buildpack *label; // NULL: none
    const char *dir;                  // <layers>/DIR
    int fd;                           // its upper
};

static int give(const struct kept *k, int fd, const char *name, struct err *e)
{
    if (k->o.out_uid >= 0 && fchown(fd, (uid_t)k->o.out_uid, (gid_t)k->o.out_gid) < 0)
        return err_sys(e, "%s", name);
    return 0;
}

static int make_dir(const struct kept *k, int at, const char *name, int *out, struct err *e)
{
    drop_fd int fd = -1;
    if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
        return err_sys(e, "%s", name);
    if (path_open_plain(at, name, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 || give(k, fd, name, e) < 0)
        return -1;
    if (fchmod(fd, DIR_MODE) < 0)
        return err_sys(e, "%s", name);
    if (out)
        *out = steal_fd(&fd);
    return 0;
}

// Nobody trusts it after a power cut, so it is not synced.
static int write_toml(const struct restoring *r, const char *name, const struct val *doc, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    drop_fd int fd = -1;
    if (toml_write(doc, &text, e) < 0 ||
        path_open_plain(r->fd, name, O_WRONLY | O_CREAT | O_EXCL, TOML_MODE, &fd, e) < 0 ||
        file_write_all(fd, text.p, text.n, e) < 0 || give(r->k, fd, name, e) < 0)
        return -1;
    return fchmod(fd, TOML_MODE) < 0 ? err_sys(e, "%s", name) : 0;
}

static const struct lm_layer *label_layer(const struct restoring *r, struct str name)
{
    for (size_t i = 0; r->label && i < r->label->layers.n; i++)
        if (str_eq(r->label->layers.v[i].name, name))
            return &r->label->layers.v[i];
    return NULL;
}

// §5.2 steps 2 to 4. `rec` and `label` are what the record and the previous image say of the layer; either
// may be NULL.
static enum restored decide(const struct kept_layer *rec, const struct lm_layer *label)
{
    bool dir = rec && rec->cache && kept_part_find(rec, rec->name);
    if (dir && (!rec->launch || !label))
        return CONTENTS;
    if (dir)
        return label->cache && str_eq(label->sha, rec->diff_id) ? CONTENTS : NOTHING;
    if (!label || !label->launch || label->build || label->cache)
        return NOTHING;
    return METADATA;
}

static bool is_of_image(const struct restoring *r)
{
    char text[DIGEST_TEXT];
    return r->previous->md && str_is(r->k->rec.image, digest_text(&r->previous->manifest, text));
}

static int restore_toml(const struct restoring *r, struct str name, const struct kept_layer *rec,
                        const struct lm_layer *label, struct err *e)
{
    struct val *doc;
    uint16_t api;
    // The record's has the kinds of TOML, a label's those of JSON. Of an image made elsewhere the label is
    // right.
    bool own = rec && (!label || is_of_image(r));
    struct cnb_layer l = {.metadata = own     ? rec->metadata
                                      : label ? label->data
                                              : NULL,
                          .build = own ? rec->build : label && label->build,
                          .launch = own ? rec->launch : label && label->launch,
                          .cache = own ? rec->cache : label && label->cache};
    if (api_buildpack(r->bp->api, "group.toml", &api, e) < 0 ||
        layer_toml_write(r->k->a, &l, api < API(0, 6), &doc, e) < 0)
        return -1;
    return write_toml(r, arena_printf(r->k->a, PRI_STR ".toml", STR_ARG(name)), doc, e);
}

static struct str part_path(const struct restoring *r, const struct kept_part *p)
{
    return str_printf(r->k->a, "%s/" PRI_STR, r->dir, STR_ARG(p->name));
}

static int copy_part(const struct restoring *r, const struct kept_layer *l, const struct kept_part *p,
                     struct err *e)
{
    struct kept *k = r->k;
    struct str path = part_path(r, p);
    for (size_t i = p->from.n; i-- > 0;) {
        const char *from = arena_printf(k->a, PRI_STR "/" PRI_STR, STR_ARG(p->from.v[i]), STR_ARG(path));
        const struct kept_copy c = {k->dir, k->upper, from, str_c(k->a, path), k->o.out_uid, k->o.out_gid};
        if (kept_lay(&c, e) < 0)
            return err_wrap(e, "kept layer " PRI_STR, STR_ARG(l->name));
    }
    return 0;
}

static int show_parts(const struct restoring *r, const struct kept_layer *l, enum restored how, struct err *e)
{
    for (size_t i = 0; i < l->parts.n; i++) {
        const struct kept_part *p = &l->parts.v[i];
        // The SBOM that a layer had in another image is not known here.
        if (how != CONTENTS && (kept_part_is_dir(l, p) || !is_of_image(r)))
            continue;
        map_put(r->k->a, &r->k->shown, part_path(r, p));
        if (r->k->o.copies && copy_part(r, l, p, e) < 0)
            return -1;
    }
    return 0;
}

static int restore_layer(const struct restoring *r, struct str name, const struct kept_layer *rec,
                         const struct lm_layer *label, struct err *e)
{
    enum restored how = decide(rec, label);
    struct err why = {0};
    char said[512];
    if (how == NOTHING)
        return 0;
    if (restore_toml(r, name, rec, label, &why) <
        0) { // a label is somebody's image: TOML cannot hold all of JSON
        event_warn(r->k->o.ev, NULL, "layer " PRI_STR ":" PRI_STR " is made anew: %s", STR_ARG(r->bp->id),
                   STR_ARG(name), err_text(&why, said, sizeof said));
        return 0;
    }
    return rec ? show_parts(r, rec, how, e) : 0;
}

static void restore_store(const struct restoring *r)
{
    struct val doc = {0};
    struct err why = {0};
    if (!r->label || !r->label->store)
        return;
    val_set_map(&doc);
    *val_put(r->k->a, &doc, STR("metadata")) = *r->label->store;
    if (write_toml(r, "store.toml", &doc, &why) < 0)
        event_warn(r->k->o.ev, NULL, "store.toml of " PRI_STR " is not restored: %s", STR_ARG(r->bp->id),
                   why.cause);
}

static int restore_buildpack(struct restoring *r, struct err *e)
{
    for (size_t i = 0; r->rec && i < r->rec->layers.n; i++) {
        const struct kept_layer *l = &r->rec->layers.v[i];
        if (restore_layer(r, l->name, l, label_layer(r, l->name), e) < 0)
            return -1;
    }
    for (size_t i = 0; r->label && i < r->label->layers.n; i++) {
        const struct lm_layer *l = &r->label->layers.v[i];
        if (!kept_layer_find(&r->k->rec, r->bp->id, l->name) && layer_name_ok(l->name) &&
            restore_layer(r, l->name, NULL, l, e) < 0)
            return -1;
    }
    restore_store(r);
    return 0;
}

static const struct lm_buildpack *label_buildpack(const struct lifecycle_metadata *md, struct str id)
{
    for (size_t i = 0; md && i < md->buildpacks.n; i++)
        if (str_eq(md->buildpacks.v[i].key, id))
            return &md->buildpacks.v[i];
    return NULL;
}

static bool is_in(const struct cnb_selected *group, struct str id)
{
    for (size_t i = 0; i < group->buildpacks.n; i++)
        if (str_eq(group->buildpacks.v[i].id, id))
            return true;
    return false;
}

static int hide(int at, const char *name, struct err *e)
{
    if (mknodat(at, name, S_IFCHR, 0) < 0 && errno != EEXIST)
        return err_sys(e, "%s", name);
    return 0;
}

// What the generations hold and is not restored must not be seen: parts, or all of a buildpack that does not
// take part.
static int hide_rest(struct kept *k, const struct cnb_selected *group, struct err *e)
{
    for (size_t i = 0; i < k->rec.buildpacks.n; i++) {
        const struct kept_buildpack *bp = &k->rec.buildpacks.v[i];
        const char *dir;
        drop_fd int fd = -1;
        if (buildpack_dir_name(k->a, bp->id, &dir, e) < 0)
            return -1;
        if (!is_in(group, bp->id)) {
            if (hide(k->upper, dir, e) < 0)
                return -1;
            continue;
        }
        if (path_open_plain(k->upper, dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0)
            return -1;
        for (size_t j = 0; j < bp->layers.n; j++)
            for (size_t p = 0; p < bp->layers.v[j].parts.n; p++) {
                struct str name = bp->layers.v[j].parts.v[p].name;
                struct str path = str_printf(k->a, "%s/" PRI_STR, dir, STR_ARG(name));
                if (!map_find(&k->shown, path) && hide(fd, str_c(k->a, name), e) < 0)
                    return -1;
            }
    }
    return 0;
}

static int make_scratch(struct kept *k, struct err *e)
{
    drop_fd int scratch = -1;
    if (make_dir(k, k->dir, KEPT_NEW, &scratch, e) < 0 || make_dir(k, scratch, "upper", &k->upper, e) < 0)
        return -1;
    return make_dir(k, scratch, "work", NULL, e);
}

// The copies as they are now, so that it can be told which ones the build touched: not before the clock has
// moved on.
static int print_copies(struct kept *k, struct err *e)
{
    for (size_t i = 0; i < k->shown.n && k->o.copies; i++) {
        struct layer_spec spec = kept_spec(k->upper, k->shown.v[i].key);
        struct tree_print *print = ARENA_NEW(k->a, struct tree_print);
        for (int tick = 0; tick < TICKS_MAX; tick++) {
            if (tree_print(&spec, print, e) < 0)
                return -1;
            if (!tree_print_racy(print))
                break;
            (void)poll(NULL, 0, TICK_MS);
        }
        k->shown.v[i].ptr = tree_print_racy(print) ? NULL : print;
    }
    return 0;
}

static void set_lower(struct kept *k)
{
    struct strv gens = {0};
    if (!k->shown.n || k->o.copies)
        return;
    kept_generations(k->a, &k->rec, &gens);
    for (size_t i = 0; i < gens.n; i++)
        strv_add(k->a, &k->lower, str_printf(k->a, "%s/" PRI_STR, k->path, STR_ARG(gens.v[i])));
}

int kept_restore(struct kept *k, const struct cnb_selected *group, const struct kept_previous *previous,
                 struct err *e)
{
    if (make_scratch(k, e) < 0)
        return err_wrap(e, "kept layers");
    for (size_t i = 0; i < group->buildpacks.n; i++) {
        const struct cnb_ref *bp = &group->buildpacks.v[i];
        drop_fd int fd = -1;
        struct restoring r = {.k = k, .previous = previous, .bp = bp};
        r.rec = kept_buildpack_find(&k->rec, bp->id);
        r.label = label_buildpack(previous->md, bp->id);
        if (!r.rec && !r.label)
            continue;
        if (buildpack_dir_name(k->a, bp->id, &r.dir, e) < 0 || make_dir(k, k->upper, r.dir, &fd, e) < 0)
            return -1;
        r.fd = fd;
        if (restore_buildpack(&r, e) < 0)
            return err_wrap(e, "kept layers of " PRI_STR, STR_ARG(bp->id));
    }
    if (print_copies(k, e) < 0)
        return -1;
    set_lower(k);
    // Without an overlay there is nothing to hide, and a whiteout would be a device.
    return k->lower.n ? hide_rest(k, group, e) : 0;
}

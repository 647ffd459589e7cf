// SPDX-License-Identifier: Apache-2.0
#include "debian/owners.h"

struct owners *owners_new(void)
{
    struct owners *o = XNEW(struct owners);
    o->a = arena_new(1 << 18);
    return o;
}

void owners_free(struct owners *o)
{
    if (!o)
        return;
    arena_free(o->a);
    free(o);
}

void owners_set(struct owners *o, struct str path, struct owner is)
{
    struct map_entry *at = map_find(&o->map, path);
    if (!at) {
        at = map_put(o->a, &o->map, str_dup(o->a, path));
        at->ptr = ARENA_NEW(o->a, struct owner);
    }
    *(struct owner *)at->ptr = is;
}

const struct owner *owners_find(const struct owners *o, struct str path)
{
    const struct map_entry *at = map_find(&o->map, path);
    return at ? at->ptr : NULL;
}

void owners_entry(void *ctx, const struct walk_entry *w, struct tar_entry *t)
{
    const struct owner *is = owners_find(ctx, w->path);
    t->uid = is ? is->uid : 0;
    t->gid = is ? is->gid : 0;
    if (is && t->type != TAR_SYMLINK)
        t->mode = is->mode;
}

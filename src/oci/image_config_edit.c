// SPDX-License-Identifier: Apache-2.0
#include "oci/image_config.h"

// The value of an entry that sets `name`.
static bool sets(struct str entry, struct str name, struct str *value)
{
    size_t at;
    if (!str_find(entry, '=', &at) || !str_eq(str_head(entry, at), name))
        return false;
    *value = str_from(entry, at + 1);
    return true;
}

bool image_config_env_get(const struct image_config *c, struct str name, struct str *out)
{
    bool found = false;
    for (size_t i = 0; i < c->config.env.n; i++)
        found |= sets(c->config.env.v[i], name, out);
    return found;
}

// Drops the entries from `from` on that set `name`.
static void drop_env(struct image_config *c, struct str name, size_t from)
{
    struct strv *env = &c->config.env;
    struct str value;
    size_t to = from;
    for (size_t i = from; i < env->n; i++)
        if (!sets(env->v[i], name, &value))
            env->v[to++] = env->v[i];
    env->n = to;
}

void image_config_env_set(struct arena *a, struct image_config *c, struct str name, struct str value)
{
    struct strv *env = &c->config.env;
    struct str entry = str_printf(a, PRI_STR "=" PRI_STR, STR_ARG(name), STR_ARG(value)), old;
    for (size_t i = 0; i < env->n; i++)
        if (sets(env->v[i], name, &old)) {
            env->v[i] = entry;
            drop_env(c, name, i + 1);
            return;
        }
    strv_add(a, env, entry);
}

void image_config_env_append(struct arena *a, struct image_config *c, struct str entry)
{
    strv_add(a, &c->config.env, entry);
}

void image_config_env_del(struct image_config *c, struct str name)
{
    drop_env(c, name, 0);
}

const struct str *image_config_label_get(const struct image_config *c, struct str key)
{
    return strmap_get(&c->config.labels, key);
}

void image_config_label_set(struct arena *a, struct image_config *c, struct str key, struct str value)
{
    strmap_set(a, &c->config.labels, key, value);
}

void image_config_label_del(struct image_config *c, struct str key)
{
    map_del(&c->config.labels, key);
}

void image_config_set_entrypoint(struct image_config *c, struct strv entrypoint)
{
    c->config.entrypoint = entrypoint;
    c->config.cmd = (struct strv){0};
}

void image_config_set_workdir(struct image_config *c, struct str dir)
{
    c->config.working_dir = dir;
}

void image_config_set_user(struct image_config *c, struct str user)
{
    c->config.user = user;
}

void image_config_set_platform(struct image_config *c, const struct oci_platform *p)
{
    c->architecture = p->architecture;
    c->os = p->os;
    c->os_version = p->os_version;
    c->os_features = p->os_features;
    c->variant = p->variant;
}

void image_config_set_created(struct image_config *c, struct str created)
{
    c->created = created;
}

void image_config_add_history(struct arena *a, struct image_config *c, const struct history *h)
{
    c->history.v = arena_grow(a, c->history.v, c->history.n, &c->history.cap, sizeof *c->history.v);
    c->history.v[c->history.n++] = *h;
}

void image_config_add_layer(struct arena *a, struct image_config *c, const struct digest *diff_id,
                            const struct history *h)
{
    c->rootfs.diff_ids.v = arena_grow(a, c->rootfs.diff_ids.v, c->rootfs.diff_ids.n, &c->rootfs.diff_ids.cap,
                                      sizeof *c->rootfs.diff_ids.v);
    c->rootfs.diff_ids.v[c->rootfs.diff_ids.n++] = *diff_id;
    image_config_add_history(a, c, h);
}

void image_config_align_history(struct arena *a, struct image_config *c)
{
    size_t n = 0, layers = c->rootfs.diff_ids.n;
    for (size_t i = 0; i < c->history.n; i++)
        if (!c->history.v[i].empty_layer)
            c->history.v[n++] = c->history.v[i];
    c->history.n = n;
    if (n == layers)
        return;
    c->history.n = 0;
    while (c->history.n < layers)
        image_config_add_history(a, c, &(struct history){0});
}

void image_config_cut_layers(struct arena *a, struct image_config *c, size_t keep)
{
    if (keep >= c->rootfs.diff_ids.n)
        return;
    image_config_align_history(a, c);
    c->rootfs.diff_ids.n = keep;
    c->history.n = keep;
}

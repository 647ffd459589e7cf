// SPDX-License-Identifier: Apache-2.0
#include "cnb/labels.h"
#include "document/json.h"

static struct val *put_text(struct arena *a, struct val *map, const char *key, struct str text)
{
    struct val *v = val_put(a, map, str_of(key));
    val_set_str(v, text);
    return v;
}

static void put_list(struct arena *a, struct val *map, const char *key, const struct strv *list,
                     bool null_if_empty)
{
    struct val *v = val_put(a, map, str_of(key));
    if (null_if_empty && !list->n)
        return;
    val_set_list(v);
    for (size_t i = 0; i < list->n; i++)
        val_set_str(val_add(a, v), list->v[i]);
}

static void put_refs(struct arena *a, struct val *doc, const char *key, const struct cnb_ref *v, size_t n)
{
    struct val *list = val_put(a, doc, str_of(key));
    val_set_list(list);
    for (size_t i = 0; i < n; i++) {
        struct val *one = val_add(a, list);
        val_set_map(one);
        put_text(a, one, "id", v[i].id);
        put_text(a, one, "version", v[i].version);
        if (v[i].homepage.n)
            put_text(a, one, "homepage", v[i].homepage);
        if (v[i].optional)
            val_set_bool(val_put(a, one, STR("optional")), true);
    }
}

static void put_launcher(struct arena *a, struct val *doc, const struct launcher_source *l)
{
    struct val *launcher = val_put(a, doc, STR("launcher"));
    val_set_map(launcher);
    put_text(a, launcher, "version", l->version);
    struct val *source = val_put(a, launcher, STR("source"));
    val_set_map(source);
    struct val *git = val_put(a, source, STR("git"));
    val_set_map(git);
    put_text(a, git, "repository", l->repository);
    put_text(a, git, "commit", l->commit);
}

static void put_process(struct arena *a, struct val *list, const struct cnb_process *p)
{
    struct val *one = val_add(a, list);
    val_set_map(one);
    put_text(a, one, "type", p->type);
    put_list(a, one, "command", &p->command, false);
    put_list(a, one, "args", &p->args, true);
    val_set_bool(val_put(a, one, STR("direct")), p->direct);
    put_text(a, one, "buildpackID", p->buildpack_id);
    if (p->working_dir.n)
        put_text(a, one, "working-dir", p->working_dir);
    if (p->exec_env.n)
        put_list(a, one, "exec-env", &p->exec_env, false);
}

int build_metadata_json(struct arena *a, const struct cnb_metadata *m, const struct launcher_source *launcher,
                        struct buf *out, struct err *e)
{
    struct val *doc = ARENA_NEW(a, struct val);
    val_set_map(doc);
    put_refs(a, doc, "buildpacks", m->buildpacks.v, m->buildpacks.n);
    if (m->extensions.n)
        put_refs(a, doc, "extensions", m->extensions.v, m->extensions.n);
    put_launcher(a, doc, launcher);
    struct val *processes = val_put(a, doc, STR("processes"));
    if (m->processes.n)
        val_set_list(processes);
    for (size_t i = 0; i < m->processes.n; i++)
        put_process(a, val_put(a, doc, STR("processes")), &m->processes.v[i]);
    if (m->default_type.n)
        put_text(a, doc, "buildpack-default-process-type", m->default_type);
    json_write(doc, JSON_GO, out);
    return buf_finish(out, LABEL_BUILD, e);
}

int project_metadata_json(struct arena *a, const struct val *toml, struct buf *out, struct err *e)
{
    static const char *const keys[] = {"type", "version", "metadata"};
    const struct val *source = toml ? val_get(toml, STR("source")) : NULL;
    struct val *doc = ARENA_NEW(a, struct val);
    val_set_map(doc);
    if (source && source->kind == VAL_MAP) {
        struct val *to = val_put(a, doc, STR("source"));
        val_set_map(to);
        for (size_t i = 0; i < COUNT(keys); i++) {
            const struct val *v = val_get(source, str_of(keys[i]));
            struct val *json;
            if (!v)
                continue;
            if (toml_as_json(a, v, &json, e) < 0)
                return err_wrap(e, "project-metadata.toml");
            *val_put(a, to, str_of(keys[i])) = *json;
        }
    }
    json_write(doc, JSON_GO, out);
    return buf_finish(out, LABEL_PROJECT, e);
}

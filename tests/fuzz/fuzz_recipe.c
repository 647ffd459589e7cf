// SPDX-License-Identifier: Apache-2.0
// A recipe is refused with its place or read, and what is read makes plans for an app that has what it asks for. The
// document may hold, behind a line "---", a package.json.
#include "base/limits.h"
#include "document/toml.h"
#include "kit/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct kit_world base; // first
    struct str json;
};

static enum dir_kind kind(struct kit_world *w, struct str path)
{
    (void)w;
    return str_has_suffix(path, ".json") ? DIR_FILE : str_is(path, ".") ? DIR_DIR : DIR_ABSENT;
}

static int read_file(struct kit_world *w, struct str path, struct buf *out, struct err *e)
{
    (void)path;
    buf_str(out, CONTAINER(w, struct world, base)->json);
    return buf_finish(out, "file", e);
}

static int names(struct kit_world *w, struct arena *a, struct str path, struct strv *out, struct err *e)
{
    (void)w;
    (void)path;
    (void)e;
    strv_add(a, out, STR("package.json"));
    return 0;
}

static int digest(struct kit_world *w, struct str path, struct digest *out, struct err *e)
{
    (void)w;
    (void)e;
    digest_of(HASH_SHA256, path.p, path.n, out);
    return 0;
}

static int layer(struct kit_world *w, struct arena *a, struct str id, struct str name, struct kit_layer *out,
                 struct err *e)
{
    (void)w;
    (void)a;
    (void)id;
    (void)name;
    (void)e;
    *out = (struct kit_layer){0};
    return 0;
}

static int ask(struct kit_world *w, struct facts *f, const struct rc_fact *row, struct strmap *out,
               struct err *e)
{
    (void)w;
    (void)f;
    (void)row;
    (void)out;
    (void)e;
    return 0;
}

static int helpers(struct kit_world *w, struct digest *out, struct err *e)
{
    return digest(w, STR("helpers"), out, e);
}

static void plan(struct arena *a, const struct recipe *r, enum kit_phase phase, struct str json)
{
    static const struct kit_world_ops ops = {kind, read_file, names, digest, layer, ask, helpers};
    struct world w = {.base = {&ops}, .json = json};
    struct strmap env = {0};
    const struct catalogue none = {0};
    struct plan_require one = {.name = STR("node")};
    const struct plan_requires requires = {&one, 1, 1};
    struct err e = {0};
    struct bp_plan p;
    drop_buf struct buf text = BUF_INIT(MIB(64));
    strmap_set(a, &env, STR("BP_X"), STR("a,b"));
    strmap_set(a, &env, STR("BPE_APPEND_X"), STR("y"));
    const struct bp_input in = {.phase = phase,
                                .app = STR("/workspace"),
                                .layers = STR("/layers/bp"),
                                .buildpack = STR("/bp"),
                                .os = STR("linux"),
                                .env = &env,
                                .plan = phase == KIT_BUILD ? &requires : NULL,
                                .catalogue = &none,
                                .world = &w.base};
    if (recipe_plan(a, r, &in, &p, &e) < 0) {
        if (!e.cause[0])
            BUG("a plan fails without a reason");
        return;
    }
    bp_plan_text(&p, &text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct str text = {(const char *)data, size}, json = STR("{}");
    struct err e = {0};
    struct val *doc;
    struct recipe r;
    const char *cut = memmem(data, size, "\n---\n", 5);
    if (cut) {
        json = str_from(text, (size_t)(cut - text.p) + 5);
        text.n = (size_t)(cut - text.p) + 1;
    }
    if (size > KIB(64) || toml_read(a, text, "recipe.toml", &doc, &e) < 0)
        return 0;
    if (recipe_read(a, doc, "recipe.toml", &r, &e) < 0) {
        if (!e.cause[0] || !e.at.file[0])
            BUG("a refusal without a place");
        return 0;
    }
    plan(a, &r, KIT_DETECT, json);
    plan(a, &r, KIT_BUILD, json);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Plans as text. A file of tests/data/kit is one case: sections "== recipe", "== file PATH", "== env", "== plan",
// "== catalogue", "== layer NAME", "== lost NAME" (no content), "== answer"; then "== detect" and "== build" with the
// plan as text (digests as "sha256:…"), or "== detect fails" and "== build fails" with words of the error, parted by |.
#include "base/file.h"
#include "cnb/env.h"
#include "document/toml.h"
#include "fake.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>

struct kase {
    struct arena *a;
    const char *file;
    struct fake world;
    struct strmap env;
    struct recipe recipe;
    struct catalogue catalogue;
    struct plan_requires plan;
    bool refused; // the recipe itself
    struct err why;
};

static struct val *doc_of_text(struct kase *k, struct str text, const char *name)
{
    struct val *v;
    MUST(toml_read(k->a, text, name, &v, &e));
    return v;
}

static void read_plan(struct kase *k, struct str text)
{
    const struct val *entries = val_get(doc_of_text(k, text, "plan"), STR("entries"));
    for (size_t i = 0; entries && i < entries->c.n; i++) {
        k->plan.v = arena_grow(k->a, k->plan.v, k->plan.n, &k->plan.cap, sizeof *k->plan.v);
        k->plan.v[k->plan.n++] = (struct plan_require){val_get(&entries->c.v[i], STR("name"))->s,
                                                       val_get(&entries->c.v[i], STR("metadata"))};
    }
}

static void read_pairs(struct kase *k, struct str text, struct strmap *out)
{
    struct str line;
    size_t eq;
    while (str_next_line(&text, &line))
        if (str_find(line, '=', &eq))
            strmap_set(k->a, out, str_head(line, eq), str_from(line, eq + 1));
}

// "sha256:" and 64 digits become "sha256:…".
static struct str without_digests(struct arena *a, struct str s)
{
    struct buf out = BUF_INIT(1 << 20);
    for (size_t i = 0; i < s.n;) {
        if (s.n - i >= 71 && memcmp(s.p + i, "sha256:", 7) == 0) {
            buf_text(&out, "sha256:…");
            i += 71;
        } else {
            buf_char(&out, s.p[i++]);
        }
    }
    struct str text = str_dup(a, buf_view(&out));
    buf_free(&out);
    return text;
}

static int make_plan(struct kase *k, enum kit_phase phase, struct bp_plan *out, struct err *e)
{
    const struct bp_input in = {.phase = phase,
                                .app = STR("/workspace"),
                                .layers = STR("/layers/bp"),
                                .buildpack = STR("/cnb/buildpacks/bp/1"),
                                .version = STR("1"),
                                .os = STR("linux"),
                                .arch = STR("amd64"),
                                .distro = STR("debian"),
                                .distro_version = STR("12"),
                                .env = &k->env,
                                .plan = phase == KIT_BUILD ? &k->plan : NULL,
                                .catalogue = &k->catalogue,
                                .now_sec = 1790000000,
                                .sbom = true,
                                .world = &k->world.base};
    if (k->refused) {
        *e = k->why;
        return -1;
    }
    struct bp_input *kept = arena_copy(k->a, &in, sizeof in);
    return recipe_plan(k->a, &k->recipe, kept, out, e);
}

static void expect(struct kase *k, enum kit_phase phase, bool fails, struct str want)
{
    struct bp_plan p;
    if (fails) {
        const char *words = str_c(k->a, str_trim(want));
        struct err e = {0};
        char why[2048], text[1024];
        CHECK_MSG(make_plan(k, phase, &p, &e) == -1, "%s: it did not fail", k->file);
        err_text(&e, text, sizeof text);
        CHECK_MSG(test_refused(-1, &e, e.code, words, why, sizeof why), "%s: %s", k->file, why);
        return;
    }
    struct err e = {0};
    char text[1024];
    int rc = make_plan(k, phase, &p, &e);
    CHECK_MSG(rc == 0, "%s: %s", k->file, err_text(&e, text, sizeof text));
    struct buf out = BUF_INIT(1 << 20);
    bp_plan_text(&p, &out);
    struct str got = str_trim(without_digests(k->a, buf_view(&out)));
    buf_free(&out);
    CHECK_MSG(str_eq(got, str_trim(want)), "%s:\n" PRI_STR "\n--- wanted\n" PRI_STR "\n", k->file,
              STR_ARG(got), STR_ARG(str_trim(want)));
}

static void section(struct kase *k, struct str head, struct str body)
{
    struct str word = head, rest;
    size_t at;
    rest = str_find(head, ' ', &at) ? str_from(head, at + 1) : STR("");
    word = str_find(head, ' ', &at) ? str_head(head, at) : head;
    if (str_is(word, "recipe")) {
        struct val *v = doc_of_text(k, body, "recipe.toml");
        k->refused = recipe_read(k->a, v, "recipe.toml", &k->recipe, &k->why) < 0;
    } else if (str_is(word, "file")) {
        strmap_set(k->a, &k->world.files, rest, body);
    } else if (str_is(word, "env")) {
        read_pairs(k, body, &k->env);
    } else if (str_is(word, "answer")) {
        read_pairs(k, body, &k->world.answers);
    } else if (str_is(word, "plan")) {
        read_plan(k, body);
    } else if (str_is(word, "catalogue")) {
        MUST(catalogue_read(k->a, doc_of_text(k, body, "buildpack.toml"), "buildpack.toml", NULL,
                            &k->catalogue, &e));
    } else if (str_is(word, "layer") || str_is(word, "lost")) {
        strmap_set(k->a, &k->world.layers, rest, body);
        if (str_is(word, "layer"))
            strv_add(k->a, &k->world.filled, rest);
    } else if (str_is(word, "detect")) {
        expect(k, KIT_DETECT, str_is(rest, "fails"), body);
    } else if (str_is(word, "build")) {
        expect(k, KIT_BUILD, str_is(rest, "fails"), body);
    } else {
        CHECK_MSG(false, "%s: unknown section " PRI_STR, k->file, STR_ARG(head));
    }
}

static void run_case(const char *file, struct str text)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    struct kase k = {.a = a, .file = file};
    struct str line, head = STR("");
    const char *begin = text.p, *end = text.p + text.n;
    fake_init(&k.world, a);
    while (str_next_line(&text, &line)) {
        if (!str_has_prefix(line, "== "))
            continue;
        if (head.n)
            section(&k, head, (struct str){begin, (size_t)(line.p - begin)});
        head = str_from(line, 3);
        begin = line.p + line.n + (line.p + line.n < end);
    }
    CHECK_MSG(head.n, "%s: no sections", file);
    section(&k, head, (struct str){begin, (size_t)(end - begin)});
}

TEST(plans_are_as_the_cases_say)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_fd int dir = -1;
    struct strv names = {0};
    MUST(path_open_host(test_data(a, "kit"), O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    MUST(dir_names(a, dir, ".", 1000, &names, &e));
    CHECK(names.n >= 20);
    for (size_t i = 0; i < names.n; i++)
        if (str_has_suffix(names.v[i], ".case"))
            run_case(str_c(a, names.v[i]), test_read(a, dir, str_c(a, names.v[i])));
}

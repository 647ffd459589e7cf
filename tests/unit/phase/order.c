// SPDX-License-Identifier: Apache-2.0
#include "phase/order.h"
#include "document/toml.h"
#include "test.h"

static struct val *toml(struct arena *a, const char *text)
{
    struct val *doc = NULL;
    MUST(toml_read(a, str_of(text), "system.toml", &doc, &e));
    return doc;
}

// "a@1 b@2?; c@1": groups behind each other, '?' is optional.
static struct str shown(struct arena *a, const struct cnb_order *o)
{
    drop_buf struct buf out = BUF_INIT(65536);
    for (size_t i = 0; i < o->n; i++)
        for (size_t j = 0; j < o->v[i].n; j++) {
            const struct cnb_group_element *el = &o->v[i].v[j];
            buf_printf(&out, "%s" PRI_STR "@" PRI_STR "%s",
                       j   ? " "
                       : i ? "; "
                           : "",
                       STR_ARG(el->id), STR_ARG(el->version), el->optional ? "?" : "");
        }
    return str_dup(a, buf_view(&out));
}

static void order(struct arena *a, struct cnb_order *o)
{
    struct cnb_order extensions;
    const struct doc how = {.names = NAMES_TOML, .file = "order.toml", .a = a};
    MUST(order_read(
        &how,
        toml(a,
             "[[order]]\n[[order.group]]\nid = 'a'\nversion = '1'\n[[order.group]]\nid = 'b'\nversion = '2'\n"
             "optional = true\n[[order]]\n[[order.group]]\nid = 'c'\nversion = '1'\n"),
        o, &extensions, &e));
}

TEST(system_goes_around_every_group)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "a@1 b@2?; c@1"},
        {"[system]\n[system.pre]\n[system.post]\n", "a@1 b@2?; c@1"},
        {"[[system.pre.buildpacks]]\nid = 'p'\nversion = '7'\n", "p@7 a@1 b@2?; p@7 c@1"},
        {"[[system.post.buildpacks]]\nid = 'q'\nversion = '8'\noptional = true\n", "a@1 b@2? q@8?; c@1 q@8?"},
        {"[[system.pre.buildpacks]]\nid = 'p'\n[[system.pre.buildpacks]]\nid = 'q'\n",
         "p@ q@ a@1 b@2?; p@ q@ c@1"},
        {"[[system.pre.buildpacks]]\nid = 'c'\nversion = '9'\n",
         "c@9 a@1 b@2?; c@1"}, // the group's own version stays
        {"[[system.post.buildpacks]]\nid = 'b'\nversion = '9'\n", "a@1 b@2?; c@1 b@9"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct cnb_order o;
        order(a, &o);
        MUST(order_merge_system(a, toml(a, rows[i].text), "system.toml", NULL, &o, &e));
        EQ_STR(shown(a, &o), rows[i].want);
    }
}

TEST(O8_system_that_is_hostile)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"system = 1", "system.toml:1|system|table"},
        {"[system]\npre = []", "pre|table"},
        {"[system.pre]\nbuildpacks = 1", "buildpacks"},
        {"[[system.pre.buildpacks]]\nversion = '1'", "id"},
        {"[[system.post.buildpacks]]\nid = 'a/../../b'", "id|not an id"},
        {"[[system.post.buildpacks]]\nid = 'a'\nversion = 1", "version|text"},
        {"[[system.post.buildpacks]]\nid = 'a'\noptional = 'true'", "optional"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct cnb_order o;
        order(a, &o);
        REFUSED(order_merge_system(a, toml(a, rows[i].text), "system.toml", NULL, &o, &e), ERR_PARSE,
                rows[i].words);
        EQ_STR(shown(a, &o), "a@1 b@2?; c@1");
    }
}

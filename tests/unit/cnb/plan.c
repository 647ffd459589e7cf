// SPDX-License-Identifier: Apache-2.0
#include "cnb/plan.h"
#include "document/toml.h"
#include "test.h"

static int sections(struct arena *a, const char *text, bool extension, struct plan_sections *out,
                    struct err *e)
{
    struct val *doc;
    if (toml_read(a, str_of(text), "plan.toml", &doc, e) < 0)
        return -1;
    return plan_sections_read(a, doc, "plan.toml", extension, out, e);
}

TEST(plan_sections_are_the_top_level_and_every_or)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct plan_sections s;
    MUST(sections(a, "", false, &s, &e));
    EQ_UINT(s.n, 1);
    MUST(sections(a,
                  "[[provides]]\nname='node'\n[[requires]]\nname='npm'\n[requires.metadata]\nbuild=true\n"
                  "[[or]]\n[[or.provides]]\nname='x'\n[[or]]\n",
                  false, &s, &e));
    EQ_UINT(s.n, 3);
    EQ_STR(s.v[0].provides.v[0].name, "node");
    EQ_STR(s.v[0].requires.v[0].name, "npm");
    CHECK(val_get(s.v[0].requires.v[0].metadata, STR("build"))->b);
    EQ_STR(s.v[1].provides.v[0].name, "x");
    EQ_UINT(s.v[2].provides.n, 0);
}

TEST(B2_plan_toml_garbage)
{
    static const struct {
        const char *text, *words;
        bool extension;
    } rows[] = {
        {"\x01\x02", "plan.toml:1", false},
        {"provides = 1", "plan.toml:1|provides|wanted list", false},
        {"provides = [1]", "plan.toml:1|provides", false},
        {"[[provides]]\n", "name|wanted", false},
        {"[[provides]]\nname = 7", "plan.toml:2|name|wanted text", false},
        {"[[requires]]\nname = 'a'\nversion = '1'", "plan.toml:3|requires[0].version|metadata", false},
        {"[[requires]]\nname = 'a'\nmetadata = 3", "plan.toml:3|metadata", false},
        {"[[requires]]\nname = 'a'", "extension cannot require", true},
        {"or = 5", "or|wanted list", false},
        {"[[provides]]\nname = ''", "provides[0].name|empty", false},
        {"[[requires]]\nname = \"a\\u0000b\"", "requires[0].name|NUL", false},
        {"[[or]]\n[[or.requires]]\nname = 'a'\nversion = '1'", "or[0].requires[0].version", false},
        {"[[or]]\n[[or.requires]]\nname = 'a'", "or.requires|extension cannot require", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct plan_sections s;
        REFUSED(sections(a, rows[i].text, rows[i].extension, &s, &e), ERR_PARSE, rows[i].words);
    }
}

static struct plan plan_of(struct arena *a, const char *text)
{
    struct val *doc;
    struct plan p = {0};
    MUST(toml_read(a, str_of(text), "plan.toml", &doc, &e));
    MUST(plan_read(a, doc, "plan.toml", &p, &e));
    return p;
}

static const char two_entries[] =
    "[[entries]]\n[[entries.providers]]\nid='a'\nversion='1'\n"
    "[[entries.requires]]\nname='x'\n[entries.requires.metadata]\nv=1\n"
    "[[entries]]\n[[entries.providers]]\nid='a'\nversion='1'\n[[entries.providers]]\n"
    "id='b'\nversion='2'\n[[entries.requires]]\nname='y'\n";

TEST(plan_toml_round_trip)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct plan p = plan_of(a, two_entries);
    drop_buf struct buf text = BUF_INIT(65536);
    struct val *doc;
    MUST(plan_write(a, &p, &doc, &e));
    MUST(toml_write(doc, &text, &e));
    struct plan q = plan_of(a, text.p);
    EQ_UINT(q.n, 2);
    EQ_STR(q.v[1].providers.v[1].id, "b");
    EQ_INT(val_get(q.v[0].requires.v[0].metadata, STR("v"))->i, 1);
}

TEST(plan_hand_over_and_unmet)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct plan p = plan_of(a, two_entries);
    struct plan_requires given = {0}, next = {0};
    plan_for(a, &p, STR("a"), STR("1"), &given);
    EQ_UINT(given.n, 2);
    struct strv unmet = {0}, wrong = {0};
    strv_add(a, &wrong, STR("z"));
    REFUSED(plan_met(a, &p, &given, &wrong, &e), ERR_BUILDPACK, "unmet|\"z\"");
    strv_add(a, &unmet, STR("y"));
    MUST(plan_met(a, &p, &given, &unmet, &e));
    EQ_UINT(p.n, 1);
    plan_for(a, &p, STR("b"), STR("2"), &next);
    EQ_UINT(next.n, 1);
    EQ_STR(next.v[0].name, "y");
}

TEST(plan_toml_that_is_none)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"entries = 1", "entries|list of tables"},
        {"[[entries]]\nproviders = 1", "entries[0].providers|list of tables"},
        {"[[entries]]\n[[entries.providers]]\nversion = '1'", "entries[0].providers[0].id|missing"},
        {"[[entries]]\n[[entries.providers]]\nid = 'a'\nextension = 1", "extension|true or false"},
        {"[[entries]]\n[[entries.requires]]\nname = ''", "requires[0].name|empty"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct val *doc;
        struct plan p = {0};
        MUST(toml_read(a, str_of(rows[i].text), "plan.toml", &doc, &e));
        REFUSED(plan_read(a, doc, "plan.toml", &p, &e), ERR_PARSE, rows[i].words);
    }
}

TEST(plan_that_is_empty_is_an_empty_file)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    drop_buf struct buf text = BUF_INIT(64);
    const struct plan p = {0};
    const struct plan_requires r = {0};
    struct val *doc;
    MUST(plan_write(a, &p, &doc, &e));
    MUST(toml_write(doc, &text, &e));
    MUST(plan_requires_write(a, &r, &doc, &e));
    MUST(toml_write(doc, &text, &e));
    EQ_UINT(buf_view(&text).n, 0);
}

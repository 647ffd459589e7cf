// SPDX-License-Identifier: Apache-2.0
#include "schema_case.h"

struct place {
    struct str image;
    struct strv mirrors;
};

static const struct field place_fields[] = {
    KEY(struct place, image, "image", .flags = REQUIRED),
    KEY(struct place, mirrors, "mirrors", .flags = OMIT_EMPTY),
};
static SCHEMA(place_schema, struct place, place_fields, .name = "place");

struct foreign {
    int64_t version;
    struct strv diff_ids, history;
    struct strmap labels;
    struct place run;
    const struct val *rest;
};

static const struct field foreign_fields[] = {
    KEY(struct foreign, version, "version", .flags = REQUIRED),
    KEY(struct foreign, diff_ids, "diff_ids", .flags = EMPTY_NULL),
    KEY(struct foreign, history, "history", .alias = "past", .flags = OMIT_EMPTY),
    KEY(struct foreign, labels, "Labels", .flags = OMIT_EMPTY),
    TABLE(struct foreign, run, "run", place_schema, .flags = OMIT_EMPTY),
    KEEP(struct foreign, rest),
};
static SCHEMA(foreign_schema, struct foreign, foreign_fields);

TEST(unknown_keys_of_foreign_documents_stay_where_they_stand)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        // Nothing changes: not the order, not a number's text, not how an empty value was spelled.
        {"{\"b\":1.50,\"version\":2,\"a\":{\"z\":[1e3,null],\"y\":-0},\"diff_ids\":[\"d\"],\"c\":null}",
         NULL},
        {"{\"history\":null,\"Labels\":{},\"diff_ids\":null,\"version\":2}", NULL},
        {"{\"history\":[],\"Labels\":null,\"diff_ids\":[],\"version\":0}", NULL},
        // An alias gets its name; what was not there comes behind, without values that may be absent.
        {"{\"past\":[\"p\"],\"x\":1,\"version\":2}",
         "{\"history\":[\"p\"],\"x\":1,\"version\":2,\"diff_ids\":null}"},
        {"{\"past\":1,\"x\":1,\"version\":2,\"diff_ids\":[],\"history\":[]}",
         "{\"x\":1,\"version\":2,\"diff_ids\":[],\"history\":[]}"},
        // Not a word is said about keys of tables that know no KEEP.
        {"{\"version\":1,\"run\":{\"image\":\"i\",\"u\":1},\"diff_ids\":[]}",
         "{\"version\":1,\"run\":{\"image\":\"i\"},\"diff_ids\":[]}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct doc doc = doc_with(a, NAMES_JSON);
        struct foreign f = {0};
        MUST(doc_read(&doc, &foreign_schema, parse(a, NAMES_JSON, cases[i].in), &f, &e));
        EQ_TEXT(written(&doc, &foreign_schema, &f), cases[i].out ? cases[i].out : cases[i].in);
    }
}

TEST(a_foreign_document_is_edited_in_place)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct heard h = {.events.emit = hear, .text = BUF_INIT(1 << 16)};
    struct doc doc = doc_with(a, NAMES_JSON);
    doc.ev = &h.events;
    struct foreign f = {0};
    struct val *v =
        parse(a, NAMES_JSON,
              "{\"u\":[1],\"Labels\":{\"a\":\"1\"},\"version\":2,\"diff_ids\":[\"d\"],\"history\":[\"h\"]}");
    MUST(doc_read(&doc, &foreign_schema, v, &f, &e));
    EQ_UINT(h.text.n, 0); // kept keys are no surprise
    strv_add(a, &f.diff_ids, STR("e"));
    strmap_set(a, &f.labels, STR("b"), STR("2"));
    f.history.n = 0;
    f.run.image = STR("r");
    EQ_TEXT(written(&doc, &foreign_schema, &f),
            "{\"u\":[1],\"Labels\":{\"a\":\"1\",\"b\":\"2\"},\"version\":2,"
            "\"diff_ids\":[\"d\",\"e\"],\"run\":{\"image\":\"r\"}}");
    // The written tree is its own: a change there does not reach what was read.
    struct val *out;
    MUST(doc_write(&doc, &foreign_schema, &f, &out, &e));
    struct val *u = val_put(a, out, STR("u"));
    val_set_int(val_add(a, u), 9);
    EQ_UINT(val_get(v, STR("u"))->c.n, 1);
    buf_free(&h.text);
}

struct needs_val {
    struct val *v; // without const
    struct str s;
};

static const struct field needs_val_rows[] = {
    KEY(struct needs_val, v, "v", .flags = REQUIRED),
    KEY(struct needs_val, s, "s"),
};
static SCHEMA(needs_val_schema, struct needs_val, needs_val_rows);

struct has_needs {
    struct needs_val maybe, always;
};

TEST(a_table_that_is_left_out_needs_no_values)
{
    static const struct field rows[] = {
        TABLE(struct has_needs, maybe, "maybe", needs_val_schema, .flags = OMIT_EMPTY),
        TABLE(struct has_needs, always, "always", needs_val_schema),
    };
    static SCHEMA(schema, struct has_needs, rows);
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_JSON);
    struct val *out = NULL, one = {.kind = VAL_INT, .i = 1};
    struct has_needs x = {.always.v = &one};
    EQ_TEXT(written(&doc, &schema, &x), "{\"always\":{\"v\":1,\"s\":\"\"}}");
    x.maybe.s = STR("x");
    REFUSED(doc_write(&doc, &schema, &x, &out, &e), ERR_USAGE, "maybe: |v: no value, wanted any value");
    x = (struct has_needs){.maybe.v = &one};
    REFUSED(doc_write(&doc, &schema, &x, &out, &e), ERR_USAGE, "always: |v: no value, wanted any value");
}

TEST(what_cannot_be_written_is_refused)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_JSON);
    struct needs_val x = {.s = STR("x")};
    struct val *out = NULL;
    REFUSED(doc_write(&doc, &needs_val_schema, &x, &out, &e), ERR_USAGE, "v: no value, wanted any value");
    CHECK(!out);
    MUST(doc_read(&doc, &needs_val_schema, parse(a, NAMES_JSON, "{\"v\":[],\"s\":\"\"}"), &x, &e));
    EQ_TEXT(written(&doc, &needs_val_schema, &x), "{\"v\":[],\"s\":\"\"}");
}

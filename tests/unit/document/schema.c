// SPDX-License-Identifier: Apache-2.0
#include "schema_case.h"

struct label {
    struct str key, value;
};

struct place {
    struct str image;
    struct strv mirrors;
};

struct step_doc { // a table within itself
    struct str name;
    struct {
        struct step_doc *v;
        size_t n;
    } steps;
};

struct everything {
    struct str id;
    bool launch;
    int64_t size;
    struct strv args;
    struct strmap env;
    const struct val *metadata;
    struct place run;
    struct {
        struct label *v;
        size_t n, cap;
    } labels;
    struct strv command; // text or list
    struct str secret, date;
    struct {
        const struct step_doc *v;
        size_t n;
    } steps;
    struct {
        bool deep;
    } nested;
};

static int read_command(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct strv *list = at;
    if (v->kind == VAL_STR) {
        *list = (struct strv){0};
        strv_add(doc_of(d)->a, list, v->s);
        return 0;
    }
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "text or list of texts", e);
    static const struct field as = {.kind = F_STRV};
    return doc_read_as(d, &as, v, at, e);
}

static int write_command(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    const struct strv *list = at;
    if (list->n > 1)
        return err_set(e, ERR_USAGE, "%zu words, wanted one", list->n);
    if (list->n)
        val_set_str(out, str_dup(doc->a, list->v[0]));
    return 0;
}

static int check_label(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct label *l = at;
    if (str_is(l->key, "forbidden"))
        return doc_fail(d, table, e, "the label " PRI_STR " is ours", STR_ARG(l->key));
    return 0;
}

static const struct label label_init = {.value = STR_INIT("none")};
static const struct field label_fields[] = {
    KEY(struct label, key, "key", .flags = REQUIRED, .help = "name of the label"),
    KEY(struct label, value, "value"),
};
static SCHEMA(label_schema, struct label, label_fields, .name = "label", .init = &label_init,
              .check = check_label);

static const struct field place_fields[] = {
    KEY(struct place, image, "image", .flags = REQUIRED),
    KEY(struct place, mirrors, "mirrors", .flags = OMIT_EMPTY),
};
static SCHEMA(place_schema, struct place, place_fields, .name = "place");

SCHEMA_DECLARE(steps_schema, struct step_doc);
static const struct field step_fields[] = {
    KEY(struct step_doc, name, "name"),
    TABLES(struct step_doc, steps, "steps", steps_schema, .flags = OMIT_EMPTY),
};
SCHEMA(steps_schema, struct step_doc, step_fields, .name = "step");

static const struct field fields[] = {
    KEY(struct everything, id, "id", .flags = REQUIRED, .help = "who"),
    KEY(struct everything, launch, "launch", .flags = OMIT_EMPTY),
    KEY(struct everything, size, "max-size", .json = "maxSize", .flags = OMIT_EMPTY),
    KEY(struct everything, args, "default-args", .json = "defaultArgs", .alias = "args", .flags = OMIT_EMPTY),
    KEY(struct everything, env, "env", .flags = OMIT_EMPTY),
    KEY(struct everything, metadata, "metadata", .flags = OMIT_EMPTY),
    TABLE(struct everything, run, "run-image", place_schema, .json = "runImage", .flags = OMIT_EMPTY),
    TABLES(struct everything, labels, "labels", label_schema, .flags = OMIT_EMPTY),
    HOOK(struct everything, command, "command", read_command, write_command),
    KEY(struct everything, secret, "token", .flags = SECRET | OMIT_EMPTY),
    KEY(struct everything, date, "date", .flags = TIME_TOO | OMIT_EMPTY),
    TABLES(struct everything, steps, "steps", steps_schema, .flags = OMIT_EMPTY),
    KEY(struct everything, nested.deep, "deep", .since = 0x0009, .until = 0x000c, .flags = OMIT_EMPTY),
};
static SCHEMA(everything_schema, struct everything, fields, .name = "everything.toml");

static const char toml_text[] = "id = \"x\"\n"
                                "launch = true\n"
                                "max-size = -7\n"
                                "default-args = [\"a\", \"\"]\n"
                                "command = \"sh\"\n"
                                "date = 2026-01-02T03:04:05Z\n"
                                "env = {A = \"1\", B = \"\"}\n"
                                "[metadata]\n"
                                "n = 1.50\n"
                                "[run-image]\n"
                                "image = \"r\"\n"
                                "mirrors = [\"m\"]\n"
                                "[[labels]]\n"
                                "key = \"k\"\n"
                                "[[labels]]\n"
                                "key = \"l\"\n"
                                "value = \"v\"\n"
                                "[[steps]]\n"
                                "name = \"1\"\n"
                                "[[steps.steps]]\n"
                                "name = \"1.1\"\n";

static const char json_text[] =
    "{\"id\":\"x\",\"launch\":true,\"maxSize\":-7,\"defaultArgs\":[\"a\",\"\"],"
    "\"env\":{\"A\":\"1\",\"B\":\"\"},\"metadata\":{\"n\":1.50},"
    "\"runImage\":{\"image\":\"r\",\"mirrors\":[\"m\"]},"
    "\"labels\":[{\"key\":\"k\",\"value\":\"none\"},{\"key\":\"l\",\"value\":\"v\"}],"
    "\"command\":\"sh\",\"date\":\"2026-01-02T03:04:05Z\","
    "\"steps\":[{\"name\":\"1\",\"steps\":[{\"name\":\"1.1\"}]}]}";

static void check_everything(const struct everything *x)
{
    EQ_STR(x->id, "x");
    CHECK(x->launch);
    EQ_INT(x->size, -7);
    EQ_UINT(x->args.n, 2);
    EQ_STR(x->args.v[0], "a");
    EQ_UINT(x->env.n, 2);
    EQ_STR(*strmap_get(&x->env, STR("A")), "1");
    EQ_STR(val_at(x->metadata, "n")->s, "1.50");
    EQ_STR(x->run.image, "r");
    EQ_UINT(x->run.mirrors.n, 1);
    EQ_UINT(x->labels.n, 2);
    EQ_STR(x->labels.v[0].value, "none"); // label_init
    EQ_STR(x->labels.v[1].value, "v");
    EQ_UINT(x->command.n, 1);
    EQ_STR(x->date, "2026-01-02T03:04:05Z");
    EQ_UINT(x->steps.v[0].steps.n, 1);
    EQ_STR(x->steps.v[0].steps.v[0].name, "1.1");
}

TEST(every_kind_is_read_from_toml_and_json_and_written)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc toml = doc_with(a, NAMES_TOML), json = doc_with(a, NAMES_JSON);
    struct everything x = {0}, j = {0}, again = {0};
    struct val *v;
    MUST(doc_read(&toml, &everything_schema, parse(a, NAMES_TOML, toml_text), &x, &e));
    check_everything(&x);
    MUST(doc_read(&json, &everything_schema, parse(a, NAMES_JSON, json_text), &j, &e));
    check_everything(&j);
    EQ_TEXT(written(&json, &everything_schema, &x), json_text);
    drop_buf struct buf b = BUF_INIT(1 << 16);
    MUST(doc_write(&toml, &everything_schema, &j, &v, &e));
    MUST(toml_write(v, &b, &e));
    MUST(doc_read(&toml, &everything_schema, parse(a, NAMES_TOML, b.p), &again, &e));
    check_everything(&again);
}

TEST(what_the_struct_holds_is_the_default)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_JSON);
    struct everything x = {.launch = true, .size = 9, .run = {.image = STR("old")}};
    strv_add(a, &x.args, STR("one"));
    strmap_set(a, &x.env, STR("A"), STR("a"));
    MUST(doc_read(&doc, &everything_schema, parse(a, NAMES_JSON, "{\"id\":\"x\",\"launch\":null}"), &x, &e));
    CHECK(x.launch && x.size == 9 && x.args.n == 1 && x.env.n == 1);
    EQ_STR(x.run.image, "old");
    static const char text[] =
        "{\"id\":\"x\",\"launch\":false,\"maxSize\":0,\"args\":[],\"env\":{\"B\":\"b\"}}";
    MUST(doc_read(&doc, &everything_schema, parse(a, NAMES_JSON, text), &x, &e));
    CHECK(!x.launch && x.size == 0 && x.args.n == 0 && x.env.n == 1);
    EQ_STR(x.env.v[0].key, "B");
    EQ_TEXT(written(&doc, &everything_schema, &x),
            "{\"id\":\"x\",\"env\":{\"B\":\"b\"},\"runImage\":{\"image\":\"old\"}}");
}

TEST(wrong_documents_are_refused_with_their_place)
{
    static const struct {
        const char *text, *words;
        uint32_t line;
        const char *key;
    } cases[] = {
        {"id = 'x'\nlaunch = 'true'", "found text, wanted true or false", 2, "launch"},
        {"id = 'x'\nlaunch = 1", "found whole number, wanted true or false", 2, "launch"},
        {"id = 1", "found whole number, wanted text", 1, "id"},
        {"id = 2026-01-01", "found time, wanted text", 1, "id"},
        {"id = 'x'\ndate = 1", "found whole number, wanted text", 2, "date"},
        {"id = 'x'\nmax-size = '1'", "found text, wanted whole number", 2, "max-size"},
        {"id = 'x'\nmax-size = 1.0", "found number, wanted whole number", 2, "max-size"},
        {"id = 'x'\nargs = 'a'", "found text, wanted list of texts", 2, "args"},
        {"id = 'x'\ndefault-args = [\n'a',\n1]", "found whole number, wanted text", 4, "default-args[1]"},
        {"id = 'x'\nenv = []", "found list, wanted table of texts", 2, "env"},
        {"id = 'x'\n[env]\nA = '1'\n'B.C' = true", "found true or false, wanted text", 4, "env.\"B.C\""},
        {"id = 'x'\nrun-image = 'a'", "found text, wanted table", 2, "run-image"},
        {"id = 'x'\n\n[run-image]\nmirrors = []", "the key is missing, wanted text", 3, "run-image.image"},
        {"id = 'x'\n[labels]\nkey = 'k'", "found table, wanted list of tables", 2, "labels"},
        {"id = 'x'\nlabels = [{key = 'k'}, 1]", "found whole number, wanted table", 2, "labels[1]"},
        {"id = 'x'\n[[labels]]\nkey = 'k'\n[[labels]]\nvalue = 'v'", "the key is missing", 4,
         "labels[1].key"},
        {"id = 'x'\n[[labels]]\nkey = 'forbidden'", "the label forbidden is ours", 2, "labels[0]"},
        {"id = 'x'\ncommand = true", "wanted text or list of texts", 2, "command"},
        {"id = 'x'\ncommand = ['a', 1]", "wanted text", 2, "command[1]"},
        {"id = \"a\\u0000b\"", "a NUL byte in the text", 1, "id"},
        {"id = 'x'\nenv = {\"a\\u0000b\" = ''}", "a NUL byte in the key", 2, "env.a\\x00b"},
        {"id = 'x'\n[[steps]]\n[[steps.steps]]\nname = 1", "wanted text", 4, "steps[0].steps[0].name"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct doc doc = doc_with(a, NAMES_TOML);
        struct everything x, before;
        memset(&x, 7, sizeof x);
        memcpy(&before, &x, sizeof x);
        struct val *v = parse(a, NAMES_TOML, cases[i].text);
        REFUSED(doc_read(&doc, &everything_schema, v, &x, &e), ERR_PARSE, cases[i].words);
        CHECK(memcmp(&x, &before, sizeof x) == 0);
        struct err at = {0};
        EQ_INT(doc_read(&doc, &everything_schema, v, &x, &at), -1);
        EQ_TEXT(at.at.file, "doc");
        EQ_TEXT(at.at.key, cases[i].key);
        CHECK_MSG(at.at.line == cases[i].line, "%s: line %u", cases[i].text, at.at.line);
    }
}

TEST(a_missing_key_of_the_root_and_a_root_that_is_no_table)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_JSON);
    struct everything x = {0};
    REFUSED(doc_read(&doc, &everything_schema, parse(a, NAMES_JSON, "\n {}"), &x, &e), ERR_PARSE,
            "doc:2: id: the key is missing, wanted text");
    REFUSED(doc_read(&doc, &everything_schema, parse(a, NAMES_JSON, "{\"id\":null}"), &x, &e), ERR_PARSE,
            "doc:1: id: the key is missing");
    REFUSED(doc_read(&doc, &everything_schema, parse(a, NAMES_JSON, "[]"), &x, &e), ERR_PARSE,
            "doc:1: found list, wanted table");
    EQ_INT(doc_read(&doc, &everything_schema, parse(a, NAMES_JSON, "[]"), &x, NULL), -1);
}

TEST(names_are_those_of_the_kind_of_document)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct heard h = {.events.emit = hear, .text = BUF_INIT(1 << 16)};
    struct doc doc = doc_with(a, NAMES_JSON);
    doc.ev = &h.events;
    struct everything x = {0};
    struct val *v = parse(a, NAMES_JSON, "{\"id\":\"x\",\n\"max-size\":1,\n\"run-image\":1,\"Launch\":true}");
    MUST(doc_read(&doc, &everything_schema, v, &x, &e));
    CHECK(x.size == 0 && !x.launch);
    EQ_STR(buf_view(&h.text), "doc:2: max-size: unknown key, ignored\n"
                              "doc:3: run-image: unknown key, ignored\n"
                              "doc:3: Launch: unknown key, ignored\n");
    buf_free(&h.text);
}

TEST(an_alias_is_read_where_the_name_is_absent)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct heard h = {.events.emit = hear, .text = BUF_INIT(1 << 16)};
    struct doc doc = doc_with(a, NAMES_TOML);
    doc.ev = &h.events;
    struct everything x = {0};
    MUST(doc_read(&doc, &everything_schema, parse(a, NAMES_TOML, "id = 'x'\nargs = ['a']"), &x, &e));
    EQ_UINT(x.args.n, 1);
    EQ_UINT(h.text.n, 0);
    EQ_TEXT(written(&doc, &everything_schema, &x), "{\"id\":\"x\",\"default-args\":[\"a\"]}");
    static const char both[] = "id = 'x'\nargs = ['a']\ndefault-args = ['b', 'c']\n";
    MUST(doc_read(&doc, &everything_schema, parse(a, NAMES_TOML, both), &x, &e));
    EQ_UINT(x.args.n, 2);
    EQ_STR(buf_view(&h.text), "doc:2: args: ignored: another name of \"default-args\", which is there too\n");
    buf_free(&h.text);
}

TEST(api_versions_open_and_close_a_key)
{
    static const struct {
        uint16_t api;
        bool read;
        const char *warning;
    } cases[] = {
        {0, true, ""},
        {0x0008, false, "doc:1: deep: ignored: a key since API 0.9, the document is of API 0.8\n"},
        {0x0009, true, ""},
        {0x000b, true, ""},
        {0x000c, false, "doc:1: deep: ignored: a key before API 0.12, the document is of API 0.12\n"},
        {0x0100, false, "doc:1: deep: ignored: a key before API 0.12, the document is of API 1.0\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        drop_(arena_free) struct arena *a = arena_new(4096);
        struct heard h = {.events.emit = hear, .text = BUF_INIT(1 << 16)};
        struct doc doc = doc_with(a, NAMES_JSON);
        doc.ev = &h.events;
        doc.api = cases[i].api;
        struct everything x = {0};
        MUST(
            doc_read(&doc, &everything_schema, parse(a, NAMES_JSON, "{\"id\":\"x\",\"deep\":true}"), &x, &e));
        CHECK(x.nested.deep == cases[i].read);
        EQ_STR(buf_view(&h.text), cases[i].warning);
        x.nested.deep = true;
        EQ_TEXT(written(&doc, &everything_schema, &x),
                cases[i].read ? "{\"id\":\"x\",\"deep\":true}" : "{\"id\":\"x\"}");
        buf_free(&h.text);
    }
}

struct two_ways {
    struct str text;
    struct strv list;
};

TEST(one_key_may_change_its_kind_with_the_api)
{
    static const struct field rows[] = {
        KEY(struct two_ways, text, "command", .until = 0x0009, .flags = REQUIRED),
        KEY(struct two_ways, list, "command", .since = 0x0009, .flags = REQUIRED),
    };
    static SCHEMA(schema, struct two_ways, rows);
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_JSON);
    struct two_ways x = {0};
    struct val *text = parse(a, NAMES_JSON, "{\"command\":\"a\"}"),
               *list = parse(a, NAMES_JSON, "{\"command\":[\"a\"]}");
    doc.api = 0x0008;
    MUST(doc_read(&doc, &schema, text, &x, &e));
    REFUSED(doc_read(&doc, &schema, list, &x, &e), ERR_PARSE, "found list, wanted text");
    REFUSED(doc_read(&doc, &schema, parse(a, NAMES_JSON, "{}"), &x, &e), ERR_PARSE, "command|wanted text");
    EQ_TEXT(written(&doc, &schema, &x), "{\"command\":\"a\"}");
    doc.api = 0x0009;
    MUST(doc_read(&doc, &schema, list, &x, &e));
    REFUSED(doc_read(&doc, &schema, text, &x, &e), ERR_PARSE, "found text, wanted list of texts");
    EQ_TEXT(written(&doc, &schema, &x), "{\"command\":[\"a\"]}");
}

TEST(secrets_are_hidden_when_asked)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_TOML);
    struct everything x = {.id = STR("x"), .secret = STR("hunter2")};
    EQ_TEXT(written(&doc, &everything_schema, &x), "{\"id\":\"x\",\"token\":\"hunter2\"}");
    doc.hide_secrets = true;
    EQ_TEXT(written(&doc, &everything_schema, &x), "{\"id\":\"x\",\"token\":\"(hidden)\"}");
    x.secret = (struct str){0};
    EQ_TEXT(written(&doc, &everything_schema, &x), "{\"id\":\"x\"}");
}

TEST(what_a_hook_refuses_is_not_written)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_JSON);
    struct val *out = NULL;
    struct everything x = {.id = STR("x")};
    strv_add(a, &x.command, STR("1"));
    strv_add(a, &x.command, STR("2"));
    REFUSED(doc_write(&doc, &everything_schema, &x, &out, &e), ERR_USAGE, "command: |2 words, wanted one");
    CHECK(!out);
}

TEST(a_flood_of_unknown_keys_is_counted)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct heard h = {.events.emit = hear, .text = BUF_INIT(1 << 16)};
    struct doc doc = doc_with(a, NAMES_JSON);
    doc.ev = &h.events;
    struct val root = {0};
    struct everything x = {0};
    val_set_map(&root);
    for (size_t i = 0; i < 1000; i++)
        val_put(a, &root, str_printf(a, "key%zu", i));
    REFUSED(doc_read(&doc, &everything_schema, &root, &x, &e), ERR_PARSE, "id: the key is missing");
    EQ_UINT(h.text.n, 0); // refused or warned about, never both
    val_set_str(val_put(a, &root, STR("id")), STR("x"));
    MUST(doc_read(&doc, &everything_schema, &root, &x, &e));
    CHECK(str_has_suffix(buf_view(&h.text), "doc:0: : 936 more keys are unknown or ignored\n"));
    buf_free(&h.text);
}

TEST(a_tree_that_we_made_is_not_deeper_than_the_limit)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_JSON);
    struct step_doc x = {0};
    struct val root = {0}, *at = &root;
    for (size_t i = 0; i < 40; i++) {
        val_set_map(at);
        struct val *list = val_put(a, at, STR("steps"));
        val_set_list(list);
        at = val_add(a, list);
    }
    val_set_map(at);
    REFUSED(doc_read(&doc, &steps_schema, &root, &x, &e), ERR_LIMIT, "nested deeper than 64 levels");
}

static void list_row(void *ctx, const struct schema_row *r)
{
    buf_printf(ctx, PRI_STR " (%s)%s%s\n", STR_ARG(r->key), field_kind_name(r->field->kind),
               r->field->help ? " " : "", r->field->help ? r->field->help : "");
}

TEST(the_reference_lists_every_row)
{
    drop_buf struct buf b = BUF_INIT(1 << 16);
    schema_each(&everything_schema, NAMES_JSON, list_row, &b);
    schema_each(&place_schema, NAMES_TOML, list_row, &b);
    EQ_STR(buf_view(&b), "id (text) who\n"
                         "launch (true or false)\n"
                         "maxSize (whole number)\n"
                         "defaultArgs (list of texts)\n"
                         "env (table of texts)\n"
                         "metadata (any value)\n"
                         "runImage (table)\n"
                         "runImage.image (text)\n"
                         "runImage.mirrors (list of texts)\n"
                         "labels (list of tables)\n"
                         "labels[].key (text) name of the label\n"
                         "labels[].value (text)\n"
                         "command (value)\n"
                         "token (text)\n"
                         "date (text)\n"
                         "steps (list of tables)\n"
                         "steps[].name (text)\n"
                         "steps[].steps (list of tables)\n"
                         "deep (true or false)\n"
                         "image (text)\n"
                         "mirrors (list of texts)\n");
    for (int kind = 0; kind < F_KIND_MAX_; kind++)
        CHECK(strcmp(field_kind_name((enum field_kind)kind), "unknown") != 0);
    EQ_TEXT(field_kind_name(F_KIND_MAX_), "unknown");
}

struct strict_doc {
    struct {
        struct label *v;
        size_t n;
    } labels;
};

TEST(an_unknown_key_of_a_strict_document_is_an_error)
{
    static const struct field label_rows[] = {
        KEY(struct label, key, "key"),
        KEY(struct label, value, "value"),
    };
    static SCHEMA(rows_schema, struct label, label_rows, .name = "labels");
    static const struct field doc_rows[] = {TABLES(struct strict_doc, labels, "labels", rows_schema)};
    static SCHEMA(strict_schema, struct strict_doc, doc_rows, .name = "strict", .strict = true);
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct doc doc = doc_with(a, NAMES_TOML);
    struct strict_doc x = {0};
    REFUSED(doc_read(&doc, &strict_schema, parse(a, NAMES_TOML, "x = 1"), &x, &e), ERR_PARSE,
            "doc:1: x: unknown key");
    REFUSED(doc_read(&doc, &strict_schema, parse(a, NAMES_TOML, "[[labels]]\nvalu = 'x'"), &x, &e), ERR_PARSE,
            "doc:2: labels[0].valu: unknown key, did you mean \"value\"?");
}

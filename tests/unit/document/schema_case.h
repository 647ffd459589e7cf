// SPDX-License-Identifier: Apache-2.0
// What the tests of reading and of writing by a table share.
#pragma once
#include "document/json.h"
#include "document/schema.h"
#include "document/toml.h"
#include "test.h"

// Warnings, a line each.
struct heard {
    struct events events;
    struct buf text;
};

static inline void hear(struct events *self, const struct event *ev)
{
    struct heard *h = CONTAINER(self, struct heard, events);
    CHECK(ev->kind == EV_WARN && ev->at);
    buf_printf(&h->text, "%s:%u: %s: " PRI_STR "\n", ev->at->file, ev->at->line, ev->at->key,
               STR_ARG(ev->text));
}

static inline struct val *parse(struct arena *a, enum doc_names names, const char *text)
{
    struct val *v = NULL;
    if (names == NAMES_JSON)
        MUST(json_read(a, str_of(text), "doc", &v, &e));
    else
        MUST(toml_read(a, str_of(text), "doc", &v, &e));
    return v;
}

static inline const char *written(const struct doc *doc, const struct schema *s, const void *in)
{
    struct val *v = NULL;
    drop_buf struct buf b = BUF_INIT(1 << 20);
    MUST(doc_write(doc, s, in, &v, &e));
    json_write(v, JSON_PLAIN, &b);
    return str_c(doc->a, buf_view(&b));
}

static inline struct doc doc_with(struct arena *a, enum doc_names names)
{
    return (struct doc){.names = names, .file = "doc", .a = a};
}

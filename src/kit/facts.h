// SPDX-License-Identifier: Apache-2.0
// kit/facts.h - the facts of a recipe for one app, and what is asked with them: texts, conditions, rows.
//
// For this room, and for callbacks through kit/call.h.
#pragma once
#include "kit/plan.h"

enum { FACT_MAX = 65536, ITEMS_MAX = 256 }; // bytes of one text with its facts; items of a row

struct pick { // the dependency of a layer row
    bool done, going_on;
    const struct dep *dep;
};

struct facts {
    struct arena *a;
    const struct recipe *r;
    const struct bp_input *in;
    struct strmap values;
    struct strmap documents[2]; // of TOML, of JSON: path -> struct val *
    struct pick *picks;         // one for each layer row
    struct str each;            // .p NULL: the row stands once
    struct strv *log;
};

// All [[fact]] rows, in their order.
int nodiscard facts_read(struct facts *f, struct err *e);
// false: it has no value. For `NAME.version` the dependency is picked.
int nodiscard fact_find(struct facts *f, struct str name, bool *found, struct str *out, struct err *e);
// The text with its facts. `key` names it in errors: "command".
int nodiscard facts_fill(struct facts *f, const struct rc_row *row, const char *key, struct str text,
                         struct str *out, struct err *e);
// Whether all facts of the text have a value that is not empty.
int nodiscard facts_known(struct facts *f, struct str text, bool *known, struct err *e);
int nodiscard facts_fill_list(struct facts *f, const struct rc_row *row, const char *key,
                              const struct strv *texts, struct strv *out, struct err *e);
int nodiscard facts_fill_map(struct facts *f, const struct rc_row *row, const char *key,
                             const struct strmap *texts, struct strmap *out, struct err *e);
// A path of the app: clean, relative, inside. ERR_DENIED when it leads out.
int nodiscard facts_path(struct facts *f, const struct rc_row *row, const char *key, struct str text,
                         struct str *out, struct err *e);
// ERR_PARSE at the row.
int facts_wrong(const struct facts *f, const struct rc_row *row, const char *key, struct err *e,
                const char *fmt, ...) printf_(5, 6);

// Conditions.
int nodiscard facts_when(struct facts *f, const struct rc_row *row, bool *holds, struct err *e);
// Paths of the app that match a pattern in its last part, sorted; `wanted`: files or folders.
int nodiscard facts_match(struct facts *f, struct str pattern, enum dir_kind wanted, struct strv *out,
                          struct err *e);
// A document of the app; NULL: there is no such file. json: else TOML.
int nodiscard facts_document(struct facts *f, struct str path, bool json, const struct val **out,
                             struct err *e);
// The value at a dotted path whose parts may hold facts; NULL: absent or null.
int nodiscard facts_value_at(struct facts *f, const struct rc_row *row, const struct val *doc,
                             struct str path, const struct val **out, struct err *e);
// Text of a value; false: it is a table or a list of such.
bool facts_value_text(struct arena *a, const struct val *v, struct str *out);
// What `path` goes through must be tables, and what it leads to text; all of it may be absent.
int nodiscard facts_check_text(struct facts *f, const struct rc_row *row, const struct val *doc,
                               struct str file, struct str path, struct err *e);

// Each row that is there, for each of its items; `say` goes into the log. rows: an array of row structs.
struct facts_rows {
    const void *v;
    size_t n, size;
};
#define FACTS_ROWS(list)                                                                                     \
    (struct facts_rows)                                                                                      \
    {                                                                                                        \
        (list).v, (list).n, sizeof *(list).v                                                                 \
    }
int nodiscard facts_each(struct facts *f, struct facts_rows rows,
                         int (*row)(struct facts *f, const void *row, void *ctx, struct err *e), void *ctx,
                         struct err *e);

// The dependency of a layer row, logged when it is picked first (pick.c). The row has a dependency.
int nodiscard facts_pick(struct facts *f, const struct rc_layer *row, const struct dep **out, struct err *e);
// Whether the build plan has an entry, and asks for it at build and at launch.
bool facts_planned(const struct facts *f, struct str name, bool *build, bool *launch);
void facts_log(struct facts *f, int level, const char *fmt, ...) printf_(3, 4); // indented by 2 × level

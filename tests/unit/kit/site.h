// SPDX-License-Identifier: Apache-2.0
// tests/unit/kit/site.h - one buildpack made of a recipe, built again and again in a directory of the test's own.
#pragma once
#include "kit/act.h"
#include "test.h"

struct log {
    struct events ev;
    struct buf text;
};
struct site {
    struct test *t;
    struct arena *a;
    const char *recipe, *catalogue, *plan;
    struct strmap env;
    bool no_sbom;
    const struct call_row *const *calls;
    struct log log;
};
void site_init(struct site *s, struct test *t, struct arena *a, const char *recipe);
#define drop_site __attribute__((cleanup(site_done)))
void site_done(struct site *s);
int build(struct site *s, struct err *e);
struct str place(struct site *s, const char *name); // its path
struct val *toml_of(struct site *s, const char *text);
bool logged(struct site *s, const char *text);
#define LOGGED(words) CHECK_MSG(logged(&s, words), "not in the log: %s\n%s", words, s.log.text.p)
#define NOT_LOGGED(words) CHECK_MSG(!logged(&s, words), "in the log: %s\n%s", words, s.log.text.p)
struct str content(struct site *s, const char *path);
bool there(struct site *s, const char *path);
// dep.tar with `bin/tool` and a folder around it; its row of a catalogue.
const char *make_dep(struct site *s, const char *version, const char *program);
extern const char tool_recipe[], tool_plan[];

// SPDX-License-Identifier: Apache-2.0
// An npmrc: nothing in it crashes the reader, no credential gets into the text for a sandbox, and that text is
// read again as the same keys and values.
#include "deps/npm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, const struct npm_config *c)
{
    struct str text;
    struct strmap again;
    npmrc_without_secrets(a, c, &text);
    if (npmrc_parse(a, text, "again", NULL, &again, NULL) < 0)
        __builtin_trap();
    for (size_t i = 0; i < again.n; i++) {
        const struct map_entry *m = &again.v[i], *from = map_find(&c->user, m->key);
        bool registry = str_is(m->key, "registry");
        if (npmrc_key_is_secret(m->key) || (!registry && (!from || !str_eq(from->val, m->val))))
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const env[] = {"A=value", "B=a\"b;c", "TOKEN=secret", NULL};
    struct arena *a = arena_new(4096);
    struct str text = str_dup(a, (struct str){(const char *)data, size});
    struct npm_config c = {0};
    if (url_parse(a, STR("https://a.test/"), &c.registry, NULL) < 0)
        __builtin_trap();
    if (npmrc_parse(a, text, "npmrc", env, &c.user, NULL) == 0)
        check(a, &c);
    arena_free(a);
    return 0;
}

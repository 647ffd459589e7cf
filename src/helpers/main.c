// SPDX-License-Identifier: Apache-2.0
// One static program for all exec.d helpers: layers hold links to it, or copies.
#include "base/file.h"
#include "cnb/env.h"
#include "document/toml.h"
#include "helpers/helpers.h"
#include <fcntl.h>
#include <stdio.h>

enum { OUTPUT_FD = 3, OUTPUT_MAX = 1 << 20 }; // what the launcher takes

static int answer(struct arena *a, const struct strmap *out, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(OUTPUT_MAX);
    struct val doc = {0};
    val_set_map(&doc);
    for (size_t i = 0; i < out->n; i++)
        val_set_str(val_put(a, &doc, out->v[i].key), out->v[i].val);
    if (toml_write(&doc, &text, e) < 0 || buf_finish(&text, "variables", e) < 0)
        return -1;
    return text.n ? file_write_all(OUTPUT_FD, text.p, text.n, e) : 0;
}

static int no_descriptor(struct err *e)
{
    return err_set(e, ERR_USAGE,
                   "descriptor 3 is not open: the launcher runs this program and reads it there");
}

int main(int argc, char **argv, char **envp)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    struct strmap env = {0}, out = {0};
    struct helper_in in = {.env = &env, .self = argc > 0 ? argv[0] : ""};
    const struct helper *helper;
    struct err e = {0};
    char text[1024];
    env_from_vector(a, &env, envp);
    int rc = helper_find(in.self, &helper, &e);
    if (rc == 0)
        rc = fcntl(OUTPUT_FD, F_GETFD) < 0 ? no_descriptor(&e) : helper->run(a, &in, &out, &e);
    if (rc == 0)
        rc = answer(a, &out, &e);
    if (rc < 0)
        fprintf(stderr, "ERROR: %s\n", err_text(&e, text, sizeof text));
    return rc < 0;
}

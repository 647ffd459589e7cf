// SPDX-License-Identifier: Apache-2.0
#include "cnb/slices.h"
#include "base/glob.h"
#include "base/path.h"

struct node {
    struct node *up; // NULL: the app directory itself
    size_t slice, children, sliced;
    bool is_dir, whole; // whole: a slice took it with everything below
};

struct slices {
    struct arena *a;
    const struct cnb_slice *v;
    size_t n;
    struct strmap nodes;    // struct node by path
    struct strmap *parents; // of each slice: directories above its paths
    size_t *count;          // of each slice and the rest
};

int slices_new(struct arena *a, const struct cnb_slice *v, size_t n, struct slices **out, struct err *e)
{
    size_t patterns = 0;
    for (size_t i = 0; i < n; i++) {
        patterns += v[i].paths.n;
        if (patterns > SLICE_PATTERNS_MAX)
            return err_set(e, ERR_LIMIT, "slices: more than %d patterns", SLICE_PATTERNS_MAX);
        for (size_t j = 0; j < v[i].paths.n; j++)
            if (glob_check(v[i].paths.v[j], e) < 0)
                return err_wrap(e, "slice %zu: pattern \"" PRI_STR "\"", i + 1, STR_ARG(v[i].paths.v[j]));
    }
    struct slices *s = ARENA_NEW(a, struct slices);
    *s = (struct slices){.a = a,
                         .v = v,
                         .n = n,
                         .parents = ARENA_ARRAY(a, struct strmap, n + 1),
                         .count = ARENA_ARRAY(a, size_t, n + 1)};
    *out = s;
    return 0;
}

static size_t matched(const struct slices *s, struct str path)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < s->v[i].paths.n; j++)
            if (glob_match(s->v[i].paths.v[j], path, NULL) == GLOB_YES)
                return i;
    return s->n;
}

static struct node *node_of(const struct slices *s, struct str path)
{
    const struct map_entry *m = map_find(&s->nodes, path);
    return m ? m->ptr : NULL;
}

void slices_add(struct slices *s, struct str path, bool is_dir)
{
    struct node *up = node_of(s, path_dir(path)), *node = ARENA_NEW(s->a, struct node);
    *node = (struct node){.up = up, .slice = matched(s, path), .is_dir = is_dir};
    if (up && up->whole && up->slice < node->slice)
        node->slice = up->slice;
    node->whole = is_dir && node->slice < s->n;
    if (up)
        up->children++;
    map_put(s->a, &s->nodes, str_dup(s->a, path))->ptr = node;
}

static void note_parents(struct slices *s, size_t slice, struct str path)
{
    for (struct str dir = path_dir(path); !str_is(dir, "."); dir = path_dir(dir)) {
        if (map_find(&s->parents[slice], dir))
            return;
        (void)map_put(s->a, &s->parents[slice], dir);
    }
}

void slices_settle(struct slices *s)
{
    // Backwards: what a directory holds comes after it.
    for (size_t i = s->nodes.n; i-- > 0;) {
        struct node *node = s->nodes.v[i].ptr;
        bool emptied = node->is_dir && node->children && node->sliced == node->children;
        if (node->up && (node->slice < s->n || emptied))
            node->up->sliced++;
        if (node->slice == s->n && emptied)
            continue;
        s->count[node->slice]++;
        if (node->slice < s->n)
            note_parents(s, node->slice, s->nodes.v[i].key);
    }
}

bool slices_empty(const struct slices *s, size_t number)
{
    return s->count[number] == 0;
}

bool slices_has(const struct slices *s, size_t number, struct str path)
{
    const struct node *node = node_of(s, path);
    if (!node)
        return false;
    if (node->slice == number)
        return number < s->n || !(node->is_dir && node->children && node->sliced == node->children);
    return number < s->n && map_find(&s->parents[number], path);
}

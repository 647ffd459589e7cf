// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/detect.h"
#include "cnb/api.h"
#include "lifecycle/detect_run.h"
#include "lifecycle/resolve.h"

enum { NESTED_MAX = 32 };

enum verdict {
    VERDICT_ERROR = -1,
    VERDICT_NO,
    VERDICT_FAULT,
    VERDICT_YES
}; // FAULT: no, and a buildpack failed

// A list of elements of which the beginning is decided and the rest still to be looked at.
struct list {
    const struct cnb_group_element **v;
    size_t n;
};

struct walk {
    struct arena *a;
    struct lc_context *cx;
    struct strmap runs; // struct detect_run by "id@version"
    struct strv log;    // told when no group passes
    struct detect_out *out;
};

// Where a composite stands in its group: what is settled before it and what comes after it.
struct place {
    struct list done, next;
    bool optional;
    unsigned depth;
};

static enum verdict try_order(struct walk *w, const struct cnb_order *order, const struct place *at,
                              struct err *e);

static void say(struct walk *w, struct str line)
{
    strv_add(w->a, &w->log, line);
}

static struct list joined(struct arena *a, struct list x, struct list y)
{
    struct list out = {ARENA_ARRAY(a, const struct cnb_group_element *, x.n + y.n), x.n + y.n};
    if (x.n)
        memcpy(out.v, x.v, x.n * sizeof *x.v);
    if (y.n)
        memcpy(out.v + x.n, y.v, y.n * sizeof *y.v);
    return out;
}

static struct list with(struct arena *a, struct list x, const struct cnb_group_element *el)
{
    return joined(a, x, (struct list){&el, 1});
}

static bool is_done(const struct list *done, const struct cnb_group_element *el)
{
    for (size_t i = 0; i < done->n; i++)
        if (done->v[i]->extension == el->extension && str_eq(done->v[i]->id, el->id))
            return true;
    return false;
}

static bool targets_fit(const struct lc_context *cx, const struct cnb_buildpack *bp)
{
    if (cx->platform_api < API(0, 12) || !bp->targets.n)
        return true;
    for (size_t i = 0; i < bp->targets.n; i++)
        if (target_fits(&bp->targets.v[i], &cx->target))
            return true;
    return false;
}

static bool env_fits(const struct lc_context *cx, const struct cnb_group_element *el,
                     const struct cnb_buildpack *bp)
{
    if (cx->platform_api < API(0, 15))
        return true;
    return cnb_exec_env_fits(&el->exec_env, cx->exec_env) &&
           (bp->api < API(0, 12) || cnb_exec_env_fits(&bp->exec_env, cx->exec_env));
}

static struct detect_run *run_of(struct walk *w, const struct cnb_group_element *el)
{
    struct str key = str_printf(w->a, PRI_STR "@" PRI_STR, STR_ARG(el->id), STR_ARG(el->version));
    struct map_entry *m = map_put(w->a, &w->runs, key);
    if (!m->ptr)
        m->ptr = ARENA_NEW(w->a, struct detect_run);
    return m->ptr;
}

// The last line that a buildpack had to say: mostly why it does not take the app.
static struct str last_line(struct str output)
{
    struct str rest = output, line, last = STR("");
    while (str_next_line(&rest, &line))
        if (str_trim(line).n)
            last = str_trim(line);
    return last;
}

// Without the word for how it ended, which is said anyway.
static struct str without(struct str line, const char *word)
{
    return str_has_prefix(line, word) ? str_trim(str_from(line, strlen(word))) : line;
}

static void tell_fact(struct walk *w, struct str subject, struct str text)
{
    event_emit(w->cx->ev,
               &(struct event){.kind = EV_FACT, .phase = STR("detect"), .subject = subject, .text = text});
}

static void tell_run(struct walk *w, const struct cnb_group_element *el, const struct detect_run *r)
{
    static const char *const words[] = {[DETECT_PASS] = "pass", [DETECT_FAIL] = "fail", [DETECT_ERR] = "err"};
    struct str last = without(last_line(r->output), r->status == DETECT_ERR ? "ERROR: " : "fail: ");
    struct str why = r->problem.n ? r->problem : last;
    if (r->problem.n && last.n)
        why = str_printf(w->a, PRI_STR ": " PRI_STR, STR_ARG(r->problem), STR_ARG(last));
    tell_fact(w, str_printf(w->a, PRI_STR "@" PRI_STR, STR_ARG(el->id), STR_ARG(el->version)),
              r->status == DETECT_PASS || !why.n
                  ? str_of(words[r->status])
                  : str_printf(w->a, "%s: " PRI_STR, words[r->status], STR_ARG(why)));
}

// Runs what has not run yet. A required buildpack that is not made for this target counts as failed.
static int run_missing(struct walk *w, const struct list *group, struct err *e)
{
    struct detect_run **todo = ARENA_ARRAY(w->a, struct detect_run *, group->n);
    bool *fresh = ARENA_ARRAY(w->a, bool, group->n);
    size_t n = 0;
    for (size_t i = 0; i < group->n; i++) {
        struct detect_run *r = run_of(w, group->v[i]);
        if (r->bp)
            continue;
        if (lc_buildpack(w->a, w->cx, group->v[i]->id, group->v[i]->version, &r->bp, e) < 0)
            return -1;
        fresh[i] = true;
        if (targets_fit(w->cx, &r->bp->desc)) {
            todo[n++] = r;
        } else {
            r->status = DETECT_ERR;
            r->code = -1;
            r->problem = str_printf(w->a, "is not made for %s " PRI_STR "/" PRI_STR, "the target",
                                    STR_ARG(w->cx->target.os), STR_ARG(w->cx->target.arch));
        }
    }
    if (detect_run_all(w->a, w->cx, todo, n, e) < 0)
        return -1;
    for (size_t i = 0; i < group->n; i++)
        if (fresh[i])
            tell_run(w, group->v[i], run_of(w, group->v[i]));
    return 0;
}

static void log_run(struct walk *w, const struct cnb_group_element *el, const struct detect_run *r)
{
    static const char *const words[] = {[DETECT_PASS] = "pass", [DETECT_FAIL] = "fail", [DETECT_ERR] = "err"};
    const char *word = r->status == DETECT_FAIL && el->optional ? "skip" : words[r->status];
    if (r->output.n) {
        say(w, str_printf(w->a, "======== Output: " PRI_STR "@" PRI_STR " ========", STR_ARG(el->id),
                          STR_ARG(el->version)));
        struct str rest = r->output, line;
        while (str_next_line(&rest, &line))
            say(w, line);
    }
    say(w, str_printf(w->a, "%s: " PRI_STR "@" PRI_STR "%s" PRI_STR, word, STR_ARG(el->id),
                      STR_ARG(el->version), r->problem.n ? ": " : "", STR_ARG(r->problem)));
}

static void take_group(struct walk *w, const struct list *group, const size_t *at,
                       const struct resolve_out *r)
{
    struct cnb_selected *g = &w->out->group;
    g->buildpacks.v = ARENA_ARRAY(w->a, struct cnb_ref, r->n_kept);
    g->buildpacks.n = r->n_kept;
    for (size_t i = 0; i < r->n_kept; i++) {
        const struct cnb_buildpack *bp = &run_of(w, group->v[at[r->kept[i]]])->bp->desc;
        g->buildpacks.v[i] = (struct cnb_ref){
            .id = bp->id, .version = bp->version, .api = bp->api_text, .homepage = bp->homepage};
    }
    w->out->plan = r->plan;
}

static enum verdict decide(struct walk *w, struct list group, struct err *e)
{
    if (run_missing(w, &group, e) < 0)
        return VERDICT_ERROR;
    struct resolve_element *v = ARENA_ARRAY(w->a, struct resolve_element, group.n);
    size_t *at = ARENA_ARRAY(w->a, size_t, group.n), n = 0;
    bool failed = false, fault = false;
    say(w, STR("======== Results ========"));
    for (size_t i = 0; i < group.n; i++) {
        const struct cnb_group_element *el = group.v[i];
        const struct detect_run *r = run_of(w, el);
        log_run(w, el, r);
        fault |= r->status == DETECT_ERR;
        failed |= r->status != DETECT_PASS && !el->optional;
        if (r->status != DETECT_PASS)
            continue;
        at[n] = i;
        v[n++] = (struct resolve_element){el->id, el->version, el->optional, el->extension, r->sections};
    }
    enum verdict no = fault ? VERDICT_FAULT : VERDICT_NO;
    if (failed || !n) {
        say(w, failed ? STR("fail: a required buildpack did not pass")
                      : STR("fail: no viable buildpacks in group"));
        return no;
    }
    struct resolve_out r;
    struct str why;
    enum resolved got = resolve_group(w->a, v, n, &r, &why, e);
    if (got == RESOLVE_ERROR)
        return VERDICT_ERROR;
    if (got == RESOLVE_NO) {
        say(w, str_printf(w->a, "fail: " PRI_STR, STR_ARG(why)));
        tell_fact(w, STR("build plan"), why);
        return no;
    }
    take_group(w, &group, at, &r);
    return VERDICT_YES;
}

// `done` is settled; the elements of `rest` come one after the other.
static enum verdict try_group(struct walk *w, struct list rest, struct list done, unsigned depth,
                              struct err *e)
{
    for (size_t i = 0; i < rest.n; i++) {
        const struct cnb_group_element *el = rest.v[i];
        const struct lc_buildpack *bp;
        if (is_done(&done, el))
            continue;
        if (lc_buildpack(w->a, w->cx, el->id, el->version, &bp, e) < 0)
            return VERDICT_ERROR;
        if (bp->desc.order.n) {
            struct place at = {done, {rest.v + i + 1, rest.n - i - 1}, el->optional, depth + 1};
            return try_order(w, &bp->desc.order, &at, e);
        }
        if (env_fits(w->cx, el, &bp->desc))
            done = with(w->a, done, el);
    }
    return decide(w, done, e);
}

static enum verdict try_order(struct walk *w, const struct cnb_order *order, const struct place *at,
                              struct err *e)
{
    bool fault = false;
    if (at->depth > NESTED_MAX)
        return err_set(e, ERR_LIMIT,
                       "order: composite buildpacks nested more than %d deep, or one that holds itself",
                       NESTED_MAX);
    for (size_t i = 0; i < order->n; i++) {
        const struct cnb_group *g = &order->v[i];
        struct list inner = {ARENA_ARRAY(w->a, const struct cnb_group_element *, g->n), g->n};
        for (size_t j = 0; j < g->n; j++)
            inner.v[j] = &g->v[j];
        enum verdict v = try_group(w, joined(w->a, inner, at->next), at->done, at->depth, e);
        if (v == VERDICT_ERROR || v == VERDICT_YES)
            return v;
        fault |= v == VERDICT_FAULT;
    }
    if (at->optional) {
        enum verdict v = try_group(w, at->next, at->done, at->depth, e);
        return v == VERDICT_NO && fault ? VERDICT_FAULT : v;
    }
    return fault ? VERDICT_FAULT : VERDICT_NO;
}

static void tell(struct lc_context *cx, struct str text)
{
    event_emit(cx->ev, &(struct event){.kind = EV_STEP, .phase = STR("detect"), .text = text});
}

static void tell_group(struct walk *w)
{
    const struct cnb_selected *g = &w->out->group;
    size_t width = 0;
    for (size_t i = 0; i < g->buildpacks.n; i++)
        width = g->buildpacks.v[i].id.n > width ? g->buildpacks.v[i].id.n : width;
    for (size_t i = 0; i < g->buildpacks.n; i++)
        tell(w->cx, str_printf(w->a, "%-*.*s " PRI_STR, (int)width, STR_ARG(g->buildpacks.v[i].id),
                               STR_ARG(g->buildpacks.v[i].version)));
}

int lc_detect(struct arena *a, struct lc_context *cx, const struct cnb_order *order, struct detect_out *out,
              struct err *e)
{
    struct detect_out found = {0};
    struct walk w = {.a = a, .cx = cx, .out = &found};
    enum verdict v = try_order(&w, order, &(struct place){0}, e);
    if (v == VERDICT_YES) {
        tell_group(&w);
        *out = found;
        return 0;
    }
    if (v == VERDICT_ERROR) {
        // A buildpack that is not there is not a group that did not pass: those two codes say how detection ended.
        if (e && (e->code == ERR_NOT_FOUND || e->code == ERR_BUILDPACK))
            e->code = ERR_IO;
        return -1;
    }
    for (size_t i = 0; i < w.log.n; i++)
        tell(cx, w.log.v[i]);
    if (v == VERDICT_FAULT)
        return err_set(e, ERR_BUILDPACK,
                       "no buildpack groups passed detection, and at least one buildpack failed");
    return err_set(e, ERR_NOT_FOUND, "no buildpack groups passed detection; is this the path of the app?");
}

// SPDX-License-Identifier: Apache-2.0
// What the end of a phase means to who built: whose failure it was, why, and what to try.
#include "base/dir.h"
#include "base/proc.h"
#include "platform/build_steps.h"
#include "platform/builtin.h"
#include <fcntl.h>
#include <sys/wait.h>

// Exit codes of the phases (platform.md).
enum { NO_GROUP = 20, NO_GROUP_AND_A_FAULT = 21, BUILDPACK_FAILED = 51, API_UNKNOWN = 12 };

static bool source_is_empty(const struct building *b)
{
    drop_fd int fd = -1;
    struct err none = {0};
    struct strv names;
    return path_open_host(b->o->source, O_RDONLY | O_DIRECTORY, 0, &fd, &none) == 0 &&
           dir_names(b->a, fd, ".", 1, &names, &none) == 0 && !names.n;
}

static bool cut_at(struct str text, const char *word, struct str *before, struct str *after)
{
    const char *at = memmem(text.p, text.n, word, strlen(word));
    if (!at)
        return false;
    *before = str_head(text, (size_t)(at - text.p));
    *after = str_from(text, before->n + strlen(word));
    return true;
}

// "A requires x" and "A provides unused x" are the detector's words.
static struct str plan_text(struct building *b, struct str why)
{
    struct str who, entry;
    if (cut_at(why, " provides unused ", &who, &entry))
        return str_printf(b->a, PRI_STR " provides " PRI_STR ", and nobody behind it requires that",
                          STR_ARG(who), STR_ARG(entry));
    if (!cut_at(why, " requires ", &who, &entry))
        return why;
    struct str other = b->o->buildpacks.n ? builtin_provider(b->a, b->o->programs, entry) : STR("");
    for (size_t i = 0; other.n && i < b->buildpacks.n; i++)
        if (str_eq(b->buildpacks.v[i].desc.id, other))
            other.n = 0;
    return str_printf(b->a,
                      PRI_STR " requires " PRI_STR ", and nobody before it provides that%s" PRI_STR "%s",
                      STR_ARG(who), STR_ARG(entry), other.n ? "; it may be " : "", STR_ARG(other),
                      other.n ? ": put it in front with another -b" : "");
}

// Who was asked and why it said no; *n counts who was asked. true: the build plan did not fit.
static bool tell_why(struct building *b, const struct build_steps *s, size_t *n)
{
    bool plan = false;
    for (size_t i = 0; i < s->said.n; i++) {
        const struct build_said *one = &s->said.v[i];
        struct str why = one->text;
        bool is_plan = str_is(one->subject, "build plan");
        *n += !is_plan;
        plan |= is_plan;
        if (str_is(why, "pass"))
            continue;
        if (str_is(why, "fail"))
            why = STR("does not take it, and does not say why");
        else if (str_has_prefix(why, "fail: "))
            why = str_from(why, strlen("fail: "));
        if (is_plan)
            why = plan_text(b, why);
        event_emit(b->o->ev,
                   &(struct event){.kind = EV_STEP, .phase = s->phase, .subject = one->subject, .text = why});
    }
    return plan;
}

static int nobody(struct building *b, const struct build_steps *s, struct build_log *log, struct err *e)
{
    size_t n = 0;
    build_log_show(log, EV_FACT); // who was asked in which group: only for who wants to know all
    if (source_is_empty(b))
        return err_set(e, ERR_NOT_FOUND, "%s: is empty: no buildpack finds an app in it", b->o->source);
    if (tell_why(b, s, &n) && b->o->buildpacks.n)
        return err_set(e, ERR_NOT_FOUND,
                       "the buildpacks that --buildpack names do not make a group: above stands what one of "
                       "them requires or provides");
    return err_set(e, ERR_NOT_FOUND,
                   "no buildpack takes this app (%zu %s asked): is %s its folder? --buildpack names another "
                   "one",
                   n, n == 1 ? "was" : "were", b->o->source);
}

static int fault(struct building *b, const struct build_steps *s, struct build_log *log, struct err *e)
{
    struct strv failed = {0}, texts = {0}; // several may trip over one file
    const struct build_said *first = NULL;
    for (size_t i = 0; i < s->said.n; i++) {
        if (!str_has_prefix(s->said.v[i].text, "err: "))
            continue;
        first = first ? first : &s->said.v[i];
        if (strv_has(&texts, s->said.v[i].text))
            continue;
        strv_add(b->a, &texts, s->said.v[i].text);
        strv_add(b->a, &failed, s->said.v[i].subject);
    }
    if (failed.n)
        build_log_show_of(log, &failed);
    else
        build_log_show(log, EV_LINE);
    if (first)
        return err_set(e, ERR_BUILDPACK, PRI_STR ": " PRI_STR ": " PRI_STR, STR_ARG(s->phase),
                       STR_ARG(first->subject), STR_ARG(str_from(first->text, strlen("err: "))));
    if (s->error.n)
        return err_set(e, ERR_BUILDPACK, PRI_STR ": " PRI_STR, STR_ARG(s->phase), STR_ARG(s->error));
    return err_set(e, ERR_BUILDPACK, PRI_STR ": a buildpack failed; what it said stands above",
                   STR_ARG(s->phase));
}

// It went well; that of others a buildpack failed is worth knowing, for its group may have been the one.
static void warn_of_faults(struct building *b, const struct build_steps *s)
{
    for (size_t i = 0; i < s->said.n; i++)
        if (str_has_prefix(s->said.v[i].text, "err: "))
            event_warn(b->o->ev, NULL, PRI_STR " takes no part, its detection failed: " PRI_STR,
                       STR_ARG(s->said.v[i].subject), STR_ARG(str_from(s->said.v[i].text, strlen("err: "))));
}

int build_judge(struct building *b, const struct build_steps *s, struct build_log *log, int status,
                struct err *e)
{
    char text[64];
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == NO_GROUP)
        return nobody(b, s, log, e);
    if (code == NO_GROUP_AND_A_FAULT || code == BUILDPACK_FAILED)
        return fault(b, s, log, e);
    build_log_show(log, EV_LINE);
    switch (code) {
    case 0:
        warn_of_faults(b, s);
        return 0;
    case API_UNKNOWN:
        return err_set(e, ERR_API, PRI_STR ": a buildpack speaks a Buildpack API that is not supported",
                       STR_ARG(s->phase));
    default:
        break;
    }
    if (s->error.n) // it names the buildpack, where it was one
        return err_set(e, ERR_BUILDPACK, PRI_STR ": " PRI_STR, STR_ARG(s->phase), STR_ARG(s->error));
    return err_set(e, ERR_BUILDPACK, PRI_STR ": " PRI_STR "%s%s", STR_ARG(s->phase), STR_ARG(s->current),
                   s->current.n ? ": " : "", proc_status_text(status, text, sizeof text));
}

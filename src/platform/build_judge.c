// SPDX-License-Identifier: Apache-2.0
// What the end of a phase means to who built: whose failure it was, why, and what to try.
#include "base/dir.h"
#include "base/proc.h"
#include "platform/build_steps.h"
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

// Who was asked and why it said no; *n counts them.
static void tell_why(struct building *b, const struct build_steps *s, size_t *n)
{
    for (size_t i = 0; i < s->said.n; i++) {
        const struct build_said *one = &s->said.v[i];
        struct str why = one->text;
        if (str_is(why, "pass"))
            continue;
        if (str_is(why, "fail"))
            why = STR("does not take it, and does not say why");
        else if (str_has_prefix(why, "fail: "))
            why = str_from(why, strlen("fail: "));
        ++*n;
        event_emit(b->o->ev,
                   &(struct event){.kind = EV_STEP, .phase = s->phase, .subject = one->subject, .text = why});
    }
}

static int nobody(struct building *b, const struct build_steps *s, struct build_log *log, struct err *e)
{
    size_t n = 0;
    build_log_show(log, EV_FACT); // who was asked in which group: only for who wants to know all
    if (source_is_empty(b))
        return err_set(e, ERR_NOT_FOUND, "%s: is empty: no buildpack finds an app in it", b->o->source);
    tell_why(b, s, &n);
    return err_set(
        e, ERR_NOT_FOUND,
        "no buildpack takes this app (%zu were asked): is %s its folder? --buildpack names another "
        "one",
        n, b->o->source);
}

static int fault(const struct build_steps *s, struct build_log *log, struct err *e)
{
    build_log_show(log, EV_LINE);
    for (size_t i = 0; i < s->said.n; i++)
        if (str_has_prefix(s->said.v[i].text, "err: "))
            return err_set(e, ERR_BUILDPACK, PRI_STR ": " PRI_STR ": " PRI_STR, STR_ARG(s->phase),
                           STR_ARG(s->said.v[i].subject),
                           STR_ARG(str_from(s->said.v[i].text, strlen("err: "))));
    if (s->error.n)
        return err_set(e, ERR_BUILDPACK, PRI_STR ": " PRI_STR, STR_ARG(s->phase), STR_ARG(s->error));
    return err_set(e, ERR_BUILDPACK, PRI_STR ": a buildpack failed; what it said stands above",
                   STR_ARG(s->phase));
}

int build_judge(struct building *b, const struct build_steps *s, struct build_log *log, int status,
                struct err *e)
{
    char text[64];
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == NO_GROUP)
        return nobody(b, s, log, e);
    build_log_show(log, EV_LINE);
    switch (code) {
    case 0:
        return 0;
    case NO_GROUP_AND_A_FAULT:
    case BUILDPACK_FAILED:
        return fault(s, log, e);
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

// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "cnb/api.h"
#include "document/toml.h"
#include "phase/phase.h"
#include <fcntl.h>
#include <unistd.h>

int phase_read(struct app_ctx *app, struct str path, enum phase_missing missing, struct val **out,
               struct err *e)
{
    struct err why = {0};
    struct val *doc = NULL;
    if (lc_read_toml(app->a, AT_FDCWD, str_c(app->a, path), &doc, &why) == 0) {
        *out = doc;
        return 0;
    }
    if (why.code != ERR_NOT_FOUND || missing == PHASE_WANTED) {
        *e = why;
        return -1;
    }
    struct str text = str_printf(app->a, PRI_STR ": is not there", STR_ARG(path));
    event_emit(app->ev, &(struct event){.kind = missing == PHASE_WARN ? EV_WARN : EV_FACT, .text = text});
    *out = NULL;
    return 0;
}

int phase_write(struct app_ctx *app, struct str path, const struct val *doc, struct newfile **out,
                struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    drop_(newfile_drop) struct newfile *f = NULL;
    if (toml_write(doc, &text, e) < 0 || newfile_begin(AT_FDCWD, str_c(app->a, path), 0644, &f, e) < 0 ||
        file_write_all(f->fd, text.p ? text.p : "", text.n, e) < 0)
        return e->code ? err_wrap(e, PRI_STR, STR_ARG(path)) : -1;
    *out = steal_ptr(f);
    return 0;
}

int phase_publish(struct newfile *const *v, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (newfile_publish(v[i], false, e) < 0)
            return -1;
    return 0;
}

int phase_read_group(struct app_ctx *app, const struct phase_in *in, struct cnb_selected *out, struct err *e)
{
    struct val *doc;
    struct cnb_selected group = {0};
    if (phase_read(app, in->group, PHASE_WANTED, &doc, e) < 0 ||
        group_read(app->a, doc, str_c(app->a, in->group), app->ev, &group, e) < 0)
        return -1;
    for (size_t i = 0; i < group.buildpacks.n; i++) {
        const struct cnb_ref *bp = &group.buildpacks.v[i];
        uint16_t api;
        const char *whose =
            arena_printf(app->a, "buildpack " PRI_STR "@" PRI_STR, STR_ARG(bp->id), STR_ARG(bp->version));
        if (api_buildpack(bp->api, whose, &api, e) < 0) {
            e->code = ERR_API; // a version that is none is not supported either
            return -1;
        }
    }
    *out = group;
    return 0;
}

int phase_temp(struct app_ctx *app, const char **out, struct err *e)
{
    const struct str *set = strmap_get(&app->env, STR("TMPDIR"));
    char *path =
        arena_printf(app->a, PRI_STR "/lifecycle-XXXXXX", STR_ARG(set && set->n ? *set : STR("/tmp")));
    if (!mkdtemp(path))
        return err_sys(e, "%s", path);
    *out = path;
    return 0;
}

void phase_temp_done(const char **dir)
{
    struct err ignored = {0}; // a directory among the temporary ones is all that a failure leaves
    if (*dir)
        (void)!tree_remove(AT_FDCWD, *dir, &ignored);
    *dir = NULL;
}

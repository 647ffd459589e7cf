// SPDX-License-Identifier: Apache-2.0
#include "platform/base_create.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cnb/env.h"
#include "platform/stop.h"
#include <fcntl.h>
#include <sys/stat.h>

struct in {
    struct strv args;
    struct str tag, lock, write_lock, format;
    bool update, keep_packages;
    int64_t threads;
};

static int read_text(struct app_ctx *app, const char *path, struct str *out, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    if (file_read(AT_FDCWD, path, &text, e) < 0)
        return -1;
    *out = str_dup(app->a, buf_view(&text));
    return 0;
}

static int read_lock(struct app_ctx *app, struct str path, struct deb_lock *out, struct err *e)
{
    struct str text;
    const char *file = str_c(app->a, path);
    return read_text(app, file, &text, e) < 0 ? -1 : deb_lock_read(app->a, text, file, out, e);
}

static void report(struct app_ctx *app, const struct base_created *c)
{
    char text[DIGEST_TEXT];
    buf_printf(app->out, "created " PRI_STR "\n  digest    %s\n  packages  %zu\n  unpacked  " PRI_STR "\n",
               STR_ARG(c->name), digest_text(&c->image.desc.digest, text), c->packages,
               STR_ARG(text_size(app->a, c->unpacked)));
    buf_text(app->out, "  seconds  ");
    for (int s = 0; s < BASE_STEP_MAX_; s++)
        buf_printf(app->out, " %s %.1f", base_step_name((enum base_step)s), (double)c->ms[s] / 1000);
    buf_char(app->out, '\n');
}

static void report_json(struct app_ctx *app, const struct base_created *c)
{
    struct val *doc = ARENA_NEW(app->a, struct val), *ms;
    val_set_map(doc);
    val_set_str(val_put(app->a, doc, STR("name")), c->name);
    val_set_str(val_put(app->a, doc, STR("digest")), cli_digest(app->a, &c->image.desc.digest));
    val_set_int(val_put(app->a, doc, STR("packages")), (int64_t)c->packages);
    val_set_int(val_put(app->a, doc, STR("unpacked")), (int64_t)c->unpacked);
    ms = val_put(app->a, doc, STR("ms"));
    val_set_map(ms);
    for (int s = 0; s < BASE_STEP_MAX_; s++)
        val_set_int(val_put(app->a, ms, str_of(base_step_name((enum base_step)s))), (int64_t)c->ms[s]);
    cli_print_json(app, doc);
}

// What would be found wrong only when the image is made.
static int check_words(struct app_ctx *app, const struct in *in, struct err *e)
{
    const char *lock = str_c(app->a, in->write_lock), *dir = str_c(app->a, path_dir(in->write_lock));
    struct stat st;
    if (in->threads < 0 || in->threads > 1024)
        return err_set(e, ERR_USAGE, "--threads %lld: want 0 to 1024", (long long)in->threads);
    if (in->tag.n && cli_check_name(app, in->tag, e) < 0)
        return err_wrap(e, "--tag");
    if (!in->write_lock.n)
        return 0;
    if (fstatat(AT_FDCWD, lock, &st, 0) == 0 && !S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE, "--write-lock %s: is there, and is no file", lock);
    return faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0
               ? err_sys(e, "--write-lock %s: %s", lock, dir)
               : 0;
}

static int run(struct app_ctx *app, void *in_, struct err *e)
{
    const struct in *in = in_;
    drop_(state_close) struct state *st = NULL;
    struct base_declaration d = {0};
    struct deb_lock lock;
    struct base_created created;
    struct str text;
    enum cli_how how;
    drop_fd int stop = -1;
    const char *file = str_c(app->a, in->args.v[0]);
    if (cli_how(in->format, &how, e) < 0 || check_words(app, in, e) < 0 ||
        read_text(app, file, &text, e) < 0 || declaration_read(app->a, text, file, app->ev, &d, e) < 0 ||
        (in->lock.n && read_lock(app, in->lock, &lock, e) < 0) || stop_open(&stop, e) < 0 ||
        cli_state(app, &st, e) < 0)
        return -1;
    struct base_create_spec spec = {.st = st,
                                    .declaration = &d,
                                    .lock = in->lock.n ? &lock : NULL,
                                    .apt_dir = arena_printf(app->a, "%s/apt", state_path(st)),
                                    .envp = env_vector(app->a, &app->env),
                                    .ev = app->ev,
                                    .reference = in->tag,
                                    .threads = (unsigned)in->threads,
                                    .update = in->update,
                                    .keep_packages = in->keep_packages,
                                    .stop = &stop};
    if (base_create(app->a, &spec, &created, e) < 0)
        return -1;
    if (in->write_lock.n && file_replace(AT_FDCWD, str_c(app->a, in->write_lock), 0644, created.lock, e) < 0)
        return err_wrap(e, "the image is made, but its lock was not written");
    if (how == CLI_JSON)
        report_json(app, &created);
    else
        report(app, &created);
    return 0;
}

static const struct opt opts[] = {
    OPT(struct in, tag, "tag", .letter = 't', .arg = "NAME",
        .help = "name of the image, instead of the declaration's"),
    OPT(struct in, lock, "lock", .arg = "FILE", .help = "make exactly what this lock says"),
    OPT(struct in, write_lock, "write-lock", .arg = "FILE", .help = "write the lock of what was made"),
    OPT(struct in, update, "update", .letter = 'u', .help = "fetch the package lists anew"),
    OPT(struct in, keep_packages, "keep-packages",
        .help = "keep the packages beside the image, so that it can be made again when mirrors have dropped "
                "them"),
    OPT(struct in, threads, "threads", .arg = "N", .dflt = "0",
        .help = "threads that make layers; 0 is one for each processor"),
    CLI_FORMAT(struct in),
    {0},
};
extern const struct applet applet_base_create;
const struct applet applet_base_create = {
    .name = "base create",
    .summary = "Make a base image of Debian packages from a declaration",
    .args = "FILE",
    .details =
        "The packages come from where this machine's apt gets its own; signatures and checksums are "
        "checked. No root is needed and no maintainer script runs. The same lock gives the same digest.",
    .examples = "  dema base create bases/run-base.toml\n"
                "  dema base create bases/run-base.toml --write-lock run-base.lock --keep-packages\n"
                "  dema base create bases/run-base.toml --lock run-base.lock",
    .opts = opts,
    .in_size = sizeof(struct in),
    .off_args = offsetof(struct in, args),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};

// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "cnb/env.h"
#include "launch/launch.h"
#include <errno.h>
#include <fcntl.h>

enum { SCRIPT_MAX = 1 << 20 };

int launch_look_up(struct arena *a, struct str name, struct str path, const char **out, struct err *e)
{
    size_t at;
    if (str_find(name, '/', &at)) {
        *out = str_c(a, name);
        return 0;
    }
    struct str rest = path, dir;
    while (str_cut(&rest, ':', &dir)) {
        // A relative entry would run what lies in the app's directory.
        if (!dir.n || dir.p[0] != '/')
            continue;
        const char *file = arena_printf(a, PRI_STR "/" PRI_STR, STR_ARG(dir), STR_ARG(name));
        struct stat st;
        if (fstatat(AT_FDCWD, file, &st, 0) == 0 && S_ISREG(st.st_mode) &&
            faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0) {
            *out = file;
            return 0;
        }
    }
    return err_set(e, ERR_NOT_FOUND, PRI_STR ": not found in PATH (" PRI_STR ")", STR_ARG(name),
                   STR_ARG(path));
}

static void quoted(struct buf *b, struct str s)
{
    buf_char(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            buf_text(b, "'\\''");
        else
            buf_char(b, s.p[i]);
    }
    buf_char(b, '\'');
}

// bash where there is one, as buildpacks of API < 0.9 may expect; else the image's sh: the script is POSIX.
static const char *shell(void)
{
    return faccessat(AT_FDCWD, "/bin/bash", X_OK, 0) == 0 ? "/bin/bash" : "/bin/sh";
}

int launch_words(struct arena *a, const struct launch_process *p, const struct strv *profiles,
                 struct strv *out, struct err *e)
{
    if (!p->shell) {
        strv_add(a, out, p->command.v[0]);
        for (size_t i = 0; i < p->args.n; i++)
            strv_add(a, out, p->args.v[i]);
        return 0;
    }
    drop_buf struct buf script = BUF_INIT(SCRIPT_MAX), tokens = BUF_INIT(SCRIPT_MAX);
    const char *sh = shell();
    for (size_t i = 0; i < profiles->n; i++) {
        buf_text(&script, ". ");
        quoted(&script, profiles->v[i]);
        buf_char(&script, '\n');
    }
    buf_text(&script, "cd ");
    quoted(&script, p->working_dir);
    buf_printf(&script, "\nexec %s -c \"$@\"", sh);
    // With arguments every word goes through one expansion, so that $PORT in launch.toml works; without, the command
    // is a script of its own.
    buf_text(&tokens, "exec \"$(eval echo \\\"$0\\\")\"");
    for (size_t i = 0; i < p->args.n; i++)
        buf_printf(&tokens, " \"$(eval echo \\\"${%zu}\\\")\"", i + 1);
    if (buf_finish(&script, "shell script", e) < 0 || buf_finish(&tokens, "shell script", e) < 0)
        return -1;
    strv_add(a, out, str_of(sh));
    strv_add(a, out, STR("-c"));
    strv_add(a, out, str_dup(a, buf_view(&script)));
    strv_add(a, out, str_of(p->self));
    if (p->args.n)
        strv_add(a, out, str_dup(a, buf_view(&tokens)));
    strv_add(a, out, p->command.v[0]);
    for (size_t i = 0; i < p->args.n; i++)
        strv_add(a, out, p->args.v[i]);
    return 0;
}

int launch_exec(struct arena *a, const struct launch_process *p, const struct strv *words,
                const struct strmap *env, struct err *e)
{
    // A shell process changes directory after its profile scripts, which expect the app's.
    if (!p->shell && chdir(str_c(a, p->working_dir)) < 0)
        return err_sys(e, "working directory " PRI_STR, STR_ARG(p->working_dir));
    const struct str *path = strmap_get(env, STR("PATH"));
    const char *file;
    if (launch_look_up(a, words->v[0], path ? *path : STR(""), &file, e) < 0)
        return -1;
    char **argv = ARENA_ARRAY(a, char *, words->n + 1);
    for (size_t i = 0; i < words->n; i++)
        argv[i] = arena_printf(a, PRI_STR, STR_ARG(words->v[i]));
    union {
        const char *const *in;
        char *const *out;
    } envp = {.in = env_vector(a, env)};
    execve(file, argv, envp.out);
    return err_sys(e, "%s", file);
}

int launch_run(struct arena *a, const struct launch_in *in, struct err *e)
{
    struct launch_process p;
    struct strmap env = {0};
    struct strv profiles = {0}, words = {0};
    if (launch_select(a, in, &p, e) < 0)
        return -1;
    if (chdir(str_c(a, in->app_dir)) < 0)
        return err_sys(e, "app directory " PRI_STR, STR_ARG(in->app_dir));
    if (launch_env(a, in, &p, &env, e) < 0)
        return -1;
    if (p.shell && launch_profiles(a, in, p.type, &profiles, e) < 0)
        return -1;
    if (launch_words(a, &p, &profiles, &words, e) < 0)
        return -1;
    return launch_exec(a, &p, &words, &env, e);
}

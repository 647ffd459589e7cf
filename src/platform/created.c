// SPDX-License-Identifier: Apache-2.0
#include "platform/created.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/proc.h"
#include "cnb/env.h"
#include "layer/make.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

enum { GIT_MS = 5000, WORDS_MAX = 24, SHOWN = 12, FILTERS_MAX = 100, CONFIG_MAX = 3 * FILTERS_MAX };

struct git {
    struct arena *a;
    const char *source, *path;
    struct strmap env;
};

// The work tree that holds `source`: the nearest directory with a ".git"; NULL when there is none.
static const char *work_tree(struct arena *a, const char *source)
{
    struct stat st;
    for (struct str dir = str_of(source);; dir = path_dir(dir)) {
        const char *root = dir.n > 1 ? str_c(a, dir) : "";
        if (fstatat(AT_FDCWD, arena_printf(a, "%s/.git", root), &st, 0) == 0)
            return root;
        if (dir.n <= 1)
            return NULL;
    }
}

// The user's own configuration counts (what it ignores, which owners it trusts), the machine's does not.
static struct git git_at(struct arena *a, const char *source, const struct strmap *env)
{
    static const char *const kept[] = {"HOME", "XDG_CONFIG_HOME", "PATH"};
    static const char *const set[][2] = {
        {"LC_ALL", "C"},
        {"GIT_CONFIG_NOSYSTEM", "1"},
        {"GIT_OPTIONAL_LOCKS", "0"}, // nothing is written, so no hook has an occasion
        {"GIT_TERMINAL_PROMPT", "0"},
        {"GIT_NO_LAZY_FETCH", "1"},     // of a partial clone
        {"GIT_ALLOW_PROTOCOL", "none"}, // the same for versions that do not know it
        {"GIT_NO_REPLACE_OBJECTS", "1"},
    };
    struct strmap own = {0};
    for (size_t i = 0; i < COUNT(kept); i++) {
        const struct str *v = strmap_get(env, str_of(kept[i]));
        if (v)
            strmap_set(a, &own, str_of(kept[i]), *v);
    }
    for (size_t i = 0; i < COUNT(set); i++)
        strmap_set(a, &own, str_of(set[i][0]), str_of(set[i][1]));
    const struct str *path = strmap_get(env, STR("PATH"));
    return (struct git){a, source, path ? str_c(a, *path) : NULL, own};
}

// Its wait status, -1: it did not come to an end. Unless this is 0, *why says how it failed; *out is what it wrote.
static int answer(const struct git *g, const char *const *words, struct str in, struct str *out,
                  struct str *why)
{
    static const char *const always[] = {"git", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null",
                                         "-C"};
    const char *argv[COUNT(always) + WORDS_MAX + 2];
    drop_buf struct buf text = BUF_INIT(LIMIT_CAPTURE), said = BUF_INIT(MIB(1));
    struct err e = {0};
    char line[512];
    int status;
    size_t n = 0;
    for (; n < COUNT(always); n++)
        argv[n] = always[n];
    argv[n++] = g->source;
    for (size_t i = 0; words[i]; i++)
        argv[n++] = words[i];
    argv[n] = NULL;
    const struct proc_spec spec = {PROC_QUIET, .argv = argv, .envp = env_vector(g->a, &g->env),
                                   .path = g->path, .timeout_ms = GIT_MS};
    if (proc_run(&spec, in, &text, &said, &status, &e) < 0 || buf_finish(&text, "git", &e) < 0) {
        *why = str_dup(g->a, str_of(err_text(&e, line, sizeof line)));
        return -1;
    }
    *out = str_dup(g->a, buf_view(&text));
    if (status == 0)
        return 0;
    struct str rest = buf_view(&said), first = {"", 0};
    (void)str_next_line(&rest, &first);
    *why = str_printf(g->a, "git %s: " PRI_STR, words[0],
                      STR_ARG(first.n ? str_printable(g->a, first, 160)
                                      : str_of(proc_status_text(status, line, sizeof line))));
    return status;
}

static bool ask(const struct git *g, const char *const *words, struct str in, struct str *out,
                struct str *why)
{
    return answer(g, words, in, out, why) == 0;
}

// "filter.NAME.KEY" of the user's configuration: git shall not run it, since such a program may read the repository's
// own configuration and run what that names, as git-lfs does. A file that it would change counts as changed.
static void silence(struct git *g, struct str key)
{
    static const char *const off[][2] = {{"clean", ""}, {"process", ""}, {"required", "false"}};
    const struct str *had = strmap_get(&g->env, STR("GIT_CONFIG_COUNT"));
    uint64_t n = 0;
    size_t dot;
    (void)(had && str_u64(*had, 0, CONFIG_MAX, &n));
    if (!str_find_last(key, '.', &dot) || n + COUNT(off) > CONFIG_MAX)
        return;
    for (size_t i = 0; i < COUNT(off); i++, n++) {
        strmap_set(g->a, &g->env, str_printf(g->a, "GIT_CONFIG_KEY_%ju", (uintmax_t)n),
                   str_printf(g->a, PRI_STR ".%s", STR_ARG(str_head(key, dot)), off[i][0]));
        strmap_set(g->a, &g->env, str_printf(g->a, "GIT_CONFIG_VALUE_%ju", (uintmax_t)n), str_of(off[i][1]));
    }
    strmap_set(g->a, &g->env, STR("GIT_CONFIG_COUNT"), str_printf(g->a, "%ju", (uintmax_t)n));
}

// A filter of the repository's own configuration is a program that git status would run. Who cannot be asked, or says
// more than we hear, is not harmless.
static bool harmless(struct git *g, struct str *why)
{
    static const char *const words[] = {"config",     "-z", "--show-scope", "--name-only", "--get-regexp",
                                        "^filter\\.", NULL};
    struct str out = {"", 0}, scope, name;
    int status = answer(g, words, STR(""), &out, why);
    bool none = status > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1 && !out.n;
    if (none || status != 0)
        return none;
    for (size_t n = 0; str_cut(&out, '\0', &scope) && str_cut(&out, '\0', &name); n++) {
        if (!str_is(scope, "global") || n == FILTERS_MAX) {
            *why = str_printf(g->a, "%s sets " PRI_STR ", so git is not asked",
                              n == FILTERS_MAX ? "git's configuration" : "the repository's configuration",
                              STR_ARG(str_printable(g->a, name, 80)));
            return false;
        }
        silence(g, name);
    }
    return true;
}

// "HEAD" as `git cat-file --batch` shows it: "ID commit SIZE\n", the commit, "\n".
static bool commit_time(struct str batch, struct str *id, int64_t *sec)
{
    struct str head, line, type;
    if (!str_next_line(&batch, &head) || !str_cut(&head, ' ', id) || !str_cut(&head, ' ', &type) ||
        !str_is(type, "commit"))
        return false;
    while (str_next_line(&batch, &line) && line.n) {
        size_t mail, zone;
        if (!str_has_prefix(line, "committer ") || !str_find_last(line, '>', &mail))
            continue;
        struct str when = str_trim(str_from(line, mail + 1));
        return str_find(when, ' ', &zone) && str_i64(str_head(when, zone), 0, CLOCK_SEC_MAX, sec);
    }
    return false;
}

// Entries of `status -z --ignored`, of which none may be a change. `inside` is the source's place in the work tree.
static bool clean(const struct git *g, struct str status, struct str inside, struct str *why)
{
    struct str entry;
    while (str_cut(&status, '\0', &entry)) {
        if (entry.n < 4)
            continue;
        struct str path = str_from(entry, 3);
        bool dir = path.p[path.n - 1] == '/';
        bool above = dir && inside.n + 1 >= path.n && memcmp(inside.p, path.p, path.n - 1) == 0 &&
                     (inside.n + 1 == path.n || inside.p[path.n - 1] == '/');
        if (str_has_prefix(entry, "!!") && !above)
            continue;
        *why =
            above ? STR("git ignores this folder")
                  : str_printf(g->a, PRI_STR " is not as committed", STR_ARG(str_printable(g->a, path, 160)));
        return false;
    }
    return true;
}

static bool of_commit(struct git *g, const char *root, struct created *out)
{
    static const char *const show[] = {"cat-file", "--batch", NULL};
    static const char *const changes[] = {"status",
                                          "--porcelain",
                                          "-z",
                                          "--ignored",
                                          "--untracked-files=normal",
                                          "--ignore-submodules=dirty",
                                          "--no-renames",
                                          "--",
                                          ".",
                                          NULL};
    struct str batch, status, id;
    size_t n = strlen(root);
    int64_t sec;
    struct str inside = str_of(g->source + n + (g->source[n] == '/'));
    struct stat st;
    if (fstatat(AT_FDCWD, arena_printf(g->a, "%s/.gitmodules", root), &st, AT_SYMLINK_NOFOLLOW) == 0) {
        out->why = STR("the repository has submodules, which are not looked into");
        return false;
    }
    if (!harmless(g, &out->why) || !ask(g, show, STR("HEAD\nHEAD:./\n"), &batch, &out->why))
        return false;
    if (!commit_time(batch, &id, &sec) || memmem(batch.p, batch.n, "HEAD:./ missing\n", 16)) {
        out->why = STR("git has no commit of this folder");
        return false;
    }
    if (!ask(g, changes, STR(""), &status, &out->why) || !clean(g, status, inside, &out->why))
        return false;
    out->sec = sec;
    out->why = str_printf(g->a, "commit " PRI_STR, STR_ARG(str_head(id, id.n < SHOWN ? id.n : SHOWN)));
    return true;
}

static int of_environment(const struct strmap *env, bool *given, struct created *out, struct err *e)
{
    const struct str *epoch = strmap_get(env, STR("SOURCE_DATE_EPOCH"));
    *given = epoch && epoch->n;
    if (*given && clock_source_date(*epoch, &out->sec, e) < 0)
        return -1;
    if (*given)
        out->why = STR("SOURCE_DATE_EPOCH");
    return 0;
}

static struct created of_source(struct arena *a, const char *source, const struct strmap *env)
{
    struct created got = {.sec = LAYER_MTIME};
    const char *root = work_tree(a, source);
    struct git g = git_at(a, source, env);
    if (!root)
        got.why = STR("fixed date: no git work tree");
    else if (!of_commit(&g, root, &got))
        got.why = str_printf(a, "fixed date: " PRI_STR, STR_ARG(got.why));
    return got;
}

int created_time(struct arena *a, const char *source, const struct strmap *env, struct created *out,
                 struct err *e)
{
    struct created got = {0};
    bool given;
    if (of_environment(env, &given, &got, e) < 0)
        return -1;
    *out = given ? got : of_source(a, source, env);
    return 0;
}

struct created_ask {
    struct arena *a; // the thread's until it is joined
    const char *source;
    const struct strmap *env;
    struct created got;
    pthread_t thread;
    bool runs;
};

static void *ask_thread(void *q_)
{
    struct created_ask *q = q_;
    q->got = of_source(q->a, q->source, q->env);
    return NULL;
}

int created_begin(const char *source, const struct strmap *env, struct created_ask **out, struct err *e)
{
    struct created now = {0};
    bool given;
    if (of_environment(env, &given, &now, e) < 0)
        return -1;
    struct created_ask *q = XNEW(struct created_ask);
    q->a = arena_new(8192);
    q->source = str_c(q->a, str_of(source));
    q->env = env;
    q->got = now;
    q->runs = !given && pthread_create(&q->thread, NULL, ask_thread, q) == 0;
    if (!given && !q->runs)
        (void)ask_thread(q);
    *out = q;
    return 0;
}

const struct created *created_answer(struct created_ask *q)
{
    if (q->runs)
        (void)pthread_join(q->thread, NULL);
    q->runs = false;
    return &q->got;
}

void created_free(struct created_ask *q)
{
    if (!q)
        return;
    (void)created_answer(q);
    arena_free(q->a);
    free(q);
}

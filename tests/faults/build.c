// SPDX-License-Identifier: Apache-2.0
// build MODE DIR - what the fault loops break: a whole `dema build`, its sandboxes and all.
//   once                 the first build of an app: one file in one layer
//   several              the second build of an app: layers that stay, change, go and come
//   before MODE DIR      DIR becomes what MODE begins with: an app, a buildpack, empty base images, a state
//   after MODE DIR       a build that failed has left nothing; another one makes what an undisturbed one makes, and gc
//                        leaves nothing else
// FAULTS_BUILD is the build folder; FAULTS_STATUS, for `after`, the exit code of a build that ended by itself.
#include "archive/walk.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/proc.h"
#include "stream/hash.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define BASE_BUILD "example.test/build"
#define BASE_RUN "example.test/run"

struct rig {
    struct arena *a;
    const char *built, *mode, *dir;
};

static const char *in(const struct rig *r, const char *dir, const char *name)
{
    return arena_printf(r->a, "%s/%s", dir, name);
}

static const char *const *environment(const struct rig *r, const char *dir)
{
    const char **v = ARENA_ARRAY(r->a, const char *, 5);
    v[0] = arena_printf(r->a, "DEMA_DATA=%s/data", dir);
    v[1] = arena_printf(r->a, "TMPDIR=%s/tmp", dir);
    v[2] = arena_printf(r->a, "HOME=%s", dir);
    v[3] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    return v;
}

static const char *const *build_words(const struct rig *r, const char *dir, const char *step)
{
    const char *const v[] = {in(r, r->built, "dema"),
                             "build",
                             in(r, dir, "app"),
                             "--tag",
                             "app",
                             "--build-image",
                             BASE_BUILD,
                             "--run-image",
                             BASE_RUN,
                             "--network",
                             "none",
                             "--buildpack",
                             in(r, dir, "buildpack"),
                             "-e",
                             arena_printf(r->a, "STEP=%s", step),
                             NULL};
    return arena_copy(r->a, v, sizeof v);
}

static const char *last_step(const struct rig *r)
{
    return strcmp(r->mode, "once") == 0 ? "once" : "2";
}

static int run(const struct rig *r, const char *dir, const char *const *argv, struct err *e)
{
    struct proc_spec spec = {.argv = argv, .envp = environment(r, dir), PROC_QUIET};
    drop_buf struct buf out = BUF_INIT(MIB(1)), err_out = BUF_INIT(MIB(1));
    int status;
    char text[64];
    if (proc_run(&spec, STR(""), &out, &err_out, &status, e) < 0)
        return -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return err_set(e, ERR_BUILDPACK, "%s %s: %s\n" PRI_STR PRI_STR, argv[0], argv[1],
                   proc_status_text(status, text, sizeof text), STR_ARG(buf_view(&out)),
                   STR_ARG(buf_view(&err_out)));
}

static int put(const struct rig *r, const char *dir, const char *path, struct str text, struct err *e)
{
    drop_fd int fd = -1;
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        path_mkdirs(fd, str_c(r->a, path_dir(str_of(path))), 0755, e) < 0)
        return -1;
    return file_place(fd, path, 0644, text, e);
}

static int copy(const struct rig *r, const char *from, const char *to, struct err *e)
{
    const char *const argv[] = {"cp", "-a", "--", from, to, NULL};
    return run(r, ".", argv, e);
}

static int import(const struct rig *r, const char *dir, const char *name, struct err *e)
{
    const char *const argv[] = {in(r, r->built, "tests/routes/test-import"),
                                "in",
                                in(r, dir, "data"),
                                name,
                                in(r, dir, "tree"),
                                "user=1000:1000",
                                "PATH=/bin",
                                "CNB_USER_ID=1000",
                                "CNB_GROUP_ID=1000",
                                NULL};
    return run(r, dir, argv, e);
}

// What every round begins with.
static int make_template(const struct rig *r, const char *dir, struct err *e)
{
    static const char *const empty[] = {"tree/proc/x", "tree/sys/x", "tree/dev/x", "tree/tmp/x", "tmp/x"};
    if (mkdir(dir, 0755) < 0)
        return err_sys(e, "%s", dir);
    for (size_t i = 0; i < COUNT(empty); i++)
        if (put(r, dir, empty[i], STR(""), e) < 0 || unlink(in(r, dir, empty[i])) < 0)
            return -1;
    if (put(r, dir, "tree/etc/passwd", STR("cnb:x:1000:1000::/tmp:/bin/sh\n"), e) < 0 ||
        put(r, dir, "app/file", STR("of the app\n"), e) < 0 ||
        put(r, dir, "buildpack/buildpack.toml",
            STR("api = \"0.10\"\n[buildpack]\nid = \"test/one\"\nversion = \"1.0.0\"\n"), e) < 0 ||
        put(r, dir, "buildpack/bin/x", STR(""), e) < 0)
        return -1;
    const char *program = in(r, r->built, "tests/faults/faults-buildpack");
    if (copy(r, program, in(r, dir, "buildpack/bin/detect"), e) < 0 ||
        copy(r, program, in(r, dir, "buildpack/bin/build"), e) < 0 || import(r, dir, BASE_BUILD, e) < 0 ||
        import(r, dir, BASE_RUN, e) < 0)
        return -1;
    return strcmp(r->mode, "once") == 0 ? 0 : run(r, dir, build_words(r, dir, "1"), e);
}

// A name that differs from build to build stands as if it did not.
static struct str settled(struct arena *a, struct str path)
{
    size_t at;
    struct str out = STR("");
    while (str_find(path, '/', &at) || path.n) {
        struct str part = str_find(path, '/', &at) ? str_head(path, at) : path;
        path = str_from(path, part.n < path.n ? part.n + 1 : part.n);
        out = str_printf(a, PRI_STR "/" PRI_STR, STR_ARG(out),
                         STR_ARG(str_has_prefix(part, "gen-") ? STR("gen-N") : part));
    }
    return out;
}

static int check_blob(const struct rig *r, int fd, struct str path, struct err *e)
{
    drop_buf struct buf content = BUF_INIT(MIB(64));
    char text[DIGEST_TEXT];
    struct digest got;
    if (file_read(fd, str_c(r->a, path), &content, e) < 0)
        return -1;
    digest_of(HASH_SHA256, content.p, content.n, &got);
    return str_has_suffix(str_of(digest_text(&got, text)), str_c(r->a, path_base(path)))
               ? 0
               : err_set(e, ERR_DIGEST, PRI_STR ": is %s", STR_ARG(path), text);
}

// Every name in the state once; blobs are what their names say. What is known/ goes by the app's place.
static int listing(const struct rig *r, const char *dir, struct buf *out, struct err *e)
{
    drop_(walk_free) struct walk *w = NULL;
    drop_fd int fd = -1;
    const struct walk_entry *it;
    enum walk_step step;
    struct strmap names = {0};
    if (path_open_host(in(r, dir, "data"), O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        walk_open(fd, ".", TREE_WALK, &w, e) < 0)
        return -1;
    while ((step = walk_next(w, &it, e)) == WALK_ENTRY) {
        if (!S_ISREG(it->st.st_mode))
            continue;
        if (str_has_prefix(it->path, "blobs/") && check_blob(r, fd, it->path, e) < 0)
            return -1;
        if (!str_has_prefix(it->path, "known/"))
            strmap_set(r->a, &names, settled(r->a, it->path), STR(""));
    }
    map_sort(&names);
    for (size_t i = 0; i < names.n; i++)
        buf_printf(out, PRI_STR "\n", STR_ARG(names.v[i].key));
    return step == WALK_ERROR ? -1 : buf_finish(out, "listing", e);
}

// The last build of the mode and gc: which image there is then, and what else.
static int finish(const struct rig *r, const char *dir, struct buf *out, struct err *e)
{
    const char *const gc[] = {in(r, r->built, "dema"), "gc", NULL};
    const char *const inspect[] = {in(r, r->built, "dema"), "inspect", "app", "-o", "json", NULL};
    struct proc_spec spec = {.argv = inspect, .envp = environment(r, dir), PROC_QUIET};
    drop_buf struct buf text = BUF_INIT(MIB(1));
    int status;
    if (run(r, dir, build_words(r, dir, last_step(r)), e) < 0 || run(r, dir, gc, e) < 0 ||
        proc_run(&spec, STR(""), &text, NULL, &status, e) < 0)
        return -1;
    struct str rest = buf_view(&text), line;
    while (str_cut(&rest, '\n', &line) && !str_has_prefix(line, "  \"digest\""))
        ;
    if (status || !line.n)
        return err_set(e, ERR_NOT_FOUND, "dema inspect: no digest");
    buf_printf(out, PRI_STR "\n", STR_ARG(line));
    return listing(r, dir, out, e);
}

static int before(const struct rig *r, struct err *e)
{
    struct str base = path_dir(str_of(r->dir));
    const char *template = arena_printf(r->a, PRI_STR "/template", STR_ARG(base));
    const char *whole = arena_printf(r->a, PRI_STR "/whole", STR_ARG(base));
    drop_buf struct buf want = BUF_INIT(MIB(4));
    if (dir_kind(AT_FDCWD, template) == DIR_ABSENT) {
        if (make_template(r, template, e) < 0 || copy(r, template, whole, e) < 0 ||
            finish(r, whole, &want, e) < 0 || put(r, str_c(r->a, base), "want", buf_view(&want), e) < 0)
            return -1;
    }
    return copy(r, template, r->dir, e);
}

static int after(const struct rig *r, struct err *e)
{
    const char *status = getenv("FAULTS_STATUS");
    drop_buf struct buf got = BUF_INIT(MIB(4)), want = BUF_INIT(MIB(4));
    struct strv left;
    drop_fd int tmp = -1;
    if (status &&
        (path_open_host(in(r, r->dir, "tmp"), O_RDONLY | O_DIRECTORY, 0, &tmp, e) < 0 ||
         dir_names(r->a, tmp, ".", 100, &left, e) < 0 ||
         (left.n && err_set(e, ERR_BUSY, "tmp/" PRI_STR ": is left behind", STR_ARG(left.v[0])) < 0)))
        return -1;
    if (finish(r, r->dir, &got, e) < 0 ||
        file_read(AT_FDCWD, arena_printf(r->a, PRI_STR "/want", STR_ARG(path_dir(str_of(r->dir)))), &want,
                  e) < 0)
        return -1;
    if (str_eq(buf_view(&got), buf_view(&want)))
        return 0;
    fprintf(stderr, "there is\n" PRI_STR "want\n" PRI_STR, STR_ARG(buf_view(&got)), STR_ARG(buf_view(&want)));
    return err_set(e, ERR_PARSE, "not what an undisturbed build leaves");
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char text[65536];
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct rig r = {a, getenv("FAULTS_BUILD"), argc > 2 ? argv[argc - 2] : "",
                    argc > 2 ? argv[argc - 1] : ""};
    if (argc < 3 || argc > 4 || !r.built) {
        fprintf(stderr, "usage: FAULTS_BUILD=DIR faults-build [before|after] MODE DIR\n");
        return 2;
    }
    if (argc == 3) {
        union {
            const char *const *in;
            char *const *out;
        } words = {build_words(&r, r.dir, last_step(&r))}, env = {environment(&r, r.dir)};
        execve(words.out[0], words.out, env.out);
        perror(words.out[0]);
        return 127;
    }
    int rc = strcmp(argv[1], "before") == 0 ? before(&r, &e) : after(&r, &e);
    if (rc < 0)
        fprintf(stderr, "build: %s\n", err_text(&e, text, sizeof text));
    return rc < 0;
}

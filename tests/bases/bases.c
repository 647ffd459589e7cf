// SPDX-License-Identifier: Apache-2.0
// The images of bases/ out of the packages that this machine's apt has: every library that a program needs is in its
// image, and against mmdebstrap with the same packages only the paths of differences.txt differ. Needs: debian.
#include "archive/tar_read.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/limits.h"
#include "base/proc.h"
#include "debian/unpack.h"
#include "platform/base_create.h"
#include "stream/memory.h"
#include "test.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

struct rig {
    struct arena *a;
    struct state *st;
    struct base_declaration d;
    struct base_created got;
};
static void rig_close(struct rig *r)
{
    state_close(r->st);
    arena_free(r->a);
}
#define RIG(r) __attribute__((cleanup(rig_close))) struct rig r = {.a = arena_new(65536)}

static const char *env_or(const char *name, const char *otherwise)
{
    const char *v = getenv(name);
    return v ? v : otherwise;
}

// `apt` NULL: the folder of packages that all of these tests share.
static int create(struct rig *r, const char *name, const char *state, const char *apt, struct err *why)
{
    drop_buf struct buf b = BUF_INIT(MIB(1));
    const char *file = arena_printf(r->a, "%s/bases/%s.toml", env_or("TEST_SOURCE", "."), name);
    MUST(file_read(AT_FDCWD, file, &b, &e));
    MUST(declaration_read(r->a, buf_view(&b), file, NULL, &r->d, &e));
    state_close(r->st);
    r->st = NULL;
    MUST(state_open(state, NULL, &r->st, &e));
    struct base_create_spec s = {
        .st = r->st,
        .declaration = &r->d,
        .apt_dir = apt ? apt : arena_printf(r->a, "%s/bases-apt", env_or("TEST_BUILD", "/var/tmp")),
        .codec = "plain",
        .envp = (const char *const *)environ};
    return base_create(r->a, &s, &r->got, why);
}

// Makes the image; false: this machine cannot, which was said.
static bool make(struct test *t, struct rig *r, const char *name)
{
    struct err why = {0};
    char text[1024];
    if (access("/usr/bin/apt-get", X_OK) != 0) {
        test_skip("no apt");
        return false;
    }
    if (create(r, name, arena_printf(r->a, "%s/state", t->path), NULL, &why) == 0)
        return true;
    CHECK_MSG(why.code == ERR_NETWORK, "%s", err_text(&why, text, sizeof text));
    test_skip("apt reaches no repository");
    return false;
}

// --- NEEDED

static void check_needed(struct test *t, const char *name)
{
    RIG(r);
    if (!make(t, &r, name))
        return;
    for (size_t i = 0; i < r.got.missing.n; i++)
        (void)fprintf(stderr, "# %s: " PRI_STR " needs " PRI_STR "\n", name, STR_ARG(r.got.missing.v[i].path),
                      STR_ARG(r.got.missing.v[i].needed));
    CHECK_MSG(r.got.missing.n == 0, "%s: %zu libraries are not in the image", name, r.got.missing.n);
}
#define NEEDED(word, name)                                                                                   \
    TEST_SECONDS(every_library_is_in_##word, 900)                                                            \
    {                                                                                                        \
        check_needed(t, name);                                                                               \
    }
NEEDED(run_tiny, "run-tiny")
NEEDED(run_base, "run-base")
NEEDED(run_full, "run-full")
NEEDED(build_base, "build-base")
NEEDED(build_full, "build-full")

// --- mmdebstrap

// A line of differences.txt: '+' is in ours only, '-' in mmdebstrap's only. A pattern (base/glob.h) that matches a
// directory holds for all beneath it.
struct rule {
    char side;
    struct str pattern;
    bool used;
};
struct rules {
    struct rule v[200];
    size_t n;
};

static void read_rules(struct rig *r, struct rules *out)
{
    drop_buf struct buf b = BUF_INIT(MIB(1));
    const char *file = arena_printf(r->a, "%s/tests/bases/differences.txt", env_or("TEST_SOURCE", "."));
    MUST(file_read(AT_FDCWD, file, &b, &e));
    struct str rest = str_dup(r->a, buf_view(&b)), line;
    while (str_next_line(&rest, &line)) {
        if (!line.n || line.p[0] == '#')
            continue;
        CHECK_MSG(out->n < COUNT(out->v) && line.n > 3 && line.p[1] == ' ' && line.p[2] == '/',
                  "differences.txt: " PRI_STR, STR_ARG(line));
        out->v[out->n++] = (struct rule){line.p[0], str_dup(r->a, str_from(line, 2)), false};
    }
}

static bool matches(struct str pattern, struct str path)
{
    for (size_t i = 1; i <= path.n; i++)
        if ((i == path.n || path.p[i] == '/') && glob_match(pattern, str_head(path, i), NULL) == GLOB_YES)
            return true;
    return false;
}

static bool is_listed(struct rules *rules, char side, struct str path)
{
    bool found = false;
    for (size_t i = 0; i < rules->n; i++)
        if (rules->v[i].side == side && matches(rules->v[i].pattern, path))
            found = rules->v[i].used = true;
    return found;
}

static void sort_once(struct strv *v)
{
    size_t n = 0;
    strv_sort(v);
    for (size_t i = 0; i < v->n; i++)
        if (!n || !str_eq(v->v[n - 1], v->v[i]))
            v->v[n++] = v->v[i];
    v->n = n;
}

// "/usr/bin/openssl", sorted; of a directory too. mmdebstrap leaves /bin and the like as they are in the packages until
// the package usrmerge is set up: here they are merged as in an installed Debian.
static void list_tar(struct rig *r, const char *file, struct strv *out)
{
    drop_fd int fd = -1;
    MUST(path_open_host(file, O_RDONLY, 0, &fd, &e));
    drop_(source_drop) struct source *s = source_fd(fd, file);
    drop_(tar_reader_free) struct tar_reader *tar = tar_reader_new(s);
    const struct tar_entry *t;
    struct err why = {0};
    char name[LIMIT_PATH];
    while (tar_next(tar, &t, &why) == TAR_ENTRY) {
        MUST(tar_name_clean(t->name, name, &e));
        if (*name)
            strv_add(r->a, out, str_printf(r->a, "/" PRI_STR, STR_ARG(deb_merged(r->a, str_of(name)))));
    }
    CHECK(why.code == ERR_NONE);
    sort_once(out);
}

static void list_tree(struct rig *r, struct strv *out)
{
    drop_(walk_free) struct walk *w = NULL;
    drop_fd int dir = -1;
    const struct walk_entry *it;
    struct err why = {0};
    MUST(state_tree_open(r->st, &r->got.image.config.rootfs.diff_ids.v[0], &dir, &e));
    MUST(walk_open(dir, ".", TREE_WALK, &w, &e));
    while (walk_next(w, &it, &why) == WALK_ENTRY)
        if (it->path.n)
            strv_add(r->a, out, str_printf(r->a, "/" PRI_STR, STR_ARG(it->path)));
    CHECK(why.code == ERR_NONE);
    strv_sort(out);
}

// How many paths of `ours` and `theirs` are on one side only and not in the list; each is printed.
static size_t compare(struct rules *rules, const struct strv *ours, const struct strv *theirs)
{
    size_t i = 0, k = 0, unlisted = 0;
    while (i < ours->n || k < theirs->n) {
        int order = i == ours->n ? 1 : k == theirs->n ? -1 : str_cmp(ours->v[i], theirs->v[k]);
        if (order == 0) {
            i++;
            k++;
            continue;
        }
        char side = order < 0 ? '+' : '-';
        struct str path = order < 0 ? ours->v[i++] : theirs->v[k++];
        if (is_listed(rules, side, path))
            continue;
        (void)fprintf(stderr, "# %c " PRI_STR "\n", side, STR_ARG(path));
        unlisted++;
    }
    return unlisted;
}

// false: it failed, and why was said.
static bool mmdebstrap(struct rig *r, const char *out)
{
    drop_buf struct buf list = BUF_INIT(MIB(1)), said = BUF_INIT(MIB(1));
    const char *argv[12] = {"mmdebstrap", "--quiet", "--variant=extract"};
    int status = -1;
    size_t n = 3;
    for (size_t i = 0; i < r->d.debian.packages.n; i++)
        buf_printf(&list, "%s" PRI_STR, i ? "," : "--include=", STR_ARG(r->d.debian.packages.v[i]));
    argv[n++] = list.p;
    argv[n++] = str_c(r->a, r->d.debian.suite);
    argv[n++] = out;
    // This machine's own sources, where they are whole files.
    if (access("/etc/apt/sources.list.d/debian.sources", R_OK) == 0)
        argv[n++] = "/etc/apt/sources.list.d/debian.sources";
    else if (access("/etc/apt/sources.list", R_OK) == 0)
        argv[n++] = "/etc/apt/sources.list";
    struct proc_spec s = {
        .argv = argv, .envp = (const char *const *)environ, .timeout_ms = 600000, PROC_QUIET};
    struct err e = {0};
    if (proc_run(&s, STR(""), NULL, &said, &status, &e) == 0 && status == 0)
        return true;
    (void)fprintf(stderr, "# mmdebstrap: %s", said.p ? said.p : "did not start\n");
    return false;
}

TEST_SECONDS(against_mmdebstrap_only_the_listed_paths_differ, 1800)
{
    static const char *const names[] = {"run-tiny", "run-base"};
    struct rules rules = {0};
    RIG(all);
    size_t unlisted = 0;
    if (access("/usr/bin/mmdebstrap", X_OK) != 0)
        SKIP("no mmdebstrap");
    read_rules(&all, &rules);
    for (size_t i = 0; i < COUNT(names); i++) {
        RIG(r);
        struct strv ours = {0}, theirs = {0};
        const char *tar = arena_printf(r.a, "%s/%s.tar", t->path, names[i]);
        if (!make(t, &r, names[i]))
            return;
        if (!mmdebstrap(&r, tar))
            SKIP("mmdebstrap fails on this machine");
        list_tar(&r, tar, &theirs);
        list_tree(&r, &ours);
        (void)fprintf(stderr, "# %s: %zu paths, mmdebstrap %zu\n", names[i], ours.n, theirs.n);
        unlisted += compare(&rules, &ours, &theirs);
    }
    for (size_t i = 0; i < rules.n; i++)
        CHECK_MSG(rules.v[i].used, "differences.txt: nothing is %c " PRI_STR " any more", rules.v[i].side,
                  STR_ARG(rules.v[i].pattern));
    CHECK_MSG(unlisted == 0, "%zu paths differ that differences.txt does not have", unlisted);
}

// --- What goes wrong

// Namespaces of this process's own; as an ordinary user with one id.
static bool enter(int flags)
{
    const struct {
        const char *file, *text;
    } maps[] = {
        {"/proc/self/setgroups", "deny"}, {"/proc/self/uid_map", "0 %u 1"}, {"/proc/self/gid_map", "0 %u 1"}};
    unsigned ids[] = {0, geteuid(), getegid()};
    if (unshare(flags) == 0)
        return true;
    if (unshare(flags | CLONE_NEWUSER) < 0)
        return false;
    for (size_t i = 0; i < COUNT(maps); i++) {
        drop_fd int fd = open(maps[i].file, O_WRONLY | O_CLOEXEC);
        char text[32];
        int n = snprintf(text, sizeof text, maps[i].text, ids[i]);
        if (fd < 0 || write(fd, text, (size_t)n) != n)
            return false;
    }
    return true;
}

static void left_nothing(struct rig *r)
{
    struct gc_stats n;
    struct state_name *v;
    size_t names;
    MUST(state_names(r->st, r->a, &v, &names, &e));
    EQ_UINT(names, 0);
    MUST(state_gc(r->st, NULL, &n, &e));
    EQ_UINT(n.leftovers + n.blobs + n.trees, 0);
}

TEST_SECONDS(without_a_network_it_says_so_and_leaves_nothing, 300)
{
    RIG(r);
    if (access("/usr/bin/apt-get", X_OK) != 0)
        SKIP("no apt");
    if (!enter(CLONE_NEWNET))
        SKIP("no network namespaces for this user");
    const char *state = arena_printf(r.a, "%s/state", t->path), *apt = arena_printf(r.a, "%s/apt", t->path);
    REFUSED(create(&r, "run-tiny", state, apt, &e), ERR_NETWORK, "base run-tiny|apt-get");
    left_nothing(&r);
}

// At whichever step the disk is full: one sentence, and nothing of it stays.
TEST_SECONDS(on_a_full_disk_it_says_so_and_leaves_nothing, 600)
{
    static const unsigned mib[] = {1, 10, 25, 40, 50};
    RIG(warm);
    RIG(r);
    const char *small = arena_printf(r.a, "%s/small", t->path), *state = arena_printf(r.a, "%s/state", small);
    if (!make(t, &warm, "run-tiny"))
        return;
    EQ_INT(mkdir(small, 0700), 0);
    if (!enter(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        SKIP("no mount namespaces for this user");
    for (size_t i = 0; i < COUNT(mib); i++) {
        EQ_INT(mount("none", small, "tmpfs", 0, arena_printf(r.a, "size=%um,mode=0700", mib[i])), 0);
        REFUSED(create(&r, "run-tiny", state, NULL, &e), ERR_IO, "base run-tiny|No space left");
        left_nothing(&r);
        state_close(steal_ptr(r.st));
        EQ_INT(umount2(small, 0), 0); // nothing keeps it open
    }
    EQ_INT(mount("none", small, "tmpfs", 0, "size=80m,mode=0700"), 0);
    MUST(create(&r, "run-tiny", state, NULL, &e));
    CHECK(digest_eq(&r.got.image.desc.digest, &warm.got.image.desc.digest));
}

static void fill(const char *dir, uint64_t leave)
{
    struct statvfs fs;
    drop_fd int fd = -1;
    drop_(arena_free) struct arena *a = arena_new(4096);
    MUST(path_open_host(arena_printf(a, "%s/filler", dir), O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, &e));
    EQ_INT(fstatvfs(fd, &fs), 0);
    EQ_INT(posix_fallocate(fd, 0, (off_t)(fs.f_bavail * fs.f_frsize - leave)), 0);
}

// The folder of lists and packages is on a full disk. apt would wait there, for ever as it seems.
TEST_SECONDS(without_room_for_packages_it_says_so, 600)
{
    RIG(r);
    const char *small = arena_printf(r.a, "%s/small", t->path),
               *state = arena_printf(r.a, "%s/state", t->path), *apt = arena_printf(r.a, "%s/apt", small);
    drop_fd int dir = -1;
    struct err why = {0};
    char text[1024];
    if (access("/usr/bin/apt-get", X_OK) != 0)
        SKIP("no apt");
    EQ_INT(mkdir(small, 0700), 0);
    if (!enter(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", small, "tmpfs", 0, "size=200m,mode=0700") < 0)
        SKIP("no mount namespaces for this user");
    if (create(&r, "run-tiny", state, apt, &why) < 0 && why.code == ERR_NETWORK)
        SKIP("apt reaches no repository");
    CHECK_MSG(why.code == ERR_NONE, "%s", err_text(&why, text, sizeof text));
    state = arena_printf(r.a, "%s/other", t->path);
    MUST(path_open_host(apt, O_RDONLY | O_DIRECTORY, 0, &dir, &e));
    MUST(tree_remove(dir, "packages", &e));
    fill(small, MIB(4));
    REFUSED(create(&r, "run-tiny", state, apt, &e), ERR_IO, "MB for packages, 4 MB are free|No space left");
    left_nothing(&r);
    MUST(tree_remove(dir, "lists-amd64", &e));
    REFUSED(create(&r, "run-tiny", state, apt, &e), ERR_IO, "MB for lists|are free|No space left");
    left_nothing(&r);
}

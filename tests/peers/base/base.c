// SPDX-License-Identifier: Apache-2.0
// Base images of bases/ out of the packages that this machine's apt has, and programs started in them.
#include "platform/base.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "platform/base_create.h"
#include "test.h"
#include <fcntl.h>

struct rig {
    struct arena *a;
    struct state *st;
    struct base_declaration d;
    struct base_create_spec spec;
};
static void rig_close(struct rig *r)
{
    state_close(r->st);
    arena_free(r->a);
}
#define RIG(r, folder)                                                                                       \
    __attribute__((cleanup(rig_close))) struct rig r = {.a = arena_new(65536)};                              \
    MUST(state_open(arena_printf(r.a, "%s/" folder, t->path), NULL, &r.st, &e))

// A declaration of bases/, with one more package (NULL: none).
static void declare(struct test *t, struct rig *r, const char *name, const char *more)
{
    static const char key[] = "packages = [";
    drop_buf struct buf b = BUF_INIT(MIB(1));
    const char *root = getenv("TEST_SOURCE"),
               *file = arena_printf(r->a, "%s/bases/%s.toml", root ? root : ".", name);
    MUST(file_read(AT_FDCWD, file, &b, &e));
    const char *at = memmem(b.p, b.n, key, sizeof key - 1);
    CHECK(at != NULL);
    size_t n = (size_t)(at - b.p) + sizeof key - 1;
    struct str text = str_printf(r->a, "%.*s%s%s%s%s", (int)n, b.p, more ? "\"" : "", more ? more : "",
                                 more ? "\", " : "", b.p + n);
    MUST(declaration_read(r->a, text, file, NULL, &r->d, &e));
    r->spec = (struct base_create_spec){.st = r->st,
                                        .declaration = &r->d,
                                        .apt_dir = arena_printf(r->a, "%s/apt", t->path),
                                        .envp = (const char *const *)environ,
                                        .keep_packages = true};
}

// Runs argv in the image's tree, as root of a user namespace.
static int run_in(struct rig *r, const struct image *img, const char *const *argv, struct str *said)
{
    drop_buf struct buf out = BUF_INIT(MIB(1)), err = BUF_INIT(MIB(1));
    const char *full[12] = {"unshare", "-Ur", "chroot",
                            str_c(r->a, state_tree_path(r->st, r->a, &img->config.rootfs.diff_ids.v[0]))};
    for (size_t i = 0; argv[i]; i++)
        full[4 + i] = argv[i];
    static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};
    struct proc_spec s = {.argv = full, .envp = env, .timeout_ms = 30000, PROC_QUIET};
    int status = -1;
    MUST(proc_run(&s, STR(""), &out, &err, &status, &e));
    *said = str_printf(r->a, PRI_STR PRI_STR, STR_ARG(buf_view(&out)), STR_ARG(buf_view(&err)));
    return status;
}

static void runs(struct rig *r, const struct image *img, const char *const *argv, const char *words)
{
    struct str said;
    int status = run_in(r, img, argv, &said);
    CHECK_MSG(status == 0 && memmem(said.p, said.n, words, strlen(words)), "%s: status %d: " PRI_STR, argv[0],
              status, STR_ARG(said));
}
#define RUNS(r, img, words, ...) runs(r, img, (const char *const[]){__VA_ARGS__, NULL}, words)

// Bytes of all files.
static uint64_t bytes_of(struct rig *r, const struct image *img)
{
    drop_(walk_free) struct walk *w = NULL;
    drop_fd int dir = -1;
    const struct walk_entry *it;
    uint64_t sum = 0;
    struct err over = {0};
    MUST(state_tree_open(r->st, &img->config.rootfs.diff_ids.v[0], &dir, &e));
    MUST(walk_open(dir, ".", TREE_WALK, &w, &e));
    while (walk_next(w, &it, &over) == WALK_ENTRY)
        sum += S_ISREG(it->st.st_mode) ? (uint64_t)it->st.st_size : 0;
    return sum;
}

static bool can_chroot(void)
{
    drop_buf struct buf out = BUF_INIT(4096);
    static const char *const argv[] = {"unshare", "-Ur", "true", NULL};
    struct proc_spec s = {.argv = argv, .timeout_ms = 10000, PROC_QUIET};
    int status = -1;
    struct err e = {0};
    return proc_run(&s, STR(""), &out, NULL, &status, &e) == 0 && status == 0;
}

TEST_SECONDS(tiny_from_this_machines_packages, 200)
{
    RIG(r, "state");
    RIG(other, "other");
    struct base_created got, again;
    struct deb_lock lock;
    struct err why = {0};
    char text[1024];
    declare(t, &r, "run-tiny", NULL);
    if (access("/usr/bin/apt-get", X_OK) != 0)
        SKIP("no apt");
    if (base_create(r.a, &r.spec, &got, &why) < 0 && why.code == ERR_NETWORK)
        SKIP("apt reaches no repository");
    CHECK_MSG(why.code == ERR_NONE, "%s", err_text(&why, text, sizeof text));
    EQ_UINT(got.missing.n, 0);
    uint64_t bytes = bytes_of(&r, &got.image);
    CHECK_MSG(bytes <= 25000000, "%ju bytes", (uintmax_t)bytes);
    // The mirror has dropped everything: what was kept is enough.
    MUST(base_lock_load(r.st, r.a, got.name, &lock, &e));
    r.spec.lock = &lock;
    r.spec.apt_dir = "/nonexistent";
    r.spec.envp = NULL;
    MUST(base_create(r.a, &r.spec, &again, &e));
    CHECK(digest_eq(&got.image.desc.digest, &again.image.desc.digest));
    // Elsewhere, by the lock, out of the cache.
    declare(t, &other, "run-tiny", NULL);
    other.spec.lock = &lock;
    other.spec.threads = 1;
    MUST(base_create(other.a, &other.spec, &again, &e));
    CHECK(digest_eq(&got.image.desc.digest, &again.image.desc.digest));
    if (!can_chroot())
        SKIP("no user namespaces: nothing was started in it");
    RUNS(&r, &got.image, "OpenSSL 3", "/usr/bin/openssl", "version");
}

TEST_SECONDS(a_package_more_works, 400)
{
    RIG(r, "state");
    struct base_created got;
    struct err why = {0};
    char text[1024];
    declare(t, &r, "run-base", "postgresql-client");
    if (access("/usr/bin/apt-get", X_OK) != 0)
        SKIP("no apt");
    if (base_create(r.a, &r.spec, &got, &why) < 0 && why.code == ERR_NETWORK)
        SKIP("apt reaches no repository");
    CHECK_MSG(why.code == ERR_NONE, "%s", err_text(&why, text, sizeof text));
    EQ_UINT(got.missing.n, 0);
    if (!can_chroot())
        SKIP("no user namespaces: nothing was started in it");
    RUNS(&r, &got.image, "psql (PostgreSQL)", "/bin/sh", "-c",
         "$(ls -d /usr/lib/postgresql/*/bin/psql) --version");
    RUNS(&r, &got.image, "gnu", "/bin/bash", "-c", "echo $MACHTYPE | grep -o gnu");
}

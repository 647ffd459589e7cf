// SPDX-License-Identifier: Apache-2.0
// Layouts and archives of ours in the hands of skopeo, umoci, podman and Docker.
#include "base/clock.h"
#include "base/limits.h"
#include "base/proc.h"
#include "image/archive.h"
#include "image/layout.h"
#include "rig.h"
#include <signal.h>
#include <time.h>

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool has(const char *program)
{
    static const char *const dirs[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
    drop_(arena_free) struct arena *a = arena_new(256);
    for (size_t i = 0; i < COUNT(dirs); i++)
        if (access(arena_printf(a, "%s/%s", dirs[i], program), X_OK) == 0)
            return true;
    return false;
}

// Runs it in a home of its own; what it printed, both streams.
static int run(struct test *t, struct arena *a, const char *const *argv, struct str *out)
{
    drop_buf struct buf b = BUF_INIT(MIB(4)), err = BUF_INIT(MIB(4));
    const char *env[] = {arena_printf(a, "HOME=%s", t->path), arena_printf(a, "XDG_RUNTIME_DIR=%s", t->path),
                         arena_printf(a, "TMPDIR=%s", t->path), "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    struct proc_spec s = {.argv = argv, .envp = env, .timeout_ms = 120000, PROC_QUIET};
    int status = -1;
    MUST(proc_run(&s, STR(""), &b, &err, &status, &e));
    *out = str_printf(a, PRI_STR PRI_STR, STR_ARG(buf_view(&b)), STR_ARG(buf_view(&err)));
    return status;
}

#define RUNS(out, ...)                                                                                       \
    do {                                                                                                     \
        int status_ = run(t, r.a, ARGS(__VA_ARGS__), &(out));                                                \
        CHECK_MSG(status_ == 0, "%s: " PRI_STR, #__VA_ARGS__, STR_ARG(out));                                 \
    } while (0)
#define HOLDS(text, word)                                                                                    \
    CHECK_MSG(memmem((text).p, (text).n, word, strlen(word)), "no %s in " PRI_STR, word, STR_ARG(text))

static const char *in(struct test *t, struct arena *a, const char *name)
{
    return arena_printf(a, "%s/%s", t->path, name);
}

static void write_layout(struct test *t, struct rig *r)
{
    drop_(layout_writer_drop) struct layout_writer *w = NULL;
    drop_(image_from_drop) struct image_from *from = image_from_state(r->st, NULL);
    MUST(layout_begin(in(t, r->a, "oci"), &w, &e));
    MUST(image_copy(from, &r->img, layout_to(w), &e));
    layout_add(w, &r->img, STR("1"));
    MUST(layout_commit(w, &e));
}

static void write_archive(struct test *t, struct rig *r)
{
    drop_(image_from_drop) struct image_from *from = image_from_state(r->st, NULL);
    struct archive_image v = {&r->img, STR(NAME)};
    drop_fd int fd = -1;
    MUST(path_open_plain(t->dir, "image.tar", O_WRONLY | O_CREAT | O_EXCL, 0644, &fd, &e));
    drop_(sink_drop) struct sink *s = sink_fd(fd, "image.tar");
    MUST(archive_write(&v, 1, from, s, &e));
    MUST(sink_finish(s, &e));
}

static const char *digest_of_image(struct rig *r, const struct digest *d)
{
    char text[DIGEST_TEXT];
    return str_c(r->a, str_of(digest_text(d, text)));
}

TEST_SECONDS(skopeo_reads_layouts_and_archives, 60)
{
    if (!has("skopeo"))
        SKIP("no skopeo");
    RIG(r);
    struct str out;
    rig_image(t, &r);
    write_layout(t, &r);
    write_archive(t, &r);
    const char *from[] = {arena_printf(r.a, "oci:%s/oci:1", t->path),
                          arena_printf(r.a, "oci-archive:%s/image.tar", t->path)};
    for (size_t i = 0; i < COUNT(from); i++) {
        RUNS(out, "skopeo", "inspect", from[i]);
        HOLDS(out, digest_of_image(&r, &r.img.desc.digest));
        HOLDS(out, "\"amd64\"");
        // It checks the digests of all blobs.
        RUNS(out, "skopeo", "copy", "--insecure-policy", from[i],
             arena_printf(r.a, "dir:%s/dir%zu", t->path, i));
    }
    RUNS(out, "skopeo", "inspect", "--config",
         arena_printf(r.a, "docker-archive:%s/image.tar:" NAME, t->path));
    HOLDS(out, digest_of_image(&r, &r.img.config.rootfs.diff_ids.v[1]));
    RUNS(out, "skopeo", "copy", "--insecure-policy",
         arena_printf(r.a, "docker-archive:%s/image.tar", t->path),
         arena_printf(r.a, "dir:%s/docker", t->path));
}

TEST_SECONDS(skopeo_refuses_a_layout_whose_blob_was_changed, 60)
{
    if (!has("skopeo"))
        SKIP("no skopeo");
    RIG(r);
    struct str out;
    char hex[DIGEST_TEXT];
    rig_image(t, &r);
    write_layout(t, &r);
    const char *blob =
        arena_printf(r.a, "oci/blobs/sha256/%s", digest_hex(&r.img.manifest.layers.v[0].digest, hex));
    test_write(t->dir, blob, "changed", 7);
    CHECK(run(t, r.a,
              ARGS("skopeo", "copy", "--insecure-policy", arena_printf(r.a, "oci:%s/oci:1", t->path),
                   arena_printf(r.a, "dir:%s/dir", t->path)),
              &out) != 0);
}

TEST_SECONDS(umoci_unpacks_a_layout, 60)
{
    if (!has("umoci"))
        SKIP("no umoci");
    RIG(r);
    struct str out;
    const char *image;
    rig_image(t, &r);
    write_layout(t, &r);
    image = arena_printf(r.a, "%s/oci:1", t->path);
    RUNS(out, "umoci", "stat", "--image", image);
    if (geteuid() == 0)
        RUNS(out, "umoci", "unpack", "--image", image, in(t, r.a, "bundle"));
    else
        RUNS(out, "umoci", "unpack", "--rootless", "--image", image, in(t, r.a, "bundle"));
    EQ_STR(test_read(r.a, t->dir, "bundle/rootfs/etc/os-release"), "ID=x\n");
    EQ_STR(test_read(r.a, t->dir, "bundle/rootfs/layers/bp/jre/bin/java"), "java");
    if (geteuid() == 0) {
        struct stat st;
        CHECK(fstatat(t->dir, "bundle/rootfs/layers/bp/jre/bin/java", &st, 0) == 0);
        EQ_UINT(st.st_uid, 1000);
        EQ_UINT(st.st_gid, 1001);
    }
}

TEST_SECONDS(podman_loads_an_archive, 120)
{
    if (!has("podman"))
        SKIP("no podman");
    RIG(r);
    struct str out;
    rig_image(t, &r);
    write_archive(t, &r);
    const char *root = in(t, r.a, "podman"), *state = in(t, r.a, "podman-run");
    int status = run(t, r.a,
                     ARGS("podman", "--root", root, "--runroot", state, "--storage-driver", "vfs", "load",
                          "--input", in(t, r.a, "image.tar")),
                     &out);
    if (status != 0 && geteuid() != 0 && memmem(out.p, out.n, "namespace", 9))
        SKIP("podman: no user namespace with many ids for this user");
    CHECK_MSG(status == 0, PRI_STR, STR_ARG(out));
    HOLDS(out, NAME);
    RUNS(out, "podman", "--root", root, "--runroot", state, "--storage-driver", "vfs", "image", "inspect",
         NAME);
    HOLDS(out, digest_of_image(&r, &r.img.config.rootfs.diff_ids.v[0]));
    HOLDS(out, digest_of_image(&r, &r.img.config.rootfs.diff_ids.v[1]));
    HOLDS(out, digest_of_image(&r, &r.img.manifest.config.digest) + strlen("sha256:"));
}

// A daemon of this test's own, that listens on a socket in its directory.
static bool start_dockerd(struct test *t, struct arena *a, struct proc *daemon, const char **host)
{
    drop_fd int log = -1;
    struct str out;
    *host = arena_printf(a, "unix://%s/d.sock", t->path);
    const char *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    const char *argv[] = {"dockerd",
                          "--bridge=none",
                          "--iptables=false",
                          "--data-root",
                          in(t, a, "data-root"),
                          "--exec-root",
                          in(t, a, "exec-root"),
                          "--pidfile",
                          in(t, a, "d.pid"),
                          "--host",
                          *host,
                          NULL};
    struct proc_spec s = {.argv = argv, .envp = env, PROC_QUIET};
    MUST(path_open_plain(t->dir, "dockerd.log", O_WRONLY | O_CREAT, 0600, &log, &e));
    s.out = s.err = log;
    MUST(proc_start(&s, daemon, &e));
    for (uint64_t end = clock_mono_ms() + 30000; clock_mono_ms() < end;) {
        struct timespec pause = {.tv_nsec = 200000000};
        if (run(t, a, ARGS("docker", "--host", *host, "version"), &out) == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static void stop_dockerd(struct proc *daemon)
{
    int status;
    struct err e = {0};
    if (daemon->pid > 0 && kill(daemon->pid, SIGTERM) == 0 && proc_wait(daemon, 20000, &status, &e) == 0)
        return;
    proc_done(daemon);
}
#define drop_dockerd __attribute__((cleanup(stop_dockerd)))

TEST_SECONDS(docker_loads_an_archive, 120)
{
    if (!has("dockerd") || !has("docker"))
        SKIP("no dockerd");
    if (geteuid() != 0)
        SKIP("dockerd needs root");
    RIG(r);
    drop_dockerd struct proc daemon = PROC_INIT;
    struct str out;
    const char *host;
    rig_image(t, &r);
    write_archive(t, &r);
    if (!start_dockerd(t, r.a, &daemon, &host))
        SKIP("dockerd does not come up on this machine");
    RUNS(out, "docker", "--host", host, "load", "--input", in(t, r.a, "image.tar"));
    HOLDS(out, NAME);
    RUNS(out, "docker", "--host", host, "image", "inspect", NAME);
    HOLDS(out, digest_of_image(&r, &r.img.config.rootfs.diff_ids.v[1]));
    HOLDS(out, digest_of_image(&r, &r.img.manifest.config.digest)); // its image ID
    // And back: what `docker save` writes.
    RUNS(out, "docker", "--host", host, "save", "--output", in(t, r.a, "saved.tar"), NAME);
    RIG_SECOND(other);
    struct archive_images got;
    drop_(txn_drop) struct txn *tx = NULL;
    drop_fd int fd = -1;
    MUST(path_open_plain(t->dir, "saved.tar", O_RDONLY, 0, &fd, &e));
    MUST(txn_begin(other.st, &tx, &e));
    MUST(archive_read(other.st, tx, source_fd(fd, "saved.tar"), r.a, &got, &e));
    EQ_UINT(got.n, 1);
    EQ_STR(got.v[0].reference, NAME);
    CHECK(digest_eq(&got.v[0].img->manifest.config.digest, &r.img.manifest.config.digest));
}

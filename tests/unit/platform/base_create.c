// SPDX-License-Identifier: Apache-2.0
#include "platform/base_create.h"
#include "../debian/unpack_rig.h"
#include "archive/tar_read.h"
#include "base/dir.h"
#include "document/json.h"
#include "platform/base.h"
#include "platform/du.h"
#include "platform/image_sbom.h"
#include <fcntl.h>

#define DIGEST_OF_TEXT "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct recipe recipes[] = {
    {.name = "base-files",
     .more = "Maintainer: A <a@example.com>\nDescription: files\n",
     .row = {DIR_("./etc/", NULL), FILE_("./usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
             FILE_("./usr/share/doc/base-files/copyright",
                   "Format: https://example.com/copyright-format/1.0/\n\nFiles: "
                   "*\nLicense: GPL-2+\n")}},
    {.name = "tool",
     .more = "Source: suite (0.9)\nMaintainer: B\nDepends: files-of-base | nothing, base-files\nDescription: "
             "a tool\n more\n",
     .row = {FILE_("./usr/bin/tool", "#!/bin/sh\n", 04755, 0, 7),
             DIR_("./var/spool/tool/", NULL, 02775, 3, 4)}},
};

struct kit {
    struct state *st;
    struct arena *a;
    struct base_declaration d;
    struct deb_lock lock;
    struct base_create_spec spec;
};
static void kit_close(struct kit *k)
{
    state_close(k->st);
    arena_free(k->a);
}
#define KIT(k, folder, kind)                                                                                 \
    __attribute__((cleanup(kit_close))) struct kit k = {.a = arena_new(8192)};                               \
    kit_open(t, &k, folder, kind)

#define DECLARATION                                                                                          \
    "name = \"small\"\nkind = \"%s\"\ndescription = \"a base\"\nhomepage = \"https://example.com\"\n"        \
    "maintainer = \"me\"\n[debian]\norigin = \"Debian\"\nsuite = \"bookworm\"\narchitecture = \"amd64\"\n"   \
    "components = [\"main\"]\npackages = [\"base-files\", \"tool\"]\n[image]\nreference = "                  \
    "\"example.com/base/small\"\n"                                                                           \
    "mirrors = [\"mirror.example.com/small\", \"other.example.com/small\"]\n[labels]\n\"com.example\" = "    \
    "\"1\"\n[env]\n"                                                                                         \
    "LANG = \"C.UTF-8\"\n[user]\nname = \"cnb\"\nuid = 1001\ngid = 1000\nhome = \"/home/cnb\"\n"

// The package as a blob of the state, and its line in the lock.
static void keep_package(struct kit *k, struct txn *tx, const struct recipe *r, struct buf *lock)
{
    drop_buf struct buf ar = BUF_INIT(MIB(16));
    struct descriptor d;
    char text[DIGEST_TEXT];
    rig_deb(r, &ar);
    MUST(image_put_blob(tx, STR(BASE_MEDIA_DEB), buf_view(&ar), &d, &e));
    buf_printf(
        lock,
        "[[packages]]\nname = \"%s\"\nversion = \"1.0\"\narchitecture = \"amd64\"\nsuite = \"bookworm\"\n"
        "filename = \"pool/%s.deb\"\nsize = %jd\ndigest = \"%s\"\n",
        r->name, r->name, (intmax_t)d.size, digest_text(&d.digest, text));
    (void)k;
}

static void kit_open(struct test *t, struct kit *k, const char *folder, const char *kind)
{
    drop_buf struct buf lock = BUF_INIT(MIB(1));
    drop_(txn_drop) struct txn *tx = NULL;
    struct digest digest;
    char text[DIGEST_TEXT];
    MUST(state_open(arena_printf(k->a, "%s/%s", t->path, folder), NULL, &k->st, &e));
    MUST(declaration_read(k->a, str_printf(k->a, DECLARATION, kind), "base.toml", NULL, &k->d, &e));
    declaration_digest(&k->d.debian, &digest);
    buf_printf(
        &lock,
        "format = 1\ndeclaration = \"%s\"\norigin = \"Debian\"\nsuite = \"bookworm\"\narchitecture = "
        "\"amd64\"\n"
        "[[releases]]\ncodename = \"bookworm\"\ndate = \"2026-07-11T10:16:37Z\"\ndigest = \"" DIGEST_OF_TEXT
        "\"\n",
        digest_text(&digest, text));
    MUST(txn_begin(k->st, &tx, &e));
    for (size_t i = 0; i < COUNT(recipes); i++)
        keep_package(k, tx, &recipes[i], &lock);
    MUST(txn_commit(tx, &e));
    MUST(deb_lock_read(k->a, str_dup(k->a, buf_view(&lock)), "lock", &k->lock, &e));
    k->spec = (struct base_create_spec){
        .st = k->st, .declaration = &k->d, .lock = &k->lock, .apt_dir = "/nonexistent"};
}

static const char *label(const struct image *img, const char *key)
{
    const struct str *v = image_config_label_get(&img->config, str_of(key));
    return v ? v->p : "(none)";
}

TEST(a_build_image_has_what_the_spec_asks_for)
{
    KIT(k, "state", "build");
    struct base_created got;
    struct image img;
    struct str value;
    MUST(base_create(k.a, &k.spec, &got, &e));
    EQ_STR(got.name, "example.com/base/small:latest");
    EQ_UINT(got.packages, 2);
    MUST(image_load(k.st, k.a, got.name, NULL, &img, &e));
    CHECK(digest_eq(&img.desc.digest, &got.image.desc.digest));
    EQ_STR(img.config.config.user, "1001:1000");
    CHECK(image_config_env_get(&img.config, STR("CNB_USER_ID"), &value) && str_is(value, "1001"));
    CHECK(image_config_env_get(&img.config, STR("CNB_GROUP_ID"), &value) && str_is(value, "1000"));
    CHECK(image_config_env_get(&img.config, STR("CNB_STACK_ID"), &value) &&
          str_is(value, "io.buildpacks.stacks.bookworm"));
    CHECK(image_config_env_get(&img.config, STR("LANG"), &value) && str_is(value, "C.UTF-8"));
    CHECK(image_config_env_get(&img.config, STR("PATH"), &value));
    EQ_TEXT(label(&img, "io.buildpacks.base.id"), "small");
    EQ_TEXT(label(&img, "io.buildpacks.base.distro.name"), "debian");
    EQ_TEXT(label(&img, "io.buildpacks.base.distro.version"), "12");
    EQ_TEXT(label(&img, "io.buildpacks.base.maintainer"), "me");
    EQ_TEXT(label(&img, "io.buildpacks.base.released"), "2026-07-11T10:16:37Z");
    EQ_TEXT(label(&img, "io.buildpacks.stack.id"), "io.buildpacks.stacks.bookworm");
    EQ_TEXT(label(&img, "io.buildpacks.rebasable"), "(none)");
    EQ_TEXT(label(&img, "com.example"), "1");
    EQ_STR(img.config.created, "2026-07-11T10:16:37Z");
    EQ_STR(img.config.architecture, "amd64");
    EQ_UINT(image_layer_where(k.st, &img, 0), IMAGE_BLOB | IMAGE_TREE);
}

TEST(a_run_image_can_be_rebased)
{
    KIT(k, "state", "run");
    struct base_created got;
    struct str value;
    MUST(base_create(k.a, &k.spec, &got, &e));
    EQ_TEXT(label(&got.image, "io.buildpacks.rebasable"), "true");
    CHECK(!image_config_env_get(&got.image.config, STR("CNB_USER_ID"), &value));
}

// What a tar reader says of an entry of the base's layer.
static struct tar_entry entry_of(struct kit *k, const struct image *img, const char *name)
{
    drop_fd int fd = -1;
    uint64_t size;
    const struct tar_entry *it;
    const struct descriptor *d = &img->manifest.layers.v[0];
    struct err ended = {0};
    MUST(state_blob_open(k->st, &d->digest, (uint64_t)d->size, &fd, &size, &e));
    drop_(source_drop) struct source *s = source_decoded(source_fd(fd, "layer"), NULL);
    drop_(tar_reader_free) struct tar_reader *r = tar_reader_new(s);
    while (tar_next(r, &it, &ended) == TAR_ENTRY)
        if (str_is(it->name, name))
            return *it;
    ck_abort_msg("no entry %s", name);
    return (struct tar_entry){0};
}

TEST(the_layer_has_the_owners_of_the_packages)
{
    KIT(k, "state", "run");
    struct base_created got;
    MUST(base_create(k.a, &k.spec, &got, &e));
    struct tar_entry tool = entry_of(&k, &got.image, "/usr/bin/tool"),
                     spool = entry_of(&k, &got.image, "/var/spool/tool"),
                     home = entry_of(&k, &got.image, "/home/cnb");
    EQ_UINT(tool.mode, 04755);
    EQ_UINT(tool.gid, 7);
    EQ_UINT(spool.mode, 02775);
    EQ_UINT(spool.uid, 3);
    EQ_UINT(home.uid, 1001);
    EQ_UINT(home.gid, 1000);
    // The tree has no setuid file of a wrong owner.
    drop_fd int dir = -1;
    struct stat st;
    MUST(state_tree_open(k.st, &got.image.config.rootfs.diff_ids.v[0], &dir, &e));
    CHECK(fstatat(dir, "usr/bin/tool", &st, 0) == 0);
    EQ_UINT(st.st_mode & 07000, 0);
}

TEST(the_same_lock_gives_the_same_digest)
{
    KIT(one, "one", "run");
    KIT(two, "two", "run");
    struct base_created first, second;
    MUST(base_create(one.a, &one.spec, &first, &e));
    umask(077);
    two.spec.threads = 1;
    two.spec.reference = STR("localhost:5000/elsewhere:3");
    two.spec.keep_packages = true;
    MUST(base_create(two.a, &two.spec, &second, &e));
    umask(022);
    EQ_STR(second.name, "localhost:5000/elsewhere:3");
    CHECK(digest_eq(&first.image.desc.digest, &second.image.desc.digest));
    CHECK(digest_eq(&first.sbom, &second.sbom));
    EQ_STR(second.lock, first.lock.p);
}

TEST(lock_packages_and_sbom_are_kept_beside_it)
{
    KIT(k, "state", "run");
    struct base_created got;
    struct base_info info, *list;
    struct deb_lock lock;
    struct gc_opts opts = {.refs = image_gc_refs};
    struct gc_stats stats;
    size_t n;
    MUST(base_create(k.a, &k.spec, &got, &e));
    MUST(base_inspect(k.st, k.a, STR("example.com/base/small"), &info, &e));
    CHECK(info.has_lock && info.has_sbom && !info.has_packages);
    k.spec.keep_packages = true;
    MUST(base_create(k.a, &k.spec, &got, &e));
    MUST(state_gc(k.st, &opts, &stats, &e));
    EQ_UINT(stats.blobs, 1); // the index of what referred to it before; packages are somebody's
    EQ_UINT(stats.trees, 0);
    MUST(base_list(k.st, k.a, &list, &n, &e));
    EQ_UINT(n, 1);
    CHECK(list[0].has_lock && list[0].has_sbom && list[0].has_packages);
    EQ_STR(list[0].kind, "run");
    EQ_UINT(list[0].mirrors.n, 2);
    EQ_STR(list[0].mirrors.v[1], "other.example.com/small");
    EQ_STR(list[0].distro_version, "12");
    MUST(base_lock_load(k.st, k.a, STR("example.com/base/small"), &lock, &e));
    EQ_UINT(lock.packages.n, 2);
    // From what is kept alone.
    k.spec.lock = &lock;
    struct base_created again;
    MUST(base_create(k.a, &k.spec, &again, &e));
    CHECK(digest_eq(&again.image.desc.digest, &got.image.desc.digest));
    EQ_UINT(again.ms[BASE_DOWNLOAD] / 10000, 0);
}

// An app image inherits the label that names it, so it is found from there too.
TEST(the_sbom_is_found_from_the_image)
{
    KIT(k, "state", "run");
    struct base_created got;
    struct image_sbom *v;
    struct str text, same;
    struct digest *label;
    size_t n;
    MUST(base_create(k.a, &k.spec, &got, &e));
    MUST(image_sboms(k.st, k.a, &got.image, &v, &n, &e));
    EQ_UINT(n, 1);
    EQ_STR(v[0].of, IMAGE_SBOM_RUN);
    EQ_STR(v[0].format, "cyclonedx");
    CHECK(!v[0].absent && !v[0].path.n);
    MUST(image_sbom_load(k.st, k.a, &v[0], &text, &e));
    MUST(base_sbom_load(k.st, k.a, got.name, &same, &e));
    CHECK(str_eq(text, same));
    EQ_UINT(v[0].size, text.n);
    // In a state that has the image without what is beside it.
    label = &v[0].digest;
    label->sum[0] ^= 1;
    char other[DIGEST_TEXT];
    image_config_label_set(k.a, &got.image.config, STR(BASE_LABEL_SBOM), str_of(digest_text(label, other)));
    MUST(image_sboms(k.st, k.a, &got.image, &v, &n, &e));
    CHECK(v[0].absent);
    REFUSED(image_sbom_load(k.st, k.a, &v[0], &text, &e), ERR_NOT_FOUND, "not on this machine");
    image_config_label_set(k.a, &got.image.config, STR(BASE_LABEL_SBOM), STR("sha256:no"));
    REFUSED(image_sboms(k.st, k.a, &got.image, &v, &n, &e), ERR_PARSE, BASE_LABEL_SBOM);
}

TEST(a_stop_ends_it_and_nothing_is_left)
{
    KIT(k, "state", "run");
    struct base_created got;
    struct strv left;
    int ends[2];
    drop_fd int state = -1;
    CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    k.spec.stop = &ends[0];
    REFUSED(base_create(k.a, &k.spec, &got, &e), ERR_CANCELLED, "stopped");
    MUST(path_open_host(state_path(k.st), O_RDONLY | O_DIRECTORY, 0, &state, &e));
    MUST(dir_names(k.a, state, "tmp", 10, &left, &e));
    EQ_UINT(left.n, 0);
    MUST(dir_names(k.a, state, "names", 10, &left, &e));
    EQ_UINT(left.n, 0);
}

TEST(what_takes_how_much)
{
    KIT(k, "state", "run");
    struct base_created got;
    struct du d;
    MUST(du_measure(k.st, k.a, &d, &e));
    EQ_UINT(d.images.n, 0);
    MUST(base_create(k.a, &k.spec, &got, &e));
    MUST(du_measure(k.st, k.a, &d, &e));
    EQ_UINT(d.images.n, 1); // the index of what refers to it is no image
    EQ_STR(d.images.v[0].name, "example.com/base/small:latest");
    EQ_UINT(d.images.v[0].own, d.images.v[0].bytes);
    EQ_UINT(d.images.v[0].layers, 1);
    EQ_UINT(d.images.v[0].shared, 0);
    CHECK(d.part[DU_BLOBS].bytes && d.part[DU_TREES].entries > d.part[DU_DEPS].entries);
    EQ_TEXT(du_part_name(DU_APT), "apt");
    k.spec.reference = STR("other");
    MUST(base_create(k.a, &k.spec, &got, &e));
    MUST(du_measure(k.st, k.a, &d, &e));
    EQ_UINT(d.images.n, 2);
    EQ_UINT(d.images.v[0].own, 0);
    EQ_UINT(d.images.v[1].shared, 1);
}

static struct str at(const struct val *v, const char *path)
{
    const struct val *got = val_at(v, path);
    return got && got->kind == VAL_STR ? got->s : STR("(none)");
}

TEST(the_sbom_lists_packages_with_sources_and_licences)
{
    KIT(k, "state", "run");
    struct base_created got;
    struct str text;
    struct val *doc;
    char digest[DIGEST_TEXT];
    MUST(base_create(k.a, &k.spec, &got, &e));
    MUST(base_sbom_load(k.st, k.a, got.name, &text, &e));
    EQ_TEXT(label(&got.image, BASE_LABEL_SBOM), digest_text(&got.sbom, digest));
    MUST(json_read(k.a, text, "bom", &doc, &e));
    EQ_STR(at(doc, "metadata.component.name"), "small");
    const struct val *c = val_get(doc, STR("components"));
    EQ_UINT(c->c.n, 3);
    EQ_STR(at(&c->c.v[1], "purl"), "pkg:deb/debian/base-files@1.0?arch=amd64&distro=debian-12");
    EQ_STR(at(&val_get(&c->c.v[1], STR("licenses"))->c.v[0], "license.id"), "GPL-2.0-or-later");
    EQ_STR(at(&c->c.v[2], "purl"),
           "pkg:deb/debian/tool@1.0?arch=amd64&distro=debian-12&upstream=suite%400.9");
    EQ_STR(at(&c->c.v[2], "description"), "a tool");
    const struct val *edges = val_get(doc, STR("dependencies"));
    EQ_STR(val_get(&edges->c.v[3], STR("dependsOn"))->c.v[0].s,
           "pkg:deb/debian/base-files@1.0?arch=amd64&distro=debian-12");
}

TEST(a_lock_of_another_declaration_is_refused)
{
    KIT(k, "state", "run");
    struct base_created got;
    k.d.debian.packages.n = 1;
    REFUSED(base_create(k.a, &k.spec, &got, &e), ERR_USAGE, "base small");
}

TEST(a_package_that_is_not_what_it_was_leaves_nothing)
{
    KIT(k, "state", "run");
    struct base_created got;
    struct strv names;
    char hex[DIGEST_TEXT];
    const char *path =
        arena_printf(k.a, "state/blobs/sha256/%s", digest_hex(&k.lock.packages.v[1].digest, hex));
    struct str bytes = test_read(k.a, t->dir, path);
    char *changed = arena_copy(k.a, bytes.p, bytes.n);
    memset(changed + bytes.n / 2, 'x', 200);
    CHECK(unlinkat(t->dir, path, 0) == 0);
    test_write(t->dir, path, changed, bytes.n);
    REFUSED(base_create(k.a, &k.spec, &got, &e), ERR_PARSE, "base small|tool");
    MUST(dir_names(k.a, t->dir, "state/names", 100, &names, &e));
    EQ_UINT(names.n, 0);
    MUST(dir_names(k.a, t->dir, "state/tmp", 100, &names, &e));
    EQ_UINT(names.n, 0);
    MUST(dir_names(k.a, t->dir, "state/trees/sha256", 100, &names, &e));
    EQ_UINT(names.n, 0);
}

TEST(what_is_not_there_is_said)
{
    KIT(k, "state", "run");
    struct base_info info;
    struct deb_lock lock;
    struct str text;
    struct base_info *list;
    size_t n;
    MUST(base_list(k.st, k.a, &list, &n, &e));
    EQ_UINT(n, 0);
    REFUSED(base_inspect(k.st, k.a, STR("none"), &info, &e), ERR_NOT_FOUND, "none");
    REFUSED(base_lock_load(k.st, k.a, STR("none"), &lock, &e), ERR_NOT_FOUND, "none");
    REFUSED(base_sbom_load(k.st, k.a, STR("none"), &text, &e), ERR_NOT_FOUND, "none");
}

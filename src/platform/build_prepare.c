// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/analyzed.h"
#include "cnb/buildpack.h"
#include "cnb/env.h"
#include "document/json.h"
#include "document/toml.h"
#include "platform/build_priv.h"
#include "platform/kept_priv.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

static int load_image(struct building *b, struct str name, const char *kind, struct image *out, struct err *e)
{
    if (image_load(b->o->st, b->a, name, NULL, out, e) < 0)
        return err_wrap(e, "%s image (\"dema base create\" makes one)", kind);
    if (!manifest_is_image(&out->manifest))
        return err_set(e, ERR_USAGE, "%s image " PRI_STR ": is an artifact, not an image", kind,
                       STR_ARG(name));
    return 0;
}

static int id_of(const struct image *img, const char *variable, uint32_t *out, struct err *e)
{
    struct str text;
    uint64_t id;
    if (!image_config_env_get(&img->config, str_of(variable), &text))
        return err_set(
            e, ERR_USAGE,
            "build image: its environment does not set %s, so buildpacks cannot run in it (bases/ has "
            "declarations of some that do)",
            variable);
    if (!str_u64(text, 1, IMAGE_ID_MAX, &id))
        return err_set(e, ERR_USAGE, "build image: %s is \"" PRI_STR "\", want a number above 0", variable,
                       STR_ARG(text));
    *out = (uint32_t)id;
    return 0;
}

// Started by root, what is written inside belongs to an unprivileged id outside; else to us.
static void set_outside_ids(struct building *b)
{
    uint32_t u = 0, g = 0;
    b->out_uid = b->out_gid = -1;
    if (geteuid() != 0)
        return;
    (void)sbx_outside(b->uid_map, b->uid, &u);
    (void)sbx_outside(b->gid_map, b->gid, &g);
    b->out_uid = u;
    b->out_gid = g;
}

static int make_dirs(struct building *b, struct err *e)
{
    int64_t uid = b->out_uid, gid = b->out_gid;
    return workdir_sub(&b->work, "layers", 0755, uid, gid, e) < 0 ||
                   workdir_sub(&b->work, "home", 0755, uid, gid, e) < 0 ||
                   workdir_scratch(&b->work, "app", 0755, uid, gid, e) < 0 ||
                   workdir_sub(&b->work, "platform", 0755, -1, -1, e) < 0 ||
                   workdir_sub(&b->work, "platform/env", 0755, -1, -1, e) < 0 ||
                   workdir_sub(&b->work, "cnb", 0755, -1, -1, e) < 0 ||
                   workdir_sub(&b->work, "cnb/build-config", 0755, -1, -1, e) < 0
               ? -1
               : 0;
}

static int put_variable(struct building *b, struct str name, struct str value, struct err *e)
{
    size_t at;
    if (!env_name_ok(name) || str_find(name, '/', &at) || !path_is_safe(name))
        return err_set(e, ERR_USAGE, "environment: \"" PRI_STR "\" is not a variable's name", STR_ARG(name));
    const char *path = arena_printf(b->a, "platform/env/" PRI_STR, STR_ARG(name));
    return file_place(b->work.fd, path, 0644, value, e) < 0 ? -1 : 0;
}

// What a variable is unless a buildpack or the user says otherwise. What the build image's operator says stays.
static int put_default(struct building *b, struct str name, struct str value, struct err *e)
{
    const char *inside = arena_printf(b->a, "cnb/build-config/env/" PRI_STR, STR_ARG(name));
    for (size_t i = 0; i < b->root.held.n; i++)
        if (dir_kind(b->root.held.v[i], inside) != DIR_ABSENT)
            return 0;
    strv_add(b->a, &b->defaults, name);
    return file_place(b->work.fd, arena_printf(b->a, "cnb/build-config/" PRI_STR, STR_ARG(name)), 0644, value,
                      e);
}

// <build-config>/env, with the build image open.
static int write_defaults(struct building *b, struct err *e)
{
    static const char *const bundles[] = {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"};
    for (size_t i = 0; b->o->ca_bundle && i < COUNT(bundles); i++)
        if (put_default(b, str_of(bundles[i]), STR(INSIDE_PLATFORM "/ca-certificates.crt"), e) < 0)
            return -1;
    return 0;
}

// <platform>/env: the user's variables, and what a build needs of this host. Users' settings win.
static int write_environment(struct building *b, struct err *e)
{
    static const char *const proxies[] = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
                                          "http_proxy", "https_proxy", "no_proxy"};
    for (size_t i = 0; i < COUNT(proxies); i++) {
        const struct str *v = strmap_get(b->o->host_env, str_of(proxies[i]));
        if (v && put_variable(b, str_of(proxies[i]), *v, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < b->o->env->n; i++)
        if (put_variable(b, b->o->env->v[i].key, b->o->env->v[i].val, e) < 0)
            return -1;
    return 0;
}

// Mounted where the id inside can read it; copied where only its owner may.
static int place_bundle(struct building *b, struct err *e)
{
    drop_buf struct buf text = BUF_INIT(MIB(16)); // Debian's has 220 KiB
    drop_fd int fd = -1;
    struct stat info;
    if (!b->o->ca_bundle)
        return 0;
    if (path_open_host(b->o->ca_bundle, O_RDONLY, 0, &fd, e) < 0)
        return err_wrap(e, "certificates (SSL_CERT_FILE)");
    b->bundle_mounted = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH);
    if (!b->bundle_mounted && file_read_fd(fd, b->o->ca_bundle, &text, e) < 0)
        return err_wrap(e, "certificates (SSL_CERT_FILE)");
    return file_place(b->work.fd, "platform/ca-certificates.crt", 0644, buf_view(&text), e);
}

// <platform>/bindings, where the user's own environment names bindings. Neither they nor what they say are logged.
static int place_bindings(struct building *b, struct err *e)
{
    const struct str *root = strmap_get(b->o->host_env, STR(BINDING_ROOT));
    if (!root || !root->n)
        return 0;
    if (workdir_bindings(&b->work, b->a, *root, "platform/bindings", &b->bindings, e) < 0)
        return -1;
    event_emit(b->o->ev, &(struct event){.kind = EV_FACT,
                                         .phase = STR("detect"),
                                         .subject = STR("bindings"),
                                         .text = str_printf(b->a, "%zu of " BINDING_ROOT, b->bindings.n)});
    return 0;
}

// Where nothing can be laid over a recipe's folder, it is copied and the links are put in.
static int copy_bare(struct building *b, struct err *e)
{
    for (size_t i = 0; i < b->buildpacks.n; i++) {
        struct build_buildpack *bp = &b->buildpacks.v[i];
        drop_fd int from = -1, links = -1;
        if (!bp->bare)
            continue;
        const char *at = arena_printf(b->a, "cnb/copy-%zu", i);
        if (path_open_host(bp->dir, O_RDONLY | O_DIRECTORY, 0, &from, e) < 0 ||
            path_open_plain(b->work.fd, "cnb/links", O_RDONLY | O_DIRECTORY, 0, &links, e) < 0 ||
            workdir_sub(&b->work, at, 0755, b->out_uid, b->out_gid, e) < 0)
            return -1;
        const struct kept_copy folder = {from, b->work.fd, ".", at, b->out_uid, b->out_gid};
        const struct kept_copy over = {links, b->work.fd, ".", at, b->out_uid, b->out_gid};
        if (kept_lay(&folder, e) < 0 || kept_lay(&over, e) < 0)
            return err_wrap(e, "buildpack %s", bp->dir);
        bp->dir = arena_printf(b->a, "%s/%s", b->work.path, at);
        bp->bare = false;
    }
    return 0;
}

// Detection's order, and a folder of links for those recipes that have no programs of their own.
static int place_buildpacks(struct building *b, struct err *e)
{
    static const char *const links[] = {"bin/detect", "bin/build"};
    const struct buildpacks_in in = {b->o->programs, b->o->buildpacks, b->o->ev};
    struct str order;
    bool bare = false, recipe = false;
    if (buildpacks_find(b->a, &in, &b->buildpacks, e) < 0 ||
        buildpacks_order(b->a, &b->buildpacks, &order, e) < 0)
        return -1;
    for (size_t i = 0; i < b->buildpacks.n; i++) {
        bare |= b->buildpacks.v[i].bare;
        recipe |= b->buildpacks.v[i].recipe;
    }
    if (recipe && !b->o->programs->engine)
        return err_set(e, ERR_NOT_FOUND, "dema's own program engine, which runs recipes: not in %s",
                       b->o->programs->dir);
    if (file_place(b->work.fd, "cnb/order.toml", 0644, order, e) < 0)
        return -1;
    if (bare && workdir_sub(&b->work, "cnb/links/bin", 0755, -1, -1, e) < 0)
        return -1;
    for (size_t i = 0; bare && i < COUNT(links); i++)
        if (symlinkat(INSIDE_CNB "/engine", b->work.fd, arena_printf(b->a, "cnb/links/%s", links[i])) < 0)
            return err_sys(e, "%s", links[i]);
    return b->copies ? copy_bare(b, e) : 0;
}

// analyzed.toml: for which target the buildpacks build, and on what.
static int write_analyzed(struct building *b, struct err *e)
{
    const struct image_config *c = &b->run_image.config;
    struct cnb_analyzed doc = {0};
    struct cnb_analyzed_target *t = &doc.run_image.target;
    struct val *tree;
    drop_buf struct buf text = BUF_INIT(LIMIT_DOCUMENT);
    const struct str *id = image_config_label_get(c, STR("io.buildpacks.base.id")),
                     *name = image_config_label_get(c, STR("io.buildpacks.base.distro.name")),
                     *version = image_config_label_get(c, STR("io.buildpacks.base.distro.version"));
    build_run_image(b, &doc.run_image.image, &doc.run_image.reference);
    *t = (struct cnb_analyzed_target){
        .id = id ? *id : STR(""), .os = c->os, .arch = c->architecture, .variant = c->variant};
    t->distro = (struct cnb_distro){name ? *name : STR(""), version ? *version : STR("")};
    if (analyzed_write(b->a, &doc, &tree, e) < 0 || toml_write(tree, &text, e) < 0)
        return err_wrap(e, "analyzed.toml");
    return file_place(b->work.fd, "layers/analyzed.toml", 0644, buf_view(&text), e);
}

// The image that the name stands for. One whose label says nothing we understand is followed all the same.
static int load_previous(struct building *b, struct err *e)
{
    struct err why = {0};
    struct val *doc;
    char text[512];
    if (image_load(b->o->st, b->a, b->o->name, NULL, &b->previous, &why) < 0) {
        if (why.code == ERR_NOT_FOUND)
            return 0;
        *e = why;
        return err_wrap(e, "previous image");
    }
    b->has_previous = manifest_is_image(&b->previous.manifest);
    const struct str *label = image_config_label_get(&b->previous.config, STR(LABEL_LIFECYCLE));
    if (!b->has_previous || !label)
        return 0;
    if (json_read(b->a, *label, LABEL_LIFECYCLE, &doc, &why) < 0 ||
        lifecycle_metadata_read(b->a, doc, LABEL_LIFECYCLE, &b->previous_md, &why) < 0)
        event_warn(b->o->ev, NULL, "previous image: %s", err_text(&why, text, sizeof text));
    else
        b->previous_label = &b->previous_md;
    return 0;
}

// An overlay's upper cannot lie on an overlay; runc hands out no mounts.
static int choose_copies(struct building *b, struct err *e)
{
    struct statfs temp, state;
    if (statfs(b->work.path, &temp) < 0 || statfs(state_path(b->o->st), &state) < 0)
        return err_sys(e, "filesystems");
    b->copies = b->o->copies || b->o->runner != SBX_NAMESPACES || temp.f_type == OVERLAYFS_SUPER_MAGIC ||
                state.f_type == OVERLAYFS_SUPER_MAGIC;
    return 0;
}

static int open_kept(struct building *b, struct err *e)
{
    const struct kept_opts o = {.st = b->o->st,
                                .ev = b->o->ev,
                                .name = b->name,
                                .uid = b->uid,
                                .gid = b->gid,
                                .out_uid = b->out_uid,
                                .out_gid = b->out_gid,
                                .copies = b->copies,
                                .codec = BUILD_CODEC,
                                .source = b->o->source};
    return kept_open(b->a, &o, &b->kept, e);
}

static int copy_app(struct building *b, struct err *e)
{
    drop_fd int from = -1;
    if (!b->copies)
        return 0;
    if (path_open_host(b->o->source, O_RDONLY | O_DIRECTORY, 0, &from, e) < 0)
        return -1;
    const struct kept_copy c = {from, b->work.fd, ".", "app/upper", b->out_uid, b->out_gid};
    build_known_before_copy(b);
    if (kept_lay(&c, e) < 0)
        return err_wrap(e, "app");
    if (workdir_sub(&b->work, "app/upper", 0755, b->out_uid, b->out_gid, e) < 0)
        return -1;
    build_known_after_copy(b);
    return 0;
}

static int find_ids(struct building *b, struct err *e)
{
    struct sbx_plan ids = {0};
    if (id_of(&b->build_image, "CNB_USER_ID", &b->uid, e) < 0 ||
        id_of(&b->build_image, "CNB_GROUP_ID", &b->gid, e) < 0 || sbx_ids(b->uid, b->gid, &ids, e) < 0)
        return -1;
    memcpy(b->uid_map, ids.uid, sizeof ids.uid);
    memcpy(b->gid_map, ids.gid, sizeof ids.gid);
    set_outside_ids(b);
    return 0;
}

int build_prepare(struct building *b, struct err *e)
{
    if (load_image(b, b->o->build_image, "build", &b->build_image, e) < 0 ||
        load_image(b, b->o->run_image, "run", &b->run_image, e) < 0 || find_ids(b, e) < 0)
        return -1;
    if (workdir_make(b->o->temp_dir, &b->work, e) < 0)
        return err_wrap(e, "temporary files (TMPDIR)");
    if (choose_copies(b, e) < 0 || open_kept(b, e) < 0 || load_previous(b, e) < 0)
        return -1;
    if (make_dirs(b, e) < 0 || write_environment(b, e) < 0 || place_bundle(b, e) < 0 ||
        place_bindings(b, e) < 0 || place_buildpacks(b, e) < 0 || write_analyzed(b, e) < 0)
        return -1;
    if (build_known_source(b, e) < 0)
        return err_wrap(e, "app");
    // Behind what a user may have got wrong: the first time, the image's layers are unpacked.
    if (rootfs_open(b->o->st, b->a, &b->build_image, &b->root, e) < 0 || write_defaults(b, e) < 0)
        return -1;
    return copy_app(b, e);
}

// SPDX-License-Identifier: Apache-2.0
#include "platform/base_create.h"
#include "base/clock.h"
#include "base/limits.h"
#include "debian/answer.h"
#include "debian/decoded.h"
#include "debian/finish.h"
#include "image/referrers.h"
#include "platform/base.h"
#include "platform/base_image.h"
#include "platform/base_packages.h"
#include "platform/stop.h"
#include "sbom/cyclonedx.h"
#include "stream/memory.h"
#include <assert.h>

static const char *const step_names[] = {
    [BASE_RESOLVE] = "resolve", [BASE_DOWNLOAD] = "download", [BASE_UNPACK] = "unpack",
    [BASE_FINISH] = "finish",   [BASE_CHECK] = "check",       [BASE_LAYER] = "layer",
    [BASE_STORE] = "store",
};
static_assert(COUNT(step_names) == BASE_STEP_MAX_, "one name per step");

const char *base_step_name(enum base_step s)
{
    return step_names[s];
}

struct making {
    const struct base_create_spec *spec;
    struct arena *a;
    struct base_created *out;
    struct apt_spec apt;
    struct deb_lock lock;
    struct digest lock_digest;
    struct base_packages packages;
    struct txn *t;
    int root;
    struct owners *owners;
    struct deb_set *set;
    struct sbom_distro distro;
    struct str sbom;
    uint64_t step_began;
};

static void phase(struct making *m, enum base_step s, bool over)
{
    uint64_t now = clock_mono_ms();
    if (over)
        m->out->ms[s] = now - m->step_began;
    m->step_began = now;
    event_emit(m->spec->ev, &(struct event){.kind = EV_PHASE,
                                            .phase = str_of(step_names[s]),
                                            .done = over,
                                            .total = over ? m->out->ms[s] : 0});
}

static struct apt_spec apt_spec_of(const struct base_create_spec *s)
{
    return (struct apt_spec){.dir = s->apt_dir,
                             .architecture = s->declaration->debian.architecture,
                             .envp = s->envp,
                             .ev = s->ev,
                             .stop = s->stop};
}

// Written and read again: what is in the lock is all that the image depends on.
static int keep_lock(struct arena *a, const struct deb_lock *from, struct str *text, struct deb_lock *out,
                     struct err *e)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    if (deb_lock_write(from, &b, e) < 0)
        return -1;
    *text = str_dup(a, buf_view(&b));
    return deb_lock_read(a, *text, "lock", out, e);
}

static int resolve(struct arena *a, const struct base_create_spec *s, struct str *text, struct deb_lock *out,
                   struct err *e)
{
    drop_(apt_indexes_free) struct apt_indexes *x = NULL;
    drop_(apt_close) struct apt *apt = NULL;
    const struct base_debian *d = &s->declaration->debian;
    struct apt_spec spec = apt_spec_of(s);
    struct deb_selection selected;
    struct deb_lock lock;
    struct digest asked;
    struct err odd = {0};
    declaration_digest(d, &asked);
    if (base_releases(&spec, d, s->update, &apt, &x, e) < 0)
        return -1;
    if (deb_answer_find(a, s->apt_dir, &asked, &x->print, text) &&
        deb_lock_read(a, *text, "lock", out, &odd) == 0)
        return 0;
    if (apt_packages_read(apt, x, e) < 0 || deb_resolve(a, &x->index, &d->packages, &selected, e) < 0)
        return -1;
    deb_lock_make(a, d, &selected, &lock);
    if (keep_lock(a, &lock, text, out, e) < 0)
        return -1;
    deb_answer_keep(s->apt_dir, &asked, &x->print, *text);
    return 0;
}

int base_resolve(struct arena *a, const struct base_create_spec *s, struct deb_lock *out, struct err *e)
{
    struct str text;
    return resolve(a, s, &text, out, e) < 0 ? err_wrap(e, "base " PRI_STR, STR_ARG(s->declaration->name)) : 0;
}

static int get_lock(struct making *m, struct err *e)
{
    const struct base_create_spec *s = m->spec;
    if (s->lock) {
        if (deb_lock_check(s->lock, &s->declaration->debian, e) < 0 ||
            keep_lock(m->a, s->lock, &m->out->lock, &m->lock, e) < 0)
            return -1;
    } else if (resolve(m->a, s, &m->out->lock, &m->lock, e) < 0) {
        return -1;
    }
    digest_of(HASH_SHA256, m->out->lock.p, m->out->lock.n, &m->lock_digest);
    m->out->packages = m->lock.packages.n;
    return 0;
}

static int get_packages(struct making *m, struct err *e)
{
    struct base_packages_spec s = {m->spec->st, &m->lock, &m->spec->declaration->debian, &m->apt};
    return base_packages_open(m->a, &s, &m->packages, e);
}

static int unpack(struct making *m, struct err *e)
{
    m->owners = owners_new();
    if (txn_begin(m->spec->st, &m->t, e) < 0 || txn_tree(m->t, &m->lock_digest, &m->root, e) < 0)
        return -1;
    drop_fd int decoded = deb_decoded_dir(m->apt.dir);
    struct deb_unpack_spec s = {.root = m->root,
                                .decoded = decoded < 0 ? NULL : &decoded,
                                .deb = m->packages.v,
                                .n = m->packages.n,
                                .threads = m->spec->threads,
                                .stop = m->spec->stop,
                                .exclude = &m->spec->declaration->debian.exclude_paths};
    return deb_unpack(&s, m->owners, &m->set, e);
}

static int finish(struct making *m, struct err *e)
{
    const struct base_declaration *d = m->spec->declaration;
    struct base_user *users = ARENA_ARRAY(m->a, struct base_user, d->users.n + 1);
    users[0] = d->user;
    for (size_t i = 0; i < d->users.n; i++)
        users[i + 1] = d->users.v[i];
    struct deb_finish f = {.tree = {m->root, m->owners},
                           .set = m->set,
                           .user = users,
                           .user_n = d->users.n + 1,
                           .alternative = d->alternatives.v,
                           .alternative_n = d->alternatives.n};
    return deb_finish(&f, e);
}

static int check(struct making *m, struct err *e)
{
    drop_buf struct buf b = BUF_INIT(LIMIT_CAPTURE);
    struct elf_missing_list *missing = &m->out->missing;
    struct strv files = {0};
    deb_elf_files(m->set, m->a, &files);
    if (elf_unsatisfied(m->root, &files, m->a, missing, e) < 0)
        return -1;
    for (size_t i = 0; i < missing->n; i++)
        event_warn(m->spec->ev, NULL, PRI_STR " needs " PRI_STR ", which nothing in the image has",
                   STR_ARG(str_printable(m->a, missing->v[i].path, 200)),
                   STR_ARG(str_printable(m->a, missing->v[i].needed, 100)));
    m->distro = base_distro(m->a, m->root, &m->lock);
    struct base_sbom_spec s = {m->root,     m->set, &m->lock, m->distro, m->spec->declaration->name,
                               m->out->lock};
    if (base_sbom(&s, &b, e) < 0)
        return -1;
    m->sbom = str_dup(m->a, buf_view(&b));
    digest_of(HASH_SHA256, m->sbom.p, m->sbom.n, &m->out->sbom);
    return 0;
}

static int make_layer(struct making *m, struct err *e)
{
    drop_(pool_free) struct pool *p = pool_new(m->spec->threads);
    drop_(sink_drop) struct sink *to = NULL;
    const char *codec = m->spec->codec ? m->spec->codec : BASE_CODEC;
    const struct encoder *enc = encoder_find(str_of(codec));
    struct layer_spec s = {.dirfd = m->root,
                           .at = STR("/"),
                           .mtime_sec = LAYER_MTIME,
                           .codec = codec,
                           .sink_digests = true,
                           .owner = owners_entry,
                           .owner_ctx = m->owners};
    struct layer l;
    struct blob_got got;
    if (!enc)
        return err_set(e, ERR_USAGE, "no codec \"%s\"", codec);
    if (txn_blob(m->t, NULL, &got, &to, e) < 0 || layer_make(&s, p, to, &l, e) < 0 ||
        sink_finish(to, e) < 0 || txn_tree_is(m->t, &m->lock_digest, &l.diff_id, e) < 0 ||
        txn_tree_done(m->t, &l.diff_id, e) < 0)
        return -1;
    struct descriptor blob = {.media_type = media_type_layer(MEDIA_OCI, enc->codec),
                              .size = (int64_t)got.size,
                              .digest = got.digest};
    struct base_config_spec c = {m->spec->declaration, &m->lock, m->distro, m->lock_digest, m->out->sbom};
    base_config(m->a, &c, &blob, &l.diff_id, &m->out->image);
    m->out->unpacked = l.plain;
    return image_encode(m->a, &m->out->image, e);
}

static struct str title_of(struct arena *a, const struct deb_lock_package *p)
{
    return str_printf(a, PRI_STR "_" PRI_STR "_" PRI_STR ".deb", STR_ARG(p->name), STR_ARG(p->version),
                      STR_ARG(p->architecture));
}

static int put_package(struct making *m, size_t i, struct descriptor *out, struct err *e)
{
    const struct deb_lock_package *p = &m->lock.packages.v[i];
    struct descriptor d = {.media_type = STR(BASE_MEDIA_DEB), .size = p->size, .digest = p->digest};
    drop_(sink_drop) struct sink *to = NULL;
    drop_(source_drop) struct source *from = source_fd(m->packages.v[i].fd, str_c(m->a, p->name));
    strmap_set(m->a, &d.annotations, STR("org.opencontainers.image.title"), title_of(m->a, p));
    if (!state_blob_has(m->spec->st, &p->digest)) {
        if (lseek(m->packages.v[i].fd, 0, SEEK_SET) < 0)
            return err_sys(e, PRI_STR, STR_ARG(p->name));
        if (txn_blob(m->t, &p->digest, NULL, &to, e) < 0 || pump(from, to, (uint64_t)p->size, e) < 0 ||
            sink_finish(to, e) < 0)
            return -1;
    }
    *out = d;
    return 0;
}

static int packages_artifact(struct making *m, struct image *out, struct err *e)
{
    struct image x = image_artifact(STR(BASE_ARTIFACT_PACKAGES), &m->out->image.desc);
    for (size_t i = 0; i < m->lock.packages.n; i++) {
        struct descriptor d;
        if (put_package(m, i, &d, e) < 0)
            return err_wrap(e, "keep package " PRI_STR, STR_ARG(m->lock.packages.v[i].name));
        descriptors_add(m->a, &x.manifest.layers, &d);
    }
    if (image_encode(m->a, &x, e) < 0)
        return -1;
    *out = x;
    return 0;
}

static int text_artifact(struct making *m, const char *type, const char *media, struct str text,
                         struct image *out, struct err *e)
{
    struct image x = image_artifact(str_of(type), &m->out->image.desc);
    struct descriptor d;
    if (image_put_blob(m->t, str_of(media), text, &d, e) < 0)
        return -1;
    descriptors_add(m->a, &x.manifest.layers, &d);
    if (image_encode(m->a, &x, e) < 0)
        return -1;
    *out = x;
    return 0;
}

static int store(struct making *m, struct err *e)
{
    struct image v[3];
    size_t n = 2;
    if (image_save(m->t, m->spec->st, m->out->name, &txn_any, &m->out->image, e) < 0 ||
        text_artifact(m, BASE_ARTIFACT_LOCK, "application/toml", m->out->lock, &v[0], e) < 0 ||
        text_artifact(m, CYCLONEDX_MEDIA_TYPE, CYCLONEDX_MEDIA_TYPE, m->sbom, &v[1], e) < 0)
        return -1;
    if (m->spec->keep_packages && packages_artifact(m, &v[n++], e) < 0)
        return -1;
    if (referrers_add(m->t, m->spec->st, m->out->name, v, n, e) < 0)
        return -1;
    return txn_commit(m->t, e);
}

static int run(struct making *m, struct err *e)
{
    static int (*const steps[])(struct making *, struct err *) = {
        [BASE_RESOLVE] = get_lock, [BASE_DOWNLOAD] = get_packages, [BASE_UNPACK] = unpack,
        [BASE_FINISH] = finish,    [BASE_CHECK] = check,           [BASE_LAYER] = make_layer,
        [BASE_STORE] = store,
    };
    for (enum base_step s = 0; s < BASE_STEP_MAX_; s++) {
        phase(m, s, false);
        if (stop_check(m->spec->stop ? *m->spec->stop : -1, e) < 0 || steps[s](m, e) < 0)
            return -1;
        phase(m, s, true);
    }
    return 0;
}

int base_create(struct arena *a, const struct base_create_spec *s, struct base_created *out, struct err *e)
{
    struct base_created made = {0};
    struct making m = {.spec = s, .a = a, .out = &made, .root = -1, .apt = apt_spec_of(s)};
    struct str reference = s->reference.n ? s->reference : s->declaration->image.reference;
    if (image_name(a, reference, &made.name, e) < 0)
        return err_wrap(e, "base " PRI_STR, STR_ARG(s->declaration->name));
    int rc = run(&m, e);
    drop_fd_p(&m.root);
    txn_drop(m.t);
    deb_set_free(m.set);
    owners_free(m.owners);
    base_packages_close(&m.packages);
    if (rc < 0)
        return err_wrap(e, "base " PRI_STR, STR_ARG(s->declaration->name));
    *out = made;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "platform/base_image.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/osrelease.h"
#include "platform/base.h"

struct sbom_distro base_distro(struct arena *a, int root, const struct deb_lock *lock)
{
    drop_buf struct buf b = BUF_INIT(OS_RELEASE_MAX);
    struct sbom_distro d = {0};
    struct err absent = {0};
    if (file_read(root, "usr/lib/os-release", &b, &absent) == 0) {
        d.id = str_printable(a, os_release_value(buf_view(&b), "ID"), 64);
        d.version = str_printable(a, os_release_value(buf_view(&b), "VERSION_ID"), 64);
    }
    if (!d.id.n)
        d.id = str_lower(a, lock->origin);
    if (!d.version.n)
        d.version = str_dup(a, lock->suite);
    return d;
}

struct oci_platform base_platform(struct str debian_architecture)
{
    static const struct {
        const char *debian, *architecture, *variant;
    } rows[] = {
        {"armhf", "arm", "v7"},     {"armel", "arm", "v5"},       {"i386", "386", ""},
        {"ppc64el", "ppc64le", ""}, {"mips64el", "mips64le", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_is(debian_architecture, rows[i].debian))
            return (struct oci_platform){.os = STR("linux"),
                                         .architecture = str_of(rows[i].architecture),
                                         .variant = str_of(rows[i].variant)};
    return (struct oci_platform){.os = STR("linux"), .architecture = debian_architecture};
}

static void label(struct arena *a, struct image *img, const char *key, struct str value)
{
    if (value.n)
        image_config_label_set(a, &img->config, str_of(key), value);
}

static void set_labels(struct arena *a, const struct base_config_spec *s, struct str created,
                       struct image *img)
{
    const struct base_declaration *d = s->declaration;
    struct str stack = str_printf(a, "io.buildpacks.stacks." PRI_STR, STR_ARG(s->lock->suite));
    char text[DIGEST_TEXT];
    label(a, img, "io.buildpacks.base.description", d->description);
    label(a, img, "io.buildpacks.base.distro.name", s->distro.id);
    label(a, img, "io.buildpacks.base.distro.version", s->distro.version);
    label(a, img, "io.buildpacks.base.homepage", d->homepage);
    label(a, img, "io.buildpacks.base.id", d->name);
    label(a, img, "io.buildpacks.base.maintainer", d->maintainer);
    label(a, img, "io.buildpacks.base.released", created);
    if (d->kind == BASE_RUN)
        label(a, img, "io.buildpacks.rebasable", STR("true"));
    // Of platform APIs before 0.12.
    label(a, img, "io.buildpacks.stack.description", d->description);
    label(a, img, "io.buildpacks.stack.distro.name", s->distro.id);
    label(a, img, "io.buildpacks.stack.distro.version", s->distro.version);
    label(a, img, "io.buildpacks.stack.homepage", d->homepage);
    label(a, img, "io.buildpacks.stack.id", stack);
    label(a, img, "io.buildpacks.stack.maintainer", d->maintainer);
    label(a, img, "io.buildpacks.stack.released", created);
    label(a, img, BASE_LABEL_LOCK, str_dup(a, str_of(digest_text(&s->lock_digest, text))));
    label(a, img, BASE_LABEL_SBOM, str_dup(a, str_of(digest_text(&s->sbom_digest, text))));
    for (size_t i = 0; i < d->labels.n; i++)
        image_config_label_set(a, &img->config, d->labels.v[i].key, d->labels.v[i].val);
}

static void set_environment(struct arena *a, const struct base_config_spec *s, struct image *img)
{
    const struct base_declaration *d = s->declaration;
    struct image_config *c = &img->config;
    image_config_env_set(a, c, STR("PATH"),
                         STR("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    if (d->kind == BASE_BUILD) {
        image_config_env_set(a, c, STR("CNB_USER_ID"), str_printf(a, "%jd", (intmax_t)d->user.uid));
        image_config_env_set(a, c, STR("CNB_GROUP_ID"), str_printf(a, "%jd", (intmax_t)d->user.gid));
        image_config_env_set(a, c, STR("CNB_STACK_ID"),
                             *image_config_label_get(c, STR("io.buildpacks.stack.id")));
    }
    for (size_t i = 0; i < d->env.n; i++)
        image_config_env_set(a, c, d->env.v[i].key, d->env.v[i].val);
}

static void set_annotations(struct arena *a, const struct base_declaration *d, struct image *img)
{
    drop_buf struct buf b = BUF_INIT(STATE_RECORD_MAX / 2);
    for (size_t i = 0; i < d->image.mirrors.n; i++)
        buf_printf(&b, "%s" PRI_STR, i ? " " : "", STR_ARG(d->image.mirrors.v[i]));
    strmap_set(a, &img->desc.annotations, STR(BASE_ANNOTATION_KIND), str_of(base_kind_name(d->kind)));
    if (b.n)
        strmap_set(a, &img->desc.annotations, STR(BASE_ANNOTATION_MIRRORS), str_dup(a, buf_view(&b)));
}

void base_config(struct arena *a, const struct base_config_spec *s, const struct descriptor *blob,
                 const struct digest *diff_id, struct image *img)
{
    const struct base_declaration *d = s->declaration;
    struct oci_platform p = base_platform(s->lock->architecture);
    char time[CLOCK_TEXT];
    struct str created = str_dup(a, str_of(clock_text(deb_lock_date(s->lock), time)));
    struct history h = {.created = created,
                        .created_by = str_printf(a, "dema base create " PRI_STR, STR_ARG(d->name)),
                        .comment =
                            str_printf(a, PRI_STR " " PRI_STR ", %zu packages", STR_ARG(s->lock->origin),
                                       STR_ARG(s->lock->suite), s->lock->packages.n)};
    *img = image_new(&p);
    image_config_set_created(&img->config, created);
    image_config_set_user(&img->config,
                          str_printf(a, "%jd:%jd", (intmax_t)d->user.uid, (intmax_t)d->user.gid));
    set_labels(a, s, created, img);
    set_environment(a, s, img);
    set_annotations(a, d, img);
    image_add_layer(a, img, blob, diff_id, &h);
}

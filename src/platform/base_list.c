// SPDX-License-Identifier: Apache-2.0
#include "image/referrers.h"
#include "platform/base.h"
#include "sbom/cyclonedx.h"

static struct str label_of(const struct image *img, const char *key)
{
    struct str text = {"", 0};
    const struct str *v = image_config_label_get(&img->config, str_of(key));
    if (v)
        text = *v;
    return text;
}

// The label of today's name, else that of the time of stacks.
static struct str either(const struct image *img, const char *now, const char *before)
{
    struct str text = label_of(img, now);
    if (!text.n)
        text = label_of(img, before);
    return text;
}

static struct strv split_words(struct arena *a, struct str text)
{
    struct strv out = {0};
    struct str rest = text, word;
    while (text.n && str_cut(&rest, ' ', &word))
        if (word.n)
            strv_add(a, &out, word);
    return out;
}

static int find_artifacts(struct state *st, struct arena *a, struct base_info *info, struct err *e)
{
    struct descriptors v;
    if (referrers_list(st, a, &(struct referrers_query){info->name, &info->manifest, STR("")}, &v, e) < 0)
        return -1;
    for (size_t i = 0; i < v.n; i++) {
        info->has_lock |= str_is(v.v[i].artifact_type, BASE_ARTIFACT_LOCK);
        info->has_packages |= str_is(v.v[i].artifact_type, BASE_ARTIFACT_PACKAGES);
        info->has_sbom |= str_is(v.v[i].artifact_type, CYCLONEDX_MEDIA_TYPE);
    }
    return 0;
}

static int describe(struct state *st, struct arena *a, struct str name, const struct image *img,
                    struct base_info *out, struct err *e)
{
    const struct str *kind = strmap_get(&img->desc.annotations, STR(BASE_ANNOTATION_KIND));
    const struct str *mirrors = strmap_get(&img->desc.annotations, STR(BASE_ANNOTATION_MIRRORS));
    struct base_info info = {.name = name,
                             .manifest = img->desc.digest,
                             .kind = kind ? *kind : STR(""),
                             .architecture = img->config.architecture,
                             .created = img->config.created};
    info.mirrors = split_words(a, mirrors ? *mirrors : STR(""));
    info.distro_name = either(img, "io.buildpacks.base.distro.name", "io.buildpacks.stack.distro.name");
    info.distro_version =
        either(img, "io.buildpacks.base.distro.version", "io.buildpacks.stack.distro.version");
    info.description = either(img, "io.buildpacks.base.description", "io.buildpacks.stack.description");
    for (size_t i = 0; i < img->manifest.layers.n; i++)
        info.size += (uint64_t)img->manifest.layers.v[i].size;
    if (find_artifacts(st, a, &info, e) < 0)
        return -1;
    *out = info;
    return 0;
}

static bool is_base(const struct image *img)
{
    if (image_config_label_get(&img->config, STR("io.buildpacks.lifecycle.metadata")) ||
        image_config_label_get(&img->config, STR("io.buildpacks.builder.metadata")))
        return false;
    return label_of(img, "io.buildpacks.base.distro.name").n || label_of(img, "io.buildpacks.stack.id").n;
}

int base_list(struct state *st, struct arena *a, struct base_info **out, size_t *n, struct err *e)
{
    struct state_name *names;
    struct strv damaged; // "dema images" names these
    size_t count, found = 0;
    if (state_names_found(st, a, &names, &count, &damaged, e) < 0)
        return -1;
    struct base_info *v = ARENA_ARRAY(a, struct base_info, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct image img;
        struct err why = {0};
        // Indexes of other platforms, and names that went away meanwhile, are none of ours.
        if (image_load(st, a, names[i].name, NULL, &img, &why) < 0 || !is_base(&img))
            continue;
        if (describe(st, a, names[i].name, &img, &v[found], e) < 0)
            return err_wrap(e, PRI_STR, STR_ARG(names[i].name));
        found++;
    }
    *out = v;
    *n = found;
    return 0;
}

int base_inspect(struct state *st, struct arena *a, struct str reference, struct base_info *out,
                 struct err *e)
{
    struct image img;
    struct str name;
    if (image_name(a, reference, &name, e) < 0 || image_load(st, a, reference, NULL, &img, e) < 0)
        return -1;
    return describe(st, a, name, &img, out, e) < 0 ? err_wrap(e, PRI_STR, STR_ARG(reference)) : 0;
}

// The one layer of the artifact of this type.
static int load_artifact(struct state *st, struct arena *a, struct str reference, const char *type,
                         struct str *out, struct err *e)
{
    struct image img, artifact;
    struct descriptors v;
    if (image_load(st, a, reference, NULL, &img, e) < 0 ||
        referrers_list(st, a, &(struct referrers_query){reference, &img.desc.digest, str_of(type)}, &v, e) <
            0)
        return -1;
    if (!v.n)
        return err_set(e, ERR_NOT_FOUND, PRI_STR ": nothing of type %s is kept beside it", STR_ARG(reference),
                       type);
    if (image_load_desc(st, a, &v.v[0], &artifact, e) < 0)
        return -1;
    if (artifact.manifest.layers.n != 1)
        return err_set(e, ERR_PARSE, PRI_STR ": its artifact of type %s has %zu layers, want 1",
                       STR_ARG(reference), type, artifact.manifest.layers.n);
    return image_get_blob(st, a, &artifact.manifest.layers.v[0], out, e);
}

int base_lock_load(struct state *st, struct arena *a, struct str reference, struct deb_lock *out,
                   struct err *e)
{
    struct str text;
    if (load_artifact(st, a, reference, BASE_ARTIFACT_LOCK, &text, e) < 0)
        return -1;
    return deb_lock_read(a, text, str_c(a, reference), out, e);
}

int base_sbom_load(struct state *st, struct arena *a, struct str reference, struct str *out, struct err *e)
{
    return load_artifact(st, a, reference, CYCLONEDX_MEDIA_TYPE, out, e);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "lifecycle/build.h"
#include <fcntl.h>

enum { ENTRIES_MAX = 100000 };
#define SBOM_MAX MIB(64) // the largest that Syft wrote for a full Debian image is 12 MiB

static const struct {
    const char *ext, *media_type;
} formats[] = {
    {"cdx.json", "application/vnd.cyclonedx+json"},
    {"spdx.json", "application/spdx+json"},
    {"syft.json", "application/vnd.syft+json"},
};

static const char *media_type_of(struct str ext)
{
    for (size_t i = 0; i < COUNT(formats); i++)
        if (str_is(ext, formats[i].ext))
            return formats[i].media_type;
    return NULL;
}

static const struct built_layer *layer_of(const struct built *b, struct str name)
{
    for (size_t i = 0; i < b->layers.n; i++)
        if (str_eq(b->layers.v[i].name, name))
            return &b->layers.v[i];
    return NULL;
}

static int copy_to(struct arena *a, int layers_fd, struct str content, const char *kind, const char *bp, struct str layer,
                   struct str ext, struct err *e)
{
    const char *dir = layer.n ? arena_printf(a, "sbom/%s/%s/" PRI_STR, kind, bp, STR_ARG(layer))
                              : arena_printf(a, "sbom/%s/%s", kind, bp);
    if (path_mkdirs(layers_fd, dir, 0755, e) < 0)
        return -1;
    return file_replace(layers_fd, arena_printf(a, "%s/sbom." PRI_STR, dir, STR_ARG(ext)), 0644, content, e);
}

static int is_object(const struct buf *b, struct str file, struct err *e)
{
    struct str s = str_trim(buf_view(b));
    if (s.n < 2 || s.p[0] != '{' || s.p[s.n - 1] != '}')
        return err_set(e, ERR_BUILDPACK, PRI_STR ": not a JSON object", STR_ARG(file));
    return 0;
}

// launch.sbom.x, build.sbom.x or <layer>.sbom.x: where each goes is §4.8's table.
static int take_one(struct arena *a, int layers_fd, int fd, const struct built *b, struct str file, size_t dot,
                    struct err *e)
{
    struct str name = str_head(file, dot), ext = str_from(file, dot + strlen(".sbom."));
    const char *type = media_type_of(ext);
    if (!type)
        return err_set(e, ERR_BUILDPACK, PRI_STR ": unknown SBOM format, want cdx.json, spdx.json or syft.json",
                       STR_ARG(file));
    if (!strv_has(&b->bp->desc.sbom_formats, str_of(type)))
        return err_set(e, ERR_BUILDPACK, PRI_STR ": %s is not among the sbom-formats of its buildpack.toml", STR_ARG(file),
                       type);
    drop_buf struct buf content = BUF_INIT(SBOM_MAX);
    if (file_read(fd, file.p, &content, e) < 0 || is_object(&content, file, e) < 0)
        return -1;
    struct str text = buf_view(&content);
    if (str_is(name, "launch") || str_is(name, "build"))
        return copy_to(a, layers_fd, text, str_c(a, name), b->dir, STR(""), ext, e);
    const struct built_layer *l = layer_of(b, name);
    if (!l)
        return err_set(e, ERR_BUILDPACK, PRI_STR ": there is no layer \"" PRI_STR "\"", STR_ARG(file), STR_ARG(name));
    if (copy_to(a, layers_fd, text, l->types.launch ? "launch" : "build", b->dir, name, ext, e) < 0)
        return -1;
    return l->types.cache ? copy_to(a, layers_fd, text, "cache", b->dir, name, ext, e) : 0;
}

int built_sbom(struct arena *a, int layers_fd, int fd, const struct built *b, struct err *e)
{
    struct strv names;
    if (dir_names(a, fd, ".", ENTRIES_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        const char *at = memmem(names.v[i].p, names.v[i].n, ".sbom.", strlen(".sbom."));
        if (at && dir_kind(fd, names.v[i].p) != DIR_DIR &&
            take_one(a, layers_fd, fd, b, names.v[i], (size_t)(at - names.v[i].p), e) < 0)
            return -1;
    }
    return 0;
}

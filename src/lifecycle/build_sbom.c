// SPDX-License-Identifier: Apache-2.0
#include "base/dir.h"
#include "base/file.h"
#include "base/limits.h"
#include "cnb/api.h"
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

// One SBOM file of a buildpack.
struct sbom {
    struct arena *a;
    int layers_fd;
    const struct built *b;
    struct str file, name, ext; // "gold.sbom.cdx.json", "gold", "cdx.json"
};

static int copy_to(const struct sbom *s, struct str content, const char *kind, bool of_layer, struct err *e)
{
    const char *dir = of_layer ? arena_printf(s->a, "sbom/%s/%s/" PRI_STR, kind, s->b->dir, STR_ARG(s->name))
                               : arena_printf(s->a, "sbom/%s/%s", kind, s->b->dir);
    if (path_mkdirs(s->layers_fd, dir, 0755, e) < 0)
        return -1;
    return file_place(s->layers_fd, arena_printf(s->a, "%s/sbom." PRI_STR, dir, STR_ARG(s->ext)), 0644,
                      content, e);
}

static int is_object(const struct buf *b, struct str file, struct err *e)
{
    struct str s = str_trim(buf_view(b));
    if (s.n < 2 || s.p[0] != '{' || s.p[s.n - 1] != '}')
        return err_set(e, ERR_BUILDPACK, PRI_STR ": not a JSON object", STR_ARG(file));
    return 0;
}

static bool is_of_buildpack(struct str name)
{
    return str_is(name, "launch") || str_is(name, "build");
}

// launch.sbom.x, build.sbom.x or <layer>.sbom.x, the layer being there: where each goes is §4.8's table.
static int take_one(const struct sbom *s, int fd, struct err *e)
{
    const char *type = media_type_of(s->ext);
    if (!type)
        return err_set(e, ERR_BUILDPACK,
                       PRI_STR ": unknown SBOM format, want cdx.json, spdx.json or syft.json",
                       STR_ARG(s->file));
    if (!strv_has(&s->b->bp->desc.sbom_formats, str_of(type)))
        return err_set(e, ERR_BUILDPACK, PRI_STR ": %s is not among the sbom-formats of its buildpack.toml",
                       STR_ARG(s->file), type);
    drop_buf struct buf content = BUF_INIT(SBOM_MAX);
    if (file_read(fd, s->file.p, &content, e) < 0 || is_object(&content, s->file, e) < 0)
        return -1;
    struct str text = buf_view(&content);
    if (is_of_buildpack(s->name))
        return copy_to(s, text, str_c(s->a, s->name), false, e);
    const struct built_layer *l = layer_of(s->b, s->name);
    if (copy_to(s, text, l->types.launch ? "launch" : "build", true, e) < 0)
        return -1;
    return l->types.cache ? copy_to(s, text, "cache", true, e) : 0;
}

// What a buildpack of an API says that its other files make of no use, or that is of no use in them.
static void warn(const struct lc_context *cx, const struct built *b, size_t n_sboms)
{
    uint16_t api = b->bp->desc.api;
    const char *what = NULL;
    if (api < API(0, 7) && n_sboms)
        what = "SBOM files are ignored, they came with Buildpack API 0.7";
    else if (api >= API(0, 7) && !n_sboms && (b->launch.bom.n || b->build.bom.n))
        what = "[[bom]] is deprecated since Buildpack API 0.7, SBOM files take its place";
    if (what)
        event_warn(cx->ev, NULL, "buildpack " PRI_STR "@" PRI_STR ": %s", STR_ARG(b->bp->desc.id),
                   STR_ARG(b->bp->desc.version), what);
}

int built_sbom(struct arena *a, const struct lc_context *cx, int layers_fd, int fd, const struct built *b,
               struct err *e)
{
    struct strv names;
    size_t found = 0;
    if (dir_names(a, fd, ".", ENTRIES_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct str file = names.v[i];
        const char *at = memmem(file.p, file.n, ".sbom.", strlen(".sbom."));
        if (!at || dir_kind(fd, file.p) == DIR_DIR)
            continue;
        found++;
        if (b->bp->desc.api < API(0, 7) || cx->platform_api < API(0, 8))
            continue;
        size_t dot = (size_t)(at - file.p);
        struct sbom one = {a,    layers_fd,           b,
                           file, str_head(file, dot), str_from(file, dot + strlen(".sbom."))};
        // Restored with a layer that the buildpack then took away: it is nothing's.
        if (!is_of_buildpack(one.name) && !layer_of(b, one.name))
            event_warn(cx->ev, NULL,
                       "buildpack " PRI_STR "@" PRI_STR ": " PRI_STR ": there is no such layer, ignored",
                       STR_ARG(b->bp->desc.id), STR_ARG(b->bp->desc.version), STR_ARG(file));
        else if (take_one(&one, fd, e) < 0)
            return -1;
    }
    warn(cx, b, found);
    return 0;
}

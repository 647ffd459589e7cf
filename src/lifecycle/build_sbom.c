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

// launch.sbom.x, build.sbom.x or <layer>.sbom.x: where each goes is §4.8's table.
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
    if (str_is(s->name, "launch") || str_is(s->name, "build"))
        return copy_to(s, text, str_c(s->a, s->name), false, e);
    const struct built_layer *l = layer_of(s->b, s->name);
    if (!l)
        return err_set(e, ERR_BUILDPACK, PRI_STR ": there is no layer \"" PRI_STR "\"", STR_ARG(s->file),
                       STR_ARG(s->name));
    if (copy_to(s, text, l->types.launch ? "launch" : "build", true, e) < 0)
        return -1;
    return l->types.cache ? copy_to(s, text, "cache", true, e) : 0;
}

int built_sbom(struct arena *a, int layers_fd, int fd, const struct built *b, struct err *e)
{
    struct strv names;
    if (dir_names(a, fd, ".", ENTRIES_MAX, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        struct str file = names.v[i];
        const char *at = memmem(file.p, file.n, ".sbom.", strlen(".sbom."));
        if (!at || dir_kind(fd, file.p) == DIR_DIR)
            continue;
        size_t dot = (size_t)(at - file.p);
        struct sbom one = {a,    layers_fd,           b,
                           file, str_head(file, dot), str_from(file, dot + strlen(".sbom."))};
        if (take_one(&one, fd, e) < 0)
            return -1;
    }
    return 0;
}

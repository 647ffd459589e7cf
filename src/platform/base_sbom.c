// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "debian/relation.h"
#include "platform/base_image.h"
#include "sbom/cyclonedx.h"

// Names that somebody in the image has or provides -> the package.
static void add_provides(struct arena *a, struct strmap *who, const struct deb_control *c)
{
    struct deb_relations r;
    struct err odd = {0};
    if (deb_relations_read(a, paragraph_get(&c->fields, "Provides"), &r, &odd) < 0)
        return; // what a package says of itself wrongly is no reason to have no SBOM
    for (size_t i = 0; i < r.n; i++)
        if (!map_find(who, r.v[i].v[0].name))
            strmap_set(a, who, r.v[i].v[0].name, c->package);
}

static struct strmap providers(struct arena *a, const struct deb_set *set)
{
    struct strmap who = {0};
    for (size_t i = 0; i < set->n; i++)
        strmap_set(a, &who, set->v[i].control.package, set->v[i].control.package);
    for (size_t i = 0; i < set->n; i++)
        add_provides(a, &who, &set->v[i].control);
    return who;
}

static void add_depends(struct arena *a, const struct strmap *who, struct str field, struct sbom_deb *p)
{
    struct deb_relations r;
    struct err odd = {0};
    if (deb_relations_read(a, field, &r, &odd) < 0)
        return;
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < r.v[i].n; k++) {
            const struct str *package = strmap_get(who, r.v[i].v[k].name);
            if (!package)
                continue;
            if (!str_eq(*package, p->name) && !strv_has(&p->depends, *package))
                strv_add(a, &p->depends, *package);
            break;
        }
}

// "License: GPL-2+" of the paragraphs of a machine-readable debian/copyright; anything else has no names.
static void read_licences(struct arena *a, int root, struct sbom_deb *p)
{
    drop_buf struct buf b = BUF_INIT(MIB(2));
    struct err absent = {0};
    const char *path = arena_printf(a, "usr/share/doc/" PRI_STR "/copyright", STR_ARG(p->name));
    if (file_read(root, path, &b, &absent) < 0 ||
        !memmem(b.p, b.n < 4096 ? b.n : 4096, "copyright-format", 16))
        return;
    struct str rest = buf_view(&b), line;
    while (str_next_line(&rest, &line)) {
        if (!str_has_prefix(line, "License:"))
            continue;
        struct str name = str_printable(a, str_trim(str_from(line, 8)), 200);
        if (name.n && !strv_has(&p->licences, name))
            strv_add(a, &p->licences, name);
    }
}

// "source (version)" or "source".
static void set_source(struct str field, struct sbom_deb *p)
{
    size_t open;
    p->source = str_trim(field);
    if (!str_find(field, '(', &open) || !str_has_suffix(p->source, ")"))
        return;
    p->source_version = str_head(str_from(p->source, open + 1), p->source.n - open - 2);
    p->source = str_trim(str_head(field, open));
}

static struct str first_line(struct str s)
{
    struct str rest = s, line = STR("");
    (void)str_next_line(&rest, &line);
    return line;
}

static struct sbom_deb package_of(struct arena *a, const struct base_sbom_spec *s, const struct strmap *who,
                                  size_t i, bool in_status)
{
    const struct deb_control *c = &s->set->v[i].control;
    struct sbom_deb p = {.name = c->package,
                         .version = c->version,
                         .architecture = c->architecture,
                         .maintainer = paragraph_get(&c->fields, "Maintainer"),
                         .description = first_line(paragraph_get(&c->fields, "Description")),
                         .sha256 = s->lock->packages.v[i].digest};
    set_source(paragraph_get(&c->fields, "Source"), &p);
    p.listed_in = in_status ? STR("/var/lib/dpkg/status")
                            : str_printf(a, "/var/lib/dpkg/status.d/" PRI_STR, STR_ARG(c->package));
    add_depends(a, who, paragraph_get(&c->fields, "Pre-Depends"), &p);
    add_depends(a, who, paragraph_get(&c->fields, "Depends"), &p);
    read_licences(a, s->root, &p);
    return p;
}

int base_sbom(const struct base_sbom_spec *s, struct buf *out, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(65536);
    struct strmap who = providers(a, s->set);
    bool in_status = map_find(&who, STR("dpkg")) != NULL;
    struct sbom_deb *v = ARENA_ARRAY(a, struct sbom_deb, s->set->n + 1);
    char time[CLOCK_TEXT];
    struct sbom doc = {.tool = STR("dema"),
                       .tool_version = STR(DEMA_VERSION),
                       .serial = sbom_uuid(a, s->serial_of),
                       .timestamp = str_of(clock_text(deb_lock_date(s->lock), time)),
                       .subject = {.type = SBOM_CONTAINER, .name = s->name}};
    for (size_t i = 0; i < s->set->n; i++)
        v[i] = package_of(a, s, &who, i, in_status);
    sbom_add_debs(a, &doc, &s->distro, v, s->set->n);
    cyclonedx_write(&doc, CYCLONEDX_1_5, out);
    return buf_finish(out, "SBOM", e);
}

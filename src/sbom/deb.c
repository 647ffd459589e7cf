// SPDX-License-Identifier: Apache-2.0
#include "sbom/licence.h"
#include "sbom/purl.h"
#include "sbom/sbom.h"

static struct str source_of(const struct sbom_deb *p)
{
    return p->source.n ? p->source : p->name;
}

static struct str source_version_of(const struct sbom_deb *p)
{
    return p->source_version.n ? p->source_version : p->version;
}

struct str sbom_deb_purl(struct arena *a, const struct sbom_distro *d, const struct sbom_deb *p)
{
    struct purl u = {.type = STR("deb"), .ns = d->id, .name = p->name, .version = p->version};
    struct err why = {0};
    struct str out;
    strmap_set(a, &u.qualifiers, STR("arch"), p->architecture);
    if (d->version.n)
        strmap_set(a, &u.qualifiers, STR("distro"),
                   str_printf(a, PRI_STR "-" PRI_STR, STR_ARG(d->id), STR_ARG(d->version)));
    // Grype finds advisories of the source package by this one.
    bool other_version = p->source_version.n && !str_eq(p->source_version, p->version);
    if (p->source.n && (other_version || !str_eq(p->source, p->name)))
        strmap_set(a, &u.qualifiers, STR("upstream"),
                   other_version
                       ? str_printf(a, PRI_STR "@" PRI_STR, STR_ARG(p->source), STR_ARG(p->source_version))
                       : p->source);
    return purl_format(a, &u, &out, &why) < 0 ? STR("") : out;
}

static void add_property(struct arena *a, struct sbom_component *c, const char *name, struct str value)
{
    if (value.n)
        strmap_set(a, &c->properties, str_of(name), value);
}

// Trivy matches by the source package, and takes it from nowhere else.
static void add_trivy(struct arena *a, struct sbom_component *c, const struct sbom_deb *p)
{
    struct str version = source_version_of(p), epoch = STR(""), release = STR("");
    size_t at;
    if (str_find(version, ':', &at)) {
        epoch = str_head(version, at);
        version = str_from(version, at + 1);
    }
    if (str_find_last(version, '-', &at)) {
        release = str_from(version, at + 1);
        version = str_head(version, at);
    }
    add_property(a, c, "aquasecurity:trivy:PkgType", STR("debian"));
    add_property(a, c, "aquasecurity:trivy:SrcEpoch", epoch);
    add_property(a, c, "aquasecurity:trivy:SrcName", source_of(p));
    add_property(a, c, "aquasecurity:trivy:SrcRelease", release);
    add_property(a, c, "aquasecurity:trivy:SrcVersion", version);
}

static void add_syft(struct arena *a, struct sbom_component *c, const struct sbom_deb *p)
{
    add_property(a, c, "syft:location:0:path", p->listed_in);
    add_property(a, c, "syft:metadata:source", source_of(p));
    add_property(a, c, "syft:metadata:sourceVersion", p->source_version);
    add_property(a, c, "syft:package:metadataType", STR("dpkg-db-entry"));
    add_property(a, c, "syft:package:type", STR("deb"));
}

static void add_licences(struct arena *a, struct sbom_component *c, const struct strv *names)
{
    for (size_t i = 0; i < names->n; i++) {
        struct str expression = licence_expression(a, names->v[i]);
        struct str one = expression.n ? expression : names->v[i];
        if (!strv_has(&c->licences, one))
            strv_add(a, &c->licences, one);
    }
    strv_sort(&c->licences);
}

void sbom_add_debs(struct arena *a, struct sbom *s, const struct sbom_distro *d, const struct sbom_deb *p,
                   size_t n)
{
    struct strmap purls = {0}; // of a package's name
    struct sbom_component *os = sbom_add(a, s, SBOM_OS);
    os->name = d->id;
    os->version = d->version;
    add_property(a, os, "aquasecurity:trivy:Class", STR("os-pkgs"));
    add_property(a, os, "aquasecurity:trivy:Type", d->id);
    for (size_t i = 0; i < n; i++)
        strmap_set(a, &purls, p[i].name, sbom_deb_purl(a, d, &p[i]));
    for (size_t i = 0; i < n; i++) {
        struct sbom_component *c = sbom_add(a, s, SBOM_LIBRARY);
        c->name = p[i].name;
        c->version = p[i].version;
        c->purl = sbom_deb_purl(a, d, &p[i]);
        c->supplier = p[i].maintainer;
        c->description = p[i].description;
        c->hash = p[i].sha256;
        add_licences(a, c, &p[i].licences);
        add_trivy(a, c, &p[i]);
        add_syft(a, c, &p[i]);
        for (size_t k = 0; k < p[i].depends.n; k++) {
            const struct str *purl = strmap_get(&purls, p[i].depends.v[k]);
            if (purl && !strv_has(&c->needs, *purl))
                strv_add(a, &c->needs, *purl);
        }
    }
}

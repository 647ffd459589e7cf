// SPDX-License-Identifier: Apache-2.0
// cnb/launch.h - what an app image can start: `<layers>/config/metadata.toml` and a buildpack's launch.toml.
//
// spec: buildpack.md "launch.toml", platform.md "metadata.toml"; rules
// per API in cnb.md §4.6 and §2.5. Texts live in the
// arena of the document.
#pragma once
#include "base/event.h"
#include "base/map.h"
#include "document/schema.h"

struct cnb_process {
    struct str type;
    struct strv command; // one element when it was written as text
    struct strv args;
    bool direct; // false only for Buildpack API < 0.9: run by a shell
    bool is_default;
    struct str buildpack_id, working_dir;
    struct strv exec_env; // empty: any
};

struct cnb_ref { // a buildpack or an extension that took part
    struct str id, version, api, homepage;
    bool optional;
};

struct cnb_label {
    struct str key, value;
};

struct cnb_slice {
    struct strv paths;
};

// A legacy bill of materials, `[[bom]]` of launch.toml and build.toml: deprecated since Buildpack API 0.7, and part of
// metadata.toml, of the build metadata label and of report.toml before Platform API 0.9 only.
struct cnb_bom_source {
    struct str id, version;
};

struct cnb_bom_entry {
    struct str name;
    const struct val *metadata; // NULL: none
    struct cnb_bom_source buildpack;
};

struct cnb_bom {
    struct cnb_bom_entry *v;
    size_t n;
};

struct cnb_metadata {
    struct cnb_bom bom;      // of Platform API < 0.9
    struct str default_type; // "buildpack-default-process-type"
    struct {
        struct cnb_ref *v;
        size_t n;
    } buildpacks, extensions;
    struct {
        struct cnb_label *v;
        size_t n;
    } labels;
    struct {
        struct cnb_process *v;
        size_t n;
    } processes;
    struct {
        struct cnb_slice *v;
        size_t n;
    } slices;
};

// metadata.toml, as the builder wrote it. `api` is the Platform API.
int nodiscard cnb_metadata_read(struct arena *a, const struct val *doc, const char *file, struct events *ev,
                                struct cnb_metadata *out, struct err *e);
int nodiscard cnb_metadata_write(struct arena *a, const struct cnb_metadata *m, uint16_t platform_api,
                                 struct val **out, struct err *e);
SCHEMA_DECLARE(cnb_metadata_schema, struct cnb_metadata);
SCHEMA_DECLARE(cnb_label_schema, struct cnb_label);
SCHEMA_DECLARE(cnb_bom_source_schema, struct cnb_bom_source);
SCHEMA_DECLARE(cnb_bom_schema, struct cnb_bom_entry); // as it is in metadata.toml and report.toml
// Writes a process's command: a list, before Platform API 0.10 one text. For tables.
int cnb_command_write(const struct doc *doc, const void *at, struct val *out, struct err *e);
// True when a process (or anything with an exec-env list) belongs to this execution environment.
bool cnb_exec_env_fits(const struct strv *list, struct str current);

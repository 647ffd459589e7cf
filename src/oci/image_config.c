// SPDX-License-Identifier: Apache-2.0
#include "oci/image_config.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/path.h"
#include "oci/doc.h"

static int check_time(struct decode *d, const struct val *table, struct err *e)
{
    const struct val *v = val_get(table, STR("created"));
    struct err why = {0};
    int64_t sec;
    if (!v || v->kind != VAL_STR || !v->s.n || clock_parse(v->s, &sec, &why) == 0)
        return 0;
    return doc_fail(d, v, e, "created: %s", why.cause);
}

static int check_history(struct decode *d, const struct val *table, void *at, struct err *e)
{
    (void)at;
    return check_time(d, table, e);
}

static const struct field history_fields[] = {
    KEY(struct history, author, "author", .flags = OMIT_EMPTY, .help = "who made it"),
    KEY(struct history, created, "created", .flags = OMIT_EMPTY, .help = "when it was made (RFC 3339)"),
    KEY(struct history, created_by, "created_by", .flags = OMIT_EMPTY, .help = "what made the layer"),
    KEY(struct history, comment, "comment", .flags = OMIT_EMPTY, .help = "anything"),
    KEY(struct history, empty_layer, "empty_layer", .flags = OMIT_EMPTY, .help = "it made no layer"),
    KEEP(struct history, rest),
};
static SCHEMA(history_schema, struct history, history_fields, .name = "history", .check = check_history);

static int read_diff_ids(struct decode *d, const struct val *v, void *at, struct err *e)
{
    struct rootfs r = {0};
    if (v->kind != VAL_LIST)
        return doc_wrong(d, v, "list of digests", e);
    if (v->c.n > LIMIT_IMAGE_LAYERS)
        return err_set(e, ERR_LIMIT, "image config: %zu diff_ids, want at most %d", v->c.n,
                       LIMIT_IMAGE_LAYERS);
    r.diff_ids.v = v->c.n ? ARENA_ARRAY(doc_of(d)->a, struct digest, v->c.n) : NULL;
    r.diff_ids.n = r.diff_ids.cap = v->c.n;
    for (size_t i = 0; i < v->c.n; i++)
        if (oci_read_digest(d, &v->c.v[i], &r.diff_ids.v[i], e) < 0)
            return err_wrap(e, "diff_ids[%zu]", i);
    memcpy(at, &r.diff_ids, sizeof r.diff_ids);
    return 0;
}

static int write_diff_ids(const struct doc *doc, const void *at, struct val *out, struct err *e)
{
    struct rootfs r;
    memcpy(&r.diff_ids, at, sizeof r.diff_ids);
    val_set_list(out);
    for (size_t i = 0; i < r.diff_ids.n; i++)
        if (oci_write_digest(doc, &r.diff_ids.v[i], val_add(doc->a, out), e) < 0)
            return -1;
    return 0;
}

static int check_rootfs(struct decode *d, const struct val *table, void *at, struct err *e)
{
    const struct rootfs *r = at;
    struct str shown = str_printable(doc_of(d)->a, r->type, 40);
    if (!str_is(r->type, "layers"))
        return doc_fail(d, val_get(table, STR("type")), e, "type \"" PRI_STR "\", want \"layers\"",
                        STR_ARG(shown));
    return 0;
}

static const struct field rootfs_fields[] = {
    KEY(struct rootfs, type, "type", .flags = REQUIRED, .help = "\"layers\""),
    HOOK(struct rootfs, diff_ids, "diff_ids", read_diff_ids, write_diff_ids, .shape = "list of texts",
         .help = "diff IDs of the layers, lowest first"),
    KEEP(struct rootfs, rest),
};
static SCHEMA(rootfs_schema, struct rootfs, rootfs_fields, .name = "rootfs", .check = check_rootfs);

static bool has_dots(struct str path)
{
    struct str piece;
    while (str_cut(&path, '/', &piece))
        if (str_is(piece, ".."))
            return true;
    return false;
}

// Where a container must not begin: descriptors of whoever starts it are behind /proc/self/fd.
static int check_config(struct decode *d, const struct val *table, void *at, struct err *e)
{
    static const char *const kernel[] = {"/proc", "/sys"};
    const struct container_config *c = at;
    const struct val *v = val_get(table, STR("WorkingDir"));
    drop_(arena_free) struct arena *a = arena_new(512);
    struct str dir = c->working_dir, clean, shown = str_printable(a, dir, 80);
    if (!dir.n)
        return 0;
    if (dir.p[0] != '/' || has_dots(dir))
        return doc_fail(d, v, e, "WorkingDir \"" PRI_STR "\", want an absolute path without \"..\"",
                        STR_ARG(shown));
    clean = path_clean(a, dir);
    for (size_t i = 0; i < COUNT(kernel); i++)
        if (path_is_within(clean, str_of(kernel[i])))
            return doc_fail(d, v, e, "WorkingDir \"" PRI_STR "\" is a directory of the kernel",
                            STR_ARG(shown));
    return 0;
}

#define CONFIG(member, key, text) KEY(struct container_config, member, key, .flags = OMIT_EMPTY, .help = text)
static const struct field config_fields[] = {
    CONFIG(attach_stderr, "AttachStderr", "Docker: stderr is shown"),
    CONFIG(attach_stdin, "AttachStdin", "Docker: stdin is given"),
    CONFIG(attach_stdout, "AttachStdout", "Docker: stdout is shown"),
    CONFIG(cmd, "Cmd", "arguments that the user's replace; the program where there is no Entrypoint"),
    CONFIG(healthcheck, "Healthcheck", "Docker: how to ask whether it is well"),
    CONFIG(domainname, "Domainname", "Docker: domain of the host name"),
    CONFIG(entrypoint, "Entrypoint", "program and arguments that always stand"),
    CONFIG(env, "Env", "variables, each as NAME=VALUE"),
    CONFIG(hostname, "Hostname", "Docker: host name"),
    CONFIG(image, "Image", "Docker: image that it was made of"),
    CONFIG(labels, "Labels", "labels: names and their values"),
    CONFIG(on_build, "OnBuild", "Docker: instructions for images made of this one"),
    CONFIG(open_stdin, "OpenStdin", "Docker: stdin stays open"),
    CONFIG(stdin_once, "StdinOnce", "Docker: stdin ends with the first client"),
    CONFIG(tty, "Tty", "Docker: it wants a terminal"),
    CONFIG(user, "User",
           "user that it is started as: a name or an id, with an optional group behind a colon"),
    CONFIG(volumes, "Volumes", "directories for data that outlives it"),
    CONFIG(working_dir, "WorkingDir", "where it is started"),
    CONFIG(exposed_ports, "ExposedPorts", "ports that it listens on"),
    CONFIG(args_escaped, "ArgsEscaped", "Windows: the command line is escaped already"),
    CONFIG(network_disabled, "NetworkDisabled", "Docker: it has no network"),
    CONFIG(mac_address, "MacAddress", "Docker: address of its network device"),
    CONFIG(stop_signal, "StopSignal", "signal that ends it"),
    CONFIG(shell, "Shell", "Docker: shell for commands that are one text"),
    KEEP(struct container_config, rest),
};
static SCHEMA(config_schema, struct container_config, config_fields, .name = "config", .check = check_config);

static int check_image(struct decode *d, const struct val *table, void *at, struct err *e)
{
    (void)at;
    return check_time(d, table, e);
}

static const struct field image_fields[] = {
    KEY(struct image_config, architecture, "architecture", .flags = REQUIRED,
        .help = "architecture, as GOARCH"),
    KEY(struct image_config, author, "author", .flags = OMIT_EMPTY, .help = "who made it"),
    KEY(struct image_config, container, "container", .flags = OMIT_EMPTY,
        .help = "Docker: container that it was made of"),
    KEY(struct image_config, created, "created", .flags = OMIT_EMPTY, .help = "when it was made (RFC 3339)"),
    KEY(struct image_config, docker_version, "docker_version", .flags = OMIT_EMPTY,
        .help = "Docker: version that made it"),
    TABLES(struct image_config, history, "history", history_schema, .flags = OMIT_EMPTY,
           .help = "how its layers came about, lowest first"),
    KEY(struct image_config, os, "os", .flags = REQUIRED, .help = "operating system, as GOOS"),
    TABLE(struct image_config, rootfs, "rootfs", rootfs_schema, .flags = REQUIRED, .help = "its layers"),
    TABLE(struct image_config, config, "config", config_schema, .help = "how it is started"),
    KEY(struct image_config, os_version, "os.version", .flags = OMIT_EMPTY,
        .help = "version of the operating system"),
    KEY(struct image_config, variant, "variant", .flags = OMIT_EMPTY, .help = "variant of the architecture"),
    KEY(struct image_config, os_features, "os.features", .flags = OMIT_EMPTY,
        .help = "what the operating system must be able to do"),
    KEEP(struct image_config, rest),
};
SCHEMA_DECLARE(image_config_schema, struct image_config);
SCHEMA(image_config_schema, struct image_config, image_fields, .name = "image config", .check = check_image,
       .help = "What an image is and how it is started (OCI image-spec, config.md)");

int image_config_decode(struct arena *a, struct str bytes, const struct descriptor *want,
                        struct image_config *out, struct err *e)
{
    struct doc doc = {.names = NAMES_JSON, .a = a};
    struct image_config c = {0};
    struct val *v;
    if (oci_read(a, bytes, want, &v, e) < 0)
        return -1;
    const struct val *history = val_get(v, STR("history"));
    if (history && history->kind == VAL_LIST && history->c.n > LIMIT_IMAGE_HISTORY)
        return err_set(e, ERR_LIMIT, "image config: %zu lines of history, want at most %d", history->c.n,
                       LIMIT_IMAGE_HISTORY);
    if (doc_read(&doc, &image_config_schema, v, &c, e) < 0)
        return -1;
    c.history.cap = c.history.n;
    *out = c;
    return 0;
}

int image_config_encode(struct arena *a, const struct image_config *c, enum oci_style style, struct str *out,
                        struct err *e)
{
    return oci_write(a, &image_config_schema, c, style, out, e);
}

struct image_config image_config_new(const struct oci_platform *p)
{
    struct image_config c = {.rootfs.type = STR("layers")};
    image_config_set_platform(&c, p);
    return c;
}

struct oci_platform image_config_platform(const struct image_config *c)
{
    return (struct oci_platform){.architecture = c->architecture,
                                 .os = c->os,
                                 .os_version = c->os_version,
                                 .os_features = c->os_features,
                                 .variant = c->variant};
}

int image_config_check_layers(const struct image_config *c, const struct manifest *m, struct err *e)
{
    if (c->rootfs.diff_ids.n == m->layers.n)
        return 0;
    return err_set(e, ERR_PARSE, "image config: %zu diff_ids, the manifest has %zu layers",
                   c->rootfs.diff_ids.n, m->layers.n);
}

int image_config_check_platform(const struct image_config *c, const struct oci_platform *want, struct err *e)
{
    struct oci_platform have = image_config_platform(c);
    if (!have.variant.n) // many configs leave it to the index
        have.variant = want->variant;
    if (oci_platform_rank(&have, want) == 0)
        return 0;
    drop_(arena_free) struct arena *a = arena_new(512);
    struct str h = str_printable(a, oci_platform_format(a, &have), 60);
    struct str w = str_printable(a, oci_platform_format(a, want), 60);
    return err_set(e, ERR_PARSE, "image config: the platform is " PRI_STR ", want " PRI_STR, STR_ARG(h),
                   STR_ARG(w));
}

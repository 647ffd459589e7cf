// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "debian/finish_priv.h"
#include "debian/unpack.h"
#include "stream/hash.h"

// spec: dpkg's own files (dpkg-query(1), deb-triggers(5)); status.d as distroless images have it, which scanners read.
#define DPKG "var/lib/dpkg"

enum { DPKG_MAX = 64 * 1024 * 1024, CONFFILE_MAX = 16 * 1024 * 1024 };

static const struct owner plain = {0, 0, 0644}, script = {0, 0, 0755};

struct database {
    const struct deb_finish *f;
    struct arena *a;
    struct strmap trigger; // file beneath triggers/ -> struct buf *
};

static bool has_package(const struct deb_set *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_is(s->v[i].control.package, name))
            return true;
    return false;
}

// The lines of "conffiles": "/etc/x", or with a flag before it.
static void add_conffiles(struct database *d, const struct deb_control *c, struct buf *out)
{
    const struct deb_file *list = deb_control_file(c, "conffiles");
    struct str rest = list ? list->text : STR(""), line;
    bool first = true;
    while (str_next_line(&rest, &line)) {
        line = str_trim(line);
        drop_buf struct buf text = BUF_INIT(CONFFILE_MAX);
        if (!str_has_prefix(line, "/") || !path_is_safe(str_from(line, 1)))
            continue;
        struct str path = deb_merged(d->a, str_from(line, 1));
        struct digest sum;
        char hex[DIGEST_TEXT];
        if (!finish_read(&d->f->tree, str_c(d->a, path), &text))
            continue;
        digest_of(HASH_MD5, text.p ? text.p : "", text.n, &sum);
        buf_text(out, first ? "Conffiles:\n" : "");
        buf_printf(out, " " PRI_STR " %s\n", STR_ARG(line), digest_hex(&sum, hex));
        first = false;
    }
}

// The control file with what dpkg adds to it.
static void add_status(struct database *d, const struct deb_control *c, struct buf *out)
{
    struct str rest = c->fields.text, line;
    while (str_next_line(&rest, &line)) {
        size_t colon;
        if (!str_trim(line).n)
            continue;
        buf_str(out, line);
        buf_char(out, '\n');
        if (str_find(line, ':', &colon) && paragraph_name_is(str_head(line, colon), "Package") && colon == 7)
            buf_text(out, "Status: install ok installed\n");
    }
    add_conffiles(d, c, out);
}

static struct str info_name(struct database *d, const struct deb_control *c, struct str file)
{
    if (str_is(paragraph_get(&c->fields, "Multi-Arch"), "same"))
        return str_printf(d->a, DPKG "/info/" PRI_STR ":" PRI_STR "." PRI_STR, STR_ARG(c->package),
                          STR_ARG(c->architecture), STR_ARG(file));
    return str_printf(d->a, DPKG "/info/" PRI_STR "." PRI_STR, STR_ARG(c->package), STR_ARG(file));
}

static bool is_script(struct str name)
{
    static const char *const is[] = {"preinst", "postinst", "prerm", "postrm", "config"};
    for (size_t i = 0; i < COUNT(is); i++)
        if (str_is(name, is[i]))
            return true;
    return false;
}

static int add_list(struct database *d, const struct deb_unpacked *u, struct err *e)
{
    drop_buf struct buf list = BUF_INIT(DPKG_MAX);
    buf_text(&list, "/.\n");
    for (size_t i = 0; i < u->entry_n; i++)
        if (u->entry[i].fate != DEB_REPLACED)
            buf_printf(&list, "/" PRI_STR "\n", STR_ARG(u->entry[i].named));
    if (buf_finish(&list, "list of files", e) < 0)
        return -1;
    return finish_file(&d->f->tree, info_name(d, &u->control, STR("list")).p, plain, buf_view(&list), e);
}

static struct buf *trigger_file(struct database *d, struct str name)
{
    struct map_entry *at = map_put(d->a, &d->trigger, name);
    if (!at->ptr) {
        at->ptr = ARENA_NEW(d->a, struct buf);
        ((struct buf *)at->ptr)->max = DPKG_MAX;
    }
    return at->ptr;
}

// "interest-noawait /usr/lib": a path goes into triggers/File, a name has a file of its own.
static void add_triggers(struct database *d, const struct deb_control *c)
{
    const struct deb_file *file = deb_control_file(c, "triggers");
    struct str rest = file ? file->text : STR(""), line;
    while (str_next_line(&rest, &line)) {
        size_t blank;
        line = str_trim(line);
        if (!str_has_prefix(line, "interest") || !str_find(line, ' ', &blank))
            continue;
        const char *how = str_has_suffix(str_head(line, blank), "-noawait") ? "/noawait" : "";
        struct str name = str_trim(str_from(line, blank));
        if (str_has_prefix(name, "/"))
            buf_printf(trigger_file(d, STR("File")), PRI_STR " " PRI_STR "%s\n", STR_ARG(name),
                       STR_ARG(c->package), how);
        else if (path_is_safe(name) && path_base(name).n == name.n)
            buf_printf(trigger_file(d, name), PRI_STR "%s\n", STR_ARG(c->package), how);
    }
}

static int add_info(struct database *d, const struct deb_unpacked *u, struct err *e)
{
    const struct deb_control *c = &u->control;
    add_triggers(d, c);
    for (size_t i = 0; i < c->file_n; i++)
        if (finish_file(&d->f->tree, info_name(d, c, c->file[i].name).p,
                        is_script(c->file[i].name) ? script : plain, c->file[i].text, e) < 0)
            return -1;
    return add_list(d, u, e);
}

static int write_triggers(struct database *d, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < d->trigger.n; i++) {
        struct buf *b = d->trigger.v[i].ptr;
        struct str path = str_printf(d->a, DPKG "/triggers/" PRI_STR, STR_ARG(d->trigger.v[i].key));
        if (rc == 0 &&
            (buf_finish(b, path.p, e) < 0 || finish_file(&d->f->tree, path.p, plain, buf_view(b), e) < 0))
            rc = -1;
        buf_free(b);
    }
    return rc;
}

static int write_database(struct database *d, struct err *e)
{
    static const char *const empty[] = {DPKG "/available",     DPKG "/diversions",
                                        DPKG "/statoverride",  DPKG "/triggers/Unincorp",
                                        DPKG "/triggers/Lock", DPKG "/lock"};
    drop_buf struct buf status = BUF_INIT(DPKG_MAX);
    int rc = 0;
    for (size_t i = 0; i < d->f->set->n && rc == 0; i++) {
        add_status(d, &d->f->set->v[i].control, &status);
        buf_char(&status, '\n');
        rc = add_info(d, &d->f->set->v[i], e);
    }
    if (write_triggers(d, rc < 0 ? NULL : e) < 0 || rc < 0)
        return -1;
    for (size_t i = 0; i < COUNT(empty); i++)
        if (finish_file(&d->f->tree, empty[i], plain, STR(""), e) < 0)
            return -1;
    if (finish_file(&d->f->tree, DPKG "/info/format", plain, STR("1\n"), e) < 0 ||
        finish_dir(&d->f->tree, DPKG "/updates", script, e) < 0 || buf_finish(&status, DPKG "/status", e) < 0)
        return -1;
    return finish_file(&d->f->tree, DPKG "/status", plain, buf_view(&status), e);
}

static int write_status_d(struct database *d, struct err *e)
{
    for (size_t i = 0; i < d->f->set->n; i++) {
        const struct deb_control *c = &d->f->set->v[i].control;
        const struct deb_file *sums = deb_control_file(c, "md5sums");
        drop_buf struct buf text = BUF_INIT(DPKG_MAX);
        struct str path = str_printf(d->a, DPKG "/status.d/" PRI_STR, STR_ARG(c->package));
        add_status(d, c, &text);
        if (buf_finish(&text, path.p, e) < 0 ||
            finish_file(&d->f->tree, path.p, plain, buf_view(&text), e) < 0)
            return -1;
        path = str_printf(d->a, PRI_STR ".md5sums", STR_ARG(path));
        if (sums && finish_file(&d->f->tree, path.p, plain, sums->text, e) < 0)
            return -1;
    }
    return 0;
}

int finish_dpkg(const struct deb_finish *f, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    struct database d = {.f = f, .a = a};
    return has_package(f->set, "dpkg") ? write_database(&d, e) : write_status_d(&d, e);
}

// SPDX-License-Identifier: Apache-2.0
// From the machine's sources to the packages of a declaration.
#include "base/file.h"
#include "base/limits.h"
#include "debian/apt_priv.h"
#include <fcntl.h>
#include <stdio.h>

enum { TARGETS_MAX = 1000 };

// A Packages file of the machine's sources.
struct target {
    struct str metakey, repo_uri, file, entry, release, component;
    struct str prefix; // of the files of its suite in the lists' directory
};

struct targets {
    struct target *v;
    size_t n, cap;
};

// A suite: what its Release says, or why it is not believed.
struct suite {
    struct str prefix;
    bool is_good;
    struct apt_release release;
    struct deb_release *public; // in the answer, when it is wanted
};

struct reading {
    struct apt *apt;
    const struct base_debian *wanted;
    struct strv suites; // names
    struct targets targets;
    struct suite *suite;
    size_t n_suites;
    struct err first; // the first suite that is not believed
    struct apt_indexes *out;
    int lists;
};

// As apt's URItoFileName.
static struct str as_file_name(struct arena *a, struct str path)
{
    struct buf b = BUF_INIT(4 * LIMIT_PATH);
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c == '/')
            buf_char(&b, '_');
        else if (c <= ' ' || c >= 0x7f || strchr("\\|{}[]<>\"^~_=!@#$%&*", c))
            buf_printf(&b, "%%%02x", c);
        else
            buf_char(&b, (char)c);
    }
    struct str name = str_dup(a, buf_view(&b));
    buf_free(&b);
    return name;
}

static int take_target(struct arena *a, struct str line, struct targets *to, struct err *e)
{
    struct str f[6], rest = line;
    for (size_t i = 0; i < COUNT(f); i++)
        if (!str_cut(&rest, '\t', &f[i]))
            return err_set(e, ERR_PROTOCOL, "apt-get indextargets: a line with %zu fields, wanted %zu", i,
                           COUNT(f));
    struct target t = {.metakey = f[0],
                       .repo_uri = f[1],
                       .file = path_base(f[2]),
                       .entry = f[3],
                       .release = f[4],
                       .component = f[5]};
    struct str key = as_file_name(a, t.metakey);
    if (t.file.n <= key.n || !str_eq(str_from(t.file, t.file.n - key.n), key))
        return err_set(e, ERR_PROTOCOL,
                       "apt-get indextargets: the list \"" PRI_STR "\" does not end with \"" PRI_STR "\"",
                       STR_ARG(t.file), STR_ARG(key));
    t.prefix = str_head(t.file, t.file.n - key.n);
    if (to->n == TARGETS_MAX)
        return err_set(e, ERR_LIMIT, "apt-get indextargets: more lists than the limit of %d", TARGETS_MAX);
    to->v = arena_grow(a, to->v, to->n, &to->cap, sizeof *to->v);
    to->v[to->n++] = t;
    return 0;
}

// apt would first build a cache of all lists, which takes longer than all the rest: it is shown an empty directory.
static int find_targets(struct reading *r, struct err *e)
{
    struct arena *a = r->out->arena;
    drop_buf struct buf out = BUF_INIT(MIB(4));
    const char *const args[] = {
        "indextargets",
        "-o",
        str_printf(a, "Dir::State::Lists=%s/nothing", r->apt->dir).p,
        "-o",
        "pkgCacheFile::Generate=true",
        "--no-release-info",
        "--format",
        "$(METAKEY)\t$(REPO_URI)\t$(FILENAME)\t$(SOURCESENTRY)\t$(RELEASE)\t$(COMPONENT)",
        "Created-By: Packages",
        str_printf(a, "Architecture: " PRI_STR, STR_ARG(r->apt->architecture)).p,
        NULL,
    };
    struct apt_call call = {
        .program = "apt-get", .args = args, .out = &out, .code = ERR_IO, .timeout_ms = 60000};
    if (apt_run(r->apt, &call, e) < 0)
        return -1;
    struct str rest = str_dup(a, buf_view(&out)), line;
    while (str_next_line(&rest, &line))
        if (line.n && take_target(a, line, &r->targets, e) < 0)
            return -1;
    return 0;
}

static int check_there(const struct reading *r, const struct target *t, struct err *e)
{
    struct stat st;
    if (fstatat(r->lists, str_c(r->out->arena, t->file), &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (r->apt->unfetched.n)
        return err_set(e, ERR_NETWORK, "suite " PRI_STR ": apt-get update could not fetch " PRI_STR,
                       STR_ARG(t->release), STR_ARG(r->apt->unfetched));
    return err_set(e, ERR_NOT_FOUND, "suite " PRI_STR ": its lists are not there: update first",
                   STR_ARG(t->release));
}

// A suite that nobody asked for must not be in the way, so an error waits until something is missing.
static int read_suite(struct reading *r, const struct target *t, struct suite *s, struct err *e)
{
    struct apt_keys keys;
    struct arena *a = r->out->arena;
    s->prefix = t->prefix;
    if (check_there(r, t, e) < 0)
        return -1;
    if (apt_keys_of(r->apt, a, t->entry, &keys, e) < 0 ||
        apt_release_read(r->apt, a, t->prefix, &keys, &s->release, e) < 0)
        return err_wrap(e, "suite " PRI_STR, STR_ARG(t->release));
    s->is_good = true;
    return 0;
}

static struct suite *suite_of(struct reading *r, const struct target *t)
{
    for (size_t i = 0; i < r->n_suites; i++)
        if (str_eq(r->suite[i].prefix, t->prefix))
            return &r->suite[i];
    struct suite *s = &r->suite[r->n_suites++];
    struct err why = {0};
    if (read_suite(r, t, s, &why) < 0 && r->first.code == ERR_NONE)
        r->first = why;
    return s;
}

static void publish(struct reading *r, struct suite *s, const struct target *t)
{
    if (s->public)
        return;
    s->public = &r->out->releases.v[r->out->releases.n++];
    *s->public = s->release.release;
    s->public->repo_uri = t->repo_uri;
}

// In the order in which they are read; the codename and all else of a release are in the text that was signed.
static void add_print(struct hash *h, const struct apt_list *l)
{
    hash_add(h, l->public->sha256, sizeof l->public->sha256);
    hash_add(h, l->metakey.p, l->metakey.n);
    hash_add(h, "", 1);
}

static int want_target(struct reading *r, struct suite *s, const struct target *t, struct hash *print,
                       struct err *e)
{
    if (check_there(r, t, e) < 0)
        return -1;
    publish(r, s, t);
    struct apt_list *l = &r->out->lists[r->out->n_lists++];
    *l = (struct apt_list){t->file, t->metakey, &s->release, s->public};
    add_print(print, l);
    return 0;
}

static int read_list(struct apt *apt, struct apt_indexes *x, const struct apt_list *l, struct err *e)
{
    struct buf *text = &x->texts[x->n_texts++];
    const char *name = str_c(x->arena, l->file);
    *text = (struct buf)BUF_INIT(GIB(1));
    // A link, out of the directory, where the repository is local: what it leads to is checked as the rest is.
    const char *path = str_printf(x->arena, "%s/" PRI_STR "/%s", apt->dir, STR_ARG(apt->lists), name).p;
    if (file_read(AT_FDCWD, path, text, e) < 0)
        return err_wrap(e, "apt's list");
    if (apt_release_names(l->release, l->metakey, buf_view(text), e) < 0)
        return err_wrap(e, "suite " PRI_STR, STR_ARG(l->public->codename));
    struct deb_index_spec spec = {buf_view(text), name, apt->architecture, l->public};
    return deb_index_read(x->arena, &spec, &x->index, e);
}

static bool is_wanted(const struct reading *r, const struct suite *s)
{
    return s->is_good && str_eq(s->release.release.origin, r->wanted->origin) &&
           strv_has(&r->suites, s->release.release.codename);
}

static int want_targets(struct reading *r, struct strv *components, struct err *e)
{
    drop_(hash_free) struct hash *print = hash_new(HASH_SHA256);
    for (size_t i = 0; i < r->targets.n; i++) {
        const struct target *t = &r->targets.v[i];
        struct suite *s = suite_of(r, t);
        if (!is_wanted(r, s) || !strv_has(&r->wanted->components, t->component))
            continue;
        if (want_target(r, s, t, print, e) < 0)
            return -1;
        if (str_eq(s->release.release.codename, r->wanted->suite))
            strv_add(r->out->arena, components, t->component);
    }
    hash_end(print, &r->out->print);
    return 0;
}

static int missing(const struct reading *r, struct str suite, struct err *e)
{
    char had[128] = "";
    size_t n = 0;
    if (r->first.code != ERR_NONE) {
        if (e && e->code == ERR_NONE)
            *e = r->first;
        return -1;
    }
    for (size_t i = 0; i < r->n_suites && n + 40 < sizeof had; i++) {
        const struct deb_release *d = &r->suite[i].release.release;
        n += (size_t)snprintf(had + n, sizeof had - n, "%s%.15s %.20s", n ? ", " : "", d->origin.p,
                              d->codename.p);
    }
    return err_set(e, ERR_NOT_FOUND,
                   "suite " PRI_STR " of origin " PRI_STR
                   ": no source of this machine's apt has it; they have: %s",
                   STR_ARG(suite), STR_ARG(r->wanted->origin), n ? had : "nothing");
}

static int check_complete(const struct reading *r, const struct strv *components, struct err *e)
{
    for (size_t i = 0; i < r->suites.n; i++) {
        bool found = false;
        for (size_t k = 0; k < r->out->releases.n; k++)
            found |= str_eq(r->out->releases.v[k].codename, r->suites.v[i]);
        if (!found)
            return missing(r, r->suites.v[i], e);
    }
    for (size_t i = 0; i < r->wanted->components.n; i++)
        if (!strv_has(components, r->wanted->components.v[i]))
            return err_set(e, ERR_NOT_FOUND,
                           "component " PRI_STR " of suite " PRI_STR
                           ": no source of this machine's apt has it",
                           STR_ARG(r->wanted->components.v[i]), STR_ARG(r->wanted->suite));
    return 0;
}

void apt_indexes_free(struct apt_indexes *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n_texts; i++)
        buf_free(&x->texts[i]);
    free(x->texts);
    arena_free(x->arena);
    free(x);
}

int apt_releases_read(struct apt *apt, const struct base_debian *wanted, struct apt_indexes **out,
                      struct err *e)
{
    drop_(apt_indexes_free) struct apt_indexes *x = XNEW(struct apt_indexes);
    struct reading r = {.apt = apt, .wanted = wanted, .out = x};
    drop_fd int lists = -1;
    struct strv components = {0};
    x->arena = arena_new(MIB(1));
    if (!str_eq(wanted->architecture, apt->architecture))
        return err_set(e, ERR_USAGE, "architecture " PRI_STR ": apt was opened for " PRI_STR,
                       STR_ARG(wanted->architecture), STR_ARG(apt->architecture));
    if (path_open(apt->dirfd, str_c(x->arena, apt->lists), O_PATH | O_DIRECTORY, 0, &lists, e) < 0 ||
        find_targets(&r, e) < 0)
        return -1;
    r.lists = lists;
    declaration_suites(x->arena, wanted, &r.suites);
    r.suite = ARENA_ARRAY(x->arena, struct suite, r.targets.n + 1);
    x->releases.v = ARENA_ARRAY(x->arena, struct deb_release, r.targets.n + 1);
    x->lists = ARENA_ARRAY(x->arena, struct apt_list, r.targets.n + 1);
    if (want_targets(&r, &components, e) < 0 || check_complete(&r, &components, e) < 0)
        return -1;
    *out = steal_ptr(x);
    return 0;
}

int apt_packages_read(struct apt *apt, struct apt_indexes *x, struct err *e)
{
    if (x->texts)
        BUG("apt_packages_read: a second time");
    x->texts = xcalloc(x->n_lists + 1, sizeof *x->texts);
    for (size_t i = 0; i < x->n_lists; i++)
        if (read_list(apt, x, &x->lists[i], e) < 0)
            return -1;
    return 0;
}

int apt_indexes_read(struct apt *apt, const struct base_debian *wanted, struct apt_indexes **out,
                     struct err *e)
{
    drop_(apt_indexes_free) struct apt_indexes *x = NULL;
    if (apt_releases_read(apt, wanted, &x, e) < 0 || apt_packages_read(apt, x, e) < 0)
        return -1;
    *out = steal_ptr(x);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "debian/apt.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/proc.h"
#include "debian/apt_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

enum { UPDATE_MS = 30 * 60 * 1000 };
#define LISTS_ROOM MIB(96) // main of Debian 12 is 51 MiB, and apt keeps the packed ones until it is done

// Only Packages files, kept plain, so that the checksum is the one of the Release file; no hook of the machine's runs.
static void write_conf(struct buf *b, const struct apt *apt)
{
    buf_printf(b, "Dir::State \"%s/state\";\nDir::State::Lists \"%s/" PRI_STR "\";\n", apt->dir, apt->dir,
               STR_ARG(apt->lists));
    buf_printf(b, "Dir::State::status \"%s/state/status\";\nDir::Cache \"%s/cache\";\n", apt->dir, apt->dir);
    buf_printf(b, "#clear APT::Architectures;\nAPT::Architecture \"" PRI_STR "\";\n",
               STR_ARG(apt->architecture));
    buf_printf(b, "APT::Architectures { \"" PRI_STR "\"; };\n", STR_ARG(apt->architecture));
    buf_text(b, "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n"
                "#clear APT::Update::Post-Invoke-Success;\n#clear Acquire::IndexTargets;\n"
                "Acquire::IndexTargets::deb::Packages {\n"
                "  MetaKey \"$(COMPONENT)/binary-$(ARCHITECTURE)/Packages\";\n  flatMetaKey \"Packages\";\n"
                "  ShortDescription \"Packages\";\n  Description \"$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) "
                "Packages\";\n"
                "  Optional \"0\";\n};\n"
                "Acquire::Languages \"none\";\nAcquire::GzipIndexes \"false\";\nAcquire::PDiffs \"false\";\n"
                "pkgCacheFile::Generate \"false\";\nAPT::Get::Update::SourceListWarnings \"false\";\n");
}

static int make_dirs(struct apt *apt, struct err *e)
{
    drop_buf struct buf conf = BUF_INIT(65536);
    drop_(arena_free) struct arena *a = arena_new(4096);
    const char *const dirs[] = {
        "cache/archives/partial",
        "state",
        "nothing/partial",
        "keys",
        "packages",
        "partial",
        "answers",
        str_printf(a, PRI_STR "/partial", STR_ARG(apt->lists)).p,
    };
    for (size_t i = 0; i < COUNT(dirs); i++)
        if (path_mkdirs(apt->dirfd, dirs[i], 0755, e) < 0)
            return err_wrap(e, "%s", apt->dir);
    write_conf(&conf, apt);
    if (file_replace(apt->dirfd, "state/status", 0644, STR(""), e) < 0)
        return err_wrap(e, "%s", apt->dir);
    return file_replace(apt->dirfd, str_printf(a, PRI_STR ".conf", STR_ARG(apt->lists)).p, 0644,
                        buf_view(&conf), e);
}

static const char *const *environment(struct arena *a, const char *const *envp)
{
    static const char *const ours[] = {"LC_ALL=C", "LANGUAGE=C", "DEBIAN_FRONTEND=noninteractive"};
    size_t n = 0, kept = 0;
    while (envp && envp[n])
        n++;
    const char **out = ARENA_ARRAY(a, const char *, n + COUNT(ours) + 2);
    bool has_path = false;
    for (size_t i = 0; i < n; i++) {
        struct str v = str_of(envp[i]);
        if (str_has_prefix(v, "LC_") || str_has_prefix(v, "LANG") || str_has_prefix(v, "DEBIAN_FRONTEND="))
            continue;
        has_path |= str_has_prefix(v, "PATH=");
        out[kept++] = str_dup(a, v).p;
    }
    for (size_t i = 0; i < COUNT(ours); i++)
        out[kept++] = ours[i];
    if (!has_path)
        out[kept++] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    return out;
}

static int check_dir(const char *dir, struct err *e)
{
    // It stands between quotes in apt.conf, where nothing can be escaped.
    for (const char *c = dir; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ')
            return err_set(e, ERR_USAGE, "%s: apt cannot be given a path with '%c'", dir,
                           *c < ' ' ? '?' : *c);
    return dir[0] == '/' ? 0 : err_set(e, ERR_USAGE, "%s: not absolute", dir);
}

int apt_open(const struct apt_spec *spec, struct apt **out, struct err *e)
{
    if (check_dir(spec->dir, e) < 0)
        return -1;
    drop_(apt_close) struct apt *apt = XNEW(struct apt);
    apt->dirfd = -1;
    apt->a = arena_new(4096);
    apt->dir = str_dup(apt->a, str_of(spec->dir)).p;
    apt->architecture = str_dup(apt->a, spec->architecture);
    apt->lists = str_printf(apt->a, "lists-" PRI_STR, STR_ARG(apt->architecture));
    apt->conf = str_printf(apt->a, "%s/" PRI_STR ".conf", apt->dir, STR_ARG(apt->lists)).p;
    apt->envp = environment(apt->a, spec->envp);
    apt->ev = spec->ev;
    apt->stop = spec->stop;
    drop_fd int root = -1;
    if (path_open_host("/", O_PATH | O_DIRECTORY, 0, &root, e) < 0)
        return -1;
    struct str rel = path_clean(apt->a, str_from(str_of(spec->dir), 1));
    struct err later = {0};
    if (path_open_host(spec->dir, O_PATH | O_DIRECTORY, 0, &apt->dirfd, &later) < 0 &&
        (path_mkdirs(root, rel.p, 0755, e) < 0 ||
         path_open_host(spec->dir, O_PATH | O_DIRECTORY, 0, &apt->dirfd, e) < 0))
        return err_wrap(e, "%s", spec->dir);
    if (make_dirs(apt, e) < 0)
        return -1;
    *out = steal_ptr(apt);
    return 0;
}

void apt_close(struct apt *apt)
{
    if (!apt)
        return;
    drop_fd_p(&apt->dirfd);
    arena_free(apt->a);
    free(apt);
}

// Warnings go to who listens; the first error is returned, empty if there is none.
static struct str sort_out(struct apt *apt, struct arena *a, struct str said)
{
    static const char failed[] = "W: Failed to fetch ";
    struct str line, first = {"", 0};
    while (str_next_line(&said, &line)) {
        struct str shown = str_printable(a, str_trim(line), 300);
        if (str_has_prefix(line, failed) && !apt->unfetched.n)
            apt->unfetched = str_dup(apt->a, str_from(shown, strlen(failed)));
        if (str_has_prefix(line, "E: ") && !first.n)
            first = str_from(shown, 3);
        else if (str_has_prefix(line, "W: ") && !str_has_prefix(line, "W: Download is performed unsandboxed"))
            event_warn(apt->ev, NULL, PRI_STR, STR_ARG(str_from(shown, 3)));
    }
    return first;
}

int apt_run(struct apt *apt, const struct apt_call *call, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_buf struct buf said = BUF_INIT(MIB(1));
    char text[64];
    int status = 0;
    size_t n = 0;
    while (call->args[n])
        n++;
    const char **argv = ARENA_ARRAY(a, const char *, n + 4);
    argv[0] = call->program;
    argv[1] = "-c";
    argv[2] = apt->conf;
    memcpy(argv + 3, call->args, n * sizeof *argv);
    struct proc_spec spec = {.argv = argv,
                             .envp = apt->envp,
                             .path = "/usr/lib/apt:/usr/sbin:/usr/bin:/sbin:/bin",
                             .timeout_ms = call->timeout_ms,
                             .stop = apt->stop,
                             PROC_QUIET};
    if (proc_run(&spec, STR(""), call->out, &said, &status, e) < 0)
        return err_wrap(e, "%s", call->program);
    struct str first = sort_out(apt, a, buf_view(&said));
    if (status == 0)
        return 0;
    return err_set(e, call->code, "%s %s: %s%s" PRI_STR, call->program, call->args[0],
                   proc_status_text(status, text, sizeof text), first.n ? ": " : "", STR_ARG(first));
}

int apt_room(struct apt *apt, uint64_t bytes, const char *what, struct err *e)
{
    struct statvfs fs;
    if (fstatvfs(apt->dirfd, &fs) < 0)
        return err_sys(e, "%s", apt->dir);
    uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (room >= bytes)
        return 0;
    errno = ENOSPC;
    return err_sys(e, "%s: %ju MB for %s, %ju MB are free", apt->dir, (uintmax_t)(bytes / 1000000), what,
                   (uintmax_t)(room / 1000000));
}

int apt_update(struct apt *apt, struct err *e)
{
    static const char *const args[] = {"update", "-q", NULL};
    struct apt_call call = {.program = "apt-get", .args = args, .code = ERR_NETWORK, .timeout_ms = UPDATE_MS};
    apt->unfetched = (struct str){"", 0};
    if (apt_room(apt, LISTS_ROOM, "lists", e) < 0)
        return -1;
    if (apt_run(apt, &call, e) < 0) {
        if (e && e->code == ERR_NETWORK)
            e->transient = true;
        return -1;
    }
    return 0;
}

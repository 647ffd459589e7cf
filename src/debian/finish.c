// SPDX-License-Identifier: Apache-2.0
#include "debian/finish.h"
#include "base/file.h"
#include "base/limits.h"
#include "debian/alternatives.h"
#include "debian/elf.h"
#include "debian/finish_priv.h"
#include "debian/ldcache.h"

enum {
    GID_MAIL = 8,
    GID_STAFF = 50,
    CONTENT_MAX =
        16 * 1024 * 1024, // of one file that is read or written here; ld.so.cache of a desktop: 200 KiB
};

// What base-files' postinst makes, and what every image needs.
static const struct {
    const char *path;
    struct owner is;
} dirs[] = {
    {"boot", {0, 0, 0755}},
    {"dev", {0, 0, 0755}},
    {"etc/opt", {0, 0, 0755}},
    {"home", {0, 0, 0755}},
    {"media", {0, 0, 0755}},
    {"mnt", {0, 0, 0755}},
    {"opt", {0, 0, 0755}},
    {"proc", {0, 0, 0755}},
    {"root", {0, 0, 0700}},
    {"run/lock", {0, 0, 01777}},
    {"srv", {0, 0, 0755}},
    {"sys", {0, 0, 0755}},
    {"tmp", {0, 0, 01777}},
    {"usr/bin", {0, 0, 0755}},
    {"usr/lib", {0, 0, 0755}},
    {"usr/local/bin", {0, 0, 0755}},
    {"usr/local/etc", {0, 0, 0755}},
    {"usr/local/games", {0, 0, 0755}},
    {"usr/local/include", {0, 0, 0755}},
    {"usr/local/lib", {0, 0, 0755}},
    {"usr/local/sbin", {0, 0, 0755}},
    {"usr/local/share/man", {0, 0, 0755}},
    {"usr/local/src", {0, 0, 0755}},
    {"usr/sbin", {0, 0, 0755}},
    {"var/cache", {0, 0, 0755}},
    {"var/lib", {0, 0, 0755}},
    {"var/local", {0, GID_STAFF, 02775}},
    {"var/log", {0, 0, 0755}},
    {"var/mail", {0, GID_MAIL, 02775}},
    {"var/opt", {0, 0, 0755}},
    {"var/spool", {0, 0, 0755}},
    {"var/tmp", {0, 0, 01777}},
};

// Where `if_has` is there (NULL: always).
static const struct {
    const char *path;
    const char *target, *if_has;
} links[] = {
    {"var/run", "/run", NULL},
    {"var/lock", "/run/lock", NULL},
    {"var/spool/mail", "../mail", NULL},
    {"usr/local/man", "share/man", NULL},
    {"etc/dpkg/origins/default", "debian", "etc/dpkg/origins/debian"},
    {"etc/localtime", "/usr/share/zoneinfo/Etc/UTC", "usr/share/zoneinfo/Etc/UTC"},
};

// Files that a package keeps a template of.
static const struct {
    const char *from, *to;
} copies[] = {
    {"usr/share/base-files/dot.profile", "root/.profile"},
    {"usr/share/base-files/dot.bashrc", "root/.bashrc"},
    {"usr/share/base-files/profile", "etc/profile"},
    {"usr/share/base-files/motd", "etc/motd"},
    {"usr/share/libc-bin/nsswitch.conf", "etc/nsswitch.conf"},
};

static const struct {
    const char *path, *text, *if_has;
} texts[] = {
    {"etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", NULL},
    {"etc/nsswitch.conf",
     "passwd: files\ngroup: files\nshadow: files\ngshadow: files\n\nhosts: files dns\nnetworks: files\n\n"
     "protocols: files\nservices: files\nethers: files\nrpc: files\n",
     NULL},
    {"etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n", "etc/ld.so.conf.d"},
    {"etc/timezone", "Etc/UTC\n", "usr/share/zoneinfo/Etc/UTC"},
};

static const struct owner plain_file = {0, 0, 0644};

bool finish_read(const struct deb_tree *t, const char *path, struct buf *out)
{
    char real[LIMIT_PATH];
    return tree_resolve(t->root, str_of(path), real, NULL) == 0 && file_read(t->root, real, out, NULL) == 0;
}

static int make_dirs(const struct deb_tree *t, struct err *e)
{
    for (size_t i = 0; i < COUNT(dirs); i++)
        if (finish_dir(t, dirs[i].path, dirs[i].is, e) < 0)
            return -1;
    return 0;
}

// /bin and its like lead into /usr; those of other word sizes only where a package put something there.
static int make_links(const struct deb_tree *t, struct err *e)
{
    size_t n;
    const struct deb_alias *alias = deb_aliases(&n);
    for (size_t i = 0; i < n; i++)
        if (str_has_prefix(alias[i].target, "usr/") && finish_has(t, alias[i].target.p) &&
            finish_link(t, alias[i].name.p, alias[i].target, e) < 0)
            return -1;
    for (size_t i = 0; i < COUNT(links); i++)
        if ((!links[i].if_has || finish_has(t, links[i].if_has)) &&
            finish_link(t, links[i].path, str_of(links[i].target), e) < 0)
            return -1;
    return 0;
}

static int make_files(const struct deb_tree *t, struct err *e)
{
    for (size_t i = 0; i < COUNT(copies); i++) {
        drop_buf struct buf content = BUF_INIT(CONTENT_MAX);
        if (finish_read(t, copies[i].from, &content) &&
            finish_file(t, copies[i].to, plain_file, buf_view(&content), e) < 0)
            return -1;
    }
    for (size_t i = 0; i < COUNT(texts); i++)
        if ((!texts[i].if_has || finish_has(t, texts[i].if_has)) &&
            finish_file(t, texts[i].path, plain_file, str_of(texts[i].text), e) < 0)
            return -1;
    return 0;
}

static int make_shells(const struct deb_tree *t, struct err *e)
{
    static const char *const shell[] = {"/bin/sh",    "/usr/bin/sh",    "/bin/bash", "/usr/bin/bash",
                                        "/bin/rbash", "/usr/bin/rbash", "/bin/dash", "/usr/bin/dash"};
    drop_buf struct buf text = BUF_INIT(4096);
    for (size_t i = 0; i < COUNT(shell); i++)
        if (finish_reaches(t, str_of(shell[i])))
            buf_printf(&text, "%s\n", shell[i]);
    return text.n ? finish_file(t, "etc/shells", plain_file, buf_view(&text), e) : 0;
}

static int make_ldcache(const struct deb_tree *t, struct err *e)
{
    drop_buf struct buf cache = BUF_INIT(CONTENT_MAX);
    if (ldcache_make(t->root, &cache, e) < 0)
        return err_wrap(e, "ld.so.cache");
    return cache.n ? finish_file(t, "etc/ld.so.cache", plain_file, buf_view(&cache), e) : 0;
}

int deb_finish(const struct deb_finish *f, struct err *e)
{
    const struct deb_tree *t = &f->tree;
    if (make_dirs(t, e) < 0 || make_links(t, e) < 0 || make_files(t, e) < 0 || make_shells(t, e) < 0 ||
        finish_accounts(f, e) < 0 || finish_certs(t, e) < 0 ||
        alternatives_link(t, f->alternative, f->alternative_n, e) < 0 || make_ldcache(t, e) < 0 ||
        finish_dpkg(f, e) < 0)
        return err_wrap(e, "base image");
    return 0;
}

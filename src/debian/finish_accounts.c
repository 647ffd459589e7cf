// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "debian/finish_priv.h"

#define PASSWD_MASTER "usr/share/base-passwd/passwd.master"
#define GROUP_MASTER "usr/share/base-passwd/group.master"
#define NO_HOME "/nonexistent"

enum { GID_SHADOW = 42, ACCOUNTS_MAX = 1 << 20 };

// Without base-passwd: who owns what packages hold.
static const char passwd_least[] = "root:*:0:0:root:/root:/bin/bash\n"
                                   "nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
static const char group_least[] = "root:*:0:\ntty:*:5:\nmail:*:8:\nshadow:*:42:\nutmp:*:43:\nstaff:*:50:\n"
                                  "nogroup:*:65534:\n";

struct accounts {
    const struct deb_finish *f;
    struct buf passwd, group, shadow, gshadow;
};

static void accounts_done(struct accounts *a)
{
    buf_free(&a->passwd);
    buf_free(&a->group);
    buf_free(&a->shadow);
    buf_free(&a->gshadow);
}
#define drop_accounts __attribute__((cleanup(accounts_done)))

// The fields of the line that begins with `name`; false: none.
static bool find_line(const struct buf *b, struct str name, struct str field[4])
{
    struct str rest = buf_view(b), line;
    while (str_next_line(&rest, &line)) {
        size_t n = 0;
        struct str part;
        while (n < 4 && str_cut(&line, ':', &part))
            field[n++] = part;
        if (n == 4 && str_eq(field[0], name))
            return true;
    }
    return false;
}

// "name:*:…" of a master file: the password moves to the shadow file, and nobody has one.
static void take_line(struct buf *to, struct buf *shadow, struct str line, const char *shadow_rest)
{
    size_t name, star;
    if (!str_find(line, ':', &name) || !str_find(str_from(line, name + 1), ':', &star))
        return;
    struct str rest = str_from(line, name + 1 + star);
    buf_printf(to, PRI_STR ":x" PRI_STR "\n", STR_ARG(str_head(line, name)), STR_ARG(rest));
    buf_printf(shadow, PRI_STR ":*:%s\n", STR_ARG(str_head(line, name)), shadow_rest);
}

static void take_master(struct accounts *a, const char *path, const char *least, bool groups)
{
    drop_buf struct buf text = BUF_INIT(ACCOUNTS_MAX);
    struct str rest = str_of(least), line;
    if (finish_read(&a->f->tree, path, &text))
        rest = buf_view(&text);
    while (str_next_line(&rest, &line)) {
        if (groups)
            take_line(&a->group, &a->gshadow, line, ":");
        else
            take_line(&a->passwd, &a->shadow, line,
                      ":0:99999:7:::"); // no day of change: it would not be reproducible
    }
}

static int check_text(struct str user, const char *what, struct str s, struct err *e)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ':' || (unsigned char)s.p[i] < ' ')
            return err_set(e, ERR_USAGE, "user " PRI_STR ": a %s with ':' or a control character",
                           STR_ARG(user), what);
    return 0;
}

static int check_user(const struct base_user *u, struct err *e)
{
    if (!u->name.n || check_text(STR(""), "name", u->name, e) < 0)
        return err_set(e, ERR_USAGE, "user: an empty name");
    if (check_text(u->name, "group", u->group, e) < 0 || check_text(u->name, "home", u->home, e) < 0 ||
        check_text(u->name, "shell", u->shell, e) < 0)
        return -1;
    if (u->uid < 0 || u->uid >= UINT32_MAX || u->gid < 0 || u->gid >= UINT32_MAX)
        return err_set(e, ERR_USAGE, "user " PRI_STR ": uid %jd or gid %jd is not within 0..4294967294",
                       STR_ARG(u->name), (intmax_t)u->uid, (intmax_t)u->gid);
    if (!str_has_prefix(u->home, "/") || (u->home.n > 1 && !path_is_safe(str_from(u->home, 1))))
        return err_set(e, ERR_USAGE, "user " PRI_STR ": home \"" PRI_STR "\" is not an absolute clean path",
                       STR_ARG(u->name), STR_ARG(u->home));
    return 0;
}

static bool is_number(struct str text, int64_t n)
{
    uint64_t got;
    return str_u64(text, 0, UINT32_MAX, &got) && (int64_t)got == n;
}

static int add_group(struct accounts *a, struct str name, int64_t gid, struct err *e)
{
    struct str field[4];
    if (find_line(&a->group, name, field)) {
        if (is_number(field[2], gid))
            return 0;
        return err_set(e, ERR_USAGE, "group " PRI_STR ": gid %jd, but Debian's is " PRI_STR, STR_ARG(name),
                       (intmax_t)gid, STR_ARG(field[2]));
    }
    buf_printf(&a->group, PRI_STR ":x:%jd:\n", STR_ARG(name), (intmax_t)gid);
    buf_printf(&a->gshadow, PRI_STR ":!::\n", STR_ARG(name));
    return 0;
}

static int add_home(const struct accounts *a, const struct base_user *u, struct err *e)
{
    drop_(arena_free) struct arena *mem = arena_new(LIMIT_PATH);
    struct owner is = {(uint32_t)u->uid, (uint32_t)u->gid, 0755};
    if (str_is(u->home, NO_HOME) || u->home.n < 2)
        return 0;
    return finish_dir(&a->f->tree, str_c(mem, deb_merged(mem, str_from(u->home, 1))), is, e);
}

static int add_user(struct accounts *a, const struct base_user *u, struct err *e)
{
    struct str field[4], shell = u->shell;
    if (check_user(u, e) < 0 || add_group(a, u->group.n ? u->group : u->name, u->gid, e) < 0)
        return -1;
    if (find_line(&a->passwd, u->name, field)) {
        if (is_number(field[2], u->uid) && is_number(field[3], u->gid))
            return 0;
        return err_set(e, ERR_USAGE, "user " PRI_STR ": %jd:%jd, but Debian's is " PRI_STR ":" PRI_STR,
                       STR_ARG(u->name), (intmax_t)u->uid, (intmax_t)u->gid, STR_ARG(field[2]),
                       STR_ARG(field[3]));
    }
    if (!shell.n)
        shell = finish_reaches(&a->f->tree, STR("/bin/sh")) ? STR("/bin/sh") : STR("/usr/sbin/nologin");
    buf_printf(&a->passwd, PRI_STR ":x:%jd:%jd::" PRI_STR ":" PRI_STR "\n", STR_ARG(u->name),
               (intmax_t)u->uid, (intmax_t)u->gid, STR_ARG(u->home), STR_ARG(shell));
    buf_printf(&a->shadow, PRI_STR ":!::0:99999:7:::\n", STR_ARG(u->name));
    return add_home(a, u, e);
}

int finish_accounts(const struct deb_finish *f, struct err *e)
{
    drop_accounts struct accounts a = {.f = f,
                                       .passwd = BUF_INIT(ACCOUNTS_MAX),
                                       .group = BUF_INIT(ACCOUNTS_MAX),
                                       .shadow = BUF_INIT(ACCOUNTS_MAX),
                                       .gshadow = BUF_INIT(ACCOUNTS_MAX)};
    const struct {
        const char *path;
        const struct buf *text;
        struct owner is;
    } file[] = {
        {"etc/passwd", &a.passwd, {0, 0, 0644}},
        {"etc/group", &a.group, {0, 0, 0644}},
        {"etc/shadow", &a.shadow, {0, GID_SHADOW, 0640}},
        {"etc/gshadow", &a.gshadow, {0, GID_SHADOW, 0640}},
    };
    take_master(&a, PASSWD_MASTER, passwd_least, false);
    take_master(&a, GROUP_MASTER, group_least, true);
    for (size_t i = 0; i < f->user_n; i++)
        if (add_user(&a, &f->user[i], e) < 0)
            return -1;
    for (size_t i = 0; i < COUNT(file); i++)
        if (buf_finish(file[i].text, file[i].path, e) < 0 ||
            finish_file(&f->tree, file[i].path, file[i].is, buf_view(file[i].text), e) < 0)
            return -1;
    return 0;
}

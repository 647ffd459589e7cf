// SPDX-License-Identifier: Apache-2.0
#include "oci/users.h"

enum { FIELDS = 7 };

struct line {
    struct str field[FIELDS];
    size_t n;
};

static void split(struct str text, struct line *out)
{
    *out = (struct line){0};
    while (out->n < FIELDS && str_cut(&text, ':', &out->field[out->n]))
        out->n++;
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

static bool number(struct str s, uint32_t *out)
{
    uint64_t v;
    if (!str_u64(s, 0, IMAGE_ID_MAX, &v))
        return false;
    *out = (uint32_t)v;
    return true;
}

// The line of a file whose name (or, where by_id, whose third field) is this.
static bool find_line(struct str file, struct str name, bool by_id, struct line *out)
{
    struct str text;
    uint32_t want = 0, id;
    if (by_id && !number(name, &want))
        return false;
    while (str_next_line(&file, &text)) {
        split(text, out);
        if (out->n < 4 || !number(out->field[2], &id))
            continue;
        if (by_id ? id == want : str_eq(out->field[0], name))
            return true;
    }
    return false;
}

static int refuse(enum err_code code, struct str user, const char *why, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(256);
    struct str shown = str_printable(a, user, 64);
    return err_set(e, code, "user \"" PRI_STR "\" of the image: %s", STR_ARG(shown), why);
}

static bool is_member(struct str members, struct str name)
{
    struct str one;
    while (str_cut(&members, ',', &one))
        if (str_eq(one, name))
            return true;
    return false;
}

// Too many are refused: a program that runs without a group that it was given may be let in where it is to be kept out.
static int add_groups(struct str whole, struct str group, struct image_user *u, struct err *e)
{
    struct str text;
    struct line line;
    uint32_t gid;
    while (u->name.n && str_next_line(&group, &text)) {
        split(text, &line);
        if (line.n < 4 || !number(line.field[2], &gid) || gid == u->gid || !is_member(line.field[3], u->name))
            continue;
        if (u->n_groups == IMAGE_GROUPS_MAX)
            return refuse(ERR_LIMIT, whole, "in more than 64 groups of /etc/group", e);
        u->groups[u->n_groups++] = gid;
    }
    return 0;
}

static int take_user(struct str whole, struct str name, struct str passwd, struct image_user *u,
                     struct err *e)
{
    struct line line;
    bool numeric = is_number(name);
    if (numeric && !number(name, &u->uid))
        return refuse(ERR_PARSE, whole, "the uid is above 4294967294", e);
    if (find_line(passwd, name, numeric, &line)) {
        (void)number(line.field[2], &u->uid); // find_line has seen that it is one
        if (!number(line.field[3], &u->gid))
            return refuse(ERR_PARSE, whole, "its gid in /etc/passwd is not a number", e);
        u->name = line.field[0];
        u->home = line.n > 5 ? line.field[5] : STR("");
    } else if (!numeric && !str_is(name, "root")) {
        return refuse(ERR_NOT_FOUND, whole, "no such name in /etc/passwd", e);
    }
    return 0;
}

static int take_group(struct str whole, struct str name, struct str group, struct image_user *u,
                      struct err *e)
{
    struct line line;
    if (is_number(name))
        return number(name, &u->gid) ? 0 : refuse(ERR_PARSE, whole, "the gid is above 4294967294", e);
    if (find_line(group, name, false, &line)) {
        (void)number(line.field[2], &u->gid); // find_line has seen that it is one
        return 0;
    }
    if (!str_is(name, "root"))
        return refuse(ERR_NOT_FOUND, whole, "no such name in /etc/group", e);
    u->gid = 0;
    return 0;
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == 0x7f || c == '/' || (i == 0 && c == '-'))
            return false;
    }
    return s.n > 0;
}

int image_user_find(struct str user, struct str passwd, struct str group, struct image_user *out,
                    struct err *e)
{
    struct image_user u = {.name = STR(""), .home = STR("")};
    struct str name = user.n ? user : STR("0"), group_name = STR("");
    size_t at;
    bool with_group = str_find(name, ':', &at);
    if (with_group) {
        group_name = str_from(name, at + 1);
        name = str_head(name, at);
    }
    if (!is_name(name) || (with_group && !is_name(group_name)) || str_find(group_name, ':', &at))
        return refuse(ERR_PARSE, user, "want a name or uid, and after ':' a group or gid", e);
    if (take_user(user, name, passwd, &u, e) < 0)
        return -1;
    if (with_group && take_group(user, group_name, group, &u, e) < 0)
        return -1;
    if (!with_group && add_groups(user, group, &u, e) < 0)
        return -1;
    *out = u;
    return 0;
}

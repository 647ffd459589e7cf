// SPDX-License-Identifier: Apache-2.0
#include "oci/users.h"
#include "base/buf.h"
#include "test.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "broken\n"
                             "nouid:x:abc:5::/:\n"
                             "cnb:x:1002:1000::/home/cnb:/bin/sh\r\n"
                             "1002:x:0:0:trap:/root:/bin/sh\n"
                             "short:x:7:8\n"
                             "badgid:x:9:x::/:\n"
                             "last:x:4294967294:12::/last:/bin/sh";
static const char group[] =
    "root:x:0:\ncnb:x:1000:\naudio:x:29:other,cnb\nvideo:x:44:cnb\nbad:x:y:cnb\ncnb2:x:1000:cnb\n";

static const struct {
    const char *user;
    uint32_t uid, gid;
    size_t groups;
    const char *home;
} good[] = {
    {"", 0, 0, 0, "/root"},
    {"root", 0, 0, 0, "/root"},
    {"0:0", 0, 0, 0, "/root"},
    {"cnb", 1002, 1000, 2, "/home/cnb"},
    {"1002", 1002, 1000, 2, "/home/cnb"},
    {"cnb:0", 1002, 0, 0, "/home/cnb"},
    {"cnb:audio", 1002, 29, 0, "/home/cnb"},
    {"1002:video", 1002, 44, 0, "/home/cnb"},
    {"4000", 4000, 0, 0, ""},
    {"4000:4001", 4000, 4001, 0, ""},
    {"short", 7, 8, 0, ""},
    {"last", 4294967294u, 12, 0, "/last"},
};

TEST(users_found)
{
    for (size_t i = 0; i < COUNT(good); i++) {
        struct image_user u;
        MUST(image_user_find(str_of(good[i].user), str_of(passwd), str_of(group), &u, &e));
        CHECK_MSG(u.uid == good[i].uid && u.gid == good[i].gid && u.n_groups == good[i].groups,
                  "%s: %u:%u, %zu groups", good[i].user, u.uid, u.gid, u.n_groups);
        EQ_STR(u.home, good[i].home);
    }
    struct image_user u;
    MUST(image_user_find(STR("root:root"), STR(""), STR(""), &u, &e)); // an image without the files
    EQ_UINT(u.uid + u.gid, 0);
}

TEST(users_refused_m21)
{
    static const struct {
        const char *user;
        enum err_code code;
        const char *words;
    } bad[] = {
        {"-1", ERR_PARSE, "\"-1\"|want a name or uid"},
        {"a:b:c", ERR_PARSE, "\"a:b:c\""},
        {":", ERR_PARSE, "want a name"},
        {"0:", ERR_PARSE, "want a name"},
        {":0", ERR_PARSE, "want a name"},
        {"a b", ERR_PARSE, "want a name"},
        {"a\nb", ERR_PARSE, "a\\x0ab"},
        {"4294967295", ERR_PARSE, "above 4294967294"},
        {"99999999999999999999", ERR_PARSE, "above 4294967294"},
        {"0:4294967295", ERR_PARSE, "gid is above"},
        {"nobody", ERR_NOT_FOUND, "\"nobody\"|/etc/passwd"},
        {"nouid", ERR_NOT_FOUND, "/etc/passwd"},
        {"badgid", ERR_PARSE, "gid in /etc/passwd"},
        {"0:nogroup", ERR_NOT_FOUND, "/etc/group"},
        {"0:bad", ERR_NOT_FOUND, "/etc/group"},
    };
    struct image_user u;
    for (size_t i = 0; i < COUNT(bad); i++)
        REFUSED(image_user_find(str_of(bad[i].user), str_of(passwd), str_of(group), &u, &e), bad[i].code,
                bad[i].words);
}

// A group that is dropped may be one that keeps its members out.
TEST(l7_more_groups_than_there_is_room_for_are_refused)
{
    drop_buf struct buf b = BUF_INIT(65536);
    struct image_user u;
    for (int i = 0; i < IMAGE_GROUPS_MAX; i++)
        buf_printf(&b, "g%d:x:%d:other,cnb\n", i, 2000 + i);
    buf_text(&b, "own:x:1000:cnb\n"); // the user's own does not count
    MUST(image_user_find(STR("cnb"), str_of(passwd), buf_view(&b), &u, &e));
    EQ_UINT(u.n_groups, IMAGE_GROUPS_MAX);
    buf_text(&b, "more:x:3000:cnb\n");
    REFUSED(image_user_find(STR("cnb"), str_of(passwd), buf_view(&b), &u, &e), ERR_LIMIT,
            "user \"cnb\"|more than 64 groups");
    MUST(image_user_find(STR("cnb:own"), str_of(passwd), buf_view(&b), &u,
                         &e)); // a group was named: no others
}

// SPDX-License-Identifier: Apache-2.0
// Which ids a sandbox runs under. Host id 0 is never among them.
#include "base/file.h"
#include "base/limits.h"
#include "sandbox/priv.h"
#include <fcntl.h>

enum { RANGE = 65536, RANGES_FILE_MAX = 1 << 20 };

struct range {
    uint32_t first, count;
};

static bool file_text(const char *path, struct buf *out)
{
    return file_read(AT_FDCWD, path, out, NULL) == 0;
}

// "name:first:count", subuid(5). The owner is a login name or a number.
static bool find_range(struct str text, struct str owner, struct range *out)
{
    struct str line, name, field;
    while (str_next_line(&text, &line)) {
        uint64_t first, count;
        if (!str_cut(&line, ':', &name) || !str_eq(name, owner))
            continue;
        if (!str_cut(&line, ':', &field) || !str_u64(field, 1, UINT32_MAX, &first))
            continue;
        if (!str_cut(&line, ':', &field) || !str_u64(field, RANGE, UINT32_MAX - first, &count))
            continue;
        *out = (struct range){(uint32_t)first, (uint32_t)count};
        return true;
    }
    return false;
}

// The login name of a uid from /etc/passwd; nss would need a dynamic libc.
static bool login_name(struct arena *a, uint32_t uid, struct str *out)
{
    drop_buf struct buf text = BUF_INIT(RANGES_FILE_MAX);
    if (!file_text("/etc/passwd", &text))
        return false;
    struct str rest = buf_view(&text), line, name, field;
    while (str_next_line(&rest, &line)) {
        uint64_t got;
        if (!str_cut(&line, ':', &name) || !str_cut(&line, ':', &field) || !str_cut(&line, ':', &field))
            continue;
        if (!str_u64(field, 0, UINT32_MAX, &got) || got != uid)
            continue;
        *out = str_dup(a, name);
        return true;
    }
    return false;
}

static bool range_of(const char *file, const struct strv *owners, struct range *out)
{
    drop_buf struct buf text = BUF_INIT(RANGES_FILE_MAX);
    if (!file_text(file, &text))
        return false;
    for (size_t i = 0; i < owners->n; i++)
        if (find_range(buf_view(&text), owners->v[i], out))
            return true;
    return false;
}

// The last id that our own namespace knows, and whether it knows the whole of a range (user_namespaces(7)).
static uint32_t own_ids(const char *file, struct range want, bool *all)
{
    drop_buf struct buf text = BUF_INIT(RANGES_FILE_MAX);
    uint32_t last = 0;
    *all = false;
    if (!file_text(file, &text))
        return 0;
    struct str rest = buf_view(&text), line;
    while (str_next_line(&rest, &line)) {
        uint64_t v[3];
        size_t n = 0;
        struct str field;
        while (n < COUNT(v) && str_cut(&line, ' ', &field))
            if (field.n && str_u64(field, 0, UINT32_MAX, &v[n]))
                n++;
        if (n < COUNT(v) || !v[2])
            continue;
        // 4294967295 stands for "no id".
        uint64_t end = v[0] + v[2] > UINT32_MAX ? UINT32_MAX : v[0] + v[2];
        *all = *all || (want.first >= v[0] && (uint64_t)want.first + want.count <= end);
        if (end - 1 > last)
            last = (uint32_t)(end - 1);
    }
    return last;
}

// Root's own: everything below 65535 keeps its place in the range; a larger inside id gets the last one.
static void map_range(struct sbx_map m[SBX_MAPS], uint32_t inside, uint32_t first)
{
    bool fits = inside < RANGE;
    memset(m, 0, sizeof(struct sbx_map) * SBX_MAPS);
    m[0] = (struct sbx_map){0, first, fits ? RANGE : RANGE - 1};
    if (!fits)
        m[1] = (struct sbx_map){inside, first + RANGE - 1, 1};
}

static int map_as_root(const char *sub, const char *own, uint32_t inside, struct sbx_map m[SBX_MAPS],
                       struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(256);
    struct strv owners = {0};
    struct range r = {SBX_FIXED_BASE, RANGE};
    strv_add(a, &owners, STR("dema"));
    strv_add(a, &owners, STR("root"));
    strv_add(a, &owners, STR("0"));
    (void)range_of(sub, &owners, &r);
    bool all;
    uint32_t last = own_ids(own, (struct range){r.first, RANGE}, &all);
    if (all) {
        map_range(m, inside, r.first);
        return 0;
    }
    // Root of a container that has fewer ids: the last of them, which is nobody's.
    if (!last)
        return err_set(e, ERR_DENIED, "%s: no id but 0 is there, and 0 is never mapped into a sandbox", own);
    memset(m, 0, sizeof(struct sbx_map) * SBX_MAPS);
    m[0] = (struct sbx_map){inside, last, 1};
    return 0;
}

// A user's: the inside id is the user's own; the range, if there is one, fills what is below and above it.
static void map_as_user(struct sbx_map m[SBX_MAPS], uint32_t inside, uint32_t own, const struct range *sub)
{
    size_t n = 0;
    memset(m, 0, sizeof(struct sbx_map) * SBX_MAPS);
    m[n++] = (struct sbx_map){inside, own, 1};
    if (!sub)
        return;
    uint32_t below = inside < RANGE ? inside : RANGE;
    if (below)
        m[n++] = (struct sbx_map){0, sub->first, below};
    if (below + 1 < RANGE)
        m[n++] = (struct sbx_map){inside + 1, sub->first + below, RANGE - below - 1};
}

bool have_newidmap(void)
{
    return find_in_path("newuidmap", NULL) && find_in_path("newgidmap", NULL);
}

static int ids_as_user(uint32_t uid, uint32_t gid, struct sbx_plan *p, struct err *e)
{
    drop_(arena_free) struct arena *a = arena_new(256);
    struct strv owners = {0};
    struct str name;
    struct range u, g;
    if (getegid() == 0)
        return err_set(e, ERR_DENIED, "group 0 is never mapped into a sandbox, and this user's group is 0");
    if (login_name(a, geteuid(), &name))
        strv_add(a, &owners, name);
    strv_add(a, &owners, str_printf(a, "%u", geteuid()));
    bool sub =
        have_newidmap() && range_of("/etc/subuid", &owners, &u) && range_of("/etc/subgid", &owners, &g);
    map_as_user(p->uid, uid, geteuid(), sub ? &u : NULL);
    map_as_user(p->gid, gid, getegid(), sub ? &g : NULL);
    return 0;
}

int sbx_ids(uint32_t uid, uint32_t gid, struct sbx_plan *p, struct err *e)
{
    struct sbx_plan got = *p;
    got.run_uid = uid;
    got.run_gid = gid;
    if (geteuid() == 0) {
        if (map_as_root("/etc/subuid", "/proc/self/uid_map", uid, got.uid, e) < 0 ||
            map_as_root("/etc/subgid", "/proc/self/gid_map", gid, got.gid, e) < 0)
            return -1;
    } else if (ids_as_user(uid, gid, &got, e) < 0) {
        return -1;
    }
    *p = got;
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "rig.h"
#include "state/state_priv.h"

TEST(names_become_safe_file_names)
{
    static const struct {
        const char *name, *file;
    } row[] = {
        {"app", "app"},
        {"host.example:5000/team/app:1.0", "host.example:5000%2Fteam%2Fapp:1.0"},
        {"../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"},
        {".", "%2E"},
        {"..", "%2E."},
        {".hidden", "%2Ehidden"},
        {"a%2Fb", "a%252Fb"},
        {"a~b", "a%7Eb"},
        {"\xc3\xa4", "%C3%A4"},
        {"a@sha256:00", "a@sha256:00"},
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        char file[NAME_FILE];
        MUST(name_encode(str_of(row[i].name), file, &e));
        EQ_TEXT(file, row[i].file);
    }
}

TEST(names_of_any_length_have_a_file_each)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct strv seen = {0};
    for (size_t n = 1; n <= STATE_NAME_MAX; n++) {
        char name[STATE_NAME_MAX], file[NAME_FILE];
        memset(name, '/', n);
        MUST(name_encode((struct str){name, n}, file, &e));
        CHECK(strlen(file) <= 255 && file[0] != '.' && !strchr(file, '/'));
        CHECK(!strv_has(&seen, str_of(file)));
        strv_add(a, &seen, str_dup(a, str_of(file)));
    }
}

TEST(names_that_no_image_has_are_refused)
{
    char file[NAME_FILE], big[STATE_NAME_MAX + 1];
    memset(big, 'a', sizeof big);
    REFUSED(name_encode(STR(""), file, &e), ERR_USAGE, "0 bytes");
    REFUSED(name_encode((struct str){big, sizeof big}, file, &e), ERR_USAGE, "1025 bytes");
    REFUSED(name_encode(STR("a b"), file, &e), ERR_USAGE, "byte 2 is 0x20");
    REFUSED(name_encode(STR("a\nb"), file, &e), ERR_USAGE, "byte 2 is 0x0a");
    REFUSED(name_encode(STR("a\0b"), file, &e), ERR_USAGE, "byte 2 is 0x00");
}

TEST(a_long_name_is_found_again)
{
    RIG(r);
    drop_(arena_free) struct arena *a = arena_new(4096);
    char name[256] = {0};
    memset(name, '/', 255);
    rig_image(r.st, name, "one");
    struct state_name n;
    MUST(state_name_get(r.st, a, str_of(name), &n, &e));
    EQ_STR(n.name, name);
    EQ_STR(n.json, "{\"x\": 1}");
    EQ_UINT(n.size, 3);
    name[254] = 0;
    REFUSED(state_name_get(r.st, a, str_of(name), &n, &e), ERR_NOT_FOUND, "no image of this name");
}

TEST(names_are_listed_in_byte_order_of_the_names)
{
    RIG(r);
    drop_(arena_free) struct arena *a = arena_new(4096);
    static const char *const in[] = {"b", "a/b", "a", "a.b", "B"}, *const want[] = {"B", "a", "a.b", "a/b",
                                                                                    "b"};
    for (size_t i = 0; i < COUNT(in); i++)
        rig_image(r.st, in[i], "same");
    struct state_name *v;
    size_t n;
    MUST(state_names(r.st, a, &v, &n, &e));
    EQ_UINT(n, COUNT(want));
    for (size_t i = 0; i < n; i++)
        EQ_STR(v[i].name, want[i]);
}

TEST(damaged_names_are_named)
{
    RIG(r);
    drop_(arena_free) struct arena *a = arena_new(4096);
    static const char good[] =
        "dema-name 1\nname app\ndigest sha256:"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nsize 0\n\n{}";
    struct state_name n;
    test_write(t->dir, "data/names/app", good, sizeof good - 1);
    MUST(state_name_get(r.st, a, STR("app"), &n, &e));
    EQ_STR(n.json, "{}");
    test_write(t->dir, "data/names/other", good, sizeof good - 1);
    REFUSED(state_name_get(r.st, a, STR("other"), &n, &e), ERR_PARSE, "names/other|another name");
    for (size_t cut = 0; cut < strlen(good) - 4; cut++) { // torn at any byte before the end of its head
        test_write(t->dir, "data/names/app", good, cut);
        REFUSED(state_name_get(r.st, a, STR("app"), &n, &e), ERR_PARSE, "");
    }
    EQ_INT(unlinkat(t->dir, "data/names/app", 0), 0);
    EQ_INT(symlinkat("/etc/passwd", t->dir, "data/names/app"), 0);
    REFUSED(state_name_get(r.st, a, STR("app"), &n, &e), ERR_DENIED, "symbolic link");
}

// The others are still listed; whoever removes what no name stands for hears what to do about the one.
TEST(m5_one_damaged_name_does_not_hide_the_others)
{
    RIG(r);
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct state_name *v;
    struct strv damaged;
    size_t n;
    rig_image(r.st, "one", "1");
    rig_image(r.st, "two", "2");
    test_write(t->dir, "data/names/torn", "dema-name 1\nna", 14);
    EQ_INT(mkfifoat(t->dir, "data/names/pipe", 0600), 0);
    MUST(state_names_found(r.st, a, &v, &n, &damaged, &e));
    EQ_UINT(n, 2);
    EQ_STR(v[0].name, "one");
    EQ_STR(v[1].name, "two");
    EQ_UINT(damaged.n, 2);
    CHECK(str_has_suffix(damaged.v[0], "names/pipe: not a regular file"));
    CHECK(str_has_suffix(damaged.v[1], "names/torn: damaged: not a \"dema-name 1\" record"));
    REFUSED(state_names(r.st, a, &v, &n, &e), ERR_USAGE, "names/pipe|remove its file|dema rm");
    EQ_INT(unlinkat(t->dir, "data/names/pipe", 0), 0);
    REFUSED(state_names(r.st, a, &v, &n, &e), ERR_PARSE, "names/torn|damaged|remove its file|dema rm");
    drop_(txn_drop) struct txn *x = NULL;
    MUST(txn_begin(r.st, &x, &e)); // as "dema rm" does
    MUST(txn_name(x, STR("torn"), &txn_any, NULL, &e));
    MUST(txn_commit(x, &e));
    MUST(state_names(r.st, a, &v, &n, &e));
    EQ_UINT(n, 2);
}

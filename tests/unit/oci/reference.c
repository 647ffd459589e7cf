// SPDX-License-Identifier: Apache-2.0
#include "oci/reference.h"
#include "test.h"

#define HEX "e4f436c9bd4c371adc2be50818eb776fc522d2f82d52ea23986dcb25f60e6050"

// What distribution/reference 0.6.0 answers too.
static const struct {
    const char *text, *canonical, *familiar;
} good[] = {
    {"x", "docker.io/library/x", "x"},
    {"x:1", "docker.io/library/x:1", "x:1"},
    {"a/b", "docker.io/a/b", "a/b"},
    {"localhost/a", "localhost/a", "localhost/a"},
    {"localhost:5000/a", "localhost:5000/a", "localhost:5000/a"},
    {"localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"},
    {"localhost", "docker.io/library/localhost", "localhost"},
    {"foo.example/a", "foo.example/a", "foo.example/a"},
    {"foo:5000/a/b/c:t", "foo:5000/a/b/c:t", "foo:5000/a/b/c:t"},
    {"docker.io/x", "docker.io/library/x", "x"},
    {"docker.io/library/x", "docker.io/library/x", "x"},
    {"index.docker.io/x", "docker.io/library/x", "x"},
    {"library/x", "docker.io/library/x", "x"},
    {"docker.io/library", "docker.io/library/library", "library"},
    {"docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"},
    {"docker.io/foo.example/a", "docker.io/foo.example/a", "docker.io/foo.example/a"},
    {"library/" HEX, "docker.io/library/" HEX, "docker.io/library/" HEX},
    {"x@sha256:" HEX, "docker.io/library/x@sha256:" HEX, "x@sha256:" HEX},
    {"x:1@sha256:" HEX, "docker.io/library/x:1@sha256:" HEX, "x:1@sha256:" HEX},
    {"x@sha512:" HEX HEX, "docker.io/library/x@sha512:" HEX HEX, "x@sha512:" HEX HEX},
    {"[::1]/a", "[::1]/a", "[::1]/a"},
    {"[::1]:5000/a:t", "[::1]:5000/a:t", "[::1]:5000/a:t"},
    {"UPPER/a", "UPPER/a", "UPPER/a"},
    {"a__b", "docker.io/library/a__b", "a__b"},
    {"a---b/c.d_e", "docker.io/a---b/c.d_e", "a---b/c.d_e"},
    {"x:_T.-1", "docker.io/library/x:_T.-1", "x:_T.-1"},
    {"1.2.3.4:5/a", "1.2.3.4:5/a", "1.2.3.4:5/a"},
    {"foo_bar/x", "docker.io/foo_bar/x", "foo_bar/x"},
};

TEST(reference_forms)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    for (size_t i = 0; i < COUNT(good); i++) {
        struct reference r, again;
        MUST(reference_parse(a, str_of(good[i].text), &r, &e));
        EQ_STR(reference_format(a, &r), good[i].canonical);
        EQ_STR(reference_familiar(a, &r), good[i].familiar);
        MUST(reference_parse(a, str_of(good[i].canonical), &again, &e));
        CHECK(reference_eq(&r, &again));
        MUST(reference_parse(a, str_of(good[i].familiar), &again, &e));
        CHECK(reference_eq(&r, &again));
    }
}

static const struct {
    const char *text, *words;
} bad[] = {
    {"", "is empty"},
    {HEX, "hexadecimal text of a digest"},
    {"UPPER/case:bad tag", "\"UPPER/case:bad tag\": tag: character 15: byte 0x20, want A-Z a-z 0-9 _ . -"},
    {"a/B", "repository: character 3: 'B', want a-z 0-9"},
    {"Big", "repository: character 1: 'B'"},
    {"a___b", "repository: character 4: '_'"},
    {"a_-b", "character 3: '-'"},
    {"a-_b", "character 3: '_'"},
    {"a.", "repository: ends at character 2"},
    {".a", "character 1: '.'"},
    {"a..b", "character 3: '.'"},
    {"a//b", "character 3: '/'"},
    {"a/", "repository: ends at character 2"},
    {"/a", "registry"},
    {"docker.io/", "repository"},
    {"a:", "tag: ends at character 2"},
    {"x:.t", "tag: character 3: '.', want A-Z a-z 0-9 _"},
    {"x:-t", "tag: character 3: '-'"},
    {"x:a+b", "tag: character 4: '+'"},
    {"x:1:2", "tag: character 4: ':'"},
    {"a@", "digest: "},
    {"x@sha256:abc", "digest: |3 hex digits, sha256 has 64"},
    {"x@SHA256:" HEX, "digest: |neither sha256 nor sha512"},
    {"x@md5:d41d8cd98f00b204e9800998ecf8427e", "neither sha256 nor sha512"},
    {"x@sha256:../../x", "digest: "},
    {"x@sha256:" HEX "@sha256:" HEX, "digest: "},
    {"a.b:c/d", "registry port: character 5: 'c', want a digit"},
    {"a.b:/d", "registry port: ends at character 4"},
    {"a:0/b", "registry port: want 1 to 65535"},
    {"a:65536/b", "registry port: want 1 to 65535"},
    {"a-.b/c", "registry: character 2: '-'"},
    {"a.-b/c", "registry: character 3: '-'"},
    {"a..b/c", "registry: character 3: '.'"},
    {"-a.b/c", "registry: character 1: '-'"},
    {"a./c", "registry: |'.'"},
    {"foo_bar.example/x", "registry: character 4: '_'"},
    {"[zz.]/a", "no IPv6 address"},
    {"[::1/a:b", "registry: no ']'"},
    {"[::1%eth0]:1/a", "no IPv6 address"},
    {"[::1]x:1/a", "registry: character 6: 'x', want ':' and a port"},
    {"http://x/y", "is a URL"},
    {"a b", "repository: character 2: byte 0x20"},
    {"a\x1b[2J", "byte 0x1b|a\\x1b[2J"},
    {"\xc3\xa9", "byte 0xc3"},
};

TEST(reference_refuses)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct reference r = {.tag = STR("untouched")};
    for (size_t i = 0; i < COUNT(bad); i++)
        REFUSED(reference_parse(a, str_of(bad[i].text), &r, &e), ERR_PARSE, bad[i].words);
    REFUSED(reference_parse(a, (struct str){"a\0b", 3}, &r, &e), ERR_PARSE, "character 2: byte 0x00");
    EQ_STR(r.tag, "untouched");
}

TEST(reference_lengths)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct reference r;
    char name[400];
    memset(name, 'n', sizeof name);
    MUST(reference_parse(a, (struct str){name, 255 - 8}, &r, &e));
    EQ_UINT(r.repository.n, 255);
    REFUSED(reference_parse(a, (struct str){name, 255 - 7}, &r, &e), ERR_PARSE,
            "repository: 256 characters long, at most 255");
    name[1] = ':';
    MUST(reference_parse(a, (struct str){name, 130}, &r, &e));
    REFUSED(reference_parse(a, (struct str){name, 131}, &r, &e), ERR_PARSE,
            "tag: 129 characters long, at most 128");
    name[1] = '.';
    name[256] = '/';
    REFUSED(reference_parse(a, (struct str){name, 300}, &r, &e), ERR_PARSE, "registry: 256 characters long");
    struct str huge = {arena_get(a, 100000, 1), 100000};
    REFUSED(reference_parse(a, huge, &r, &e), ERR_PARSE, "100000 characters long");
}

TEST(reference_tags_and_names)
{
    drop_(arena_free) struct arena *a = arena_new(4096);
    struct reference plain, tagged, pinned;
    MUST(reference_parse(a, STR("x"), &plain, &e));
    MUST(reference_parse(a, STR("x:1"), &tagged, &e));
    MUST(reference_parse(a, STR("docker.io/x@sha256:" HEX), &pinned, &e));
    EQ_STR(reference_tag(&plain), "latest");
    EQ_STR(reference_tag(&tagged), "1");
    EQ_STR(reference_tag(&pinned), "");
    EQ_STR(reference_name(a, &pinned), "docker.io/library/x");
    CHECK(reference_same_name(&plain, &pinned) && !reference_eq(&plain, &pinned));
    CHECK(reference_has_digest(&pinned) && !reference_has_digest(&tagged));
    MUST(reference_check_tag(STR("v1.2_3-x"), &e));
    REFUSED(reference_check_tag(STR("a/b"), &e), ERR_PARSE, "tag: character 2: '/'");
    REFUSED(reference_check_tag(STR(""), &e), ERR_PARSE, "tag");
}

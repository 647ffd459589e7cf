// SPDX-License-Identifier: Apache-2.0
#include "oci/platform.h"
#include "test.h"

static const struct {
    const char *text, *normal;
} forms[] = {
    {"linux/amd64", "linux/amd64"},
    {"linux/x86_64", "linux/amd64"},
    {"Linux/AMD64/v1", "linux/amd64"},
    {"linux/amd64/v3", "linux/amd64/v3"},
    {"linux/aarch64", "linux/arm64"},
    {"linux/arm64/v8", "linux/arm64"},
    {"linux/arm64/8", "linux/arm64"},
    {"linux/arm", "linux/arm/v7"},
    {"linux/armhf", "linux/arm/v7"},
    {"linux/armel", "linux/arm/v6"},
    {"linux/arm/6", "linux/arm/v6"},
    {"linux/i686", "linux/386"},
    {"macos/arm64", "darwin/arm64"},
    {"windows/amd64", "windows/amd64"},
    {"linux/odd-cpu/x.y_z", "linux/odd-cpu/x.y_z"},
};

TEST(platform_forms)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct oci_platform p;
        MUST(oci_platform_parse(a, str_of(forms[i].text), &p, &e));
        EQ_STR(oci_platform_format(a, &p), forms[i].normal);
    }
}

TEST(platform_refuses)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct oci_platform p;
    REFUSED(oci_platform_parse(a, STR(""), &p, &e), ERR_PARSE, "the operating system is not");
    REFUSED(oci_platform_parse(a, STR("linux"), &p, &e), ERR_PARSE, "\"linux\"|want os/architecture");
    REFUSED(oci_platform_parse(a, STR("linux/amd64/v1/x"), &p, &e), ERR_PARSE, "want os/architecture");
    REFUSED(oci_platform_parse(a, STR("linux/"), &p, &e), ERR_PARSE, "the architecture is not");
    REFUSED(oci_platform_parse(a, STR("linux/amd64/"), &p, &e), ERR_PARSE, "the variant is not");
    REFUSED(oci_platform_parse(a, STR("linux/../x"), &p, &e), ERR_PARSE, "the architecture is not");
    REFUSED(oci_platform_parse(a, STR("linux/a b"), &p, &e), ERR_PARSE, "the architecture is not");
}

static const struct {
    const char *have, *want;
    unsigned rank;
} ranks[] = {
    {"linux/amd64", "linux/amd64", 0},
    {"linux/amd64", "linux/amd64/v3", 2},
    {"linux/amd64/v2", "linux/amd64/v3", 1},
    {"linux/amd64/v3", "linux/amd64", OCI_PLATFORM_NEVER},
    {"linux/arm/v6", "linux/arm/v7", 1},
    {"linux/arm/v7", "linux/arm/v6", OCI_PLATFORM_NEVER},
    {"linux/arm64", "linux/arm64/v8", 0},
    {"linux/arm64/v9", "linux/arm64", OCI_PLATFORM_NEVER},
    {"linux/arm", "linux/arm64", OCI_PLATFORM_NEVER},
    {"windows/amd64", "linux/amd64", OCI_PLATFORM_NEVER},
    {"unknown/unknown", "linux/amd64", OCI_PLATFORM_NEVER},
};

TEST(platform_ranks)
{
    drop_(arena_free) struct arena *a = arena_new(1024);
    struct oci_platform h, w, none = {.os = STR(""), .architecture = STR(""), .variant = STR("")};
    for (size_t i = 0; i < COUNT(ranks); i++) {
        MUST(oci_platform_parse(a, str_of(ranks[i].have), &h, &e));
        MUST(oci_platform_parse(a, str_of(ranks[i].want), &w, &e));
        CHECK_MSG(oci_platform_rank(&h, &w) == ranks[i].rank, "%s for %s", ranks[i].have, ranks[i].want);
    }
    EQ_UINT(oci_platform_rank(&none, &none), OCI_PLATFORM_NEVER);
    MUST(oci_platform_parse(a, STR("windows/amd64"), &h, &e));
    w = h;
    h.os_version = STR("10.0.17763.1");
    EQ_UINT(oci_platform_rank(&h, &w), 0);
    w.os_version = STR("10.0.20348.1");
    EQ_UINT(oci_platform_rank(&h, &w), OCI_PLATFORM_NEVER);
}

TEST(platform_of_this_machine)
{
    struct oci_platform p = oci_platform_host();
    EQ_STR(p.os, "linux");
    CHECK(p.architecture.n);
    EQ_UINT(oci_platform_rank(&p, &p), 0);
}

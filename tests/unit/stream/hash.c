// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"

TEST(known_digests_of_empty_and_abc)
{
    static const struct {
        enum hash_alg alg;
        const char *text, *want;
    } cases[] = {
        {HASH_SHA256, "", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {HASH_SHA256, "abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {HASH_SHA512, "abc",
         "sha512:"
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
         "454d4423643ce80e2a9ac94fa54ca49f"},
        {HASH_SHA1, "abc", "sha1:a9993e364706816aba3e25717850c26c9cd0d89d"},
        {HASH_MD5, "abc", "md5:900150983cd24fb0d6963f7d28e17f72"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct digest d, by_parts;
        char text[DIGEST_TEXT];
        digest_of(cases[i].alg, cases[i].text, strlen(cases[i].text), &d);
        EQ_TEXT(digest_text(&d, text), cases[i].want);
        EQ_TEXT(digest_hex(&d, text), strchr(cases[i].want, ':') + 1);
        drop_(hash_free) struct hash *h = hash_new(cases[i].alg);
        for (const char *c = cases[i].text; *c; c++)
            hash_add(h, c, 1);
        hash_end(h, &by_parts);
        CHECK(digest_eq(&d, &by_parts));
        by_parts.sum[hash_size(d.alg) - 1] ^= 1;
        CHECK(!digest_eq(&d, &by_parts));
    }
}

TEST(digest_parse_reads_what_digest_text_writes)
{
    static const enum hash_alg algs[] = {HASH_SHA256, HASH_SHA512};
    for (size_t i = 0; i < COUNT(algs); i++) {
        struct digest d, back;
        char text[DIGEST_TEXT];
        digest_of(algs[i], "x", 1, &d);
        MUST(digest_parse(str_of(digest_text(&d, text)), &back, &e));
        CHECK(digest_eq(&d, &back));
        CHECK(memcmp(d.sum, back.sum, sizeof d.sum) == 0);
    }
}

#define HEX62 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
TEST(M2_digest_parse_refuses_every_other_form)
{
    static const struct {
        struct str text;
        const char *words;
    } cases[] = {
        {STR_INIT(""), "no \"algorithm:\""},
        {STR_INIT("sha256"), "no \"algorithm:\""},
        {STR_INIT("sha256:"), "0 hex digits, sha256 has 64"},
        {STR_INIT("sha256:" HEX62), "62 hex digits"},
        {STR_INIT("sha256:" HEX62 "5555"), "66 hex digits"},
        {STR_INIT("sha256:" HEX62 "5A"), "byte 71 is not a lower-case hex digit"},
        {STR_INIT("sha256:" HEX62 "5\0"), "byte 71"},
        {STR_INIT("sha256:../../x"), "7 hex digits"},
        {STR_INIT("SHA256:" HEX62 "55"), "neither sha256 nor sha512"},
        {STR_INIT("md5:900150983cd24fb0d6963f7d28e17f72"), "neither"},
        {STR_INIT("sha1:a9993e364706816aba3e25717850c26c9cd0d89d"), "neither"},
        {STR_INIT("none:"), "neither"},
        {STR_INIT("\x1b[31m:00"), "\"?[31m:00\""},
        {STR_INIT("sha512:" HEX62 "55"), "64 hex digits, sha512 has 128"},
        {STR_INIT(" sha256:" HEX62 "55"), "neither"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct digest d = {.alg = HASH_MD5};
        REFUSED(digest_parse(cases[i].text, &d, &e), ERR_PARSE, cases[i].words);
        EQ_INT(d.alg, HASH_MD5);
    }
}

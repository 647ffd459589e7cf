// SPDX-License-Identifier: Apache-2.0
#include "helpers/helpers.h"
#include "test.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"
#define FIVE "MAMCAQU=" // DER: a sequence of the number 5
#define SIX "MAMCAQY="

TEST(pem_certificates_are_read)
{
    static const struct {
        const char *label, *text, *want;
    } cases[] = {
        {"one", BEGIN FIVE "\n" END, BEGIN FIVE "\n" END},
        {"two, in their order", BEGIN SIX "\n" END BEGIN FIVE "\n" END,
         BEGIN SIX "\n" END BEGIN FIVE "\n" END},
        {"the same twice", BEGIN FIVE "\n" END BEGIN FIVE "\n" END, BEGIN FIVE "\n" END},
        {"text around", "issuer: me\n" BEGIN FIVE "\n" END "bye\n", BEGIN FIVE "\n" END},
        {"lines of another length", BEGIN "MAMC\nAQU=\n" END, BEGIN FIVE "\n" END},
        {"CR LF and blanks", "-----BEGIN CERTIFICATE-----\r\n " FIVE " \r\n-----END CERTIFICATE-----\r\n",
         BEGIN FIVE "\n" END},
        {"no line end at the end", BEGIN FIVE "\n-----END CERTIFICATE-----", BEGIN FIVE "\n" END},
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct certificates c = {0};
        MUST(certificates_add(a, &c, str_of(cases[i].text), "x.pem", &e));
        EQ_STR(certificates_text(a, &c), cases[i].want);
    }
}

TEST(pem_lines_have_64_columns)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct certificates c = {0};
    // A sequence of 0x82 0x00 0x5c bytes in the long form, all zero: 96 bytes, two lines.
    char text[256] = BEGIN "MIIAXAAA";
    size_t at = strlen(text);
    memset(text + at, 'A', 120);
    text[at + 120] = 0;
    struct str all = str_printf(a, "%s\n" END, text);
    MUST(certificates_add(a, &c, all, "x.pem", &e));
    struct str out = certificates_text(a, &c), line;
    size_t lengths[4] = {27, 64, 64, 25}, i = 0;
    while (str_next_line(&out, &line) && i < 4)
        EQ_UINT(line.n, lengths[i++]);
    EQ_UINT(i, 4);
}

TEST(pem_refusals)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "x.pem:1|holds no certificate"},
        {"hello\n", "x.pem:1|holds no certificate"},
        {"-----BEGIN PRIVATE KEY-----\n" FIVE "\n-----END PRIVATE KEY-----\n", "x.pem:1|something else"},
        {BEGIN FIVE "\n" END "\n-----BEGIN RSA PRIVATE KEY-----\n", "x.pem:5|something else"},
        {BEGIN FIVE "\n", "x.pem:1|does not end"},
        {BEGIN FIVE "\n-----END PRIVATE KEY-----\n", "x.pem:3|ends as something else"},
        {BEGIN BEGIN FIVE "\n" END, "x.pem:1|not the base64 text of a certificate"},
        {BEGIN END, "x.pem:1|not the base64 text"},
        {BEGIN "Proc-Type: 4,ENCRYPTED\n" FIVE "\n" END, "x.pem:1|not the base64 text"},
        {BEGIN "MAMCAQU\n" END, "not the base64 text"},  // its padding is missing
        {BEGIN "MAMC=QU=\n" END, "not the base64 text"}, // padding in the middle
        {BEGIN "MAMCAQ==\n" END, "not the base64 text"}, // a byte short
        {BEGIN "MAMCAQUF\n" END, "not the base64 text"}, // a byte more
        {BEGIN "AgEFAgEF\n" END, "not the base64 text"}, // a number, no sequence
        {BEGIN "MIACAQU=\n" END, "not the base64 text"}, // of no definite length
        {BEGIN "MIX/////\n" END, "not the base64 text"}, // a length of five bytes
        {BEGIN "MIT/////\n" END, "not the base64 text"}, // much longer than it is
    };
    drop_(arena_free) struct arena *a = arena_new(0);
    struct certificates c = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        REFUSED(certificates_add(a, &c, str_of(cases[i].text), "x.pem", &e), ERR_PARSE, cases[i].words);
        EQ_UINT(c.pem.n, 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "base/osrelease.h"
#include "test.h"

TEST(os_release_values)
{
    static const struct {
        const char *text, *key, *value;
    } rows[] = {
        {"ID=debian\nVERSION_ID=\"12\"\n", "ID", "debian"},
        {"ID=debian\nVERSION_ID=\"12\"\n", "VERSION_ID", "12"},
        {"  ID='two words'  \n", "ID", "two words"},
        {"ID=a\nID=b", "ID", "b"},
        {"ID=\"half\n", "ID", "\"half"},
        {"ID=\"\n", "ID", "\""},
        {"ID=\n", "ID", ""},
        {"VERSION_ID=1\n#ID=x\nno assignment\n", "ID", ""},
        {"", "ID", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        EQ_STR(os_release_value(str_of(rows[i].text), rows[i].key), rows[i].value);
}

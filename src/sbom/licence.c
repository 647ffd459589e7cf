// SPDX-License-Identifier: Apache-2.0
#include "sbom/licence.h"
#include "base/buf.h"
#include <strings.h>

// Left: short names of machine-readable debian/copyright files, compared without case. Right: ids of the SPDX list.
static const struct {
    const char *name, *id;
} table[] = {
    {"0BSD", "0BSD"},
    {"AGPL-3", "AGPL-3.0-only"},
    {"AGPL-3+", "AGPL-3.0-or-later"},
    {"AGPL-3.0-only", "AGPL-3.0-only"},
    {"AGPL-3.0-or-later", "AGPL-3.0-or-later"},
    {"Apache-2", "Apache-2.0"},
    {"Apache-2.0", "Apache-2.0"},
    {"Artistic", "Artistic-1.0-Perl"},
    {"Artistic-2", "Artistic-2.0"},
    {"Artistic-2.0", "Artistic-2.0"},
    {"BSD-2-clause", "BSD-2-Clause"},
    {"BSD-3-clause", "BSD-3-Clause"},
    {"BSD-4-clause", "BSD-4-Clause"},
    {"BSD-4-clause-UC", "BSD-4-Clause-UC"},
    {"BSL-1.0", "BSL-1.0"},
    {"bzip2-1.0.6", "bzip2-1.0.6"},
    {"CC0", "CC0-1.0"},
    {"CC0-1.0", "CC0-1.0"},
    {"CC-BY-3.0", "CC-BY-3.0"},
    {"CC-BY-4.0", "CC-BY-4.0"},
    {"CC-BY-SA-3.0", "CC-BY-SA-3.0"},
    {"CC-BY-SA-4.0", "CC-BY-SA-4.0"},
    {"curl", "curl"},
    {"EPL-1.0", "EPL-1.0"},
    {"EPL-2.0", "EPL-2.0"},
    {"Expat", "MIT"},
    {"FSFAP", "FSFAP"},
    {"FSFUL", "FSFUL"},
    {"FSFULLR", "FSFULLR"},
    {"FTL", "FTL"},
    {"GFDL-1.2", "GFDL-1.2-only"},
    {"GFDL-1.2+", "GFDL-1.2-or-later"},
    {"GFDL-1.3", "GFDL-1.3-only"},
    {"GFDL-1.3+", "GFDL-1.3-or-later"},
    {"GPL-1", "GPL-1.0-only"},
    {"GPL-1+", "GPL-1.0-or-later"},
    {"GPL-2", "GPL-2.0-only"},
    {"GPL-2+", "GPL-2.0-or-later"},
    {"GPL-2.0-only", "GPL-2.0-only"},
    {"GPL-2.0-or-later", "GPL-2.0-or-later"},
    {"GPL-3", "GPL-3.0-only"},
    {"GPL-3+", "GPL-3.0-or-later"},
    {"GPL-3.0-only", "GPL-3.0-only"},
    {"GPL-3.0-or-later", "GPL-3.0-or-later"},
    {"HPND", "HPND"},
    {"ICU", "ICU"},
    {"ISC", "ISC"},
    {"LGPL-2", "LGPL-2.0-only"},
    {"LGPL-2+", "LGPL-2.0-or-later"},
    {"LGPL-2.1", "LGPL-2.1-only"},
    {"LGPL-2.1+", "LGPL-2.1-or-later"},
    {"LGPL-2.1-only", "LGPL-2.1-only"},
    {"LGPL-2.1-or-later", "LGPL-2.1-or-later"},
    {"LGPL-3", "LGPL-3.0-only"},
    {"LGPL-3+", "LGPL-3.0-or-later"},
    {"LGPL-3.0-only", "LGPL-3.0-only"},
    {"LGPL-3.0-or-later", "LGPL-3.0-or-later"},
    {"Libpng", "Libpng"},
    {"LPPL-1.3c", "LPPL-1.3c"},
    {"MIT", "MIT"},
    {"MIT-0", "MIT-0"},
    {"MIT-X11", "X11"},
    {"MPL-1.1", "MPL-1.1"},
    {"MPL-2.0", "MPL-2.0"},
    {"NCSA", "NCSA"},
    {"OFL-1.1", "OFL-1.1"},
    {"OpenSSL", "OpenSSL"},
    {"Perl", "Artistic-1.0-Perl OR GPL-1.0-or-later"},
    {"PHP-3.01", "PHP-3.01"},
    {"PostgreSQL", "PostgreSQL"},
    {"PSF-2", "PSF-2.0"},
    {"Python-2.0", "Python-2.0"},
    {"QPL-1.0", "QPL-1.0"},
    {"Ruby", "Ruby"},
    {"SIL-OFL-1.1", "OFL-1.1"},
    {"Sleepycat", "Sleepycat"},
    {"TCL", "TCL"},
    {"Unicode-DFS-2016", "Unicode-DFS-2016"},
    {"Unlicense", "Unlicense"},
    {"Vim", "Vim"},
    {"W3C", "W3C"},
    {"WTFPL", "WTFPL"},
    {"X11", "X11"},
    {"Zlib", "Zlib"},
    {"ZPL-2.1", "ZPL-2.1"},
};

static const char *find(struct str name)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (strlen(table[i].name) == name.n && strncasecmp(table[i].name, name.p, name.n) == 0)
            return table[i].id;
    return NULL;
}

bool licence_is_id(struct str s)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (str_is(s, table[i].id) && !str_find(s, ' ', &(size_t){0}))
            return true;
    return false;
}

static bool is_word(struct str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

struct expression {
    struct buf b;
    bool want_name, has_or, has_and;
    bool alone; // one name is all there is
};

static bool add_operator(struct expression *x, struct str word)
{
    bool is_or = is_word(word, "or");
    if (!is_or && !is_word(word, "and"))
        return false;
    x->has_or |= is_or;
    x->has_and |= !is_or;
    buf_text(&x->b, is_or ? " OR " : " AND ");
    return true;
}

static bool add_name(struct expression *x, struct str word)
{
    const char *id = find(word);
    if (!id)
        return false;
    bool grouped = !x->alone && strchr(id, ' ');
    buf_printf(&x->b, "%s%s%s", grouped ? "(" : "", id, grouped ? ")" : "");
    return true;
}

// Names and operators in turn.
struct str licence_expression(struct arena *a, struct str text)
{
    struct str whole = str_trim(text), rest = whole, word;
    struct expression x = {
        .b = BUF_INIT(1024), .want_name = true, .alone = !str_find(whole, ' ', &(size_t){0})};
    bool known = true;
    while (known && str_cut(&rest, ' ', &word)) {
        if (!word.n)
            continue;
        known = x.want_name ? add_name(&x, word) : add_operator(&x, word);
        x.want_name = !x.want_name;
    }
    // What binds how is not for us to say.
    bool clear = known && !x.want_name && !(x.has_or && x.has_and) && !x.b.over;
    struct str out = clear ? str_dup(a, buf_view(&x.b)) : STR("");
    buf_free(&x.b);
    return out;
}

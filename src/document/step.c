// SPDX-License-Identifier: Apache-2.0
#include "document/step.h"
#include "base/buf.h"
#include "base/limits.h"

static bool plain(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] == '.' || key.p[i] == '[' || key.p[i] == '"' || key.p[i] == ' ')
            return false;
    return key.n > 0;
}

const char *steps_text(struct arena *a, const struct step *steps, size_t n)
{
    drop_buf struct buf b = BUF_INIT((size_t)LIMIT_KEY * 8);
    for (size_t i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        if (!s->key.p) {
            if (s->index != NO_INDEX)
                buf_printf(&b, "[%zu]", s->index);
            continue;
        }
        const char *quote = plain(s->key) ? "" : "\"";
        buf_printf(&b, "%s%s", b.n ? "." : "", quote);
        buf_str(&b, str_printable(a, s->key, LIMIT_KEY));
        buf_text(&b, quote);
    }
    return str_c(a, buf_view(&b));
}

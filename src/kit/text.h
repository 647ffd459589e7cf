// SPDX-License-Identifier: Apache-2.0
// kit/text.h - texts of a recipe: `${fact}`, words with quotes, and whether a line needs a shell.
#pragma once
#include "base/err.h"
#include "base/str.h"

enum text_part { TEXT_END, TEXT_FACT, TEXT_BAD };
// Cuts the text before the next `${name}` off *rest into *plain, and its name into *name. TEXT_END: *plain is what is
// left. `$${` is part of the plain text; text_plain makes it `${`. TEXT_BAD: no '}'.
enum text_part text_next(struct str *rest, struct str *plain, struct str *name);
struct str text_plain(struct arena *a, struct str plain);

enum { TEXT_WORDS_MAX = 4096 };
// Words as a shell parts them: blanks, '…', "…" with \" and \\, \c. ERR_PARSE: a quote that is not closed; ERR_LIMIT.
int nodiscard text_words(struct arena *a, struct str line, struct strv *out, struct err *e);
// Whether a shell would do more with the line than part its words: variables, pipes, redirections, patterns, ~, VAR=x
// before the command, comments. What stands in '…' does not count.
bool text_needs_shell(struct str line);

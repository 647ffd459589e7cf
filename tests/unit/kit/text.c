// SPDX-License-Identifier: Apache-2.0
#include "kit/text.h"
#include "base/buf.h"
#include "test.h"

TEST(facts_are_cut_out_of_a_text)
{
    struct str rest = STR("a ${b} $c $${d} ${e}"), plain, name;
    EQ_INT(text_next(&rest, &plain, &name), TEXT_FACT);
    EQ_STR(plain, "a ");
    EQ_STR(name, "b");
    EQ_INT(text_next(&rest, &plain, &name), TEXT_FACT);
    EQ_STR(plain, " $c $${d} ");
    EQ_STR(name, "e");
    EQ_INT(text_next(&rest, &plain, &name), TEXT_END);
    EQ_STR(plain, "");
    drop_(arena_free) struct arena *a = arena_new(0);
    EQ_STR(text_plain(a, STR(" $c $${d} ")), " $c ${d} ");
    rest = STR("${open");
    EQ_INT(text_next(&rest, &plain, &name), TEXT_BAD);
}

TEST(words_are_parted_as_a_shell_does)
{
    static const struct {
        const char *line, *words;
    } rows[] = {
        {"node server.js", "node|server.js"},
        {"  a\t b ", "a|b"},
        {"", ""},
        {"a 'b c' \"d e\"", "a|b c|d e"},
        {"a=\"x \\\"y\\\"\" b", "a=x \"y\"|b"},
        {"a\\ b 'c'\"d\"e", "a b|cde"},
        {"a '' b", "a||b"},
        {"\"a\\nb\"", "a\\nb"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        drop_buf struct buf got = BUF_INIT(1024);
        struct strv words = {0};
        MUST(text_words(a, str_of(rows[i].line), &words, &e));
        for (size_t k = 0; k < words.n; k++)
            buf_printf(&got, "%s" PRI_STR, k ? "|" : "", STR_ARG(words.v[k]));
        EQ_STR(buf_view(&got), rows[i].words);
    }
    drop_(arena_free) struct arena *a = arena_new(0);
    struct strv words;
    REFUSED(text_words(a, STR("a \"b"), &words, &e), ERR_PARSE, "\"|not closed");
    REFUSED(text_words(a, STR("a 'b"), &words, &e), ERR_PARSE, "'|not closed");
}

TEST(a_shell_is_needed_where_it_would_do_more)
{
    static const struct {
        const char *line;
        bool shell;
    } rows[] = {
        {"node server.js --port 80", false},
        {"node 'a b' \"c d\"", false},
        {"node --name='$HOME'", false},
        {"node --x=1 A=b", false},
        {"node server.js --port $PORT", true},
        {"node \"$X\"", true},
        {"a && b", true},
        {"a | b", true},
        {"a > b", true},
        {"a; b", true},
        {"A=1 node x", true},
        {"ls *.js", true},
        {"cd ~/x", true},
        {"echo `date`", true},
        {"echo \\$HOME", false},
        {"a 'b", true},
        {"a # comment", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_MSG(text_needs_shell(str_of(rows[i].line)) == rows[i].shell, "%s", rows[i].line);
}

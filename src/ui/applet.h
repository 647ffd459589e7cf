// SPDX-License-Identifier: Apache-2.0
// ui/applet.h - a command as data: its name, its options, its help, and the one function that runs it.
//
// An applet receives a zeroed struct that was filled from options, environment and defaults; it never sees argv. Help,
// man pages, reference pages and completion are made from the same rows. Two grammars: GNU for the commands of `dema`,
// Go's `flag` for the phases of `lifecycle` (spec: platform.md; cnb.md §2.1).
#pragma once
#include "base/buf.h"
#include "base/event.h"
#include "base/map.h"
#include "base/near.h"

enum opt_kind { OPT_FLAG, OPT_TEXT, OPT_LIST, OPT_INT, OPT_KIND_MAX_ };
#define OPT_KIND_(x)                                                                                         \
    _Generic((x), bool : OPT_FLAG, struct str : OPT_TEXT, struct strv : OPT_LIST, int64_t : OPT_INT)

struct opt {
    const char *name; // long name without dashes
    char letter;      // 0 = none
    enum opt_kind kind;
    size_t off;       // of the member in the applet's input struct
    const char *arg;  // what the value is called in help: "NAME"
    const char *env;  // read when the option is not given; empty counts as unset
    const char *dflt; // text of the default; NULL = none
    const char *help; // one sentence, no full stop
};
// OPT(struct build_in, tag, "tag", .letter = 't', .arg = "NAME", .help = "…"): a wrong member kind does not compile.
#define OPT(S, member, long_name, ...)                                                                       \
    {                                                                                                        \
        .name = long_name, .kind = OPT_KIND_(((S *)0)->member), .off = offsetof(S, member), __VA_ARGS__      \
    }

// An option that other tools have and we do not, by its long name or letter: what there is instead.
struct opt_instead {
    const char *name; // NULL: only the letter
    char letter;      // 0 = none
    const char *instead;
};

enum opt_grammar { GRAMMAR_GNU, GRAMMAR_GO };

// What an applet may use of the world outside; made once by the link's main.
struct render;
struct app_ctx {
    struct arena *a;
    struct events *ev;
    struct render *render; // behind `ev`, where the link has one; else NULL
    struct strmap env;     // the environment as it was at the start
    struct buf *out;       // primary output; main writes it to stdout, checked
    struct str argv0;
    bool terminal; // stderr is one
    int exit_code; // 0: as the error says; a phase or `dema run` may set it
};

struct applet {
    const char *name;     // "build"; of two words: "base create"
    const char *alias;    // another argv[0] or first word; NULL = none
    const char *summary;  // one line
    const char *args;     // "[PATH]"; NULL = takes none
    const char *details;  // paragraphs for --help and the reference page; NULL = none
    const char *examples; // lines for both; NULL = none
    enum opt_grammar grammar;
    const struct opt *opts;            // ended by a row without name
    const struct opt_instead *instead; // NULL, or ended by a row without `instead`
    size_t in_size;
    size_t off_args; // member of kind struct strv that receives positional arguments
    size_t min_args, max_args;
    bool rest; // GNU: the first positional after min_args ends the options ("dema run shop ls -l")
    int (*run)(struct app_ctx *app, void *in, struct err *e);
};

// The table of a link ends with NULL.
const struct applet *applet_find(const struct applet *const *table, struct str name);
// Finds the applet of argv (argc left; *used says how many words its name took). ERR_USAGE with the nearest name.
int nodiscard applet_pick(const struct applet *const *table, int argc, char *const *argv,
                          const struct applet **out, int *used, struct err *e);

enum opt_result { OPT_RUN, OPT_HELP, OPT_VERSION };
// Fills `in` (in_size bytes, zeroed) from the words behind the applet's name and the environment.
int nodiscard opt_parse(const struct applet *ap, struct app_ctx *app, struct strv words, void *in,
                        enum opt_result *result, struct err *e);

// A program with all its commands: what its manual is made of.
struct variable { // of the environment, read by the program itself; those of options stand in their rows
    const char *name;
    const char *help; // no full stop
};
struct manual {
    const char *program;
    const char *summary;                 // one sentence, no full stop
    const char *about;                   // a paragraph for the man page
    const struct applet *const *applets; // ends with NULL
    const struct variable *variables;    // ended by a row without name
};

void applet_help(const struct applet *ap, const char *program, struct buf *out);
void applet_list(const struct applet *const *table, const char *program, const char *summary,
                 struct buf *out);
void applet_markdown(const struct applet *ap, const char *program, struct buf *out);
void manual_man(const struct manual *m, struct buf *out);        // man(7), ASCII
void manual_completion(const struct manual *m, struct buf *out); // for bash
// Text as one cell of a table of Markdown.
void markdown_cell(struct str text, struct buf *out);

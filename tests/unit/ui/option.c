// SPDX-License-Identifier: Apache-2.0
#include "test.h"
#include "ui/applet.h"

struct in {
    bool check;
    struct str tag, dir;
    struct strv env, args;
    int64_t jobs;
};

static const struct opt opts[] = {
    OPT(struct in, tag, "tag", .letter = 't', .arg = "NAME", .help = "name of the image"),
    OPT(struct in, check, "check", .letter = 'c', .help = "start it"),
    OPT(struct in, env, "env", .letter = 'e', .arg = "K=V", .help = "for the build"),
    OPT(struct in, dir, "dir", .env = "DEMA_DIR", .dflt = "/there", .help = "where"),
    OPT(struct in, jobs, "jobs", .dflt = "2", .help = "how many"),
    {0},
};
static const struct applet gnu = {.name = "build",
                                  .summary = "Build",
                                  .args = "[PATH]",
                                  .opts = opts,
                                  .in_size = sizeof(struct in),
                                  .off_args = offsetof(struct in, args),
                                  .max_args = 2};
static const struct applet go = {.name = "detect",
                                 .alias = "detector",
                                 .summary = "Detect",
                                 .grammar = GRAMMAR_GO,
                                 .opts = opts,
                                 .in_size = sizeof(struct in),
                                 .off_args = offsetof(struct in, args),
                                 .max_args = 9};
static const struct applet rest = {.name = "run",
                                   .summary = "Run",
                                   .args = "NAME [ARG…]",
                                   .opts = opts,
                                   .in_size = sizeof(struct in),
                                   .off_args = offsetof(struct in, args),
                                   .min_args = 1,
                                   .max_args = 99,
                                   .rest = true};
static const struct applet two = {.name = "base create", .summary = "Create a base image"};

static const struct opt_instead instead[] = {
    {"publish", 'p', "not needed"}, {"rm", 0, "nothing is left"}, {0}};
static const struct applet others = {.name = "run",
                                     .summary = "Run",
                                     .opts = opts,
                                     .instead = instead,
                                     .in_size = sizeof(struct in),
                                     .off_args = offsetof(struct in, args),
                                     .max_args = 9};

static int parse(const struct applet *ap, struct arena *a, struct in *in, struct err *e, const char *line)
{
    static const struct app_ctx none;
    struct app_ctx app = none;
    app.a = a;
    strmap_set(a, &app.env, STR("DEMA_DIR"), STR("/from-env"));
    struct strv words = {0};
    struct str left = str_of(line), word;
    while (left.n && str_cut(&left, ' ', &word))
        strv_add(a, &words, word);
    enum opt_result result;
    int rc = opt_parse(ap, &app, words, in, &result, e);
    return rc < 0 ? -1 : (int)result;
}

TEST(gnu_forms)
{
    static const char *const lines[] = {"-t x -c src", "--tag x --check src", "--tag=x --check=true src",
                                        "src -ctx", "src -ct x"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        drop_(arena_free) struct arena *a = arena_new(0);
        struct in in = {0};
        MUST(parse(&gnu, a, &in, &e, lines[i]));
        EQ_STR(in.tag, "x");
        CHECK(in.check);
        EQ_UINT(in.args.n, 1);
        EQ_STR(in.args.v[0], "src");
        EQ_STR(in.dir, "/from-env");
        EQ_INT(in.jobs, 2);
    }
}

TEST(go_stops_at_the_first_word)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct in in = {0};
    MUST(parse(&go, a, &in, &e, "-tag x -check=false --jobs=7 name -tag y"));
    EQ_STR(in.tag, "x");
    CHECK(!in.check);
    EQ_INT(in.jobs, 7);
    EQ_UINT(in.args.n, 3);
}

TEST(rest_belongs_to_the_app)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct in in = {0};
    MUST(parse(&rest, a, &in, &e, "-t x shop ls --tag -l"));
    EQ_STR(in.tag, "x");
    EQ_UINT(in.args.n, 4);
    EQ_STR(in.args.v[3], "-l");
}

TEST(wrong_options_say_what_is_wrong)
{
    drop_(arena_free) struct arena *a = arena_new(0);
    struct in in = {0};
    REFUSED(parse(&gnu, a, &in, &e, "--tga x"), ERR_USAGE, "--tga|did you mean --tag");
    REFUSED(parse(&gnu, a, &in, &e, "--tag"), ERR_USAGE, "--tag wants a value|NAME");
    REFUSED(parse(&gnu, a, &in, &e, "--jobs many"), ERR_USAGE, "many|whole number");
    REFUSED(parse(&gnu, a, &in, &e, "--check=perhaps"), ERR_USAGE, "perhaps");
    REFUSED(parse(&gnu, a, &in, &e, "a b c"), ERR_USAGE, "unexpected argument \"c\"");
    REFUSED(parse(&rest, a, &in, &e, ""), ERR_USAGE, "run wants NAME");
    REFUSED(parse(&go, a, &in, &e, "-zzzzz"), ERR_USAGE, "-zzzzz");
    EQ_INT(parse(&gnu, a, &in, NULL, "--help"), OPT_HELP);
    EQ_INT(parse(&go, a, &in, NULL, "-version"), OPT_VERSION);
}

TEST(picks_names_of_two_words_and_suggests)
{
    static const struct applet *const table[] = {&gnu, &go, &two, NULL};
    const struct applet *ap;
    int used;
    char *const create[] = {(char[]){"base"}, (char[]){"create"}};
    MUST(applet_pick(table, 2, create, &ap, &used, &e));
    EQ_INT(used, 2);
    CHECK(ap == &two);
    char *const alias[] = {(char[]){"detector"}};
    MUST(applet_pick(table, 1, alias, &ap, &used, &e));
    CHECK(ap == &go);
    char *const wrong[] = {(char[]){"biuld"}};
    REFUSED(applet_pick(table, 1, wrong, &ap, &used, &e), ERR_USAGE, "biuld|did you mean \"build\"");
}

static const struct variable variables[] = {{"DEMA_HOME", "where\nit is"}, {0}};
static const struct applet *const program[] = {&gnu, &two, NULL};
static const struct manual manual = {
    .program = "dema", .summary = "tests", .about = "Tests", .applets = program, .variables = variables};

TEST(help_names_every_option)
{
    drop_buf struct buf help = BUF_INIT(65536), page = BUF_INIT(65536), man = BUF_INIT(65536),
                        bash = BUF_INIT(65536);
    applet_help(&gnu, "dema", &help);
    applet_markdown(&gnu, "dema", &page);
    manual_man(&manual, &man);
    manual_completion(&manual, &bash);
    for (const struct opt *o = opts; o->name; o++) {
        CHECK(strstr(help.p, o->name));
        CHECK(strstr(page.p, o->name));
        CHECK(strstr(man.p, o->name));
        CHECK(strstr(bash.p, o->name));
    }
    CHECK(strstr(help.p, "Usage: dema build [options] [PATH]"));
    CHECK(strstr(man.p, "DEMA_HOME"));
}

// What would end a cell, a tag or a line early, or be a request of roff, is written so that it is seen as it is.
TEST(pages_quote_what_their_markup_would_take)
{
    static const struct opt odd_opts[] = {
        OPT(struct in, dir, "dir", .arg = "a|b", .dflt = "<layers>/x|y",
            .help = ".dot, <b>, a|b and \\ of *it*"),
        {0},
    };
    static const struct applet odd = {.name = "odd",
                                      .summary = "Odd",
                                      .args = "[PATH\u2026]",
                                      .details = "'quote\n\n.dot",
                                      .opts = odd_opts};
    static const struct applet *const table[] = {&odd, NULL};
    struct manual m = manual;
    m.applets = table;
    drop_buf struct buf page = BUF_INIT(65536), man = BUF_INIT(65536), bash = BUF_INIT(65536);
    applet_markdown(&odd, "dema", &page);
    manual_man(&m, &man);
    manual_completion(&m, &bash);
    CHECK(
        strstr(page.p, "| `--dir a\\|b` | .dot, &lt;b>, a\\|b and \\ of \\*it\\* | `<layers>/x\\|y` | |\n"));
    CHECK(strstr(man.p, "\n\\&.dot, <b>, a|b and \\e of *it*.\n"));
    CHECK(strstr(man.p, "\n\\&'quote\n.PP\n\\&.dot\n"));
    CHECK(strstr(man.p, "[PATH\\[u2026]]\n"));
    CHECK(strstr(bash.p, "'odd --dir') echo 'a b' ;;"));
    CHECK(strstr(bash.p, "'odd') echo 'file' ;;"));
}

TEST(commands_of_two_words_are_told_of)
{
    static const struct applet create = {.name = "base create"}, list = {.name = "base list"},
                               build = {.name = "build"};
    static const struct applet *const table[] = {&create, &list, &build, NULL};
    struct {
        char first[8], second[8];
        const char *words;
    } cases[] = {
        {"base", "", "\"base\" wants one of: create, list"},
        {"base", "lst", "unknown command \"base lst\", did you mean \"base list\"?"},
        {"base", "what", "\"base\" wants one of: create, list"},
        {"biuld", "x", "unknown command \"biuld\", did you mean \"build\"?"},
        {"bas", "", "unknown command \"bas\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *argv[] = {cases[i].first, cases[i].second};
        const struct applet *ap;
        int used;
        REFUSED(applet_pick(table, cases[i].second[0] ? 2 : 1, argv, &ap, &used, &e), ERR_USAGE,
                cases[i].words);
    }
}

TEST(options_of_other_tools)
{
    static const char *const lines[] = {"-p 80", "--publish 80", "--publish=80", "-cp80"};
    drop_(arena_free) struct arena *a = arena_new(0);
    struct in in = {0};
    for (size_t i = 0; i < COUNT(lines); i++)
        REFUSED(parse(&others, a, &in, &e, lines[i]), ERR_USAGE, "there is no option|not needed");
    REFUSED(parse(&others, a, &in, &e, "--rm"), ERR_USAGE, "--rm|nothing is left");
    REFUSED(parse(&others, a, &in, &e, "-r"), ERR_USAGE, "unknown option -r");
    REFUSED(parse(&gnu, a, &in, &e, "--publish"), ERR_USAGE, "unknown option --publish");
}

TEST(values_that_are_empty)
{
    static const char *const lines[] = {"--tag=", "--env=", "--dir="};
    drop_(arena_free) struct arena *a = arena_new(0);
    struct in in = {0};
    for (size_t i = 0; i < COUNT(lines); i++)
        REFUSED(parse(&gnu, a, &in, &e, lines[i]), ERR_USAGE, "the value is empty");
    MUST(parse(&go, a, &in, &e, "-tag=")); // the phases take what their platform gives them
}

// SPDX-License-Identifier: Apache-2.0
#include "test.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

enum { TESTS_MAX = 2000, WHY_MAX = 160 };

static struct test tests[TESTS_MAX];
static int n_tests;
static char (*skipped)[WHY_MAX]; // shared with the test processes
static int running;
static char base_dir[256];

void test_register(const char *name, void (*run)(struct test *t), unsigned seconds)
{
    if (n_tests == TESTS_MAX)
        BUG("too many tests");
    tests[n_tests++] = (struct test){.name = name, .run = run, .seconds = seconds, .dir = -1};
}

void test_skip(const char *why)
{
    snprintf(skipped[running], WHY_MAX, "%s", why);
}

const char *test_data(struct arena *a, const char *path)
{
    const char *root = getenv("TEST_DATA");
    return arena_printf(a, "%s/%s", root ? root : "tests/data", path);
}

void test_write(int dirfd, const char *path, const void *p, size_t n)
{
    struct err e = {0};
    char text[1024];
    const char *slash = strrchr(path, '/');
    if (slash) {
        drop_free char *dir = xmemdup(path, (size_t)(slash - path) + 1);
        dir[slash - path] = 0;
        ck_assert_msg(path_mkdirs(dirfd, dir, 0755, &e) == 0, "%s", err_text(&e, text, sizeof text));
    }
    ck_assert_msg(file_replace(dirfd, path, 0644, (struct str){p, n}, &e) == 0, "%s",
                  err_text(&e, text, sizeof text));
}

struct str test_read(struct arena *a, int dirfd, const char *path)
{
    struct err e = {0};
    char text[1024];
    drop_buf struct buf b = BUF_INIT(1 << 30);
    ck_assert_msg(file_read(dirfd, path, &b, &e) == 0, "%s", err_text(&e, text, sizeof text));
    return str_dup(a, buf_view(&b));
}

bool test_refused(int rc, const struct err *e, enum err_code code, const char *words, char *why, size_t n)
{
    char text[1024];
    err_text(e, text, sizeof text);
    if (rc != -1) {
        snprintf(why, n, "not refused (%d)", rc);
        return false;
    }
    if (e->code != code) {
        snprintf(why, n, "code %s, want %s: %s", err_code_name(e->code), err_code_name(code), text);
        return false;
    }
    struct str rest = str_of(words), word;
    while (str_cut(&rest, '|', &word))
        if (word.n && !memmem(text, strlen(text), word.p, word.n)) {
            snprintf(why, n, "no \"" PRI_STR "\" in: %s", STR_ARG(word), text);
            return false;
        }
    return true;
}

static void run_one(int index)
{
    struct test *t = &tests[index];
    char path[sizeof base_dir + 16];
    snprintf(path, sizeof path, "%s/%d", base_dir, index);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    struct err e = {0};
    ck_assert_int_eq(path_open_host(path, O_RDONLY | O_DIRECTORY, 0, &t->dir, &e), 0);
    t->path = path;
    running = index;
    t->run(t);
    (void)close(t->dir);
}

static const TTest generic = {"test", run_one, __FILE__, __LINE__};

static int order[TESTS_MAX]; // result number -> test

static void print_result(int number, TestResult *r)
{
    int index = order[number];
    bool ok = tr_rtype(r) == CK_PASS;
    const char *why = skipped[index];
    printf("%s %d %s%s%s\n", ok ? "ok" : "not ok", number + 1, tests[index].name,
           ok && *why ? " # SKIP " : "", ok ? why : "");
    if (ok)
        return;
    struct str rest = str_of(tr_msg(r)), line;
    printf("# %s:%d\n", tr_lfile(r), tr_lno(r));
    while (str_next_line(&rest, &line))
        printf("#   " PRI_STR "\n", STR_ARG(line));
}

static int run_all(const char *word)
{
    Suite *suite = suite_create("unit");
    int n = 0;
    for (int i = 0; i < n_tests; i++) {
        if (word && !strstr(tests[i].name, word))
            continue;
        TCase *one = tcase_create(tests[i].name);
        tcase_set_timeout(one, tests[i].seconds * (getenv("VALGRIND") ? 20 : 4));
        tcase_add_loop_test(one, &generic, i, i + 1);
        suite_add_tcase(suite, one);
        order[n++] = i;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    TestResult **results = srunner_results(runner);
    printf("TAP version 13\n1..%d\n", n);
    for (int i = 0; i < n; i++)
        print_result(i, results[i]);
    free(results);
    srunner_free(runner);
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    skipped =
        mmap(NULL, (size_t)TESTS_MAX * WHY_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *tmp = getenv("TMPDIR");
    snprintf(base_dir, sizeof base_dir, "%s/dema-test-XXXXXX", tmp ? tmp : "/tmp");
    if (skipped == MAP_FAILED || !mkdtemp(base_dir))
        return 99;
    int rc = run_all(argc > 1 ? argv[1] : NULL);
    struct err e = {0};
    if (tree_remove(AT_FDCWD, base_dir, &e) < 0)
        fprintf(stderr, "# left behind: %s\n", base_dir);
    return rc;
}

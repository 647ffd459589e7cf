// SPDX-License-Identifier: Apache-2.0
// buildpack - bin/detect and bin/build of the fault loops' buildpack: static, so that its base images can be empty.
// What it makes is said by the environment: STEP=once is one file in one layer, STEP=1 and STEP=2 are two builds of the
// same app that keep, change, drop and add layers.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *path, const char *text, size_t times)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    size_t n = strlen(text);
    for (size_t i = 0; fd >= 0 && i < times; i++)
        if (write(fd, text, n) != (ssize_t)n)
            _exit(3);
    if (fd < 0 || close(fd) < 0)
        _exit(4);
}

static void layer(const char *name, const char *types, const char *content)
{
    char path[64], text[128];
    if (mkdir(name, 0755) == 0) {
        snprintf(path, sizeof path, "%s/file", name);
        put(path, content, 1000);
    }
    snprintf(path, sizeof path, "%s.toml", name);
    snprintf(text, sizeof text, "[types]\n%s\n", types);
    put(path, text, 1);
}

int main(int argc, char **argv)
{
    const char *step = getenv("STEP"), *base = strrchr(argv[0], '/');
    if (base && strcmp(base, "/detect") == 0)
        return 0;
    if (argc < 2 || !step || chdir(argv[1]) < 0)
        return 2;
    layer("jre", "launch = true\ncache = true", "the same in every build\n");
    put("launch.toml", "[[processes]]\ntype = \"web\"\ncommand = [\"x\"]\ndefault = true\n", 1);
    if (strcmp(step, "once") == 0)
        return 0;
    layer("tools", "build = true\ncache = true", "tools\n");
    if (strcmp(step, "1") == 0) {
        layer("dropped", "launch = true\ncache = true", "in the first build only\n");
        put("store.toml", "[metadata]\nk = 1\n", 1);
        return 0;
    }
    (void)unlink("dropped/file");
    (void)rmdir("dropped");
    (void)unlink("dropped.toml");
    put("tools/file", "changed\n", 500);
    layer("added", "launch = true\ncache = true", "in the second build only\n");
    put("store.toml", "[metadata]\nk = 2\n", 1);
    return 0;
}

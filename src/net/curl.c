// SPDX-License-Identifier: Apache-2.0
#include "net/curl.h"
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define F(member)                                                                                            \
    {                                                                                                        \
        "curl_" #member, offsetof(struct curl_lib, member)                                                   \
    }

// libcurl's own initialisation is one for the process and not safe to run twice at once in older versions.
static struct {
    pthread_once_t once;
    struct curl_lib lib;
    struct err why;
} loaded = {.once = PTHREAD_ONCE_INIT};

static int find_functions(void *so, struct curl_lib *out, struct err *e)
{
    static const struct {
        const char *name;
        size_t off;
    } wanted[] = {F(global_init),         F(easy_init),      F(easy_cleanup),  F(easy_reset),
                  F(easy_setopt),         F(multi_init),     F(multi_cleanup), F(multi_add_handle),
                  F(multi_remove_handle), F(multi_perform),  F(multi_poll),    F(multi_info_read),
                  F(slist_append),        F(slist_free_all), F(easy_strerror)};
    for (size_t i = 0; i < COUNT(wanted); i++) {
        void *fn = dlsym(so, wanted[i].name);
        if (!fn)
            return err_set(e, ERR_NOT_FOUND, "libcurl: has no %s: 7.66 or later is needed", wanted[i].name);
        memcpy((char *)out + wanted[i].off, &fn, sizeof fn);
    }
    return 0;
}

static void load(void)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
    void *so = NULL;
    for (size_t i = 0; i < COUNT(names) && !so; i++)
        so = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!so)
        (void)err_set(
            &loaded.why, ERR_NOT_FOUND,
            "libcurl.so.4: not installed, and downloads need it: install Debian's package libcurl4");
    else if (find_functions(so, &loaded.lib, &loaded.why) == 0 &&
             loaded.lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        (void)err_set(&loaded.why, ERR_IO, "libcurl: does not start");
}

int curl_lib_get(const struct curl_lib **out, struct err *e)
{
    if (pthread_once(&loaded.once, load) != 0)
        BUG("pthread_once");
    if (loaded.why.code != ERR_NONE)
        return err_set(e, loaded.why.code, "%s", loaded.why.cause);
    *out = &loaded.lib;
    return 0;
}

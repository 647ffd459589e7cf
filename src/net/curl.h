// SPDX-License-Identifier: Apache-2.0
// net/curl.h - for this room only: the functions of libcurl that it uses, found at run time.
#pragma once
#include "base/err.h"
#include <curl/curl.h>
// Its checks of setopt's arguments are macros over the linked names.
#undef curl_easy_setopt
#undef curl_easy_getinfo

struct curl_lib {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *c);
    void (*easy_reset)(CURL *c);
    CURLcode (*easy_setopt)(CURL *c, CURLoption o, ...);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *m);
    CURLMcode (*multi_add_handle)(CURLM *m, CURL *c);
    CURLMcode (*multi_remove_handle)(CURLM *m, CURL *c);
    CURLMcode (*multi_perform)(CURLM *m, int *running);
    CURLMcode (*multi_poll)(CURLM *m, struct curl_waitfd *extra, unsigned n, int ms, int *numfds);
    CURLMsg *(*multi_info_read)(CURLM *m, int *left);
    struct curl_slist *(*slist_append)(struct curl_slist *l, const char *text);
    void (*slist_free_all)(struct curl_slist *l);
    const char *(*easy_strerror)(CURLcode c);
};

// Loaded once in a process and never unloaded. ERR_NOT_FOUND: it is not installed.
int nodiscard curl_lib_get(const struct curl_lib **out, struct err *e);

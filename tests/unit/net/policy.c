// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"
#include "test.h"

TEST(policy_reads_the_environment)
{
    static const struct {
        const char *env[6];
        const char *http, *https, *no, *ca;
    } cases[] = {
        {{NULL}, NULL, NULL, NULL, NULL},
        {{"http_proxy=http://p", "HTTPS_PROXY=http://q", "no_proxy=a,b", NULL},
         "http://p",
         "http://q",
         "a,b",
         NULL},
        {{"HTTP_PROXY=http://p", NULL}, "http://p", NULL, NULL, NULL},
        {{"HTTP_PROXY=http://p", "REQUEST_METHOD=GET", NULL}, NULL, NULL, NULL, NULL},
        {{"ALL_PROXY=http://p", "https_proxy=http://q", NULL}, "http://p", "http://q", NULL, NULL},
        {{"http_proxy=", "NO_PROXY=x", NULL}, NULL, NULL, "x", NULL},
        {{"https_proxy=http://p", "HTTPS_PROXY=http://q", NULL}, NULL, "http://p", NULL, NULL},
        {{"CURL_CA_BUNDLE=/c", NULL}, NULL, NULL, NULL, "/c"},
        {{"CURL_CA_BUNDLE=/c", "SSL_CERT_FILE=/s", NULL}, NULL, NULL, NULL, "/s"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_policy p = http_policy_defaults();
        http_policy_env(&p, cases[i].env);
        EQ_STR(str_of(p.proxy_http), cases[i].http);
        EQ_STR(str_of(p.proxy_https), cases[i].https);
        EQ_STR(str_of(p.no_proxy), cases[i].no);
        EQ_STR(str_of(p.ca_file), cases[i].ca);
    }
}

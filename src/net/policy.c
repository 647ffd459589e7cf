// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "net/http.h"
#include <string.h>

struct http_policy http_policy_defaults(void)
{
    return (struct http_policy){.user_agent = "dema/" DEMA_VERSION,
                                .connect_ms = 20000,
                                .stall_ms = 30000,
                                .stall_bytes = 1024,
                                .whole_ms = LIMIT_DOWNLOAD_MS,
                                .rate = LIMIT_DOWNLOAD_RATE,
                                .redirects = 10,
                                .tries = 4,
                                .backoff_ms = 500,
                                .retry_after_max_ms = 60000,
                                .stop_fd = -1};
}

// Set and not empty, else NULL. Of the two names the first wins.
static const char *value_of(const char *const *envp, const char *name, const char *also)
{
    const char *const names[] = {name, also};
    for (size_t k = 0; k < COUNT(names); k++) {
        size_t n = names[k] ? strlen(names[k]) : 0;
        for (size_t i = 0; n && envp && envp[i]; i++)
            if (strncmp(envp[i], names[k], n) == 0 && envp[i][n] == '=' && envp[i][n + 1])
                return envp[i] + n + 1;
    }
    return NULL;
}

void http_policy_env(struct http_policy *p, const char *const *envp)
{
    const char *all = value_of(envp, "all_proxy", "ALL_PROXY");
    // In a CGI program HTTP_PROXY is what the request's header "Proxy" says.
    bool cgi = value_of(envp, "REQUEST_METHOD", NULL) != NULL;
    const char *http = value_of(envp, "http_proxy", cgi ? NULL : "HTTP_PROXY");
    const char *https = value_of(envp, "https_proxy", "HTTPS_PROXY");
    p->proxy_http = http ? http : all;
    p->proxy_https = https ? https : all;
    p->no_proxy = value_of(envp, "no_proxy", "NO_PROXY");
    p->ca_file = value_of(envp, "SSL_CERT_FILE", "CURL_CA_BUNDLE");
    p->ca_dir = value_of(envp, "SSL_CERT_DIR", NULL);
}

// SPDX-License-Identifier: Apache-2.0
#include "cnb/api.h"
#include "ui/applet.h"

static int run(struct app_ctx *app, void *in, struct err *e)
{
    char b0[API_TEXT], b1[API_TEXT], p0[API_TEXT], p1[API_TEXT];
    (void)in;
    (void)e;
    buf_printf(app->out, "dema %s\nBuildpack API %s to %s, Platform API %s to %s\n", DEMA_VERSION,
               api_text(API_BUILDPACK_OLDEST, b0), api_text(API_BUILDPACK_NEWEST, b1),
               api_text(API_PLATFORM_OLDEST, p0), api_text(API_PLATFORM_NEWEST, p1));
    return 0;
}

extern const struct applet applet_version;
const struct applet applet_version = {
    .name = "version",
    .summary = "Say the version of dema and of the Buildpack and Platform API that it speaks",
    .run = run};

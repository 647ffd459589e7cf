// SPDX-License-Identifier: Apache-2.0
// ui/help_priv.h - what the terminal's help, the man page and the reference pages share.
#pragma once
#include "ui/applet.h"

void help_usage(const struct applet *ap, const char *program,
                struct buf *out); // "dema build [options] [PATH]"
void help_option(const struct applet *ap, const struct opt *o, struct buf *out); // "-t, --tag NAME"

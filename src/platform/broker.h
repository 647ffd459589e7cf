// SPDX-License-Identifier: Apache-2.0
// platform/broker.h - what a build may download, and the thread that does it for its buildpacks. Private to build.
//
// The socket is <platform>/broker inside. It gives what the catalogues of those that take part list for the run image's
// system, and nothing else; of files only those beneath a buildpack's own folder. With BUILD_NET_NONE only what is on
// this machine already.
#pragma once
#include "deps/serve.h"
#include "platform/build_priv.h"

struct build_broker;
// *out stays NULL where no catalogue lists anything.
int nodiscard build_broker_start(struct building *b, struct build_broker **out, struct err *e);
void build_broker_stop(struct build_broker *k); // NULL is fine
DEFINE_DROP(struct build_broker *, build_broker_stop)
// The machine's npm configuration without its secrets, as <platform>/npmrc, named to the build by NPM_CONFIG_USERCONFIG
// unless the user set that. Nothing where this machine has none.
int nodiscard build_npmrc(struct building *b, struct err *e);

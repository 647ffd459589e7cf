// SPDX-License-Identifier: Apache-2.0
// phase/rows.h - the flags of all phases, each once: name, variable, default (spec: platform.md "Inputs"; cnb.md §2.3).
#pragma once
#include "phase/phase.h"

#define ROW(member, flag, ...) OPT(struct phase_in, member, flag, __VA_ARGS__)
#define ROW_ANALYZED                                                                                         \
    ROW(analyzed, "analyzed", .arg = "PATH", .env = "CNB_ANALYZED_PATH", .dflt = "<layers>/analyzed.toml",   \
        .help = "what the analyzer found out")
#define ROW_APP                                                                                              \
    ROW(app, "app", .arg = "DIR", .env = "CNB_APP_DIR", .dflt = "/workspace", .help = "directory of the app")
#define ROW_BUILD_CONFIG                                                                                     \
    ROW(build_config, "build-config", .arg = "DIR", .env = "CNB_BUILD_CONFIG_DIR",                           \
        .dflt = "/cnb/build-config", .help = "what the operator sets")
#define ROW_BUILDPACKS                                                                                       \
    ROW(buildpacks, "buildpacks", .arg = "DIR", .env = "CNB_BUILDPACKS_DIR", .dflt = "/cnb/buildpacks",      \
        .help = "where the buildpacks are")
#define ROW_CACHE_DIR                                                                                        \
    ROW(cache_dir, "cache-dir", .arg = "DIR", .env = "CNB_CACHE_DIR",                                        \
        .help = "where layers are kept for the next build")
#define ROW_CACHE_IMAGE                                                                                      \
    ROW(cache_image, "cache-image", .arg = "IMAGE", .env = "CNB_CACHE_IMAGE",                                \
        .help = "image that layers are kept in for the next build")
#define ROW_DAEMON ROW(daemon, "daemon", .env = "CNB_USE_DAEMON", .help = "export into a daemon")
#define ROW_EXTENDED                                                                                         \
    ROW(extended, "extended", .arg = "DIR", .env = "CNB_EXTENDED_DIR", .dflt = "<layers>/extended",          \
        .help = "what image extensions made")
#define ROW_EXTENSIONS                                                                                       \
    ROW(extensions, "extensions", .arg = "DIR", .env = "CNB_EXTENSIONS_DIR", .dflt = "/cnb/extensions",      \
        .help = "where the image extensions are")
#define ROW_GENERATED                                                                                        \
    ROW(generated, "generated", .arg = "DIR", .env = "CNB_GENERATED_DIR", .dflt = "<layers>/generated",      \
        .help = "what image extensions generate")
#define ROW_GID ROW(gid, "gid", .arg = "ID", .env = "CNB_GROUP_ID", .help = "group of the build user")
#define ROW_GROUP                                                                                            \
    ROW(group, "group", .arg = "PATH", .env = "CNB_GROUP_PATH", .dflt = "<layers>/group.toml",               \
        .help = "who takes part")
#define ROW_IMAGE ROW(image, "image", .arg = "IMAGE", .help = "not for this phase: name images as arguments")
#define ROW_INSECURE                                                                                         \
    ROW(insecure, "insecure-registry", .arg = "PREFIX", .env = "CNB_INSECURE_REGISTRIES",                    \
        .help = "registries that may be asked without TLS")
#define ROW_LAUNCH_CACHE                                                                                     \
    ROW(launch_cache, "launch-cache", .arg = "DIR", .env = "CNB_LAUNCH_CACHE_DIR",                           \
        .help = "layers for a daemon")
#define ROW_LAUNCHER                                                                                         \
    ROW(launcher, "launcher", .arg = "PATH", .dflt = "/cnb/lifecycle/launcher",                              \
        .help = "the launcher that goes into the image")
#define ROW_LAUNCHER_SBOM                                                                                    \
    ROW(launcher_sbom, "launcher-sbom", .arg = "DIR", .dflt = "/cnb/lifecycle",                              \
        .help = "where its bills of materials are")
#define ROW_LAYERS                                                                                           \
    ROW(layers, "layers", .arg = "DIR", .env = "CNB_LAYERS_DIR", .dflt = "/layers",                          \
        .help = "where layers are")
#define ROW_LAYOUT                                                                                           \
    ROW(layout, "layout", .env = "CNB_USE_LAYOUT", .help = "images are OCI layouts on disk (experimental)")
#define ROW_LAYOUT_DIR                                                                                       \
    ROW(layout_dir, "layout-dir", .arg = "DIR", .env = "CNB_LAYOUT_DIR", .help = "the tree of layouts")
#define ROW_LOG_LEVEL                                                                                        \
    ROW(log_level, "log-level", .arg = "LEVEL", .env = "CNB_LOG_LEVEL", .dflt = "info",                      \
        .help = "debug, info, warn or error")
#define ROW_NO_COLOR ROW(no_color, "no-color", .env = "CNB_NO_COLOR", .help = "no colours; there are none")
#define ROW_ORDER                                                                                            \
    ROW(order, "order", .arg = "PATH", .env = "CNB_ORDER_PATH",                                              \
        .help = "which buildpacks are tried; without it <layers>/order.toml, else /cnb/order.toml")
#define ROW_PARALLEL                                                                                         \
    ROW(parallel, "parallel", .env = "CNB_PARALLEL_EXPORT", .help = "export image and cache at the same time")
#define ROW_PLAN                                                                                             \
    ROW(plan, "plan", .arg = "PATH", .env = "CNB_PLAN_PATH", .dflt = "<layers>/plan.toml",                   \
        .help = "the build plan")
#define ROW_PLATFORM                                                                                         \
    ROW(platform, "platform", .arg = "DIR", .env = "CNB_PLATFORM_DIR", .dflt = "/platform",                  \
        .help = "what the user sets")
#define ROW_PROCESS_TYPE                                                                                     \
    ROW(process_type, "process-type", .arg = "TYPE", .env = "CNB_PROCESS_TYPE",                              \
        .help = "process that is started by default")
#define ROW_PROJECT_METADATA                                                                                 \
    ROW(project_metadata, "project-metadata", .arg = "PATH", .env = "CNB_PROJECT_METADATA_PATH",             \
        .dflt = "<layers>/project-metadata.toml", .help = "where the source is from")
#define ROW_REPORT                                                                                           \
    ROW(report, "report", .arg = "PATH", .env = "CNB_REPORT_PATH", .dflt = "<layers>/report.toml",           \
        .help = "what was made")
#define ROW_RUN                                                                                              \
    ROW(run, "run", .arg = "PATH", .env = "CNB_RUN_PATH", .dflt = "/cnb/run.toml",                           \
        .help = "names of run images")
#define ROW_RUN_IMAGE                                                                                        \
    ROW(run_image, "run-image", .arg = "IMAGE", .env = "CNB_RUN_IMAGE",                                      \
        .help = "not for this phase: the analyzer chooses it")
#define ROW_STACK                                                                                            \
    ROW(stack, "stack", .arg = "PATH", .env = "CNB_STACK_PATH", .dflt = "/cnb/stack.toml",                   \
        .help = "name of the run image")
#define ROW_SYSTEM                                                                                           \
    ROW(system, "system", .arg = "PATH", .env = "CNB_SYSTEM_PATH", .dflt = "/cnb/system.toml",               \
        .help = "buildpacks of every group")
#define ROW_UID ROW(uid, "uid", .arg = "ID", .env = "CNB_USER_ID", .help = "the build user")

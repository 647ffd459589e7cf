// SPDX-License-Identifier: Apache-2.0
// The table of phases as data: every flag that has a gate is a flag, and the spec's rows are there.
#include "phase/phase.h"
#include "cnb/api.h"
#include "test.h"
#include <fcntl.h>
#include <sys/prctl.h>

extern const struct phase_program phase_detector, phase_builder, phase_exporter;
static const struct phase_program *const all[] = {&phase_detector, &phase_builder, &phase_exporter};

static const struct opt *row(const struct phase_program *p, const char *flag)
{
    for (const struct opt *o = p->applet.opts; o->name; o++)
        if (strcmp(o->name, flag) == 0)
            return o;
    return NULL;
}

TEST(phase_gates_are_of_flags)
{
    for (size_t i = 0; i < COUNT(all); i++) {
        EQ_UINT(all[i]->applet.in_size, sizeof(struct phase_in));
        CHECK(all[i]->applet.grammar == GRAMMAR_GO);
        for (const struct phase_gate *g = all[i]->gates; g->flag; g++)
            CHECK_MSG(row(all[i], g->flag), "%s: %s", all[i]->applet.name, g->flag);
    }
}

TEST(phase_is_secluded)
{
    phase_seclude();
    EQ_INT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    drop_(arena_free) struct arena *a = arena_new(0);
    drop_fd int fd = -1; // and still reaches its own descriptors
    MUST(path_open_host(arena_printf(a, "/proc/self/fd/%d", t->dir), O_PATH | O_DIRECTORY, 0, &fd, &e));
}

// cnb.md §2.3: which phase has which flag, its variable and its default.
TEST(phase_flags_are_the_specs)
{
    static const struct {
        const char *flag, *env, *dflt, *phases;
    } rows[] = {
        {"analyzed", "CNB_ANALYZED_PATH", "<layers>/analyzed.toml", "DBE"},
        {"app", "CNB_APP_DIR", "/workspace", "DBE"},
        {"build-config", "CNB_BUILD_CONFIG_DIR", "/cnb/build-config", "DB"},
        {"buildpacks", "CNB_BUILDPACKS_DIR", "/cnb/buildpacks", "DB"},
        {"cache-dir", "CNB_CACHE_DIR", NULL, "E"},
        {"cache-image", "CNB_CACHE_IMAGE", NULL, "E"},
        {"daemon", "CNB_USE_DAEMON", NULL, "E"},
        {"extended", "CNB_EXTENDED_DIR", "<layers>/extended", "E"},
        {"extensions", "CNB_EXTENSIONS_DIR", "/cnb/extensions", "D"},
        {"generated", "CNB_GENERATED_DIR", "<layers>/generated", "D"},
        {"gid", "CNB_GROUP_ID", NULL, "E"},
        {"group", "CNB_GROUP_PATH", "<layers>/group.toml", "DBE"},
        {"image", NULL, NULL, "E"},
        {"insecure-registry", "CNB_INSECURE_REGISTRIES", NULL, "E"},
        {"launch-cache", "CNB_LAUNCH_CACHE_DIR", NULL, "E"},
        {"launcher", NULL, "/cnb/lifecycle/launcher", "E"},
        {"launcher-sbom", NULL, "/cnb/lifecycle", "E"},
        {"layers", "CNB_LAYERS_DIR", "/layers", "DBE"},
        {"layout", "CNB_USE_LAYOUT", NULL, "E"},
        {"layout-dir", "CNB_LAYOUT_DIR", NULL, "E"},
        {"log-level", "CNB_LOG_LEVEL", "info", "DBE"},
        {"no-color", "CNB_NO_COLOR", NULL, "DBE"},
        {"order", "CNB_ORDER_PATH", NULL, "D"},
        {"parallel", "CNB_PARALLEL_EXPORT", NULL, "E"},
        {"plan", "CNB_PLAN_PATH", "<layers>/plan.toml", "DB"},
        {"platform", "CNB_PLATFORM_DIR", "/platform", "DB"},
        {"process-type", "CNB_PROCESS_TYPE", NULL, "E"},
        {"project-metadata", "CNB_PROJECT_METADATA_PATH", "<layers>/project-metadata.toml", "E"},
        {"report", "CNB_REPORT_PATH", "<layers>/report.toml", "E"},
        {"run", "CNB_RUN_PATH", "/cnb/run.toml", "DE"},
        {"run-image", "CNB_RUN_IMAGE", NULL, "E"},
        {"stack", "CNB_STACK_PATH", "/cnb/stack.toml", "E"},
        {"system", "CNB_SYSTEM_PATH", "/cnb/system.toml", "D"},
        {"uid", "CNB_USER_ID", NULL, "E"},
    };
    size_t n = 0, have = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t p = 0; p < COUNT(all); p++) {
            const struct opt *o = row(all[p], rows[i].flag);
            bool wanted = strchr(rows[i].phases, "DBE"[p]) != NULL;
            CHECK_MSG(wanted == (o != NULL), "%s: %s", all[p]->applet.name, rows[i].flag);
            if (!o)
                continue;
            n++;
            EQ_STR(str_of(o->env), rows[i].env ? rows[i].env : "");
            EQ_STR(str_of(o->dflt), rows[i].dflt ? rows[i].dflt : "");
        }
    for (size_t p = 0; p < COUNT(all); p++)
        for (const struct opt *o = all[p]->applet.opts; o->name; o++)
            have++;
    EQ_UINT(have, n);
}

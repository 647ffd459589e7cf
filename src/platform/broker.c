// SPDX-License-Identifier: Apache-2.0
#include "platform/broker.h"
#include "base/file.h"
#include "cnb/env.h"
#include "deps/deps.h"
#include "deps/npm.h"
#include "lifecycle/context.h"
#include <fcntl.h>

struct build_broker {
    struct deps_server *server;
    struct dep *allowed;
    size_t n, cap;
};

static bool is_for(const struct dep *d, const struct image_config *c)
{
    return (!d->os.n || str_eq(d->os, c->os)) && (!d->arch.n || str_eq(d->arch, c->architecture));
}

// Other files of this machine are none of a buildpack's business: to know the checksum of one is easy.
static bool is_elsewhere(struct building *b, const struct dep *d)
{
    return d->scheme == DEP_FILE &&
           !path_is_within(path_clean(b->a, str_from(d->uri, strlen("file://"))), STR("/dependencies"));
}

static int add_catalogue(struct building *b, struct build_broker *k, const struct build_buildpack *bp,
                         struct err *e)
{
    struct val *doc;
    struct catalogue c;
    drop_fd int fd = -1;
    if (path_open_host(bp->dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 ||
        lc_read_toml(b->a, fd, "buildpack.toml", &doc, e) < 0 ||
        catalogue_read(b->a, doc, "buildpack.toml", b->o->ev, &c, e) < 0)
        return err_wrap(e, "buildpack %s", bp->dir);
    for (size_t i = 0; i < c.deps.n; i++) {
        if (!is_for(&c.deps.v[i], &b->run_image.config))
            continue;
        if (is_elsewhere(b, &c.deps.v[i])) {
            event_warn(b->o->ev, NULL,
                       "buildpack %s: " PRI_STR
                       " is not given to it, only file:///dependencies/… beneath its folder",
                       bp->dir, STR_ARG(str_printable(b->a, c.deps.v[i].uri, 100)));
            continue;
        }
        k->allowed = arena_grow(b->a, k->allowed, k->n, &k->cap, sizeof *k->allowed);
        k->allowed[k->n] = c.deps.v[i];
        k->allowed[k->n++].dir = bp->dir;
    }
    return 0;
}

// A catalogue of somebody else's may be of a kind that is not ours: then nothing of it is served.
static int add_catalogues(struct building *b, struct build_broker *k, struct err *e)
{
    for (size_t i = 0; i < b->group.buildpacks.n; i++) {
        const struct cnb_ref *ref = &b->group.buildpacks.v[i];
        const struct build_buildpack *bp = buildpacks_get(&b->buildpacks, ref->id, ref->version);
        struct err why = {0};
        char said[512];
        if (!bp || !bp->desc.metadata || add_catalogue(b, k, bp, &why) == 0)
            continue;
        if (bp->recipe) {
            *e = why;
            return -1;
        }
        event_emit(b->o->ev, &(struct event){
                                 .kind = EV_FACT,
                                 .phase = STR("build"),
                                 .subject = ref->id,
                                 .text = str_printf(b->a, "nothing of its catalogue is downloaded for it: %s",
                                                    err_text(&why, said, sizeof said))});
    }
    return 0;
}

// What the user says for the build counts outside too where it is about downloads.
static const char *const *environment(struct building *b)
{
    static const char *const words[] = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
                                        "http_proxy", "https_proxy", "no_proxy"};
    struct strmap env = {0};
    for (size_t i = 0; i < b->o->host_env->n; i++)
        strmap_set(b->a, &env, b->o->host_env->v[i].key, b->o->host_env->v[i].val);
    for (size_t i = 0; i < b->o->env->n; i++) {
        struct str key = b->o->env->v[i].key;
        bool counts = str_has_prefix(key, "BP_DEPENDENCY_MIRROR");
        for (size_t w = 0; w < COUNT(words); w++)
            counts |= str_is(key, words[w]);
        if (counts)
            strmap_set(b->a, &env, key, b->o->env->v[i].val);
    }
    return env_vector(b->a, &env);
}

// Entries of all bindings of that type, the same name's last one; NULL: none.
static int of_bindings(struct building *b, const char *type, const struct strmap **out, struct err *e)
{
    struct strmap *got = ARENA_NEW(b->a, struct strmap);
    *out = NULL;
    for (size_t i = 0; i < b->bindings.n; i++) {
        const struct cnb_binding *one = &b->bindings.v[i];
        for (size_t k = 0; cnb_binding_is(one, type) && k < one->entries.n; k++) {
            struct str value;
            if (cnb_binding_value(b->a, one, one->entries.v[k], &value, e) < 0)
                return -1;
            strmap_set(b->a, got, one->entries.v[k], str_trim(value));
            *out = got;
        }
    }
    return 0;
}

static int start(struct building *b, struct build_broker *k, struct err *e)
{
    drop_fd int dir = -1;
    const struct strmap *mappings, *mirrors;
    if (of_bindings(b, "dependency-mapping", &mappings, e) < 0 ||
        of_bindings(b, "dependency-mirror", &mirrors, e) < 0 ||
        path_open_plain(b->work.fd, "platform", O_RDONLY | O_DIRECTORY, 0, &dir, e) < 0)
        return -1;
    const struct deps_server_spec spec = {
        .dirfd = dir,
        .name = DEPS_SOCKET,
        .allowed = k->allowed,
        .n_allowed = k->n,
        .sources = {.st = b->o->st,
                    .envp = environment(b),
                    .mappings = mappings,
                    .mirrors = mirrors,
                    .project = b->o->source,
                    .apt_dir = arena_printf(b->a, "%s/apt", state_path(b->o->st)),
                    .offline = b->o->network == BUILD_NET_NONE,
                    .ev = b->o->ev,
                    .stop_fd = b->o->stop_fd},
    };
    return deps_server_start(&spec, &k->server, e) < 0 ? err_wrap(e, "downloads") : 0;
}

int build_broker_start(struct building *b, struct build_broker **out, struct err *e)
{
    drop_(build_broker_stop) struct build_broker *k = XNEW(struct build_broker);
    if (add_catalogues(b, k, e) < 0)
        return -1;
    if (!k->n)
        return 0;
    if (start(b, k, e) < 0)
        return -1;
    *out = steal_ptr(k);
    return 0;
}

void build_broker_stop(struct build_broker *k)
{
    if (!k)
        return;
    deps_server_stop(k->server);
    free(k);
}

// Without a PATH the client is not asked: that would cost more than all else of a rebuild, and the client inside comes
// to the same answer where no file says anything.
static const char *const *npm_environment(struct building *b)
{
    struct strmap env = {0};
    for (size_t i = 0; i < b->o->host_env->n; i++)
        strmap_set(b->a, &env, b->o->host_env->v[i].key, b->o->host_env->v[i].val);
    strmap_set(b->a, &env, STR("PATH"), STR("/nowhere"));
    return env_vector(b->a, &env);
}

int build_npmrc(struct building *b, struct err *e)
{
    static const char variable[] = "NPM_CONFIG_USERCONFIG";
    const struct npm_spec spec = {.envp = npm_environment(b)};
    struct npm_config c;
    struct err why = {0};
    struct str text;
    char said[512];
    if (!b->network || strmap_get(b->o->env, str_of(variable)))
        return 0;
    if (npm_config_read(b->a, &spec, &c, &why) < 0) {
        if (why.code != ERR_NOT_FOUND)
            event_warn(b->o->ev, NULL, "npm's configuration is not passed on: %s",
                       err_text(&why, said, sizeof said));
        return 0;
    }
    npmrc_without_secrets(b->a, &c, &text);
    if (file_place(b->work.fd, "platform/npmrc", 0644, text, e) < 0)
        return -1;
    return file_place(b->work.fd, arena_printf(b->a, "platform/env/%s", variable), 0644,
                      STR(INSIDE_PLATFORM "/npmrc"), e);
}

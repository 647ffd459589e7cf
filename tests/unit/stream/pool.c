// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"
#include <pthread.h>

struct square {
    struct job job;
    unsigned in, out;
};

static void run_square(struct job *j)
{
    struct square *s = CONTAINER(j, struct square, job);
    s->out = s->in * s->in;
}

TEST(every_job_runs_once_whatever_the_number_of_workers)
{
    static const unsigned workers[] = {1, 2, 7};
    for (size_t w = 0; w <= COUNT(workers); w++) {
        drop_(pool_free) struct pool *p = w < COUNT(workers) ? pool_new(workers[w]) : NULL;
        EQ_UINT(pool_workers(p), p ? workers[w] : 0);
        struct square s[500] = {0};
        for (unsigned i = 0; i < COUNT(s); i++) {
            s[i].job.run = run_square;
            s[i].in = i;
            pool_push(p, &s[i].job);
        }
        for (unsigned i = COUNT(s); i-- > 0;) {
            pool_wait(p, &s[i].job);
            CHECK(pool_done(p, &s[i].job));
            EQ_UINT(s[i].out, i * i);
        }
    }
}

struct gate {
    struct job job;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool begun, open;
};

// A worker held in place by the test; real jobs never wait.
static void run_gate(struct job *j)
{
    struct gate *g = CONTAINER(j, struct gate, job);
    pthread_mutex_lock(&g->lock);
    g->begun = true;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void gate_begin(struct gate *g, struct pool *p)
{
    g->job.run = run_gate;
    pool_push(p, &g->job);
    pthread_mutex_lock(&g->lock);
    while (!g->begun)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void gate_open(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

#define GATE_INIT                                                                                            \
    {                                                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER                               \
    }

TEST(waiting_does_the_job_when_no_worker_is_free)
{
    drop_(pool_free) struct pool *p = pool_new(1);
    struct gate g = GATE_INIT;
    gate_begin(&g, p);
    struct square s[3] = {0};
    for (unsigned i = 0; i < COUNT(s); i++) {
        s[i].job.run = run_square;
        s[i].in = i + 2;
        pool_push(p, &s[i].job);
    }
    pool_wait(p, &s[1].job); // out of the middle of the queue
    EQ_UINT(s[1].out, 9);
    CHECK(!pool_done(p, &s[0].job));
    pool_wait(p, &s[2].job);
    pool_wait(p, &s[0].job);
    EQ_UINT(s[0].out, 4);
    EQ_UINT(s[2].out, 16);
    gate_open(&g);
    pool_wait(p, &g.job);
}

TEST(a_cancelled_job_does_not_run)
{
    drop_(pool_free) struct pool *p = pool_new(1);
    struct gate g = GATE_INIT;
    gate_begin(&g, p);
    struct square s[2] = {{{.run = run_square}, 3, 0}, {{.run = run_square}, 4, 0}};
    pool_push(p, &s[0].job);
    pool_push(p, &s[1].job);
    pool_cancel(p, &s[0].job);
    pool_cancel(p, &s[0].job);
    EQ_UINT(s[0].out, 0);
    gate_open(&g);
    pool_wait(p, &s[1].job);
    EQ_UINT(s[1].out, 16);
    EQ_UINT(s[0].out, 0);
    pool_cancel(p, &g.job);
}

TEST(slots_are_bounded_and_come_back)
{
    drop_(pool_free) struct pool *p = pool_new(2);
    unsigned n = 0;
    while (n < 1000 && pool_slot(p))
        n++;
    EQ_UINT(n, 6);
    pool_slot_back(p);
    CHECK(pool_slot(p));
    CHECK(!pool_slot(p));
    CHECK(!pool_slot(NULL));
}

TEST(zero_workers_means_one_for_each_processor)
{
    drop_(pool_free) struct pool *p = pool_new(0);
    CHECK(pool_workers(p) >= 1);
}

struct driver {
    struct pool *pool;
    size_t n;
    struct digest got;
};

static void *drive(void *arg)
{
    struct driver *d = arg;
    drop_(source_drop) struct source *from = source_made(d->n);
    drop_(sink_drop) struct sink *to = sink_gzip(sink_hash(sink_null(), HASH_SHA256, &d->got), d->pool, 1);
    struct err e = {0};
    if (pump(from, to, UINT64_MAX, &e) < 0 || sink_finish(to, &e) < 0)
        d->got.alg = HASH_NONE;
    return NULL;
}

TEST_SECONDS(many_drivers_share_one_pool, 60)
{
    enum { DRIVERS = 8 };
    drop_(pool_free) struct pool *p = pool_new(2);
    struct driver d[DRIVERS];
    pthread_t thread[DRIVERS];
    for (size_t i = 0; i < DRIVERS; i++) {
        d[i] = (struct driver){.pool = p, .n = (6 << 20) + 1000};
        CHECK(pthread_create(&thread[i], NULL, drive, &d[i]) == 0);
    }
    struct driver alone = {.n = (6 << 20) + 1000};
    drive(&alone);
    EQ_INT(alone.got.alg, HASH_SHA256);
    for (size_t i = 0; i < DRIVERS; i++) {
        pthread_join(thread[i], NULL);
        CHECK(digest_eq(&d[i].got, &alone.got));
    }
    unsigned slots = 0;
    while (pool_slot(p))
        slots++;
    EQ_UINT(slots, 6); // every stream gave back what it took
}

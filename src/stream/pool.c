// SPDX-License-Identifier: Apache-2.0
#include "stream/pool.h"
#include "base/err.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>

enum { POOL_MAX = 64 };

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work; // a job was queued, or stop
    pthread_cond_t done; // a job has run
    struct job *first, *last;
    unsigned slots;
    bool stop;
    unsigned n_workers;
    pthread_t worker[POOL_MAX];
};

static void unlink_job(struct pool *p, struct job *j)
{
    *(j->prev ? &j->prev->next : &p->first) = j->next;
    *(j->next ? &j->next->prev : &p->last) = j->prev;
    j->prev = j->next = NULL;
}

// Called and left with the lock held; the job itself runs without it.
static void run_locked(struct pool *p, struct job *j)
{
    unlink_job(p, j);
    j->state = JOB_RUNNING;
    pthread_mutex_unlock(&p->lock);
    j->run(j);
    pthread_mutex_lock(&p->lock);
    j->state = JOB_DONE;
    pthread_cond_broadcast(&p->done);
}

static void *worker(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->first)
            run_locked(p, p->first);
        else
            pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

struct pool *pool_new(unsigned workers)
{
    struct pool *p = XNEW(struct pool);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    unsigned want = workers ? workers : processors();
    if (want > POOL_MAX)
        want = POOL_MAX;
    sigset_t all, before; // signals belong to the threads of the program
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->n_workers < want && pthread_create(&p->worker[p->n_workers], NULL, worker, p) == 0)
        p->n_workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->slots = 2 * p->n_workers + 2;
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    if (p->first)
        BUG("pool_free: a job is queued");
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_workers; i++)
        pthread_join(p->worker[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

unsigned pool_workers(const struct pool *p)
{
    return p ? p->n_workers : 0;
}

void pool_push(struct pool *p, struct job *j)
{
    if (!p) {
        j->run(j);
        j->state = JOB_DONE;
        return;
    }
    pthread_mutex_lock(&p->lock);
    j->state = JOB_QUEUED;
    j->next = NULL;
    j->prev = p->last;
    *(p->last ? &p->last->next : &p->first) = j;
    p->last = j;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

bool pool_done(struct pool *p, const struct job *j)
{
    if (!p)
        return j->state == JOB_DONE;
    pthread_mutex_lock(&p->lock);
    bool done = j->state == JOB_DONE;
    pthread_mutex_unlock(&p->lock);
    return done;
}

void pool_wait(struct pool *p, struct job *j)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    if (j->state == JOB_QUEUED)
        run_locked(p, j);
    while (j->state == JOB_RUNNING)
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void pool_cancel(struct pool *p, struct job *j)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    if (j->state == JOB_QUEUED)
        unlink_job(p, j);
    while (j->state == JOB_RUNNING)
        pthread_cond_wait(&p->done, &p->lock);
    j->state = JOB_IDLE;
    pthread_mutex_unlock(&p->lock);
}

bool pool_slot(struct pool *p)
{
    if (!p)
        return false;
    pthread_mutex_lock(&p->lock);
    bool got = p->slots > 0;
    p->slots -= got;
    pthread_mutex_unlock(&p->lock);
    return got;
}

void pool_slot_back(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->slots++;
    pthread_mutex_unlock(&p->lock);
}

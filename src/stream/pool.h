// SPDX-License-Identifier: Apache-2.0
// stream/pool.h - a fixed pool of workers for leaf jobs: compression blocks, digests of pieces.
//
// A job never pushes, waits or does input and output; so every job ends, and a driver that waits for its own job
// always gets on. Drivers (the threads that read and write) may share one pool. Blocks in flight are bounded by slots
// of the pool: a driver takes one without waiting or goes on with the blocks that are its own, so drivers never
// wait for each other. All calls but pool_new and pool_free may come from any thread; a job belongs to one driver.
#pragma once
#include "base/mem.h"
#include <stdbool.h>

struct job {
    void (*run)(struct job *j); // the rest is the pool's
    struct job *prev, *next;
    enum { JOB_IDLE, JOB_QUEUED, JOB_RUNNING, JOB_DONE } state;
};

struct pool;
// workers 0: one for each processor that this process may use. Where no thread can be had, waiting does the work.
struct pool *pool_new(unsigned workers);
void pool_free(struct pool *p); // no job may be queued or running; NULL is fine
DEFINE_DROP(struct pool *, pool_free)
unsigned pool_workers(const struct pool *p); // 0 for NULL

// The pool may be NULL in all of these: then a job is done where it is pushed.
void pool_push(struct pool *p, struct job *j);
bool pool_done(struct pool *p, const struct job *j); // a pushed job has run
void pool_wait(struct pool *p, struct job *j);   // until it has run; does it here when no worker has begun it
void pool_cancel(struct pool *p, struct job *j); // afterwards nobody touches it; an idle job is fine

bool pool_slot(struct pool *p); // one more block in flight? never waits; NULL has none
void pool_slot_back(struct pool *p);

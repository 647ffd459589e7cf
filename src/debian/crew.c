// SPDX-License-Identifier: Apache-2.0
#include "debian/crew.h"
#include <pthread.h>
#include <sched.h>

static unsigned threads_of(unsigned n, size_t most)
{
    cpu_set_t set;
    if (!n)
        n = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    if (n > CREW_MAX)
        n = CREW_MAX;
    return n > most ? (unsigned)most : n;
}

void crew_run(unsigned threads, size_t most, void *(*work)(void *ctx), void *ctx)
{
    pthread_t thread[CREW_MAX];
    unsigned n = threads_of(threads, most), begun = 0;
    while (begun + 1 < n && pthread_create(&thread[begun], NULL, work, ctx) == 0)
        begun++;
    (void)work(ctx);
    for (unsigned i = 0; i < begun; i++)
        (void)pthread_join(thread[i], NULL);
}

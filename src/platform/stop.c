// SPDX-License-Identifier: Apache-2.0
#include "platform/stop.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

int stop_open(int *fd, struct err *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || (*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return err_sys(e, "signals");
    return 0;
}

int stop_check(int fd, struct err *e)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll(&p, 1, 0) == 1 ? err_set(e, ERR_CANCELLED, "stopped") : 0;
}

int stop_take(int fd)
{
    struct signalfd_siginfo info;
    return fd >= 0 && read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

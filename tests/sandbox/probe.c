// SPDX-License-Identifier: Apache-2.0
// One way out of a sandbox a sub-command. "open" and exit code 0: it works here. "refused" with the reason and exit
// code 1: it does not. 2: the probe was called wrongly. It needs nothing but a libc, so that it runs in any root.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPEN, REFUSED, WRONG };

static int said(int rc)
{
    if (rc >= 0) {
        puts("open");
        return OPEN;
    }
    printf("refused: %s\n", strerror(errno));
    return REFUSED;
}

static int core_pattern(char **arg)
{
    (void)arg;
    return said(open("/proc/sys/kernel/core_pattern", O_WRONLY));
}

static int shadow(char **arg)
{
    char c;
    int fd = open(arg[0] ? arg[0] : "/etc/shadow", O_RDONLY);
    return said(fd < 0 ? -1 : read(fd, &c, 1) == 1 ? 0 : -1);
}

static int abstract(char **arg)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t n = strlen(arg[0]);
    memcpy(at.sun_path + 1, arg[0], n);
    return said(fd < 0 ? -1
                       : connect(fd, (struct sockaddr *)&at,
                                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)));
}

static int terminal(char **arg)
{
    (void)arg;
    return said(open("/dev/tty", O_RDWR));
}

// A byte put into the terminal's input is typed by whoever reads it next.
static int type_ahead(char **arg)
{
    char c = '\n';
    (void)arg;
    return said(ioctl(0, 0x5412 /* TIOCSTI */, &c) < 0 && errno != EIO && errno != ENOTTY ? -1 : 0);
}

static int descriptor(char **arg)
{
    (void)arg;
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            return said(fd);
    errno = EBADF;
    return said(-1);
}

static int call_keyctl(char **arg)
{
    (void)arg;
    return said((int)syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -4 /* of the user */, 1));
}

// In a mount namespace of its own, so that nobody else sees it.
static int call_mount(char **arg)
{
    (void)arg;
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        // Perhaps only new namespaces are refused.
        return said(mount("none", "/nowhere", "tmpfs", 0, NULL) < 0 && errno != ENOENT ? -1 : 0);
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return said(-1);
    return said(mount("none", "/tmp", "tmpfs", 0, NULL));
}

static int call_unshare(char **arg)
{
    (void)arg;
    return said(unshare(CLONE_NEWUSER));
}

static int call_clone(char **arg)
{
    (void)arg;
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return said((int)pid);
}

static int call_bpf(char **arg)
{
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    (void)arg;
    return said((int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

static int io_uring(char **arg)
{
    char params[256] = {0};
    (void)arg;
    return said((int)syscall(SYS_io_uring_setup, 1, params));
}

// A process that has left session, parent and streams; its name is the argument.
static int leave(char **arg)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (int fd = 0; fd < 3; fd++)
                close(fd);
            execl("/proc/self/exe", arg[0], "sleep", NULL);
        }
        _exit(0);
    }
    usleep(100000);
    return said(0);
}

static int call_sleep(char **arg)
{
    (void)arg;
    sleep(60);
    return 0;
}

static int writes(char **arg)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/probe.%d", arg[0], getpid());
    int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    if (fd >= 0)
        (void)unlink(path);
    return said(fd);
}

static int number(const char *text)
{
    int n = 0;
    while (*text >= '0' && *text <= '9')
        n = n * 10 + (*text++ - '0');
    return n;
}

// The parent of a process, or 0.
static int parent_of(int pid)
{
    char path[64], text[512] = {0};
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        return 0;
    close(fd);
    const char *after = strrchr(text, ')'); // ") S PARENT …"
    return after && strlen(after) > 4 ? number(after + 4) : 0;
}

// The process that the test names, then everybody above us as far as we see them.
static int each_parent(char **arg, int (*try)(int pid))
{
    if (try(number(arg[0])) >= 0)
        return said(0);
    int refused = errno;
    for (int pid = getppid(); pid > 0; pid = parent_of(pid)) {
        if (try(pid) >= 0)
            return said(0);
        refused = errno;
    }
    errno = refused;
    return said(-1);
}

static int try_environ(int pid)
{
    char path[64], c;
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    int fd = open(path, O_RDONLY);
    return fd < 0 ? -1 : read(fd, &c, 1) < 0 ? -1 : 0;
}

static int try_memory(int pid)
{
    char path[64], here[8];
    struct iovec to = {here, sizeof here}, from = {(void *)4096, sizeof here};
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    if (open(path, O_RDWR) >= 0)
        return 0;
    // Nothing is at that address, but who is told so was let in.
    return process_vm_readv(pid, &to, 1, &from, 1, 0) >= 0 || errno == EFAULT ? 0 : -1;
}

static int try_signal(int pid)
{
    return kill(pid, 0);
}

static int try_trace(int pid)
{
    return (int)ptrace(PTRACE_SEIZE, pid, 0, 0);
}

static int parent_environ(char **arg)
{
    return each_parent(arg, try_environ);
}
static int parent_memory(char **arg)
{
    return each_parent(arg, try_memory);
}
static int parent_signal(char **arg)
{
    return each_parent(arg, try_signal);
}
static int parent_trace(char **arg)
{
    return each_parent(arg, try_trace);
}

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)number(port)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int tcp(char **arg)
{
    struct sockaddr_in to = loopback(arg[0]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return said(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int udp(char **arg)
{
    struct sockaddr_in to = loopback(arg[0]);
    struct timeval wait = {.tv_usec = 500000};
    char c = 'x';
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 || send(fd, &c, 1, 0) < 0)
        return said(-1);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    return said(recv(fd, &c, 1, 0) == 1 ? 0 : -1);
}

static int packet(char **arg)
{
    (void)arg;
    return said(socket(40 /* AF_VSOCK: leaves a virtual machine */, SOCK_STREAM, 0));
}

// What the other probes try to reach: TCP and UDP on one port of the loopback, and an abstract socket. Prints the port.
static int serve(char **arg)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t n = sizeof at;
    int t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0),
        a = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t len = strlen(arg[0]);
    memcpy(name.sun_path + 1, arg[0], len);
    if (bind(t, (struct sockaddr *)&at, n) < 0 || getsockname(t, (struct sockaddr *)&at, &n) < 0 ||
        listen(t, 16) < 0 || bind(u, (struct sockaddr *)&at, n) < 0 ||
        bind(a, (struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) <
            0 ||
        listen(a, 16) < 0)
        return said(-1);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        char c;
        n = sizeof at;
        if (recvfrom(u, &c, 1, 0, (struct sockaddr *)&at, &n) == 1)
            (void)sendto(u, &c, 1, 0, (struct sockaddr *)&at, n);
    }
}

// Runs the rest of the arguments with a controlling terminal of its own as standard input.
static int on_terminal(char **arg)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), status;
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return said(-1);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        int slave = open(ptsname(master), O_RDWR); // the first terminal that a session leader opens
        dup2(slave, 0);
        close(slave);
        close(master);
        execv(arg[0], arg);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : REFUSED;
}

// Makes a place like a restricted pod and runs the rest of the arguments
// in it: nothing but DIR and /tmp can be written,
// no further user namespaces, no capabilities. For a process with capabilities in a namespace of its own.
static int closed_root(char **arg)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(arg[0], arg[0], NULL, MS_BIND, NULL) < 0 || mount("none", "/tmp", "tmpfs", 0, NULL) < 0 ||
        mount_setattr(AT_FDCWD, "/", 0, &attr, sizeof attr) < 0 || write(fd, "0", 1) != 1)
        return said(-1);
    close(fd);
    for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
        ;
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    execv(arg[1], arg + 1);
    return said(-1);
}

// The kernel's interface of drivers and firewalls; its routes are left to getifaddrs(3).
static int netlink(char **arg)
{
    (void)arg;
    return said(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 16 /* NETLINK_GENERIC */));
}

// Numbers of the 32-bit table mean other calls; 20 is getpid there.
static int foreign_abi(char **arg)
{
    (void)arg;
#ifdef __x86_64__
    int got;
    __asm__ volatile("int $0x80" : "=a"(got) : "a"(20) : "memory");
    errno = got < 0 ? -got : 0;
    return said(got < 0 ? -1 : 0);
#else
    errno = ENOSYS;
    return said(-1);
#endif
}

static int capabilities(char **arg)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    (void)arg;
    while (f && fgets(line, sizeof line, f))
        // The bounding set only counts where no_new_privs is not set.
        if (strncmp(line, "Cap", 3) == 0 && strncmp(line, "CapBnd", 6) != 0 &&
            strpbrk(line + 7, "123456789abcdef"))
            return said(0);
    errno = EPERM;
    return said(f ? -1 : 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(char **arg);
        int args;
    } probe[] = {{"core_pattern", core_pattern, 0},
                 {"shadow", shadow, 0},
                 {"abstract", abstract, 1},
                 {"terminal", terminal, 0},
                 {"type_ahead", type_ahead, 0},
                 {"descriptor", descriptor, 0},
                 {"keyctl", call_keyctl, 0},
                 {"mount", call_mount, 0},
                 {"unshare", call_unshare, 0},
                 {"clone", call_clone, 0},
                 {"bpf", call_bpf, 0},
                 {"io_uring", io_uring, 0},
                 {"leave", leave, 1},
                 {"sleep", call_sleep, 0},
                 {"serve", serve, 1},
                 {"on_terminal", on_terminal, 1},
                 {"closed_root", closed_root, 2},
                 {"write", writes, 1},
                 {"environ", parent_environ, 1},
                 {"memory", parent_memory, 1},
                 {"signal", parent_signal, 1},
                 {"ptrace", parent_trace, 1},
                 {"tcp", tcp, 1},
                 {"udp", udp, 1},
                 {"vsock", packet, 0},
                 {"netlink", netlink, 0},
                 {"foreign_abi", foreign_abi, 0},
                 {"capabilities", capabilities, 0}};
    for (size_t i = 0; argc > 1 && i < sizeof probe / sizeof probe[0]; i++)
        if (strcmp(argv[1], probe[i].name) == 0 && argc - 2 >= probe[i].args)
            return probe[i].run(argv + 2);
    fprintf(stderr, "probe: no such probe, or an argument is missing\n");
    return WRONG;
}

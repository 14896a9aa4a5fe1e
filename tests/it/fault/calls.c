/* For tests/it/fault/preload.rs: writes the calls that make, set up and close sockets to the file INET6_CALLS, a line
 * each, "NAME DESCRIPTOR", as it passes them on (LD_PRELOAD). */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int seen(const char *name, int fd)
{
    char line[64];
    int len = snprintf(line, sizeof line, "%s %d\n", name, fd);
    int file = syscall(SYS_openat, AT_FDCWD, getenv("INET6_CALLS"), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (syscall(SYS_write, file, line, len) != len)
        abort();
    syscall(SYS_close, file);
    return fd;
}

int socket(int domain, int type, int protocol)
{
    return seen("socket", syscall(SYS_socket, domain, type, protocol));
}

int accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
    return seen("accept4", syscall(SYS_accept4, fd, peer, len, flags));
}

int connect(int fd, const struct sockaddr *peer, socklen_t len)
{
    return syscall(SYS_connect, seen("connect", fd), peer, len);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    return syscall(SYS_getsockopt, seen("getsockopt", fd), level, name, value, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return syscall(SYS_setsockopt, seen("setsockopt", fd), level, name, value, len);
}

int close(int fd)
{
    return syscall(SYS_close, seen("close", fd));
}

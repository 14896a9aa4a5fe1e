/* For tests/it/fault/short.rs: stands before the calls that move the bytes of streams (LD_PRELOAD).
 * Each moves 1 to 7 bytes, whatever it was asked for, and every fifth is interrupted. */

#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SEND, RECV, SENDMSG, RECVMSG, SENDFILE, CALLS };
static atomic_ulong shortened[CALLS], all;

/* How often a call moved less than it was asked for. */
unsigned long inet6_shortened(unsigned call)
{
    return call < CALLS ? atomic_load(&shortened[call]) : 0;
}

static int is_stream(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* How many of `wanted` bytes to move; 0 for an interruption. */
static size_t allowed(int fd, unsigned call, size_t wanted)
{
    if (wanted == 0 || !is_stream(fd))
        return wanted;
    unsigned long turn = atomic_fetch_add(&all, 1);
    if (turn % 5 == 4)
        return 0;
    /* Knuth's multiplier: some number that changes with each turn. */
    size_t some = 1 + (turn * 2654435761UL >> 16) % 7;
    if (some >= wanted)
        return wanted;
    atomic_fetch_add(&shortened[call], 1);
    return some;
}

static ssize_t interrupted(void)
{
    errno = EINTR;
    return -1;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    size_t some = allowed(fd, SEND, len);
    if (len && !some)
        return interrupted();
    return syscall(SYS_sendto, fd, data, some, flags, (void *)0, 0);
}

ssize_t recv(int fd, void *room, size_t len, int flags)
{
    size_t some = allowed(fd, RECV, len);
    if (len && !some)
        return interrupted();
    return syscall(SYS_recvfrom, fd, room, some, flags, (void *)0, (void *)0);
}

/* The header with no more than the first 8 slices, of which no more than `some` bytes. */
static void cut(struct msghdr *header, struct iovec slices[8], size_t some)
{
    size_t used = 0;
    for (; used < 8 && used < (size_t)header->msg_iovlen && some; used++) {
        slices[used] = header->msg_iov[used];
        if (slices[used].iov_len > some)
            slices[used].iov_len = some;
        some -= slices[used].iov_len;
    }
    header->msg_iov = slices;
    header->msg_iovlen = used;
}

static size_t total(const struct msghdr *header)
{
    size_t sum = 0;
    for (size_t at = 0; at < (size_t)header->msg_iovlen; at++)
        sum += header->msg_iov[at].iov_len;
    return sum;
}

ssize_t sendmsg(int fd, const struct msghdr *given, int flags)
{
    struct msghdr header = *given;
    struct iovec slices[8];
    size_t len = total(given), some = allowed(fd, SENDMSG, len);
    if (len && !some)
        return interrupted();
    if (some < len)
        cut(&header, slices, some);
    return syscall(SYS_sendmsg, fd, &header, flags);
}

ssize_t recvmsg(int fd, struct msghdr *given, int flags)
{
    struct msghdr header = *given;
    struct iovec slices[8];
    size_t len = total(given), some = allowed(fd, RECVMSG, len);
    if (len && !some)
        return interrupted();
    if (some < len)
        cut(&header, slices, some);
    ssize_t got = syscall(SYS_recvmsg, fd, &header, flags);
    given->msg_namelen = header.msg_namelen;
    given->msg_controllen = header.msg_controllen;
    given->msg_flags = header.msg_flags;
    return got;
}

ssize_t sendfile64(int fd, int file, off64_t *offset, size_t len)
{
    size_t some = allowed(fd, SENDFILE, len);
    if (len && !some)
        return interrupted();
    return syscall(SYS_sendfile, fd, file, offset, some);
}

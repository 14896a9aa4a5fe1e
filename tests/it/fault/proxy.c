/* For tests/it/fault/preload.rs: connects to the port INET6_PROXY, whatever port is meant (LD_PRELOAD). */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int connect(int fd, const struct sockaddr *peer, socklen_t len)
{
    struct sockaddr_in6 proxy = *(const struct sockaddr_in6 *)peer;
    proxy.sin6_port = htons(atoi(getenv("INET6_PROXY")));
    return syscall(SYS_connect, fd, &proxy, len);
}

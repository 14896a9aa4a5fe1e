/* A source of names for nsswitch.conf that knows a link-local neighbour, as one of multicast DNS does:
   "neighbour.lab" is fe80::1 on the interface "wire". It answers both kinds of questions of
   getaddrinfo; the one for a single family has no room for a zone. */
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <string.h>

static const struct in6_addr neighbour = {{{0xfe, 0x80, [15] = 1}}};

static enum nss_status missing(int *error, int *why)
{
    *error = ENOENT;
    *why = HOST_NOT_FOUND;
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_inet6lab_gethostbyname4_r(const char *name, struct gaih_addrtuple **found,
                                               char *room, size_t len, int *error, int *why)
{
    if (strcmp(name, "neighbour.lab") != 0)
        return missing(error, why);
    if (len < sizeof **found + sizeof "neighbour.lab") {
        *error = ERANGE;
        *why = NETDB_INTERNAL;
        return NSS_STATUS_TRYAGAIN;
    }
    if (*found == NULL)
        *found = (struct gaih_addrtuple *)room;
    (*found)->next = NULL;
    (*found)->name = strcpy(room + sizeof **found, "neighbour.lab");
    (*found)->family = AF_INET6;
    memcpy((*found)->addr, &neighbour, sizeof neighbour);
    (*found)->scopeid = if_nametoindex("wire");
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_inet6lab_gethostbyname2_r(const char *name, int family, struct hostent *host,
                                               char *room, size_t len, int *error, int *why)
{
    /* No alias, and one address. */
    struct { char *none, *addresses[2]; struct in6_addr address; char name[sizeof "neighbour.lab"]; } *in;

    if (strcmp(name, "neighbour.lab") != 0 || family != AF_INET6)
        return missing(error, why);
    if (len < sizeof *in) {
        *error = ERANGE;
        *why = NETDB_INTERNAL;
        return NSS_STATUS_TRYAGAIN;
    }
    in = (void *)room;
    in->none = NULL;
    in->addresses[0] = (char *)&in->address;
    in->addresses[1] = NULL;
    in->address = neighbour;
    host->h_name = strcpy(in->name, "neighbour.lab");
    host->h_aliases = &in->none;
    host->h_addrtype = AF_INET6;
    host->h_length = sizeof in->address;
    host->h_addr_list = in->addresses;
    return NSS_STATUS_SUCCESS;
}

pub(crate) use super::bsd::*;
use super::{Name, at};
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

// One setting for both families (in6_pcb.c, inp_bindif).
pub(crate) const SO_BINDTOIFINDEX: Name = at(IPPROTO_IPV6, libc::IPV6_BOUND_IF);
pub(crate) const SO_NOSIGPIPE: Name = at(SOL_SOCKET, libc::SO_NOSIGPIPE);

// netinet6/in6.h.
pub(crate) const IPV6_AUTOFLOWLABEL: Name = at(IPPROTO_IPV6, 59);
// netinet6/in6.h.
pub(crate) const IPV6_PREFER_TEMPADDR: Name = at(IPPROTO_IPV6, 63);

pub(crate) const TCP_CORK: Name = at(IPPROTO_TCP, libc::TCP_NOPUSH);
pub(crate) const TCP_FASTOPEN: Name = at(IPPROTO_TCP, libc::TCP_FASTOPEN);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, libc::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, libc::TCP_KEEPALIVE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, libc::TCP_KEEPINTVL);
// netinet/tcp.h.
pub(crate) const TCP_NOTSENT_LOWAT: Name = at(IPPROTO_TCP, 0x201);

pub(crate) const MCAST_BLOCK_SOURCE: Name = at(IPPROTO_IPV6, libc::MCAST_BLOCK_SOURCE);
pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_JOIN_SOURCE_GROUP);
pub(crate) const MCAST_LEAVE_SOURCE_GROUP: Name = at(IPPROTO_IPV6, libc::MCAST_LEAVE_SOURCE_GROUP);
pub(crate) const MCAST_UNBLOCK_SOURCE: Name = at(IPPROTO_IPV6, libc::MCAST_UNBLOCK_SOURCE);

// netinet/tcp_usrreq.c, tcp_ctloutput: it clears a flag, and the next send sends.
pub(crate) const UNCORKING_SENDS: bool = false;

// netinet6/icmp6.c, icmp6_dgram_attach.
pub(crate) const ICMPV6_DATAGRAMS: bool = true;

// For sending: netinet/udp_usrreq.c, udp_output. What arrives has the IPv6 numbers
// (netinet6/ip6_input.c, ip6_savecontrol_v4), but for the hop limit, which does not.
pub(crate) const CMSG_IP_PKTINFO: Name = at(IPPROTO_IP, libc::IP_PKTINFO);
pub(crate) const CMSG_IP_TOS: Name = at(IPPROTO_IP, libc::IP_TOS);

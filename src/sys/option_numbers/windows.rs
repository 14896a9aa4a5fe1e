pub(crate) use super::unsupported::*;
use super::{Name, at};
use std::ffi::c_int;
use windows_sys::Win32::Networking::WinSock::{
    self as ws, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, SOL_SOCKET,
};

pub(crate) const SO_ACCEPTCONN: Name = at(SOL_SOCKET, ws::SO_ACCEPTCONN);
pub(crate) const SO_ERROR: Name = at(SOL_SOCKET, ws::SO_ERROR);
pub(crate) const SO_EXCLUSIVEADDRUSE: Name = at(SOL_SOCKET, ws::SO_EXCLUSIVEADDRUSE);
pub(crate) const SO_KEEPALIVE: Name = at(SOL_SOCKET, ws::SO_KEEPALIVE);
pub(crate) const SO_OOBINLINE: Name = at(SOL_SOCKET, ws::SO_OOBINLINE);
pub(crate) const SO_RCVBUF: Name = at(SOL_SOCKET, ws::SO_RCVBUF);
pub(crate) const SO_SNDBUF: Name = at(SOL_SOCKET, ws::SO_SNDBUF);
pub(crate) const SO_TYPE: Name = at(SOL_SOCKET, ws::SO_TYPE);

// For datagram sockets only. On a stream it takes the port of a live listener: SO_REUSEADDR in the
// sense of the other systems is what Windows does without it.
pub(crate) const SHARE_ADDRESS: Name = at(SOL_SOCKET, ws::SO_REUSEADDR);

pub(crate) const IPV6_DONTFRAG: Name = at(IPPROTO_IPV6, ws::IPV6_DONTFRAG);
pub(crate) const IPV6_MTU: Name = at(IPPROTO_IPV6, ws::IPV6_MTU);
pub(crate) const IPV6_MTU_DISCOVER: Name = at(IPPROTO_IPV6, ws::IPV6_MTU_DISCOVER);
pub(crate) const IPV6_MULTICAST_HOPS: Name = at(IPPROTO_IPV6, ws::IPV6_MULTICAST_HOPS);
pub(crate) const IPV6_MULTICAST_IF: Name = at(IPPROTO_IPV6, ws::IPV6_MULTICAST_IF);
pub(crate) const IPV6_MULTICAST_LOOP: Name = at(IPPROTO_IPV6, ws::IPV6_MULTICAST_LOOP);
pub(crate) const IPV6_RECVERR: Name = at(IPPROTO_IPV6, ws::IPV6_RECVERR);
/// One name switches and carries (ws2ipdef.h).
pub(crate) const IPV6_RECVHOPLIMIT: Name = at(IPPROTO_IPV6, ws::IPV6_HOPLIMIT);
/// One name switches and carries (ws2ipdef.h).
pub(crate) const IPV6_RECVPKTINFO: Name = at(IPPROTO_IPV6, ws::IPV6_PKTINFO);
pub(crate) const IPV6_RECVTCLASS: Name = at(IPPROTO_IPV6, ws::IPV6_RECVTCLASS);
pub(crate) const IPV6_UNICAST_HOPS: Name = at(IPPROTO_IPV6, ws::IPV6_UNICAST_HOPS);
pub(crate) const IPV6_UNICAST_IF: Name = at(IPPROTO_IPV6, ws::IPV6_UNICAST_IF);
pub(crate) const IPV6_USER_MTU: Name = at(IPPROTO_IPV6, ws::IPV6_USER_MTU);
pub(crate) const IPV6_V6ONLY: Name = at(IPPROTO_IPV6, ws::IPV6_V6ONLY);

// The IPv4 twins, for the IPv4 peers of a dual-stack socket.
pub(crate) const IP_DONTFRAGMENT: Name = at(IPPROTO_IP, ws::IP_DONTFRAGMENT);
pub(crate) const IP_MTU_DISCOVER: Name = at(IPPROTO_IP, ws::IP_MTU_DISCOVER);
pub(crate) const IP_MULTICAST_IF: Name = at(IPPROTO_IP, ws::IP_MULTICAST_IF);
pub(crate) const IP_MULTICAST_LOOP: Name = at(IPPROTO_IP, ws::IP_MULTICAST_LOOP);
pub(crate) const IP_MULTICAST_TTL: Name = at(IPPROTO_IP, ws::IP_MULTICAST_TTL);
pub(crate) const IP_PKTINFO: Name = at(IPPROTO_IP, ws::IP_PKTINFO);
pub(crate) const IP_RECVERR: Name = at(IPPROTO_IP, ws::IP_RECVERR);
pub(crate) const IP_RECVTOS: Name = at(IPPROTO_IP, ws::IP_RECVTOS);
pub(crate) const IP_RECVTTL: Name = at(IPPROTO_IP, ws::IP_RECVTTL);
pub(crate) const IP_TTL: Name = at(IPPROTO_IP, ws::IP_TTL);
pub(crate) const IP_UNICAST_IF: Name = at(IPPROTO_IP, ws::IP_UNICAST_IF);
pub(crate) const IP_USER_MTU: Name = at(IPPROTO_IP, ws::IP_USER_MTU);

pub(crate) const TCP_FASTOPEN: Name = at(IPPROTO_TCP, ws::TCP_FASTOPEN);
pub(crate) const TCP_KEEPCNT: Name = at(IPPROTO_TCP, ws::TCP_KEEPCNT);
pub(crate) const TCP_KEEPIDLE: Name = at(IPPROTO_TCP, ws::TCP_KEEPIDLE);
pub(crate) const TCP_KEEPINTVL: Name = at(IPPROTO_TCP, ws::TCP_KEEPINTVL);
pub(crate) const TCP_MAXSEG: Name = at(IPPROTO_TCP, ws::TCP_MAXSEG);
pub(crate) const TCP_NODELAY: Name = at(IPPROTO_TCP, ws::TCP_NODELAY);

pub(crate) const PMTUDISC_DONT: Option<c_int> = Some(ws::IP_PMTUDISC_DONT);
/// What the interface says, unless a socket says otherwise.
pub(crate) const PMTUDISC_WANT: Option<c_int> = Some(ws::IP_PMTUDISC_NOT_SET);
pub(crate) const PMTUDISC_DO: Option<c_int> = Some(ws::IP_PMTUDISC_DO);
pub(crate) const PMTUDISC_PROBE: Option<c_int> = Some(ws::IP_PMTUDISC_PROBE);

pub(crate) const MCAST_BLOCK_SOURCE: Name = at(IPPROTO_IPV6, ws::MCAST_BLOCK_SOURCE as c_int);
pub(crate) const MCAST_JOIN_SOURCE_GROUP: Name =
    at(IPPROTO_IPV6, ws::MCAST_JOIN_SOURCE_GROUP as c_int);
pub(crate) const MCAST_LEAVE_SOURCE_GROUP: Name =
    at(IPPROTO_IPV6, ws::MCAST_LEAVE_SOURCE_GROUP as c_int);
pub(crate) const MCAST_UNBLOCK_SOURCE: Name = at(IPPROTO_IPV6, ws::MCAST_UNBLOCK_SOURCE as c_int);

pub(crate) const UDP_GRO: Name = at(IPPROTO_UDP, ws::UDP_RECV_MAX_COALESCED_SIZE);
pub(crate) const UDP_SEGMENT: Name = at(IPPROTO_UDP, ws::UDP_SEND_MSG_SIZE);

pub(crate) const CMSG_IPV6_DONTFRAG: Name = IPV6_DONTFRAG;
pub(crate) const CMSG_IPV6_HOPLIMIT: Name = IPV6_RECVHOPLIMIT;
pub(crate) const CMSG_IPV6_PKTINFO: Name = IPV6_RECVPKTINFO;
pub(crate) const CMSG_IPV6_TCLASS: Name = at(IPPROTO_IPV6, ws::IPV6_TCLASS);
pub(crate) const CMSG_IP_DONTFRAG: Name = IP_DONTFRAGMENT;
pub(crate) const CMSG_IP_PKTINFO: Name = IP_PKTINFO;
pub(crate) const CMSG_IP_TOS: Name = at(IPPROTO_IP, ws::IP_TOS);
pub(crate) const CMSG_IP_TOS_ALIAS: Name = at(IPPROTO_IP, ws::IP_TCLASS);
pub(crate) const CMSG_IP_TTL: Name = at(IPPROTO_IP, ws::IP_HOPLIMIT);
pub(crate) const CMSG_IP_TTL_ALIAS: Name = IP_TTL;
pub(crate) const CMSG_UDP_GRO: Name = at(IPPROTO_UDP, ws::UDP_COALESCED_INFO as c_int);
pub(crate) const CMSG_UDP_SEGMENT: Name = UDP_SEGMENT;

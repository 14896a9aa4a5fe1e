use super::Name;

pub(crate) const SO_ACCEPTCONN: Name = None;
pub(crate) const SO_BINDTODEVICE: Name = None;
pub(crate) const SO_BINDTOIFINDEX: Name = None;
pub(crate) const SO_ERROR: Name = None;
pub(crate) const SO_PROTOCOL: Name = None;
pub(crate) const SO_RCVTIMEO: Name = None;
pub(crate) const SO_REUSEADDR: Name = None;
pub(crate) const SO_SNDTIMEO: Name = None;
pub(crate) const SO_TYPE: Name = None;

pub(crate) const IPV6_TCLASS: Name = None;
pub(crate) const IPV6_MULTICAST_IF: Name = None;
pub(crate) const IPV6_MULTICAST_LOOP: Name = None;
pub(crate) const IPV6_UNICAST_IF: Name = None;
pub(crate) const IPV6_UNICAST_HOPS: Name = None;
pub(crate) const IPV6_V6ONLY: Name = None;

// The IPv4 twins, for the IPv4 peers of a dual-stack socket.
pub(crate) const IP_MULTICAST_LOOP: Name = None;
pub(crate) const IP_TOS: Name = None;
pub(crate) const IP_TTL: Name = None;

pub(crate) const TCP_NODELAY: Name = None;

// Read only.
pub(crate) const IPV6_MTU: Name = None;
pub(crate) const IPV6_PATHMTU: Name = None;
pub(crate) const TCP_INFO: Name = None;

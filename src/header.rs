//! Fields of the IPv6 header.

//! IPv6 stream and datagram sockets.

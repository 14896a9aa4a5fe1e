//! The step that failed: [`Op`].

/// The step that failed, as [`Error::op`](crate::Error::op) tells it.
///
/// # Examples
///
/// ```
/// let error = inet6::UdpSocket::bind("localhost").unwrap_err(); // without a port
/// assert_eq!(error.op(), inet6::error::Op::Address);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// Reading an address that was given as text, or finding the interface it names.
    Address,
    /// Looking a host name up.
    LookUp,
    /// Creating the socket.
    Open,
    /// Setting the [mode](crate::mode) of the socket (`IPV6_V6ONLY`), or reading it back.
    Mode,
    /// Setting the option of this C name.
    Set(&'static str),
    /// Reading the option of this C name.
    Get(&'static str),
    /// Binding the socket to a local address.
    Bind,
    /// Starting to listen.
    Listen,
    /// Connecting to a peer.
    Connect,
    /// Sending a datagram to a peer that the socket cannot reach.
    Send,
    /// Taking over a descriptor.
    Adopt,
    /// Taking part in a flow label, or ending that.
    FlowLabel,
    /// Joining a multicast group.
    Join,
    /// Leaving a multicast group.
    Leave,
    /// Blocking a source of a multicast group.
    Block,
    /// Unblocking a source of a multicast group.
    Unblock,
}

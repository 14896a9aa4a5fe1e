//! What routers and peers report: the errors of ICMPv6 and, for IPv4 peers, of ICMP.
//!
//! An [`ErrorReport`](crate::error_queue::ErrorReport) tells one. Every type and code has its
//! number, and those without a name here keep it.

use std::fmt;

mod echo;

pub use self::echo::EchoSocket;

/// An error message of ICMPv6 or of ICMP for IPv4.
///
/// # Examples
///
/// ```
/// use inet6::icmp::{Icmp, Icmpv6Error, Unreachable};
///
/// let closed = Icmp::V6(Icmpv6Error::DestinationUnreachable(Unreachable::Port));
/// assert_eq!((closed.kind(), closed.code()), (1, 4));
/// assert_eq!(closed.to_string(), "nothing listens on the port (ICMPv6 type 1, code 4)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Icmp {
    /// ICMPv6.
    V6(Icmpv6Error),
    /// ICMP, about a datagram to an IPv4 peer.
    V4(Icmpv4Error),
}

/// An error message of ICMPv6.
///
/// # Examples
///
/// ```
/// use inet6::icmp::{Icmpv6Error, TimeExceeded};
///
/// let error = Icmpv6Error::new(3, 0);
/// assert_eq!(error, Icmpv6Error::TimeExceeded(TimeExceeded::HopLimit));
/// assert_eq!((error.kind(), error.code()), (3, 0));
/// ```
///
/// Source: RFC 4443, section 3.
#[doc(alias = "ICMPV6_DEST_UNREACH")]
#[doc(alias = "ICMPV6_PKT_TOOBIG")]
#[doc(alias = "ICMPV6_TIME_EXCEED")]
#[doc(alias = "ICMPV6_PARAMPROB")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Icmpv6Error {
    /// The packet cannot be delivered (type 1).
    DestinationUnreachable(Unreachable),
    /// The packet is larger than the MTU of the next link (type 2).
    #[non_exhaustive]
    PacketTooBig {
        /// 0, and not to be minded (RFC 4443, section 3.2).
        code: u8,
    },
    /// The packet took too long (type 3).
    TimeExceeded(TimeExceeded),
    /// A field of the packet makes no sense to who read it (type 4).
    ParameterProblem(ParameterProblem),
    /// A type without a name here.
    #[non_exhaustive]
    Other {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
}

/// Why a packet cannot be delivered, as ICMPv6 tells it.
///
/// # Examples
///
/// See [`Icmp`].
///
/// Source: RFC 4443, section 3.1; RFC 6554, section 4.2; RFC 8883, section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unreachable {
    /// A router has no route to it (code 0).
    NoRoute,
    /// It is forbidden, as by a firewall (code 1).
    Prohibited,
    /// The source address is of a smaller scope than the way (code 2).
    BeyondScope,
    /// No host answers at the address (code 3).
    Address,
    /// Nothing listens on the port (code 4).
    Port,
    /// Packets from this source address are not let through (code 5).
    SourcePolicy,
    /// The route says to reject it (code 6).
    RejectRoute,
    /// The source routing header is in error (code 7).
    SourceRouting,
    /// The headers are longer than the router can read (code 8).
    HeadersTooLong,
    /// A code without a name here.
    Other(u8),
}

/// Why a packet took too long; ICMP for IPv4 has the same codes.
///
/// # Examples
///
/// See [`Icmpv6Error`].
///
/// Source: RFC 4443, section 3.3; RFC 792, page 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeExceeded {
    /// Its hop limit, or TTL, ran out at a router (code 0).
    HopLimit,
    /// Its other fragments did not come in time (code 1).
    Reassembly,
    /// A code without a name here.
    Other(u8),
}

/// What makes no sense in a packet, as ICMPv6 tells it.
///
/// # Examples
///
/// ```
/// use inet6::icmp::{Icmpv6Error, ParameterProblem};
///
/// let error = Icmpv6Error::ParameterProblem(ParameterProblem::NextHeader);
/// assert_eq!((error.kind(), error.code()), (4, 1));
/// ```
///
/// Source: RFC 4443, section 3.4; RFC 7112, section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParameterProblem {
    /// A field of a header (code 0).
    Field,
    /// The type of the next header, such as a protocol that the host does not speak (code 1).
    NextHeader,
    /// An option of IPv6 (code 2).
    Option,
    /// The first fragment does not hold all headers (code 3).
    IncompleteHeaders,
    /// A code without a name here.
    Other(u8),
}

/// An error message of ICMP for IPv4.
///
/// # Examples
///
/// ```
/// use inet6::icmp::{Icmpv4Error, Ipv4Unreachable};
///
/// let error = Icmpv4Error::new(3, 4);
/// assert_eq!(error, Icmpv4Error::DestinationUnreachable(Ipv4Unreachable::PacketTooBig));
/// assert_eq!((error.kind(), error.code()), (3, 4));
/// ```
///
/// Source: RFC 792; RFC 1812, section 5.2.7.
#[doc(alias = "ICMP_DEST_UNREACH")]
#[doc(alias = "ICMP_TIME_EXCEEDED")]
#[doc(alias = "ICMP_PARAMETERPROB")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Icmpv4Error {
    /// The packet cannot be delivered (type 3).
    DestinationUnreachable(Ipv4Unreachable),
    /// The packet took too long (type 11).
    TimeExceeded(TimeExceeded),
    /// A field of the packet makes no sense to who read it (type 12).
    #[non_exhaustive]
    ParameterProblem {
        /// The code.
        code: u8,
    },
    /// A type without a name here.
    #[non_exhaustive]
    Other {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
}

/// Why a packet to an IPv4 peer cannot be delivered.
///
/// # Examples
///
/// See [`Icmpv4Error`].
///
/// Source: RFC 792, page 4; RFC 1191, section 4; RFC 1122, section 3.2.2.1; RFC 1812, section
/// 5.2.7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ipv4Unreachable {
    /// A router has no route to the network (code 0).
    Network,
    /// No host answers at the address (code 1).
    Host,
    /// The host does not speak the protocol (code 2).
    Protocol,
    /// Nothing listens on the port (code 3).
    Port,
    /// The packet is larger than the MTU of the next link, and must not be split (code 4).
    PacketTooBig,
    /// The source route cannot be followed (code 5).
    SourceRoute,
    /// The network is unknown (code 6).
    NetworkUnknown,
    /// The host is unknown (code 7).
    HostUnknown,
    /// The source host is cut off (code 8).
    SourceIsolated,
    /// The network is forbidden (code 9).
    NetworkProhibited,
    /// The host is forbidden (code 10).
    HostProhibited,
    /// The network cannot be reached with this type of service (code 11).
    NetworkService,
    /// The host cannot be reached with this type of service (code 12).
    HostService,
    /// It is forbidden, as by a firewall (code 13).
    Prohibited,
    /// The host may not use this precedence (code 14).
    Precedence,
    /// The precedence is too low for the network (code 15).
    PrecedenceCutoff,
    /// A code without a name here.
    Other(u8),
}

impl Icmp {
    /// The number of the type.
    ///
    /// # Examples
    ///
    /// See [`Icmp`].
    #[must_use]
    pub fn kind(self) -> u8 {
        match self {
            Self::V6(error) => error.kind(),
            Self::V4(error) => error.kind(),
        }
    }

    /// The number of the code.
    ///
    /// # Examples
    ///
    /// See [`Icmp`].
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::V6(error) => error.code(),
            Self::V4(error) => error.code(),
        }
    }
}

impl Icmpv6Error {
    /// The error of this type and code.
    ///
    /// # Examples
    ///
    /// See [`Icmpv6Error`].
    #[must_use]
    pub fn new(kind: u8, code: u8) -> Self {
        match kind {
            1 => Self::DestinationUnreachable(Unreachable::new(code)),
            2 => Self::PacketTooBig { code },
            3 => Self::TimeExceeded(TimeExceeded::new(code)),
            4 => Self::ParameterProblem(ParameterProblem::new(code)),
            _ => Self::Other { kind, code },
        }
    }

    /// The number of the type.
    ///
    /// # Examples
    ///
    /// See [`Icmpv6Error`].
    #[must_use]
    pub fn kind(self) -> u8 {
        match self {
            Self::DestinationUnreachable(_) => 1,
            Self::PacketTooBig { .. } => 2,
            Self::TimeExceeded(_) => 3,
            Self::ParameterProblem(_) => 4,
            Self::Other { kind, .. } => kind,
        }
    }

    /// The number of the code.
    ///
    /// # Examples
    ///
    /// See [`Icmpv6Error`].
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::DestinationUnreachable(why) => why.code(),
            Self::TimeExceeded(why) => why.code(),
            Self::ParameterProblem(what) => what.code(),
            Self::PacketTooBig { code } | Self::Other { code, .. } => code,
        }
    }
}

impl Icmpv4Error {
    /// The error of this type and code.
    ///
    /// # Examples
    ///
    /// See [`Icmpv4Error`].
    #[must_use]
    pub fn new(kind: u8, code: u8) -> Self {
        match kind {
            3 => Self::DestinationUnreachable(Ipv4Unreachable::new(code)),
            11 => Self::TimeExceeded(TimeExceeded::new(code)),
            12 => Self::ParameterProblem { code },
            _ => Self::Other { kind, code },
        }
    }

    /// The number of the type.
    ///
    /// # Examples
    ///
    /// See [`Icmpv4Error`].
    #[must_use]
    pub fn kind(self) -> u8 {
        match self {
            Self::DestinationUnreachable(_) => 3,
            Self::TimeExceeded(_) => 11,
            Self::ParameterProblem { .. } => 12,
            Self::Other { kind, .. } => kind,
        }
    }

    /// The number of the code.
    ///
    /// # Examples
    ///
    /// See [`Icmpv4Error`].
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::DestinationUnreachable(why) => why.code(),
            Self::TimeExceeded(why) => why.code(),
            Self::ParameterProblem { code } | Self::Other { code, .. } => code,
        }
    }
}

/// Writes how a code is found, numbered and printed.
macro_rules! codes {
    ($name:ident { $($variant:ident = $code:literal, $text:literal;)* }) => {
        impl $name {
            fn new(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    _ => Self::Other(code),
                }
            }

            /// The number of the code.
            ///
            /// # Examples
            ///
            /// See [`Icmp`].
            #[must_use]
            pub fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)*
                    Self::Other(_) => "unknown code",
                })
            }
        }
    };
}

codes! { Unreachable {
    NoRoute = 0, "no route to the destination";
    Prohibited = 1, "administratively prohibited";
    BeyondScope = 2, "beyond the scope of the source address";
    Address = 3, "address unreachable";
    Port = 4, "nothing listens on the port";
    SourcePolicy = 5, "the source address is not let through";
    RejectRoute = 6, "the route rejects the destination";
    SourceRouting = 7, "error in the source routing header";
    HeadersTooLong = 8, "headers too long";
} }

codes! { TimeExceeded {
    HopLimit = 0, "hop limit exceeded in transit";
    Reassembly = 1, "fragments missing for too long";
} }

codes! { ParameterProblem {
    Field = 0, "erroneous header field";
    NextHeader = 1, "unrecognised next header";
    Option = 2, "unrecognised IPv6 option";
    IncompleteHeaders = 3, "incomplete headers in the first fragment";
} }

codes! { Ipv4Unreachable {
    Network = 0, "no route to the network";
    Host = 1, "host unreachable";
    Protocol = 2, "protocol unreachable";
    Port = 3, "nothing listens on the port";
    PacketTooBig = 4, "packet too big";
    SourceRoute = 5, "source route failed";
    NetworkUnknown = 6, "network unknown";
    HostUnknown = 7, "host unknown";
    SourceIsolated = 8, "source host isolated";
    NetworkProhibited = 9, "network administratively prohibited";
    HostProhibited = 10, "host administratively prohibited";
    NetworkService = 11, "network unreachable for the type of service";
    HostService = 12, "host unreachable for the type of service";
    Prohibited = 13, "administratively prohibited";
    Precedence = 14, "precedence not permitted";
    PrecedenceCutoff = 15, "precedence too low";
} }

impl fmt::Display for Icmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V6(error) => error.fmt(f),
            Self::V4(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Icmpv6Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DestinationUnreachable(why) => why.fmt(f)?,
            Self::PacketTooBig { .. } => f.write_str("packet too big")?,
            Self::TimeExceeded(why) => why.fmt(f)?,
            Self::ParameterProblem(what) => what.fmt(f)?,
            Self::Other { .. } => f.write_str("unknown error")?,
        }
        write!(f, " (ICMPv6 type {}, code {})", self.kind(), self.code())
    }
}

impl fmt::Display for Icmpv4Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DestinationUnreachable(why) => why.fmt(f)?,
            Self::TimeExceeded(why) => why.fmt(f)?,
            Self::ParameterProblem { .. } => f.write_str("parameter problem")?,
            Self::Other { .. } => f.write_str("unknown error")?,
        }
        write!(f, " (ICMP type {}, code {})", self.kind(), self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icmp_name_matches_number() {
        // RFC 4443, RFC 792, RFC 1812.
        assert_eq!(Unreachable::new(4), Unreachable::Port);
        assert_eq!(Unreachable::HeadersTooLong.code(), 8);
        assert_eq!(TimeExceeded::new(1), TimeExceeded::Reassembly);
        assert_eq!(ParameterProblem::IncompleteHeaders.code(), 3);
        assert_eq!(Ipv4Unreachable::new(3), Ipv4Unreachable::Port);
        assert_eq!(Ipv4Unreachable::Prohibited.code(), 13);
        assert_eq!(Ipv4Unreachable::PrecedenceCutoff.code(), 15);
    }

    #[test]
    fn every_type_and_code_survives() {
        for (kind, code) in (0..=u8::MAX).flat_map(|kind| (0..=u8::MAX).map(move |c| (kind, c))) {
            let (v6, v4) = (Icmpv6Error::new(kind, code), Icmpv4Error::new(kind, code));
            assert_eq!((v6.kind(), v6.code()), (kind, code), "{v6:?}");
            assert_eq!((v4.kind(), v4.code()), (kind, code), "{v4:?}");
            for text in [Icmp::V6(v6).to_string(), Icmp::V4(v4).to_string()] {
                assert!(text.ends_with(&format!(" type {kind}, code {code})")), "{text}");
            }
        }
    }
}

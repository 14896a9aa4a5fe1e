//! Fields of the IPv6 header: [`FlowLabel`], and the two halves of the traffic class, [`Dscp`] and
//! [`Ecn`].
//!
//! [`TrafficClass`](crate::option::TrafficClass) puts the two together.

use std::fmt;
use std::num::NonZeroU32;

/// The differentiated services code point: how routers should treat a packet (RFC 2474).
///
/// The upper six bits of the traffic class. Routers of one operator agree on what a code point
/// means; the names here are those of the IANA registry. A packet that crosses to another
/// operator often loses its code point.
///
/// # Examples
///
/// ```
/// use inet6::header::Dscp;
///
/// assert_eq!(Dscp::EF.bits(), 46);
/// assert_eq!(Dscp::new(46), Some(Dscp::EF));
/// assert_eq!(Dscp::new(64), None); // six bits
/// assert_eq!(Dscp::AF41.to_string(), "AF41");
/// ```
///
/// Source: RFC 2474, section 3; RFC 8436.
#[doc(alias = "DSCP")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Dscp(u8);

impl Dscp {
    /// Default forwarding, best effort (RFC 2474, section 4.1).
    pub const DF: Self = Self(0);
    /// Lower effort: after everything else (RFC 8622).
    pub const LE: Self = Self(1);
    /// Class selector 1 (RFC 2474, section 4.2.2).
    pub const CS1: Self = Self(8);
    /// Class selector 2 (RFC 2474, section 4.2.2).
    pub const CS2: Self = Self(16);
    /// Class selector 3 (RFC 2474, section 4.2.2).
    pub const CS3: Self = Self(24);
    /// Class selector 4 (RFC 2474, section 4.2.2).
    pub const CS4: Self = Self(32);
    /// Class selector 5 (RFC 2474, section 4.2.2).
    pub const CS5: Self = Self(40);
    /// Class selector 6, network control (RFC 2474, section 4.2.2).
    pub const CS6: Self = Self(48);
    /// Class selector 7 (RFC 2474, section 4.2.2).
    pub const CS7: Self = Self(56);
    /// Assured forwarding, class 1, low drop precedence (RFC 2597).
    pub const AF11: Self = Self(10);
    /// Assured forwarding, class 1, medium drop precedence (RFC 2597).
    pub const AF12: Self = Self(12);
    /// Assured forwarding, class 1, high drop precedence (RFC 2597).
    pub const AF13: Self = Self(14);
    /// Assured forwarding, class 2, low drop precedence (RFC 2597).
    pub const AF21: Self = Self(18);
    /// Assured forwarding, class 2, medium drop precedence (RFC 2597).
    pub const AF22: Self = Self(20);
    /// Assured forwarding, class 2, high drop precedence (RFC 2597).
    pub const AF23: Self = Self(22);
    /// Assured forwarding, class 3, low drop precedence (RFC 2597).
    pub const AF31: Self = Self(26);
    /// Assured forwarding, class 3, medium drop precedence (RFC 2597).
    pub const AF32: Self = Self(28);
    /// Assured forwarding, class 3, high drop precedence (RFC 2597).
    pub const AF33: Self = Self(30);
    /// Assured forwarding, class 4, low drop precedence (RFC 2597).
    pub const AF41: Self = Self(34);
    /// Assured forwarding, class 4, medium drop precedence (RFC 2597).
    pub const AF42: Self = Self(36);
    /// Assured forwarding, class 4, high drop precedence (RFC 2597).
    pub const AF43: Self = Self(38);
    /// Expedited forwarding: little delay, little loss, such as voice (RFC 3246).
    pub const EF: Self = Self(46);
    /// Voice that was admitted by the network (RFC 5865).
    pub const VOICE_ADMIT: Self = Self(44);

    const NAMES: [(Self, &'static str); 23] = [
        (Self::DF, "DF"),
        (Self::LE, "LE"),
        (Self::CS1, "CS1"),
        (Self::CS2, "CS2"),
        (Self::CS3, "CS3"),
        (Self::CS4, "CS4"),
        (Self::CS5, "CS5"),
        (Self::CS6, "CS6"),
        (Self::CS7, "CS7"),
        (Self::AF11, "AF11"),
        (Self::AF12, "AF12"),
        (Self::AF13, "AF13"),
        (Self::AF21, "AF21"),
        (Self::AF22, "AF22"),
        (Self::AF23, "AF23"),
        (Self::AF31, "AF31"),
        (Self::AF32, "AF32"),
        (Self::AF33, "AF33"),
        (Self::AF41, "AF41"),
        (Self::AF42, "AF42"),
        (Self::AF43, "AF43"),
        (Self::EF, "EF"),
        (Self::VOICE_ADMIT, "VOICE-ADMIT"),
    ];

    /// The code point of this number, which is at most 63.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::header::Dscp;
    ///
    /// assert_eq!(Dscp::new(8), Some(Dscp::CS1));
    /// ```
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < 64 { Some(Self(bits)) } else { None }
    }

    /// The number: 0 to 63.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(inet6::header::Dscp::CS1.bits(), 8);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// The name of the registry, or the number of a code point without one.
impl fmt::Display for Dscp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(code, _)| code == self) {
            Some((_, name)) => f.pad(name),
            None => self.0.fmt(f),
        }
    }
}

/// Explicit congestion notification: whether routers may mark a packet instead of dropping it,
/// and whether one did (RFC 3168).
///
/// The lower two bits of the traffic class.
///
/// # Examples
///
/// ```
/// use inet6::header::Ecn;
///
/// assert_eq!(Ecn::Ce.bits(), 0b11);
/// assert_eq!(Ecn::from_traffic_class(0xb9), Ecn::Ect1);
/// ```
///
/// Source: RFC 3168, section 5; RFC 8311.
#[doc(alias = "ECN")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "two bits have four values")]
pub enum Ecn {
    /// The transport does not understand marks: drop.
    #[default]
    NotEct = 0b00,
    /// The transport understands marks, and wants them early (RFC 9331).
    Ect1 = 0b01,
    /// The transport understands marks.
    Ect0 = 0b10,
    /// A router marked the packet: it met congestion.
    Ce = 0b11,
}

impl Ecn {
    /// The field of a traffic class, which is its lower two bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::header::Ecn;
    ///
    /// assert_eq!(Ecn::from_traffic_class(0b1011_1010), Ecn::Ect0);
    /// ```
    #[must_use]
    pub const fn from_traffic_class(class: u8) -> Self {
        match class & 0b11 {
            0b00 => Self::NotEct,
            0b01 => Self::Ect1,
            0b10 => Self::Ect0,
            _ => Self::Ce,
        }
    }

    /// The two bits.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(inet6::header::Ecn::Ect0.bits(), 0b10);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u8 {
        self as u8
    }
}

/// The label of a flow: packets that belong together and may be kept on one path (RFC 6437).
///
/// 20 bits, of which zero is no label.
///
/// # Examples
///
/// ```
/// use inet6::header::FlowLabel;
///
/// let label = FlowLabel::new(0x12345).unwrap();
/// assert_eq!((label.bits(), label.to_string()), (0x12345, "0x12345".to_owned()));
/// assert_eq!(FlowLabel::new(0), None);
/// assert_eq!(FlowLabel::new(0x10_0000), None);
/// ```
///
/// Source: RFC 6437, section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowLabel(NonZeroU32);

impl FlowLabel {
    /// The label of this number, which is 1 to `0xf_ffff`.
    ///
    /// # Examples
    ///
    /// See [`FlowLabel`].
    #[must_use]
    pub const fn new(bits: u32) -> Option<Self> {
        match NonZeroU32::new(bits) {
            Some(label) if bits <= 0xf_ffff => Some(Self(label)),
            _ => None,
        }
    }

    /// The number.
    ///
    /// # Examples
    ///
    /// See [`FlowLabel`].
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0.get()
    }

    /// The label as an address carries it: the
    /// [`flowinfo`](std::net::SocketAddrV6::flowinfo) of std is in network byte order.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::header::FlowLabel;
    /// use std::net::SocketAddrV6;
    ///
    /// let label = FlowLabel::new(0x12345).unwrap();
    /// let mut peer: SocketAddrV6 = "[2001:db8::1]:80".parse().unwrap();
    /// peer.set_flowinfo(label.flowinfo());
    /// assert_eq!(peer.flowinfo().to_be_bytes(), 0x12345_u32.to_be().to_be_bytes());
    /// assert_eq!(FlowLabel::from_flowinfo(peer.flowinfo()), Some(label));
    /// ```
    #[must_use]
    pub const fn flowinfo(self) -> u32 {
        self.0.get().to_be()
    }

    /// The label that an address carries, if there is one. The traffic class beside it is left out.
    ///
    /// # Examples
    ///
    /// See [`flowinfo`](Self::flowinfo).
    #[must_use]
    pub const fn from_flowinfo(flowinfo: u32) -> Option<Self> {
        Self::new(u32::from_be(flowinfo) & 0xf_ffff)
    }
}

/// Five hexadecimal digits, as packet dumps show it.
impl fmt::Display for FlowLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#07x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Dscp, Ecn, FlowLabel};

    #[test]
    fn dscp_and_ecn_fill_traffic_class() {
        for class in 0..=u8::MAX {
            let dscp = Dscp::new(class >> 2).unwrap();
            assert_eq!(dscp.bits() << 2 | Ecn::from_traffic_class(class).bits(), class);
        }
        assert_eq!(Dscp::new(64), None);
        assert_eq!(Dscp::new(u8::MAX), None);
    }

    /// RFC 2597, section 6: AFij is 8i + 2j. RFC 2474, section 4.2.2: CSn is 8n.
    #[test]
    fn names_follow_the_registry() {
        for (code, name) in Dscp::NAMES {
            let digits: Vec<u32> = name.chars().filter_map(|c| c.to_digit(10)).collect();
            let expected = match (&name[..2], &digits[..]) {
                ("AF", [class, drop]) => 8 * class + 2 * drop,
                ("CS", [class]) => 8 * class,
                ("EF", _) => 0b101110,
                ("VO", _) => 0b101100,
                ("LE", _) => 0b000001,
                ("DF", _) => 0,
                other => panic!("{other:?}"),
            };
            assert_eq!(u32::from(code.bits()), expected, "{name}");
            assert_eq!(code.to_string(), name);
        }
        assert_eq!(Dscp::new(63).unwrap().to_string(), "63");
    }

    /// RFC 3493, section 3.3: `sin6_flowinfo` is in network byte order.
    #[test]
    fn flow_label_has_twenty_network_bits() {
        let label = FlowLabel::new(0x12345).unwrap();
        assert_eq!(label.bits(), 0x12345);
        assert_eq!(label.flowinfo().to_ne_bytes(), [0, 0x01, 0x23, 0x45]);
        // A version and a traffic class stand before it in the header.
        let class_too = u32::from_ne_bytes([0x6b, 0x91, 0x23, 0x45]);
        assert_eq!(FlowLabel::from_flowinfo(class_too), Some(label));
        assert_eq!(FlowLabel::from_flowinfo(u32::from_ne_bytes([0x6b, 0x90, 0, 0])), None);
        assert_eq!((FlowLabel::new(0), FlowLabel::new(0x10_0000)), (None, None));
        assert_eq!(label.to_string(), "0x12345");
        assert_eq!(FlowLabel::new(1).unwrap().to_string(), "0x00001");
    }
}

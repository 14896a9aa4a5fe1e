//! Taking the peer of a datagram socket away again.

use std::io;

use super::names;
use super::{
    Borrowed, System, Target, bind, get_u32, give_up_peer, local_address, peer_address, set_u32,
};
use crate::addr::is_zoned;

/// Whether a socket was bound to `::`, or to nothing, before it got a peer.
///
/// It has no size, and nothing is asked, on systems that restore the address themselves.
pub(crate) type Wildcard = Remembered<{ System::HERE.asks_what_was_bound() as usize }>;

/// One fact, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remembered<const FACTS: usize>([bool; FACTS]);

impl<const FACTS: usize> Remembered<FACTS> {
    /// Of a socket that another program may have connected.
    pub(crate) const UNKNOWN: Self = Self([false; FACTS]);

    /// Asks what a socket is bound to. If the system does not answer, it counts as unknown.
    pub(crate) fn before_connect(fd: Borrowed<'_>) -> Self {
        match FACTS {
            0 => Self::UNKNOWN,
            _ => Self([local_address(fd).is_ok_and(|local| local.ip().is_unspecified()); FACTS]),
        }
    }

    pub(crate) fn is_known(self) -> bool {
        self.0.first().is_some_and(|wildcard| *wildcard)
    }
}

/// Gives up the peer of a datagram socket, and nothing else, on a system that
/// [restores](System::restores) the rest.
pub(crate) fn disconnect(system: System, fd: Borrowed<'_>) -> io::Result<()> {
    let before = local_address(fd)?;
    // A peer of port 0 is none to getpeername(2).
    let zone = peer_address(fd).map_or(0, |peer| peer.scope_id());
    let socket = Target { fd, dual_stack: false };
    let device = || get_u32(socket, names::SO_BINDTOIFINDEX).unwrap_or(0);
    let bound = device();
    give_up_peer(system, fd)?;
    // Linux gives up a port that it chose itself, and the interface, whoever chose that
    // (net/ipv4/udp.c, __udp_disconnect).
    let mut local = local_address(fd)?;
    if local.port() != before.port() {
        if local.ip() == before.ip() {
            local.set_scope_id(before.scope_id());
        }
        local.set_port(before.port());
        bind(fd, &local)?;
    }
    // An interface that came with a zoned peer goes with it.
    let stays = is_zoned(local.ip()) || zone == 0;
    if stays && bound != 0 && device() == 0 {
        set_u32(socket, names::SO_BINDTOIFINDEX, bound)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::borrow;

    #[test]
    fn wildcard_is_remembered_on_demand() {
        for (address, wildcard) in [("[::]:0", true), ("[::1]:0", false), ("127.0.0.1:0", false)] {
            let socket = std::net::UdpSocket::bind(address).unwrap().into();
            assert_eq!(Remembered::<1>::before_connect(borrow(&socket)).is_known(), wildcard);
            assert!(!Remembered::<0>::before_connect(borrow(&socket)).is_known());
        }
        assert!(!Remembered::<1>::UNKNOWN.is_known());
        assert_eq!((size_of::<Remembered<0>>(), size_of::<Remembered<1>>()), (0, 1));
    }
}

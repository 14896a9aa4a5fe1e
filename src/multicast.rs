//! Multicast groups that a socket is a member of: [`Membership`] and [`SourceMembership`].

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::num::NonZeroU32;
use std::ops::Deref;

use crate::addr::is_zoned;
use crate::addr::mapped::{canonical_ip, is_mapped};
use crate::error::{Error, Op, Reason};
use crate::interface::Interface;
use crate::mode::Mode;
use crate::option::{MulticastAll, Setting};
use crate::socket::held::AsSocketRef;
use crate::socket::scope::zone_of;
use crate::sys::option_numbers::{self, Name};
use crate::sys::{self, Filter, SocketRef};
use crate::udp::UdpSocket;

/// A socket's membership of a multicast group, for every source but those that are blocked.
///
/// [`UdpSocket::join`] gives it. Dropping it leaves the group; [`keep`](Self::keep) stays a member
/// for as long as the socket is open, which is what most servers want.
///
/// It holds the socket by a reference, or by an [`Arc`](std::sync::Arc) or an [`Rc`](std::rc::Rc)
/// that is given to [`join`](Self::join). The latter fit into a struct beside the socket, and an
/// `Arc` into another thread.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, interface::Interface};
///
/// let socket = UdpSocket::bind("[::]:0")?;
/// let interface = Interface::list()?.iter().next().unwrap().interface();
/// let group = "ff12::1234".parse()?;
///
/// let membership = socket.join(group, interface)?;
/// assert_eq!((membership.group(), membership.interface()), (group, Some(interface)));
/// drop(membership); // leaves the group
///
/// socket.join(group, interface)?.keep(); // stays
/// assert!(socket.join(group, interface).is_err()); // a member already
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Beside the socket in a struct:
///
/// ```
/// use inet6::{UdpSocket, interface::Interface, multicast::Membership};
/// use std::sync::Arc;
///
/// struct Receiver {
///     socket: Arc<UdpSocket>,
///     membership: Membership<Arc<UdpSocket>>,
/// }
///
/// let socket = Arc::new(UdpSocket::bind("[::]:0")?);
/// let interface = Interface::list()?.iter().next().unwrap().interface();
/// let membership = Membership::join(Arc::clone(&socket), "ff12::1234".parse()?, interface)?;
/// let receiver = Receiver { socket, membership };
/// # _ = (receiver.socket, receiver.membership);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A reference does not outlive the socket:
///
/// ```compile_fail,E0505
/// # use inet6::{UdpSocket, interface::Interface};
/// # let socket = UdpSocket::bind("[::]:0")?;
/// # let interface = Interface::list()?.iter().next().unwrap().interface();
/// let membership = socket.join("ff12::1234".parse()?, interface)?;
/// drop(socket);
/// membership.leave()?; // there is no socket
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
/// # use inet6::{UdpSocket, interface::Interface};
/// # let socket = UdpSocket::bind("[::]:0")?;
/// # let interface = Interface::list()?.iter().next().unwrap().interface();
/// let membership = socket.join("ff12::1234".parse()?, interface)?;
/// membership.leave()?;
/// drop(socket);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it leaves the group: `keep` stays for as long as the socket"]
pub struct Membership<H>(Held<H>)
where
    H: Deref<Target: GroupSocket>;

/// A socket's membership of a multicast group for one source: what others send is not received.
///
/// [`UdpSocket::join_source`] gives it. Dropping it leaves the source;
/// [`keep`](Self::keep) stays for as long as the socket is open. Several sources of a group are
/// several memberships.
///
/// # Examples
///
/// ```no_run
/// # // no_run: some systems lack it.
/// use inet6::{UdpSocket, interface::Interface};
///
/// let socket = UdpSocket::bind("[::]:5004")?;
/// let eth0 = Interface::from_name("eth0")?;
/// socket.join_source("ff3e::8000:1".parse()?, "2001:db8::1".parse()?, eth0)?.keep();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it leaves the source: `keep` stays for as long as the socket"]
pub struct SourceMembership<H>
where
    H: Deref<Target: GroupSocket>,
{
    held: Held<H>,
    source: Ipv6Addr,
}

/// A socket that can join multicast groups. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` joins no multicast groups",
    note = "hold a `UdpSocket` by a reference, an `Arc` or an `Rc`"
)]
pub trait GroupSocket: AsSocketRef {}

impl<M: Mode> GroupSocket for UdpSocket<M> {}
impl<M: Mode> AsSocketRef for UdpSocket<M> {
    fn as_socket_ref(&self) -> SocketRef<'_> {
        self.socket_ref()
    }
}

/// A group that is left when this is dropped, unless it was left or kept before.
struct Held<H>
where
    H: Deref<Target: GroupSocket>,
{
    holder: H,
    ended: bool,
    /// The scope id is the interface, 0 where the system chose it and does not tell.
    group: SocketAddrV6,
    source: Option<Ipv6Addr>,
}

/// Multicast groups.
///
/// What `join`, `join_source` and `join_everywhere` have in common:
///
/// * *The socket receives the groups that it joined itself, and no others*: they switch
///   [`MulticastAll`] off, where the system has it. Set it on again afterwards to receive what the
///   other programs of this host joined.
/// * A membership says which groups arrive at this host. What is received also depends on the
///   address that the socket is bound to, which is `[::]` as a rule.
/// * Groups are IPv6 groups. For those of IPv4 there is std's socket.
impl<M: Mode> UdpSocket<M> {
    /// Joins a multicast group on an interface, for every source.
    ///
    /// Without an interface (`None`) it is the one that the socket itself is meant for
    /// ([`BindDevice`](crate::option::BindDevice), a zoned local address,
    /// [`MulticastInterface`](crate::option::MulticastInterface),
    /// [`UnicastInterface`](crate::option::UnicastInterface)), and otherwise the one that the
    /// system chooses, by its routes. A host with several interfaces is better told which.
    ///
    /// It switches [`MulticastAll`] off, where the system has it: the socket receives the groups
    /// that it joined itself, and no others.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an address that is not multicast, and for
    /// a group of a link (`ff02::`, `ff12::` …) or of a host (`ff01::` …) without an interface on a
    /// socket that is meant for none, before any system call.
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) where the socket is a member already; an error that
    /// says so for an interface that does not exist or does no multicast, and where the limit of
    /// the system is reached.
    ///
    /// # Platform notes
    ///
    /// Apple's systems do not choose an interface.
    ///
    /// # Examples
    ///
    /// See [`Membership`].
    #[doc(alias = "IPV6_JOIN_GROUP")]
    #[doc(alias = "IPV6_ADD_MEMBERSHIP")]
    pub fn join(
        &self,
        group: Ipv6Addr,
        on: impl Into<Option<Interface>>,
    ) -> Result<Membership<&Self>, Error> {
        Membership::join(self, group, on)
    }

    /// Joins a multicast group on an interface for one source: only what that address sends is
    /// received (source-specific multicast, RFC 4607).
    ///
    /// Any group can be joined so, and those of `ff3x::/32` only so. Without an interface it is the
    /// one of an earlier source of the group, where the system tells; otherwise as for
    /// [`join`](Self::join), whose word on [`MulticastAll`] holds too.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join), and [`InvalidInput`](io::ErrorKind::InvalidInput) for a source that
    /// is multicast, unspecified or an IPv4 address in IPv6 notation;
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) where the socket is a member for every source,
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) where it is one for this source.
    ///
    /// # Platform notes
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) on OpenBSD, NetBSD and DragonFly;
    /// [`Capabilities::probe`](crate::capabilities::Capabilities::probe)`()?.source_specific_multicast`
    /// asks first.
    ///
    /// # Examples
    ///
    /// See [`SourceMembership`].
    #[doc(alias = "MCAST_JOIN_SOURCE_GROUP")]
    pub fn join_source(
        &self,
        group: Ipv6Addr,
        source: Ipv6Addr,
        on: impl Into<Option<Interface>>,
    ) -> Result<SourceMembership<&Self>, Error> {
        SourceMembership::join(self, group, source, on)
    }

    /// Joins a multicast group on every interface that can, for every source.
    ///
    /// An interface that cannot, or on which the socket is a member already, is passed over and
    /// logged at `debug`. An interface that comes later is not joined. [`MulticastAll`] is switched
    /// off, as [`join`](Self::join) does.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join), where no interface could; the error is that of the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("[::]:0")?;
    /// for membership in socket.join_everywhere("ff12::1234".parse()?)? {
    ///     println!("joined {membership:?}");
    ///     membership.keep();
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_everywhere(&self, group: Ipv6Addr) -> Result<Vec<Membership<&Self>>, Error> {
        Membership::join_everywhere(self, group)
    }
}

impl<H: Deref<Target: GroupSocket>> Membership<H> {
    /// Joins a multicast group, like [`UdpSocket::join`], and holds the socket.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::join`]. The holder is dropped.
    ///
    /// # Examples
    ///
    /// See [`Membership`].
    pub fn join(
        holder: H,
        group: Ipv6Addr,
        on: impl Into<Option<Interface>>,
    ) -> Result<Self, Error> {
        let group = group_on(holder.as_socket_ref(), group, on.into())?;
        let membership = Self::join_on(holder, group)?;
        only_own_groups(membership.0.socket())?;
        Ok(membership)
    }

    /// Joins a multicast group on every interface that can, like [`UdpSocket::join_everywhere`].
    /// Each membership has a clone of the holder.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::join_everywhere`].
    pub fn join_everywhere(holder: H, group: Ipv6Addr) -> Result<Vec<Self>, Error>
    where
        H: Clone,
    {
        let nowhere = SocketAddrV6::new(group, 0, 0, 0);
        multicast(nowhere)?;
        let all = sys::interfaces()
            .map_err(|error| sys::errno::membership(Op::Join, nowhere, None, error))?;
        let mut joined = Vec::new();
        let mut last = None;
        for row in all {
            let group = SocketAddrV6::new(group, 0, 0, row.index.get());
            match Self::join_on(holder.clone(), group) {
                Ok(membership) => joined.push(membership),
                Err(error) => {
                    log::debug!("join_everywhere passes an interface over: {error}");
                    last = Some(error);
                }
            }
        }
        if joined.is_empty() {
            let kind = io::ErrorKind::AddrNotAvailable;
            return Err(last.unwrap_or_else(|| {
                sys::errno::group_refused(Op::Join, nowhere, Reason::NoMulticast, kind)
            }));
        }
        only_own_groups(holder.as_socket_ref())?;
        Ok(joined)
    }

    fn join_on(holder: H, group: SocketAddrV6) -> Result<Self, Error> {
        sys::join(holder.as_socket_ref().fd, group.ip(), group.scope_id())
            .map_err(|error| sys::errno::membership(Op::Join, group, None, error))?;
        Held::found(holder, group, None).map(Self)
    }

    /// The group.
    ///
    /// # Examples
    ///
    /// See [`Membership`].
    #[must_use]
    pub fn group(&self) -> Ipv6Addr {
        *self.0.group.ip()
    }

    /// The interface; `None` where the system chose it and does not tell (it does on Linux).
    ///
    /// # Examples
    ///
    /// See [`Membership`].
    #[must_use]
    pub fn interface(&self) -> Option<Interface> {
        self.0.interface()
    }

    /// Stops receiving what this address sends to the group.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a source that is multicast, unspecified or
    /// an IPv4 address in IPv6 notation, [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable)
    /// where it is blocked already, [`Unsupported`](io::ErrorKind::Unsupported) on OpenBSD, NetBSD
    /// and DragonFly.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # // no_run: some systems lack it.
    /// use inet6::{UdpSocket, interface::Interface};
    ///
    /// let socket = UdpSocket::bind("[::]:5353")?;
    /// let membership = socket.join("ff02::fb".parse()?, Interface::from_name("eth0")?)?;
    /// let noisy = "fe80::1234".parse()?;
    /// membership.block(noisy)?;
    /// membership.unblock(noisy)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "MCAST_BLOCK_SOURCE")]
    pub fn block(&self, source: Ipv6Addr) -> Result<(), Error> {
        self.0.change(Op::Block, option_numbers::MCAST_BLOCK_SOURCE, source)
    }

    /// Receives again what this address sends to the group.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block), and [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) where
    /// it is not blocked.
    ///
    /// # Examples
    ///
    /// See [`block`](Self::block).
    #[doc(alias = "MCAST_UNBLOCK_SOURCE")]
    pub fn unblock(&self, source: Ipv6Addr) -> Result<(), Error> {
        self.0.change(Op::Unblock, option_numbers::MCAST_UNBLOCK_SOURCE, source)
    }

    /// Leaves the group, and tells if that fails.
    ///
    /// # Errors
    ///
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) where the socket is no member any
    /// more, as after [`leave_multicast_v6`](UdpSocket::leave_multicast_v6).
    ///
    /// # Examples
    ///
    /// ```
    /// # use inet6::{UdpSocket, interface::Interface};
    /// # let socket = UdpSocket::bind("[::]:0")?;
    /// # let interface = Interface::list()?.iter().next().unwrap().interface();
    /// socket.join("ff12::1234".parse()?, interface)?.leave()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_LEAVE_GROUP")]
    #[doc(alias = "IPV6_DROP_MEMBERSHIP")]
    pub fn leave(self) -> Result<(), Error> {
        self.0.end()
    }

    /// Stays a member for as long as the socket, or a clone of it, is open.
    ///
    /// # Examples
    ///
    /// See [`Membership`].
    pub fn keep(mut self) {
        self.0.ended = true;
    }
}

impl<H: Deref<Target: GroupSocket>> SourceMembership<H> {
    /// Joins a multicast group for one source, like [`UdpSocket::join_source`], and holds the
    /// socket.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::join_source`]. The holder is dropped.
    pub fn join(
        holder: H,
        group: Ipv6Addr,
        source: Ipv6Addr,
        on: impl Into<Option<Interface>>,
    ) -> Result<Self, Error> {
        let socket = holder.as_socket_ref();
        let mut group = group_on(socket, group, on.into())?;
        source_of(Op::Join, group, source)?;
        if group.scope_id() == 0 {
            group.set_scope_id(joined_on(socket, group)?);
        }
        // Linux would turn the membership into one for this source, behind its owner's back.
        if sys::filter(socket, group) == Some(Filter::Exclude) {
            let kind = io::ErrorKind::AddrInUse;
            return Err(sys::errno::group_refused(Op::Join, group, Reason::MemberForAll, kind));
        }
        set_source(socket, Op::Join, option_numbers::MCAST_JOIN_SOURCE_GROUP, group, source)?;
        let held = Held::found(holder, group, Some(source))?;
        only_own_groups(held.socket())?;
        Ok(Self { held, source })
    }

    /// The group.
    ///
    /// # Examples
    ///
    /// See [`SourceMembership`].
    #[must_use]
    pub fn group(&self) -> Ipv6Addr {
        *self.held.group.ip()
    }

    /// The source.
    ///
    /// # Examples
    ///
    /// See [`SourceMembership`].
    #[must_use]
    pub fn source(&self) -> Ipv6Addr {
        self.source
    }

    /// The interface; `None` where the system chose it and does not tell (it does on Linux).
    ///
    /// # Examples
    ///
    /// See [`SourceMembership`].
    #[must_use]
    pub fn interface(&self) -> Option<Interface> {
        self.held.interface()
    }

    /// Leaves the source, and tells if that fails. With the last source the group is left.
    ///
    /// # Errors
    ///
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable) or
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) where the socket is no member any more.
    ///
    /// # Examples
    ///
    /// See [`Membership::leave`].
    #[doc(alias = "MCAST_LEAVE_SOURCE_GROUP")]
    pub fn leave(self) -> Result<(), Error> {
        self.held.end()
    }

    /// Stays a member for as long as the socket, or a clone of it, is open.
    ///
    /// # Examples
    ///
    /// See [`SourceMembership`].
    pub fn keep(mut self) {
        self.held.ended = true;
    }
}

impl<H: Deref<Target: GroupSocket>> fmt::Debug for Membership<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership")
            .field("group", &self.group())
            .field("interface", &self.interface())
            .finish()
    }
}

impl<H: Deref<Target: GroupSocket>> fmt::Debug for SourceMembership<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceMembership")
            .field("group", &self.group())
            .field("source", &self.source)
            .field("interface", &self.interface())
            .finish()
    }
}

impl<H: Deref<Target: GroupSocket>> Held<H> {
    /// A group that was just joined; if the system chose the interface, it is asked which.
    ///
    /// If it cannot be asked, the group is left again: later, leaving without the interface could
    /// end another membership.
    fn found(holder: H, group: SocketAddrV6, source: Option<Ipv6Addr>) -> Result<Self, Error> {
        let mut held = Self { holder, ended: false, group, source };
        if group.scope_id() == 0 {
            let interface = joined_on(held.socket(), group)?;
            held.group.set_scope_id(interface);
        }
        Ok(held)
    }

    fn socket(&self) -> SocketRef<'_> {
        self.holder.as_socket_ref()
    }

    fn interface(&self) -> Option<Interface> {
        NonZeroU32::new(self.group.scope_id()).map(Interface::from_index)
    }

    fn change(&self, op: Op, name: Name, source: Ipv6Addr) -> Result<(), Error> {
        source_of(op, self.group, source)?;
        set_source(self.socket(), op, name, self.group, source)
    }

    fn leave(&self) -> Result<(), Error> {
        let (socket, group) = (self.socket(), self.group);
        match self.source {
            Some(source) => set_source(
                socket,
                Op::Leave,
                option_numbers::MCAST_LEAVE_SOURCE_GROUP,
                group,
                source,
            ),
            None => sys::leave(socket.fd, group.ip(), group.scope_id())
                .map_err(|error| sys::errno::membership(Op::Leave, group, None, error)),
        }
    }

    fn end(mut self) -> Result<(), Error> {
        self.ended = true;
        self.leave()
    }
}

impl<H> Drop for Held<H>
where
    H: Deref<Target: GroupSocket>,
{
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Err(error) = self.leave() {
            log::debug!("dropping a membership: {error}");
        }
    }
}

/// Switches off the groups that the other sockets of this host joined, if the system has that.
fn only_own_groups(socket: SocketRef<'_>) -> Result<(), Error> {
    match MulticastAll(false).apply(socket) {
        Ok(()) => {
            log::debug!("joining sets IPV6_MULTICAST_ALL to false");
            Ok(())
        }
        Err(error) => {
            let error = sys::errno::option(Op::Set(MulticastAll::NAME), error);
            if error.kind() == io::ErrorKind::Unsupported { Ok(()) } else { Err(error) }
        }
    }
}

fn set_source(
    socket: SocketRef<'_>,
    op: Op,
    name: Name,
    group: SocketAddrV6,
    source: Ipv6Addr,
) -> Result<(), Error> {
    sys::set_source(socket, name, group, source)
        .map_err(|error| sys::errno::membership(op, group, Some(source), error))
}

/// The interface on which a socket is a member of a group, if it is on one alone; otherwise 0.
fn joined_on(socket: SocketRef<'_>, group: SocketAddrV6) -> Result<u32, Error> {
    if option_numbers::MCAST_MSFILTER.is_none() {
        return Ok(0);
    }
    let all = sys::interfaces()
        .map_err(|error| sys::errno::membership(Op::Join, group, None, error))?
        .into_iter()
        .map(|row| row.index.get());
    let on = |index| SocketAddrV6::new(*group.ip(), 0, 0, index);
    let mut joined = all.filter(|index| sys::filter(socket, on(*index)).is_some());
    Ok(match (joined.next(), joined.next()) {
        (Some(index), None) => index,
        _ => 0,
    })
}

/// A group with the interface to join it on as its scope id.
fn group_on(
    socket: SocketRef<'_>,
    group: Ipv6Addr,
    on: Option<Interface>,
) -> Result<SocketAddrV6, Error> {
    let group = SocketAddrV6::new(group, 0, 0, on.map_or(0, |on| on.index().get()));
    multicast(group)?;
    if group.scope_id() != 0 {
        return Ok(group);
    }
    match zone_of(socket, group.ip()) {
        Ok(0) if is_zoned(group.ip()) => Err(refused(Op::Join, group, Reason::GroupOfALink)),
        Ok(zone) => Ok(SocketAddrV6::new(*group.ip(), 0, 0, zone)),
        Err(error) => Err(sys::errno::membership(Op::Join, group, None, error)),
    }
}

fn multicast(group: SocketAddrV6) -> Result<(), Error> {
    if group.ip().is_multicast() {
        Ok(())
    } else {
        Err(refused(Op::Join, group, Reason::NotMulticast))
    }
}

/// Refuses what no datagram can come from.
fn source_of(op: Op, group: SocketAddrV6, source: Ipv6Addr) -> Result<(), Error> {
    if source.is_multicast() || source.is_unspecified() || is_mapped(&source) {
        Err(refused(op, group, Reason::NotASource(canonical_ip(source))))
    } else {
        Ok(())
    }
}

fn refused(op: Op, group: SocketAddrV6, reason: Reason) -> Error {
    sys::errno::group_refused(op, group, reason, io::ErrorKind::InvalidInput)
}

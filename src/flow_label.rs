//! Flow labels that the kernel hands out: [`FlowLease`].

use std::fmt;
use std::net::Ipv6Addr;
use std::ops::Deref;
use std::time::Duration;

use crate::addr::mapped::is_mapped;
use crate::error::{Error, Op, Refusal};
use crate::header::FlowLabel;
use crate::mode::Mode;
use crate::socket::held::AsSocketRef;
use crate::sys::{self, SocketRef, option_numbers};
use crate::tcp::BoundStream;
use crate::udp::{ConnectedUdpSocket, UdpSocket};

/// With whom a flow label is shared; all who share one must say the same.
///
/// # Examples
///
/// ```
/// use inet6::flow_label::FlowShare;
///
/// assert_eq!(FlowShare::default(), FlowShare::Any);
/// ```
#[doc(alias = "IPV6_FL_S_EXCL")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "linux/in6.h has these four")]
pub enum FlowShare {
    /// With nobody: the lease is the only one, on this socket too.
    Exclusive,
    /// With sockets of the same process. To Linux that is the same **thread**
    /// (net/ipv6/ip6_flowlabel.c, `fl_create`).
    Process,
    /// With sockets of the same user.
    User,
    /// With everybody who asks for that label.
    #[default]
    Any,
}

impl FlowShare {
    fn number(self) -> u8 {
        match self {
            Self::Exclusive => option_numbers::FLOW_SHARE_EXCLUSIVE,
            Self::Process => option_numbers::FLOW_SHARE_PROCESS,
            Self::User => option_numbers::FLOW_SHARE_USER,
            Self::Any => option_numbers::FLOW_SHARE_ANY,
        }
    }
}

/// A flow label that the kernel keeps for a socket; it is released when this is dropped.
///
/// A label says which packets belong together: routers that share load among several paths keep
/// them on one. The kernel sees to it that labels it hands out do not meet on this host, and that
/// nobody uses one that is not shared.
///
/// It goes into packets by [`FlowInfoSend`](crate::option::FlowInfoSend) and the address of the
/// peer, or packet by packet ([`Outgoing::flow_label`](crate::udp::Outgoing::flow_label)).
/// [`AutoFlowLabel`](crate::option::AutoFlowLabel) needs no lease.
///
/// # Platform notes
///
/// Linux and Android only. Linux knows a lease by its label and its sharing; the peer is told to
/// other programs and not looked at. **Once anybody has asked for a lease that is not shared with
/// [`Any`](FlowShare::Any), a network namespace sends labels only from sockets that lease them**:
/// others fail with [`InvalidInput`](std::io::ErrorKind::InvalidInput). It is so as long as the
/// kernel has any such lease, in this namespace or another. After its last release a label stays
/// taken for six seconds, or for what [`linger`](Self::linger) says: shared, it can be leased again
/// at once, [`Exclusive`](FlowShare::Exclusive) not.
///
/// # Examples
///
/// ```
/// use inet6::{UdpSocket, flow_label::FlowShare};
/// use std::io::ErrorKind;
///
/// let socket = UdpSocket::bind("[::1]:0")?;
/// let other = UdpSocket::bind("[::1]:0")?;
/// let peer = "2001:db8::1".parse()?;
/// match socket.request_flow_label(peer, None, FlowShare::Any) {
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     lease => {
///         let lease = lease?; // the kernel chose the label
///         let joined = other.request_flow_label(peer, Some(lease.label()), FlowShare::Any)?;
///         assert_eq!(joined.label(), lease.label());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A socket cannot be gone while it leases:
///
/// ```compile_fail,E0505
/// # use inet6::{UdpSocket, flow_label::FlowShare};
/// let socket = UdpSocket::bind("[::1]:0")?;
/// let lease = socket.request_flow_label("::1".parse()?, None, FlowShare::Any)?;
/// drop(socket);
/// println!("{}", lease.label());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```no_run
/// # // no_run: some systems do not have it.
/// # use inet6::{UdpSocket, flow_label::FlowShare};
/// let socket = UdpSocket::bind("[::1]:0")?;
/// let lease = socket.request_flow_label("::1".parse()?, None, FlowShare::Any)?;
/// println!("{}", lease.label());
/// drop(lease);
/// drop(socket);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// To put a lease into a struct beside its socket, or into another thread, give an
/// [`Arc`](std::sync::Arc) or an [`Rc`](std::rc::Rc) of the socket to [`request`](Self::request).
///
/// Source: RFC 6437, sections 3 and 6; linux/in6.h, "`IPV6_FLOWLABEL_MGR`".
#[doc(alias = "IPV6_FLOWLABEL_MGR")]
#[doc(alias = "in6_flowlabel_req")]
#[must_use = "the label is released at once; `keep` it for as long as the socket lives"]
pub struct FlowLease<H>
where
    H: Deref<Target: LabelSocket>,
{
    holder: H,
    label: FlowLabel,
    share: FlowShare,
    ended: bool,
}

/// A socket that can lease flow labels. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` leases no flow labels",
    note = "hold a `UdpSocket`, a `ConnectedUdpSocket` or a `BoundStream` by a reference, an `Arc` or an `Rc`"
)]
pub trait LabelSocket: AsSocketRef {}

impl<M: Mode> LabelSocket for UdpSocket<M> {}
impl<M: Mode> LabelSocket for ConnectedUdpSocket<M> {}
impl<M: Mode> AsSocketRef for ConnectedUdpSocket<M> {
    fn as_socket_ref(&self) -> SocketRef<'_> {
        self.socket_ref()
    }
}
impl<M: Mode> LabelSocket for BoundStream<M> {}
impl<M: Mode> AsSocketRef for BoundStream<M> {
    fn as_socket_ref(&self) -> SocketRef<'_> {
        self.socket_ref()
    }
}

impl<H: Deref<Target: LabelSocket>> FlowLease<H> {
    /// Leases a flow label, like [`UdpSocket::request_flow_label`], and holds the socket.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::request_flow_label`]. The holder is dropped.
    pub fn request(
        holder: H,
        peer: Ipv6Addr,
        label: Option<FlowLabel>,
        share: FlowShare,
    ) -> Result<Self, Error> {
        let refuse = |why: Refusal| Err(Error::new(Op::FlowLabel, None, None, why.into()));
        if is_mapped(&peer) {
            return refuse(Refusal::Ipv4Label);
        }
        if peer.is_unspecified() {
            return refuse(Refusal::LabelForNobody);
        }
        let wanted = label.map_or(0, FlowLabel::bits);
        let given = sys::lease_flow_label(holder.as_socket_ref().fd, &peer, wanted, share.number())
            .map_err(sys::errno::flow_label)?;
        match FlowLabel::new(given) {
            Some(label) => Ok(Self { holder, label, share, ended: false }),
            None => refuse(Refusal::NoLabel),
        }
    }

    /// The label.
    ///
    /// # Examples
    ///
    /// See [`FlowLease`].
    #[must_use]
    pub fn label(&self) -> FlowLabel {
        self.label
    }

    /// With whom it is shared.
    ///
    /// # Examples
    ///
    /// See [`FlowShare`].
    #[must_use]
    pub fn share(&self) -> FlowShare {
        self.share
    }

    /// Says for how long the label stays taken after its last release: a router may still hold
    /// state of the old flow.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for what is no whole number of seconds
    /// from 6 to 65535, [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for more than
    /// 150 seconds without privileges.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # // no_run: some systems do not have it.
    /// use inet6::{UdpSocket, flow_label::FlowShare};
    /// use std::time::Duration;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// let lease = socket.request_flow_label("2001:db8::1".parse()?, None, FlowShare::Any)?;
    /// lease.linger(Duration::from_secs(120))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_FL_A_RENEW")]
    pub fn linger(&self, time: Duration) -> Result<(), Error> {
        let seconds = match u16::try_from(time.as_secs()) {
            // The kernel would make less than six seconds six.
            Ok(seconds) if seconds >= 6 && time.subsec_nanos() == 0 => seconds,
            _ => {
                let error = Refusal::LingerTime.into();
                return Err(Error::new(Op::FlowLabel, None, None, error));
            }
        };
        sys::linger_flow_label(self.holder.as_socket_ref().fd, self.label.bits(), seconds)
            .map_err(|error| sys::errno::option(Op::FlowLabel, error))
    }

    /// Releases the label, as dropping does, and tells whether that worked.
    ///
    /// # Errors
    ///
    /// The lease may be gone already where somebody else released it on the same descriptor.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # // no_run: some systems do not have it.
    /// use inet6::{UdpSocket, flow_label::FlowShare};
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// let lease = socket.request_flow_label("2001:db8::1".parse()?, None, FlowShare::Any)?;
    /// lease.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_FL_A_PUT")]
    pub fn release(mut self) -> Result<(), Error> {
        self.ended = true;
        sys::release_flow_label(self.holder.as_socket_ref().fd, self.label.bits())
            .map_err(|error| sys::errno::option(Op::FlowLabel, error))
    }

    /// Keeps the label for as long as the socket is open, and gives it.
    ///
    /// # Examples
    ///
    /// See [`BoundStream::request_flow_label`].
    pub fn keep(mut self) -> FlowLabel {
        self.ended = true;
        self.label
    }
}

impl<H> Drop for FlowLease<H>
where
    H: Deref<Target: LabelSocket>,
{
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Err(error) =
            sys::release_flow_label(self.holder.as_socket_ref().fd, self.label.bits())
        {
            log::debug!("the flow label {} was not released: {error}", self.label);
        }
    }
}

impl<H: Deref<Target: LabelSocket>> fmt::Debug for FlowLease<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowLease")
            .field("label", &format_args!("{}", self.label))
            .field("share", &self.share)
            .finish_non_exhaustive()
    }
}

impl<M: Mode> UdpSocket<M> {
    /// Leases a flow label for packets to `peer`: this one, which is made where there is none and
    /// taken part in where it is shared, or one that the kernel chooses.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](std::io::ErrorKind::Unsupported) but on Linux and Android,
    /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) where another lease has the label
    /// and does not share it in this way, [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a
    /// `peer` that is unspecified or IPv4. Without privileges a socket has 32 leases at most.
    ///
    /// # Examples
    ///
    /// See [`FlowLease`].
    #[doc(alias = "IPV6_FLOWLABEL_MGR")]
    pub fn request_flow_label(
        &self,
        peer: Ipv6Addr,
        label: Option<FlowLabel>,
        share: FlowShare,
    ) -> Result<FlowLease<&Self>, Error> {
        FlowLease::request(self, peer, label, share)
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// Leases a flow label for packets to the peer, as
    /// [`UdpSocket::request_flow_label`] does.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::request_flow_label`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{UdpSocket, flow_label::FlowShare};
    /// use std::io::ErrorKind;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?.connect("[::1]:9")?;
    /// match socket.request_flow_label(None, FlowShare::Any) {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
    ///     lease => println!("the label is {}", lease?.label()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_FLOWLABEL_MGR")]
    pub fn request_flow_label(
        &self,
        label: Option<FlowLabel>,
        share: FlowShare,
    ) -> Result<FlowLease<&Self>, Error> {
        let peer = sys::peer_address(self.socket_ref().fd).map_err(sys::errno::flow_label)?;
        FlowLease::request(self, *peer.ip(), label, share)
    }
}

impl<M: Mode> BoundStream<M> {
    /// Leases a flow label for the connection to `peer` that is to come, as
    /// [`UdpSocket::request_flow_label`] does.
    ///
    /// Connecting consumes the socket: [`keep`](FlowLease::keep) the lease, and it ends with the
    /// connection.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::request_flow_label`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, flow_label::FlowShare, option::FlowInfoSend};
    /// use std::io::ErrorKind;
    ///
    /// let builder = Builder::stream().v6_only();
    /// let listener = builder.bind("[::1]:0")?.listen(16)?;
    /// let mut peer = listener.local_addr()?;
    /// match builder.with(FlowInfoSend(true)).bind("[::]:0") {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
    ///     bound => {
    ///         let bound = bound?;
    ///         let label = bound.request_flow_label(*peer.ip(), None, FlowShare::Any)?.keep();
    ///         peer.set_flowinfo(label.flowinfo());
    ///         let stream = bound.connect(peer)?; // each segment has the label
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_FLOWLABEL_MGR")]
    pub fn request_flow_label(
        &self,
        peer: Ipv6Addr,
        label: Option<FlowLabel>,
        share: FlowShare,
    ) -> Result<FlowLease<&Self>, Error> {
        FlowLease::request(self, peer, label, share)
    }
}

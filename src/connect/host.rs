//! What to connect to and how: [`HappyEyeballs`].

use std::any::TypeId;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::race::Rules;
use super::report::Event;
use super::resolve::{Family, Resolve, SystemResolver};
use super::to_host::{Host, ToHost};
use crate::addr::AddressError;
use crate::cancel::Cancel;

/// A host to connect to, and the rules of the race between its addresses (RFC 8305).
///
/// Text, a pair of name and port, or an [`Endpoint`](crate::Endpoint) becomes one with the defaults
/// of the RFC; that is what [`Builder::connect_host`](crate::Builder::connect_host) takes.
///
/// | rule | default | source |
/// | --- | --- | --- |
/// | [`resolution_delay`](Self::resolution_delay) | 50 ms | RFC 8305, section 3 |
/// | [`attempt_delay`](Self::attempt_delay) | 250 ms | section 5 |
/// | [`deadline`](Self::deadline) | none | |
/// | [`first_family`](Self::first_family) | that of the first address | section 4 |
/// | [`first_family_count`](Self::first_family_count) | 1 | section 4 |
/// | [`max_in_flight`](Self::max_in_flight) | 16 | |
/// | [`resolver`](Self::resolver) | [`SystemResolver`] | |
///
/// # Examples
///
/// ```
/// use inet6::{Builder, TcpListener, connect::HappyEyeballs};
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let host = HappyEyeballs::to(("::1", listener.local_addr()?.port()))
///     .attempt_delay(Duration::from_millis(100))
///     .deadline(Duration::from_secs(5));
/// let connection = Builder::stream().connect_host(&host)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is connected until `connect_host` is called"]
pub struct HappyEyeballs {
    pub(super) host: Result<Host, AddressError>,
    pub(super) resolution_delay: Duration,
    pub(super) attempt_delay: Duration,
    pub(super) deadline: Option<Duration>,
    pub(super) first_family: Option<Family>,
    pub(super) first_family_count: NonZeroUsize,
    pub(super) max_in_flight: NonZeroUsize,
    pub(super) source: Option<Arc<SourceChoice>>,
    /// `None` for the system's.
    pub(super) resolver: Option<Arc<dyn Resolve>>,
    pub(super) observer: Option<Arc<Observer>>,
    pub(super) cancel: Option<Cancel>,
}

type SourceChoice = dyn Fn(SocketAddr) -> Option<SocketAddr> + Send + Sync;
type Observer = dyn Fn(&Event<'_>) + Send + Sync;

/// The least and the most that RFC 8305, section 5, lets a connection attempt delay be.
const ATTEMPT_DELAY: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(2));

/// How many attempts may be under way unless the caller says otherwise: four seconds of the RFC's
/// pace.
const MAX_IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(16).unwrap();

impl HappyEyeballs {
    /// A host by its name or address, with the defaults of RFC 8305.
    ///
    /// Text is a name or an address with its port (`example.com:443`, `[fe80::1%eth0]:8000`), a
    /// pair is a name or an address, without brackets, and a port. What cannot be either is an
    /// error of `connect_host`.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::connect::HappyEyeballs;
    ///
    /// let host = HappyEyeballs::to("example.com:443");
    /// let host = HappyEyeballs::to(("example.com", 443));
    /// # _ = host;
    /// ```
    pub fn to(host: impl Into<Self>) -> Self {
        host.into()
    }

    pub(crate) fn with_host(host: Result<Host, AddressError>) -> Self {
        Self {
            host,
            resolution_delay: Duration::from_millis(50),
            attempt_delay: Duration::from_millis(250),
            deadline: None,
            first_family: None,
            first_family_count: NonZeroUsize::MIN,
            max_in_flight: MAX_IN_FLIGHT,
            source: None,
            resolver: None,
            observer: None,
            cancel: None,
        }
    }

    /// How long an answer of the other family waits for that of the first one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let host = inet6::connect::HappyEyeballs::to("example.com:443");
    /// let host = host.resolution_delay(Duration::from_millis(20));
    /// # _ = host;
    /// ```
    pub fn resolution_delay(mut self, delay: Duration) -> Self {
        self.resolution_delay = delay;
        self
    }

    /// How long an attempt has the field for itself, before the next one starts beside it.
    ///
    /// RFC 8305 recommends no less than 100 ms; a value below 10 ms or above 2 s is made the
    /// nearest of the two.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let host = inet6::connect::HappyEyeballs::to("example.com:443");
    /// let host = host.attempt_delay(Duration::from_millis(100));
    /// # _ = host;
    /// ```
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.attempt_delay = delay.clamp(ATTEMPT_DELAY.0, ATTEMPT_DELAY.1);
        self
    }

    /// When to give up, looking the name up included, even while the resolver hangs.
    ///
    /// Without one, the system's own time-outs end the attempts, after minutes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let host = inet6::connect::HappyEyeballs::to("example.com:443").deadline(Duration::from_secs(10));
    /// # _ = host;
    /// ```
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets which family goes first.
    ///
    /// By default the first address decides if one answer is for both families, as that of the
    /// system's resolver is. If the families are answered apart, IPv6 goes first.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::connect::{Family, HappyEyeballs};
    ///
    /// let host = HappyEyeballs::to("example.com:443").first_family(Family::Ipv4);
    /// # _ = host;
    /// ```
    pub fn first_family(mut self, family: Family) -> Self {
        self.first_family = Some(family);
        self
    }

    /// How many addresses of the first family are tried before the families take turns.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::connect::HappyEyeballs;
    /// use std::num::NonZeroUsize;
    ///
    /// let host = HappyEyeballs::to("example.com:443");
    /// let host = host.first_family_count(NonZeroUsize::new(2).unwrap());
    /// # _ = host;
    /// ```
    pub fn first_family_count(mut self, count: NonZeroUsize) -> Self {
        self.first_family_count = count;
        self
    }

    /// Limits how many attempts are under way at once, and so how many descriptors a race holds.
    ///
    /// At the limit, the next address is tried as soon as an attempt fails. Set a
    /// [`deadline`](Self::deadline), because an attempt that nothing answers fails after minutes.
    /// With 1 the addresses are tried one after the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::connect::HappyEyeballs;
    /// use std::num::NonZeroUsize;
    ///
    /// let host = HappyEyeballs::to("example.com:443");
    /// let host = host.max_in_flight(NonZeroUsize::new(4).unwrap());
    /// # _ = host;
    /// ```
    pub fn max_in_flight(mut self, count: NonZeroUsize) -> Self {
        self.max_in_flight = count;
        self
    }

    /// Binds each attempt to the address that `source` gives for its peer, or to none.
    ///
    /// To stay on one interface, give the builder a
    /// [`BindDevice`](crate::option::BindDevice) instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::connect::HappyEyeballs;
    /// use std::net::SocketAddr;
    ///
    /// let mine: SocketAddr = "[2001:db8::1]:0".parse()?;
    /// let host = HappyEyeballs::to("example.com:443")
    ///     .source(move |peer| peer.is_ipv6().then_some(mine));
    /// # _ = host;
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn source(
        mut self,
        source: impl Fn(SocketAddr) -> Option<SocketAddr> + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Looks names up with another resolver than the system's.
    ///
    /// It is not asked for `localhost` and the names below it, which always are `::1`, then
    /// `127.0.0.1`.
    ///
    /// # Examples
    ///
    /// See [`Resolve`].
    pub fn resolver<R: Resolve>(mut self, resolver: R) -> Self {
        // Naming the default changes nothing.
        let is_default = TypeId::of::<R>() == TypeId::of::<SystemResolver>();
        self.resolver = if is_default { None } else { Some(Arc::new(resolver)) };
        self
    }

    /// Is told what happens, while it happens: for logs and for tests.
    ///
    /// It is called in the thread of `connect_host`, and the race waits for it; a panic ends the
    /// race.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, TcpListener, connect::HappyEyeballs};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let host = HappyEyeballs::to(("::1", listener.local_addr()?.port()))
    ///     .observer(|event| println!("{event:?}"));
    /// Builder::stream().connect_host(&host)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observer(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Can be given up from another thread.
    ///
    /// # Examples
    ///
    /// See [`Cancel`].
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    /// Whether the order of datagram addresses is ours to correct. The system's resolver has judged
    /// the sources already, by the policy of this host.
    pub(crate) fn judges_sources(&self) -> bool {
        self.resolver.is_some() || self.first_family.is_some()
    }

    /// The rules of its race.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            resolution_delay: self.resolution_delay,
            attempt_delay: self.attempt_delay,
            deadline: self.deadline,
            first_family: self.first_family,
            first_family_count: self.first_family_count.get(),
            max_in_flight: self.max_in_flight.get(),
        }
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }
}

impl fmt::Debug for HappyEyeballs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HappyEyeballs")
            .field("host", &self.host)
            .field("resolution_delay", &self.resolution_delay)
            .field("attempt_delay", &self.attempt_delay)
            .field("deadline", &self.deadline)
            .field("first_family", &self.first_family)
            .field("first_family_count", &self.first_family_count)
            .field("max_in_flight", &self.max_in_flight)
            .finish_non_exhaustive()
    }
}

impl<H: ToHost> From<H> for HappyEyeballs {
    fn from(host: H) -> Self {
        Self::with_host(host.read_host())
    }
}

impl From<&Self> for HappyEyeballs {
    fn from(host: &Self) -> Self {
        host.clone()
    }
}

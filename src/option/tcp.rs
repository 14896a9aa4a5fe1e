//! Options of TCP (`IPPROTO_TCP`).

use std::io;

use super::{LiveOn, Setting, SocketOption};
use crate::kind::{Connected, Listening, Stream};
use crate::sys::{self, Target, names};

/// Sending small segments at once instead of collecting them (`TCP_NODELAY`, Nagle's algorithm
/// off).
///
/// With `false` a small segment waits while an earlier one is unacknowledged; a request and reply
/// protocol that writes twice a message then waits for the peer's delayed acknowledgement, 40 ms
/// and more.
///
/// # Values
///
/// On or off; the default is off everywhere.
///
/// # Examples
///
/// ```
/// use inet6::{Builder, option::NoDelay};
///
/// let listener = Builder::stream().with(NoDelay(true)).bind("[::1]:0")?.listen(16)?;
/// let NoDelay(on) = listener.option()?;
/// assert!(on);
/// # Ok::<(), inet6::Error>(())
/// ```
///
/// # Platform notes
///
/// On Linux and Android an accepted stream inherits the value from its listener.
///
/// Source: RFC 9293, section 3.7.4; tcp(7).
#[doc(alias = "TCP_NODELAY")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NoDelay(pub bool);

impl SocketOption<Stream> for NoDelay {}
impl LiveOn<Listening> for NoDelay {}
impl LiveOn<Connected> for NoDelay {}
impl Setting for NoDelay {
    const NAME: &'static str = "TCP_NODELAY";

    fn apply(&self, socket: Target<'_>) -> io::Result<()> {
        sys::set_bool(socket, names::TCP_NODELAY, self.0)
    }

    fn read(socket: Target<'_>) -> io::Result<Self> {
        sys::get_bool(socket, names::TCP_NODELAY).map(Self)
    }
}

//! Waiting until a socket is readable or writable.

/// Writes `wait_readable`: `readable!(TcpStream)`, or `readable!([] EchoSocket)` for one that has a
/// single mode.
macro_rules! readable {
    ($name:ident) => {
        $crate::socket::readiness::readable!([M: $crate::mode::Mode] $name<M>);
    };
    ([$($generics:tt)*] $socket:ty) => {
        impl<$($generics)*> $socket {
            /// Waits until there is something to receive or to accept; `false` when `timeout` has
            /// passed.
            ///
            /// `None` waits as long as it takes, and a timeout of zero only looks. Signals do not
            /// end or prolong the wait. The end of the data and an error are also something to
            /// receive: the next call tells of them.
            ///
            /// On a nonblocking socket, **try first and wait then**: to wait before each call is
            /// one more system call each time. Afterwards the call may still give
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock), because another thread was faster or
            /// a datagram was damaged; so it belongs in a loop. For many sockets at once there are
            /// event loops: see the [guide](crate::guide::readiness).
            ///
            /// # Errors
            ///
            /// Those of poll(2), or of `select` on Windows, which are rare.
            ///
            /// # Examples
            ///
            /// ```
            /// use inet6::Builder;
            /// use std::io::{self, ErrorKind};
            /// use std::time::Duration;
            ///
            /// let socket = Builder::datagram().nonblocking().bind("[::1]:0")?;
            /// socket.send_to(b"ping", socket.local_addr()?)?;
            ///
            /// let mut buffer = [0; 1500];
            /// let (len, peer) = loop {
            ///     match socket.recv_from(&mut buffer) {
            ///         Err(error) if error.kind() == ErrorKind::WouldBlock => {
            ///             if !socket.wait_readable(Some(Duration::from_secs(5)))? {
            ///                 return Err(io::Error::from(ErrorKind::TimedOut).into());
            ///             }
            ///         }
            ///         result => break result?,
            ///     }
            /// };
            /// assert_eq!(&buffer[..len], b"ping");
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[doc(alias = "poll")]
            #[doc(alias = "select")]
            #[doc(alias = "POLLIN")]
            pub fn wait_readable(
                &self,
                timeout: Option<std::time::Duration>,
            ) -> std::io::Result<bool> {
                let readiness = $crate::sys::Readiness::Readable;
                $crate::sys::wait_one($crate::sys::borrow(&self.fd), readiness, timeout)
            }
        }
    };
}
pub(crate) use readable;

/// Writes `wait_writable`, as `readable!` does `wait_readable`.
macro_rules! writable {
    ($name:ident) => {
        $crate::socket::readiness::writable!([M: $crate::mode::Mode] $name<M>);
    };
    ([$($generics:tt)*] $socket:ty) => {
        impl<$($generics)*> $socket {
            /// Waits until there is room to send; `false` when `timeout` has passed.
            ///
            /// Room for how much is not told, and Linux waits until a good part of the buffer is
            /// free. For the rest it is as [`wait_readable`](Self::wait_readable): try first, wait
            /// then, and loop.
            ///
            /// # Errors
            ///
            /// As [`wait_readable`](Self::wait_readable).
            ///
            /// # Examples
            ///
            /// ```
            /// use inet6::{Builder, TcpListener};
            /// use std::io::{self, ErrorKind};
            /// use std::time::Duration;
            ///
            /// let listener = TcpListener::bind("[::1]:0")?;
            /// let stream = Builder::stream().nonblocking().connect(listener.local_addr()?)?;
            ///
            /// let mut data = &b"all of it"[..];
            /// while !data.is_empty() {
            ///     match stream.send(data) {
            ///         Ok(sent) => data = &data[sent..],
            ///         Err(error) if error.kind() == ErrorKind::WouldBlock => {
            ///             if !stream.wait_writable(Some(Duration::from_secs(5)))? {
            ///                 return Err(io::Error::from(ErrorKind::TimedOut).into());
            ///             }
            ///         }
            ///         Err(error) => return Err(error.into()),
            ///     }
            /// }
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[doc(alias = "poll")]
            #[doc(alias = "select")]
            #[doc(alias = "POLLOUT")]
            pub fn wait_writable(
                &self,
                timeout: Option<std::time::Duration>,
            ) -> std::io::Result<bool> {
                let readiness = $crate::sys::Readiness::Writable;
                $crate::sys::wait_one($crate::sys::borrow(&self.fd), readiness, timeout)
            }
        }
    };
}
pub(crate) use writable;

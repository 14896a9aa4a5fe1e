//! The methods and the descriptor impls that all sockets share.

/// Writes what the sockets share: `common_methods!(TcpListener, Stream, role Listening)`.
///
/// A socket is a struct of `fd`, `mode` and what else is named in braces. One that has a single
/// mode is written with its address: `common_methods!(EchoSocket of SocketAddrV6, Datagram, role
/// Datagrams)`.
macro_rules! common_methods {
    ($name:ident { $($extra:ident),* }, $kind:ty $(, role $role:ty)?) => {
        $crate::socket::common::common_methods!(
            [M: $crate::mode::Mode] $name, $name<M>, M::Address, $kind $(, role $role)?
        );

        /// A socket whose mode is known becomes one whose mode is a value.
        impl From<$name<$crate::V6Only>> for $name<$crate::AnyMode> {
            fn from(socket: $name<$crate::V6Only>) -> Self {
                Self { fd: socket.fd, mode: socket.mode.into() $(, $extra: socket.$extra)* }
            }
        }

        /// A socket whose mode is known becomes one whose mode is a value.
        impl From<$name<$crate::DualStack>> for $name<$crate::AnyMode> {
            fn from(socket: $name<$crate::DualStack>) -> Self {
                Self { fd: socket.fd, mode: socket.mode.into() $(, $extra: socket.$extra)* }
            }
        }
    };
    ($name:ident of $address:ty, $kind:ty, role $role:ty) => {
        $crate::socket::common::common_methods!([] $name, $name, $address, $kind, role $role);
    };
    (
        [$($generics:tt)*] $name:ident, $socket:ty, $address:ty, $kind:ty $(, role $role:ty)?
    ) => {
        impl<$($generics)*> $socket {
            pub(crate) fn socket_ref(&self) -> $crate::sys::SocketRef<'_> {
                let v6_only = $crate::mode::Policy::v6_only(self.mode);
                $crate::sys::SocketRef::new($crate::sys::borrow(&self.fd), v6_only)
            }

            /// The address that the socket is bound to, in the mode's type.
            ///
            /// # Errors
            ///
            /// Those of getsockname(2).
            ///
            /// # Examples
            ///
            /// ```
            /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
            /// assert_ne!(socket.local_addr()?.port(), 0);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[doc(alias = "getsockname")]
            pub fn local_addr(&self) -> std::io::Result<$address> {
                let wire = $crate::sys::local_address(self.socket_ref().fd)?;
                Ok($crate::mode::FromWire::from_wire(wire))
            }

            /// The value of an option, as the kernel has it.
            ///
            /// # Errors
            ///
            /// Kind [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the
            /// option.
            ///
            /// # Examples
            ///
            /// ```
            /// use inet6::{TcpListener, option::NoDelay};
            ///
            /// let listener = TcpListener::bind("[::1]:0")?;
            /// let NoDelay(on) = listener.option()?;
            /// assert!(!on);
            /// # Ok::<(), inet6::Error>(())
            /// ```
            #[doc(alias = "getsockopt")]
            pub fn option<O: $crate::option::SocketOption<$kind>>(&self) -> Result<O, $crate::Error> {
                O::read(self.socket_ref())
                    .map_err(|error| $crate::sys::errno::option($crate::error::Op::Get(O::NAME), error))
            }

            $(
            /// Changes an option.
            ///
            /// # Errors
            ///
            /// Kind [`Unsupported`](std::io::ErrorKind::Unsupported) where the system lacks the
            /// option, and what the page of the option says.
            ///
            /// # Examples
            ///
            /// ```
            /// use inet6::{TcpListener, option::NoDelay};
            ///
            /// let listener = TcpListener::bind("[::1]:0")?;
            /// listener.set_option(NoDelay(true))?;
            /// # Ok::<(), inet6::Error>(())
            /// ```
            #[doc(alias = "setsockopt")]
            pub fn set_option<O: $crate::option::LiveOn<$role>>(&self, option: O) -> Result<(), $crate::Error> {
                option
                    .apply(self.socket_ref())
                    .map_err(|error| $crate::sys::errno::option($crate::error::Op::Set(O::NAME), error))
            }

            /// A second handle on the same socket.
            ///
            /// Both share everything: options, the nonblocking flag, the queues.
            ///
            /// # Errors
            ///
            /// The process may have too many open descriptors.
            ///
            /// # Examples
            ///
            /// ```
            /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
            /// let clone = socket.try_clone()?;
            /// assert_eq!(clone.local_addr()?, socket.local_addr()?);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn try_clone(&self) -> std::io::Result<Self> {
                Ok(Self { fd: self.fd.try_clone()?.into(), ..*self })
            }

            /// The pending error of the socket, which is cleared (`SO_ERROR`).
            ///
            /// # Errors
            ///
            /// Those of getsockopt(2).
            ///
            /// # Examples
            ///
            /// ```
            /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
            /// assert!(socket.take_error()?.is_none());
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[doc(alias = "SO_ERROR")]
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                $crate::sys::take_error(self.socket_ref().fd)
            }

            /// Whether calls that would wait return
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) instead.
            ///
            /// [`Builder::nonblocking`](crate::Builder::nonblocking) opens a socket that is
            /// nonblocking from the start.
            ///
            /// # Errors
            ///
            /// Those of fcntl(2), or of `ioctlsocket` on Windows.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            ///
            /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
            /// socket.set_nonblocking(true)?;
            /// let error = socket.recv_from(&mut [0; 8]).unwrap_err();
            /// assert_eq!(error.kind(), ErrorKind::WouldBlock);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_nonblocking(&self, nonblocking: bool) -> std::io::Result<()> {
                $crate::sys::set_nonblocking(self.socket_ref().fd, nonblocking)
            }
            )?

            /// Whether the kernel restricts the socket to IPv6 (`IPV6_V6ONLY`).
            ///
            /// # Errors
            ///
            /// Those of getsockopt(2).
            ///
            /// # Platform notes
            ///
            /// On Linux, a socket that is bound to a specific IPv6 address reads `true` whatever
            /// its mode, and so do the streams that it accepts: the bind is what restricts it.
            ///
            /// # Examples
            ///
            /// ```
            /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
            /// assert!(socket.v6_only()?);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[doc(alias = "IPV6_V6ONLY")]
            #[doc(alias = "only_v6")]
            pub fn v6_only(&self) -> std::io::Result<bool> {
                $crate::sys::get_bool(self.socket_ref(), $crate::sys::option_numbers::IPV6_V6ONLY)
            }

            /// The transport protocol, as the kernel has it (`SO_PROTOCOL`).
            ///
            /// # Errors
            ///
            /// Kind [`Unsupported`](std::io::ErrorKind::Unsupported) where the system does not
            /// tell: Apple's systems, NetBSD, DragonFly and Haiku.
            ///
            /// # Examples
            ///
            /// ```
            /// use inet6::{UdpSocket, kind::Protocol};
            ///
            /// let socket = UdpSocket::bind("[::1]:0")?;
            /// if let Ok(protocol) = socket.protocol() {
            ///     assert_eq!(protocol, Protocol::Udp);
            /// }
            /// # Ok::<(), inet6::Error>(())
            /// ```
            #[doc(alias = "SO_PROTOCOL")]
            pub fn protocol(&self) -> std::io::Result<$crate::kind::Protocol> {
                $crate::sys::protocol(self.socket_ref().fd)
            }
        }

        impl<$($generics)*> std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut debug = f.debug_struct(stringify!($name));
                debug.field("mode", &self.mode);
                if let Ok(local) = self.local_addr() {
                    debug.field("local", &local);
                }
                if let Ok(peer) = $crate::sys::peer_address(self.socket_ref().fd) {
                    let peer: $address = $crate::mode::FromWire::from_wire(peer);
                    debug.field("peer", &peer);
                }
                debug.field("fd", &self.fd).finish()
            }
        }

        $crate::socket::common::descriptor!([$($generics)*] $socket);

        #[cfg(unix)]
        impl<$($generics)*> From<$socket> for std::os::fd::OwnedFd {
            fn from(socket: $socket) -> Self {
                socket.fd
            }
        }
        #[cfg(unix)]
        impl<$($generics)*> std::os::fd::IntoRawFd for $socket {
            fn into_raw_fd(self) -> std::os::fd::RawFd {
                std::os::fd::OwnedFd::from(self).into_raw_fd()
            }
        }
        #[cfg(windows)]
        impl<$($generics)*> From<$socket> for std::os::windows::io::OwnedSocket {
            fn from(socket: $socket) -> Self {
                socket.fd
            }
        }
        #[cfg(windows)]
        impl<$($generics)*> std::os::windows::io::IntoRawSocket for $socket {
            fn into_raw_socket(self) -> std::os::windows::io::RawSocket {
                self.fd.into_raw_socket()
            }
        }
    };
}
pub(crate) use common_methods;

/// Lends the descriptor of anything with a field `fd`.
macro_rules! descriptor {
    ($name:ident) => {
        $crate::socket::common::descriptor!([M: $crate::mode::Mode] $name<M>);
    };
    ([$($generics:tt)*] $socket:ty) => {
        #[cfg(unix)]
        impl<$($generics)*> std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.fd.as_fd()
            }
        }
        #[cfg(unix)]
        impl<$($generics)*> std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.fd.as_raw_fd()
            }
        }
        #[cfg(windows)]
        impl<$($generics)*> std::os::windows::io::AsSocket for $socket {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                self.fd.as_socket()
            }
        }
        #[cfg(windows)]
        impl<$($generics)*> std::os::windows::io::AsRawSocket for $socket {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                self.fd.as_raw_socket()
            }
        }
    };
}
pub(crate) use descriptor;

/// Lends the descriptor of what is in a field of something that is no socket itself.
macro_rules! delegate_descriptor {
    ($name:ident, $field:ident) => {
        #[cfg(unix)]
        impl<S: std::os::fd::AsFd> std::os::fd::AsFd for $name<S> {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.$field.as_fd()
            }
        }
        #[cfg(unix)]
        impl<S: std::os::fd::AsRawFd> std::os::fd::AsRawFd for $name<S> {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.$field.as_raw_fd()
            }
        }
        #[cfg(windows)]
        impl<S: std::os::windows::io::AsSocket> std::os::windows::io::AsSocket for $name<S> {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                self.$field.as_socket()
            }
        }
        #[cfg(windows)]
        impl<S: std::os::windows::io::AsRawSocket> std::os::windows::io::AsRawSocket for $name<S> {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                self.$field.as_raw_socket()
            }
        }
    };
}
pub(crate) use delegate_descriptor;

/// Writes std's methods for the time that sending and receiving may wait.
macro_rules! timeouts {
    ($name:ident) => {
        $crate::socket::common::timeouts!([M: $crate::mode::Mode] $name<M>);
    };
    ([$($generics:tt)*] $socket:ty) => {
        impl<$($generics)*> $socket {
            /// Sets [`ReadTimeout`](crate::option::ReadTimeout): a call that waited that long gives
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock), on Windows too.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a timeout of zero.
            ///
            /// # Examples
            ///
            /// ```
            /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
            /// socket.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
            /// assert!(socket.read_timeout()?.is_some());
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_read_timeout(
                &self,
                timeout: Option<std::time::Duration>,
            ) -> std::io::Result<()> {
                Ok(self.set_option($crate::option::ReadTimeout(timeout))?)
            }

            /// Reads [`ReadTimeout`](crate::option::ReadTimeout).
            ///
            /// # Errors
            ///
            /// Those of getsockopt(2).
            ///
            /// # Examples
            ///
            /// See [`set_read_timeout`](Self::set_read_timeout).
            pub fn read_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                let $crate::option::ReadTimeout(timeout) = self.option()?;
                Ok(timeout)
            }

            /// Sets [`WriteTimeout`](crate::option::WriteTimeout): a call that waited that long
            /// gives [`WouldBlock`](std::io::ErrorKind::WouldBlock), on Windows too.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a timeout of zero.
            ///
            /// # Examples
            ///
            /// ```
            /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
            /// socket.set_write_timeout(Some(std::time::Duration::from_secs(5)))?;
            /// assert!(socket.write_timeout()?.is_some());
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_write_timeout(
                &self,
                timeout: Option<std::time::Duration>,
            ) -> std::io::Result<()> {
                Ok(self.set_option($crate::option::WriteTimeout(timeout))?)
            }

            /// Reads [`WriteTimeout`](crate::option::WriteTimeout).
            ///
            /// # Errors
            ///
            /// Those of getsockopt(2).
            ///
            /// # Examples
            ///
            /// See [`set_write_timeout`](Self::set_write_timeout).
            pub fn write_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                let $crate::option::WriteTimeout(timeout) = self.option()?;
                Ok(timeout)
            }
        }
    };
}
pub(crate) use timeouts;

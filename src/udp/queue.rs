//! The path MTU and the lengths of the queues of datagram sockets.

use std::io;

use super::{ConnectedUdpSocket, UdpSocket};
use crate::mode::Mode;
use crate::sys;

impl<M: Mode> UdpSocket<M> {
    /// Bytes that wait to be received (`FIONREAD`).
    ///
    /// # Errors
    ///
    /// Those of ioctl(2).
    ///
    /// # Platform notes
    ///
    /// On Linux and Android it is the length of the next datagram; elsewhere it may be that of all
    /// that wait, some systems counting their addresses too. 0 may mean that an empty one waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
    /// assert_eq!(socket.recv_queue_len()?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "FIONREAD")]
    #[doc(alias = "SIOCINQ")]
    pub fn recv_queue_len(&self) -> io::Result<usize> {
        sys::recv_queue_len(self.socket_ref().fd)
    }

    /// Bytes that were sent and have not left the host yet (`SIOCOUTQ`).
    ///
    /// # Errors
    ///
    /// Kind [`Unsupported`](io::ErrorKind::Unsupported) where the system does not tell.
    ///
    /// # Platform notes
    ///
    /// On Linux and Android, where the memory that the kernel keeps beside the payload counts too.
    /// Elsewhere it is unsupported.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// let socket = inet6::UdpSocket::bind("[::1]:0")?;
    /// assert_eq!(socket.send_queue_len()?, 0);
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "SIOCOUTQ")]
    pub fn send_queue_len(&self) -> io::Result<usize> {
        sys::send_queue_len(self.socket_ref().fd)
    }
}

impl<M: Mode> ConnectedUdpSocket<M> {
    /// The path MTU to the peer, as [`TcpStream::mtu`](crate::TcpStream::mtu).
    ///
    /// # Errors
    ///
    /// As [`TcpStream::mtu`](crate::TcpStream::mtu).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// assert!(client.mtu().is_ok_and(|mtu| mtu >= 1280) || cfg!(not(target_os = "linux")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "IPV6_MTU")]
    #[doc(alias = "IPV6_PATHMTU")]
    pub fn mtu(&self) -> io::Result<u32> {
        sys::mtu(self.socket_ref())
    }

    /// Bytes that wait to be received, as [`UdpSocket::recv_queue_len`].
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_queue_len`].
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::UdpSocket;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// assert_eq!(client.recv_queue_len()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_queue_len(&self) -> io::Result<usize> {
        sys::recv_queue_len(self.socket_ref().fd)
    }

    /// Bytes that have not left the host yet, as [`UdpSocket::send_queue_len`].
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_queue_len`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use inet6::UdpSocket;
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let client = UdpSocket::bind("[::1]:0")?.connect(server.local_addr()?)?;
    /// assert_eq!(client.send_queue_len()?, 0);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_queue_len(&self) -> io::Result<usize> {
        sys::send_queue_len(self.socket_ref().fd)
    }
}

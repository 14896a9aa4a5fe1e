//! Connected stream sockets.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;

use crate::kind::{Connected, Stream};
use crate::mode::{DualStack, FromWire, Mode};
use crate::option::NoDelay;
use crate::socket::adopt::adopt;
use crate::socket::common::{common_methods, timeouts};
use crate::socket::readiness::{readable, writable};
use crate::sys::{self, Owned, Take};

/// A connected stream socket.
///
/// [`TcpStream::connect`] opens one as std does; a [`Builder`](crate::Builder) opens one in
/// another mode or with options. It reads and writes by value and by reference, and writing to a
/// peer that is gone is an error and never a signal.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let mut stream = TcpStream::connect(listener.local_addr()?)?;
/// let (peer, _) = listener.accept()?;
///
/// stream.write_all(b"ping")?;
/// let mut buffer = [0; 4];
/// (&peer).read_exact(&mut buffer)?;
/// assert_eq!(&buffer, b"ping");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It cannot accept:
///
/// ```compile_fail,E0599
/// # let listener = inet6::TcpListener::bind("[::1]:0")?;
/// # let stream = inet6::TcpStream::connect(listener.local_addr()?)?;
/// stream.accept()?; // a `TcpListener` can
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
/// # let listener = inet6::TcpListener::bind("[::1]:0")?;
/// # let stream = inet6::TcpStream::connect(listener.local_addr()?)?;
/// listener.accept()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TcpStream<M: Mode = DualStack> {
    pub(super) fd: Owned,
    pub(super) mode: M,
}

common_methods!(TcpStream {}, Stream, role Connected);
adopt!(TcpStream, Stream, std::net::TcpStream);
timeouts!(TcpStream);
readable!(TcpStream);
writable!(TcpStream);

impl<M: Mode> TcpStream<M> {
    pub(crate) fn new(fd: Owned, mode: M) -> Self {
        Self { fd, mode }
    }

    /// The address of the peer, in the mode's type.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) where the peer has reset the connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "getpeername")]
    pub fn peer_addr(&self) -> io::Result<M::Address> {
        sys::peer_address(self.socket_ref().fd).map(M::Address::from_wire)
    }

    /// Sends bytes, and returns how many went out, which may be fewer than given.
    ///
    /// [`write_all`](std::io::Write::write_all) sends all of them.
    ///
    /// # Errors
    ///
    /// Those of send(2): [`BrokenPipe`](io::ErrorKind::BrokenPipe) after the peer is gone,
    /// [`Interrupted`](io::ErrorKind::Interrupted) by a signal, as in std.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// assert_eq!(stream.send(b"ping")?, 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        sys::send(sys::borrow(&self.fd), data, false)
    }

    /// As [`send`](Self::send), from several slices in one call.
    ///
    /// A header and a body that leave so cost two thirds to three quarters of two calls, and are
    /// one segment where two calls may be two; to copy a large body into one buffer first costs
    /// more.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    /// use std::io::IoSlice;
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// assert_eq!(stream.send_vectored(&[IoSlice::new(b"head"), IoSlice::new(b"body")])?, 8);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn send_vectored(&self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        sys::send_vectored(sys::borrow(&self.fd), data)
    }

    /// Sends out-of-band data; of several bytes the last one is "urgent".
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// See [`recv_out_of_band`](Self::recv_out_of_band).
    #[doc(alias = "MSG_OOB")]
    pub fn send_out_of_band(&self, data: &[u8]) -> io::Result<usize> {
        sys::send(sys::borrow(&self.fd), data, true)
    }

    /// Receives bytes; 0 means that the peer will send no more.
    ///
    /// # Errors
    ///
    /// Those of recv(2): [`WouldBlock`](io::ErrorKind::WouldBlock) on a nonblocking socket and when
    /// a read timeout has passed, [`TimedOut`](io::ErrorKind::TimedOut) when the peer no longer
    /// answers, [`Interrupted`](io::ErrorKind::Interrupted) by a signal, as in std.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.send(b"pong")?;
    /// let mut buffer = [0; 16];
    /// assert_eq!(stream.recv(&mut buffer)?, 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        sys::recv(sys::borrow(&self.fd), buffer.into(), Take::Data)
    }

    /// As [`recv`](Self::recv), into memory that need not be initialised.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    /// use std::mem::MaybeUninit;
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.send(b"pong")?;
    /// let mut buffer = [MaybeUninit::uninit(); 16];
    /// assert_eq!(stream.recv_uninit(&mut buffer)?, b"pong");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn recv_uninit<'a>(&self, buffer: &'a mut [MaybeUninit<u8>]) -> io::Result<&'a mut [u8]> {
        sys::recv_uninit(sys::borrow(&self.fd), buffer)
    }

    /// As [`recv`](Self::recv), into several slices in one call.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    /// use std::io::IoSliceMut;
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.send(b"headbody")?;
    /// let (mut head, mut body) = ([0; 4], [0; 4]);
    /// stream.recv_vectored(&mut [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)])?;
    /// assert_eq!((&head, &body), (b"head", b"body"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn recv_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        sys::recv_vectored(sys::borrow(&self.fd), buffers, Take::Data)
    }

    /// Receives bytes and leaves them in the queue.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.send(b"pong")?;
    /// let mut buffer = [0; 16];
    /// assert_eq!(stream.peek(&mut buffer)?, 4);
    /// assert_eq!(stream.recv(&mut buffer)?, 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "MSG_PEEK")]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        sys::recv(sys::borrow(&self.fd), buffer.into(), Take::Peek)
    }

    /// Receives the out-of-band byte.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`InvalidInput`](io::ErrorKind::InvalidInput) where there is
    /// none, or where [`OutOfBandInline`](crate::option::OutOfBandInline) put it among the others.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// let (peer, _) = listener.accept()?;
    /// peer.send(b"before")?;
    /// peer.send_out_of_band(b"!")?;
    /// stream.recv(&mut [0; 16])?; // it stops before the urgent byte
    /// let mut urgent = [0];
    /// stream.recv_out_of_band(&mut urgent)?;
    /// assert_eq!(&urgent, b"!");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "MSG_OOB")]
    pub fn recv_out_of_band(&self, buffer: &mut [u8]) -> io::Result<usize> {
        sys::recv(sys::borrow(&self.fd), buffer.into(), Take::OutOfBand)
    }

    /// Ends one direction of the connection, or both.
    ///
    /// After `Shutdown::Write` the peer reads to the end and can still answer.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) after the peer has reset the connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    /// use std::net::Shutdown;
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// let (peer, _) = listener.accept()?;
    /// stream.shutdown(Shutdown::Write)?;
    /// assert_eq!(peer.recv(&mut [0; 8])?, 0);
    /// peer.send(b"answer")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        sys::shutdown(sys::borrow(&self.fd), how)
    }

    /// Sets [`NoDelay`].
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        Ok(self.set_option(NoDelay(nodelay))?)
    }

    /// Reads [`NoDelay`].
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    ///
    /// # Examples
    ///
    /// See [`set_nodelay`](Self::set_nodelay).
    pub fn nodelay(&self) -> io::Result<bool> {
        let NoDelay(on) = self.option()?;
        Ok(on)
    }
}

/// std's traits, for a value that has the methods of a stream.
macro_rules! writes {
    ([$($generics:tt)*] $stream:ty) => {
        impl<$($generics)*> std::io::Write for $stream {
            fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
                self.send(data)
            }

            fn write_vectored(&mut self, data: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                self.send_vectored(data)
            }

            /// Does nothing: the kernel sends what it is given. A [`Corked`](crate::tcp::Corked)
            /// stream is flushed by [`uncork`](crate::tcp::Corked::uncork).
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
    };
}
pub(super) use writes;

macro_rules! reads {
    ([$($generics:tt)*] $stream:ty) => {
        impl<$($generics)*> Read for $stream {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.recv(buffer)
            }

            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.recv_vectored(buffers)
            }
        }
    };
}

reads!([M: Mode] TcpStream<M>);
reads!([M: Mode] &TcpStream<M>);
writes!([M: Mode] TcpStream<M>);
writes!([M: Mode] &TcpStream<M>);

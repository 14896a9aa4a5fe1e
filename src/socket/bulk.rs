//! Streams in bulk: files that the kernel sends by itself, and writes that leave together.

use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::mem;
use std::ops::Deref;

use super::TcpStream;
use crate::error::{Error, Op};
use crate::mode::{Mode, V6Only};
use crate::option::{Cork, Setting};
use crate::sys::{self, option_numbers};

impl<M: Mode> TcpStream<M> {
    /// Sends up to `len` bytes of a file, from `offset` on, without copying them through the
    /// program; returns how many went out.
    ///
    /// That may be fewer than asked for, as with [`send`](Self::send), is no more than 2 GB in one
    /// call, and is 0 at the end of the file. The position of the file is neither used nor moved.
    /// Nothing keeps others from writing to the file meanwhile: what leaves is what it holds when
    /// the kernel reads it.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send), with [`WouldBlock`](io::ErrorKind::WouldBlock) on a
    /// nonblocking socket that has no room, and those of reading the file.
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a file that cannot be sent so, such as a
    /// directory, and for an offset of 2⁶³ or more; one that the file system does not reach may be
    /// an error too.
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the system lacks it.
    ///
    /// # Platform notes
    ///
    /// Linux, Android, Apple's systems, FreeBSD and DragonFly have it. The other systems do not: the
    /// `TransmitFile` of Windows waits on a nonblocking socket, too. On Linux two more calls keep
    /// `SIGPIPE` away, and a third one where only a part went out.
    ///
    /// # Examples
    ///
    /// A whole file, also where the system does not have it, and on a nonblocking stream:
    ///
    /// ```
    /// use inet6::{TcpListener, TcpStream};
    /// use std::fs::File;
    /// use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
    ///
    /// fn send_all(mut stream: &TcpStream, mut file: &File) -> io::Result<u64> {
    ///     let mut offset = 0;
    ///     loop {
    ///         match stream.send_file(file, offset, usize::MAX) {
    ///             Ok(0) => return Ok(offset),
    ///             Ok(sent) => offset += sent as u64,
    ///             Err(error) if error.kind() == ErrorKind::Interrupted => {}
    ///             Err(error) if error.kind() == ErrorKind::WouldBlock => {
    ///                 stream.wait_writable(None)?;
    ///             }
    ///             Err(error) if error.kind() == ErrorKind::Unsupported => {
    ///                 file.seek(SeekFrom::Start(offset))?;
    ///                 return Ok(offset + io::copy(&mut file, &mut stream)?);
    ///             }
    ///             Err(error) => return Err(error),
    ///         }
    ///     }
    /// }
    ///
    /// let listener = TcpListener::bind("[::1]:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// let file = File::open("Cargo.toml")?;
    /// assert_eq!(send_all(&stream, &file)?, file.metadata()?.len());
    /// drop(stream);
    ///
    /// let mut text = String::new();
    /// listener.accept()?.0.read_to_string(&mut text)?;
    /// assert!(text.contains("inet6"));
    /// # Ok::<(), io::Error>(())
    /// ```
    #[doc(alias = "sendfile")]
    #[doc(alias = "TransmitFile")]
    pub fn send_file(&self, file: &File, offset: u64, len: usize) -> io::Result<usize> {
        sys::send_file(self.target().fd, file, offset, len)
    }

    /// Holds back what is sent, until the value that this returns is gone: then it leaves in full
    /// segments.
    ///
    /// It is for what is made in parts: a header and a file, an answer of many small writes. Full
    /// segments leave meanwhile. What is at hand in one piece needs two calls less by
    /// [`send_vectored`](Self::send_vectored).
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the system lacks [`Cork`], and on Apple's
    /// systems, where switching it off lets nothing leave.
    ///
    /// # Examples
    ///
    /// See [`Corked`].
    #[doc(alias = "TCP_CORK")]
    #[doc(alias = "TCP_NOPUSH")]
    pub fn cork(&self) -> Result<Corked<'_, M>, Error> {
        if !option_numbers::UNCORKING_SENDS {
            let error = io::ErrorKind::Unsupported.into();
            return Err(sys::errno::option(Op::Set(Cork::NAME), error));
        }
        self.set_option(Cork(true))?;
        Ok(Corked { stream: self })
    }
}

/// A stream that holds back what is sent ([`TcpStream::cork`]).
///
/// It is the stream for everything else. When it is dropped, what is left leaves;
/// [`uncork`](Self::uncork) does that too, and tells if it fails. Corks are not counted: with two of
/// them, the first one that goes lets everything leave.
///
/// # Platform notes
///
/// As [`Cork`]: Linux lets a held segment go after 200 ms at the latest. Nothing holds forever: a
/// full segment leaves, and so does all when the stream is shut down.
///
/// # Examples
///
/// ```
/// use inet6::{TcpListener, TcpStream};
/// use std::fs::File;
/// use std::io::{ErrorKind, Read, Write};
///
/// let listener = TcpListener::bind("[::1]:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// let file = File::open("Cargo.toml")?;
/// match stream.cork() {
///     Ok(mut corked) => {
///         write!(corked, "length: {}\r\n\r\n", file.metadata()?.len())?;
///         let sent = corked.send_file(&file, 0, 20)?;
///         corked.uncork()?; // both, in one segment
/// #       stream.shutdown(std::net::Shutdown::Write)?;
/// #       let mut text = String::new();
/// #       listener.accept()?.0.read_to_string(&mut text)?;
/// #       assert!(sent == 20 && text.contains("\n[package]"));
///     }
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the stream is held back while this value lives"]
pub struct Corked<'a, M: Mode = V6Only> {
    stream: &'a TcpStream<M>,
}

impl<M: Mode> Corked<'_, M> {
    /// Lets everything leave.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2): [`InvalidInput`](io::ErrorKind::InvalidInput) on some systems where
    /// the peer has reset the connection.
    ///
    /// # Examples
    ///
    /// See [`Corked`].
    pub fn uncork(self) -> Result<(), Error> {
        let stream = self.stream;
        mem::forget(self);
        stream.set_option(Cork(false))
    }
}

impl<M: Mode> Drop for Corked<'_, M> {
    fn drop(&mut self) {
        if let Err(error) = self.stream.set_option(Cork(false)) {
            log::debug!("{error}");
        }
    }
}

impl<M: Mode> Deref for Corked<'_, M> {
    type Target = TcpStream<M>;

    fn deref(&self) -> &TcpStream<M> {
        self.stream
    }
}

impl<M: Mode> Write for Corked<'_, M> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.send(data)
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send_vectored(data)
    }

    /// Does nothing, as that of the stream: [`uncork`](Corked::uncork) lets everything leave.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<M: Mode> fmt::Debug for Corked<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Corked").field("stream", self.stream).finish()
    }
}

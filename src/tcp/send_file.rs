//! Files that the kernel sends by itself.

use std::fs::File;
use std::io;

use super::TcpStream;
use crate::mode::Mode;
use crate::sys;

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
    /// Linux, Android, Apple's systems, FreeBSD and DragonFly have it. The other systems do not:
    /// the `TransmitFile` of Windows waits on a nonblocking socket, too. On Linux two more calls
    /// keep `SIGPIPE` away, and a third one where only a part went out.
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
        sys::send_file(self.socket_ref().fd, file, offset, len)
    }
}

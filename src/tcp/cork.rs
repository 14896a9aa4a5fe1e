//! Writes that leave together: [`Corked`].

use std::fmt;
use std::io;
use std::mem;
use std::ops::Deref;

use super::TcpStream;
use crate::error::{Error, Op};
use crate::mode::{DualStack, Mode};
use crate::option::{Cork, Setting};
use crate::sys::{self, option_numbers};

impl<M: Mode> TcpStream<M> {
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
/// [`uncork`](Self::uncork) does that too, and tells if it fails. Corks are not counted: with two
/// of them, the first one that goes lets everything leave.
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
pub struct Corked<'a, M: Mode = DualStack> {
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

super::stream::writes!([M: Mode] Corked<'_, M>);

impl<M: Mode> fmt::Debug for Corked<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Corked").field("stream", self.stream).finish()
    }
}

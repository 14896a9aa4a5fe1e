//! The clock, the sockets and the resolver of a race.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::host::{HappyEyeballs, Target};
use super::race::{Next, Race, Rules};
use super::report::{
    Answer, Attempt, Event, HostConnection, HostError, HostErrorKind, Outcome, Report,
};
use super::resolve::{Family, ResolveError, ResolveErrorKind};
use crate::addr::{AddressError, Endpoint, ToAddress};
use crate::builder::Builder;
use crate::error::{Error, Op, Reason};
use crate::kind::{Datagram, Kind, Stream};
use crate::mode::{FromWire, Mode};
use crate::socket::{ConnectedUdpSocket, Connecting, TcpStream};
use crate::sys::{self, Borrowed, Waker, Woken};

impl<M: Mode> Builder<Stream, M> {
    /// Connects to a host by its name, over the fastest of its addresses (Happy Eyeballs).
    ///
    /// The name is looked up in both families at once, in [`V6Only`](crate::V6Only) mode in IPv6
    /// alone; the addresses are tried one after the other, each with a short head start, IPv6 and
    /// IPv4 in turns; and the first connection is kept. Every attempt has all options of the
    /// builder. A literal address is connected to without a look-up. [`HappyEyeballs`] holds the
    /// rules.
    ///
    /// # Errors
    ///
    /// [`HostError`] tells what the resolver said and what became of every attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::Builder;
    ///
    /// let builder = Builder::stream().dual_stack();
    /// # let listener = builder.bind("[::]:0")?.listen(16)?;
    /// # let port = listener.local_addr()?.port();
    /// let connection = builder.connect_host(("localhost", port))?;
    /// println!("{}", connection.report);
    /// connection.socket.send(b"Hello, server!")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "RFC 8305")]
    #[doc(alias = "happy eyeballs")]
    pub fn connect_host(
        &self,
        host: impl Into<HappyEyeballs>,
    ) -> Result<HostConnection<TcpStream<M>>, HostError> {
        run(self, &host.into(), |source, peer| {
            let connecting = match source {
                Some(source) => self.bind(Endpoint::from(source))?.start_connect(peer)?,
                None => self.start_connect(peer)?,
            };
            Ok(Started::Running(connecting))
        })
    }
}

impl<M: Mode> Builder<Datagram, M> {
    /// Connects a datagram socket to a host by its name.
    ///
    /// The peer is the first address that this host has a route to and a source address for, in the
    /// order in which [streams](Builder::connect_host) try them. No packet is sent, so nobody knows
    /// whether the peer is there.
    ///
    /// # Errors
    ///
    /// [`HostError`] tells what the resolver said and what became of every attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use inet6::{Builder, UdpSocket};
    ///
    /// let server = UdpSocket::bind("[::1]:0")?;
    /// let port = server.local_addr()?.port();
    /// let connection = Builder::datagram().connect_host(("::1", port))?;
    /// connection.socket.send(b"ping")?;
    /// assert_eq!(server.recv_from(&mut [0; 8])?.0, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connect_host(
        &self,
        host: impl Into<HappyEyeballs>,
    ) -> Result<HostConnection<ConnectedUdpSocket<M>>, HostError> {
        run(self, &host.into(), |source, peer| {
            let socket = match source {
                Some(source) => self.bind(Endpoint::from(source))?.connect(peer.clone())?,
                None => self.connect(peer.clone())?,
            };
            sourced(&socket, peer)?;
            Ok(Started::<Never<_>, _>::Done(socket))
        })
    }
}

/// Refuses a connection without an address of this host, which some system may make.
fn sourced<M: Mode>(socket: &ConnectedUdpSocket<M>, peer: Endpoint) -> Result<(), Error> {
    match sys::local_address(socket.target().fd) {
        Ok(local) if !local.ip().is_unspecified() => Ok(()),
        Ok(_) => {
            let error = std::io::ErrorKind::AddrNotAvailable.into();
            Err(Error::new(Op::Connect, Some(peer), Some(Reason::NoSource), error))
        }
        Err(error) => Err(Error::new(Op::Connect, Some(peer), None, error)),
    }
}

/// An attempt that was started.
enum Started<P, S> {
    Running(P),
    Done(S),
}

/// A connection under way.
trait Pending<S> {
    fn fd(&self) -> Borrowed<'_>;
    fn finish(self) -> Result<S, Error>;
}

impl<M: Mode> Pending<TcpStream<M>> for Connecting<M> {
    fn fd(&self) -> Borrowed<'_> {
        self.descriptor()
    }

    fn finish(self) -> Result<TcpStream<M>, Error> {
        self.finish()
    }
}

/// No connection of a datagram socket is ever under way.
struct Never<S>(std::convert::Infallible, std::marker::PhantomData<S>);

impl<S> Pending<S> for Never<S> {
    fn fd(&self) -> Borrowed<'_> {
        match self.0 {}
    }

    fn finish(self) -> Result<S, Error> {
        match self.0 {}
    }
}

fn run<K: Kind, M: Mode, P: Pending<S>, S>(
    builder: &Builder<K, M>,
    host: &HappyEyeballs,
    start: impl Fn(Option<SocketAddr>, Endpoint) -> Result<Started<P, S>, Error>,
) -> Result<HostConnection<S>, HostError> {
    let name = host.target.as_ref().map_or_else(|_| String::new(), ToString::to_string);
    let mut drive = Drive {
        host,
        began: Instant::now(),
        report: Report {
            host: name,
            answers: Vec::new(),
            attempts: Vec::new(),
            elapsed: Duration::ZERO,
        },
        running: Vec::new(),
        done: None,
    };
    let target = match &host.target {
        Ok(target) => target,
        Err(error) => return Err(HostError::invalid(error.clone(), drive.report)),
    };
    let families = match builder.chosen_mode().v6_only() {
        true => &[Family::Ipv6][..],
        false => &[Family::Ipv6, Family::Ipv4],
    };
    let rules = Rules {
        resolution_delay: host.resolution_delay,
        attempt_delay: host.attempt_delay,
        deadline: host.deadline,
        first_family: host.first_family,
        first_family_count: host.first_family_count.get(),
    };
    let (race, questions) = match target {
        Target::Literal(endpoint) => match literal(builder.chosen_mode(), endpoint) {
            Ok(address) => {
                let family = if address.is_ipv6() { Family::Ipv6 } else { Family::Ipv4 };
                let mut race = Race::new(rules, &[]);
                race.answered(family, &[address], Duration::ZERO);
                (race, None)
            }
            Err(error) => return Err(HostError::invalid(error, drive.report)),
        },
        Target::Name { name, port } => match Questions::ask(host, name, *port, families) {
            Ok(questions) => (Race::new(rules, families), Some(questions)),
            Err(error) => {
                let answer = Answer {
                    family: host.first_family,
                    at: Duration::ZERO,
                    result: Err(ResolveError::new(ResolveErrorKind::Other, error)),
                };
                drive.report.answers.push(answer);
                return Err(HostError::new(HostErrorKind::Unresolved, drive.report));
            }
        },
    };
    drive.run(race, questions, start)
}

/// The address that a literal stands for, its zone looked up.
fn literal<M: Mode>(mode: M, endpoint: impl ToAddress<M>) -> Result<SocketAddr, AddressError> {
    let wire = endpoint.to_wire(mode, sys::interface_index)?;
    Ok(M::Address::from_wire(wire).into())
}

/// A race that runs.
struct Drive<'a, P, S> {
    host: &'a HappyEyeballs,
    began: Instant,
    report: Report,
    /// Attempts under way, by their number.
    running: Vec<(usize, P)>,
    done: Option<S>,
}

impl<P: Pending<S>, S> Drive<'_, P, S> {
    fn run(
        mut self,
        mut race: Race,
        questions: Option<Questions>,
        start: impl Fn(Option<SocketAddr>, Endpoint) -> Result<Started<P, S>, Error>,
    ) -> Result<HostConnection<S>, HostError> {
        loop {
            match race.next(self.began.elapsed()) {
                Next::Start { attempt, address } => {
                    self.start(&mut race, attempt, address, &start);
                }
                Next::Wait { until } => {
                    if let Err(error) = self.wait(&mut race, questions.as_ref(), until) {
                        return Err(self.lost_to(error));
                    }
                }
                Next::Connected { attempt } => return self.won(attempt),
                Next::Exhausted if self.report.attempts.is_empty() => {
                    return Err(self.lost(HostErrorKind::Unresolved));
                }
                Next::Exhausted => return Err(self.lost(HostErrorKind::Exhausted)),
                Next::TimedOut => return Err(self.lost(HostErrorKind::TimedOut)),
            }
        }
    }

    fn start(
        &mut self,
        race: &mut Race,
        attempt: usize,
        address: SocketAddr,
        start: &impl Fn(Option<SocketAddr>, Endpoint) -> Result<Started<P, S>, Error>,
    ) {
        let at = self.began.elapsed();
        self.host.tell(&Event::Started { address, at });
        // Given up, unless something else becomes of it.
        self.report.attempts.push(Attempt {
            address,
            started: at,
            ended: at,
            outcome: Outcome::Cancelled,
        });
        let source = self.host.source.as_ref().and_then(|source| source(address));
        match start(source, Endpoint::from(address)) {
            Ok(Started::Running(pending)) => self.running.push((attempt, pending)),
            Ok(Started::Done(socket)) => self.ended(race, attempt, Ok(socket)),
            Err(error) => self.ended(race, attempt, Err(error)),
        }
    }

    fn ended(&mut self, race: &mut Race, attempt: usize, result: Result<S, Error>) {
        let outcome = match result {
            Ok(socket) => {
                race.connected(attempt);
                if self.done.is_none() {
                    self.done = Some(socket);
                    Outcome::Connected
                } else {
                    Outcome::Cancelled
                }
            }
            Err(error) => {
                race.failed();
                Outcome::Failed(error)
            }
        };
        let ended = self.began.elapsed();
        let attempt = &mut self.report.attempts[attempt];
        attempt.ended = ended;
        attempt.outcome = outcome;
        self.host.tell(&Event::Ended(attempt));
    }

    /// Waits for an answer, for the end of an attempt, or until a moment.
    fn wait(
        &mut self,
        race: &mut Race,
        questions: Option<&Questions>,
        until: Option<Duration>,
    ) -> std::io::Result<()> {
        let left = until.map(|until| until.saturating_sub(self.began.elapsed()));
        let fds: Vec<_> = self.running.iter().map(|(_, pending)| pending.fd()).collect();
        let ready = sys::wait_any(&fds, questions.map(|questions| questions.woken.fd()), left)?;
        let mut ready: Vec<_> =
            ready.into_iter().rev().map(|at| self.running.swap_remove(at)).collect();
        // Of two that are there at once, the one that started first is kept.
        ready.sort_by_key(|(attempt, _)| *attempt);
        for (attempt, pending) in ready {
            self.ended(race, attempt, pending.finish());
        }
        if let Some(questions) = questions {
            questions.woken.drain();
            for (family, result) in questions.answers.try_iter() {
                self.answered(race, questions.port, family, result);
            }
        }
        Ok(())
    }

    fn answered(
        &mut self,
        race: &mut Race,
        port: u16,
        family: Family,
        mut result: Result<Vec<SocketAddr>, ResolveError>,
    ) {
        if let Ok(addresses) = &mut result {
            addresses.retain(|address| address.is_ipv6() == (family == Family::Ipv6));
            addresses.iter_mut().for_each(|address| address.set_port(port));
            if addresses.is_empty() {
                result = Err(ResolveErrorKind::NoAddress.into());
            }
        }
        let at = self.began.elapsed();
        race.answered(family, result.as_deref().unwrap_or_default(), at);
        let answer = Answer { family, at, result };
        self.host.tell(&Event::Answered(&answer));
        self.report.answers.push(answer);
    }

    /// Ends what still runs, and closes its sockets.
    fn give_up(&mut self) {
        self.report.elapsed = self.began.elapsed();
        for (attempt, pending) in self.running.drain(..) {
            drop(pending);
            let attempt = &mut self.report.attempts[attempt];
            attempt.ended = self.report.elapsed;
            self.host.tell(&Event::Ended(attempt));
        }
    }

    fn won(mut self, attempt: usize) -> Result<HostConnection<S>, HostError> {
        self.give_up();
        let peer = self.report.attempts[attempt].address;
        match self.done {
            Some(socket) => Ok(HostConnection { socket, peer, report: self.report }),
            None => Err(HostError::new(HostErrorKind::Exhausted, self.report)),
        }
    }

    fn lost(mut self, kind: HostErrorKind) -> HostError {
        self.give_up();
        HostError::new(kind, self.report)
    }

    /// The system cannot wait: the attempts under way end with its error.
    fn lost_to(mut self, error: std::io::Error) -> HostError {
        self.give_up();
        if let Some(last) = self.report.attempts.last_mut() {
            last.outcome = Outcome::Failed(Error::new(Op::Connect, None, None, error));
        }
        HostError::new(HostErrorKind::Exhausted, self.report)
    }
}

/// What a thread that asked sends back.
type Found = (Family, Result<Vec<SocketAddr>, ResolveError>);

/// The questions to the resolver, each in a thread of its own that nobody waits for.
struct Questions {
    port: u16,
    answers: Receiver<Found>,
    woken: Woken,
}

impl Questions {
    fn ask(
        host: &HappyEyeballs,
        name: &str,
        port: u16,
        families: &[Family],
    ) -> std::io::Result<Self> {
        let (waker, woken) = sys::waker()?;
        let (sender, answers) = channel();
        for family in families {
            ask(host, name, *family, sender.clone(), waker.clone())?;
        }
        Ok(Self { port, answers, woken })
    }
}

fn ask(
    host: &HappyEyeballs,
    name: &str,
    family: Family,
    sender: Sender<Found>,
    waker: Waker,
) -> std::io::Result<()> {
    let resolver = Arc::clone(&host.resolver);
    let name = name.to_owned();
    thread::Builder::new().name(format!("resolve {family}")).spawn(move || {
        // A resolver that panics has no answer; the race goes on.
        let result = catch_unwind(AssertUnwindSafe(|| resolver.resolve(&name, family)))
            .unwrap_or_else(|_| Err(ResolveError::new(ResolveErrorKind::Other, "it panicked")));
        // Nobody listens any more once the race is over.
        if sender.send((family, result)).is_ok() {
            waker.wake();
        }
    })?;
    Ok(())
}

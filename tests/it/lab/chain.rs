//! Hosts in a row, where the inner ones are routers.

use super::{Host, link};

/// Hosts in a row, with a wire from each to the next. The first and the last are end hosts, those
/// between are routers.
///
/// The wires have numbers, from 1 on the left. On each wire the host on its left has the last
/// number 1, the other one 2. A host calls the interface towards its left neighbour `left`, and the
/// other one `right`.
///
/// | wire | addresses |
/// | --- | --- |
/// | 1 | `2001:db8:0:1::/64`, `192.0.2.0/24` |
/// | 2 | `2001:db8:0:2::/64`, `198.51.100.0/24` |
/// | 3 | `2001:db8:0:3::/64`, `203.0.113.0/24` |
///
/// Routers know the wires and nothing else. Nobody limits the rate of ICMP errors.
#[derive(Debug)]
pub(crate) struct Chain(Vec<Host>);

const IPV4: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];

impl Chain {
    /// Two end hosts and one router, or two of them, between.
    pub(crate) fn through(routers: usize) -> Result<Self, String> {
        let wires = routers + 1;
        assert!((2..=IPV4.len()).contains(&wires));
        let hosts: Vec<_> = (0..=wires).map(|_| Host::new()).collect::<Result<_, _>>()?;
        let chain = Self(hosts);
        for number in 0..chain.0.len() {
            chain.set_up(number)?;
        }
        for wire in 1..=wires {
            let (left, right) = chain.ends(wire);
            for (host, name) in [(left, "right"), (right, "left")] {
                host.await_carrier(name);
            }
        }
        chain.0.iter().for_each(Host::settle);
        Ok(chain)
    }

    pub(crate) fn left(&self) -> &Host {
        self.host(0)
    }

    pub(crate) fn right(&self) -> &Host {
        self.host(self.0.len() - 1)
    }

    /// The router of this number, from 1 on the left.
    pub(crate) fn router(&self, number: usize) -> &Host {
        assert!((1..self.0.len() - 1).contains(&number));
        self.host(number)
    }

    /// Sets the MTU of a wire, on both its ends.
    #[track_caller]
    pub(crate) fn set_mtu(&self, wire: usize, mtu: u32) {
        let (left, right) = self.ends(wire);
        left.ip(&format!("link set dev right mtu {mtu}"));
        right.ip(&format!("link set dev left mtu {mtu}"));
    }

    fn host(&self, number: usize) -> &Host {
        &self.0[number]
    }

    fn ends(&self, wire: usize) -> (&Host, &Host) {
        (self.host(wire - 1), self.host(wire))
    }

    /// Gives a host its addresses and routes.
    fn set_up(&self, number: usize) -> Result<(), String> {
        let host = self.host(number);
        let wires = self.0.len() - 1;
        let mut lines = vec!["link set dev lo up".to_owned()];
        if number < wires {
            // Its other end has no address before its host is set up.
            lines.push(link("right", "left", self.host(number + 1)));
        }
        let mut interface = |name: &str, wire: usize, last: u8| {
            let ipv4 = IPV4[wire - 1];
            lines.extend([
                format!("link set dev {name} addrgenmode none"),
                format!("link set dev {name} up"),
                format!("address add fe80::{last}/64 dev {name} nodad"),
                format!("address add 2001:db8:0:{wire}::{last}/64 dev {name} nodad"),
                format!("address add {ipv4}.{last}/24 dev {name}"),
            ]);
        };
        if number > 0 {
            interface("left", number, 2);
        }
        if number < wires {
            interface("right", number + 1, 1);
        }
        let end = number == 0 || number == wires;
        for wire in 1..=wires {
            let (neighbour, last) = match wire {
                wire if wire < number => (number, 1),
                wire if wire > number + 1 => (number + 1, 2),
                _ => continue,
            };
            let to = |prefix: String| if end { "default".to_owned() } else { prefix };
            lines.extend([
                format!(
                    "route replace {} via 2001:db8:0:{neighbour}::{last}",
                    to(format!("2001:db8:0:{wire}::/64"))
                ),
                format!(
                    "route replace {} via {}.{last}",
                    to(format!("{}.0/24", IPV4[wire - 1])),
                    IPV4[neighbour - 1]
                ),
            ]);
        }
        let router = [("ipv6/conf/all/forwarding", "1"), ("ipv4/ip_forward", "1")];
        let everybody = [("ipv6/icmp/ratelimit", "0"), ("ipv4/icmp_ratelimit", "0")];
        host.sysctls(&everybody);
        if !end {
            host.sysctls(&router);
        }
        host.ip_lines(&lines)
    }
}

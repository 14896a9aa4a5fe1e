//! What a host drops, refuses and marks (nftables).

use std::process::Command;

use super::Host;
use super::setup::run;

/// The packets of a host at one place of their way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packets<'a> {
    host: &'a Host,
    /// The hook and the type of its chain.
    hook: &'static str,
    chain: &'static str,
}

/// How a packet is refused: the name that nftables has for it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reject {
    /// As a closed port of TCP does it.
    Reset,
    /// ICMPv6 type 1, or ICMP type 3: no route, code 0.
    NoRoute,
    /// Code 1 of ICMPv6, 13 of ICMP.
    Prohibited,
    /// Code 3 of ICMPv6, 1 of ICMP.
    Address,
    /// Code 4 of ICMPv6, 3 of ICMP.
    Port,
    /// Code 5, of ICMPv6 only.
    Policy,
    /// Code 6, of ICMPv6 only.
    Route,
}

impl Host {
    /// What comes for this host.
    pub(crate) fn arriving(&self) -> Packets<'_> {
        Packets { host: self, hook: "input", chain: "filter" }
    }

    /// What passes through this host, which is a router.
    pub(crate) fn passing(&self) -> Packets<'_> {
        Packets { host: self, hook: "forward", chain: "filter" }
    }

    /// What this host sends.
    pub(crate) fn leaving(&self) -> Packets<'_> {
        // So that a mark decides the route.
        Packets { host: self, hook: "output", chain: "route" }
    }

    /// Takes all rules away.
    #[track_caller]
    pub(crate) fn let_all_through(&self) {
        run(self, Command::new("nft").args(["flush", "ruleset"]), "").unwrap();
    }
}

/// Each verb is for the packets that match an expression of nftables, such as `meta l4proto tcp`.
impl Packets<'_> {
    /// They disappear.
    pub(crate) fn drop(&self, matching: &str) -> Result<(), String> {
        self.rule(&format!("{matching} drop"))
    }

    /// Each `every`th of them disappears, from the first on.
    pub(crate) fn drop_each(&self, every: u32, matching: &str) -> Result<(), String> {
        self.rule(&format!("{matching} numgen inc mod {every} 0 drop"))
    }

    /// They are refused, and who sent them is told.
    pub(crate) fn reject(&self, matching: &str, how: Reject) -> Result<(), String> {
        let with = match how {
            Reject::Reset => "tcp reset",
            Reject::NoRoute => "icmpx no-route",
            Reject::Prohibited => "icmpx admin-prohibited",
            Reject::Address => "icmpx host-unreachable",
            Reject::Port => "icmpx port-unreachable",
            Reject::Policy => "icmpv6 type policy-fail",
            Reject::Route => "icmpv6 type reject-route",
        };
        self.rule(&format!("{matching} reject with {with}"))
    }

    /// They get a mark, which is not on the wire; rules and routes see it.
    pub(crate) fn mark(&self, matching: &str, mark: u32) -> Result<(), String> {
        self.rule(&format!("{matching} meta mark set {mark}"))
    }

    /// They tell of congestion, as a router does that would drop them otherwise (ECN).
    pub(crate) fn mark_congestion(&self, matching: &str) -> Result<(), String> {
        self.rule(&format!("{matching} ip6 ecn != not-ect ip6 ecn set ce"))
    }

    /// They get this hop limit, by which a receiver knows that they passed here.
    pub(crate) fn set_hops(&self, matching: &str, hops: u8) -> Result<(), String> {
        self.rule(&format!("{matching} ip6 hoplimit set {hops}"))?;
        self.rule(&format!("{matching} ip ttl set {hops}"))
    }

    fn rule(&self, rule: &str) -> Result<(), String> {
        let Self { host, hook, chain } = self;
        let script = format!(
            "add table inet lab; \
             add chain inet lab {hook} {{ type {chain} hook {hook} priority 0; }}; \
             add rule inet lab {hook} {rule}"
        );
        run(host, Command::new("nft").arg(script), "").map(drop)
    }
}

//! What holds for any report: the body of a property test, which a fuzzer drives as well.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};

use super::{ErrorReport, Origin};
use crate::addr::mapped::is_mapped;
use crate::mode::DualStack;
use crate::sys;
use crate::sys::cmsg::{Native, Queued};

/// Whatever a report is made of, it says nothing that was not there.
pub(crate) fn any_bytes(control: &[u8]) {
    let Some(queued) = Queued::read::<Native>(control) else { return };
    let wire = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 9, 0, 0);
    let report = sys::QueuedReport { len: 0, truncated: false, destination: Some(wire), queued };
    let report = ErrorReport::<DualStack>::new(report);
    let raw = report.icmp.map(|icmp| (icmp.kind(), icmp.code()));
    assert!(raw.is_none_or(|raw| raw == (queued.kind, queued.code)));
    assert_eq!(raw.is_some(), matches!(report.origin, Origin::Icmp | Origin::Icmpv6));
    assert!(report.offender.is_none() || raw.is_some());
    if let Some(IpAddr::V6(offender)) = report.offender {
        assert!(!is_mapped(&offender), "{offender}");
    }
    assert_eq!(report.sent.is_some(), report.origin == Origin::Timestamp);
    assert_eq!(report.error().is_none(), report.origin == Origin::Timestamp);
    assert_eq!(report.unsent.is_some(), report.origin == Origin::TransmitTime);
    assert!(report.destination.is_none() || report.unsent.is_none());
    let error = io::Error::from_raw_os_error(queued.errno);
    let too_long = sys::errno::is_too_long(&error) && report.sent.is_none();
    assert!(report.mtu.is_none_or(|mtu| mtu == queued.info && mtu != 0 && too_long));
}

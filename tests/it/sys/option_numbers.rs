//! The tables of option numbers, and that each option uses its own row.
//!
//! A round trip cannot see an option that uses another one's number: the source can.

/// The tables of `src/sys/option_numbers`.
const TABLES: [(&str, &str); 11] = [
    ("apple", include_str!("../../../src/sys/option_numbers/apple.rs")),
    ("bsd", include_str!("../../../src/sys/option_numbers/bsd.rs")),
    ("dragonfly", include_str!("../../../src/sys/option_numbers/dragonfly.rs")),
    ("freebsd", include_str!("../../../src/sys/option_numbers/freebsd.rs")),
    ("haiku", include_str!("../../../src/sys/option_numbers/haiku.rs")),
    ("illumos", include_str!("../../../src/sys/option_numbers/illumos.rs")),
    ("linux", include_str!("../../../src/sys/option_numbers/linux.rs")),
    ("netbsd", include_str!("../../../src/sys/option_numbers/netbsd.rs")),
    ("openbsd", include_str!("../../../src/sys/option_numbers/openbsd.rs")),
    ("posix", include_str!("../../../src/sys/option_numbers/posix.rs")),
    ("windows", include_str!("../../../src/sys/option_numbers/windows.rs")),
];

/// The rows whose constant has another name on some system.
const RENAMED: [(&str, &str); 20] = [
    ("IPV6_FREEBIND", "IPV6_BINDANY"),
    ("IPV6_FREEBIND", "SO_BINDANY"),
    ("IPV6_RECVHOPLIMIT", "IPV6_HOPLIMIT"),
    ("IPV6_RECVPKTINFO", "IPV6_PKTINFO"),
    ("IPV6_USER_MTU", "IPV6_MTU"),
    ("IP_TOS_ALIAS", "IP_TCLASS"),
    ("IP_TTL", "IP_HOPLIMIT"),
    ("SHARE_ADDRESS", "SO_REUSEADDR"),
    ("SHARE_ADDRESS", "SO_REUSEPORT"),
    ("SO_BINDTOIFINDEX", "IPV6_BOUND_IF"),
    ("SO_EXCLUSIVEADDRUSE", "SO_EXCLBIND"),
    ("SO_PROTOCOL", "SO_PROTOTYPE"),
    ("SO_REUSEPORT", "SO_REUSEPORT_LB"),
    ("SO_TIMESTAMP", "SO_TIMESTAMPNS"),
    ("TCP_CONGESTION", "TCP_CONGCTL"),
    ("TCP_CORK", "TCP_NOPUSH"),
    ("TCP_KEEPIDLE", "TCP_KEEPALIVE"),
    ("UDP_GRO", "UDP_COALESCED_INFO"),
    ("UDP_GRO", "UDP_RECV_MAX_COALESCED_SIZE"),
    ("UDP_SEGMENT", "UDP_SEND_MSG_SIZE"),
];

#[test]
fn row_equals_constant_of_its_name() {
    let mut seen = 0;
    for (table, source) in TABLES {
        let source: String = source.split_whitespace().collect();
        for row in source.split("pub(crate)const").skip(1) {
            // `NAME:Name=at(LEVEL,libc::NAME);`
            let Some((name, place)) = row.split_once(":Name=at(") else { continue };
            let (level, constant) = place.split_once(',').unwrap();
            let constant = &constant[..constant.find([')', ';']).unwrap()];
            let constant = constant.trim_end_matches("asc_int");
            // A control message has the number of an option, or its own.
            let name = name.trim_start_matches("CMSG_");
            // What libc lacks stands there as a number, under the header it came from.
            let Some((_, constant)) = constant.split_once("::") else {
                assert!(constant.starts_with(|c: char| c.is_ascii_digit()), "{table}: {row}");
                continue;
            };
            assert!(
                constant == name || RENAMED.contains(&(name, constant)),
                "{table}: {name} is {constant}"
            );
            let expected = match constant.split_once('_').unwrap().0 {
                "SO" | "SCM" => "SOL_SOCKET",
                "IP" => "IPPROTO_IP",
                "IPV6" | "MCAST" => "IPPROTO_IPV6",
                "TCP" => "IPPROTO_TCP",
                "UDP" => "IPPROTO_UDP",
                other => panic!("{table}: {other}"),
            };
            let level = level.trim_start_matches("libc::").replace("SOL_UDP", "IPPROTO_UDP");
            assert_eq!(level, expected, "{table}: {row}");
            seen += 1;
        }
    }
    assert!(seen > 150, "only {seen} rows were understood");
}

/// The options of `src/option`.
const OPTIONS: [&str; 11] = [
    include_str!("../../../src/option/device.rs"),
    include_str!("../../../src/option/tcp_open.rs"),
    include_str!("../../../src/option/ipv6.rs"),
    include_str!("../../../src/option/path_mtu.rs"),
    include_str!("../../../src/option/multicast.rs"),
    include_str!("../../../src/option/receive.rs"),
    include_str!("../../../src/option/bind.rs"),
    include_str!("../../../src/option/socket.rs"),
    include_str!("../../../src/option/tcp.rs"),
    include_str!("../../../src/option/time.rs"),
    include_str!("../../../src/option/udp.rs"),
];

#[test]
fn option_uses_row_of_its_name() {
    // These go through a function of `sys`, or set one row and read another, as their pages say.
    const APART: [&str; 4] = ["BindDevice", "Mtu", "ReuseAddress", "ShareAddress"];
    let mut seen = 0;
    for source in OPTIONS {
        for block in source.split("\nimpl Setting for ").skip(1) {
            let option = &block[..block.find(' ').unwrap()];
            let block = &block[..block.find("\n}").unwrap()];
            let name = block.split('"').nth(1).unwrap();
            let (apply, read) = block.split_once("fn read(").unwrap();
            let row = format!("option_numbers::{name}");
            for half in [apply, read] {
                let uses = half.contains("option_numbers::");
                assert!(half.contains(&row) || !uses || APART.contains(&option), "{option}");
                assert!(uses || half.contains("sys::"), "{option}");
            }
            seen += 1;
        }
    }
    assert!(seen > 45, "only {seen} options were understood");
}

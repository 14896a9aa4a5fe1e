//! The path MTU, across a router whose second wire takes 1280 bytes.
use crate::lab::Chain;

#[test]
fn probe() {
    let start = std::time::Instant::now();
    let chain = require!(Chain::through(2), "the lab");
    println!("made {:?}", start.elapsed());
    for host in [
        "192.0.2.2",
        "198.51.100.2",
        "203.0.113.2",
        "2001:db8:0:1::2",
        "2001:db8:0:2::2",
        "2001:db8:0:3::2",
    ] {
        let out = chain
            .left()
            .run(|| std::process::Command::new("ping").args(["-c1", "-W1", host]).output());
        println!("{host}: {:?} {:?}", out.map(|o| o.status.success()), start.elapsed());
    }
}

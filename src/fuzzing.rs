//! What `fuzz/` drives: the bodies of the property tests, and nothing of the API. It exists only
//! with `--cfg fuzzing`, which fuzzers set.

/// The text of addresses, zones and whatever else a socket takes for an address.
pub fn address(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        crate::addr::invariants::any_text(text);
    }
}

/// What a kernel says of a datagram that was received.
pub fn cmsg_decode(bytes: &[u8]) {
    crate::sys::cmsg::invariants::any_bytes(bytes);
}

/// What a kernel is told of a datagram to send.
pub fn cmsg_encode(bytes: &[u8]) {
    crate::sys::cmsg::invariants::any_bytes_to_write(bytes);
}

/// What a kernel says of a datagram that was sent.
pub fn error_queue(bytes: &[u8]) {
    crate::error_queue::invariants::any_bytes(bytes);
}

/// What a race between addresses does next.
pub fn race(bytes: &[u8]) {
    crate::connect::invariants::any_bytes(bytes);
}

//! An interface that came back with another index.

use crate::addr::Endpoint;
use crate::error::Error;
use crate::sys;

/// Runs a verb that failed once more if the interface of its address is gone and `renumbered` knows
/// another address: the name of an interface stays when its index changes.
pub(super) fn after_renumbering<T>(
    error: Error,
    verb: impl FnOnce() -> Result<T, Error>,
    renumbered: impl FnOnce() -> Option<Endpoint>,
) -> Result<T, Error> {
    if !sys::errno::is_gone(&error) {
        return Err(error);
    }
    match renumbered() {
        Some(address) if error.address().is_some_and(|before| *before != address) => verb(),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Op;
    use crate::sys::codes;

    /// A verb that fails on the interface of index 2, and what `after_renumbering` makes of it when
    /// the look-up then says `index`: the result, and how often the verb ran.
    fn on_index_two(code: i32, index: Option<u32>) -> (Result<(), i32>, usize) {
        let address = |index: u32| format!("[fe80::1%{index}]:80").parse::<Endpoint>().unwrap();
        let mut times = 1;
        let error = std::io::Error::from_raw_os_error(code);
        let error = Error::new(Op::Bind, Some(address(2)), None, error);
        let verb = || {
            times += 1;
            Ok(())
        };
        let result = after_renumbering(error, verb, || index.map(address));
        (result.map_err(|error| error.raw_os_error().unwrap()), times)
    }

    #[test]
    fn interface_with_new_index_is_retried() {
        // Windows has no number of its own for it.
        for code in codes::NO_DEVICE {
            assert_eq!(on_index_two(*code, Some(3)), (Ok(()), 2));
        }
    }

    #[test]
    fn other_errors_are_not_retried() {
        for code in codes::NO_DEVICE {
            assert_eq!(on_index_two(*code, Some(2)), (Err(*code), 1));
            assert_eq!(on_index_two(*code, None), (Err(*code), 1));
        }
        let other = codes::PROCESS_LIMIT[0];
        assert_eq!(on_index_two(other, Some(3)), (Err(other), 1));
    }
}

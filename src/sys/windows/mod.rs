//! Windows: the contract of [`sys`](super) over Winsock.

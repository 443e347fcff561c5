//! Waits until a descriptor of ours can be read, within the event loop.

use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor with the event loop of the calling task.
///
/// # Errors
/// When the event loop refuses.
pub(in crate::fleet) fn registered(fd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    #[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor, proved here")]
    // SAFETY: an `OwnedFd` names the same open descriptor for its whole life and closes it on
    // drop; the `AsyncFd` owns it, nothing takes it out again, so it stays valid and registered
    // exactly as long as the `AsyncFd` lives.
    let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
    fd.map_err(std::io::Error::from)
}

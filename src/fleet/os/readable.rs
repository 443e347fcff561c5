//! Waits, within the event loop, until a descriptor of ours can be read, or until nobody reads what is written to it.

use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Waits until the last reader of a pipe is gone. Of anything else, such as a file, it may never come back.
pub async fn unread(pipe: impl AsFd) {
    let Ok(pipe) = pipe.as_fd().try_clone_to_owned().and_then(|fd| registered_for(fd, Interest::ERROR)) else {
        return std::future::pending::<()>().await;
    };
    while let Ok(mut state) = pipe.ready(Interest::ERROR).await {
        if state.ready().is_error() {
            return;
        }
        state.clear_ready();
    }
    std::future::pending::<()>().await;
}

/// Registers a descriptor to be read with the event loop of the calling task.
///
/// # Errors
/// When the event loop refuses.
pub(in crate::fleet) fn registered(fd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    registered_for(fd, Interest::READABLE)
}

fn registered_for(fd: OwnedFd, interest: Interest) -> std::io::Result<AsyncFd<OwnedFd>> {
    #[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor, proved here")]
    // SAFETY: an `OwnedFd` names the same open descriptor for its whole life and closes it on
    // drop; the `AsyncFd` owns it, nothing takes it out again, so it stays valid and registered
    // exactly as long as the `AsyncFd` lives.
    let fd = unsafe { AsyncFd::register_with_interest(fd, interest) };
    fd.map_err(std::io::Error::from)
}

//! Waiting for a program that has the operator's terminal.

use std::process::ExitStatus;

use tokio::process::Child;
use tokio::signal::unix::Signal;

/// Waits for its end. A program that suspends itself stops its whole group; so must we, or no shell comes back.
pub(in crate::app) async fn wait(mut child: Child, stop: &mut Signal) -> std::io::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = stop.recv() => {
                let _cannot_fail =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
            }
        }
    }
}

//! Waiting for a program that has the operator's terminal.

use std::collections::HashSet;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::process::Child;

use super::signals::{Signalled, Signals};
use crate::fleet::os::process;

/// How long a program that was told to end has for it; after that it is killed.
const LAST_CHANCE: Duration = Duration::from_secs(3);

/// How the wait ended.
pub(in crate::app) enum Ended<T> {
    /// The program ended by itself.
    With(T),
    /// We were told to end, and it with us; what is to be said about it.
    Told(Signalled, Option<String>),
}

/// Waits for its end. A program that suspends itself stops its whole group; so must we, or no shell comes back.
/// What tells us to end is handed on to it.
pub(in crate::app) async fn wait(mut child: Child, signals: &mut Signals) -> Ended<std::io::Result<ExitStatus>> {
    loop {
        tokio::select! {
            status = child.wait() => {
                // Ctrl-C in it was for it.
                signals.forget_keys();
                return Ended::With(status);
            }
            signalled = signals.next() => match signalled {
                Signalled::Stop => {
                    // Not the signal that we take ourselves.
                    let _cannot_fail = rustix::process::kill_process(rustix::process::getpid(), Signal::STOP);
                }
                Signalled::End(signal) => {
                    end(&child, signal);
                    // It saves what it can.
                    if tokio::time::timeout(LAST_CHANCE, child.wait()).await.is_err() {
                        end(&child, Signal::KILL);
                    }
                    return Ended::Told(signalled, None);
                }
                // The terminal is the program's.
                Signalled::Interrupt | Signalled::Continued | Signalled::Resized => {}
            }
        }
    }
}

/// Tells the program and all below it to end: it may be a shell that runs an editor.
fn end(child: &Child, signal: Signal) {
    let Some(root) = child.id() else { return };
    let below = |pid: &u32| process::ancestors(*pid).contains(&root);
    let all: HashSet<u32> = process::all_pids().into_iter().filter(below).collect();
    for pid in all.into_iter().filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
        // It may have ended by itself.
        let _gone = rustix::process::kill_process(pid, signal);
    }
}

//! How a process ended. Pure.

use std::fmt;

use rustix::process::Signal;

/// The signals that have names.
const NAMES: &[(Signal, &str)] = &[
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ILL, "SIGILL"),
    (Signal::TRAP, "SIGTRAP"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::USR1, "SIGUSR1"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::USR2, "SIGUSR2"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERM, "SIGTERM"),
    (Signal::STKFLT, "SIGSTKFLT"),
    (Signal::XCPU, "SIGXCPU"),
    (Signal::XFSZ, "SIGXFSZ"),
    (Signal::VTALARM, "SIGVTALRM"),
    (Signal::PROF, "SIGPROF"),
    (Signal::IO, "SIGIO"),
    (Signal::POWER, "SIGPWR"),
    (Signal::SYS, "SIGSYS"),
];

/// What a shell adds to a signal's number for the status of what it killed.
const KILLED: i32 = 128;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exited(i32),
    /// By the signal of this number.
    Killed(i32),
}

impl End {
    /// From two facts, of which a process that ended has one.
    #[must_use]
    pub fn of(status: Option<i32>, signal: Option<i32>) -> Option<Self> {
        // A shell's wrapper may give both: the signal is the cause.
        signal.map(Self::Killed).or(status.map(Self::Exited))
    }

    /// As one number, as a shell gives it.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(status) => status,
            Self::Killed(signal) => KILLED.saturating_add(signal),
        }
    }

    /// Its exit status, where it ended by itself.
    #[must_use]
    pub fn status(self) -> Option<i32> {
        match self {
            Self::Exited(status) => Some(status),
            Self::Killed(_) => None,
        }
    }

    /// The number of the signal that killed it.
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        match self {
            Self::Exited(_) => None,
            Self::Killed(signal) => Some(signal),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exited(status) => {
                write!(f, "exited with status {status}")?;
                // A shell between tmux and the runtime ends by itself, and tells so what its command was killed by.
                match named(status.saturating_sub(KILLED)) {
                    Some(name) => write!(f, ", as after {name}"),
                    None => Ok(()),
                }
            }
            Self::Killed(signal) => write!(f, "killed by {}", signal_name(signal)),
        }
    }
}

/// A signal by its name, or by its number where it has none.
#[must_use]
pub fn signal_name(signal: i32) -> String {
    named(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

fn named(number: i32) -> Option<&'static str> {
    NAMES.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_names_its_signal() {
        for (end, last, code) in [
            (End::Exited(0), " 0", 0),
            (End::Exited(7), " 7", 7),
            (End::Exited(255), " 255", 255),
            (End::Exited(139), " SIGSEGV", 139),
            (End::Killed(9), " SIGKILL", 137),
            (End::Killed(11), " SIGSEGV", 139),
            (End::Killed(15), " SIGTERM", 143),
            (End::Killed(40), " 40", 168),
        ] {
            assert_eq!((end.to_string().ends_with(last), end.code()), (true, code), "{end}");
            assert_eq!(End::of(end.status(), end.signal()), Some(end));
        }
        assert_ne!(End::Exited(139).to_string(), End::Killed(11).to_string(), "what was seen, and what a shell said");
        assert_eq!(End::of(None, None), None);
    }

    /// The only test of these words: whoever changes them changes them here, and nothing else.
    #[test]
    fn the_words_of_an_end() {
        for (end, words) in [
            (End::Exited(0), "exited with status 0"),
            (End::Exited(139), "exited with status 139, as after SIGSEGV"),
            (End::Killed(9), "killed by SIGKILL"),
            (End::Killed(40), "killed by signal 40"),
        ] {
            assert_eq!(end.to_string(), words);
        }
    }
}

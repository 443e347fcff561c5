//! Which tmux servers have not run since they answered: such a one would say the same again, and is not asked.
//!
//! All that a look tells changes by the server's own doing, so what the kernel counts of its process says for a file's price
//! whether there is anything to ask. Our own questions make it run as well, which is why its rest is noted a moment behind
//! the last of them. What happens within that moment waits for the next look that is made in any case.

use std::collections::HashMap;
use std::time::Duration;

use crate::fleet::model::SocketName;
use crate::fleet::os::process;

/// A server has parted from a client by so long after its answer. If not, it is asked once more than it had to be.
pub(super) const PARTED_AFTER: Duration = Duration::from_millis(5);

/// What is known of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Noted {
    pid: u32,
    /// How much it had run.
    has_run: (u64, u64),
    since: Since,
}

/// What has been done to it since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Nothing, and whether it is that process is not known: a server in another pid namespace tells the pid that it has
    /// there, which is some other process's here.
    Unproven,
    /// It was asked, and so has to run.
    Asked,
    /// Nothing, since it ran for a question.
    AtRest,
}

/// Servers at rest.
#[derive(Debug, Default)]
pub(super) struct Rest {
    noted: HashMap<SocketName, Noted>,
}

impl Rest {
    /// Notes that a server, this process, has answered all that it was asked.
    pub(super) fn note(&mut self, socket: SocketName, pid: u32) {
        let Some(has_run) = process::has_run(pid) else { return };
        let since = match self.noted.get(&socket) {
            Some(noted) if noted.pid == pid => match noted.since {
                Since::Asked if noted.has_run != has_run => Since::AtRest,
                Since::Asked => Since::Unproven,
                // Whatever it has done since then, nobody asked about.
                Since::Unproven | Since::AtRest => return,
            },
            _ => Since::Unproven,
        };
        self.noted.insert(socket, Noted { pid, has_run, since });
    }

    /// Notes that a server is asked something.
    pub(super) fn ends(&mut self, socket: SocketName) {
        if let Some(noted) = self.noted.get_mut(&socket) {
            noted.since = Since::Asked;
        }
    }

    /// Whether a server has not run since it was noted. One that was stopped or killed since then has.
    pub(super) fn lasts(&self, socket: SocketName) -> bool {
        let noted = self.noted.get(&socket).filter(|noted| noted.since == Since::AtRest);
        noted.is_some_and(|noted| process::has_run(noted.pid) == Some(noted.has_run))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use rustix::process::{Pid, Signal};

    use super::*;

    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let limit = Instant::now() + Duration::from_secs(20);
        while !holds() {
            assert!(Instant::now() < limit, "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// A process that runs when it is given something, as a server does.
    struct Asked(std::process::Child);

    impl Asked {
        fn new() -> Self {
            Self(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
        }

        fn ask(&mut self) {
            self.0.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        }

        fn signal(&self, signal: Signal) {
            rustix::process::kill_process(Pid::from_child(&self.0), signal).unwrap();
        }
    }

    impl Drop for Asked {
        fn drop(&mut self) {
            let _ended = self.0.kill();
            let _reaped = self.0.wait();
        }
    }

    #[test]
    fn a_server_rests_until_it_runs_is_stopped_or_ends() {
        let mut server = Asked::new();
        let (socket, pid) = (SocketName::named("rest").unwrap(), server.0.id());
        let mut rest = Rest::default();
        let settle = |rest: &mut Rest, server: &mut Asked| {
            until("it rests", || {
                rest.ends(socket);
                server.ask();
                std::thread::sleep(PARTED_AFTER);
                rest.note(socket, pid);
                rest.lasts(socket)
            });
        };
        settle(&mut rest, &mut server);
        server.ask();
        until("it ran", || !rest.lasts(socket));
        rest.note(socket, pid);
        assert!(!rest.lasts(socket), "it ran, and nobody asked why");
        settle(&mut rest, &mut server);
        server.signal(Signal::STOP);
        until("it was stopped", || !rest.lasts(socket));
        server.signal(Signal::CONT);
        settle(&mut rest, &mut server);
        rest.ends(socket);
        assert!(!rest.lasts(socket), "it is asked");
        settle(&mut rest, &mut server);
        server.0.kill().unwrap();
        until("it ended", || !rest.lasts(socket));
        server.0.wait().unwrap();
        assert!(!rest.lasts(socket), "nothing is there");
    }

    #[test]
    fn a_process_that_does_not_run_for_a_question_is_not_the_server() {
        let (server, socket) = (Asked::new(), SocketName::named("rest").unwrap());
        // Until it has started up.
        until("it waits for input", || {
            let before = process::has_run(server.0.id());
            std::thread::sleep(Duration::from_millis(50));
            before == process::has_run(server.0.id())
        });
        let mut rest = Rest::default();
        for _ in 0..3 {
            rest.note(socket, server.0.id());
            assert!(!rest.lasts(socket));
            rest.ends(socket);
        }
    }
}

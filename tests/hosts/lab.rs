//! Hosts made by `lab.sh`, taken down also when a test panics.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a condition may take.
const LIMIT: Duration = Duration::from_secs(60);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Some hosts.
pub(crate) struct Lab {
    folder: PathBuf,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) ok: bool,
    pub(crate) stdout: String,
    #[expect(dead_code, reason = "a failed assertion prints it")]
    pub(crate) stderr: String,
}

impl Lab {
    /// Boots hosts; `None`, with the reason on stderr, where this machine cannot.
    #[expect(clippy::print_stderr, reason = "a skipped test says why")]
    pub(crate) fn up(names: &[&str]) -> Option<Self> {
        if !rustix::process::getuid().is_root() {
            eprintln!("skipped: only root may make hosts");
            return None;
        }
        for program in ["systemd-nspawn", "sshd", "ssh", "ip", "dbus-daemon", "tmux"] {
            let found = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
                .iter()
                .any(|folder| PathBuf::from(folder).join(program).exists());
            if !found {
                eprintln!("skipped: {program} is not installed");
                return None;
            }
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let lab = Self { folder: std::env::temp_dir().join(format!("mosaic-lab-{}-{number}", std::process::id())) };
        let mut words = vec!["up", env!("CARGO_BIN_EXE_mosaic-tui")];
        words.extend(names);
        let answer = lab.call(&words);
        assert!(answer.ok, "{answer:?}");
        Some(lab)
    }

    fn call(&self, words: &[&str]) -> Answer {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hosts/lab.sh");
        // Its hosts outlive the script and must not hold its output open.
        let mut command = Command::new("sh");
        command.arg(script).args(words).env("LAB", &self.folder).current_dir("/").stdin(Stdio::null());
        let output = command.output().unwrap();
        Answer {
            ok: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a command on a host as root.
    pub(crate) fn run_in(&self, host: &str, command: &[&str]) -> Answer {
        self.call(&[&["in", host], command].concat())
    }

    /// Runs a command as a user.
    pub(crate) fn run_as(&self, host: &str, user: &str, command: &[&str]) -> Answer {
        self.call(&[&["as", host, user], command].concat())
    }

    /// Runs a shell line as a user who logs in over SSH for it.
    pub(crate) fn ssh(&self, host: &str, user: &str, line: &str) -> Answer {
        self.call(&["ssh", host, user, line])
    }

    /// Ends a host, in order or by a power cut, and waits until it is up again.
    pub(crate) fn boot_again(&self, host: &str, crash: bool) {
        let answer = self.call(&[if crash { "crash" } else { "reboot" }, host]);
        assert!(answer.ok, "{answer:?}");
    }

    /// Looks again and again until there is an answer.
    #[expect(clippy::unused_self, reason = "a condition of these hosts")]
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < deadline, "never happened: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _gone = self.call(&["down"]);
    }
}

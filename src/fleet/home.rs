//! Where a fleet keeps its files, and the settings of the process that looks at it.
//!
//! Resolved once, at the edge, from the environment; everything below receives a [`Site`], so that
//! tests and several fleets on one machine never share hidden state.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Failure, Kind, Result};
use super::model::{AgentName, Thresholds};

/// Paths and identity of one fleet as this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The Mosaic home.
    pub home: PathBuf,
    /// The roster file.
    pub roster: PathBuf,
    /// Folder of heartbeats, locks and exit records.
    pub run_dir: PathBuf,
    /// The user's home folder, for `~` in the roster.
    pub user_home: PathBuf,
    /// Host name of this machine.
    pub host: String,
    /// The same with its domain, where the machine's name has one.
    pub full_host: String,
    /// The Linux user.
    pub tenant_id: String,
    /// Health and readiness thresholds.
    pub thresholds: Thresholds,
    /// How starts are spaced.
    pub pace: Pace,
    /// How much of the history of what happened is kept.
    pub keeping: Keeping,
    /// Whether git is asked about folders on network filesystems as well.
    pub git_on_network: bool,
    /// Folder of the user's own unit files.
    pub unit_dir: PathBuf,
    /// Whether it is a fleet of its own, such as a demo, for which the environment's backlog is not meant.
    pub isolated: bool,
    /// Whether nothing is changed from this process: it was asked to look only.
    pub read_only: bool,
    /// This program, for starting keepers and runtimes.
    pub program: PathBuf,
}

impl Site {
    /// A site that touches nothing, for tests of pure code.
    #[cfg(test)]
    #[must_use]
    pub fn for_tests(home: &str) -> Self {
        Self {
            home: format!("{home}/.config/mosaic").into(),
            roster: format!("{home}/.config/mosaic/fleet/roster.yaml").into(),
            run_dir: format!("{home}/.config/mosaic/fleet/run").into(),
            user_home: home.into(),
            host: "here".to_owned(),
            full_host: "here.example.org".to_owned(),
            tenant_id: "tester".to_owned(),
            thresholds: Thresholds::default(),
            pace: Pace::default(),
            keeping: Keeping::default(),
            git_on_network: false,
            unit_dir: format!("{home}/.config/systemd/user").into(),
            isolated: false,
            read_only: false,
            program: "mosaic-tui".into(),
        }
    }

    /// The variables that make another process of this program see the same site.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let seconds = |duration: Duration| duration.as_secs_f64().to_string().into();
        let mut all = vec![
            ("MOSAIC_HOME", self.home.clone().into()),
            ("MOSAIC_ROSTER", self.roster.clone().into()),
            ("MOSAIC_HEARTBEAT_RUN_DIR", self.run_dir.clone().into()),
            // Handed on as it counts here, and not as this environment may say: a demo's clock runs faster.
            ("MOSAIC_HEARTBEAT_INTERVAL", seconds(self.thresholds.heartbeat_interval)),
            ("MOSAIC_HEARTBEAT_IDLE_THRESHOLD", seconds(self.thresholds.idle)),
            ("MOSAIC_START_SPACING", seconds(self.pace.spacing)),
            ("MOSAIC_RESTART_DELAY", seconds(self.pace.restart_delay)),
            ("MOSAIC_ACTIVITY_DAYS", self.keeping.days.to_string().into()),
            ("MOSAIC_ACTIVITY_MB", (self.keeping.bytes >> 20).to_string().into()),
            ("MOSAIC_GIT_ON_NETWORK", u8::from(self.git_on_network).to_string().into()),
        ];
        if self.isolated {
            // Its backlog is its own, whatever this environment names.
            all.extend([("DATABASE_URL", OsString::new()), ("MOSAIC_BACKLOG_DIR", OsString::new())]);
        }
        all
    }

    /// A short name of this fleet among all of the user's: what is shared between fleets, such as the
    /// user manager's units, carries it.
    #[must_use]
    pub fn tag(&self) -> String {
        use std::os::unix::ffi::OsStrExt;
        // Eight characters keep unit names short; a user has a handful of fleets.
        fingerprint(self.home.as_os_str().as_bytes())[..8].to_owned()
    }

    /// Folder in which an agent starts when nothing says which: where people keep their sources, else the home itself.
    #[must_use]
    pub fn default_directory(&self) -> PathBuf {
        let sources = self.user_home.join("src");
        if sources.is_dir() { sources } else { self.user_home.clone() }
    }

    /// Folder of per-agent environment files.
    #[must_use]
    pub fn agents_dir(&self) -> PathBuf {
        self.home.join("fleet/agents")
    }

    /// Environment file of one agent, in systemd's `EnvironmentFile` syntax.
    #[must_use]
    pub fn env_file(&self, agent: &AgentName) -> PathBuf {
        self.agents_dir().join(format!("{agent}.env"))
    }

    /// Folder of what supervisors write down; no agent's file can have its name.
    #[must_use]
    pub fn supervisor_dir(&self) -> PathBuf {
        self.run_dir.join("_supervisor")
    }

    /// Folder of what looks read on screens and leave to each other; no agent's file can have its name, and the watch of the run
    /// folder does not look into it.
    #[must_use]
    pub fn screens_dir(&self) -> PathBuf {
        self.run_dir.join("_screens")
    }

    /// A file of one agent in the run folder.
    #[must_use]
    pub fn run_file(&self, agent: &AgentName, kind: RunFile) -> PathBuf {
        run_file(&self.run_dir, agent, kind)
    }
}

/// How starts of sessions are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Least time between two sessions that are made on this machine by this fleet: runtimes that share
    /// a login refresh it when they start, and a burst of them trip over each other.
    pub spacing: Duration,
    /// Pause before the first restart of a runtime that ended at once; it doubles with each.
    pub restart_delay: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { spacing: Duration::from_millis(250), restart_delay: Duration::from_secs(1) }
    }
}

/// How much of the history of what happened is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Days after which an event goes.
    pub days: u32,
    /// Bytes after which the oldest events go.
    pub bytes: u64,
}

impl Keeping {
    /// The time before which nothing is kept, in milliseconds since 1970.
    #[must_use]
    pub fn oldest(&self, now: i64) -> i64 {
        const DAY: i64 = 24 * 3_600_000;
        now.saturating_sub(i64::from(self.days) * DAY)
    }
}

impl Default for Keeping {
    fn default() -> Self {
        Self { days: 30, bytes: 64 << 20 }
    }
}

/// What kinds of file an agent has in the run folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunFile {
    /// The heartbeat; the keeper alone writes it.
    Heartbeat,
    /// The runtime's own last report.
    Report,
    /// The keeper's lock; holds its pid.
    Lock,
    /// How the last pane process ended.
    Exit,
    /// The keeper's log when no supervisor keeps one.
    Log,
    /// Lock of whoever starts, stops or restarts the agent.
    Operation,
    /// Lock of whoever delivers a message to the agent.
    Send,
    /// Says that the agent was stopped on purpose.
    Stopped,
    /// What its runtime was told before its first turn.
    Contract,
    /// What its runtime says that it used.
    Usage,
    /// What its launch warned of.
    Notes,
    /// Tells its keeper that a report was left, or that a heartbeat is asked for.
    Bell,
}

impl RunFile {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Heartbeat,
        Self::Report,
        Self::Lock,
        Self::Exit,
        Self::Log,
        Self::Operation,
        Self::Send,
        Self::Stopped,
        Self::Contract,
        Self::Usage,
        Self::Notes,
        Self::Bell,
    ];
}

/// Path of an agent's file in a run folder.
#[must_use]
pub fn run_file(run_dir: &Path, agent: &AgentName, kind: RunFile) -> PathBuf {
    let suffix = match kind {
        RunFile::Heartbeat => "hb",
        // A folder per agent: who looks at the whole run folder is not woken by what only its keeper reads.
        RunFile::Report => return run_dir.join(format!("{agent}.d/report")),
        RunFile::Operation => return run_dir.join(format!("{agent}.d/operation")),
        RunFile::Send => return run_dir.join(format!("{agent}.d/send")),
        RunFile::Bell => return run_dir.join(format!("{agent}.d/bell")),
        RunFile::Stopped => return run_dir.join(format!("{agent}.d/stopped")),
        RunFile::Contract => return run_dir.join(format!("{agent}.d/contract.md")),
        // Beside the heartbeat: whoever looks is told by the same watch.
        RunFile::Usage => "usage",
        RunFile::Notes => "notes",
        RunFile::Lock => "lock",
        RunFile::Exit => "exit",
        RunFile::Log => "log",
    };
    run_dir.join(format!("{agent}.{suffix}"))
}

/// FNV-1a in hexadecimal: tells texts apart, stable from build to build; it keeps nothing secret.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        // FNV-1a: it tells texts apart, the same on every host and in every version, and proves
        // nothing to anybody.
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// Name of the Linux user of this process: the account database's, else the environment's.
///
/// A tenant is a uid; `$USER` alone can be anything.
#[must_use]
pub fn user_name() -> String {
    let uid = rustix::process::getuid().as_raw();
    // Not getpwuid(3): it loads modules of the C library. Who is not in the file, such as a user of a
    // directory service, has the environment's name.
    let of_account = std::fs::read_to_string("/etc/passwd").ok().and_then(|accounts| {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
        })
    });
    of_account
        .or_else(|| std::env::var("USER").ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| format!("uid{uid}"))
}

/// A variable of the environment.
///
/// # Errors
/// When it is no text.
pub fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        // Set to nothing, as a unit or a wrapper may leave one, it is not set.
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // Taken for unset it would lead to the default: to another fleet, or to another backlog.
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::new(Kind::Invalid, name, "is not UTF-8", "mend or unset it"))
        }
    }
}

/// Folder for what is not kept. An empty or relative `TMPDIR` counts as unset: the same name would be another
/// folder in the next shell.
#[must_use]
pub fn temporary_folder() -> PathBuf {
    absolute_or_tmp(std::env::var_os("TMPDIR").map(PathBuf::from))
}

fn absolute_or_tmp(folder: Option<PathBuf>) -> PathBuf {
    folder.filter(|folder| folder.is_absolute()).unwrap_or_else(|| "/tmp".into())
}

/// This machine's host name, with its domain where it has one.
#[must_use]
pub fn full_host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The name of a host up to its first dot.
#[must_use]
pub fn short_name(host: &str) -> &str {
    host.split('.').next().filter(|short| !short.is_empty()).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_relative_tmpdir_counts_as_unset() {
        for (value, want) in [(None, "/tmp"), (Some(""), "/tmp"), (Some("tmp"), "/tmp"), (Some("/var/tmp"), "/var/tmp")]
        {
            assert_eq!(absolute_or_tmp(value.map(PathBuf::from)), Path::new(want), "{value:?}");
        }
    }
}

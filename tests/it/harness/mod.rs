//! A hermetic fleet: its own HOME, Mosaic home, tmux socket folder and temporary folder, taken down
//! also when a test panics, and by the next run when a test process was killed.

pub(crate) mod certificates;
mod dice;
mod far;
mod link;
mod postgres;
mod pty;
mod user_manager;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(crate) use dice::Dice;
pub(crate) use far::{Far, introduce};
pub(crate) use link::Link;
pub(crate) use postgres::{Database, PASSWORD, Pooler};
pub(crate) use pty::Pty;
use serde_json::Value;
pub(crate) use user_manager::UserManager;

/// How long a condition may take; generous, because machines are busy, and never waited out in vain.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Heartbeat interval of the tests' fleets, in seconds.
pub(crate) const INTERVAL: f64 = 1.0;

static NEXT: AtomicU32 = AtomicU32::new(0);
static SWEEP: Once = Once::new();

/// A sandbox with at most one fleet in it.
pub(crate) struct Sandbox {
    pub(crate) root: PathBuf,
}

/// Sends ten messages to one agent at once, each from where it is said to be, and waits until its screen, without its
/// blanks, shows each of them whole.
#[track_caller]
pub(crate) fn ten_send_at_once<'a>(from: impl Fn(usize) -> &'a Sandbox, to: &str, screen: impl Fn() -> String) {
    let children: Vec<_> = (0..10)
        .map(|n| {
            let mut command = from(n).command(program());
            let text = format!("message number {n} of ten, whole");
            command.args(["agent", "send", to, "-m", &text]).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    wait_for("all of them", || {
        let shown = screen();
        (0..10).all(|n| shown.contains(&format!("messagenumber{n}often,whole")))
    });
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    /// Its standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

fn base() -> PathBuf {
    std::env::temp_dir()
}

impl Sandbox {
    /// A repository with a commit, and a line that differs from it.
    pub(crate) fn changed_tree(&self) -> PathBuf {
        let tree = self.root.join("repo");
        fs::create_dir_all(&tree).unwrap();
        let git = |args: &[&str]| {
            let config = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
            assert_eq!(
                answer(self.command("git").arg("-C").arg(&tree).args(config).args(args)).code,
                0,
                "git {args:?}"
            );
        };
        git(&["init", "-q"]);
        fs::write(tree.join("login.rs"), "let factor = 1;\n").unwrap();
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "first"]);
        fs::write(tree.join("login.rs"), "let factor = 2;\n").unwrap();
        tree
    }

    pub(crate) fn new() -> Self {
        SWEEP.call_once(sweep);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Short: a socket path has about 100 bytes.
        let root = base().join(format!("mit-{}-{number}", std::process::id()));
        for folder in ["t", "h", "tmp", "w"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        Self { root }
    }

    /// A sandbox whose roster has these agents (YAML list items, indented by two).
    pub(crate) fn with_agents(agents: &str) -> Self {
        let sandbox = Self::new();
        sandbox.write_agents(agents);
        sandbox
    }

    pub(crate) fn write_agents(&self, agents: &str) {
        self.write_roster(&format!(
            "version: 1\ntmux: {{socket_name: it}}\ndefaults: {{runtime: stub, working_directory: {}, window_size: 200x50}}\nagents:\n{agents}",
            self.root.join("w").display()
        ));
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("h/.config/mosaic")
    }

    pub(crate) fn roster(&self) -> PathBuf {
        self.home().join("fleet/roster.yaml")
    }

    pub(crate) fn write_roster(&self, text: &str) {
        fs::create_dir_all(self.roster().parent().unwrap()).unwrap();
        fs::write(self.roster(), text).unwrap();
    }

    pub(crate) fn run_file(&self, name: &str) -> PathBuf {
        self.home().join("fleet/run").join(name)
    }

    /// The environment of everything in the sandbox.
    pub(crate) fn env(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.root.join(name).display().to_string();
        [
            // What a test puts in front of the machine's own programs.
            ("PATH", format!("{}:{}", path("bin"), std::env::var("PATH").unwrap())),
            ("HOME", path("h")),
            ("MOSAIC_HOME", self.home().display().to_string()),
            ("TMUX_TMPDIR", path("t")),
            ("TMPDIR", path("tmp")),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("MOSAIC_HEARTBEAT_INTERVAL", INTERVAL.to_string()),
            // No user manager but the one that a test starts.
            ("XDG_RUNTIME_DIR", path("run")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env()).current_dir(self.root.join("w")).stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        self.run_with(args, &[])
    }

    /// Runs the program with further variables.
    pub(crate) fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Answer {
        let mut command = self.command(program());
        command.args(args).envs(env.iter().copied());
        answer(&mut command)
    }

    /// Runs the program, which must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Answer {
        let answer = self.run(args);
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer
    }

    /// Events of a kind in the activity history, in the order of their time.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let printed = self.ok(&["events", "--json", "--kind", kind]).stdout;
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a tmux command on the fleet's socket.
    pub(crate) fn tmux(&self, args: &[&str]) -> String {
        let answer = answer(self.command("tmux").args(["-u", "-L", "it"]).args(args));
        assert_eq!(answer.code, 0, "tmux {args:?}: {answer:?}");
        answer.stdout.trim_end_matches('\n').to_owned()
    }

    /// Starts the fleet of the roster.
    pub(crate) fn start(&self) {
        self.ok(&["fleet", "start"]);
    }

    /// All rows.
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.ok(&["fleet", "ps", "--json"]).json().as_array().unwrap().clone()
    }

    /// One row.
    pub(crate) fn row(&self, name: &str) -> Value {
        let rows = self.rows();
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {rows:#?}")).clone()
    }

    /// Waits until a row is as wanted.
    pub(crate) fn wait_row(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        wait(&format!("row of {name}"), || {
            last = self.row(name);
            wanted(&last).then(|| last.clone())
        })
        .unwrap_or_else(|| panic!("{name} stays {last:#}"))
    }

    /// Opens the program in a terminal of this size.
    pub(crate) fn open(&self, args: &[&str], width: u16, height: u16) -> Pty {
        self.open_with(args, &[], width, height)
    }

    /// Opens it as it was left the last time.
    pub(crate) fn open_again(&self, args: &[&str], width: u16, height: u16) -> Pty {
        Pty::spawn(program(), args, &self.env(), &self.root.join("w"), width, height)
    }

    /// Opens it with further variables, and as if for the first time: no test depends on what another one left open.
    pub(crate) fn open_with(&self, args: &[&str], env: &[(&str, &str)], width: u16, height: u16) -> Pty {
        drop(std::fs::remove_dir_all(self.home().join("fleet/dashboard")));
        Pty::spawn(program(), args, &self.env_with(env), &self.root.join("w"), width, height)
    }

    /// Opens the program in a terminal at the other end of a link.
    pub(crate) fn open_behind(&self, link: Link, width: u16, height: u16) -> Pty {
        Pty::spawn_behind(link, program(), &[], &self.env(), &self.root.join("w"), width, height)
    }

    /// Opens a shell in a terminal.
    pub(crate) fn shell(&self, width: u16, height: u16) -> Pty {
        self.shell_behind(Link::default(), width, height)
    }

    /// Opens a shell in a terminal at the other end of a link.
    pub(crate) fn shell_behind(&self, link: Link, width: u16, height: u16) -> Pty {
        let env = self.env_with(&[("PS1", "prompt> "), ("MOSAIC", program())]);
        Pty::spawn_behind(link, "bash", &["--norc", "--noprofile", "-i"], &env, &self.root.join("w"), width, height)
    }

    fn env_with(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut env = self.env();
        env.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        env
    }

    /// Pids of everything that runs in the sandbox.
    pub(crate) fn pids(&self) -> Vec<u32> {
        pids_of(&self.root)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        take_down(&self.root);
    }
}

/// The program under test.
pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_mosaic-tui")
}

/// What this machine must have: words of `MOSAIC_TEST_EXPECTS`, with commas between. `scripts/test` sets it, and says what
/// is left out.
fn expected() -> String {
    std::env::var("MOSAIC_TEST_EXPECTS").unwrap_or_default()
}

/// Says that a test is left out, and why.
///
/// # Panics
/// When what is missing is expected on this machine: such a test must not pass by doing nothing.
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
pub(crate) fn skip(needs: &str, why: &str) {
    assert!(!is_expected(&expected(), needs), "{needs} is expected here, and {why}");
    eprintln!("skipped: {why}");
}

fn is_expected(expected: &str, needs: &str) -> bool {
    expected.split(',').any(|word| word.trim() == needs)
}

#[test]
fn what_is_expected_is_never_skipped() {
    for (expected, skipped) in [("", true), ("sshd", true), ("user-manager", false), ("sshd, user-manager", false)] {
        assert_eq!(!is_expected(expected, "user-manager"), skipped, "{expected}");
    }
    // As the scripts set it, so it is here: a machine without one fails in this test as well.
    if is_expected(&expected(), "user-manager") {
        assert!(UserManager::start(&Sandbox::new()).is_some());
    }
}

/// Runs a command to its end.
pub(crate) fn answer(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Looks again and again until there is an answer, or the limit is over.
pub(crate) fn wait<T>(_what: &str, look: impl FnMut() -> Option<T>) -> Option<T> {
    wait_within(LIMIT, look)
}

/// The same, for so long.
pub(crate) fn wait_within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let begun = Instant::now();
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > deadline {
            return None;
        }
        // A look that runs programs takes from the machine what it waits for, so the pause is as long as it was, and again.
        std::thread::sleep((begun.elapsed() * 2).clamp(Duration::from_millis(5), Duration::from_millis(150)));
    }
}

/// Waits until a condition holds.
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    assert!(wait(what, || holds().then_some(())).is_some(), "never happened: {what}");
}

/// Whether a screen or a readiness shows an agent that is well: a stub is available once it has been silent for a
/// few seconds, and how long a test takes to look is nobody's business.
pub(crate) fn is_well(text: &str) -> bool {
    text.contains("working") || text.contains("available")
}

/// Sends a signal to one process that a test started.
pub(crate) fn kill(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Pids of everything that runs in a sandbox, which is known by the tmux folder in its environment.
pub(crate) fn pids_of(root: &Path) -> Vec<u32> {
    let mark = format!("TMUX_TMPDIR={}", root.join("t").display());
    pids_with(|entry| entry == mark.as_bytes())
}

/// Pids of everything that runs in any sandbox of this process.
pub(crate) fn pids_of_this_process() -> Vec<u32> {
    let mark = format!("TMUX_TMPDIR={}/mit-{}-", base().display(), std::process::id());
    pids_with(|entry| entry.starts_with(mark.as_bytes()))
}

/// Pids, but for the own one, with such an entry in their environment.
fn pids_with(is_mark: impl Fn(&[u8]) -> bool) -> Vec<u32> {
    let own = std::process::id();
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(environ) = fs::read(entry.path().join("environ")) else { continue };
        if pid != own && environ.split(|b| *b == 0).any(&is_mark) {
            pids.push(pid);
        }
    }
    pids
}

/// Ends what runs in a sandbox and removes it.
fn take_down(root: &Path) {
    let deadline = Instant::now() + LIMIT;
    loop {
        let left = pids_of(root);
        if left.is_empty() || Instant::now() > deadline {
            break;
        }
        for pid in left {
            if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
                // It may be gone already.
                let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _left = fs::remove_dir_all(root);
}

/// Takes down what killed test runs left.
fn sweep() {
    for entry in fs::read_dir(base()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix("mit-").and_then(|rest| rest.split('-').next()) else { continue };
        if !Path::new("/proc").join(pid).exists() {
            take_down(&entry.path());
        }
    }
}

//! The only place that starts processes.
//!
//! Every child gets an argument vector (never a shell string), its own process group, a time limit,
//! an output cap, and an environment without the caller's `TMUX`: a tmux client that inherits it
//! refuses to attach and resolves targets against the operator's own server.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{RwLock, RwLockReadGuard};
use std::time::Duration;

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::model::Size;
use crate::fleet::os::thread;

/// Most output kept of one command: 100 panes of 200x50 with colours are about 4 MiB.
pub const MAX_OUTPUT_BYTES: u64 = 16 << 20;

/// A pipe holds so many bytes on Linux: what one reading can bring.
const PIECE_BYTES: usize = 64 << 10;

/// Variables of a surrounding tmux or of systemd's service protocol that must not reach a child: they
/// speak of this process, and a tmux server would hand them to every pane.
const NOT_INHERITED: [&str; 10] = [
    "TMUX",
    "TMUX_PANE",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "SYSTEMD_EXEC_PID",
    "MAINPID",
    "MANAGERPID",
];

/// What a finished command left.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it said more on its standard output than is kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.stdout.len() as u64 >= MAX_OUTPUT_BYTES
    }
}

/// Why a command gave no output.
#[derive(Debug)]
pub enum ExecError {
    /// The program does not exist.
    Missing,
    /// It could not be started or read.
    Io(std::io::Error),
    /// It did not end within its time.
    TimedOut(Duration),
}

fn base(program: &Path, args: &[OsString]) -> Command {
    let mut command = Command::new(program);
    // In a group of its own: Ctrl-C and Ctrl-Z on our terminal are meant for us.
    command.args(args).kill_on_drop(true).process_group(0);
    for variable in NOT_INHERITED {
        command.env_remove(variable);
    }
    command
}

/// Held shared while a child is between its fork and its program. In that moment it is still of our process
/// group, and the forking thread waits for it where no signal reaches it: a stop of the group would stop
/// the child and leave us waiting for it for ever.
static SPAWN_GATE: RwLock<()> = RwLock::new(());

fn spawn_guard() -> RwLockReadGuard<'static, ()> {
    // The lock guards no data that a panic could have left half done.
    SPAWN_GATE.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Stops this process and its whole group, as Ctrl-Z in a shell does; returns when it goes on.
///
/// # Errors
/// What kill(2) says.
pub fn stop_group() -> std::io::Result<()> {
    let _no_spawn = SPAWN_GATE.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?)
}

fn spawn(command: &mut Command) -> Result<Child, ExecError> {
    let _spawning = spawn_guard();
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ExecError::Missing,
        _ => ExecError::Io(error),
    })
}

/// Runs a command to its end.
///
/// # Errors
/// When the program is missing, cannot be read or exceeds `limit`; it is killed then.
pub async fn run(
    program: &Path,
    args: &[OsString],
    env: &[(&str, OsString)],
    limit: Duration,
) -> Result<Output, ExecError> {
    run_with_input(program, args, env, &[], limit).await
}

/// Runs a command to its end, with something on its standard input: what must not stand among its arguments, which
/// everybody on the machine can read.
///
/// # Errors
/// As for [`run`].
pub async fn run_with_input(
    program: &Path,
    args: &[OsString],
    env: &[(&str, OsString)],
    input: &[u8],
    limit: Duration,
) -> Result<Output, ExecError> {
    let mut command = base(program, args);
    command.envs(env.iter().map(|(name, value)| (name, value)));
    to_its_end(command, input, limit, Past::KillIt).await
}

/// Runs a command to its end whose whole environment is these variables. Past its time all of its process group is
/// killed, so that nothing it started stays behind.
///
/// # Errors
/// As for [`run`].
pub async fn run_alone(
    program: &Path,
    args: &[OsString],
    env: &[(&str, OsString)],
    limit: Duration,
) -> Result<Output, ExecError> {
    let mut command = base(program, args);
    command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    to_its_end(command, &[], limit, Past::KillItsGroup).await
}

/// What becomes of a command past its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    KillIt,
    KillItsGroup,
}

async fn to_its_end(mut command: Command, input: &[u8], limit: Duration, past: Past) -> Result<Output, ExecError> {
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(&mut command)?;
    let group = child.id().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?));
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // A pipe takes a short text at once: what reads it is not kept waiting until this task is polled again.
    let fed = stdin.as_ref().and_then(|stdin| rustix::io::write(stdin, input).ok()).unwrap_or(0);
    let feed = async {
        if let Some(mut stdin) = stdin {
            match stdin.write_all(&input[fed..]).await {
                // It ended without reading all of it; its own words say why.
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        Ok(())
    };
    let collect = async {
        // All at once: while one pipe is waited for, another that is full would stop the child.
        let ((), stdout, stderr) = tokio::try_join!(feed, read_capped(stdout), read_capped(stderr))?;
        let status = child.wait().await?;
        Ok(Output { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
    };
    match tokio::time::timeout(limit, collect).await {
        Ok(result) => result.map_err(ExecError::Io),
        Err(_) => {
            if let Some(group) = group.filter(|_| past == Past::KillItsGroup) {
                // It is not reaped yet, so the number is still its own; what is dropped below is killed in any case.
                let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            Err(ExecError::TimedOut(limit))
        }
    }
}

/// A command in a folder of its own, whose whole process group ends with it: what it started and left behind goes too.
#[derive(Debug, Clone, Copy)]
pub struct Errand<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub args: &'a [OsString],
    /// Where it runs.
    pub folder: &'a Path,
    /// Whether it sees a variable of this process.
    pub inherits: fn(&str) -> bool,
    /// Variables beside those.
    pub env: &'a [(&'a str, OsString)],
}

/// Ends a process group when it is dropped, also with a future that is not waited for any more.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Mostly nothing is left of it.
            let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Errand<'_> {
    fn command(&self) -> Command {
        let mut command = base(self.program, self.args);
        command.current_dir(self.folder);
        for (name, _) in std::env::vars_os() {
            if !name.to_str().is_some_and(self.inherits) {
                command.env_remove(&name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A folder that is gone is no program that is missing.
    fn explained(&self, error: ExecError) -> ExecError {
        match error {
            ExecError::Missing if !self.folder.is_dir() => {
                ExecError::Io(std::io::Error::other(format!("there is no folder {}", self.folder.display())))
            }
            error => error,
        }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When the program is missing, cannot be read or exceeds `limit`.
    pub async fn run(&self, input: &[u8], limit: Duration) -> Result<Output, ExecError> {
        let ended = to_its_end(self.command(), input, limit, Past::KillItsGroup).await;
        ended.map_err(|error| self.explained(error))
    }

    /// Runs it to its end, what it prints going to a file, however much it is.
    ///
    /// # Errors
    /// When the program is missing, cannot be started or exceeds `limit`.
    pub async fn run_into(&self, log: &File, limit: Duration) -> Result<ExitStatus, ExecError> {
        let (out, err) = (log.try_clone().map_err(ExecError::Io)?, log.try_clone().map_err(ExecError::Io)?);
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let mut child = spawn(&mut command).map_err(|error| self.explained(error))?;
        let _group = Group(child.id().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)));
        match tokio::time::timeout(limit, child.wait()).await {
            Ok(status) => status.map_err(ExecError::Io),
            Err(_) => Err(ExecError::TimedOut(limit)),
        }
    }
}

/// A command that runs, and what it has said so far; dropping it ends the command.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// `None` from its end on.
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    said: Vec<u8>,
    complained: Vec<u8>,
}

/// Starts a command whose first words are wanted before its last.
///
/// # Errors
/// When it cannot be started.
pub fn begin(program: &Path, args: &[OsString]) -> Result<Running, ExecError> {
    let mut command = base(program, args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(&mut command)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    Ok(Running { child, stdout, stderr, said: Vec::new(), complained: Vec::new() })
}

impl Running {
    /// What it has said so far on its standard output.
    #[must_use]
    pub fn said(&self) -> &[u8] {
        &self.said
    }

    /// Waits until a text stands in its standard output, from a place on, and returns where; `None` when it ends without.
    ///
    /// # Errors
    /// When it cannot be read or exceeds `limit`.
    pub async fn until(&mut self, text: &[u8], from: usize, limit: Duration) -> Result<Option<usize>, ExecError> {
        let read = async {
            let mut looked = from;
            loop {
                let found = self.said[looked..].windows(text.len()).position(|window| window == text);
                if let Some(at) = found {
                    return Ok(Some(looked + at));
                }
                looked = self.said.len().saturating_sub(text.len()).max(from);
                if !self.read_more().await? {
                    return Ok(None);
                }
            }
        };
        let found = tokio::time::timeout(limit, read).await.map_err(|_| ExecError::TimedOut(limit))?;
        found.map_err(ExecError::Io)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it cannot be read or exceeds `limit`.
    pub async fn end(mut self, limit: Duration) -> Result<Output, ExecError> {
        let ended = async {
            while self.read_more().await? {}
            self.child.wait().await
        };
        let status = tokio::time::timeout(limit, ended).await.map_err(|_| ExecError::TimedOut(limit))?;
        let stderr = String::from_utf8_lossy(&self.complained).into_owned();
        Ok(Output { status: status.map_err(ExecError::Io)?, stdout: self.said, stderr })
    }

    /// Reads what it says next; whether it may say more.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read_more(&mut self) -> std::io::Result<bool> {
        if self.stdout.is_none() && self.stderr.is_none() {
            return Ok(false);
        }
        // Both at once: while one pipe is waited for, another that is full would stop the child.
        tokio::select! {
            read = read_piece(&mut self.stdout, &mut self.said) => read?,
            read = read_piece(&mut self.stderr, &mut self.complained) => read?,
        }
        Ok(true)
    }
}

/// Reads a piece of a pipe. What comes past the cap is read all the same: its writer must not block on a full pipe.
async fn read_piece(from: &mut Option<impl AsyncRead + Unpin>, to: &mut Vec<u8>) -> std::io::Result<()> {
    let Some(pipe) = from else { return std::future::pending().await };
    to.reserve(PIECE_BYTES);
    if pipe.read_buf(to).await? == 0 {
        *from = None;
    }
    to.truncate(usize::try_from(MAX_OUTPUT_BYTES).unwrap_or(usize::MAX));
    Ok(())
}

async fn read_capped(from: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        let mut capped = from.take(MAX_OUTPUT_BYTES);
        capped.read_to_end(&mut bytes).await?;
        // A writer past the cap must not block on a full pipe.
        tokio::io::copy(&mut capped.into_inner(), &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

/// Starts a command that is talked to over its standard input and output, and that ends with us. `errors` is where its
/// standard error goes.
///
/// The child is tethered: this program starts as the child, asks the kernel to be killed with its parent, and executes
/// the command in place.
///
/// # Errors
/// When it cannot be started.
pub fn converse(program: &Path, args: &[OsString], errors: Stdio) -> Result<Child, ExecError> {
    let parent = std::process::id().to_string();
    let mut tethered: Vec<OsString> = ["session", "tether", "--parent", &parent, "--"].map(OsString::from).to_vec();
    tethered.push(program.into());
    tethered.extend_from_slice(args);
    // This very program, also when another version has taken the place of its file.
    let mut command = base(Path::new("/proc/self/exe"), &tethered);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
    spawn(&mut command)
}

/// Starts a process that outlives this one, its output going to `log`.
///
/// The child stays in the caller's process group until it calls `setsid` itself: a group leader
/// could not.
///
/// # Errors
/// When it cannot be started.
pub fn detach(program: &Path, args: &[&OsStr], env: &[(&str, OsString)], log: &File) -> Result<Child, ExecError> {
    let (out, err) = (log.try_clone().map_err(ExecError::Io)?, log.try_clone().map_err(ExecError::Io)?);
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(out).stderr(err);
    command.envs(env.iter().map(|(name, value)| (name, value)));
    for variable in NOT_INHERITED {
        command.env_remove(variable);
    }
    spawn(&mut command)
}

/// Starts a program on the caller's own terminal, in its process group: an editor, a client of a pane.
///
/// # Errors
/// When it cannot be started.
pub fn on_terminal(program: &Path, args: &[impl AsRef<OsStr>], env: &[(&str, OsString)]) -> Result<Child, ExecError> {
    let env = env.iter().map(|(name, value)| (name, value));
    spawn(Command::new(program).args(args).envs(env).kill_on_drop(true))
}

/// Becomes a program that is killed when its parent ends (PR_SET_PDEATHSIG in prctl(2)); returns only
/// when that failed. A `parent` that ended before the kernel knew of the wish counts as well.
#[must_use]
pub fn tether(parent: Option<u32>, program: &Path, args: &[OsString]) -> ExecError {
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)) {
        return ExecError::Io(error.into());
    }
    let now = rustix::process::getppid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok());
    if parent.is_some() && now != parent {
        return ExecError::Io(std::io::Error::other("its parent has ended already"));
    }
    replace(program, args, &[])
}

/// Replaces this process by a program, with these variables beside its own; returns only when that failed.
#[must_use]
pub fn replace(program: &Path, args: &[OsString], env: &[(&str, OsString)]) -> ExecError {
    let mut command = std::process::Command::new(program);
    command.args(args).envs(env.iter().map(|(name, value)| (*name, value)));
    // A tmux client inside of another tmux would refuse, or nest.
    for variable in NOT_INHERITED {
        command.env_remove(variable);
    }
    let error = command.exec();
    match error.kind() {
        std::io::ErrorKind::NotFound => ExecError::Missing,
        _ => ExecError::Io(error),
    }
}

/// A process in a pseudo-terminal; dropping it hangs the terminal up and reaps the process.
pub struct PtyProcess {
    /// Our side of the terminal.
    pub master: Box<dyn MasterPty + Send>,
    child: Option<Box<dyn portable_pty::Child + Send + Sync>>,
}

impl Drop for PtyProcess {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // Ending takes up to 200 ms when the client is hung, and this runs between two keys. Should
        // this process end first, the kernel hangs the terminal up.
        let ended = thread::begin("end", move || {
            let _already_gone = child.kill();
            let _reaped = child.wait();
        });
        // Without one the client sees its terminal hang up, and is reaped by the end of this process.
        drop(ended);
    }
}

/// Starts a program in a new pseudo-terminal of exactly this size.
///
/// # Errors
/// When no terminal can be opened or the program cannot be started.
pub fn in_pty(program: &Path, args: &[OsString], size: Size) -> Result<PtyProcess, ExecError> {
    let io = |error: &dyn std::fmt::Display| ExecError::Io(std::io::Error::other(error.to_string()));
    let pair = native_pty_system()
        .openpty(PtySize { rows: size.height, cols: size.width, pixel_width: 0, pixel_height: 0 })
        .map_err(|error| io(&error))?;
    let mut builder = CommandBuilder::new(program);
    builder.args(args);
    // What our parser understands, whatever the operator's own terminal is.
    builder.env("TERM", "xterm-256color");
    for variable in NOT_INHERITED {
        builder.env_remove(variable);
    }
    // The library forks by itself, so the gate is passed here.
    let _spawning = spawn_guard();
    let child = pair.slave.spawn_command(builder).map_err(|error| io(&error))?;
    // Our handle of the terminal's other side goes here: while one is open, its reader never sees an end.
    Ok(PtyProcess { master: pair.master, child: Some(child) })
}

/// Finds a program in a `PATH`-like list, as `execvp` would.
#[must_use]
pub fn find_in_path(program: &str, path: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|p| is_executable(p));
    }
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|p| is_executable(p))
}

/// Finds a program without which nothing can be done.
///
/// # Errors
/// When it is not on `PATH`; says how it is installed.
pub fn require(program: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var("PATH").unwrap_or_default();
    find_in_path(program, &path).ok_or_else(|| explain(program, &ExecError::Missing))
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Words an exec error for the operator.
#[must_use]
pub fn explain(program: &str, error: &ExecError) -> Failure {
    match error {
        ExecError::Missing => {
            Failure::new(Kind::MissingProgram, program, "is not installed, or not on PATH", install_hint(program))
        }
        ExecError::Io(error) => Failure::failed(program, error.to_string(), "check that it can be run by hand"),
        ExecError::TimedOut(limit) => Failure::failed(
            program,
            format!("gave no answer within {} s", limit.as_secs_f32()),
            "check whether it hangs when run by hand",
        ),
    }
}

fn install_hint(program: &str) -> String {
    match program {
        "tmux" => "install it: `apt install tmux`, `dnf install tmux` or `brew install tmux`".to_owned(),
        other => format!("install {other} and try again"),
    }
}

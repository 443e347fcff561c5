//! Runs what says that a change is good. Success is exit status 0 within its time, and nothing else is.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::refusal::{Ended, Red, short};
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{Label, shell_word};
use crate::fleet::os::exec::{Errand, ExecError};
use crate::fleet::os::folder::make_private;
use crate::fleet::sanitizer;

/// Bytes at the end of an output that are looked at for its last lines.
// Forty lines are a few kilobytes; one endless line of a broken build must not be read whole.
const TAIL_BYTES: u64 = 64 << 10;

/// Last lines that are kept.
const TAIL_LINES: usize = 40;

/// Most bytes of one output.
// A week of them lies on the disk on which the backlog lives; no person reads one that is longer.
const MAX_LOG_BYTES: u64 = 64 << 20;

/// How often its length is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Outputs older than this go.
// A refusal names the file, which should still be there when its author comes back after a weekend.
const KEEP_LOGS: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a command is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub branch: &'a str,
    /// The branch's commit, for a forge; what it becomes, for a command in the checkout.
    pub commit: &'a str,
    pub base: &'a str,
    pub card: Option<&'a str>,
}

impl About<'_> {
    /// The words of a command, with what they stand for.
    fn words(&self, words: &[String]) -> Vec<String> {
        let pairs = [
            ("{branch}", self.branch),
            ("{commit}", self.commit),
            ("{base}", self.base),
            ("{card}", self.card.unwrap_or_default()),
        ];
        let filled = |word: &String| pairs.iter().fold(word.clone(), |word, (name, value)| word.replace(name, value));
        words.iter().map(filled).collect()
    }
}

/// Whether a variable of this process reaches CI: what speaks of another repository does not.
fn inherits(name: &str) -> bool {
    // A gate may itself run beneath a hook of git, whose GIT_DIR and GIT_INDEX_FILE would have CI work
    // in that repository.
    !name.starts_with("GIT_")
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
}

/// Runs a command in a folder; `name` tells its output from others'.
///
/// # Errors
/// When its output cannot be kept.
pub(super) async fn run(
    site: &Site,
    name: &str,
    command: &[String],
    folder: &Path,
    about: &About<'_>,
    limit: Duration,
) -> Result<Result<(), Box<Red>>> {
    let words = about.words(command);
    let (log_path, log) = open_log(site, name, about)?;
    let program = words.first().map(String::as_str).unwrap_or_default();
    // A relative path is meant from the checkout, and the kernel would look for it from our own folder.
    let program = if program.contains('/') { folder.join(program) } else { PathBuf::from(program) };
    let args: Vec<OsString> = words.iter().skip(1).map(OsString::from).collect();
    let env: [(&str, OsString); 6] = [
        (super::worktree::MARK, folder.into()),
        ("CI", "true".into()),
        ("MOSAIC_GATE_BRANCH", about.branch.into()),
        ("MOSAIC_GATE_COMMIT", about.commit.into()),
        ("MOSAIC_GATE_BASE", about.base.into()),
        ("MOSAIC_GATE_CARD", about.card.unwrap_or_default().into()),
    ];
    let errand = Errand { program: &program, args: &args, folder, inherits, env: &env };
    let ended = tokio::select! {
        ran = errand.run_into(&log, limit) => ended(ran),
        // Dropped, what runs is ended with all of its group.
        () = overflow(&log) => None,
    };
    // Also where it ended by itself just before it was seen.
    let ended = if cut(&log).map_err(|error| failed(&log_path, &error))? {
        Ended::Printed(MAX_LOG_BYTES)
    } else {
        match ended {
            Some(ended) => ended,
            None => return Ok(Ok(())),
        }
    };
    let command = words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ");
    let tail = tail(log).map_err(|error| failed(&log_path, &error))?;
    Ok(Err(Box::new(Red { command, ended, tail, log: log_path.display().to_string() })))
}

/// How a command ended that is no success; `None` for one that is.
fn ended(ran: Result<ExitStatus, ExecError>) -> Option<Ended> {
    Some(match ran {
        Ok(status) if status.success() => return None,
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Ended::Status(code),
            (None, signal) => Ended::Signal(signal.unwrap_or_default()),
        },
        Err(ExecError::TimedOut(limit)) => Ended::TimedOut(limit),
        // A command that is not there is no failure of the gate's own: it is told as a CI that
        // said no, with its log.
        Err(ExecError::Missing) => Ended::NotRun("there is no such program".to_owned()),
        Err(ExecError::Io(error)) => Ended::NotRun(error.to_string()),
    })
}

/// Waits until an output is longer than is kept.
async fn overflow(log: &File) {
    // Where its length cannot be read, the command's own end is waited for.
    while log.metadata().map_or(0, |meta| meta.len()) <= MAX_LOG_BYTES {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Cuts what is longer than is kept; whether it was.
fn cut(log: &File) -> std::io::Result<bool> {
    let is_over = log.metadata()?.len() > MAX_LOG_BYTES;
    if is_over {
        log.set_len(MAX_LOG_BYTES)?;
    }
    Ok(is_over)
}

/// Folder of the outputs of CI; no agent's file can have its name, and the one of that name without the stroke is the file
/// by which starts are spaced.
#[must_use]
pub fn outputs(site: &Site) -> PathBuf {
    site.run_dir.join("_gate")
}

/// Every output that is kept.
#[must_use]
pub fn output_files(site: &Site) -> Vec<PathBuf> {
    std::fs::read_dir(outputs(site)).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Opens the file of an output; those that nobody asks for any more go.
fn open_log(site: &Site, name: &str, about: &About<'_>) -> Result<(PathBuf, File)> {
    let folder = outputs(site);
    make_private(&folder).map_err(|error| failed(&folder, &error))?;
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let is_old = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEEP_LOGS));
        if is_old {
            // Two gates may tidy up at once, and what stays is only a little space.
            let _next_time = std::fs::remove_file(entry.path());
        }
    }
    let branch: String = about
        .branch
        .chars()
        // A branch's name may be longer than what a file's name may have, which is 255 bytes.
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
        .collect();
    let path = folder.join(format!("{branch}-{}-{name}.log", short(about.commit)));
    // The command holds this file itself, with no pipe between: it goes on writing where the gate is
    // killed, and never waits for a reader.
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&path);
    match file {
        Ok(file) => Ok((path, file)),
        Err(error) => Err(failed(&path, &error)),
    }
}

/// The last lines of an output, each made safe to show.
fn tail(mut log: File) -> std::io::Result<Vec<String>> {
    let length = log.seek(SeekFrom::End(0))?;
    log.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    log.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The tail goes into errors, the card and the history, where a key that CI prints would stay.
    let safe = |line: &str| match sanitizer::is_known_secret(line) {
        true => "(a line with what looks like a secret)".to_owned(),
        false => Label::new(line).to_string(),
    };
    let lines: Vec<String> = text.lines().map(safe).filter(|line| !line.trim().is_empty()).collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec())
}

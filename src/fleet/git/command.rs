//! How git is asked: arguments, environment, time.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::base;
use crate::fleet::model::Label;
use crate::fleet::os::exec::{self, ExecError, Output};
use crate::plain;

/// Longest time for one answer: a large work tree takes a few seconds from a cold disk, and less the next time.
const LIMIT: Duration = Duration::from_secs(5);

/// What every command is asked with: nothing is written, fetched or run beside git itself, and no setting of the user
/// or the repository changes the form of its answer.
const QUIET: [&str; 16] = [
    "--no-optional-locks",
    "--no-pager",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    // Else a name with an umlaut comes as numbers of its bytes.
    "core.quotePath=false",
    "-c",
    "color.ui=false",
    "-c",
    // With the other values git adds its cache to the index, or takes it away.
    "core.untrackedCache=keep",
    "-c",
    "maintenance.auto=false",
    "-C",
];

/// Variables that git needs of this process: where programs and the user's own ignore rules are.
const INHERITED: [&str; 4] = ["PATH", "HOME", "XDG_CONFIG_HOME", "USER"];

/// What a patch is against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side<'a> {
    /// The last commit.
    Head,
    /// Nothing, as before the first: what was added to the index.
    Nothing,
    /// Another commit.
    Commit(&'a str),
}

/// What git said.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Its standard output: names are bytes, and need not be UTF-8.
    pub bytes: Vec<u8>,
    /// Whether more than is kept of one command came.
    pub is_cut: bool,
}

impl Answer {
    /// It as text, with what is no UTF-8 replaced.
    pub(super) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// There is no git that could be asked.
    NoGit,
    /// What git says, or that it says nothing.
    Why(String),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGit => f.write_str("git is not installed, or not on PATH"),
            Self::Why(why) => f.write_str(why),
        }
    }
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::Why(why)
    }
}

/// The state of the work tree.
pub(super) async fn status(folder: &Path) -> Result<Answer, Unread> {
    let ask = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=dirty"];
    run(folder, &ask).await
}

/// Lines added and removed of each file.
pub(super) async fn numbers(folder: &Path, has_commit: bool) -> Result<Answer, Unread> {
    let side = if has_commit { Side::Head } else { Side::Nothing };
    changes(folder, side, &["--numstat", "-z"]).await
}

/// The change of each file as a patch.
pub(super) async fn patch(folder: &Path, side: Side<'_>) -> Result<Answer, Unread> {
    let form = ["--patch", "--unified=3", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short"];
    changes(folder, side, &form).await
}

/// What the work tree holds and something else does not.
async fn changes(folder: &Path, side: Side<'_>, form: &[&str]) -> Result<Answer, Unread> {
    let mut ask = vec!["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", "--find-renames"];
    ask.extend(["--ignore-submodules=dirty", "-O/dev/null"]);
    ask.extend(form);
    match side {
        Side::Head => ask.push("HEAD"),
        Side::Nothing => ask.push("--cached"),
        Side::Commit(commit) => ask.push(commit),
    }
    ask.push("--");
    run(folder, &ask).await
}

/// Tells of the main branches, and of the own one, in [`base::FORM`].
pub(super) async fn branches(folder: &Path, own: Option<&OsStr>) -> Result<Answer, Unread> {
    let form = format!("--format={}", base::FORM);
    let own = own.map(|name| joined(&["refs/heads/".as_ref(), name]));
    let mut ask: Vec<&OsStr> = vec!["for-each-ref".as_ref(), form.as_ref()];
    ask.extend(base::MAIN_BRANCHES.map(OsStr::new));
    ask.extend(own.as_deref());
    run(folder, &ask).await
}

/// What is checked out: its last commit, and those that a merge brings which is not finished.
#[derive(Debug, Clone, Default)]
pub(super) struct Tips {
    merging: Vec<String>,
}

impl Tips {
    fn all(&self) -> impl Iterator<Item = &OsStr> {
        std::iter::once("HEAD").chain(self.merging.iter().map(String::as_str)).map(OsStr::new)
    }
}

/// Longest list of commits of a merge that is read: git writes 41 bytes for each.
const MERGE_HEADS: usize = 64 << 10;

/// Reads what is checked out.
pub(super) async fn tips(folder: &Path) -> Result<Tips, Unread> {
    // As a revision it stands for the first alone, of several that are merged at once.
    let answer = run(folder, &["rev-parse", "--git-path", "MERGE_HEAD"]).await?;
    let path = folder.join(OsStr::from_bytes(answer.bytes.strip_suffix(b"\n").unwrap_or(&answer.bytes)));
    let text = match plain::read(&path, MERGE_HEADS) {
        Ok(text) => text,
        Err(error) if error.is_missing() => String::new(),
        Err(error) => return Err(Unread::Why(format!("{}: {error}", Label::new(&path.to_string_lossy())))),
    };
    let is_commit = |line: &&str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(Tips { merging: text.lines().filter(is_commit).map(str::to_owned).collect() })
}

/// How many commits are checked out that another branch does not hold, up to [`base::MOST_COMMITS`].
pub(super) async fn commits_since(folder: &Path, reference: &OsStr, tips: &Tips) -> Result<u64, Unread> {
    let most = format!("--max-count={}", base::MOST_COMMITS);
    let without = joined(&["^".as_ref(), reference]);
    let mut ask: Vec<&OsStr> = ["rev-list", "--count", &most].map(OsStr::new).to_vec();
    ask.extend(tips.all());
    ask.extend([&without, OsStr::new("--")]);
    let answer = run(folder, &ask).await?;
    answer.text().trim().parse().map_err(|_| Unread::Why("git: counts no commits".to_owned()))
}

/// The commit at which what is checked out left another branch; none where they have nothing in common. A merge that is
/// not finished counts as if it were: what it brings of that branch is none of the own work.
pub(super) async fn fork(folder: &Path, reference: &OsStr, tips: &Tips) -> Result<Option<String>, Unread> {
    // Of several it names the best; `diff --merge-base` refuses those. The first is compared with a merge of all others.
    let mut ask: Vec<&OsStr> = vec!["merge-base".as_ref(), reference];
    ask.extend(tips.all());
    let output = asked(folder, &ask).await?;
    match output.status.code() {
        Some(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())),
        Some(1) => Ok(None),
        _ => Err(refusal(&output.stderr)),
    }
}

/// Whether a commit holds another one.
pub(super) async fn holds(folder: &Path, commit: &str, other: &str) -> Result<bool, Unread> {
    let output = asked(folder, &["merge-base", "--is-ancestor", other, commit]).await?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(refusal(&output.stderr)),
    }
}

fn joined(parts: &[&OsStr]) -> OsString {
    parts.iter().copied().collect()
}

async fn run<S: AsRef<OsStr>>(folder: &Path, ask: &[S]) -> Result<Answer, Unread> {
    let output = asked(folder, ask).await?;
    if !output.status.success() {
        return Err(refusal(&output.stderr));
    }
    let is_cut = output.is_cut();
    let mut bytes = output.stdout;
    if is_cut {
        // The last line is not whole.
        bytes.truncate(bytes.iter().rposition(|byte| matches!(byte, b'\n' | 0)).map_or(0, |end| end + 1));
    }
    Ok(Answer { bytes, is_cut })
}

/// Runs git, whatever it answers.
async fn asked<S: AsRef<OsStr>>(folder: &Path, ask: &[S]) -> Result<Output, Unread> {
    let mut arguments: Vec<OsString> = QUIET.iter().map(OsString::from).collect();
    arguments.push(folder.into());
    arguments.extend(ask.iter().map(OsString::from));
    let mut environment: Vec<(&str, OsString)> =
        INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect();
    environment.extend(
        [
            ("LC_ALL", "C"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
            // A clone without all of its objects would fetch what a diff needs. Older versions know only the second.
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_ALLOW_PROTOCOL", "none"),
        ]
        .map(|(name, value)| (name, OsString::from(value))),
    );
    match exec::run_alone(Path::new("git"), &arguments, &environment, LIMIT).await {
        Ok(output) => Ok(output),
        Err(ExecError::Missing) => Err(Unread::NoGit),
        Err(ExecError::Io(error)) => Err(Unread::Why(format!("git: {error}"))),
        Err(ExecError::TimedOut(limit)) => Err(Unread::Why(format!("git gave no answer within {} s", limit.as_secs()))),
    }
}

/// The line that says why.
fn refusal(errors: &str) -> Unread {
    let line = errors.lines().find(|line| line.starts_with("fatal:")).or(errors.lines().next());
    let line = line.unwrap_or_default().trim_start_matches("fatal:").trim();
    Unread::Why(format!("git: {}", Label::new(if line.is_empty() { "failed without a word" } else { line })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_line_that_says_why() {
        let said = |errors: &str| refusal(errors).to_string();
        assert_eq!(said("warning: x\nfatal: detected dubious ownership\n"), "git: detected dubious ownership");
        assert_eq!(said("error: bad\n"), "git: error: bad");
        assert_eq!(said(""), "git: failed without a word");
    }
}

//! How git is asked: arguments, environment, time.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::base;
use crate::fleet::model::Label;
use crate::fleet::os::exec::{self, ExecError, Output};

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
    /// Its standard output, with what is no UTF-8 replaced.
    pub text: String,
    /// Whether more than is kept of one command came.
    pub is_cut: bool,
}

/// The state of the work tree.
pub(super) async fn status(folder: &Path) -> Result<Answer, String> {
    let ask = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal", "--ignore-submodules=dirty"];
    run(folder, &ask).await
}

/// Lines added and removed of each file.
pub(super) async fn numbers(folder: &Path, has_commit: bool) -> Result<Answer, String> {
    let side = if has_commit { Side::Head } else { Side::Nothing };
    changes(folder, side, &["--numstat", "-z"]).await
}

/// The change of each file as a patch.
pub(super) async fn patch(folder: &Path, side: Side<'_>) -> Result<Answer, String> {
    let form = ["--patch", "--unified=3", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short"];
    changes(folder, side, &form).await
}

/// What the work tree holds and something else does not.
async fn changes(folder: &Path, side: Side<'_>, form: &[&str]) -> Result<Answer, String> {
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
pub(super) async fn branches(folder: &Path, own: Option<&str>) -> Result<Answer, String> {
    let (form, own) = (format!("--format={}", base::FORM), own.map(|name| format!("refs/heads/{name}")));
    let mut ask = vec!["for-each-ref", &form];
    ask.extend(base::MAIN_BRANCHES);
    ask.extend(own.as_deref());
    run(folder, &ask).await
}

/// How many commits are checked out that another branch does not hold, up to [`base::MOST_COMMITS`].
pub(super) async fn commits_since(folder: &Path, reference: &str) -> Result<u64, String> {
    let (most, span) = (format!("--max-count={}", base::MOST_COMMITS), format!("{reference}..HEAD"));
    let answer = run(folder, &["rev-list", "--count", &most, &span, "--"]).await?;
    answer.text.trim().parse().map_err(|_| "git: counts no commits".to_owned())
}

/// The commit at which what is checked out left another branch; none where they have nothing in common.
pub(super) async fn fork(folder: &Path, reference: &str) -> Result<Option<String>, String> {
    // Of several it names the best; `diff --merge-base` refuses those.
    let output = asked(folder, &["merge-base", "HEAD", reference]).await?;
    match output.status.code() {
        Some(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())),
        Some(1) => Ok(None),
        _ => Err(refusal(&output.stderr)),
    }
}

async fn run(folder: &Path, ask: &[&str]) -> Result<Answer, String> {
    let output = asked(folder, ask).await?;
    if !output.status.success() {
        return Err(refusal(&output.stderr));
    }
    let is_cut = output.is_cut();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if is_cut {
        // The last line is not whole.
        text.truncate(text.rfind(['\n', '\0']).map_or(0, |end| end + 1));
    }
    Ok(Answer { text, is_cut })
}

/// Runs git, whatever it answers.
async fn asked(folder: &Path, ask: &[&str]) -> Result<Output, String> {
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
        Err(ExecError::Missing) => Err("git is not installed".to_owned()),
        Err(ExecError::Io(error)) => Err(format!("git: {error}")),
        Err(ExecError::TimedOut(limit)) => Err(format!("git gave no answer within {} s", limit.as_secs())),
    }
}

/// The line that says why.
fn refusal(errors: &str) -> String {
    let line = errors.lines().find(|line| line.starts_with("fatal:")).or(errors.lines().next());
    let line = line.unwrap_or_default().trim_start_matches("fatal:").trim();
    format!("git: {}", Label::new(if line.is_empty() { "failed without a word" } else { line }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_line_that_says_why() {
        assert_eq!(refusal("warning: x\nfatal: detected dubious ownership\n"), "git: detected dubious ownership");
        assert_eq!(refusal("error: bad\n"), "git: error: bad");
        assert_eq!(refusal(""), "git: failed without a word");
    }
}

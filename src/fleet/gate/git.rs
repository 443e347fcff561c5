//! Runs git for the gate: the real program, without the user's hooks and without what would change its answers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::git_locks;
use crate::fleet::model::{Label, shell_word};
use crate::fleet::os::exec::{self, Errand, MAX_OUTPUT_BYTES, Output};

/// Longest time for what git does on this machine.
const LOCAL_LIMIT: Duration = Duration::from_secs(120);

/// Longest time for what it does with another one.
// Longer than that for this machine: a server may run hooks of its own before it answers a push.
const REMOTE_LIMIT: Duration = Duration::from_secs(300);

/// How long a reference may be locked by another git.
// Longer than `LEFT_AFTER`, so that a lock that was left is seen to be old within one change.
const LOCKED_WITHIN: Duration = Duration::from_secs(15);

/// Git has a reference locked for milliseconds: a lock that is so old was left.
const LEFT_AFTER: Duration = Duration::from_secs(5);

/// Pause between two tries.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Settings that no configuration may say otherwise: nothing is run beside git, and nothing is tidied up meanwhile.
const SETTINGS: [&str; 13] = [
    // A hook is the user's and may do anything: refuse, ask, or change the files that were tested.
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    // Else git goes on packing in the background, after its command ended and the gate
    // gave its turn away.
    "gc.auto=0",
    "maintenance.auto=false",
    "color.ui=false",
    "log.showSignature=false",
    // A signature may ask for a passphrase, and nobody is there to type it.
    "commit.gpgSign=false",
    "submodule.recurse=false",
    "fetch.prune=false",
    "fetch.pruneTags=false",
    // Nobody reviewed the tags that would go along.
    "push.followTags=false",
    "push.gpgSign=false",
    // Names of authors are compared as text; a user's other encoding would make two people of one.
    "i18n.logOutputEncoding=UTF-8",
];

/// Where a user's own attributes stand in the way of an answer that is the same for everybody.
const NO_ATTRIBUTES: &str = "core.attributesFile=/dev/null";

/// Whose configuration counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The repository's own: the work is on this machine, and the same on every one.
    Here,
    /// The user's as well, for what writes or reads a work tree: filters and line ends that are set up there make its
    /// files what they are, and those of a large file's store may have to log in.
    Files,
    /// The user's as well: it says how to log in elsewhere.
    Elsewhere,
}

/// Git in one folder.
#[derive(Debug, Clone)]
pub(super) struct Git {
    folder: PathBuf,
    /// Folders of other users that the user trusts, as git's own setting has them.
    trusted: Vec<String>,
}

/// Folders of other users that whoever runs this trusts: the user's word, which the repository's own configuration cannot
/// give.
pub(super) async fn trusted() -> Result<Vec<String>> {
    // From the root no repository is found, so that only the user's and the machine's configuration answers.
    let git = Git::of(Path::new("/"));
    let said = git.run(Reach::Elsewhere, &["config", "--null", "--get-all", "safe.directory"], &[], &[]).await?;
    let values = String::from_utf8_lossy(&said.stdout).into_owned();
    // An empty one takes back those before it, and so keeps its place.
    Ok(values.split_terminator('\0').map(str::to_owned).collect())
}

/// Whether a variable of this process may reach git on this machine.
fn inherits_here(name: &str) -> bool {
    !name.starts_with("GIT_")
}

/// The same where it has to log in.
fn inherits_elsewhere(name: &str) -> bool {
    // By these a user says which key is used and who is asked for a password, where no file says it.
    inherits_here(name) || name.starts_with("GIT_SSH") || name == "GIT_ASKPASS"
}

impl Git {
    /// Git in a folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), trusted: Vec::new() }
    }

    /// The same in another folder of the repository.
    pub(super) fn at(&self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), trusted: self.trusted.clone() }
    }

    /// The same where these folders are trusted.
    pub(super) fn trusting(self, trusted: Vec<String>) -> Self {
        Self { trusted, ..self }
    }

    /// Runs git, whatever it answers.
    pub(super) async fn run(
        &self,
        reach: Reach,
        args: &[&str],
        env: &[(&str, OsString)],
        input: &[u8],
    ) -> Result<Output> {
        // A replacement reference shows another commit under the name of the one that was reviewed.
        let mut words: Vec<OsString> = vec!["--no-pager".into(), "--no-replace-objects".into()];
        for setting in SETTINGS {
            words.extend(["-c".into(), setting.into()]);
        }
        if reach != Reach::Files {
            words.extend(["-c".into(), NO_ATTRIBUTES.into()]);
        }
        for folder in &self.trusted {
            words.extend(["-c".into(), format!("safe.directory={folder}").into()]);
        }
        words.extend(args.iter().map(OsString::from));
        let mut all: Vec<(&str, OsString)> = vec![
            ("LC_ALL", "C".into()),
            // A question would wait on a terminal that nobody reads, until the time is over.
            ("GIT_TERMINAL_PROMPT", "0".into()),
            // A mere `status` would else rewrite the index of a work tree in which somebody works.
            ("GIT_OPTIONAL_LOCKS", "0".into()),
            ("GIT_LITERAL_PATHSPECS", "1".into()),
            ("GIT_EDITOR", "true".into()),
        ];
        if reach != Reach::Files {
            all.push(("GIT_ATTR_NOSYSTEM", "1".into()));
        }
        if reach == Reach::Here {
            all.extend([("GIT_CONFIG_GLOBAL", "/dev/null".into()), ("GIT_CONFIG_NOSYSTEM", "1".into())]);
        }
        all.extend_from_slice(env);
        let (inherits, limit): (fn(&str) -> bool, _) = match reach {
            Reach::Here => (inherits_here, LOCAL_LIMIT),
            Reach::Files | Reach::Elsewhere => (inherits_elsewhere, REMOTE_LIMIT),
        };
        let errand = Errand { program: Path::new("git"), args: &words, folder: &self.folder, inherits, env: &all };
        errand.run(input, limit).await.map_err(|error| exec::explain("git", &error))
    }

    /// Runs what changes a reference that git locks by this file, whatever it answers. A lock that another git holds is
    /// waited for, and one that a killed git left is taken away. Git itself waits a moment for a lock, so one that made it
    /// fail is still there.
    pub(super) async fn change(&self, reach: Reach, lock: &Path, args: &[&str]) -> Result<Output> {
        let deadline = Instant::now() + LOCKED_WITHIN;
        loop {
            let output = self.run(reach, args, &[], &[]).await?;
            // Whether it failed by a lock is told by the lock's file: git's words for it change with its
            // version and language.
            if output.status.success() || !lock.exists() || Instant::now() >= deadline {
                return Ok(output);
            }
            git_locks::clear(lock, LEFT_AFTER);
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The file by which git locks a reference.
    pub(super) async fn lock_of(&self, reference: &str) -> Result<PathBuf> {
        let lock = format!("{reference}.lock");
        self.text(&["rev-parse", "--path-format=absolute", "--git-path", &lock]).await.map(PathBuf::from)
    }

    /// Runs git on this machine; its answer where it succeeded.
    pub(super) async fn bytes(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        self.bytes_of(Reach::Here, args, input).await
    }

    /// Runs git on files of a work tree; its answer where it succeeded.
    pub(super) async fn files(&self, args: &[&str]) -> Result<Vec<u8>> {
        self.bytes_of(Reach::Files, args, &[]).await
    }

    async fn bytes_of(&self, reach: Reach, args: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        let output = self.run(reach, args, &[], input).await?;
        if !output.status.success() {
            return Err(self.failed(args, &output));
        }
        // What came beyond is gone, and what was not read was not looked at.
        if output.is_cut() {
            let why = format!("answered with more than {} MiB", MAX_OUTPUT_BYTES >> 20);
            return Err(Failure::failed(what(args), why, "split the change into smaller ones"));
        }
        Ok(output.stdout)
    }

    /// The same as one text without its last line break.
    pub(super) async fn text(&self, args: &[&str]) -> Result<String> {
        self.bytes(args, &[]).await.map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// The answer to a question that git may also answer with "no", which is exit status 1.
    pub(super) async fn ask(&self, args: &[&str]) -> Result<Option<String>> {
        // `diff-index`, `merge-base` and `rev-parse --quiet` say no by status 1, and what is broken by 128.
        let output = self.run(Reach::Here, args, &[], &[]).await?;
        match output.status.code() {
            Some(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())),
            Some(1) => Ok(None),
            _ => Err(self.failed(args, &output)),
        }
    }

    /// Words a command that failed: what git said last, and how to run it by hand.
    pub(super) fn failed(&self, args: &[&str], output: &Output) -> Failure {
        // Some commands, `push --porcelain` among them, say why on standard output.
        let said = said_first(&output.stderr).or_else(|| last_line(&String::from_utf8_lossy(&output.stdout)));
        let why = match (said, output.status.code()) {
            (Some(said), _) => said,
            (None, Some(code)) => format!("ended with status {code} and no word"),
            (None, None) => "was killed".to_owned(),
        };
        let folder = shell_word(&self.folder.to_string_lossy());
        Failure::new(
            Kind::Failed,
            what(args),
            why,
            format!("`git -C {folder} fsck` says whether the repository is sound"),
        )
        .with_details(output.stderr.lines().map(|line| Label::new(line).to_string()).collect())
    }
}

/// A command in an error: the verb alone, whose arguments are names of commits.
fn what(args: &[&str]) -> String {
    let mut words = args.iter().copied();
    let mut verb = words.next().unwrap_or_default();
    while verb == "-c" {
        verb = words.nth(1).unwrap_or_default();
    }
    format!("git {verb}")
}

/// The last line that says something.
fn last_line(text: &str) -> Option<String> {
    text.lines().rev().map(|line| Label::new(line).to_string()).find(|line| !line.trim().is_empty())
}

/// The line that says why git gave up, for people; the last one where none does.
pub(super) fn said_first(text: &str) -> Option<String> {
    // Behind it git may give advice over several lines, whose last one says nothing by itself.
    let fatal = text.lines().find_map(|line| line.strip_prefix("fatal: "));
    fatal.map(|line| Label::new(line).to_string()).filter(|line| !line.trim().is_empty()).or_else(|| last_line(text))
}

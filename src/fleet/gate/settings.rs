//! What a fleet's `gate.yaml` says: which branch is the main one, what CI is, and how a forge merges. Reads and checks a
//! text; opens nothing but the file itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::roster::{Document, Problem};
use crate::plain::{self, quoted};

/// Most bytes of the file.
const MAX_BYTES: usize = 256 << 10;

/// Longest CI where the file does not say: an hour.
const CI_SECONDS: u64 = 3600;

/// Longest that may be asked for: a day.
const MAX_SECONDS: u64 = 86_400;

/// Largest file where the file does not say.
// More than any source text, and less than what makes every clone of the repository slow for ever.
const FILE_BYTES: u64 = 1 << 20;

/// Largest that may be asked for: beyond it a file is not looked through.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// Words in a command that stand for what is merged.
pub(super) const PLACEHOLDERS: [&str; 4] = ["{branch}", "{commit}", "{base}", "{card}"];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GateFile {
    version: u64,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    remote: Option<String>,
    ci: CiEntry,
    #[serde(default)]
    merge: Option<Vec<String>>,
    #[serde(default)]
    max_file_bytes: Option<u64>,
    #[serde(default)]
    digests: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CiEntry {
    #[serde(default)]
    command: Option<Vec<String>>,
    #[serde(default)]
    status: Option<Vec<String>>,
    #[serde(default)]
    timeout: Option<u64>,
}

/// How a gate works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The main branch; else what the remote calls so.
    pub base: Option<String>,
    /// The remote that has it; else `origin`, where there is one.
    pub remote: Option<String>,
    /// What says that a change is good.
    pub ci: Ci,
    /// A forge's own wrapper, which merges in our place.
    pub merge: Option<Vec<String>>,
    /// Largest file of a change.
    pub max_file_bytes: u64,
    /// Files whose long random words are digests and no secrets.
    pub digests: Vec<String>,
}

/// What says that a change is good; at least one of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ci {
    /// Run on a clean checkout of the merged result.
    pub command: Option<Vec<String>>,
    /// A forge's own wrapper, which says how its CI stands.
    pub status: Option<Vec<String>>,
    /// Longest time for each.
    pub limit: Duration,
}

/// Where the file lies.
#[must_use]
pub fn path(site: &Site) -> PathBuf {
    site.home.join("fleet/gate.yaml")
}

/// Reads the file of a fleet; `None` where there is none.
///
/// # Errors
/// When it cannot be read; every problem of it.
pub fn load(site: &Site) -> Result<Option<Settings>> {
    let path = path(site);
    let text = match plain::read(&path, MAX_BYTES) {
        Ok(text) => text,
        Err(why) if why.is_missing() => return Ok(None),
        Err(why) => return Err(Failure::unreadable(path.display().to_string(), &why)),
    };
    // One problem stands in the error's first line with its place, which editors jump to;
    // several need a list.
    parse(&text, &path).map(Some).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let (what, why) = match problems.as_slice() {
            [one] => {
                (format!("{}:{}:{}", path.display(), one.line, one.column), format!("{}: {}", one.key, one.message))
            }
            several => (path.display().to_string(), format!("{} problems: {}", several.len(), told.join("; "))),
        };
        Failure::new(Kind::Invalid, what, why.trim_start_matches(": ").to_owned(), "correct the file")
            .with_details(told)
    })
}

/// Reads a text.
///
/// # Errors
/// Every problem, with its place.
pub(super) fn parse(text: &str, path: &Path) -> Result<Settings, Vec<Problem>> {
    let (file, mut document): (GateFile, Document) = Document::decode(text, path)?;
    if file.version != 1 {
        document.problem("version", format!("is {}; expected 1", file.version));
    }
    for (key, name) in [("base", &file.base), ("remote", &file.remote)] {
        if let Some(name) = name.as_deref().filter(|name| !is_ref(name)) {
            document.problem(key, format!("{} is no name for git", quoted(name)));
        }
    }
    let commands = [("ci.command", &file.ci.command), ("ci.status", &file.ci.status), ("merge", &file.merge)];
    for (key, words) in commands {
        check_command(key, words.as_deref(), &mut document);
    }
    // A gate without any CI would let everything through and still be called one.
    if file.ci.command.is_none() && file.ci.status.is_none() {
        document.problem("ci", "needs `command`, which is run on the merged result, or `status`, a forge's wrapper");
    }
    if let Some(seconds) = file.ci.timeout.filter(|seconds| !(1..=MAX_SECONDS).contains(seconds)) {
        document.problem("ci.timeout", format!("is {seconds}; expected 1 to {MAX_SECONDS} seconds"));
    }
    if let Some(bytes) = file.max_file_bytes.filter(|bytes| !(1..=MAX_FILE_BYTES).contains(bytes)) {
        document.problem("max_file_bytes", format!("is {bytes}; expected 1 to {MAX_FILE_BYTES}"));
    }
    for (at, _) in file.digests.iter().enumerate().filter(|(_, pattern)| pattern.trim().is_empty()) {
        document.problem(&format!("digests[{at}]"), "is empty; expected a path or a pattern such as `**/*.snap`");
    }
    let GateFile { base, remote, ci, merge, max_file_bytes, digests, version: _ } = file;
    let limit = Duration::from_secs(ci.timeout.unwrap_or(CI_SECONDS));
    document.finish(Settings {
        base,
        remote,
        ci: Ci { command: ci.command, status: ci.status, limit },
        merge,
        max_file_bytes: max_file_bytes.unwrap_or(FILE_BYTES),
        digests,
    })
}

fn check_command(key: &str, words: Option<&[String]>, document: &mut Document) {
    let Some(words) = words else { return };
    if words.first().is_none_or(|program| program.trim().is_empty()) {
        document.problem(key, "names no program; expected a list such as [.ci/run]");
    }
    for (at, word) in words.iter().enumerate() {
        if word.contains('\0') {
            document.problem(&format!("{key}[{at}]"), "holds a zero byte");
        }
        // Only a word that is nothing but braces is a misspelt name; a script in a word may
        // hold braces of its own.
        let open = word.find('{').filter(|_| !PLACEHOLDERS.iter().any(|name| word.contains(name)));
        if open.is_some() && word.ends_with('}') && word.starts_with('{') {
            let all = PLACEHOLDERS.join(", ");
            document.problem(&format!("{key}[{at}]"), format!("{} stands for nothing; there are {all}", quoted(word)));
        }
    }
}

/// Whether git can have a branch or a remote of that name; git itself has the last word.
fn is_ref(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    !name.is_empty() && !name.starts_with(['-', '/', '.']) && !name.ends_with(['/', '.']) && !name.contains(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let problems = parse(text, Path::new("gate.yaml")).expect_err(text);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let read = parse("version: 1\nci: {command: [.ci/run]}\n", Path::new("gate.yaml")).unwrap();
        assert_eq!(read.ci.limit, Duration::from_secs(3600));
        assert_eq!((read.max_file_bytes, read.base, read.merge), (1 << 20, None, None));
        let text = "version: 1\nbase: trunk\nremote: upstream\nci: {status: [forge, ci, '{commit}'], timeout: 60}\n\
                    merge: [forge, merge, '{branch}']\nmax_file_bytes: 10\ndigests: ['**/*.snap']\n";
        let read = parse(text, Path::new("gate.yaml")).unwrap();
        assert_eq!(read.ci.status.unwrap().last().unwrap(), "{commit}");
        assert_eq!((read.base.as_deref(), read.remote.as_deref()), (Some("trunk"), Some("upstream")));
    }

    #[test]
    fn agents_are_told_of_the_file_by_one_that_is_valid() {
        let (_, guide) =
            crate::fleet::framework::CONTENT.iter().find(|(path, _)| *path == "guides/bootstrap.md").unwrap();
        assert!(guide.contains("`fleet/gate.yaml`"), "without it nothing is merged");
        let block = guide.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let text = block.lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
        assert!(parse(&text, Path::new("gate.yaml")).unwrap().ci.command.is_some(), "{text}");
    }

    #[test]
    fn each_problem_has_its_place_and_what_is_allowed() {
        for (text, want) in [
            ("version: 1\n", "gate.yaml:1:1: the key `ci` is missing"),
            ("version: 2\nci: {command: [x]}\n", "gate.yaml:1:10: version: is 2; expected 1"),
            ("version: 1\nci: {}\n", "gate.yaml:2:5: ci: needs `command`"),
            ("version: 1\nci: {command: []}\n", "gate.yaml:2:15: ci.command: names no program"),
            ("version: 1\nci: {command: [x], timeout: 0}\n", "gate.yaml:2:29: ci.timeout: is 0; expected 1 to 86400"),
            ("version: 1\nci: {comand: [x]}\n", "gate.yaml:2:6: ci.comand: unknown"),
            ("version: 1\nbase: '-x'\nci: {command: [x]}\n", "gate.yaml:2:7: base: \"-x\" is no name for git"),
            ("version: 1\nci: {command: [x]}\nmerge: ['']\n", "gate.yaml:3:8: merge: names no program"),
            ("version: 1\nci: {status: [x, '{sha}']}\n", "gate.yaml:2:18: ci.status[1]: \"{sha}\" stands for nothing"),
            (
                "version: 1\nci: {command: [x]}\nmax_file_bytes: 99999999\n",
                "gate.yaml:3:17: max_file_bytes: is 99999999",
            ),
            ("version: 1\nci: {command: [x]}\ndigests: ['']\n", "gate.yaml:3:11: digests[0]: is empty"),
        ] {
            let told = told(text);
            assert!(told.iter().any(|line| line.starts_with(want)), "{want} not in {told:?}");
        }
    }
}

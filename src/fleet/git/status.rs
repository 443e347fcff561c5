//! What `git status --porcelain=v2 --branch -z` and `git diff --numstat -z` say. Pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::fleet::model::{Label, TreeFacts};

/// Characters of a commit's name that are shown.
const COMMIT_CHARS: usize = 7;

/// Names of untracked files, and of those in conflict, that are kept; the others are counted.
const NAMES: usize = 1000;

/// Fields in front of the name of a file that a merge left undecided.
const BEFORE_UNDECIDED: usize = 9;

/// The state of a work tree.
#[derive(Debug, Default)]
pub(super) struct Status {
    /// The tree as a whole.
    pub facts: TreeFacts,
    /// Its branch as git takes it: what is shown of it may be shorter, and lack what nobody sees.
    pub branch: Option<OsString>,
    /// Names of files that a merge left undecided.
    pub undecided: Vec<String>,
    /// Names of what git does not know.
    pub untracked: Vec<String>,
}

/// Reads it.
pub(super) fn read(answer: &[u8]) -> Status {
    let mut status = Status::default();
    let Status { facts, branch, undecided, untracked } = &mut status;
    let mut records = answer.split(|byte| *byte == 0);
    while let Some(record) = records.next() {
        if let Some(name) = record.strip_prefix(b"# branch.head ").filter(|name| *name != b"(detached)") {
            *branch = Some(OsStr::from_bytes(name).to_owned());
        }
        let record = String::from_utf8_lossy(record);
        let Some((kind, rest)) = record.split_once(' ') else { continue };
        match kind {
            "#" => header(facts, rest),
            "1" => facts.changed += 1,
            "2" => {
                facts.changed += 1;
                // The name that it had is a record of its own.
                records.next();
            }
            "u" => {
                facts.changed += 1;
                facts.conflicts += 1;
                let name = rest.splitn(BEFORE_UNDECIDED + 1, ' ').nth(BEFORE_UNDECIDED);
                undecided.extend(name.filter(|_| undecided.len() < NAMES).map(str::to_owned));
            }
            "?" => {
                facts.untracked += 1;
                if untracked.len() < NAMES {
                    untracked.push(rest.to_owned());
                }
            }
            _ => {}
        }
    }
    status
}

fn header(facts: &mut TreeFacts, text: &str) {
    let Some((name, value)) = text.split_once(' ') else { return };
    match name {
        "branch.oid" if value != "(initial)" => facts.commit = Some(value.chars().take(COMMIT_CHARS).collect()),
        "branch.head" if value != "(detached)" => facts.branch = Some(Label::new(value)),
        "branch.upstream" => facts.upstream = Some(Label::new(value)),
        "branch.ab" => {
            let count = |word: Option<&str>, sign: char| word?.strip_prefix(sign)?.parse::<u64>().ok();
            let mut words = value.split(' ');
            facts.ahead = count(words.next(), '+');
            facts.behind = count(words.next(), '-');
        }
        _ => {}
    }
}

/// Lines added and removed in all files; `None` where the answer is none.
pub(super) fn lines(text: &str) -> Option<(u64, u64)> {
    let (mut added, mut removed) = (0, 0);
    let mut records = text.split('\0');
    while let Some(record) = records.next().filter(|record| !record.is_empty()) {
        let mut fields = record.splitn(3, '\t');
        let (more, less, name) = (fields.next()?, fields.next()?, fields.next()?);
        if name.is_empty() {
            // Renamed: the two names are records of their own.
            records.next();
            records.next();
        }
        // A binary file has `-` for both.
        added += more.parse::<u64>().unwrap_or(0);
        removed += less.parse::<u64>().unwrap_or(0);
    }
    Some((added, removed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_status_becomes_facts() {
        let text = "# branch.oid 1234567890abcdef1234567890abcdef12345678\0# branch.head feat/x\0\
                    # branch.upstream origin/main\0# branch.ab +2 -3\0\
                    1 .M N... 100644 100644 100644 aaa bbb src/a b.rs\0\
                    2 R. N... 100644 100644 100644 aaa bbb R100 new name\0? old name\0\
                    u UU N... 100644 100644 100644 100644 a b c both of us\0? notes.txt\0? target/\0! ignored\0";
        let Status { facts, branch, undecided, untracked } = read(text.as_bytes());
        assert_eq!((facts.changed, facts.conflicts, facts.untracked), (3, 1, 2));
        assert_eq!((facts.ahead, facts.behind), (Some(2), Some(3)));
        assert_eq!((facts.commit.as_deref(), facts.branch), (Some("1234567"), Some(Label::new("feat/x"))));
        assert_eq!((facts.upstream, branch), (Some(Label::new("origin/main")), Some("feat/x".into())));
        assert_eq!((undecided, untracked), (vec!["both of us".into()], vec!["notes.txt".into(), "target/".into()]));
    }

    #[test]
    fn before_the_first_commit_and_without_a_branch() {
        let facts = read(b"# branch.oid (initial)\0# branch.head main\0").facts;
        assert_eq!((facts.commit, facts.branch, facts.ahead), (None, Some(Label::new("main")), None));
        let Status { facts, branch, .. } = read(b"# branch.oid abcdefabcdef\0# branch.head (detached)\0");
        assert_eq!((facts.commit.as_deref(), facts.branch, branch), (Some("abcdefa"), None, None));
    }

    #[test]
    fn a_branch_is_shown_clean_and_kept_as_git_said_it() {
        let raw = [b"fix/zero\xe2\x80\x8bwidth-\xff".as_slice(), &[b'x'; 300]].concat();
        let Status { facts, branch, .. } = read(&[b"# branch.head ".as_slice(), &raw, b"\0"].concat());
        assert_eq!(branch.unwrap().as_bytes(), raw);
        let shown = facts.branch.unwrap();
        assert!(
            shown.as_str().starts_with("fix/zerowidth-\u{fffd}x") && shown.as_str().ends_with('\u{2026}'),
            "{shown}"
        );
    }

    #[test]
    fn lines_are_counted_also_of_renamed_and_binary_files() {
        assert_eq!(lines("3\t1\ta.rs\0-\t-\tlogo.png\x005\t0\t\0old\0new\x002\t2\tz\0"), Some((10, 3)));
        assert_eq!(lines(""), Some((0, 0)));
        assert_eq!(lines("nonsense"), None);
    }

    proptest! {
        #[test]
        fn no_answer_breaks_it(text in "[ -~\\x00\\t\\n]{0,200}") {
            let Status { facts, undecided, untracked, .. } = read(text.as_bytes());
            prop_assert!(facts.conflicts <= facts.changed && untracked.len() as u64 <= facts.untracked);
            prop_assert!(undecided.len() as u64 <= facts.conflicts);
            let _counted = lines(&text);
        }
    }
}

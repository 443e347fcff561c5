//! What `git status --porcelain=v2 --branch -z` and `git diff --numstat -z` say. Pure.

use crate::fleet::model::{Label, TreeFacts};

/// Characters of a commit's name that are shown.
const COMMIT_CHARS: usize = 7;

/// Names of untracked files that are kept; the others are counted.
const UNTRACKED_NAMES: usize = 1000;

/// Reads the state of a work tree, and the names of what git does not know.
pub(super) fn read(text: &str) -> (TreeFacts, Vec<String>) {
    let mut facts = TreeFacts::default();
    let mut untracked = Vec::new();
    let mut records = text.split('\0');
    while let Some(record) = records.next() {
        let Some((kind, rest)) = record.split_once(' ') else { continue };
        match kind {
            "#" => header(&mut facts, rest),
            "1" => facts.changed += 1,
            "2" => {
                facts.changed += 1;
                // The name that it had is a record of its own.
                records.next();
            }
            "u" => {
                facts.changed += 1;
                facts.conflicts += 1;
            }
            "?" => {
                facts.untracked += 1;
                if untracked.len() < UNTRACKED_NAMES {
                    untracked.push(rest.to_owned());
                }
            }
            _ => {}
        }
    }
    (facts, untracked)
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
                    u UU N... 100644 100644 100644 100644 a b c both\0? notes.txt\0? target/\0! ignored\0";
        let (facts, untracked) = read(text);
        assert_eq!((facts.changed, facts.conflicts, facts.untracked), (3, 1, 2));
        assert_eq!((facts.ahead, facts.behind), (Some(2), Some(3)));
        assert_eq!((facts.commit.as_deref(), facts.branch), (Some("1234567"), Some(Label::new("feat/x"))));
        assert_eq!(
            (facts.upstream, untracked),
            (Some(Label::new("origin/main")), vec!["notes.txt".into(), "target/".into()])
        );
    }

    #[test]
    fn before_the_first_commit_and_without_a_branch() {
        let (facts, _) = read("# branch.oid (initial)\0# branch.head main\0");
        assert_eq!((facts.commit, facts.branch, facts.ahead), (None, Some(Label::new("main")), None));
        let (facts, _) = read("# branch.oid abcdefabcdef\0# branch.head (detached)\0");
        assert_eq!((facts.commit.as_deref(), facts.branch), (Some("abcdefa"), None));
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
            let (facts, untracked) = read(&text);
            prop_assert!(facts.conflicts <= facts.changed && untracked.len() as u64 <= facts.untracked);
            let _counted = lines(&text);
        }
    }
}

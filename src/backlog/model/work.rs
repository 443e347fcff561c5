//! Where a card's work stands and lies: its goal, stage, branch, and the files that it may touch. Pure.

use super::super::error::{Failure, Result};
use super::{CardId, check_line};

/// What the idempotency key of a goal's card begins with.
pub const GOAL_KEY: &str = "goal:";

/// Most patterns of one card: more of them is a folder.
const MAX_PATHS: usize = 200;

/// Maximum length of a branch, in characters: git keeps it as a file below others.
const MAX_BRANCH_CHARS: usize = 200;

/// Returns the idempotency key of a goal's card.
#[must_use]
pub fn goal_key(goal: &str) -> String {
    format!("{GOAL_KEY}{goal}")
}

/// Checks a goal; empty is none.
///
/// # Errors
/// Returns an error if it could not be the id of a goal's card.
pub fn check_goal(text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    CardId::parse(text).map(|_| ()).map_err(|why| {
        Failure::invalid("goal", format!("is no id: {why}"), "give the id of a goal, as in NORTH_STAR.yaml")
    })
}

/// Checks a stage; empty is none.
///
/// # Errors
/// Returns an error if it is no single word.
pub fn check_stage(text: &str) -> Result<()> {
    check_line("stage", text)?;
    match text.chars().find(|c| c.is_whitespace()) {
        None => Ok(()),
        Some(_) => Err(Failure::invalid("stage", "holds a blank", "give one word, such as code, review or gate")),
    }
}

/// Checks a branch as git does; empty is none.
///
/// # Errors
/// Returns an error if git would not take it, or would take it for an option.
pub fn check_branch(text: &str) -> Result<()> {
    check_line("branch", text)?;
    let part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock") || part.ends_with('.');
    let why = if text.is_empty() {
        return Ok(());
    } else if text.chars().count() > MAX_BRANCH_CHARS {
        "is too long"
    } else if text.starts_with('-') || text == "@" {
        "is no name"
    } else if text.chars().any(|c| c.is_whitespace() || "~^:?*[\\'\"`$".contains(c)) {
        "holds a blank, a quote or one of ~^:?*[\\`$"
    } else if text.contains("..") || text.contains("@{") {
        "holds .. or @{"
    } else if text.split('/').any(part) {
        "has a part that is empty, begins or ends with a dot, or ends with .lock"
    } else {
        return Ok(());
    };
    Err(Failure::invalid("branch", why, "give a branch that git takes, such as code/A4"))
}

/// Checks patterns of files.
///
/// # Errors
/// Returns an error if there are too many, or one leads out of the repository or means nothing.
pub fn check_paths(paths: &[String]) -> Result<()> {
    let unfit =
        |why: String| Failure::invalid("paths", why, "give patterns below the repository, such as src/**,docs/*.md");
    if paths.len() > MAX_PATHS {
        return Err(unfit(format!("has {} patterns; at most {MAX_PATHS} are allowed", paths.len())));
    }
    for path in paths {
        check_line("paths", path)?;
        let shown = crate::plain::quoted(path);
        if path.trim() != path || path.is_empty() {
            return Err(unfit("holds an empty pattern, or one with blanks around it".to_owned()));
        }
        if path.contains(',') {
            return Err(unfit(format!("{shown} holds a comma, which stands between patterns")));
        }
        let whole = path.strip_suffix('/').unwrap_or(path);
        if whole.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(unfit(format!("{shown} begins at the root, leads out, or has an empty part")));
        }
    }
    Ok(())
}

/// Returns whether a card with these patterns may touch a file. A pattern is a file, a folder with all below it, or has `*`
/// for what stands within one part of a path, `?` for one character, and `**` for any number of parts. Without patterns
/// all may be touched.
#[must_use]
pub fn allows(paths: &[String], file: &str) -> bool {
    paths.is_empty() || paths.iter().any(|pattern| crate::plain::covers(pattern, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_file_a_folder_or_has_stars() {
        for (pattern, file, want) in [
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/a.rst", false),
            ("src", "src/deep/a.rs", true),
            ("src/", "src/a.rs", true),
            ("src", "srcs/a.rs", false),
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/deep/a.rs", false),
            ("src/**/*.rs", "src/a.rs", true),
            ("src/**/*.rs", "src/deep/er/a.rs", true),
            ("src/**/*.rs", "docs/a.rs", false),
            ("**/Cargo.toml", "Cargo.toml", true),
            ("**/Cargo.toml", "a/b/Cargo.toml", true),
            ("src/**", "src/a", true),
            ("src/**", "src", false),
            ("*", "any/where", true),
            ("a?c", "a\u{e9}c", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "xxaxxbxx", false),
            ("src/x", "src", false),
        ] {
            assert_eq!(allows(&[pattern.to_owned()], file), want, "{pattern} {file}");
        }
        assert!(allows(&[], "any"));
        assert!(allows(&["docs".to_owned(), "src".to_owned()], "src/a"));
        let slow = "*a".repeat(40) + "b";
        assert!(!allows(&[slow], &"a".repeat(10_000)));
    }

    #[test]
    fn branches_are_those_that_git_takes() {
        for good in ["", "main", "code/A4", "a-b_c.d", "fix/\u{e9}t\u{e9}"] {
            assert!(check_branch(good).is_ok(), "{good}");
        }
        for bad in [
            "-b", "@", "a b", "a..b", "a/", "/a", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a:b", "a~1", "a@{0}",
            "a\nb", "$(x)",
        ] {
            assert!(check_branch(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_stay_within_the_repository() {
        let check = |paths: &[&str]| check_paths(&paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>());
        assert!(check(&["src/**", "docs/*.md", "a b/c", "x/"]).is_ok());
        for bad in ["", "/etc", "../x", "a/../b", "a//b", ".", "a,b", " a", "a\u{1b}[2J"] {
            assert!(check(&[bad]).is_err(), "{bad}");
        }
        assert!(check(&vec!["a"; 201]).is_err());
    }

    #[test]
    fn goals_are_ids_and_stages_one_word() {
        assert!(check_goal("").is_ok() && check_goal("A3a").is_ok() && check_goal("a b").is_err());
        assert!(check_stage("").is_ok() && check_stage("review").is_ok() && check_stage("a b").is_err());
    }
}

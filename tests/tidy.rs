//! The rules of the house, checked: who may import whom, and which crate belongs where.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the source must stop")]

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `src`, what it may import from the crate, and from outside beside the common ones.
struct Room {
    folder: &'static str,
    crate_paths: &'static [&'static str],
}

const ROOMS: [Room; 4] = [
    Room { folder: "fleet", crate_paths: &["crate::fleet"] },
    Room { folder: "backlog", crate_paths: &["crate::backlog"] },
    Room { folder: "ui", crate_paths: &["crate::ui", "crate::fleet::model", "crate::backlog::model"] },
    Room { folder: "app", crate_paths: &["crate::app", "crate::ui", "crate::fleet", "crate::backlog"] },
];

/// Words that may stand only in these files or folders.
const OWNED: [(&str, &[&str]); 11] = [
    ("rusqlite", &["backlog/sqlite/"]),
    ("tokio_postgres", &["backlog/postgres/", "backlog/place.rs"]),
    ("zbus", &["fleet/systemd/"]),
    ("portable_pty", &["fleet/exec.rs"]),
    ("process::Command", &["fleet/exec.rs"]),
    ("vt100::", &["fleet/pane/"]),
    ("clap::", &["app/action/cli.rs", "app/run.rs"]),
    ("ratatui::", &["ui/", "app/edge/terminal.rs", "app/perform/headless/", "app/stub/", "app/tui/present/tests.rs"]),
    ("saphyr_parser", &["fleet/roster/"]),
    ("serde_yaml", &["fleet/roster/"]),
    ("notify::recommended_watcher", &["fleet/observe/files.rs", "fleet/session/keeper.rs"]),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["utils", "helpers", "common", "misc", "manager"];

/// A file longer than this is more than one room.
const MAX_LINES: usize = 560;

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Lines of code with their number; comments do not import anything.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn the_layers_hold() {
    for (name, text) in sources() {
        let Some(room) = ROOMS.iter().find(|room| name.starts_with(&format!("{}/", room.folder))) else { continue };
        for (line, content) in code(&text) {
            for (at, _) in content.match_indices("crate::") {
                let path = &content[at..];
                let allowed = room.crate_paths.iter().any(|allowed| path.starts_with(allowed));
                assert!(allowed, "src/{name}:{line}: {} may not use {path}", room.folder);
            }
        }
    }
}

#[test]
fn each_outside_crate_has_its_place() {
    for (name, text) in sources() {
        for (line, content) in code(&text) {
            for (word, places) in OWNED {
                if content.contains(word) && !content.contains("rustix::process") {
                    let at_home = places.iter().any(|place| name.starts_with(place));
                    let in_test = name.ends_with("tests.rs") || is_in_tests(&text, line);
                    assert!(at_home || in_test, "src/{name}:{line}: {word} belongs to {places:?}");
                }
            }
        }
    }
}

/// Whether a line stands in the file's test module.
fn is_in_tests(text: &str, line: usize) -> bool {
    text.lines().position(|content| content.starts_with("mod tests {")).is_some_and(|start| line > start)
}

#[test]
fn files_say_what_they_own_and_are_one_room_each() {
    for (name, text) in sources() {
        assert!(text.starts_with("//! "), "src/{name} does not begin with what it is");
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "src/{name} has {lines} lines");
        let stem = Path::new(&name).file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!EMPTY_NAMES.contains(&stem.as_str()), "src/{name} has a name that says nothing");
    }
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    for (name, text) in sources() {
        for (line, content) in code(&text) {
            assert!(!content.contains("#[allow("), "src/{name}:{line}: use #[expect(lint, reason = ...)]");
        }
    }
}

#[test]
fn main_only_calls_the_library() {
    let (_, text) = sources().into_iter().find(|(name, _)| name == "main.rs").unwrap();
    assert!(text.lines().count() < 40);
}

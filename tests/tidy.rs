//! The rules of the house, checked: who may import whom, and which crate belongs where.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the source must stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `src`, what it may import from the crate, and from outside beside the common ones.
struct Room {
    folder: &'static str,
    crate_paths: &'static [&'static str],
}

const ROOMS: [Room; 10] = [
    Room { folder: "plain", crate_paths: &["crate::plain"] },
    Room { folder: "fleet", crate_paths: &["crate::fleet", "crate::plain"] },
    Room { folder: "backlog", crate_paths: &["crate::backlog", "crate::plain"] },
    Room { folder: "ui", crate_paths: &["crate::ui", "crate::plain", "crate::fleet::model", "crate::backlog::model"] },
    Room { folder: "app", crate_paths: &["crate::app", "crate::ui", "crate::fleet", "crate::backlog", "crate::plain"] },
    // The four floors of the program: each knows itself and those below it.
    Room { folder: "app/action", crate_paths: &["crate::app::action", OUTSIDE[0], OUTSIDE[1], OUTSIDE[2], OUTSIDE[3]] },
    // Beside the first: what the factory decides, which asks for nothing and knows no request.
    Room { folder: "app/factory", crate_paths: &["crate::app::factory", OUTSIDE[0], OUTSIDE[1], OUTSIDE[3]] },
    Room {
        folder: "app/tui",
        crate_paths: &[
            "crate::app::action",
            "crate::app::factory",
            "crate::app::tui",
            OUTSIDE[0],
            OUTSIDE[1],
            OUTSIDE[2],
            OUTSIDE[3],
        ],
    },
    Room {
        folder: "app/perform",
        crate_paths: &[
            "crate::app::action",
            "crate::app::factory",
            "crate::app::tui",
            "crate::app::perform",
            OUTSIDE[0],
            OUTSIDE[1],
            OUTSIDE[2],
            OUTSIDE[3],
        ],
    },
    Room {
        folder: "app/edge",
        crate_paths: &[
            "crate::app::action",
            "crate::app::factory",
            "crate::app::tui",
            "crate::app::perform",
            "crate::app::edge",
            OUTSIDE[0],
            OUTSIDE[1],
            OUTSIDE[2],
            OUTSIDE[3],
        ],
    },
];

/// What every floor of the program may use.
const OUTSIDE: [&str; 4] = ["crate::fleet", "crate::backlog", "crate::ui", "crate::plain"];

/// Floors that are pure, and what would make them otherwise: the environment, the clock, files, standard output.
const PURE: [&str; 3] = ["app/action/", "app/factory/", "app/tui/"];
const IMPURE: [&str; 13] = [
    "std::env::",
    "env::var",
    "Timestamp::now",
    "Instant::now",
    "TimeZone::system",
    "SystemTime",
    "std::fs",
    "std::process::",
    "std::net",
    "stdout()",
    "stderr()",
    "println!",
    "print!(",
];

/// Words that may stand only in these files or folders.
const OWNED: [(&str, &[&str]); 19] = [
    // tmux's own control client can crash the server, and every agent with it; to git and to
    // interpreters it is something else.
    ("\"-C\"", &["fleet/git/command.rs", "fleet/runtime/processes.rs", "fleet/tmux/command.rs"]),
    ("rusqlite", &["backlog/sqlite/", "fleet/activity/"]),
    ("tokio_postgres", &["backlog/postgres/"]),
    ("rustls", &["backlog/postgres/tls/"]),
    ("zbus", &["fleet/systemd/"]),
    ("portable_pty", &["fleet/os/exec.rs"]),
    ("process::Command", &["fleet/os/exec.rs"]),
    ("vt100::", &["fleet/pane/"]),
    ("clap::", &["app/action/cli.rs", "app/action/old.rs", "app/run.rs"]),
    ("ratatui::", &["ui/", "app/edge/terminal.rs", "app/perform/headless/", "app/stub/", "app/tui/present/tests.rs"]),
    // A roster is written under its lock, by its store; the others write files of their own.
    (
        "file::write(",
        &[
            "fleet/roster/store.rs",
            "fleet/lifecycle/install.rs",
            "fleet/library.rs",
            "fleet/launch/first.rs",
            "fleet/north_star/file.rs",
        ],
    ),
    ("file::copy(", &["fleet/roster/store.rs"]),
    ("file::put(", &["fleet/seed.rs", "fleet/pause.rs"]),
    ("file::create(", &["fleet/identity.rs", "fleet/north_star/file.rs"]),
    ("fs::write(", &["app/demo/place.rs"]),
    (
        "fs::rename(",
        &[
            "fleet/file.rs",
            "fleet/logfile.rs",
            "fleet/lifecycle/install.rs",
            "fleet/activity/spool.rs",
            "fleet/activity/take.rs",
        ],
    ),
    ("saphyr_parser", &["fleet/roster/"]),
    ("serde_yaml", &["fleet/roster/", "fleet/yaml.rs", "ui/theme/palette.rs"]),
    (
        "notify::recommended_watcher",
        &["fleet/observe/files.rs", "fleet/session/keeper.rs", "fleet/session/own_state.rs", "fleet/activity/watch.rs"],
    ),
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

/// The same without the file's test module.
fn code_outside_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = tests_begin(text);
    code(text).take_while(move |(line, _)| end.is_none_or(|end| *line <= end))
}

#[test]
fn the_layers_hold() {
    for (name, text) in sources() {
        assert_eq!(strangers(&name, &text), Vec::<String>::new());
    }
}

/// Imports of a file that its room does not allow; a floor is a room within `app`. What `super::` reaches counts too.
fn strangers(name: &str, text: &str) -> Vec<String> {
    let rooms: Vec<&Room> = ROOMS.iter().filter(|room| name.starts_with(&format!("{}/", room.folder))).collect();
    let mut found = Vec::new();
    for (line, content) in code(text) {
        for (at, _) in content.match_indices("crate::") {
            let path = &content[at..];
            for room in &rooms {
                let allowed = room.crate_paths.iter().any(|allowed| {
                    path.strip_prefix(allowed)
                        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
                });
                // `pub(in crate::app)` says who sees an item, and imports nothing.
                if !allowed && !content[..at].ends_with("pub(in ") {
                    found.push(format!("src/{name}:{line}: {} may not use {path}", room.folder));
                }
            }
        }
        // Out of a room by its parents. A module of tests lies one deeper, and `super` is its own file.
        let modules = name.trim_end_matches("/mod.rs").split('/').count();
        let parents = (1..=modules).rev().find(|count| content.contains(&"super::".repeat(*count))).unwrap_or(0);
        for room in &rooms {
            let leaves = modules - parents < room.folder.split('/').count();
            if leaves && !is_in_tests(text, line) {
                found.push(format!("src/{name}:{line}: leaves {} by `super`", room.folder));
            }
        }
    }
    found
}

/// What observes, and what shows panes.
const OBSERVERS: [&str; 2] = ["fleet/observe/", "fleet/pane/"];

#[test]
fn what_observes_changes_no_server() {
    for (name, text) in sources() {
        if !OBSERVERS.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        for (line, content) in code(&text) {
            let found = changer_in(content).filter(|_| !is_in_tests(&text, line));
            assert_eq!(found, None, "src/{name}:{line}: what observes can change no server");
        }
    }
}

/// What in a line may change a tmux server: a `tmux::Reader` cannot, a `Tmux` can.
fn changer_in(line: &str) -> Option<&'static str> {
    let line = line.replace("Plane::Tmux", "");
    let mut names = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    names.find_map(|name| ["Tmux", "Change", "Guard"].into_iter().find(|changer| *changer == name))
}

#[test]
fn a_planted_changer_is_found() {
    for line in
        ["use crate::fleet::tmux::Tmux;", "fn f(tmux: Tmux) {", "x: Option<Tmux>,", "Change::Kill", "&Guard<'_>"]
    {
        assert!(changer_in(line).is_some(), "{line}");
    }
    assert_eq!(changer_in("Evidence::new(Plane::Tmux, true, NoTmuxChange)"), None);
}

#[test]
fn a_planted_import_is_found() {
    let told = |name: &str, text: &str| !strangers(name, text).is_empty();
    assert!(told("app/action/x.rs", "use crate::app::tui::state::State;"));
    assert!(told("app/tui/x.rs", "fn f() { crate::app::perform::executor::perform(); }"));
    assert!(told("app/perform/x.rs", "use crate::app::edge::terminal;"));
    assert!(told("app/edge/x.rs", "use crate::app::demo;"));
    assert!(told("app/tui/x.rs", "use super::super::perform;"));
    assert!(told("app/tui/mod.rs", "use super::edge::terminal;"));
    assert!(told("app/tui/state/mod.rs", "use super::super::edge::terminal;"));
    assert!(told("ui/screens/x.rs", "use super::super::super::fleet::tmux;"));
    assert!(!told("ui/screens/x.rs", "use super::super::text;"));
    assert!(!told("app/tui/state/mod.rs", "use super::event::Event;"));
    assert!(told("ui/x.rs", "use crate::fleet::tmux;"));
    assert!(!told("app/edge/x.rs", "use crate::app::tui::state::State;"));
    assert!(!told("app/action/x.rs", "pub(in crate::app) fn f() {}"));
}

#[test]
fn the_pure_floors_read_no_clock_environment_or_output() {
    let sources = sources();
    let of_tests = modules_of_tests(&sources);
    for (name, text) in sources {
        let pure = PURE.iter().any(|floor| name.starts_with(floor));
        if !pure || of_tests.contains(&name) || name.ends_with("tests.rs") || name.ends_with("hints.rs") {
            continue;
        }
        for (line, content) in code(&text) {
            for word in IMPURE {
                let found = content.contains(word) && !is_in_tests(&text, line);
                assert!(!found, "src/{name}:{line}: a pure floor has no {word}");
            }
        }
    }
}

#[test]
fn each_outside_crate_has_its_place() {
    let sources = sources();
    let of_tests = modules_of_tests(&sources);
    for (name, text) in sources {
        if !of_tests.contains(&name) {
            assert_eq!(misplaced(&name, &text), Vec::<String>::new());
        }
    }
}

/// Words of a file that belong to others.
fn misplaced(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, content) in code(text) {
        for (word, places) in OWNED {
            let at_home = places.iter().any(|place| name.starts_with(place));
            let mine = !content.contains(word) || content.contains("rustix::process");
            if !at_home && !mine && !is_in_tests(text, line) {
                found.push(format!("src/{name}:{line}: {word} belongs to {places:?}"));
            }
        }
    }
    found
}

#[test]
fn a_planted_writer_of_the_roster_is_found() {
    for write in ["file::write(&site.roster, bytes, 0o644, Keep::Durable)", "std::fs::write(&site.roster, text)"] {
        assert_eq!(misplaced("app/perform/lifecycle/change.rs", write).len(), 1);
    }
    assert!(misplaced("fleet/roster/store.rs", "file::write(path, bytes, 0o644, Keep::Durable)").is_empty());
}

/// Files that are compiled for tests only: `#[cfg(test)]` stands above their `mod`.
fn modules_of_tests(sources: &[(String, String)]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (name, text) in sources {
        let folder = name.trim_end_matches(".rs").trim_end_matches("mod").trim_end_matches("lib").trim_end_matches('/');
        for (_, rest) in text.match_indices("#[cfg(test)]\nmod ").map(|(at, mark)| (at, &text[at + mark.len()..])) {
            let module = rest.split([';', ' ']).next().unwrap_or_default();
            found.push(format!("{folder}/{module}.rs").trim_start_matches('/').to_owned());
        }
    }
    // And what they are made of.
    let below = |name: &str| found.iter().any(|test| name.starts_with(&format!("{}/", test.trim_end_matches(".rs"))));
    let parts: Vec<String> = sources.iter().map(|(name, _)| name.clone()).filter(|name| below(name)).collect();
    found.extend(parts);
    found
}

/// Whether a line stands in the file's test module.
fn is_in_tests(text: &str, line: usize) -> bool {
    tests_begin(text).is_some_and(|start| line > start)
}

/// How many lines stand before the file's test module.
fn tests_begin(text: &str) -> Option<usize> {
    let begins = |content: &str| !content.starts_with(' ') && content.ends_with("mod tests {");
    text.lines().position(begins)
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
fn no_message_holds_a_value_as_rust_writes_it_and_no_thread_panics_for_want_of_room() {
    let sources = sources();
    let of_tests = modules_of_tests(&sources);
    for (name, text) in sources {
        if of_tests.contains(&name) {
            continue;
        }
        for (line, content) in code_outside_tests(&text) {
            let for_us = content.contains("panic!(");
            assert!(for_us || !content.contains(":?}"), "src/{name}:{line}: `plain::quoted` shows a text");
            assert!(!content.contains("thread::spawn("), "src/{name}:{line}: `os::thread::begin` tells of an error");
        }
    }
}

/// The units of a floor that a file of it imports: the first name behind the floor's path, whatever way it is written.
fn units_used(floor: &str, name: &str, text: &str, units: &BTreeSet<String>) -> BTreeSet<String> {
    let absolute = format!("crate::{}::", floor.replace('/', "::"));
    // How often `super::` stands where the floor itself is meant; of a `mod.rs` once less.
    let below = name[floor.len() + 1..].matches('/').count();
    let relative = "super::".repeat(if name.ends_with("/mod.rs") { below } else { below + 1 });
    let mut used = BTreeSet::new();
    let lines: Vec<String> = code_outside_tests(text).map(|(_, content)| content.trim().to_owned()).collect();
    let text = lines.join(" ").replace("pub(in crate::", "pub(in ");
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    for path in [&absolute, &relative] {
        for (at, _) in text.match_indices(path.as_str()) {
            let behind = text[..at].chars().next_back();
            if path.is_empty() || behind.is_some_and(|c| is_name(c) || c == ':') {
                continue;
            }
            let rest = &text[at + path.len()..];
            // `{a, b::{c, d}}`: the names of the outermost braces.
            let list = rest.strip_prefix('{').map_or_else(|| rest.split(';').next(), |list| list.split(';').next());
            let (mut depth, mut word, mut names) = (0, String::new(), Vec::new());
            for c in list.unwrap_or_default().chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ if depth == 0 && (is_name(c) || c == ',' || c == ':') => word.push(c),
                    _ => {}
                }
                if !rest.starts_with('{') && !is_name(c) {
                    break;
                }
            }
            names.extend(word.split(',').map(|one| one.split(':').next().unwrap_or_default().to_owned()));
            used.extend(names.into_iter().filter(|one| units.contains(one)));
        }
    }
    used
}

/// Units of a floor that import each other in a circle.
fn circles(floor: &str, sources: &[(String, String)], of_tests: &[String]) -> Vec<String> {
    let mut reach: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let inside = |name: &str| name.strip_prefix(&format!("{floor}/")).map(str::to_owned);
    let unit = |rest: &str| rest.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    let units: BTreeSet<String> = sources.iter().filter_map(|(name, _)| Some(unit(&inside(name)?))).collect();
    for (name, text) in sources {
        let Some(rest) = inside(name).filter(|rest| !of_tests.contains(name) && rest != "mod.rs") else { continue };
        let own = unit(&rest);
        let mut used = units_used(floor, name, text, &units);
        used.remove(&own);
        reach.entry(own).or_default().extend(used);
    }
    loop {
        let before = reach.clone();
        for used in reach.values_mut() {
            let further: Vec<String> = used.iter().filter_map(|one| before.get(one)).flatten().cloned().collect();
            used.extend(further);
        }
        if reach == before {
            break;
        }
    }
    reach.into_iter().filter(|(unit, used)| used.contains(unit)).map(|(unit, _)| format!("{floor}/{unit}")).collect()
}

#[test]
fn no_units_of_a_floor_import_each_other_in_a_circle() {
    let sources = sources();
    let of_tests = modules_of_tests(&sources);
    let floors: BTreeSet<&str> = sources.iter().filter_map(|(name, _)| Some(name.rsplit_once('/')?.0)).collect();
    for floor in floors {
        assert_eq!(circles(floor, &sources, &of_tests), Vec::<String>::new());
    }
    let planted = |text: &str| {
        let mut with = sources.clone();
        with.push(("app/tui/state/planted.rs".to_owned(), text.to_owned()));
        circles("app/tui", &with, &of_tests)
    };
    for text in ["use crate::app::tui::present::present;\n", "use super::super::{event, screens::held};\n"] {
        assert!(planted(text).iter().any(|unit| unit == "app/tui/state"), "{text}");
    }
    assert_eq!(planted("use crate::app::tui::filter::Filter;\n"), Vec::<String>::new());
}

#[test]
fn each_screen_has_its_module_in_each_room_of_the_dashboard() {
    let names: Vec<String> = sources().into_iter().map(|(name, _)| name).collect();
    let text = fs::read_to_string("src/app/tui/screens/mod.rs").unwrap();
    let screens: Vec<&str> = text.lines().filter_map(|line| line.split("&").nth(1)?.split("::PARTS").next()).collect();
    let screens: Vec<&str> = screens.into_iter().filter(|name| !name.contains(' ')).collect();
    assert!(screens.len() >= 20, "{screens:?}");
    for screen in screens {
        for room in ["screens", "present"] {
            let name = format!("app/tui/{room}/{screen}.rs");
            assert!(names.contains(&name), "{name} is missing");
        }
    }
}

#[test]
fn main_only_calls_the_library() {
    let (_, text) = sources().into_iter().find(|(name, _)| name == "main.rs").unwrap();
    let code: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    assert_eq!(code, ["use std::process::ExitCode;", "fn main() -> ExitCode {", "mosaic_tui::app::main()", "}"]);
}

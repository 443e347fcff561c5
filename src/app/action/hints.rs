//! Every command that the program or its documents tell somebody to run exists, and is written as it is run.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use super::cli;
use super::registry::{ACTIONS, Shell};

/// Files below a folder with this ending.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The code of a source file without its comments and its tests, strings that go over several lines in one.
fn code(text: &str) -> String {
    let own = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines: Vec<&str> = own.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    Regex::new(r"\\\n\s*").unwrap().replace_all(&lines.join("\n"), "").into_owned()
}

/// First words of the commands, `fleet` and the like.
fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = ACTIONS
        .iter()
        .filter_map(|spec| match spec.doors.shell {
            Shell::Words(words) if words.len() > 1 => words.first().copied(),
            _ => None,
        })
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// Why a command line cannot be run as it stands; what is filled in later counts as a word.
fn fault(command: &str) -> Option<String> {
    let filled = Regex::new(r"\{[^}]*\}").unwrap().replace_all(command, "x").replace("...", "x").replace('\\', "");
    let parsed = match cli::parse_line(&filled) {
        Ok(parsed) => parsed,
        Err(_) if filled.ends_with("--help") => return None,
        Err(why) => return Some(why),
    };
    parsed.spec.build(&parsed.inputs).err()
}

#[test]
fn every_command_in_a_hint_can_be_run_as_it_is_written() {
    let quoted = Regex::new("`([^`\n]+)`").unwrap();
    let (mut sources, mut faults, mut seen) = (Vec::new(), Vec::new(), 0);
    files(&root().join("src"), ".rs", &mut sources);
    for path in sources.iter().filter(|path| !path.ends_with("hints.rs") && !path.ends_with("tests.rs")) {
        // The table of actions names them by their ids' words.
        let own_words = path.starts_with(root().join("src/app/action/registry"));
        for found in quoted.captures_iter(&code(&fs::read_to_string(path).unwrap())) {
            let text = &found[1];
            let told = match text.find("mosaic-tui ") {
                Some(at) => fault(&text[at..]),
                None if own_words => continue,
                None if groups().iter().any(|group| text.starts_with(&format!("{group} "))) => {
                    Some("begins without `mosaic-tui`, and cannot be pasted".to_owned())
                }
                None => continue,
            };
            seen += 1;
            faults.extend(told.map(|why| format!("{}: `{text}`: {why}", path.display())));
        }
    }
    assert!(seen > 50, "only {seen} commands were found");
    assert_eq!(faults, Vec::<String>::new());
}

/// Commands of a page: lines of its shell blocks, and what stands between backquotes.
fn commands(text: &str) -> Vec<&str> {
    let inline = Regex::new("`(mosaic-tui [^`\n]+)`").unwrap();
    let in_blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).flat_map(str::lines);
    let blocks = in_blocks.filter_map(|line| line.find("mosaic-tui").map(|at| &line[at..]));
    blocks
        .chain(inline.captures_iter(text).map(|found| found.get(1).unwrap().as_str()))
        .map(|command| command.split(" #").next().unwrap_or_default().trim_end_matches(")\"").trim())
        .collect()
}

#[test]
fn every_command_in_the_documents_can_be_run_as_it_is_written() {
    let (mut pages, mut faults, mut seen) =
        (vec![root().join("README.md"), root().join("CONTRIBUTING.md")], Vec::new(), 0);
    files(&root().join("docs"), ".md", &mut pages);
    for path in pages.iter().filter(|path| !path.ends_with("reference.md")) {
        for command in commands(&fs::read_to_string(path).unwrap()) {
            seen += 1;
            faults.extend(fault(command).map(|why| format!("{}: {command}: {why}", path.display())));
        }
    }
    assert!(seen > 40, "only {seen} commands were found");
    assert_eq!(faults, Vec::<String>::new());
}

/// What an agent or a program fills in, in capitals or between double braces, as a word that suits anywhere.
fn filled(command: &str) -> String {
    let values = Regex::new(r"\{\{[a-z_.]+\}\}|\b(TOKEN|SECONDS)\b").unwrap();
    values.replace_all(command, "1").into_owned()
}

#[test]
fn every_command_that_an_agent_is_told_to_run_can_be_run_as_it_is_written() {
    let (mut pages, mut faults, mut seen) = (Vec::new(), Vec::new(), 0);
    files(&root().join("framework"), ".md", &mut pages);
    for path in pages {
        for command in commands(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            faults.extend(fault(&filled(command)).map(|why| format!("{}: {command}: {why}", path.display())));
        }
    }
    assert!(seen > 50, "only {seen} commands were found");
    assert_eq!(faults, Vec::<String>::new());
    assert!(fault(&filled("mosaic-tui backlog complete --id {{card}} --token {{token}}")).is_none());
    assert!(fault("mosaic-tui backlog finish --id A1").is_some());
}

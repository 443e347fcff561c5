//! Every command that the program or its documents tell somebody to run exists, and is written as it is run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use super::cli;
use super::registry::{ACTIONS, Shell};
use crate::backlog::checks::MAX_TTL_SECONDS;
use crate::backlog::rules::DEFAULT_TTL_SECONDS;

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
    let filled = filled.replace("--token TOKEN", "--token 1");
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

/// What an agent or a program fills in, in capitals, between angle brackets or between double braces, as a word that suits
/// anywhere.
fn filled(command: &str) -> String {
    let values = Regex::new(r"\{\{[a-z_.]+\}\}|<[a-z_-]+>|\b(TOKEN|SECONDS)\b").unwrap();
    values.replace_all(command, "1").into_owned()
}

/// A line of a shell as its commands, each without what stands in front of a program: a prompt, variables.
fn alone(line: &str) -> Vec<String> {
    let (mut all, mut quote) = (vec![String::new()], None);
    for sign in line.chars() {
        let here = all.last_mut().unwrap();
        match (sign, quote) {
            ('#', None) if here.is_empty() || here.ends_with(' ') => break,
            ('&' | '|' | ';', None) => all.push(String::new()),
            ('"' | '\'', None) => {
                quote = Some(sign);
                here.push(sign);
            }
            (sign, quoted) => {
                quote = quoted.filter(|quoted| *quoted != sign);
                here.push(sign);
            }
        }
    }
    let front = Regex::new(r"^(\$ +|[A-Z_]+=\S+ +|(exec|env|time|then|do) +)*").unwrap();
    all.iter()
        .map(|command| front.replace(command.trim(), "").trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect()
}

/// Everything in a text for agents that reads as a command of this program: the lines of its blocks, of whatever language;
/// its code spans, also those over two lines; and what another file than a page holds behind the program's name.
fn told(text: &str, is_page: bool) -> Vec<String> {
    let joined = Regex::new(r"\\\n\s*").unwrap().replace_all(text, "").into_owned();
    let mut lines = Vec::new();
    if is_page {
        // Odd ones are blocks; their first line names the language.
        for (at, part) in joined.split("```").enumerate() {
            if at % 2 == 1 {
                lines.extend(part.lines().skip(1).map(str::to_owned));
            } else {
                let spans = Regex::new(r"`([^`]+)`").unwrap();
                lines.extend(
                    spans.captures_iter(part).map(|span| span[1].split_whitespace().collect::<Vec<_>>().join(" ")),
                );
            }
        }
    } else {
        let named = Regex::new("(\"?)(mosaic-tui [a-z-]+ [^`\n]*)").unwrap();
        lines.extend(named.captures_iter(&joined).map(|found| {
            // A string ends at its quote; a comment explains behind some blanks.
            let end = if found[1].is_empty() { "  " } else { "\"" };
            found[2].split(end).next().unwrap_or_default().to_owned()
        }));
    }
    let groups = groups();
    let is_ours = |command: &String| {
        let mut words = command.split_whitespace();
        match words.next() {
            Some("mosaic-tui") => words.next().is_some(),
            // A command that cannot be pasted; `agent` alone may be any word.
            Some(first) => groups.contains(&first) && words.next().is_some(),
            None => false,
        }
    };
    lines.iter().flat_map(|line| alone(line)).filter(is_ours).collect()
}

/// The commands of a text that this program's own reader of command lines refuses, and how many it holds.
fn refused(text: &str, is_page: bool) -> (usize, Vec<String>) {
    let all = told(text, is_page);
    let why = |command: &String| match command.starts_with("mosaic-tui ") {
        true => fault(&filled(command)).map(|why| format!("{command}: {why}")),
        false => Some(format!("{command}: begins without `mosaic-tui`, and cannot be pasted")),
    };
    (all.len(), all.iter().filter_map(why).collect())
}

#[test]
fn every_command_that_an_agent_is_told_to_run_can_be_run_as_it_is_written() {
    let (mut all, mut faults, mut seen) = (Vec::new(), Vec::new(), BTreeMap::<String, usize>::new());
    files(&root().join("framework"), "", &mut all);
    for path in all {
        let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let (found, wrong) = refused(&fs::read_to_string(&path).unwrap(), ending == "md");
        *seen.entry(ending).or_default() += found;
        faults.extend(wrong.into_iter().map(|why| format!("{}: {why}", path.display())));
    }
    assert_eq!(faults, Vec::<String>::new());
    // Pages, briefs of the pipelines, and hooks.
    for (ending, least) in [("md", 80), ("yaml", 6), ("json", 8)] {
        assert!(seen.get(ending) >= Some(&least), "{ending}: {seen:?}");
    }
}

#[test]
fn claims_in_texts_for_agents_last_as_long_as_the_backlog_lets_them() {
    let (mut all, mut seen) = (Vec::new(), 0);
    files(&root().join("framework"), ".md", &mut all);
    let ttl = Regex::new(r"--ttl ([0-9]+)").unwrap();
    for path in all {
        for found in ttl.captures_iter(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let seconds: i64 = found[1].parse().unwrap();
            assert!(seconds <= MAX_TTL_SECONDS, "{}: no claim lasts {seconds} seconds", path.display());
        }
    }
    assert!(seen >= 2, "only {seen} were found");
    let delivery = fs::read_to_string(root().join("framework/guides/delivery.md")).unwrap();
    assert!(delivery.contains(&format!("({DEFAULT_TTL_SECONDS} seconds unless `--ttl` says otherwise)")), "{delivery}");
}

#[test]
fn every_command_of_the_comms_block_can_be_run_as_it_is_written() {
    let site = crate::fleet::home::Site::for_tests("/h");
    let text = "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents:\n  - {name: boss, class: \
                orchestrator}\n  - {name: a.b, class: code}\n  - {name: far, class: code, host: there, ssh: u@there}\n";
    let roster = crate::fleet::roster::parse(text, Path::new("r"), &site).unwrap();
    let block = crate::fleet::comms::block(&site, &roster, &roster.agents[1], "here");
    assert_eq!(refused(&block, true), (2, Vec::new()), "{block}");
}

#[test]
fn a_wrong_command_in_a_text_for_agents_is_found_wherever_it_stands() {
    for right in [
        "`mosaic-tui backlog complete --id {{card}} --token {{token}}`",
        "```sh\nmosaic-tui backlog renew --id CARD --owner \"$MOSAIC_AGENT_NAME\" --token TOKEN   # or: finish\n```",
        "```\n$ mosaic-tui fleet ps --json | jq '.[] | .name'\n```",
        "~ `mosaic-tui agent send <peer> -m \"a; b && c\"` ~",
        "```text\nA=1 mosaic-tui agent send code0 \\\n  -m \"text\"\n```",
        "`mosaic-tui backlog\nlist --ready-only`",
    ] {
        assert_eq!(refused(right, true), (1, Vec::new()), "{right}");
    }
    for wrong in [
        "`mosaic-tui backlog finish --id A1`",
        "`mosaic-tui backlog complete --token 3`",
        "`mosaic-tui backlog complete --id A1 --token soon`",
        "`mosaic-tui backlog list --redy-only`",
        "`mosaic-tui agent\nsent code0 -m x`",
        "`mosaic-tui fleet ps && mosaic-tui fleet pss`",
        "`mosaic-tui agent send code0 -m \"text`",
        "`backlog claim --owner a`",
        "```sh\nmosaic-tui backlog clam --owner a\n```",
        "```\nmosaic-tui backlog renew --id A1 \\\n  --owner a --tokens 1\n```",
        "```bash\n$ mosaic-tui gate merge --brnch x\n```",
        "```text\ncd x; mosaic-tui agent explain\n```",
        "```\ngate merge --branch x\n```",
    ] {
        let (_, wrongs) = refused(wrong, true);
        assert_eq!(wrongs.len(), 1, "{wrong}: {wrongs:?}");
    }
    for wrong in [
        "brief: |\n  First this:\n  mosaic-tui gate reviews --branch {{branch}} --approve\n",
        "# `mosaic-tui fleet instal` writes it\n",
        "#   mosaic-tui north-star chek            every problem\n",
        "{\"command\": \"mosaic-tui session report --hok claude\", \"timeout\": 10}\n",
    ] {
        let (_, wrongs) = refused(wrong, false);
        assert_eq!(wrongs.len(), 1, "{wrong}: {wrongs:?}");
    }
}

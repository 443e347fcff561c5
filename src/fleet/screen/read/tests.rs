//! The rules against screens recorded from the real programs.

use std::path::Path;

use super::*;
use crate::fleet::home::Site;
use crate::fleet::model::CellStyle;
use crate::fleet::screen::rules_for;
use crate::fleet::tmux::painted_row;

/// A recording: title, cursor, then the screen as `capture-pane -e` gave it.
pub(super) fn screen_of(text: &str) -> (String, (u16, u16), Vec<PaintedRow>) {
    let mut lines = text.splitn(3, '\n');
    let title = lines.next().unwrap().strip_prefix("title: ").unwrap().to_owned();
    let (column, row) = lines.next().unwrap().strip_prefix("cursor: ").unwrap().split_once(',').unwrap();
    (title, (column.parse().unwrap(), row.parse().unwrap()), rows(lines.next().unwrap()))
}

/// Reads a recording.
fn recorded(runtime: &str, name: &str, size: &str) -> ScreenFacts {
    let path = format!("{}/tests/screens/{runtime}/{name}-{size}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(Path::new(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (title, cursor, rows) = screen_of(&text);
    let rules = rules_for(&Site::for_tests("/nowhere"), runtime).unwrap().unwrap();
    read(&rules, &rows, cursor, &Label::new(&title))
}

/// The rows of a capture with colours.
fn rows(text: &str) -> Vec<PaintedRow> {
    let mut style = CellStyle::default();
    text.lines().map(|line| painted_row(line, &mut style)).collect()
}

/// Rows one by one, in which the first sign of codex's composer is drawn as it draws it.
fn plain<S: AsRef<str>>(rows: &[S]) -> Vec<PaintedRow> {
    let bold = |row: &str| row.replace(PROMPT, &format!("\x1b[1m{PROMPT}\x1b[22m"));
    rows.iter().map(|row| painted_row(&bold(row.as_ref()), &mut CellStyle::default())).collect()
}

/// Begins codex's composer.
const PROMPT: &str = "› ";

const SIZES: [&str; 2] = ["80x24", "200x50"];

#[test]
fn composers_are_found_empty_and_filled() {
    for runtime in ["codex", "opencode", "pi"] {
        for size in SIZES {
            for name in ["idle", "idle-after", "idle-after-3", "idle-after-200", "idle-after-queue"] {
                let facts = recorded(runtime, name, size);
                let composer = facts.composer.unwrap_or_else(|| panic!("{runtime} {name} {size}: none"));
                assert_eq!(composer.text, "", "{runtime} {name} {size}");
                // opencode thinks of a title for a while after its first answer.
                let titles = runtime == "opencode" && name == "idle-after" && facts.state == ScreenState::Busy;
                assert!(facts.state == ScreenState::Ready || titles, "{runtime} {name} {size}: {}", facts.reason);
            }
            let draft = recorded(runtime, "draft", size).composer.unwrap();
            assert_eq!((draft.text.as_str(), draft.pasted), ("a short draft", false), "{runtime} {size}");
            let long = recorded(runtime, "draft-200-lines", size).composer.unwrap();
            assert!(long.pasted, "{runtime} {size}: {long:?}");
            let three = recorded(runtime, "draft-3-lines", size).composer.unwrap();
            assert!(three.pasted || three.text == "line 1\nline 2\nline 3", "{runtime} {size}: {three:?}");
            let busy = recorded(runtime, "busy-draft", size).composer.unwrap();
            assert_eq!(busy.text, "typed while busy", "{runtime} {size}");
        }
    }
}

#[test]
fn states_are_told_from_the_live_part_of_the_screen() {
    for size in SIZES {
        for (runtime, name, want) in [
            ("codex", "busy", ScreenState::Busy),
            ("codex", "busy-queued", ScreenState::Queued),
            ("codex", "failing", ScreenState::Failing),
            ("codex", "permission", ScreenState::Dialog),
            ("opencode", "busy", ScreenState::Busy),
            ("opencode", "busy-queued", ScreenState::Queued),
            ("opencode", "permission", ScreenState::Dialog),
            ("opencode", "failing", ScreenState::Failing),
            ("pi", "busy", ScreenState::Busy),
            ("pi", "busy-queued", ScreenState::Queued),
            ("pi", "failing", ScreenState::Failing),
        ] {
            let facts = recorded(runtime, name, size);
            assert_eq!(facts.state, want, "{runtime} {name} {size}: {}", facts.reason);
        }
        for runtime in ["opencode", "codex"] {
            let facts = recorded(runtime, "permission", size);
            assert_eq!(facts.composer, None, "nothing may be pasted into a dialog");
            let (asked, words) = match runtime {
                "codex" => (facts.asked(), ["Would you like to run", "touch /srv/co/asked2", "1. Yes, proceed"]),
                _ => (facts.asked(), ["Permission required", "- /srv/co/", "Allow once"]),
            };
            assert!(words.iter().all(|word| asked.contains(word)), "{runtime} {size}: {asked}");
            assert!(!asked.contains("OpenCode") && !asked.contains("tokens"), "{runtime} {size}: {asked}");
        }
    }
}

#[test]
fn an_unknown_screen_is_unknown_and_has_no_composer() {
    for runtime in crate::fleet::runtime::all().map(|runtime| runtime.name) {
        let rules = rules_for(&Site::for_tests("/nowhere"), runtime).unwrap().unwrap();
        for text in ["", "bash-5.2$ ", "\n\n  Welcome! Press any key to continue\n"] {
            let facts = read(&rules, &rows(text), (0, 0), &Label::default());
            assert_eq!((facts.state, facts.composer), (ScreenState::Unknown, None), "{runtime}: {text:?}");
        }
    }
    assert!(rules_for(&Site::for_tests("/nowhere"), "nobody").unwrap().is_none());
}

/// A screen of codex with its composer, below these rows of talk.
fn codex(talk: &[&str]) -> ScreenFacts {
    let rules = rules_for(&Site::for_tests("/nowhere"), "codex").unwrap().unwrap();
    let mut rows: Vec<String> = talk.iter().map(|row| (*row).to_owned()).collect();
    let composer = u16::try_from(rows.len()).unwrap();
    rows.extend(["› Ask Codex to do anything", "", "  fake-model default · /work"].map(str::to_owned));
    read(&rules, &plain(&rows), (2, composer), &Label::new("work"))
}

#[test]
fn a_dialog_that_is_quoted_above_a_composer_is_talk() {
    let facts = codex(&[
        "• It said:",
        "  Would you like to run the following command?",
        "  Press enter to confirm or esc to cancel",
        "",
    ]);
    assert_eq!((facts.state, facts.question.len()), (ScreenState::Ready, 0), "{facts:?}");
}

#[test]
fn a_question_is_all_of_it_or_none() {
    let rules = rules_for(&Site::for_tests("/nowhere"), "codex").unwrap().unwrap();
    let dialog = |command: usize| {
        let mut rows = vec!["• Running".to_owned(), "  Would you like to run the following command?".to_owned()];
        rows.extend((0..command).map(|line| format!("  $ step {line} of a long command that does a lot")));
        rows.extend(
            ["", "\x1b[7m› 1. Yes, proceed (y)", "  2. No (esc)", "", "  Press enter to confirm or esc to cancel"]
                .map(str::to_owned),
        );
        rows
    };
    let shown = |rows: &[String]| {
        read(&rules, &plain(rows), (80, u16::try_from(rows.len()).unwrap()), &Label::new("[ ! ] Action Required"))
    };
    let (one, other) = (shown(&dialog(40)), shown(&dialog(41)));
    assert_eq!(one.question.first().unwrap().text, "  Would you like to run the following command?");
    assert_eq!(one.question.len(), 44, "its own rows, blank ones left out");
    let choices = "1. Yes, proceed (y) | 2. No (esc)";
    let short = shown(&dialog(20)).asked();
    assert!(short.contains(choices) && short.chars().count() > 900, "its choices are part of it: {short}");
    let long = [dialog(60), dialog(61)].map(|rows| shown(&rows).asked());
    assert!(long.iter().all(|asked| asked.chars().count() <= 1900) && long[0] != long[1], "{long:?}");
    assert_ne!(one.asked(), other.asked());
    let cut = dialog(40).split_off(20);
    assert_eq!((shown(&cut).state, shown(&cut).question.len()), (ScreenState::Dialog, 0), "its beginning is not there");
}

#[test]
fn a_draft_may_hold_blank_lines_and_fill_the_screen() {
    let rules = rules_for(&Site::for_tests("/nowhere"), "codex").unwrap().unwrap();
    let mut rows: Vec<String> = ["› one", "", "  two", "", "  fake-model default · /work", "  tab to queue message"]
        .map(str::to_owned)
        .to_vec();
    let facts = read(&rules, &plain(&rows), (5, 2), &Label::new("work"));
    assert_eq!(facts.composer.unwrap().text, "one\n\ntwo");
    rows = (0..30).map(|line| format!("  line {line}")).collect();
    rows[0] = "› line 0                                   ↑".to_owned();
    let text = read(&rules, &plain(&rows), (5, 29), &Label::new("work")).composer.unwrap().text;
    assert!(text.starts_with("line 0\nline 1") && text.ends_with("line 29"), "{text}");
}

#[test]
fn words_of_a_dialog_in_the_title_of_a_thread_are_no_dialog() {
    let rules = rules_for(&Site::for_tests("/nowhere"), "codex").unwrap().unwrap();
    let composer = ["› Ask Codex to do anything", "", "  fake-model default · /work"].map(str::to_owned);
    let titled = |title: &str| read(&rules, &plain(&composer), (2, 0), &Label::new(title)).state;
    for title in
        ["Action Required", "Action Required: rotate the keys", "work | Action Required", "mend [ ! ] Action Required"]
    {
        assert_eq!(titled(title), ScreenState::Ready, "{title}");
    }
    // Its own mark blinks.
    for title in ["[ ! ] Action Required", "[ . ] Action Required | work"] {
        assert_eq!(titled(title), ScreenState::Dialog, "{title}");
    }
}

#[test]
fn while_claude_asks_its_hooks_nothing_is_decided() {
    let rule = "\u{2500}".repeat(40);
    let rules = rules_for(&Site::for_tests("/nowhere"), "claude").unwrap().unwrap();
    let shows = |spinner: &str| {
        let screen = format!(
            "\x1b[48;5;237m❯ \x1b[38;5;231mhello\x1b[39m\x1b[49m\n\n{spinner}\n  ⎿  Tip: something\n\n\x1b[38;5;244m{rule}\n\
             \x1b[38;5;246m❯\u{a0} \x1b[39m\n\x1b[38;5;244m{rule}\n\x1b[39m  \x1b[38;5;246mesc to interrupt"
        );
        read(&rules, &rows(&screen), (2, 6), &Label::default())
    };
    let (vivid, grey) = ("\x1b[38;5;174m", "\x1b[38;5;246m");
    for glyph in ["·", "✢", "*", "✶", "✻", "✽"] {
        let facts = shows(&format!(
            "{vivid}{glyph}\x1b[39m {vivid}Conjuring… {grey}(running UserPromptSubmit hooks… 1/2 · 1s)"
        ));
        assert!(facts.undecided && facts.state == ScreenState::Busy, "{glyph}: {facts:?}");
        let facts = shows(&format!("{vivid}{glyph}\x1b[39m {vivid}Conjuring… {grey}(running Stop hook · 3s)"));
        assert!(!facts.undecided && facts.state == ScreenState::Busy, "{glyph}: {facts:?}");
    }
    // What an answer says of it stands two columns in, or has the colour of text.
    for said in
        ["  * Conjuring… (running UserPromptSubmit hooks… 1/2)", "✻ Conjuring… (running UserPromptSubmit hooks… 1/2)"]
    {
        assert!(!shows(said).undecided, "{said}");
    }
}

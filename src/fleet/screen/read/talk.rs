//! What an agent or a person writes decides nothing: every row that any recording shows, written into a conversation.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::{ScreenState, rules_for};
use super::states::{runtime_of, runtimes, screens};
use super::{Label, PaintedRow, read};
use crate::fleet::home::Site;

/// A row of a conversation with other words in it, drawn as it was.
fn said(row: &PaintedRow, place: Range<usize>, words: &str, width: usize) -> PaintedRow {
    let style = *row.styles(place.clone()).next().unwrap();
    let mut new = row.first(row.text[..place.start].chars().count());
    // The blanks before the words were cut off with the end of the row.
    let blanks = row.text[..place.start].len() - new.text.len();
    new.push(&" ".repeat(blanks), style);
    let room = width.saturating_sub(new.text.chars().count());
    new.push(&words.chars().take(room).collect::<String>(), style);
    new.trim_end();
    new
}

#[test]
fn words_of_every_rule_in_a_conversation_or_a_title_change_nothing() {
    let all = screens();
    let mut tried = 0;
    for runtime in runtimes(&all) {
        let of_runtime = |recording: &str| runtime_of(recording) == runtime;
        let words: BTreeSet<&str> = all
            .iter()
            .filter(|(recording, ..)| of_runtime(recording))
            .flat_map(|(.., (_, _, rows))| rows.iter().map(|row| row.text.trim()))
            .filter(|text| !text.is_empty())
            .collect();
        let rules = rules_for(&Site::for_tests("/nowhere"), runtime).unwrap().unwrap();
        for (recording, state, (title, cursor, rows)) in &all {
            if !of_runtime(recording) || state != "idle-after" || !recording.contains("x30") {
                continue;
            }
            let width = 100;
            let places: Vec<(usize, Range<usize>)> = ["FAKE-REPLY hello one", "hello one"]
                .iter()
                .filter_map(|known| {
                    let row = rows.iter().position(|row| row.text.contains(known))?;
                    let start = rows[row].text.find(known)?;
                    Some((row, start..start + known.len()))
                })
                .collect();
            assert_eq!(places.len(), 2, "{recording}: idle-after shows `hello one` and `FAKE-REPLY hello one`");
            for text in &words {
                for (row, place) in &places {
                    let mut other = rows.clone();
                    other[*row] = said(&rows[*row], place.clone(), text, width);
                    let facts = read(&rules, &other, *cursor, &Label::new(title));
                    assert_eq!(facts.state, ScreenState::Ready, "{recording}: {text:?}: {}", facts.reason);
                    assert!(
                        !facts.queued && facts.composer.is_some_and(|composer| composer.is_empty()),
                        "{recording}: {text:?}"
                    );
                    tried += 1;
                }
                // A runtime's own spinner stands first in its title, where no conversation writes.
                if !text.starts_with(|c: char| ('\u{2800}'..='\u{28ff}').contains(&c)) {
                    assert_eq!(
                        read(&rules, rows, *cursor, &Label::new(text)).state,
                        ScreenState::Ready,
                        "title {text:?}"
                    );
                }
            }
        }
    }
    assert!(tried > 5_000, "{tried}");
}

#[test]
fn a_number_that_only_holds_that_of_an_error_is_another_one() {
    let of = |state| move |mark: &&super::Mark| mark.state == Some(state);
    for (runtime, before) in [("codex", "■ "), ("opencode", "┃ "), ("pi", " Error: "), ("claude", "● API Error: ")]
    {
        let rules = rules_for(&Site::for_tests("/nowhere"), runtime).unwrap().unwrap();
        let says = |state, words: &str| {
            rules.marks.iter().filter(of(state)).any(|mark| mark.pattern.regex.is_match(&format!("{before}{words}")))
        };
        let unavailable = "unexpected status 503, url: http://127.0.0.1:44291/v1, request 14013 of 4012";
        for state in [ScreenState::Limit, ScreenState::Login] {
            assert!(!says(state, unavailable), "{runtime}: {state:?}");
        }
        assert!(says(ScreenState::Limit, "last status: 429 Too Many"), "{runtime}");
        assert!(says(ScreenState::Login, "unexpected status 401: no"), "{runtime}");
    }
}

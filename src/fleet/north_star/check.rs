//! The rules of a north star: what a name is, what a text may hold, and that goals lead somewhere. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::super::roster::{Document, meant};
use super::NorthStar;
use crate::plain::{acts_on_terminal, hides_in_text, quoted};

/// The one version of the format.
const VERSION: u64 = 1;

/// Most goals: beyond this nobody sees where they lead.
const MAX_GOALS: usize = 1000;

/// Latest phase: beyond this a number is a slip of the keyboard.
const MAX_PHASE: u64 = 999;

/// Longest name, in bytes, and longest line, in characters: those of a card.
const MAX_ID_BYTES: usize = 128;
const MAX_LINE_CHARS: usize = 500;

/// Returns the keys of the mapping at a path; `None` where there is none.
pub(super) fn keys(parent: &str) -> Option<&'static [&'static str]> {
    let list = parent.strip_suffix(']').and_then(|parent| parent.split_once('[')).map(|(list, _)| list);
    Some(match (parent, list) {
        ("", _) => &[
            "version",
            "mission",
            "substrate",
            "standing_objectives",
            "success_criteria",
            "workstreams",
            "goals",
            "assumptions",
            "spend",
        ],
        ("substrate", _) => &["note"],
        ("spend", _) => &["advisory", "note"],
        (_, Some("standing_objectives" | "success_criteria")) => &["id", "text"],
        (_, Some("workstreams")) => &["id", "title"],
        (_, Some("goals")) => &["id", "title", "phase", "priority", "depends_on"],
        (_, Some("assumptions")) => &["id", "vetoable", "text"],
        _ => return None,
    })
}

/// Checks everything that the decoder does not.
pub(super) fn all(star: &NorthStar, document: &mut Document) {
    if star.version != VERSION {
        document.problem("version", format!("is {}; expected {VERSION}", star.version));
    }
    text("mission", &star.mission, document);
    if let Some(substrate) = &star.substrate {
        text("substrate.note", &substrate.note, document);
    }
    if let Some(spend) = &star.spend {
        text("spend.note", &spend.note, document);
    }
    ids("standing_objectives", star.standing_objectives.iter().map(|one| one.id.as_str()), document);
    ids("success_criteria", star.success_criteria.iter().map(|one| one.id.as_str()), document);
    ids("workstreams", star.workstreams.iter().map(|one| one.id.as_str()), document);
    ids("goals", star.goals.iter().map(|one| one.id.as_str()), document);
    ids("assumptions", star.assumptions.iter().map(|one| one.id.as_str()), document);
    for (list, statements) in
        [("standing_objectives", &star.standing_objectives), ("success_criteria", &star.success_criteria)]
    {
        for (at, one) in statements.iter().enumerate() {
            text(&format!("{list}[{at}].text"), &one.text, document);
        }
    }
    for (at, one) in star.assumptions.iter().enumerate() {
        text(&format!("assumptions[{at}].text"), &one.text, document);
    }
    for (at, one) in star.workstreams.iter().enumerate() {
        line(&format!("workstreams[{at}].title"), &one.title, document);
    }
    goals(star, document);
}

/// Names of a list: each of the form of a card's, each once.
fn ids<'a>(list: &str, all: impl Iterator<Item = &'a str>, document: &mut Document) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, id) in all.enumerate() {
        let key = format!("{list}[{at}].id");
        if !is_id(id) {
            let message = format!(
                "is {}; expected a letter or digit, then up to {} letters, digits and _.:-",
                quoted(id),
                MAX_ID_BYTES - 1
            );
            document.problem(&key, message);
        } else if let Some(first) = seen.insert(id, at) {
            document.problem(
                &key,
                format!("{} is that of {list}[{first}] already; ids are unique in their list", quoted(id)),
            );
            seen.insert(id, first);
        }
    }
}

/// Whether a text can be the name of a goal's card.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID_BYTES
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c))
}

/// A text: not empty, with nothing in it that a terminal acts on.
fn text(key: &str, text: &str, document: &mut Document) {
    if text.trim().is_empty() {
        document.problem(key, "is empty");
    } else if let Some(c) = text.chars().find(|c| *c != '\n' && (acts_on_terminal(*c) || hides_in_text(*c))) {
        document
            .problem(key, format!("holds the character U+{:04X}, on which a terminal acts; take it out", u32::from(c)));
    }
}

/// A text of one line.
fn line(key: &str, words: &str, document: &mut Document) {
    let count = words.chars().count();
    if words.trim_end().contains('\n') {
        document.problem(key, "expected one line");
    } else if count > MAX_LINE_CHARS {
        document.problem(key, format!("has {count} characters; expected at most {MAX_LINE_CHARS}"));
    } else {
        text(key, words, document);
    }
}

fn goals(star: &NorthStar, document: &mut Document) {
    if star.goals.is_empty() {
        document.problem("goals", "is empty; expected at least one goal");
    }
    if star.goals.len() > MAX_GOALS {
        document.problem("goals", format!("has {} goals; expected at most {MAX_GOALS}", star.goals.len()));
        return;
    }
    let names: BTreeSet<&str> = star.goals.iter().map(|goal| goal.id.as_str()).collect();
    let mut known = true;
    for (at, goal) in star.goals.iter().enumerate() {
        line(&format!("goals[{at}].title"), &goal.title, document);
        if !(1..=MAX_PHASE).contains(&goal.phase) {
            document.problem(&format!("goals[{at}].phase"), format!("is {}; expected 1 to {MAX_PHASE}", goal.phase));
        }
        let mut had = BTreeSet::new();
        for (number, on) in goal.depends_on.iter().enumerate() {
            let key = format!("goals[{at}].depends_on[{number}]");
            if !names.contains(on.as_str()) {
                known = false;
                document.problem(&key, format!("{} is no goal; {}", quoted(on), meant(on, names.iter().copied())));
            } else if !had.insert(on) {
                document.problem(&key, format!("{} stands there twice", quoted(on)));
            }
        }
    }
    // With goals that are missing or double, where they lead is not known.
    if known && names.len() == star.goals.len() {
        cycles(star, document);
    }
}

/// How far the walk has come with a goal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walked {
    Not,
    /// It is on the way.
    On,
    Whole,
}

/// Tells each dependency that closes a cycle, once, with the way around.
fn cycles(star: &NorthStar, document: &mut Document) {
    let places: BTreeMap<&str, usize> =
        star.goals.iter().enumerate().map(|(at, goal)| (goal.id.as_str(), at)).collect();
    let mut walked = vec![Walked::Not; star.goals.len()];
    for start in 0..star.goals.len() {
        if walked[start] != Walked::Not {
            continue;
        }
        // Goals on the way, each with its next dependency: no recursion, so that a long chain needs no stack.
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        walked[start] = Walked::On;
        while let Some((at, number)) = way.last_mut() {
            let (goal, dependency) = (*at, *number);
            let Some(on) = star.goals[goal].depends_on.get(dependency) else {
                walked[goal] = Walked::Whole;
                way.pop();
                continue;
            };
            *number += 1;
            let Some(next) = places.get(on.as_str()).copied() else { continue };
            match walked[next] {
                Walked::Whole => {}
                Walked::Not => {
                    walked[next] = Walked::On;
                    way.push((next, 0));
                }
                Walked::On => {
                    let around =
                        way.iter().skip_while(|(other, _)| *other != next).map(|(other, _)| *other).chain([next]);
                    let names: Vec<&str> = around.map(|other| star.goals[other].id.as_str()).collect();
                    let key = format!("goals[{goal}].depends_on[{dependency}]");
                    document.problem(&key, format!("closes a cycle: {}", names.join(" > ")));
                }
            }
        }
    }
}

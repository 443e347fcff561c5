//! System-type profiles: which classes a kind of fleet has, who leads it, and who reports to whom. Reads and checks the
//! text of one; never opens a file and starts nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::persona::check_name;
use super::roster::{Document, Problem, meant};
use super::runtime;
use crate::plain::quoted;

/// Most agents of one class: beyond this a number is a slip of the keyboard.
const MAX_MULTIPLICITY: u64 = 64;

/// A profile as a person writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    id: String,
    title: String,
    description: String,
    lead: String,
    floor: Vec<String>,
    roster: Vec<SeatEntry>,
}

/// An entry of its roster.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeatEntry {
    class: String,
    #[serde(default)]
    reports_to: Option<String>,
    #[serde(default)]
    multiplicity: Option<u64>,
    #[serde(default)]
    runtime: Option<String>,
    #[serde(default)]
    model_hint: Option<String>,
    #[serde(default)]
    notes: Option<String>,
}

/// A kind of fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, which is its file's.
    pub id: String,
    /// For people.
    pub title: String,
    /// What such a fleet does.
    pub description: String,
    /// Class of the coordinating seat.
    pub lead: String,
    /// Classes that stay staffed.
    pub floor: Vec<String>,
    /// Its classes, each once.
    pub seats: Vec<Seat>,
}

/// A class in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The class.
    pub class: String,
    /// Class to which it reports; the lead reports to nobody.
    pub reports_to: Option<String>,
    /// How many agents of it.
    pub count: u64,
    /// Runtime, where the profile wants a certain one.
    pub runtime: Option<String>,
    /// Model, where the profile wants a certain one.
    pub model_hint: Option<String>,
    /// For people.
    pub notes: Option<String>,
}

/// Reads a profile's text. `known` are the classes that have a persona.
///
/// # Errors
/// Every problem, with file, line, column and key; a text that cannot be decoded has one.
pub fn parse(text: &str, path: &Path, known: &BTreeSet<&str>) -> Result<Profile, Vec<Problem>> {
    let (file, mut document): (ProfileFile, Document) = Document::decode(text, path)?;
    check_words(&file, path, &mut document);
    check_classes(&file, known, &mut document);
    check_lines(&file, &mut document);
    let ProfileFile { id, title, description, lead, floor, roster } = file;
    let seat = |entry: SeatEntry| Seat {
        class: entry.class,
        reports_to: entry.reports_to,
        count: entry.multiplicity.unwrap_or(1),
        runtime: entry.runtime,
        model_hint: entry.model_hint,
        notes: entry.notes,
    };
    let seats = roster.into_iter().map(seat).collect();
    let description = description.trim().to_owned();
    document.finish(Profile { id, title, description, lead, floor, seats })
}

/// Names and numbers by themselves.
fn check_words(file: &ProfileFile, path: &Path, document: &mut Document) {
    check_name(document, path, &file.id, &[("title", &file.title), ("description", &file.description)]);
    if file.title.contains('\n') {
        document.problem("title", "expected one line");
    }
    if file.floor.is_empty() {
        document.problem("floor", "is empty; expected at least the lead");
    }
    if file.roster.is_empty() {
        document.problem("roster", "is empty; expected at least the lead");
    }
    for (at, entry) in file.roster.iter().enumerate() {
        if let Some(count) = entry.multiplicity.filter(|count| !(1..=MAX_MULTIPLICITY).contains(count)) {
            document.problem(
                &format!("roster[{at}].multiplicity"),
                format!("is {count}; expected 1 to {MAX_MULTIPLICITY}"),
            );
        }
        for (key, text) in [("runtime", &entry.runtime), ("model_hint", &entry.model_hint), ("notes", &entry.notes)] {
            if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
                document.problem(&format!("roster[{at}].{key}"), "is empty; leave the key out, or say which");
            }
        }
        // An empty one is told above.
        let unknown = |name: &&String| !name.trim().is_empty() && !runtime::is_known(name);
        if let Some(name) = entry.runtime.as_ref().filter(unknown) {
            let message = format!("{} is no runtime; expected one of {}", quoted(name), runtime::known_list());
            document.problem(&format!("roster[{at}].runtime"), message);
        }
    }
}

/// Every class has a persona and stands there once; what names a class names one of the roster.
fn check_classes(file: &ProfileFile, known: &BTreeSet<&str>, document: &mut Document) {
    let mut classes: BTreeSet<&str> = BTreeSet::new();
    for (at, entry) in file.roster.iter().enumerate() {
        let key = format!("roster[{at}].class");
        if !known.contains(entry.class.as_str()) {
            let hint = meant(&entry.class, known.iter().copied());
            document.problem(&key, format!("{} has no persona; {hint}", quoted(&entry.class)));
        }
        if !classes.insert(&entry.class) {
            document.problem(&key, format!("{} stands there twice; use multiplicity", quoted(&entry.class)));
        }
    }
    let named = std::iter::once(("lead".to_owned(), &file.lead))
        .chain(file.floor.iter().enumerate().map(|(at, class)| (format!("floor[{at}]"), class)))
        .chain(file.roster.iter().enumerate().filter_map(|(at, entry)| {
            entry.reports_to.as_ref().map(|class| (format!("roster[{at}].reports_to"), class))
        }));
    for (key, class) in named {
        // Of an empty roster everything would be missing; that it is empty is told already.
        if !file.roster.is_empty() && !classes.contains(class.as_str()) {
            let hint = meant(class, classes.iter().copied());
            document.problem(&key, format!("{} is not in the roster; {hint}", quoted(class)));
        }
    }
}

/// One lead, above whom nobody stands, and no cycle.
fn check_lines(file: &ProfileFile, document: &mut Document) {
    if !file.floor.is_empty() && !file.floor.contains(&file.lead) {
        document.problem("floor", format!("does not hold the lead, {}", quoted(&file.lead)));
    }
    let above: BTreeMap<&str, &str> =
        file.roster.iter().filter_map(|entry| Some((entry.class.as_str(), entry.reports_to.as_deref()?))).collect();
    for (at, entry) in file.roster.iter().enumerate() {
        if entry.class == file.lead {
            if entry.multiplicity.unwrap_or(1) > 1 {
                document.problem(&format!("roster[{at}].multiplicity"), "a fleet has one lead; expected 1");
            }
            if entry.reports_to.is_some() {
                document.problem(&format!("roster[{at}].reports_to"), "the lead reports to nobody; leave the key out");
            }
        }
        // Each cycle is told once, where its first class stands.
        let mut chain = vec![entry.class.as_str()];
        while let Some(next) = chain.last().and_then(|class| above.get(class)) {
            if *next == entry.class {
                let first = file.roster.iter().position(|other| chain.contains(&other.class.as_str()));
                if first == Some(at) {
                    chain.push(next);
                    document
                        .problem(&format!("roster[{at}].reports_to"), format!("closes a cycle: {}", chain.join(" > ")));
                }
                break;
            }
            // A cycle further up, told where it begins; the walk would not end in it.
            if chain.contains(next) {
                break;
            }
            chain.push(next);
        }
    }
}

#[cfg(test)]
mod tests;

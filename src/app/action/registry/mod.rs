//! The one table of actions: id, words, doors, arguments, danger, answers, and what builds each.
//!
//! The command line, the key table, the palette, the help screen, the footer and docs/reference.md are made from it.
//! Each domain has one file: what can be asked, how it is built, and its part of the table.

pub mod activity;
pub mod agent;
pub mod backlog;
pub mod fleet;
pub mod framework;
pub mod gate;
pub mod library;
pub mod north_star;
pub mod program;
pub mod screen;
pub mod session;
mod spec;
pub mod supervise;
mod views;

pub use spec::{ActionSpec, Answer, Argument, Build, Danger, Door, Doors, Key, Palette, Place, SHAPES, Shape, Shell};

/// Its parts, in the order of help and footer.
const PARTS: &[&[ActionSpec]] = &[
    screen::KEYS,
    views::LISTS,
    views::WALL,
    fleet::LOOKS,
    agent::LOOKS,
    session::SESSION,
    activity::ACTIVITY,
    framework::FRAMEWORK,
    library::LIBRARY,
    north_star::NORTH_STAR,
    program::PROGRAM,
    fleet::ACTS,
    supervise::SUPERVISE,
    agent::ACTS,
    views::ACTIVITY,
    views::DIFF,
    views::ORG,
    screen::BOARD,
    views::GOALS,
    backlog::BACKLOG,
    gate::GATES,
];

/// Every action of the program.
pub const ACTIONS: &[ActionSpec] = &joined::<{ count() }>();

const fn count() -> usize {
    let (mut all, mut part) = (0, 0);
    // A constant cannot use iterators.
    while part < PARTS.len() {
        all += PARTS[part].len();
        part += 1;
    }
    all
}

const fn joined<const ALL: usize>() -> [ActionSpec; ALL] {
    // An entry has no default; each place is filled below.
    let mut all = [PARTS[0][0]; ALL];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut next = 0;
        while next < PARTS[part].len() {
            all[at] = PARTS[part][next];
            next += 1;
            at += 1;
        }
        part += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::keymap;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_shaped_noun_verb() {
        let mut seen = HashSet::new();
        for spec in ACTIONS {
            assert!(seen.insert(spec.id), "{} twice", spec.id);
            assert_eq!(spec.id.split('.').count(), 2, "{}", spec.id);
            assert!(!spec.doc.ends_with('.') && !spec.title.is_empty(), "{}", spec.id);
        }
    }

    #[test]
    fn a_door_that_is_missing_says_why() {
        for spec in ACTIONS {
            let Doors { shell, palette, key } = spec.doors;
            let reasons = [
                if let Shell::None(why) = shell { Some(why) } else { None },
                if let Palette::None(why) = palette { Some(why) } else { None },
                if let Key::None(why) = key { Some(why) } else { None },
            ];
            for reason in reasons.into_iter().flatten() {
                assert!(reason.len() > 8, "{} has a door too few and no reason", spec.id);
            }
            assert!(!matches!(key, Key::In(_, [])), "{}", spec.id);
        }
    }

    /// A Markdown table from its rows.
    fn table(head: [&str; 3], rows: impl Iterator<Item = [String; 3]>) -> String {
        let mut out = format!("| {} |\n| --- | --- | --- |\n", head.join(" | "));
        for row in rows {
            out.push_str(&format!("| {} |\n", row.map(|cell| cell.replace('|', "\\|")).join(" | ")));
        }
        out
    }

    fn keys_table() -> String {
        let rows = ACTIONS.iter().filter_map(|spec| match spec.doors.key {
            Key::None(_) => None,
            Key::In(place, _) => {
                let told = format!("{} (`{}`)", spec.doc, spec.id);
                Some([chords(spec), place.word().to_owned(), told])
            }
        });
        table(["key", "where", "what it does (the action's id)"], rows)
    }

    fn chords(spec: &ActionSpec) -> String {
        keymap::shipped(spec).iter().map(|chord| format!("`{chord}`")).collect::<Vec<_>>().join(" ")
    }

    fn commands_table() -> String {
        let commands = ACTIONS.iter().filter(|spec| !matches!(spec.doors.shell, Shell::None(_)));
        let rows = commands.map(|spec| [format!("`{}`", spec.usage()), chords(spec), spec.doc.to_owned()]);
        table(["command", "key", "what it does"], rows)
    }

    #[test]
    fn every_command_says_what_it_answers() {
        for spec in ACTIONS {
            let Some(command) = spec.words() else { continue };
            let json = spec.arguments.iter().any(|argument| argument.name == "json");
            assert_eq!(!spec.answer.json.is_empty(), json, "{command}: --json");
            assert!(!spec.answer.exits.is_empty() && !spec.answer.exits.contains(&2), "{command}: its exit codes");
        }
    }

    fn answers_table() -> String {
        let rows = ACTIONS.iter().filter_map(|spec| {
            let mut exits: Vec<u8> = spec.answer.exits.iter().copied().chain([2]).collect();
            exits.sort_unstable();
            let exits: Vec<String> = exits.iter().map(u8::to_string).collect();
            Some([format!("`{}`", spec.words()?), spec.answer.json.to_owned(), exits.join(" ")])
        });
        let answers = table(["command", "`--json` prints", "exit codes"], rows);
        let shapes: Vec<String> = SHAPES.iter().map(|(name, fields)| format!("- `{name}`: {fields}\n")).collect();
        format!("{answers}\n{}", shapes.concat())
    }

    #[test]
    fn the_reference_is_the_registry() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
        let before = std::fs::read_to_string(path).unwrap();
        let mut text = before.clone();
        for (name, table) in [("keys", keys_table()), ("commands", commands_table()), ("answers", answers_table())] {
            let open = format!("<!-- {name}: generated from the action table -->\n");
            let start = text.find(&open).unwrap() + open.len();
            let end = text.find(&format!("<!-- /{name} -->")).unwrap();
            text.replace_range(start..end, &format!("\n{table}\n"));
        }
        if std::env::var_os("MOSAIC_UPDATE").is_some() {
            std::fs::write(path, &text).unwrap();
        } else {
            assert_eq!(before, text, "MOSAIC_UPDATE=1 rewrites the tables");
        }
    }

    #[test]
    fn what_destroys_asks_first() {
        let stop = ACTIONS.iter().find(|spec| spec.id == "fleet.stop");
        assert_eq!(stop.map(|spec| spec.danger), Some(Danger::Confirm("Stop")));
    }
}

//! The one table of actions: id, words, keys, arguments, danger, and the function that builds each.
//!
//! The command line, the key table, the help screen, the footer and docs/reference.md are made from it.

mod answers;
mod backlog;
mod build;
mod lifecycle;
mod steering;
mod table;

pub use answers::{ANSWERS, Answer, SHAPES};

use super::Action;
use super::inputs::Inputs;

/// Every action of the program.
pub const ACTIONS: &[ActionSpec] = &joined::<
    { table::FLEET.len() + lifecycle::LIFECYCLE.len() + steering::STEERING.len() + backlog::BACKLOG.len() },
>();

const fn joined<const ALL: usize>() -> [ActionSpec; ALL] {
    let mut all = [table::FLEET[0]; ALL];
    let parts = [table::FLEET, lifecycle::LIFECYCLE, steering::STEERING, backlog::BACKLOG];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut next = 0;
        while next < parts[part].len() {
            all[at] = parts[part][next];
            next += 1;
            at += 1;
        }
        part += 1;
    }
    all
}

/// The option of every command that has an answer for programs.
const JSON: Argument = table::flag("json", "Prints JSON instead of text");

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere but in a text field.
    Anywhere,
    /// In the Fleet view.
    Fleet,
    /// In the Watch view.
    Watch,
    /// In the Fleet and the Watch view.
    Agents,
    /// In the Board view and on a card.
    Board,
}

impl Place {
    /// Whether a key of `self` works at `at`, one of the views.
    #[must_use]
    pub fn covers(self, at: Self) -> bool {
        self == Self::Anywhere || self == at || (self == Self::Agents && matches!(at, Self::Fleet | Self::Watch))
    }

    /// Its name in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Anywhere => "everywhere",
            Self::Fleet => "Fleet",
            Self::Watch => "Watch",
            Self::Agents => "Fleet, Watch",
            Self::Board => "Board",
        }
    }
}

/// What an action can destroy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// Nothing.
    None,
    /// It ends something: the dashboard asks first.
    Confirm,
}

/// How an action is reached by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Default chords, in one place.
    In(Place, &'static [&'static str]),
    /// None, for this reason.
    None(&'static str),
}

/// How an action is reached from a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cli {
    /// These words, then the arguments.
    Words(&'static [&'static str]),
    /// Options of the program itself, without a command.
    Root,
    /// None, for this reason.
    None(&'static str),
}

/// Shape of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A required word.
    Required,
    /// An optional word.
    Optional,
    /// Any number of words.
    Many,
    /// Everything behind `--`.
    Rest,
    /// `--name VALUE`.
    Value,
    /// `--name`.
    Flag,
}

/// One argument of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its name; with `--` in front for options.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// What it is.
    pub doc: &'static str,
    /// Allowed values; empty means any.
    pub values: &'static [&'static str],
}

/// One action.
#[derive(Debug, Clone, Copy)]
pub struct ActionSpec {
    /// `noun.verb`.
    pub id: &'static str,
    /// A few words for lists.
    pub title: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Default keys.
    pub keys: Keys,
    /// Words on the command line.
    pub cli: Cli,
    /// Arguments.
    pub arguments: &'static [Argument],
    /// Whether it asks first.
    pub danger: Danger,
    /// Whether the footer shows its key.
    pub footer: bool,
    /// Builds the action from its inputs.
    pub build: fn(&Inputs) -> Result<Action, String>,
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
    fn an_action_without_a_key_or_a_command_says_why() {
        for spec in ACTIONS {
            if let Keys::None(reason) = spec.keys {
                assert!(reason.len() > 8, "{} has no key and no reason", spec.id);
            }
            if let Cli::None(reason) = spec.cli {
                assert!(reason.len() > 8, "{} has no command and no reason", spec.id);
            }
            if let Keys::In(_, chords) = spec.keys {
                assert!(!chords.is_empty(), "{}", spec.id);
            }
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
        let rows = ACTIONS.iter().filter_map(|spec| match spec.keys {
            Keys::None(_) => None,
            Keys::In(place, _) => {
                let chords: Vec<String> = keymap::shown(spec).iter().map(|chord| format!("`{chord}`")).collect();
                Some([chords.join(" "), place.word().to_owned(), spec.doc.to_owned()])
            }
        });
        table(["key", "where", "what it does"], rows)
    }

    fn commands_table() -> String {
        let rows = ACTIONS.iter().filter_map(|spec| match spec.cli {
            Cli::None(_) => None,
            Cli::Root | Cli::Words(_) => {
                let mut words = vec!["mosaic-tui".to_owned()];
                if let Cli::Words(path) = spec.cli {
                    words.extend(path.iter().map(|word| (*word).to_owned()));
                }
                words.extend(spec.arguments.iter().map(|argument| match argument.shape {
                    Shape::Required => argument.name.to_uppercase(),
                    Shape::Optional => format!("[{}]", argument.name.to_uppercase()),
                    Shape::Many => format!("[{}...]", argument.name.to_uppercase()),
                    Shape::Rest => "[-- ...]".to_owned(),
                    Shape::Value => format!("[--{} {}]", argument.name, argument.name.to_uppercase()),
                    Shape::Flag => format!("[--{}]", argument.name),
                }));
                let chords: Vec<String> = keymap::shown(spec).iter().map(|chord| format!("`{chord}`")).collect();
                Some([format!("`{}`", words.join(" ")), chords.join(" "), spec.doc.to_owned()])
            }
        });
        table(["command", "key", "what it does"], rows)
    }

    #[test]
    fn every_command_says_what_it_answers() {
        let words = |spec: &ActionSpec| match spec.cli {
            Cli::Words(words) => Some(words.join(" ")),
            _ => None,
        };
        let commands: Vec<(String, bool)> = ACTIONS
            .iter()
            .filter_map(|spec| Some((words(spec)?, spec.arguments.iter().any(|argument| argument.name == "json"))))
            .collect();
        for (command, json) in &commands {
            let found: Vec<&Answer> = ANSWERS.iter().filter(|answer| answer.words == command).collect();
            assert_eq!(found.len(), 1, "{command}");
            assert_eq!(!found[0].json.is_empty(), *json, "{command}: --json");
        }
        assert_eq!(ANSWERS.len(), commands.len(), "no answer without its command");
    }

    fn answers_table() -> String {
        let rows = ANSWERS.iter().map(|answer| {
            let mut exits: Vec<u8> = answer.exits.iter().copied().chain([2]).collect();
            exits.sort_unstable();
            let exits: Vec<String> = exits.iter().map(u8::to_string).collect();
            [format!("`{}`", answer.words), answer.json.to_owned(), exits.join(" ")]
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
        assert_eq!(stop.map(|spec| spec.danger), Some(Danger::Confirm));
    }
}

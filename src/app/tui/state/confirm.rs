//! The question before something is ended: answered only once all of it was on the screen.

use super::palette::Palette;
use super::prompt::Prompt;
use crate::app::action::dispatch::{Request, Sent};
use crate::ui::draw::Lines;

/// Asks before a request is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// What is sent: the command line is shown.
    pub sent: Sent,
    /// What it does, in one verb.
    pub verb: &'static str,
    /// What it acts on.
    pub subject: Subject,
    /// What the executor is asked.
    pub request: Box<Request>,
    /// The same for others, each with an answer of its own.
    pub more: Vec<(Sent, Request)>,
    /// Where the text was typed that is sent: whoever cancels goes back to it.
    pub behind: Option<Box<Behind>>,
    /// Whether "yes" is marked; Cancel is the default.
    pub yes: bool,
    /// First line shown.
    pub scroll: u16,
    /// How much of it was on the screen.
    pub reading: Reading,
}

impl Confirm {
    /// A question that nobody has read yet.
    #[must_use]
    pub fn new(sent: Sent, verb: &'static str, subject: Subject, request: Request) -> Self {
        let request = Box::new(request);
        let (more, reading) = (Vec::new(), Reading::default());
        Self { sent, verb, subject, request, more, behind: None, yes: false, scroll: 0, reading }
    }

    /// The same question, asked of what was typed there.
    #[must_use]
    pub fn of(self, behind: Option<Behind>) -> Self {
        Self { behind: behind.map(Box::new), ..self }
    }
}

/// Where a text was typed that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behind {
    /// In a question with a line, or a text to agents.
    Prompt(Prompt),
    /// Behind the words of a command.
    Palette(Palette),
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// These agents.
    Agents(Vec<String>),
    /// Every agent of a class.
    Class(String),
    /// Whoever is down.
    Down(Vec<String>),
    /// Every agent of this host.
    Fleet,
    /// A card, and whose work on it ends.
    Card {
        /// Its id.
        id: String,
        /// Who holds it.
        owner: Option<String>,
    },
    /// Several cards, and whose work on each ends.
    Cards(Vec<(String, Option<String>)>),
    /// What lies in the Mosaic home, and the units of its fleet.
    Home {
        /// The version that seeded it.
        seeded: String,
    },
    /// Every claim that has expired.
    ExpiredClaims,
}

impl Subject {
    /// It in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Down(names) if names.is_empty() => "who is down; nobody is now".to_owned(),
            Self::Agents(names) | Self::Down(names) => names.join(", "),
            Self::Class(class) => format!("every agent of class {class}"),
            Self::Fleet => "the whole fleet".to_owned(),
            Self::Card { id, owner: Some(owner) } => format!("{id} (held by {owner})"),
            Self::Card { id, owner: None } => id.clone(),
            Self::Cards(cards) => {
                let one = |(id, owner): &(String, Option<String>)| match owner {
                    Some(owner) => format!("{id} (held by {owner})"),
                    None => id.clone(),
                };
                cards.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            Self::Home { seeded } => {
                format!("the framework's files here, which are of version {seeded}, and the fleet's units")
            }
            Self::ExpiredClaims => "every claim that has expired".to_owned(),
        }
    }

    /// What is done to it, short enough for a button.
    #[must_use]
    pub fn button(&self, verb: &str) -> String {
        match self {
            Self::Agents(names) | Self::Down(names) => match names.as_slice() {
                [] => verb.to_owned(),
                [name] => format!("{verb} {name}"),
                names => format!("{verb} {} agents", names.len()),
            },
            Self::Class(class) => format!("{verb} class {class}"),
            Self::Fleet => format!("{verb} the fleet"),
            Self::Card { id, .. } => format!("{verb} {id}"),
            Self::Cards(cards) => format!("{verb} {} cards", cards.len()),
            Self::Home { .. } => verb.to_owned(),
            Self::ExpiredClaims => format!("{verb} expired claims"),
        }
    }
}

/// What is said of an answer to a question that nobody could have seen.
pub const TOO_SOON: &str = "pressed before the question was on the screen; look, and press it again";

/// How much of a text was on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Lines from its beginning that were.
    read: u16,
    /// How many there are; `None` before the first frame.
    all: Option<u16>,
}

impl Reading {
    /// Takes what a frame showed of it.
    pub fn show(&mut self, lines: Lines) {
        // Read without a gap: whoever jumps to the end has not seen what lies between.
        if lines.first <= self.read {
            self.read = self.read.max(lines.end);
        }
        self.all = Some(lines.all);
    }

    /// Whether a frame has shown any of it.
    #[must_use]
    pub fn is_begun(self) -> bool {
        self.all.is_some()
    }

    /// Whether all of it was.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.all.is_some_and(|all| self.read >= all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_says_what_is_done_to_whom() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let card = |owner: Option<&str>| Subject::Card { id: "A1".to_owned(), owner: owner.map(str::to_owned) };
        for (subject, verb, button, words) in [
            (Subject::Agents(names(&["a"])), "Stop", "Stop a", "a"),
            (Subject::Agents(names(&["a", "b", "c"])), "Stop", "Stop 3 agents", "a, b, c"),
            (Subject::Class("code".to_owned()), "Restart", "Restart class code", "every agent of class code"),
            (Subject::Down(names(&["a", "b"])), "Restart", "Restart 2 agents", "a, b"),
            (Subject::Down(Vec::new()), "Restart", "Restart", "who is down; nobody is now"),
            (Subject::Fleet, "Uninstall", "Uninstall the fleet", "the whole fleet"),
            (card(None), "Complete", "Complete A1", "A1"),
            (card(Some("a")), "Reclaim", "Reclaim A1", "A1 (held by a)"),
            (
                Subject::Cards(vec![("A1".to_owned(), None), ("B2".to_owned(), Some("a".to_owned()))]),
                "Complete",
                "Complete 2 cards",
                "A1, B2 (held by a)",
            ),
            (Subject::ExpiredClaims, "Reclaim", "Reclaim expired claims", "every claim that has expired"),
        ] {
            assert_eq!((subject.button(verb), subject.words()), (button.to_owned(), words.to_owned()));
        }
    }

    #[test]
    fn a_text_is_read_only_where_no_line_was_left_out() {
        let lines = |first, end| Lines { first, end, all: 9, marked: false };
        let mut reading = Reading::default();
        assert!(!reading.is_whole() && !reading.is_begun(), "before the first frame");
        for (first, end, whole) in [(0, 4, false), (5, 9, false), (3, 6, false), (6, 9, true)] {
            reading.show(lines(first, end));
            assert_eq!(reading.is_whole(), whole, "after lines {first} to {end}");
        }
    }
}

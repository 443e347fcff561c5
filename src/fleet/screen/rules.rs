//! The rules of a runtime's screen: shipped with the program, overridable in the Mosaic home.

use std::borrow::Cow;
use std::path::PathBuf;

use regex_lite::Regex;
use serde::Deserialize;

use super::look::Look;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::model::{PaintedRow, ShownRow};
use crate::fleet::runtime::{self, Runtime};
use crate::plain;

/// Largest file of rules; the shipped ones have a few kB.
const MAX_FILE_BYTES: usize = 1 << 20;

/// Rules of one runtime.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    version: u32,
    /// Where its composer is.
    pub(super) composer: ComposerRule,
    /// Its states, first match first.
    #[serde(default)]
    pub(super) states: Vec<StateRule>,
    /// Marks of the conversation: the last of them above the composer tells how its last turn ended.
    #[serde(default)]
    pub(super) marks: Vec<Mark>,
    /// What Enter does to a turn in progress.
    #[serde(default)]
    pub busy_enter: BusyEnter,
    /// Keys that take the end of a draft away, pressed until it is gone; without them a draft stays.
    #[serde(default)]
    pub takes_back: Vec<String>,
    /// Milliseconds for which a draft or a question stands before a key answers it: some runtimes drop a key that comes at
    /// once, and nothing on the screen tells when they would take it.
    #[serde(default)]
    pub settles_ms: u64,
    /// How its dialogs are read and answered, each kind; without any none is answered.
    #[serde(default)]
    pub dialogs: Vec<DialogRule>,
}

/// Which edge of the composer is looked for first, from the bottom of the screen upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Anchor {
    /// Its first line, which belongs to it.
    Top,
    /// The line below its last one.
    Bottom,
}

/// Where a composer is and what is not text in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComposerRule {
    pub anchor: Anchor,
    /// With anchor `top` its first line; with anchor `bottom` the line above it.
    pub top: Pattern,
    /// The line below it.
    pub bottom: Pattern,
    /// How these two lines are drawn.
    #[serde(default)]
    pub top_look: Option<Look>,
    #[serde(default)]
    pub bottom_look: Option<Look>,
    /// The anchor lies within this many rows of the last row that holds anything.
    pub within: usize,
    /// Taken off the front of each line.
    pub margin: Pattern,
    /// Taken off the end of each line: the sign of one that scrolls.
    #[serde(default)]
    pub scrolled: Option<Pattern>,
    /// With anchor `top`: what stands behind the line below it, since a text may hold such lines itself.
    /// Where neither is found the composer goes to the end of the screen; without this key it ends at the first `bottom`.
    #[serde(default)]
    pub footer: Option<Pattern>,
    /// Whether the cursor is in it whenever it takes keys.
    #[serde(default)]
    pub holds_cursor: bool,
    /// The row of its text in which the cursor stands while it is empty; without it nothing is told from the cursor.
    #[serde(default)]
    pub home_row: Option<usize>,
    #[serde(default)]
    pub last_line_is_status: bool,
    #[serde(default)]
    pub placeholder: Option<Pattern>,
    /// How what stands behind its first sign is drawn; without it nothing is asked of that.
    #[serde(default)]
    pub placeholder_look: Option<Look>,
    #[serde(default)]
    pub pasted: Option<Pattern>,
}

/// Where a state's pattern is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// In the pane's title.
    Title,
    /// In the rows just above the composer.
    Above,
    /// In the composer.
    Composer,
    /// In the rows below the composer.
    Below,
    /// In the last rows of a screen without a composer.
    Foot,
    /// Anywhere on a screen without a composer.
    Screen,
}

/// One state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateRule {
    pub state: super::ScreenState,
    #[serde(rename = "where")]
    pub place: Place,
    /// How many rows of that place are looked at, from the composer or the end of the screen on.
    #[serde(default)]
    pub within: Option<usize>,
    /// A group named `look` is the part that has to look so; one named `said` is told behind the reason.
    pub pattern: Pattern,
    #[serde(default)]
    pub look: Option<Look>,
    pub reason: String,
    /// Whether a message that was submitted may still come back while this is shown.
    #[serde(default)]
    pub undecided: bool,
}

/// A sign in the conversation of how a turn goes or ended.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// As in [`StateRule`].
    pub pattern: Pattern,
    #[serde(default)]
    pub look: Option<Look>,
    /// The state that it means; none of note without it.
    #[serde(default)]
    pub state: Option<super::ScreenState>,
    #[serde(default)]
    pub reason: String,
}

/// How a dialog is read and answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialogRule {
    /// Its first row; the last such row on the screen counts. Without it the dialog is the last block of rows that
    /// belong to one.
    #[serde(default)]
    pub(super) begins: Option<Pattern>,
    /// A row that only such a dialog has, where its first one is no sign.
    #[serde(default)]
    pub(super) holds: Option<Pattern>,
    /// What of a row belongs to it: the pattern's first group. Without it the whole row.
    #[serde(default)]
    pub(super) row: Option<Pattern>,
    /// A row of a choice, its number the first group. Without it each choice that has keys is one.
    #[serde(default)]
    choice: Option<Pattern>,
    /// Where the keys move a mark: how a row looks, its colours included, while the mark is on the first choice.
    #[serde(default)]
    first_marked: Option<Pattern>,
    /// Keys that answer it: the first list for its first choice, and so on.
    pub answers: Vec<Vec<String>>,
    /// What its choices say, where they have no rows with numbers.
    #[serde(default)]
    choices: Vec<String>,
}

/// What Enter does to a turn in progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Does {
    /// What was typed waits for the turn's end.
    Queues,
    /// It ends the turn. Where nothing is said of it, that is what must be expected.
    #[default]
    Interrupts,
}

/// What Enter does while the runtime works.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusyEnter {
    #[serde(default)]
    does: Does,
    /// Words of the program's command line, one behind the other, with which it does not interrupt.
    #[serde(default)]
    unless: Vec<String>,
}

impl DialogRule {
    /// Whether the keys lead where they should on a screen that `capture-pane -e` gave.
    #[must_use]
    pub fn is_at_first(&self, coloured: &str) -> bool {
        self.first_marked.as_ref().is_none_or(|pattern| coloured.lines().any(|row| pattern.regex.is_match(row)))
    }

    /// The keys for a choice of this question, counted from one, if it has that choice.
    #[must_use]
    pub fn keys(&self, choice: usize, question: &[ShownRow]) -> Option<&Vec<String>> {
        let offers = |pattern: &Pattern, row: &ShownRow| {
            let number =
                pattern.regex.captures(&row.text).and_then(|found| found.get(1)?.as_str().parse::<usize>().ok());
            number == Some(choice)
        };
        let is_one = self.choice.as_ref().is_none_or(|pattern| question.iter().any(|row| offers(pattern, row)));
        choice.checked_sub(1).and_then(|at| self.answers.get(at)).filter(|_| is_one)
    }
}

impl BusyEnter {
    /// Whether Enter would destroy the turn in progress of a program with this command line.
    #[must_use]
    pub fn interrupts(&self, argv: &[String]) -> bool {
        self.does == Does::Interrupts
            // `windows` of no words panics.
            && (self.unless.is_empty() || !argv.windows(self.unless.len()).any(|words| *words == self.unless))
    }
}

impl Pattern {
    /// The part of a row that it finds, if that looks so, and what that says.
    pub(super) fn finds<'a>(&self, row: &'a PaintedRow, look: Option<Look>) -> Option<Option<&'a str>> {
        // Most rows of most screens are empty, and few patterns find something there.
        if row.text.is_empty() && !self.finds_nothing {
            return None;
        }
        if look.is_none() && !self.has_parts {
            // Where something is found decides nothing, and to know that it is there costs a fraction of it.
            return self.regex.is_match(&row.text).then_some(None);
        }
        let found = self.regex.captures(&row.text)?;
        let part = found.name("look").or_else(|| found.get(0))?.range();
        let said = found.name("said").map(|said| said.as_str());
        look.is_none_or(|look| look.is_on(row, part)).then_some(said)
    }

    /// Whether it finds a part of a row that looks so.
    pub(super) fn is_on(&self, row: &PaintedRow, look: Option<Look>) -> bool {
        self.finds(row, look).is_some()
    }
}

/// A regular expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern {
    pub regex: Regex,
    /// Whether any part of what it finds has a name, and so a meaning of its own.
    has_parts: bool,
    /// Whether it finds something in an empty row.
    finds_nothing: bool,
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let regex = Regex::new(&text);
        let regex = regex.map_err(|error| format!("{} is no pattern: {error}", crate::plain::quoted(&text)))?;
        let has_parts = regex.capture_names().flatten().next().is_some();
        Ok(Self { has_parts, finds_nothing: regex.is_match(""), regex })
    }
}

impl Rules {
    /// Patterns of dialogs that may open while the composer stays to be seen, in the pane's title or above it.
    #[must_use]
    pub fn dialogs_beside_a_composer(&self) -> (Vec<&str>, Vec<&str>) {
        let of = |place: Place| {
            let dialogs =
                self.states.iter().filter(move |rule| rule.state == super::ScreenState::Dialog && rule.place == place);
            dialogs.map(|rule| rule.pattern.regex.as_str()).collect()
        };
        (of(Place::Title), of(Place::Above))
    }
}

/// The text of a runtime's rules, before anything is made of it.
#[derive(Debug)]
pub struct Source {
    /// Where the operator's own are, or would be.
    path: PathBuf,
    text: Cow<'static, str>,
    /// What tells these rules from others of this program.
    pub mark: String,
}

impl Source {
    /// Of a runtime: that of the Mosaic home, else the shipped one; `None` for a runtime that nobody described.
    ///
    /// # Errors
    /// When the file in the Mosaic home cannot be read.
    pub fn find(site: &Site, runtime: &str) -> Result<Option<Self>> {
        let path = site.home.join("runtime").join(runtime).join("screen.yaml");
        let own = match plain::read(&path, MAX_FILE_BYTES) {
            Ok(text) => Some(text),
            Err(why) if why.is_missing() => None,
            // Rules that somebody wrote and nobody can read are not the shipped ones.
            Err(why) => return Err(Failure::unreadable(path.display().to_string(), &why)),
        };
        Ok(match own {
            Some(text) => {
                let mark = format!("{runtime} {}", fingerprint(text.as_bytes()));
                Some(Self { path, text: Cow::Owned(text), mark })
            }
            None => {
                let shipped = runtime::find(runtime).and_then(Runtime::screen_rules);
                shipped.map(|text| Self { path, text: Cow::Borrowed(text), mark: runtime.to_owned() })
            }
        })
    }

    /// The rules that it states.
    ///
    /// # Errors
    /// When it is not valid.
    pub fn rules(&self) -> Result<Rules> {
        let invalid = |why: String| {
            let next = "mend it, or remove it to use the shipped rules";
            Failure::new(Kind::Invalid, self.path.display().to_string(), why, next)
        };
        let rules: Rules = crate::fleet::yaml::read(&self.text).map_err(invalid)?;
        if rules.version == 1 { Ok(rules) } else { Err(invalid(format!("has version {}; expected 1", rules.version))) }
    }
}

/// The rules of a runtime: those of the Mosaic home, else the shipped ones; `None` for a runtime that
/// nobody described.
///
/// # Errors
/// When the file in the Mosaic home is not valid.
pub fn rules_for(site: &Site, runtime: &str) -> Result<Option<Rules>> {
    Source::find(site, runtime)?.map(|source| source.rules()).transpose()
}

/// What the choices of a runtime's dialogs say, a list for each dialog whose choices have no numbers on the screen.
#[must_use]
pub fn named_choices(runtime: &str) -> Vec<Vec<String>> {
    let text = runtime::find(runtime).and_then(Runtime::screen_rules);
    // A test reads what ships, so that nothing is lost here.
    let rules = text.and_then(|text| crate::fleet::yaml::read::<Rules>(text).ok());
    let dialogs = rules.map(|rules| rules.dialogs).unwrap_or_default();
    dialogs.into_iter().map(|dialog| dialog.choices).filter(|choices| !choices.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_rules_have_another_mark() {
        let home = tempfile::tempdir().unwrap();
        let site = Site::for_tests(home.path().to_str().unwrap());
        let mark = || Source::find(&site, "stub").unwrap().map(|source| source.mark);
        let shipped = mark();
        assert!(shipped.is_some() && Source::find(&site, "nobody").unwrap().is_none());
        let own = site.home.join("runtime/stub");
        std::fs::create_dir_all(&own).unwrap();
        let mut seen = vec![shipped];
        for text in ["version: 1", "version: 2", ""] {
            std::fs::write(own.join("screen.yaml"), text).unwrap();
            assert!(!seen.contains(&mark()), "{text:?}");
            seen.push(mark());
        }
    }
}

//! The palette: a command line inside the dashboard, with a list of what it could become. The words are those of a
//! shell, parsed by the same parser.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::app::action::keymap::Keymap;
use crate::app::action::registry::{self, ACTIONS, ActionSpec, Argument, Door, Shell};
use crate::app::tui::state::text_input::TextInput;
use crate::backlog::model::CardId;
use crate::fleet::model::RowKey;

/// The open palette.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What is typed.
    pub line: TextInput,
    /// Which entry of the list is marked.
    pub at: usize,
    /// What is wrong with the line.
    pub notice: Option<String>,
    /// How far back in the history the line came from; 0 is none of it.
    pub back: usize,
    /// What was selected when it was opened: it covers that, and another may be selected meanwhile.
    pub on: (Option<RowKey>, Option<CardId>),
}

impl Palette {
    /// The marked entry of its list.
    #[must_use]
    pub fn marked(&self, keys: &Keymap) -> Option<&'static ActionSpec> {
        candidates(&self.line.text, keys).get(self.at).copied()
    }

    /// Whether the line is the command of this entry, with arguments or without.
    #[must_use]
    pub fn is_whole(&self, spec: &ActionSpec) -> bool {
        let typed = normal(&self.line.text).trim_end();
        words_of(spec).is_some_and(|words| typed == words || typed.starts_with(&format!("{words} ")))
    }
}

/// What a line could become, best first.
#[must_use]
pub fn candidates(line: &str, keys: &Keymap) -> Vec<&'static ActionSpec> {
    let typed = normal(line);
    let lower = typed.to_lowercase();
    let tokens: Vec<&str> = lower.split_whitespace().collect();
    let pattern = Pattern::new(&lower, CaseMatching::Respect, Normalization::Never, AtomKind::Fuzzy);
    let (mut matcher, mut letters) = (Matcher::new(Config::DEFAULT), Vec::new());
    // How near it is, and within that how well it fits: the best first.
    let mut found: Vec<((usize, Reverse<u32>), &ActionSpec)> = ACTIONS
        .iter()
        .filter(|spec| !keys.hides(spec))
        .filter_map(|spec| {
            let words = words_of(spec)?;
            // Behind a whole command stand its arguments.
            let command = matches!(spec.doors.shell, Shell::Words(_));
            if command && (typed.trim_end() == words || typed.starts_with(&format!("{words} "))) {
                return Some(((0, Reverse(0)), spec));
            }
            let about = format!("{words} {}", spec.title).to_lowercase();
            let fits = pattern.score(Utf32Str::new(&about, &mut letters), &mut matcher)?;
            // In any order: "stop agent" is found as well as "agent stop".
            let all = tokens.iter().all(|token| about.contains(token));
            let near = match (words.starts_with(&lower), all) {
                (true, _) => 1,
                (_, true) => 2,
                // A letter here and there means nothing when few were typed, or words.
                _ if lower.trim().chars().count() < 2 || tokens.len() > 2 => return None,
                _ => 3,
            };
            // A group lists its commands in the order of the table.
            Some(((near, Reverse(if near == 1 { 0 } else { fits })), spec))
        })
        .collect();
    let exact = found.iter().any(|((near, _), _)| *near == 0);
    // A single word may be a whole command and the beginning of others, which are still wanted.
    if exact && typed.contains(' ') {
        found.retain(|((near, _), _)| *near == 0);
    }
    // Letters here and there are a guess: it is not made beside what was written.
    if found.iter().any(|((near, _), _)| *near < 3) {
        found.retain(|((near, _), _)| *near < 3);
    }
    found.sort_by_key(|(near, _)| *near);
    found.into_iter().map(|(_, spec)| spec).collect()
}

/// A line without the program's name, which the shown shell form has in front.
#[must_use]
pub fn normal(line: &str) -> &str {
    let line = line.trim_start();
    line.strip_prefix("mosaic-tui ").unwrap_or(line).trim_start()
}

/// Why a typed command is none here, and where it is one.
#[must_use]
pub fn refusal(line: &str, keys: &Keymap) -> Option<String> {
    let typed = normal(line).trim_end();
    let named = |spec: &&ActionSpec| {
        let words = spec.words().unwrap_or_default();
        !words.is_empty() && (typed == words || typed.starts_with(&format!("{words} ")))
    };
    ACTIONS.iter().filter(named).find_map(|spec| match spec.refusal(Door::Palette) {
        None if keys.hides(spec) => Some(format!("{} changes something, and this dashboard is read-only", spec.title)),
        refusal => refusal,
    })
}

/// The words of an entry as they are typed here: a command's own, else a screen action's title; `None` for what is not
/// run from here.
#[must_use]
pub fn words_of(spec: &ActionSpec) -> Option<String> {
    match (spec.doors.palette, spec.doors.shell) {
        (registry::Palette::None(_), _) => None,
        (registry::Palette::Open, Shell::Words(words)) => Some(words.join(" ")),
        (registry::Palette::Open, Shell::Root | Shell::None(_)) => Some(spec.title.to_owned()),
    }
}

/// The arguments of an entry, as a reminder.
#[must_use]
pub fn usage(spec: &ActionSpec) -> String {
    let words: Vec<String> =
        spec.arguments.iter().filter(|argument| argument.name != "json").map(Argument::usage).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_the_list_to_what_is_meant() {
        let ids = |line: &str| candidates(line, &Keymap::default()).iter().map(|spec| spec.id).collect::<Vec<_>>();
        assert_eq!(ids("fleet restart code0"), ["fleet.restart"]);
        assert_eq!(ids("fleet rest")[0], "fleet.restart");
        assert!(ids("doc").contains(&"fleet.doctor"));
        assert!(ids("fleet ").len() > 10, "a group lists its commands");
        assert!(ids("").len() > 40);
        assert!(
            !ids("").iter().any(|id| id.starts_with("session.") || id.starts_with("demo.")),
            "not for hooks and units"
        );
        assert_eq!(ids("fldoc")[0], "fleet.doctor", "letters here and there");
        assert_eq!(ids("restart")[0], "fleet.restart", "a whole word before a part of one");
        assert!(ids("nonsense words").is_empty());
        assert!(ids(&"a".repeat(1 << 20)).is_empty(), "what was pasted");
        assert_eq!(ids("mosaic-tui fleet stop code0"), ["fleet.stop"], "the shell's form is understood");
        assert!(ids("Fleet stop code0").is_empty(), "arguments are never dropped");
    }

    #[test]
    fn what_is_for_shells_alone_is_refused_with_its_command() {
        let refused = refusal("session run code0", &Keymap::default()).unwrap();
        let want = "session run is not run from here: supervisors run it; in a shell it is `mosaic-tui session run`";
        assert_eq!(refused, want);
        assert!(
            refusal("demo", &Keymap::default()).is_some_and(|refused| refused.contains("it is a dashboard of its own"))
        );
        assert_eq!(
            (
                refusal("fleet stop code0", &Keymap::default()),
                refusal("demos", &Keymap::default()),
                refusal("", &Keymap::default())
            ),
            (None, None, None)
        );
    }
}

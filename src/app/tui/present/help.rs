//! The help in words.

use crate::app::action::ScreenAction;
use crate::app::action::registry::{ActionSpec, Build, Key, Place};
use crate::app::tui::state::State;
use crate::app::tui::state::help::Help;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::ui::view::{Fit, Piece, Popup, Role};

/// Columns of its frame, whatever the filter leaves.
const MIN_COLUMNS: u16 = 96;

/// The popup of an open help.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Help(Help { filter, scroll })) = &state.overlay else { return None };
    let at = state.standing();
    let (place, title) = (at.place, title(state.screen));
    let wanted = filter.to_lowercase();
    let mut specs: Vec<&ActionSpec> = state.keys.in_place(&at).collect();
    specs.sort_by_key(|spec| (Group::of(spec), OFTEN.iter().position(|id| *id == spec.id).unwrap_or(OFTEN.len())));
    let (mut lines, mut all, mut under) = (Vec::new(), 0, None);
    for spec in specs {
        let keys = state.keys.shown(spec, &at).join("  ");
        let when = state.keys.conditions(spec).join(", ");
        let doc = if when.is_empty() { spec.doc.to_owned() } else { format!("{} ({when})", spec.doc) };
        let haystack = format!("{keys} {} {doc}", spec.title).to_lowercase();
        all += 1;
        if !haystack.contains(&wanted) {
            continue;
        }
        let group = Group::of(spec);
        if under != Some(group) {
            under = Some(group);
            if !lines.is_empty() {
                lines.push(Vec::new());
            }
            lines.push(vec![Piece::new(group.word(), Role::Accent)]);
        }
        lines.push(help_line(spec, &keys, &doc));
    }
    if lines.is_empty() {
        lines.push(vec![Piece::new(format!("no key here has \"{filter}\" in its name or what it does"), Role::Quiet)]);
    }
    // Marks in front of rows stand in lists of agents only, and are no keys that a filter could find.
    if filter.is_empty() && !matches!(place, Place::Board | Place::Goals | Place::Activity | Place::Diff) {
        let note = |mark: &str, text: &str| {
            vec![Piece::new(mark, Role::Strong).fitted(Fit::Keys), Piece::new(text, Role::Quiet)]
        };
        lines.push(Vec::new());
        lines.push(note("\u{2022} in front", "its state changed since you last looked at it"));
        lines.push(note("\u{25a0} in front", "it is marked: what you do next is done to all that are"));
        lines.push(note("z in front", "nothing is told of it for a while (snooze)"));
        if state.screen == Screen::Fleet {
            lines.push(note("last hour", "what it was, five minutes a cell; a dot is a time that nobody looked at"));
            lines.push(note("output", "what its pane printed, half a minute a cell; a step more is twice as much"));
        }
        lines.push(note(
            "need you",
            "stuck, dead, stale, unknown, drift (another runtime than the roster says), not enabled at boot",
        ));
    }
    Some(Popup {
        title: if filter.is_empty() { title.to_owned() } else { format!("{title} /{filter}") },
        lines,
        scroll: *scroll,
        marked: None,
        // As high as it is without a filter: it stands still while one is typed.
        least: (MIN_COLUMNS, u16::try_from(all).unwrap_or(u16::MAX)),
        buttons: None,
        hint: super::pressed(&[("", "type to filter"), ("", "arrows scroll"), ("Esc", "closes")]),
    })
}

/// What is pressed most, in the order in which it stands in front of the rest of its group.
const OFTEN: [&str; 8] = [
    "agent.answer",
    "agent.message",
    "agent.attach",
    "agent.watch",
    "card.open",
    "event.open",
    "agent.explain",
    "attention.next",
];

/// What a key is for: the headings of the help, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// With agents.
    Talk,
    /// At one of them, at a card, at an event.
    Look,
    /// What changes something.
    Act,
    /// About the view.
    Move,
    /// What works in every view.
    Everywhere,
}

impl Group {
    fn of(spec: &ActionSpec) -> Self {
        use ScreenAction as Asked;
        match spec.id {
            "agent.answer" | "agent.message" | "agent.broadcast_shown" | "agent.attach" => return Self::Talk,
            "card.jump" => return Self::Look,
            // For who needs somebody, which is what one looks for.
            "attention.next" => return Self::Move,
            _ => {}
        }
        let moves = |asked: Asked| {
            matches!(
                asked,
                Asked::Move(_)
                    | Asked::Tile(_)
                    | Asked::Pan(_)
                    | Asked::Column(_)
                    | Asked::Side(_)
                    | Asked::ScrollPersona(_)
                    | Asked::ScrollFacts(_)
                    | Asked::Filter
                    | Asked::Order(_)
                    | Asked::FilterActivity
                    | Asked::FilterBoard
                    | Asked::Search
                    | Asked::NextFound(_)
                    | Asked::Mark
                    | Asked::MarkCard
                    | Asked::Freeze
                    | Asked::Follow
                    | Asked::Fold
            )
        };
        match (spec.build, spec.doors.key) {
            (Build::Screen(asked), _) if moves(asked) => Self::Move,
            (_, Key::In(Place::Anywhere, _)) => Self::Everywhere,
            _ if spec.writes => Self::Act,
            _ => Self::Look,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Talk => "Talk",
            Self::Look => "Look",
            Self::Act => "Act",
            Self::Move => "Move",
            Self::Everywhere => "Everywhere",
        }
    }
}

fn help_line(spec: &ActionSpec, keys: &str, doc: &str) -> Vec<Piece> {
    let local = matches!(spec.doors.key, Key::In(at, _) if at != Place::Anywhere);
    vec![
        Piece::new(keys, Role::Strong).fitted(Fit::Keys),
        Piece::new(spec.title, if local { Role::Plain } else { Role::Quiet }).fitted(Fit::Title),
        Piece::new(doc, Role::Quiet),
    ]
}

/// Above the keys of a view.
fn title(screen: Screen) -> &'static str {
    match screen {
        Screen::Fleet => "keys in Fleet",
        Screen::Wall => "keys on the Wall",
        Screen::Watch => "keys in Watch",
        Screen::Board => "keys on the Board",
        Screen::Card => "keys on a card",
        Screen::Goals => "keys on the goals",
        Screen::Activity => "keys in Activity",
        Screen::Diff => "keys in a diff",
        Screen::Org => "keys in Org",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::action::keymap;
    use crate::app::action::registry::ACTIONS;
    use crate::fleet::model::Size;

    #[test]
    fn every_key_of_every_view_is_in_its_help() {
        let mut seen = 0;
        for screen in [
            Screen::Fleet,
            Screen::Wall,
            Screen::Watch,
            Screen::Board,
            Screen::Card,
            Screen::Goals,
            Screen::Activity,
            Screen::Diff,
            Screen::Org,
        ] {
            let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
            state.screen = screen;
            state.overlay = Some(Overlay::Help(Help { filter: String::new(), scroll: 0 }));
            let lines = popup(&state).unwrap().lines;
            for spec in ACTIONS {
                let Key::In(place, _) = spec.doors.key else { continue };
                if !place.covers(screen.place()) {
                    continue;
                }
                let line =
                    lines.iter().find(|line| line.len() == 3 && line[1].text == spec.title && line[2].text == spec.doc);
                let keys = &line.unwrap_or_else(|| panic!("{} is not told of in {screen:?}", spec.id))[0].text;
                assert!(keymap::shipped(spec).iter().all(|chord| keys.contains(chord)), "{}: {keys}", spec.id);
                seen += 1;
            }
        }
        assert!(seen > 200, "{seen}");
    }

    fn help(screen: Screen, filter: &str) -> Popup {
        let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
        state.screen = screen;
        state.overlay = Some(Overlay::Help(Help { filter: filter.to_owned(), scroll: 0 }));
        popup(&state).unwrap()
    }

    #[test]
    fn what_is_used_all_day_stands_first_under_its_heading() {
        let heads = |screen| -> Vec<String> {
            let lines = help(screen, "").lines;
            lines
                .into_iter()
                .filter(|line| matches!(&line[..], [one] if one.role == Role::Accent))
                .map(|line| line[0].text.clone())
                .collect()
        };
        assert_eq!(heads(Screen::Fleet), ["Talk", "Look", "Act", "Move", "Everywhere"]);
        assert_eq!(heads(Screen::Board), ["Look", "Act", "Move", "Everywhere"]);
        let lines = help(Screen::Fleet, "").lines;
        let at =
            |title: &str| lines.iter().position(|line| line.get(1).is_some_and(|piece| piece.text == title)).unwrap();
        assert!(at("answer") < 4 && at("message") < 4 && at("watch") < 9, "{lines:?}");
        assert!(at("pan left") > at("restart") && at("mark") > at("watch"));
    }

    #[test]
    fn the_help_stands_still_while_a_filter_is_typed() {
        let whole = help(Screen::Fleet, "");
        let none = help(Screen::Fleet, "zzzz");
        assert_eq!(whole.least, none.least);
        assert!(none.lines[0][0].text.contains("no key here has \"zzzz\""), "{:?}", none.lines);
        assert_eq!(help(Screen::Fleet, "restart").lines[0][0].text, "Act", "headings of what is left");
    }
}

//! What a dashboard remembers from one time to the next on a host: the view, its filters, what was run, who is put off.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::State;
use super::state::input_history::InputHistory;
use crate::app::tui::screens::{activity, board, fleet};
use crate::app::tui::state::screen::Screen;
use crate::fleet::activity::Span;
use crate::ui::columns::By;

/// Longest text that is taken back; a file that somebody wrote may hold anything.
const MAX_CHARS: usize = 2_000;

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The view, by its word.
    pub view: String,
    /// Filter of the agents.
    pub agents: String,
    /// What their list is ordered by, by its word.
    pub order: String,
    /// Whether the wall folds no tile.
    pub whole: bool,
    /// Filter of the cards.
    pub cards: String,
    /// Filter of the events.
    pub events: String,
    /// Whether the figures are shown instead of the events.
    pub plots: bool,
    /// How far back they go, by its word.
    pub span: String,
    /// What was run from the palette, the oldest first.
    pub commands: Vec<String>,
    /// Until when nothing is told of an agent, in milliseconds since 1970.
    pub snoozed: BTreeMap<String, i64>,
}

impl Memory {
    /// What a state leaves behind. A view that shows one thing alone is no layout.
    #[must_use]
    pub fn of(state: &State) -> Self {
        // The lowest view and not the one in front: a card or a pane that was open is not
        // there the next time.
        let base = state.back.first().copied().unwrap_or(state.screen);
        let view = if is_layout(base) { base } else { Screen::Fleet };
        Self {
            view: view.word().to_owned(),
            agents: state.filter.text.clone(),
            order: state.order.word().to_owned(),
            whole: state.wall.whole,
            cards: state.board.filter.text.clone(),
            events: state.activity.filter.text.clone(),
            plots: state.activity.plots,
            span: state.activity.span.word().to_owned(),
            commands: state.commands.lines().to_vec(),
            snoozed: state.notices.snoozed.iter().map(|(name, until)| (name.clone(), until.as_millisecond())).collect(),
        }
    }

    /// Brings a state to where another was left.
    pub fn restore(self, state: &mut State) {
        let clean = |text: String| -> String {
            text.chars().filter(|c| !crate::plain::acts_on_terminal(*c)).take(MAX_CHARS).collect()
        };
        let views = [Screen::Fleet, Screen::Wall, Screen::Board, Screen::Activity];
        // Whoever was started for one agent alone asked for that, and not for where they
        // were the last time.
        if let Some(view) = views.into_iter().find(|view| view.word() == self.view).filter(|_| !state.watch_only) {
            state.screen = view;
        }
        state.order = By::ALL.into_iter().find(|by| by.word() == self.order).unwrap_or_default();
        state.wall.whole = self.whole;
        fleet::restore_filter(state, clean(self.agents));
        board::restore_filter(state, &clean(self.cards));
        activity::restore_filter(state, &clean(self.events));
        state.activity.plots = self.plots;
        state.activity.span = Span::ALL.into_iter().find(|span| span.word() == self.span).unwrap_or_default();
        let mut commands = InputHistory::default();
        self.commands.into_iter().map(clean).filter(|line| !line.is_empty()).for_each(|line| commands.push(&line));
        state.commands = commands;
        let until = |(name, until): (String, i64)| Some((name, Timestamp::from_millisecond(until).ok()?));
        state.notices.snoozed = self.snoozed.into_iter().filter_map(until).collect();
    }
}

fn is_layout(screen: Screen) -> bool {
    match screen {
        Screen::Fleet | Screen::Wall | Screen::Board | Screen::Activity => true,
        // These are of one agent or card, or looked into for a moment.
        Screen::Watch | Screen::Card | Screen::Goals | Screen::Diff | Screen::Org => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::Size;

    fn state() -> State {
        State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_state_comes_back_as_it_was_left() {
        let mut left = state();
        left.screen = Screen::Board;
        left.open(Screen::Card);
        fleet::restore_filter(&mut left, "state:stuck".to_owned());
        board::restore_filter(&mut left, "phase:one");
        activity::restore_filter(&mut left, "kind:send");
        left.activity.plots = true;
        left.order = By::Tokens;
        left.wall.whole = true;
        left.activity.span = Span::Week;
        left.commands.push("fleet doctor");
        left.notices.snoozed.insert("a".to_owned(), Timestamp::UNIX_EPOCH);
        let memory = Memory::of(&left);
        assert_eq!(memory.view, "board", "the card is opened anew, or not");
        let text = serde_json::to_string(&memory).unwrap();
        let mut come = state();
        serde_json::from_str::<Memory>(&text).unwrap().restore(&mut come);
        assert_eq!(Memory::of(&come), memory);
        assert!(come.filter.filter.accepts(&crate::app::tui::samples::row("a", crate::fleet::model::Readiness::Stuck)));
        assert!(!come.filter.filter.accepts(&crate::app::tui::samples::row("a", crate::fleet::model::Readiness::Dead)));
    }

    #[test]
    fn what_somebody_wrote_into_it_does_no_harm() {
        let text = r#"{"view": "nowhere", "agents": "a\u001b]0;x\u0007b", "commands": ["", "fleet ps"], "other": 1}"#;
        let mut state = state();
        serde_json::from_str::<Memory>(text).unwrap().restore(&mut state);
        assert_eq!((state.screen, state.filter.text.as_str()), (Screen::Fleet, "a]0;xb"));
        assert_eq!(state.commands.lines(), ["fleet ps"]);
    }
}

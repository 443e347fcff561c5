//! What waits for a person: each with the ways out of it, of which one is marked and Enter takes it.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::action::ScreenAction;
use crate::app::action::registry::{ACTIONS, Door};
use crate::app::tui::effect::Effect;
use crate::app::tui::present::escalations::{listed, way_at};
use crate::app::tui::screens::dispatch;
use crate::app::tui::screens::parts::{PopupParts, opens_again};
use crate::app::tui::state::State;
use crate::app::tui::state::escalations::{Escalations, Way};
use crate::app::tui::state::marks::UNSEEN;
use crate::app::tui::state::screen::Overlay;
use crate::ui::hit::Typed;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: Some(click), text: None };

/// Opens the list; without any it says so.
pub(in crate::app::tui) fn open(state: &mut State) {
    let listed = listed(state);
    if listed.is_empty() {
        return state.say(none_open(state), false);
    }
    state.overlay = Some(Overlay::Escalations(Escalations { at: 0, marked: named(&listed, 0) }));
}

/// That no escalation is open; where agents need somebody all the same, that too, as the header counts them.
fn none_open(state: &State) -> String {
    let needing = state.snapshot.as_ref().map_or(0, |snapshot| snapshot.needing().count());
    let at = state.standing();
    let next = state.keys.in_place(&at).find(|spec| spec.build.is(ScreenAction::NextAttention));
    match (needing, next.and_then(|spec| state.keys.first(spec, &at))) {
        (0, _) => "no escalation is open, and nobody needs you".to_owned(),
        (1, Some(key)) => format!("no escalation is open; {key} goes to the one agent that needs you"),
        (count, Some(key)) => format!("no escalation is open; {key} goes to the {count} agents that need you"),
        (count, None) => format!("no escalation is open; agents that need you: {count}"),
    }
}

/// What tells one way out from the others.
fn named(listed: &[(String, Way)], at: usize) -> Option<String> {
    listed.get(at).map(|(id, way)| format!("{id} {} {}", way.action, way.label))
}

/// Keeps the mark on its way out, wherever in the list that stands by now. The list is the observer's, and changes by itself.
pub(in crate::app::tui) fn follow(state: &mut State) {
    if !matches!(state.overlay, Some(Overlay::Escalations(_))) {
        return;
    }
    let listed = listed(state);
    let Some(Overlay::Escalations(list)) = &mut state.overlay else { return };
    if list.marked.is_none() {
        list.marked = named(&listed, list.at);
    }
    let found = (0..listed.len()).find(|at| named(&listed, *at) == list.marked);
    // Where it is gone, what is marked stays its name: Enter never takes what slid into its place.
    list.at = found.unwrap_or_else(|| list.at.min(listed.len().saturating_sub(1)));
}

/// Marks a way out.
fn click(state: &mut State, line: usize, _: Option<Typed>) {
    let (at, listed) = (way_at(state, line), listed(state));
    if let (Some(at), Some(Overlay::Escalations(list))) = (at, &mut state.overlay) {
        (list.at, list.marked) = (at, named(&listed, at));
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.code == KeyCode::Enter && !state.shows_mark() {
        return state.say(UNSEEN.to_owned(), true);
    }
    let listed = listed(state);
    let again = opens_again(state, key, "escalations.open");
    let Some(Overlay::Escalations(list)) = &mut state.overlay else { return };
    let last = listed.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => state.overlay = None,
        _ if again => state.overlay = None,
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => list.at = (list.at + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => list.at = list.at.saturating_sub(1),
        KeyCode::Home | KeyCode::Char('g') => list.at = 0,
        KeyCode::End | KeyCode::Char('G') => list.at = last,
        KeyCode::Enter if named(&listed, list.at) != list.marked => {
            list.marked = named(&listed, list.at);
            return state.say("what was marked is gone from the list; look, and press it again".to_owned(), true);
        }
        KeyCode::Enter => {
            let Some((_, way)) = listed.into_iter().nth(list.at) else { return };
            state.overlay = None;
            return take(state, &way, effects);
        }
        _ => {}
    }
    if let Some(Overlay::Escalations(list)) = &mut state.overlay {
        list.marked = named(&listed, list.at);
    }
}

fn take(state: &mut State, way: &Way, effects: &mut Vec<Effect>) {
    let Some(spec) = ACTIONS.iter().find(|spec| spec.id == way.action) else { return };
    match dispatch::resolve(state, spec, &way.inputs, Door::Palette) {
        Ok((command, performer)) => {
            // By the same question as the key of that action, whoever proposes it.
            let subject = dispatch::subject(state, &way.inputs, &performer);
            dispatch::confirm_or_dispatch(state, spec, subject, (command, performer), effects);
        }
        Err(why) => state.say(why, true),
    }
}

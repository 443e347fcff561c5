//! What waits for a person: each with the ways out of it, of which one is marked and Enter takes it.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Overlay, PopupParts};
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ACTIONS, Door};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::state::State;
use crate::app::tui::update::{dispatch, toast};
use crate::fleet::model::{Cause, Escalation};

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: None, draw: present::escalations::popup };

/// The open list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Escalations {
    /// The marked way out, among those of all.
    pub at: usize,
    /// Which that is: the list below may change.
    pub marked: String,
}

/// A way out of an escalation: what an action does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// In a few words.
    pub label: String,
    /// The action.
    pub action: &'static str,
    /// With what.
    pub inputs: Inputs,
}

impl Way {
    fn new(label: String, action: &'static str, argument: &'static str, value: &str) -> Self {
        Self { label, action, inputs: Inputs::default().with(argument, vec![value.to_owned()]) }
    }
}

/// What can be done about one.
#[must_use]
pub fn ways(one: &Escalation) -> Vec<Way> {
    let mut ways = Vec::new();
    let (agent, card) = (one.subject.agent.as_deref(), one.subject.card.as_deref());
    let of_agent = |label: &str, action, argument: &'static str| {
        agent.map(|agent| Way::new(format!("{label} {agent}"), action, argument, agent))
    };
    let of_card = |label: &str, action, argument: &'static str| {
        card.map(|card| Way::new(format!("{label} {card}"), action, argument, card))
    };
    match one.subject.cause {
        Cause::Unstaffed => ways.extend(of_agent("start", "fleet.start", "agents")),
        Cause::Dies => {
            ways.extend(of_agent("restart", "fleet.restart", "agents"));
            ways.extend(of_agent("stop", "fleet.stop", "agents"));
        }
        Cause::TakesNoWork => {
            ways.extend(of_agent("take over the pane of", "agent.attach", "name"));
            ways.extend(of_agent("restart", "fleet.restart", "agents"));
        }
        Cause::CannotBeGiven | Cause::NeverEnds => {
            ways.extend(of_card("take the claim away from", "backlog.reclaim", "id"));
        }
        Cause::Blocked => ways.extend(of_card("unblock", "backlog.unblock", "id")),
        Cause::NoCards => ways.extend(of_agent("take over the pane of", "agent.attach", "name")),
        Cause::Gate => {}
    }
    if one.is_open() {
        ways.push(Way::new("look after it yourself".to_owned(), "fleet.ack", "id", &one.id));
    }
    ways
}

/// Every way out that is listed, in order, with what it is a way out of.
#[must_use]
pub fn listed(state: &State) -> Vec<(String, Way)> {
    let all = state.snapshot.iter().flat_map(|snapshot| &snapshot.escalations);
    all.flat_map(|one| ways(one).into_iter().map(|way| (one.id.clone(), way))).collect()
}

/// Opens the list; without any it says so.
pub(in crate::app::tui) fn open(state: &mut State) {
    let listed = listed(state);
    if listed.is_empty() {
        return toast(state, "nothing waits for a person".to_owned(), false);
    }
    state.overlay = Some(Overlay::Escalations(Escalations { at: 0, marked: named(&listed, 0) }));
}

/// What tells one way out from the others.
fn named(listed: &[(String, Way)], at: usize) -> String {
    listed.get(at).map(|(id, way)| format!("{id} {}", way.label)).unwrap_or_default()
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.code == KeyCode::Enter && !state.shows_mark() {
        return toast(state, "the marked line was not shown yet; look, and press it again".to_owned(), true);
    }
    let listed = listed(state);
    let Some(Overlay::Escalations(list)) = &mut state.overlay else { return };
    let last = listed.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => state.overlay = None,
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => list.at = (list.at + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => list.at = list.at.saturating_sub(1),
        KeyCode::Home | KeyCode::Char('g') => list.at = 0,
        KeyCode::End | KeyCode::Char('G') => list.at = last,
        KeyCode::Enter if named(&listed, list.at) != list.marked => {
            list.at = list.at.min(last);
            list.marked = named(&listed, list.at);
            return toast(state, "the list changed meanwhile; look, and press it again".to_owned(), true);
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
            let subject = dispatch::subject(state, &way.inputs, &performer);
            dispatch::confirm_or_dispatch(state, spec, subject, (command, performer), effects);
        }
        Err(why) => toast(state, why, true),
    }
}

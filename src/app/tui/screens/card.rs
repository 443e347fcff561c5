//! One card, full screen, and what keys do to the card that is selected, here and on the board.

use super::{activity, board};
use crate::app::action::dispatch::{Performer, performer};
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::Door;
use crate::app::action::{Motion, ScreenAction};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::parts::ViewParts;
use crate::app::tui::screens::{dispatch, prompt};
use crate::app::tui::state::State;
use crate::app::tui::state::form::Form;
use crate::app::tui::state::menu::{Choice, Menu};
use crate::app::tui::state::prompt::Question;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::backlog::model::{Card, CardId, Column};
use crate::backlog::watch::Request;
use crate::fleet::model::Readiness;

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts {
    filter: None,
    motion: |state, motion, _| scroll(state, motion),
    peel: |state| {
        state.screen = state.back.pop().unwrap_or(Screen::Board);
        true
    },
};

fn scroll(state: &mut State, motion: Motion) {
    let page = u16::try_from(layout_of(state).list_rows + 1).unwrap_or(u16::MAX).max(2);
    let to = match motion {
        Motion::Up => state.board.scroll.saturating_sub(1),
        Motion::Down => state.board.scroll.saturating_add(1),
        Motion::HalfUp => state.board.scroll.saturating_sub(page / 2),
        Motion::HalfDown => state.board.scroll.saturating_add(page / 2),
        Motion::First => 0,
        Motion::Last => u16::MAX,
    };
    state.board.scroll = to.min(present::card::scroll_end(state));
}

/// The form of a new card, in the phase of the selected one.
pub(in crate::app::tui) fn new_card(state: &mut State) {
    let phase = state.board.selected().map_or("", |card| card.phase.as_str());
    state.overlay = Some(Overlay::Form(Box::new(Form::new_card(phase))));
}

/// What a key does to the card that is selected.
pub(in crate::app::tui) fn apply(state: &mut State, action: ScreenAction, effects: &mut Vec<Effect>) {
    let Some(id) = state.card_in_hand() else {
        return state.say("no card is selected".to_owned(), true);
    };
    match action {
        ScreenAction::OpenCard => {
            state.board.scroll = 0;
            state.open(Screen::Card);
        }
        // A form needs all of a card: what a line of the board lacks would be saved as empty.
        ScreenAction::EditCard => match in_full(state, &id).map(Form::edit) {
            Some(form) => state.overlay = Some(Overlay::Form(Box::new(form))),
            None => state.say(format!("{id} is still being read"), true),
        },
        ScreenAction::CardInEditor => match in_full(state, &id) {
            Some(card) => effects.push(Effect::Editor(Box::new(card.clone()))),
            None => state.say(format!("{id} is still being read"), true),
        },
        ScreenAction::ClaimFor => owners(state, id),
        ScreenAction::AskBlock => prompt::ask(state, Question::BlockReason(id)),
        ScreenAction::AskLink => prompt::ask(state, Question::LinkTo(id)),
        ScreenAction::MoveCard => move_to(state, id),
        ScreenAction::Priority(step) => {
            let marked = state.marked_cards().to_vec();
            let (several, mut sent_to) = (!marked.is_empty(), Vec::new());
            for id in if several { marked } else { vec![id] } {
                let inputs =
                    Inputs::default().with("id", vec![id.to_string()]).with("priority-by", vec![step.to_string()]);
                match dispatch::resolve_request(state, "backlog.edit", &inputs) {
                    Ok((command, request)) => {
                        let sent = state.request(command);
                        sent_to.push(sent.id);
                        dispatch::send(state, sent, request, effects);
                    }
                    Err(why) => state.say(why, true),
                }
            }
            if several {
                state.board.begin_together(sent_to);
            }
        }
        _ => {}
    }
}

/// The card, when it was read in full.
fn in_full<'a>(state: &'a State, id: &CardId) -> Option<&'a Card> {
    state.board.shown().filter(|detail| detail.card.id == *id).map(|detail| &detail.card)
}

/// From a card to its owner's pane; from an agent to the card that it holds.
pub(in crate::app::tui) fn jump(state: &mut State, effects: &mut Vec<Effect>) {
    if state.screen == Screen::Activity {
        return activity::jump(state, effects);
    }
    if !state.screen.is_of_agents() {
        let Some(id) = state.card_in_hand() else {
            return state.say("agent/card: no card is selected".to_owned(), true);
        };
        let Some(owner) = state.owner_in_hand() else {
            return state.say(format!("nobody holds {id}"), true);
        };
        let Some(row) = state.row_of_owner(owner) else {
            let why = format!("{} is no agent of the roster", state.owner_words(owner));
            return state.say(why, true);
        };
        state.selected = Some(row.key);
        state.pane.pan = None;
        return state.open(Screen::Watch);
    }
    let held = state.selected_row().and_then(|row| row.claim.as_ref());
    match held.and_then(|claim| CardId::parse(&claim.card).ok()) {
        Some(id) => {
            effects.push(Effect::Backlog(Request::Detail(Some(id))));
            board::want(state, id);
            state.open(Screen::Card);
        }
        None if state.selected_row().is_none() => {
            state.say("agent/card: no agent is selected".to_owned(), true);
        }
        None => state.say(format!("{} holds no card", state.selected_name()), true),
    }
}

/// Takes the last change back.
pub(in crate::app::tui) fn undo(state: &mut State, effects: &mut Vec<Effect>) {
    let all = std::mem::take(&mut state.board.undo);
    state.board.retries = false;
    if all.is_empty() {
        return state.say("there is nothing to take back".to_owned(), false);
    }
    for (what, action) in all {
        let Ok(Performer::Executor(request)) = performer(action.clone(), Door::Key) else {
            state.say(format!("{what}: cannot be taken back from here"), true);
            continue;
        };
        let sent = state.request(format!("undo: {what}"));
        // Kept until its answer is there: what is refused can be tried once more.
        state.board.undoing.push((sent.id, (what, action)));
        effects.push(Effect::Run { sent, request });
    }
}

/// Lets the operator choose for whom a card is claimed.
pub(in crate::app::tui) fn owners(state: &mut State, id: CardId) {
    let mut items = Vec::new();
    let agents = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).filter(|row| row.managed);
    let mut agents: Vec<_> = agents.collect();
    // Who can take it now stands first, and is marked: those that are idle and hold nothing.
    agents.sort_by_key(|row| (row.readiness != Readiness::Available, row.claim.is_some()));
    for row in agents {
        let inputs = Inputs::default().with("id", vec![id.to_string()]).with("owner", vec![row.name.to_string()]);
        if let Ok((command, request)) = dispatch::resolve_request(state, "backlog.claim", &inputs) {
            let label = format!("{}  {}  {}", row.name, row.shown().word(), row.class.as_deref().unwrap_or_default());
            items.push((label, Choice::Run { command, request: Box::new(request), asks: None }));
        }
    }
    if items.is_empty() {
        return state.say("there is no agent to claim it for".to_owned(), true);
    }
    state.overlay = Some(Overlay::Menu(Menu { title: format!("claim {id} for"), card: id, items, at: 0 }));
}

/// Lets the operator choose where a card goes, among what the rules allow.
fn move_to(state: &mut State, id: CardId) {
    let from = match state.screen {
        Screen::Card => state.board.shown().map(|detail| detail.card.column()),
        _ => Some(state.board.column),
    };
    let inputs = Inputs::default().with("id", vec![id.to_string()]);
    let mut items = Vec::new();
    let mut offer = |state: &State, label: &str, spec: &str| {
        if let Ok((command, request)) = dispatch::resolve_request(state, spec, &inputs) {
            let choice = Choice::Run { command, request: Box::new(request), asks: dispatch::verb(spec) };
            items.push((label.to_owned(), choice));
        }
    };
    match from {
        None | Some(Column::Done) => {
            return state.say("a done card stays done; make a new one for what is left".to_owned(), false);
        }
        Some(Column::Blocked) => offer(state, "ready: unblock it", "backlog.unblock"),
        Some(Column::Claimed) => offer(state, "ready: end the claim", "backlog.reclaim"),
        Some(Column::Waiting | Column::Ready) => {}
    }
    offer(state, "done: complete it", "backlog.complete");
    // Only a ready card can be claimed; what waits or is blocked would be refused.
    if from == Some(Column::Ready) {
        items.insert(0, ("claimed: for an agent\u{2026}".to_owned(), Choice::Owner(id)));
    }
    if from != Some(Column::Blocked) {
        items.push(("blocked: park it\u{2026}".to_owned(), Choice::Ask(Question::BlockReason(id))));
    }
    state.overlay = Some(Overlay::Menu(Menu { title: format!("move {id} to"), card: id, items, at: 0 }));
}

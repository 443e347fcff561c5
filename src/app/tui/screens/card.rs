//! One card, full screen, and what keys do to the card that is selected, here and on the board.

use std::sync::Arc;

use super::{activity, board};
use crate::app::action::Motion;
use crate::app::action::dispatch::{Performer, performer};
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ACTIONS, Door};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::parts::ViewParts;
use crate::app::tui::screens::{dispatch, hand, prompt, several};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::Subject;
use crate::app::tui::state::form::Form;
use crate::app::tui::state::menu::{Choice, Menu};
use crate::app::tui::state::prompt::Question;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::app::tui::state::together::Together;
use crate::backlog::model::{Card, CardId, Column};
use crate::backlog::watch::Request;
use crate::fleet::model::{AgentRow, FleetSnapshot, Readiness};

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

/// What a key does to the card that is selected, or to all that are marked.
#[derive(Debug, Clone, Copy)]
pub(in crate::app::tui) enum Step {
    /// Shows it in full.
    Open,
    /// Opens its form.
    Edit,
    /// Opens it in the operator's editor.
    Editor,
    /// Asks for whom it is claimed.
    Claim,
    /// Asks why it is parked.
    Block,
    /// Asks on what it depends.
    Link,
    /// Asks for a column.
    Move,
    /// Changes its priority.
    Priority(i8),
}

/// Takes a step.
pub(in crate::app::tui) fn apply(state: &mut State, step: Step, effects: &mut Vec<Effect>) {
    let ids = hand::cards(state);
    if ids.is_empty() {
        return state.say("no card is selected".to_owned(), true);
    }
    match step {
        Step::Open => {
            several::say_aside(state, "card");
            state.board.scroll = 0;
            state.open(Screen::Card);
        }
        // A form needs all of a card: what a line of the board lacks would be saved as empty.
        Step::Edit => match in_full(state, "edit").map(Form::edit) {
            Ok(form) => state.overlay = Some(Overlay::Form(Box::new(form))),
            Err(why) => state.say(why, true),
        },
        Step::Editor => match in_full(state, "$EDITOR") {
            Ok(card) => effects.push(Effect::Editor(Box::new(card.clone()))),
            Err(why) => state.say(why, true),
        },
        // An agent works at one card.
        Step::Claim => match hand::card(state, "claim") {
            Ok(id) => owners(state, id),
            Err(why) => state.say(why, true),
        },
        Step::Block => prompt::ask(state, Question::BlockReason(ids)),
        Step::Link => prompt::ask(state, Question::LinkTo(ids)),
        Step::Move => move_to(state, ids),
        Step::Priority(by) => {
            let Some(spec) = ACTIONS.iter().find(|spec| spec.id == "backlog.edit") else { return };
            let to = |id: &CardId| {
                Inputs::default().with("id", vec![id.to_string()]).with("priority-by", vec![by.to_string()])
            };
            let subject = Subject::Cards(ids.iter().map(|id| (id.to_string(), None)).collect());
            several::each(state, spec, ids.iter().map(to).collect(), subject, effects);
        }
    }
}

/// The one card that is in hand, when it was read in full.
fn in_full<'a>(state: &'a State, title: &str) -> Result<&'a Card, String> {
    let id = hand::card(state, title)?;
    let detail = state.board.shown().filter(|detail| detail.card.id == id);
    // Only the one under the cursor is read, and the marked one may be another.
    detail.map(|detail| &detail.card).ok_or_else(|| match state.card_in_hand() {
        Some(at) if at != id => {
            format!("{title}: {id} is marked, and the cursor is on {at}; go there, or Esc takes the mark away")
        }
        _ => format!("{id} is still being read"),
    })
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
        several::say_aside(state, "agent/card");
        return state.open(Screen::Watch);
    }
    let held = state.selected_row().and_then(|row| row.claim.as_ref());
    match held.and_then(|claim| CardId::parse(&claim.card).ok()) {
        Some(id) => {
            effects.push(Effect::Backlog(Request::Detail(Some(id))));
            board::want(state, id);
            several::say_aside(state, "agent/card");
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
    let mut asked = Vec::new();
    for (what, action) in all {
        let Ok(Performer::Executor(request)) = performer(action.clone(), Door::Key) else {
            state.say(format!("{what}: cannot be taken back from here"), true);
            continue;
        };
        let sent = state.request(format!("undo: {what}"));
        asked.push(sent.id);
        // Kept until its answer is there: what is refused can be tried once more.
        state.board.undoing.push((sent.id, (what, action)));
        effects.push(Effect::Run { sent, request });
    }
    if asked.len() > 1 {
        state.together.push(Together::of(asked, false));
    }
}

/// Lets the operator choose for whom a card is claimed.
pub(in crate::app::tui) fn owners(state: &mut State, id: CardId) {
    let mut items = Vec::new();
    // A claim names the host where it is made: agents of others claim there.
    let of_this_host = |snapshot: &'_ Arc<FleetSnapshot>| {
        let rows = snapshot.agents.iter().filter(|row| row.managed && row.host == snapshot.host);
        rows.map(Arc::clone).collect()
    };
    let mut agents: Vec<Arc<AgentRow>> = state.snapshot.as_ref().map(of_this_host).unwrap_or_default();
    // Who can take it now stands first, and is marked: those that are idle and hold nothing.
    agents.sort_by_key(|row| (row.readiness != Readiness::Available, row.claim.is_some()));
    for row in agents {
        let inputs = Inputs::default().with("id", vec![id.to_string()]).with("owner", vec![row.name.to_string()]);
        if let Ok((command, request)) = dispatch::resolve_request(state, "backlog.claim", &inputs) {
            let label = format!("{}  {}  {}", row.name, row.shown().word(), row.class.as_deref().unwrap_or_default());
            items.push((label, Choice::Run { command, request: Box::new(request) }));
        }
    }
    if items.is_empty() {
        return state.say("there is no agent of this host to claim it for".to_owned(), true);
    }
    state.overlay = Some(Overlay::Menu(Menu { title: format!("claim {id} for"), cards: vec![id], items, at: 0 }));
}

/// Lets the operator choose where cards go, among what the rules allow for each of them.
fn move_to(state: &mut State, ids: Vec<CardId>) {
    let from: Vec<Column> = match state.screen {
        Screen::Card => state.board.shown().map(|detail| detail.card.column()).into_iter().collect(),
        _ => ids.iter().filter_map(|id| state.board.column_of(id)).collect(),
    };
    if from.is_empty() || from.contains(&Column::Done) {
        return state.say("a done card stays done; make a new one for what is left".to_owned(), false);
    }
    let all_in = |column: Column| from.iter().all(|from| *from == column);
    let (mut items, it) = (Vec::new(), if ids.len() == 1 { "it" } else { "them" });
    // Only a ready card can be claimed, and an agent works at one; what waits or is blocked would be refused.
    if let ([only], true) = (ids.as_slice(), all_in(Column::Ready)) {
        items.push(("claimed: for an agent\u{2026}".to_owned(), Choice::Owner(*only)));
    }
    if all_in(Column::Blocked) {
        items.push((format!("ready: unblock {it}"), Choice::Do("backlog.unblock")));
    }
    if all_in(Column::Claimed) {
        items.push(("ready: end the claim".to_owned(), Choice::Do("backlog.reclaim")));
    }
    items.push((format!("done: complete {it}"), Choice::Do("backlog.complete")));
    if !from.contains(&Column::Blocked) {
        items.push((format!("blocked: park {it}\u{2026}"), Choice::Ask(Question::BlockReason(ids.clone()))));
    }
    let title =
        if let [only] = ids.as_slice() { format!("move {only} to") } else { format!("move {} cards to", ids.len()) };
    state.overlay = Some(Overlay::Menu(Menu { title, cards: ids, items, at: 0 }));
}

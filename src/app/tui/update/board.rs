//! The backlog on the screen: moving in it, what was read of it, and what its keys ask for.

use std::sync::Arc;

use jiff::Timestamp;

use super::dispatch::{asks_first, resolve_request, run};
use crate::app::action::dispatch::{Performer, performer};
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::Door;
use crate::app::action::{Direction, Motion, ScreenAction};
use crate::app::tui::effect::Effect;
use crate::app::tui::present::layout_of;
use crate::app::tui::state::{Choice, Form, Menu, Overlay, Prompt, Question, Screen, State, first_column};
use crate::backlog::model::{Board, Card, CardId, Column};
use crate::backlog::operations::Detail;
use crate::backlog::watch::Request;

/// Takes a reading of the board.
pub(super) fn take_board(state: &mut State, board: Arc<Board>, read_at: Timestamp) {
    let before = state.board.selected().map(|card| card.id.clone());
    let first = state.board.board.is_none();
    state.board.board = Some(board);
    state.board.read_at = Some(read_at);
    state.board.lost = None;
    state.now = state.now.max(read_at);
    if first {
        state.board.column = state.board.board.as_deref().map(first_column).unwrap_or_default();
    }
    // The cursor stays on its card, also into another column: the next key must not hit another card.
    let selected = state.board.column;
    if let (Some(id), Some(board)) = (before, &state.board.board) {
        let found = std::iter::once(selected).chain(Column::ALL).find_map(|column| {
            let lane = &board.lanes[column.index()];
            let place = lane.cards.iter().position(|card| card.id == id)?;
            Some((column, lane.offset + place as u64))
        });
        if let Some((column, at)) = found {
            state.board.column = column;
            state.board.at[column.index()] = at;
        }
    }
    for column in Column::ALL {
        keep_in_view(state, column);
    }
}

/// Takes a card that was read in full.
pub(super) fn take_card(state: &mut State, id: &CardId, read: Result<Arc<Detail>, String>) {
    if state.board.wanted.as_ref() != Some(id) {
        return;
    }
    match read {
        Ok(detail) => {
            if let Some(Overlay::Form(form)) = &mut state.overlay
                && form.saving.is_none()
            {
                form.meanwhile(&detail.card);
            }
            state.board.detail = Some(detail);
            state.board.detail_error = None;
        }
        Err(why) => {
            state.board.detail = None;
            state.board.detail_error = Some(why);
        }
    }
}

/// Asks for what the screen shows and was not read yet.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let page = layout_of(state).board_page;
    // Elsewhere only counts and claims are shown, and those are always read.
    if matches!(state.screen, Screen::Board | Screen::Card)
        && let Some(query) = state.board.question(page)
    {
        state.board.query = query.clone();
        effects.push(Effect::Backlog(Request::Board(query)));
    }
    let wanted = match state.screen {
        // The form watches the card that it edits.
        Screen::Board => match &state.overlay {
            Some(Overlay::Form(form)) => form.editing.as_ref().map(|(id, _)| id.clone()),
            _ => state.board.selected().map(|card| card.id.clone()),
        },
        Screen::Card => state.board.wanted.clone(),
        Screen::Fleet | Screen::Watch => None,
    };
    let kept = matches!(state.screen, Screen::Watch) && state.back.contains(&Screen::Card);
    if wanted != state.board.wanted && !kept {
        state.board.wanted.clone_from(&wanted);
        state.board.detail_error = None;
        effects.push(Effect::Backlog(Request::Detail(wanted)));
    }
}

/// Scrolls a column so that its selection is on the screen.
fn keep_in_view(state: &mut State, column: Column) {
    let page = layout_of(state).board_page.max(1);
    let index = column.index();
    let count = state.board.count(column);
    let at = state.board.at[index].min(count.saturating_sub(1));
    state.board.at[index] = at;
    let top = state.board.top[index].min(at).max((at + 1).saturating_sub(page));
    state.board.top[index] = top.min(count.saturating_sub(page));
}

/// Moves the cursor in its column, or the text of a card.
pub(super) fn step(state: &mut State, motion: Motion) {
    if state.screen == Screen::Card {
        let page = layout_of(state).pane.height.max(2);
        let to = match motion {
            Motion::Up => state.board.scroll.saturating_sub(1),
            Motion::Down => state.board.scroll.saturating_add(1),
            Motion::HalfUp => state.board.scroll.saturating_sub(page / 2),
            Motion::HalfDown => state.board.scroll.saturating_add(page / 2),
            Motion::First => 0,
            Motion::Last => u16::MAX,
        };
        state.board.scroll = to.min(crate::app::tui::present::card_scroll(state));
        return;
    }
    let column = state.board.column;
    let last = state.board.count(column).saturating_sub(1);
    let page = layout_of(state).board_page.max(1);
    let at = &mut state.board.at[column.index()];
    *at = match motion {
        Motion::Up => at.saturating_sub(1),
        Motion::Down => (*at + 1).min(last),
        Motion::HalfUp => at.saturating_sub(page.div_ceil(2)),
        Motion::HalfDown => (*at + page.div_ceil(2)).min(last),
        Motion::First => 0,
        Motion::Last => last,
    };
    keep_in_view(state, column);
}

/// Changes the board's filter.
pub(super) fn filtered(state: &mut State) {
    state.board.at = [0; 5];
    state.board.top = [0; 5];
    state.board.query.offsets = [0; 5];
}

/// Performs what the board's own keys ask for.
pub(super) fn apply(state: &mut State, action: ScreenAction, effects: &mut Vec<Effect>) {
    if state.screen == Screen::Card && matches!(action, ScreenAction::Column(_) | ScreenAction::FilterBoard) {
        return super::toast(state, "Esc goes back to the board first".to_owned(), false);
    }
    match action {
        ScreenAction::ViewBoard => {
            if !state.watch_only {
                state.screen = Screen::Board;
                state.back.clear();
                state.pane.history = None;
            }
        }
        ScreenAction::Column(direction) => {
            let at = state.board.column.index();
            let to = if direction == Direction::Left { at.saturating_sub(1) } else { (at + 1).min(4) };
            state.board.column = Column::ALL[to];
        }
        ScreenAction::FilterBoard => state.board.filtering = true,
        ScreenAction::Jump => jump(state, effects),
        ScreenAction::NewCard => {
            let phase = state.board.selected().map(|card| card.phase.clone()).unwrap_or_default();
            state.overlay = Some(Overlay::Form(Box::new(Form::new_card(&phase))));
        }
        ScreenAction::Undo => undo(state, effects),
        other => on_card(state, other, effects),
    }
}

/// What needs a card.
fn on_card(state: &mut State, action: ScreenAction, effects: &mut Vec<Effect>) {
    let Some(id) = state.card_in_hand() else {
        return super::toast(state, "no card is selected".to_owned(), true);
    };
    match action {
        ScreenAction::OpenCard => {
            state.board.scroll = 0;
            state.open(Screen::Card);
        }
        ScreenAction::EditCard => match in_full(state, &id) {
            Some(card) => state.overlay = Some(Overlay::Form(Box::new(Form::edit(&card)))),
            None => super::toast(state, format!("{id} is still being read"), true),
        },
        ScreenAction::CardInEditor => match in_full(state, &id) {
            Some(card) => effects.push(Effect::Editor(Box::new(card))),
            None => super::toast(state, format!("{id} is still being read"), true),
        },
        ScreenAction::ClaimFor => owners(state, &id),
        ScreenAction::AskBlock => question(state, Question::BlockReason(id)),
        ScreenAction::AskLink => question(state, Question::LinkTo(id)),
        ScreenAction::MoveCard => columns(state, &id),
        ScreenAction::Priority(step) => {
            let inputs = Inputs::default().with("id", vec![id.to_string()]).with("priority-by", vec![step.to_string()]);
            match resolve_request(state, "backlog.edit", &inputs) {
                Ok((command, request)) => {
                    let sent = state.request(command);
                    run(state, sent, request, effects);
                }
                Err(why) => super::toast(state, why, true),
            }
        }
        _ => {}
    }
}

/// The card, when it was read in full.
fn in_full(state: &State, id: &CardId) -> Option<Card> {
    state.board.shown().filter(|detail| detail.card.id == *id).map(|detail| detail.card.clone())
}

/// Opens a question.
pub(super) fn question(state: &mut State, about: Question) {
    state.overlay = Some(Overlay::Prompt(Prompt::new(about)));
}

/// From a card to its owner's pane; from an agent to the card that it holds.
fn jump(state: &mut State, effects: &mut Vec<Effect>) {
    match state.screen {
        Screen::Board | Screen::Card => {
            let Some(id) = state.card_in_hand() else {
                return super::toast(state, "agent/card: no card is selected".to_owned(), true);
            };
            let Some(owner) = state.owner_in_hand() else {
                return super::toast(state, format!("nobody holds {id}"), true);
            };
            let Some(row) = state.row_named(&owner).cloned() else {
                return super::toast(state, format!("{owner} is no agent of the roster"), true);
            };
            state.selected = Some(row.key.clone());
            state.pane.pan = None;
            state.open(Screen::Watch);
        }
        Screen::Fleet | Screen::Watch => {
            let held = state.selected_row().and_then(|row| row.claim.as_ref()).map(|claim| claim.card.clone());
            match held.and_then(|id| CardId::parse(&id).ok()) {
                Some(id) => {
                    effects.push(Effect::Backlog(Request::Detail(Some(id.clone()))));
                    state.board.wanted = Some(id);
                    state.board.detail = None;
                    state.board.detail_error = None;
                    state.board.scroll = 0;
                    state.open(Screen::Card);
                }
                None if state.selected_row().is_none() => {
                    super::toast(state, "agent/card: no agent is selected".to_owned(), true);
                }
                None => super::toast(state, format!("{} holds no card", state.selected_name()), true),
            }
        }
    }
}

fn undo(state: &mut State, effects: &mut Vec<Effect>) {
    match state.board.undo.take() {
        Some((what, action)) => {
            let Ok(Performer::Executor(request)) = performer(action.clone(), Door::Key) else {
                return super::toast(state, format!("{what}: cannot be taken back from here"), true);
            };
            let sent = state.request(format!("undo: {what}"));
            state.board.undoing.push((sent.id, (what, action)));
            effects.push(Effect::Run { sent, request });
        }
        None => super::toast(state, "there is nothing to take back".to_owned(), false),
    }
}

/// Lets the operator choose for whom a card is claimed.
pub(super) fn owners(state: &mut State, id: &CardId) {
    let mut items = Vec::new();
    for row in state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).filter(|row| row.managed) {
        let inputs = Inputs::default().with("id", vec![id.to_string()]).with("owner", vec![row.name.to_string()]);
        if let Ok((command, request)) = resolve_request(state, "backlog.claim", &inputs) {
            let label = format!("{}  {}  {}", row.name, row.readiness.word(), row.class.clone().unwrap_or_default());
            items.push((label, Choice::Run { command, request: Box::new(request), asks: false }));
        }
    }
    if items.is_empty() {
        return super::toast(state, "there is no agent to claim it for".to_owned(), true);
    }
    state.overlay = Some(Overlay::Menu(Menu { title: format!("claim {id} for"), card: id.clone(), items, at: 0 }));
}

/// Lets the operator choose where a card goes, among what the rules allow.
fn columns(state: &mut State, id: &CardId) {
    let from = match state.screen {
        Screen::Card => state.board.shown().map(|detail| detail.card.column()),
        _ => Some(state.board.column),
    };
    let inputs = Inputs::default().with("id", vec![id.to_string()]);
    let mut items = Vec::new();
    let mut offer = |state: &State, label: &str, spec: &str| {
        if let Ok((command, request)) = resolve_request(state, spec, &inputs) {
            let choice = Choice::Run { command, request: Box::new(request), asks: asks_first(spec) };
            items.push((label.to_owned(), choice));
        }
    };
    match from {
        None | Some(Column::Done) => {
            return super::toast(state, "a done card stays done; make a new one for what is left".to_owned(), false);
        }
        Some(Column::Blocked) => offer(state, "ready: unblock it", "backlog.unblock"),
        Some(Column::Claimed) => offer(state, "ready: end the claim", "backlog.reclaim"),
        Some(Column::Waiting | Column::Ready) => {}
    }
    offer(state, "done: complete it", "backlog.complete");
    if from == Some(Column::Ready) {
        items.insert(0, ("claimed: for an agent\u{2026}".to_owned(), Choice::Owner(id.clone())));
    }
    if from != Some(Column::Blocked) {
        items.push(("blocked: park it\u{2026}".to_owned(), Choice::Ask(Question::BlockReason(id.clone()))));
    }
    state.overlay = Some(Overlay::Menu(Menu { title: format!("move {id} to"), card: id.clone(), items, at: 0 }));
}

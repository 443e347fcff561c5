//! The Board view: the backlog in columns, its filter, and what was read of it.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use jiff::Timestamp;

use super::{FilterParts, Overlay, Screen, ViewParts};
use crate::app::action::dispatch::RequestId;
use crate::app::action::registry::Place;
use crate::app::action::{Action, Direction, Motion};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::layout_of;
use crate::app::tui::state::{State, TextInput};
use crate::app::tui::update::toast;
use crate::backlog::model::{Board, BoardQuery, CardId, CardLine, Column, Stamp, Terms};
use crate::backlog::operations::Detail;
use crate::backlog::watch::Request;

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts {
    place: Place::Board,
    help: "keys on the Board",
    filter: Some(FilterParts {
        is_open: |state| state.board.filtering,
        is_shown: |state| state.board.filtering || !state.board.filter.text.is_empty(),
        press: press_in_filter,
        paste: |state, text| {
            let cut = state.board.filter.insert(text);
            filtered(state);
            cut
        },
    }),
    motion: |state, motion, _| step(state, motion),
    peel,
    plan: present::board::plan,
    draw: present::board::body,
};

/// Cards of each column read at once: more than any screen shows, so that most moves ask for nothing.
pub const WINDOW: u64 = 120;

/// The backlog on the screen.
#[derive(Debug, Clone, Default)]
pub struct BoardState {
    /// Newest reading; `None` before the first.
    pub board: Option<Arc<Board>>,
    /// When it was read, by this process's clock.
    pub read_at: Option<Timestamp>,
    /// Why the store cannot be read, since when.
    pub lost: Option<(String, Timestamp)>,
    /// The selected column.
    pub column: Column,
    /// The selected card's place in each column.
    pub at: [u64; 5],
    /// First card shown in each column.
    pub top: [u64; 5],
    /// What was asked for last.
    pub query: BoardQuery,
    /// The filter.
    pub filter: TextInput,
    /// Whether keys go into the filter.
    pub filtering: bool,
    /// The card in full that was asked for, and what came.
    pub wanted: Option<CardId>,
    /// The newest answer.
    pub detail: Option<Arc<Detail>>,
    /// Why there is none.
    pub detail_error: Option<String>,
    /// First line shown of the card view.
    pub scroll: u16,
    /// What takes the last change back: its name and the action.
    pub undo: Option<(String, Action)>,
    /// What is being taken back, until it is answered.
    pub undoing: Vec<(RequestId, (String, Action))>,
}

/// The column that is selected at first: where there is something to see.
#[must_use]
pub fn first_column(board: &Board) -> Column {
    [Column::Ready, Column::Claimed, Column::Waiting, Column::Blocked, Column::Done]
        .into_iter()
        .find(|column| board.lanes[column.index()].count > 0)
        .unwrap_or_default()
}

impl BoardState {
    /// The store's clock now, carried on by this process's.
    #[must_use]
    pub fn clock(&self, now: Timestamp) -> Stamp {
        let Some((board, read_at)) = self.board.as_ref().zip(self.read_at) else { return Stamp::default() };
        let passed = now.duration_since(read_at).as_millis().max(0);
        Stamp(board.now.0.saturating_add(i64::try_from(passed).unwrap_or(0)))
    }

    /// Cards that match in a column.
    #[must_use]
    pub fn count(&self, column: Column) -> u64 {
        self.board.as_ref().map_or(0, |board| board.lanes[column.index()].count)
    }

    /// A card by its place in a column, when it was read.
    #[must_use]
    pub fn card(&self, column: Column, at: u64) -> Option<&CardLine> {
        let lane = &self.board.as_ref()?.lanes[column.index()];
        let place = at.checked_sub(lane.offset)?;
        lane.cards.get(usize::try_from(place).ok()?)
    }

    /// The selected card.
    #[must_use]
    pub fn selected(&self) -> Option<&CardLine> {
        self.card(self.column, self.at[self.column.index()])
    }

    /// The card in full, when it is the one that was asked for.
    #[must_use]
    pub fn shown(&self) -> Option<&Arc<Detail>> {
        self.detail.as_ref().filter(|detail| Some(&detail.card.id) == self.wanted.as_ref())
    }

    /// The question that the present places need an answer to; `None` when it was asked already.
    #[must_use]
    pub fn question(&self, page: u64) -> Option<BoardQuery> {
        let mut query = BoardQuery { terms: Terms::parse(&self.filter.text), limit: WINDOW, ..self.query.clone() };
        for column in Column::ALL {
            let index = column.index();
            let (from, to) = (self.top[index], self.top[index] + page);
            let offset = query.offsets[index];
            let end = offset + WINDOW;
            let missing_above = from < offset;
            let missing_below = to > end && end < self.count(column);
            if missing_above || missing_below {
                query.offsets[index] = from.saturating_sub(WINDOW / 3);
            }
        }
        (query != self.query).then_some(query)
    }
}

/// Shows the Board view alone.
pub(in crate::app::tui) fn view(state: &mut State) {
    if !state.watch_only {
        state.screen = Screen::Board;
        state.back.clear();
        state.pane.history = None;
    }
}

fn peel(state: &mut State) -> bool {
    if !state.is_filtered() {
        return false;
    }
    state.board.filtering = false;
    state.board.filter = TextInput::default();
    filtered(state);
    true
}

/// Whether the columns are on the screen; says how to come back to them.
fn has_columns(state: &mut State) -> bool {
    let has = state.screen != Screen::Card;
    if !has {
        toast(state, "Esc goes back to the board first".to_owned(), false);
    }
    has
}

/// Goes to the column beside.
pub(in crate::app::tui) fn column(state: &mut State, direction: Direction) {
    if has_columns(state) {
        let at = state.board.column.index();
        let to = if direction == Direction::Left { at.saturating_sub(1) } else { (at + 1).min(4) };
        state.board.column = Column::ALL[to];
    }
}

/// Goes to a column, and to a card in it, by what was on the screen.
pub(in crate::app::tui) fn click(state: &mut State, lane: usize, id: Option<&str>) {
    let Some(column) = Column::ALL.get(lane).copied().filter(|_| has_columns(state)) else { return };
    state.board.column = column;
    let page = layout_of(state).board_page.max(1);
    let top = state.board.top[column.index()];
    let is_it = |at: &u64| state.board.card(column, *at).is_some_and(|card| Some(card.id.as_str()) == id);
    if let Some(at) = (top..top + page).find(is_it) {
        state.board.at[column.index()] = at;
    }
    keep_in_view(state, column);
}

/// Lets keys go into the filter.
pub(in crate::app::tui) fn filter(state: &mut State) {
    if has_columns(state) {
        state.board.filtering = true;
    }
}

/// Narrows the board to what these words say.
pub(in crate::app::tui) fn show_only(state: &mut State, words: TextInput) {
    state.board.filtering = false;
    state.board.filter = words;
    filtered(state);
}

/// Moves the cursor in its column.
fn step(state: &mut State, motion: Motion) {
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

/// Narrows the board as it was narrowed before.
pub(in crate::app::tui) fn restore_filter(state: &mut State, text: &str) {
    state.board.filter = TextInput::line(text);
    filtered(state);
}

/// Begins every column anew for another filter.
fn filtered(state: &mut State) {
    state.board.at = [0; 5];
    state.board.top = [0; 5];
    state.board.query.offsets = [0; 5];
}

fn press_in_filter(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    match key.code {
        KeyCode::Enter => state.board.filtering = false,
        KeyCode::Esc => {
            peel(state);
        }
        KeyCode::Down => step(state, Motion::Down),
        KeyCode::Up => step(state, Motion::Up),
        _ => {
            let before = state.board.filter.text.clone();
            state.board.filter.press(key);
            if state.board.filter.text != before {
                filtered(state);
            }
        }
    }
}

/// Takes a reading of the board.
pub(in crate::app::tui) fn take_board(state: &mut State, board: Arc<Board>, read_at: Timestamp) {
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
pub(in crate::app::tui) fn take_card(state: &mut State, id: &CardId, read: Result<Arc<Detail>, String>) {
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

/// Shows another card in full from now on.
pub(in crate::app::tui) fn want(state: &mut State, id: CardId) {
    state.board.wanted = Some(id);
    state.board.detail = None;
    state.board.detail_error = None;
    state.board.scroll = 0;
}

/// Asks for what the screen shows and was not read yet.
pub(in crate::app::tui) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
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
        _ => None,
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

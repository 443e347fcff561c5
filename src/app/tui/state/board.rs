//! The Board view: the backlog in columns, its filter, and what was read of it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::action::Action;
use crate::app::action::dispatch::RequestId;
use crate::app::tui::state::lost::Lost;
use crate::app::tui::state::text_input::TextInput;
use crate::backlog::model::{Board, BoardQuery, CardId, CardLine, Column, Stamp, Terms};
use crate::backlog::operations::Detail;

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
    pub lost: Option<(Lost, Timestamp)>,
    /// The selected column.
    pub column: Column,
    /// The selected card's place in each column.
    pub at: [u64; 5],
    /// Whether it was open yet. Until then its first card is selected, whichever it is.
    pub opened: bool,
    /// First card shown in each column.
    pub top: [u64; 5],
    /// Cards that are marked, in the order in which they were.
    pub batch: Vec<CardId>,
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
    /// What takes the last change back, one for each card that it was made to: its name and the action.
    pub undo: Vec<(String, Action)>,
    /// Whether that was tried before, and refused.
    pub retries: bool,
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
        // A clock that was set back must not make claims younger than they were read.
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

    /// The column of a card that is on the board.
    #[must_use]
    pub fn column_of(&self, id: &CardId) -> Option<Column> {
        let board = self.board.as_ref()?;
        Column::ALL.into_iter().find(|column| board.lanes[column.index()].cards.iter().any(|card| card.id == *id))
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
        let terms = Terms::parse(&self.filter.text);
        let mut query = BoardQuery { terms, offsets: self.query.offsets, limit: WINDOW };
        for column in Column::ALL {
            let index = column.index();
            let (from, to) = (self.top[index], self.top[index] + page);
            let offset = query.offsets[index];
            let end = offset + WINDOW;
            let missing_above = from < offset;
            let missing_below = to > end && end < self.count(column);
            if missing_above || missing_below {
                // A third above, so that going back up asks for nothing at once.
                query.offsets[index] = from.saturating_sub(WINDOW / 3);
            }
        }
        (query != self.query).then_some(query)
    }
}

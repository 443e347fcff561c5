//! One look at the backlog from a command, beside the look at the fleet.

use std::time::Duration;

use tokio::sync::oneshot;

use super::place;
use super::place::who;
use crate::backlog::model::{Board, BoardQuery};
use crate::backlog::operations::Detail;
use crate::backlog::place::Intent;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::os::thread;

/// How long a command waits for the backlog after the fleet has answered.
const PATIENCE: Duration = Duration::from_secs(3);

/// A look that was begun.
pub(in crate::app) struct Look(oneshot::Receiver<Result<Seen>>);

/// What a look saw.
pub(in crate::app) struct Seen {
    /// The board.
    pub board: Board,
    /// The card that stands first on it, in full, when cards were asked for.
    pub first: Option<Detail>,
}

impl Look {
    /// Begins it on a thread of its own: the process may end before a server that hangs answers.
    pub(in crate::app) fn begin(site: &Site, query: BoardQuery) -> Self {
        let (answer, seen) = oneshot::channel();
        let site = site.clone();
        let begun = thread::begin("board", move || {
            let read = place(&site).and_then(|place| {
                // Without a file there is nothing to open, and a look makes none.
                if let Some(board) = place.board_of_none(&query) {
                    return Ok(Seen { board, first: None });
                }
                let mut backlog = place.open(Intent::Read, who(&site), &mut |_, _| {})?;
                let board = backlog.store().board(&query)?;
                let first = board.lanes[crate::app::tui::state::board::first_column(&board).index()].cards.first();
                // Without the card in full the board is still an answer.
                let first = first.map(|card| card.id).and_then(|id| backlog.detail(&id).ok());
                Ok(Seen { board, first })
            });
            // Whoever asked may have left.
            let _left = answer.send(read);
        });
        if let Err(failure) = begun {
            let (answer, refused) = oneshot::channel();
            let _kept = answer.send(Err(failure));
            return Self(refused);
        }
        Self(seen)
    }

    /// What was seen.
    ///
    /// # Errors
    /// What the backlog says, or that it says nothing.
    pub(in crate::app) async fn end(self) -> Result<Seen> {
        match tokio::time::timeout(PATIENCE, self.0).await {
            Ok(Ok(read)) => read,
            _ => Err(Failure::failed(
                "backlog",
                format!("gave no answer within {} s", PATIENCE.as_secs()),
                "check it with `mosaic-tui backlog stats`",
            )),
        }
    }
}

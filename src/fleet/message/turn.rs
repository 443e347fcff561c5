//! Whose turn it is to type into a pane.
//!
//! The turn is a word on the pane itself, which tmux changes only when it is still the one that was read.
//! So it holds between processes, between hosts, and with nothing installed but tmux. What is typed is
//! typed by the same command that compares: a sender that was asleep for too long types nothing.

use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::error::Result;
use crate::fleet::model::PaneId;
use crate::fleet::tmux::{Change, Guard, Query, Tmux};

/// Time for another sender to be done.
pub(super) const LOCK_WITHIN: Duration = Duration::from_secs(60);

/// A turn whose holder gave no sign for this long has no holder any more.
const STALE: Duration = Duration::from_secs(10);

/// A holder gives a sign this often.
const SIGN: Duration = Duration::from_secs(2);

/// Pause between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// A turn that is held.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    tmux: &'a Tmux,
    pane: PaneId,
    id: &'a str,
    signs: u32,
    signed: Instant,
}

impl<'a> Turn<'a> {
    /// Waits for the turn; `None` when another sender does not end. `id` is nobody else's.
    pub(super) async fn take(tmux: &'a Tmux, pane: PaneId, id: &'a str, within: Duration) -> Result<Option<Self>> {
        let deadline = Instant::now() + within;
        let mut turn = Self { tmux, pane, id, signs: 0, signed: Instant::now() };
        let mut seen: Option<(String, Instant)> = None;
        loop {
            let held = tmux.query(&Query::Turn(pane)).await?.trim().to_owned();
            let since = match &seen {
                Some((word, since)) if *word == held => *since,
                _ => Instant::now(),
            };
            if (held.is_empty() || since.elapsed() > STALE) && turn.sign(&held).await? {
                return Ok(Some(turn));
            }
            seen = Some((held, since));
            if Instant::now() > deadline {
                return Ok(None);
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    fn word(&self) -> String {
        if self.signs == 0 { String::new() } else { format!("{}.{}", self.id, self.signs) }
    }

    /// Puts the next word in the place of this one; whether that was still there.
    async fn sign(&mut self, held: &str) -> Result<bool> {
        let next = format!("{}.{}", self.id, self.signs + 1);
        let guard = Guard::turn(held.to_owned());
        let signed = self.tmux.guarded(self.pane, &guard, &[Change::Turn(self.pane, next)]).await?;
        if signed {
            self.signs += 1;
            self.signed = Instant::now();
        }
        Ok(signed)
    }

    /// Gives a sign when one is due; whether the turn is still held.
    pub(super) async fn keep(&mut self) -> Result<bool> {
        if self.signed.elapsed() < SIGN {
            return Ok(true);
        }
        self.sign(&self.word()).await
    }

    /// Makes changes if the turn is still held and the rest of the guard holds, all looked at by the command
    /// that makes them; whether they were made.
    pub(super) async fn change(&self, guard: Guard, changes: &[Change]) -> Result<bool> {
        self.tmux.guarded(self.pane, &Guard { turn: self.word(), ..guard }, changes).await
    }

    /// Gives it back. A link that broke leaves it to the clock of the next sender.
    pub(super) async fn end(self) {
        let guard = Guard::turn(self.word());
        if let Err(failure) = self.tmux.guarded(self.pane, &guard, &[Change::Turn(self.pane, String::new())]).await {
            tracing::debug!(%failure, "the turn was not given back");
        }
    }
}

//! The lease on a pane: which sender may type into it.
//!
//! The lease is a fencing token in an option of the pane itself, which tmux changes only when it is still the one that
//! was read. So it holds between processes, between hosts, and with nothing installed but tmux. What is typed is typed
//! by the same command that compares the token: a sender that was asleep for too long types nothing. No clock is shared:
//! a lease has expired for whoever saw one token for long enough.

use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::error::Result;
use crate::fleet::model::PaneId;
use crate::fleet::tmux::{Change, Guard, Query, Tmux};

/// How long a sender waits for the lease of another.
pub(super) const CLAIM_WITHIN: Duration = Duration::from_secs(60);

/// A lease that was not renewed for this long has expired.
// Five renewals: a sender that is merely slow is not taken for dead.
const EXPIRES_AFTER: Duration = Duration::from_secs(10);

/// How often a holder renews its lease.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// Pause between two tries.
// Each try is a short-lived client of the server.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// What a token ends in while a text that was pasted, and not submitted, may stand in the composer. A sender that is
/// killed then leaves it so, and whoever comes next knows that the draft is nobody's.
const DRAFTED: &str = ".draft";

/// A held lease on a pane.
#[derive(Debug)]
pub(super) struct PaneLease<'a> {
    tmux: &'a Tmux,
    pane: PaneId,
    owner: &'a str,
    renewals: u32,
    renewed: Instant,
    /// Whether a text of this program may stand in the composer, this sender's or that of one that was killed.
    drafted: bool,
}

impl<'a> PaneLease<'a> {
    /// Claims the lease, waiting for it if need be; `None` when another sender keeps it. `owner` is nobody else's.
    pub(super) async fn claim(tmux: &'a Tmux, pane: PaneId, owner: &'a str, within: Duration) -> Result<Option<Self>> {
        let deadline = Instant::now() + within;
        let mut lease = Self { tmux, pane, owner, renewals: 0, renewed: Instant::now(), drafted: false };
        let mut seen: Option<(String, Instant)> = None;
        loop {
            let held = tmux.query(&Query::LeaseToken(pane)).await?.trim().to_owned();
            let since = match &seen {
                Some((token, since)) if *token == held => *since,
                // Another token is a sign of life, and its time begins when it is seen: clocks of two hosts
                // are never compared.
                _ => Instant::now(),
            };
            if held.is_empty() || since.elapsed() > EXPIRES_AFTER {
                // Taken over with the lease: the text that a dead holder left is this sender's to take away.
                lease.drafted = held.ends_with(DRAFTED);
                // Compared by tmux itself: of two senders that saw the same token only one puts its own there.
                if lease.renew(&held).await? {
                    return Ok(Some(lease));
                }
            }
            seen = Some((held, since));
            if Instant::now() > deadline {
                return Ok(None);
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    /// The fencing token, a new one with each renewal; empty before the first.
    fn token(&self) -> String {
        if self.renewals == 0 { String::new() } else { self.numbered(self.renewals, self.drafted) }
    }

    fn numbered(&self, number: u32, drafted: bool) -> String {
        format!("{}.{number}{}", self.owner, if drafted { DRAFTED } else { "" })
    }

    /// Whether a text that a killed sender pasted may stand in the composer.
    pub(super) fn is_drafted(&self) -> bool {
        self.drafted
    }

    /// Puts the next token in the place of this one; whether that was still there.
    async fn renew(&mut self, held: &str) -> Result<bool> {
        let next = self.numbered(self.renewals + 1, self.drafted);
        let guard = Guard::lease(held.to_owned());
        let renewed = self.tmux.guarded(self.pane, &guard, &[Change::LeaseToken(self.pane, next)]).await?;
        if renewed {
            self.renewals += 1;
            self.renewed = Instant::now();
        }
        Ok(renewed)
    }

    /// Renews the lease when it is due; whether it is still held.
    pub(super) async fn renew_if_due(&mut self) -> Result<bool> {
        if self.renewed.elapsed() < RENEW_EVERY {
            return Ok(true);
        }
        self.renew(&self.token()).await
    }

    /// Makes changes if the lease is still held and the rest of the guard holds, all looked at by the command
    /// that makes them; whether they were made.
    pub(super) async fn change(&self, guard: Guard<'_>, changes: &[Change<'_>]) -> Result<bool> {
        self.tmux.guarded(self.pane, &Guard { lease: self.token(), ..guard }, changes).await
    }

    /// Notes on the pane that no text of this program stands in the composer, whatever was left there before; whether the
    /// lease is still held.
    pub(super) async fn note_clean(&mut self) -> Result<bool> {
        let held = self.token();
        self.drafted = false;
        self.renew(&held).await
    }

    /// Makes changes as [`PaneLease::change`] does, and notes by the same command whether a text of this sender stands
    /// in the composer from then on.
    pub(super) async fn change_draft(&mut self, guard: Guard<'_>, change: Change<'_>, drafted: bool) -> Result<bool> {
        let next = Change::LeaseToken(self.pane, self.numbered(self.renewals + 1, drafted));
        // One command for both: killed between two, a pane would say that it is clean while
        // a text stands in it.
        let made = self.change(guard, &[next, change]).await?;
        if made {
            self.renewals += 1;
            self.renewed = Instant::now();
            self.drafted = drafted;
        }
        Ok(made)
    }

    /// Releases the lease. Behind a link that broke it expires.
    pub(super) async fn release(self) {
        let guard = Guard::lease(self.token());
        let nobody = Change::LeaseToken(self.pane, String::new());
        if let Err(failure) = self.tmux.guarded(self.pane, &guard, &[nobody]).await {
            tracing::debug!(%failure, "the lease on a pane was not released");
        }
    }
}

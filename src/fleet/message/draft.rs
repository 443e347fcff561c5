//! Drafts: one that somebody left, and the own one that is not submitted.

use std::time::Duration;

use tokio::time::Instant;

use super::deliver::{Delivering, INTERRUPTS, LOOK_AGAIN, SCREEN_WITHIN, read};
use super::lease::PaneLease;
use super::phase::{Phase, gone, lost_lease};
use super::receipt::{Delivery, Outcome, Refusal};
use super::shown;
use crate::fleet::error::Result;
use crate::fleet::screen::{Composer, Rules, ScreenFacts, ScreenState};
use crate::fleet::tmux::{Change, Guard};

/// Time that a draft stands still when nobody types it.
// A person who types leaves shorter pauses than this between most keys.
const STILL: Duration = Duration::from_millis(250);

impl Delivering<'_> {
    /// Why nothing can be sent behind the draft of this screen: what is pasted there could not be told from it
    /// afterwards, so that both would be left.
    pub(super) async fn no_place_behind_draft(&self, rules: &Rules, before: &ScreenFacts) -> Result<Option<Outcome>> {
        let refused = |why: &str| Ok(Some(Outcome::refused(Refusal::DraftPresent, why)));
        tokio::time::sleep(STILL).await;
        let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(Some(gone(Phase::Looking))) };
        let now = read(rules, &peek);
        // The cursor as well: whoever only moves about in a draft is still at it.
        if now.composer != before.composer || now.cursor != before.cursor {
            return refused("somebody is typing in its composer");
        }
        let rows = now.composer.map_or(0, |composer| composer.rows.len());
        // Behind a long draft a composer scrolls, and the end of the message is all that would show.
        if rows * 2 > peek.rows.len() {
            return refused("the draft in its composer fills its screen, and a message behind it could not be seen");
        }
        Ok(None)
    }

    /// What is told when the pasted text did not show as a draft, or not long enough. Enter was not pressed.
    pub(super) async fn not_drafted(
        &self,
        lease: &mut PaneLease<'_>,
        rules: &Rules,
        was: &str,
        phase: Phase,
    ) -> Result<Outcome> {
        let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(gone(phase)) };
        let facts = read(rules, &peek);
        let not = "it was not submitted";
        // Only where the composer was empty before: keys that delete could not tell the message
        // from somebody's draft.
        if was.is_empty() && self.take_back(lease, rules).await? {
            let why = format!("its composer does not show the message whole; it was taken back, and {not}");
            return Ok(Outcome::refused(Refusal::NotShown, why));
        }
        Ok(match &facts.composer {
            Some(composer) if self.shows_draft_text(composer, was) => Outcome::new(
                Delivery::Draft,
                format!("the message stands in its composer, and its screen moved at each try; {not}"),
            ),
            Some(composer) if !composer.text.is_empty() => {
                Outcome::new(Delivery::Draft, format!("its composer shows something else than the message; {not}"))
            }
            Some(_) => Outcome::new(Delivery::Blank, format!("the pasted text does not show; {not}")),
            None => Outcome::new(Delivery::Blank, format!("its composer vanished: {}; {not}", facts.reason)),
        })
    }

    /// Takes a draft that this delivery left out of the composer again, key by key, each only while the composer is as
    /// it was read: nobody else's text is touched. Whether something was taken and the composer is empty now; one that
    /// shows nothing yet may show the text later.
    async fn take_back(&self, lease: &mut PaneLease<'_>, rules: &Rules) -> Result<bool> {
        let own = |composer: &Composer| {
            (composer.pasted && shown::begins_as(&composer.before_paste, self.what.text()))
                || shown::begins(&composer.text, self.what.text())
        };
        self.take_away(lease, rules, own).await
    }

    /// Takes out of the composer what a sender pasted that was killed before it pressed Enter; the screen after that, or
    /// what is told when it stays.
    pub(super) async fn without_left_behind(
        &self,
        lease: &mut PaneLease<'_>,
        rules: &Rules,
        before: ScreenFacts,
        phase: &mut Phase,
    ) -> Result<std::result::Result<ScreenFacts, Outcome>> {
        // Keys that clear a composer would answer a dialog.
        let asks = matches!(before.state, ScreenState::Dialog | ScreenState::Login | ScreenState::Occupied);
        let Some(composer) = before.composer.as_ref().filter(|_| lease.is_drafted() && !asks) else {
            return Ok(Ok(before));
        };
        if composer.is_empty() || self.take_away(lease, rules, |_| true).await? {
            if !lease.note_clean().await? {
                return Ok(Err(lost_lease(*phase)));
            }
            let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(Err(gone(*phase))) };
            return Ok(Ok(read(rules, &peek)));
        }
        *phase = Phase::LeftBehind;
        let why = format!(
            "a delivery that was broken off left its text in the composer; clear it in \
             `mosaic-tui agent attach {}`, or `mosaic-tui fleet restart {}`",
            self.agent, self.agent
        );
        Ok(Err(Outcome::refused(Refusal::DraftLeft, why)))
    }

    async fn take_away(
        &self,
        lease: &mut PaneLease<'_>,
        rules: &Rules,
        is_meant: impl Fn(&Composer) -> bool,
    ) -> Result<bool> {
        let deadline = Instant::now() + SCREEN_WITHIN;
        let mut taken = false;
        while !rules.takes_back.is_empty() && Instant::now() < deadline {
            let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(false) };
            let facts = read(rules, &peek);
            let Some(composer) = &facts.composer else { return Ok(false) };
            if composer.is_empty() {
                return Ok(taken);
            }
            if !is_meant(composer) || !lease.renew_if_due().await? {
                return Ok(false);
            }
            let guard = Guard { shows: &composer.rows, cursor: Some(facts.cursor), ..Guard::default() };
            taken |= lease.change(guard, &[Change::Keys(self.pane, &rules.takes_back)]).await?;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(false)
    }

    /// What is told when a turn in progress showed itself behind the draft, which Enter would end.
    pub(super) async fn would_interrupt(&self, lease: &mut PaneLease<'_>, rules: &Rules, was: &str) -> Result<Outcome> {
        if was.is_empty() && self.take_back(lease, rules).await? {
            return Ok(Outcome::refused(Refusal::Busy, format!("{INTERRUPTS}; it was taken back")));
        }
        Ok(Outcome::new(Delivery::Draft, format!("{INTERRUPTS}; it stands in its composer and was not submitted")))
    }
}

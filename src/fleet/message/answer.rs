//! Answering the question that a runtime asks on its screen.

use std::borrow::Cow;

use tokio::time::Instant;

use super::deliver::{Delivering, LOOK_AGAIN, SCREEN_WITHIN, Seen, read};
use super::lease::PaneLease;
use super::phase::{Phase, gone, lock_busy};
use super::receipt::{Delivery, Outcome, Refusal};
use crate::fleet::error::Result;
use crate::fleet::model::Label;
use crate::fleet::screen::{Rules, ScreenFacts, ScreenState};
use crate::fleet::tmux::{Change, Guard, Query};

impl Delivering<'_> {
    /// Answers the question that is on the screen, if it is still there when the keys are pressed.
    pub(super) async fn press_answer(
        &self,
        lease: &mut PaneLease<'_>,
        phase: &mut Phase,
        (rules, before): (&Rules, &ScreenFacts),
        choice: usize,
        question: Option<&str>,
    ) -> Result<Outcome> {
        let mut before = Cow::Borrowed(before);
        let mut meant = question.map(Label::long);
        let until = Instant::now() + SCREEN_WITHIN;
        let keys = loop {
            match self.press_choice(lease, phase, (rules, &before), choice, meant.as_ref()).await? {
                Choice::Pressed(keys) => break keys,
                Choice::Refused(outcome) => return Ok(outcome),
                Choice::Moved if Instant::now() > until => {
                    let why = "the screen changes at each look; nothing was pressed";
                    return Ok(Outcome::refused(Refusal::AnotherQuestion, why));
                }
                // The same question may stand elsewhere by now, or something moved beside it: what is answered is the
                // question that was there at the first look, and no other.
                Choice::Moved => {
                    meant.get_or_insert_with(|| Label::long(&before.asked()));
                    if !lease.renew_if_due().await? {
                        return Ok(lock_busy());
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                    let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(gone(*phase)) };
                    before = Cow::Owned(read(rules, &peek));
                }
            }
        };
        let asked = Label::long(&before.asked());
        // Gone is the question, and no key of the answer stands in a composer, alone or behind a draft.
        let typed = |text: &str| keys.iter().any(|key| key.chars().count() == 1 && text.ends_with(key.as_str()));
        let answered = |facts: &ScreenFacts| {
            let elsewhere = facts.composer.as_ref().is_some_and(|composer| typed(&composer.text));
            facts.question != before.question && facts.state != ScreenState::Unknown && !elsewhere
        };
        Ok(match self.until(lease, self.options.timeout, rules, answered).await? {
            Seen::Yes(now) if now.state == ScreenState::Dialog => Outcome::new(
                Delivery::Accepted,
                format!("answered with choice {choice}: {asked}; now it asks: {}", Label::new(&now.asked())),
            ),
            Seen::Yes(_) => Outcome::new(Delivery::Accepted, format!("answered with choice {choice}: {asked}")),
            Seen::Gone => Outcome::new(Delivery::Unverified, "its pane ended right after the answer".to_owned()),
            Seen::No(_) | Seen::Lost => {
                Outcome::new(Delivery::Unverified, format!("no sign that choice {choice} was taken: {asked}"))
            }
        })
    }

    /// Presses the keys of a choice, if the question of this screen is the one that is meant and the screen is still
    /// that one.
    async fn press_choice(
        &self,
        lease: &PaneLease<'_>,
        phase: &mut Phase,
        (rules, before): (&Rules, &ScreenFacts),
        choice: usize,
        meant: Option<&Label>,
    ) -> Result<Choice> {
        let refused = |refusal, why: String| Ok(Choice::Refused(Outcome::refused(refusal, why)));
        if before.state != ScreenState::Dialog {
            return refused(Refusal::NoQuestion, format!("nothing is asked: {}", before.reason));
        }
        let Some(dialog) = before.dialog.and_then(|which| rules.dialogs.get(which)) else {
            let why = format!(
                "its beginning is not on the screen; `mosaic-tui agent attach {}` shows and answers it",
                self.agent
            );
            return refused(Refusal::QuestionNotWhole, why);
        };
        // As every row shows it: what a terminal joins or drops was taken out there, too.
        let asked = Label::long(&before.asked());
        if meant.is_some_and(|meant| *meant != asked) {
            return refused(Refusal::AnotherQuestion, format!("it asks by now: {asked}"));
        }
        let Some(keys) = dialog.keys(choice, &before.question) else {
            let why = format!("it has no choice {choice}; `mosaic-tui agent attach {}` shows it", self.agent);
            return refused(Refusal::NoChoice, why);
        };
        let coloured = self.tmux.query(&Query::Capture { pane: self.pane, history: 0 }).await?;
        if !dialog.is_at_first(&coloured) {
            let why = format!(
                "its mark is not on the first choice, from where the keys count; `mosaic-tui agent attach {}` answers it",
                self.agent
            );
            return refused(Refusal::MarkMoved, why);
        }
        let guard = Guard { shows: &before.question, cursor: Some(before.cursor), ..Guard::default() };
        tokio::time::sleep(std::time::Duration::from_millis(rules.settles_ms)).await;
        *phase = Phase::Submitting;
        if lease.change(guard, &[Change::Keys(self.pane, keys)]).await? {
            return Ok(Choice::Pressed(keys.clone()));
        }
        *phase = Phase::Looking;
        Ok(Choice::Moved)
    }
}

/// What became of the keys of a choice.
enum Choice {
    /// They were pressed.
    Pressed(Vec<String>),
    /// The screen was another one by then; they were not.
    Moved,
    /// They may not be.
    Refused(Outcome),
}

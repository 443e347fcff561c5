//! Answering the question that a runtime asks on its screen.

use super::deliver::{Delivering, Outcome, Phase, Seen};
use super::lease::PaneLease;
use super::receipt::Delivery;
use crate::fleet::error::Result;
use crate::fleet::model::Label;
use crate::fleet::screen::{Rules, ScreenFacts, Showing};
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
        let refused = |word: &str, why: String| Ok((Delivery::Refused, format!("{word}: {why}")));
        if before.showing != Showing::Dialog {
            return refused("no_question", format!("nothing is asked: {}", before.reason));
        }
        let Some(dialog) = before.dialog.and_then(|which| rules.dialogs.get(which)) else {
            let why = format!(
                "its beginning is not on the screen; `mosaic-tui agent attach {}` shows and answers it",
                self.agent
            );
            return refused("question_not_whole", why);
        };
        // As every row shows it: what a terminal joins or drops was taken out there, too.
        let asked = Label::new(&before.asked());
        if question.is_some_and(|meant| Label::new(meant) != asked) {
            return refused("another_question", format!("it asks by now: {asked}"));
        }
        let Some(keys) = dialog.keys(choice, &before.question) else {
            let why = format!("it has no choice {choice}; `mosaic-tui agent attach {}` shows it", self.agent);
            return refused("no_choice", why);
        };
        let coloured = self.tmux.query(&Query::Capture { pane: self.pane, history: 0 }).await?;
        if !dialog.is_at_first(&coloured) {
            let why = format!(
                "its mark is not on the first choice, from where the keys count; `mosaic-tui agent attach {}` answers it",
                self.agent
            );
            return refused("mark_moved", why);
        }
        let guard = Guard { shows: before.question.clone(), cursor: Some(before.cursor), ..Guard::default() };
        tokio::time::sleep(std::time::Duration::from_millis(rules.settles_ms)).await;
        *phase = Phase::Submitting;
        if !lease.change(guard, &[Change::Keys(self.pane, keys.clone())]).await? {
            *phase = Phase::Looking;
            return refused("another_question", "the screen changed before the answer; nothing was pressed".to_owned());
        }
        // Gone is the question, and no key of the answer stands in a composer, alone or behind a draft.
        let typed = |text: &str| keys.iter().any(|key| key.chars().count() == 1 && text.ends_with(key.as_str()));
        let answered = |facts: &ScreenFacts| {
            let elsewhere = facts.composer.as_ref().is_some_and(|composer| typed(&composer.text));
            facts.question != before.question && facts.showing != Showing::Unknown && !elsewhere
        };
        Ok(match self.until(lease, self.options.timeout, rules, answered).await? {
            Seen::Yes(now) if now.showing == Showing::Dialog => (
                Delivery::Accepted,
                format!("answered with choice {choice}: {asked}; now it asks: {}", Label::new(&now.asked())),
            ),
            Seen::Yes(_) => (Delivery::Accepted, format!("answered with choice {choice}: {asked}")),
            Seen::Gone => (Delivery::Unverified, "its pane ended right after the answer".to_owned()),
            Seen::No(_) | Seen::Lost => {
                (Delivery::Unverified, format!("no sign that choice {choice} was taken: {asked}"))
            }
        })
    }
}

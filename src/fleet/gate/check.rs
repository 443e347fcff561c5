//! A look: what the gate would say of a branch, condition by condition, without a merge.

use super::commit::{Main, Merged, Tip};
use super::queue::Ticket;
use super::refusal::{Condition, Refusal};
use super::review::Review;
use super::series::{Gate, Wanted};
use super::settings::{self, Settings};
use super::worktree;
use crate::fleet::error::Result;

/// A condition, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is met; the evidence.
    Met(String),
    /// It is not.
    Not(Refusal),
    /// It was not asked, because of an earlier one or for its length.
    Open(String),
}

/// What a gate would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The branch and its commit; `None` where they are not known.
    pub tip: Option<Tip>,
    /// The main branch.
    pub main: Main,
    /// Each condition, in order.
    pub conditions: Vec<(Condition, Verdict)>,
}

impl Gate<'_> {
    /// Says what a merge would do, without doing it; CI is asked where that is wanted, which may take long.
    ///
    /// # Errors
    /// When something is not known.
    pub async fn check(&self, wanted: &Wanted<'_>, ask_ci: bool) -> Result<Checked> {
        let mut conditions: Vec<(Condition, Verdict)> = Vec::new();
        let mut note = |condition, met: Result<String, Refusal>| {
            conditions.push((condition, met.map_or_else(Verdict::Not, Verdict::Met)));
        };
        note(Condition::NotPaused, self.not_paused()?.map(|()| "nobody paused the fleet".to_owned()));
        let main = self.repository.main(self.settings()).await?;
        let tip = match self.repository.tip(wanted.branch, &main).await? {
            Ok(tip) => tip,
            Err(refusal) => {
                note(Condition::Merges, Err(refusal));
                return Ok(Checked { tip: None, main, conditions });
            }
        };
        if let Some(before) = self.repository.merged_before(&tip, &main).await? {
            let has = |commit: String| format!("the main branch has it already, as {}", super::refusal::short(&commit));
            note(Condition::Merges, before.map(has));
            return Ok(Checked { tip: Some(tip), main, conditions });
        }
        let known = self.known(wanted, tip, &main).await?;
        let review = self.reviewed(&known, &main).await?;
        let (reviewer, approved) = match review {
            Ok(Review { by, .. }) => {
                let approved = format!("{} approved it", crate::fleet::model::Label::new(&by));
                (by, Ok(approved))
            }
            Err(refusal) => (String::new(), Err(refusal)),
        };
        note(Condition::Reviewed, approved);
        match self.merged(wanted, &known, &reviewer, &main).await? {
            Err(refusal) => note(Condition::Merges, Err(refusal)),
            Ok(merged) => {
                note(Condition::Merges, Ok(format!("onto {}", super::refusal::short(&main.commit))));
                let clean = self.clean(wanted, &merged).await?;
                note(Condition::Clean, clean.map(|files| format!("{files} files, nothing found in them")));
                let ci = match (self.settings(), ask_ci) {
                    (None, _) => Verdict::Not(Refusal::NoCi(settings::path(self.site).display().to_string())),
                    (Some(_), true) => self.check_ci(wanted, &known.tip, &main, &merged).await?,
                    (Some(settings), false) => Verdict::Open(open(settings)),
                };
                conditions.push((Condition::Ci, ci));
            }
        }
        if let Some(early) = wanted.card.and_then(|card| card.early.clone()) {
            conditions.push((Condition::Taken, Verdict::Not(early)));
        }
        Ok(Checked { tip: Some(known.tip), main, conditions })
    }

    async fn check_ci(&self, wanted: &Wanted<'_>, tip: &Tip, main: &Main, merged: &Merged) -> Result<Verdict> {
        let ticket = Ticket {
            pid: std::process::id(),
            who: wanted.who.to_owned(),
            purpose: "check".to_owned(),
            branch: wanted.branch.to_owned(),
        };
        let _turn = match self.turn(&ticket, wanted.wait).await? {
            Ok(held) => held,
            Err(refusal) => return Ok(Verdict::Not(refusal)),
        };
        worktree::sweep(self.repository).await?;
        Ok(match self.tested(wanted, tip, main, merged).await? {
            Ok(()) => Verdict::Met("good for the merged result".to_owned()),
            Err(refusal) => Verdict::Not(refusal),
        })
    }
}

/// What CI would be asked.
fn open(settings: &Settings) -> String {
    let commands = [&settings.ci.command, &settings.ci.status];
    let asked: Vec<String> = commands.into_iter().flatten().map(|words| format!("`{}`", words.join(" "))).collect();
    format!("{} would be asked; --ci asks now", asked.join(" and "))
}

impl Checked {
    /// Whether no condition is refused.
    #[must_use]
    pub fn is_met(&self) -> bool {
        !self.conditions.iter().any(|(_, verdict)| matches!(verdict, Verdict::Not(_)))
    }
}

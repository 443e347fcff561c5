//! The gate: reviews of a branch, what stands before its merge, and the merge itself.

use std::path::PathBuf;
use std::time::Duration;

use super::spec::{ActionSpec, Argument, JSON, command, flag, needed, value};
use crate::app::action::Action;
use crate::app::action::concern::Concern;
use crate::app::action::inputs::Inputs;
use crate::backlog::model::CardId;
use crate::fleet::gate::{MAX_NOTE, ReviewVerdict};

/// What the executor is asked to do at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateAction {
    /// Says what a merge would do.
    Check {
        /// The branch.
        about: About,
        /// Asks CI as well.
        ci: bool,
        /// Longest wait for the turn.
        wait: Duration,
    },
    /// Records a review of the branch's newest commit.
    Review {
        /// The branch.
        about: About,
        /// What the reviewer decided.
        verdict: ReviewVerdict,
        /// Why.
        note: String,
    },
    /// Merges a branch.
    Merge {
        /// The branch.
        about: About,
        /// Longest wait for the turn.
        wait: Duration,
    },
    /// Waits until nobody else has the turn.
    Queue {
        /// The repository; else that of this folder.
        repo: Option<PathBuf>,
        /// What for.
        purpose: Purpose,
        /// Longest wait.
        wait: Duration,
    },
}

/// What a turn at the gate is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody pushes by hand.
    Push,
    /// Something is merged, which a pause forbids.
    Merge,
}

impl Purpose {
    const ALL: [Self; 2] = [Self::Push, Self::Merge];

    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Merge => "merge",
        }
    }
}

/// Which branch it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The branch.
    pub branch: String,
    /// Its card.
    pub card: Option<CardId>,
    /// The repository; else that of this folder.
    pub repo: Option<PathBuf>,
}

impl GateAction {
    /// What it changes.
    pub(in crate::app::action) fn concern(&self) -> Concern {
        // A check and a place in the line change no card, so neither waits for what does.
        Concern { cards: matches!(self, Self::Merge { .. } | Self::Review { .. }), ..Concern::default() }
    }
}

const BRANCH: Argument = needed("branch", "The branch");
const CARD: Argument = value("card", "Card id; default the card that names the branch");
const REPO: Argument = value("repo", "Folder of the repository; default this one");
const WAIT: Argument = value("wait", "Longest wait for the turn in seconds; default 7200");

/// Exit codes of the gate: 4 says which condition is not met.
const GATE: &[u8] = &[0, 1, 3, 4, 69];

/// Longest wait for the turn where it is not said: two merges whose CI takes its hour.
// Two hours: the one ahead may have a CI of an hour, and be tested twice.
const WAIT_SECONDS: u64 = 7200;

/// Longest that may be asked for.
const MAX_WAIT_SECONDS: u64 = 7 * 86_400;

/// Commands of the gate.
pub(super) const GATES: &[ActionSpec] = &[
    command(
        "gate.check",
        "check branch",
        "Says of each condition of the gate whether a branch meets it, and merges nothing; exit 4 when it does not",
        &["gate", "check"],
        |inputs| done(GateAction::Check { about: about(inputs)?, ci: inputs.flag("ci"), wait: wait(inputs)? }),
    )
    .no_key("it is about a branch")
    .takes(&[BRANCH, CARD, REPO, flag("ci", "Asks CI as well, on the merged result"), WAIT, JSON])
    .answers("{branch, commit, main, main_commit, repository, ok, conditions}", GATE),
    command(
        "gate.review",
        "review branch",
        "Records your verdict on the newest commit of a branch; it holds for no other, and an author's counts for nothing",
        &["gate", "review"],
        build_review,
    )
    .no_key("it is about a branch")
    .takes(&[
        BRANCH,
        flag("approve", "It may be merged"),
        flag("reject", "It may not"),
        value("note", "Why; with --reject what is to change"),
        CARD,
        REPO,
        JSON,
    ])
    .answers("review", GATE),
    command(
        "gate.merge",
        "merge branch",
        "Merges a branch squashed into the main branch, once it is reviewed and CI is good for what it becomes",
        &["gate", "merge"],
        |inputs| done(GateAction::Merge { about: about(inputs)?, wait: wait(inputs)? }),
    )
    .no_key("it is about a branch")
    .takes(&[BRANCH, CARD, REPO, WAIT, JSON])
    .asks_first("Merge")
    .answers("{branch, commit, main, merged, onto, reviewed_by, tested, card, completed}", GATE),
    command(
        "gate.queue",
        "gate's line",
        "Waits until everybody before it has left a repository's gate, and says who is in the line",
        &["gate", "queue"],
        |inputs| {
            let word = inputs.one("purpose").unwrap_or_default();
            let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.word() == word);
            let purpose = purpose.ok_or("--purpose push or merge is needed")?;
            done(GateAction::Queue { repo: inputs.one("repo").map(PathBuf::from), purpose, wait: wait(inputs)? })
        },
    )
    .no_key("agents and scripts run it")
    .takes(&[needed("purpose", "What it waits for").of(&["push", "merge"]), REPO, WAIT, JSON])
    .answers("{repository, purpose, free, line}", GATE),
];

fn done(action: GateAction) -> Result<Action, String> {
    Ok(Action::Gate(action))
}

fn about(inputs: &Inputs) -> Result<About, String> {
    Ok(About {
        branch: inputs.required("branch").map_err(|_| "--branch NAME is needed".to_owned())?,
        card: inputs.one("card").map(|text| CardId::parse(&text)).transpose()?,
        repo: inputs.one("repo").map(PathBuf::from),
    })
}

fn wait(inputs: &Inputs) -> Result<Duration, String> {
    let Some(text) = inputs.one("wait") else { return Ok(Duration::from_secs(WAIT_SECONDS)) };
    let seconds = text.parse::<u64>().ok().filter(|seconds| *seconds <= MAX_WAIT_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| format!("--wait takes whole seconds, from 0 to {MAX_WAIT_SECONDS}"))
}

fn build_review(inputs: &Inputs) -> Result<Action, String> {
    let verdict = match (inputs.flag("approve"), inputs.flag("reject")) {
        (true, false) => ReviewVerdict::Approve,
        (false, true) => ReviewVerdict::Reject,
        (true, true) => return Err("--approve and --reject exclude each other".to_owned()),
        (false, false) => return Err("--approve or --reject is needed".to_owned()),
    };
    let note = inputs.one("note").unwrap_or_default();
    // Its author has to answer each point, and without a note there is none.
    if verdict == ReviewVerdict::Reject && note.trim().is_empty() {
        return Err("--reject needs --note TEXT: what is to change".to_owned());
    }
    if note.chars().count() > MAX_NOTE {
        return Err(format!("--note takes at most {MAX_NOTE} characters"));
    }
    done(GateAction::Review { about: about(inputs)?, verdict, note })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::cli;

    fn built(line: &str) -> Result<Action, String> {
        let parsed = cli::parse_line(line).unwrap();
        parsed.spec.build(&parsed.inputs)
    }

    #[test]
    fn a_verdict_is_one_of_two_and_a_rejection_says_why() {
        for (line, want) in [
            ("gate review --branch b", "--approve or --reject is needed"),
            ("gate review --branch b --approve --reject", "exclude each other"),
            ("gate review --branch b --reject", "needs --note"),
            ("gate merge --branch b --wait soon", "--wait takes whole seconds"),
            ("gate merge --branch b --card 'a b'", "card id"),
        ] {
            let told = built(line).expect_err(line);
            assert!(told.contains(want), "{line}: {told}");
        }
        assert!(built("gate review --branch b --reject --note 'no test'").is_ok());
    }
}

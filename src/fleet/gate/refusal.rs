//! Why a gate lets a change not through: values, whose words are made here and nowhere else.

use std::time::Duration;

use super::change::Finding;
use super::review::{Review, Verdict};
use crate::fleet::error::{Failure, Kind};
use crate::fleet::model::{Label, shell_word};

/// What a gate asks of a change, in the order in which it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Nobody paused the fleet.
    NotPaused,
    /// Somebody who is no author approved this commit.
    Reviewed,
    /// It can be merged, and brings something.
    Merges,
    /// It touches nothing that it may not.
    Clean,
    /// CI is good for what it becomes.
    Ci,
    /// The main branch takes it.
    Taken,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::NotPaused, Self::Reviewed, Self::Merges, Self::Clean, Self::Ci, Self::Taken];

    /// Its word, for tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotPaused => "not_paused",
            Self::Reviewed => "reviewed",
            Self::Merges => "merges",
            Self::Clean => "clean",
            Self::Ci => "ci",
            Self::Taken => "taken",
        }
    }
}

/// How a command of CI ended, where that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With a status.
    Status(i32),
    /// By a signal.
    Signal(i32),
    /// Not within its time.
    TimedOut(Duration),
    /// It printed more than so many bytes.
    Printed(u64),
    /// It could not be run at all.
    NotRun(String),
}

/// A command of CI that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Red {
    /// The command, as a shell takes it.
    pub command: String,
    /// How it ended.
    pub ended: Ended,
    /// What it printed last.
    pub tail: Vec<String>,
    /// Where all of it stands.
    pub log: String,
}

/// Lines of a command that stand in the error itself.
const LINES_IN_ERROR: usize = 3;

/// Findings that are named in the error itself.
const FINDINGS_IN_ERROR: usize = 5;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The fleet is paused, as this says.
    Paused(String),
    /// Nobody who is no author approved the commit.
    Unreviewed {
        /// The commit.
        commit: String,
        /// Reviews that do not count, and why.
        without: Vec<(Review, String)>,
        /// The newest review of an older commit of the branch.
        older: Option<Box<Review>>,
    },
    /// Somebody rejected the commit.
    Rejected(Box<Review>),
    /// Git cannot merge it by itself; the files.
    Conflict(Vec<String>),
    /// It has no commit in common with the main branch.
    Unrelated {
        /// Whether that may only be because the clone does not go back so far.
        shallow: bool,
    },
    /// The main branch has all of it.
    Nothing,
    /// It was merged as this commit, and the main branch has nothing of it any more.
    TakenBack(String),
    /// It is on this machine and elsewhere, and neither holds the other.
    Diverged {
        /// The commit here.
        here: String,
        /// The one of the remote.
        there: String,
    },
    /// It touches what it may not.
    Unclean(Vec<Finding>),
    /// The fleet has no CI; the file that should say which.
    NoCi(String),
    /// CI is no success.
    Red(Box<Red>),
    /// A forge's wrapper did not merge.
    NotMerged(Box<Red>),
    /// The main branch moved each time before it could be pushed.
    Moved(u32),
    /// The server does not take it, as it says.
    NotTaken(Vec<String>),
    /// The main branch is checked out in a folder with changes of its own.
    Uncommitted {
        /// The folder.
        folder: String,
        /// Files that are changed there.
        files: Vec<String>,
    },
    /// The main branch is checked out in a folder with files that git does not know and the change brings as well.
    InTheWay {
        /// The folder.
        folder: String,
        /// These files.
        files: Vec<String>,
    },
    /// Another git is at work where the main branch is checked out.
    Locked {
        /// The folder.
        folder: String,
        /// Its lock.
        lock: String,
    },
    /// The pipeline has its card in an earlier stage.
    Early {
        /// The card.
        card: String,
        /// Its stage.
        stage: String,
        /// The stage in which it is merged.
        gate: String,
        /// Who has it in hand.
        holder: Option<String>,
    },
    /// Others were before it for too long.
    Waited {
        /// For so long.
        limit: Duration,
        /// Who has the turn.
        turn: String,
    },
}

/// A commit's name as people write it.
#[must_use]
pub fn short(commit: &str) -> &str {
    // One length for good, as it stands in names of files and in the history; git's own grows
    // with the repository.
    commit.get(..10).unwrap_or(commit)
}

impl Refusal {
    /// The condition that is not met.
    #[must_use]
    pub fn condition(&self) -> Condition {
        match self {
            Self::Paused(_) => Condition::NotPaused,
            Self::Unreviewed { .. } | Self::Rejected(_) => Condition::Reviewed,
            Self::Conflict(_) | Self::Unrelated { .. } | Self::Nothing | Self::TakenBack(_) | Self::Diverged { .. } => {
                Condition::Merges
            }
            Self::Unclean(_) => Condition::Clean,
            Self::NoCi(_) | Self::Red(_) => Condition::Ci,
            Self::NotMerged(_)
            | Self::Moved(_)
            | Self::NotTaken(_)
            | Self::Uncommitted { .. }
            | Self::InTheWay { .. }
            | Self::Locked { .. }
            | Self::Early { .. }
            | Self::Waited { .. } => Condition::Taken,
        }
    }

    /// Whether whoever wrote the change can mend it: then it goes back to them.
    #[must_use]
    pub fn is_for_author(&self) -> bool {
        matches!(
            self,
            Self::Unreviewed { .. }
                | Self::Rejected(_)
                | Self::Conflict(_)
                // How far a clone goes back is not the author's.
                | Self::Unrelated { shallow: false }
                | Self::Unclean(_)
                | Self::Red(_)
                // An empty branch goes back as well: what is missing in it only its author can commit.
                | Self::Nothing
                | Self::TakenBack(_)
        )
    }

    /// Whether a person has to look at it when it comes again and again.
    #[must_use]
    pub fn may_need_a_person(&self) -> bool {
        // A pause is a person's wish, and what a card lacks in an earlier stage is told of there.
        !matches!(self, Self::Paused(_) | Self::Early { .. })
    }

    /// The evidence.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::Paused(said) => said.clone(),
            Self::Unreviewed { commit, without, older } => {
                let mut why = format!("nobody who is no author has approved {}", short(commit));
                for (review, reason) in without {
                    why.push_str(&format!("; {}'s review does not count: {reason}", Label::new(&review.by)));
                }
                if let Some(review) = older {
                    let by = Label::new(&review.by);
                    why.push_str(&format!(
                        "; {by} {} {}, which is older",
                        review.verdict.done(),
                        short(&review.commit)
                    ));
                }
                why
            }
            Self::Rejected(review) => {
                let by = Label::new(&review.by);
                let note = Label::new(&review.note);
                let said = if note.is_empty() { String::new() } else { format!(": {note}") };
                format!("{by} rejected {}{said}", short(&review.commit))
            }
            Self::Conflict(files) => format!("conflicts with the main branch in {}", some(files)),
            Self::Unrelated { shallow: true } => {
                "has no commit in common with the main branch, as far back as this shallow clone goes".to_owned()
            }
            Self::Unrelated { shallow: false } => "has no commit in common with the main branch".to_owned(),
            Self::Nothing => "brings nothing that the main branch does not have".to_owned(),
            Self::TakenBack(commit) => {
                format!("was merged as {}, and was taken back since: nothing of it is left", short(commit))
            }
            Self::Diverged { here, there } => {
                format!("is {} here and {} on the remote, and neither holds the other", short(here), short(there))
            }
            Self::Unclean(findings) => {
                let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
                some(&told)
            }
            Self::NoCi(path) => format!("there is no CI to ask: {path} does not exist"),
            Self::Red(red) => format!("CI is no success: {}", red.why()),
            Self::NotMerged(red) => format!("the forge did not merge it: {}", red.why()),
            Self::Moved(times) => format!("the main branch moved {times} times while it was tested"),
            Self::NotTaken(said) => {
                let said: Vec<String> = said.iter().map(|line| Label::new(line).to_string()).collect();
                format!("the main branch was not taken: {}", some(&said))
            }
            Self::Uncommitted { folder, files } => {
                format!("the main branch is checked out in {folder}, with changes of its own: {}", some(files))
            }
            Self::InTheWay { folder, files } => {
                format!("the main branch is checked out in {folder}, where the way is not free: {}", some(files))
            }
            Self::Locked { folder, lock } => {
                format!("the main branch is checked out in {folder}, where another git is at work: {lock} is there")
            }
            Self::Early { card, stage, gate, holder } => {
                let held = holder.as_deref().map_or_else(String::new, |by| format!(", held by {}", Label::new(by)));
                format!("card {card} is in stage {stage}{held}, and is merged in stage {gate}")
            }
            Self::Waited { limit, turn } => format!("its turn did not come within {} s: {turn}", limit.as_secs()),
        }
    }

    /// The next step.
    #[must_use]
    pub fn next(&self, branch: &str) -> String {
        let branch = shell_word(branch);
        match self {
            Self::Paused(_) => "wait until whoever paused it lets work go on".to_owned(),
            Self::Unreviewed { .. } => format!(
                "somebody else reviews it: `mosaic-tui gate review --branch {branch} --approve`, or --reject --note TEXT"
            ),
            Self::Rejected(_) => "its author answers each point with a new commit, which is reviewed again".to_owned(),
            Self::Conflict(_) => "rebase the branch onto the main branch, and have it reviewed again".to_owned(),
            Self::Unrelated { shallow: true } => "`git fetch --unshallow` brings the rest of the history".to_owned(),
            Self::Unrelated { shallow: false } => {
                "make it anew from the main branch, and have it reviewed again".to_owned()
            }
            Self::Nothing => "complete its card, or commit what is missing".to_owned(),
            Self::TakenBack(_) => {
                "commit it anew on the main branch as it is now, without what was wrong with it, and have it reviewed"
                    .to_owned()
            }
            Self::Diverged { .. } => "push the one that is meant, or delete the other".to_owned(),
            Self::Unclean(_) => "take it out of the branch, or widen the card's paths".to_owned(),
            Self::NoCi(_) => "write it: `version: 1`, `ci: {command: [.ci/run], timeout: 3600}`".to_owned(),
            Self::Red(red) if matches!(red.ended, Ended::Printed(_)) => {
                format!("have CI print less; what it printed first stands in {}", red.log)
            }
            Self::Red(red) => format!("mend the branch; all that CI printed stands in {}", red.log),
            Self::NotMerged(red) => format!("see what it says; all of it stands in {}", red.log),
            Self::Moved(_) => "run it again when there is less traffic".to_owned(),
            Self::NotTaken(_) => "see the server's rules for the main branch".to_owned(),
            Self::Uncommitted { .. } => "commit or stash them there".to_owned(),
            Self::InTheWay { .. } => "move them out of the way there, or commit them to a branch".to_owned(),
            Self::Locked { .. } => {
                "wait until it is done; where no git runs there any more, remove that file".to_owned()
            }
            Self::Early { card, .. } => {
                format!("what is to be done in its stage comes first: `mosaic-tui backlog show {card}`")
            }
            Self::Waited { .. } => "`mosaic-tui gate queue --purpose merge --wait 0` shows the line".to_owned(),
        }
    }

    /// Everything that is known, a line each.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Conflict(lines)
            | Self::NotTaken(lines)
            | Self::Uncommitted { files: lines, .. }
            | Self::InTheWay { files: lines, .. } => lines.iter().map(|line| Label::new(line).to_string()).collect(),
            Self::Unclean(findings) => findings.iter().map(ToString::to_string).collect(),
            Self::Red(red) | Self::NotMerged(red) => red.tail.clone(),
            // The line of `why` cuts a long note; here all of it reaches its author.
            Self::Rejected(review) if review.verdict == Verdict::Reject => {
                review.note.lines().map(|line| Label::new(line).to_string()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The refusal as an error of the program.
    #[must_use]
    pub fn failure(&self, branch: &str) -> Failure {
        let what = format!("gate: {}", Label::new(branch));
        Failure::new(Kind::Refused, what, self.why(), self.next(branch)).with_details(self.details())
    }
}

impl Red {
    fn why(&self) -> String {
        let ended = match &self.ended {
            Ended::Status(code) => format!("ended with status {code}"),
            Ended::Signal(signal) => format!("was killed by signal {signal}"),
            Ended::TimedOut(limit) => format!("gave no answer within {} s", limit.as_secs_f32()),
            Ended::Printed(bytes) => format!("was stopped, as it printed more than {} MiB", bytes >> 20),
            Ended::NotRun(why) => format!("could not be run: {why}"),
        };
        let last = self.tail.len().saturating_sub(LINES_IN_ERROR);
        let said = match &self.tail[last..] {
            [] => ", and printed nothing".to_owned(),
            lines => format!(": {}", lines.join(" | ")),
        };
        format!("`{}` {ended}{said}", self.command)
    }
}

/// The first few, and how many more.
fn some(all: &[String]) -> String {
    let named: Vec<String> = all.iter().take(FINDINGS_IN_ERROR).map(|one| Label::new(one).to_string()).collect();
    match all.len().saturating_sub(FINDINGS_IN_ERROR) {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_refusal_hold_its_evidence_and_a_next_step() {
        let red = |ended, tail: &[&str]| {
            Refusal::Red(Box::new(Red {
                command: ".ci/run".to_owned(),
                ended,
                tail: tail.iter().map(|line| (*line).to_owned()).collect(),
                log: "/x/ci.log".to_owned(),
            }))
        };
        for (refusal, want) in [
            (
                red(Ended::Status(3), &["one", "two", "three", "four"]),
                "`.ci/run` ended with status 3: two | three | four",
            ),
            (red(Ended::Signal(9), &[]), "`.ci/run` was killed by signal 9, and printed nothing"),
            (red(Ended::TimedOut(Duration::from_secs(5)), &["x"]), "`.ci/run` gave no answer within 5 s: x"),
            (Refusal::Conflict(vec!["a".into()]), "conflicts with the main branch in a"),
            (Refusal::Conflict((0..9).map(|n| n.to_string()).collect()), "in 0, 1, 2, 3, 4, and 4 more"),
            (Refusal::NoCi("/h/gate.yaml".into()), "/h/gate.yaml does not exist"),
            (Refusal::Moved(5), "moved 5 times"),
        ] {
            let failure = refusal.failure("code/A1");
            assert!(failure.why.contains(want), "{want} not in {}", failure.why);
            assert_eq!((failure.kind, failure.what.as_str()), (Kind::Refused, "gate: code/A1"));
            assert!(!failure.next.is_empty());
        }
        assert!(Refusal::Paused(String::new()).next("b").contains("go on"));
    }
}

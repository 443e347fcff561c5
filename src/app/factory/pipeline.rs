//! How cards go through a pipeline: from what each of them is, and what was said of it, to what changes. It can be asked at
//! any instant and after any kill: what was done is not decided again, and what was not, is.

use crate::backlog::model::{CardId, Column, StageLine, Status};
use crate::backlog::stages::Move;
use crate::fleet::gate::{Said, Word};
use crate::fleet::pipeline::{End, Pipeline, Stage};

/// Characters of a note that stand in a reason; all of it goes into the card.
// A reason is one line in lists and on the board.
const REASON_CHARS: usize = 200;

/// A card, and the last word on it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The card.
    pub card: StageLine,
    /// What a review or the gate said of it last.
    pub said: Option<Said>,
}

/// What changes; each by one transaction of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// It gets its first stage.
    Enter {
        /// The card.
        id: &'a CardId,
        /// The stage.
        stage: &'a str,
        /// As which version it was seen without one: it may have come through several since.
        version: i64,
    },
    /// It goes to a stage.
    Go {
        /// The card.
        id: &'a CardId,
        /// From where to where.
        to: Move<'a>,
    },
    /// Its branch is merged, and it is done.
    Finish {
        /// The card.
        id: &'a CardId,
    },
}

impl Change<'_> {
    /// The card.
    #[must_use]
    pub fn id(&self) -> &CardId {
        match self {
            Self::Enter { id, .. } | Self::Go { id, .. } | Self::Finish { id } => id,
        }
    }

    /// What happens to it, in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Enter { id, stage, .. } => format!("{id}: in stage {stage}"),
            Self::Go { id, to } => match &to.blocked {
                Some(reason) => format!("{id}: blocked in stage {}: {reason}", to.to),
                None if to.rounds > to.round => {
                    format!("{id}: back from {} to {}, round {}", to.from, to.to, to.rounds)
                }
                None => format!("{id}: on from {} to {}", to.from, to.to),
            },
            Self::Finish { id } => format!("{id}: merged"),
        }
    }
}

/// What a worker's completion of a card comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish<'a> {
    /// The card is done.
    Done,
    /// It goes to a stage.
    Go(Move<'a>),
    /// It cannot be completed yet: why, and what comes first.
    NotYet(String, String),
}

/// Everything that changes now.
#[must_use]
pub fn advance<'a>(pipeline: &'a Pipeline, cards: &'a [Standing]) -> Vec<Change<'a>> {
    cards.iter().filter_map(|standing| change(pipeline, standing)).collect()
}

/// Columns of the board in which cards of a stage may have something to change: nothing does for all others, and they are
/// the most.
#[must_use]
pub fn columns(stage: &Stage, is_last: bool) -> Vec<Column> {
    let mut columns = match stage.moves_on {
        End::Completed => Vec::new(),
        End::Approved => vec![Column::Waiting, Column::Ready, Column::Blocked],
        End::Merged => vec![Column::Waiting, Column::Ready, Column::Claimed, Column::Blocked],
    };
    // In the last stage done is done.
    if !is_last {
        columns.push(Column::Done);
    }
    columns
}

fn change<'a>(pipeline: &'a Pipeline, standing: &'a Standing) -> Option<Change<'a>> {
    let card = &standing.card;
    let (stage, behind) = pipeline.stage_of(&card.stage, &card.assignee)?;
    if card.stage.is_empty() {
        // What was done before there was a pipeline stays done.
        // The stage is written first and the card moves in the next pass: killed in between,
        // nothing is half done.
        return (card.status != Status::Done).then_some(Change::Enter {
            id: &card.id,
            stage: &stage.name,
            version: card.version,
        });
    }
    let go = |to| Some(Change::Go { id: &card.id, to });
    match (stage.moves_on, said(standing)) {
        (End::Completed, _) if card.status == Status::Done => match (behind, card.branch.is_empty()) {
            (None, _) => None,
            // Blocked and not left as it is: done without a branch it would be past every review
            // and never be merged.
            (Some(_), true) => go(stay(card, stage, "it is finished and names no branch".to_owned())),
            (Some(next), false) => go(on(card, stage, next)),
        },
        // Whoever has it in hand ends it first.
        (End::Approved, _) if card.status == Status::Claimed => None,
        (End::Approved, Some(said)) if said.word == Word::Approved => match behind {
            Some(next) => go(on(card, stage, next)),
            None if card.status == Status::Done => None,
            None => Some(Change::Finish { id: &card.id }),
        },
        // A stage that names nothing to go back to leaves the card where it is.
        (End::Approved, Some(said)) if said.word == Word::Rejected => go(back(pipeline, card, stage, said)?),
        (End::Merged, Some(said)) if said.word == Word::Merged => match behind {
            Some(next) => go(on(card, stage, next)),
            None if card.status == Status::Done => None,
            None => Some(Change::Finish { id: &card.id }),
        },
        // With the gate's word there is nothing left to do for whoever has it in hand.
        (End::Merged, Some(said)) if said.word == Word::Refused && card.status != Status::Done => {
            go(back(pipeline, card, stage, said)?)
        }
        _ => None,
    }
}

/// What was said of a card in this stage and this round; what was said before is answered.
fn said(standing: &Standing) -> Option<&Said> {
    let card = &standing.card;
    // A verdict of an earlier round would else send the card through whose author has not answered yet.
    standing.said.as_ref().filter(|said| said.stage == card.stage && said.round == card.rounds)
}

/// What becomes of a card that its worker completes.
#[must_use]
pub fn finished<'a>(pipeline: &'a Pipeline, standing: &'a Standing) -> Finish<'a> {
    let card = &standing.card;
    let Some((stage, behind)) = pipeline.stage_of(&card.stage, &card.assignee) else { return Finish::Done };
    let branch = crate::plain::shell_quote(&card.branch);
    match (stage.moves_on, said(standing)) {
        (End::Completed, _) => match behind {
            None => Finish::Done,
            Some(_) if card.branch.is_empty() => Finish::NotYet(
                "names no branch, and what is behind this stage works on one".to_owned(),
                format!("`mosaic-tui backlog edit {} --branch BRANCH` names it", card.id),
            ),
            Some(next) => Finish::Go(on(card, stage, next)),
        },
        (End::Approved, Some(said)) if said.word == Word::Approved => {
            behind.map_or(Finish::Done, |next| Finish::Go(on(card, stage, next)))
        }
        (End::Approved, Some(said)) if said.word == Word::Rejected => {
            back(pipeline, card, stage, said).map_or(Finish::Done, Finish::Go)
        }
        (End::Approved, _) => Finish::NotYet(
            "has no verdict of this round yet".to_owned(),
            format!("`mosaic-tui gate review --branch {branch} --card {} --approve`, or --reject --note TEXT", card.id),
        ),
        (End::Merged, Some(said)) if said.word == Word::Merged => {
            behind.map_or(Finish::Done, |next| Finish::Go(on(card, stage, next)))
        }
        // Its worker's own word is not enough here: what depends on the card would begin
        // without the change.
        (End::Merged, _) => Finish::NotYet(
            "is done when the gate has merged its branch".to_owned(),
            format!("`mosaic-tui gate merge --branch {branch} --card {}`", card.id),
        ),
    }
}

fn moved<'a>(card: &'a StageLine, stage: &Stage, to: &'a Stage) -> Move<'a> {
    Move {
        from: &card.stage,
        // With `from` it is what the transaction compares: a move that was decided twice is made once.
        round: card.rounds,
        to: &to.name,
        // A card that names one agent names it for the stage in which it began.
        assignee: if stage.name == to.name { &card.assignee } else { &to.class },
        rounds: card.rounds,
        note: String::new(),
        blocked: None,
        by: "pipeline",
    }
}

fn on<'a>(card: &'a StageLine, stage: &Stage, next: &'a Stage) -> Move<'a> {
    moved(card, stage, next)
}

fn stay<'a>(card: &'a StageLine, stage: &'a Stage, why: String) -> Move<'a> {
    Move { blocked: Some(why), ..moved(card, stage, stage) }
}

/// Back to an earlier stage with what was said; once too often a person is asked first.
fn back<'a>(pipeline: &'a Pipeline, card: &'a StageLine, stage: &Stage, said: &'a Said) -> Option<Move<'a>> {
    let (to, _) = pipeline.stage(stage.back_to.as_deref()?)?;
    // Counted by the card and not by whoever asks, so that a kill between two rounds changes nothing.
    let rounds = card.rounds + 1;
    let first: String = said.note.lines().next().unwrap_or_default().chars().take(REASON_CHARS).collect();
    let blocked = (rounds > pipeline.max_rounds).then(|| format!("sent back {rounds} times; {}: {first}", said.by));
    let note = format!("## Round {rounds}: back from {}, by {}\n\n{}", stage.name, said.by, said.note.trim());
    Some(Move { rounds, note, blocked, by: &said.by, ..moved(card, stage, to) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::fleet::framework;
    use crate::fleet::pipeline;

    fn shipped() -> Pipeline {
        let (path, text) = framework::pipelines().next().unwrap();
        let known: BTreeSet<&str> = ["code", "review", "merge-gate"].into_iter().collect();
        pipeline::parse(text, Path::new(path), &known).unwrap()
    }

    fn card(stage: &str, status: Status, rounds: i64) -> StageLine {
        let assignee = match stage {
            "review" => "review",
            "gate" => "merge-gate",
            _ => "code",
        };
        StageLine {
            id: CardId::parse("A1").unwrap(),
            stage: stage.to_owned(),
            assignee: assignee.to_owned(),
            status,
            branch: "code/A1".to_owned(),
            rounds,
            version: 1,
        }
    }

    fn say(stage: &str, round: i64, word: Word) -> Said {
        Said {
            card: "A1".to_owned(),
            stage: stage.to_owned(),
            round,
            word,
            by: "review0".to_owned(),
            commit: "abc".to_owned(),
            note: "no test\nof it".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn told(card: StageLine, said: Option<Said>) -> Option<String> {
        advance(&shipped(), &[Standing { card, said }]).first().map(Change::words)
    }

    #[test]
    fn a_card_goes_on_by_what_its_stage_says_and_by_nothing_else() {
        use Status::{Blocked, Claimed, Done, Ready};
        use Word::{Approved, Merged, Refused, Rejected};
        for (stage, status, said, want) in [
            ("", Ready, None, Some("A1: in stage code")),
            ("", Done, None, None),
            ("code", Ready, None, None),
            ("code", Done, None, Some("A1: on from code to review")),
            ("review", Ready, None, None),
            ("review", Done, None, None),
            ("review", Claimed, Some(Approved), None),
            ("review", Ready, Some(Approved), Some("A1: on from review to gate")),
            ("review", Ready, Some(Rejected), Some("A1: back from review to code, round 1")),
            ("review", Blocked, Some(Rejected), Some("A1: back from review to code, round 1")),
            ("gate", Claimed, Some(Refused), Some("A1: back from gate to code, round 1")),
            ("gate", Ready, Some(Merged), Some("A1: merged")),
            ("gate", Done, Some(Merged), None),
            ("gate", Done, None, None),
            ("elsewhere", Done, None, None),
        ] {
            let said = said.map(|word| say(stage, 0, word));
            let found = told(card(stage, status, 0), said);
            assert_eq!(found.as_deref(), want, "{stage} {}", status.word());
        }
    }

    #[test]
    fn what_was_said_in_another_round_or_stage_is_answered() {
        assert_eq!(told(card("review", Status::Ready, 1), Some(say("review", 0, Word::Rejected))), None);
        assert_eq!(told(card("gate", Status::Ready, 0), Some(say("review", 0, Word::Approved))), None);
    }

    #[test]
    fn a_rejection_brings_its_notes_and_once_too_often_a_person() {
        let standing = |rounds| Standing {
            card: card("review", Status::Ready, rounds),
            said: Some(say("review", rounds, Word::Rejected)),
        };
        let pipeline = shipped();
        for rounds in 0..3 {
            let one = [standing(rounds)];
            let Some(Change::Go { to, .. }) = advance(&pipeline, &one).pop() else { panic!("{rounds}") };
            assert_eq!((to.to, to.assignee, to.rounds, to.blocked), ("code", "code", rounds + 1, None));
            assert!(to.note.contains("by review0\n\nno test\nof it"), "{}", to.note);
        }
        let one = [standing(3)];
        let Some(Change::Go { to, .. }) = advance(&pipeline, &one).pop() else { panic!() };
        assert_eq!(to.blocked.as_deref(), Some("sent back 4 times; review0: no test"));
        // Its rounds have grown: the same word is not answered again, also when a person lets it go on.
        assert_eq!((to.to, to.rounds), ("code", 4));
    }

    #[test]
    fn a_worker_completes_a_card_into_the_next_stage() {
        let pipeline = shipped();
        let finish = |card: StageLine, said| match finished(&pipeline, &Standing { card, said }) {
            Finish::Done => "done".to_owned(),
            Finish::Go(to) => to.to.to_owned(),
            Finish::NotYet(_, next) => format!("not yet: {next}"),
        };
        assert_eq!(finish(card("", Status::Claimed, 0), None), "review", "by its class");
        assert_eq!(finish(card("code", Status::Claimed, 2), None), "review");
        let mut nowhere = card("code", Status::Claimed, 0);
        nowhere.branch.clear();
        assert!(finish(nowhere, None).starts_with("not yet: "));
        let unreviewed = finish(card("review", Status::Claimed, 0), None);
        assert!(unreviewed.starts_with("not yet: ") && unreviewed.contains("--approve"), "{unreviewed}");
        let approved = Some(say("review", 0, Word::Approved));
        assert_eq!(finish(card("review", Status::Claimed, 0), approved), "gate");
        let rejected = Some(say("review", 0, Word::Rejected));
        assert_eq!(finish(card("review", Status::Claimed, 0), rejected), "code");
        assert!(finish(card("gate", Status::Claimed, 0), None).starts_with("not yet: "));
        assert_eq!(finish(card("gate", Status::Claimed, 0), Some(say("gate", 0, Word::Merged))), "done");
        let mut other = card("", Status::Claimed, 0);
        other.assignee = "documentation".to_owned();
        assert_eq!(finish(other, None), "done", "in no stage of it");
    }

    /// Does what a change says, as the backlog does.
    fn apply(card: &mut StageLine, change: &Change<'_>) {
        match change {
            Change::Enter { stage, .. } => (*stage).clone_into(&mut card.stage),
            Change::Finish { .. } => card.status = Status::Done,
            Change::Go { to, .. } => {
                assert_eq!((card.stage.as_str(), card.rounds), (to.from, to.round), "decided by what is there");
                to.to.clone_into(&mut card.stage);
                to.assignee.clone_into(&mut card.assignee);
                card.rounds = to.rounds;
                card.status = if to.blocked.is_some() { Status::Blocked } else { Status::Ready };
            }
        }
    }

    fn settle(pipeline: &Pipeline, cards: &mut [Standing]) {
        for _ in 0..10 {
            let before = cards.to_vec();
            let changes = advance(pipeline, &before);
            if changes.is_empty() {
                return;
            }
            for change in &changes {
                let of = cards.iter_mut().find(|standing| standing.card.id == *change.id()).unwrap();
                apply(&mut of.card, change);
            }
        }
        panic!("it never comes to rest");
    }

    prop_compose! {
        fn any_standing()(
            stage in prop::sample::select(vec!["", "code", "review", "gate", "elsewhere"]),
            status in prop::sample::select(vec![Status::Ready, Status::Claimed, Status::Blocked, Status::Done]),
            rounds in 0_i64..5,
            word in prop::option::of((
                prop::sample::select(vec!["code", "review", "gate"]),
                0_i64..5,
                prop::sample::select(vec![Word::Approved, Word::Rejected, Word::Refused, Word::Merged]),
            )),
            named in any::<bool>(),
        ) -> Standing {
            let mut card = card(stage, status, rounds);
            if !named {
                card.branch.clear();
            }
            Standing { card, said: word.map(|(stage, round, word)| say(stage, round, word)) }
        }
    }

    proptest! {
        #[test]
        fn whatever_changes_is_in_a_column_that_is_looked_at(standing in any_standing()) {
            let pipeline = shipped();
            let changes = !advance(&pipeline, std::slice::from_ref(&standing)).is_empty();
            if let Some((stage, behind)) = pipeline.stage(&standing.card.stage).filter(|_| changes) {
                // One that is ready may wait for another card as well.
                let of = match standing.card.status {
                    Status::Ready => vec![Column::Ready, Column::Waiting],
                    Status::Claimed => vec![Column::Claimed],
                    Status::Blocked => vec![Column::Blocked],
                    Status::Done => vec![Column::Done],
                };
                let looked_at = columns(stage, behind.is_none());
                prop_assert!(of.iter().all(|column| looked_at.contains(column)), "{standing:?}");
            }
        }

        #[test]
        fn killed_between_any_two_changes_and_run_again_it_comes_to_the_same_end(
            standings in prop::collection::vec(any_standing(), 1..8), kill in 0_usize..8,
        ) {
            let pipeline = shipped();
            let mut whole: Vec<Standing> = standings;
            for (at, standing) in whole.iter_mut().enumerate() {
                standing.card.id = CardId::parse(&format!("A{at}")).unwrap();
            }
            let mut killed = whole.clone();
            settle(&pipeline, &mut whole);
            // The first run is killed behind so many changes; another may have begun meanwhile.
            let before = killed.clone();
            let changes = advance(&pipeline, &before);
            for change in changes.iter().take(kill) {
                let of = killed.iter_mut().find(|standing| standing.card.id == *change.id()).unwrap();
                apply(&mut of.card, change);
            }
            settle(&pipeline, &mut killed);
            let ends = |all: &[Standing]| all.iter().map(|one| one.card.clone()).collect::<Vec<_>>();
            prop_assert_eq!(ends(&whole), ends(&killed));
        }
    }
}

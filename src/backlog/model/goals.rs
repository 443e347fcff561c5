//! Goals as the backlog sees them: each with its own card, the work for it, and how they wait for each other. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::{Card, CardId, Column, Counts};

/// A goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoalLine {
    /// Its id.
    pub goal: String,
    /// Its own card; `None` where there is only work for it.
    pub card: Option<GoalCard>,
    /// Goals that come first.
    pub depends_on: Vec<String>,
    /// The cards of its work, by column.
    #[serde(serialize_with = "by_column")]
    pub work: Counts,
    /// Whether it lies on the longest way that is still to go.
    pub critical: bool,
}

/// What is shown of a goal's own card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoalCard {
    /// Its name.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// Its phase.
    pub phase: String,
    /// Its priority.
    pub priority: i64,
    /// Its column.
    pub column: Column,
    /// Who takes it apart just now.
    pub owner: Option<String>,
    /// On which host; empty where that is not known. There where there is an owner.
    pub claim_host: Option<String>,
}

fn by_column<S: Serializer>(counts: &Counts, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(Column::ALL.iter().map(|column| (column.word(), counts.of(*column))))
}

impl GoalLine {
    /// Returns whether all of its cards are done, its own included.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let own = self.card.as_ref().is_none_or(|card| card.column == Column::Done);
        own && self.work.of(Column::Done) == self.work.total()
    }

    /// Returns how many cards are still to be done; one at least, as long as it is not finished.
    #[must_use]
    pub fn open(&self) -> u64 {
        if self.is_finished() { 0 } else { (self.work.total() - self.work.of(Column::Done)).max(1) }
    }
}

/// All goals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Goals {
    /// Each behind those that it depends on, else by phase, priority and name.
    pub goals: Vec<GoalLine>,
    /// The longest way through goals that are not finished, by the cards still to be done, in the order of the work.
    pub critical_path: Vec<String>,
}

impl Goals {
    /// Puts them together from the goals' own cards, and the work for each goal by column.
    #[must_use]
    pub fn of(cards: Vec<Card>, work: &[(String, Column, u64)]) -> Self {
        let names: BTreeMap<CardId, String> =
            cards.iter().filter_map(|card| Some((card.id, card.of_goal()?.to_owned()))).collect();
        let mut lines: BTreeMap<&str, GoalLine> = BTreeMap::new();
        let empty = |goal: &str| GoalLine {
            goal: goal.to_owned(),
            card: None,
            depends_on: Vec::new(),
            work: Counts::default(),
            critical: false,
        };
        for card in cards {
            let Some(goal) = names.get(&card.id) else { continue };
            let line = lines.entry(goal).or_insert_with(|| empty(goal));
            line.depends_on = card.depends_on.iter().filter_map(|on| names.get(on)).cloned().collect();
            let column = card.column();
            let (owner, claim_host) = card.claim.map(|claim| (claim.owner, claim.host)).unzip();
            line.card = Some(GoalCard {
                column,
                id: card.id,
                title: card.title,
                phase: card.phase,
                priority: card.priority,
                owner,
                claim_host,
            });
        }
        for (goal, column, count) in work {
            lines.entry(goal).or_insert_with(|| empty(goal)).work.0[column.index()] += count;
        }
        let mut goals = in_order(lines.into_values().collect());
        let critical_path = critical_path(&goals);
        for line in &mut goals {
            line.critical = critical_path.contains(&line.goal);
        }
        Self { goals, critical_path }
    }

    /// Returns how many cards of work lie on the critical path and are still to be done.
    #[must_use]
    pub fn critical_cards(&self) -> u64 {
        self.goals.iter().filter(|line| line.critical).map(GoalLine::open).sum()
    }

    /// Returns how many goals are finished.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.goals.iter().filter(|line| line.is_finished()).count()
    }
}

/// What orders goals that do not wait for each other.
fn rank(line: &GoalLine) -> impl Ord {
    let card = line.card.as_ref();
    // Work for a goal that has no card stands last.
    (card.is_none(), card.map(|card| card.phase.as_str()), card.map(|card| -card.priority), line.goal.as_str())
}

/// Orders goals so that each stands behind those that it depends on; else by phase, priority and name.
fn in_order(mut waiting: Vec<GoalLine>) -> Vec<GoalLine> {
    waiting.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let known: BTreeSet<&str> = waiting.iter().map(|line| line.goal.as_str()).collect();
    let among = |line: &GoalLine| line.depends_on.iter().filter(|on| known.contains(on.as_str())).count();
    let open: Vec<usize> = waiting.iter().map(among).collect();
    let mut waiting: Vec<(GoalLine, usize)> = waiting.into_iter().zip(open).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        // The store knows no cycle; with one the rest would come as it is.
        let at = waiting.iter().position(|(_, open)| *open == 0).unwrap_or(0);
        let (line, _) = waiting.remove(at);
        for (other, open) in &mut waiting {
            if other.depends_on.contains(&line.goal) {
                *open = open.saturating_sub(1);
            }
        }
        ordered.push(line);
    }
    ordered
}

/// Finds the longest way through what is not finished; of two that are as long the one that was found first.
fn critical_path(ordered: &[GoalLine]) -> Vec<String> {
    // The longest way that ends with each goal, and the goal before it.
    let mut ways: BTreeMap<&str, (u64, Option<&str>)> = BTreeMap::new();
    let mut best: Option<(&str, u64)> = None;
    for line in ordered.iter().filter(|line| !line.is_finished()) {
        let before = line
            .depends_on
            .iter()
            .filter_map(|on| ways.get_key_value(on.as_str()).map(|(on, (length, _))| (*on, *length)))
            .fold(None, |best: Option<(&str, u64)>, way| match best {
                Some(best) if best.1 >= way.1 => Some(best),
                _ => Some(way),
            });
        let length = before.map_or(0, |(_, length)| length) + line.open();
        ways.insert(&line.goal, (length, before.map(|(on, _)| on)));
        if best.is_none_or(|(_, longest)| length > longest) {
            best = Some((&line.goal, length));
        }
    }
    let mut path = Vec::new();
    let mut at = best.map(|(goal, _)| goal);
    while let Some(goal) = at {
        path.push(goal.to_owned());
        at = ways.get(goal).and_then(|(_, before)| *before);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::model::Status;
    use crate::backlog::rules::tests::card;

    fn goal(id: &str, on: &[&str], phase: &str) -> Card {
        Card {
            idempotency_key: Some(format!("goal:{id}")),
            depends_on: on.iter().map(|on| CardId::parse(on).unwrap()).collect(),
            phase: phase.to_owned(),
            ..card(id)
        }
    }

    fn names(goals: &Goals) -> String {
        goals.goals.iter().map(|line| line.goal.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn goals_stand_behind_what_they_wait_for_and_the_longest_way_is_told() {
        let cards = vec![
            goal("Z", &[], "phase-1"),
            goal("A", &["Z"], "phase-1"),
            goal("B", &["Z"], "phase-2"),
            goal("C", &[], "phase-1"),
        ];
        let work = |goal: &str, column: Column, count: u64| (goal.to_owned(), column, count);
        let goals = Goals::of(
            cards,
            &[
                work("A", Column::Ready, 2),
                work("B", Column::Ready, 1),
                work("B", Column::Claimed, 4),
                work("Z", Column::Done, 9),
            ],
        );
        assert_eq!(names(&goals), "C Z A B");
        assert_eq!((goals.critical_path.join(" "), goals.critical_cards()), ("Z B".to_owned(), 6));
        assert_eq!(goals.finished(), 0);
    }

    #[test]
    fn a_goal_is_finished_when_all_its_cards_are() {
        let own = |status: Status| Card { status, ..goal("A", &[], "") };
        let finished =
            |status: Status, work: &[(String, Column, u64)]| Goals::of(vec![own(status)], work).finished() == 1;
        let done = [("A".to_owned(), Column::Done, 3)];
        let open = [("A".to_owned(), Column::Done, 3), ("A".to_owned(), Column::Blocked, 1)];
        assert!(finished(Status::Done, &done) && !finished(Status::Ready, &done) && !finished(Status::Done, &open));
        let all = Goals::of(vec![own(Status::Done)], &done);
        assert_eq!((all.critical_path.len(), all.critical_cards()), (0, 0));
        // Work for a goal that nobody synced is shown as well.
        assert_eq!(names(&Goals::of(vec![own(Status::Ready)], &[("X".to_owned(), Column::Ready, 1)])), "A X");
    }
}

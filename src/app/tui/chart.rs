//! The chart of seats: who reports to whom, as lines of a tree. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fleet::model::AgentRow;

/// A line of the chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    /// The branches in front of it.
    pub branch: String,
    /// Who sits there.
    pub holder: Holder,
    /// How many report to it.
    pub reports: usize,
}

/// Who sits on a seat.
#[derive(Debug, Clone, PartialEq)]
pub enum Holder {
    /// An agent of the roster.
    Agent(Arc<AgentRow>),
    /// An agent that others report to, and that there is no row of.
    Missing(String),
    /// Those below report to each other in a circle.
    Circle,
}

impl Seat {
    /// The row of its agent.
    #[must_use]
    pub fn row(&self) -> Option<&Arc<AgentRow>> {
        match &self.holder {
            Holder::Agent(row) => Some(row),
            Holder::Missing(_) | Holder::Circle => None,
        }
    }
}

/// Draws the chart of these rows: those who report to nobody first, each above those who report to it, by name. Rows
/// whose superior is not there stand below its name, and a circle below a line that says so: every agent of the roster
/// has one line, whatever the roster says.
#[must_use]
pub fn chart(rows: &[Arc<AgentRow>]) -> Vec<Seat> {
    let mut agents: BTreeMap<&str, &Arc<AgentRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.managed) {
        agents.entry(row.name.as_str()).or_insert(row);
    }
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let (mut tops, mut missing) = (Vec::new(), BTreeSet::new());
    for (name, row) in &agents {
        match row.reports_to.as_ref().map(|boss| boss.as_str()) {
            None => tops.push(*name),
            Some(boss) => {
                below.entry(boss).or_default().push(name);
                if !agents.contains_key(boss) {
                    missing.insert(boss);
                }
            }
        }
    }
    let mut drawing = Drawing { agents: &agents, below: &below, seats: Vec::new(), drawn: BTreeSet::new() };
    // Whoever leads others stands above those who lead nobody.
    tops.sort_by_key(|name| (!below.contains_key(name), *name));
    for name in tops {
        drawing.agent(name, "", "");
    }
    for boss in missing {
        drawing.seats.push(Seat {
            branch: String::new(),
            holder: Holder::Missing(boss.to_owned()),
            reports: below.get(boss).map_or(0, Vec::len),
        });
        drawing.reports(boss, "");
    }
    // What is left reports to somebody of itself.
    while let Some(first) = agents.keys().find(|name| !drawing.drawn.contains(**name)) {
        drawing.seats.push(Seat { branch: String::new(), holder: Holder::Circle, reports: 0 });
        drawing.agent(first, LAST, BLANK);
    }
    drawing.seats
}

/// The rows that are wanted, with all whom they report to, so that each still hangs from its seat.
#[must_use]
pub fn with_superiors(rows: &[Arc<AgentRow>], wanted: impl Fn(&AgentRow) -> bool) -> Vec<Arc<AgentRow>> {
    let seated = || rows.iter().filter(|row| row.managed);
    let of: BTreeMap<&str, &Arc<AgentRow>> = seated().map(|row| (row.name.as_str(), row)).collect();
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for row in seated().filter(|row| wanted(row)) {
        let mut next = Some(row);
        // A circle, and a superior whose own were taken already, end the way up.
        while let Some(row) = next.filter(|row| kept.insert(row.name.as_str())) {
            next = row.reports_to.as_ref().and_then(|boss| of.get(boss.as_str()).copied());
        }
    }
    seated().filter(|row| kept.contains(row.name.as_str())).cloned().collect()
}

const MIDDLE: &str = "\u{251c}\u{2500} ";
const LAST: &str = "\u{2570}\u{2500} ";
const PASSING: &str = "\u{2502}  ";
const BLANK: &str = "   ";

struct Drawing<'a> {
    agents: &'a BTreeMap<&'a str, &'a Arc<AgentRow>>,
    below: &'a BTreeMap<&'a str, Vec<&'a str>>,
    seats: Vec<Seat>,
    drawn: BTreeSet<&'a str>,
}

impl<'a> Drawing<'a> {
    /// Draws an agent behind `own`, and those below it behind `under`.
    fn agent(&mut self, name: &'a str, own: &str, under: &str) {
        let Some(row) = self.agents.get(name) else { return };
        // A circle below a seat comes back to it, and would be drawn without an end.
        if !self.drawn.insert(name) {
            return;
        }
        let reports = self.below.get(name).map_or(0, Vec::len);
        self.seats.push(Seat { branch: own.to_owned(), holder: Holder::Agent(Arc::clone(row)), reports });
        self.reports(name, under);
    }

    fn reports(&mut self, boss: &str, under: &str) {
        let names: Vec<&str> = self.below.get(boss).into_iter().flatten().copied().collect();
        // Taken out before the branches are drawn: the last line of a seat has another shape.
        let left: Vec<&str> = names.into_iter().filter(|name| !self.drawn.contains(*name)).collect();
        for (at, name) in left.iter().enumerate() {
            let (own, further) = if at + 1 == left.len() { (LAST, BLANK) } else { (MIDDLE, PASSING) };
            self.agent(name, &format!("{under}{own}"), &format!("{under}{further}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;
    use crate::fleet::model::{Label, Readiness};
    use proptest::prelude::*;

    fn rows(of: &[(&str, Option<&str>)]) -> Vec<Arc<AgentRow>> {
        let row = |(name, boss): &(&str, Option<&str>)| {
            let reports_to = boss.map(Label::new);
            Arc::new(AgentRow { reports_to, ..samples::row(name, Readiness::Working) })
        };
        of.iter().map(row).collect()
    }

    fn drawn(of: &[(&str, Option<&str>)]) -> Vec<String> {
        let line = |seat: &Seat| match &seat.holder {
            Holder::Agent(row) => format!("{}{}", seat.branch, row.name),
            Holder::Missing(name) => format!("{}?{name}", seat.branch),
            Holder::Circle => "circle".to_owned(),
        };
        chart(&rows(of)).iter().map(line).collect()
    }

    #[test]
    fn each_stands_above_those_who_report_to_it() {
        let lines = drawn(&[
            ("docs", Some("review")),
            ("zed", None),
            ("code1", Some("lead")),
            ("lead", None),
            ("review", Some("lead")),
            ("code0", Some("lead")),
        ]);
        assert_eq!(
            lines,
            [
                "lead",
                "\u{251c}\u{2500} code0",
                "\u{251c}\u{2500} code1",
                "\u{2570}\u{2500} review",
                "   \u{2570}\u{2500} docs",
                "zed"
            ]
        );
    }

    #[test]
    fn a_superior_who_is_not_there_and_a_circle_are_told() {
        assert_eq!(
            drawn(&[("a", Some("gone")), ("b", Some("gone"))]),
            ["?gone", "\u{251c}\u{2500} a", "\u{2570}\u{2500} b"]
        );
        let circle = drawn(&[("a", Some("b")), ("b", Some("a")), ("c", Some("c")), ("d", Some("a"))]);
        assert_eq!(
            circle,
            [
                "circle",
                "\u{2570}\u{2500} a",
                "   \u{251c}\u{2500} b",
                "   \u{2570}\u{2500} d",
                "circle",
                "\u{2570}\u{2500} c"
            ]
        );
        assert!(drawn(&[]).is_empty());
    }

    #[test]
    fn whoever_is_wanted_hangs_from_those_above() {
        let all = rows(&[
            ("lead", None),
            ("code", Some("lead")),
            ("tests", Some("code")),
            ("docs", Some("lead")),
            ("a", Some("b")),
            ("b", Some("a")),
            ("zed", None),
        ]);
        let kept = |wanted: &str| {
            let kept = with_superiors(&all, |row| row.name.as_str() == wanted);
            kept.iter().map(|row| row.name.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!([kept("tests"), kept("a"), kept("zed"), kept("nobody")], ["lead code tests", "a b", "zed", ""]);
    }

    proptest! {
        #[test]
        fn every_agent_has_one_line(bosses in prop::collection::vec(prop::option::of(0_usize..14), 1..12)) {
            let names: Vec<String> = (0..14).map(|at| format!("a{at:02}")).collect();
            let of: Vec<(&str, Option<&str>)> = bosses.iter().enumerate()
                .map(|(at, boss)| (names[at].as_str(), boss.map(|boss| names[boss].as_str()))).collect();
            let seats = chart(&rows(&of));
            let mut shown: Vec<String> = seats.iter().filter_map(|seat| Some(seat.row()?.name.to_string())).collect();
            shown.sort();
            prop_assert_eq!(shown, names[..of.len()].to_vec());
        }
    }
}

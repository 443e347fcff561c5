//! Requests that are one change to several cards or agents: asked for by one key, answered one by one, told as one.

use crate::app::action::dispatch::RequestId;

/// Most of them that are told one by one; of the others it is said how many there are.
// A board may have a thousand marks, and what is below the thousandth line is read by nobody.
const MAX_TOLD: usize = 40;

/// Several requests, until all of them are answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Together {
    /// All of them, in the order in which they were asked for.
    all: Vec<RequestId>,
    /// Those that are not answered yet.
    open: Vec<RequestId>,
    /// Places among all of them of those that failed.
    refused: Vec<usize>,
    /// What each that was done says, and what each that failed.
    done: Vec<String>,
    failed: Vec<String>,
    /// Whether one key takes all of it back.
    pub undoable: bool,
}

/// How all of them ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All were done: one line.
    Done(String),
    /// More is to be said than one line: what it is of, and the text; whether any failed.
    Told(String, String, bool),
}

impl Together {
    /// Begins with these; whether one key takes them back once they are done.
    #[must_use]
    pub fn of(all: Vec<RequestId>, undoable: bool) -> Self {
        Self { open: all.clone(), all, undoable, ..Self::default() }
    }

    /// All of them, in the order in which they were asked for.
    #[must_use]
    pub fn requests(&self) -> &[RequestId] {
        &self.all
    }

    /// Places among them of those that failed, and why in a line; `None` if none did.
    #[must_use]
    pub fn refused(&self) -> Option<(&[usize], String)> {
        let first = self.failed.first()?;
        let why = match self.failed.len() {
            1 => first.clone(),
            several => format!("{several} of {} refused it: {first}, and so on", self.all.len()),
        };
        Some((&self.refused, why))
    }

    /// Takes an answer; whether it is one of these.
    pub fn take(&mut self, id: RequestId, good: bool, lines: &[&str]) -> bool {
        let Some(at) = self.open.iter().position(|open| *open == id) else { return false };
        self.open.swap_remove(at);
        if !good {
            self.refused.extend(self.all.iter().position(|one| *one == id));
        }
        if good { &mut self.done } else { &mut self.failed }.push(lines.join("\n"));
        true
    }

    /// How many were answered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.done.len() + self.failed.len()
    }

    /// How all of them ended, once they have; `key` names the view that keeps each answer.
    #[must_use]
    pub fn ended(&self, key: &str) -> Option<Ended> {
        if !self.open.is_empty() {
            return None;
        }
        let all = self.count();
        if self.failed.is_empty() && self.done.iter().all(|text| !text.contains('\n')) {
            let first = self.done.first().map_or("", String::as_str);
            return Some(Ended::Done(if all == 1 {
                first.to_owned()
            } else {
                format!("{all} done: {first}, and so on")
            }));
        }
        let mut lines = Vec::new();
        let mut tell = |what: &[String], head: String| {
            if what.is_empty() {
                return;
            }
            lines.push(head);
            lines.extend(what.iter().take(MAX_TOLD).map(|text| text.replace('\n', "\n  ")));
            let more = what.len().saturating_sub(MAX_TOLD);
            if more > 0 {
                lines.push(format!("and {more} more; {key} shows each of them"));
            }
        };
        tell(&self.failed, format!("{} of {all} failed:", self.failed.len()));
        tell(&self.done, format!("{} of {all} done:", self.done.len()));
        let failed = self.failed.len();
        let title = if failed > 0 { format!("{failed} of {all} failed") } else { format!("{all} done") };
        Some(Ended::Told(title, lines.join("\n"), failed > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(good: usize, bad: usize) -> Option<Ended> {
        let all = good + bad;
        let mut together = Together::of((0..all).map(|id| RequestId(id as u64)).collect(), true);
        for id in 0..all {
            assert_eq!(together.ended("4"), None, "{id} is not answered yet");
            let text = format!("card A{id}: {}", if id < good { "done" } else { "is done already" });
            assert!(together.take(RequestId(id as u64), id < good, &[&text]));
            assert!(!together.take(RequestId(id as u64), true, &[]), "once");
        }
        let refused: Vec<usize> = (good..all).collect();
        assert_eq!(together.refused().map_or(&[][..], |(refused, _)| refused), refused);
        together.ended("4")
    }

    #[test]
    fn all_that_was_done_is_one_line() {
        assert_eq!(answered(1, 0), Some(Ended::Done("card A0: done".to_owned())));
        assert_eq!(answered(3, 0), Some(Ended::Done("3 done: card A0: done, and so on".to_owned())));
    }

    #[test]
    fn a_thousand_refusals_are_counted_and_hide_nothing() {
        let Some(Ended::Told(title, text, true)) = answered(2, 1000) else { panic!() };
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(title, "1000 of 1002 failed");
        assert_eq!(lines.len(), 1 + MAX_TOLD + 1 + 1 + 2, "{text}");
        assert_eq!((lines[0], lines[1]), ("1000 of 1002 failed:", "card A2: is done already"));
        assert_eq!(lines[MAX_TOLD + 1], "and 960 more; 4 shows each of them");
        assert_eq!(lines[MAX_TOLD + 2..], ["2 of 1002 done:", "card A0: done", "card A1: done"]);
    }
}

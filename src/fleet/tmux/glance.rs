//! The newest lines of a pane, and how many have scrolled away above them: what following a pane takes.

use super::command::Query;
use super::mark::mark;
use super::reader::Reader;
use super::refusal::Refusal;
use crate::fleet::error::Result;
use crate::fleet::model::PaneId;

/// A pane's newest lines at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// Whether its process has ended.
    pub dead: bool,
    /// Lines of its history, all of them.
    pub history: u32,
    /// How many of them tmux cuts at once when there are too many, where it may have done that a moment ago.
    pub cut: Option<u32>,
    /// Those of the history that were asked for, then those of the screen, with their colours.
    pub lines: Vec<String>,
    /// How many of the lines are the screen's.
    pub height: usize,
}

impl Glance {
    /// Reads the answer of both queries. What hooks print before the marked line decides nothing.
    fn parse(pane: PaneId, text: &str, mark: &str) -> Option<Self> {
        let at = if text.starts_with(mark) { 0 } else { text.find(&format!("\n{mark}"))? + 1 };
        let (state, rest) = text[at + mark.len()..].split_once('\n')?;
        let mut fields = state.split(' ');
        let named = fields.next() == Some(pane.to_string().as_str());
        let numbers: Vec<u32> = fields.map(|field| field.parse().unwrap_or(0)).collect();
        let [dead, history, limit, alternate, height] = numbers[..] else { return None };
        // A tenth goes when it is full. Nothing scrolls into it from the alternate screen.
        let nearly_full = alternate == 0 && u64::from(history) * 10 >= u64::from(limit) * 9;
        let cut = nearly_full.then_some((limit / 10).max(1));
        let height = usize::try_from(height).ok()?;
        let lines: Vec<String> = rest.lines().map(str::to_owned).collect();
        // Fewer lines than the screen has are half an answer.
        (named && lines.len() >= height).then_some(Self { dead: dead != 0, history, cut, lines, height })
    }

    /// Lines of the history among those that were read.
    #[must_use]
    pub fn above(&self) -> usize {
        self.lines.len() - self.height
    }
}

impl Reader {
    /// Looks at a pane's screen and at most so many lines above it, both at one moment; `None` when it is gone.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn glance(&self, pane: PaneId, above: u32) -> Result<Option<Glance>> {
        // By one client: between two of them lines could scroll away uncounted.
        let queries = [Query::Scrolled(pane).words(), Query::Capture { pane, history: above }.words()];
        match self.run(&queries).await {
            Ok(text) => Ok(Glance::parse(pane, &text, mark())),
            Err(Refusal::NoServer(_) | Refusal::NoPane(_)) => Ok(None),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_numbers_are_of_one_pane_at_one_moment() {
        let glance = Glance::parse(PaneId(3), "from a hook\nm:%3 0 40 2000 0 2\nabove\none\n\n", "m:").unwrap();
        assert_eq!((glance.dead, glance.history, glance.height, glance.above()), (false, 40, 2, 1));
        assert_eq!(glance.lines, ["above", "one", ""]);
        for (state, cut) in [("90 100 0", Some(10)), ("5 5 0", Some(1)), ("89 100 0", None), ("90 100 1", None)] {
            let text = format!("m:%3 0 {state} 1\nx\n");
            assert_eq!(Glance::parse(PaneId(3), &text, "m:").unwrap().cut, cut, "{state}");
        }
        for nothing in ["", "m:", "m:\n", "m:%4 0 0 9 0 1\nx\n", "m:%3 0 0\nx\n", "m:%3 0 0 9 0 2\nx\n"] {
            assert_eq!(Glance::parse(PaneId(3), nothing, "m:"), None, "{nothing:?}");
        }
    }
}

//! Pictures of many panes by one short-lived client, and only of those that moved since their last one.
//!
//! The server itself compares what a pane looked like from outside (its stamp), so a pane at rest costs it one format and
//! us nothing. No client is attached: no window can change its size by being looked at.

use super::command::{Query, quote};
use super::mark::mark;
use super::reader::Reader;
use super::refusal::Refusal;
use crate::fleet::error::Result;
use crate::fleet::model::{PaneId, Size};

/// What a pane looks like from outside: numbers with dots between them, the second of its window's last output first.
const STAMP: &str = "#{window_activity}.#{pane_dead}.#{pane_width}.#{pane_height}.#{cursor_x}.#{cursor_y}.\
                     #{cursor_flag}.#{history_size}.#{alternate_on}";

/// Stands behind the last picture of an answer.
const WHOLE: &str = "whole";

/// A pane that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The pane.
    pub pane: PaneId,
    /// Its stamp at the last picture, when that picture cannot have missed anything.
    pub known: Option<String>,
}

/// The picture of a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// The pane.
    pub pane: PaneId,
    /// What it looked like from outside; `None` when output of the same second may have come after the picture.
    pub stamp: Option<String>,
    /// Its size.
    pub size: Size,
    /// Column and row of the cursor, while the program shows it.
    pub cursor: Option<(u16, u16)>,
    /// Whether its process has ended.
    pub dead: bool,
    /// Its rows, with their colours and the blanks at their ends.
    pub text: String,
}

impl Wanted {
    /// One line of the client's input: a picture when the pane is there and does not look as it did.
    fn line(&self) -> String {
        let pane = self.pane.to_string();
        // It becomes a part of a format, in which other characters would mean something.
        let known = self.known.as_deref().filter(|known| known.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        // A pane that is gone makes tmux take the current one.
        let there = format!("#{{==:#{{pane_id}},{pane}}}");
        let condition = match known {
            Some(known) => format!("#{{&&:{there},#{{!=:{STAMP},{known}}}}}"),
            None => there,
        };
        // `%s` is the second of the server's own clock, which dates its activity as well.
        let state = format!("{}#{{pane_id}} %s {STAMP}", mark());
        let picture = [
            quote(&Query::Capture { pane: self.pane, history: 0 }.words()),
            quote(&["display-message", "-p", "-t", &pane, &state].map(str::to_owned)),
        ];
        quote(&["if-shell", "-F", "-t", &pane, &condition, &picture.join(" ; ")].map(str::to_owned))
    }
}

impl Shot {
    /// Reads the lines of a screen and the state that stands behind them. What hooks printed before those lines decides
    /// nothing.
    fn parse(before: &str, state: &str) -> Option<Self> {
        let mut words = state.split(' ');
        let (pane, second, stamp) = (PaneId::parse(words.next()?)?, words.next()?, words.next()?);
        let numbers: Vec<u64> = stamp.split('.').map(|field| field.parse().unwrap_or_default()).collect();
        let [activity, dead, width, height, x, y, shown, ..] = numbers[..] else { return None };
        let cell = |number: u64| u16::try_from(number).ok();
        let size = Size { width: cell(width)?, height: cell(height)? };
        let rows = before.bytes().filter(|byte| *byte == b'\n').count();
        let skipped = rows.checked_sub(usize::from(size.height))?;
        let at = before.match_indices('\n').nth(skipped.wrapping_sub(1)).map_or(0, |(at, _)| at + 1);
        let at = if skipped == 0 { 0 } else { at };
        let settled = second.parse().is_ok_and(|second: u64| activity < second);
        Some(Self {
            pane,
            stamp: settled.then(|| stamp.to_owned()),
            size,
            cursor: (shown != 0 && dead == 0).then_some((cell(x)?, cell(y)?)),
            dead: dead != 0,
            text: before[at..].to_owned(),
        })
    }

    /// Reads a whole answer; whether it is whole.
    fn parse_all(text: &str, mark: &str) -> (Vec<Self>, bool) {
        let mut shots = Vec::new();
        let mut rest = text;
        loop {
            let at = if rest.starts_with(mark) { Some(0) } else { rest.find(&format!("\n{mark}")).map(|at| at + 1) };
            let Some(at) = at else { return (shots, false) };
            let (before, line) = rest.split_at(at);
            let Some((state, behind)) = line[mark.len()..].split_once('\n') else { return (shots, false) };
            if state == WHOLE {
                return (shots, true);
            }
            shots.extend(Self::parse(before, state));
            rest = behind;
        }
    }
}

impl Reader {
    /// Pictures of those panes that moved since what is known of them; of none that are gone.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses, or nothing answers there.
    pub async fn shots(&self, wanted: &[Wanted]) -> Result<Vec<Shot>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut lines: Vec<String> = wanted.iter().map(Wanted::line).collect();
        // A server that ends in the middle leaves an answer that looks complete.
        lines.push(quote(&["display-message", "-p", &format!("{}{WHOLE}", mark())].map(str::to_owned)));
        // Each pane on a line of its own: a refusal ends its line and not the ones behind it.
        let ran = self.with_input(&["source-file", "-"], &format!("{}\n", lines.join("\n"))).await;
        let output = ran.map_err(|refusal| self.explain(refusal))?;
        let (shots, whole) = Shot::parse_all(&String::from_utf8_lossy(&output.stdout), mark());
        if whole {
            return Ok(shots);
        }
        let cut = || Refusal::Tmux("its answer was cut off".to_owned());
        let refused = Refusal::in_answer(&output).and_then(|_| Err(cut()));
        match self.told_from_lost::<()>(refused).await {
            Ok(()) => Ok(shots),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_pane_by_pane() {
        let text = "from a hook\n\x1b[31mone\n\nm:%1 100 99.0.20.2.3.1.1.7.0\nhook\ntwo\nm:%2 100 100.1.20.1.3.0.1.7.0\nm:whole\n";
        let (shots, whole) = Shot::parse_all(text, "m:");
        let [first, second] = &shots[..] else { panic!("{shots:?}") };
        assert!(whole);
        assert_eq!((first.pane, first.text.as_str(), first.cursor), (PaneId(1), "\x1b[31mone\n\n", Some((3, 1))));
        assert_eq!(first.stamp.as_deref(), Some("99.0.20.2.3.1.1.7.0"));
        assert_eq!((second.text.as_str(), second.dead, second.cursor), ("two\n", true, None));
        assert_eq!(second.stamp, None, "more may come in the second of the picture");
    }

    #[test]
    fn what_is_cut_off_is_not_whole() {
        for text in ["", "x\n", "m:%1 1 1.0.9.1.0.0.1.0.0", "m:who", "a\nm:%1 1 1.0.9.2.0.0.1.0.0\n"] {
            let (shots, whole) = Shot::parse_all(text, "m:");
            assert!(!whole && shots.is_empty(), "{text:?} {shots:?}");
        }
    }

    #[test]
    fn a_known_stamp_is_numbers_or_nothing() {
        let line = |known: &str| Wanted { pane: PaneId(4), known: Some(known.to_owned()) }.line();
        assert!(line("1.2.3").contains(",1.2.3}"));
        assert!(!line("1,#(touch x)").contains("touch"));
    }
}

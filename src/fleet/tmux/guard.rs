//! Changes that tmux makes only while something is still as it was seen.
//!
//! `if-shell -F` decides and acts within one command of the server: nothing happens in between. The format
//! `#{C:PATTERN}` tells whether a pane's screen has a line like that (FORMATS in tmux(1)).

use super::command::{Change, TURN_OPTION, quote};
use crate::fleet::model::PaneId;

/// Most rows of a screen that are compared, and most characters of each.
const MAX_ROWS: usize = 8;
const MAX_CHARS: usize = 60;

/// What tmux answers when it made the changes.
pub(super) const MADE: &str = "made";

/// What must still be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The word of the sender whose turn it is.
    pub turn: String,
    /// Rows that the pane shows.
    pub shows: Vec<String>,
}

impl Guard {
    /// The condition as a format: `1`, or `0`.
    fn condition(&self) -> String {
        let turn = format!("#{{==:#{{{TURN_OPTION}}},{}}}", self.turn);
        let mut rows: Vec<String> = self.shows.iter().filter_map(|row| pattern(row)).collect();
        // The most telling ones.
        rows.sort_by_key(|row| std::cmp::Reverse(row.len()));
        rows.truncate(MAX_ROWS);
        rows.iter().fold(turn, |all, row| format!("#{{&&:{all},#{{C:{row}}}}}"))
    }

    /// The command's words.
    pub(super) fn words(&self, pane: PaneId, changes: &[Change]) -> Vec<String> {
        let mut commands: Vec<String> = changes.iter().map(|change| quote(&change.words())).collect();
        commands.push(format!("display-message -p {MADE}"));
        let pane = pane.to_string();
        let words = ["if-shell", "-F", "-t", &pane, &self.condition(), &commands.join(" ; ")];
        words.map(str::to_owned).to_vec()
    }
}

/// A row as a pattern for tmux: what could mean anything in a format or a pattern stands for any one
/// character, and what has no agreed width for any number of them. `None` for a row that tells nothing.
fn pattern(row: &str) -> Option<String> {
    let mut out = String::new();
    let mut telling = 0;
    for c in row.trim().chars().take(MAX_CHARS) {
        match c {
            c if c.is_ascii_alphanumeric() || c == ' ' => {
                telling += usize::from(c != ' ');
                out.push(c);
            }
            c if c.is_ascii() => out.push('?'),
            _ if out.ends_with('*') => {}
            _ => out.push('*'),
        }
    }
    (telling >= 3).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_row_is_understood_by_tmux() {
        for (row, want) in [
            ("  $ rm -rf /tmp/x, #{pid}", Some("? rm ?rf ?tmp?x? ??pid?")),
            ("┃  △ Permission required", Some("*  * Permission required")),
            ("› 1. Yes, proceed (y)", Some("* 1? Yes? proceed ?y?")),
            ("---", None),
            ("", None),
        ] {
            assert_eq!(pattern(row).as_deref(), want, "{row}");
        }
    }

    #[test]
    fn all_conditions_are_one() {
        let guard = Guard { turn: "m1.2".into(), shows: vec!["abc".into(), "abcdef".into()] };
        assert_eq!(guard.condition(), "#{&&:#{&&:#{==:#{@mosaic_turn},m1.2},#{C:abcdef}},#{C:abc}}");
        let words = guard.words(PaneId(3), &[Change::Keys(PaneId(3), vec!["Enter".into()])]);
        assert_eq!(words[5], "'send-keys' '-t' '%3' 'Enter' ; display-message -p made");
    }
}

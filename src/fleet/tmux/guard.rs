//! Changes that tmux makes only while something is still as it was seen.
//!
//! `if-shell -F` decides and acts within one command of the server: nothing happens in between. The format
//! `#{C/r:PATTERN}` tells whether a pane's screen has a line like that (FORMATS in tmux(1)).

use super::command::{Change, LEASE_OPTION, quote};
use super::mark::mark;
use crate::fleet::model::{PaneId, ShownRow};

/// What tmux answers, behind its mark, when it made the changes.
pub(super) const MADE: &str = "made";

/// What it answers when the condition did not hold.
pub(super) const LEFT: &str = "left";

/// Characters that mean something in a format or to its parser, and have no escape there that a pattern knows.
const ANY_ONE: &str = "#,{}\\[]^";

/// What must still be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard<'a> {
    /// Token of the sender that holds the lease on the pane.
    pub lease: String,
    /// Rows that the pane shows.
    pub shows: &'a [ShownRow],
    /// Name of the program that reads its keys.
    pub foreground: Option<&'a str>,
    /// Where its cursor is, and that it is in no mode.
    pub cursor: Option<(u16, u16)>,
    /// Patterns (POSIX extended) that no row of the pane matches.
    pub no_row: &'a [&'a str],
    /// Patterns that its title does not match.
    pub no_title: &'a [&'a str],
}

impl Guard<'_> {
    /// Who holds the lease on the pane, and nothing else.
    pub fn lease(token: String) -> Self {
        Self { lease: token, ..Self::default() }
    }

    /// The condition as a format: true, or false.
    fn condition(&self) -> String {
        let mut all = vec![format!("#{{==:#{{{LEASE_OPTION}}},{}}}", self.lease)];
        if let Some((x, y)) = self.cursor {
            // In copy mode keys go to the mode, and the cursor is the mode's own.
            all.push("#{==:#{pane_in_mode},0}".to_owned());
            all.push(format!("#{{==:#{{cursor_x}} #{{cursor_y}},{x} {y}}}"));
        }
        all.extend(self.foreground.iter().map(|name| {
            // The whole name, whatever it holds.
            format!("#{{m/r:^{}$,#{{pane_current_command}}}}", literal(name))
        }));
        all.extend(self.shows.iter().map(|row| format!("#{{C/r:{}}}", pattern(row))));
        // tmux 3.2 knows no negation in formats.
        all.extend(self.no_row.iter().map(|row| format!("#{{==:#{{C/r:{}}},0}}", plain(row))));
        all.extend(self.no_title.iter().map(|title| format!("#{{==:#{{m/r:{},#{{pane_title}}}},0}}", plain(title))));
        both(&all)
    }

    /// The command's words.
    pub(super) fn words(&self, pane: PaneId, changes: &[Change<'_>]) -> Vec<String> {
        let mut commands: Vec<String> = changes.iter().map(|change| quote(&change.words())).collect();
        let answer = |word: &str| format!("display-message -p '{}{word}'", mark());
        // Behind the changes: one that fails ends the list, and then nothing says that they were made.
        commands.push(answer(MADE));
        let pane = pane.to_string();
        let words = ["if-shell", "-F", "-t", &pane, &self.condition(), &commands.join(" ; "), &answer(LEFT)];
        words.map(str::to_owned).to_vec()
    }
}

/// All conditions as one; halved again and again, since tmux expands formats to a limited depth.
fn both(all: &[String]) -> String {
    match all {
        [] => "1".to_owned(),
        [one] => one.clone(),
        _ => {
            let (first, second) = all.split_at(all.len() / 2);
            format!("#{{&&:{},{}}}", both(first), both(second))
        }
    }
}

/// A row as a pattern that matches it and, but for the few characters of which any one will do, nothing else.
fn pattern(row: &ShownRow) -> String {
    let mut out = String::new();
    if row.from_start {
        out.push('^');
    }
    out.push_str(&literal(row.text.trim_end()));
    if row.to_end {
        out.push('$');
    }
    out
}

/// A text as a pattern that matches it and, but for the few characters of which any one will do, nothing else.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if ANY_ONE.contains(c) => out.push('.'),
            // Between brackets a sign stands for itself; a backslash would be taken by the format's own parser.
            c if c.is_ascii_punctuation() => out.extend(['[', c, ']']),
            c => out.push(c),
        }
    }
    out
}

/// Somebody's pattern without what a format would take for its own.
fn plain(pattern: &str) -> String {
    pattern.chars().map(|c| if "#,{}".contains(c) { '.' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> ShownRow {
        ShownRow { text: text.to_owned(), from_start: true, to_end: true }
    }

    #[test]
    fn nothing_of_a_row_is_understood_by_tmux() {
        for (text, want) in [
            ("  $ rm -rf /tmp/x, #{pid}", "^  [$] rm [-]rf [/]tmp[/]x. ..pid.$"),
            ("┃  △ Permission (y/n)?  ", "^┃  △ Permission [(]y[/]n[)][?]$"),
            ("a*b[c]\\^", "^a[*]b.c...$"),
        ] {
            assert_eq!(pattern(&row(text)), want, "{text}");
        }
        assert_eq!(pattern(&ShownRow { text: "x".into(), from_start: false, to_end: false }), "x");
    }

    #[test]
    fn all_conditions_are_one() {
        let guard = Guard {
            lease: "m1.2".into(),
            shows: &[row("abc")],
            cursor: Some((3, 4)),
            foreground: None,
            no_row: &[r"^\? "],
            no_title: &["Action"],
        };
        let condition = guard.condition();
        for part in [
            "#{==:#{@mosaic_turn},m1.2}",
            "#{==:#{cursor_x} #{cursor_y},3 4}",
            "#{C/r:^abc$}",
            r"#{==:#{C/r:^\? },0}",
            "#{==:#{m/r:Action,#{pane_title}},0}",
        ] {
            assert!(condition.contains(part), "{part} in {condition}");
        }
        assert_eq!(condition.matches("&&").count(), 5);
        let words = guard.words(PaneId(3), &[Change::Keys(PaneId(3), &["Enter".into()])]);
        assert_eq!(words[5], format!("'send-keys' '-t' '%3' 'Enter' ; display-message -p '{}made'", mark()));
        assert_eq!(words[6], format!("display-message -p '{}left'", mark()));
    }
}

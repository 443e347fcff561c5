//! Applies a runtime's rules to the text of its screen. Pure.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use serde::{Deserialize, Serialize};

use super::rules::{Anchor, Place, Rules, StateRule};
use crate::fleet::home::fingerprint;
use crate::fleet::model::ShownRow;

/// Rows above the composer in which a state is looked for: status lines and a queue stand there.
const ABOVE: usize = 8;

/// Most characters of a question on one line.
const ASKED_CHARS: usize = 190;

/// Rows at the end of the screen in which a dialog is looked for.
const BOTTOM: usize = 16;

/// What a screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Showing {
    /// An empty or filled composer and nothing else of note.
    Ready,
    /// A turn in progress.
    Busy,
    /// A turn in progress, and a message that waits for its end.
    Queued,
    /// A question that a key would answer.
    Dialog,
    /// Nobody is logged in.
    Login,
    /// The account's limit is used up.
    Limit,
    /// The model does not answer, or with an error.
    Failing,
    /// Nothing that the rules know.
    Unknown,
}

impl Showing {
    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::Queued => "queued",
            Self::Dialog => "dialog",
            Self::Login => "login",
            Self::Limit => "limit",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }
}

/// The composer, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Composer {
    /// What was typed or pasted, line by line; empty when nothing was.
    pub text: String,
    /// Whether the text stands for a long paste.
    pub pasted: bool,
    /// Its first row.
    pub row: usize,
    /// Its rows as they stand on the screen.
    pub rows: Vec<ShownRow>,
}

/// What was read of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenFacts {
    /// The state.
    pub showing: Showing,
    /// Why, in a few words; the rule's own.
    pub reason: String,
    /// The composer, where there is one.
    pub composer: Option<Composer>,
    /// The rows of the question that a dialog asks.
    pub question: Vec<ShownRow>,
    /// Where the cursor is.
    pub cursor: (u16, u16),
    /// The text above the composer, for finding what was sent; of a screen without one all of it.
    pub above: Vec<String>,
}

impl ScreenFacts {
    /// The question of a dialog on one line, without the frames around it. One that is too long for a line
    /// ends with a fingerprint of all of it, so that two of them differ.
    #[must_use]
    pub fn asked(&self) -> String {
        let plain = |row: &ShownRow| {
            let frame = |c: char| !c.is_alphanumeric() && !"$?.)([]-'\"/~*".contains(c);
            row.text.trim_matches(frame).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let rows: Vec<String> = self.question.iter().map(plain).filter(|row| !row.is_empty()).collect();
        let whole = rows.join(" | ");
        if whole.chars().count() <= ASKED_CHARS {
            return whole;
        }
        let exact: Vec<&str> = self.question.iter().map(|row| row.text.as_str()).collect();
        let mark = fingerprint(exact.join("\n").as_bytes());
        format!("{}\u{2026} #{}", whole.chars().take(ASKED_CHARS - 11).collect::<String>(), &mark[..8])
    }
}

/// Reads the rows of a screen, without blanks at their ends. `cursor` is where tmux says that the cursor is, shown or not.
#[must_use]
pub fn read(rules: &Rules, rows: &[String], cursor: (u16, u16), title: &str) -> ScreenFacts {
    let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
    let holds = |(top, bottom): &(usize, usize)| {
        !rules.composer.holds_cursor || (*top..*bottom).contains(&usize::from(cursor.1))
    };
    let span = span(rules, &rows[..used]).filter(holds);
    let found = rules.states.iter().find(|rule| matches(rule, &rows[..used], span, title));
    let dialog = found.is_some_and(|rule| rule.state == Showing::Dialog);
    // What stands right of the composer's end is another column: a list, a summary.
    let edge = span.and_then(|(_, bottom)| edge(rules, rows.get(bottom)?)).unwrap_or(usize::MAX);
    let composer = span.filter(|_| !dialog).map(|span| composer(rules, rows, span, cursor, edge));
    let of_conversation = |row: &String| row.chars().take(edge).collect();
    let above = rows[..span.map_or(used, |(top, _)| top)].iter().map(of_conversation).collect();
    let (showing, reason) = match (found, &composer) {
        (Some(rule), _) => (rule.state, rule.reason.clone()),
        (None, Some(composer)) if composer.text.is_empty() => (Showing::Ready, "its composer waits".to_owned()),
        (None, Some(_)) => (Showing::Ready, "a draft stands in its composer".to_owned()),
        (None, None) => (Showing::Unknown, "shows nothing that is known of it".to_owned()),
    };
    let question = if dialog { question(rules, &rows[..used]) } else { Vec::new() };
    ScreenFacts { showing, reason, composer, question, cursor, above }
}

/// The rows of a dialog, from its beginning to the end of the screen; none when its beginning is not there.
fn question(rules: &Rules, rows: &[String]) -> Vec<ShownRow> {
    let Some(rule) = &rules.dialog else { return Vec::new() };
    let Some(first) = rows.iter().rposition(|row| rule.begins.0.is_match(row)) else { return Vec::new() };
    let own = |row: &String| match &rule.row {
        None => Some(ShownRow { text: row.clone(), from_start: true, to_end: true }),
        Some(pattern) => {
            let found = pattern.0.captures(row)?.get(1)?;
            Some(ShownRow {
                text: found.as_str().to_owned(),
                from_start: found.start() == 0,
                to_end: found.end() == row.len(),
            })
        }
    };
    rows[first..].iter().filter_map(own).filter(|row| !row.text.trim().is_empty()).collect()
}

/// Characters up to the end of the line below the composer, where its rule draws one.
fn edge(rules: &Rules, row: &str) -> Option<usize> {
    if rules.composer.anchor == Anchor::Top {
        return None;
    }
    rules.composer.bottom.0.find(row).map(|found| row[..found.end()].chars().count())
}

/// First row of the composer, and the row behind its last one.
fn span(rules: &Rules, rows: &[String]) -> Option<(usize, usize)> {
    let rule = &rules.composer;
    let lowest = rows.len().saturating_sub(rule.within);
    match rule.anchor {
        Anchor::Top => {
            let top = (lowest..rows.len()).rev().find(|row| rule.top.0.is_match(&rows[*row]))?;
            let mut ends = (top + 1..rows.len()).filter(|row| rule.bottom.0.is_match(&rows[*row]));
            let bottom = match &rule.footer {
                None => ends.next(),
                Some(footer) => ends.rev().find(|row| rows.get(row + 1).is_some_and(|row| footer.0.is_match(row))),
            };
            Some((top, bottom.unwrap_or(rows.len())))
        }
        Anchor::Bottom => {
            let bottom = (lowest..rows.len()).rev().find(|row| rule.bottom.0.is_match(&rows[*row]))?;
            let above = (0..bottom).rev().find(|row| rule.top.0.is_match(&rows[*row]))?;
            Some((above + 1, bottom))
        }
    }
}

fn matches(rule: &StateRule, rows: &[String], span: Option<(usize, usize)>, title: &str) -> bool {
    let any = |range: std::ops::Range<usize>| rows[range].iter().any(|row| rule.pattern.0.is_match(row));
    match (rule.place, span) {
        (Place::Title, _) => rule.pattern.0.is_match(title),
        // Above a composer that takes keys the same words are talk.
        (Place::Bottom, _) => any(rows.len().saturating_sub(BOTTOM).max(span.map_or(0, |(top, _)| top))..rows.len()),
        (Place::Above, Some((top, _))) => any(top.saturating_sub(ABOVE)..top),
        (Place::Below, Some((_, bottom))) => any(bottom..rows.len()),
        (Place::Above | Place::Below, None) => false,
    }
}

fn composer(
    rules: &Rules,
    rows: &[String],
    (top, bottom): (usize, usize),
    cursor: (u16, u16),
    edge: usize,
) -> Composer {
    let rule = &rules.composer;
    let shown = |row: &String| {
        let text: String = row.chars().take(edge).collect();
        ShownRow { to_end: text.len() == row.len(), text: text.trim_end().to_owned(), from_start: true }
    };
    let shown = rows[top..bottom].iter().map(shown).filter(|row| !row.text.is_empty()).collect();
    let mut lines: Vec<&str> = rows[top..bottom].iter().map(String::as_str).collect();
    if rule.last_line_is_status {
        // The status line and the blank one above it are no text.
        let last = lines.iter().rposition(|line| !cut(rule.margin.0.find(line), line).trim().is_empty());
        lines.truncate(last.unwrap_or(0));
    }
    let text_of = |line| {
        let text = cut(rule.margin.0.find(line), line);
        let end = rule.scrolled.as_ref().and_then(|sign| sign.0.find(text)).map_or(text.len(), |found| found.start());
        text[..end].trim_end()
    };
    let lines: Vec<&str> = lines.into_iter().map(text_of).collect();
    let first = lines.iter().position(|line| !line.is_empty());
    let last = lines.iter().rposition(|line| !line.is_empty());
    let text = match (first, last) {
        (Some(first), Some(last)) => lines[first..=last].join("\n"),
        _ => String::new(),
    };
    let row = top + first.unwrap_or(0);
    // Somebody may type the very words of the placeholder; their cursor then stands behind them.
    let start =
        rows.get(row).map_or(0, |line| line.chars().count() - cut(rule.margin.0.find(line), line).chars().count());
    let at_start = (usize::from(cursor.0), usize::from(cursor.1)) == (start, row);
    let placeholder = rule.placeholder.as_ref().is_some_and(|pattern| pattern.0.is_match(&text)) && at_start;
    let text = if placeholder || only_remains(&text) { String::new() } else { text };
    let pasted = rule.pasted.as_ref().is_some_and(|pattern| pattern.0.is_match(text.trim()));
    Composer { pasted, text, row, rows: shown }
}

/// Whether a composer holds nothing but what its program left behind by drawing: marks and modifiers without a letter.
/// Nobody types those alone, and terminals disagree about the columns that they take.
fn only_remains(text: &str) -> bool {
    let remains = |c: char| {
        let regional = ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
        let combines = match c.general_category() {
            GeneralCategory::ModifierSymbol | GeneralCategory::Format => !c.is_ascii(),
            _ => c.general_category_group() == GeneralCategoryGroup::Mark,
        };
        regional || combines || c.is_whitespace()
    };
    text.chars().all(remains)
}

/// A line without its margin.
fn cut<'a>(margin: Option<regex_lite::Match<'_>>, line: &'a str) -> &'a str {
    margin.map_or(line, |margin| &line[margin.end()..])
}

#[cfg(test)]
mod tests;

//! Applies a runtime's rules to the text of its screen. Pure.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use serde::{Deserialize, Serialize};

use super::rules::{Anchor, DialogRule, Mark, Place, Rules, StateRule};
use crate::fleet::home::fingerprint;
use crate::fleet::model::{Label, PaintedRow, ShownRow};

/// Rows above the composer in which a state is looked for: status lines and a queue stand there.
const ABOVE: usize = 8;

/// What stands between the rows of a question where it is shown on one line.
pub const BETWEEN: &str = " | ";

/// Most characters of a question on one line.
const ASKED_CHARS: usize = 1900;

/// Rows at the end of a screen in which the foot of a dialog or a list is looked for; blank ones do not count.
const FOOT: usize = 3;

/// Most characters of what a runtime says itself behind a reason.
const SAID_CHARS: usize = 80;

/// What a screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreenState {
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
    /// A draft that somebody left in the composer.
    Draft,
    /// Something else than a message has the keys: a list, a popup, a mode of the composer.
    Occupied,
    /// Nothing that the rules know.
    Unknown,
}

impl ScreenState {
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
            Self::Draft => "draft",
            Self::Occupied => "occupied",
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
    /// What of the text stands as it is before the sign of a long paste.
    #[serde(skip)]
    pub before_paste: String,
    /// Whether blanks were typed, or lines, and nothing else.
    pub blanks: bool,
    /// Its first row.
    pub row: usize,
    /// Its rows as they stand on the screen.
    pub rows: Vec<ShownRow>,
}

impl Composer {
    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && !self.blanks
    }
}

/// What was read of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenFacts {
    /// The state.
    pub state: ScreenState,
    /// Why, in a few words; the rule's own.
    pub reason: String,
    /// Whether a message waits for the end of a turn, whatever else is shown.
    pub queued: bool,
    /// Whether a message that was submitted may still come back.
    #[serde(skip)]
    pub undecided: bool,
    /// The composer, where there is one.
    pub composer: Option<Composer>,
    /// The rows of the question that a dialog asks.
    pub question: Vec<ShownRow>,
    /// Which of the rules' kinds of dialog it is.
    #[serde(skip)]
    pub dialog: Option<usize>,
    /// Where the cursor is.
    pub cursor: (u16, u16),
    /// The text above the composer, for finding what was sent; of a screen without one all of it.
    pub above: Vec<String>,
}

/// What of a screen is told of its agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The state.
    pub state: ScreenState,
    /// Why, in a few words; the rule's own.
    pub reason: String,
    /// The question of a dialog on one line, as [`ScreenFacts::asked`] has it; empty without one.
    pub asked: String,
}

impl ScreenFacts {
    /// What is told of its agent.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary { state: self.state, reason: self.reason.clone(), asked: self.asked() }
    }

    /// Whether nothing at all stands on the screen, as while a program draws another one.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.composer.is_none() && self.above.iter().all(|row| row.trim().is_empty())
    }

    /// The question of a dialog on one line, without the frames around it. One that is too long for a line
    /// ends with a fingerprint of all of it, so that two of them differ.
    #[must_use]
    pub fn asked(&self) -> String {
        let plain = |row: &ShownRow| {
            // What a question, a path or a command may begin or end with stays.
            let frame = |c: char| !c.is_alphanumeric() && !"$?.)([]-'\"/~*".contains(c);
            row.text.trim_matches(frame).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let rows: Vec<String> = self.question.iter().map(plain).filter(|row| !row.is_empty()).collect();
        let whole = rows.join(BETWEEN);
        if whole.chars().count() <= ASKED_CHARS {
            return whole;
        }
        // Of the rows as they stand: two questions may differ in nothing but what was taken off for one line.
        let exact: Vec<&str> = self.question.iter().map(|row| row.text.as_str()).collect();
        let mark = fingerprint(exact.join("\n").as_bytes());
        // Room for the sign of the cut, the `#` and eight digits.
        format!("{}\u{2026} #{}", whole.chars().take(ASKED_CHARS - 11).collect::<String>(), &mark[..8])
    }
}

/// Reads the rows of a screen. `cursor` is where tmux says that the cursor is, shown or not.
#[must_use]
pub fn read(rules: &Rules, rows: &[PaintedRow], cursor: (u16, u16), title: &Label) -> ScreenFacts {
    let title = title.as_str();
    let used = rows.iter().rposition(|row| !row.text.is_empty()).map_or(0, |last| last + 1);
    let holds = |(top, bottom): &(usize, usize)| {
        !rules.composer.holds_cursor || (*top..*bottom).contains(&usize::from(cursor.1))
    };
    let span = span(rules, &rows[..used]).filter(holds);
    // What stands right of the composer's end is another column: a list, a summary.
    let edge = span.and_then(|(_, bottom)| edge(rules, &rows.get(bottom)?.text));
    let is_wider = |edge: usize, row: &PaintedRow| row.text.len() > edge && row.text.chars().nth(edge).is_some();
    // Mostly there is none, and nothing to copy.
    let edge = edge.filter(|edge| rows.iter().any(|row| is_wider(*edge, row)));
    let (whole, cut) = (rows, edge.map(|edge| rows.iter().map(|row| row.first(edge)).collect::<Vec<_>>()));
    let rows = cut.as_deref().unwrap_or(whole);
    let found = rules.states.iter().find_map(|rule| matches(rule, &rows[..used], span, title));
    let waits = |rule: &&StateRule| rule.state == ScreenState::Queued;
    // Also where an earlier rule decides: a message may wait behind a question.
    let queued = rules.states.iter().filter(waits).any(|rule| matches(rule, &rows[..used], span, title).is_some());
    let open = |rule: &&StateRule| rule.undecided;
    let undecided = rules.states.iter().filter(open).any(|rule| matches(rule, &rows[..used], span, title).is_some());
    let mark = || last_mark(rules, &rows[..span?.0]);
    // What the screen shows now comes before what the conversation says of the turn that ended.
    let found = match found {
        None => mark(),
        // Behind a model that does not answer a queue waits for ever.
        Some((ScreenState::Queued, reason)) => {
            let fails =
                |state: &ScreenState| matches!(state, ScreenState::Login | ScreenState::Limit | ScreenState::Failing);
            Some(mark().filter(|(state, _)| fails(state)).unwrap_or((ScreenState::Queued, reason)))
        }
        found => found,
    };
    let is_dialog = matches!(found, Some((ScreenState::Dialog, _)));
    // A dialog has the keys: what still looks like a composer beside it takes nothing.
    let composer = span.filter(|_| !is_dialog).map(|span| composer(rules, (rows, whole), span, cursor));
    let above = rows[..span.map_or(used, |(top, _)| top)].iter().map(|row| row.text.clone()).collect();
    let (state, reason) = match (found, &composer) {
        (Some(found), _) => found,
        (None, Some(composer)) if composer.is_empty() => (ScreenState::Ready, "its composer waits".to_owned()),
        (None, Some(_)) => (ScreenState::Draft, "a draft stands in its composer".to_owned()),
        (None, None) => (ScreenState::Unknown, "shows nothing that is known of it".to_owned()),
    };
    let dialog = if is_dialog { question(rules, &rows[..used]) } else { None };
    let (dialog, question) = dialog.map_or_else(Default::default, |(which, rows)| (Some(which), rows));
    ScreenFacts { state, reason, queued, undecided, composer, question, dialog, cursor, above }
}

/// Which kind of dialog is on the screen, and its rows from its beginning on; none when that is not there.
fn question(rules: &Rules, rows: &[PaintedRow]) -> Option<(usize, Vec<ShownRow>)> {
    let begins = |rule: &DialogRule| {
        let begins = match &rule.begins {
            Some(begins) => rows.iter().rposition(|row| begins.regex.is_match(&row.text))?,
            None => {
                let last = rows.iter().rposition(|row| own(rule, row).is_some())?;
                // One that begins on the first row may begin above it.
                rows[..last].iter().rposition(|row| own(rule, row).is_none())? + 1
            }
        };
        let whole =
            rule.holds.as_ref().is_none_or(|holds| rows[begins..].iter().any(|row| holds.regex.is_match(&row.text)));
        whole.then_some(begins)
    };
    let (which, first) = rules
        .dialogs
        .iter()
        .enumerate()
        .filter_map(|(which, rule)| Some((which, begins(rule)?)))
        // What stands lowest asks now; above it an older one may still be seen.
        .max_by_key(|at| at.1)?;
    let own = rows[first..].iter().filter_map(|row| own(&rules.dialogs[which], row));
    Some((which, own.filter(|row| !row.text.trim().is_empty()).collect()))
}

/// What of a row belongs to a dialog.
fn own(rule: &DialogRule, row: &PaintedRow) -> Option<ShownRow> {
    let row = &row.text;
    match &rule.row {
        None => Some(ShownRow { text: row.clone(), from_start: true, to_end: true }),
        Some(pattern) => {
            let found = pattern.regex.captures(row)?.get(1)?;
            Some(ShownRow {
                text: found.as_str().to_owned(),
                from_start: found.start() == 0,
                to_end: found.end() == row.len(),
            })
        }
    }
}

/// Characters up to the end of the line below the composer, where its rule draws one.
fn edge(rules: &Rules, row: &str) -> Option<usize> {
    if rules.composer.anchor == Anchor::Top {
        return None;
    }
    rules.composer.bottom.regex.find(row).map(|found| row[..found.end()].chars().count())
}

/// First row of the composer, and the row behind its last one.
fn span(rules: &Rules, rows: &[PaintedRow]) -> Option<(usize, usize)> {
    let rule = &rules.composer;
    let lowest = rows.len().saturating_sub(rule.within);
    let is_bottom = |row: &usize| rule.bottom.is_on(&rows[*row], rule.bottom_look);
    let is_top = |row: &usize| rule.top.is_on(&rows[*row], rule.top_look);
    match rule.anchor {
        Anchor::Top => {
            // From the bottom: a conversation may show what looks like a composer.
            let top = (lowest..rows.len()).rev().find(is_top)?;
            let mut ends = (top + 1..rows.len()).filter(is_bottom);
            let bottom = match &rule.footer {
                None => ends.next(),
                Some(footer) => {
                    ends.rev().find(|row| rows.get(row + 1).is_some_and(|row| footer.regex.is_match(&row.text)))
                }
            };
            Some((top, bottom.unwrap_or(rows.len())))
        }
        Anchor::Bottom => {
            let bottom = (lowest..rows.len()).rev().find(is_bottom)?;
            let above = (0..bottom).rev().find(is_top)?;
            Some((above + 1, bottom))
        }
    }
}

/// The state that a rule tells, and why.
fn matches(
    rule: &StateRule,
    rows: &[PaintedRow],
    span: Option<(usize, usize)>,
    title: &str,
) -> Option<(ScreenState, String)> {
    let first = |rows: &[PaintedRow]| {
        rows.iter().find_map(|row| rule.pattern.finds(row, rule.look).map(|said| why(&rule.reason, said)))
    };
    let rows_of = |default: usize| rule.within.unwrap_or(default);
    let reason = match (rule.place, span) {
        (Place::Title, _) => rule.pattern.regex.is_match(title).then(|| rule.reason.clone()),
        (Place::Above, Some((top, _))) => first(&rows[top.saturating_sub(rows_of(ABOVE))..top]),
        (Place::Composer, Some((top, bottom))) => first(&rows[top..bottom]),
        (Place::Below, Some((_, bottom))) => first(&rows[bottom..]),
        (Place::Screen, None) => first(rows),
        (Place::Foot, None) => {
            let last = rows.iter().rev().filter(|row| !row.text.is_empty()).take(rows_of(FOOT));
            last.filter_map(|row| rule.pattern.finds(row, rule.look).map(|said| why(&rule.reason, said))).next()
        }
        _ => None,
    };
    reason.map(|reason| (rule.state, reason))
}

/// The state that the last mark of the conversation tells.
fn last_mark(rules: &Rules, above: &[PaintedRow]) -> Option<(ScreenState, String)> {
    let mark_of = |row: &PaintedRow| {
        let of = |mark: &Mark| mark.pattern.finds(row, mark.look).map(|said| why(&mark.reason, said));
        rules.marks.iter().find_map(|mark| of(mark).map(|reason| (mark.state, reason)))
    };
    let (state, reason) = above.iter().rev().find_map(mark_of)?;
    // A mark of nothing of note hides the older ones: a turn that went well comes after an error.
    Some((state?, reason))
}

/// A reason, and what the runtime says itself.
fn why(reason: &str, said: Option<&str>) -> String {
    match said.map(str::trim).filter(|said| !said.is_empty()) {
        Some(said) if said.chars().count() > SAID_CHARS => {
            format!("{reason}: {}\u{2026}", said.chars().take(SAID_CHARS - 1).collect::<String>())
        }
        Some(said) => format!("{reason}: {said}"),
        None => reason.to_owned(),
    }
}

fn composer(
    rules: &Rules,
    (rows, whole): (&[PaintedRow], &[PaintedRow]),
    (top, bottom): (usize, usize),
    cursor: (u16, u16),
) -> Composer {
    let rule = &rules.composer;
    let shown = |(row, whole): (&PaintedRow, &PaintedRow)| ShownRow {
        text: row.text.clone(),
        from_start: true,
        to_end: row.text.len() == whole.text.len(),
    };
    let shown =
        rows[top..bottom].iter().zip(&whole[top..bottom]).map(shown).filter(|row| !row.text.is_empty()).collect();
    let mut lines: Vec<&str> = rows[top..bottom].iter().map(|row| row.text.as_str()).collect();
    if rule.last_line_is_status {
        // The status line and the blank one above it are no text.
        let last = lines.iter().rposition(|line| !cut(rule.margin.regex.find(line), line).trim().is_empty());
        lines.truncate(last.unwrap_or(0));
    }
    let text_of = |line| {
        let text = cut(rule.margin.regex.find(line), line);
        let end =
            rule.scrolled.as_ref().and_then(|sign| sign.regex.find(text)).map_or(text.len(), |found| found.start());
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
    let at_start = is_at_start(rules, rows, row, cursor);
    let placeholder = rule.placeholder.as_ref().is_some_and(|pattern| pattern.regex.is_match(&text))
        && at_start
        && rule
            .placeholder_look
            .is_none_or(|look| behind_cursor(&rows[row], cursor).is_some_and(|part| look.is_on(&rows[row], part)));
    let text = if placeholder || only_remains(&text) { String::new() } else { text };
    let paste = rule.pasted.as_ref().and_then(|pattern| pattern.regex.find(text.trim()));
    let (pasted, before_paste) = (paste.is_some(), paste.map_or("", |sign| &text.trim()[..sign.start()]).to_owned());
    // Blanks show by the cursor alone. What is wider for the program than for the terminal moves it out of the composer.
    let inside = (top..bottom).contains(&usize::from(cursor.1));
    let blanks = inside
        && text.is_empty()
        && !placeholder
        && rule.home_row.is_some_and(|home| !is_at_start(rules, rows, top + home, cursor));
    Composer { pasted, before_paste, blanks, text, row, rows: shown }
}

/// What of a row stands behind the sign under the cursor, which the cursor may draw in its own way.
fn behind_cursor(row: &PaintedRow, cursor: (u16, u16)) -> Option<std::ops::Range<usize>> {
    let (first, _) = row.text.char_indices().nth(usize::from(cursor.0) + 1)?;
    Some(first..row.text.len())
}

/// Whether the cursor stands before the text of this row.
fn is_at_start(rules: &Rules, rows: &[PaintedRow], row: usize, cursor: (u16, u16)) -> bool {
    // The row has lost the blanks at its end, which may belong to its margin.
    let line = rows.get(row).map_or("", |row| row.text.as_str());
    let line = format!("{line:<0$}", usize::from(cursor.0));
    let start = line.chars().count() - cut(rules.composer.margin.regex.find(&line), &line).chars().count();
    (usize::from(cursor.0), usize::from(cursor.1)) == (start, row)
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
mod states;
#[cfg(test)]
mod talk;
#[cfg(test)]
mod tests;

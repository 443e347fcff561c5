//! The columns of the agents' list, and the lines that a row of it takes: by the room there is, and what is in it.

use std::sync::Arc;

use super::text;
use crate::fleet::model::{AgentRow, UsageFacts};

/// Columns of glyph, state word and gap: the longest word is "unmanaged".
pub const STATE: usize = 13;

/// Columns of the last hour, and fewer of them where there is little room.
pub const STRIP: usize = 12;
const SHORT_STRIP: usize = 8;

/// Columns of what an agent printed lately, one for each half minute.
pub const OUTPUT: usize = 8;

/// Columns of a duration, which stands at the right of them.
pub const TIME: usize = 4;

/// Columns in front of the state: the mark of the selected row, and the one of what changed.
pub const MARKS: usize = 2;

/// Columns that a reason below its row is set in.
pub const INDENT: usize = 4;

/// Most lines that a reason takes below its row.
const MAX_LINES: usize = 3;

/// Columns that a reason needs to say anything: in fewer it is a word and an ellipsis.
const REASON: usize = 16;

/// Width of a list that has the selected agent's panel beside or below it, where its reason stands whole.
const WITH_PANEL: usize = 50;

/// Columns between two.
const GAP: usize = 2;

/// The widths of the columns that there is room for; 0 is one that is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns {
    /// Name and host.
    pub name: usize,
    /// Whether what the roster calls it stands behind them.
    pub alias: bool,
    /// Role.
    pub class: usize,
    /// Program.
    pub runtime: usize,
    /// The card that it holds.
    pub card: usize,
    /// Tokens that it used, and how full its context is.
    pub tokens: usize,
    /// What it was over the last hour, a column for each piece of it.
    pub strip: usize,
    /// What it printed in the last minutes, a column for each piece of them.
    pub output: usize,
    /// Time since the last output.
    pub idle: usize,
    /// Age of the heartbeat.
    pub beat: usize,
    /// Why, and all the rest of the row.
    pub reason: usize,
}

/// Which column rows stand in the order of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// Who needs the operator most comes first.
    #[default]
    State,
    /// By name.
    Name,
    /// By the card that is held.
    Card,
    /// Who used most comes first.
    Tokens,
    /// Who has been silent longest comes first.
    Idle,
    /// By role.
    Class,
    /// By program.
    Runtime,
}

impl By {
    /// Every order, as they are gone through.
    pub const ALL: [Self; 7] =
        [Self::State, Self::Name, Self::Card, Self::Tokens, Self::Idle, Self::Class, Self::Runtime];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::State => "attention",
            Self::Name => "name",
            Self::Card => "card",
            Self::Tokens => "tokens",
            Self::Idle => "idle",
            Self::Class => "class",
            Self::Runtime => "runtime",
        }
    }

    /// Returns whether the largest comes first.
    #[must_use]
    pub fn falls(self) -> bool {
        matches!(self, Self::State | Self::Tokens | Self::Idle)
    }
}

/// Which strips there is something for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strips {
    /// Whether anything is known of the last hour.
    pub hour: bool,
    /// Whether anything was printed lately.
    pub output: bool,
}

/// The widest of what rows hold, column by column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Widest {
    name: usize,
    /// With what the roster calls it, where it calls any of them so.
    aliased: usize,
    class: usize,
    runtime: usize,
    card: usize,
    tokens: usize,
    strips: Strips,
}

impl Widest {
    /// Measures rows.
    #[must_use]
    pub fn of(rows: &[Arc<AgentRow>], strips: Strips) -> Self {
        let longest = |pick: fn(&AgentRow) -> usize| rows.iter().map(|row| pick(row)).max().unwrap_or(0);
        Self {
            name: longest(|agent| wide(agent, false)),
            aliased: longest(|agent| if agent.alias.is_some() { wide(agent, true) } else { 0 }),
            class: longest(|agent| text::width(agent.class.as_deref().unwrap_or_default())),
            runtime: longest(|agent| text::width(runtime(agent))),
            card: longest(|agent| text::width(card(agent))),
            tokens: longest(|agent| agent.usage.as_ref().map_or(0, used_width)),
            strips,
        }
    }

    /// The same with these strips as well.
    #[must_use]
    pub fn with(self, strips: Strips) -> Self {
        self.or(Self { strips, ..Self::default() })
    }

    /// The wider of both in each column. A column that comes and goes with what a row holds just now would move all behind
    /// it, and with their room the rows below.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.max(other.name),
            aliased: self.aliased.max(other.aliased),
            class: self.class.max(other.class),
            runtime: self.runtime.max(other.runtime),
            card: self.card.max(other.card),
            tokens: self.tokens.max(other.tokens),
            strips: Strips {
                hour: self.strips.hour || other.strips.hour,
                output: self.strips.output || other.strips.output,
            },
        }
    }
}

impl Columns {
    /// Returns whether the column of an order is shown.
    #[must_use]
    pub fn has(&self, by: By) -> bool {
        match by {
            By::State | By::Name => true,
            By::Card => self.card > 0,
            By::Tokens => self.tokens > 0,
            By::Idle => self.idle > 0,
            By::Class => self.class > 0,
            By::Runtime => self.runtime > 0,
        }
    }

    /// Divides a width among the columns of rows that are so wide.
    #[must_use]
    pub fn of(width: usize, widest: Widest) -> Self {
        let whole = Self::divided(width, widest, true);
        // The selected agent's panel says it as well: it gives way to the reasons of all.
        let narrow = whole.reason < REASON && widest.aliased > 0;
        if narrow { Self::divided(width, widest, false) } else { whole }
    }

    fn divided(width: usize, widest: Widest, alias: bool) -> Self {
        let strips = widest.strips;
        let name = if alias { widest.name.max(widest.aliased) } else { widest.name }.max(5);
        // One very long name must not take the reason's room from all rows.
        let name = name.min((width / 3).clamp(8, 28));
        let class = widest.class.clamp(5, 14);
        let runtime = widest.runtime.clamp(7, 10);
        // Nobody has held one: no column for it.
        let card = if widest.card == 0 { 0 } else { widest.card.clamp(4, 12) };
        let mut left = width.saturating_sub(MARKS + STATE + name + GAP);
        let mut take = |wanted: usize, keep: usize| {
            let fits = wanted > 0 && left >= wanted + GAP + keep;
            left -= if fits { wanted + GAP } else { 0 };
            if fits { wanted } else { 0 }
        };
        // The reason is why the operator looks; it keeps its room before the rest gets any.
        // What is asked for first is dropped last; the second number is what it leaves to the reason at least.
        let idle = take(TIME, 16);
        let card = take(card, 20);
        let strip = if strips.hour { take(STRIP, 22) } else { 0 };
        // Most of an hour is worth more than no strip, and more than the words of those who need nobody: the others'
        // reasons stand below their rows. The newest cells are kept.
        let strip = if strip == 0 && strips.hour { take(SHORT_STRIP, 12) } else { strip };
        let output = if strips.output { take(OUTPUT, REASON) } else { 0 };
        // Nobody says what it used: no column for it.
        let tokens = take(widest.tokens, 22);
        let class = take(class, 24);
        let runtime = take(runtime, 24);
        let beat = take(TIME, 28);
        // A list of words that are all cut says less than how busy each is; a reason that somebody has to read stands
        // below its row, and that of the selected row in its panel.
        let cut = strips.output && output == 0 && width >= WITH_PANEL && (OUTPUT + GAP..REASON).contains(&left);
        if !cut {
            return Self { name, alias, class, runtime, card, tokens, strip, output, idle, beat, reason: left };
        }
        left -= OUTPUT + GAP;
        let strip = if strip > 0 { (strip + left).min(STRIP) } else { 0 };
        Self { name, alias, class, runtime, card, tokens, strip, output: OUTPUT, idle, beat, reason: 0 }
    }

    /// Returns how many lines a reason takes below its row: none where it fits beside.
    #[must_use]
    pub fn lines_below(&self, width: usize, why: &str) -> u16 {
        if text::width_within(why, self.reason).is_some() {
            return 0;
        }
        u16::try_from(below(width, why).len()).unwrap_or(1)
    }
}

/// Returns a reason in lines below its row; what is more than they hold is cut.
#[must_use]
pub fn below(width: usize, why: &str) -> Vec<String> {
    let room = width.saturating_sub(INDENT + 1).max(1);
    // A reason may quote a whole error; only what can be shown is broken into lines.
    let mut lines = text::wrap(text::beginning(why, room * MAX_LINES), room);
    if lines.len() > MAX_LINES {
        // The last line takes all the rest, so that the ellipsis stands where the text is cut and not at a
        // line's end.
        let rest = lines.drain(MAX_LINES - 1..).collect::<Vec<_>>().join(" ");
        lines.push(text::fit(&rest, room));
    }
    lines
}

fn wide(agent: &AgentRow, alias: bool) -> usize {
    name(agent, alias).iter().map(|part| text::width(part)).sum()
}

/// Returns the parts of a name: with its host when that is another one, and what the roster calls it where that is wanted.
#[must_use]
pub fn name(agent: &AgentRow, alias: bool) -> [&str; 6] {
    let [name, at, host] = agent.shown_name_parts();
    match agent.alias.as_ref().filter(|_| alias) {
        Some(alias) => [name, at, host, " (", alias.as_str(), ")"],
        None => [name, at, host, "", "", ""],
    }
}

/// Returns the runtime of an agent; of a session outside of the roster what runs in it.
#[must_use]
pub fn runtime(agent: &AgentRow) -> &str {
    let command = || agent.pane.as_ref().map_or("", |pane| pane.command.as_str());
    agent.runtime.as_deref().unwrap_or_else(command)
}

/// Returns what an agent used, such as `41k 62%`: its tokens, and how full its context is.
#[must_use]
pub fn usage(agent: &AgentRow) -> Option<String> {
    agent.usage.as_ref().map(used)
}

fn used(usage: &UsageFacts) -> String {
    let tokens = usage.tokens().map_or_else(|| "-".to_owned(), amount);
    match usage.context_used_percent {
        // As wide as any, so that the percentages stand below each other.
        Some(percent) => format!("{tokens} {percent:>3.0}%"),
        None => tokens,
    }
}

/// How many characters [`used`] makes, which is asked of every agent at each look.
fn used_width(usage: &UsageFacts) -> usize {
    let tokens = usage.tokens().map_or(1, amount_width);
    match usage.context_used_percent {
        // One that is no number of three digits is written out to be measured.
        Some(percent) if !(0.0..999.0).contains(&percent) => used(usage).len(),
        Some(_) => tokens + " 100%".len(),
        None => tokens,
    }
}

fn amount_width(number: u64) -> usize {
    let digits = |number: u64| number.checked_ilog10().map_or(1, |log| log as usize + 1);
    match number {
        0..1_000 => digits(number),
        1_000..1_000_000 => digits(number / 1_000) + 1,
        1_000_000..10_000_000 => 4,
        10_000_000..1_000_000_000 => digits(number / 1_000_000) + 1,
        _ => digits(number / 1_000_000_000) + 1,
    }
}

/// Returns a number in at most four characters: `999`, `41k`, `1.2M`.
#[must_use]
pub fn amount(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{}k", number / 1_000),
        1_000_000..10_000_000 => format!("{}.{}M", number / 1_000_000, number % 1_000_000 / 100_000),
        10_000_000..1_000_000_000 => format!("{}M", number / 1_000_000),
        _ => format!("{}G", number / 1_000_000_000),
    }
}

/// Returns the card that an agent holds.
#[must_use]
pub fn card(agent: &AgentRow) -> &str {
    agent.claim.as_ref().map_or("", |claim| claim.card.as_str())
}

/// Returns how many lines each row of a list takes, from what it would take below it for its whole reason. A row that
/// needs the operator gets them while the list has room, the selected one always.
#[must_use]
pub fn heights(wanted: impl Iterator<Item = (bool, u16)>, room: usize) -> Vec<u16> {
    let mut used = 0;
    wanted
        .map(|(selected, lines)| {
            let whole = 1 + usize::from(lines);
            // What the operator points at is read in full, even if that pushes others out of view.
            let shown = selected || used + whole <= room;
            used += if shown { whole } else { 1 };
            if shown { 1 + lines } else { 1 }
        })
        .collect()
}

/// Returns the first row of a list such that one row is in view whole, as near to the present first row as may be.
#[must_use]
pub fn first_in_view(heights: &[u16], room: usize, first: usize, at: usize) -> usize {
    let lines = |from: usize, to: usize| heights[from..to].iter().map(|lines| usize::from(*lines)).sum::<usize>();
    // Rows vanish between two frames; the selection may still point behind the last.
    let at = at.min(heights.len().saturating_sub(1));
    let mut first = first.min(at);
    // Never beyond the row itself: one that is taller than the room shows its beginning.
    while first < at && lines(first, at + 1) > room {
        first += 1;
    }
    // No empty lines below the last row while there are rows above.
    while first > 0 && lines(first - 1, heights.len()) <= room {
        first -= 1;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reason_is_never_longer_than_its_lines() {
        assert_eq!(below(20, "no heartbeat"), ["no heartbeat"]);
        let long = "word ".repeat(100);
        let lines = below(40, &long);
        assert_eq!(lines.len(), MAX_LINES);
        assert!(lines.iter().all(|line| text::width(line) <= 35), "{lines:?}");
        assert!(lines[2].ends_with('\u{2026}'));
    }

    #[test]
    fn an_amount_is_short() {
        for (number, want) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1k"),
            (41_999, "41k"),
            (999_999, "999k"),
            (1_250_000, "1.2M"),
            (41_000_000, "41M"),
            (3_000_000_000, "3G"),
        ] {
            assert_eq!(amount(number), want);
            assert_eq!(amount_width(number), want.len(), "{number}");
        }
    }

    #[test]
    fn who_needs_the_operator_gets_the_lines_first() {
        let wanted = [(false, 2), (false, 1), (true, 3), (false, 1)];
        assert_eq!(heights(wanted.into_iter(), 20), [3, 2, 4, 2]);
        assert_eq!(heights(wanted.into_iter(), 4), [3, 1, 4, 1]);
        assert_eq!(heights(wanted.into_iter(), 0), [1, 1, 4, 1]);
    }

    proptest! {
        #[test]
        fn what_was_used_is_as_wide_as_it_is_measured(tokens in any::<Option<u64>>(), percent in any::<Option<f64>>(), known in 0.0..1200.0) {
            for percent in [percent, Some(known), None] {
                let usage = UsageFacts {
                    input_tokens: tokens,
                    context_used_percent: percent,
                    ..UsageFacts::default()
                };
                prop_assert_eq!(used_width(&usage), used(&usage).len());
            }
        }

        #[test]
        fn the_row_is_in_view(heights in prop::collection::vec(1_u16..5, 1..40), room in 4_usize..30, first in 0_usize..50, at in 0_usize..40) {
            let at = at.min(heights.len() - 1);
            let top = first_in_view(&heights, room, first, at);
            let lines: usize = heights[top..=at].iter().map(|lines| usize::from(*lines)).sum();
            prop_assert!(top <= at && lines <= room.max(usize::from(heights[at])));
        }
    }
}

//! Events as lines for people, aligned.

use std::borrow::{Borrow, Cow};

use jiff::tz::TimeZone;

use crate::fleet::activity::{Door, Event, Kind};
use crate::fleet::model::age;
use crate::ui::text;

/// Columns of who and what where lines come one by one and cannot wait for the longest.
const COLUMNS: [usize; 3] = [14, 9, 34];

/// Widest of each where they can.
const MAX_WIDTH: [usize; 3] = [24, 9, 60];

/// Events as lines, as wide as their widest; each at most `width` columns.
pub(in crate::app) fn lines(events: &[impl Borrow<Event>], width: usize) -> Vec<String> {
    let widths: Vec<usize> = (0..3)
        .map(|at| {
            events.iter().map(|event| text::width(cells(event.borrow())[at])).max().unwrap_or(0).min(MAX_WIDTH[at])
        })
        .collect();
    events.iter().map(|event| line(event.borrow(), [widths[0], widths[1], widths[2]], width)).collect()
}

/// One event as a line of its own.
pub(super) fn one(event: &Event, width: usize) -> String {
    line(event, COLUMNS, width)
}

fn cells(event: &Event) -> [&str; 3] {
    [event.subject(), event.kind.word(), &event.what]
}

fn line(event: &Event, widths: [usize; 3], width: usize) -> String {
    let time = event.time().to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut line = time;
    for (cell, width) in cells(event).iter().zip(widths) {
        line.push_str("  ");
        line.push_str(&text::column(cell, width));
    }
    line.push_str("  ");
    line.push_str(&end(event));
    // Cut and not wrapped, as a list is read down its columns; `--json` has all of it.
    text::fit(line.trim_end(), width)
}

/// What became of it, how it came about, how long it took.
pub(super) fn end(event: &Event) -> String {
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    match event.kind {
        // The state stands in front already, and its reason says more.
        Kind::Readiness => parts.push(Cow::Borrowed(event.telling_line())),
        Kind::Card => parts.extend(event.lasted.map(|lasted| Cow::Owned(format!("after {}", short(lasted))))),
        _ if event.good == Some(true) && event.kind == Kind::Action => parts.push(Cow::Borrowed(&event.outcome)),
        _ => parts.extend([event.outcome.as_str(), event.telling_line()].map(Cow::Borrowed)),
    }
    if let Some(door) = event.door.filter(|door| matches!(door, Door::Key | Door::Palette | Door::Shell)) {
        parts.push(Cow::Owned(format!("({})", door.word())));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

fn short(milliseconds: i64) -> String {
    age::short(std::time::Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

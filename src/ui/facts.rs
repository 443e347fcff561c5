//! Facts of the selected agent: their columns, and the lines that a long one takes.

use super::canvas::Brief;
use super::text;
use super::view::{Age, FactLine};
use crate::fleet::model::age::{Coarse, Short};

/// Columns that are left to a fact, however narrow its panel is.
const MIN: usize = 8;

/// The columns of the labels.
pub(super) fn label_columns(lines: &[FactLine]) -> usize {
    lines.iter().map(|line| text::width(&line.label)).max().unwrap_or(0) + 1
}

/// How old a fact is, or how long it lasts, in words.
pub(super) fn told(age: Age) -> Brief {
    match age {
        Age::Ago(time) => Brief::new(Coarse::of(time)),
        Age::Beat(time) => Brief::new(Coarse::of_beat(time)),
        Age::Left(time) => Brief::new(format_args!("{} left", Short(time))),
        Age::Expired(time) => Brief::new(format_args!("expired {}", Short(time))),
    }
}

/// Breaks what does not fit into a panel of so many columns over more lines: the first fact, which says why, or all of them.
#[must_use]
pub fn wrapped(lines: Vec<FactLine>, columns: u16, all: bool) -> Vec<FactLine> {
    let label = label_columns(&lines);
    let mut out = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        let age = line.age.map_or(0, |age| told(age).as_str().len() + 1);
        let room = usize::from(columns).saturating_sub(label + age).max(MIN);
        if (at > 0 && !all) || text::width_within(&line.text, room).is_some() {
            out.push(line);
            continue;
        }
        for (part, text) in text::wrap(&line.text, room).into_iter().enumerate() {
            // Label and age stand beside the first of its lines.
            let first = part == 0;
            let label = if first { line.label.clone() } else { String::new() };
            out.push(FactLine { label, text, age: line.age.filter(|_| first), role: line.role });
        }
    }
    out
}

//! The one table: what was measured, beside what it must be.

use std::time::Instant;

/// What is to hold of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// It stands there to be compared with.
    None,
    /// At most that.
    Most(f64),
    /// At least that.
    Least(f64),
}

/// The table, printed row by row as it is measured.
pub(crate) struct Report {
    begun: Instant,
    missed: Vec<String>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), missed: Vec::new() }
    }

    /// Begins a part of it.
    pub(crate) fn part(&self, name: &str) {
        println!("\n{name}  ({:.0} s)", self.begun.elapsed().as_secs_f64());
    }

    /// Prints a row: a figure with its unit, and its limit in the same one.
    pub(crate) fn row(&mut self, what: &str, value: f64, unit: &str, limit: Limit) {
        let digits = |value: f64| match value.abs() {
            value if value >= 100.0 || value == value.trunc() => format!("{value:.0}"),
            value if value >= 10.0 => format!("{value:.1}"),
            _ => format!("{value:.2}"),
        };
        let (word, met) = match limit {
            Limit::None => (String::new(), true),
            Limit::Most(most) => (format!("<= {}", digits(most)), value <= most),
            Limit::Least(least) => (format!(">= {}", digits(least)), value >= least),
        };
        let verdict = match limit {
            Limit::None => "",
            _ if met => "met",
            _ => "MISSED",
        };
        println!("  {what:<66} {:>9} {unit:<9} {word:<10} {verdict}", digits(value));
        if !met {
            self.missed.push(what.to_owned());
        }
    }

    /// Prints a line that is no figure.
    pub(crate) fn say(&self, text: &str) {
        println!("  {text}");
    }

    /// Ends it; how many figures missed their limit.
    pub(crate) fn end(&self) -> usize {
        println!("\n{:.0} s; {} missed", self.begun.elapsed().as_secs_f64(), self.missed.len());
        for what in &self.missed {
            println!("  missed: {what}");
        }
        self.missed.len()
    }
}

//! What a frame writes, beside what it changes: the program's bytes, read by a terminal of this bench.

use std::num::NonZeroU16;
use std::time::Duration;

use crate::fleet::{Fleet, SIZE};
use crate::live::SETTLED;
use crate::report::{Limit, Report};

/// What a frame begins with, on a terminal that draws it at once.
const BEGIN: &[u8] = b"\x1b[?2026h";

/// Cells that change at least for a frame to count as one of a changed row: fewer are an age that grows.
const A_ROW: usize = 20;

/// The frames of a program's output; what stands before the first is none.
pub(crate) fn frames(raw: &[u8]) -> Vec<&[u8]> {
    let begins: Vec<usize> =
        (0..raw.len().saturating_sub(BEGIN.len() - 1)).filter(|at| raw[*at..].starts_with(BEGIN)).collect();
    let ends = begins.iter().skip(1).copied().chain([raw.len()]);
    begins.iter().zip(ends).map(|(begin, end)| &raw[*begin..end]).collect()
}

/// A terminal that counts what changes in it.
struct Terminal {
    parser: vt100::Parser,
    cells: Vec<(String, String)>,
}

impl Terminal {
    fn new() -> Self {
        let [rows, columns] = [SIZE.1, SIZE.0].map(|cells| NonZeroU16::new(cells).unwrap());
        Self { parser: vt100::Parser::new(rows, columns, 0), cells: Vec::new() }
    }

    /// Takes some output; how many cells differ then, and how many bytes of text they hold.
    fn take(&mut self, bytes: &[u8]) -> (usize, usize) {
        self.parser.process(bytes);
        let screen = self.parser.screen();
        let cell = |row, column| {
            screen.cell(row, column).map_or_else(Default::default, |cell| {
                let style = format!(
                    "{:?} {:?} {} {} {}",
                    cell.fgcolor(),
                    cell.bgcolor(),
                    cell.bold(),
                    cell.inverse(),
                    cell.dim()
                );
                (cell.contents().to_owned(), style)
            })
        };
        let cells: Vec<(String, String)> =
            (0..SIZE.1).flat_map(|row| (0..SIZE.0).map(move |column| (row, column))).map(|(r, c)| cell(r, c)).collect();
        let changed: Vec<usize> = cells
            .iter()
            .zip(&self.cells)
            .filter(|(now, before)| now != before)
            .map(|(now, _)| now.0.len().max(1))
            .collect();
        self.cells = cells;
        (changed.len(), changed.iter().sum())
    }
}

/// An agent begins and ends its work again and again: its row changes, and what tells of it.
pub(crate) fn run(report: &mut Report, length: Duration) {
    let fleet = Fleet::start(20, |at| if at == 7 { "work 2; rest 2; loop" } else { "" });
    report.part("bytes of a frame, 20 agents of which one begins and ends its work");
    let pty = fleet.open();
    pty.wait_text("a000");
    std::thread::sleep(SETTLED);
    let before = pty.raw().len();
    std::thread::sleep(length);
    let raw = pty.raw();
    let mut terminal = Terminal::new();
    terminal.take(&raw[..before]);
    let (mut all, mut rows) = ((0_u32, 0, 0), (0_u32, 0, 0));
    for frame in frames(&raw[before..]) {
        let (cells, text) = terminal.take(frame);
        all = (all.0 + 1, all.1 + frame.len(), all.2 + text);
        if cells >= A_ROW {
            rows = (rows.0 + 1, rows.1 + frame.len(), rows.2 + text);
        }
    }
    let ratio = |(_, bytes, text): (u32, usize, usize)| bytes as f64 / text.max(1) as f64;
    report.row("frames", f64::from(all.0) / length.as_secs_f64(), "/s", Limit::None);
    report.row("all frames: bytes written for each byte of changed cells", ratio(all), "times", Limit::None);
    report.row("frames of a changed row", f64::from(rows.0), "", Limit::Least(1.0));
    report.row("a changed row: bytes written for each byte of changed cells", ratio(rows), "times", Limit::Most(3.0));
}

//! Frames as the bytes that a terminal needs: what it shows, what it is to show, and the difference.
//!
//! Terminals disagree about how wide a cell of more than one code point is: a flag, an emoji with a skin tone, a
//! letter with marks. So behind such a cell the cursor is placed anew, where one comes or goes its row is erased and
//! written anew to its end, and meanwhile nothing wraps into the next row.

use std::io;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};

use super::text;
use crate::fleet::model::Size;

/// Bytes that place the cursor, at least: as few are written in their place.
const LEAP: usize = 6;

/// What a terminal shows.
#[derive(Debug, Default)]
pub struct Paper {
    shown: Buffer,
    next: Buffer,
    /// Where the cursor is, when it is to be seen.
    cursor: Option<Position>,
    /// Whether the terminal may show anything else by now.
    stale: bool,
}

impl Paper {
    /// Creates a terminal of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self { stale: true, ..Self::default() }
    }

    /// Forgets what is shown, so that the next frame draws all of it.
    pub fn forget(&mut self) {
        self.stale = true;
    }

    /// Whether a terminal of this size still shows the last frame.
    #[must_use]
    pub fn is_current(&self, size: Size) -> bool {
        !self.stale && (self.shown.area.width, self.shown.area.height) == (size.width, size.height)
    }

    /// Draws a frame of this size; what it answers is what `draw` answers, with where the cursor is, and the bytes
    /// that bring the terminal there: none when it is there already.
    pub fn frame<T>(&mut self, size: Size, draw: impl FnOnce(&mut Buffer) -> (T, Option<Position>)) -> (T, Vec<u8>) {
        let area = Rect::new(0, 0, size.width, size.height);
        // Terminals move and wrap what they show when their size changes, each in its own way.
        self.stale |= self.shown.area != area;
        self.next.resize(area);
        // The buffer holds the frame before the last one: the two are exchanged, not copied.
        self.next.reset();
        let (answer, cursor) = draw(&mut self.next);
        let mut out = Vec::new();
        // Memory takes whatever is written.
        let _taken = self.bring(area, cursor, &mut out);
        (answer, out)
    }

    /// Writes what brings the terminal to the next frame.
    fn bring(&mut self, area: Rect, cursor: Option<Position>, out: &mut Vec<u8>) -> io::Result<()> {
        let mut changes = Vec::new();
        if std::mem::take(&mut self.stale) {
            // Terminals clear to the present background, so the colour has to go first.
            queue!(changes, ResetColor, Clear(ClearType::All))?;
            self.shown.resize(area);
            // What is known of the terminal now is that it is blank, so only what is not gets written.
            self.shown.reset();
        }
        self.difference(&mut changes)?;
        std::mem::swap(&mut self.shown, &mut self.next);
        // Even an empty update makes a terminal redraw, and behind ssh costs a packet.
        if changes.is_empty() && self.cursor == cursor {
            return Ok(());
        }
        self.cursor = cursor;
        // A terminal that knows no synchronized update ignores it, and would show the cursor run over the
        // screen.
        queue!(out, BeginSynchronizedUpdate, Hide)?;
        out.append(&mut changes);
        if let Some(Position { x, y }) = cursor {
            queue!(out, MoveTo(x, y), Show)?;
        }
        queue!(out, EndSynchronizedUpdate)
    }

    fn difference(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let anew: Vec<Option<u16>> = (0..self.next.area.height).map(|y| self.written_anew_from(y)).collect();
        let from = |y: u16| anew.get(usize::from(y)).copied().flatten();
        let changed = self.shown.diff_iter(&self.next).filter(|(x, y, _)| from(*y).is_none_or(|from| *x < from));
        write(out, self.by_style(changed).into_iter())?;
        for y in 0..self.next.area.height {
            let Some(from) = from(y) else { continue };
            queue!(out, DisableLineWrap, MoveTo(from, y), ResetColor, Clear(ClearType::UntilNewLine))?;
            let mut rest = cells(&self.next, y).filter(|(x, _)| *x >= from).map(|(x, cell)| (x, y, cell)).peekable();
            while rest.peek().is_some() {
                // Up to a cluster, and with it. Each run begins by placing the cursor.
                let mut ended = false;
                write(
                    out,
                    std::iter::from_fn(|| {
                        let next = if ended { None } else { rest.next() };
                        ended = next.is_none_or(|(.., cell)| is_cluster(cell));
                        next
                    }),
                )?;
            }
            queue!(out, EnableLineWrap)?;
        }
        Ok(())
    }

    /// The cells that changed, those of one style together: to change colours takes more bytes than to place the cursor,
    /// and neighbours in a table seldom share theirs. So does a cell between two that did not change: it is written again.
    fn by_style<'a>(&'a self, changed: impl Iterator<Item = (u16, u16, &'a Cell)>) -> Vec<(u16, u16, &'a Cell)> {
        let (mut styles, mut at) = (Vec::new(), 0);
        let mut cells: Vec<_> = changed
            .map(|(x, y, cell)| {
                let style = cell.style();
                if styles.get(at) != Some(&style) {
                    at = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                        styles.push(style);
                        styles.len() - 1
                    });
                }
                (at, x, y, cell)
            })
            .collect();
        cells.sort_by_key(|(style, ..)| *style);
        let mut all: Vec<(u16, u16, &Cell)> = Vec::with_capacity(cells.len());
        for (_, x, y, cell) in cells {
            if let Some(before) = all.last().copied() {
                all.extend(self.between(before, (x, y, cell)));
            }
            all.push((x, y, cell));
        }
        all
    }

    /// What stands between two cells of a row, if to write it takes fewer bytes than to leap over it; else nothing.
    fn between<'a>(
        &'a self,
        (before, row, last): (u16, u16, &'a Cell),
        (x, y, cell): (u16, u16, &'a Cell),
    ) -> impl Iterator<Item = (u16, u16, &'a Cell)> + use<'a> {
        let gap =
            if row == y && last.style() == cell.style() && is_plain(last) { before.saturating_add(1)..x } else { 0..0 };
        let cells = gap.map(move |x| (x, y, &self.next[(x, y)]));
        let mut bytes = 0;
        let is_cheap = cells.clone().all(|(_, _, between)| {
            bytes += between.symbol().len();
            bytes <= LEAP && between.style() == cell.style() && is_plain(between)
        });
        cells.take(if is_cheap { LEAP } else { 0 })
    }

    /// From where on a row is written anew: where a cell of more than one code point came or went.
    fn written_anew_from(&self, y: u16) -> Option<u16> {
        // A wide cell covers the next one as well, where something may have stood before.
        cells(&self.next, y).map(|(x, next)| (x, x + wide(next).max(1))).find_map(|(x, end)| {
            let other = |at: &u16| {
                let (was, is) = (self.shown.cell((*at, y)), self.next.cell((*at, y)));
                // Hardly any cell is one, so what differs is seldom asked.
                (was.is_some_and(is_cluster) || is.is_some_and(is_cluster)) && was != is
            };
            (x..end.min(self.next.area.width)).any(|at| other(&at)).then_some(x)
        })
    }
}

/// Writes cells; none cost nothing.
fn write<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = (u16, u16, &'a Cell)>) -> io::Result<()> {
    let mut cells = cells.peekable();
    // The backend ends each drawing with sequences that reset its colours, also one without a cell.
    if cells.peek().is_none() {
        return Ok(());
    }
    // A backend for each run: the first cell that a new one draws is placed, whatever came before.
    CrosstermBackend::new(out).draw(cells)
}

/// Returns the cells of a row with their columns, without those that a wide one covers.
fn cells(buffer: &Buffer, y: u16) -> impl Iterator<Item = (u16, &Cell)> {
    let mut x = 0;
    std::iter::from_fn(move || {
        let cell = (x < buffer.area.width).then(|| buffer.cell((x, y))).flatten()?;
        let at = x;
        x = x.saturating_add(wide(cell).max(1));
        Some((at, cell))
    })
}

fn wide(cell: &Cell) -> u16 {
    u16::try_from(text::width(cell.symbol())).unwrap_or(1)
}

/// Whether no terminal doubts where the cursor stands behind it.
fn is_plain(cell: &Cell) -> bool {
    !is_cluster(cell) && wide(cell) == 1
}

fn is_cluster(cell: &Cell) -> bool {
    let symbol = cell.symbol();
    symbol.len() > 1 && symbol.chars().nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::{Color, Style};

    fn frame(paper: &mut Paper, lines: &[&str]) -> String {
        let (_, bytes) = paper.frame(Size { width: 12, height: 3 }, |buffer| {
            for (y, line) in (0..).zip(lines) {
                buffer.set_stringn(0, y, line, 12, Style::new());
            }
            ((), None)
        });
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_what_changed_is_written() {
        let mut paper = Paper::new();
        assert!(frame(&mut paper, &["abc", "def"]).contains("\x1b[2J"));
        let bytes = frame(&mut paper, &["abc", "dXf"]);
        assert!(bytes.contains("\x1b[2;2HX") && !bytes.contains('a') && !bytes.contains("\x1b[2J"), "{bytes:?}");
        assert_eq!(frame(&mut paper, &["abc", "dXf"]), "", "nothing moves, nothing is written");
        paper.forget();
        let bytes = frame(&mut paper, &["abc", "dXf"]);
        assert!(bytes.contains("abc") && bytes.contains("\x1b[2J"), "{bytes:?}");
    }

    /// A row in which the columns have colours of their own, as in a table.
    fn table(paper: &mut Paper, rows: [&str; 3]) -> String {
        let (_, bytes) = paper.frame(Size { width: 12, height: 3 }, |buffer| {
            for (y, row) in (0..).zip(rows) {
                for (x, letter) in (0..).zip(row.chars()) {
                    let style = Style::new().fg(if x % 4 < 2 { Color::Rgb(1, 2, 3) } else { Color::Rgb(4, 5, 6) });
                    let style = if x > 7 { style.bold() } else { style };
                    buffer.set_string(x, y, letter.to_string(), style);
                }
            }
            ((), None)
        });
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_colour_is_said_once_and_every_cell_gets_its_own() {
        let (before, after) =
            (["aabbaabbaabb", "aabbaabbaabb", "same row 123"], ["xxbyxabyxaby", "axyybxzzayby", "same row 123"]);
        let mut paper = Paper::new();
        let terminal = |frames: &[String]| {
            let mut parser = vt100::Parser::new(3.try_into().unwrap(), 12.try_into().unwrap(), 0);
            frames.iter().for_each(|frame| parser.process(frame.as_bytes()));
            let cell = |at: u16| {
                let cell = parser.screen().cell(at / 12, at % 12).unwrap();
                (cell.contents().to_owned(), cell.fgcolor(), cell.bgcolor(), cell.bold())
            };
            (0..36).map(cell).collect::<Vec<_>>()
        };
        let frames = [table(&mut paper, before), table(&mut paper, after)];
        assert_eq!(terminal(&frames), terminal(&[table(&mut Paper::new(), after)]));
        let colours = frames[1].matches("38;2;").count();
        assert_eq!(colours, 4, "two colours, each also bold: {:?}", frames[1]);
        assert!(!frames[1].contains("same"));
    }

    #[test]
    fn a_cell_between_two_that_changed_is_written_again_where_that_is_shorter() {
        let mut paper = Paper::new();
        frame(&mut paper, &["abcdefghijkl"]);
        let bytes = frame(&mut paper, &["XbYdefghijkZ"]);
        assert!(bytes.contains("XbY") && bytes.contains("\x1b[1;12HZ"), "{bytes:?}");
    }

    #[test]
    fn behind_a_cell_of_several_code_points_the_cursor_is_placed_anew_and_the_row_written_to_its_end() {
        for cluster in
            ["\u{1f1e9}\u{1f1ea}", "\u{1f44b}\u{1f3fd}", "e\u{301}\u{302}", "\u{26a0}\u{fe0f}", "\u{915}\u{94d}"]
        {
            let mut paper = Paper::new();
            frame(&mut paper, &["a b tail", "same"]);
            let bytes = frame(&mut paper, &[&format!("a {cluster} tail"), "same"]);
            let column = 3 + text::width(cluster);
            assert!(bytes.contains("\x1b[1;3H"), "{bytes:?}");
            assert!(bytes.contains(&format!("{cluster}\x1b[39m")), "nothing is written in the same run: {bytes:?}");
            assert!(bytes.contains(&format!("\x1b[1;{column}H tail")), "{bytes:?}");
            assert!(!bytes.contains("same"), "other rows stay: {bytes:?}");
            let gone = frame(&mut paper, &["a b tail", "same"]);
            assert!(gone.contains("\x1b[K") && gone.contains("b tail"), "{gone:?}");
        }
    }

    /// A terminal that takes every code point for a cell of its own width, as the worst do.
    struct Naive {
        /// Characters, and whether the cell is the second half of one.
        rows: Vec<Vec<(char, bool)>>,
    }

    const BLANK: (char, bool) = (' ', false);

    impl Naive {
        /// Overwrites a cell; the other half of what stood there is blank then, as in every terminal.
        fn put(&mut self, x: usize, y: usize, cell: (char, bool)) {
            let Some(row) = self.rows.get_mut(y).filter(|row| x < row.len()) else { return };
            if row[x].1 {
                row[x - 1] = BLANK;
            }
            if row.get(x + 1).is_some_and(|next| next.1) {
                row[x + 1] = BLANK;
            }
            row[x] = cell;
        }

        /// Takes bytes in which only cursor placements and erasures matter.
        fn take(&mut self, bytes: &str) {
            let (mut x, mut y, mut wraps) = (0, 0, true);
            let mut rest = bytes.chars().peekable();
            while let Some(c) = rest.next() {
                if c != '\x1b' {
                    let wide = text::width(c.encode_utf8(&mut [0; 4]));
                    if wraps && x + wide > 12 {
                        (x, y) = (0, y + 1);
                    }
                    (0..wide).for_each(|half| self.put(x + half, y, (c, half > 0)));
                    x += wide;
                    continue;
                }
                rest.next();
                let mut numbers = String::new();
                let last = loop {
                    match rest.next() {
                        Some(c @ ('\x40'..='\x7e')) => break c,
                        Some(c) => numbers.push(c),
                        None => return,
                    }
                };
                match last {
                    'H' => {
                        let (row, column) = numbers.split_once(';').unwrap();
                        (y, x) = (row.parse::<usize>().unwrap() - 1, column.parse::<usize>().unwrap() - 1);
                    }
                    'l' if numbers == "?7" => wraps = false,
                    'h' if numbers == "?7" => wraps = true,
                    'J' => self.rows.iter_mut().flatten().for_each(|cell| *cell = BLANK),
                    'K' => (x..self.rows[y].len()).for_each(|x| self.put(x, y, BLANK)),
                    _ => {}
                }
            }
        }
    }

    proptest! {
        /// Whatever came before, the same frame leaves the same cells, also where a terminal counts otherwise.
        #[test]
        fn nothing_of_an_earlier_frame_remains(
            before in prop::collection::vec("([a-c ]|e\u{301}|日|\u{1f1e9}\u{1f1ea}|\u{1f44b}\u{1f3fd}){0,9}", 3),
            after in prop::collection::vec("([a-c ]|e\u{301}|日|\u{1f1e9}\u{1f1ea}|\u{1f44b}\u{1f3fd}){0,9}", 3),
        ) {
            // In two colours, so that the cells of a row are not written in their order.
            let draw = |paper: &mut Paper, lines: &[String]| {
                let (_, bytes) = paper.frame(Size { width: 12, height: 3 }, |buffer| {
                    for (y, line) in (0..).zip(lines) {
                        buffer.set_stringn(0, y, line, 12, Style::new());
                        for x in (0..12).filter(|x| x % 3 == 0) {
                            buffer[(x, y)].set_fg(Color::Red);
                        }
                    }
                    ((), None)
                });
                String::from_utf8(bytes).unwrap()
            };
            let blank = || Naive { rows: vec![vec![BLANK; 12]; 3] };
            let (mut old, mut fresh) = (blank(), blank());
            let mut paper = Paper::new();
            old.take(&draw(&mut paper, &before));
            old.take(&draw(&mut paper, &after));
            fresh.take(&draw(&mut Paper::new(), &after));
            prop_assert_eq!(old.rows, fresh.rows);
        }
    }
}

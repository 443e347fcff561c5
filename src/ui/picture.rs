//! A frame as a file: escape sequences for a terminal, or an SVG picture.

mod svg;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

pub use svg::svg;

/// The terminal's own sixteen colours, for pictures.
const SIXTEEN: [&str; 16] = [
    "#2a2d34", "#e05f65", "#78b978", "#d9b15f", "#6ba4e7", "#c678dd", "#56b6c2", "#d0d0d0", "#6b7280", "#ff7b85",
    "#98d998", "#f2cf83", "#8fc0ff", "#dd9bf2", "#7fdbe4", "#ffffff",
];

/// Returns the frame with its escape sequences, line by line.
#[must_use]
pub fn ansi(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in rows(buffer) {
        let mut last = String::new();
        for (_, cell) in row {
            let style = sgr(cell);
            if style != last {
                out.push_str(&style);
                last = style;
            }
            out.push_str(cell.symbol());
        }
        // Each line ends in the default style, so that `head` or `grep` on the output cuts no sequence open.
        out.push_str("\x1b[0m\n");
    }
    out
}

/// Returns the frame as text, trailing blanks removed.
#[must_use]
pub fn plain(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in rows(buffer) {
        let line: String = row.map(|(_, cell)| cell.symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Returns the rows of cells with their columns; a cell that a wide character covers is left out.
fn rows(buffer: &Buffer) -> impl Iterator<Item = impl Iterator<Item = (u16, &Cell)>> {
    buffer.content.chunks(usize::from(buffer.area.width.max(1))).map(|row| {
        let mut covered = 0;
        (0_u16..).zip(row).filter(move |(_, cell)| {
            if covered > 0 {
                covered -= 1;
                return false;
            }
            covered = super::text::width(cell.symbol()).saturating_sub(1);
            true
        })
    })
}

fn sgr(cell: &Cell) -> String {
    // Each style begins with a reset: nothing of the cell before has to be taken back one by one.
    let mut codes = vec!["0".to_owned()];
    for (modifier, code) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
    ] {
        if cell.modifier.contains(modifier) {
            codes.push(code.to_owned());
        }
    }
    for (color, base) in [(cell.fg, 30), (cell.bg, 40)] {
        match color {
            Color::Reset => {}
            Color::Rgb(r, g, b) => codes.push(format!("{};2;{r};{g};{b}", base + 8)),
            Color::Indexed(index) => codes.push(format!("{};5;{index}", base + 8)),
            named => codes.extend(sixteen(named).map(|n| {
                // The bright eight have numbers of their own, from 90 and from 100.
                let offset = if n < 8 { base } else { base + 60 - 8 };
                (offset + i32::from(n)).to_string()
            })),
        }
    }
    format!("\x1b[{}m", codes.join(";"))
}

fn sixteen(color: Color) -> Option<u8> {
    Some(match color {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        _ => return None,
    })
}

fn css(color: Color, default: &str) -> String {
    match color {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(index) => indexed(index),
        named => sixteen(named).map_or(default, |n| SIXTEEN[usize::from(n)]).to_owned(),
    }
}

/// xterm's 256 colours: sixteen of the terminal's own, a 6x6x6 cube, 24 greys.
fn indexed(index: u8) -> String {
    match index {
        0..=15 => SIXTEEN[usize::from(index)].to_owned(),
        16..=231 => {
            // xterm's cube is not even: 0, then from 95 in steps of 40.
            let level = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
            let n = index - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        _ => {
            let grey = 8 + (index - 232) * 10;
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

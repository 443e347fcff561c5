//! A frame as an SVG picture: a run of cells of one style is one text, and what a font draws badly is drawn as shapes.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::{css, rows};
use crate::ui::text;

/// Size of one cell, in units of the picture.
const CELL: (u16, u16) = (8, 17);

/// Where the letters of a row stand, below its upper edge.
const BASELINE: u16 = 13;

/// The text and the ground of a frame that says nothing of them: a terminal's own.
const OWN: (&str, &str) = ("#d0d0d0", "#16181d");

/// Returns the frame as an SVG picture, on the ground that its theme is made for; `text` is the colour of cells that
/// have none of their own.
#[must_use]
pub fn svg(buffer: &Buffer, (text, ground): (Color, Color)) -> String {
    let (width, height) = (buffer.area.width * CELL.0, buffer.area.height * CELL.1);
    let own = (css(text, OWN.0), css(ground, OWN.1));
    // A letter of these fonts is 0.602 times as wide as it is high: at this size exactly a cell.
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13.29\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n",
        own.1
    );
    let mut shapes = BTreeMap::new();
    let mut texts = String::new();
    for (y, row) in (0_u16..).zip(rows(buffer)) {
        let cells: Vec<(u16, &Cell, Look)> = row.map(|(x, cell)| (x, cell, Look::of(cell, &own))).collect();
        grounds(&mut out, y, &cells, &own.1);
        lines(&mut shapes, y, &cells);
        letters(&mut texts, y, &cells);
    }
    out.push_str(&texts);
    for ((color, is_line), path) in shapes {
        let how = if is_line { format!("stroke=\"{color}\" fill=\"none\"") } else { format!("fill=\"{color}\"") };
        // Writing to a string cannot fail.
        let _ok = writeln!(out, "<path d=\"{path}\" {how}/>");
    }
    out.push_str("</svg>\n");
    out
}

/// How a cell looks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    text: String,
    ground: String,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell, own: &(String, String)) -> Self {
        let (mut text, mut ground) = (css(cell.fg, &own.0), css(cell.bg, &own.1));
        let modifier = cell.modifier;
        // SVG knows no reversed text.
        if modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut text, &mut ground);
        }
        Self { text, ground, modifier: modifier - Modifier::REVERSED }
    }

    /// Whether two blanks look the same, or two letters do.
    fn writes_as(&self, other: &Self) -> bool {
        self.text == other.text && self.modifier == other.modifier
    }
}

/// Paints the grounds of a row, where they are not the picture's own.
fn grounds(out: &mut String, y: u16, cells: &[(u16, &Cell, Look)], own: &str) {
    for run in cells.chunk_by(|(.., a), (.., b)| a.ground == b.ground) {
        let ([(from, ..), ..], [.., (last, cell, look)]) = (run, run) else { continue };
        if look.ground != own {
            let (x, wide) = (from * CELL.0, (last - from + wide(cell)) * CELL.0);
            let (top, height) = (y * CELL.1, CELL.1);
            let _ok = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{height}\" fill=\"{}\"/>",
                look.ground
            );
        }
    }
}

/// Adds what is drawn as a shape to the paths of its colour: lines as strokes, and blocks filled.
fn lines(shapes: &mut BTreeMap<(String, bool), String>, y: u16, cells: &[(u16, &Cell, Look)]) {
    let same = |a: &(u16, &Cell, Look), b: &(u16, &Cell, Look)| {
        a.1.symbol() == RULE && b.1.symbol() == RULE && a.2.text == b.2.text
    };
    for run in cells.chunk_by(same) {
        let Some((x, cell, look)) = run.first() else { continue };
        let (x, top) = (x * CELL.0, y * CELL.1);
        let at = if let Some(strokes) = strokes(cell.symbol()) {
            let path = shapes.entry((look.text.clone(), true)).or_default();
            if cell.symbol() == RULE {
                // However many stand beside each other: one stroke.
                let wide = u16::try_from(run.len()).unwrap_or(u16::MAX).saturating_mul(CELL.0);
                let _ok = write!(path, "M{x} {}.5h{wide}", top + CELL.1 / 2);
                continue;
            }
            (path, strokes.to_owned())
        } else if let Some(block) = block(cell.symbol()) {
            (shapes.entry((look.text.clone(), false)).or_default(), block)
        } else {
            continue;
        };
        // Each begins in its cell's corner.
        let _ok = write!(at.0, "M{x} {top}{}", at.1);
    }
}

/// The line that goes on from cell to cell.
const RULE: &str = "\u{2500}";

/// Lines of panels from edge to edge of their cell, from its corner on: a font leaves gaps between two of them.
fn strokes(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        RULE => "m0 8.5h8",
        "\u{2502}" => "m4 0v17",
        "\u{256d}" => "m4 17v-4.5q0-4 4-4",
        "\u{256e}" => "m4 17v-4.5q0-4-4-4",
        "\u{2570}" => "m4 0v4.5q0 4 4 4",
        "\u{256f}" => "m4 0v4.5q0 4-4 4",
        "\u{250c}" => "m4 17v-8.5h4",
        "\u{2510}" => "m4 17v-8.5h-4",
        "\u{2514}" => "m4 0v8.5h4",
        "\u{2518}" => "m4 0v8.5h-4",
        "\u{251c}" => "m4 0v17m0-8.5h4",
        "\u{2524}" => "m4 0v17m0-8.5h-4",
        "\u{252c}" => "m0 8.5h8m-4 0v8.5",
        "\u{2534}" => "m0 8.5h8m-4 0v-8.5",
        _ => return None,
    })
}

/// Blocks that fill a part of their cell, from its corner on: a lower part in eighths, or the left half.
fn block(symbol: &str) -> Option<String> {
    let mut letters = symbol.chars();
    let (letter, None) = (letters.next()?, letters.next()) else { return None };
    match letter {
        '\u{2581}'..='\u{2588}' => {
            let eighths = u32::from(letter) - 0x2580;
            let height = (u32::from(CELL.1) * eighths).div_ceil(8);
            Some(format!("m0 {}h8v{height}h-8z", u32::from(CELL.1) - height))
        }
        '\u{258c}' => Some("h4v17h-4z".to_owned()),
        _ => None,
    }
}

/// Writes the letters of a row: what looks the same and stands beside each other is one text.
fn letters(out: &mut String, y: u16, cells: &[(u16, &Cell, Look)]) {
    let mut at = 0;
    while let Some((x, cell, look)) = cells.get(at) {
        let symbol = cell.symbol();
        if symbol.trim().is_empty() || strokes(symbol).is_some() || block(symbol).is_some() {
            at += 1;
            continue;
        }
        // Letters of other scripts may come from a font with other widths: each is placed by itself.
        let mut end = at + 1;
        if is_plain(symbol) {
            while cells
                .get(end)
                .is_some_and(|(_, next, same)| goes_on(next, cells.get(end + 1)) && look.writes_as(same))
            {
                end += 1;
            }
        }
        let run: String = cells[at..end].iter().map(|(_, cell, _)| cell.symbol()).collect();
        let wide = match end - at {
            1 => String::new(),
            // Where the fonts are not there, others are brought to the same width.
            cells => format!(" textLength=\"{}\"", cells * usize::from(CELL.0)),
        };
        let _ok = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" fill=\"{}\"{}{wide}>{}</text>",
            x * CELL.0,
            y * CELL.1 + BASELINE,
            look.text,
            attributes(look.modifier),
            run.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
        );
        at = end;
    }
}

/// Whether a cell can stand within a text: a letter, or a single blank before one.
fn goes_on(cell: &Cell, next: Option<&(u16, &Cell, Look)>) -> bool {
    is_plain(cell.symbol()) || (cell.symbol() == " " && next.is_some_and(|(_, next, _)| is_plain(next.symbol())))
}

fn is_plain(symbol: &str) -> bool {
    matches!(symbol.as_bytes(), [byte] if byte.is_ascii_graphic())
}

fn attributes(modifier: Modifier) -> String {
    let all = [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.6\""),
    ];
    all.iter().filter(|(one, _)| modifier.contains(*one)).map(|(_, attribute)| *attribute).collect()
}

fn wide(cell: &Cell) -> u16 {
    u16::try_from(text::width(cell.symbol()).max(1)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn buffer(lines: &[(&str, Style)]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, u16::try_from(lines.len()).unwrap()));
        for (y, (line, style)) in (0..).zip(lines) {
            buffer.set_stringn(0, y, line, 20, *style);
        }
        buffer
    }

    /// The attribute of an element, as a number.
    fn number(element: &str, name: &str) -> usize {
        let from = element.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        element[from..].split('"').next().unwrap().parse().unwrap()
    }

    /// What the texts of a picture say, each letter in its cell.
    fn read(svg: &str, rows: usize) -> Vec<String> {
        let mut cells = vec![vec![' '; 20]; rows];
        for element in svg.lines().filter(|line| line.starts_with("<text")) {
            let (x, y) = (number(element, "x") / 8, (number(element, "y") - 13) / 17);
            let said = element.split_once('>').unwrap().1.strip_suffix("</text>").unwrap();
            let said = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            for (at, letter) in said.chars().enumerate() {
                cells[y][x + at] = letter;
            }
        }
        cells.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_owned()).collect()
    }

    const OWN_COLORS: (Color, Color) = (Color::Reset, Color::Reset);

    #[test]
    fn each_letter_stands_in_its_cell_and_a_run_of_one_style_is_one_text() {
        let plain = Style::new();
        let lines = ["two words  and <&> \u{25c6}", "\u{25c6} a\u{e9}b", "  x"];
        let svg = svg(&buffer(&lines.map(|line| (line, plain))), OWN_COLORS);
        assert_eq!(read(&svg, 3), lines);
        assert!(svg.contains(">two words</text>") && svg.contains(" textLength=\"72\""), "{svg}");
        assert_eq!(svg.matches("<text").count(), 3 + 4 + 1, "{svg}");
    }

    #[test]
    fn lines_of_panels_are_one_stroke_and_blocks_are_filled() {
        let lines = ["\u{256d}\u{2500}\u{2500}\u{2500}\u{256e}", "\u{2502} \u{2588}\u{2581}\u{258c}"];
        let svg = svg(&buffer(&lines.map(|line| (line, Style::new().fg(Color::Rgb(1, 2, 3))))), OWN_COLORS);
        assert!(!svg.contains("<text"), "{svg}");
        assert_eq!(svg.matches("<path").count(), 2, "{svg}");
        assert!(
            svg.contains("h24") && svg.contains("M16 17m0 0h8v17h-8z") && svg.contains("M24 17m0 14h8v3h-8z"),
            "{svg}"
        );
    }

    #[test]
    fn a_ground_is_painted_where_it_is_not_the_pictures_own() {
        let (text, ground) = (Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255));
        let style = Style::new().bg(ground);
        let light = svg(&buffer(&[("own", style), ("other", style.add_modifier(Modifier::REVERSED))]), (text, ground));
        assert_eq!(light.matches("<rect").count(), 2, "{light}");
        assert!(light.contains("width=\"40\" height=\"17\" fill=\"#000000\""), "{light}");
        assert!(light.contains("fill=\"#ffffff\" textLength=\"40\">other<"), "{light}");
    }
}

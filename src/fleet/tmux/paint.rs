//! The rows of a screen as `capture-pane -e` gives them: text between escape sequences that change its style. Pure.

use crate::fleet::model::{CellColor, CellStyle, PaintedRow};

/// Reads one row. tmux writes changes alone, so the style goes on from row to row.
pub(in crate::fleet) fn row(line: &str, style: &mut CellStyle) -> PaintedRow {
    let mut row = PaintedRow::default();
    let mut rest = line;
    while let Some(at) = rest.find(['\x1b', '\x0e', '\x0f']) {
        row.push(&rest[..at], *style);
        rest = behind(&rest[at..], style);
    }
    row.push(rest, *style);
    row.trim_end();
    row
}

/// What stands behind the control at the beginning of a text; a change of style is made.
fn behind<'a>(text: &'a str, style: &mut CellStyle) -> &'a str {
    if let Some(csi) = text.strip_prefix("\x1b[") {
        let Some(end) = csi.find(|c: char| ('@'..='~').contains(&c)) else { return "" };
        if csi.as_bytes()[end] == b'm' {
            change(&csi[..end], style);
        }
        return &csi[end + 1..];
    }
    if let Some(osc) = text.strip_prefix("\x1b]") {
        // The address of a link.
        let ends = [osc.find('\x07').map(|at| at + 1), osc.find("\x1b\\").map(|at| at + 2)];
        return ends.into_iter().flatten().min().map_or("", |end| &osc[end..]);
    }
    // A character set, or half a sequence: the control alone has no width.
    &text[1..]
}

/// Makes the changes of one sequence.
fn change(sequence: &str, style: &mut CellStyle) {
    // A style of underlining is written `4:3`, its colour `58:...`.
    let mut numbers =
        // A number that is left out is 0: `ESC [ m` takes all styles back.
        sequence.split(';').map(|word| word.split(':').next().and_then(|word| word.parse().ok()).unwrap_or(0));
    while let Some(number) = numbers.next() {
        match number {
            0 => *style = CellStyle::default(),
            1 => style.bold = true,
            2 => style.dim = true,
            3 => style.italic = true,
            4 => style.underline = true,
            7 => style.inverse = true,
            22 => (style.bold, style.dim) = (false, false),
            23 => style.italic = false,
            24 => style.underline = false,
            27 => style.inverse = false,
            30..=37 => style.fg = CellColor::Indexed(number - 30),
            90..=97 => style.fg = CellColor::Indexed(number - 82),
            39 => style.fg = CellColor::Default,
            40..=47 => style.bg = CellColor::Indexed(number - 40),
            100..=107 => style.bg = CellColor::Indexed(number - 92),
            49 => style.bg = CellColor::Default,
            // The colour of an underline is not shown, but its numbers must not be taken for styles.
            38 | 48 | 58 => {
                let color = match numbers.next() {
                    Some(5) => numbers.next().map(CellColor::Indexed),
                    Some(2) => (|| Some(CellColor::Rgb(numbers.next()?, numbers.next()?, numbers.next()?)))(),
                    _ => None,
                };
                match (number, color) {
                    (38, Some(color)) => style.fg = color,
                    (48, Some(color)) => style.bg = color,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(row: &PaintedRow) -> Vec<CellStyle> {
        row.styles(0..row.text.len()).copied().collect()
    }

    #[test]
    fn text_and_style_are_told_apart() {
        let mut style = CellStyle::default();
        let red = CellStyle { fg: CellColor::Indexed(1), ..CellStyle::default() };
        let first =
            row("plain \x1b[31mred \x1b]8;;http://h/\x1b\\link\x1b]8;;\x07\x1b[48;2;1;2;3m x\x1b[49m   ", &mut style);
        assert_eq!(first.text, "plain red link x");
        assert_eq!(styles(&first), [CellStyle::default(), red, CellStyle { bg: CellColor::Rgb(1, 2, 3), ..red }]);
        assert_eq!(first.styles(6..9).copied().collect::<Vec<_>>(), [red]);
        let next = row("goes on\x1b[0;1;38;5;9;4:3;58:2::1:2:3m!\x1b[22;24;39m.", &mut style);
        let bold = CellStyle { bold: true, underline: true, fg: CellColor::Indexed(9), ..CellStyle::default() };
        assert_eq!(styles(&next), [red, bold, CellStyle::default()]);
        assert_eq!(next.first(5).text, "goes");
    }

    #[test]
    fn half_a_sequence_is_no_text() {
        for line in ["a\x1b[", "a\x1b[38;5", "a\x1b]8;;x", "a\x1b", "\x0ea\x0f"] {
            let mut style = CellStyle::default();
            assert_eq!(row(line, &mut style).text, "a", "{line:?}");
        }
        row("\x1b[38;2;1m \x1b[38m \x1b[999;-1;x m", &mut CellStyle::default());
    }
}

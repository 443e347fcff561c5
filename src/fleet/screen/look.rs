//! How a runtime draws its own furniture. What an agent or a person writes is drawn in the colours of text, so a rule that
//! asks for the furniture's never matches the same words in a conversation.

use std::ops::Range;

use serde::Deserialize;

use crate::fleet::model::{CellColor, CellStyle, PaintedRow};

/// How the part of a row must be drawn that a rule has found; every sign of it that is no blank.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    #[serde(default)]
    fg: Option<Ink>,
    #[serde(default)]
    bg: Option<Ink>,
    #[serde(default)]
    bold: Option<bool>,
    #[serde(default)]
    dim: Option<bool>,
    #[serde(default)]
    inverse: Option<bool>,
}

/// A kind of colour. Themes differ, and so do terminals with 16, 256 and all colours; an error is red in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ink {
    /// The terminal's own.
    Plain,
    /// Any other.
    Own,
    /// A clear red.
    Red,
    /// Any that is no grey.
    Vivid,
}

impl Look {
    /// Whether this part of a row is drawn so. A part that shows nothing is not.
    pub(super) fn is_on(&self, row: &PaintedRow, part: Range<usize>) -> bool {
        let mut any = false;
        let all = row.styles(part).all(|style| {
            any = true;
            self.is_of(style)
        });
        any && all
    }

    fn is_of(&self, style: &CellStyle) -> bool {
        let ink = |wanted: Option<Ink>, color: CellColor| match wanted {
            None => true,
            Some(Ink::Plain) => color == CellColor::Default,
            Some(Ink::Own) => color != CellColor::Default,
            Some(Ink::Red) => is_red(color),
            Some(Ink::Vivid) => is_vivid(color),
        };
        let set = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        ink(self.fg, style.fg)
            && ink(self.bg, style.bg)
            && set(self.bold, style.bold)
            && set(self.dim, style.dim)
            && set(self.inverse, style.inverse)
    }
}

/// Least difference between the strongest and the weakest part of a colour that is no grey.
const COLORFUL: i32 = 60;

/// Whether a colour's hue lies between a rose and an orange.
fn is_red(color: CellColor) -> bool {
    let Some((red, green, blue)) = parts(color) else { return false };
    let least = green.min(blue);
    // A hue of -26 to 13 degrees: the reds of the themes in use lie between -20 and 7, the oranges from 18 on.
    let sixth = red - least;
    red > green
        && red > blue
        && sixth >= COLORFUL
        && (green - blue) * 60 >= -26 * sixth
        && (green - blue) * 60 <= 13 * sixth
}

/// Whether a colour is no grey.
fn is_vivid(color: CellColor) -> bool {
    parts(color).is_some_and(|(red, green, blue)| red.max(green).max(blue) - red.min(green).min(blue) >= COLORFUL)
}

/// Red, green and blue; the first 16 as most terminals draw them.
fn parts(color: CellColor) -> Option<(i32, i32, i32)> {
    const STEPS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    Some(match color {
        CellColor::Default => return None,
        CellColor::Rgb(red, green, blue) => (i32::from(red), i32::from(green), i32::from(blue)),
        // White, grey and bright white: greys in every theme.
        CellColor::Indexed(7 | 8 | 15) => (128, 128, 128),
        CellColor::Indexed(n @ 0..=14) => {
            // In the terminals' numbering the bits are red, green and blue, and the bright ones differ from the
            // dark by 8 alone.
            let part = |bit: u8| if n & bit == 0 { 0 } else { 205 };
            (part(1), part(2), part(4))
        }
        CellColor::Indexed(n @ 16..=231) => {
            let n = usize::from(n - 16);
            (STEPS[n / 36], STEPS[n / 6 % 6], STEPS[n % 6])
        }
        CellColor::Indexed(_) => (128, 128, 128),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reds_of_themes_are_red_and_their_neighbours_are_not() {
        let rgb = |n: u32| {
            let part = |shift: u32| u8::try_from(n >> shift & 0xff).unwrap();
            CellColor::Rgb(part(16), part(8), part(0))
        };
        for red in
            [0x00cc_6666, 0x00e0_6c75, 0x00f7_768e, 0x00f3_8ba8, 0x00fb_4934, 0x00ff_5555, 0x00dc_322f, 0x00bf_616a]
        {
            assert!(is_red(rgb(red)), "{red:06x}");
        }
        for other in
            [0x0080_8080, 0x00ff_ffff, 0x00ff_af5f, 0x00ff_ff00, 0x008a_beb7, 0x005f_afff, 0x00b5_bd68, 0x00af_87d7]
        {
            assert!(!is_red(rgb(other)), "{other:06x}");
        }
        for index in [1, 9, 168, 160, 196, 203] {
            assert!(is_red(CellColor::Indexed(index)), "{index}");
        }
        for index in [0, 2, 3, 4, 5, 6, 7, 8, 11, 15, 75, 140, 215, 216, 232, 255] {
            assert!(!is_red(CellColor::Indexed(index)), "{index}");
        }
        assert!(!is_red(CellColor::Default));
    }

    #[test]
    fn greys_are_not_vivid() {
        for index in [1, 3, 9, 153, 174, 211, 220] {
            assert!(is_vivid(CellColor::Indexed(index)), "{index}");
        }
        for index in [0, 7, 8, 15, 16, 59, 231, 244, 246] {
            assert!(!is_vivid(CellColor::Indexed(index)), "{index}");
        }
        assert!(!is_vivid(CellColor::Default) && is_vivid(CellColor::Rgb(255, 193, 7)));
    }

    #[test]
    fn a_look_is_that_of_every_sign() {
        let look: Look = serde_yaml::from_str("{fg: red, bold: false}").unwrap();
        let style = CellStyle { fg: CellColor::Indexed(1), ..CellStyle::default() };
        let mut row = PaintedRow::default();
        row.push("Error:", style);
        row.push("  ", CellStyle::default());
        row.push("500", style);
        assert!(look.is_on(&row, 0..row.text.len()), "blanks have no colour");
        row.push(" said", CellStyle::default());
        assert!(!look.is_on(&row, 0..row.text.len()) && look.is_on(&row, 0..11));
        assert!(!look.is_on(&row, 6..8) && !look.is_on(&row, 3..3), "nothing is shown there");
    }
}

//! What a terminal answers to the question for its background: light or dark. Any other string says nothing.

/// Longest string that is kept for a look: an answer has some twenty bytes.
const MAX: usize = 48;

/// The question (OSC 11). A terminal that does not know it says nothing.
pub(in crate::app) const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";

/// A string that is being read, as far as it may be an answer.
#[derive(Debug, Default)]
pub(super) struct Heard {
    bytes: Vec<u8>,
}

impl Heard {
    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Takes a byte of the string.
    pub(super) fn push(&mut self, byte: u8) {
        // One more than an answer can have makes it none.
        if self.bytes.len() <= MAX {
            self.bytes.push(byte);
        }
    }

    /// Whether the string tells of a light background; `None` if it tells nothing of it.
    pub(super) fn is_light(&self) -> Option<bool> {
        let text = std::str::from_utf8(&self.bytes).ok().filter(|text| text.len() <= MAX)?;
        let color = text.strip_prefix("11;")?;
        let parts = color.strip_prefix("rgb:").or_else(|| color.split_once(':').map(|(_, rest)| rest))?;
        let mut parts = parts.split('/').map(part);
        let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
        // How bright an eye takes it for (Rec. 709).
        Some(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5)
    }
}

/// A part of a colour, from 0 to 1: one to four hexadecimal digits.
fn part(digits: &str) -> Option<f64> {
    let most = 16_u32.checked_pow(u32::try_from(digits.len()).ok().filter(|length| (1..=4).contains(length))?)? - 1;
    Some(f64::from(u32::from_str_radix(digits, 16).ok()?) / f64::from(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_light_or_dark() {
        for (string, light) in [
            ("11;rgb:ffff/ffff/ffff", Some(true)),
            ("11;rgb:1e1e/2a2a/3b3b", Some(false)),
            ("11;rgb:fd/f6/e3", Some(true)),
            ("11;rgba:0000/0000/0000/ffff", Some(false)),
            ("11;?", None),
            ("10;rgb:ffff/ffff/ffff", None),
            ("11;rgb:ffff/ffff", None),
            ("11;rgb:fffff/ffff/ffff", None),
            ("11;rgb:-fff/ffff/ffff", None),
            ("52;c;aGVsbG8=", None),
            ("", None),
        ] {
            let mut heard = Heard::default();
            string.bytes().for_each(|byte| heard.push(byte));
            assert_eq!(heard.is_light(), light, "{string}");
        }
        let mut long = Heard::default();
        "11;rgb:ffff/ffff/ffff".bytes().chain(std::iter::repeat_n(b'x', 1000)).for_each(|byte| long.push(byte));
        assert_eq!(long.is_light(), None);
        assert!(long.bytes.len() <= MAX + 1, "nothing is kept of a string that is none");
    }
}

//! A text that is being typed: one line or several. Pure.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Longest text that is typed into a single line.
const MAX_LINE_CHARS: usize = 500;

/// Bytes of the longest text of several lines: what a message and the body of a card may have.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// How many lines a text may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lines {
    /// One.
    #[default]
    One,
    /// Any number.
    Many,
}

/// The text and where the cursor is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextInput {
    /// The text.
    pub text: String,
    /// Byte at which the next character goes in.
    pub cursor: usize,
    /// How many lines it may hold.
    pub lines: Lines,
}

impl TextInput {
    /// A text, the cursor behind it.
    #[must_use]
    pub fn new(text: &str, lines: Lines) -> Self {
        Self { text: text.to_owned(), cursor: text.len(), lines }
    }

    /// A text of one line, the cursor behind it.
    #[must_use]
    pub fn line(text: &str) -> Self {
        Self::new(text, Lines::One)
    }

    fn has_many(&self) -> bool {
        self.lines == Lines::Many
    }

    /// Takes a key; whether it was one for the text.
    pub fn press(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('j') if control && self.has_many() => self.type_in('\n'),
            KeyCode::Enter if alt && self.has_many() => self.type_in('\n'),
            KeyCode::Char('u') if control => {
                let start = self.line_start();
                self.text.replace_range(start..self.cursor, "");
                self.cursor = start;
            }
            KeyCode::Char('a') if control => self.cursor = self.line_start(),
            KeyCode::Char('e') if control => self.cursor = self.line_end(),
            KeyCode::Char('w') if control => {
                let head = self.text[..self.cursor].trim_end();
                let start = head.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.text.replace_range(start..self.cursor, "");
                self.cursor = start;
            }
            KeyCode::Char(c) if !control && !alt => self.type_in(c),
            KeyCode::Backspace => {
                if let Some(before) = self.before() {
                    self.text.replace_range(before..self.cursor, "");
                    self.cursor = before;
                }
            }
            KeyCode::Delete => {
                let after = self.after();
                self.text.replace_range(self.cursor..after, "");
            }
            KeyCode::Left => self.cursor = self.before().unwrap_or(0),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = self.line_start(),
            KeyCode::End => self.cursor = self.line_end(),
            // Not taken on the first line, so that a form goes to the field above and a
            // message to earlier ones.
            KeyCode::Up if self.has_many() && self.text[..self.cursor].contains('\n') => self.vertical(false),
            KeyCode::Down if self.has_many() && self.text[self.cursor..].contains('\n') => self.vertical(true),
            _ => return false,
        }
        true
    }

    /// Takes a key; whether the text is another one by it.
    pub fn edits(&mut self, key: KeyEvent) -> bool {
        // One key adds characters or takes some away, and never does both.
        let before = self.text.len();
        self.press(key) && self.text.len() != before
    }

    /// Takes pasted text; what a card may not hold is left out. How many characters there was no room for.
    pub fn insert(&mut self, text: &str) -> usize {
        let many = self.has_many();
        // As many bytes are at least as many characters: they are counted only where it matters.
        let near = self.text.len() + text.len() > MAX_LINE_CHARS;
        let room = match (many, near) {
            (true, _) => MAX_TEXT_BYTES.saturating_sub(self.text.len()),
            (false, true) => MAX_LINE_CHARS.saturating_sub(self.text.chars().count()),
            (false, false) => MAX_LINE_CHARS,
        };
        let mut taken = String::with_capacity(text.len());
        let (mut fits, mut cut, mut last) = (room, 0, ' ');
        for c in text.chars() {
            let before = std::mem::replace(&mut last, c);
            let c = match c {
                ' '..='~' => c,
                // One line break, written in two characters.
                '\n' if before == '\r' => continue,
                '\n' | '\r' => {
                    if many {
                        '\n'
                    } else {
                        ' '
                    }
                }
                '\t' if many => c,
                // What is typed is drawn, stored and sent to other terminals: an escape sequence is
                // stopped where it comes in.
                c if crate::fleet::model::acts_on_terminal(c) => continue,
                c => c,
            };
            let takes = if many { c.len_utf8() } else { 1 };
            if fits < takes {
                // A smaller one further on must not stand where this one is missing.
                fits = 0;
                cut += 1;
                continue;
            }
            fits -= takes;
            taken.push(c);
        }
        self.text.insert_str(self.cursor, &taken);
        self.cursor += taken.len();
        cut
    }

    fn type_in(&mut self, c: char) {
        // A full field takes no more, which is to be seen.
        let _cut = self.insert(c.encode_utf8(&mut [0; 4]));
    }

    fn before(&self) -> Option<usize> {
        self.text[..self.cursor].char_indices().next_back().map(|(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at)
    }

    /// To the same column of the line above or below.
    fn vertical(&mut self, down: bool) {
        let column = self.text[self.line_start()..self.cursor].chars().count();
        self.cursor = if down { self.line_end() + 1 } else { self.line_start() - 1 };
        if !down {
            self.cursor = self.line_start();
        }
        let line = &self.text[self.cursor..self.line_end()];
        self.cursor += line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn keys_edit_where_the_cursor_is() {
        let mut line = TextInput::line("añb");
        for code in [KeyCode::Left, KeyCode::Backspace, KeyCode::Char('x'), KeyCode::Home, KeyCode::Delete] {
            assert!(line.press(key(code)));
        }
        assert_eq!((line.text.as_str(), line.cursor), ("xb", 0));
        assert!(!line.press(key(KeyCode::Enter)) && !line.press(key(KeyCode::Up)));
    }

    #[test]
    fn up_and_down_keep_the_column() {
        let mut line = TextInput::new("abc\nd\nefg", Lines::Many);
        line.press(key(KeyCode::Up));
        assert_eq!(line.cursor, 5);
        line.press(key(KeyCode::Up));
        assert_eq!(line.cursor, 1);
        line.press(key(KeyCode::Down));
        assert_eq!(line.cursor, 5);
        assert!(line.press(key(KeyCode::Down)) && !line.press(key(KeyCode::Down)));
    }

    #[test]
    fn pasted_escapes_stay_outside() {
        let mut line = TextInput::default();
        assert_eq!(line.insert("a\u{1b}[31m\r\nb\rc"), 0);
        assert_eq!(line.text, "a[31m b c");
        assert_eq!(line.insert(&"x".repeat(MAX_LINE_CHARS)), "a[31m b c".len(), "what did not fit is told");
    }

    #[test]
    fn a_text_ends_where_its_message_or_its_card_ends() {
        for c in ["x", "\u{e9}", "\u{65e5}", "\u{1f44d}"] {
            let mut line = TextInput::new("a", Lines::Many);
            let (most, fit) = (1 << 20, ((1 << 20) - 1) / c.len());
            let cut = line.insert(&c.repeat(most));
            assert_eq!((line.text.len(), cut), (1 + fit * c.len(), most - fit), "{c}");
            line.text.pop();
            line.cursor = line.text.len();
            assert_eq!(
                line.insert("\u{1f44d}\u{1f44d}z"),
                if c.len() == 4 { 2 } else { 3 },
                "{c}: none stands behind a gap"
            );
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_keys_breaks_it(text in "[aé日\n]{0,9}", keys in prop::collection::vec(0_u8..10, 0..40)) {
            let mut line = TextInput::new(&text, Lines::Many);
            for at in keys {
                let code = [KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down, KeyCode::Home, KeyCode::End,
                    KeyCode::Backspace, KeyCode::Delete, KeyCode::Char('é'), KeyCode::Char('x')][usize::from(at)];
                line.press(key(code));
                prop_assert!(line.text.is_char_boundary(line.cursor));
            }
        }
    }
}

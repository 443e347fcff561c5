//! Markdown as a screen shows it: paragraphs and items of lists as wide as there is room, however wide they were written.
//! What has a shape of its own, such as code and tables, stands as it was written.

use std::borrow::Cow;
use std::iter::Peekable;

use super::text;
use super::view::{Piece, Role};

/// From so many bytes on a paragraph goes on in another one: a body may be a megabyte, of which a screen is shown.
const LONG: usize = 16 << 10;

/// Columns that are left to a text that is set in; with fewer it is not.
const LEAST: usize = 8;

/// Blanks in front of a line that make it code.
const OF_CODE: usize = 4;

/// Digits that the number of an item never has.
const DIGITS: usize = 10;

/// Columns that further lines of a line of columns are set in at most: of a screen of 80 half is left to the last column.
const FAR: usize = 40;

/// A paragraph, an item of a list, a heading, or a line as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it begins with: the mark of an item, or blanks. Its further lines are set in as far.
    mark: String,
    text: String,
    role: Role,
    /// Columns that further lines are set in beyond that.
    hang: usize,
}

impl Block {
    /// A line as it was written.
    #[must_use]
    pub fn as_is(line: impl Into<String>) -> Self {
        Self { mark: String::new(), text: line.into(), role: Role::Plain, hang: 0 }
    }

    /// A line as it was written, which may be an item of a list or have columns: what it is broken into stands below its
    /// last one.
    #[must_use]
    pub fn in_columns(line: &str) -> Self {
        let last = last_column(line);
        Self { mark: line[..last].to_owned(), ..Self::as_is(&line[last..]) }
    }

    fn of(role: Role, mark: String, text: String) -> Self {
        Self { mark, text, role, hang: 0 }
    }

    /// All that it says, with the mark that it begins with.
    #[must_use]
    pub fn whole(&self) -> Cow<'_, str> {
        if self.mark.is_empty() { Cow::Borrowed(&self.text) } else { Cow::Owned(format!("{}{}", self.mark, self.text)) }
    }

    /// It for a popup, which breaks the last piece of a line; `role` is that of what it says, where that is decided elsewhere.
    #[must_use]
    pub fn pieces(&self, role: Option<Role>) -> Vec<Piece> {
        let mark = Some(&self.mark).filter(|mark| !mark.is_empty());
        let mark = mark.map(|mark| Piece::new(mark.as_str(), role.unwrap_or(Role::Plain)));
        mark.into_iter().chain([Piece::new(self.text.as_str(), role.unwrap_or(self.role))]).collect()
    }

    /// It in lines of at most that width.
    #[must_use]
    pub fn lines(&self, width: usize) -> Vec<Piece> {
        let further = text::width(&self.mark) + self.hang;
        let (mark, further) = match further + LEAST > width {
            true => (self.mark.trim_start(), 0),
            false => (self.mark.as_str(), further),
        };
        let parts = text::wrap(&self.text, width.saturating_sub(further.max(text::width(mark))).max(1));
        let line = |(at, part): (usize, String)| {
            let front = if at == 0 { mark.to_owned() } else { " ".repeat(further) };
            Piece::new(front + &part, self.role)
        };
        parts.into_iter().enumerate().map(line).collect()
    }
}

/// Returns the blocks of a text, in order. Blank lines at its beginning, and several in a row, say no more than one.
pub fn blocks(lines: impl Iterator<Item = String>) -> impl Iterator<Item = Block> {
    Reader { lines: lines.peekable(), within: Within::Text, blank: true, item: 0, read: 0 }
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    /// Code, until a line that begins with this.
    Fence(&'static str),
    /// Facts in front of a text: YAML between two lines of dashes.
    Facts,
    /// A remark that is no part of the text.
    Comment,
}

struct Reader<I: Iterator<Item = String>> {
    lines: Peekable<I>,
    within: Within,
    /// Whether the line before was blank, or there is none.
    blank: bool,
    /// Columns that the text of the last item of a list is set in; 0 behind its list.
    item: usize,
    /// Blocks so far that are not blank.
    read: usize,
}

impl<I: Iterator<Item = String>> Iterator for Reader<I> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        loop {
            let line = self.lines.next()?;
            if self.is_edge(&line) {
                self.within = if self.within == Within::Facts { Within::Text } else { Within::Facts };
            } else if self.within != Within::Text || !line.trim().is_empty() {
                self.blank = false;
                self.read += 1;
                return Some(self.block(line));
            }
            if !std::mem::replace(&mut self.blank, true) {
                return Some(Block::as_is(""));
            }
        }
    }
}

impl<I: Iterator<Item = String>> Reader<I> {
    /// Whether a line stands before facts, or behind them: it says nothing itself.
    fn is_edge(&mut self, line: &str) -> bool {
        let is_fact = |line: &String| {
            let name = line.split_once(':').map_or("", |(name, _)| name);
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        line.trim_end() == "---"
            && match self.within {
                Within::Facts => true,
                // Behind a line that says whose they are at most; everywhere else it is a line across.
                Within::Text => self.read <= 1 && self.blank && self.lines.peek().is_some_and(is_fact),
                Within::Fence(_) | Within::Comment => false,
            }
    }

    /// The block that begins with this line.
    fn block(&mut self, line: String) -> Block {
        let trimmed = line.trim();
        match self.within {
            Within::Fence(end) => {
                if trimmed.starts_with(end) {
                    self.within = Within::Text;
                }
                return Block::as_is(line);
            }
            Within::Facts => return Block { role: Role::Quiet, hang: 2, ..Block::as_is(line) },
            Within::Comment => {
                if trimmed.ends_with("-->") {
                    self.within = Within::Text;
                }
                return Block { role: Role::Quiet, ..Block::as_is(line) };
            }
            Within::Text => {}
        }
        let set_in = blanks(&line);
        // Back in the list around this one, or behind all of them.
        self.item = self.item.min(set_in);
        if let Some(fence) = fence(trimmed) {
            self.within = Within::Fence(fence);
            return Block::as_is(line);
        }
        if trimmed.starts_with("<!--") {
            if !trimmed.ends_with("-->") {
                self.within = Within::Comment;
            }
            return Block { role: Role::Quiet, ..Block::as_is(line) };
        }
        if let Some(heading) = heading(trimmed) {
            return Block::of(Role::Strong, String::new(), heading.to_owned());
        }
        if is_drawn(trimmed) || set_in >= self.item + OF_CODE {
            return Block::as_is(line);
        }
        let mark = mark(trimmed);
        if mark > 0 && !trimmed.starts_with('>') {
            self.item = set_in + mark;
        }
        // Blanks of other kinds stand in front of some lines, and are longer than one byte.
        let (mark, first) = (format!("{}{}", " ".repeat(set_in), &trimmed[..mark]), trimmed[mark..].trim_start());
        let quoted = trimmed.starts_with('>');
        let mut text = first.to_owned();
        let mut broken = is_broken(&line);
        while !broken && text.len() < LONG {
            let goes_on = |next: &String| blanks(next) < self.item + OF_CODE && continues(next, self.item > 0, quoted);
            let Some(next) = self.lines.next_if(goes_on) else { break };
            broken = is_broken(&next);
            let more = if quoted { next.trim().trim_start_matches(['>', ' ']) } else { next.trim() };
            text.push(' ');
            text.push_str(more);
        }
        Block::of(Role::Plain, mark, text)
    }
}

/// Where the last column of a line begins, which are apart by two blanks or more: not behind a sentence.
fn last_column(line: &str) -> usize {
    let front = blanks(line);
    let mut last = front + mark(&line[front..]);
    let mut at = last;
    while let Some(gap) = line[at..].find("  ") {
        let (end, next) = (at + gap, at + gap + blanks(&line[at + gap..]));
        if next == line.len() || text::width(&line[..next]) > FAR {
            break;
        }
        if !line[..end].ends_with(['.', '!', '?']) {
            last = next;
        }
        at = next;
    }
    // A line of blanks is none of columns.
    if last == line.len() { 0 } else { last }
}

/// Blanks in front of a line.
fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether a line goes on with the paragraph before it.
fn continues(line: &str, in_list: bool, quoted: bool) -> bool {
    let line = line.trim();
    // A number begins an item where there is a list, or begins one with its first: a year may come to stand in front.
    let begins =
        mark(line) > 0 && (in_list || !line.starts_with(|c: char| c.is_ascii_digit()) || line.starts_with("1. "));
    let is_quoted = line.starts_with('>');
    !line.is_empty()
        && fence(line).is_none()
        && heading(line).is_none()
        && !is_drawn(line)
        && !line.starts_with("<!--")
        && if quoted { is_quoted } else { !begins }
}

/// Whether whoever wrote a line wanted the next one below it.
fn is_broken(line: &str) -> bool {
    line.ends_with("  ") || line.ends_with('\\')
}

/// What ends the code that this line begins.
fn fence(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence))
}

/// The text of a heading.
fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let is_one = (1..=6).contains(&(line.len() - text.len())) && (text.is_empty() || text.starts_with(' '));
    is_one.then(|| text.trim())
}

/// Whether a line is a part of a drawing: a row of a table, or a line across.
fn is_drawn(line: &str) -> bool {
    let across = |of: char| line.chars().all(|c| c == of || c == ' ') && line.matches(of).count() >= 3;
    line.starts_with('|') || ['-', '*', '_', '='].into_iter().any(across)
}

/// Columns of the mark that an item of a list or a quoted text begins with, with the blank behind it.
fn mark(text: &str) -> usize {
    if ["- ", "* ", "+ ", "> "].into_iter().any(|mark| text.starts_with(mark)) {
        return 2;
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let is_number =
        (1..DIGITS).contains(&digits) && (text[digits..].starts_with(". ") || text[digits..].starts_with(") "));
    if is_number { digits + 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(told: &str, width: usize) -> Vec<String> {
        let lines = blocks(told.lines().map(str::to_owned));
        lines.flat_map(|block| block.lines(width)).map(|piece| piece.text).collect()
    }

    #[test]
    fn a_paragraph_is_as_wide_as_there_is_room_however_it_was_written() {
        let told = "\n\nOne two\nthree four\nfive.\n\n\n1. Claim one\n   card.\n2. Go on\n- a b\n  c d\n  - e\n    f\n\n  Of the item\n  above.\n";
        let want = [
            "One two three four",
            "five.",
            "",
            "1. Claim one card.",
            "2. Go on",
            "- a b c d",
            "  - e f",
            "",
            "  Of the item",
            "  above.",
        ];
        assert_eq!(shown(told, 18), want);
        let narrow = ["One two", "three four", "five.", "", "1. Claim", "   one", "   card."];
        assert_eq!(shown(told, 11)[..7], narrow, "set in below where it began");
    }

    #[test]
    fn what_has_a_shape_of_its_own_stands_as_it_was_written() {
        let told = "# Title\nText\nmore\n## 2\n```sh\na \\\n  b\n\n\nc\n```\nand\non\n| a | b |\n| - | - |\ntext\n---\nmore\n\n    code\n    more\n\n<!-- source: X -->\ntext\nhere";
        let want = [
            "Title",
            "Text more",
            "2",
            "```sh",
            "a \\",
            "  b",
            "",
            "",
            "c",
            "```",
            "and on",
            "| a | b |",
            "| - | - |",
            "text",
            "---",
            "more",
            "",
            "    code",
            "    more",
            "",
            "<!-- source: X -->",
            "text here",
        ];
        assert_eq!(shown(told, 40), want);
    }

    #[test]
    fn a_break_that_is_meant_stays_and_a_number_in_a_text_is_no_item() {
        assert_eq!(shown("one  \ntwo\\\nthree\nfour", 40), ["one", "two\\", "three four"]);
        assert_eq!(shown("It was made in\n1986. Since then", 40), ["It was made in 1986. Since then"]);
        assert_eq!(shown("Steps:\n1. one\n2. two", 40), ["Steps:", "1. one", "2. two"]);
        assert_eq!(shown("> said\n> by one\nand so on", 40), ["> said by one", "and so on"]);
    }

    #[test]
    fn facts_in_front_are_no_prose() {
        let told = "---\nclass: code\ntitle: A long title of it\n---\n\n## Mandate\n";
        assert_eq!(shown(told, 16), ["class: code", "title: A long", "  title of it", "", "Mandate"]);
        let with_a_head = format!("code is the framework's\n\n{told}");
        assert_eq!(
            shown(&with_a_head, 40)[..4],
            ["code is the framework's", "", "class: code", "title: A long title of it"]
        );
        let within = "# Title\ntext\n\n---\nnote: what goes on\non the next line\n";
        assert_eq!(shown(within, 40), ["Title", "text", "", "---", "note: what goes on on the next line"]);
        assert_eq!(shown("Title\n---\nnote: text\n", 40), ["Title", "---", "note: text"], "a line below a title");
    }

    #[test]
    fn a_popup_gets_the_mark_of_an_item_apart() {
        let of = |told: &str| blocks(told.lines().map(str::to_owned)).next().unwrap().pieces(None);
        assert_eq!(of("  - a\n    b"), [Piece::new("  - ", Role::Plain), Piece::new("a b", Role::Plain)]);
        assert_eq!(of("a\nb"), [Piece::new("a b", Role::Plain)]);
        assert_eq!(of("## a"), [Piece::new("a", Role::Strong)]);
    }

    #[test]
    fn what_a_line_of_columns_is_broken_into_stands_below_its_last_one() {
        let shown = |line: &str, width: usize| -> Vec<String> {
            Block::in_columns(line).lines(width).into_iter().map(|piece| piece.text).collect()
        };
        assert_eq!(shown("reason       one two three", 22), ["reason       one two", "             three"]);
        assert_eq!(shown("  a1  bob  one two three", 19), ["  a1  bob  one two", "           three"]);
        assert_eq!(shown("  - one two three", 12), ["  - one two", "    three"]);
        assert_eq!(shown("It is so.  One two three", 20), ["It is so.  One two", "three"], "a sentence is no column");
        let far = format!("{}  one two", "x".repeat(FAR));
        assert_eq!(shown(&far, FAR + 6), [format!("{}  one", "x".repeat(FAR)), "two".to_owned()]);
        for line in ["", "   ", "one", "one  ", "\u{3000}  x"] {
            assert_eq!(Block::in_columns(line).whole(), line);
        }
    }

    #[test]
    fn blanks_of_other_kinds_in_front_break_nothing() {
        assert_eq!(shown("\u{3000}- item\n", 20), ["- item"]);
        assert_eq!(shown("\t- item\n", 20), ["- item"]);
    }

    #[test]
    fn of_a_large_text_only_what_is_shown_is_read() {
        let mut read = 0;
        let lines = std::iter::repeat_with(|| "word ".repeat(20)).inspect(|_| read += 1).take(1_000_000);
        let shown: Vec<Piece> = blocks(lines).flat_map(|block| block.lines(40)).take(30).collect();
        assert_eq!(shown.len(), 30);
        assert!(read < 1000, "{read} lines");
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_is_too_wide(told in "([a-z]{1,6}|- |1\\. |\n|  | |\u{3000}|#|>|`|\\|){0,60}", width in 8_usize..50) {
            let words = |text: &str| text.split(|c: char| !c.is_ascii_lowercase()).map(str::to_owned).collect::<String>();
            let lines = shown(&told, width);
            prop_assert_eq!(words(&lines.concat()), words(&told));
            for line in &lines {
                prop_assert!(text::width(line) <= width, "{line:?}");
            }
        }
    }
}

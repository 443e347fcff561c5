//! A patch as git prints it, taken apart. Pure.

use std::path::Path;

use serde::{Serialize, Serializer};

use super::base::{Against, Base};
use crate::fleet::model::{Label, TreeFacts};
use crate::plain::{acts_on_terminal, hides_in_text};

/// Characters of a line that are kept: more is no source code.
const LINE_CHARS: usize = 1000;

/// Lines of a file that are kept.
const FILE_LINES: usize = 3000;

/// Lines that are kept of all files.
const ALL_LINES: usize = 30_000;

/// Columns between two tab stops.
const TAB: usize = 4;

/// What a work tree holds and another state does not.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Diff {
    /// The folder that was asked about.
    pub folder: Label,
    /// The tree as a whole.
    pub tree: TreeFacts,
    /// What it is compared with.
    pub against: Against,
    /// The branch that its own began at, where git knows one.
    pub base: Option<Base>,
    /// Files that git knows, in the order of their names.
    pub files: Vec<FileDiff>,
    /// Names of files and folders that it does not know; `tree` counts all of them.
    pub untracked: Vec<Label>,
    /// Whether git said more than is kept: the last files are missing then.
    pub cut: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Its text.
    Modified,
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
    /// It was made from another one.
    Copied,
    /// Its mode only, or its type.
    Mode,
    /// A merge left it undecided.
    Unmerged,
}

impl Change {
    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Modified => "changed",
            Self::Added => "added",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
            Self::Copied => "copied",
            Self::Mode => "mode",
            Self::Unmerged => "in conflict",
        }
    }
}

/// The change of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Its name within the tree.
    pub path: Label,
    /// The name that it had, where it was another.
    pub was: Option<Label>,
    /// What became of it.
    pub change: Change,
    /// Whether it holds no text.
    pub binary: bool,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// Its lines, as far as they are kept.
    pub lines: Vec<DiffLine>,
    /// How many more there are.
    pub more_lines: u64,
}

/// What a line of a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Where the lines below it stand in the file.
    Place,
    /// The same before and after.
    Same,
    /// New.
    Added,
    /// Gone.
    Removed,
    /// A remark of git.
    Remark,
}

impl LineKind {
    /// The mark in front of such a line.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Same => " ",
            Self::Place | Self::Remark => "",
        }
    }
}

/// One line of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What it is.
    pub kind: LineKind,
    /// Its text, without anything that acts on a terminal, bounded.
    pub text: String,
}

impl Serialize for DiffLine {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}{}", self.kind.mark(), self.text))
    }
}

impl Diff {
    /// The work of its branch that is committed already, and which a comparison with the commit does not show.
    #[must_use]
    pub fn committed(&self) -> Option<&Base> {
        self.base.as_ref().filter(|base| self.against == Against::Commit && base.commits > 0)
    }

    /// The same, with what is known of the whole tree.
    pub(super) fn beside(self, folder: &Path, tree: TreeFacts, untracked: &[String]) -> Self {
        let folder = Label::new(&folder.to_string_lossy());
        Self { folder, tree, untracked: untracked.iter().map(|name| Label::new(name)).collect(), ..self }
    }
}

/// Reads a patch; `is_cut` says that more of it came than was kept, and `undecided` which files a merge left so.
pub(super) fn read(text: &str, is_cut: bool, undecided: &[String]) -> Diff {
    let mut reader = Reader::default();
    text.split_terminator('\n').for_each(|line| reader.take(line));
    reader.mark(undecided);
    Diff { files: reader.files, cut: is_cut, ..Diff::default() }
}

#[derive(Debug, Default)]
struct Reader {
    files: Vec<FileDiff>,
    /// Their names as they are: what is shown of two may be the same.
    names: Vec<String>,
    /// Lines of the old and the new file that the present part still has: inside of it nothing is a header.
    left: (u64, u64),
    kept: usize,
}

impl Reader {
    fn take(&mut self, line: &str) {
        // The lines of a part are counted, since a line of a file may begin as a header does.
        if self.left != (0, 0) || line.starts_with('\\') {
            return self.inside(line);
        }
        if let Some(names) = line.strip_prefix("diff --git ") {
            return self.begin(&same_name(names).unwrap_or_else(|| names.to_owned()), Change::Modified);
        }
        if let Some(name) = line.strip_prefix("* Unmerged path ") {
            return self.begin(&unquoted(name), Change::Unmerged);
        }
        let (Some(file), Some(is)) = (self.files.last_mut(), self.names.last_mut()) else { return };
        let mut named = |file: &mut FileDiff, name: String| {
            file.path = Label::new(&name);
            *is = name;
        };
        if let Some(place) = line.strip_prefix("@@ ") {
            self.left = counts(place).unwrap_or((0, 0));
            let place = format!("@@ {place}");
            return self.keep(LineKind::Place, &place);
        }
        let (word, rest) = HEADERS.iter().find_map(|word| Some((*word, line.strip_prefix(word)?))).unwrap_or(("", ""));
        match word {
            "new file mode " => file.change = Change::Added,
            "deleted file mode " => file.change = Change::Deleted,
            "old mode " => file.change = Change::Mode,
            "rename from " => (file.change, file.was) = (Change::Renamed, Some(Label::new(&unquoted(rest)))),
            "copy from " => (file.change, file.was) = (Change::Copied, Some(Label::new(&unquoted(rest)))),
            "rename to " | "copy to " => named(file, unquoted(rest)),
            // A file of another mode has this line only where its text differs as well.
            "index " if file.change == Change::Mode => file.change = Change::Modified,
            "Binary files " => file.binary = true,
            "+++ " | "--- " => {
                // The name of the side that exists; what follows a tab is none of it.
                if let Some(name) = side(rest) {
                    named(file, name);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, name: &str, change: Change) {
        self.left = (0, 0);
        match self.files.last() {
            // git says of an undecided file that it is one, and then how it differs.
            Some(last) if last.change == Change::Unmerged && self.names.last().is_some_and(|is| is == name) => {}
            _ => self.insert(self.files.len(), name, change),
        }
    }

    fn insert(&mut self, at: usize, name: &str, change: Change) {
        let file = FileDiff {
            path: Label::new(name),
            was: None,
            change,
            binary: false,
            added: 0,
            removed: 0,
            lines: Vec::new(),
            more_lines: 0,
        };
        self.files.insert(at, file);
        self.names.insert(at, name.to_owned());
    }

    /// Says of files that they are undecided: where a work tree is compared, a patch shows them as changed, and those that
    /// hold what the other side has not at all.
    fn mark(&mut self, undecided: &[String]) {
        for name in undecided {
            match self.names.iter().position(|is| is == name) {
                Some(at) => self.files[at].change = Change::Unmerged,
                None => {
                    let at = self.names.iter().position(|is| is > name).unwrap_or(self.names.len());
                    self.insert(at, name, Change::Unmerged);
                }
            }
        }
    }

    fn inside(&mut self, line: &str) {
        let Some(file) = self.files.last_mut() else { return };
        let (kind, text) = match line.as_bytes().first() {
            Some(b'+') => (LineKind::Added, &line[1..]),
            Some(b'-') => (LineKind::Removed, &line[1..]),
            // `\ No newline at end of file` belongs to no side and counts for none.
            Some(b'\\') => (LineKind::Remark, line),
            Some(b' ') => (LineKind::Same, &line[1..]),
            _ => (LineKind::Same, line),
        };
        let (old, new) = self.left;
        match kind {
            LineKind::Added => {
                file.added += 1;
                self.left = (old, new.saturating_sub(1));
            }
            LineKind::Removed => {
                file.removed += 1;
                self.left = (old.saturating_sub(1), new);
            }
            LineKind::Same => self.left = (old.saturating_sub(1), new.saturating_sub(1)),
            LineKind::Place | LineKind::Remark => {}
        }
        self.keep(kind, text);
    }

    fn keep(&mut self, kind: LineKind, text: &str) {
        let Some(file) = self.files.last_mut() else { return };
        if file.lines.len() >= FILE_LINES || self.kept >= ALL_LINES {
            file.more_lines += 1;
            return;
        }
        self.kept += 1;
        file.lines.push(DiffLine { kind, text: shown(text) });
    }
}

/// What lines between two files begin with.
const HEADERS: [&str; 11] = [
    "new file mode ",
    "deleted file mode ",
    "old mode ",
    "rename from ",
    "rename to ",
    "copy from ",
    "copy to ",
    "index ",
    "Binary files ",
    "+++ ",
    "--- ",
];

/// Numbers of old and new lines in `-1,4 +1,6 @@ fn name`.
fn counts(place: &str) -> Option<(u64, u64)> {
    let mut words = place.split(' ');
    let count = |word: &str| word.split_once(',').map_or(Ok(1), |(_, count)| count.parse::<u64>()).ok();
    let old = count(words.next()?.strip_prefix('-')?)?;
    let new = count(words.next()?.strip_prefix('+')?)?;
    Some((old, new))
}

/// The name in `a/NAME b/NAME`, where both are the same.
fn same_name(names: &str) -> Option<String> {
    if names.starts_with('"') {
        return unquoted(names.get(..quoted_end(names)?)?).strip_prefix("a/").map(str::to_owned);
    }
    // Both names are equally long, so the blank between them is in the middle, however
    // many the names hold.
    let half = names.len().checked_sub(1)? / 2;
    let (old, new) = (names.get(..half)?, names.get(half + 1..)?);
    let (old, new) = (old.strip_prefix("a/")?, new.strip_prefix("b/")?);
    (old == new).then(|| old.to_owned())
}

/// The name in `a/NAME`, or `b/NAME`; `None` of a side that does not exist.
fn side(text: &str) -> Option<String> {
    let name = unquoted(text.trim_end_matches('\t'));
    name.strip_prefix("a/").or_else(|| name.strip_prefix("b/")).map(str::to_owned)
}

/// Bytes of the quoted name that a text begins with, with both quotes.
fn quoted_end(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            // A quote behind it is one of the name.
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

/// A name as it is, also where git wrote it in quotes: with the escapes of its `quote.c`.
fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return text.to_owned() };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'a') => 0x07,
            Some(b'b') => 0x08,
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'v') => 0x0b,
            Some(b'f') => 0x0c,
            Some(b'r') => b'\r',
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    match rest.next_if(|next| (b'0'..=b'7').contains(next)) {
                        Some(next) => value = value * 8 + u32::from(next - b'0'),
                        None => break,
                    }
                }
                u8::try_from(value & 0xff).unwrap_or(b'?')
            }
            // A quote or a backslash.
            Some(other) => other,
            None => break,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A line as it can be shown: tabs as blanks, what acts on a terminal or hides in a text as a dot, bounded.
fn shown(text: &str) -> String {
    // The end of a line as Windows writes it is no sign of its own to whoever reads a diff.
    let text = text.strip_suffix('\r').unwrap_or(text);
    let mut out = String::with_capacity(text.len().min(LINE_CHARS));
    for (count, c) in text.chars().enumerate() {
        if count >= LINE_CHARS {
            out.push('\u{2026}');
            break;
        }
        match c {
            '\t' => {
                let column = out.chars().count();
                out.extend(std::iter::repeat_n(' ', TAB - column % TAB));
            }
            c if acts_on_terminal(c) || hides_in_text(c) => out.push('\u{b7}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;

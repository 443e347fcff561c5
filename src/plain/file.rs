//! The one reader of text files that people or other programs write: a byte order mark is no text, what is not
//! UTF-8 is named, what is no file is refused before it can hang or fill the memory, and every read has a limit.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// The byte order mark as UTF-8: some editors put it in front of every file.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a text could not be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The operating system refused.
    Os(io::Error),
    /// It is no file: a folder, a pipe, a device, a socket.
    NoFile(&'static str),
    /// It has more than so many bytes.
    TooLarge(usize),
    /// It is written in another encoding that is known.
    Encoding(&'static str),
    /// It is no UTF-8; the first line that is not.
    NotUtf8(usize),
}

impl Unreadable {
    /// Whether there is nothing of that name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Os(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// The operator's next step.
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self {
            Self::Os(error) if error.kind() == io::ErrorKind::NotFound => "check the name",
            Self::Os(_) => "make it readable",
            Self::NoFile(_) | Self::TooLarge(_) => "check that the path is right",
            Self::Encoding(_) | Self::NotUtf8(_) => "save it as UTF-8 (`iconv` converts it)",
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Os(error) if error.kind() == io::ErrorKind::NotFound => f.write_str("there is no such file"),
            Self::Os(error) => error.fmt(f),
            Self::NoFile(kind) => write!(f, "is {kind}, not a file"),
            Self::TooLarge(most) => write!(f, "is larger than the {most} bytes that are allowed"),
            Self::Encoding(name) => write!(f, "is written in {name}"),
            Self::NotUtf8(line) => write!(f, "is not UTF-8 on line {line}"),
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Os(error)
    }
}

/// Opens a file for reading: a file only, or a link to one. A pipe that nobody writes to does not hold it up.
///
/// # Errors
/// When there is none, it may not be read, or it is something else.
pub fn open(path: &Path) -> Result<File, Unreadable> {
    open_sized(path).map(|(file, _)| file)
}

/// Opens it as [`open`] does, and returns how many bytes it has.
fn open_sized(path: &Path) -> Result<(File, u64), Unreadable> {
    // Opening a pipe that nobody writes to waits otherwise; on a file it has no effect.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| match std::fs::metadata(path) {
        // A socket cannot be opened at all.
        Ok(meta) if !meta.is_file() => Unreadable::NoFile(kind(meta.file_type())),
        _ => Unreadable::Os(error),
    })?;
    // The opened file is asked and not its path, which may be another one by now.
    let meta = file.metadata()?;
    if meta.is_file() { Ok((file, meta.len())) } else { Err(Unreadable::NoFile(kind(meta.file_type()))) }
}

fn kind(of: std::fs::FileType) -> &'static str {
    if of.is_dir() {
        "a folder"
    } else if of.is_fifo() {
        "a pipe"
    } else if of.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Reads a text file of at most so many bytes.
///
/// # Errors
/// When it is no file, too large, or no UTF-8.
pub fn read(path: &Path, most: usize) -> Result<String, Unreadable> {
    let (file, length) = open_sized(path)?;
    // With room for all of it one reading is enough, and one more that finds the end.
    read_into(Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(most) + 1), file, most)
}

/// Opens what an operator names at a shell for one reading: a pipe as well, such as the shell's `<(command)`. One that
/// nobody writes to is waited for. A device has no end; a terminal has one.
///
/// # Errors
/// When there is none, it may not be read, or it is a folder or a device.
pub fn open_given(path: &Path) -> Result<File, Unreadable> {
    let file = File::open(path)?;
    let kind_of = file.metadata()?.file_type();
    let device = kind_of.is_block_device() || (kind_of.is_char_device() && !file.is_terminal());
    if kind_of.is_dir() || device { Err(Unreadable::NoFile(kind(kind_of))) } else { Ok(file) }
}

/// Reads a text of at most so many bytes to its end, from wherever it comes.
///
/// # Errors
/// When it is too large, or no UTF-8.
pub fn read_input(from: impl Read, most: usize) -> Result<String, Unreadable> {
    read_into(Vec::new(), from, most)
}

fn read_into(mut bytes: Vec<u8>, from: impl Read, most: usize) -> Result<String, Unreadable> {
    // One byte more than allowed is enough to refuse it.
    from.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(Unreadable::TooLarge(most)) } else { decode(bytes) }
}

/// The text of some bytes, without a byte order mark.
///
/// # Errors
/// When they are no UTF-8.
pub fn decode(mut bytes: Vec<u8>) -> Result<String, Unreadable> {
    other_encoding(&bytes)?;
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        Unreadable::NotUtf8(before.iter().filter(|byte| **byte == b'\n').count() + 1)
    })
}

/// Takes a byte order mark from the front of a text that is read piece by piece.
///
/// # Errors
/// When it begins in another encoding, or cannot be read.
pub fn skip_mark(from: &mut dyn BufRead) -> Result<(), Unreadable> {
    let start = from.fill_buf()?;
    other_encoding(start)?;
    if start.starts_with(MARK) {
        from.consume(MARK.len());
    }
    Ok(())
}

/// Refuses what begins like UTF-16 or UTF-32, with a mark or, as ASCII in them, with every second byte zero.
fn other_encoding(start: &[u8]) -> Result<(), Unreadable> {
    match start {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(Unreadable::Encoding("UTF-32")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(Unreadable::Encoding("UTF-16")),
        [0, b, 0, d, ..] | [b, 0, d, 0, ..] if *b != 0 && *d != 0 => Err(Unreadable::Encoding("UTF-16")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap_or_else(|why| why.to_string())
    }

    fn utf16(text: &str, mark: bool, big: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn a_mark_is_no_text_and_another_encoding_is_named() {
        assert_eq!(told(b"\xef\xbb\xbfversion: 1\n"), "version: 1\n");
        assert_eq!(told(b""), "");
        assert_eq!(told("\u{e4}\u{feff}".as_bytes()), "\u{e4}\u{feff}");
        for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(told(&utf16("version: 1", mark, big)), "is written in UTF-16", "{mark} {big}");
            let why = skip_mark(&mut utf16("version: 1", mark, big).as_slice()).expect_err("UTF-16");
            assert_eq!(why.to_string(), "is written in UTF-16");
        }
        assert_eq!(told(b"one\ntwo\n\xffx"), "is not UTF-8 on line 3");
        let mut streamed = b"\xef\xbb\xbf{}".as_slice();
        skip_mark(&mut streamed).unwrap();
        assert_eq!(streamed, b"{}");
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from(0o600)).unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, want) in [
            (fifo.as_path(), "is a pipe, not a file"),
            (folder.path(), "is a folder, not a file"),
            (Path::new("/dev/zero"), "is a device, not a file"),
            (socket.as_path(), "is a socket, not a file"),
            (Path::new("/nowhere/at/all"), "there is no such file"),
        ] {
            assert_eq!(read(path, 10).expect_err("refused").to_string(), want);
        }
        assert!(matches!(open_given(folder.path()), Err(Unreadable::NoFile("a folder"))));
        assert!(matches!(open_given(Path::new("/dev/zero")), Err(Unreadable::NoFile("a device"))));
        let long = folder.path().join("long");
        std::fs::write(&long, "eleven byte").unwrap();
        assert!(matches!(read(&long, 10), Err(Unreadable::TooLarge(10))));
        assert_eq!(read(&long, 11).unwrap(), "eleven byte");
        assert!(matches!(read_input(std::io::repeat(b'x'), 10), Err(Unreadable::TooLarge(10))));
    }
}

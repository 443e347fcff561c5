//! Files that lines are appended to for as long as the program is used: each has a bound.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FileType, fstat, ftruncate};

/// Largest log of what the program itself says: a help for the last problem, not an archive.
pub const MAX_SAID: u64 = 1 << 20;

/// Opens a log of what the program says, for its user only.
///
/// # Errors
/// What the file system says.
pub fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    begin_anew(&file, MAX_SAID);
    Ok(file)
}

/// A log that is begun anew past its size, however long its writer lives. It has to be open for appending: what is
/// written after the cut stands at its beginning then.
#[derive(Debug)]
pub struct Bounded<F> {
    file: F,
    most: u64,
}

impl<F: AsFd + Write> Bounded<F> {
    /// Bounds a file that is open for appending.
    pub fn new(file: F, most: u64) -> Self {
        Self { file, most }
    }
}

impl<F: AsFd + Write> Write for Bounded<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        begin_anew(&self.file, self.most);
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Empties a file that has grown too large.
fn begin_anew(file: impl AsFd, most: u64) {
    let large = |stat: &rustix::fs::Stat| {
        // What is redirected into a pipe or to a terminal has no size, and cannot be cut.
        FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && u64::try_from(stat.st_size).is_ok_and(|size| size > most)
    };
    if fstat(&file).is_ok_and(|stat| large(&stat)) {
        // What cannot be emptied is still a log.
        let _grows = ftruncate(&file, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn size(path: &Path) -> u64 {
        fs::metadata(path).map_or(0, |meta| meta.len())
    }

    #[test]
    fn a_log_is_begun_anew_also_while_its_writer_lives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, vec![b'x'; usize::try_from(MAX_SAID).unwrap() + 1]).unwrap();
        let mut log = Bounded::new(open(&path).unwrap(), 1000);
        assert_eq!(size(&path), 0, "it was too large already");
        for at in 0..500 {
            log.write_all(format!("line {at}\n").as_bytes()).unwrap();
            assert!(size(&path) <= 1000 + 10, "{at}");
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("line ") && text.ends_with("line 499\n"), "{text}");
        // What is no file is left alone.
        Bounded::new(io::stderr(), 0).write_all(b"").unwrap();
    }
}

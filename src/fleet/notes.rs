//! What the launch of a runtime told the operator: `<run>/<agent>.notes`, a line each, written whole by the launch itself.
//! What it prints into the pane is gone with the runtime's first screen.

use std::path::Path;

use super::file::{self, Keep};
use super::model::Label;
use crate::plain;

/// A few sentences; a larger file is something else.
const MAX_FILE_BYTES: usize = 16 << 10;

/// Most notes of one launch.
const MAX_NOTES: usize = 16;

/// Writes the notes of a launch in the place of those of the launch before.
///
/// # Errors
/// What the file system says.
pub fn write(path: &Path, notes: &[String]) -> std::io::Result<()> {
    if notes.is_empty() {
        // A launch without a word takes the words of the one before away.
        return forget(path);
    }
    let lines: String = notes.iter().map(|note| format!("{}\n", Label::new(note))).collect();
    file::write_private(path, lines.as_bytes(), Keep::Fleeting)
}

/// Takes the notes of an earlier launch away.
///
/// # Errors
/// What the file system says, but for a file that is not there.
pub fn forget(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads them; none where there is no file that can be read.
#[must_use]
pub fn read(path: &Path) -> Vec<Label> {
    let text = plain::read(path, MAX_FILE_BYTES)
        .inspect_err(|why| {
            if !why.is_missing() {
                tracing::debug!(path = %path.display(), %why, "notes of a launch are not readable");
            }
        })
        .unwrap_or_default();
    text.lines().map(Label::new).filter(|note| !note.is_empty()).take(MAX_NOTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_replaces_what_the_one_before_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.notes");
        write(&path, &["one\ntwo \x1b[31m".to_owned(), "three".to_owned()]).unwrap();
        assert_eq!(read(&path).len(), 2, "a note is one line");
        write(&path, &[]).unwrap();
        assert!(read(&path).is_empty() && !path.exists());
        write(&path, &[]).unwrap();
        std::fs::write(&path, "x\n".repeat(100)).unwrap();
        assert_eq!(read(&path).len(), MAX_NOTES);
        std::fs::write(&path, "x".repeat(MAX_FILE_BYTES + 1)).unwrap();
        assert!(read(&path).is_empty());
    }
}

//! Folders: those that only their user may enter, and what is in one.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes a folder, and those above it, with mode 0700 where it is missing.
///
/// # Errors
/// What the file system says.
pub fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The names of the files in a folder: whoever looks for many, most of which are not there, asks for none in vain.
///
/// # Errors
/// What the file system says.
pub fn names(folder: &Path) -> io::Result<HashSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

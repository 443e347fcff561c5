//! What tells one state of a file from another without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Inode, length and time of writing of a file. Editors write a new file and rename it: the time alone may be the same
/// within one tick of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    ino: u64,
    bytes: u64,
    /// Seconds, and nanoseconds behind them.
    written: (i64, i64),
}

impl Stamp {
    /// Of the file that a path leads to; `None` where there is none that may be asked.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::from)
    }
}

impl From<&Metadata> for Stamp {
    fn from(meta: &Metadata) -> Self {
        Self { ino: meta.ino(), bytes: meta.len(), written: (meta.mtime(), meta.mtime_nsec()) }
    }
}

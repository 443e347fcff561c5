//! Progress of long operations: one line on stderr that renews itself, and only on a terminal.

use std::io::{IsTerminal, Write};

/// The line; dropped, it goes.
pub(in crate::app) struct ProgressLine {
    shown: bool,
    terminal: bool,
}

impl ProgressLine {
    /// A line that shows only where standard error is the command's own.
    pub(in crate::app) fn new(owned: bool) -> Self {
        Self { shown: false, terminal: owned && std::io::stderr().is_terminal() }
    }

    pub(in crate::app) fn tell(&mut self, what: &str, count: u64) {
        if self.terminal {
            self.shown = true;
            // Whoever closed stderr does not want to know.
            let _closed = write!(std::io::stderr(), "\r\x1b[K{count} {what}");
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.shown {
            let _closed = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

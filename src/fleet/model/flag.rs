//! Remarks about a row.

use std::fmt;

use serde::Serialize;

/// One remark about a row; the JSON holds its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Its pane runs another runtime than the roster says.
    Drift,
    /// It does not come back after a reboot.
    Boot,
    /// Its pane is in copy mode.
    CopyMode,
    /// Its session has more panes than its own.
    ExtraPanes,
    /// It lives on another host.
    Remote,
    /// Its host does not answer.
    Unreachable,
    /// It was stopped on purpose.
    Stopped,
    /// systemd claims what the other planes refute.
    Disagree,
    /// The roster does not name it.
    Unmanaged,
    /// What is wrong with it waits for a person.
    Escalated,
}

impl Flag {
    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Boot => "boot",
            Self::CopyMode => "copy_mode",
            Self::ExtraPanes => "extra_panes",
            Self::Remote => "remote",
            Self::Unreachable => "unreachable",
            Self::Stopped => "stopped",
            Self::Disagree => "disagree",
            Self::Unmanaged => "unmanaged",
            Self::Escalated => "escalated",
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

//! SQLite's errors in words.

use std::path::Path;

use rusqlite::{Error as SqlError, ErrorCode};

use super::super::error::{Failure, Kind};
use super::Sqlite;
use super::wait;

impl Sqlite {
    /// Describes an error: what failed, where, and what to do.
    pub(super) fn explain(&self, error: &SqlError) -> Failure {
        explain(&self.path, error)
    }
}

/// Describes an error that came before there was a store.
pub(super) fn explain(path: &Path, error: &SqlError) -> Failure {
    let what = format!("backlog {}", path.display());
    let failed = |why: String, next: &str| Failure::new(Kind::Failed, what, why, next);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => locked(path),
        Some(ErrorCode::DiskFull) => failed("the disk is full; nothing was changed".to_owned(), "free some space"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => failed(
            "the file or its folder cannot be written; nothing was changed".to_owned(),
            "check the rights of the folder, or set MOSAIC_BACKLOG_DIR to another",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Failure {
            kind: Kind::Invalid,
            ..failed(
                format!("is damaged, or is not a database ({}); it was left as it is", first_line(error)),
                "restore it from a backup or an export, or move it away",
            )
        },
        Some(ErrorCode::SystemIoFailure) => {
            failed(format!("input or output failed ({})", first_line(error)), "check the disk")
        }
        _ => failed(first_line(error), "`mosaic-tui backlog doctor` checks the store"),
    }
}

/// Describes a lock that another program keeps.
pub(super) fn locked(path: &Path) -> Failure {
    Failure::new(
        Kind::Failed,
        format!("backlog {}", path.display()),
        format!("is locked by another program for more than {} s", wait::LIMIT.as_secs()),
        "`fuser -v` on that file shows which; try again",
    )
}

fn first_line(error: &SqlError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

//! Where the program's own log goes: a file under the Mosaic home for the dashboard, stderr for
//! keepers (which a supervisor collects), nowhere for commands that only print.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::fleet::home::Site;
use crate::fleet::logfile::{self, Bounded, MAX_SAID};
use crate::fleet::os::lockfile;

/// The dashboard's log file.
#[must_use]
pub(in crate::app) fn path(site: &Site) -> PathBuf {
    site.home.join("log/mosaic-tui.log")
}

/// Logs to the dashboard's file; a folder that cannot be written means no log, never a failure.
pub(in crate::app) fn to_file(site: &Site) {
    let path = path(site);
    let folder = path.parent().map(std::fs::create_dir_all).and_then(Result::ok);
    if let Some(file) = folder.and_then(|()| logfile::open(&path).ok()) {
        let file = Mutex::new(Bounded::new(file, MAX_SAID));
        // On a full disk it would tell of each lost line on standard error, which is the screen.
        let subscriber =
            tracing_subscriber::fmt().with_writer(file).with_ansi(false).log_internal_errors(false).finish();
        // A second call in one process keeps the first log.
        let _already_set = tracing::subscriber::set_global_default(subscriber);
    }
}

/// Logs to stderr.
pub(in crate::app) fn to_stderr() {
    let subscriber =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).finish();
    let _already_set = tracing::subscriber::set_global_default(subscriber);
}

/// Logs to stderr, which is bounded where it is this log of ours: nobody else's file is cut.
pub(in crate::app) fn to_stderr_into(log: &Path) {
    let is_ours =
        std::io::stderr().as_fd().try_clone_to_owned().is_ok_and(|file| lockfile::has_name(&file.into(), log));
    if !is_ours {
        return to_stderr();
    }
    let log = Mutex::new(Bounded::new(std::io::stderr(), MAX_SAID));
    let subscriber = tracing_subscriber::fmt().with_writer(log).with_ansi(false).with_target(false).finish();
    let _already_set = tracing::subscriber::set_global_default(subscriber);
}

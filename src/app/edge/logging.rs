//! Where the program's own log goes: a file under the Mosaic home for the dashboard, stderr for
//! keepers (which a supervisor collects), nowhere for commands that only print.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::fleet::home::Site;

/// The log is begun anew past this size; it is a help for the last problem, not an archive.
const MAX_LOG_BYTES: u64 = 1 << 20;

/// The dashboard's log file.
#[must_use]
pub(in crate::app) fn path(site: &Site) -> PathBuf {
    site.home.join("log/mosaic-tui.log")
}

/// Logs to the dashboard's file; a folder that cannot be written means no log, never a failure.
pub(in crate::app) fn to_file(site: &Site) {
    let path = path(site);
    let large = std::fs::metadata(&path).is_ok_and(|meta| meta.len() > MAX_LOG_BYTES);
    let file = path.parent().map(std::fs::create_dir_all).and_then(Result::ok).and_then(|()| {
        OpenOptions::new().create(true).write(true).truncate(large).append(!large).mode(0o600).open(&path).ok()
    });
    if let Some(file) = file {
        let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(file)).with_ansi(false).finish();
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

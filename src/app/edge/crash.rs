//! Panics: the terminal is given back first, the report goes to a file, its path to the operator.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::terminal;
use crate::fleet::home::Site;
use crate::fleet::pane;

/// Exit status of a crashed program, as Rust's own.
const CRASH_STATUS: i32 = 101;

/// What the name of a report begins with.
const PREFIX: &str = "crash-";

/// Reports that are kept: one is enough to mend a fault, and they hold what was on the screen.
const KEPT: usize = 10;

/// Largest report: a message may hold whatever was worked on.
const MAX_BYTES: usize = 1 << 18;

static CRASHED: AtomicBool = AtomicBool::new(false);

/// Whether something panicked; the terminal is no longer ours then.
pub(crate) fn happened() -> bool {
    CRASHED.load(Ordering::SeqCst)
}

/// Installs the hook.
pub(in crate::app) fn install(site: &Site) {
    let folder = site.home.join("log");
    // Its own installation would print over the screen; only its report is wanted.
    let (reporter, _) = color_eyre::config::HookBuilder::blank().into_hooks();
    std::panic::set_hook(Box::new(move |info| {
        if pane::is_repairing() {
            tracing::error!(%info, "repaired a panic");
            return;
        }
        terminal::restore();
        tell(&folder, info, &reporter.panic_report(info).to_string());
        CRASHED.store(true, Ordering::SeqCst);
        // A panic on a thread of its own would leave a half-dead program behind; one on the main
        // thread unwinds, or is caught by its task, and the event loop asks `happened`.
        if std::thread::current().name() != Some("main") {
            std::process::exit(CRASH_STATUS);
        }
    }));
}

/// Tells the operator, whose terminal it is again.
fn tell(folder: &Path, info: &PanicHookInfo<'_>, report: &str) {
    let text = match write(folder, report) {
        Ok(path) => format!("mosaic-tui: crashed: {}; please report {}", summary(info), path.display()),
        Err(error) => format!("mosaic-tui: crashed: {info}; no report could be written: {error}"),
    };
    // Not `eprintln!`: it panics when nobody listens, and a panic in here aborts without clean-up.
    let _nobody_listens = writeln!(std::io::stderr(), "{text}");
}

fn summary(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no message");
    crate::fleet::model::Label::new(text).to_string()
}

fn write(folder: &Path, report: &str) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    make_room(folder);
    let path = folder.join(format!("{PREFIX}{}.txt", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    // Whatever `RUST_BACKTRACE` says: a crash is seldom seen twice.
    let backtrace = std::backtrace::Backtrace::force_capture();
    let text = format!("mosaic-tui {}\n{report}\n\n{backtrace}\n", env!("MOSAIC_VERSION"));
    file.write_all(&text.as_bytes()[..text.len().min(MAX_BYTES)])?;
    Ok(path)
}

/// Removes the oldest reports, so that one more is as many as are kept.
fn make_room(folder: &Path) {
    let is_report = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(PREFIX);
    let reports = fs::read_dir(folder).into_iter().flatten().flatten().filter(is_report);
    let mut by_age: Vec<_> =
        reports.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    by_age.sort();
    for (_, path) in by_age.iter().rev().skip(KEPT - 1) {
        let _stays = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_reports_are_kept_and_none_is_without_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("mosaic-tui.log");
        fs::write(&other, "").unwrap();
        let names: Vec<_> = (0..3 * KEPT).map(|at| folder.path().join(format!("crash-0{at:02}.txt"))).collect();
        for (age, path) in (0_u64..).zip(names.iter().rev()) {
            let made = std::time::SystemTime::now() - std::time::Duration::from_secs(60 * (age + 1));
            fs::File::create(path).unwrap().set_modified(made).unwrap();
        }
        let newest = write(folder.path(), &"x".repeat(2 * MAX_BYTES)).unwrap();
        let left: Vec<_> = names.iter().filter(|path| path.exists()).collect();
        assert_eq!(left, names[2 * KEPT + 1..].iter().collect::<Vec<_>>(), "the newest");
        assert_eq!(usize::try_from(fs::metadata(newest).unwrap().len()).unwrap(), MAX_BYTES);
        assert!(other.exists());
    }
}

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
    let path = folder.join(format!("crash-{}.txt", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    let backtrace = std::backtrace::Backtrace::force_capture();
    writeln!(file, "mosaic-tui {}\n{report}\n\n{backtrace}", env!("CARGO_PKG_VERSION"))?;
    Ok(path)
}

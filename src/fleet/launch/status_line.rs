//! The status line that a user set up for a runtime themselves: ours stands in its place, and shows what theirs prints.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::fleet::home::Site;
use crate::fleet::os::exec;
use crate::fleet::runtime;
use crate::plain;

/// Most bytes of a file of settings.
const MAX_SETTINGS_BYTES: usize = 1 << 20;

/// Time for a status line; one that takes longer is of an earlier moment.
const LIMIT: Duration = Duration::from_secs(5);

/// Set for the user's own command: where that is this program again, it runs nothing more.
const WITHIN: &str = "MOSAIC_STATUS_LINE";

/// The command of the user's own status line for a runtime that works in a folder; none where they have none, or where
/// this process is already run by it.
#[must_use]
pub fn of_user(site: &Site, runtime: &str, directory: &Path) -> Option<String> {
    if std::env::var_os(WITHIN).is_some() {
        return None;
    }
    let files = runtime::find(runtime)?.launch().status_line();
    files.iter().find_map(|file| command(&super::config_path(site, file, directory)))
}

/// The command in a file of settings.
fn command(path: &Path) -> Option<String> {
    let text = plain::read(path, MAX_SETTINGS_BYTES)
        .inspect_err(|why| {
            if !why.is_missing() {
                tracing::debug!(path = %path.display(), %why, "no status line is read from it");
            }
        })
        .ok()?;
    let all: Value = serde_json::from_str(&text)
        .inspect_err(|error| tracing::debug!(path = %path.display(), %error, "no status line is read from it"))
        .ok()?;
    let line = &all["statusLine"];
    let command = line["command"].as_str().filter(|command| !command.trim().is_empty());
    command.filter(|_| line["type"] == "command").map(str::to_owned)
}

/// What the command prints with this on its standard input, as its runtime would run it; nothing when it fails.
pub async fn shown(command: &str, input: &str) -> String {
    let args: [OsString; 2] = ["-c".into(), command.into()];
    let env = [(WITHIN, OsString::from("1"))];
    match exec::run_with_input(Path::new("/bin/sh"), &args, &env, input.as_bytes(), LIMIT).await {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim_end().to_owned(),
        // As the runtime does: a status line that fails shows nothing.
        Ok(output) => {
            tracing::debug!(status = %output.status, said = output.stderr, "the user's status line failed");
            String::new()
        }
        Err(error) => {
            tracing::debug!(?error, "the user's status line gave nothing");
            String::new()
        }
    }
}

//! Lingering: whether the user manager runs from boot on, without a login (see loginctl(1)).

use std::path::Path;
use std::time::Duration;

use zbus::connection;

use super::BusError;
use super::bus::limited;

/// logind keeps one file per lingering user here.
const FOLDER: &str = "/var/lib/systemd/linger";

/// logind may have to ask polkit.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Whether this user lingers; `None` where no systemd keeps such files.
#[must_use]
pub fn of_this_user() -> Option<bool> {
    let folder = Path::new(FOLDER);
    // logind makes the folder with the first lingering user.
    folder.parent().filter(|parent| parent.exists()).map(|_| folder.join(crate::fleet::home::user_name()).exists())
}

/// The command that an administrator runs for it.
#[must_use]
pub fn command(on: bool) -> String {
    let verb = if on { "enable-linger" } else { "disable-linger" };
    format!("sudo loginctl {verb} {}", crate::fleet::home::user_name())
}

/// Asks logind to turn it on or off for this user.
///
/// # Errors
/// Why it did not: no logind, or no right to.
pub async fn set(on: bool) -> Result<(), BusError> {
    let connection = limited(ANSWER_LIMIT, async { connection::Builder::system().build().await }).await?;
    let user = rustix::process::getuid().as_raw();
    limited(
        ANSWER_LIMIT,
        connection.call_method(
            Some("org.freedesktop.login1"),
            "/org/freedesktop/login1",
            Some("org.freedesktop.login1.Manager"),
            "SetUserLinger",
            // Nobody is asked for a password: the command may run where nobody could answer.
            &(user, on, false),
        ),
    )
    .await
    .map(drop)
}

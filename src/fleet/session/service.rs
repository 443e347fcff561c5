//! The service protocol of systemd, keeper's side (see sd_notify(3)). Without systemd nothing happens.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Whether a service manager waits for word of this process.
pub(super) fn is_managed() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Tells the service manager something, such as `READY=1`.
pub fn tell(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let bytes = path.as_encoded_bytes();
    // An abstract socket's name begins with a zero byte, for which the variable has an `@`.
    let address = match bytes.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&path),
    };
    let told = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
    if let Err(error) = told {
        tracing::warn!(%error, "the service manager was not told {state}");
    }
}

/// How often a sign of life is due: half of what systemd allows.
pub(super) fn watchdog_interval() -> Option<Duration> {
    let allowed: u64 = std::env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    let pid = std::env::var("WATCHDOG_PID").ok();
    // Meant for another process, which only handed its environment on.
    let ours = pid.is_none_or(|pid| pid == std::process::id().to_string());
    (ours && allowed > 0).then(|| Duration::from_micros(allowed / 2))
}

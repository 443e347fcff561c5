//! Opening the dashboard, and running a future to its end: what commands and the demo share.

use super::runtime;
use super::runtime::Options;
use super::{crash, logging};
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::os::exec;

/// Runs a future on a small runtime of its own.
pub(in crate::app) fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("event loop", error.to_string(), "free some memory or file descriptors"))?;
    Ok(runtime.block_on(future))
}

/// Opens the dashboard.
pub(in crate::app) fn dashboard(site: &Site, options: Options) -> Result<u8> {
    // Before the screen is taken, so that it is told in the shell.
    let path = std::env::var("PATH").unwrap_or_default();
    if exec::find_in_path("tmux", &path).is_none() {
        return Err(exec::explain("tmux", &exec::ExecError::Missing));
    }
    logging::to_file(site);
    crash::install(site);
    block_on(runtime::run(site, options))?
}

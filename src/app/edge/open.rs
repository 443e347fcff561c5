//! Opening the dashboard: what the command and the demo share.

use super::reactor::block_on;
use super::runtime;
use super::runtime::Options;
use super::{crash, logging};
use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::os::{exec, heap};

/// Opens the dashboard.
pub(in crate::app) fn dashboard(site: &Site, options: Options) -> Result<u8> {
    // Before the screen is taken, so that it is told in the shell.
    exec::require("tmux")?;
    logging::to_file(site);
    heap::share_one();
    crash::install(site);
    block_on(runtime::run(site, options))?
}

//! Replaces this process by a runtime, so that the runtime is the pane's process.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::Path;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::os::exec;
use crate::fleet::runtime::{self, LaunchOptions};

/// Launches a runtime; returns only when that failed.
///
/// # Errors
/// When the runtime is missing, or cannot be launched without a command of its own.
pub(in crate::app) fn launch(
    site: &Site,
    runtime: &str,
    model: Option<&str>,
    arguments: &[String],
) -> Result<Infallible> {
    let known = runtime::find(runtime).and_then(|known| Some((known.subcommand(), known.launch()?)));
    let Some((subcommand, launch)) = known else {
        return Err(Failure::new(
            Kind::Refused,
            format!("runtime {runtime}"),
            "this version launches only the built-in stub by itself",
            format!("give the agent a `command` in {}", site.roster.display()),
        ));
    };
    let (name, program) = match subcommand {
        Some(_) => ("mosaic-tui", site.program.as_path()),
        None => (runtime, Path::new(runtime)),
    };
    let own = launch.arguments(&LaunchOptions { model, ..LaunchOptions::default() });
    let args: Vec<OsString> =
        subcommand.into_iter().map(str::to_owned).chain(own).chain(arguments.iter().cloned()).map(Into::into).collect();
    let error = exec::replace(program, &args);
    Err(exec::explain(name, &error))
}

//! Replaces this process by a runtime, so that the runtime is the pane's process.

use std::convert::Infallible;
use std::ffi::OsString;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::os::exec;

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
    if runtime != "stub" {
        return Err(Failure::new(
            Kind::Refused,
            format!("runtime {runtime}"),
            "this version launches only the built-in stub by itself",
            format!("give the agent a `command` in {}", site.roster.display()),
        ));
    }
    let mut args: Vec<OsString> = vec!["stub-agent".into()];
    if let Some(model) = model {
        args.extend(["--model".into(), model.into()]);
    }
    args.extend(arguments.iter().map(OsString::from));
    let error = exec::replace(&site.program, &args);
    Err(exec::explain("mosaic-tui", &error))
}

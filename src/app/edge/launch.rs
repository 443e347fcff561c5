//! Replaces this process by a runtime, so that the runtime is the pane's process.

use std::convert::Infallible;
use std::ffi::OsString;

use crate::app::action::program::Launch;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::launch::{self, Request, turn};
use crate::fleet::notes;
use crate::fleet::os::exec;
use crate::fleet::roster::{self, Roster};
use crate::fleet::runtime;
use crate::fleet::session::AGENT_NAME;

/// Launches a runtime; returns only when that failed. `warn` hears what the operator should know.
///
/// # Errors
/// When the runtime or its contract is not there, or an option does not fit it.
pub(in crate::app) fn launch(site: &Site, wanted: &Launch, warn: &dyn Fn(&str)) -> Result<Infallible> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // A runtime that needs no contract needs no roster; neither does one that is started by hand, outside of a fleet.
    let name = variable(AGENT_NAME).filter(|_| !runtime::is_built_in(&wanted.runtime));
    let roster: Option<Roster> = name.as_ref().map(|_| roster::load(site)).transpose()?;
    let agent = roster.as_ref().zip(name.as_deref());
    let agent = agent.map(|(roster, name)| roster.agent(name).map(|agent| (roster, agent))).transpose()?;
    let own = agent.map(|(_, agent)| agent.persona.as_deref().unwrap_or(&agent.class));
    let given = variable("MOSAIC_AGENT_CLASS");
    let directory = std::env::current_dir()
        .map_err(|error| Failure::failed("working directory", error.to_string(), "start it in a folder that exists"))?;
    let request = Request {
        runtime: &wanted.runtime,
        model: wanted.model.as_deref(),
        yolo: wanted.yolo,
        channels: wanted.channels.as_deref(),
        arguments: &wanted.arguments,
        class: own.or(given.as_deref()),
        agent,
        directory: &directory,
    };
    let (program, start) = launch::prepare(site, &request, &std::env::var("PATH").unwrap_or_default())?;
    start.warnings.iter().for_each(|warning| warn(warning));
    let keep = |notes: &[String]| {
        let Some((_, agent)) = agent else { return };
        let path = site.run_file(&agent.name, RunFile::Notes);
        // No reason not to start: the pane has them too, until the runtime draws.
        if let Err(error) = notes::write(&path, notes) {
            warn(&format!("{}: {error}; the dashboard will not show what was warned of", path.display()));
        }
    };
    if let Some(apart) = runtime::find(&wanted.runtime).and_then(|known| known.launch().start_apart()) {
        match turn::take(site, &wanted.runtime, apart) {
            Ok(wait) if wait.is_zero() => {}
            Ok(wait) => {
                let told = format!(
                    "it waits up to {:.0} s for its turn to start: starts of {} stand {} s apart, because several at once disturb each other",
                    wait.as_secs_f64().ceil(),
                    wanted.runtime,
                    apart.as_secs()
                );
                warn(&told);
                keep(&[&[told], start.warnings.as_slice()].concat());
                std::thread::sleep(wait);
            }
            // One that starts beside others may be slow, and is better than none.
            Err(failure) => warn(&failure.to_string()),
        }
    }
    keep(&start.warnings);
    let args: Vec<OsString> = start.args.into_iter().map(Into::into).collect();
    let env: Vec<(&str, OsString)> = start.env.iter().map(|(name, value)| (name.as_str(), value.into())).collect();
    let error = exec::replace(&program, &args, &env);
    Err(exec::explain(&wanted.runtime, &error))
}

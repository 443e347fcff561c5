//! The dashboard steps aside for an agent's pane: the same command as in a shell, on the same terminal.

use serde_json::json;

use super::on_terminal::{self, Ended};
use super::signals::Signals;
use crate::app::action::error::FAILED;
use crate::app::action::registry::Door;
use crate::app::action::report::Report;
use crate::fleet::home::Site;
use crate::fleet::os::exec;
use crate::fleet::roster;

/// Set for the command that a key runs, which leaves the event of it: by which door it was asked for.
const DOOR: &str = "MOSAIC_DOOR";

/// What it is set to.
const KEY: &str = "key";

/// The door by which this process was asked to take a pane over.
pub(in crate::app) fn door() -> Door {
    if std::env::var_os(DOOR).is_some_and(|door| door == KEY) { Door::Key } else { Door::Shell }
}

/// Runs `agent attach` until it is left.
pub(in crate::app) async fn run(site: &Site, name: &str, signals: &mut Signals) -> Ended<Report> {
    let args = ["--roster".as_ref(), site.roster.as_os_str(), "agent".as_ref(), "attach".as_ref(), name.as_ref()];
    let done = |text: String| Report::done(text, &json!({ "agent": name }));
    let failed = |text: String| done(text).with_code(FAILED);
    // With the site's variables, so that the command means this fleet whatever the shell would make of it.
    let mut variables = site.variables();
    variables.push((DOOR, KEY.into()));
    let child = match exec::on_terminal(&site.program, &args, &variables) {
        Err(error) => return Ended::With(failed(exec::explain("mosaic-tui", &error).to_string())),
        Ok(child) => child,
    };
    Ended::With(match on_terminal::wait(child, signals).await {
        Ended::Told(signalled, why) => return Ended::Told(signalled, why),
        Ended::With(Ok(status)) if status.success() => done(format!("back from {name}")),
        // What it said itself has gone with the screen.
        Ended::With(Ok(_)) => failed(why_not(site, name)),
        Ended::With(Err(error)) => failed(error.to_string()),
    })
}

/// Why a takeover failed. Of an agent that nobody knows nothing could be explained.
fn why_not(site: &Site, name: &str) -> String {
    match roster::load(site).and_then(|roster| roster.reach(site, name).map(drop)) {
        Err(failure) => failure.to_string(),
        Ok(()) => {
            format!("{name} was not taken over, or its session ended; `mosaic-tui agent explain {name}` says more")
        }
    }
}

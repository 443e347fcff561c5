//! The dashboard steps aside for an agent's pane: the same command as in a shell, on the same terminal.

use std::ffi::OsString;

use serde_json::json;
use tokio::signal::unix::Signal;

use super::on_terminal;
use crate::app::action::error::FAILED;
use crate::app::action::report::Report;
use crate::fleet::exec;
use crate::fleet::home::Site;

/// Runs `agent attach` until it is left.
pub(in crate::app) async fn run(site: &Site, name: &str, stop: &mut Signal) -> Report {
    let args: [OsString; 5] =
        ["--roster".into(), site.roster.clone().into(), "agent".into(), "attach".into(), name.into()];
    let failed = |text: String| Report::done(text, &json!({ "agent": name })).with_code(FAILED);
    match exec::on_terminal(&site.program, &args, &site.variables()) {
        Err(error) => failed(exec::explain("mosaic-tui", &error).to_string()),
        Ok(child) => match on_terminal::wait(child, stop).await {
            Ok(status) if status.success() => Report::done(format!("back from {name}"), &json!({ "agent": name })),
            Ok(_) => failed(format!(
                "{name} was not taken over, or its session ended; `mosaic-tui agent explain {name}` says more"
            )),
            Err(error) => failed(error.to_string()),
        },
    }
}

//! Performs what is asked of single agents.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::deliver::{Wanted, broadcast, deliver, own_address, read, told};
use super::{diff, look, tail};
use crate::app::action::agent::AgentAction;
use crate::app::action::error::FAILED;
use crate::app::action::report::Report;
use crate::app::perform::activity::record;
use crate::app::perform::output::Console;
use crate::fleet::activity::{self, Behind};
use crate::fleet::comms;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::message::{Messenger, Receipt};
use crate::fleet::model::Shown;
use crate::fleet::observe;
use crate::fleet::roster::{self, Agent, Roster};
use crate::fleet::runtime::{self, Runtime};

/// Performs a request.
///
/// # Errors
/// Whatever stops it.
pub(in crate::app) async fn perform(
    site: &Site,
    action: &AgentAction,
    console: Console,
    tell: Tell<'_>,
) -> Result<Report> {
    match action {
        AgentAction::Roster => look::roster(site),
        AgentAction::Status(name) => look::status(site, name.as_deref()).await,
        AgentAction::Diff { name, against, stat } => diff::told(site, name, *against, *stat).await,
        AgentAction::Explain(name) => look::explain(site, name).await,
        AgentAction::Send { name, message } => {
            let roster = roster::load(site)?;
            // Before the text is read: nobody is to type a message for an agent that there is not.
            let to = roster.reach(site, name)?;
            let text = read(&message.text, console)?;
            Ok(told(&deliver(&Messenger::new(site), &roster, &to, message, &text, console.door).await?))
        }
        AgentAction::Reset { name, new, options } => {
            let roster = roster::load(site)?;
            let (agent, server) = roster.reach(site, name)?;
            let command = if *new { Some("/new") } else { reset_command(agent) };
            let command = command.ok_or_else(|| {
                Failure::new(
                    Kind::Refused,
                    format!("agent {name}"),
                    format!("it is not known how {} begins a new conversation", agent.runtime),
                    format!("set `runtimes.{}.reset_command` in {}", agent.runtime, roster.path.display()),
                )
            })?;
            let receipt = Messenger::new(site).command((agent, &server), command, *options).await?;
            note(site, activity::Kind::Reset, (&roster, agent), &receipt, console);
            Ok(told(&receipt))
        }
        AgentAction::Approve { name, choice, question, options } => {
            let roster = roster::load(site)?;
            let (agent, server) = roster.reach(site, name)?;
            let receipt = Messenger::new(site).answer((agent, &server), *choice, question.as_deref(), *options).await?;
            note(site, activity::Kind::Approve, (&roster, agent), &receipt, console);
            Ok(told(&receipt))
        }
        AgentAction::Broadcast { names, class, state, message } => {
            let wanted = Wanted { names, class: class.as_deref(), state: *state };
            broadcast(site, wanted, message, console, tell).await
        }
        AgentAction::Wait { name, until, timeout } => wait(site, name, *until, *timeout).await,
        AgentAction::Tail { name, lines, ansi } => tail::tail(site, name, *lines, *ansi).await,
        AgentAction::CommsBlock { name, host } => {
            let roster = roster::load(site)?;
            let agent = roster.agent(name)?;
            let block = comms::block(site, &roster, agent, host.as_deref().unwrap_or(&agent.host));
            Ok(Report::done(block.trim_end(), &json!({ "agent": name, "block": block })).in_markdown())
        }
    }
}

/// Keeps what was typed into an agent's pane, and what became of it.
fn note(site: &Site, kind: activity::Kind, (roster, agent): (&Roster, &Agent), receipt: &Receipt, console: Console) {
    let sender = own_address(site, roster);
    let behind = Behind { sender: &sender, door: record::door(console.door) };
    // Why it could not be kept is in the log, and `mosaic-tui fleet doctor` says it.
    let _logged = activity::note(site, &activity::delivery(site, kind, behind, &comms::address(agent), receipt));
}

/// What its runtime is told to begin a new conversation: the roster's word, else the runtime's own.
pub(in crate::app::perform) fn reset_command(agent: &Agent) -> Option<&str> {
    agent.reset_command.as_deref().or_else(|| runtime::find(&agent.runtime).map(Runtime::reset_command))
}

/// Follows the observer until the agent is in the state.
async fn wait(site: &Site, name: &str, until: Shown, timeout: std::time::Duration) -> Result<Report> {
    // A name that nobody has would be waited for in vain.
    roster::load(site)?.agent(name)?;
    let mut observer = observe::start(site.clone())?;
    let deadline = Instant::now() + timeout;
    let mut last = "not looked at yet".to_owned();
    loop {
        // Marked as seen: one that comes meanwhile ends the wait below. A copy, since none can be published while one
        // is borrowed.
        let newest = observer.snapshots.borrow_and_update().clone();
        let row =
            newest.iter().flat_map(|snapshot| &snapshot.agents).find(|row| row.managed && row.name.as_str() == name);
        if let Some(row) = row {
            last = format!("{} ({})", row.shown().word(), row.reason);
            if row.is_in(until) {
                return Ok(Report::done(format!("{name}: {last}"), row));
            }
        }
        match tokio::time::timeout_at(deadline, observer.snapshots.changed()).await {
            Ok(Ok(())) => {}
            // Its thread is gone, and waiting on would only run the time down.
            Ok(Err(_)) => return Err(Failure::failed("observer", "ended", "try again")),
            Err(_) => {
                let json: Value = json!({ "name": name, "until": until.word(), "last": last });
                return Ok(Report::done(
                    format!("{name}: not {} within {} s; it is {last}", until.word(), timeout.as_secs()),
                    &json,
                )
                .with_code(FAILED));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_new_conversation_is_begun_as_the_roster_says_else_as_the_runtime_does() {
        let text = "version: 1\ntmux: {socket_name: s}\nruntimes:\n  sh: {reset_command: /fresh}\nagents:\n  \
                    - {name: a, class: code, runtime: sh, command: sh}\n  \
                    - {name: b, class: code, runtime: pi}\n  \
                    - {name: c, class: code, runtime: cat, command: cat}\n";
        let roster = roster::parse(text, Path::new("/x/roster.yaml"), &Site::for_tests("/x")).unwrap();
        let command = |name: &str| reset_command(roster.agent(name).unwrap()).map(str::to_owned);
        assert_eq!(command("a").as_deref(), Some("/fresh"));
        assert_eq!(command("b").as_deref(), runtime::find("pi").map(Runtime::reset_command));
        assert!(command("b").is_some() && command("c").is_none());
    }
}

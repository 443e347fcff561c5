//! Performs requests about single agents.

use std::io::Read;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::action::{Message, SteeringAction, Text};
use super::tail;
use crate::app::error::{DONE, FAILED, exit_code};
use crate::app::look::look;
use crate::app::report::Report;
use crate::fleet::activity;
use crate::fleet::comms;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::message::{self, Delivery, Envelope, Receipt};
use crate::fleet::observe;
use crate::fleet::roster::{self, Agent, Roster};

/// Most bytes read of a message; one more than is delivered, so that too long is told and not cut.
const MAX_INPUT: u64 = (1 << 20) + 16;

/// Performs one.
///
/// # Errors
/// Whatever stops it.
pub(in crate::app) async fn perform(site: &Site, action: &SteeringAction, tell: Tell<'_>) -> Result<Report> {
    match action {
        SteeringAction::Send { name, message } => {
            let roster = roster::load(site)?;
            let agent = roster.local(site, name)?;
            let text = read(&message.text)?;
            let receipt = deliver(site, &roster, agent, message, &text).await?;
            Ok(Report { text: line(&receipt), ..Report::done("", &receipt) }.with_code(code(&receipt)))
        }
        SteeringAction::Broadcast { names, class, state, message } => {
            broadcast(site, names, class.as_deref(), state.as_deref(), message, tell).await
        }
        SteeringAction::Wait { name, until, timeout } => wait(site, name, until, *timeout).await,
        SteeringAction::Tail { name, lines, ansi, .. } => tail::tail(site, name, *lines, *ansi).await,
        SteeringAction::CommsBlock(name) => {
            let roster = roster::load(site)?;
            let block = comms::block(site, &roster, roster.agent(name)?);
            Ok(Report::done(block.trim_end(), &json!({ "agent": name, "block": block })))
        }
        SteeringAction::Attach(name) => Err(Failure::new(
            Kind::Invalid,
            format!("agent {name}"),
            "is taken over on a terminal only",
            format!("run `mosaic-tui agent attach {name}` in a shell"),
        )),
    }
}

fn read(text: &Text) -> Result<String> {
    let invalid = |what: &str, why: String| Failure::new(Kind::Invalid, what, why, "nothing was sent");
    let mut bytes = Vec::new();
    match text {
        Text::Given(text) => return Ok(text.clone()),
        Text::File(path) => {
            let what = path.display().to_string();
            let file = std::fs::File::open(path).map_err(|error| invalid(&what, error.to_string()))?;
            file.take(MAX_INPUT).read_to_end(&mut bytes).map_err(|error| invalid(&what, error.to_string()))?;
        }
        Text::Input => {
            let input = std::io::stdin().take(MAX_INPUT).read_to_end(&mut bytes);
            input.map_err(|error| invalid("standard input", error.to_string()))?;
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid("message", "is not UTF-8".to_owned()))
}

async fn deliver(site: &Site, roster: &Roster, agent: &Agent, message: &Message, text: &str) -> Result<Receipt> {
    let envelope = Envelope {
        source: message.source.clone().unwrap_or_else(|| comms::own_address(site, roster)),
        target: comms::address(agent),
        class: message.class.clone(),
    };
    let receipt = message::send(site, agent, &envelope, text, message.options).await?;
    activity::record_send(site, &envelope, &receipt, text);
    Ok(receipt)
}

fn line(receipt: &Receipt) -> String {
    format!("{}: {}: {}", receipt.agent, receipt.delivery.word(), receipt.reason)
}

fn code(receipt: &Receipt) -> u8 {
    match receipt.delivery {
        delivery if delivery.arrived() => DONE,
        Delivery::Refused => exit_code(Kind::Refused),
        _ => FAILED,
    }
}

async fn broadcast(
    site: &Site,
    names: &[String],
    class: Option<&str>,
    state: Option<&str>,
    message: &Message,
    tell: Tell<'_>,
) -> Result<Report> {
    let roster = roster::load(site)?;
    let snapshot = look(site).await?;
    let in_state = |agent: &Agent| {
        state.is_none_or(|state| {
            let row = snapshot.agents.iter().find(|row| row.managed && row.name.as_str() == agent.name.as_str());
            row.is_some_and(|row| row.readiness.word() == state)
        })
    };
    let named: Vec<&Agent> = if names.is_empty() {
        roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)).collect()
    } else {
        names.iter().map(|name| roster.local(site, name)).collect::<Result<_>>()?
    };
    // Whoever sends does not mean itself.
    let own = comms::own_address(site, &roster);
    let chosen: Vec<&Agent> = named
        .into_iter()
        .filter(|agent| class.is_none_or(|class| agent.class == class))
        .filter(|agent| in_state(agent) && comms::address(agent) != own)
        .collect();
    if chosen.is_empty() {
        return Err(Failure::new(Kind::NotFound, "broadcast", "no agent fits", "`mosaic-tui fleet ps` shows all"));
    }
    let text = read(&message.text)?;
    let mut receipts = Vec::new();
    for agent in &chosen {
        let receipt = deliver(site, &roster, agent, message, &text).await?;
        tell(&line(&receipt));
        receipts.push(receipt);
    }
    let lines: Vec<String> = receipts.iter().map(line).collect();
    let failed = receipts.iter().any(|receipt| !receipt.delivery.arrived());
    Ok(Report::done(lines.join("\n"), &receipts).with_code(if failed { FAILED } else { DONE }))
}

/// Follows the observer until the agent is in the state.
async fn wait(site: &Site, name: &str, until: &str, timeout: std::time::Duration) -> Result<Report> {
    roster::load(site)?.agent(name)?;
    let mut observer = observe::start(site.clone())?;
    let deadline = Instant::now() + timeout;
    let mut last = "not looked at yet".to_owned();
    loop {
        let newest = observer.snapshots.borrow_and_update().clone();
        let row =
            newest.iter().flat_map(|snapshot| &snapshot.agents).find(|row| row.managed && row.name.as_str() == name);
        if let Some(row) = row {
            last = format!("{} ({})", row.readiness.word(), row.reason);
            if row.readiness.word() == until {
                return Ok(Report::done(format!("{name}: {last}"), row));
            }
        }
        match tokio::time::timeout_at(deadline, observer.snapshots.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Failure::failed("observer", "ended", "try again")),
            Err(_) => {
                let json: Value = json!({ "name": name, "until": until, "last": last });
                return Ok(Report::done(
                    format!("{name}: not {until} within {} s; it is {last}", timeout.as_secs()),
                    &json,
                )
                .with_code(FAILED));
            }
        }
    }
}

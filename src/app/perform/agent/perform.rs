//! Performs what is asked of single agents.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{look, tail};
use crate::app::action::agent::{AgentAction, Message, Text};
use crate::app::action::error::{DONE, FAILED, exit_code};
use crate::app::action::report::Report;

use crate::app::perform::look::look as look_at_all;
use crate::app::perform::output::Console;
use crate::app::perform::standard_input;
use crate::fleet::activity;
use crate::fleet::comms;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::message::{self, Delivery, Envelope, Post, Receipt};
use crate::fleet::model::ServerName;
use crate::fleet::observe;
use crate::fleet::roster::{self, Agent, Roster};
use crate::fleet::runtime::{self, Runtime};
use crate::plain::{self, Unreadable};

/// Deliveries of a broadcast at the same time.
const AT_ONCE: usize = 8;

/// What is read of a message beyond the longest one: a newline at its end that a file or a pipe leaves is none of it.
const BEHIND: usize = 16;

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
        AgentAction::Explain(name) => look::explain(site, name).await,
        AgentAction::Send { name, message } => {
            let roster = roster::load(site)?;
            let to = roster.reach(site, name)?;
            let text = read(&message.text, console)?;
            Ok(told(&deliver(&Post::new(site), &roster, &to, message, &text).await?))
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
            let receipt = Post::new(site).command((agent, &server), command, *options).await?;
            activity::record_delivery(
                site,
                "reset",
                &comms::own_address(site, &roster),
                &comms::address(agent),
                &receipt,
            );
            Ok(told(&receipt))
        }
        AgentAction::Approve { name, choice, question, options } => {
            let roster = roster::load(site)?;
            let (agent, server) = roster.reach(site, name)?;
            let receipt = Post::new(site).answer((agent, &server), *choice, question.as_deref(), *options).await?;
            activity::record_delivery(
                site,
                "approve",
                &comms::own_address(site, &roster),
                &comms::address(agent),
                &receipt,
            );
            Ok(told(&receipt))
        }
        AgentAction::Broadcast { names, class, state, message } => {
            let names = (names.as_slice(), class.as_deref(), state.as_deref());
            broadcast(site, names, message, console, tell).await
        }
        AgentAction::Wait { name, until, timeout } => wait(site, name, until, *timeout).await,
        AgentAction::Tail { name, lines, ansi } => tail::tail(site, name, *lines, *ansi).await,
        AgentAction::CommsBlock { name, host } => {
            let roster = roster::load(site)?;
            let agent = roster.agent(name)?;
            let block = comms::block(site, &roster, agent, host.as_deref().unwrap_or(&agent.host));
            Ok(Report::done(block.trim_end(), &json!({ "agent": name, "block": block })))
        }
    }
}

fn read(text: &Text, console: Console) -> Result<String> {
    let unreadable = |what: String, why: &Unreadable| Failure {
        kind: Kind::Invalid,
        next: format!("{}; nothing was sent", why.next()),
        ..Failure::unreadable(what, why)
    };
    // One limit, in whatever way a text comes.
    let limited = |why: Unreadable| match why {
        Unreadable::TooLarge(_) => Unreadable::TooLarge(message::MAX_BYTES),
        other => other,
    };
    let most = message::MAX_BYTES + BEHIND;
    match text {
        Text::Given(text) => Ok(text.clone()),
        Text::File(path) => {
            console.read(path, most).map_err(|why| unreadable(path.display().to_string(), &limited(why)))
        }
        Text::Input => {
            let input = standard_input::take("message", "give --message or --file, or pipe the text in")?;
            plain::read_input(input, most).map_err(|why| unreadable("standard input".to_owned(), &limited(why)))
        }
    }
}

/// What its runtime is told to begin a new conversation: the roster's word, else the runtime's own.
fn reset_command(agent: &Agent) -> Option<&str> {
    agent.reset_command.as_deref().or_else(|| runtime::find(&agent.runtime).map(Runtime::reset_command))
}

async fn deliver(
    post: &Post<'_>,
    roster: &Roster,
    (agent, server): &(&Agent, ServerName),
    message: &Message,
    text: &str,
) -> Result<Receipt> {
    let site = post.site();
    let sender = comms::own_address(site, roster);
    let envelope = Envelope {
        source: message.source.clone().unwrap_or_else(|| sender.clone()),
        target: comms::address(agent),
        class: message.class.clone(),
    };
    let receipt = post.send((agent, server), &envelope, text, message.options).await?;
    activity::record_send(site, &sender, &envelope, &receipt, text);
    Ok(receipt)
}

fn told(receipt: &Receipt) -> Report {
    Report::done(line(receipt), receipt).with_code(code(receipt))
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
    (names, class, state): (&[String], Option<&str>, Option<&str>),
    message: &Message,
    console: Console,
    tell: Tell<'_>,
) -> Result<Report> {
    let roster = roster::load(site)?;
    let snapshot = look_at_all(site).await?;
    let in_state = |agent: &Agent| {
        state.is_none_or(|state| {
            let row = snapshot.agents.iter().find(|row| row.managed && row.name.as_str() == agent.name.as_str());
            row.is_some_and(|row| row.readiness.word() == state)
        })
    };
    let named: Vec<&Agent> = if names.is_empty() {
        roster.agents.iter().collect()
    } else {
        names.iter().map(|name| roster.agent(name)).collect::<Result<_>>()?
    };
    // Whoever sends does not mean itself.
    let own = comms::own_address(site, &roster);
    let chosen: Vec<&Agent> = named
        .into_iter()
        .filter(|agent| class.is_none_or(|class| agent.class == class))
        .filter(|agent| in_state(agent) && comms::address(agent) != own)
        .collect();
    if chosen.is_empty() {
        return Err(Failure::new(
            Kind::NotFound,
            "broadcast",
            "no agent fits: by name, class and state, without the sender itself",
            "`mosaic-tui fleet ps` shows all",
        ));
    }
    let text = read(&message.text, console)?;
    // What is wrong with the message itself is wrong for all of them, and told before anything is sent.
    message::check_text(&text).map_err(|why| Failure::new(Kind::Invalid, "broadcast", why, "nothing was sent"))?;
    let post = Post::new(site);
    let lines = Semaphore::new(AT_ONCE);
    let one = async |agent: &Agent| {
        let _line = lines.acquire().await;
        let to = (agent, roster.server(agent, site));
        // One that fails keeps nobody else from getting it, nor their receipts from being told.
        let receipt = match deliver(&post, &roster, &to, message, &text).await {
            Ok(receipt) => receipt,
            Err(failure) => Receipt::not_tried(agent, &failure),
        };
        tell(&line(&receipt));
        receipt
    };
    let receipts = join_all(chosen.into_iter().map(one)).await;
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

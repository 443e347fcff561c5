//! The other steps of the supervisor: agents brought back, started and stopped, cards asked for, escalations told.

use std::time::Duration;

use jiff::Timestamp;

use super::desk::Desk;
use crate::app::factory::Decision;
use crate::backlog::model::{CardEvent, CardId, EventKind, Stamp};
use crate::backlog::operations::Detail;
use crate::fleet::activity::{self, Behind, Door};
use crate::fleet::comms::{self, SUPERVISOR};
use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::lifecycle::{Lifecycle, Outcome};
use crate::fleet::message::{Envelope, Messenger, Options};
use crate::fleet::model::Label;
use crate::fleet::os::process;
use crate::fleet::pause;
use crate::fleet::roster::{Agent, Roster};

/// How long a runtime may take to show that it took something.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);

/// How the supervisor sends: never behind a draft, never to a runtime that met its limit since it was looked at, and never
/// without a look at what became of it.
pub(super) fn options() -> Options {
    Options { force: false, only_well: true, verify: true, timeout: TAKEN_WITHIN }
}

/// Most lines of a card's history that are told of it.
const MAX_LINES: usize = 60;

/// Most characters of one of them.
const MAX_CHARS: usize = 200;

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was done; how.
    Well(String),
    /// The agent has the card.
    Taken {
        /// By which receipt.
        how: String,
        /// How often the card was claimed by now.
        attempts: i64,
        /// When the process began that took it, since boot.
        began: Option<Duration>,
    },
    /// The agent does not take it.
    Agent(String),
    /// The card cannot be given.
    Card(String),
    /// It is the agent's entry or the card: other cards and other agents show which.
    Either(String),
    /// The backlog or this host failed, and neither agent nor card is to blame.
    Desk(String),
    /// Something else came first; nobody is to blame.
    Moot(String),
    /// It failed.
    Failed(String),
}

impl Ended {
    /// In a few words.
    pub(super) fn words(&self) -> &str {
        match self {
            Self::Taken { how, .. } => how,
            Self::Well(text)
            | Self::Agent(text)
            | Self::Card(text)
            | Self::Either(text)
            | Self::Desk(text)
            | Self::Moot(text)
            | Self::Failed(text) => text,
        }
    }

    /// Whether it went well; `None` where it is neither.
    pub(super) fn good(&self) -> Option<bool> {
        match self {
            Self::Well(_) | Self::Taken { .. } => Some(true),
            Self::Moot(_) => None,
            Self::Agent(_) | Self::Card(_) | Self::Either(_) | Self::Desk(_) | Self::Failed(_) => Some(false),
        }
    }
}

/// Why nothing is given out: who paused the fleet, and why.
pub(super) fn paused(site: &Site) -> Option<String> {
    pause::read(&site.home).map(|pause| pause.words())
}

/// Does to an agent's life what was decided.
pub(super) async fn live(site: &Site, roster: &Roster, decision: &Decision, agent: &Agent) -> Ended {
    let seen = process::since_boot();
    let done = async {
        let life = Lifecycle::choose(site, roster, None).await?;
        // To stop one needs nothing of what a start does, and must work where that is broken.
        if !matches!(decision, Decision::Stop { .. }) {
            life.prepare(&[agent]).await?;
        }
        match decision {
            // With the moment at which this began: one that somebody else brought back while its lock was
            // waited for is not restarted again.
            Decision::Revive { .. } => life.revive(agent, seen).await,
            Decision::Stop { .. } => life.rest(agent).await,
            _ => life.start_unless_stopped(agent).await,
        }
    };
    match done.await {
        // The look by which it was decided may be from before the stop.
        Ok(outcome @ Outcome::StaysStopped) => Ended::Moot(outcome.word().to_owned()),
        Ok(outcome) => Ended::Well(outcome.word().to_owned()),
        Err(failure) => Ended::Failed(failure.to_string()),
    }
}

/// Takes out of an agent's composer what a killed delivery left there. One that keeps what is in it is restarted, where
/// it holds no card.
pub(super) async fn clear(site: &Site, roster: &Roster, agent: &Agent, holds: bool) -> Ended {
    let server = roster.server(agent, site);
    let receipt = match Messenger::new(site).clear((agent, &server), options()).await {
        Ok(receipt) => receipt,
        Err(failure) => return Ended::Agent(failure.to_string()),
    };
    let said = format!("{}: {}", receipt.delivery.word(), receipt.reason);
    if receipt.delivery.arrived() {
        return Ended::Well(receipt.reason);
    }
    // With a card in hand a restart would cost the work of the whole turn for one line of text.
    if !receipt.left_behind() || holds {
        return Ended::Agent(said);
    }
    match restart(site, roster, agent).await {
        Ok(outcome @ Outcome::StaysStopped) => Ended::Moot(outcome.word().to_owned()),
        Ok(_) => Ended::Well("restarted".to_owned()),
        Err(failure) => Ended::Agent(failure.to_string()),
    }
}

/// Restarts an agent that holds no card, unless somebody stopped it on purpose.
pub(super) async fn restart(site: &Site, roster: &Roster, agent: &Agent) -> Result<Outcome> {
    let since = process::since_boot();
    Lifecycle::choose(site, roster, None).await?.restart_unless_stopped(agent, since).await
}

/// Says something to an agent in the supervisor's name.
pub(super) async fn say(site: &Site, roster: &Roster, agent: &Agent, class: &str, text: &str) -> Ended {
    match send(site, roster, agent, class, text).await {
        Ok(ended) => ended,
        Err(failure) => Ended::Agent(failure.to_string()),
    }
}

async fn send(site: &Site, roster: &Roster, agent: &Agent, class: &str, text: &str) -> Result<Ended> {
    let envelope = Envelope {
        source: format!("{}:{SUPERVISOR}", site.host),
        via: None,
        target: comms::address(agent),
        class: Some(class.to_owned()),
    };
    let server = roster.server(agent, site);
    let receipt = Messenger::new(site).send((agent, &server), &envelope, text, options()).await?;
    let behind = Behind { sender: &envelope.source, door: Door::Supervisor };
    let _logged = activity::note(site, &activity::sent(site, behind, &envelope, &receipt, text));
    let word = receipt.delivery.word();
    Ok(match receipt.delivery.arrived() {
        true => Ended::Well(word.to_owned()),
        false => Ended::Agent(format!("{word}: {}", receipt.reason)),
    })
}

/// Has an agent look back at a card that is over, with its history.
pub(super) async fn look_back(site: &Site, roster: &Roster, desk: &Desk, agent: &Agent, card: &CardId) -> Ended {
    let id = *card;
    match desk.with(move |backlog| backlog.detail(&id)).await {
        Ok(detail) => say(site, roster, agent, "session-review", &what_became_of(&detail)).await,
        // Somebody took the card away, or the backlog: there is nothing to look back at.
        Err(failure) => Ended::Moot(failure.to_string()),
    }
}

/// What became of a card, line by line of its history.
fn what_became_of(detail: &Detail) -> String {
    let card = &detail.card;
    let time = |at: Stamp| {
        let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    // A card that was worked on for a day has hundreds of renewals, and they say nothing.
    let lines: Vec<&CardEvent> = detail.history.iter().filter(|line| line.kind != EventKind::Renewed).collect();
    let left_out = lines.len().saturating_sub(MAX_LINES);
    let mut text = format!("Card {} ({}) is {}. Its history, in UTC:\n", card.id, card.title, card.column().word());
    if left_out > 0 {
        text.push_str(&format!("({left_out} earlier lines)\n"));
    }
    for line in &lines[left_out..] {
        let words: String = line.summary().chars().take(MAX_CHARS).collect();
        text.push_str(&format!("{} {} {}\n", time(line.at), line.actor, Label::new(&words)));
    }
    text.push_str(&format!(
        "Say in a few lines what should be done differently the next time, if anything. `mosaic-tui backlog show {}` shows \
         the card. This was the end of {}, version {}.",
        card.id, card.id, card.version
    ));
    text
}

/// The request for cards.
pub(super) fn request_for_cards(goals: bool) -> String {
    let from = if goals {
        "Read fleet/NORTH_STAR.yaml in the Mosaic home, and make cards of the next goals with \
         `mosaic-tui backlog create --id ID --title TITLE`."
    } else {
        "There is no north star: ask whoever you report to what is next, and make cards of it with \
         `mosaic-tui backlog create --id ID --title TITLE`."
    };
    format!("No card of the backlog is open. {from} If nothing is left to do, say so in one line; you are asked once.")
}

//! One delivery to one pane.

use std::fs::File;
use std::time::Duration;

use tokio::time::Instant;

use super::frame::check_word;
use super::receipt::{Delivery, Receipt};
use super::shown;
use super::{Envelope, check_text};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::lockfile;
use crate::fleet::model::PaneId;
use crate::fleet::pane::still;
use crate::fleet::process::{self, ProcessWatch};
use crate::fleet::roster::Agent;
use crate::fleet::screen::{self, Rules, ScreenFacts, Showing};
use crate::fleet::tmux::{Change, Look, Peek, Tmux, panes_of};

/// Time for another sender to be done.
const LOCK_WITHIN: Duration = Duration::from_secs(60);

/// Time for a screen to show something that is known of it.
const SCREEN_WITHIN: Duration = Duration::from_secs(2);

/// Time for a pasted text to show as a draft.
const DRAFT_WITHIN: Duration = Duration::from_secs(5);

/// More of it for a long text, which a runtime takes in character by character.
const PER_KILOBYTE: Duration = Duration::from_millis(20);

/// Pause between two looks at the screen.
const LOOK_AGAIN: Duration = Duration::from_millis(60);

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Behind a draft that somebody left.
    pub force: bool,
    /// Look at what became of it.
    pub verify: bool,
    /// How long to look.
    pub timeout: Duration,
}

/// Sends a text to an agent of this host.
///
/// # Errors
/// When the text or the frame is not valid, or the agent's rules are not; what happens to the message
/// itself is in the receipt.
pub async fn send(site: &Site, agent: &Agent, envelope: &Envelope, text: &str, options: Options) -> Result<Receipt> {
    let invalid =
        |why: String| Failure::new(Kind::Invalid, format!("message to {}", agent.name), why, "nothing was sent");
    let text = check_text(text).map_err(invalid)?;
    for (what, word) in [("source", Some(&envelope.source)), ("class", envelope.class.as_ref())] {
        word.map_or(Ok(()), |word| check_word(what, word)).map_err(invalid)?;
    }
    let message = envelope.framed(&text);
    let id = format!("m{:x}-{}", process::since_boot().as_nanos(), std::process::id());
    let receipt = |delivery, reason: String| Receipt {
        delivery,
        reason,
        agent: agent.name.to_string(),
        tenant_id: agent.tenant_id.clone(),
        host: agent.host.clone(),
        message_id: id.clone(),
        bytes: message.len(),
    };
    let rules = screen::rules_for(site, &agent.runtime)?;
    let Some(_lock) = take_lock(site, agent).await? else {
        return Ok(receipt(Delivery::Refused, "lock_busy: another message is being delivered".to_owned()));
    };
    let tmux = Tmux::new(agent.socket.clone());
    let Some(pane) = own_pane(&tmux, agent).await? else {
        return Ok(receipt(Delivery::Dead, "it has no live pane".to_owned()));
    };
    let delivery =
        Delivering { tmux: &tmux, pane: pane.0, pid: pane.1, rules: rules.as_ref(), message: &message, options };
    let (outcome, reason) = delivery.run().await?;
    Ok(receipt(outcome, reason))
}

/// Waits for the agent's send lock; `None` when somebody holds it for too long.
async fn take_lock(site: &Site, agent: &Agent) -> Result<Option<File>> {
    let path = site.run_file(&agent.name, RunFile::Send);
    let file = lockfile::open(&path)?;
    Ok(lockfile::exclusive_within(&path, &file, LOCK_WITHIN).await?.then_some(file))
}

/// The agent's own live pane and its process, whichever pane of the window is active.
async fn own_pane(tmux: &Tmux, agent: &Agent) -> Result<Option<(PaneId, u32)>> {
    let Look::Panes(panes) = tmux.look().await? else { return Ok(None) };
    Ok(panes_of(&panes, &agent.session, &agent.name).first().filter(|pane| !pane.dead).map(|pane| (pane.id, pane.pid)))
}

struct Delivering<'a> {
    tmux: &'a Tmux,
    pane: PaneId,
    pid: u32,
    rules: Option<&'a Rules>,
    message: &'a str,
    options: Options,
}

type Outcome = (Delivery, String);

impl Delivering<'_> {
    async fn run(&self) -> Result<Outcome> {
        let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(gone()) };
        if peek.in_mode {
            // Keys would go to copy mode, which somebody left open.
            self.tmux.change(&[Change::LeaveMode(self.pane)]).await?;
        }
        let Some(rules) = self.rules else {
            if self.options.verify {
                return Ok((
                    Delivery::Blank,
                    "nothing is known of this runtime's screen; `--no-verify` sends blindly".to_owned(),
                ));
            }
            self.paste().await?;
            self.tmux.change(&[Change::Enter(self.pane)]).await?;
            return Ok((Delivery::Sent, "nobody looked".to_owned()));
        };
        // A screen that is just being drawn anew is looked at again.
        let known = |facts: &ScreenFacts| facts.composer.is_some() || facts.showing != Showing::Unknown;
        let before = match self.until(SCREEN_WITHIN, rules, known).await? {
            Seen::Yes(facts) | Seen::No(facts) => facts,
            Seen::Gone => return Ok(gone()),
        };
        if let Some(refusal) = self.refusal(rules, &before) {
            return Ok(refusal);
        }
        let was = before.composer.as_ref().map(|composer| composer.text.clone()).unwrap_or_default();
        self.paste().await?;
        let extra = PER_KILOBYTE * u32::try_from(self.message.len() >> 10).unwrap_or(u32::MAX);
        let drafted = self.until(DRAFT_WITHIN + extra, rules, |facts| self.shows_draft(facts, &was)).await?;
        let facts = match drafted {
            Seen::Yes(facts) => facts,
            Seen::No(facts) => return Ok(self.not_drafted(&facts)),
            Seen::Gone => return Ok(gone()),
        };
        let earlier = shown::count(&facts.above, self.message);
        self.tmux.change(&[Change::Enter(self.pane)]).await?;
        if !self.options.verify {
            return Ok((Delivery::Sent, "nobody looked".to_owned()));
        }
        let taken = self.until(self.options.timeout + extra, rules, |facts| self.was_taken(facts, earlier)).await?;
        Ok(match taken {
            Seen::Gone => (Delivery::Unverified, "its pane ended right after it was submitted".to_owned()),
            Seen::Yes(facts) if facts.showing == Showing::Queued => (Delivery::Queued, facts.reason),
            Seen::Yes(_) => (Delivery::Accepted, "the composer is empty and the conversation shows it".to_owned()),
            Seen::No(facts) => match &facts.composer {
                Some(composer) if !composer.text.is_empty() => {
                    (Delivery::Draft, "it stands in the composer and was not taken".to_owned())
                }
                _ => (
                    Delivery::Unverified,
                    format!("no sign of it within {} s: {}", self.options.timeout.as_secs(), facts.reason),
                ),
            },
        })
    }

    /// Why nothing may be pasted now.
    fn refusal(&self, rules: &Rules, facts: &ScreenFacts) -> Option<Outcome> {
        let refused = |word: &str, why: &str| Some((Delivery::Refused, format!("{word}: {why}")));
        match facts.showing {
            Showing::Dialog => return refused("blocked_by_prompt", &facts.reason),
            Showing::Login => return refused("login_needed", &facts.reason),
            _ => {}
        }
        let Some(composer) = &facts.composer else {
            return Some((Delivery::Blank, format!("its composer is not to be seen: {}", facts.reason)));
        };
        if !composer.text.is_empty() && !self.options.force {
            return refused("draft_present", "somebody left a draft in its composer");
        }
        if matches!(facts.showing, Showing::Busy | Showing::Queued) {
            let argv = ProcessWatch::default().look(self.pid).processes;
            if argv.iter().all(|process| rules.busy_enter.interrupts(&process.argv)) {
                return refused("busy", "it works, and a message would end its turn");
            }
        }
        None
    }

    async fn paste(&self) -> Result<()> {
        let buffer = format!("mosaic-{}", std::process::id());
        self.tmux.load_buffer(&buffer, self.message.as_bytes()).await?;
        self.tmux.change(&[Change::PasteBuffer { buffer, pane: self.pane }]).await
    }

    fn shows_draft(&self, facts: &ScreenFacts, was: &str) -> bool {
        facts.composer.as_ref().is_some_and(|composer| {
            composer.pasted || shown::is_draft(&composer.text, &format!("{was}{}", self.message))
        })
    }

    /// What is told when the pasted text did not show as a draft. Enter was not pressed.
    fn not_drafted(&self, facts: &ScreenFacts) -> Outcome {
        match &facts.composer {
            Some(composer) if !composer.text.is_empty() => {
                (Delivery::Draft, "its composer shows something else than the message; it was not submitted".to_owned())
            }
            Some(_) => (Delivery::Blank, "the pasted text does not show; it was not submitted".to_owned()),
            None => (Delivery::Blank, format!("its composer vanished: {}; it was not submitted", facts.reason)),
        }
    }

    fn was_taken(&self, facts: &ScreenFacts, earlier: usize) -> bool {
        let empty = facts.composer.as_ref().is_some_and(|composer| composer.text.is_empty());
        empty && (shown::count(&facts.above, self.message) > earlier)
    }

    /// Looks until the screen is as wanted.
    async fn until(&self, limit: Duration, rules: &Rules, wanted: impl Fn(&ScreenFacts) -> bool) -> Result<Seen> {
        let deadline = Instant::now() + limit;
        loop {
            let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(Seen::Gone) };
            let facts = read(rules, &peek);
            if wanted(&facts) {
                return Ok(Seen::Yes(facts));
            }
            if Instant::now() > deadline {
                return Ok(Seen::No(facts));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

enum Seen {
    Yes(ScreenFacts),
    No(ScreenFacts),
    Gone,
}

fn gone() -> Outcome {
    (Delivery::Dead, "its pane ended".to_owned())
}

fn read(rules: &Rules, peek: &Peek) -> ScreenFacts {
    screen::read(rules, &still(&peek.text, peek.size.width, peek.size.height), peek.cursor, &peek.title)
}

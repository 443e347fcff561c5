//! The built-in runtime: a small full-screen agent for demos, tests and the first five minutes.
//!
//! `agent` decides (pure), `script` reads what it does by itself, `face` draws, and this module
//! joins them to the terminal and to the keeper.

mod agent;
mod brief;
mod craft;
mod desk;
mod face;
mod script;

use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use crossterm::execute;
use crossterm::terminal::SetTitle;
use ratatui::buffer::Buffer;
use tokio::sync::oneshot;

use self::agent::{Agent, Ask, Identity};
use self::craft::{Errands, Went};
use self::desk::{Desk, Held};
use self::script::Script;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{AgentName, UsageFacts};
use crate::fleet::os::thread;
use crate::fleet::session::{self, AGENT_NAME};
use crate::fleet::usage::Usage;
use crate::plain::Patient;
use crate::ui::paper::Paper;
use crate::ui::theme::Theme;

use crate::app::edge::input::{Keyboard, Typed};
use crate::app::edge::signals::{Painted, Signalled, hung_up};
use crate::app::edge::terminal;

/// How often the progress line moves while it works.
const PROGRESS: Duration = Duration::from_millis(500);

/// Shortest time between two frames: keys that come faster are taken in without a frame each.
const FRAME: Duration = Duration::from_millis(15);

/// Most characters of the reason for which a card is parked.
const MAX_REASON_CHARS: usize = 300;

/// Lines of the conversation that stay behind.
const LAST_WORDS: usize = 10;

/// Runs the agent until it is told to end; its exit status.
///
/// # Errors
/// When it has no terminal.
pub(super) fn run(site: &Site, model: Option<String>) -> Result<u8> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = variable(AGENT_NAME);
    let script = variable("MOSAIC_STUB_SCRIPT").unwrap_or_default();
    let script = Script::parse(&script).map_err(|why| {
        Failure::new(crate::fleet::error::Kind::Invalid, "MOSAIC_STUB_SCRIPT", why, "see the stub's /help")
    })?;
    let agent = name.as_deref().and_then(|name| AgentName::parse(name).ok());
    let identity = Identity {
        name: name.unwrap_or_else(|| "stub".to_owned()),
        class: variable("MOSAIC_AGENT_CLASS").unwrap_or_else(|| "worker".to_owned()),
        model: model.or_else(|| variable("MOSAIC_AGENT_MODEL")).unwrap_or_else(|| "built-in".to_owned()),
    };
    crate::app::edge::crash::install(site);
    let reporter = agent.map(|agent| Reporter { site, agent, last: None, used: UsageFacts::default() });
    let desk = Desk::new(site, &identity.name, &identity.class);
    let failed = |error: io::Error| Failure::failed("stub agent", error.to_string(), "run it inside a terminal");
    let events = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let mut stub = Stub { desk, agent: Agent::new(identity, script, Instant::now()), reporter, events, at_work: None };
    stub.live().map_err(failed)
}

/// Tells the keeper what the agent does: at each change, and again each interval as promised.
struct Reporter<'a> {
    site: &'a Site,
    agent: AgentName,
    last: Option<(agent::Status, Instant)>,
    used: UsageFacts,
}

impl Reporter<'_> {
    fn interval(&self) -> Duration {
        self.site.thresholds.heartbeat_interval
    }

    fn due(&self) -> Option<Instant> {
        self.last.as_ref().map(|(_, at)| *at + self.interval())
    }

    fn tell(&mut self, status: agent::Status, used: UsageFacts, now: Instant) {
        if self.used != used {
            self.used = used.clone();
            let facts = UsageFacts { observed_at: jiff::Timestamp::now().to_string(), ..used };
            // As below: what nobody hears of is used all the same.
            let _unheard = session::report_usage(self.site, &self.agent, &Usage { pid: std::process::id(), facts });
        }
        let again = self.due().is_none_or(|due| due <= now);
        if !again && self.last.as_ref().is_some_and(|(last, _)| *last == status) {
            return;
        }
        let report = session::Report {
            agent: self.agent,
            pid: std::process::id(),
            status: status.status,
            detail: status.detail.clone(),
            next_seconds: Some(u32::try_from(self.interval().as_secs_f64().ceil() as i64).unwrap_or(1).max(1)),
            msg: status.msg.clone(),
        };
        // Without a place to report to the agent still works; its keeper then speaks for it.
        let _unheard = session::report(self.site, &report);
        self.last = Some((status, now));
    }
}

struct Stub<'a> {
    desk: Desk<'a>,
    agent: Agent,
    reporter: Option<Reporter<'a>>,
    /// Runs only while it waits: at its desk it blocks, as a worker does.
    events: tokio::runtime::Runtime,
    /// The card that its body works on, and where it says how that went.
    at_work: Option<(Held, oneshot::Receiver<Went>)>,
}

impl Stub<'_> {
    fn live(&mut self) -> io::Result<u8> {
        let theme = Theme::of_environment(|name| std::env::var(name).ok());
        terminal::enter()?;
        let status = self.turn(theme);
        terminal::restore();
        self.last_words();
        status
    }

    /// Leaves the end of the conversation on the normal screen: a program that takes its screen
    /// with it says nothing about why it ended.
    fn last_words(&self) {
        let mut stdout = Patient::new(io::stdout());
        let skip = self.agent.lines.len().saturating_sub(LAST_WORDS);
        for (_, line) in self.agent.lines.iter().skip(skip) {
            // The terminal may be gone with whoever ended us.
            let _gone = writeln!(stdout, "{line}");
        }
    }

    /// Works on a card on a thread of its own: a merge may take an hour, and it is to be seen meanwhile. Where there is
    /// no repository there is nothing to commit, and the card is completed.
    fn deliver(&mut self, held: Held, answered: bool) {
        let folder = held.folder.clone().filter(|folder| folder.is_dir());
        let folder = folder.unwrap_or_else(|| std::env::current_dir().unwrap_or_default());
        if !folder.ancestors().any(|above| above.join(".git").exists()) {
            let answer = self.desk.complete(&held);
            self.agent.told("completed", &held, &answer);
            if let Err(why) = answer {
                // Whoever can't finish says so, and does not sit on the card.
                self.park(&held, &why);
            }
            return self.agent.delivered(held, Went::Through(Vec::new()));
        }
        let (agent, program) = (self.agent.identity.name.clone(), self.desk.program());
        let errands = Errands { held: held.clone(), agent, program, folder, answered };
        let (mut answer, went) = oneshot::channel();
        let begun = thread::begin("card", move || {
            if let Some(done) = craft::work(&errands, &mut answer) {
                // It may have been told to end meanwhile.
                let _left = answer.send(done);
            }
        });
        if let Err(failure) = begun {
            self.park(&held, &failure.to_string());
            return self.agent.delivered(held, Went::Through(Vec::new()));
        }
        self.at_work = Some((held, went));
    }

    fn park(&mut self, held: &Held, why: &str) {
        let why: String = why.chars().filter(|c| !c.is_control()).take(MAX_REASON_CHARS).collect();
        let answer = self.desk.park(held, &why);
        self.agent.told("gave up on", held, &answer);
    }

    fn turn(&mut self, theme: Theme) -> io::Result<u8> {
        let mut paper = Paper::new();
        let mut title = String::new();
        let (mut keyboard, mut signals) = {
            // Both register with the event loop, which does not run here.
            let _inside = self.events.enter();
            (Keyboard::open()?, Painted::listen()?)
        };
        let mut drawn: Option<Instant> = None;
        loop {
            let now = Instant::now();
            for asked in self.agent.advance(now) {
                match asked {
                    Ask::End(status) => return Ok(status),
                    Ask::Hang => loop {
                        // Deaf and mute on purpose: only a signal ends it.
                        std::thread::park();
                    },
                    Ask::Flood(lines) => flood(&mut paper, lines)?,
                    Ask::Log(path, message) => log(&path, &message)?,
                    Ask::Deliver(held, answered) => self.deliver(held, answered),
                    Ask::Claim(seconds) => {
                        let claimed = self.desk.claim(seconds);
                        self.agent.claimed(claimed);
                    }
                    Ask::Renew(held) => {
                        let answer = self.desk.renew(&held);
                        self.agent.told("renewed", &held, &answer);
                    }
                    Ask::Complete(held) => {
                        let answer = self.desk.complete(&held);
                        self.agent.told("completed", &held, &answer);
                    }
                    Ask::Park(held, why) => self.park(&held, why),
                    Ask::Break(held, why) => {
                        // Its body ends what it runs once nobody waits for it.
                        self.at_work = None;
                        self.park(&held, why);
                    }
                }
            }
            if let Some(reporter) = &mut self.reporter {
                reporter.tell(self.agent.status(), self.agent.usage(), now);
            }
            let next_frame = drawn.map(|drawn| drawn + FRAME).filter(|next| *next > now);
            if next_frame.is_none() && self.agent.take_dirty() {
                drawn = Some(now);
                let wanted = self.agent.title();
                if wanted != title {
                    execute!(Patient::new(io::stdout()), SetTitle(&wanted))?;
                    title = wanted;
                }
                let draw = |buffer: &mut Buffer| ((), face::draw(buffer, &self.agent, theme));
                let ((), frame) = paper.frame(terminal::size().unwrap_or(terminal::UNKNOWN), draw);
                Patient::new(io::stdout()).write_all(&frame)?;
            }
            let frame_due = next_frame.filter(|_| self.agent.is_dirty());
            match self.wait(now, frame_due, &mut keyboard, &mut signals) {
                Waited::Over => {}
                Waited::Went(went) => {
                    if let Some((held, _)) = self.at_work.take() {
                        self.agent.delivered(held, went);
                    }
                }
                Waited::Typed(Ok(Typed::Key(key))) => self.agent.key(key, Instant::now()),
                Waited::Typed(Ok(Typed::Paste(text))) => self.agent.paste(&text),
                Waited::Typed(Ok(Typed::Stalled | Typed::Mouse(_) | Typed::Ground { .. } | Typed::Well)) => {}
                // The terminal is gone, with a signal or without.
                Waited::Typed(Err(_)) => return Ok(hung_up()),
                // Whoever had the terminal while it was stopped may have painted on it.
                Waited::Signalled(Signalled::Continued) => {
                    terminal::enter_again()?;
                    paper.forget();
                    self.agent.touch();
                }
                Waited::Signalled(_) => self.agent.touch(),
            }
        }
    }

    /// Waits for a key, for a signal, or for what is due next; an idle agent stays silent.
    fn wait(
        &mut self,
        now: Instant,
        frame_due: Option<Instant>,
        keyboard: &mut Keyboard,
        signals: &mut Painted,
    ) -> Waited {
        let dues = [
            frame_due,
            self.agent.due(),
            self.agent.is_working().then(|| now + PROGRESS),
            self.reporter.as_ref().and_then(Reporter::due),
        ];
        let due = dues.into_iter().flatten().min();
        let at_work = &mut self.at_work;
        self.events.block_on(async {
            let went = async {
                match at_work {
                    Some((_, went)) => went.await,
                    None => std::future::pending().await,
                }
            };
            let over = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                signalled = signals.next() => Waited::Signalled(signalled),
                typed = keyboard.next() => Waited::Typed(typed.map(|(typed, _)| typed)),
                went = went => Waited::Went(went.unwrap_or_else(|_| Went::Through(vec!["broken off".to_owned()]))),
                () = over => Waited::Over,
            }
        })
    }
}

/// What ended a wait.
enum Waited {
    /// Something is due.
    Over,
    /// Its body is through with a card, or stuck with it.
    Went(Went),
    /// A key, a paste, or the end of the terminal.
    Typed(io::Result<Typed>),
    /// It goes on after it was stopped, or has another size.
    Signalled(Signalled),
}

/// Appends a message to a file, as one line of JSON.
fn log(path: &str, message: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{}\n", serde_json::Value::from(message)).as_bytes())
}

/// Floods the screen the way a runaway build does: raw lines as fast as the terminal takes them.
fn flood(paper: &mut Paper, lines: u32) -> io::Result<()> {
    let mut stdout = BufWriter::new(Patient::new(io::stdout()));
    for line in 0..lines {
        write!(stdout, "\r\nflood {line:>8} \x1b[38;5;{}m{}\x1b[0m", line % 256, "=".repeat(60))?;
    }
    stdout.flush()?;
    paper.forget();
    Ok(())
}

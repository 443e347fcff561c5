//! A throw-away fleet: a Mosaic home, a private tmux socket, stub agents in their different states.
//!
//! It leaves nothing behind. Each demo writes down what it made before it makes it, so that the next
//! one can sweep what a killed one left.

mod cards;
mod factory;
mod place;
mod roster;

use std::io::IsTerminal;
use std::time::Duration;

use crate::app::action::error::DONE;
use crate::app::action::program::DemoMode;
use crate::app::edge::open::dashboard;
use crate::app::edge::reactor::block_on;
use crate::app::edge::runtime::Options;
use crate::app::perform::fleet::start_all;
use crate::app::perform::output;
use crate::backlog::operations::Backlog;
use crate::backlog::place::Intent;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::Thresholds;
use crate::fleet::roster as rosters;
use crate::fleet::supervision;
use crate::plain::shell_quote;
use cards::Supply;
use place::Place;

/// A demo's clock runs faster than a real fleet's, so that there is something to see.
const THRESHOLDS: Thresholds = Thresholds { heartbeat_interval: Duration::from_secs(5), idle: Duration::from_secs(20) };

/// Runs, leaves running, or ends a demo.
///
/// # Errors
/// When it cannot be set up or ended.
pub(super) fn run(site: &Site, agents: usize, factory: bool, mode: DemoMode) -> Result<u8> {
    let wanted = Wanted { agents, factory };
    match mode {
        DemoMode::Stop => stop(site),
        DemoMode::Headless => {
            let (place, site) = set_up(site, wanted, true)?;
            // A demo of which nobody learns is taken down again.
            print(&exports(&site))?;
            place.keep();
            Ok(DONE)
        }
        DemoMode::Interactive => {
            if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
                return Err(Failure::new(
                    Kind::Invalid,
                    "demo",
                    "standard input and output must be a terminal",
                    "`mosaic-tui demo --headless` needs none",
                ));
            }
            let (place, site) = set_up(site, wanted, false)?;
            let supply = supply(&site, wanted)?;
            let code = dashboard(&site, Options { watch: None, demo: true });
            drop(supply);
            // Before the code is looked at: also behind a dashboard that failed nothing stays.
            place.remove()?;
            print("the demo has ended; nothing of it is left")?;
            code
        }
    }
}

/// Makes the home, the roster and the agents. Dropping what it returns takes all of it away again.
fn set_up(site: &Site, wanted: Wanted, headless: bool) -> Result<(Place, Site)> {
    sweep()?;
    let place = Place::make(headless)?;
    let mut site = place.site(site);
    let work = place.folder.join("work");
    if wanted.factory {
        site.thresholds = factory::THRESHOLDS;
        let text = factory::roster(place.socket(), &work);
        block_on(rosters::create(&site, &rosters::check(&site, text)?, false))??;
        block_on(factory::prepare(&place, &site))??;
        start(&site)?;
        block_on(supervision::start_detached(&site))??;
        return Ok((place, site));
    }
    let agents = wanted.agents;
    let text = roster::text(agents, place.socket(), &work, &site.program);
    block_on(rosters::create(&site, &rosters::check(&site, text)?, false))??;
    cards::seed(&mut open_backlog(&site)?, agents)?;
    start(&site)?;
    Ok((place, site))
}

fn open_backlog(site: &Site) -> Result<Backlog> {
    let place = crate::app::perform::backlog::place(site)?;
    let who = crate::app::perform::backlog::who(site);
    place.open(Intent::Write, who, &mut |_, _| {})
}

/// What gives a demo cards for as long as it is on the screen; a factory makes its own.
fn supply(site: &Site, wanted: Wanted) -> Result<Option<Supply>> {
    if wanted.factory {
        return Ok(None);
    }
    let begun = Supply::begin(open_backlog(site)?, wanted.agents);
    let next = "free some memory or threads, and start it again";
    begun.map(Some).map_err(|error| Failure::failed("demo", error.to_string(), next))
}

/// What a demo shows.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    agents: usize,
    factory: bool,
}

/// Starts every agent.
fn start(site: &Site) -> Result<()> {
    let roster = rosters::load(site)?;
    block_on(async {
        let agents: Vec<_> = roster.agents.iter().collect();
        let start = async {
            for (_, outcome) in start_all(site, &roster, agents.clone()).await? {
                outcome?;
            }
            Ok(())
        };
        tokio::select! {
            started = start => started,
            // The place is dropped with this, and takes down what is up by now.
            () = interrupted() => Err(Failure::failed("demo", "interrupted while it was set up", "nothing of it is left")),
        }
    })?
}

/// Returns when the demo is told to end before it is up.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    let waits = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
    // Of none at all `select_all` panics.
    if waits.len() > 0 {
        futures_util::future::select_all(waits).await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Shell lines with which other commands see the demo.
fn exports(site: &Site) -> String {
    let mut lines: Vec<String> = site
        .variables()
        .into_iter()
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .chain(place::socket_of(site).map(|socket| ("MOSAIC_TMUX_SOCKET", socket)))
        .chain(std::env::var("TMUX_TMPDIR").ok().map(|folder| ("TMUX_TMPDIR", folder)))
        .map(|(name, value)| format!("export {name}={}", shell_quote(&value)))
        .collect();
    // The demo has a backlog of its own, whatever the shell uses otherwise.
    lines
        .push(format!("export MOSAIC_BACKLOG_DIR={}", shell_quote(&site.home.join("fleet/backlog").to_string_lossy())));
    lines.push("export DATABASE_URL=''".to_owned());
    lines.push("# mosaic-tui demo --stop ends it".to_owned());
    lines.join("\n")
}

fn print(text: &str) -> Result<()> {
    output::print(&format!("{text}\n")).map(drop)
}

/// Ends the demo that the environment names, else every headless one of this user.
fn stop(site: &Site) -> Result<u8> {
    // What cannot be swept holds up no end of what lives.
    let swept = sweep();
    if let Some(place) = place::of_home(&site.home)? {
        return end(&place).and(swept).map(|()| DONE);
    }
    let all: Vec<Place> = place::all()?.into_iter().filter(Place::is_alive).collect();
    let chosen: Vec<&Place> = all.iter().filter(|place| place.headless).collect();
    if chosen.is_empty() {
        swept?;
        let running = all.len();
        let why = if running == 0 { "none is running" } else { "no headless one is running" };
        let next = if running == 0 {
            "`mosaic-tui demo --headless` starts one"
        } else {
            "q ends the one in the other terminal"
        };
        return Err(Failure::new(Kind::NotFound, "demo", why, next));
    }
    each(chosen, end).and(swept).map(|()| DONE)
}

fn end(place: &Place) -> Result<()> {
    place.remove()?;
    print(&format!("{}: ended", place.folder.display()))
}

/// Takes away what killed demos left.
fn sweep() -> Result<()> {
    let all = place::all()?;
    each(all.iter().filter(|place| !place.is_alive()), Place::remove)
}

/// Does it to all of them, and tells the first failure then.
fn each<'a>(places: impl IntoIterator<Item = &'a Place>, act: impl Fn(&Place) -> Result<()>) -> Result<()> {
    let mut done = Ok(());
    for place in places {
        done = done.and(act(place));
    }
    done
}

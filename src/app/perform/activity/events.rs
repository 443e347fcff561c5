//! Prints the history, and goes on with what is new.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use super::{cards, print};
use crate::app::action::activity::{Events, Since};
use crate::app::action::error::DONE;
use crate::app::perform::output::{self, Printed};
use crate::fleet::activity::{self, Anchor, Event, Filter, Kind, Place, Query, Recorder, Store};
use crate::fleet::error::{self, Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::model::FleetSnapshot;
use crate::fleet::observe;

/// Events that are read and printed at once.
const PAGE: u32 = 1000;

/// Events that a follower begins with, where it is not said since when.
const BEFORE: u32 = 10;

/// Others' events are looked for this often, should the kernel not tell of them; and other hosts' changes of cards.
const SAFETY: Duration = Duration::from_secs(5);

/// Events that come together are taken in together.
// One command leaves several lines, and they are read at once so.
const COALESCE: Duration = Duration::from_millis(40);

/// Prints what was asked for; the exit code.
///
/// # Errors
/// When the history cannot be read, or nothing be printed.
pub(in crate::app) async fn events(site: &Site, wanted: &Events, width: usize) -> Result<u8> {
    let filter = Filter::of(wanted.agent.as_deref(), wanted.kind.as_deref());
    let out = Out { json: wanted.json, width };
    let since = since(wanted.since.as_ref(), wanted.follow)?;
    match Recorder::open(site, "events") {
        Ok(mut recorder) => {
            take_in(site, &mut recorder).await;
            // Printing may take long, and others take in what happens meanwhile: it comes behind this one.
            let last = recorder.store().last()?;
            let printed = show(recorder.store(), &filter, since, last, &out)?;
            if wanted.follow && printed == Printed::Whole {
                return follow(site, recorder, &filter, last, &out).await;
            }
        }
        // What cannot be written can perhaps be read.
        Err(failure) => match Store::open_to_read(site) {
            // To follow means to take in, which is just what is not possible.
            Ok(Some(store)) if !wanted.follow => {
                output::say(&format!("mosaic-tui: {failure}; what is shown was taken in before"));
                show(&store, &filter, since, i64::MAX, &out)?;
            }
            _ => return Err(failure),
        },
    }
    Ok(DONE)
}

/// Takes in what waits, the backlog's history included; what cannot be read is said, and the rest is shown.
async fn take_in(site: &Site, recorder: &mut Recorder) {
    let mut said = Vec::new();
    match cards::pull(site).await {
        Ok(events) => said.extend(recorder.store().take_in(&events).err()),
        Err(failure) => said.push(failure),
    }
    said.extend(recorder.take_in().err());
    for failure in said {
        output::say(&format!("mosaic-tui: {failure}"));
    }
}

/// How events are printed.
struct Out {
    json: bool,
    width: usize,
}

impl Out {
    fn print(&self, events: &[Event], one_by_one: bool) -> Result<Printed> {
        let lines: Vec<String> = if self.json {
            events.iter().map(|event| output::json_line(&event.to_json())).collect()
        } else if one_by_one {
            events.iter().map(|event| print::one(event, self.width)).collect()
        } else {
            print::lines(events, self.width)
        };
        if lines.is_empty() { Ok(Printed::Whole) } else { output::print(&format!("{}\n", lines.join("\n"))) }
    }
}

/// Where printing begins.
#[derive(Debug, Clone, Copy)]
enum Beginning {
    At(i64),
    Newest(u32),
}

fn since(since: Option<&Since>, follow: bool) -> Result<Beginning> {
    match since {
        None if follow => Ok(Beginning::Newest(BEFORE)),
        None => {
            let now = Timestamp::now();
            Ok(Beginning::At(now.checked_sub(24.hours()).unwrap_or(now).as_millisecond()))
        }
        Some(since) => moment(since).map(Beginning::At),
    }
}

/// The moment that is meant, in milliseconds since 1970.
///
/// # Errors
/// When the clock on the wall never showed it.
pub(super) fn moment(since: &Since) -> Result<i64> {
    let at = match since {
        Since::Ago(age) => Timestamp::now().checked_sub(*age).unwrap_or(Timestamp::UNIX_EPOCH),
        Since::At(at) => *at,
        Since::Civil(time) => time.to_zoned(TimeZone::system()).map(|zoned| zoned.timestamp()).map_err(|error| {
            Failure::new(
                error::Kind::Invalid,
                "--since",
                error.to_string(),
                "give it with its offset, such as 2026-01-02T03:04Z",
            )
        })?,
    };
    Ok(at.as_millisecond())
}

/// Everything of these kinds that happened from a moment on, in the order of its time, what waits to be taken in included.
///
/// # Errors
/// When the history cannot be read or written.
pub(super) async fn since_then(site: &Site, kinds: &[Kind], from: i64) -> Result<Vec<Event>> {
    let mut recorder = Recorder::open(site, "digest")?;
    take_in(site, &mut recorder).await;
    let mut all = Vec::new();
    for kind in kinds {
        let filter = Filter::of(None, Some(kind.word()));
        let mut query = Query { filter, anchor: Anchor::Oldest, since: from, limit: PAGE };
        loop {
            let page = recorder.store().page(&query)?;
            // Fewer than were asked for: behind them nothing is left, and no empty page has to
            // be read to know it.
            let whole = page.events.len() < PAGE as usize;
            if let Some(((at, seq), _)) = page.events.last() {
                query.anchor = Anchor::From((*at, seq + 1));
            }
            all.extend(page.events.into_iter().map(|(_, event)| event));
            if whole {
                break;
            }
        }
    }
    // Each kind was read by itself, as a filter names one.
    all.sort_by_key(|event| event.at);
    Ok(all)
}

/// Prints page after page, of what was taken in up to the last one.
fn show(store: &Store, filter: &Filter, beginning: Beginning, last: i64, out: &Out) -> Result<Printed> {
    let known = |events: Vec<(Place, Event)>| -> Vec<Event> {
        events.into_iter().filter(|((_, seq), _)| *seq <= last).map(|(_, event)| event).collect()
    };
    let mut query = Query { filter: filter.clone(), anchor: Anchor::Oldest, since: 0, limit: PAGE };
    match beginning {
        Beginning::Newest(limit) => {
            let page = store.page(&Query { anchor: Anchor::Newest, limit, ..query })?;
            return out.print(&known(page.events), true);
        }
        Beginning::At(at) => query.since = at,
    }
    loop {
        let page = store.page(&query)?;
        let whole = page.events.len() < PAGE as usize;
        let Some(((at, seq), _)) = page.events.last() else { return Ok(Printed::Whole) };
        // Behind the last one of the page, which may share its time with others.
        query.anchor = Anchor::From((*at, seq + 1));
        let printed = out.print(&known(page.events), false)?;
        if printed == Printed::Closed || whole {
            return Ok(printed);
        }
    }
}

/// Prints what is taken in behind the last one that was shown, until whoever reads has had enough. It looks at the fleet
/// meanwhile, so that changes of readiness are known also where no dashboard is open. What fails is said once and tried
/// again with whatever comes next.
async fn follow(site: &Site, mut recorder: Recorder, filter: &Filter, mut last: i64, out: &Out) -> Result<u8> {
    let left = Arc::new(Notify::new());
    let wake = Arc::clone(&left);
    // Without it the safety net alone wakes the loop: later, and as complete.
    let _inotify = activity::watch_spool(site, move || wake.notify_one());
    let mut observer = observe::start(site.clone())?;
    let mut safety = tokio::time::interval(SAFETY);
    // Looks that a long one has missed are not made up for.
    safety.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut trouble = None;
    let mut closed = pin!(output::closed());
    loop {
        let (mut newest, mut cards) = (None, Vec::new());
        tokio::select! {
            changed = observer.snapshots.changed() => {
                if changed.is_err() {
                    return Err(Failure::failed("observer", "ended", "try again"));
                }
                newest = observer.snapshots.borrow_and_update().clone();
            }
            () = &mut closed => return Ok(DONE),
            () = left.notified() => tokio::time::sleep(COALESCE).await,
            // A backlog that does not answer now is read again at the next turn.
            _ = safety.tick() => cards = cards::pull(site).await.unwrap_or_default(),
        }
        let kept = keep(&mut recorder, newest.as_deref(), &cards);
        let failure = loop {
            let new = match recorder.store().behind(last, PAGE) {
                Ok(new) => new,
                Err(failure) => break Some(failure),
            };
            let Some((newest, _)) = new.last() else { break kept.err() };
            last = *newest;
            // The history goes on: what fails from here is told anew.
            trouble = None;
            let events: Vec<Event> =
                new.into_iter().map(|(_, event)| event).filter(|event| filter.accepts(event)).collect();
            if out.print(&events, true)? == Printed::Closed {
                return Ok(DONE);
            }
        };
        if let Some(failure) = failure.filter(|failure| trouble.as_ref() != Some(failure)) {
            output::say(&format!("mosaic-tui: {failure}"));
            trouble = Some(failure);
        }
    }
}

/// Writes down what is seen, what the backlog tells, and what waits.
fn keep(recorder: &mut Recorder, newest: Option<&FleetSnapshot>, cards: &[Event]) -> Result<()> {
    if let Some(snapshot) = newest {
        recorder.observe(snapshot)?;
    }
    if !cards.is_empty() {
        recorder.store().take_in(cards)?;
    }
    recorder.take_in().map(drop)
}

//! What happened, as `--once` prints it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::perform::activity::{lines, pull_cards, record};
use crate::app::tui::event::Event;
use crate::app::tui::screens::activity;
use crate::app::tui::state::State;
use crate::app::tui::state::activity::ActivityState;
use crate::app::tui::update::update;
use crate::fleet::activity::{self as history, Event as Happened, HOUR, Known, Page, Query, Span, Store, take_in};
use crate::fleet::error::Result;
use crate::fleet::home::Site;

/// Events that are read: more than any frame shows.
const MAX: u32 = 400;

/// Events of a text; a log wants the newest.
const LINES: usize = 60;

/// What was read of the history.
#[derive(Default)]
pub(super) struct Read {
    page: Page,
    known: Known,
}

/// Reads the history; what waits is taken in first, where that is possible. A look makes no history where there is none.
pub(super) async fn read(site: &Site) -> Result<Read> {
    if !history::folder(site).exists() {
        return Ok(Read::default());
    }
    let store = match Store::open(site) {
        Ok(mut store) => {
            // Without the backlog the rest of the history is still worth showing.
            if let Ok(cards) = pull_cards(site).await {
                store.take_in(&cards)?;
            }
            take_in(site, &mut store)?;
            store
        }
        // On a full disk, or in a folder that may not be written, what is there can be read all the same.
        Err(failure) => Store::open_to_read(site)?.ok_or(failure)?,
    };
    let page = store.page(&Query { limit: MAX, ..Query::default() })?;
    let known = store.known(Timestamp::now().as_millisecond(), Span::Day, &record::who(site))?;
    Ok(Read { page, known })
}

/// Hands what was read to a state that is about to be drawn.
pub(super) fn show(state: &mut State, read: &Result<Read>, view: bool) {
    match read {
        Ok(read) => drop(update(state, Event::Known(Arc::new(read.known.clone())))),
        Err(failure) => drop(update(state, Event::ActivityLost(failure.into()))),
    }
    if view {
        activity::view(state);
        update(state, Event::Tick(state.now));
    }
    if let Ok(read) = read {
        // Answers to what either view asks: the other one is dropped.
        update(state, Event::Events(Arc::new(Page { query: ActivityState::recent_query(), ..read.page.clone() })));
        update(state, Event::Events(Arc::new(Page { query: activity::query(state), ..read.page.clone() })));
    }
}

/// The newest events for people.
pub(super) fn text(read: &Result<Read>, width: usize) -> String {
    match read {
        Err(failure) => failure.to_string(),
        Ok(read) if read.page.events.is_empty() => "nothing has happened yet".to_owned(),
        Ok(read) => {
            let from = read.page.events.len().saturating_sub(LINES);
            let events: Vec<&Happened> = read.page.events[from..].iter().map(|(_, event)| event).collect();
            lines(&events, width).join("\n")
        }
    }
}

/// The same for programs, with the figures that the plots show.
pub(super) fn json(read: &Result<Read>) -> Value {
    let read = match read {
        Ok(read) => read,
        Err(failure) => return json!({ "error": failure.to_string() }),
    };
    let time = |number: i64, each: i64| {
        Timestamp::from_millisecond(number.saturating_mul(each)).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
    };
    let mut quarters: Vec<_> = read.known.quarters.iter().collect();
    quarters.sort_by_key(|(quarter, _)| **quarter);
    let mut hours: Vec<_> = read.known.hours.iter().collect();
    hours.sort_by_key(|(hour, _)| **hour);
    json!({
        "events": read.page.events.iter().map(|(_, event)| event.to_json()).collect::<Vec<_>>(),
        "looked_at": read.known.looked.map(|at| time(at, 1)),
        "day": quarters.iter().map(|(quarter, bucket)| json!({
            "from": time(**quarter, history::QUARTER), "events": bucket.events, "urgent": bucket.urgent,
        })).collect::<Vec<_>>(),
        "board_hours": hours.iter().map(|(hour, cards)| json!({
            "from": time(**hour, HOUR), "done": cards.done, "median_ms_in_claim": cards.median(),
        })).collect::<Vec<_>>(),
    })
}

//! What happened: a history of readiness changes, deliveries, actions, cards, starts and exits, in the Mosaic home.
//!
//! Whoever has something to say appends one line to the spool (`spool`), which costs a keeper no memory and an action no
//! wait. Whoever reads the history opens its database, takes the spool in (`take`), and keeps it within its bounds
//! (`store`). Changes of readiness come from every process that sees them, and are written once (`news`).

mod deliveries;
mod event;
mod figures;
mod filter;
mod news;
mod page;
mod recorder;
mod spool;
mod store;
mod strip;
mod take;
mod watch;

pub use deliveries::{Behind, delivery, sent};
pub use event::{Door, Event, Kind, SCHEMA};
pub use figures::{Bucket, HOUR, Hour, QUARTER, Quarters, Span, cards, histogram};
pub use filter::{Filter, kinds, terms};
pub use page::{Anchor, Known, Page, Place, Query};
pub use recorder::Recorder;
pub use spool::{folder, probe};
pub use store::{Store, path};
pub use strip::{Change, Seen};
pub use take::take_in;
pub use watch::{News, Watcher, watch_spool};

use super::home::Site;

/// A command that finds the spool longer than this takes it in: some thousand events that nobody has read yet.
const LONG: u64 = 1 << 20;

/// A keeper does so only where for long no command was run at all: it stays small.
const LONG_FOR_KEEPERS: u64 = 8 << 20;

/// A spool that cannot be taken in, such as beside a database that is broken, is given up at this size; what was taken
/// from it before and is not finished counts.
const TOO_LONG: u64 = 2 * LONG_FOR_KEEPERS;

/// Leaves an event for the history; why that was not possible, in words. What is told of is done already, and a history
/// that cannot be written never fails it.
pub fn note(site: &Site, event: &Event) -> Option<String> {
    leave(site, event, LONG)
}

/// The same for a keeper, which lives for weeks and has to stay small.
pub fn note_by_keeper(site: &Site, event: &Event) {
    let _logged = leave(site, event, LONG_FOR_KEEPERS);
}

fn leave(site: &Site, event: &Event, long: u64) -> Option<String> {
    let length = match spool::append(site, &event.clone().bounded()) {
        Ok(length) => length,
        Err(error) => {
            let path = spool::path(site);
            tracing::warn!(%error, path = %path.display(), "an event is not kept");
            return Some(format!("it is done, and not kept in the activity history: {}: {error}", path.display()));
        }
    };
    if length > long {
        // Whoever reads the history next tries again.
        let taken = Store::open(site).and_then(|mut store| take_in(site, &mut store));
        if let Err(failure) = taken {
            tracing::warn!(%failure, "the spool of the history is long and was not taken in");
            if length + spool::unfinished_bytes(site) > TOO_LONG
                && let Err(error) = spool::give_up(site)
            {
                tracing::warn!(%error, "the spool of the history grows");
            }
        }
    }
    None
}

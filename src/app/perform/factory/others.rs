//! Supervisors that share the backlog, each with a roster of its own: they tell each other through it for whom they give
//! cards out. So a card for an agent of another host is nobody's trouble here.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::desk::Desk;
use super::known::Known;
use crate::app::factory::{Elsewhere, Seat};
use crate::backlog::model::{Supervising, Takers};
use crate::backlog::operations::Backlog;
use crate::fleet::error::Result;
use crate::fleet::home::Site;

/// How often a supervisor says the same again.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// What one has said holds for so long, and for some of its intervals: then it is gone, and gives cards to nobody.
// A reboot takes less; until then its cards wait for it, and are no errand of anybody's.
const HOLDS: Duration = Duration::from_secs(900);
const INTERVALS: u32 = 3;

/// For how many seconds a supervisor says what it says that looks at least so often.
pub(super) fn holds(interval: Duration) -> i64 {
    i64::try_from(HOLDS.max(interval.saturating_mul(INTERVALS)).as_secs()).unwrap_or(i64::MAX)
}

/// For whom cards are given out here.
pub(super) fn takers(seats: &[Seat]) -> Takers {
    Takers {
        names: seats.iter().flat_map(|seat| [seat.name.to_string(), seat.class.clone()]).collect(),
        anyone: seats.iter().any(Seat::takes_for_anyone),
    }
}

/// This supervisor, as the others know it.
pub(super) fn own(site: &Site, takers: Takers) -> Supervising {
    Supervising { host: site.host.clone(), home: site.home.display().to_string(), takers }
}

/// Says at the end that nobody gives cards out here any more, where the opposite was said: the others need not wait until
/// that holds no longer.
pub(super) async fn part(site: &Site, desk: &Desk) {
    let site = site.clone();
    let parts = move |backlog: &mut Backlog, known: &mut Known| match known.said.take() {
        Some((takers, _)) => backlog.store().announce(&own(&site, takers), 0),
        None => Ok(()),
    };
    if let Err(failure) = desk.look(parts).await {
        tracing::warn!(%failure, "the other supervisors hear only later that this one has ended");
    }
}

/// The other supervisors of a backlog, by host.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// This host. Of another home on it nobody can tell whose agents are whose: claims have hosts, and no homes.
    here: String,
    by_host: BTreeMap<String, Takers>,
}

impl Others {
    /// Whether another host looks after its own agents: what they cannot go on with is said there.
    pub(super) fn looks_after(&self, host: &str) -> bool {
        host != self.here && self.by_host.contains_key(host)
    }

    /// Whether another host gives cards out for somebody.
    pub(super) fn has(&self, host: &str, assignee: &str) -> bool {
        host != self.here && self.by_host.get(host).is_some_and(|takers| takers.names.contains(assignee))
    }

    /// All of them together.
    pub(super) fn elsewhere(&self) -> Elsewhere {
        let mut all = Elsewhere::default();
        for takers in self.by_host.values() {
            all.names.extend(takers.names.iter().cloned());
            all.anyone |= takers.anyone;
        }
        all
    }
}

/// Says who is here, where that is news or was said long ago, and hears who the others are.
pub(super) fn meet(backlog: &mut Backlog, own: &Supervising, says: Option<i64>, known: &mut Known) -> Result<Others> {
    let is_said = known.said.as_ref().is_some_and(|(takers, at)| *takers == own.takers && at.elapsed() < SAID_EVERY);
    if let Some(seconds) = says.filter(|_| !is_said) {
        backlog.store().announce(own, seconds)?;
        known.said = Some((own.takers.clone(), Instant::now()));
    }
    let mut others = Others { here: own.host.clone(), by_host: BTreeMap::new() };
    for one in backlog.store().supervisors()? {
        if (&one.host, &one.home) != (&own.host, &own.home) {
            let takers = others.by_host.entry(one.host).or_default();
            takers.names.extend(one.takers.names);
            takers.anyone |= one.takers.anyone;
        }
    }
    Ok(others)
}

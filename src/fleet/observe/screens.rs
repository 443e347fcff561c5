//! What agents' screens show: which panes are looked at, and what was read of them.
//!
//! A screen is read when something moved on it, also that of a runtime which reports for itself: a question on it
//! outranks the report.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::fleet::home::Site;
use crate::fleet::join::Reading;
use crate::fleet::model::{Label, PaneId, ServerName, Size};
use crate::fleet::screen::{self, Rules, Source, Summary};
use crate::fleet::tmux::{PaneRecord, Peek};

/// A screen that moves all the time is read this often.
const REST: Duration = Duration::from_secs(1);

/// A screen is read again after this time although nothing of its pane has moved: what tmux itself does to a screen, or to a
/// pane while it stands in another window, the list of panes does not always tell.
pub(super) const STANDS: Duration = Duration::from_secs(300);

/// What was read of each pane's screen.
pub(super) type Readings = HashMap<(ServerName, PaneId), Reading<Summary>>;

/// What a pane looked like from outside when its screen was last read.
#[derive(Debug)]
struct Seen {
    title: Label,
    size: Size,
    cursor: (u16, u16),
    history: u64,
    /// Second of the pane's last output, and of the moment in which the screen was asked for.
    activity: Option<u64>,
    second: i64,
    at: Instant,
}

/// Which panes of one server have moved since their screens were read.
#[derive(Debug, Default)]
pub(super) struct ScreenPoll {
    seen: HashMap<PaneId, Seen>,
}

impl ScreenPoll {
    /// Whether the pane's screen is to be read now.
    pub(super) fn needs_read(&self, pane: &PaneRecord) -> bool {
        let Some(seen) = self.seen.get(&pane.id) else { return true };
        // tmux counts seconds: output in the second of the look may have come after it.
        let output =
            pane.activity.is_some_and(|second| i64::try_from(second).is_ok_and(|second| second >= seen.second));
        // Activity is the window's: a pane may have been in another one meanwhile.
        let moved = (pane.cursor, pane.history, pane.size) != (seen.cursor, seen.history, seen.size)
            || pane.activity != seen.activity
            || pane.title != seen.title;
        let elapsed = seen.at.elapsed();
        (output || moved) && elapsed >= REST || elapsed >= STANDS
    }

    /// Notes that its screen was read, as it was asked for at a moment.
    // Not the moment of the answer: what the pane prints between the two, in the second before that one, is not on the
    // screen, and would never be missed.
    pub(super) fn mark_read(&mut self, pane: &PaneRecord, asked: Timestamp) {
        let seen = Seen {
            title: pane.title.clone(),
            size: pane.size,
            cursor: pane.cursor,
            history: pane.history,
            activity: pane.activity,
            second: asked.as_second(),
            at: Instant::now(),
        };
        self.seen.insert(pane.id, seen);
    }

    /// Forgets the others.
    pub(super) fn retain(&mut self, keep: impl Fn(PaneId) -> bool) {
        self.seen.retain(|id, _| keep(*id));
    }
}

/// What is known of a runtime's screen.
#[derive(Debug)]
struct Known {
    source: Result<Option<Source>, String>,
    /// Made of it when the first screen is read: a look for which all screens are kept needs none.
    rules: Option<Result<Rules, String>>,
}

/// The rules of each runtime, read once.
#[derive(Debug, Default)]
pub(super) struct RulesCache {
    known: HashMap<String, Known>,
}

impl RulesCache {
    /// Whether anything is known of a runtime's screen.
    pub(super) fn knows(&mut self, site: &Site, runtime: &str) -> bool {
        !matches!(self.known(site, runtime).source, Ok(None))
    }

    /// What tells the rules by which a runtime's screens are read from others; `None` where they cannot be.
    pub(super) fn mark(&mut self, site: &Site, runtime: &str) -> Option<&str> {
        let source = self.known(site, runtime).source.as_ref().ok()?.as_ref()?;
        Some(&source.mark)
    }

    fn known(&mut self, site: &Site, runtime: &str) -> &mut Known {
        self.known.entry(runtime.to_owned()).or_insert_with(|| {
            let source = Source::find(site, runtime).map_err(|failure| failure.to_string());
            Known { source, rules: None }
        })
    }

    /// What a look at a runtime's pane says; `None` when nothing is known of such screens.
    pub(super) fn read(&mut self, site: &Site, runtime: &str, peek: &Peek) -> Option<Reading<Summary>> {
        let Known { source, rules } = self.known(site, runtime);
        let summary = match source {
            Ok(source) => {
                let source = source.as_ref()?;
                let rules = rules.get_or_insert_with(|| source.rules().map_err(|failure| failure.to_string()));
                let read = |rules: &Rules| screen::read(rules, &peek.rows, peek.cursor, &peek.title).summary();
                rules.as_ref().map(read).map_err(Clone::clone)
            }
            Err(why) => Err(why.clone()),
        };
        Some(Reading::new(summary, Timestamp::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_while_a_screen_is_read_is_read_again() {
        let pane = |activity| PaneRecord { activity: Some(activity), ..PaneRecord::for_tests(1, "a") };
        let mut poll = ScreenPoll::default();
        assert!(poll.needs_read(&pane(1000)));
        // The screen is asked for in that second: what the pane prints later in it is missing.
        poll.mark_read(&pane(1000), Timestamp::from_second(1000).unwrap());
        assert!(!poll.needs_read(&pane(1000)), "a screen that moves all the time is read at a pace");
        let rest = |poll: &mut ScreenPoll| poll.seen.values_mut().for_each(|seen| seen.at -= REST);
        rest(&mut poll);
        assert!(poll.needs_read(&pane(1000)));
        poll.mark_read(&pane(1000), Timestamp::from_second(1001).unwrap());
        rest(&mut poll);
        assert!(!poll.needs_read(&pane(1000)), "nothing moved since");
        assert!(poll.needs_read(&pane(1001)));
        poll.seen.values_mut().for_each(|seen| seen.at -= STANDS);
        assert!(poll.needs_read(&pane(1000)), "what tmux did to it moves nothing");
    }
}

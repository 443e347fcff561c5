//! What a keeper tells the history of what happens: its agent's starts and ends, and each change that the runtime reports.
//! It never waits for the history, nor opens it.

use std::cell::Cell;

use jiff::Timestamp;

use super::exit::ExitRecord;
use crate::fleet::activity::{self, Door, Event, Kind};
use crate::fleet::heartbeat::Heartbeat;
use crate::fleet::home::Site;
use crate::fleet::model::{Authority, HeartbeatStatus, Readiness};
use crate::fleet::roster::Agent;

/// Lines of a last screen that are told.
const LINES: usize = 20;

/// What the runtime reported last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// It was adopted, and its first word is no change.
    NotKnown,
    /// It began just now, and whatever it says is one.
    Nothing,
    /// This.
    Said(HeartbeatStatus),
}

/// Tells of one agent.
pub(super) struct Told<'a> {
    site: &'a Site,
    agent: &'a Agent,
    last: Cell<Last>,
}

impl<'a> Told<'a> {
    /// Tells of this agent.
    pub(super) fn of(site: &'a Site, agent: &'a Agent) -> Self {
        Self { site, agent, last: Cell::new(Last::NotKnown) }
    }

    /// Its process began, in this pane.
    pub(super) fn started(&self, pid: u32, quick_exits: u32) {
        let mut event = self.event(Kind::Start);
        event.what = if quick_exits == 0 { "started".to_owned() } else { "started again".to_owned() };
        event.outcome = format!("pid {pid}");
        event.detail.insert("pid".to_owned(), pid.into());
        event.detail.insert("runtime".to_owned(), self.agent.runtime.clone().into());
        activity::note_by_keeper(self.site, &event);
        self.last.set(Last::Nothing);
    }

    /// Its process ended, or there never was one.
    pub(super) fn ended(&self, record: &ExitRecord, given_up: bool) {
        let mut event = self.event(Kind::Exit);
        event.what = match (&record.failure, given_up) {
            (_, true) => "given up",
            (Some(_), false) => "not started",
            (None, false) => "ended",
        }
        .to_owned();
        event.outcome = record.words();
        let well = record.failure.is_none() && record.exit_status == Some(0) && !given_up;
        // An end is never good news: one without a fault is neither.
        event.good = (!well).then_some(false);
        event.state = Some(Readiness::Dead);
        let lines = record.last_lines(LINES);
        event.text = lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for (name, value) in [
            ("pid", record.pid.into()),
            ("exit_status", record.exit_status.into()),
            ("exit_signal", record.exit_signal.into()),
            ("quick_ends", record.quick_exits.into()),
        ] {
            event.detail.insert(name.to_owned(), value);
        }
        activity::note_by_keeper(self.site, &event);
    }

    /// What its heartbeat says now, where that is the runtime's word and another one than before.
    pub(super) fn reported(&self, beat: &Heartbeat) {
        if beat.by != Authority::Runtime {
            return;
        }
        let before = self.last.replace(Last::Said(beat.status));
        if before == Last::NotKnown || before == Last::Said(beat.status) {
            return;
        }
        let mut event = self.event(Kind::Readiness);
        let state = match beat.status {
            HeartbeatStatus::Ok => Readiness::Available,
            HeartbeatStatus::Busy => Readiness::Working,
            HeartbeatStatus::Waiting | HeartbeatStatus::Blocked | HeartbeatStatus::Error => Readiness::Stuck,
        };
        event.state = Some(state);
        event.good = (state == Readiness::Stuck).then_some(false);
        // The moment of the change: the beat that carries it may come an interval later.
        event.at = beat.since.unwrap_or(beat.ts).as_millisecond();
        event.text =
            beat.detail.as_ref().map_or_else(|| format!("reports {}", beat.status.word()), ToString::to_string);
        activity::note_by_keeper(self.site, &event);
    }

    fn event(&self, kind: Kind) -> Event {
        Event {
            agent: Some(self.agent.name.to_string()),
            who: format!("{}:keeper", self.agent.host),
            door: Some(Door::Keeper),
            ..Event::new(kind, Timestamp::now(), &self.agent.tenant_id, &self.agent.host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::activity::{Anchor, Query, Store, take_in};
    use crate::fleet::roster;

    fn beat(status: HeartbeatStatus, by: Authority, seconds: i64) -> Heartbeat {
        let ts = Timestamp::from_second(Timestamp::now().as_second() - 1000 + seconds).unwrap();
        Heartbeat { ts, pid: 7, status, detail: None, by, since: None, next_seconds: None, msg: None }
    }

    #[test]
    fn each_change_of_a_report_is_told_once_and_the_keepers_own_word_is_none() {
        use HeartbeatStatus::{Busy, Ok, Waiting};
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let text = "version: 1\nagents: [{name: a, runtime: stub, class: code, working_directory: /w}]\n";
        let agent = roster::parse(text, std::path::Path::new("r"), &site).unwrap().agents.remove(0);
        let told = Told::of(&site, &agent);
        told.reported(&beat(Ok, Authority::Runtime, 0));
        assert!(!activity::folder(&site).exists(), "what an adopted runtime does is nothing new");
        for (status, by, seconds) in [
            (Ok, Authority::Runtime, 10),
            (Busy, Authority::Runtime, 20),
            (Busy, Authority::Runtime, 30),
            (Ok, Authority::Keeper, 40),
            (Waiting, Authority::Runtime, 50),
        ] {
            told.reported(&beat(status, by, seconds));
        }
        let mut store = Store::open(&site).unwrap();
        take_in(&site, &mut store).unwrap();
        let page = store.page(&Query { limit: 9, anchor: Anchor::Oldest, ..Query::default() }).unwrap();
        let what: Vec<&str> = page.events.iter().map(|(_, event)| event.what.as_str()).collect();
        assert_eq!(what, ["working", "working \u{2192} stuck"]);
    }
}

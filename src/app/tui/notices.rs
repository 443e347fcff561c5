//! Who begins to need the operator: once for each event, not for whom it is put off, and how it is told. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::fleet::model::{AgentRow, FleetSnapshot, Label, Readiness, RowKey};

/// What was told is not told again within this time, in milliseconds: a state that is left and entered again at once is
/// the same event, seen twice.
const SAME_EVENT: i64 = 5_000;

/// An agent that is down is told of once it has been for so long, in milliseconds: each restart, the operator's own among
/// them, goes through that.
const SETTLES: i64 = 3_000;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// How it is told, beside the message at the bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Means {
    /// By the terminal's bell.
    pub bell: bool,
    /// By OSC 9.
    pub osc9: bool,
    /// By OSC 777.
    pub osc777: bool,
    /// By this program with its arguments.
    pub command: Vec<String>,
    /// When by none of them.
    pub quiet: Option<Quiet>,
}

impl Means {
    /// Whether there are any, at this moment.
    #[must_use]
    pub fn any(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let set = self.bell || self.osc9 || self.osc777 || !self.command.is_empty();
        set && !self.quiet.is_some_and(|quiet| quiet.holds(now, zone))
    }
}

/// A span of each day by the clock, which may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    from: u16,
    to: u16,
}

impl Quiet {
    /// Reads `22:00-07:00`.
    ///
    /// # Errors
    /// What is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let minute = |text: &str| -> Option<u16> {
            let (hour, minute) = text.trim().split_once(':')?;
            let two = |text: &str| text.parse::<u16>().ok().filter(|_| text.len() == 2);
            let (hour, minute) = (two(hour)?, two(minute)?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        text.split_once('-')
            .and_then(|(from, to)| Some(Self { from: minute(from)?, to: minute(to)? }))
            .filter(|quiet| quiet.from != quiet.to)
            .ok_or_else(|| {
                format!("{} is no span; expected `22:00-07:00`, by the clock on the wall", crate::plain::quoted(text))
            })
    }

    fn holds(self, now: Timestamp, zone: &TimeZone) -> bool {
        let clock = zone.to_datetime(now);
        let at = u16::from(clock.hour().unsigned_abs()) * 60 + u16::from(clock.minute().unsigned_abs());
        // Counted from its beginning, so that midnight is a minute like any other.
        (at + DAY - self.from) % DAY < (self.to + DAY - self.from) % DAY
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The agent.
    pub agent: Label,
    /// Where it runs.
    pub host: String,
    /// What it is now.
    pub state: Readiness,
    /// Why.
    pub reason: Label,
    /// What it asks.
    pub question: Option<Label>,
}

impl Notice {
    fn of(row: &AgentRow) -> Self {
        let (agent, host) = (row.name.clone(), row.host.clone());
        Self { agent, host, state: row.readiness, reason: row.reason.clone(), question: row.question.clone() }
    }

    /// It in one line.
    #[must_use]
    pub fn line(&self) -> String {
        // What a terminal or a program is told of at once is the beginning of a long question.
        let why = Label::new(self.question.as_ref().unwrap_or(&self.reason).as_str());
        format!("{} is {}: {why}", self.agent, self.state.word())
    }
}

/// What is known of each agent, and for whom nothing is told.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    /// Whether it needed the operator at the last look, in which state, and what it asked.
    last: HashMap<RowKey, (bool, Readiness, Option<Label>)>,
    /// Since when it has been down without a word.
    down: HashMap<RowKey, Timestamp>,
    /// What was told last, and when.
    told: HashMap<RowKey, (Readiness, Option<Label>, Timestamp)>,
    /// What is said at the bottom once nothing else is.
    pub waiting: Option<String>,
    /// Until when nothing is told of an agent, by its name.
    pub snoozed: BTreeMap<String, Timestamp>,
}

impl Notices {
    /// Who begins to need the operator with this look. What is there at the first one is no news.
    pub fn look(&mut self, snapshot: &FleetSnapshot, now: Timestamp) -> Vec<Notice> {
        self.snoozed.retain(|_, until| *until > now);
        let there: HashSet<&RowKey> = snapshot.agents.iter().map(|row| &row.key).collect();
        // One that comes back after it was gone is seen for a first time, and a first look is no news.
        self.last.retain(|key, _| there.contains(key));
        self.told.retain(|key, _| there.contains(key));
        self.down.retain(|key, _| there.contains(key));
        let mut news = Vec::new();
        for row in snapshot.agents.iter().filter(|row| row.managed) {
            let is = (row.needs_operator(), row.readiness, row.question.clone());
            // Noted for the snoozed ones as well: when their time is over, what was there all
            // along is nothing new.
            let Some(was) = self.last.insert(row.key, is.clone()) else { continue };
            // A question that is read a moment after its state belongs to the same event.
            let asks_anew = is.2.is_some() && was.2.is_some() && is.2 != was.2;
            let mut begins = !(was.0 && was.1 == is.1 && !asks_anew);
            if is.0 && matches!(is.1, Readiness::Dead | Readiness::Stale | Readiness::Unknown) {
                let since = if begins {
                    Some(*self.down.entry(row.key).or_insert(now))
                } else {
                    self.down.get(&row.key).copied()
                };
                begins = since.is_some_and(|since| now.duration_since(since).as_millis() >= i128::from(SETTLES));
                if since.is_some() && !begins {
                    continue;
                }
            }
            self.down.remove(&row.key);
            if !is.0 || !begins || self.snoozed.contains_key(row.name.as_str()) {
                continue;
            }
            let again = self.told.get(&row.key).is_some_and(|(state, question, at)| {
                *state == is.1 && *question == is.2 && now.duration_since(*at).as_millis() < i128::from(SAME_EVENT)
            });
            if !again {
                self.told.insert(row.key, (is.1, is.2, now));
                news.push(Notice::of(row));
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;
    use std::sync::Arc;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn looks(rows: Vec<AgentRow>) -> FleetSnapshot {
        let mut snapshot = samples::snapshot().as_ref().clone();
        snapshot.agents = rows.into_iter().map(Arc::new).collect();
        snapshot
    }

    fn asks(name: &str, question: &str) -> AgentRow {
        let mut row = samples::row(name, Readiness::Stuck);
        row.question = Some(Label::new(question));
        row
    }

    fn plain(name: &str, readiness: Readiness) -> AgentRow {
        let mut row = samples::row(name, readiness);
        row.question = None;
        row.flags.clear();
        row
    }

    #[test]
    fn each_event_is_told_once() {
        let mut notices = Notices::default();
        let mut tell = |row: AgentRow, second: i64| {
            notices.look(&looks(vec![row]), at(second)).iter().map(Notice::line).collect::<Vec<_>>()
        };
        assert!(tell(asks("a", "Deploy?"), 0).is_empty(), "what is there at the first look is no news");
        assert!(tell(plain("a", Readiness::Working), 10).is_empty());
        assert_eq!(tell(asks("a", "Deploy?"), 20), ["a is stuck: Deploy?"]);
        assert!(tell(asks("a", "Deploy?"), 21).is_empty(), "it still asks");
        assert!(tell(plain("a", Readiness::Working), 22).is_empty());
        assert!(tell(asks("a", "Deploy?"), 23).is_empty(), "the same, seen twice");
        assert_eq!(tell(asks("a", "Delete?"), 24), ["a is stuck: Delete?"], "another question is another event");
        assert!(tell(plain("a", Readiness::Stuck), 25).is_empty(), "its words are not read for a moment");
        assert!(tell(asks("a", "Delete?"), 26).is_empty(), "and are there again");
        assert!(tell(plain("a", Readiness::Dead), 60).is_empty());
        assert_eq!(tell(plain("a", Readiness::Dead), 63).len(), 1, "another state that needs somebody");
        assert!(tell(plain("a", Readiness::Dead), 66).is_empty());
        assert!(tell(plain("a", Readiness::Available), 70).is_empty());
        assert_eq!(tell(asks("a", "Delete?"), 80).len(), 1, "the same again, later");
    }

    #[test]
    fn a_restart_is_no_news() {
        let mut notices = Notices::default();
        let states = [Readiness::Working, Readiness::Dead, Readiness::Unknown, Readiness::Available, Readiness::Dead];
        for (second, state) in states.into_iter().enumerate() {
            let second = i64::try_from(second).unwrap();
            assert!(notices.look(&looks(vec![plain("a", state)]), at(second)).is_empty(), "{state:?}");
        }
        let later = notices.look(&looks(vec![plain("a", Readiness::Unknown)]), at(7));
        assert_eq!(later.len(), 1, "it has been down for three seconds");
    }

    #[test]
    fn nothing_is_told_of_one_that_is_put_off_until_its_time() {
        let mut notices = Notices::default();
        notices.look(&looks(vec![plain("a", Readiness::Working)]), at(0));
        notices.snoozed.insert("a".to_owned(), at(100));
        assert!(notices.look(&looks(vec![asks("a", "Deploy?")]), at(10)).is_empty());
        assert!(notices.look(&looks(vec![plain("a", Readiness::Working)]), at(50)).is_empty());
        assert_eq!(notices.look(&looks(vec![asks("a", "Deploy?")]), at(101)).len(), 1);
        assert!(notices.snoozed.is_empty());
    }

    #[test]
    fn quiet_hours_go_over_midnight() {
        let night = Quiet::parse("22:00-07:00").unwrap();
        let day = Quiet::parse("09:00-17:30").unwrap();
        let clock = |text: &str| format!("2026-01-02T{text}:00Z").parse::<Timestamp>().unwrap();
        for (time, at_night, by_day) in [
            ("21:59", false, false),
            ("22:00", true, false),
            ("00:00", true, false),
            ("06:59", true, false),
            ("07:00", false, false),
            ("17:29", false, true),
            ("17:30", false, false),
        ] {
            let told = (night.holds(clock(time), &TimeZone::UTC), day.holds(clock(time), &TimeZone::UTC));
            assert_eq!(told, (at_night, by_day), "{time}");
        }
        assert_eq!(night.to_string(), "22:00-07:00");
        for wrong in ["", "22-7", "24:00-07:00", "7:00-8:00", "07:00-07:00", "07:60-08:00"] {
            assert!(Quiet::parse(wrong).is_err(), "{wrong}");
        }
        let means = Means { bell: true, quiet: Some(night), ..Means::default() };
        assert!(means.any(clock("12:00"), &TimeZone::UTC) && !means.any(clock("23:00"), &TimeZone::UTC));
        assert!(!Means::default().any(clock("12:00"), &TimeZone::UTC));
    }
}

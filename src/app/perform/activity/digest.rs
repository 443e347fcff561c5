//! What the factory did in a while, in figures of its history: cards done and failed, how often and after which wait they
//! were given, what reached a person, and what the runtimes say that they used. Counted here, from events as they are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::events;
use crate::app::action::activity::Since;
use crate::app::action::report::Report;
use crate::backlog::model::EventKind;
use crate::fleet::activity::{Event, Kind};
use crate::fleet::error::Result;
use crate::fleet::escalations;
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{UsageFacts, age};
use crate::fleet::{roster, usage};

/// Where it is not said since when.
const DAYS: i64 = 7;

/// The digest since then.
///
/// # Errors
/// When the history or the list of escalations cannot be read.
pub(in crate::app) async fn digest(site: &Site, since: Option<&Since>) -> Result<Report> {
    let now = Timestamp::now();
    let week = now.checked_sub((DAYS * 24).hours()).unwrap_or(now);
    let from = since.map_or(Ok(week.as_millisecond()), events::moment)?;
    // Cards and decisions only: the readiness of a fleet is most of its history, and nothing of
    // it is counted here.
    let history = events::since_then(site, &[Kind::Card, Kind::Decision], from).await?;
    let tally = Tally::of(&history);
    let open = escalations::read(site)?.iter().filter(|one| one.is_open()).count();
    let used = Used::of(site, from);
    let begun = Timestamp::from_millisecond(from).unwrap_or(Timestamp::UNIX_EPOCH);
    let text = tally.text(begun, now, open, &used);
    Ok(Report::done(text, &tally.json(site, begun, now, open, &used)))
}

/// What one agent did with cards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hand {
    done: u64,
    failed: u64,
    claims: u64,
}

/// What the history comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tally {
    done: u64,
    failed: u64,
    returned: u64,
    claims: u64,
    /// Claims of each card.
    attempts: BTreeMap<String, u64>,
    /// Milliseconds from the moment when a card could be had until somebody had it, the shortest first.
    waits: Vec<i64>,
    /// Milliseconds in claim of those that were done, the shortest first.
    worked: Vec<i64>,
    raised: u64,
    settled: u64,
    hands: BTreeMap<String, Hand>,
}

impl Tally {
    /// Counts events in the order of their time.
    fn of(events: &[Event]) -> Self {
        let mut tally = Self::default();
        let mut free_since: BTreeMap<&str, i64> = BTreeMap::new();
        for event in events {
            match event.kind {
                Kind::Card => tally.card(event, &mut free_since),
                Kind::Decision => match event.detail.get("decision").and_then(Value::as_str) {
                    Some("escalate") => tally.raised += u64::from(event.good == Some(true)),
                    Some("settle") => tally.settled += u64::from(event.good == Some(true)),
                    _ => {}
                },
                _ => {}
            }
        }
        tally.waits.sort_unstable();
        tally.worked.sort_unstable();
        tally
    }

    fn card<'a>(&mut self, event: &'a Event, free_since: &mut BTreeMap<&'a str, i64>) {
        let (Some(card), Some(kind)) = (event.card.as_deref(), EventKind::parse(&event.outcome)) else { return };
        let mut hand = Hand::default();
        match kind {
            EventKind::Claimed => {
                self.claims += 1;
                hand.claims = 1;
                *self.attempts.entry(card.to_owned()).or_default() += 1;
                // One that came before is not known to have waited.
                // Taken out, so that a second claim without a return between counts no wait.
                self.waits.extend(free_since.remove(card).map(|since| (event.at - since).max(0)));
            }
            EventKind::Completed => {
                self.done += 1;
                hand.done = 1;
                self.worked.extend(event.lasted);
            }
            // What an operator parked did not fail: nobody held it.
            EventKind::Blocked if event.agent.is_some() => {
                self.failed += 1;
                hand.failed = 1;
            }
            EventKind::Created | EventKind::Unblocked => {
                free_since.insert(card, event.at);
            }
            EventKind::Reclaimed => {
                self.returned += 1;
                free_since.insert(card, event.at);
            }
            // On to the next stage, or back.
            EventKind::Edited if event.detail.get("change").is_some_and(|change| change.get("stage").is_some()) => {
                free_since.insert(card, event.at);
            }
            _ => {}
        }
        if let Some(agent) = event.agent.as_ref().filter(|_| hand != Hand::default()) {
            let all = self.hands.entry(agent.clone()).or_default();
            (all.done, all.failed, all.claims) =
                (all.done + hand.done, all.failed + hand.failed, all.claims + hand.claims);
        }
    }

    /// The card that was claimed most often, where one was more than once.
    fn hardest(&self) -> Option<(&str, u64)> {
        let most = self.attempts.iter().max_by_key(|(_, times)| **times)?;
        (*most.1 > 1).then_some((most.0.as_str(), *most.1))
    }

    fn text(&self, from: Timestamp, until: Timestamp, open: usize, used: &Used) -> String {
        let local = from.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M");
        let millis = until.as_millisecond().saturating_sub(from.as_millisecond());
        let hardest = self.hardest().map(|(card, times)| format!(", {card} most often: {times}")).unwrap_or_default();
        let mut lines = vec![
            format!("since        {local}, {}", short(millis)),
            format!("cards        {} done, {} failed, {} given back", self.done, self.failed, self.returned),
            format!("attempts     {} claims of {} cards{hardest}", self.claims, self.attempts.len()),
            match (middle(&self.waits), self.waits.last()) {
                (Some(middle), Some(longest)) => {
                    format!("waits        {} before a claim, {} at most", short(middle), short(*longest))
                }
                _ => "waits        nothing that came in this time was claimed".to_owned(),
            },
        ];
        lines.extend(middle(&self.worked).map(|middle| format!("in claim     {} until a card is done", short(middle))));
        lines.push(format!("escalations  {} raised, {} settled, {open} open now", self.raised, self.settled));
        lines.push(used.text());
        let width = self.hands.keys().map(|name| name.chars().count()).max().unwrap_or_default().max(11);
        lines.extend(self.hands.iter().map(|(name, hand)| {
            format!("{name:<width$}  {} done, {} failed, {} claims", hand.done, hand.failed, hand.claims)
        }));
        lines.join("\n")
    }

    fn json(&self, site: &Site, from: Timestamp, until: Timestamp, open: usize, used: &Used) -> Value {
        let seconds = |millis: Option<i64>| millis.map(|millis| millis / 1000);
        let hands = self.hands.iter().map(
            |(agent, hand)| json!({ "agent": agent, "done": hand.done, "failed": hand.failed, "claims": hand.claims }),
        );
        json!({
            "tenant_id": site.tenant_id, "host": site.host, "since": from.to_string(), "until": until.to_string(),
            "done": self.done, "failed": self.failed, "given_back": self.returned,
            "attempts": {
                "claims": self.claims, "cards": self.attempts.len(),
                "most": self.hardest().map(|(card, times)| json!({ "card": card, "claims": times })),
            },
            "waits": {
                "claims": self.waits.len(), "median_seconds": seconds(middle(&self.waits)),
                "longest_seconds": seconds(self.waits.last().copied()),
            },
            "in_claim": { "median_seconds": seconds(middle(&self.worked)) },
            "escalations": { "raised": self.raised, "settled": self.settled, "open": open },
            "tokens": { "agents": used.agents, "input": used.input, "output": used.output, "cost_usd": used.cost },
            "agents": hands.collect::<Vec<_>>(),
        })
    }
}

fn middle(sorted: &[i64]) -> Option<i64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

fn short(millis: i64) -> String {
    age::short(Duration::from_millis(millis.unsigned_abs()))
}

/// What runtimes of this host said that they used, each of its last conversation.
#[derive(Debug, Clone, Default, PartialEq)]
struct Used {
    agents: usize,
    input: u64,
    output: u64,
    cost: Option<f64>,
}

impl Used {
    fn of(site: &Site, from: i64) -> Self {
        let mut used = Self::default();
        // Without a roster there is nobody who could have used anything.
        let Ok(roster) = roster::load(site) else { return used };
        for agent in roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)) {
            let said = usage::read(&site.run_file(&agent.name, RunFile::Usage)).map(|usage| usage.facts);
            // A runtime says what its conversation used so far, and not when: one that was last heard of before
            // is left out as a whole.
            let is_late =
                |facts: &UsageFacts| facts.observed_at.parse::<Timestamp>().is_ok_and(|at| at.as_millisecond() >= from);
            if let Some(facts) = said.filter(is_late) {
                used.add(&facts);
            }
        }
        used
    }

    fn add(&mut self, facts: &UsageFacts) {
        self.agents += 1;
        self.input = self.input.saturating_add(facts.input_tokens.unwrap_or_default());
        self.output = self.output.saturating_add(facts.output_tokens.unwrap_or_default());
        if let Some(cost) = facts.cost_usd {
            *self.cost.get_or_insert(0.0) += cost;
        }
    }

    fn text(&self) -> String {
        if self.agents == 0 {
            return "tokens       no runtime has said what it used".to_owned();
        }
        let cost = self.cost.map(|cost| format!(", ${cost:.2} by their own estimate")).unwrap_or_default();
        let conversations = if self.agents == 1 { "conversation" } else { "conversations" };
        format!("tokens       {} in, {} out{cost}; {} {conversations}", self.input, self.output, self.agents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, card: &str, kind: EventKind, agent: Option<&str>) -> Event {
        let mut event = Event::new(Kind::Card, Timestamp::from_second(second).unwrap(), "me", "here");
        (event.card, event.agent) = (Some(card.to_owned()), agent.map(str::to_owned));
        event.outcome = kind.word().to_owned();
        event.lasted = (kind == EventKind::Completed).then_some(40_000);
        event
    }

    fn decision(word: &str, good: bool) -> Event {
        let mut event = Event::new(Kind::Decision, Timestamp::from_second(500).unwrap(), "me", "here");
        event.detail.insert("decision".to_owned(), word.into());
        event.good = Some(good);
        event
    }

    #[test]
    fn what_cards_agents_and_people_did_is_counted_with_waits_and_attempts() {
        let mut moved = line(170, "A", EventKind::Edited, None);
        moved.detail.insert("change".to_owned(), json!({ "stage": ["code", "review"] }));
        let events = [
            line(100, "A", EventKind::Created, None),
            line(110, "A", EventKind::Claimed, Some("code0")),
            line(120, "A", EventKind::Edited, None),
            line(130, "A", EventKind::Reclaimed, Some("code0")),
            line(160, "A", EventKind::Claimed, Some("code1")),
            moved,
            line(171, "A", EventKind::Claimed, Some("review0")),
            line(200, "A", EventKind::Completed, Some("review0")),
            line(210, "B", EventKind::Claimed, Some("code0")),
            line(220, "B", EventKind::Blocked, Some("code0")),
            line(230, "C", EventKind::Blocked, None),
            decision("escalate", true),
            decision("escalate", false),
            decision("settle", true),
            decision("dispatch", true),
        ];
        let tally = Tally::of(&events);
        assert_eq!((tally.done, tally.failed, tally.returned, tally.claims), (1, 1, 1, 4));
        assert_eq!(tally.waits, [1000, 10_000, 30_000], "one that was there before is not known to have waited");
        assert_eq!((tally.raised, tally.settled, tally.hardest()), (1, 1, Some(("A", 3))));
        assert_eq!(tally.hands["code0"], Hand { done: 0, failed: 1, claims: 2 });
        let mut used = Used::default();
        used.add(&UsageFacts {
            input_tokens: Some(1200),
            output_tokens: Some(80),
            cost_usd: Some(0.5),
            ..UsageFacts::default()
        });
        let (from, until) = (Timestamp::from_second(0).unwrap(), Timestamp::from_second(7200).unwrap());
        let text = tally.text(from, until, 2, &used);
        for part in [
            "cards        1 done, 1 failed, 1 given back",
            "attempts     4 claims of 2 cards, A most often: 3",
            "waits        10s before a claim, 30s at most",
            "in claim     40s until a card is done",
            "escalations  1 raised, 1 settled, 2 open now",
            "tokens       1200 in, 80 out, $0.50 by their own estimate; 1 conversation",
            "code0        0 done, 1 failed, 2 claims",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let json = tally.json(&Site::for_tests("/nowhere"), from, until, 2, &used);
        assert_eq!((&json["waits"]["median_seconds"], &json["attempts"]["most"]["card"]), (&10.into(), &"A".into()));
        assert_eq!((&json["tokens"]["input"], &json["escalations"]["open"]), (&1200.into(), &2.into()));
    }

    #[test]
    fn of_nothing_it_says_so() {
        let tally = Tally::of(&[]);
        let (from, until) = (Timestamp::from_second(0).unwrap(), Timestamp::from_second(7200).unwrap());
        let text = tally.text(from, until, 0, &Used::default());
        assert!(text.contains("0 done, 0 failed") && text.contains("no runtime has said"), "{text}");
        assert!(text.contains("nothing that came in this time was claimed"), "{text}");
        assert_eq!(
            tally.json(&Site::for_tests("/nowhere"), from, until, 0, &Used::default())["in_claim"]["median_seconds"],
            Value::Null
        );
    }
}

//! One thing that happened, as a value: what is written down of it, and the JSON in which it is kept and printed. Pure.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::fleet::home::fingerprint;
use crate::fleet::model::{Label, Readiness};

/// Version of the JSON of an event; it grows when a field changes meaning or goes.
pub const SCHEMA: &str = "mosaic-tui/event/1";

/// Longest text that is kept of an event, in bytes: a command line or a last screen, not a book.
const MAX_TEXT: usize = 4 << 10;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An agent's readiness became another.
    Readiness,
    /// A message was delivered, or was not.
    Send,
    /// A runtime was told to begin a new conversation.
    Reset,
    /// A question was answered.
    Approve,
    /// Something was asked for by a key or a command.
    Action,
    /// A card of the backlog changed.
    Card,
    /// The supervisor decided something.
    Decision,
    /// An agent's process began.
    Start,
    /// An agent's process ended.
    Exit,
    /// A change was reviewed, tested, merged or refused at a repository's gate.
    Gate,
}

impl Kind {
    /// Every kind, with its word.
    pub const ALL: [(&'static str, Self); 10] = [
        ("readiness", Self::Readiness),
        ("send", Self::Send),
        ("reset", Self::Reset),
        ("approve", Self::Approve),
        ("action", Self::Action),
        ("card", Self::Card),
        ("decision", Self::Decision),
        ("start", Self::Start),
        ("exit", Self::Exit),
        ("gate", Self::Gate),
    ];

    /// Reads a kind's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
    }

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Whether it is a delivery into a pane, which has a receipt.
    #[must_use]
    pub fn is_delivery(self) -> bool {
        matches!(self, Self::Send | Self::Reset | Self::Approve)
    }
}

/// How an event came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// A key of the dashboard.
    Key,
    /// The dashboard's command line.
    Palette,
    /// A command in a shell.
    Shell,
    /// An agent's keeper.
    Keeper,
    /// A process that looks at all planes, such as a dashboard.
    Observer,
    /// The backlog's own history.
    Backlog,
    /// The supervisor.
    Supervisor,
}

impl Door {
    /// Every door, with its word.
    pub const ALL: [(&'static str, Self); 7] = [
        ("key", Self::Key),
        ("palette", Self::Palette),
        ("shell", Self::Shell),
        ("keeper", Self::Keeper),
        ("observer", Self::Observer),
        ("backlog", Self::Backlog),
        ("supervisor", Self::Supervisor),
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, door)| *door == self).map_or("", |(word, _)| word)
    }

    /// Reads a door's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, door)| *door)
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// By this it is known: written twice, it is still one.
    pub id: String,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Whose fleet.
    pub tenant_id: String,
    /// Where it happened.
    pub host: String,
    /// The agent that it is about.
    pub agent: Option<String>,
    /// Who did it, or saw it.
    pub who: String,
    /// How it came to be known.
    pub door: Option<Door>,
    /// What was done or what changed, in a few words.
    pub what: String,
    /// What became of it, in a word.
    pub outcome: String,
    /// Whether that is good; `None` where it is neither.
    pub good: Option<bool>,
    /// The agent's state from then on.
    pub state: Option<Readiness>,
    /// The card that it is about.
    pub card: Option<String>,
    /// How long it took, or lasted, in milliseconds.
    pub lasted: Option<i64>,
    /// Everything that was said: a reason, an answer, a last screen.
    pub text: String,
    /// What else is known.
    pub detail: Map<String, Value>,
}

impl Event {
    /// An event of now with an id of its own.
    #[must_use]
    pub fn new(kind: Kind, at: Timestamp, tenant_id: &str, host: &str) -> Self {
        Self {
            id: fresh_id(),
            at: at.as_millisecond(),
            kind,
            tenant_id: tenant_id.to_owned(),
            host: host.to_owned(),
            agent: None,
            who: String::new(),
            door: None,
            what: String::new(),
            outcome: String::new(),
            good: None,
            state: None,
            card: None,
            lasted: None,
            text: String::new(),
            detail: Map::new(),
        }
    }

    /// When it happened.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whom its line names first: the agent that changed by itself, else who did it.
    #[must_use]
    pub fn subject(&self) -> &str {
        match (self.kind, &self.agent) {
            // Of these whoever saw it is of no interest: the agent itself is what changed.
            (Kind::Readiness | Kind::Start | Kind::Exit, Some(agent)) => agent,
            _ => short(&self.who),
        }
    }

    /// The first line of what was said.
    #[must_use]
    pub fn first_line(&self) -> &str {
        self.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
    }

    /// The line that says most: the last one of an end, the first one of anything else.
    #[must_use]
    pub fn telling_line(&self) -> &str {
        match self.kind {
            // A program's last screen ends with why it ended; everything else begins with what matters.
            Kind::Exit => self.text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default(),
            _ => self.first_line(),
        }
    }

    /// What a search for words looks at.
    #[must_use]
    pub fn words(&self) -> String {
        let parts = [
            self.agent.as_deref().unwrap_or_default(),
            &self.who,
            self.kind.word(),
            &self.what,
            &self.outcome,
            self.card.as_deref().unwrap_or_default(),
            &self.text,
        ];
        parts.join(" ").to_lowercase()
    }

    /// The event for programs, in one object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut all = json!({
            "schema": SCHEMA,
            "id": self.id,
            "ts": self.time().to_string(),
            "kind": self.kind.word(),
            "tenant_id": self.tenant_id,
            "host": self.host,
            "agent": self.agent,
            "who": self.who,
            "door": self.door.map(Door::word),
            "what": self.what,
            "outcome": self.outcome,
            "good": self.good,
            "state": self.state.map(Readiness::word),
            "card": self.card,
            "lasted_ms": self.lasted,
            "text": self.text,
        });
        if let Value::Object(all) = &mut all {
            for (name, value) in &self.detail {
                // A detail never takes the place of a field of the event's own.
                all.entry(name).or_insert_with(|| value.clone());
            }
        }
        all
    }

    /// Reads what [`Self::to_json`] made, or a line of the record that was kept before there was a history; `None` for
    /// anything else.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let Ok(Value::Object(mut all)) = serde_json::from_str::<Value>(line) else { return None };
        let mut text = |name: &str| match all.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let at: Timestamp = text("ts")?.parse().ok()?;
        let kind = Kind::parse(&text("kind")?)?;
        // Taken out before the rest is read, else it would stand among the details.
        let said = text("schema").is_some();
        let mut event = Self {
            // Lines of the older record have no id, and one that is read twice has to be the same event.
            id: text("id").unwrap_or_else(|| fingerprint(line.trim().as_bytes())),
            tenant_id: text("tenant_id").unwrap_or_default(),
            host: text("host").unwrap_or_default(),
            agent: text("agent").filter(|agent| !agent.is_empty()),
            who: text("who").unwrap_or_default(),
            door: text("door").and_then(|word| Door::parse(&word)),
            what: text("what").unwrap_or_default(),
            outcome: text("outcome").unwrap_or_default(),
            state: text("state").and_then(|word| Readiness::ALL.into_iter().find(|state| state.word() == word)),
            card: text("card"),
            text: text("text").unwrap_or_default(),
            good: all.remove("good").and_then(|good| good.as_bool()),
            lasted: all.remove("lasted_ms").and_then(|lasted| lasted.as_i64()),
            at: at.as_millisecond(),
            kind,
            // Last: it holds what the fields before have not taken out.
            detail: all,
        };
        if !said {
            event.complete_delivery();
        }
        Some(event.bounded())
    }

    /// Fills in what a line of a delivery did not say before there was a history.
    fn complete_delivery(&mut self) {
        let text = |name: &str| self.detail.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (sender, delivery, reason, target) = (text("sender"), text("delivery"), text("reason"), text("target"));
        self.who = sender;
        self.what = delivery_words(self.kind, self.agent.as_deref().unwrap_or(&target));
        // By the words of that time: the enum of today may have others.
        self.good = Some(matches!(delivery.as_str(), "accepted" | "queued" | "sent"));
        self.outcome = delivery;
        self.text = reason;
    }

    /// The same event with nothing longer than is kept, and no line that acts on a terminal.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        for short in [&mut self.who, &mut self.what, &mut self.outcome] {
            *short = Label::new(short).to_string();
        }
        self.text = crate::fleet::model::printable(&self.text);
        if self.text.len() > MAX_TEXT {
            let mut end = MAX_TEXT;
            // A cut through a character would panic.
            while !self.text.is_char_boundary(end) {
                end -= 1;
            }
            self.text.truncate(end);
            self.text.push('\u{2026}');
        }
        self
    }
}

/// What a delivery does, in a few words.
#[must_use]
pub(super) fn delivery_words(kind: Kind, to: &str) -> String {
    match kind {
        Kind::Reset => format!("new conversation for {to}"),
        Kind::Approve => format!("answer for {to}"),
        _ => format!("message to {to}"),
    }
}

/// The last part of an address `host:session`.
fn short(who: &str) -> &str {
    who.rsplit_once(':').map_or(who, |(_, name)| name)
}

/// An id that no other event has.
fn fresh_id() -> String {
    let mut bytes = [0_u8; 8];
    // Without the kernel's randomness time and process tell two of them apart as well.
    if rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).is_err() {
        let now = Timestamp::now().as_nanosecond().to_le_bytes();
        let pid = std::process::id().to_le_bytes();
        return fingerprint(&[now.as_slice(), pid.as_slice()].concat());
    }
    format!("{:016x}", u64::from_le_bytes(bytes))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An event of an agent at so many seconds.
    pub(crate) fn event(kind: Kind, agent: &str, seconds: i64) -> Event {
        let at = Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        Event { agent: Some(agent.to_owned()), who: "here:operator".to_owned(), ..Event::new(kind, at, "me", "here") }
    }

    #[test]
    fn an_event_survives_its_json() {
        let mut sample = event(Kind::Action, "a", 5);
        sample.door = Some(Door::Palette);
        sample.state = Some(Readiness::Stuck);
        sample.good = Some(false);
        sample.lasted = Some(1234);
        sample.card = Some("OPS-1".to_owned());
        sample.detail.insert("code".to_owned(), 4.into());
        assert_eq!(Event::read(&sample.to_json().to_string()), Some(sample.clone()));
        assert_eq!(sample.to_json()["schema"], SCHEMA);
        assert_eq!(sample.to_json()["code"], 4);
        assert_ne!(
            Event::new(Kind::Start, sample.time(), "", "").id,
            Event::new(Kind::Start, sample.time(), "", "").id
        );
    }

    #[test]
    fn a_line_of_the_earlier_record_is_an_event_with_all_that_it_said() {
        let line = r#"{"ts":"2026-01-02T03:04:05Z","kind":"send","tenant_id":"me","host":"vm","source":"vm:lead",
            "sender":"vm:operator","claimed":true,"target":"vm:a","agent":"a","message_id":"m1","delivery":"refused",
            "reason":"blocked_by_prompt: a question is open","class":"task","length":9,"fingerprint":"00ff"}"#;
        let event = Event::read(line).unwrap();
        assert_eq!((event.kind, event.who.as_str(), event.outcome.as_str()), (Kind::Send, "vm:operator", "refused"));
        assert_eq!((event.good, event.what.as_str()), (Some(false), "message to a"));
        let json = event.to_json();
        for (name, want) in [("source", "vm:lead"), ("delivery", "refused"), ("message_id", "m1"), ("class", "task")] {
            assert_eq!(json[name], want);
        }
        assert_eq!((&json["claimed"], &json["length"]), (&true.into(), &9.into()));
        assert_eq!(Event::read(line).unwrap().id, event.id, "the same line is the same event");
    }

    #[test]
    fn what_is_kept_is_bounded_and_harmless() {
        let mut long = event(Kind::Exit, "a", 0);
        long.text = "\u{e9}\x1b[31m".repeat(5000);
        long.what = "two\nlines".to_owned();
        let kept = long.bounded();
        assert!(kept.text.len() < MAX_TEXT + 200 && kept.text.ends_with('\u{2026}'));
        assert!(!kept.text.contains('\x1b') && kept.what == "two lines");
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(line in "[\\s\\S]{0,200}") {
            let _event = Event::read(&line);
        }
    }
}

//! A sheet of few questions, some with a choice: what a first fleet is made of, and how one agent is launched. What is
//! answered becomes the same actions as the commands, one after the other.

use std::collections::VecDeque;

use crate::app::action::dispatch::RequestId;
use crate::app::action::inputs::Inputs;
use crate::app::tui::state::text_input::TextInput;

/// An open sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What it is for.
    pub about: About,
    /// Its questions.
    pub entries: Vec<Entry>,
    /// The one with the cursor.
    pub focus: usize,
    /// What is to be known beside the questions.
    pub note: Option<String>,
    /// What went wrong at the last try, or is asked again.
    pub notice: Option<String>,
    /// What was done already; it is not done again.
    pub done: Vec<String>,
    /// What is being done, and is waited for.
    pub saving: Option<(RequestId, String)>,
    /// What follows then.
    pub(in crate::app::tui) next: VecDeque<Step>,
    /// Whether Esc was pressed once: the next drops what is typed.
    pub(in crate::app::tui) leaving: bool,
}

/// What a sheet is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The first fleet of this home.
    FirstFleet {
        /// Kinds that are examples of `fleet init`, and no system types.
        examples: Vec<String>,
    },
    /// How this agent is launched.
    Launch(String),
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub label: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// The answer.
    pub value: Value,
    /// What it was.
    before: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// It is typed.
    Typed(TextInput),
    /// One of these, and which.
    OneOf(Vec<Choice>, usize),
}

/// One of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is called in commands.
    pub name: String,
    /// What is said of it.
    pub about: String,
}

impl Entry {
    pub(in crate::app::tui) fn typed(label: &'static str, question: &'static str, text: &str) -> Self {
        Self { label, question, value: Value::Typed(TextInput::line(text)), before: text.to_owned() }
    }

    pub(in crate::app::tui) fn one_of(
        label: &'static str,
        question: &'static str,
        choices: Vec<Choice>,
        now: &str,
    ) -> Self {
        let at = choices.iter().position(|choice| choice.name == now).unwrap_or(0);
        Self { label, question, value: Value::OneOf(choices, at), before: now.to_owned() }
    }

    /// The answer as a command takes it.
    #[must_use]
    pub fn answer(&self) -> &str {
        match &self.value {
            Value::Typed(line) => line.text.trim(),
            Value::OneOf(choices, at) => choices.get(*at).map_or("", |choice| choice.name.as_str()),
        }
    }

    pub(in crate::app::tui) fn is_changed(&self) -> bool {
        self.answer() != self.before.trim()
    }
}

/// What a first fleet can be made of on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Runtimes that are installed, and the built-in one.
    pub runtimes: Vec<Choice>,
    /// Kinds of fleet: system types, then the smaller examples.
    pub kinds: Vec<Kind>,
    /// Name of the operator's login.
    pub user: String,
    /// Runtimes that are known, and not installed here.
    pub missing: Vec<String>,
}

/// A kind of fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Its name, and what is said of it.
    pub choice: Choice,
    /// Whether it is an example of `fleet init`, and no system type.
    pub is_example: bool,
}

/// How an agent is launched, as the roster says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchSettings {
    /// Its runtime.
    pub runtime: String,
    /// Runtimes that are known.
    pub runtimes: Vec<Choice>,
    /// Model asked for.
    pub model_hint: String,
    /// Unattended.
    pub yolo: bool,
    /// Command in place of what is built.
    pub command: String,
    /// Channels of its runtime.
    pub channels: String,
    /// What decides beside the roster.
    pub note: Option<String>,
}

/// One action of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app::tui) enum Step {
    /// Writes the roster: of a system type, or of an example.
    Roster { is_example: bool },
    /// Says who the operator is.
    Identity,
    /// Starts the fleet.
    Start,
    /// Writes what was changed into the roster.
    Fields,
}

impl Sheet {
    pub(in crate::app::tui) fn new(about: About, entries: Vec<Entry>, note: Option<String>) -> Self {
        let (done, next) = (Vec::new(), VecDeque::new());
        Self { about, entries, focus: 0, note, notice: None, done, saving: None, next, leaving: false }
    }

    /// The three questions of a first fleet.
    #[must_use]
    pub fn first_fleet(offer: Offer) -> Self {
        let of_examples = offer.kinds.iter().filter(|kind| kind.is_example);
        let examples = of_examples.map(|kind| kind.choice.name.clone()).collect();
        let kinds = offer.kinds.into_iter().map(|kind| kind.choice).collect();
        let entries = vec![
            Entry::one_of("runtime", "Which program do your agents run?", offer.runtimes, ""),
            Entry::one_of("kind", "Which kind of fleet?", kinds, ""),
            Entry::typed("you", "How do your agents address you?", &offer.user),
        ];
        let missing = offer.missing.join(", ");
        let note = Some(format!("not installed here: {missing}")).filter(|_| !missing.is_empty());
        Self::new(About::FirstFleet { examples }, entries, note)
    }

    /// How an agent is launched.
    #[must_use]
    pub fn launch(name: &str, settings: LaunchSettings) -> Self {
        let switch = |name: &str, about: &str| Choice { name: name.to_owned(), about: about.to_owned() };
        let yolo = vec![switch("true", "acts without asking"), switch("false", "asks before it acts")];
        let now = if settings.yolo { "true" } else { "false" };
        let entries = vec![
            Entry::one_of("runtime", "Which program does it run?", settings.runtimes, &settings.runtime),
            Entry::typed("model_hint", "Which model? provider/model:effort; empty is its own", &settings.model_hint),
            Entry::one_of("yolo", "Does it ask before it acts?", yolo, now),
            Entry::typed("channels", "Which channels? Only claude has them", &settings.channels),
            Entry::typed("command", "A whole command in place of all these?", &settings.command),
        ];
        Self::new(About::Launch(name.to_owned()), entries, settings.note)
    }

    /// What is marked: which question, and which of its choices.
    #[must_use]
    pub fn mark(&self) -> (usize, usize) {
        let choice = match self.entries.get(self.focus).map(|entry| &entry.value) {
            Some(Value::OneOf(_, at)) => *at,
            _ => 0,
        };
        (self.focus, choice)
    }

    /// Whether it is about one agent.
    #[must_use]
    pub fn is_launch(&self) -> bool {
        matches!(self.about, About::Launch(_))
    }

    /// Whether the cursor is in the last question.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.focus + 1 >= self.entries.len()
    }

    pub(in crate::app::tui) fn answer(&self, label: &str) -> &str {
        self.entries.iter().find(|entry| entry.label == label).map_or("", Entry::answer)
    }

    /// The entry of the table that a step becomes, with its inputs.
    pub(in crate::app::tui) fn asked(&self, step: &Step) -> (&'static str, Inputs) {
        let none = Inputs::default();
        let one = |text: &str| vec![text.to_owned()];
        match step {
            Step::Roster { is_example } => {
                let (id, kind) =
                    if *is_example { ("fleet.init", "profile") } else { ("fleet.provision", "system-type") };
                let inputs = none.with(kind, one(self.answer("kind"))).with("runtime", one(self.answer("runtime")));
                // Without it these two only show what they would write.
                (id, inputs.with_flag("write"))
            }
            Step::Identity => {
                ("identity.init", none.with("user-name", one(self.answer("you"))).with_flag("non-interactive"))
            }
            Step::Start => ("fleet.start", none),
            Step::Fields => {
                let changed = self.entries.iter().filter(|entry| entry.is_changed());
                let fields = changed.map(|entry| format!("{}={}", entry.label, entry.answer())).collect();
                let About::Launch(name) = &self.about else { return ("fleet.edit", none) };
                ("fleet.edit", none.with("name", one(name)).with("fields", fields))
            }
        }
    }
}

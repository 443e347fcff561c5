//! The form in which a card is made or edited.

use std::borrow::Cow;

use crate::app::action::dispatch::RequestId;
use crate::app::tui::state::text_input::{Lines, TextInput};
use crate::backlog::model::{Card, CardId};

/// Which field of a card a line of the form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldName {
    /// The id; of a new card only.
    Id,
    /// The title.
    Title,
    /// The priority.
    Priority,
    /// The phase.
    Phase,
    /// Class or agent.
    Assignee,
    /// The goal that it is work for.
    Goal,
    /// Stage of the pipeline.
    Stage,
    /// The branch of its work.
    Branch,
    /// Patterns with commas between.
    Paths,
    /// Seconds of a claim.
    Ttl,
    /// Ids with commas between.
    DependsOn,
    /// JSON.
    Acceptance,
    /// Markdown.
    Body,
}

impl FieldName {
    /// The fields of one line.
    pub const LINES: [Self; 11] = [
        Self::Title,
        Self::Priority,
        Self::Phase,
        Self::Assignee,
        Self::Goal,
        Self::Stage,
        Self::Branch,
        Self::Paths,
        Self::Ttl,
        Self::DependsOn,
        Self::Acceptance,
    ];

    /// A text as it is typed there.
    #[must_use]
    pub fn input(self, text: &str) -> TextInput {
        TextInput::new(text, if self == Self::Body { Lines::Many } else { Lines::One })
    }

    /// Its name on the command line.
    #[must_use]
    pub fn argument(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
            Self::Priority => "priority",
            Self::Phase => "phase",
            Self::Assignee => "assignee",
            Self::Goal => "goal",
            Self::Stage => "stage",
            Self::Branch => "branch",
            Self::Paths => "paths",
            Self::Ttl => "ttl",
            Self::DependsOn => "depends-on",
            Self::Acceptance => "acceptance",
            Self::Body => "body",
        }
    }

    /// Its name in the form.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Assignee => "for",
            Self::DependsOn => "depends on",
            Self::Ttl => "lease",
            other => other.argument(),
        }
    }

    /// What is typed there, in a few words.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Id => "id: its name everywhere, such as M1-7; needed, and never changed",
            Self::Title => "title: what is to be done, on one line; needed",
            Self::Priority => "priority: a number; the higher is claimed first",
            Self::Phase => "phase: the board or milestone that it belongs to",
            Self::Assignee => "for: the class or agent that should take it; empty is anyone",
            Self::Goal => "goal: the id of the goal that it is work for; may be empty",
            Self::Stage => "stage: where in the pipeline it is; empty where there is none",
            Self::Branch => "branch: where its work is committed; empty is one of its own",
            Self::Paths => "paths: files it may change, as patterns with commas; empty is all",
            Self::Ttl => "lease: seconds that a claim holds; empty is the fleet's default",
            Self::DependsOn => "depends on: ids that must be done first, with commas between",
            Self::Acceptance => "acceptance: how one sees that it is done, as JSON; may be empty",
            Self::Body => "body: all else that its agent should know, as Markdown",
        }
    }

    /// What a card holds there, as it is typed.
    #[must_use]
    pub fn value(self, card: &Card) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Id => card.id.as_str(),
            Self::Title => &card.title,
            Self::Phase => &card.phase,
            Self::Assignee => &card.assignee,
            Self::Goal => &card.goal,
            Self::Stage => &card.stage,
            Self::Branch => &card.branch,
            Self::Body => &card.body,
            Self::Priority => return card.priority.to_string().into(),
            Self::Paths => return card.paths.join(", ").into(),
            Self::Ttl => return card.ttl_seconds.map(|seconds| seconds.to_string()).unwrap_or_default().into(),
            Self::DependsOn => {
                return card.depends_on.iter().map(CardId::as_str).collect::<Vec<_>>().join(", ").into();
            }
            Self::Acceptance => {
                return card.acceptance.as_ref().map(ToString::to_string).unwrap_or_default().into();
            }
        })
    }
}

/// One line of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Which.
    pub name: FieldName,
    /// What is typed.
    pub line: TextInput,
    /// What it was.
    pub before: String,
}

/// A card being made or edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The card and the version that is edited; `None` makes a new one.
    pub editing: Option<(CardId, i64)>,
    /// The fields.
    pub fields: Vec<Field>,
    /// The field with the cursor.
    pub focus: usize,
    /// What went wrong at the last try, or changed meanwhile.
    pub notice: Option<String>,
    /// The newest version seen, when it is no longer the edited one.
    pub newer: Option<Box<CardValues>>,
    /// The request whose answer is being waited for.
    pub saving: Option<RequestId>,
    /// Whether Esc was pressed once: the next drops what is typed.
    pub leaving: bool,
}

/// A card's values as the form holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardValues {
    /// Its version.
    pub version: i64,
    /// Its fields.
    pub values: Vec<(FieldName, String)>,
}

/// Fields of a card that exists, in the form's order.
pub(in crate::app::tui) fn fields() -> impl Iterator<Item = FieldName> {
    FieldName::LINES.into_iter().chain([FieldName::Body])
}

impl CardValues {
    /// The values of a card.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        Self { version: card.version, values: fields().map(|name| (name, name.value(card).into_owned())).collect() }
    }
}

impl Form {
    /// An empty form.
    #[must_use]
    pub fn new_card(phase: &str) -> Self {
        let field = |name: FieldName| {
            let text = match name {
                FieldName::Priority => "0",
                FieldName::Phase => phase,
                FieldName::Id
                | FieldName::Title
                | FieldName::Assignee
                | FieldName::Goal
                | FieldName::Stage
                | FieldName::Branch
                | FieldName::Paths
                | FieldName::Ttl
                | FieldName::DependsOn
                | FieldName::Acceptance
                | FieldName::Body => "",
            };
            Field { name, line: name.input(text), before: String::new() }
        };
        let fields = std::iter::once(FieldName::Id).chain(fields()).map(field).collect();
        Self { editing: None, fields, focus: 0, notice: None, newer: None, saving: None, leaving: false }
    }

    /// The form of an existing card.
    #[must_use]
    pub fn edit(card: &Card) -> Self {
        let fields = fields()
            .map(|name| {
                let before = name.value(card).into_owned();
                Field { name, line: name.input(&before), before }
            })
            .collect();
        Self {
            editing: Some((card.id, card.version)),
            fields,
            focus: 0,
            notice: None,
            newer: None,
            saving: None,
            leaving: false,
        }
    }

    /// Puts values into the fields, as if they were typed.
    pub fn type_in(&mut self, values: Vec<(FieldName, String)>) {
        for (name, text) in values {
            if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
                // An editor ends the last line; the card may not.
                let same = field.before.trim_end() == text.trim_end();
                field.line = field.name.input(if same { &field.before } else { &text });
            }
        }
    }

    /// Fields that differ from what they were.
    #[must_use]
    pub fn changed(&self) -> Vec<&Field> {
        self.fields.iter().filter(|field| field.line.text != field.before).collect()
    }

    /// Notes that the card has another version by now, and says what is different.
    pub fn meanwhile(&mut self, card: &Card) {
        let Some((id, version)) = &self.editing else { return };
        // The card is read with each change of the backlog, and the same word twice would hide
        // what was said since.
        let known = self.newer.as_ref().is_some_and(|newer| newer.version == card.version);
        if card.id != *id || card.version == *version || known {
            return;
        }
        let newer = CardValues::of(card);
        let different: Vec<String> = self
            .fields
            .iter()
            .filter_map(|field| {
                let (_, now) = newer.values.iter().find(|(name, _)| *name == field.name)?;
                (*now != field.before).then(|| {
                    let short = |text: &str| text.lines().next().unwrap_or("").chars().take(40).collect::<String>();
                    format!("{} is now \"{}\"", field.name.label(), short(now))
                })
            })
            .collect();
        if different.is_empty() {
            // A claim or its renewal: nothing that is edited here is touched by it.
            if let Some((_, version)) = &mut self.editing {
                *version = card.version;
            }
            return;
        }
        self.notice = Some(format!("changed meanwhile (version {}): {}", card.version, different.join(", ")));
        self.newer = Some(Box::new(newer));
    }

    /// Goes on from the newer version: fields that were not touched take its values, the others stay typed.
    pub fn take_newer(&mut self) {
        let Some(newer) = self.newer.take() else { return };
        if let Some((_, version)) = &mut self.editing {
            *version = newer.version;
        }
        for field in &mut self.fields {
            let Some((_, now)) = newer.values.iter().find(|(name, _)| *name == field.name) else { continue };
            // Field by field: two people who edit two fields of a card are in nobody's way.
            if field.line.text == field.before {
                field.line = field.name.input(now);
            }
            field.before.clone_from(now);
        }
        self.notice = None;
    }
}

//! The form in which a card is made or edited, and the small questions of the board.

use super::Line;
use crate::app::action::dispatch::{Request, RequestId};
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
    /// Ids with commas between.
    DependsOn,
    /// JSON.
    Acceptance,
    /// Markdown.
    Body,
}

impl FieldName {
    /// The fields of one line.
    pub const LINES: [Self; 6] =
        [Self::Title, Self::Priority, Self::Phase, Self::Assignee, Self::DependsOn, Self::Acceptance];

    /// Its name on the command line.
    #[must_use]
    pub fn argument(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
            Self::Priority => "priority",
            Self::Phase => "phase",
            Self::Assignee => "assignee",
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
            other => other.argument(),
        }
    }

    /// What a card holds there, as it is typed.
    #[must_use]
    pub fn value(self, card: &Card) -> String {
        match self {
            Self::Id => card.id.to_string(),
            Self::Title => card.title.clone(),
            Self::Priority => card.priority.to_string(),
            Self::Phase => card.phase.clone(),
            Self::Assignee => card.assignee.clone(),
            Self::DependsOn => card.depends_on.iter().map(CardId::as_str).collect::<Vec<_>>().join(", "),
            Self::Acceptance => card.acceptance.as_ref().map(ToString::to_string).unwrap_or_default(),
            Self::Body => card.body.clone(),
        }
    }
}

/// One line of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Which.
    pub name: FieldName,
    /// What is typed.
    pub line: Line,
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
fn fields() -> impl Iterator<Item = FieldName> {
    FieldName::LINES.into_iter().chain([FieldName::Body])
}

impl CardValues {
    /// The values of a card.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        Self { version: card.version, values: fields().map(|name| (name, name.value(card))).collect() }
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
                _ => "",
            };
            Field { name, line: Line::new(text, name == FieldName::Body), before: String::new() }
        };
        let fields = std::iter::once(FieldName::Id).chain(fields()).map(field).collect();
        Self { editing: None, fields, focus: 0, notice: None, newer: None, saving: None, leaving: false }
    }

    /// The form of an existing card.
    #[must_use]
    pub fn edit(card: &Card) -> Self {
        let fields = fields()
            .map(|name| {
                let before = name.value(card);
                Field { name, line: Line::new(&before, name == FieldName::Body), before }
            })
            .collect();
        Self {
            editing: Some((card.id.clone(), card.version)),
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
                let text = if same { field.before.clone() } else { text };
                field.line = Line::new(&text, field.line.multi);
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
            if field.line.text == field.before {
                field.line = Line::new(now, field.line.multi);
            }
            field.before.clone_from(now);
        }
        self.notice = None;
    }
}

/// A question with a line to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked.
    pub about: Question,
    /// What is typed.
    pub line: Line,
    /// What was wrong with it.
    pub notice: Option<String>,
    /// The request that is being sent; the text stays until it has arrived.
    pub sending: Option<RequestId>,
    /// How far back in the history the text came from; 0 is none of it.
    pub back: usize,
    /// What was typed before the history was looked into.
    pub typed: String,
}

impl Prompt {
    /// A question with nothing typed yet.
    #[must_use]
    pub fn new(about: Question) -> Self {
        let multi = matches!(about, Question::Message(_) | Question::Broadcast(_));
        Self { about, line: Line::new("", multi), notice: None, sending: None, back: 0, typed: String::new() }
    }

    /// Whether its text goes to agents.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self.about, Question::Message(_) | Question::Broadcast(_))
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Why this card is parked.
    BlockReason(CardId),
    /// On which card this one depends.
    LinkTo(CardId),
    /// What to tell this agent.
    Message(String),
    /// What to tell these agents.
    Broadcast(Vec<String>),
}

/// A choice between a few things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// What is chosen.
    pub title: String,
    /// The card that it was opened on.
    pub card: CardId,
    /// The choices.
    pub items: Vec<(String, Choice)>,
    /// The marked one.
    pub at: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Hands a request to the executor.
    Run {
        /// Its command line.
        command: String,
        /// What the executor is asked.
        request: Box<Request>,
        /// Whether it asks first, as its key does.
        asks: bool,
    },
    /// Asks further.
    Ask(Question),
    /// Opens the choice of an owner.
    Owner(CardId),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;

    #[test]
    fn a_card_that_changed_meanwhile_is_merged_field_by_field() {
        let mut card = samples::card("A4");
        let mut form = Form::edit(&card);
        form.fields[0].line = Line::new("typed title", false);
        card.version += 1;
        card.title = "their title".into();
        card.phase = "their phase".into();
        form.meanwhile(&card);
        let notice = form.notice.clone().unwrap();
        assert!(notice.contains("title is now \"their title\"") && notice.contains("phase is now"), "{notice}");
        form.take_newer();
        let texts: Vec<&str> = form.fields.iter().take(3).map(|field| field.line.text.as_str()).collect();
        assert_eq!(texts, ["typed title", "0", "their phase"]);
        assert_eq!(form.editing.as_ref().map(|(_, version)| *version), Some(card.version));
        assert_eq!(form.changed().len(), 1, "only what was typed is saved");
    }
}

//! What the table says of an action: its doors, its arguments, what it can destroy, what it answers.

use crate::app::action::inputs::Inputs;
use crate::app::action::{Action, ScreenAction};

/// The first word of every command line.
const PROGRAM: &str = "mosaic-tui";

/// One action.
#[derive(Debug, Clone, Copy)]
pub struct ActionSpec {
    /// `noun.verb`.
    pub id: &'static str,
    /// A few words for lists.
    pub title: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// How it can be asked for.
    pub doors: Doors,
    /// Arguments.
    pub arguments: &'static [Argument],
    /// What it can destroy.
    pub danger: Danger,
    /// Whether it may change anything outside of this program, with whichever arguments.
    pub writes: bool,
    /// Whether the footer shows its key.
    pub footer: bool,
    /// What its command answers.
    pub answer: Answer,
    /// Where the action comes from.
    pub build: Build,
}

/// A way in which an action is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// A command line in a shell.
    Shell,
    /// The dashboard's command line.
    Palette,
    /// A key of the dashboard.
    Key,
}

/// The doors of an action; one that it does not have says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doors {
    /// From a shell.
    pub shell: Shell,
    /// From the palette.
    pub palette: Palette,
    /// By key.
    pub key: Key,
}

/// How an action is asked for in a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// By these words, then the arguments.
    Words(&'static [&'static str]),
    /// By options of the program itself, without a command.
    Root,
    /// Not at all, for this reason.
    None(&'static str),
}

/// How an action is asked for in the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// By its command's words, else by its title.
    Open,
    /// Not at all, for this reason.
    None(&'static str),
}

/// How an action is asked for by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// By these chords, in one place.
    In(Place, &'static [&'static str]),
    /// Not at all, for this reason.
    None(&'static str),
}

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere but in a text field.
    Anywhere,
    /// In the Fleet and the Wall view, on the selected agent.
    Fleet,
    /// In the Fleet view alone.
    List,
    /// In the Wall view.
    Wall,
    /// In the Watch view.
    Watch,
    /// In the Fleet, the Wall and the Watch view.
    Agents,
    /// In the Board view and on a card.
    Board,
    /// On the goals.
    Goals,
    /// In the Activity view.
    Activity,
    /// In a diff.
    Diff,
    /// In the Org view.
    Org,
    /// In the Fleet, the Wall and the Org view, on the selected agent.
    Seats,
    /// In every view of agents, on the selected one.
    Everyone,
}

impl Place {
    /// Whether a key of `self` works at `at`, one of the views.
    #[must_use]
    pub fn covers(self, at: Self) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Agents => matches!(at, Self::Fleet | Self::Wall | Self::Watch),
            Self::Fleet => matches!(at, Self::Fleet | Self::Wall),
            Self::List => at == Self::Fleet,
            Self::Seats => matches!(at, Self::Fleet | Self::Wall | Self::Org),
            Self::Everyone => matches!(at, Self::Fleet | Self::Wall | Self::Watch | Self::Org),
            _ => self == at,
        }
    }

    /// Its name in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Anywhere => "everywhere",
            Self::Fleet => "Fleet, Wall",
            Self::List => "Fleet",
            Self::Wall => "Wall",
            Self::Watch => "Watch",
            Self::Agents => "Fleet, Wall, Watch",
            Self::Board => "Board",
            Self::Goals => "goals",
            Self::Activity => "Activity",
            Self::Diff => "diff",
            Self::Org => "Org",
            Self::Seats => "Fleet, Wall, Org",
            Self::Everyone => "Fleet, Wall, Watch, Org",
        }
    }
}

/// What an action can destroy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// Nothing.
    None,
    /// It ends something: the dashboard asks first, with this verb on the button.
    Confirm(&'static str),
}

/// Shape of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A required word.
    Required,
    /// An optional word.
    Optional,
    /// Any number of words.
    Many,
    /// Everything behind `--`.
    Rest,
    /// `--name VALUE`.
    Value,
    /// `--name VALUE`, which must be given.
    RequiredValue,
    /// `--name`.
    Flag,
}

impl Shape {
    /// Whether the action cannot be built without it.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::RequiredValue)
    }

    /// Whether it is written with `--` in front.
    #[must_use]
    pub fn is_option(self) -> bool {
        matches!(self, Self::Value | Self::RequiredValue | Self::Flag)
    }
}

/// One argument of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its name; with `--` in front for options.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// What it is.
    pub doc: &'static str,
    /// Allowed values; empty means any.
    pub values: &'static [&'static str],
}

/// What a command answers.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// What `--json` prints; empty for a command without it.
    pub json: &'static str,
    /// Exit codes it can end with, beside 2 for wrong usage.
    pub exits: &'static [u8],
}

/// Where an action comes from.
#[derive(Debug, Clone, Copy)]
pub enum Build {
    /// From its inputs.
    From(fn(&Inputs) -> Result<Action, String>),
    /// It has none, and stays on the screen.
    Screen(ScreenAction),
}

impl Build {
    /// Whether it is this action of the screen.
    #[must_use]
    pub fn is(self, wanted: ScreenAction) -> bool {
        matches!(self, Self::Screen(action) if action == wanted)
    }
}

impl ActionSpec {
    /// The action that these inputs make.
    ///
    /// # Errors
    /// What is missing, or wrong with one of them.
    pub fn build(&self, inputs: &Inputs) -> Result<Action, String> {
        match self.build {
            Build::From(build) => build(inputs),
            Build::Screen(action) => Ok(Action::Screen(action)),
        }
    }

    /// Its command's words, where it has a command.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self.doors.shell {
            Shell::Words(words) => Some(words.join(" ")),
            Shell::Root | Shell::None(_) => None,
        }
    }

    /// How its command is called: words and arguments, in brackets what may be left out.
    #[must_use]
    pub fn usage(&self) -> String {
        let words = std::iter::once(PROGRAM.to_owned()).chain(self.words());
        words.chain(self.arguments.iter().map(Argument::usage)).collect::<Vec<_>>().join(" ")
    }

    /// Why it cannot be asked for at a door, and at which it can; `None` where it has that door.
    #[must_use]
    pub fn refusal(&self, door: Door) -> Option<String> {
        let (what, why) = match (door, self.doors) {
            (Door::Shell, Doors { shell: Shell::None(why), .. }) => ("has no command", why),
            (Door::Palette, Doors { palette: Palette::None(why), .. }) => ("is not run from here", why),
            (Door::Key, Doors { key: Key::None(why), .. }) => ("has no key", why),
            _ => return None,
        };
        let name = self.words().unwrap_or_else(|| self.title.to_owned());
        let mut doors = Vec::new();
        if let Key::In(place, chords) = self.doors.key {
            doors.push(format!("in the dashboard its key is {} ({})", chords.join(" or "), place.word()));
        }
        match self.doors.shell {
            Shell::Words(_) if door != Door::Shell => doors.push(format!("in a shell it is `{PROGRAM} {name}`")),
            Shell::Root if door != Door::Shell => doors.push(format!("in a shell it is `{}`", self.usage())),
            _ => {}
        }
        if doors.is_empty() {
            doors.push("the palette of the dashboard has it (`:`)".to_owned());
        }
        Some(format!("{name} {what}: {why}; {}", doors.join(", ")))
    }
}

impl Argument {
    /// How it is written, in brackets where it may be left out.
    #[must_use]
    pub fn usage(&self) -> String {
        let upper = self.name.to_uppercase();
        match self.shape {
            Shape::Required => upper,
            Shape::Optional => format!("[{upper}]"),
            Shape::Many => format!("[{upper}...]"),
            Shape::Rest => "[-- ...]".to_owned(),
            Shape::Value => format!("[--{} {upper}]", self.name),
            Shape::RequiredValue => format!("--{} {upper}", self.name),
            Shape::Flag => format!("[--{}]", self.name),
        }
    }
}

/// Rows of the table are written with these: what every row says first, and then only what is special about it.
const fn row(id: &'static str, title: &'static str, doc: &'static str, doors: Doors, build: Build) -> ActionSpec {
    let answer = Answer { json: "", exits: &[] };
    ActionSpec {
        id,
        title,
        doc,
        doors,
        arguments: &[],
        danger: Danger::None,
        writes: true,
        footer: false,
        answer,
        build,
    }
}

/// An action with a command; the palette has it too.
pub(super) const fn command(
    id: &'static str,
    title: &'static str,
    doc: &'static str,
    words: &'static [&'static str],
    build: fn(&Inputs) -> Result<Action, String>,
) -> ActionSpec {
    let doors = Doors { shell: Shell::Words(words), palette: Palette::Open, key: Key::None("") };
    row(id, title, doc, doors, Build::From(build))
}

/// An action of the program's own options.
pub(super) const fn option(
    id: &'static str,
    title: &'static str,
    doc: &'static str,
    no_key: &'static str,
    build: fn(&Inputs) -> Result<Action, String>,
) -> ActionSpec {
    let doors = Doors { shell: Shell::Root, palette: Palette::None(no_key), key: Key::None(no_key) };
    row(id, title, doc, doors, Build::From(build))
}

/// An action that stays on the screen.
pub(super) const fn screen(
    id: &'static str,
    title: &'static str,
    doc: &'static str,
    place: Place,
    chords: &'static [&'static str],
    action: ScreenAction,
) -> ActionSpec {
    let doors =
        Doors { shell: Shell::None("it only moves the screen"), palette: Palette::Open, key: Key::In(place, chords) };
    ActionSpec { writes: action.writes(), ..row(id, title, doc, doors, Build::Screen(action)) }
}

impl ActionSpec {
    /// With these arguments.
    pub(super) const fn takes(self, arguments: &'static [Argument]) -> Self {
        Self { arguments, ..self }
    }

    /// With a key as well.
    pub(super) const fn key(self, place: Place, chords: &'static [&'static str]) -> Self {
        Self { doors: Doors { key: Key::In(place, chords), ..self.doors }, ..self }
    }

    /// Without a key, for this reason.
    pub(super) const fn no_key(self, why: &'static str) -> Self {
        Self { doors: Doors { key: Key::None(why), ..self.doors }, ..self }
    }

    /// For shells alone, for this reason.
    pub(super) const fn shell_only(self, why: &'static str) -> Self {
        Self { doors: Doors { key: Key::None(why), palette: Palette::None(why), ..self.doors }, ..self }
    }

    /// Without a command, for this reason.
    pub(super) const fn no_command(self, why: &'static str) -> Self {
        Self { doors: Doors { shell: Shell::None(why), ..self.doors }, ..self }
    }

    /// It ends something: the dashboard asks first, with this verb on the button.
    pub(super) const fn asks_first(self, verb: &'static str) -> Self {
        Self { danger: Danger::Confirm(verb), ..self }
    }

    /// Whatever it is given, it changes nothing.
    pub(super) const fn looks(self) -> Self {
        Self { writes: false, ..self }
    }

    /// The footer shows its key.
    pub(super) const fn in_footer(self) -> Self {
        Self { footer: true, ..self }
    }

    /// Its command prints this with `--json`, and ends with one of these exit codes, or with 2 for wrong usage.
    pub(super) const fn answers(self, json: &'static str, exits: &'static [u8]) -> Self {
        Self { answer: Answer { json, exits }, ..self }
    }
}

/// A required word.
pub(super) const fn word(name: &'static str, doc: &'static str) -> Argument {
    Argument { name, shape: Shape::Required, doc, values: &[] }
}

/// `--name VALUE`.
pub(super) const fn value(name: &'static str, doc: &'static str) -> Argument {
    Argument { name, shape: Shape::Value, doc, values: &[] }
}

/// `--name VALUE`, which must be given.
pub(super) const fn needed(name: &'static str, doc: &'static str) -> Argument {
    Argument { name, shape: Shape::RequiredValue, doc, values: &[] }
}

/// `--name`.
pub(super) const fn flag(name: &'static str, doc: &'static str) -> Argument {
    Argument { name, shape: Shape::Flag, doc, values: &[] }
}

impl Argument {
    /// With one of these values only.
    pub(super) const fn of(self, values: &'static [&'static str]) -> Self {
        Self { values, ..self }
    }
}

/// The option of every command that has an answer for programs.
pub(super) const JSON: Argument = flag("json", "Prints JSON instead of text");
/// One agent.
pub(super) const NAME: Argument = word("name", "Agent name");
/// Several agents.
pub(super) const AGENTS: Argument =
    Argument { name: "agents", shape: Shape::Many, doc: "Agent names; none means all", values: &[] };

/// Exit codes of what looks at the fleet: the roster may be missing, or tmux.
pub(super) const LOOK: &[u8] = &[0, 1, 3, 69];
/// Exit codes of what acts on agents, which a rule may forbid.
pub(super) const ACT: &[u8] = &[0, 1, 3, 4, 69];

/// Shapes that several answers share, by the name that stands for them in a table: their fields.
pub const SHAPES: &[(&str, &str)] = &[
    (
        "row",
        "name, alias, session, session_label, tenant_id, host, socket, class, runtime, model_hint, reports_to, persona, managed, systemd, pane, process, \
         idle_seconds, heartbeat, usage, health, readiness, reason, question, drift, boot_enable, flags, evidence, tree, claim, \
         notes, last_exit, observed_at",
    ),
    ("receipt", "delivery, refusal, reason, agent, tenant_id, host, message_id, bytes"),
    (
        "event",
        "schema, id, ts, kind, tenant_id, host, agent, who, door, what, outcome, good, state, card, lasted_ms, text, and what \
         its kind adds: a delivery source, sender, claimed, target, class, length, fingerprint, message_id, delivery, reason; a \
         readiness from, observer, question; an action code; a card version, change; an exit pid, exit_status, exit_signal, \
         quick_ends",
    ),
    ("outcome", "name, tenant_id, host, supervisor, outcome, error"),
    ("change", "name, tenant_id, host, outcome, file, warnings"),
    ("checks", "tenant_id, host, ok, checks"),
    (
        "card",
        "id, tenant_id, host, title, body, phase, priority, status, column, depends_on, open_dependencies, assignee, \
         goal, stage, branch, paths, ttl_seconds, rounds, \
         claim_owner, claim_host, claim_ttl_seconds, claimed_at, claim_since, claim_expires_at, claim_token, last_claim_token, \
         attempts, idempotency_key, acceptance, spend_projected, spend_actual, block_reason, created_at, updated_at, \
         version",
    ),
];

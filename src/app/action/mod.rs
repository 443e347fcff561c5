//! Typed intents: what the operator, a script or an agent wants done.
//!
//! A key and a command line build the same [`Action`] through the same function of the registry.

pub mod backlog;
pub mod cli;
pub mod error;
#[cfg(test)]
mod hints;
pub mod inputs;
pub mod keymap;
pub mod lifecycle;
pub mod registry;
pub mod report;
pub mod steering;

use std::path::PathBuf;

use self::backlog::BacklogAction;
use self::lifecycle::LifecycleAction;
use self::steering::SteeringAction;
use crate::fleet::model::{AgentName, HeartbeatStatus};

/// One intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Moves or changes the screen only.
    Screen(ScreenAction),
    /// Opens the dashboard.
    Dashboard,
    /// Prints the dashboard's state once.
    Once(OnceOptions),
    /// Prints the joined rows.
    FleetPs {
        /// Of this host only.
        local: bool,
    },
    /// Validates a roster file.
    FleetCheck(Option<PathBuf>),
    /// Prints the roster's JSON Schema.
    FleetSchema,
    /// Works on the fleet's lifecycle.
    Lifecycle(LifecycleAction),
    /// Prints the roster with defaults filled in.
    AgentRoster,
    /// Prints one row, or all.
    AgentStatus(Option<String>),
    /// Prints each plane's facts and the rule that decided.
    AgentExplain(String),
    /// Watches an agent's pane, read-only.
    AgentWatch(String),
    /// Keeps one agent's session.
    SessionRun {
        /// The agent.
        agent: String,
        /// Leave the caller's session first.
        detach: bool,
    },
    /// Makes sure of the tmux server, for its unit.
    SessionHold,
    /// Ends an agent, for its unit.
    SessionEnd(String),
    /// Reports a runtime's state to its keeper.
    SessionReport {
        /// What to report; `None` when a hook's event says so.
        status: Option<HeartbeatStatus>,
        /// One line in the runtime's words.
        detail: Option<String>,
        /// Runtime whose hook calls, and the event when it comes as an argument.
        hook: Option<(String, Option<String>)>,
        /// The reporting agent, when it is not the pane's own.
        agent: Option<AgentName>,
    },
    /// Becomes a program that ends with its parent.
    Tether {
        /// Pid of the program that started it.
        parent: Option<u32>,
        /// The program and its arguments.
        words: Vec<String>,
    },
    /// Replaces this process by a runtime.
    Launch(Launch),
    /// Prints what an agent is told before its first turn.
    Contract {
        /// The runtime.
        runtime: String,
        /// Role, when it is not the agent's.
        class: Option<String>,
        /// The agent.
        agent: Option<String>,
    },
    /// The framework's files in the Mosaic home.
    Framework(FrameworkAction),
    /// Runs the built-in runtime.
    StubAgent(Option<String>),
    /// Steers agents.
    Steering(SteeringAction),
    /// Works with cards.
    Backlog(BacklogAction),
    /// Runs a throw-away fleet.
    Demo {
        /// Number of agents.
        agents: usize,
        /// What to do with it.
        mode: DemoMode,
    },
}

/// How a runtime is launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The runtime.
    pub runtime: String,
    /// Unattended.
    pub yolo: bool,
    /// Model asked for.
    pub model: Option<String>,
    /// Channels of the runtime.
    pub channels: Option<String>,
    /// Further arguments for the runtime.
    pub arguments: Vec<String>,
}

/// What is done with the framework's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameworkAction {
    /// Writes what is missing or outdated.
    Install,
    /// Says how the home compares with what ships.
    Status,
}

/// How a demo is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoMode {
    /// With the dashboard on top; ends with it.
    Interactive,
    /// Set up, then left running.
    Headless,
    /// Ended.
    Stop,
}

/// An intent that stays on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenAction {
    /// One layer back, then out.
    Back,
    /// Out at once.
    Quit,
    /// Peels one layer, never quits.
    Peel,
    /// Help for where the operator is.
    Help,
    /// A command line inside the dashboard.
    Palette,
    /// A text for the selected agent.
    AskMessage,
    /// A text for every agent of the list.
    AskBroadcast,
    /// Draws everything again.
    Redraw,
    /// Hands the terminal back to the shell.
    Suspend,
    /// The Fleet view.
    ViewFleet,
    /// Moves the cursor or scrolls.
    Move(Motion),
    /// Edits the filter.
    Filter,
    /// Goes to the next agent that needs the operator.
    NextAttention,
    /// Moves the cut-out of a pane.
    Pan(Direction),
    /// The Board view.
    ViewBoard,
    /// The column beside.
    Column(Direction),
    /// The selected card, full screen.
    OpenCard,
    /// From a card to its owner's pane, from an agent to its card.
    Jump,
    /// Edits the board's filter.
    FilterBoard,
    /// The form of a new card.
    NewCard,
    /// The form of the selected card.
    EditCard,
    /// The selected card in the operator's editor.
    CardInEditor,
    /// Claims the selected card for an agent that is chosen.
    ClaimFor,
    /// Asks why, then parks the selected card.
    AskBlock,
    /// Asks on what the selected card depends.
    AskLink,
    /// Chooses a column to move the selected card to.
    MoveCard,
    /// Changes the selected card's priority.
    Priority(i8),
    /// Takes the last change back.
    Undo,
}

/// How far the cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One up.
    Up,
    /// One down.
    Down,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// To the first.
    First,
    /// To the last.
    Last,
}

/// Which way a pane's cut-out moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

/// Options of the headless print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceOptions {
    /// What is shown.
    pub view: OnceView,
    /// Output format.
    pub format: OnceFormat,
    /// Width in columns for the formats that need one.
    pub width: Option<u16>,
    /// Height in rows for the formats that need one.
    pub height: Option<u16>,
    /// Agent whose pane is added.
    pub pane: Option<String>,
    /// Exit 1 when somebody needs the operator.
    pub check: bool,
    /// Colours in text.
    pub color: bool,
}

/// What the headless print shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnceView {
    /// The fleet.
    Fleet,
    /// The backlog.
    Board,
    /// Both.
    All,
}

/// Format of the headless print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnceFormat {
    /// Aligned text for people and logs.
    Text,
    /// The structures that the dashboard draws.
    Json,
    /// The dashboard's frame with its escapes.
    Ansi,
    /// A picture of that frame.
    Svg,
}

//! The program itself, and all that has a terminal, or this whole process, to itself.

use super::spec::{ActionSpec, LOOK, command, flag, option, value, word};
use crate::app::action::Action;
use crate::app::action::inputs::Inputs;

/// What needs the terminal, or this whole process, to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalAction {
    /// Opens the dashboard.
    Dashboard,
    /// Prints the dashboard's state once.
    Once(OnceOptions),
    /// Runs a throw-away fleet.
    Demo {
        /// Number of agents.
        agents: usize,
        /// What to do with it.
        mode: DemoMode,
        /// Whether it works by itself, from goals to a main branch.
        factory: bool,
    },
    /// Watches an agent's pane, read-only.
    Watch(String),
    /// Takes an agent's pane over.
    Attach(String),
    /// Prints the text of a pane, and goes on with what is new.
    Follow {
        /// The agent.
        name: String,
        /// Lines.
        lines: u32,
        /// Keeps colours.
        ansi: bool,
    },
    /// Opens the operator's editor on a persona.
    EditPersona(String),
    /// Prints what happened.
    Events(super::activity::Events),
    /// Supervises the fleet.
    Supervise(super::supervise::Supervise),
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
    /// Prints what a shell completes command lines by, or the names of agents that it asks for.
    Completions(String),
    /// Prints the manual page.
    Manual,
    /// Becomes a program that ends with its parent.
    Tether {
        /// Pid of the program that started it.
        parent: Option<u32>,
        /// The program and its arguments.
        words: Vec<String>,
    },
    /// Replaces this process by a runtime.
    Launch(Launch),
    /// Runs the built-in runtime.
    StubAgent(Option<String>),
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
    /// The panes.
    Wall,
    /// The backlog.
    Board,
    /// What happened.
    Activity,
    /// The chart of seats.
    Org,
    /// One agent and its pane.
    Watch,
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

/// Entries of the program itself.
pub(super) const PROGRAM: &[ActionSpec] = &[
    option(
        "app.dashboard",
        "dashboard",
        "Opens the full-screen dashboard (no command at all)",
        "it is the dashboard",
        |_| Ok(Action::Terminal(TerminalAction::Dashboard)),
    )
    .looks(),
    option(
        "view.once",
        "print once",
        "Prints what the dashboard shows, and exits",
        "the dashboard shows it already",
        build_once,
    )
    .looks()
    .takes(&[
        flag("once", "Prints the state once and exits"),
        value(
            "view",
            "What is shown; JSON holds fleet and board always, panes and what happened where it is asked for",
        )
        .of(&["fleet", "wall", "board", "activity", "org", "watch", "all"]),
        value("format", "Output format").of(&["text", "json", "ansi", "svg"]),
        value("width", "Columns, for ansi, svg and text"),
        value("height", "Rows, for ansi and svg"),
        value("pane", "Adds this agent's pane"),
        flag("check", "Exits 1 and says who, when somebody needs you"),
        value("color", "Colours in text").of(&["never", "always"]),
    ]),
    command(
        "program.completions",
        "completions",
        "Prints the completion script of a shell; `agents` prints the names that the scripts ask for",
        &["completions"],
        |inputs| Ok(Action::Terminal(TerminalAction::Completions(inputs.required("shell")?))),
    )
    .looks()
    .shell_only("a shell reads it")
    .takes(&[word("shell", "Whose script").of(&["bash", "zsh", "fish", "agents"])])
    .answers("", LOOK),
    command("program.man", "man", "Prints the manual page; `man -l -` shows it from standard input", &["man"], |_| {
        Ok(Action::Terminal(TerminalAction::Manual))
    })
    .looks()
    .shell_only("man(1) reads it")
    .answers("", &[0, 1]),
    command(
        "demo.run",
        "demo",
        "Runs a throw-away fleet of stub agents with the dashboard on top",
        &["demo"],
        build_demo,
    )
    .shell_only("it is a dashboard of its own")
    .takes(&[
        value("agents", "Number of agents; default 6"),
        flag("factory", "Three goals, a repository and seven agents, who bring them to its main branch by themselves"),
        flag("headless", "Sets it up, prints shell exports to use it, and leaves it running"),
        flag("stop", "Ends the demo that the environment names, else every headless one"),
    ])
    .answers("", LOOK),
];

/// Most agents in a demo; each is three processes.
const MAX_DEMO_AGENTS: usize = 500;

fn build_once(inputs: &Inputs) -> Result<Action, String> {
    let number = |name: &str, low: u16| match inputs.one(name) {
        None => Ok(None),
        Some(text) => text
            .parse::<u16>()
            .ok()
            .filter(|number| (low..=1000).contains(number))
            .map(Some)
            .ok_or_else(|| format!("--{name} takes a number from {low} to 1000")),
    };
    let view = match inputs.one("view").as_deref() {
        Some("wall") => OnceView::Wall,
        Some("board") => OnceView::Board,
        Some("activity") => OnceView::Activity,
        Some("org") => OnceView::Org,
        Some("watch") => OnceView::Watch,
        Some("all") => OnceView::All,
        // Other words were refused by the values that the table allows.
        _ => OnceView::Fleet,
    };
    let format = match inputs.one("format").as_deref() {
        Some("json") => OnceFormat::Json,
        Some("ansi") => OnceFormat::Ansi,
        Some("svg") => OnceFormat::Svg,
        _ => OnceFormat::Text,
    };
    Ok(Action::Terminal(TerminalAction::Once(OnceOptions {
        view,
        format,
        width: number("width", 20)?,
        height: number("height", 5)?,
        pane: inputs.one("pane"),
        check: inputs.flag("check"),
        color: inputs.one("color").as_deref() == Some("always"),
    })))
}

fn build_demo(inputs: &Inputs) -> Result<Action, String> {
    let agents = match inputs.one("agents") {
        None => 6,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|number| (1..=MAX_DEMO_AGENTS).contains(number))
            .ok_or_else(|| format!("--agents takes a number from 1 to {MAX_DEMO_AGENTS}"))?,
    };
    let mode = match (inputs.flag("headless"), inputs.flag("stop")) {
        (false, false) => DemoMode::Interactive,
        (true, false) => DemoMode::Headless,
        (false, true) => DemoMode::Stop,
        (true, true) => return Err("--headless and --stop exclude each other".to_owned()),
    };
    Ok(Action::Terminal(TerminalAction::Demo { agents, mode, factory: inputs.flag("factory") }))
}

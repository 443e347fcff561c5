//! Single agents: what can be asked of them, and how.

use std::time::Duration;

use super::spec::{
    ACT, AGENTS, ActionSpec, Argument, JSON, LOOK, NAME, Place, Shape, command, flag, needed, screen, value,
};
use crate::app::action::concern::Concern;
use crate::app::action::inputs::Inputs;
use crate::app::action::text::Text;
use crate::app::action::{Action, ScreenAction, TerminalAction};
use crate::fleet::git::Against;
use crate::fleet::message::Options;
use crate::fleet::model::{Readiness, Shown};

/// What the executor is asked to do with single agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentAction {
    /// Prints the roster with defaults filled in.
    Roster,
    /// Prints one row, or all.
    Status(Option<String>),
    /// Prints each plane's facts and the rule that decided.
    Explain(String),
    /// Prints what an agent's work tree holds and another state does not.
    Diff {
        /// The agent.
        name: String,
        /// That state.
        against: Against,
        /// Files and counts alone.
        stat: bool,
    },
    /// Delivers a message to one agent.
    Send {
        /// The agent.
        name: String,
        /// The message.
        message: Box<Message>,
    },
    /// Delivers a message to several.
    Broadcast {
        /// By name; none means all that the other conditions leave.
        names: Vec<String>,
        /// Of this class only.
        class: Option<String>,
        /// In this state only.
        state: Option<Readiness>,
        /// The message.
        message: Box<Message>,
    },
    /// Tells a runtime to begin a new conversation.
    Reset {
        /// The agent.
        name: String,
        /// With a new session instead of the runtime's usual way.
        new: bool,
        /// How it is delivered.
        options: Options,
    },
    /// Answers a question that a runtime asks.
    Approve {
        /// The agent.
        name: String,
        /// Which choice, from 1.
        choice: usize,
        /// The only question that is meant.
        question: Option<String>,
        /// How long to look.
        options: Options,
    },
    /// Waits until an agent is in a state.
    Wait {
        /// The agent.
        name: String,
        /// The state, as lists show it.
        until: Shown,
        /// How long.
        timeout: Duration,
    },
    /// Prints the text of a pane.
    Tail {
        /// The agent.
        name: String,
        /// Lines.
        lines: u32,
        /// Keeps colours.
        ansi: bool,
    },
    /// Prints how an agent reaches its peers.
    CommsBlock {
        /// The agent.
        name: String,
        /// The host on which it is read; default the agent's own.
        host: Option<String>,
    },
}

impl AgentAction {
    /// What it changes. What is typed to an agent arrives in the order in which it was typed here, and never into its
    /// restart.
    pub(in crate::app::action) fn concern(&self) -> Concern {
        match self {
            Self::Send { name, .. } | Self::Reset { name, .. } | Self::Approve { name, .. } => {
                Concern::of_agents(std::slice::from_ref(name), false)
            }
            Self::Broadcast { names, .. } => Concern::of_agents(names, false),
            Self::Roster
            | Self::Status(_)
            | Self::Explain(_)
            | Self::Diff { .. }
            | Self::Wait { .. }
            | Self::Tail { .. }
            | Self::CommsBlock { .. } => Concern::default(),
        }
    }
}

/// What is delivered, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where the text comes from.
    pub text: Text,
    /// `host:session` of the sender, when it is not the caller.
    pub source: Option<String>,
    /// A tag that receivers sort by.
    pub class: Option<String>,
    /// How it is delivered.
    pub options: Options,
}

const MESSAGE: Argument = value("message", "The text; without it and --file it is read from standard input");
const FILE: Argument = value("file", "File that holds the text");
const SOURCE: Argument =
    value("source", "host:session of the sender; default the agent in whose pane this runs, else the user");
const TAG: Argument = value("tag", "A class of message that receivers sort by");
const BRANCH: Argument = flag("branch", "The whole work of its branch, committed or not");
const FORCE: Argument = flag("force", "Behind a draft that somebody left in the composer");
const NO_VERIFY: Argument = flag("no-verify", "Does not look at what became of it, and claims nothing");
const TIMEOUT: Argument =
    value("timeout", "Seconds to look for evidence, four times as many while nothing new is drawn; default 6");

/// What can be expected of an agent.
const STATES: &[&str] = &["stuck", "dead", "stale", "unknown", "available", "working"];
/// The states that lists show.
const SHOWN: &[&str] = &["stuck", "dead", "stale", "unknown", "available", "working", "stopped"];

/// What only looks.
pub(super) const LOOKS: &[ActionSpec] = &[
    command(
        "agent.roster",
        "roster",
        "Prints the roster as the fleet understands it, defaults filled in",
        &["agent", "roster"],
        |_| done(AgentAction::Roster),
    )
    .looks()
    .no_key("the Fleet view shows it")
    .takes(&[JSON])
    .answers("{file, socket, holder_session, warnings, agents}", &[0, 3]),
    command(
        "agent.status",
        "status",
        "Prints the joined row of one agent, or of all",
        &["agent", "status"],
        |inputs| done(AgentAction::Status(inputs.one("name"))),
    )
    .looks()
    .no_key("the Fleet view shows it")
    .takes(&[Argument { name: "name", shape: Shape::Optional, doc: "Agent name; none means all", values: &[] }, JSON])
    .answers("row, or [row]", LOOK),
    command(
        "agent.explain",
        "explain",
        "Prints each plane's facts with their age, the rule that decided, and what would change it",
        &["agent", "explain"],
        |inputs| done(AgentAction::Explain(inputs.required("name")?)),
    )
    .looks()
    .key(Place::Everyone, &["e"])
    .in_footer()
    .takes(&[NAME, JSON])
    .answers("{rule, would_change, agent, command}", LOOK),
    command(
        "agent.diff",
        "diff",
        "Shows what an agent's work tree holds that its last commit does not, read-only",
        &["agent", "diff"],
        |inputs| {
            let against = if inputs.flag("branch") { Against::Base } else { Against::Commit };
            done(AgentAction::Diff { name: inputs.required("name")?, against, stat: inputs.flag("stat") })
        },
    )
    .key(Place::Everyone, &["d"])
    .in_footer()
    .takes(&[NAME, BRANCH, flag("stat", "Files and counts, without their lines"), JSON])
    .looks()
    .answers("{agent, folder, tree, against, base, files, untracked, cut}", ACT),
    command(
        "agent.watch",
        "watch",
        "Shows an agent's pane full screen, live, read-only",
        &["agent", "watch"],
        |inputs| Ok(Action::Terminal(TerminalAction::Watch(inputs.required("name")?))),
    )
    .looks()
    .key(Place::Fleet, &["enter", "z"])
    .in_footer()
    .takes(&[NAME])
    .answers("", LOOK),
];

/// What acts.
pub(super) const ACTS: &[ActionSpec] = &[
    screen(
        "agent.persona",
        "persona",
        "Shows the persona of the selected agent: what it is for, and what it leaves to others",
        Place::Seats,
        &["p"],
        ScreenAction::ShowPersona,
    )
    .no_command("`persona show` is the command"),
    screen(
        "agent.launch",
        "launch settings",
        "Changes how the selected agent is launched: runtime, model, yolo, channels, command; then offers its restart",
        Place::Seats,
        &["c"],
        ScreenAction::LaunchSettings,
    )
    .no_command("`fleet edit` is the command"),
    screen(
        "fleet.first",
        "first fleet",
        "Asks three questions and makes a fleet, where there is none yet",
        Place::Seats,
        &["I"],
        ScreenAction::FirstFleet,
    )
    .no_command("`fleet provision`, `identity init` and `fleet start` are the commands"),
    screen(
        "agent.message",
        "message",
        "Writes to the selected agent; the text stays until its receipt says that it arrived",
        Place::Everyone,
        &["s"],
        ScreenAction::AskMessage,
    )
    .no_command("`agent send` is the command")
    .in_footer(),
    screen(
        "agent.answer",
        "answer",
        "Shows the question that an agent asks, whole, with a key for each choice; `w` goes on to the next",
        Place::Everyone,
        &["A"],
        ScreenAction::Answer,
    )
    .no_command("`agent approve` is the command")
    .in_footer(),
    command(
        "agent.send",
        "send",
        "Delivers a message exactly once, with a receipt: exit 0 means that the agent took it",
        &["agent", "send"],
        |inputs| done(AgentAction::Send { name: inputs.required("name")?, message: message(inputs)? }),
    )
    .no_key("`s` asks for the text")
    .takes(&[NAME, MESSAGE, FILE, SOURCE, TAG, FORCE, NO_VERIFY, TIMEOUT, JSON])
    .answers("receipt", ACT),
    command(
        "agent.attach",
        "attach",
        "Takes an agent's pane over: what you type goes to it; Ctrl-b d leaves (Ctrl-b Ctrl-b d inside a tmux of your own)",
        &["agent", "attach"],
        |inputs| Ok(Action::Terminal(TerminalAction::Attach(inputs.required("name")?))),
    )
    .key(Place::Seats, &["a"])
    .in_footer()
    .takes(&[NAME])
    .answers("", LOOK),
    command(
        "agent.broadcast",
        "broadcast",
        "Delivers a message to several agents, with one receipt each; exit 1 if any did not arrive",
        &["agent", "broadcast"],
        build_broadcast,
    )
    .no_key("the palette runs it")
    .takes(&[
        AGENTS,
        value("class", "Only agents of this class"),
        value("state", "Only agents in this state").of(STATES),
        MESSAGE,
        FILE,
        SOURCE,
        TAG,
        FORCE,
        NO_VERIFY,
        TIMEOUT,
        JSON,
    ])
    .asks_first("Write to")
    .answers("[receipt]", LOOK),
    screen(
        "agent.broadcast_shown",
        "broadcast",
        "Writes to the marked agents, else to every one that the list shows; it names them and asks first",
        Place::Fleet,
        &["b"],
        ScreenAction::AskBroadcast,
    )
    .no_command("`agent broadcast` is the command"),
    command(
        "agent.reset",
        "reset",
        "Tells the runtime to begin a new conversation, with a receipt like a message",
        &["agent", "reset"],
        |inputs| {
            let (name, options) = (inputs.required("name")?, look_only(inputs)?);
            done(AgentAction::Reset { name, new: inputs.flag("new"), options })
        },
    )
    .key(Place::Seats, &["r"])
    .takes(&[NAME, flag("new", "With `/new` instead of the runtime's own command"), TIMEOUT, JSON])
    .asks_first("Reset")
    .answers("receipt", ACT),
    command(
        "agent.approve",
        "approve",
        "Answers the question that a runtime asks, if it is still on the screen when the key is pressed",
        &["agent", "approve"],
        build_approve,
    )
    .no_key("`A` shows the question and answers it")
    .takes(&[
        NAME,
        value("choice", "Which choice, from 1; default the first"),
        value("question", "Only this question, as `fleet ps --json` shows it"),
        TIMEOUT,
        JSON,
    ])
    .asks_first("Approve")
    .answers("receipt", ACT),
    command(
        "agent.wait",
        "wait",
        "Waits until an agent is in a state; one that was stopped on purpose is `stopped`, and `dead` as well; exit 1 when that takes too long",
        &["agent", "wait"],
        build_wait,
    )
    .looks()
    .no_key("it blocks until then")
    .takes(&[NAME, needed("until", "The state").of(SHOWN), value("timeout", "Seconds; default a week"), JSON])
    .answers("row, or {name, until, last} when it took too long", LOOK),
    command(
        "agent.tail",
        "tail",
        "Prints the last lines of an agent's pane, its scrollback included",
        &["agent", "tail"],
        build_tail,
    )
    .looks()
    .key(Place::Seats, &["t"])
    .takes(&[
        NAME,
        value("lines", "Number of lines; default 80"),
        flag("follow", "Goes on with what is new, until the pane ends"),
        flag("ansi", "Keeps colours"),
        JSON,
    ])
    .answers("{name, tenant_id, host, pane, lines}", LOOK),
    command(
        "fleet.comms",
        "comms block",
        "Prints how an agent reaches its peers: its address, the exact command for each, how to answer",
        &["fleet", "comms-block"],
        |inputs| done(AgentAction::CommsBlock { name: inputs.required("name")?, host: inputs.one("host") }),
    )
    .looks()
    .no_key("agents get it in their prompt")
    .takes(&[NAME, value("host", "The host on which it is read; default the agent's own"), JSON])
    .answers("{agent, block}", &[0, 3]),
];

/// How long a delivery is looked after when nothing is said.
const TIMEOUT_SECONDS: f64 = 6.0;

/// Lines of a pane's text when nothing is said.
const LINES: u32 = 80;

/// Longest wait: a week.
const MAX_SECONDS: f64 = 604_800.0;

type Built = Result<Action, String>;

fn done(action: AgentAction) -> Built {
    Ok(Action::Agent(action))
}

fn seconds(inputs: &Inputs, name: &str, default: f64) -> Result<Duration, String> {
    let text = inputs.one(name);
    let seconds = text.as_deref().map_or(Ok(default), |text| text.parse::<f64>().map_err(|_| ()));
    seconds
        .ok()
        .filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("--{name} takes seconds, from 0 to {MAX_SECONDS}"))
}

fn message(inputs: &Inputs) -> Result<Box<Message>, String> {
    let text = match (inputs.one("message"), inputs.one("file")) {
        (Some(_), Some(_)) => return Err("--message and --file exclude each other".to_owned()),
        (Some(text), None) => Text::Given(text),
        (None, Some(file)) => Text::File(file.into()),
        // The palette has no input to read; whoever performs it refuses that there.
        (None, None) => Text::Input,
    };
    let options = Options {
        force: inputs.flag("force"),
        only_well: false,
        verify: !inputs.flag("no-verify"),
        timeout: seconds(inputs, "timeout", TIMEOUT_SECONDS)?,
    };
    Ok(Box::new(Message { text, source: inputs.one("source"), class: inputs.one("tag"), options }))
}

fn build_broadcast(inputs: &Inputs) -> Built {
    done(AgentAction::Broadcast {
        names: inputs.many("agents"),
        class: inputs.one("class"),
        state: inputs.one("state").map(|word| readiness("--state", &word)).transpose()?,
        message: message(inputs)?,
    })
}

fn look_only(inputs: &Inputs) -> Result<Options, String> {
    Ok(Options { force: false, only_well: false, verify: true, timeout: seconds(inputs, "timeout", TIMEOUT_SECONDS)? })
}

fn build_approve(inputs: &Inputs) -> Built {
    let choice = match inputs.one("choice") {
        None => 1,
        Some(text) => text.parse().ok().filter(|choice| (1..=9).contains(choice)).ok_or("--choice takes 1 to 9")?,
    };
    let (name, question) = (inputs.required("name")?, inputs.one("question"));
    done(AgentAction::Approve { name, choice, question, options: look_only(inputs)? })
}

fn readiness(option: &str, word: &str) -> Result<Readiness, String> {
    Readiness::parse(word).ok_or_else(|| {
        let all: Vec<&str> = Readiness::ALL.iter().map(|state| state.word()).collect();
        format!("{option} takes one of {}", all.join(", "))
    })
}

fn build_wait(inputs: &Inputs) -> Built {
    let until = inputs.one("until").ok_or("--until is needed")?;
    let until = Shown::parse(&until).ok_or_else(|| format!("--until takes one of {}", SHOWN.join(", ")))?;
    let timeout = seconds(inputs, "timeout", MAX_SECONDS)?;
    done(AgentAction::Wait { name: inputs.required("name")?, until, timeout })
}

fn build_tail(inputs: &Inputs) -> Built {
    let lines = match inputs.one("lines") {
        None => LINES,
        Some(text) => {
            text.parse().ok().filter(|lines| (1..=50_000).contains(lines)).ok_or("--lines takes 1 to 50000")?
        }
    };
    let (name, ansi) = (inputs.required("name")?, inputs.flag("ansi"));
    if inputs.flag("follow") {
        return Ok(Action::Terminal(TerminalAction::Follow { name, lines, ansi }));
    }
    done(AgentAction::Tail { name, lines, ansi })
}

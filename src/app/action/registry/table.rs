//! The table itself: one entry per action.

use super::build::{build_demo, build_once, build_report};
use super::{ActionSpec, Argument, Cli, Danger, JSON, Keys, Place, Shape};
use crate::app::action::inputs::Inputs;
use crate::app::action::{Action, Direction, FrameworkAction, Launch, Motion, ScreenAction};

const SCREEN_ONLY: Cli = Cli::None("it only moves the screen");

pub(super) const NAME: Argument = Argument { name: "name", shape: Shape::Required, doc: "Agent name", values: &[] };
pub(super) const AGENTS: Argument =
    Argument { name: "agents", shape: Shape::Many, doc: "Agent names; none means all", values: &[] };

pub(super) const fn flag(name: &'static str, doc: &'static str) -> Argument {
    Argument { name, shape: Shape::Flag, doc, values: &[] }
}

pub(super) const fn value(name: &'static str, doc: &'static str) -> Argument {
    Argument { name, shape: Shape::Value, doc, values: &[] }
}

pub(super) const fn screen(
    id: &'static str,
    title: &'static str,
    doc: &'static str,
    place: Place,
    keys: &'static [&'static str],
    footer: bool,
    build: fn(&Inputs) -> Result<Action, String>,
) -> ActionSpec {
    ActionSpec {
        id,
        title,
        doc,
        keys: Keys::In(place, keys),
        cli: SCREEN_ONLY,
        arguments: &[],
        danger: Danger::None,
        footer,
        build,
    }
}

pub(super) const fn command(
    id: &'static str,
    title: &'static str,
    doc: &'static str,
    words: &'static [&'static str],
    no_key: &'static str,
    arguments: &'static [Argument],
    build: fn(&Inputs) -> Result<Action, String>,
) -> ActionSpec {
    ActionSpec {
        id,
        title,
        doc,
        keys: Keys::None(no_key),
        cli: Cli::Words(words),
        arguments,
        danger: Danger::None,
        footer: false,
        build,
    }
}

pub(super) const fn both(spec: ActionSpec, place: Place, keys: &'static [&'static str], danger: Danger) -> ActionSpec {
    ActionSpec { keys: Keys::In(place, keys), danger, footer: true, ..spec }
}

/// The screen, the program itself, the fleet and what runs in its sessions.
pub(super) const FLEET: &[ActionSpec] = &[
    // The screen.
    screen("app.help", "help", "Shows the keys that work here", Place::Anywhere, &["?", "f1"], true, |_| {
        Ok(Action::Screen(ScreenAction::Help))
    }),
    screen(
        "app.palette",
        "command",
        "Opens the palette: every command by name, with its shell form",
        Place::Anywhere,
        &[":"],
        true,
        |_| Ok(Action::Screen(ScreenAction::Palette)),
    ),
    screen("app.back", "back", "Goes one layer back, then leaves", Place::Anywhere, &["q"], true, |_| {
        Ok(Action::Screen(ScreenAction::Back))
    }),
    screen("app.peel", "close", "Closes the topmost popup, filter or view", Place::Anywhere, &["esc"], false, |_| {
        Ok(Action::Screen(ScreenAction::Peel))
    }),
    screen("app.quit", "quit", "Leaves at once", Place::Anywhere, &["ctrl-c"], false, |_| {
        Ok(Action::Screen(ScreenAction::Quit))
    }),
    screen("app.redraw", "redraw", "Draws the whole screen again", Place::Anywhere, &["ctrl-l"], false, |_| {
        Ok(Action::Screen(ScreenAction::Redraw))
    }),
    screen(
        "app.suspend",
        "suspend",
        "Hands the terminal back to the shell; `fg` returns",
        Place::Anywhere,
        &["ctrl-z"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Suspend)),
    ),
    screen("view.fleet", "fleet", "Shows the Fleet view", Place::Anywhere, &["1"], false, |_| {
        Ok(Action::Screen(ScreenAction::ViewFleet))
    }),
    screen("view.board", "board", "Shows the Board view", Place::Anywhere, &["3"], true, |_| {
        Ok(Action::Screen(ScreenAction::ViewBoard))
    }),
    screen(
        "card.jump",
        "agent/card",
        "From a card to its owner's pane, from an agent to the card it holds; Esc goes back",
        Place::Anywhere,
        &["o"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Jump)),
    ),
    screen(
        "attention.next",
        "next waiting",
        "Goes to the next agent that needs you",
        Place::Anywhere,
        &["w"],
        true,
        |_| Ok(Action::Screen(ScreenAction::NextAttention)),
    ),
    screen(
        "list.filter",
        "filter",
        "Filters the list: text, `state:`, `class:`, `runtime:`, `host:`; `!` inverts a term",
        Place::Fleet,
        &["/"],
        true,
        |_| Ok(Action::Screen(ScreenAction::Filter)),
    ),
    screen("cursor.up", "up", "One up; in Watch, into the scrollback", Place::Anywhere, &["k", "up"], false, |_| {
        Ok(Action::Screen(ScreenAction::Move(Motion::Up)))
    }),
    screen("cursor.down", "down", "One down", Place::Anywhere, &["j", "down"], false, |_| {
        Ok(Action::Screen(ScreenAction::Move(Motion::Down)))
    }),
    screen("cursor.half_up", "half page up", "Half a page up", Place::Anywhere, &["ctrl-u", "pgup"], false, |_| {
        Ok(Action::Screen(ScreenAction::Move(Motion::HalfUp)))
    }),
    screen(
        "cursor.half_down",
        "half page down",
        "Half a page down",
        Place::Anywhere,
        &["ctrl-d", "pgdn"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Move(Motion::HalfDown))),
    ),
    screen(
        "cursor.first",
        "first",
        "To the first row; in Watch, to the oldest line",
        Place::Anywhere,
        &["g", "home"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Move(Motion::First))),
    ),
    screen(
        "cursor.last",
        "last",
        "To the last row; in Watch, back to the live screen",
        Place::Anywhere,
        &["G", "end"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Move(Motion::Last))),
    ),
    screen(
        "pane.left",
        "pan left",
        "Moves the cut-out of the pane left",
        Place::Agents,
        &["shift-left", "H"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Pan(Direction::Left))),
    ),
    screen(
        "pane.right",
        "pan right",
        "Moves the cut-out of the pane right",
        Place::Agents,
        &["shift-right", "L"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Pan(Direction::Right))),
    ),
    screen("pane.up", "pan up", "Moves the cut-out of the pane up", Place::Agents, &["shift-up", "K"], false, |_| {
        Ok(Action::Screen(ScreenAction::Pan(Direction::Up)))
    }),
    screen(
        "pane.down",
        "pan down",
        "Moves the cut-out of the pane down",
        Place::Agents,
        &["shift-down", "J"],
        false,
        |_| Ok(Action::Screen(ScreenAction::Pan(Direction::Down))),
    ),
    // The program itself.
    ActionSpec {
        id: "app.dashboard",
        title: "dashboard",
        doc: "Opens the full-screen dashboard (no command at all)",
        keys: Keys::None("it is the dashboard"),
        cli: Cli::Root,
        arguments: &[],
        danger: Danger::None,
        footer: false,
        build: |_| Ok(Action::Dashboard),
    },
    ActionSpec {
        id: "view.once",
        title: "print once",
        doc: "Prints what the dashboard shows, and exits",
        keys: Keys::None("the dashboard shows it already"),
        cli: Cli::Root,
        arguments: &[
            flag("once", "Prints the state once and exits"),
            Argument {
                name: "view",
                shape: Shape::Value,
                doc: "What is shown; JSON holds both",
                values: &["fleet", "board", "all"],
            },
            Argument {
                name: "format",
                shape: Shape::Value,
                doc: "Output format",
                values: &["text", "json", "ansi", "svg"],
            },
            value("width", "Columns, for ansi, svg and text"),
            value("height", "Rows, for ansi and svg"),
            value("pane", "Adds this agent's pane"),
            flag("check", "Exits 1 and says who, when somebody needs you"),
            Argument { name: "color", shape: Shape::Value, doc: "Colours in text", values: &["never", "always"] },
        ],
        danger: Danger::None,
        footer: false,
        build: build_once,
    },
    // The fleet.
    command(
        "fleet.ps",
        "fleet rows",
        "Prints one row per agent and unmanaged session, all planes joined",
        &["fleet", "ps"],
        "the Fleet view shows it",
        &[flag("local", "Only agents of this host; no other is asked"), JSON],
        |inputs| Ok(Action::FleetPs { local: inputs.flag("local") }),
    ),
    command(
        "fleet.check",
        "check roster",
        "Validates a roster file and lists every problem with its place",
        &["fleet", "check"],
        "the header shows an invalid roster",
        &[
            Argument { name: "file", shape: Shape::Optional, doc: "Roster file; default the fleet's own", values: &[] },
            JSON,
        ],
        |inputs| Ok(Action::FleetCheck(inputs.one("file").map(Into::into))),
    ),
    command(
        "fleet.schema",
        "roster schema",
        "Prints the JSON Schema of the roster",
        &["fleet", "schema"],
        "it is for editors",
        &[],
        |_| Ok(Action::FleetSchema),
    ),
    command(
        "agent.roster",
        "roster",
        "Prints the roster as the fleet understands it, defaults filled in",
        &["agent", "roster"],
        "the Fleet view shows it",
        &[JSON],
        |_| Ok(Action::AgentRoster),
    ),
    command(
        "agent.status",
        "status",
        "Prints the joined row of one agent, or of all",
        &["agent", "status"],
        "the Fleet view shows it",
        &[Argument { name: "name", shape: Shape::Optional, doc: "Agent name; none means all", values: &[] }, JSON],
        |inputs| Ok(Action::AgentStatus(inputs.one("name"))),
    ),
    both(
        command(
            "agent.explain",
            "explain",
            "Prints each plane's facts with their age, the rule that decided, and what would change it",
            &["agent", "explain"],
            "",
            &[NAME, JSON],
            |inputs| Ok(Action::AgentExplain(inputs.required("name")?)),
        ),
        Place::Agents,
        &["e"],
        Danger::None,
    ),
    both(
        command(
            "agent.watch",
            "watch",
            "Shows an agent's pane full screen, live, read-only",
            &["agent", "watch"],
            "",
            &[NAME],
            |inputs| Ok(Action::AgentWatch(inputs.required("name")?)),
        ),
        Place::Fleet,
        &["enter"],
        Danger::None,
    ),
    // What runs inside sessions.
    command(
        "session.run",
        "keep session",
        "Keeps one agent's session: makes or adopts it, writes heartbeats, records its end",
        &["session", "run"],
        "supervisors run it",
        &[NAME, flag("detach", "Leaves the caller's session first")],
        |inputs| Ok(Action::SessionRun { agent: inputs.required("name")?, detach: inputs.flag("detach") }),
    ),
    command(
        "session.hold",
        "hold server",
        "Makes sure of the fleet's tmux server, on behalf of its unit",
        &["session", "hold"],
        "its unit runs it",
        &[],
        |_| Ok(Action::SessionHold),
    ),
    command(
        "session.end",
        "end session",
        "Ends one agent with all of its processes, on behalf of its unit",
        &["session", "end"],
        "its unit runs it",
        &[NAME],
        |inputs| Ok(Action::SessionEnd(inputs.required("name")?)),
    ),
    command(
        "session.report",
        "report state",
        "Reports a runtime's state; its hooks run it inside the pane",
        &["session", "report"],
        "runtimes run it",
        &[
            Argument {
                name: "status",
                shape: Shape::Value,
                doc: "The state",
                values: &["ok", "busy", "waiting", "blocked", "error"],
            },
            value("detail", "One line in the runtime's words"),
            Argument {
                name: "hook",
                shape: Shape::Value,
                doc: "Takes the state from an event of this runtime's hook, on standard input or as EVENT",
                values: &["claude", "codex"],
            },
            Argument { name: "event", shape: Shape::Optional, doc: "The hook's event as JSON", values: &[] },
            value("agent", "Agent name; default $MOSAIC_AGENT_NAME"),
        ],
        build_report,
    ),
    command(
        "session.tether",
        "tether",
        "Becomes a program that is killed when its parent ends",
        &["session", "tether"],
        "the dashboard runs it",
        &[
            value("parent", "Pid of the program that starts it, which may have ended already"),
            Argument { name: "arguments", shape: Shape::Rest, doc: "The program and its arguments", values: &[] },
        ],
        |inputs| {
            let parent = inputs.one("parent").map(|pid| pid.parse().map_err(|_| "--parent takes a pid".to_owned()));
            let (parent, words) = (parent.transpose()?, inputs.many("arguments"));
            if words.is_empty() {
                return Err("a program is needed behind `--`".to_owned());
            }
            Ok(Action::Tether { parent, words })
        },
    ),
    command(
        "runtime.launch",
        "launch runtime",
        "Replaces itself by a runtime, prepared for the fleet",
        &["launch"],
        "sessions run it",
        &[
            Argument { name: "runtime", shape: Shape::Required, doc: "The runtime", values: &[] },
            flag("yolo", "Unattended: no questions before it acts"),
            value("model", "Model to use: [PROVIDER/]NAME[:EFFORT]"),
            value("channels", "Channels of a runtime that has them"),
            Argument { name: "arguments", shape: Shape::Rest, doc: "Passed on to the runtime", values: &[] },
        ],
        |inputs| {
            Ok(Action::Launch(Launch {
                runtime: inputs.required("runtime")?,
                yolo: inputs.flag("yolo"),
                model: inputs.one("model"),
                channels: inputs.one("channels"),
                arguments: inputs.many("arguments"),
            }))
        },
    ),
    command(
        "contract.compose",
        "compose contract",
        "Prints what an agent is told before its first turn, part by part, each with its source",
        &["contract", "compose"],
        "it is as long as a book; a pager shows it",
        &[
            Argument { name: "runtime", shape: Shape::Required, doc: "The runtime", values: &[] },
            value("class", "Role, which names the persona; default the agent's"),
            value("agent", "Agent name, for its role and its peers"),
            JSON,
        ],
        |inputs| {
            Ok(Action::Contract {
                runtime: inputs.required("runtime")?,
                class: inputs.one("class"),
                agent: inputs.one("agent"),
            })
        },
    ),
    command(
        "framework.install",
        "install framework",
        "Writes the framework's files into the Mosaic home; what you changed is kept beside the new version",
        &["framework", "install"],
        "once per version",
        &[JSON],
        |_| Ok(Action::Framework(FrameworkAction::Install)),
    ),
    command(
        "framework.status",
        "framework status",
        "Says which of the framework's files are missing, outdated or changed by you",
        &["framework", "status"],
        "once per version",
        &[JSON],
        |_| Ok(Action::Framework(FrameworkAction::Status)),
    ),
    command(
        "runtime.stub",
        "stub agent",
        "Runs the built-in runtime: a small full-screen agent for demos and tests",
        &["stub-agent"],
        "sessions run it",
        &[value("model", "Model name to show")],
        |inputs| Ok(Action::StubAgent(inputs.one("model"))),
    ),
    command(
        "demo.run",
        "demo",
        "Runs a throw-away fleet of stub agents with the dashboard on top",
        &["demo"],
        "it is a dashboard of its own",
        &[
            value("agents", "Number of agents; default 6"),
            flag("headless", "Sets it up, prints shell exports to use it, and leaves it running"),
            flag("stop", "Ends the demo that the environment names, else every headless one"),
        ],
        build_demo,
    ),
];

//! What runs inside sessions: supervisors, units, runtimes and their hooks ask for it, never an operator.

use super::spec::{ACT, ActionSpec, Argument, NAME, Shape, command, flag, needed, value, word};
use crate::app::action::inputs::Inputs;
use crate::app::action::program::Launch;
use crate::app::action::{Action, TerminalAction};
use crate::fleet::model::{AgentName, HeartbeatStatus};

/// What the executor is asked to do for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionAction {
    /// Reports a runtime's state to its keeper.
    Report {
        /// What to report; `None` when a hook's event says so.
        status: Option<HeartbeatStatus>,
        /// One line in the runtime's words.
        detail: Option<String>,
        /// Runtime whose hook calls, and the event when it comes as an argument.
        hook: Option<(String, Option<String>)>,
        /// The reporting agent, when it is not the pane's own.
        agent: Option<AgentName>,
    },
    /// Keeps what a runtime says that it used.
    Usage {
        /// The runtime that says so.
        runtime: String,
        /// What it says, when it comes as an argument.
        event: Option<String>,
    },
}

/// Entries of sessions.
pub(super) const SESSION: &[ActionSpec] = &[
    command(
        "session.run",
        "keep session",
        "Keeps one agent's session: makes or adopts it, writes heartbeats, records its end",
        &["session", "run"],
        |inputs| {
            let (agent, detach) = (inputs.required("name")?, inputs.flag("detach"));
            Ok(Action::Terminal(TerminalAction::SessionRun { agent, detach }))
        },
    )
    .shell_only("supervisors run it")
    .takes(&[NAME, flag("detach", "Leaves the caller's session first")])
    .answers("", ACT),
    command(
        "session.hold",
        "hold server",
        "Makes sure of the fleet's tmux server, on behalf of its unit",
        &["session", "hold"],
        |_| Ok(Action::Terminal(TerminalAction::SessionHold)),
    )
    .shell_only("its unit runs it")
    .answers("", &[0, 1, 3, 69]),
    command(
        "session.end",
        "end session",
        "Ends one agent with all of its processes, on behalf of its unit",
        &["session", "end"],
        |inputs| Ok(Action::Terminal(TerminalAction::SessionEnd(inputs.required("name")?))),
    )
    .shell_only("its unit runs it")
    .takes(&[NAME])
    .answers("", &[0, 1]),
    command(
        "session.report",
        "report state",
        "Reports a runtime's state; its hooks run it inside the pane",
        &["session", "report"],
        build_report,
    )
    .shell_only("runtimes run it")
    .takes(&[
        value("status", "The state").of(&["ok", "busy", "waiting", "blocked", "error"]),
        value("detail", "One line in the runtime's words"),
        value("hook", "Takes the state from an event of this runtime's hook, on standard input or as EVENT"),
        Argument { name: "event", shape: Shape::Optional, doc: "The hook's event as JSON", values: &[] },
        value("agent", "Agent name; default $MOSAIC_AGENT_NAME"),
    ])
    .answers("", &[0, 1, 4]),
    command(
        "session.usage",
        "report usage",
        "Keeps what a runtime says that it used: tokens, context, cost and limits; prints the user's own status line",
        &["session", "usage"],
        |inputs| {
            let runtime = inputs.required("hook")?;
            Ok(Action::Session(SessionAction::Usage { runtime, event: inputs.one("event") }))
        },
    )
    .shell_only("runtimes run it")
    .takes(&[
        needed("hook", "The runtime that hands its figures over"),
        Argument {
            name: "event",
            shape: Shape::Optional,
            doc: "The figures as JSON; else read from standard input",
            values: &[],
        },
    ])
    .answers("", &[0, 1, 4]),
    command(
        "session.tether",
        "tether",
        "Becomes a program that is killed when its parent ends",
        &["session", "tether"],
        build_tether,
    )
    .shell_only("the dashboard runs it")
    .takes(&[
        value("parent", "Pid of the program that starts it, which may have ended already"),
        Argument { name: "arguments", shape: Shape::Rest, doc: "The program and its arguments", values: &[] },
    ])
    .answers("", &[69]),
    command(
        "runtime.launch",
        "launch runtime",
        "Replaces itself by a runtime, prepared for the fleet",
        &["launch"],
        |inputs| {
            Ok(Action::Terminal(TerminalAction::Launch(Launch {
                runtime: inputs.required("runtime")?,
                yolo: inputs.flag("yolo"),
                model: inputs.one("model"),
                channels: inputs.one("channels"),
                arguments: inputs.many("arguments"),
            })))
        },
    )
    .shell_only("sessions run it")
    .takes(&[
        word("runtime", "The runtime"),
        flag("yolo", "Unattended: no questions before it acts"),
        value("model", "Model to use: [PROVIDER/]NAME[:EFFORT]"),
        value("channels", "Channels of a runtime that has them"),
        Argument { name: "arguments", shape: Shape::Rest, doc: "Passed on to the runtime", values: &[] },
    ])
    .answers("", &[1, 3, 4, 69]),
    command(
        "runtime.stub",
        "stub agent",
        "Runs the built-in runtime: a small full-screen agent for demos and tests",
        &["stub-agent"],
        |inputs| Ok(Action::Terminal(TerminalAction::StubAgent(inputs.one("model")))),
    )
    .shell_only("sessions run it")
    .takes(&[value("model", "Model name to show")])
    .answers("", &[0, 1]),
];

fn build_report(inputs: &Inputs) -> Result<Action, String> {
    let status = match inputs.one("status") {
        None => None,
        Some(word) => Some(HeartbeatStatus::parse(&word).ok_or("--status takes ok, busy, waiting, blocked or error")?),
    };
    let hook = inputs.one("hook").map(|runtime| (runtime, inputs.one("event")));
    if status.is_some() == hook.is_some() {
        return Err("one of --status and --hook is needed".to_owned());
    }
    let agent = inputs.one("agent").map(|name| AgentName::parse(&name)).transpose()?;
    Ok(Action::Session(SessionAction::Report { status, detail: inputs.one("detail"), hook, agent }))
}

fn build_tether(inputs: &Inputs) -> Result<Action, String> {
    let parent = inputs.one("parent").map(|pid| pid.parse().map_err(|_| "--parent takes a pid".to_owned()));
    let (parent, words) = (parent.transpose()?, inputs.many("arguments"));
    if words.is_empty() {
        return Err("a program is needed behind `--`".to_owned());
    }
    Ok(Action::Terminal(TerminalAction::Tether { parent, words }))
}

//! The table's part on steering agents.

use super::table::{AGENTS, NAME, both, command, flag, screen, value};
use super::{ActionSpec, Argument, Danger, JSON, Place, Shape};
use crate::app::action::steering::build::{
    build_approve, build_attach, build_broadcast, build_comms, build_reset, build_send, build_tail, build_wait,
};
use crate::app::action::{Action, ScreenAction};

const MESSAGE: Argument = value("message", "The text; without it and --file it is read from standard input");
const FILE: Argument = value("file", "File that holds the text");
const SOURCE: Argument =
    value("source", "host:session of the sender; default the agent in whose pane this runs, else the operator");
const TAG: Argument = value("tag", "A class of message that receivers sort by");
const FORCE: Argument = flag("force", "Behind a draft that somebody left in the composer");
const NO_VERIFY: Argument = flag("no-verify", "Does not look at what became of it, and claims nothing");
const TIMEOUT: Argument = value("timeout", "Seconds to look for evidence; default 6");

const STATES: &[&str] = &["stuck", "dead", "stale", "unknown", "available", "working"];

/// Entries about single agents.
pub(super) const STEERING: &[ActionSpec] = &[
    screen(
        "agent.message",
        "message",
        "Writes to the selected agent; the text stays until its receipt says that it arrived",
        Place::Agents,
        &["s"],
        true,
        |_| Ok(Action::Screen(ScreenAction::AskMessage)),
    ),
    command(
        "agent.send",
        "send",
        "Delivers a message exactly once, with a receipt: exit 0 means that the agent took it",
        &["agent", "send"],
        "`s` asks for the text",
        &[NAME, MESSAGE, FILE, SOURCE, TAG, FORCE, NO_VERIFY, TIMEOUT, JSON],
        build_send,
    ),
    both(
        command(
            "agent.attach",
            "attach",
            "Takes an agent's pane over: what you type goes to it; Ctrl-b d leaves (Ctrl-b Ctrl-b d inside a tmux of your own)",
            &["agent", "attach"],
            "",
            &[NAME],
            build_attach,
        ),
        Place::Fleet,
        &["a"],
        Danger::None,
    ),
    ActionSpec {
        danger: Danger::Confirm,
        ..command(
            "agent.broadcast",
            "broadcast",
            "Delivers a message to several agents, with one receipt each; exit 1 if any did not arrive",
            &["agent", "broadcast"],
            "the palette runs it",
            &[
                AGENTS,
                value("class", "Only agents of this class"),
                Argument { name: "state", shape: Shape::Value, doc: "Only agents in this state", values: STATES },
                MESSAGE,
                FILE,
                SOURCE,
                TAG,
                FORCE,
                NO_VERIFY,
                TIMEOUT,
                JSON,
            ],
            build_broadcast,
        )
    },
    screen(
        "agent.broadcast_shown",
        "broadcast",
        "Writes to every agent that the list shows; it names them and asks first",
        Place::Fleet,
        &["b"],
        false,
        |_| Ok(Action::Screen(ScreenAction::AskBroadcast)),
    ),
    ActionSpec {
        footer: false,
        ..both(
            command(
                "agent.reset",
                "reset",
                "Tells the runtime to begin a new conversation, with a receipt like a message",
                &["agent", "reset"],
                "",
                &[NAME, flag("new", "With `/new` instead of the runtime's own command"), TIMEOUT, JSON],
                build_reset,
            ),
            Place::Fleet,
            &["r"],
            Danger::Confirm,
        )
    },
    both(
        command(
            "agent.approve",
            "approve",
            "Answers the question that a runtime asks, if it is still on the screen when the key is pressed",
            &["agent", "approve"],
            "",
            &[
                NAME,
                value("choice", "Which choice, from 1; default the first"),
                value("question", "Only this question, as `fleet ps --json` shows it"),
                TIMEOUT,
                JSON,
            ],
            build_approve,
        ),
        Place::Fleet,
        &["A"],
        Danger::Confirm,
    ),
    command(
        "agent.wait",
        "wait",
        "Waits until an agent is in a state; exit 1 when that takes too long",
        &["agent", "wait"],
        "it blocks until then",
        &[
            NAME,
            Argument { name: "until", shape: Shape::Value, doc: "The state", values: STATES },
            value("timeout", "Seconds; default a week"),
            JSON,
        ],
        build_wait,
    ),
    ActionSpec {
        footer: false,
        ..both(
            command(
                "agent.tail",
                "tail",
                "Prints the last lines of an agent's pane, its scrollback included",
                &["agent", "tail"],
                "",
                &[
                    NAME,
                    value("lines", "Number of lines; default 80"),
                    flag("follow", "Goes on with what is new, until the pane ends"),
                    flag("ansi", "Keeps colours"),
                    JSON,
                ],
                build_tail,
            ),
            Place::Fleet,
            &["t"],
            Danger::None,
        )
    },
    command(
        "fleet.comms",
        "comms block",
        "Prints how an agent reaches its peers: its address, the exact command for each, how to answer",
        &["fleet", "comms-block"],
        "agents get it in their prompt",
        &[NAME, value("host", "The host on which it is read; default the agent's own"), JSON],
        build_comms,
    ),
];

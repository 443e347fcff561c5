//! The table's part on steering agents.

use super::table::{AGENTS, NAME, command, flag, screen, value};
use super::{ActionSpec, Argument, Danger, JSON, Place, Shape};
use crate::app::action::{Action, ScreenAction};
use crate::app::steering::{build_attach, build_broadcast, build_comms, build_send, build_tail, build_wait};

const MESSAGE: Argument = value("message", "The text; without it and --file it is read from standard input");
const FILE: Argument = value("file", "File that holds the text");
const SOURCE: Argument =
    value("source", "host:session of the sender; default the agent in whose pane this runs, else the operator");
const TAG: Argument = value("tag", "A class of message that receivers sort by");
const FORCE: Argument = flag("force", "Behind a draft that somebody left in the composer");
const NO_VERIFY: Argument = flag("no-verify", "Does not look at what became of it, and claims nothing");
const TIMEOUT: Argument = value("timeout", "Seconds to look for evidence; default 6");

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
                value("state", "Only agents in this state, such as available"),
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
    command(
        "agent.wait",
        "wait",
        "Waits until an agent is in a state; exit 1 when that takes too long",
        &["agent", "wait"],
        "it blocks until then",
        &[
            NAME,
            Argument {
                name: "until",
                shape: Shape::Value,
                doc: "The state",
                values: &["stuck", "dead", "stale", "unknown", "available", "working"],
            },
            value("timeout", "Seconds; default a week"),
            JSON,
        ],
        build_wait,
    ),
    command(
        "agent.tail",
        "tail",
        "Prints the last lines of an agent's pane, its scrollback included",
        &["agent", "tail"],
        "Watch shows it",
        &[
            NAME,
            value("lines", "Number of lines; default 80"),
            flag("follow", "Goes on with what is new, until the pane ends"),
            flag("ansi", "Keeps colours"),
            JSON,
        ],
        build_tail,
    ),
    command(
        "agent.attach",
        "attach",
        "Takes an agent's pane over: what you type goes to it; Ctrl-b d leaves",
        &["agent", "attach"],
        "it needs a terminal of its own",
        &[NAME],
        build_attach,
    ),
    command(
        "fleet.comms",
        "comms block",
        "Prints how an agent reaches its peers: its address, the exact command for each, how to answer",
        &["fleet", "comms-block"],
        "agents get it in their prompt",
        &[NAME, JSON],
        build_comms,
    ),
];

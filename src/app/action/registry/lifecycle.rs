//! The table's part on the fleet's lifecycle.

use super::table::{AGENTS, NAME, both, command, flag, value};
use super::{ActionSpec, Argument, Danger, JSON, Place, Shape};
use crate::app::action::Action;
use crate::app::action::lifecycle::LifecycleAction;
use crate::app::action::lifecycle::build::{
    build_add, build_edit, build_init, build_install, build_recover, build_remove, build_targets, build_uninstall,
};

const BY_PALETTE: &str = "the palette runs it";

const CLASS: Argument = value("class", "Only agents of this class, among those named if any are");
const STAGGER: Argument = value("stagger", "Least seconds between two agents");
const SUPERVISOR: Argument = Argument {
    name: "supervisor",
    shape: Shape::Value,
    doc: "Who keeps them; default systemd where the fleet is installed, else direct",
    values: &["systemd", "direct"],
};
const DRY_RUN: Argument = flag("dry-run", "Only tells what it would do");
const FIELDS: Argument = Argument {
    name: "fields",
    shape: Shape::Many,
    doc: "field=value: runtime, class, alias, reports_to, working_directory, model_hint, yolo, command, env.NAME, ...",
    values: &[],
};

/// Entries of the lifecycle.
pub(super) const LIFECYCLE: &[ActionSpec] = &[
    ActionSpec {
        danger: Danger::Confirm,
        ..command(
            "fleet.init",
            "init",
            "Prints a roster made from an example, or writes it",
            &["fleet", "init"],
            BY_PALETTE,
            &[
                Argument {
                    name: "profile",
                    shape: Shape::Value,
                    doc: "The example; default general",
                    values: &["minimal", "local-canary", "general", "coding", "research", "operations"],
                },
                value("runtime", "One runtime for all of its agents"),
                flag("write", "Writes the roster instead of printing it"),
                flag("force", "Over an existing roster, which is kept as a backup"),
                JSON,
            ],
            build_init,
        )
    },
    command(
        "fleet.install",
        "install",
        "Installs the fleet's systemd units, so that it comes back after a reboot",
        &["fleet", "install"],
        BY_PALETTE,
        &[DRY_RUN, JSON],
        build_install,
    ),
    ActionSpec {
        danger: Danger::Confirm,
        ..command(
            "fleet.uninstall",
            "uninstall",
            "Stops the installed fleet and takes back what install did, nothing else",
            &["fleet", "uninstall"],
            BY_PALETTE,
            &[DRY_RUN, JSON],
            build_uninstall,
        )
    },
    both(
        command(
            "fleet.start",
            "start",
            "Starts agents: the holder's tmux server first, then a keeper each",
            &["fleet", "start"],
            "",
            &[AGENTS, CLASS, STAGGER, SUPERVISOR, JSON],
            |inputs| build_targets(inputs, LifecycleAction::Start),
        ),
        Place::Fleet,
        &["S"],
        Danger::None,
    ),
    both(
        command(
            "fleet.stop",
            "stop",
            "Stops agents: keeper, session and process tree",
            &["fleet", "stop"],
            "",
            &[AGENTS, CLASS, STAGGER, SUPERVISOR, JSON],
            |inputs| build_targets(inputs, LifecycleAction::Stop),
        ),
        Place::Fleet,
        &["X"],
        Danger::Confirm,
    ),
    both(
        command(
            "fleet.restart",
            "restart",
            "Stops agents and starts them again once nothing of them is left",
            &["fleet", "restart"],
            "",
            &[AGENTS, CLASS, STAGGER, SUPERVISOR, JSON],
            |inputs| build_targets(inputs, LifecycleAction::Restart),
        ),
        Place::Fleet,
        &["R"],
        Danger::Confirm,
    ),
    command(
        "fleet.status",
        "status",
        "Prints one line per agent with its unit; exit 1 if anybody needs you",
        &["fleet", "status"],
        "the Fleet view shows it; the palette runs it",
        &[JSON],
        |_| Ok(Action::Lifecycle(LifecycleAction::Status)),
    ),
    command(
        "fleet.verify",
        "verify",
        "Checks whether the fleet can be trusted now, and that your own tmux server was not touched",
        &["fleet", "verify"],
        BY_PALETTE,
        &[JSON],
        |_| Ok(Action::Lifecycle(LifecycleAction::Verify)),
    ),
    ActionSpec {
        danger: Danger::Confirm,
        ..command(
            "fleet.recover",
            "recover",
            "Tells which agents are down, by two looks that agree; with --apply it restarts them one by one",
            &["fleet", "recover"],
            BY_PALETTE,
            &[flag("apply", "Restarts them; stops after 3 failures"), JSON],
            build_recover,
        )
    },
    command(
        "fleet.add",
        "add agent",
        "Adds an agent to the roster, and enables its unit when the fleet is installed",
        &["fleet", "add"],
        BY_PALETTE,
        &[NAME, FIELDS, JSON],
        build_add,
    ),
    command(
        "fleet.edit",
        "edit agent",
        "Changes fields of an agent in the roster and keeps everything else of the file; an empty value removes one",
        &["fleet", "edit"],
        BY_PALETTE,
        &[NAME, FIELDS, JSON],
        build_edit,
    ),
    ActionSpec {
        danger: Danger::Confirm,
        ..command(
            "fleet.remove",
            "remove agent",
            "Stops an agent, disables its unit and takes it out of the roster",
            &["fleet", "remove"],
            BY_PALETTE,
            &[NAME, JSON],
            build_remove,
        )
    },
    command(
        "fleet.doctor",
        "doctor",
        "Checks what the fleet needs of this machine, and says how to mend each",
        &["fleet", "doctor"],
        BY_PALETTE,
        &[JSON],
        |_| Ok(Action::Lifecycle(LifecycleAction::Doctor)),
    ),
];

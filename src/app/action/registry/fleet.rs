//! The fleet as a whole: what can be asked of it, and how.

use std::path::PathBuf;
use std::time::Duration;

use super::activity::{Since, since};
use super::spec::{ACT, AGENTS, ActionSpec, Argument, JSON, LOOK, NAME, Place, Shape, command, flag, needed, value};
use crate::app::action::Action;
use crate::app::action::concern::Concern;
use crate::app::action::inputs::Inputs;
use crate::fleet::framework::PROFILES;
use crate::fleet::lifecycle::Supervisor;
use crate::fleet::model::AgentName;
use crate::fleet::roster::Field;
use crate::fleet::runtime;

/// What the executor is asked to do with the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetAction {
    /// Prints the joined rows.
    Ps(Rows),
    /// Asks keepers for a heartbeat now.
    Probe(Vec<String>),
    /// Validates a roster file.
    Check(Option<PathBuf>),
    /// Prints the roster's JSON Schema.
    Schema,
    /// Starts agents.
    Start(Targets),
    /// Stops agents.
    Stop(Targets),
    /// Stops agents and starts them again.
    Restart(Targets),
    /// Makes a roster from an example.
    Init {
        /// Which example.
        profile: String,
        /// One runtime for all.
        runtime: Option<String>,
        /// Written, not only printed.
        write: bool,
        /// Over an existing one, which is kept as a backup.
        force: bool,
    },
    /// Makes a roster from a system type.
    Provision {
        /// Which.
        system_type: String,
        /// One runtime for all.
        runtime: Option<String>,
        /// Written, not only printed.
        write: bool,
        /// Over an existing one, which is kept as a backup.
        force: bool,
    },
    /// Installs the units.
    Install {
        /// Only tells what it would do.
        dry_run: bool,
    },
    /// Takes the installation back.
    Uninstall {
        /// Only tells what it would do.
        dry_run: bool,
    },
    /// One line per agent and unit.
    Status,
    /// Whether the fleet can be trusted now.
    Verify,
    /// Restarts what is down.
    Recover {
        /// Does it; otherwise it only tells.
        apply: bool,
    },
    /// A new agent.
    Add {
        /// Its name.
        name: AgentName,
        /// Its fields.
        fields: Vec<Field>,
    },
    /// Other fields of an agent.
    Edit {
        /// The agent.
        name: AgentName,
        /// What is set or taken out.
        fields: Vec<Field>,
    },
    /// Takes an agent out, for good.
    Remove(AgentName),
    /// What the fleet needs of its machine.
    Doctor,
    /// Holds up dispatch, merges and agents' claims.
    Pause {
        /// Why.
        reason: Option<String>,
        /// When it ends by itself.
        until: Option<Since>,
    },
    /// Ends the pause.
    Resume,
    /// What waits for a person.
    Escalations,
    /// What the factory did since then, or in the last week.
    Digest(Option<Since>),
    /// Somebody looks after an escalation.
    Ack(String),
}

/// Which rows are printed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Of this host only.
    pub local: bool,
    /// As values, and not as a table.
    pub json: bool,
    /// With what a table has room for only when it is asked to.
    pub wide: bool,
    /// In which order.
    pub sort: Sort,
    /// Only what this lets through, as the filter of the Fleet view.
    pub filter: Option<String>,
}

/// An order of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Who needs the operator most comes first.
    #[default]
    Attention,
    /// By name.
    Name,
    /// By role.
    Class,
    /// By runtime.
    Runtime,
    /// By host.
    Host,
    /// Who has been silent longest comes first.
    Idle,
}

impl Sort {
    /// All orders with their words.
    const ALL: [(&str, Self); 6] = [
        ("attention", Self::Attention),
        ("name", Self::Name),
        ("class", Self::Class),
        ("runtime", Self::Runtime),
        ("host", Self::Host),
        ("idle", Self::Idle),
    ];
}

/// Which agents, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// By name; none means all of this host.
    pub agents: Vec<String>,
    /// Of this class only.
    pub class: Option<String>,
    /// Least time between two of them.
    pub stagger: Duration,
    /// The supervisor asked for.
    pub supervisor: Option<Supervisor>,
}

impl FleetAction {
    /// Whether it only tells what it would do, or makes only what was not there: then nobody is asked first.
    #[must_use]
    pub fn only_tells(&self) -> bool {
        match self {
            Self::Recover { apply } => !apply,
            Self::Init { write, force, .. } | Self::Provision { write, force, .. } => !(*write && *force),
            Self::Install { dry_run } | Self::Uninstall { dry_run } => *dry_run,
            _ => false,
        }
    }

    /// What it changes.
    pub(in crate::app::action) fn concern(&self) -> Concern {
        match self {
            Self::Start(targets) | Self::Stop(targets) | Self::Restart(targets) => {
                Concern::of_agents(&targets.agents, targets.class.is_some())
            }
            Self::Add { name, .. } | Self::Edit { name, .. } | Self::Remove(name) => {
                Concern { roster: true, ..Concern::of_agents(&[name.to_string()], false) }
            }
            Self::Init { write, .. } | Self::Provision { write, .. } => {
                Concern { roster: *write, ..Concern::default() }
            }
            // What only tells need not wait in line behind what changes.
            Self::Recover { .. } | Self::Install { .. } | Self::Uninstall { .. } if self.only_tells() => {
                Concern::default()
            }
            Self::Recover { .. } | Self::Install { .. } | Self::Uninstall { .. } => Concern::of_agents(&[], false),
            Self::Ps(_)
            | Self::Probe(_)
            | Self::Check(_)
            | Self::Schema
            | Self::Status
            | Self::Verify
            | Self::Doctor
            | Self::Pause { .. }
            | Self::Resume
            | Self::Escalations
            | Self::Digest(_)
            | Self::Ack(_) => Concern::default(),
        }
    }
}

const BY_PALETTE: &str = "the palette runs it";

const CLASS: Argument = value("class", "Only agents of this class, among those named if any are");
const STAGGER: Argument = value("stagger", "Least seconds between two agents");
const SUPERVISOR: Argument =
    value("supervisor", "Who keeps them; default systemd where the fleet is installed, else direct")
        .of(&["systemd", "direct"]);
const DRY_RUN: Argument = flag("dry-run", "Only tells what it would do");
const TARGETS: &[Argument] = &[AGENTS, CLASS, STAGGER, SUPERVISOR, JSON];
const RUNTIME: Argument = value("runtime", "One runtime for all of its agents");
const WRITE: Argument = flag("write", "Writes the roster instead of printing it");
const FORCE: Argument = flag("force", "Over an existing roster, which is kept as a backup");
const FIELDS_DOC: &str =
    "field=value: runtime, class, alias, reports_to, working_directory, model_hint, yolo, command, env.NAME, ...";
const FIELDS: Argument = Argument { name: "fields", shape: Shape::Many, doc: FIELDS_DOC, values: &[] };

/// What only looks.
pub(super) const LOOKS: &[ActionSpec] = &[
    command(
        "fleet.ps",
        "fleet rows",
        "Prints one row per agent and unmanaged session, all planes joined",
        &["fleet", "ps"],
        build_ps,
    )
    .looks()
    .no_key("the Fleet view shows it")
    .takes(&[
        flag("local", "Only agents of this host; no other is asked"),
        value("output", "`wide` adds tenant, host, unit, pane and pid, and what a launch warned of").of(&["wide"]),
        value("sort", "Order of the rows; default attention: who needs you most comes first").of(&[
            "attention",
            "name",
            "class",
            "runtime",
            "host",
            "idle",
        ]),
        value("filter", "Only rows that pass, in the words of the Fleet view, such as `state:stuck !class:code`"),
        JSON,
    ])
    .answers("[row], or {schema, rows} when --local is given", LOOK),
    command(
        "fleet.check",
        "check roster",
        "Validates a roster file and lists every problem with its place",
        &["fleet", "check"],
        |inputs| done(FleetAction::Check(inputs.one("file").map(Into::into))),
    )
    .looks()
    .no_key("the header shows an invalid roster")
    .takes(&[
        Argument { name: "file", shape: Shape::Optional, doc: "Roster file; default the fleet's own", values: &[] },
        JSON,
    ])
    .answers("{file, valid, agents, problems, warnings}", &[0, 3]),
    command("fleet.schema", "roster schema", "Prints the JSON Schema of the roster", &["fleet", "schema"], |_| {
        done(FleetAction::Schema)
    })
    .looks()
    .no_key("it is for editors")
    .answers("", &[0]),
];

/// What acts.
pub(super) const ACTS: &[ActionSpec] = &[
    command("fleet.init", "init", "Prints a roster made from an example, or writes it", &["fleet", "init"], build_init)
        .no_key(BY_PALETTE)
        .takes(&[
            value("profile", "The example; default general").of(&[
                "minimal",
                "local-canary",
                "general",
                "coding",
                "research",
                "operations",
            ]),
            RUNTIME,
            WRITE,
            FORCE,
            JSON,
        ])
        .asks_first("Overwrite the roster of")
        .answers("{profile, file, written, backup, notes, agents}", &[0, 1, 4]),
    command(
        "fleet.provision",
        "provision",
        "Prints the roster of a kind of fleet, or writes it; `profile list` names the kinds",
        &["fleet", "provision"],
        build_provision,
    )
    .no_key(BY_PALETTE)
    .takes(&[needed("system-type", "The kind of fleet, such as software-delivery"), RUNTIME, WRITE, FORCE, JSON])
    .asks_first("Overwrite the roster of")
    .answers("{system_type, file, written, backup, notes, agents}", &[0, 1, 3, 4]),
    command(
        "fleet.install",
        "install",
        "Installs the fleet's systemd units, so that it comes back after a reboot",
        &["fleet", "install"],
        |inputs| done(FleetAction::Install { dry_run: inputs.flag("dry-run") }),
    )
    .no_key(BY_PALETTE)
    .takes(&[DRY_RUN, JSON])
    .answers("{dry_run, steps, notes}", ACT),
    command(
        "fleet.uninstall",
        "uninstall",
        "Stops the installed fleet and takes back what install did, nothing else",
        &["fleet", "uninstall"],
        |inputs| done(FleetAction::Uninstall { dry_run: inputs.flag("dry-run") }),
    )
    .no_key(BY_PALETTE)
    .takes(&[DRY_RUN, JSON])
    .asks_first("Uninstall")
    .answers("{dry_run, steps, notes}", ACT),
    command(
        "fleet.start",
        "start",
        "Starts agents: the holder's tmux server first, then a keeper each",
        &["fleet", "start"],
        |inputs| build_targets(inputs, FleetAction::Start),
    )
    .key(Place::Seats, &["S"])
    .in_footer()
    .takes(TARGETS)
    .answers("[outcome]", ACT),
    command("fleet.stop", "stop", "Stops agents: keeper, session and process tree", &["fleet", "stop"], |inputs| {
        build_targets(inputs, FleetAction::Stop)
    })
    .key(Place::Seats, &["X"])
    .in_footer()
    .takes(TARGETS)
    .asks_first("Stop")
    .answers("[outcome]", ACT),
    command(
        "fleet.restart",
        "restart",
        "Stops agents and starts them again once nothing of them is left",
        &["fleet", "restart"],
        |inputs| build_targets(inputs, FleetAction::Restart),
    )
    .key(Place::Seats, &["R"])
    .in_footer()
    .takes(TARGETS)
    .asks_first("Restart")
    .answers("[outcome]", ACT),
    command(
        "fleet.status",
        "status",
        "Prints one line per agent with its unit; exit 1 if anybody needs you",
        &["fleet", "status"],
        |_| done(FleetAction::Status),
    )
    .looks()
    .no_key("the Fleet view shows it; the palette runs it")
    .takes(&[JSON])
    .answers("{tenant_id, host, supervisor, supervision, warnings, need_operator, escalations, agents}", LOOK),
    command(
        "fleet.verify",
        "verify",
        "Checks whether the fleet can be trusted now, and that your own tmux server was not touched",
        &["fleet", "verify"],
        |_| done(FleetAction::Verify),
    )
    .looks()
    .no_key(BY_PALETTE)
    .takes(&[JSON])
    .answers("checks", LOOK),
    command(
        "fleet.probe",
        "probe",
        "Asks the keepers for a heartbeat now, and tells how fast each answered; exit 1 if one did not",
        &["fleet", "probe"],
        |inputs| done(FleetAction::Probe(inputs.many("agents"))),
    )
    .no_key(BY_PALETTE)
    .takes(&[AGENTS, JSON])
    .answers("[{name, tenant_id, host, answered, milliseconds, status, by, detail, reason}]", ACT),
    command(
        "fleet.recover",
        "recover",
        "Tells which agents are down, by two looks that agree; with --apply it restarts them one by one",
        &["fleet", "recover"],
        |inputs| done(FleetAction::Recover { apply: inputs.flag("apply") }),
    )
    .no_key(BY_PALETTE)
    .takes(&[flag("apply", "Restarts them; stops after 3 failures"), JSON])
    .asks_first("Restart")
    .answers("{applied, tenant_id, host, down, outcomes}", ACT),
    command(
        "fleet.add",
        "add agent",
        "Adds an agent to the roster, and enables its unit when the fleet is installed",
        &["fleet", "add"],
        build_add,
    )
    .no_key(BY_PALETTE)
    .takes(&[NAME, FIELDS, JSON])
    .answers("change", ACT),
    command(
        "fleet.edit",
        "edit agent",
        "Changes fields of an agent in the roster and keeps everything else of the file; an empty value removes one",
        &["fleet", "edit"],
        build_edit,
    )
    .no_key(BY_PALETTE)
    .takes(&[NAME, FIELDS, JSON])
    .answers("change", ACT),
    command(
        "fleet.remove",
        "remove agent",
        "Stops an agent, disables its unit and takes it out of the roster",
        &["fleet", "remove"],
        |inputs| done(FleetAction::Remove(name(inputs)?)),
    )
    .no_key(BY_PALETTE)
    .takes(&[NAME, JSON])
    .asks_first("Remove")
    .answers("change", ACT),
    command(
        "fleet.doctor",
        "doctor",
        "Checks what the fleet needs of this machine, and says how to mend each",
        &["fleet", "doctor"],
        |_| done(FleetAction::Doctor),
    )
    .looks()
    .no_key(BY_PALETTE)
    .takes(&[JSON])
    .answers("checks", &[0, 1]),
    command(
        "fleet.pause",
        "pause",
        "Holds up dispatch, merges and agents' claims until it is resumed; messages, watching and your own verbs go on",
        &["fleet", "pause"],
        |inputs| {
            let until = inputs.one("until").as_deref().map(|text| since("--until", text)).transpose()?;
            done(FleetAction::Pause { reason: inputs.one("reason"), until })
        },
    )
    .no_key("the key of the pause asks why first")
    .takes(&[
        value("reason", "Why, in one line: whoever is held up is told"),
        value("until", "When it ends by itself: `90m`, `2h`, or a time such as 2026-01-31T08:00"),
        JSON,
    ])
    .answers("{paused, pause: {by, reason, since, until}}", &[0, 1]),
    command("fleet.resume", "resume", "Ends the pause of the fleet", &["fleet", "resume"], |_| {
        done(FleetAction::Resume)
    })
    .no_key("the key of the pause ends it as well")
    .takes(&[JSON])
    .asks_first("Resume")
    .answers("{paused, pause}", &[0, 1]),
];

/// Longest pause between two agents: an hour.
const MAX_STAGGER: f64 = 3600.0;

type Built = Result<Action, String>;

fn done(action: FleetAction) -> Built {
    Ok(Action::Fleet(action))
}

fn build_ps(inputs: &Inputs) -> Built {
    let sort = inputs.one("sort");
    let sort =
        Sort::ALL.into_iter().find(|(word, _)| sort.as_deref() == Some(word)).map_or(Sort::default(), |all| all.1);
    let wide = inputs.one("output").is_some();
    let (local, json) = (inputs.flag("local"), inputs.flag("json"));
    done(FleetAction::Ps(Rows { local, json, wide, sort, filter: inputs.one("filter") }))
}

/// Which agents, from names, `--class`, `--stagger` and `--supervisor`.
fn build_targets(inputs: &Inputs, make: fn(Targets) -> FleetAction) -> Built {
    let stagger = match inputs.one("stagger") {
        None => Duration::ZERO,
        Some(text) => text
            .parse::<f64>()
            .ok()
            .filter(|seconds| (0.0..=MAX_STAGGER).contains(seconds))
            .map(Duration::from_secs_f64)
            .ok_or_else(|| format!("--stagger takes seconds, from 0 to {MAX_STAGGER}"))?,
    };
    let supervisor = match inputs.one("supervisor").as_deref() {
        Some("systemd") => Some(Supervisor::Systemd),
        Some("direct") => Some(Supervisor::Direct),
        // Other words were refused by the values that the table allows.
        _ => None,
    };
    done(make(Targets { agents: inputs.many("agents"), class: inputs.one("class"), stagger, supervisor }))
}

fn build_init(inputs: &Inputs) -> Built {
    let profile = inputs.one("profile").unwrap_or_else(|| "general".to_owned());
    if !PROFILES.iter().any(|(name, _)| *name == profile) {
        let all: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
        return Err(format!("--profile takes one of {}", all.join(", ")));
    }
    let (runtime, write, force) = made(inputs)?;
    done(FleetAction::Init { profile, runtime, write, force })
}

fn build_provision(inputs: &Inputs) -> Built {
    let (runtime, write, force) = made(inputs)?;
    done(FleetAction::Provision { system_type: inputs.required("system-type")?, runtime, write, force })
}

/// How a roster is made: one runtime for all, `--write` and `--force`.
fn made(inputs: &Inputs) -> Result<(Option<String>, bool, bool), String> {
    let runtime = inputs.one("runtime");
    if let Some(name) = runtime.as_deref().filter(|name| !runtime::is_known(name)) {
        return Err(format!("--runtime takes one of {}, not {}", runtime::known_list(), crate::plain::quoted(name)));
    }
    let (write, force) = (inputs.flag("write"), inputs.flag("force"));
    if force && !write {
        return Err("--force needs --write".to_owned());
    }
    Ok((runtime, write, force))
}

fn build_add(inputs: &Inputs) -> Built {
    let fields = fields(inputs)?;
    if let Some(field) = fields.iter().find(|field| field.value.is_none()) {
        return Err(format!("{} has no value", field.key));
    }
    done(FleetAction::Add { name: name(inputs)?, fields })
}

fn build_edit(inputs: &Inputs) -> Built {
    let fields = fields(inputs)?;
    if fields.is_empty() {
        return Err("what to change is needed, as field=value".to_owned());
    }
    done(FleetAction::Edit { name: name(inputs)?, fields })
}

fn name(inputs: &Inputs) -> Result<AgentName, String> {
    AgentName::parse(&inputs.required("name")?)
}

fn fields(inputs: &Inputs) -> Result<Vec<Field>, String> {
    inputs.many("fields").iter().map(|text| Field::parse(text)).collect()
}

//! The framework: its files in the Mosaic home, and the contract that is put together from them.

use std::path::PathBuf;

use super::spec::{ACT, ActionSpec, Argument, JSON, Shape, command, flag, value, word};
use crate::app::action::Action;
use crate::app::action::concern::Concern;
use crate::app::action::inputs::Inputs;
use crate::fleet::identity::Style;

/// What the executor is asked to do with the framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameworkAction {
    /// Writes what is missing or outdated.
    Install,
    /// Says how the home compares with what ships.
    Status,
    /// Writes what is new, and refreshes the units of an installed fleet.
    Update,
    /// Looks for what must not ship.
    Verify {
        /// A folder; else what is in this program.
        folder: Option<PathBuf>,
    },
    /// Writes who the agents and the operator are.
    Identity {
        /// What is known.
        given: Given,
        /// Whether what is not may be asked for.
        ask: bool,
    },
    /// Brings the home, the units and the agents up to this program.
    Upgrade {
        /// Does it; otherwise it only tells.
        apply: bool,
        /// Restarts the agents that run.
        relaunch: bool,
        /// Brings the framework's files up to date as well.
        reseed: bool,
    },
    /// Prints what an agent is told before its first turn.
    Contract {
        /// The runtime.
        runtime: String,
        /// Role, when it is not the agent's.
        class: Option<String>,
        /// The agent.
        agent: Option<String>,
    },
}

/// What was said of an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// What the agents call themselves.
    pub name: Option<String>,
    /// What they are there for.
    pub role: Option<String>,
    /// How they speak.
    pub style: Option<Style>,
    /// How the operator is addressed.
    pub user_name: Option<String>,
    /// The operator's pronouns.
    pub pronouns: Option<String>,
    /// The operator's time zone.
    pub timezone: Option<String>,
    /// What makes reading easier.
    pub accessibility: Option<String>,
    /// What agents never do.
    pub guardrails: Option<String>,
}

impl FrameworkAction {
    /// Whether it only tells what it would do: then nobody is asked first.
    #[must_use]
    pub fn only_tells(&self) -> bool {
        matches!(self, Self::Upgrade { apply: false, .. })
    }

    /// What it changes.
    pub(in crate::app::action) fn concern(&self) -> Concern {
        match self {
            Self::Upgrade { apply: true, .. } => Concern::of_agents(&[], false),
            // Agents read the contract when they start, and its files are written under a lock of their own.
            _ => Concern::default(),
        }
    }
}

fn done(action: FrameworkAction) -> Result<Action, String> {
    Ok(Action::Framework(action))
}

fn build_identity(inputs: &Inputs) -> Result<Action, String> {
    let style = match inputs.one("style") {
        None => None,
        Some(word) => Some(
            Style::ALL
                .into_iter()
                .find(|style| style.word() == word)
                .ok_or("--style takes direct, friendly or formal")?,
        ),
    };
    let text = |name: &str| match inputs.one(name) {
        // The answer becomes one line of a file that agents read, where a line break could begin a rule of its
        // own.
        Some(text) if text.chars().any(char::is_control) => Err(format!("--{name} takes one line")),
        text => Ok(text.filter(|text| !text.trim().is_empty())),
    };
    let given = Given {
        name: text("name")?,
        role: text("role")?,
        style,
        user_name: text("user-name")?,
        pronouns: text("pronouns")?,
        timezone: text("timezone")?,
        accessibility: text("accessibility")?,
        guardrails: text("guardrails")?,
    };
    // Whoever gives one answer on the command line gives those that matter.
    let ask = !inputs.flag("non-interactive") && given == Given::default();
    done(FrameworkAction::Identity { given, ask })
}

fn build_upgrade(inputs: &Inputs) -> Result<Action, String> {
    let (apply, relaunch) = (inputs.flag("apply"), inputs.flag("relaunch"));
    // A look restarts nobody, and must not look as if it had.
    if relaunch && !apply {
        return Err("--relaunch needs --apply".to_owned());
    }
    done(FrameworkAction::Upgrade { apply, relaunch, reseed: !inputs.flag("no-reseed") })
}

/// Entries of the framework.
pub(super) const FRAMEWORK: &[ActionSpec] = &[
    command(
        "contract.compose",
        "compose contract",
        "Prints what an agent is told before its first turn, part by part, each with its source",
        &["contract", "compose"],
        |inputs| {
            let (class, agent) = (inputs.one("class"), inputs.one("agent"));
            Ok(Action::Framework(FrameworkAction::Contract { runtime: inputs.required("runtime")?, class, agent }))
        },
    )
    .looks()
    .takes(&[
        word("runtime", "The runtime"),
        value("class", "Role, which names the persona; default the agent's"),
        value("agent", "Agent name, for its role and its peers"),
        JSON,
    ])
    .no_key("it is as long as a book: a pager shows it")
    .answers("{runtime, class, agent, warnings, parts}", &[0, 1, 3]),
    command(
        "framework.install",
        "install framework",
        "Writes the framework's files into the Mosaic home; what you changed is kept beside the new version",
        &["framework", "install"],
        |_| Ok(Action::Framework(FrameworkAction::Install)),
    )
    .takes(&[JSON])
    .no_key("once for each version")
    .answers("{version, written, kept, removed}", &[0, 1]),
    command(
        "framework.status",
        "framework status",
        "Says which of the framework's files are missing, outdated or changed by you",
        &["framework", "status"],
        |_| Ok(Action::Framework(FrameworkAction::Status)),
    )
    .looks()
    .takes(&[JSON])
    .no_key("once for each version")
    .answers("{version, seeded, files}", &[0, 1]),
    command(
        "framework.update",
        "update framework",
        "Brings the framework's files up to this program, and the units of an installed fleet with them",
        &["framework", "update"],
        |_| done(FrameworkAction::Update),
    )
    .takes(&[JSON])
    .no_key("once for each version")
    .answers("{version, written, kept, removed, steps, notes}", &[0, 1]),
    command(
        "framework.verify",
        "verify framework",
        "Looks for what no shipped file may hold: identities, private hosts, secrets, paths of one machine",
        &["framework", "verify"],
        |inputs| done(FrameworkAction::Verify { folder: inputs.one("folder").map(Into::into) }),
    )
    .looks()
    .takes(&[
        Argument {
            name: "folder",
            shape: Shape::Optional,
            doc: "A folder; default what this program ships",
            values: &[],
        },
        JSON,
    ])
    .no_key("it is for whoever changes the framework")
    .answers("{files, clean, findings}", &[0, 1, 3]),
    command(
        "identity.init",
        "identity",
        "Writes SOUL.md, USER.md and TOOLS.md: who your agents are, and who you are; never over one that is there",
        &["identity", "init"],
        build_identity,
    )
    .takes(&[
        value("name", "What your agents call themselves; default Mosaic agent"),
        value("role", "What they are there for, in one sentence"),
        value("style", "How they speak").of(&["direct", "friendly", "formal"]),
        value("user-name", "How they address you; default your login"),
        value("pronouns", "Your pronouns"),
        value("timezone", "Your time zone, such as Europe/Berlin; default this machine's"),
        value("accessibility", "What makes texts easier for you, with semicolons between"),
        value("guardrails", "What they never do, with semicolons between"),
        flag("non-interactive", "Asks nothing, and takes the defaults"),
        JSON,
    ])
    .no_key("once for each home")
    .answers("{files}", &[0, 1]),
    command(
        "app.update",
        "update",
        "Shows what this program changes of an older one's home, units and agents; with --apply it does it",
        &["update"],
        build_upgrade,
    )
    .takes(&[
        flag("apply", "Does it"),
        flag("relaunch", "Restarts the agents that run here, one by one"),
        flag("no-reseed", "Leaves the framework's files as they are"),
        JSON,
    ])
    .asks_first("Update")
    .no_key("once for each version")
    .answers("{version, seeded, applied, files, steps, agents, outcomes}", ACT),
];

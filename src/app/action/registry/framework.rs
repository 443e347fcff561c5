//! The framework: its files in the Mosaic home, and the contract that is put together from them.

use super::spec::{ActionSpec, JSON, command, value, word};
use crate::app::action::Action;

/// What the executor is asked to do with the framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameworkAction {
    /// Writes what is missing or outdated.
    Install,
    /// Says how the home compares with what ships.
    Status,
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
    .takes(&[JSON])
    .no_key("once for each version")
    .answers("{version, seeded, files}", &[0, 1]),
];

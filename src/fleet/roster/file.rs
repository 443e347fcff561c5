//! The roster file as a user writes it: types only, no rules beyond the types.
//!
//! Keys are snake_case; the camelCase spelling of each is accepted. Unknown keys are errors.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A fleet's roster.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RosterFile {
    /// Version of the format; must be 1.
    pub version: u64,
    /// How agents are reached; must be `tmux`.
    #[serde(default)]
    pub transport: Option<String>,
    /// The fleet's tmux server.
    #[serde(default)]
    pub tmux: TmuxSettings,
    /// Values for agents that do not set them.
    #[serde(default)]
    pub defaults: Defaults,
    /// Settings per runtime.
    #[serde(default)]
    pub runtimes: BTreeMap<String, RuntimeEntry>,
    /// Name of the coordinating agent.
    #[serde(default)]
    pub lead: Option<String>,
    /// The agents.
    #[serde(default)]
    pub agents: Vec<AgentEntry>,
    /// How the operator talks to the fleet.
    #[serde(default)]
    pub connector: Option<Connector>,
    /// Whether a runtime whose contract asks for structured reasoning is launched only with it.
    #[serde(default, alias = "requireStructuredReasoning")]
    pub require_structured_reasoning: bool,
    /// The pipeline that cards go through; default none.
    #[serde(default)]
    pub pipeline: Option<String>,
    /// How the fleet gives out work by itself.
    #[serde(default)]
    pub supervise: Option<SuperviseSettings>,
}

/// How the fleet gives out work by itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SuperviseSettings {
    /// Whether a supervisor is started with the fleet, and installed with it; default false.
    #[serde(default)]
    pub enabled: bool,
    /// Most seconds between two looks, whatever happens in between; default 15.
    #[serde(default)]
    pub interval: Option<u64>,
    /// Seconds for which a card is claimed; default 900.
    #[serde(default)]
    pub ttl: Option<u64>,
    /// Seconds for which an ephemeral agent stays without a card; default 600.
    #[serde(default)]
    pub linger: Option<u64>,
    /// How many agents of a class may be up at once; default all of them.
    #[serde(default)]
    pub concurrency: BTreeMap<String, usize>,
}

/// The fleet's tmux server.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TmuxSettings {
    /// Socket name (`tmux -L`); absent or empty means tmux's default socket.
    #[serde(default, alias = "socketName")]
    pub socket_name: Option<String>,
    /// Session that keeps the server alive; default `_holder`.
    #[serde(default, alias = "holderSession")]
    pub holder_session: Option<String>,
}

/// Values for agents that do not set them.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// Folder in which agents start; `~` is the user's home.
    #[serde(default, alias = "workingDirectory")]
    pub working_directory: Option<String>,
    /// Runtime of agents that name none.
    #[serde(default)]
    pub runtime: Option<String>,
    /// Size of an agent's window, `WIDTHxHEIGHT`; default `200x50`.
    #[serde(default, alias = "windowSize")]
    pub window_size: Option<String>,
}

/// Settings of one runtime.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RuntimeEntry {
    /// What clears the runtime's conversation.
    #[serde(default, alias = "resetCommand")]
    pub reset_command: Option<String>,
}

/// One agent.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgentEntry {
    /// Unique name, `^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`. `user`, `supervisor` and `keeper` are kept for who writes to agents.
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")))]
    pub name: String,
    /// `claude`, `codex`, `opencode`, `pi`, `stub`, or any name together with a `command`.
    #[serde(default)]
    pub runtime: Option<String>,
    /// The agent's role, which names its persona; default `worker`.
    #[serde(default)]
    pub class: Option<String>,
    /// Display name.
    #[serde(default)]
    pub alias: Option<String>,
    /// Name of the agent it reports to.
    #[serde(default, alias = "reportsTo")]
    pub reports_to: Option<String>,
    /// Folder in which it starts.
    #[serde(default, alias = "workingDirectory")]
    pub working_directory: Option<String>,
    /// `provider/model:effort`.
    #[serde(default, alias = "modelHint")]
    pub model_hint: Option<String>,
    /// Unattended launch; default true.
    #[serde(default)]
    pub yolo: Option<bool>,
    /// Full launch command; overrides `runtime`, `model_hint` and `yolo`.
    #[serde(default)]
    pub command: Option<String>,
    /// Passed to the runtime that has channels.
    #[serde(default)]
    pub channels: Option<String>,
    /// Environment of the agent's pane.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Whether the conversation is cleared between two cards.
    #[serde(default, alias = "resetBetweenTasks")]
    pub reset_between_tasks: Option<bool>,
    /// The persona that the agent keeps over resets: `true` for that of its class, or the name of another one.
    #[serde(default, alias = "persistentPersona")]
    pub persistent_persona: Option<PersistentPersona>,
    /// Whether it is always there (`core`, the default) or only while there is work for it (`ephemeral`).
    #[serde(default)]
    pub lifecycle: Option<Lifespan>,
    /// Where each of its cards gets a work tree and a branch of its own.
    #[serde(default)]
    pub worktree: Option<WorktreeSettings>,
    /// First message after a start.
    #[serde(default, alias = "kickstartTemplate")]
    pub kickstart_template: Option<String>,
    /// Owner; default the Linux user.
    #[serde(default, alias = "tenantId")]
    pub tenant_id: Option<String>,
    /// Where it runs; another host marks a remote peer.
    #[serde(default)]
    pub host: Option<String>,
    /// `user@host` of a remote peer.
    #[serde(default)]
    pub ssh: Option<String>,
    /// tmux socket of its own; default `tmux.socket_name`.
    #[serde(default)]
    pub socket: Option<String>,
}

/// Which persona stays over resets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected true, false, or the name of a persona")]
pub enum PersistentPersona {
    /// That of the agent's class, or none in particular.
    OfClass(bool),
    /// Another one.
    Named(String),
}

/// Whether an agent is always there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Lifespan {
    /// It stays.
    #[default]
    Core,
    /// It comes with work for its class, and goes without.
    Ephemeral,
}

/// Where an agent's cards get work trees.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorktreeSettings {
    /// The repository; `~` is the user's home.
    pub repo: String,
    /// Branch that new ones begin from; default `main`.
    #[serde(default)]
    pub base: Option<String>,
}

/// How the operator talks to the fleet.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// Kind of connector; `tmux` is the default.
    pub kind: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every object of the file accepts the camelCase spelling of its keys; the schema says so too.
    fn add_camel_case(value: &mut serde_json::Value) {
        if let Some(map) = value.as_object_mut() {
            if let Some(properties) = map.get_mut("properties").and_then(|p| p.as_object_mut()) {
                let aliases: Vec<_> = properties
                    .iter()
                    .filter(|(key, _)| key.contains('_'))
                    .map(|(key, schema)| (camel(key), schema.clone()))
                    .collect();
                properties.extend(aliases);
            }
            map.values_mut().for_each(add_camel_case);
        }
        if let Some(list) = value.as_array_mut() {
            list.iter_mut().for_each(add_camel_case);
        }
    }

    fn camel(snake: &str) -> String {
        let mut words = snake.split('_');
        let mut out = words.next().unwrap_or_default().to_owned();
        for word in words {
            out.push_str(&word[..1].to_uppercase());
            out.push_str(&word[1..]);
        }
        out
    }

    fn generated() -> String {
        let mut schema = serde_json::to_value(schemars::schema_for!(RosterFile)).unwrap();
        add_camel_case(&mut schema);
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    #[test]
    fn the_shipped_schema_is_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/framework/fleet/roster.schema.json");
        if std::env::var_os("MOSAIC_UPDATE").is_some() {
            std::fs::write(path, generated()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), generated(), "MOSAIC_UPDATE=1 rewrites it");
    }

    #[test]
    fn both_spellings_of_every_key_are_read() {
        for key in ["working_directory", "runtime", "window_size"] {
            for spelling in [key.to_owned(), camel(key)] {
                let text = format!("version: 1\ndefaults: {{{spelling}: \"1x1\"}}\n");
                serde_yaml::from_str::<RosterFile>(&text).unwrap();
            }
        }
        for key in ["reports_to", "model_hint", "kickstart_template", "tenant_id"] {
            let text = format!("version: 1\nagents: [{{name: a, {}: x}}]\n", camel(key));
            serde_yaml::from_str::<RosterFile>(&text).unwrap();
        }
    }
}

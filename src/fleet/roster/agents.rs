//! The roster as the program uses it: every agent with its defaults filled in, and where it lives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::COORDINATING_CLASS;
use super::file::Lifespan;
use super::nearest::nearest;
use super::supervise::{Supervise, Worktree};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{AgentName, FloorGap, Label, ServerName, SessionName, SocketName, SshTarget, Warning};

/// Holder session when the roster names none.
pub(super) const DEFAULT_HOLDER: &str = "_holder";

/// Size of an agent's window, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What decides how an agent is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandSource {
    /// `MOSAIC_AGENT_COMMAND` in its environment file.
    EnvFile,
    /// `command` in the roster.
    Roster,
    /// Neither: it is built from runtime, model, yolo and channels, of which the environment file says the runtime, the
    /// model, or both.
    BuiltOver(Overridden),
    /// The same from the roster alone.
    Built,
}

/// What an environment file says of a command that is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overridden {
    /// `MOSAIC_AGENT_RUNTIME`.
    Runtime,
    /// `MOSAIC_AGENT_MODEL`.
    Model,
    /// Both.
    Both,
}

impl Overridden {
    /// The variables that say it.
    #[must_use]
    pub const fn variables(self) -> &'static str {
        match self {
            Self::Runtime => "MOSAIC_AGENT_RUNTIME",
            Self::Model => "MOSAIC_AGENT_MODEL",
            Self::Both => "MOSAIC_AGENT_RUNTIME and MOSAIC_AGENT_MODEL",
        }
    }
}

impl CommandSource {
    /// The source in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::EnvFile => "MOSAIC_AGENT_COMMAND in its environment file",
            Self::Roster => "`command` in the roster",
            Self::BuiltOver(Overridden::Runtime) => "built with MOSAIC_AGENT_RUNTIME of its environment file",
            Self::BuiltOver(Overridden::Model) => "built with MOSAIC_AGENT_MODEL of its environment file",
            Self::BuiltOver(Overridden::Both) => {
                "built with MOSAIC_AGENT_RUNTIME and MOSAIC_AGENT_MODEL of its environment file"
            }
            Self::Built => "built from runtime, model, yolo and channels",
        }
    }
}

/// One agent with everything filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name.
    pub name: AgentName,
    /// Its tmux session.
    pub session: SessionName,
    /// Display name.
    pub alias: Option<Label>,
    /// Role.
    pub class: String,
    /// Runtime expected in the pane.
    pub runtime: String,
    /// Agent it reports to.
    pub reports_to: Option<String>,
    /// Folder it starts in, `~` resolved.
    pub working_directory: PathBuf,
    /// Model asked for.
    pub model_hint: Option<String>,
    /// Unattended launch.
    pub yolo: bool,
    /// Launch command that overrides the runtime's own.
    pub command: Option<String>,
    /// What decides that.
    pub command_source: CommandSource,
    /// Message that its runtime gets after a start.
    pub kickstart: Option<String>,
    /// Channels of its runtime.
    pub channels: Option<String>,
    /// The persona that it keeps, when that is not its class's.
    pub persona: Option<String>,
    /// Environment of the pane.
    pub env: BTreeMap<String, String>,
    /// Owner.
    pub tenant_id: String,
    /// Host it runs on.
    pub host: String,
    /// How its host is reached when it is another one.
    pub ssh: Option<SshTarget>,
    /// tmux socket.
    pub socket: SocketName,
    /// Size its window gets.
    pub window: WindowSize,
    /// Whether the conversation is cleared between cards.
    pub reset_between_tasks: bool,
    /// What its runtime is told to begin a new conversation, when the roster says so.
    pub reset_command: Option<String>,
    /// Whether it is always there.
    pub lifespan: Lifespan,
    /// Where its cards get work trees.
    pub worktree: Option<Worktree>,
}

/// A fleet's roster, valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// File it came from.
    pub path: PathBuf,
    /// Socket of the fleet's tmux server.
    pub socket: SocketName,
    /// Session that keeps the server alive.
    pub holder: SessionName,
    /// Name of the coordinating agent, when the file names one.
    pub lead: Option<String>,
    /// Agents in the file's order.
    pub agents: Vec<Agent>,
    /// Whether a runtime whose contract asks for structured reasoning is launched only with it.
    pub require_structured_reasoning: bool,
    /// How work is given out.
    pub supervise: Supervise,
    /// The pipeline that cards go through.
    pub pipeline: Option<String>,
    /// What the operator should know but what stops nothing.
    pub warnings: Vec<Warning>,
}

impl Roster {
    /// Whether an agent is the coordinating seat: the one that `lead` names, else any of the coordinating class.
    #[must_use]
    pub fn is_lead(&self, agent: &Agent) -> bool {
        match &self.lead {
            Some(lead) => agent.name.as_str() == lead,
            None => agent.class == COORDINATING_CLASS,
        }
    }

    /// The fleet's own socket and those of some of its agents, each once.
    #[must_use]
    pub fn sockets<'a>(&'a self, agents: impl IntoIterator<Item = &'a Agent>) -> Vec<&'a SocketName> {
        let mut sockets = vec![&self.socket];
        for agent in agents {
            if !sockets.contains(&&agent.socket) {
                sockets.push(&agent.socket);
            }
        }
        sockets
    }

    /// A roster without agents, for an observer whose file is missing or invalid.
    #[must_use]
    pub fn empty(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            socket: SocketName::DEFAULT,
            holder: SessionName(DEFAULT_HOLDER.to_owned()),
            lead: None,
            agents: Vec::new(),
            require_structured_reasoning: false,
            supervise: Supervise::default(),
            pipeline: None,
            warnings: Vec::new(),
        }
    }

    /// How it is below the floor of a fleet.
    pub fn floor_gaps(&self) -> impl Iterator<Item = FloorGap> {
        self.warnings.iter().filter_map(Warning::floor_gap)
    }

    /// The agent of that name.
    ///
    /// # Errors
    /// Not found, with the nearest names.
    pub fn agent(&self, name: &str) -> Result<&Agent> {
        self.agents.iter().find(|agent| agent.name.as_str() == name).ok_or_else(|| self.unknown(name))
    }

    /// The agent of that name, for whoever needs nothing else of the roster.
    ///
    /// # Errors
    /// Not found, with the nearest names.
    pub fn into_agent(mut self, name: &str) -> Result<Agent> {
        match self.agents.iter().position(|agent| agent.name.as_str() == name) {
            Some(at) => Ok(self.agents.swap_remove(at)),
            None => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Failure {
        let near = nearest(name, self.agents.iter().map(|agent| agent.name.as_str()));
        let next = if near.is_empty() {
            "`mosaic-tui agent roster` lists all".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        Failure::new(
            Kind::NotFound,
            format!("agent {}", Label::new(name)),
            format!("is not in {}", self.path.display()),
            next,
        )
    }

    /// The agent of that name, wherever it lives, with its tmux server.
    ///
    /// # Errors
    /// Not found, with the nearest names.
    pub fn reach(&self, site: &Site, name: &str) -> Result<(&Agent, ServerName)> {
        let agent = self.agent(name)?;
        Ok((agent, self.server(agent, site)))
    }

    /// The tmux server that holds an agent.
    #[must_use]
    pub fn server(&self, agent: &Agent, site: &Site) -> ServerName {
        // Hosts may share a roster, which says then how others come to this one.
        let ssh = agent.ssh.clone().filter(|_| self.is_remote(agent, site));
        ServerName { ssh, socket: agent.socket }
    }

    /// The agent of that name, if it is one of this host.
    ///
    /// # Errors
    /// Not found, or refused because it lives elsewhere.
    pub fn local(&self, site: &Site, name: &str) -> Result<&Agent> {
        let agent = self.agent(name)?;
        if self.is_remote(agent, site) {
            return Err(Failure::new(
                Kind::Refused,
                format!("agent {name}"),
                format!("lives on {}", agent.host),
                match &agent.ssh {
                    Some(ssh) => format!("run this command there, behind `ssh {ssh}`"),
                    None => "run this command there".to_owned(),
                },
            ));
        }
        Ok(agent)
    }

    /// Whether the agent runs on another host.
    #[must_use]
    pub fn is_remote(&self, agent: &Agent, site: &Site) -> bool {
        agent.host != site.host
    }
}

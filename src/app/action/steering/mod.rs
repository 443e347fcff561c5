//! Typed requests about single agents.

pub(in crate::app) mod build;

use std::path::PathBuf;
use std::time::Duration;

use crate::fleet::message::Options;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SteeringAction {
    /// Delivers a message to one agent.
    Send {
        /// The agent.
        name: String,
        /// The message.
        message: Box<Message>,
    },
    /// Delivers a message to several.
    Broadcast {
        /// By name; none means all that the other conditions leave.
        names: Vec<String>,
        /// Of this class only.
        class: Option<String>,
        /// In this state only.
        state: Option<String>,
        /// The message.
        message: Box<Message>,
    },
    /// Tells a runtime to begin a new conversation.
    Reset {
        /// The agent.
        name: String,
        /// With a new session instead of the runtime's usual way.
        new: bool,
        /// How it is delivered.
        options: Options,
    },
    /// Answers a question that a runtime asks.
    Approve {
        /// The agent.
        name: String,
        /// Which choice, from 1.
        choice: usize,
        /// The only question that is meant.
        question: Option<String>,
        /// How long to look.
        options: Options,
    },
    /// Waits until an agent is in a state.
    Wait {
        /// The agent.
        name: String,
        /// The state.
        until: String,
        /// How long.
        timeout: Duration,
    },
    /// Prints the text of a pane.
    Tail {
        /// The agent.
        name: String,
        /// Lines.
        lines: u32,
        /// Goes on with what is new.
        follow: bool,
        /// Keeps colours.
        ansi: bool,
    },
    /// Takes an agent's pane over.
    Attach(String),
    /// Prints how an agent reaches its peers.
    CommsBlock {
        /// The agent.
        name: String,
        /// The host on which it is read; default the agent's own.
        host: Option<String>,
    },
}

/// What is delivered, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where the text comes from.
    pub text: Text,
    /// `host:session` of the sender, when it is not the caller.
    pub source: Option<String>,
    /// A tag that receivers sort by.
    pub class: Option<String>,
    /// How it is delivered.
    pub options: Options,
}

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The command line.
    Given(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Input,
}

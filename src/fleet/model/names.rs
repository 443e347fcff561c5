//! Names and ids: of agents, sessions, panes and sockets.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};

use super::Label;
use crate::plain::Short;

/// Name of a roster agent: `^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentName(Short<64>);

impl AgentName {
    /// Accepts a valid name, or says what is wrong with it.
    ///
    /// # Errors
    /// A fragment that names the broken rule.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let mut chars = raw.chars();
        match chars.next() {
            None => return Err("is empty; a name has 1 to 64 characters".to_owned()),
            Some(first) if !first.is_ascii_alphanumeric() => {
                return Err("must begin with a letter or digit".to_owned());
            }
            Some(_) => {}
        }
        if let Some(bad) = chars.find(|c| !(c.is_ascii_alphanumeric() || "_.-".contains(*c))) {
            return Err(format!(
                "holds {}; only letters, digits, `_`, `.` and `-` may stand in a name",
                crate::plain::character(bad)
            ));
        }
        Short::of(raw).map(Self).ok_or_else(|| format!("has {} characters; at most 64 are allowed", raw.len()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The agent's tmux session: tmux itself turns `.` and `:` in a session name into `_`.
    #[must_use]
    pub fn session(&self) -> SessionName {
        SessionName(self.as_str().replace(['.', ':'], "_"))
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentName").field(&self.as_str()).finish()
    }
}

impl Serialize for AgentName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AgentName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(|why| serde::de::Error::custom(format!("an agent's name {why}")))
    }
}

/// Exact name of a tmux session, as tmux stores it. May hold anything a user typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SessionName(pub String);

impl SessionName {
    /// The name made safe to show.
    #[must_use]
    pub fn label(&self) -> Label {
        Label::new(&self.0)
    }
}

/// Id of a tmux pane, unique for the life of a server; shown as `%N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaneId(pub u32);

impl PaneId {
    /// Reads `%N`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix('%')?.parse().ok().map(Self)
    }
}

impl fmt::Display for PaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl Serialize for PaneId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// Names one row for the length of a session: labels can look alike, this does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(Row);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Row {
    /// The hash of its server and its id there.
    Session(u64),
    Agent(AgentName),
}

impl RowKey {
    /// The row of a roster agent.
    #[must_use]
    pub fn of_agent(name: AgentName) -> Self {
        Self(Row::Agent(name))
    }

    /// The row of a session that the roster does not know.
    #[must_use]
    pub fn of_session(server: &ServerName, session_id: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (server, session_id).hash(&mut hasher);
        Self(Row::Session(hasher.finish()))
    }
}

/// Size in character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A tmux server's socket name; without one tmux's default socket, with no `-L` at all.
///
/// The path of a socket has 107 bytes at most.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketName(Short<107>);

impl SocketName {
    /// tmux's default socket.
    pub const DEFAULT: Self = Self(Short::EMPTY);

    /// The socket of a name, which may be empty; `None` when it is longer than a path may be.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Short::of(name).map(Self)
    }

    /// What follows `-L`; `None` for tmux's default socket.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|name| !name.is_empty())
    }

    /// Name of the socket's file.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.name().unwrap_or("default")
    }

    /// The command line for a shell that does something on this socket, for hints.
    #[must_use]
    pub fn command(&self, words: &str) -> String {
        match self.name() {
            Some(name) => format!("tmux -L {name} {words}"),
            None => format!("tmux {words}"),
        }
    }
}

impl Serialize for SocketName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(s)
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.file_name())
    }
}

impl fmt::Debug for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketName").field(&self.name()).finish()
    }
}

/// How another host is reached: what `ssh` is given, such as `user@host`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SshTarget(String);

impl SshTarget {
    /// A target that the roster's rules accepted.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for SshTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Which tmux server: of which host, on which socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerName {
    /// The other host; `None` is this one.
    pub ssh: Option<SshTarget>,
    /// Its socket.
    pub socket: SocketName,
}

impl ServerName {
    /// A server of this host.
    #[must_use]
    pub fn here(socket: &SocketName) -> Self {
        Self { ssh: None, socket: *socket }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_names_follow_the_pattern() {
        for good in ["a", "code0", "A.b_c-d", &"x".repeat(64)] {
            assert!(AgentName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", ".x", "_x", "a b", "a:b", "é", "a\n", &"x".repeat(65)] {
            assert!(AgentName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn session_names_are_what_tmux_makes_of_them() {
        assert_eq!(AgentName::parse("a.b.c").map(|n| n.session().0), Ok("a_b_c".to_owned()));
    }

    #[test]
    fn pane_ids_round_trip() {
        assert_eq!(PaneId::parse("%17"), Some(PaneId(17)));
        assert_eq!(PaneId(17).to_string(), "%17");
        assert_eq!(PaneId::parse("17"), None);
    }
}

//! Who writes to agents without being one. The roster refuses these as names: an answer would reach the wrong one.

/// The person whose fleet it is, and who writes when no agent does. Not `operator`, which is the class of an agent.
pub const USER: &str = "user";

/// The supervisor, which gives out work.
pub const SUPERVISOR: &str = "supervisor";

/// An agent's keeper, which sends its first message.
pub const KEEPER: &str = "keeper";

/// Whether an agent of this name would have such an address; and what for it is kept.
#[must_use]
pub fn kept_for(session: &str) -> Option<&'static str> {
    match session {
        USER => Some("the person whose fleet it is"),
        SUPERVISOR => Some("whoever gives out work by itself"),
        KEEPER => Some("whoever starts an agent and keeps it"),
        _ => None,
    }
}

//! Who holds a claim, as seen from one host: agents of two may have one name.

/// Returns whether a claim that was made on one host is held by the agent of its owner's name on another one, or the same. What a
/// roster calls another host need not be its own name for itself, so these are told from `here` only. Where nobody knows
/// on which it was made, it is.
#[must_use]
pub fn is_held_on(claim_host: &str, agent_host: &str, here: &str) -> bool {
    claim_host.is_empty() || (claim_host == here) == (agent_host == here)
}

/// Returns the owner of a claim in words, with the host where that is another one.
#[must_use]
pub fn owner_words(owner: &str, host: &str, here: &str) -> String {
    if host.is_empty() || host == here { owner.to_owned() } else { format!("{owner} on {host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_hosts_are_told_from_this_one_only() {
        for (claim, agent, held) in [
            ("", "here", true),
            ("", "far", true),
            ("here", "here", true),
            ("here", "far", false),
            ("south", "here", false),
            ("south", "far", true),
        ] {
            assert_eq!(is_held_on(claim, agent, "here"), held, "made on {claim:?}, by the agent on {agent}");
        }
    }

    #[test]
    fn a_host_is_said_where_it_is_another_one() {
        assert_eq!(owner_words("a", "south", "here"), "a on south");
        assert_eq!(owner_words("a", "", "here"), "a");
        assert_eq!(owner_words("a", "here", "here"), "a");
    }
}

//! Why the user manager did not do what it was asked for.

use std::fmt;

/// Why the user manager did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusError {
    /// This user has no message bus, so there is no manager to ask.
    NoBus,
    /// This user had a message bus, and nobody listens there any more, nor at the manager's own socket; how it was tried.
    Unheard(String),
    /// There is a manager, or may be, and it is silent; why.
    Silent(String),
    /// The unit is not loaded, in systemd's words.
    NotLoaded(String),
    /// It refused, or its answer could not be used; why.
    Refused(String),
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBus => f.write_str("no user manager here (no message bus of this user)"),
            Self::Unheard(how) => write!(f, "no user manager here any more ({how})"),
            Self::Silent(why) => write!(f, "does not answer: {why}"),
            Self::NotLoaded(why) | Self::Refused(why) => f.write_str(why),
        }
    }
}

impl BusError {
    /// What an operator can do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NoBus => {
                "a login of this user, or `loginctl enable-linger`, starts one; without one `mosaic-tui fleet start` keeps agents \
                 by itself, until the next reboot"
            }
            Self::Unheard(_) => {
                "a new login of this user starts it again, or `systemctl restart user@UID.service` as root; until then \
                 `mosaic-tui fleet start` keeps agents by itself"
            }
            Self::Silent(_) => {
                "try again once `systemctl --user status` answers; if it never does, `systemctl restart user@UID.service` as \
                 root, which ends all that this user's manager keeps"
            }
            Self::NotLoaded(_) | Self::Refused(_) => {
                "without one `mosaic-tui fleet start` keeps agents by itself, until the next reboot"
            }
        }
    }
}

impl From<String> for BusError {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

impl From<BusError> for String {
    fn from(error: BusError) -> Self {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_what_is_wrong_with_a_manager() {
        let text = BusError::Unheard("connection refused".to_owned()).to_string();
        assert_eq!(text, "no user manager here any more (connection refused)");
        assert_eq!(BusError::Silent("it hangs".to_owned()).to_string(), "does not answer: it hangs");
        let all = [
            BusError::NoBus,
            BusError::Unheard(String::new()),
            BusError::Silent(String::new()),
            BusError::Refused(String::new()),
        ];
        let steps: std::collections::BTreeSet<&str> = all.iter().map(BusError::next_step).collect();
        assert_eq!(steps.len(), all.len(), "each has a next step of its own");
    }
}

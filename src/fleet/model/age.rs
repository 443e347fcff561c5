//! Durations as a person reads them.

use std::fmt;
use std::time::Duration;

/// A duration that is shown in its largest useful unit: `95s`, `12m`, `3h`, `4d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short(pub Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            // Limits above a whole minute, hour or day, so that a short time keeps two digits of meaning.
            0..=99 => write!(f, "{seconds}s"),
            100..=5999 => write!(f, "{}m", seconds / 60),
            6000..=172_799 => write!(f, "{}h", seconds / 3600),
            _ => write!(f, "{}d", seconds / 86400),
        }
    }
}

/// Formats a duration in its largest useful unit: `95s`, `12m`, `3h`, `4d`.
#[must_use]
pub fn short(duration: Duration) -> String {
    Short(duration).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_at_a_glance() {
        for (seconds, want) in [(0, "0s"), (99, "99s"), (100, "1m"), (5999, "99m"), (6000, "1h"), (400_000, "4d")] {
            assert_eq!(short(Duration::from_secs(seconds)), want);
        }
    }
}

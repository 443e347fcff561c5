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

/// An age that is on a screen for long, in steps that grow with it: `<10s`, `10s` to `90s`, then as [`Short`]. A screen that
/// counted the seconds of a hundred agents would be drawn anew each second, for what nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coarse {
    age: Duration,
    /// Nothing younger than so many seconds is told apart.
    least: u64,
}

impl Coarse {
    /// Since anything.
    #[must_use]
    pub fn of(age: Duration) -> Self {
        Self { age, least: 10 }
    }

    /// Since a heartbeat: one that comes at its usual pace says the same all the time.
    #[must_use]
    pub fn of_beat(age: Duration) -> Self {
        Self { age, least: 30 }
    }
}

impl fmt::Display for Coarse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.age.as_secs() {
            seconds if seconds < self.least => write!(f, "<{}s", self.least),
            seconds @ 0..=99 => write!(f, "{}s", seconds / 10 * 10),
            _ => Short(self.age).fmt(f),
        }
    }
}

/// Formats a duration in its largest useful unit: `95s`, `12m`, `3h`, `4d`.
#[must_use]
pub fn short(duration: Duration) -> String {
    Short(duration).to_string()
}

/// Formats the age of something that is on a screen for long, as [`Coarse`] does.
#[must_use]
pub fn coarse(age: Duration) -> String {
    Coarse::of(age).to_string()
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

    #[test]
    fn an_age_on_a_screen_grows_in_steps() {
        let at = |seconds| Duration::from_secs(seconds);
        let all: std::collections::BTreeSet<String> = (0..3600).map(|age| Coarse::of(at(age)).to_string()).collect();
        // `<10s`, nine tens of seconds, and the minutes from 1 to 59.
        assert_eq!(all.len(), 1 + 9 + 59, "{all:?}");
        for (age, want) in [(0, "<10s"), (9, "<10s"), (10, "10s"), (19, "10s"), (99, "90s"), (100, "1m"), (6000, "1h")]
        {
            assert_eq!(Coarse::of(at(age)).to_string(), want);
        }
        for (age, want) in [(0, "<30s"), (29, "<30s"), (30, "30s"), (100, "1m")] {
            assert_eq!(Coarse::of_beat(at(age)).to_string(), want);
        }
    }
}

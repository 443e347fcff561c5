//! Durations as a person reads them.

use std::time::Duration;

/// Formats a duration in its largest useful unit: `95s`, `12m`, `3h`, `4d`.
#[must_use]
pub fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=99 => format!("{seconds}s"),
        100..=5999 => format!("{}m", seconds / 60),
        6000..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
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

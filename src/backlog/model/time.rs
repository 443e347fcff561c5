//! Moments by the store's clock.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in milliseconds since 1970, by the clock of the database, so that hosts with skewed
/// clocks agree on expiry. As JSON it is RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub i64);

impl Stamp {
    /// Time from then until this; zero when it is the other way round.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the moment so many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        // Always three digits, so that texts sort as the moments do and both engines export the same bytes.
        f.pad(&format!("{time:.3}"))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(time.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_json() {
        let stamp = Stamp(1_763_700_000_123);
        let json = serde_json::to_string(&stamp).unwrap();
        assert_eq!(json, "\"2025-11-21T04:40:00.123Z\"");
        assert_eq!(serde_json::from_str::<Stamp>(&json).unwrap(), stamp);
        assert_eq!(Stamp(5_000).since(Stamp(2_000)), Duration::from_secs(3));
        assert_eq!(Stamp(0).since(Stamp(9)), Duration::ZERO);
    }
}

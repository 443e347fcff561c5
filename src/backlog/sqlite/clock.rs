//! The store's clock. It tells the wall clock's time, and leases keep their length when somebody sets that one.
//!
//! By the wall clock alone a step forward would end every lease, and one back make each last for hours. The time since
//! boot knows no steps, so what the wall clock is ahead of it is kept in the file: it only ever differs by a step. The
//! first change behind one moves the leases along; who only looks tells the time as before the step until then.

use std::fs;
use std::sync::OnceLock;

use rusqlite::{Connection, OptionalExtension, Result, Transaction};
use rustix::time::{ClockId, clock_gettime};

use super::super::model::Stamp;

/// A smaller difference is none: the two clocks are read one after the other, by processes that are interrupted between.
const STEP: i64 = 100;

/// The two clocks are read so close to each other, in nanoseconds, or as close as some tries come.
const CLOSE: i64 = 1_000_000;
const TRIES: u32 = 5;

/// Boots of which the file knows how far the wall clock was ahead; containers have one of their own each.
const KNOWN: i64 = 16;

/// The host's clocks at one moment, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Time since boot, sleep included.
    pub since_boot: i64,
    /// How far the wall clock is ahead of that.
    pub ahead: i64,
}

impl Reading {
    fn wall(self) -> Stamp {
        Stamp(self.since_boot.saturating_add(self.ahead))
    }
}

/// Where the clocks are read.
pub(super) trait Clocks: Send + Sync {
    /// By which boot the time since boot counts; `None` where that is not known, and the wall clock alone counts.
    fn boot(&self) -> Option<&str>;

    /// Reads them.
    fn read(&self) -> Reading;
}

/// Those of this host.
pub(super) struct Host;

impl Clocks for Host {
    fn boot(&self) -> Option<&str> {
        static BOOT: OnceLock<Option<String>> = OnceLock::new();
        BOOT.get_or_init(|| {
            let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
            // In a time namespace the same boot has another time: time_namespaces(7).
            let space = fs::read_link("/proc/self/ns/time").map(|name| name.display().to_string()).unwrap_or_default();
            Some(format!("{} {space}", boot.trim()).trim_end().to_owned())
        })
        .as_deref()
    }

    fn read(&self) -> Reading {
        let since_boot = || {
            let time = clock_gettime(ClockId::Boottime);
            time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
        };
        let (mut closest, mut read) = (i64::MAX, Reading { since_boot: 0, ahead: 0 });
        for _ in 0..TRIES {
            let before = since_boot();
            let wall = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
            let after = since_boot();
            if after - before < closest {
                closest = after - before;
                let middle = before + closest / 2;
                let rounded = |nanoseconds: i64| (nanoseconds + 500_000).div_euclid(1_000_000);
                read = Reading { since_boot: after.div_euclid(1_000_000), ahead: rounded(wall.saturating_sub(middle)) };
            }
            if closest < CLOSE {
                break;
            }
        }
        read
    }
}

/// The clock as a change or a look goes by it: from beginning to end the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clock {
    /// By which boot leases are timed that begin now.
    pub boot: Option<String>,
    /// How far the wall clock is ahead of the time since that boot, as the file has it; `None` where it has nothing of it.
    ahead: Option<i64>,
}

impl Clock {
    /// The clock for a look: by what the file has of this boot.
    pub(super) fn of(connection: &Connection, clocks: &dyn Clocks) -> Result<Self> {
        let Some(boot) = clocks.boot() else { return Ok(Self { boot: None, ahead: None }) };
        let ahead = connection
            .prepare_cached("SELECT ahead FROM clock WHERE boot = ?1")?
            .query_row([boot], |row| row.get(0))
            .optional()?;
        Ok(Self { boot: Some(boot.to_owned()), ahead })
    }

    /// The clock for a change, behind whatever steps there were: leases have moved along with them.
    pub(super) fn settled(transaction: &Transaction<'_>, clocks: &dyn Clocks) -> Result<Self> {
        let known = Self::of(transaction, clocks)?;
        let Some(boot) = &known.boot else { return Ok(known) };
        let now = clocks.read();
        match known.ahead {
            Some(ahead) if (now.ahead - ahead).abs() < STEP => return Ok(known),
            Some(ahead) => {
                let step = now.ahead - ahead;
                tracing::warn!(milliseconds = step, "the clock of this host was set; leases move along");
                // A card that is held was written last by its claim or behind it, so by the same clock.
                transaction.execute(
                    "UPDATE card SET claimed_at = claimed_at + ?1, claim_since = claim_since + ?1, updated_at = updated_at + ?1 \
                     WHERE status = 'claimed' AND claim_boot = ?2",
                    rusqlite::params![step, boot],
                )?;
                // What supervisors said of themselves holds for as long as they meant.
                transaction.execute(
                    "UPDATE supervisor SET until = until + ?1 WHERE boot = ?2",
                    rusqlite::params![step, boot],
                )?;
                transaction
                    .execute("UPDATE clock SET ahead = ?2 WHERE boot = ?1", rusqlite::params![boot, now.ahead])?;
            }
            None => {
                transaction
                    .execute("INSERT INTO clock (boot, ahead) VALUES (?1, ?2)", rusqlite::params![boot, now.ahead])?;
                transaction
                    .execute("DELETE FROM clock WHERE number <= (SELECT max(number) FROM clock) - ?1", [KNOWN])?;
            }
        }
        Ok(Self { ahead: Some(now.ahead), ..known })
    }

    /// Returns the present moment.
    pub(super) fn now(&self, clocks: &dyn Clocks) -> Stamp {
        let read = clocks.read();
        Reading { ahead: self.ahead.unwrap_or(read.ahead), ..read }.wall()
    }

    /// By how much the leases of this boot have still to move.
    pub(super) fn step(&self, clocks: &dyn Clocks) -> Option<i64> {
        let step = clocks.read().ahead - self.ahead?;
        (step.abs() >= STEP).then_some(step)
    }
}

#[cfg(test)]
mod tests;

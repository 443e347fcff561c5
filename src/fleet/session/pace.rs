//! How sessions are spaced in time: a growing pause before what ends at once, and a gate for all starts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::service;
use crate::fleet::error::Result;
use crate::fleet::home::Pace;
use crate::fleet::os::lockfile;
use crate::fleet::os::process::since_boot;

/// A process that lived for less ended at once.
pub(super) const QUICK: Duration = Duration::from_secs(60);

/// After so many runs in a row that ended at once the keeper gives up: the pauses between them add up
/// to half a minute with the default delay.
pub(super) const MAX_QUICK_EXITS: u32 = 6;

/// Longest pause before a restart.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// Nobody waits longer at the gate: a whole fleet of hundreds passes in that time.
const MAX_GATE_WAIT: Duration = Duration::from_secs(600);

/// How often a waiting keeper tells its service manager that it lives.
const TELL_AGAIN: Duration = Duration::from_secs(5);

/// How often a closed gate is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// The pause before the next start, after this many runs in a row that ended at once.
pub(super) fn delay(quick_exits: u32, pace: &Pace) -> Duration {
    match quick_exits.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => pace.restart_delay.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_DELAY),
    }
}

/// Waits until this fleet's last start on this machine is long enough ago, and notes the present one.
///
/// The gate is a file under a lock, so it holds for every keeper, whoever started it: a shell, another
/// operator's shell, or systemd at boot.
///
/// # Errors
/// What the file system says.
pub(super) async fn pass_gate(run_dir: &Path, spacing: Duration) -> Result<()> {
    if spacing.is_zero() {
        return Ok(());
    }
    let path = run_dir.join("gate");
    let mut file = lockfile::open(&path)?;
    // Whoever is inside sleeps there; the others stand in front of the lock.
    let begun = Instant::now();
    let mut told = begun;
    // Asked for again and again, because whoever sleeps inside the kernel cannot tell systemd that it
    // lives.
    while !lockfile::try_exclusive(&path, &file)? {
        if begun.elapsed() > MAX_GATE_WAIT {
            tracing::warn!("the gate of starts stays shut; somebody froze inside of it");
            // Two starts at once do less harm than a fleet that never starts.
            return Ok(());
        }
        if told.elapsed() > TELL_AGAIN {
            told = Instant::now();
            service::tell("EXTEND_TIMEOUT_USEC=60000000\nSTATUS=waits for its turn to start");
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    // By a clock that nobody sets. It begins anew at each boot, so a note that lies in its future is an
    // old one.
    let now = since_boot();
    let wait = last_start(&mut file)
        .filter(|last| *last <= now)
        .map_or(Duration::ZERO, |last| (last + spacing).saturating_sub(now));
    tokio::time::sleep(wait).await;
    file.set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)).map(drop))
        .and_then(|()| writeln!(file, "{}", since_boot().as_nanos()))
        .map_err(|error| lockfile::failed(&path, &error))
}

fn last_start(file: &mut File) -> Option<Duration> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let pace = Pace::default();
        let seconds: Vec<u64> = (0..9).map(|ends| delay(ends, &pace).as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(delay(u32::MAX, &pace), MAX_DELAY);
    }

    #[tokio::test]
    async fn starts_at_once_pass_the_gate_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let spacing = Duration::from_millis(40);
        let begun = Instant::now();
        let all = (0..4).map(|_| pass_gate(folder.path(), spacing));
        futures_util::future::try_join_all(all).await.unwrap();
        assert!(begun.elapsed() >= spacing * 3, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_note_from_before_the_last_boot_does_not_keep_it_shut() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("gate"), (since_boot() + Duration::from_secs(3600)).as_nanos().to_string())
            .unwrap();
        let passed =
            tokio::time::timeout(Duration::from_secs(5), pass_gate(folder.path(), Duration::from_millis(1))).await;
        passed.expect("open").unwrap();
    }
}

//! A turn for each start of a runtime whose programs disturb each other when they start together.
//!
//! The file holds when the next one may start. It is locked only while a turn is taken, so whoever waits knows at once for
//! how long, and one that is killed while it waits holds up nobody beyond its turn.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::os::lockfile;
use crate::fleet::os::process::since_boot;

/// Time for others to take their turns, of some microseconds each.
const LOCK_LIMIT: Duration = Duration::from_secs(5);

/// A turn so far away was written by nobody who waits.
const FARTHEST: Duration = Duration::from_secs(3600);

/// Takes a turn, and says how long it is away. It holds for all fleets of this user on this machine.
///
/// # Errors
/// When the file cannot be used; then nobody has to wait.
pub fn take(site: &Site, runtime: &str, apart: Duration) -> Result<Duration> {
    let folder = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    // Without a folder of this user's session the fleets of one Mosaic home wait for each other.
    let name = format!("{runtime}.turn");
    let path = folder.map_or_else(|| site.run_dir.join(&name), |folder| folder.join("mosaic-starts").join(&name));
    take_in(&path, apart)
}

fn take_in(path: &Path, apart: Duration) -> Result<Duration> {
    let mut file = lockfile::hold_up(path, LOCK_LIMIT, lockfile::open)?.ok_or_else(|| {
        let next = format!("`fuser {}` names who holds it", path.display());
        Failure::new(Kind::Failed, format!("lock {}", path.display()), "somebody holds it for too long", next)
    })?;
    let failed = |error: std::io::Error| lockfile::failed(path, &error);
    let now = since_boot();
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    let boot = boot();
    let own = next_turn(&text, &boot, now);
    write(&mut file, &format!("{boot} {}\n", (own + apart).as_nanos())).map_err(failed)?;
    Ok(own - now)
}

fn write(file: &mut File, text: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())
}

/// The turn that a file gives away: now, unless it names a later one of this boot.
fn next_turn(text: &str, boot: &str, now: Duration) -> Duration {
    let named = text.trim().strip_prefix(boot).and_then(|rest| rest.trim().parse().ok()).map(Duration::from_nanos);
    named.filter(|turn| *turn > now && *turn < now + FARTHEST).unwrap_or(now)
}

/// The boot that clocks are counted from.
fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    format!("boot={}", id.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn turns_follow_each_other_and_who_comes_late_waits_for_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/by/it/x.turn");
        let begun = since_boot();
        let waits: Vec<Duration> = (0..4).map(|_| take_in(&path, 100 * SECOND).unwrap()).collect();
        let took = since_boot() - begun;
        for (at, wait) in (0_u32..).zip(waits) {
            let whole = 100 * SECOND * at;
            assert!(wait <= whole && wait + took >= whole, "{at}: {wait:?}");
        }
        let other = folder.path().join("y.turn");
        assert_eq!(take_in(&other, SECOND).unwrap(), Duration::ZERO, "another runtime waits for none of them");
    }

    #[test]
    fn turns_that_are_taken_at_once_are_all_different() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.turn");
        let mut ends: Vec<Duration> = std::thread::scope(|scope| {
            let take = || since_boot() + take_in(&path, 100 * SECOND).unwrap();
            let all: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        ends.sort();
        assert!(ends.windows(2).all(|pair| pair[1] - pair[0] > 90 * SECOND), "{ends:?}");
    }

    #[test]
    fn what_no_waiting_start_wrote_holds_up_nobody() {
        let now = 5000 * SECOND;
        for (text, want) in [
            ("", 5000),
            ("boot=a 4999000000000", 5000),
            ("boot=a 5003000000000\n", 5003),
            ("boot=b 5003000000000", 5000),
            ("boot=a 99000000000000", 5000),
            ("boot=a soon", 5000),
            ("5003000000000", 5000),
        ] {
            assert_eq!(next_turn(text, "boot=a", now).as_secs(), want, "{text}");
        }
    }

    #[test]
    fn a_turn_that_cannot_be_taken_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.turn");
        std::fs::create_dir(&path).unwrap();
        assert!(take_in(&path, SECOND).unwrap_err().what.contains("x.turn"));
    }
}

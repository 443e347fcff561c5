//! Waiting for another process's lock.
//!
//! SQLite's own busy handler backs off to 100 ms, and a process that waits that long is overtaken by
//! everyone who comes later: with 32 writers single ones starve for seconds. Here every waiter looks
//! again within about a millisecond, each at its own moment, so that all have the same chance.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a locked store is waited for.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// Shortest and longest pause between two looks, in microseconds.
const PAUSE: (u64, u64) = (100, 1500);

thread_local! {
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
    static NOISE: Cell<u64> = const { Cell::new(0) };
}

/// The busy handler (sqlite3_busy_handler): `true` looks again.
pub(super) fn busy(tries: i32) -> bool {
    if tries == 0 {
        SINCE.set(Some(Instant::now()));
    }
    if SINCE.get().is_some_and(|since| since.elapsed() > LIMIT) {
        return false;
    }
    // The first looks are quick: most locks are held for a fraction of a millisecond.
    let most = PAUSE.1.min(PAUSE.0 << tries.clamp(0, 8));
    std::thread::sleep(Duration::from_micros(PAUSE.0 + noise() % most));
    true
}

/// Numbers that differ between processes and calls (xorshift64).
fn noise() -> u64 {
    let mut state = NOISE.get();
    if state == 0 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        state = u64::from(now.subsec_nanos()) ^ (u64::from(std::process::id()) << 32) | 1;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    NOISE.set(state);
    state
}

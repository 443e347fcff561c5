//! Waiting for the lock of a program that does not stand in line (see `queue`), and for the short ones
//! that SQLite takes itself: looking again soon, each waiter at its own random moment. SQLite's own
//! handler would back off to 100 ms and be overtaken by everyone who comes later.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a locked store is waited for.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// Minimum pause between two tries, and the maximum that chance adds to it, in microseconds.
const PAUSE: (u64, u64) = (100, 900);

thread_local! {
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
    static NOISE: Cell<u64> = const { Cell::new(0) };
}

/// Waits a moment for a lock, as a busy handler (sqlite3_busy_handler); `false` gives up.
pub(super) fn busy(tries: i32) -> bool {
    // The handler is a bare function, and has nowhere else to keep when the waiting began.
    if tries == 0 {
        SINCE.set(Some(Instant::now()));
    }
    if SINCE.get().is_some_and(|since| since.elapsed() > LIMIT) {
        return false;
    }
    std::thread::sleep(Duration::from_micros(PAUSE.0 + noise() % PAUSE.1));
    true
}

/// Returns a number that differs between processes and calls (xorshift64).
fn noise() -> u64 {
    let mut state = NOISE.get();
    if state == 0 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        // The last bit is set, because zero would stay zero.
        state = u64::from(now.subsec_nanos()) ^ (u64::from(std::process::id()) << 32) | 1;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    NOISE.set(state);
    state
}

//! A clock of a machine of one's own: time in which others use its processors counts as much less as they use them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::harness::{LIMIT, pids_of, pids_of_this_process};

/// Between two looks at who works.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs until it is dropped.
pub(super) struct Clock {
    given: Arc<Mutex<Duration>>,
    over: Arc<AtomicBool>,
}

impl Clock {
    /// Begins to count for what runs in a sandbox.
    pub(super) fn start(root: &Path) -> Self {
        let root = root.to_owned();
        Self::of(move || pids_of(&root))
    }

    /// Begins to count for these processes.
    fn of(pids: impl Fn() -> Vec<u32> + Send + 'static) -> Self {
        let clock = Self { given: Arc::default(), over: Arc::default() };
        let (given, over) = (Arc::clone(&clock.given), Arc::clone(&clock.over));
        std::thread::spawn(move || count(&pids, &given, &over));
        clock
    }

    /// Time that was given until now.
    pub(super) fn now(&self) -> Duration {
        *self.given.lock().unwrap()
    }

    /// Looks again and again, with a pause between two looks, until there is an answer, or this time is over.
    pub(super) fn until<T>(&self, end: Duration, pause: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        loop {
            if let Some(found) = look() {
                return Some(found);
            }
            if self.now() > end {
                return None;
            }
            std::thread::sleep(pause);
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn count(pids: &dyn Fn() -> Vec<u32>, given: &Mutex<Duration>, over: &AtomicBool) {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let rate = (rustix::param::clock_ticks_per_second() as f64)
        * std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
    let mut seen = (Instant::now(), busy(), ours(&pids()));
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK_EVERY);
        let now = (Instant::now(), busy(), ours(&pids()));
        let took = now.0 - seen.0;
        let own: u64 = now.2.iter().map(|(pid, ticks)| ticks - seen.2.get(pid).copied().unwrap_or(0).min(*ticks)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let others = now.1.saturating_sub(seen.1).saturating_sub(own) as f64;
        let share = (others / (took.as_secs_f64() * rate)).clamp(0.0, 1.0);
        *given.lock().unwrap() += took.mul_f64(1.0 - share);
        seen = now;
    }
}

/// Ticks in which the machine's processors worked, for whomever.
fn busy() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let words: Vec<u64> =
        text.lines().next().unwrap().split_whitespace().skip(1).map(|word| word.parse().unwrap()).collect();
    // user, nice, system, then idle and waiting for disks, then interrupts, and what other guests took.
    words[..3].iter().chain(&words[5..8]).sum()
}

/// Ticks of each process.
fn ours(pids: &[u32]) -> HashMap<u32, u64> {
    let ticks = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let words: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(words.get(11)?.parse::<u64>().ok()? + words.get(12)?.parse::<u64>().ok()?)
    };
    pids.iter().filter_map(|pid| Some((*pid, ticks(pid)?))).collect()
}

/// Looks again and again until there is an answer, or the limit of a machine of one's own is over: real programs take
/// seconds for their first screen, and many times that beside a compiler.
pub(super) fn wait<T>(_what: &str, look: impl FnMut() -> Option<T>) -> Option<T> {
    static CLOCK: OnceLock<Clock> = OnceLock::new();
    let clock = CLOCK.get_or_init(|| Clock::of(pids_of_this_process));
    clock.until(clock.now() + LIMIT, Duration::from_millis(10), look)
}

/// Waits in the same way until a condition holds.
pub(super) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    assert!(wait(what, || holds().then_some(())).is_some(), "never happened: {what}");
}

//! What processes cost, as the kernel counts it. Reads `/proc`, and changes nothing.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Ticks in which `/proc/PID/stat` counts: 100 a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// What a process has used since it began.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    at: Instant,
    own: Duration,
    children: Duration,
    wakeups: u64,
}

/// What it used in a while, for each second of it.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    /// Share of a core of its threads, in percent.
    pub(crate) own: f64,
    /// The same of the processes that it started and that have ended.
    pub(crate) children: f64,
    /// Times that one of its threads was woken.
    pub(crate) wakeups: f64,
}

/// Memory of a process in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    /// What is resident.
    pub(crate) resident: u64,
    /// What nobody else has mapped.
    pub(crate) own: u64,
    /// That, and its part of what it shares.
    pub(crate) proportional: u64,
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))?
        .trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn stat(pid: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split(' ').map(|field| field.trim().parse().unwrap_or(0)).collect())
}

fn ticks(count: u64) -> Duration {
    TICK * u32::try_from(count).unwrap_or(u32::MAX)
}

/// How long a thread ran, by its `schedstat`: in nanoseconds, where `stat` counts hundredths of a second.
fn ran(schedstat: &str) -> Duration {
    Duration::from_nanos(schedstat.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or(0))
}

/// What a process has used by now; nothing once it is gone.
pub(crate) fn used(pid: u32) -> Used {
    let (mut own, mut wakeups) = (Duration::ZERO, 0);
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        own += ran(&read("schedstat"));
        wakeups += field(&read("status"), "voluntary_ctxt_switches").unwrap_or(0);
    }
    let stat = stat(pid).unwrap_or_default();
    let children = ticks(stat.get(13).unwrap_or(&0) + stat.get(14).unwrap_or(&0));
    Used { at: Instant::now(), own, children, wakeups }
}

/// What the threads of one name have read by now, in bytes, and the processor time that they took.
pub(crate) fn of_threads(pid: u32, name: &str) -> (u64, Duration) {
    let (mut bytes, mut time) = (0, Duration::ZERO);
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        if read("comm").trim() == name {
            bytes += field(&read("io"), "rchar").unwrap_or(0);
            time += ran(&read("schedstat"));
        }
    }
    (bytes, time)
}

/// Processor time that a piece of work takes on this thread.
pub(crate) fn on_this_thread(work: impl FnOnce()) -> Duration {
    let now = || ran(&fs::read_to_string("/proc/thread-self/schedstat").unwrap());
    let before = now();
    work();
    now().saturating_sub(before)
}

/// Processor time of all processes that this one has waited for.
pub(crate) fn children() -> Duration {
    used(std::process::id()).children
}

impl Used {
    /// What was used since then.
    pub(crate) fn since(&self, then: &Self) -> Rate {
        let seconds = (self.at - then.at).as_secs_f64();
        let share = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64() / seconds * 100.0;
        Rate {
            own: share(self.own, then.own),
            children: share(self.children, then.children),
            wakeups: self.wakeups.saturating_sub(then.wakeups) as f64 / seconds,
        }
    }
}

/// Its memory; nothing once it is gone.
pub(crate) fn memory(pid: u32) -> Memory {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("smaps_rollup")).unwrap_or_default();
    let bytes = |name: &str| field(&text, name).unwrap_or(0) << 10;
    Memory { resident: bytes("Rss"), own: bytes("Private_Clean") + bytes("Private_Dirty"), proportional: bytes("Pss") }
}

/// The value below which such a share of them lies.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    quantile(&mut values, 0.5)
}

/// Milliseconds that a piece of work takes.
pub(crate) fn milliseconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1000.0
}

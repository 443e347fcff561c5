//! The process plane: what `/proc` says of a pane's process tree (see proc(5)).
//!
//! Reads only; costs no process. A process tree is found through each task's `children` file.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::fleet::model::{Label, ProcessFacts};

/// Most processes followed below one pane; a fork bomb must not stall the observer.
const MAX_TREE: usize = 512;

/// Most bytes read of one command line: enough for an interpreter's script path.
const MAX_CMDLINE: usize = 4096;

/// One process of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its argument vector; the name in brackets where it has none.
    pub argv: Vec<String>,
    /// Whether a signal or a debugger stopped it.
    pub stopped: bool,
}

/// What was read of one pane's process tree.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessTree {
    /// The pane's own process and its descendants; empty when it is gone.
    pub processes: Vec<Process>,
    /// Name of the terminal's foreground process: the pane's current command.
    pub foreground: Label,
    /// The facts for the row.
    pub facts: ProcessFacts,
}

impl ProcessTree {
    /// Whether a pid belongs to the tree.
    #[must_use]
    pub fn contains(&self, pid: u32) -> bool {
        self.processes.iter().any(|process| process.pid == pid)
    }
}

/// What of `/proc/PID/stat` is used.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stat {
    /// The name, as `/proc/PID/comm` has it.
    name: String,
    state: char,
    group: u32,
    foreground: Option<u32>,
    ticks: u64,
    threads: u64,
    start_ticks: u64,
    rss_pages: u64,
}

/// Remembers the last look, so that CPU shares are of the time since then.
#[derive(Debug, Default)]
pub struct ProcessWatch {
    last: HashMap<u32, (Instant, u64)>,
    argv: HashMap<(u32, u64), Vec<String>>,
}

impl ProcessWatch {
    /// Reads the tree below a pane's process.
    #[must_use]
    pub fn look(&mut self, root: u32) -> ProcessTree {
        let now = Instant::now();
        let mut processes = Vec::new();
        let (mut ticks, mut rss, mut oldest, mut foreground) = (0, 0, None, None);
        let mut names = Vec::new();
        let mut queue = vec![root];
        while let Some(pid) = queue.pop() {
            if processes.len() >= MAX_TREE {
                break;
            }
            // A zombie has ended; only its parent has not asked for its status yet.
            let Some(stat) = read_stat(pid).filter(|stat| !matches!(stat.state, 'Z' | 'X')) else { continue };
            ticks += stat.ticks;
            rss += stat.rss_pages;
            // The pane's own process is the first that is read.
            oldest = oldest.or(Some(stat.start_ticks));
            foreground = foreground.or(stat.foreground);
            let stopped = matches!(stat.state, 'T' | 't');
            processes.push(Process { pid, argv: self.argv_of(pid, stat.start_ticks), stopped });
            children(pid, stat.threads, &mut queue);
            names.push((pid, stat.name));
        }
        let alive = processes.first().is_some_and(|process| process.pid == root);
        if !alive {
            processes.clear();
        }
        let cpu_percent = match self.last.insert(root, (now, ticks)) {
            // The first look has no earlier one to compare with: the share of the whole life.
            None => oldest.map(seconds_since_boot_tick).map_or(0.0, |life| percent(ticks, life)),
            // A child that has ended since took its ticks out of the sum.
            Some((then, before)) => percent(ticks.saturating_sub(before), (now - then).as_secs_f64()),
        };
        let argv0 = processes.first().and_then(|process| process.argv.first()).map(String::as_str);
        // Mostly one of the tree, whose name is known by now.
        let foreground = foreground.and_then(|pid| {
            let known = names.iter().find(|(one, _)| *one == pid).map(|(_, name)| name.clone());
            known.or_else(|| fs::read_to_string(format!("/proc/{pid}/comm")).ok())
        });
        ProcessTree {
            foreground: Label::new(&foreground.unwrap_or_default()),
            facts: ProcessFacts {
                alive,
                argv0: Label::new(argv0.unwrap_or_default()),
                cpu_percent: if alive { (cpu_percent * 10.0).round() / 10.0 } else { 0.0 },
                rss_bytes: if alive { rss * page_size() } else { 0 },
                descendants: u32::try_from(processes.len().saturating_sub(1)).unwrap_or(u32::MAX),
            },
            processes,
        }
    }

    /// Forgets every process that is not in `roots`.
    pub fn retain(&mut self, roots: &HashSet<u32>) {
        self.last.retain(|pid, _| roots.contains(pid));
        // They only bridge an exec, so all of them can be forgotten at any time.
        if self.argv.len() > MAX_TREE * 8 {
            self.argv.clear();
        }
    }

    /// Command line of a process. Between fork and exec it can be empty for an instant; the last one
    /// known stands in then.
    fn argv_of(&mut self, pid: u32, start: u64) -> Vec<String> {
        match read_argv(pid) {
            Some(argv) => {
                self.argv.insert((pid, start), argv.clone());
                argv
            }
            None => self.argv.get(&(pid, start)).cloned().unwrap_or_default(),
        }
    }
}

fn percent(ticks: u64, seconds: f64) -> f64 {
    if seconds <= 0.0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "tick counts stay far below 2^52")]
    let used = ticks as f64 / ticks_per_second();
    100.0 * used / seconds
}

fn ticks_per_second() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "100 on every Linux")]
    let hertz = rustix::param::clock_ticks_per_second() as f64;
    hertz
}

fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

/// Seconds from a start time in ticks since boot until now.
fn seconds_since_boot_tick(start: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "tick counts stay far below 2^52")]
    let started = start as f64 / ticks_per_second();
    since_boot().as_secs_f64() - started
}

fn read_stat(pid: u32) -> Option<Stat> {
    // Numbers and a name of at most 64 bytes: the kernel gives all of it at once.
    let mut bytes = [0; 2048];
    let length = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut bytes).ok()?;
    parse_stat(&String::from_utf8_lossy(&bytes[..length]))
}

/// Reads `/proc/PID/stat`; the name in parentheses may itself hold spaces and parentheses.
fn parse_stat(text: &str) -> Option<Stat> {
    let (name, rest) = text.rsplit_once(')')?;
    let mut fields = [""; 22];
    for (field, word) in fields.iter_mut().zip(rest.split_ascii_whitespace()) {
        *field = word;
    }
    // Counted from the state, which is field 3 in proc(5).
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Some(Stat {
        name: name.split_once('(')?.1.to_owned(),
        state: fields.first()?.chars().next()?,
        group: fields.get(2)?.parse().ok()?,
        // -1 without a terminal.
        foreground: fields.get(5).and_then(|field| field.parse().ok()).filter(|pid| *pid > 0),
        ticks: number(11)? + number(12)?,
        threads: number(17)?,
        start_ticks: number(19)?,
        rss_pages: number(21)?,
    })
}

/// Adds the children of a process that has so many threads.
fn children(pid: u32, threads: u64, to: &mut Vec<u32>) {
    let mut of_task = |task: &dyn std::fmt::Display| {
        let Ok(mut file) = File::open(format!("/proc/{pid}/task/{task}/children")) else { return };
        let (mut list, mut block) = (Vec::new(), [0; 1024]);
        // A long list comes in pieces, which may end within a number.
        while let Ok(length @ 1..) = file.read(&mut block) {
            list.extend_from_slice(&block[..length]);
        }
        let list = String::from_utf8_lossy(&list);
        to.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    };
    if threads == 1 {
        return of_task(&pid);
    }
    // Each thread has a list of its own, and a runtime may fork in any of them.
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        of_task(&task.file_name().to_string_lossy());
    }
}

fn read_argv(pid: u32) -> Option<Vec<String>> {
    let mut bytes = [0; MAX_CMDLINE];
    let length = File::open(format!("/proc/{pid}/cmdline")).ok()?.read(&mut bytes).ok()?;
    let bytes = &bytes[..length];
    let words: Vec<String> = bytes
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        // A program that has written a title over its arguments leaves zeros behind it.
        .take_while(|word| !word.is_empty())
        .collect();
    (!words.is_empty()).then_some(words)
}

/// Processes of a control group of the unified hierarchy.
#[must_use]
pub fn members(group: &str) -> Vec<u32> {
    // In systemd's hybrid mode the unified hierarchy lies beside the old ones.
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .iter()
        .filter_map(|root| fs::read_to_string(format!("{root}{group}/cgroup.procs")).ok())
        .flat_map(|list| list.lines().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .filter(|pid| is_alive(*pid))
        .collect()
}

/// Control group of a process in the unified hierarchy, which stands behind `0::` (see cgroups(7)).
#[must_use]
pub fn control_group(pid: u32) -> Option<String> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    groups.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// Whether a process exists and is no zombie.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    read_stat(pid).is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

/// How long a process of one thread has run, in nanoseconds, and how often it was given a processor: while both stay the
/// same it has done nothing. `None` where the kernel does not count them (`CONFIG_SCHED_INFO`).
#[must_use]
pub fn has_run(pid: u32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u64>);
    let (time, _waited, turns) = (numbers.next()?.ok()?, numbers.next()?, numbers.next()?.ok()?);
    (turns > 0).then_some((time, turns))
}

/// Start time of a process in ticks since boot: with the pid it names one process for good.
#[must_use]
pub fn start_ticks(pid: u32) -> Option<u64> {
    read_stat(pid).map(|stat| stat.start_ticks)
}

/// Time since boot, sleep included: a stepped clock does not move it.
#[must_use]
pub fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// When a process began, as time since boot.
#[must_use]
pub fn began(pid: u32) -> Option<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "tick counts stay far below 2^52")]
    let seconds = start_ticks(pid)? as f64 / ticks_per_second();
    Duration::try_from_secs_f64(seconds).ok()
}

/// How long a process has been running.
#[must_use]
pub fn age(pid: u32) -> Option<Duration> {
    let seconds = seconds_since_boot_tick(start_ticks(pid)?);
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// Whether a process runs this very file: not another of the same name, and not one that was replaced since. `None`
/// where that cannot be told.
#[must_use]
pub fn runs_file(pid: u32, program: &std::path::Path) -> Option<bool> {
    use std::os::unix::fs::MetadataExt;
    let of = |path: &std::path::Path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    Some(of(format!("/proc/{pid}/exe").as_ref())? == of(program)?)
}

/// Argument vector of a live process.
#[must_use]
pub fn argv(pid: u32) -> Option<Vec<String>> {
    read_argv(pid)
}

/// A process and its parents, outwards.
#[must_use]
pub fn ancestors(pid: u32) -> Vec<u32> {
    let mut line = vec![pid];
    while let Some(parent) = line.last().and_then(|pid| parent(*pid)).filter(|parent| *parent > 1)
        && line.len() < MAX_TREE
    {
        line.push(parent);
    }
    line
}

/// The process in front on the terminal of a process: the leader of the group that reads its keys.
#[must_use]
pub fn foreground(pid: u32) -> Option<u32> {
    read_stat(pid).and_then(|stat| stat.foreground)
}

/// The process group of a process.
#[must_use]
pub fn group(pid: u32) -> Option<u32> {
    read_stat(pid).map(|stat| stat.group)
}

/// Whether two processes read the same file as their standard input.
#[must_use]
pub fn shares_input(one: u32, other: u32) -> bool {
    let input = |pid: u32| fs::read_link(format!("/proc/{pid}/fd/0")).ok();
    input(one).is_some_and(|one| input(other) == Some(one))
}

/// Parent of a process.
#[must_use]
pub fn parent(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Every process id on this machine.
#[must_use]
pub fn all_pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Value of a variable in a process's environment, for processes of the same user.
#[must_use]
pub fn environment_value(pid: u32, variable: &str) -> Option<String> {
    let bytes = fs::read(Path::new("/proc").join(pid.to_string()).join("environ")).ok()?;
    let prefix = format!("{variable}=");
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok())
        .find_map(|entry| entry.strip_prefix(&prefix).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let text = "12 (a) b (c)) S 1 12 12 0 -1 4194560 1 0 0 0 7 5 0 0 20 0 1 0 999 1000 42 1844 1 1";
        assert_eq!(
            parse_stat(text),
            Some(Stat {
                name: "a) b (c)".to_owned(),
                state: 'S',
                group: 12,
                foreground: None,
                ticks: 12,
                threads: 1,
                start_ticks: 999,
                rss_pages: 42
            })
        );
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn this_process_is_seen_with_its_child() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let tree = ProcessWatch::default().look(std::process::id());
        assert!(tree.facts.alive && tree.facts.rss_bytes > 0);
        assert!(tree.contains(child.id()) || tree.facts.descendants >= 1);
        child.kill().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while is_alive(child.id()) {
            assert!(Instant::now() < deadline, "a zombie is not alive");
            std::thread::yield_now();
        }
        child.wait().unwrap();
        let gone = ProcessWatch::default().look(child.id());
        assert!(!gone.facts.alive && gone.processes.is_empty());
    }
}

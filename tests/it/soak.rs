//! An hour of everything at once on the stub: sends, waits, restarts, a dashboard, a lost socket, a killed server, kills of
//! anything at random. At its end nothing is left over, nothing is doubled, and nothing has grown.
//!
//! `MOSAIC_SOAK_MINUTES` says how long; `scripts/test --soak` runs an hour.

#![expect(clippy::print_stderr, reason = "an hour without a word would look like a hang")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Answer, Sandbox, wait, wait_for};

const AGENTS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

/// Numbers that look random, the same ones for the same beginning.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn agent(&mut self) -> &'static str {
        AGENTS[self.below(AGENTS.len())]
    }
}

/// What a process is, by its command line.
fn role(pid: u32) -> Option<String> {
    let argv = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<String> =
        argv.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let has = |word: &str| words.iter().any(|one| one == word);
    let program = words.first()?.rsplit('/').next()?.to_owned();
    let named = |what: &str| {
        let name = words.iter().rev().find(|word| AGENTS.contains(&word.as_str())).cloned().unwrap_or_default();
        Some(format!("{what} {name}"))
    };
    match program.as_str() {
        "tmux" if has("-C") => Some("client".to_owned()),
        "tmux" => Some("tmux".to_owned()),
        _ if has("stub-agent") => {
            let environ = fs::read(format!("/proc/{pid}/environ")).ok()?;
            let environ = String::from_utf8_lossy(&environ).into_owned();
            let name = environ.split('\0').find_map(|one| one.strip_prefix("MOSAIC_AGENT_NAME=")).unwrap_or_default();
            Some(format!("stub {name}"))
        }
        _ if has("session") && has("run") => named("keeper"),
        _ => Some(program),
    }
}

/// Bytes in memory and ticks of the processor of a process.
fn cost(pid: u32) -> Option<(u64, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((number(21)? * 4096, number(11)? + number(12)?))
}

fn roles(sandbox: &Sandbox) -> BTreeMap<String, Vec<u32>> {
    let mut all: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for pid in sandbox.pids() {
        if let Some(role) = role(pid) {
            all.entry(role).or_default().push(pid);
        }
    }
    all
}

/// The soak's state: how long it goes, whether anything was wrong.
struct Soak<'a> {
    sandbox: &'a Sandbox,
    over: AtomicBool,
    /// Counts up when a server or a socket goes, or an agent is restarted or killed: what was shown may be gone.
    upheavals: AtomicU64,
    /// Counts the commands that were run: a server works as much as it is asked.
    commands: AtomicU64,
    wrong: std::sync::Mutex<Vec<String>>,
}

impl Soak<'_> {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn run(&self, args: &[&str]) -> Answer {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.sandbox.run(args)
    }

    fn wrong(&self, what: String) {
        eprintln!("soak: {what}");
        self.wrong.lock().unwrap().push(what);
    }

    /// Messages: what was accepted stands there once.
    fn send(&self, seed: u64) {
        let (mut dice, mut number) = (Dice(seed), 0);
        while self.goes_on() {
            let (agent, tag) = (dice.agent(), format!("tag{seed}n{number}end"));
            number += 1;
            let before = self.upheavals.load(Ordering::Relaxed);
            let answer = self.run(&["agent", "send", agent, "--json", "-m", &format!("please {tag}")]);
            if answer.code == 0 {
                let mut shown = self.run(&["agent", "tail", agent, "-n", "400"]).stdout;
                let count =
                    |shown: &str| shown.lines().filter(|line| line.starts_with("> [") && line.contains(&tag)).count();
                if count(&shown) > 1 {
                    // A look amid a frame that scrolls sees a line twice; what was typed twice stays there twice.
                    shown = self.run(&["agent", "tail", agent, "-n", "400"]).stdout;
                }
                let copies = count(&shown);
                if copies > 1 || (copies == 0 && before == self.upheavals.load(Ordering::Relaxed) && !shown.is_empty())
                {
                    self.wrong(format!("{agent}: {copies} copies of {tag}: {answer:?}\n{shown}"));
                }
            } else if answer.stderr.contains("panicked") {
                self.wrong(format!("send to {agent}: {answer:?}"));
            }
        }
    }

    fn watch(&self, seed: u64) {
        let mut dice = Dice(seed);
        while self.goes_on() {
            let until = ["available", "working", "stuck", "dead"][dice.below(4)];
            let limit = format!("0.{}", dice.below(9) + 1);
            let answer = self.run(&["agent", "wait", dice.agent(), "--until", until, "--timeout", &limit]);
            if answer.stderr.contains("panicked") {
                self.wrong(format!("wait: {answer:?}"));
            }
        }
    }

    fn restart(&self, seed: u64) {
        let mut dice = Dice(seed);
        while self.goes_on() {
            self.upheavals.fetch_add(1, Ordering::Relaxed);
            self.run(&["fleet", "restart", dice.agent()]);
            self.upheavals.fetch_add(1, Ordering::Relaxed);
            self.doubled();
            self.pause(Duration::from_secs(3));
        }
    }

    /// What an operator does: starts what is dead.
    fn mend(&self) {
        while self.goes_on() {
            self.run(&["fleet", "start"]);
            self.pause(Duration::from_secs(7));
        }
    }

    /// Two processes of one agent at any moment are the worst that can happen.
    fn doubled(&self) {
        let twice = || {
            let all = roles(self.sandbox);
            all.into_iter().find(|(role, pids)| role.starts_with("stub ") && pids.len() > 1)
        };
        // One that was just ended may not be reaped yet.
        if twice().is_some() {
            std::thread::sleep(Duration::from_secs(3));
            if let Some((role, pids)) = twice() {
                self.wrong(format!("{role} runs as {pids:?}"));
            }
        }
    }

    fn kill(&self, seed: u64, length: Duration) {
        let (mut dice, begun) = (Dice(seed), Instant::now());
        let mut planned = [("socket", 15), ("server", 35), ("socket", 55), ("server", 75)].into_iter().peekable();
        while self.goes_on() {
            let share = begun.elapsed().as_secs_f64() / length.as_secs_f64() * 100.0;
            if planned.peek().is_some_and(|(_, at)| share > f64::from(*at)) {
                let (what, _) = planned.next().unwrap();
                self.upheavals.fetch_add(1, Ordering::Relaxed);
                eprintln!("soak: {what} at {share:.0} %");
                match what {
                    "socket" => drop(fs::remove_file(socket(self.sandbox))),
                    _ => self.sandbox.tmux(&["display-message", "-p", "#{pid}"]).parse().map_or((), kill_9),
                }
            } else {
                // Servers have their own turns.
                let all = roles(self.sandbox);
                let pids: Vec<u32> =
                    all.iter().filter(|(role, _)| *role != "tmux").flat_map(|(_, pids)| pids.clone()).collect();
                if !pids.is_empty() {
                    self.upheavals.fetch_add(1, Ordering::Relaxed);
                    kill_9(pids[dice.below(pids.len())]);
                }
            }
            self.pause(Duration::from_millis(1500));
        }
    }

    /// A dashboard with an operator who looks around; opened anew when it was killed.
    fn look(&self, seed: u64) {
        let mut dice = Dice(seed);
        while self.goes_on() {
            let mut view = self.sandbox.open(&[], 120, 36);
            while self.goes_on() && view.exit_code().is_none() {
                view.send(["j", "k", "?", "\x1b", "\t", "g", "b", "\x1b"][dice.below(8)]);
                self.pause(Duration::from_millis(700));
            }
            if view.screen().contains("panicked") {
                self.wrong(format!("the dashboard: {}", view.screen()));
            }
        }
    }

    fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        while self.goes_on() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Memory and processor of the keepers, which nobody restarts by plan, and of the server, minute by minute.
    fn measure(&self) -> Vec<(Instant, String, u32, u64, u64)> {
        let mut all = Vec::new();
        while self.goes_on() {
            for (role, pids) in roles(self.sandbox) {
                if role.starts_with("keeper") || role == "tmux" || role == "mosaic-tui" {
                    all.extend(pids.into_iter().filter_map(|pid| {
                        cost(pid).map(|(bytes, ticks)| (Instant::now(), role.clone(), pid, bytes, ticks))
                    }));
                }
            }
            all.push((Instant::now(), COMMANDS.to_owned(), 0, 0, self.commands.load(Ordering::Relaxed)));
            self.pause(Duration::from_secs(5));
        }
        all
    }
}

fn kill_9(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

fn socket(sandbox: &Sandbox) -> std::path::PathBuf {
    let uid = rustix::process::getuid().as_raw();
    sandbox.root.join(format!("t/tmux-{uid}/it"))
}

#[test]
#[ignore = "takes an hour; `scripts/test --soak` runs it"]
fn an_hour_of_everything_leaves_nothing_behind() {
    let minutes: u64 = std::env::var("MOSAIC_SOAK_MINUTES").map_or(60, |minutes| minutes.parse().unwrap());
    let length = Duration::from_secs(minutes * 60);
    let agents: String = AGENTS.iter().map(|name| format!("  - {{name: {name}}}\n")).collect();
    let sandbox = Sandbox::with_agents(&agents);
    sandbox.start();
    let soak = Soak {
        sandbox: &sandbox,
        over: AtomicBool::new(false),
        upheavals: AtomicU64::new(0),
        commands: AtomicU64::new(0),
        wrong: Default::default(),
    };
    let measured = std::thread::scope(|scope| {
        let soak = &soak;
        scope.spawn(move || soak.send(0x9e37));
        scope.spawn(move || soak.send(0x51ed));
        scope.spawn(move || soak.watch(0x27d4));
        scope.spawn(move || soak.watch(0x1656));
        scope.spawn(move || soak.restart(0x85eb));
        scope.spawn(move || soak.mend());
        scope.spawn(move || soak.look(0xc2b2));
        scope.spawn(move || soak.kill(0x2545, length));
        let measured = scope.spawn(move || soak.measure());
        std::thread::sleep(length);
        soak.over.store(true, Ordering::Relaxed);
        measured.join().unwrap()
    });
    let mut wrong = soak.wrong.into_inner().unwrap();

    // After the storm one start is all that it takes.
    sandbox.ok(&["fleet", "start"]);
    let whole = wait("a whole fleet", || {
        let rows = sandbox.rows();
        let alive =
            |row: &serde_json::Value| !["dead", "unknown", "stale"].contains(&row["readiness"].as_str().unwrap());
        (rows.len() == AGENTS.len() && rows.iter().all(alive)).then_some(())
    });
    assert!(whole.is_some(), "{:#?}", sandbox.rows());
    let expected = || {
        let all = roles(&sandbox);
        let one_of_each = AGENTS.iter().all(|name| {
            let count = |what: &str| all.get(&format!("{what} {name}")).map_or(0, Vec::len);
            count("stub") == 1 && count("keeper") == 1
        });
        let others = all.iter().filter(|(role, _)| !role.starts_with("stub") && !role.starts_with("keeper"));
        // The server, and what keeps its first session.
        let holds = |role: &str, pids: &[u32]| ["tmux", "sleep"].contains(&role) && pids.len() == 1;
        let others: Vec<_> = others.filter(|(role, pids)| !holds(role, pids)).collect();
        one_of_each && others.is_empty()
    };
    if wait("one of each", || expected().then_some(())).is_none() {
        wrong.push(format!("processes: {:?}", roles(&sandbox)));
    }
    let clients = sandbox.tmux(&["list-clients"]);
    if !clients.is_empty() {
        wrong.push(format!("clients: {clients}"));
    }
    wrong.extend(leftovers(&sandbox));
    wrong.extend(grown(&measured));

    sandbox.ok(&["fleet", "stop"]);
    wait_for("the end of every agent and keeper", || {
        roles(&sandbox).keys().all(|role| !role.starts_with("stub") && !role.starts_with("keeper"))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files in the run folder that no agent of twelve accounts for.
fn leftovers(sandbox: &Sandbox) -> Vec<String> {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut visit = vec![sandbox.run_file("")];
    while let Some(folder) = visit.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                visit.push(path);
                continue;
            }
            // `a.lock` and `b.lock` are of one kind.
            let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
            let kind = if AGENTS.contains(&stem) { name.replacen(stem, "NAME", 1) } else { name.clone() };
            *kinds.entry(kind).or_default() += 1;
        }
    }
    let too_many = |(kind, count): (&String, &usize)| {
        (*count > AGENTS.len() || kind.contains("tmp") || kind.starts_with("."))
            .then(|| format!("files: {count} of {kind}"))
    };
    kinds.iter().filter_map(too_many).collect()
}

/// Bytes of twelve panes' histories, each of 2,000 lines of 200 cells.
const HISTORIES: u64 = 12 * 2000 * 200 * 8;

/// Stands for the number of commands among what is measured.
const COMMANDS: &str = "commands";

/// What has grown from the second quarter to the last: the largest memory of each role, and its processor time.
fn grown(measured: &[(Instant, String, u32, u64, u64)]) -> Vec<String> {
    let (Some(first), Some(last)) = (measured.first(), measured.last()) else {
        return vec!["nothing was measured".to_owned()];
    };
    let whole = last.0.duration_since(first.0).as_secs_f64();
    let share = |at: Instant| at.duration_since(first.0).as_secs_f64() / whole;
    let kind = |role: &str| role.split(' ').next().unwrap_or_default().to_owned();
    let most = |from: f64, to: f64| {
        let mut all: BTreeMap<String, u64> = BTreeMap::new();
        for (_, role, _, bytes, _) in measured.iter().filter(|(at, ..)| (from..=to).contains(&share(*at))) {
            let of_role = all.entry(kind(role)).or_default();
            *of_role = (*of_role).max(*bytes);
        }
        all
    };
    let (early, late) = (most(0.25, 0.5), most(0.75, 1.0));
    eprintln!("soak: memory {early:?} -> {late:?}");
    let memory = early.iter().filter_map(|(role, before)| {
        let after = *late.get(role)?;
        // A server's memory is its panes' histories, which fill for as long as it lives.
        let room = if role == "tmux" { HISTORIES } else { 4 << 20 };
        (after > before * 5 / 4 + room).then(|| format!("memory of {role}: {before} -> {after}"))
    });

    // Ticks of the processor for each second of a process: what one keeper costs, however many there are.
    let busy = |from: f64, to: f64| {
        let mut last: BTreeMap<u32, (Instant, u64)> = BTreeMap::new();
        let mut all: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for (at, role, pid, _, ticks) in measured.iter().filter(|(at, ..)| (from..=to).contains(&share(*at))) {
            if let Some((then, before)) = last.insert(*pid, (*at, *ticks)) {
                let (spent, lived) = all.entry(kind(role)).or_default();
                *spent += f64::from(u32::try_from(ticks.saturating_sub(before)).unwrap_or(u32::MAX));
                *lived += at.duration_since(then).as_secs_f64();
            }
        }
        all.into_iter().map(|(role, (spent, lived))| (role, spent / lived.max(1.0))).collect::<BTreeMap<_, _>>()
    };
    let (early, late) = (busy(0.25, 0.5), busy(0.75, 1.0));
    eprintln!("soak: ticks a second {early:.2?} -> {late:.2?}");
    let rate = |all: &BTreeMap<String, f64>, role: &str| all.get(role).copied().unwrap_or(1.0).max(0.01);
    let processor = early.iter().filter_map(|(role, before)| {
        // Clients come as fast as the machine lets them, so the server's work is held against their number.
        let more = if role == "tmux" { rate(&late, COMMANDS) / rate(&early, COMMANDS) } else { 1.0 };
        let after = *late.get(role)?;
        (role != COMMANDS && after > before * 1.5 * more.max(1.0) + 1.0)
            .then(|| format!("processor of {role}: {before:.2} -> {after:.2} ticks a second"))
    });
    memory.chain(processor).collect()
}

#[test]
fn a_minute_is_told_from_an_hour() {
    // The tool itself: what it would call grown, and what not.
    let begun = Instant::now();
    let at = |share: u64, bytes: u64| (begun + Duration::from_secs(share), "keeper a".to_owned(), 1, bytes, 0);
    assert!(grown(&[at(0, 1 << 20), at(30, 10 << 20), at(90, 11 << 20), at(100, 12 << 20)]).is_empty());
    assert_eq!(grown(&[at(0, 1 << 20), at(30, 10 << 20), at(90, 40 << 20), at(100, 41 << 20)]).len(), 1);
    let busy = |share: u64, ticks: u64| (begun + Duration::from_secs(share), "keeper a".to_owned(), 1, 1 << 20, ticks);
    assert!(grown(&[busy(0, 0), busy(30, 10), busy(45, 15), busy(80, 30), busy(100, 40)]).is_empty());
    assert_eq!(grown(&[busy(0, 0), busy(30, 10), busy(45, 15), busy(80, 30), busy(100, 200)]).len(), 1);
    assert!(Path::new("/proc/self/stat").exists() && cost(std::process::id()).is_some());
}

//! A storm: supervisor, keepers and agents are killed with -9 at random instants while cards go from their work trees through
//! review and gate to a main branch. Every card is merged once, each brief arrives at most once per lease, nobody stays idle
//! while work waits, and nothing is left over.
//!
//! The three kinds of process are killed alike, and all names alike. No end is forgiven here and none is excused: an agent
//! that is killed within ten seconds of its restart is in a crash loop as far as anybody can tell, and rests longer each
//! time; one that lived longer, and worked, has had its first end, whoever brought it about, and is back at once. So the
//! storm needs no operator who starts anybody, and at its end every agent has come back by itself.
//!
//! `MOSAIC_SOAK_KILLS` says how many kills of the long one, where not 1000; there is a card for every fifth of them.

#![expect(clippy::print_stderr, reason = "half an hour without a word would look like a hang")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{Supervisor, briefs, card};
use crate::gate::Yard;
use crate::harness::Dice;
use crate::harness::{Sandbox, wait_within};

const AGENTS: [(&str, &str); 8] = [
    ("code0", "code"),
    ("code1", "code"),
    ("code2", "code"),
    ("code3", "code"),
    ("review0", "review"),
    ("review1", "review"),
    ("gate0", "merge-gate"),
    ("gate1", "merge-gate"),
];

/// Longest time between two looks of the supervisor.
const TICK: Duration = Duration::from_secs(5);

/// Kills after which new cards come, and the storm rests until nobody is idle whom one of them fits.
const LULL: usize = 25;

/// Kills for each card.
const PER_CARD: usize = 5;

/// Longest rest that an agent comes to which is killed again and again by chance.
const MAX_REST: Duration = Duration::from_secs(300);

/// A repository, its fleet and its pipeline.
fn yard() -> Yard {
    let yard = Yard::alone();
    let repo = yard.path("repo");
    let sandbox = &yard.sandbox;
    let mut agents = String::new();
    for (name, class) in AGENTS {
        let log = sandbox.root.join(format!("{name}.told"));
        let tree = if class == "code" { format!(", worktree: {{repo: {}}}", repo.display()) } else { String::new() };
        agents.push_str(&format!(
            "  - {{name: {name}, class: {class}{tree}, env: {{MOSAIC_STUB_SCRIPT: 'pace 1.5; log {}'}}}}\n",
            log.display()
        ));
    }
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\npipeline: software-delivery\n\
         defaults: {{runtime: stub, working_directory: {}, window_size: 200x50}}\nagents:\n{agents}",
        repo.display()
    ));
    yard
}

/// What runs of the fleet: which keeper and which stub, by process.
fn processes(sandbox: &Sandbox) -> BTreeMap<String, Vec<u32>> {
    let mut all: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for pid in sandbox.pids() {
        let argv = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> =
            argv.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let has = |word: &str| words.iter().any(|one| one == word);
        let named = || AGENTS.iter().map(|(name, _)| *name).find(|name| has(name));
        let role = if has("stub-agent") {
            let environ =
                String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()).into_owned();
            let name = environ.split('\0').find_map(|one| one.strip_prefix("MOSAIC_AGENT_NAME="));
            name.map(|name| format!("agent {name}"))
        } else if has("session") && has("run") {
            named().map(|name| format!("keeper {name}"))
        } else {
            None
        };
        if let Some(role) = role {
            all.entry(role).or_default().push(pid);
        }
    }
    all
}

/// Bytes that a decision takes where it is printed, more or less.
const LINE: u64 = 280;

struct Storm<'a> {
    yard: &'a Yard,
    supervisor: Supervisor,
    dice: Dice,
    cards: Vec<String>,
    /// How often each kind of process was killed.
    killed: BTreeMap<&'static str, usize>,
    /// Lulls in which work waited for somebody who was free.
    waited: usize,
}

impl Storm<'_> {
    fn supervise(sandbox: &Sandbox) -> Supervisor {
        Supervisor::start(sandbox, &["--lease", "5", "--interval", "5"])
    }

    /// One more card.
    fn create(&mut self) {
        let id = format!("K{}", self.cards.len());
        card(&self.yard.sandbox, &id, &["--assignee", "code"]);
        self.cards.push(id);
    }

    /// Kills one of them. Who is down cannot be killed, so then it is thrown again; the supervisor is always there.
    fn kill(&mut self) {
        let all = processes(&self.yard.sandbox);
        loop {
            let kind = ["supervisor", "keeper", "agent"][self.dice.at(3)];
            if kind == "supervisor" {
                self.supervisor.signal(Signal::KILL);
                self.supervisor = Self::supervise(&self.yard.sandbox);
                break;
            }
            let name = AGENTS[self.dice.at(AGENTS.len())].0;
            let Some(pid) = all.get(&format!("{kind} {name}")).and_then(|pids| pids.first().copied()) else { continue };
            // It may have ended by itself.
            let _gone = rustix::process::kill_process(
                rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(),
                Signal::KILL,
            );
            *self.killed.entry(kind).or_default() += 1;
            return;
        }
        *self.killed.entry("supervisor").or_default() += 1;
    }

    /// Lets it go on for a moment, or until some more was decided: kills spread over all that is done.
    fn go_on(&mut self, milliseconds: u64) {
        let more = self.dice.below(6);
        let limit = Duration::from_millis(self.dice.below(milliseconds));
        let before = self.said();
        wait_within(limit, || (self.said() > before + more * LINE).then_some(()));
    }

    /// How much the supervisors have said.
    fn said(&self) -> u64 {
        fs::metadata(&self.supervisor.said).map_or(0, |said| said.len())
    }

    /// Waits until nobody is idle whom work waits for; who stays so for two ticks is named.
    fn lull(&mut self) {
        let mut idle = self.idle();
        self.waited += usize::from(!idle.is_empty());
        let busy = wait_within(2 * TICK, || {
            let now = self.idle();
            idle.retain(|name| now.contains(name));
            idle.is_empty().then_some(())
        });
        assert!(busy.is_some(), "idle for two ticks: {idle:?}\n{}", self.state());
    }

    /// Who is free while a card waits that fits.
    fn idle(&self) -> BTreeSet<String> {
        let sandbox = &self.yard.sandbox;
        let cards = sandbox.ok(&["backlog", "list", "--json"]).json();
        let cards = cards.as_array().unwrap();
        let resting = self.resting();
        let rests = |key: &str, name: &str| resting.contains(&format!("{key} {name}"));
        let waits = |class: &str| {
            cards.iter().any(|card| {
                card["column"] == "ready" && card["assignee"] == class && !rests("cards", card["id"].as_str().unwrap())
            })
        };
        let holds = |name: &str| cards.iter().any(|card| card["claim_owner"] == name);
        let rows = sandbox.rows();
        let free = rows.iter().filter(|row| row["readiness"] == "available");
        let names = free.filter_map(|row| row["name"].as_str());
        let class = |name: &str| AGENTS.iter().find(|(agent, _)| *agent == name).map_or("", |(_, class)| class);
        names.filter(|name| !holds(name) && !rests("agents", name) && waits(class(name))).map(str::to_owned).collect()
    }

    /// What the supervisor wrote down.
    fn memory(&self) -> Value {
        let folder = self.yard.sandbox.run_file("_supervisor");
        let mut files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
        let state = files.find(|path| path.extension().is_some_and(|ending| ending == "json"));
        let text = state.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        serde_json::from_str::<Value>(&text).unwrap_or_default()["memory"].clone()
    }

    /// Agents and cards whose rest after a failure still lasts.
    fn resting(&self) -> BTreeSet<String> {
        let memory = self.memory();
        let uptime = fs::read_to_string("/proc/uptime").unwrap();
        let now: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let of = |key: &'static str| -> Vec<String> {
            let all = memory[key].as_object().into_iter().flatten();
            let lasts = all.filter(|(_, rest)| rest["until"]["secs"].as_f64().unwrap() + 1.0 > now);
            lasts.map(|(name, _)| format!("{key} {name}")).collect()
        };
        [of("agents"), of("cards"), of("repairs")].concat().into_iter().collect()
    }

    /// Who failed, how often in a row, and why.
    fn failures(&self) -> String {
        let memory = self.memory();
        let of = |key: &str| -> Vec<String> {
            let all = memory[key].as_object().into_iter().flatten();
            all.map(|(name, rest)| format!("{key} {name} {} {}", rest["failures"], rest["why"])).collect()
        };
        [of("agents"), of("cards"), of("repairs")].concat().join("\n")
    }

    fn done(&self) -> bool {
        let stats = self.yard.sandbox.ok(&["backlog", "stats", "--json"]).json();
        ["ready", "waiting", "claimed", "blocked"].iter().all(|column| stats["columns"][column] == 0)
    }

    fn state(&self) -> String {
        let sandbox = &self.yard.sandbox;
        let decisions = self.supervisor.decisions();
        let last = decisions.iter().rev().take(40).rev();
        let lines: Vec<String> =
            last.map(|one| format!("{} {} ({}) {}", one["ts"], one["what"], one["why"], one["outcome"])).collect();
        format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            self.failures(),
            sandbox.run(&["backlog", "list"]).stdout,
            sandbox.run(&["fleet", "ps"]).stdout,
            sandbox.run(&["fleet", "escalations"]).stdout,
            self.yard.git("repo", &["worktree", "list"]),
            lines.join("\n")
        )
    }
}

/// So many kills, with a card for every fifth of them, at most so many milliseconds apart.
fn storm(kills: usize, apart: u64) {
    let yard = yard();
    yard.sandbox.start();
    let supervisor = Storm::supervise(&yard.sandbox);
    let (dice, killed) = (Dice(0x9e37_79b9_7f4a_7c15), BTreeMap::new());
    let mut storm = Storm { yard: &yard, supervisor, dice, cards: Vec::new(), killed, waited: 0 };
    let begun = Instant::now();
    for kill in 0..kills {
        if kill % LULL == 0 {
            let more = LULL.min(kills - kill) / PER_CARD;
            (0..more).for_each(|_| storm.create());
            storm.lull();
            let (merged, cards) = (yard.git("repo", &["rev-list", "--count", "main"]), storm.cards.len());
            eprintln!(
                "storm: {kill} kills, {merged} commits, {cards} cards, {:?}\n{}",
                begun.elapsed(),
                storm.failures()
            );
        }
        storm.go_on(apart);
        storm.kill();
    }
    // Who died again and again rests for a while by then.
    let limit = MAX_REST + Duration::from_secs(kills as u64 / 2);
    let done = wait_within(limit, || storm.done().then_some(()));
    assert!(done.is_some(), "not all is done: {}", storm.state());
    // In a single lull the supervisor may have been quicker than the look.
    let shows = kills <= LULL || storm.waited > 0;
    assert!(shows, "no agent was ever free while work waited: nothing is shown of that");
    eprintln!("storm: killed {:?}; work waited for who was free in {} lulls", storm.killed, storm.waited);
    eprintln!("storm: all of {} done after {:?}", storm.cards.len(), begun.elapsed());
    check(&mut storm);
}

/// What must hold at the end.
fn check(storm: &mut Storm<'_>) {
    let (yard, sandbox) = (storm.yard, &storm.yard.sandbox);
    // Each card is one commit, and was completed once.
    let log = yard.git("repo", &["log", "--format=%B", "main"]);
    let exported = sandbox.ok(&["backlog", "export"]).stdout;
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for id in &storm.cards {
        let merged = log.lines().filter(|line| *line == format!("Card: {id}")).count();
        let completed = |line: &&Value| {
            let event = line.get("event").unwrap_or(line);
            event["kind"] == "completed" && event["card_id"] == id.as_str()
        };
        assert_eq!(
            (merged, lines.iter().filter(completed).count()),
            (1, 1),
            "{id}: merged, completed\n{}",
            storm.state()
        );
    }
    assert_eq!(yard.git("repo", &["rev-list", "--count", "main"]), (storm.cards.len() + 1).to_string());
    let names: Vec<&str> = AGENTS.iter().map(|(name, _)| *name).collect();
    let briefs = briefs(sandbox, &names);
    assert!(briefs.len() >= 3 * storm.cards.len(), "each card at each stage: {}", briefs.len());
    let twice: Vec<_> = briefs.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "a brief came twice under one lease: {twice:?}");
    let stats = sandbox.ok(&["backlog", "stats", "--json"]).json();
    assert_eq!((&stats["columns"]["claimed"], &stats["expired_claims"]), (&0.into(), &0.into()), "{stats}");
    // Every agent is there once, with one keeper, and nothing stands in its composer.
    let whole = || {
        let all = processes(sandbox);
        let count = |kind: &str, name: &str| all.get(&format!("{kind} {name}")).map_or(0, Vec::len);
        AGENTS.iter().all(|(name, _)| (count("agent", name), count("keeper", name)) == (1, 1))
    };
    assert!(wait_within(MAX_REST, || whole().then_some(())).is_some(), "{}", storm.state());
    let clear = || sandbox.rows().iter().all(|row| row["pane"]["drafted"] != true);
    assert!(wait_within(2 * TICK, || clear().then_some(())).is_some(), "{:#?}", sandbox.rows());
    // The work trees go with the tick behind.
    let swept = wait_within(Duration::from_secs(40), || leftovers(yard).is_empty().then_some(()));
    assert!(swept.is_some(), "{:#?}\n{}", leftovers(yard), storm.state());
    assert_eq!(storm.supervisor.signal(Signal::TERM).code(), Some(0));
    assert_eq!(yard.git("repo", &["status", "--porcelain"]), "");
    yard.git("repo", &["fsck", "--no-dangling"]);
    let others = || -> Vec<String> {
        let lines = sandbox.pids().into_iter().map(|pid| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default());
        let lines = lines.map(|argv| String::from_utf8_lossy(&argv).replace('\0', " "));
        lines.filter(|line| line.contains(" gate ") || line.contains(" supervise")).collect()
    };
    assert!(wait_within(TICK, || others().is_empty().then_some(())).is_some(), "{:?}", others());
    // No lock or lease is anybody's: each pane takes a message, and each agent can be stopped.
    for (name, _) in AGENTS {
        sandbox.ok(&["agent", "send", name, "--message", "are you there?"]);
    }
    sandbox.ok(&["fleet", "stop"]);
    assert_eq!(processes(sandbox), BTreeMap::new());
}

/// What nobody needs any more: locks, work trees, branches, half written files.
fn leftovers(yard: &Yard) -> Vec<String> {
    let mut left: Vec<String> = Vec::new();
    left.extend(yard.git("repo", &["worktree", "list"]).lines().skip(1).map(str::to_owned));
    let branches = yard.git("repo", &["for-each-ref", "--format=%(refname)", "refs/heads"]);
    left.extend(branches.lines().filter(|branch| *branch != "refs/heads/main").map(str::to_owned));
    let trees = yard.sandbox.home().join("worktrees");
    let owners = fs::read_dir(&trees).into_iter().flatten().flatten();
    let cards = owners.flat_map(|owner| fs::read_dir(owner.path()).into_iter().flatten().flatten());
    left.extend(cards.map(|card| card.path().display().to_string()));
    let named = |path: &Path, is: &dyn Fn(&str) -> bool| -> Vec<String> {
        files(path)
            .into_iter()
            .filter(|file| is(file.file_name().unwrap().to_str().unwrap()))
            .map(|file| file.display().to_string())
            .collect()
    };
    // The gate's own lock of its desk is a file that stays; git's are there only while it is at work.
    left.extend(named(&yard.path("repo/.git"), &|name| name.ends_with(".lock") && name != "desk.lock"));
    left.extend(named(&yard.sandbox.run_file(""), &|name| name.starts_with('.') || name.contains("tmp")));
    left
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => folders.push(entry.path()),
                false => all.push(entry.path()),
            }
        }
    }
    all
}

#[test]
fn a_short_storm_loses_no_card_and_leaves_nothing() {
    storm(15, 700);
}

#[test]
#[ignore = "takes half an hour; `scripts/test --soak` runs it"]
fn a_soak_of_a_thousand_kills_loses_no_card_and_leaves_nothing() {
    storm(std::env::var("MOSAIC_SOAK_KILLS").map_or(1000, |kills| kills.parse().unwrap()), 2400);
}

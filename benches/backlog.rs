//! Claims per second, waits, and what a claim, a page and the board cost in a large backlog.
//!
//! `cargo bench` runs short rounds; `MOSAIC_BENCH=full cargo bench` runs 30 s a round and compares a thousand cards with a
//! million. Every figure stands beside the bare minimum of the same engine on the same
//! machine in the same run: a transaction that changes one row of a table of its own, and is on the disk when it ends.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on must stop, and it prints")]

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mosaic_tui::backlog::model::{BoardQuery, Column};
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::place::{Intent, Location};
use mosaic_tui::backlog::store::{ClaimRequest, ListQuery, Who};
use mosaic_tui::backlog::transfer;

// What the tests use to run a server.
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/harness/postgres.rs"]
mod postgres;

fn kill(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How large everything is.
struct Scale {
    round: Duration,
    cards: u64,
}

/// Where a round works.
enum Stand {
    File(tempfile::TempDir),
    Server(Box<postgres::Database>),
}

impl Stand {
    fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "SQLite",
            Self::Server(_) => "PostgreSQL",
        }
    }

    fn env(&self) -> (&'static str, String) {
        match self {
            Self::File(folder) => ("MOSAIC_BACKLOG_DIR", folder.path().display().to_string()),
            Self::Server(database) => ("DATABASE_URL", database.url()),
        }
    }

    fn anew(&self) -> Self {
        match self {
            Self::File(_) => Self::File(tempfile::tempdir().unwrap()),
            Self::Server(_) => Self::on_server(),
        }
    }

    /// A server that loses nothing that it told, as those of users do and those of tests do not.
    fn on_server() -> Self {
        let mut database = postgres::Database::on_own_server();
        database.server().anew_with(&["fsync=on", "synchronous_commit=on", "full_page_writes=on"]);
        Self::Server(Box::new(database))
    }

    fn open(&self) -> Backlog {
        let (name, value) = self.env();
        open(name, &value)
    }
}

fn open(name: &str, value: &str) -> Backlog {
    let place = if name == "DATABASE_URL" {
        Location::of(Some(value), None, Path::new("/"))
    } else {
        Location::of(None, Some(Path::new(value)), Path::new("/"))
    };
    let who = Who { actor: "bench".into(), tenant_id: "bench".into(), host: "bench".into() };
    place.unwrap().open(Intent::Write, who, &mut |_, _| {}).unwrap()
}

/// An export, made while it is read.
struct Export<F: FnMut(u64) -> Option<String>> {
    next: F,
    at: u64,
    ready: Vec<u8>,
}

impl<F: FnMut(u64) -> Option<String>> Read for Export<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.ready.is_empty()
            && let Some(line) = (self.next)(self.at)
        {
            self.at += 1;
            self.ready = line.into_bytes();
            self.ready.push(b'\n');
        }
        let length = self.ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.ready[..length]);
        self.ready.drain(..length);
        Ok(length)
    }
}

fn seed(backlog: &mut Backlog, cards: u64, card: impl Fn(u64) -> (String, &'static str, Vec<String>)) {
    let line = move |at: u64| match at {
        0 => Some(r#"{"backlog":{"format":1}}"#.to_owned()),
        at if at <= cards => {
            let (id, status, depends_on) = card(at - 1);
            let time = format!("2026-01-{:02}T{:02}:{:02}:00.000Z", at % 28 + 1, at / 60 % 24, at % 60);
            let card = serde_json::json!({
                "id": id, "tenant_id": "bench", "host": "bench", "title": "a card of the usual length of a title",
                "body": "What is to be done, in a few lines.\n\n- first\n- second", "priority": at % 5,
                "status": status, "depends_on": depends_on, "claim_owner": null, "claim_ttl_seconds": null,
                "claimed_at": null, "claim_since": null, "claim_expires_at": null, "claim_token": null,
                "idempotency_key": null, "acceptance": null, "spend_projected": null, "spend_actual": null,
                "created_at": time, "updated_at": time,
            });
            Some(serde_json::json!({ "card": card }).to_string())
        }
        at if at == cards + 1 => Some(format!("{{\"end\":{{\"cards\":{cards},\"events\":0}}}}")),
        _ => None,
    };
    let mut input = BufReader::new(Export { next: line, at: 0, ready: Vec::new() });
    transfer::import(backlog, &mut input, &mut |_, _| {}).unwrap();
}

/// What one worker measured, in microseconds.
fn work(kind: &str, variable: &str, value: &str, round: Duration) -> Vec<u64> {
    let mut waits = Vec::new();
    let mut once: Box<dyn FnMut() -> bool> = match (kind, variable) {
        ("claim", _) => {
            let mut backlog = open(variable, value);
            let request = ClaimRequest {
                owner: format!("w{}", std::process::id()),
                ttl_seconds: Some(3600),
                id: None,
                phase: None,
                assignee: None,
            };
            Box::new(move || backlog.claim(&request).unwrap().is_some())
        }
        (_, "DATABASE_URL") => bare_server(value),
        _ => bare_file(value),
    };
    let begun = Instant::now();
    while begun.elapsed() < round {
        let at = Instant::now();
        if !once() {
            break;
        }
        waits.push(u64::try_from(at.elapsed().as_micros()).unwrap());
    }
    waits
}

/// One row of a table without an index, with the same durability and the same waiting.
fn bare_file(folder: &str) -> Box<dyn FnMut() -> bool> {
    let mut connection = rusqlite::Connection::open(Path::new(folder).join("bare.db")).unwrap();
    connection
        .busy_handler(Some(|_| {
            std::thread::sleep(Duration::from_micros(300 + u64::from(std::process::id()) % 200));
            true
        }))
        .unwrap();
    // SQLite asks no busy handler here, and the workers begin at one moment.
    wait_for("the log is on", || connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).is_ok());
    connection
        .execute_batch("PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, n)")
        .unwrap();
    let id = i64::from(std::process::id());
    connection.execute("INSERT OR REPLACE INTO bare VALUES (?1, 0)", [id]).unwrap();
    Box::new(move || {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        connection.prepare_cached("UPDATE bare SET n = n + 1 WHERE id = ?1").unwrap().execute([id]).unwrap();
        connection.execute_batch("COMMIT").unwrap();
        true
    })
}

fn bare_server(url: &str) -> Box<dyn FnMut() -> bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let id = i64::from(std::process::id());
    let (client, statement) = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(async { drop(connection.await) });
        // Two that make it at once: one of them is told so, and may go on.
        drop(client.batch_execute("CREATE TABLE IF NOT EXISTS bare (id bigint PRIMARY KEY, n bigint)").await);
        client.execute("INSERT INTO bare VALUES ($1, 0)", &[&id]).await.unwrap();
        let statement = client.prepare("UPDATE bare SET n = n + 1 WHERE id = $1").await.unwrap();
        (client, statement)
    });
    Box::new(move || runtime.block_on(client.execute(&statement, &[&id])).unwrap() == 1)
}

/// What the processes of one kind did.
#[derive(Default)]
struct Round {
    /// How long each step took, in microseconds.
    waits: Vec<u64>,
    /// How long they were at it.
    length: Duration,
}

impl Round {
    fn per_second(&self) -> f64 {
        self.waits.len() as f64 / self.length.as_secs_f64()
    }

    /// Milliseconds below which such a share of the steps took.
    fn at(&mut self, share: f64) -> f64 {
        self.waits.sort_unstable();
        let at = ((self.waits.len() as f64 * share) as usize).min(self.waits.len() - 1);
        self.waits[at] as f64 / 1000.0
    }

    /// Lets so many processes do it at once, for so long.
    fn run(&mut self, stand: &Stand, kind: &str, workers: usize, length: Duration) {
        let (name, value) = stand.env();
        let start = |_| -> Child {
            Command::new(std::env::current_exe().unwrap())
                .env("MOSAIC_BENCH_WORKER", format!("{kind} {name} {}", length.as_millis()))
                .env("MOSAIC_BENCH_VALUE", &value)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let children: Vec<Child> = (0..workers).map(start).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            let text = String::from_utf8(output.stdout).unwrap();
            self.waits.extend(text.lines().map(|line| line.parse::<u64>().unwrap()));
        }
        self.length += length;
    }
}

/// Processes that claim at once.
const WORKERS: [usize; 3] = [1, 8, 32];

/// Turns of a round.
const TURNS: u32 = 5;

/// Claims beside the bare minimum, by one process and by many, in turns: whatever else the machine does at a moment, it
/// does to all of them.
fn throughput(stand: &Stand, scale: &Scale) {
    let stands = WORKERS.map(|_| stand.anew());
    for stand in &stands {
        let enough = scale.round.as_secs() * 9_000;
        seed(&mut stand.open(), enough, |at| (format!("c{at}"), "ready", Vec::new()));
    }
    // The disk first finishes what was imported; a claim waits for its own write only.
    rustix::fs::sync();
    let mut rounds: [[Round; 2]; 3] = Default::default();
    for _ in 0..TURNS {
        for ((stand, workers), [bare, claims]) in stands.iter().zip(WORKERS).zip(&mut rounds) {
            bare.run(stand, "bare", workers, scale.round / TURNS);
            claims.run(stand, "claim", workers, scale.round / TURNS);
        }
    }
    println!("\n{}: claims in separate processes, {} s each", stand.name(), scale.round.as_secs());
    println!("processes  claims/s  of alone  bare/s  of bare  median of both  median  999 of 1,000  longest (ms)");
    let alone = rounds[0][1].per_second();
    for (workers, [bare, claims]) in WORKERS.into_iter().zip(&mut rounds) {
        println!(
            "{workers:>9}  {:>8.0}  {:>7.0}%  {:>6.0}  {:>6.0}%  {:>13.0}%  {:>6.2}  {:>12.2}  {:>7.2}",
            claims.per_second(),
            claims.per_second() / alone * 100.0,
            bare.per_second(),
            claims.per_second() / bare.per_second() * 100.0,
            bare.at(0.5) / claims.at(0.5) * 100.0,
            claims.at(0.5),
            claims.at(0.999),
            claims.at(1.0),
        );
    }
    for stand in &stands {
        let mut problems = stand.open().store().check().unwrap();
        // The seeded cards came without one.
        problems.retain(|problem| !problem.contains("no history"));
        assert!(problems.is_empty(), "{problems:?}");
    }
}

/// Steps that are timed, and how many times as long they may take in the large backlog.
const STEPS: [(&str, Option<f64>); 4] =
    [("claim", Some(1.2)), ("first 100 claimable", None), ("board", Some(3.0)), ("figures", None)];

/// Cards of the small backlog.
const FEW: u64 = 1_000;

/// Turns in which both are timed, and those of them that only warm up; no more claims than the small one has cards for.
const SIZE_TURNS: u64 = 40;
const WARM: u64 = 8;
const CLAIMS: usize = 5;

fn time_steps(backlog: &mut Backlog, times: &mut [Vec<f64>; 4]) {
    let request =
        ClaimRequest { owner: "bench".into(), ttl_seconds: Some(36_000), id: None, phase: None, assignee: None };
    let ready = ListQuery { column: Some(Column::Ready), limit: 100, ..ListQuery::default() };
    let board = BoardQuery { limit: 120, ..BoardQuery::default() };
    let mut time = |step: usize, work: &mut dyn FnMut()| {
        let at = Instant::now();
        work();
        times[step].push(at.elapsed().as_nanos() as f64 / 1000.0);
    };
    for _ in 0..CLAIMS {
        time(0, &mut || assert!(backlog.claim(&request).unwrap().is_some()));
    }
    for _ in 0..3 {
        time(1, &mut || assert_eq!(backlog.store().list(&ready).unwrap().len(), 100));
        time(2, &mut || drop(backlog.store().board(&board).unwrap()));
        time(3, &mut || assert!(backlog.store().figures().unwrap().counts.total() > 0));
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// A third of the cards is claimable, a third waits for three of those each, a third is done.
fn fill(backlog: &mut Backlog, cards: u64) {
    let third = cards / 3;
    seed(backlog, cards, move |at| {
        let on = |step: u64| format!("c{}", (at * 7 + step * 13) % third);
        match at / third {
            0 => (format!("c{at}"), "ready", Vec::new()),
            1 => (format!("c{at}"), "ready", (1..=3).map(on).collect()),
            _ => (format!("c{at}"), "done", Vec::new()),
        }
    });
}

/// A small and a large store, timed in turns: whatever else the machine does at a moment, it does to both.
fn size(stand: &Stand, scale: &Scale) {
    let begun = Instant::now();
    let stands = [stand.anew(), stand.anew()];
    let mut backlogs = stands.each_ref().map(Stand::open);
    for (backlog, cards) in backlogs.iter_mut().zip([FEW, scale.cards]) {
        fill(backlog, cards);
    }
    // The disk first finishes what was imported; a claim waits for its own write only.
    rustix::fs::sync();
    let made = begun.elapsed().as_secs_f64();
    println!("\n{}: {FEW} cards and {}, as many edges (made in {made:.0} s)", stand.name(), scale.cards);
    let mut times: [[Vec<f64>; 4]; 2] = Default::default();
    for turn in 0..SIZE_TURNS {
        for (backlog, times) in backlogs.iter_mut().zip(&mut times) {
            let mut warm: [Vec<f64>; 4] = Default::default();
            time_steps(backlog, if turn < WARM { &mut warm } else { times });
        }
    }
    println!("medians in microseconds      {FEW:>8}  {:>9}  times", scale.cards);
    for (step, (name, most)) in STEPS.iter().enumerate() {
        let [few, many] = times.each_mut().map(|times| median(std::mem::take(&mut times[step])));
        let limit = most.map_or_else(String::new, |most| {
            format!("  <= {most}  {}", if many / few <= most { "met" } else { "MISSED" })
        });
        println!("{name:<27} {few:>9.0}  {many:>9.0}  {:>5.2}{limit}", many / few);
    }
}

fn main() {
    if let (Ok(what), Ok(value)) = (std::env::var("MOSAIC_BENCH_WORKER"), std::env::var("MOSAIC_BENCH_VALUE")) {
        let words: Vec<&str> = what.split(' ').collect();
        let waits = work(words[0], words[1], &value, Duration::from_millis(words[2].parse().unwrap()));
        let text: String = waits.iter().map(|wait| format!("{wait}\n")).collect();
        std::io::stdout().write_all(text.as_bytes()).unwrap();
        return;
    }
    let full = std::env::var("MOSAIC_BENCH").is_ok_and(|word| word == "full");
    let scale = if full {
        Scale { round: Duration::from_secs(30), cards: 1_000_000 }
    } else {
        Scale { round: Duration::from_secs(5), cards: 20_000 }
    };
    // `cargo bench -- sqlite size` runs a part.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |part: &str| {
        !words.iter().any(|word| ["claims", "size"].contains(&word.as_str())) || words.iter().any(|word| word == part)
    };
    let only = words.iter().find(|word| !["claims", "size"].contains(&word.as_str())).cloned().unwrap_or_default();
    for stand in [Stand::File(tempfile::tempdir().unwrap()), Stand::on_server()] {
        if stand.name().to_lowercase().contains(&only) {
            if wanted("claims") {
                throughput(&stand, &scale);
            }
            if wanted("size") {
                size(&stand, &scale);
            }
        }
    }
}

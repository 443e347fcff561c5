//! A hundred thousand commands, one after the other: each costs what the first cost, and the log beside the file stays
//! short, with a dashboard open, and with commands that are killed at any moment.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::harness::{Sandbox, program, wait_for};

/// Longest log that may be seen: what a few killed writers leave, and one more change.
const LOG: u64 = 3 << 20;

/// Bytes that this process and all that it waited for have read and written so far.
fn bytes() -> (u64, u64) {
    let io = fs::read_to_string("/proc/self/io").unwrap();
    let of = |name: &str| io.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap();
    (of("rchar:"), of("wchar:"))
}

/// Creates cards `from..to`, each by a command of its own; `kills` of a hundred are killed after a moment.
fn create(sandbox: &Sandbox, (from, to): (u64, u64), kills: u64) {
    for number in from..to {
        let mut command = sandbox.command(program());
        let id = format!("c{number}");
        command
            .args(["backlog", "create", "--id", &id, "--title", "one of many"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let killed = number % 100 < kills;
        if killed {
            std::thread::sleep(Duration::from_micros(number * 7919 % 20_000));
            // It may have ended by itself.
            let _ = child.kill();
        }
        let ended = child.wait().unwrap();
        assert!(killed || ended.success(), "{id}: {ended}");
    }
}

/// `batch`: commands between two looks at what they cost.
fn run(commands: u64, batch: u64) {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let log = sandbox.home().join("fleet/backlog/backlog.db-wal");
    let length = || fs::metadata(&log).map_or(0, |meta| meta.len());
    let mut costs: Vec<(u64, u64)> = Vec::new();
    let mut batches = |from: u64, to: u64, kills: u64| {
        let mut costs_here = Vec::new();
        for at in (from..to).step_by(usize::try_from(batch).unwrap()) {
            let before = bytes();
            create(&sandbox, (at, at + batch), kills);
            let after = bytes();
            costs_here.push(((after.0 - before.0) / batch, (after.1 - before.1) / batch));
            assert!(length() <= LOG, "the log is {} bytes long after {at} commands", length());
        }
        costs.extend(&costs_here);
        costs_here
    };
    let third = (commands / 3).next_multiple_of(batch);
    let alone = batches(0, third, 0);
    let mut view = sandbox.open(&[], 120, 36);
    view.wait_text("STATE");
    view.send("3");
    view.wait_text("one of many");
    let beside = batches(third, 2 * third, 0);
    view.send("q");
    view.wait_exit();
    let killed = batches(2 * third, 3 * third, 2);
    // The first batch makes the file.
    let first = alone[1.min(alone.len() - 1)];
    for (what, costs) in [("alone", &alone), ("beside a dashboard", &beside), ("with kills", &killed)] {
        let (read, written) = *costs.last().unwrap();
        // A deeper tree costs a page or two more.
        assert!(read <= first.0 * 3 / 2 + 65_536, "{what}: {read} bytes read by a command, {} at first", first.0);
        assert!(
            written <= first.1 * 3 / 2 + 65_536,
            "{what}: {written} bytes written by a command, {} at first",
            first.1
        );
    }
    wait_for("every card that was told of", || sandbox.run(&["backlog", "list", "--limit", "1"]).code == 0);
}

#[test]
fn commands_one_after_the_other_cost_the_same() {
    run(300, 50);
}

#[test]
#[ignore = "takes half an hour; `scripts/test --soak` runs it"]
fn soak_of_a_hundred_thousand_commands() {
    run(std::env::var("MOSAIC_SOAK_COMMANDS").map_or(100_000, |commands| commands.parse().unwrap()), 1000);
}

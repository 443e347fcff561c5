//! Commands: what one look at a fleet costs, beside tmux alone and beside what many do.

use std::process::Command;
use std::time::Instant;

use crate::fleet::{Fleet, paired};
use crate::harness::{Sandbox, program, wait_for};
use crate::meter;
use crate::report::{Limit, Report};

/// The program without a fleet.
pub(crate) fn alone(report: &mut Report) {
    report.part("start, without a fleet");
    let sandbox = Sandbox::new();
    for (what, words) in [("--version", &["--version"][..]), ("--once", &["--once", "--format", "json"])] {
        let command = |name: &str, words: &[&str]| {
            let mut command = sandbox.command(name);
            command.args(words).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            command
        };
        let mut waits: [Vec<f64>; 2] = Default::default();
        for round in 0..31 {
            for (at, mut command) in [command(program(), words), command("true", &[])].into_iter().enumerate() {
                // Without a roster `--once` says so, with a status of its own.
                let wall = meter::milliseconds(|| {
                    command.status().unwrap();
                });
                if round > 0 {
                    waits[at].push(wall);
                }
            }
        }
        let [ours, bare] = waits.map(meter::median);
        report.row(&format!("{what}: wall, against `true` in the same run"), ours / bare, "times", Limit::Most(2.0));
        report.row(&format!("{what}: wall"), ours, "ms", Limit::None);
    }
}

/// One look at a fleet.
pub(crate) fn at(report: &mut Report, fleet: &Fleet, rounds: u32) {
    report.part(&format!("one look, {} agents", fleet.agents));
    match fleet.forks(&["--once", "--format", "json"]) {
        Some(forks) => report.row("programs started by --once", forks as f64, "", Limit::Most(3.0)),
        None => report.say("programs started: strace is not installed here, skipped"),
    }
    let shell = |script: &str| fleet.other("sh", &["-c", script]);
    let [list, captures] = fleet.queries();
    let look = || fleet.command(&["--once", "--format", "json"]);
    // A fleet that has just started prints.
    let is_kept =
        || std::fs::read_to_string(fleet.screens().join("it")).is_ok_and(|text| text.lines().count() > fleet.agents);
    wait_for("every screen stands", || look().status().is_ok_and(|status| status.success()) && is_kept());
    let [ours, list] = paired(rounds, [look(), shell(&list)]);
    report.row("--once --format json: wall", ours.0, "ms", Limit::None);
    report.row("--once --format json: processor", ours.1, "ms", Limit::None);
    report.row("tmux list-panes by a shell: wall", list.0, "ms", Limit::None);
    let [ps, captures] = paired(rounds, [fleet.command(&["fleet", "ps"]), shell(&captures)]);
    report.row("fleet ps: wall", ps.0, "ms", Limit::None);
    report.row("tmux capture-pane of every screen by a shell: wall", captures.0, "ms", Limit::None);
    let is_hundred = fleet.agents == 100;
    let limit = if is_hundred { Limit::Most(1.5) } else { Limit::None };
    let first = (0..rounds).map(|_| {
        let _none = std::fs::remove_dir_all(fleet.screens());
        let begun = Instant::now();
        assert!(look().status().unwrap().success());
        begun.elapsed().as_secs_f64() * 1000.0
    });
    let first = meter::median(first.collect());
    report.row("--once where no screen is kept: wall", first, "ms", Limit::None);
    report.row("that against both tmux queries by a shell: wall", first / (list.0 + captures.0), "times", limit);
    report.row("--once, at rest, against the list alone: wall", ours.0 / list.0, "times", limit);
    if is_hundred {
        let mut naive: Command = shell(&fleet.naive());
        let before = meter::children();
        naive.status().unwrap();
        let cost = (meter::children() - before).as_secs_f64() * 1000.0;
        report.row("three programs for each agent, by a shell: processor", cost, "ms", Limit::None);
        report.row("that against --once: processor", cost / ours.1, "times", Limit::Least(50.0));
    }
}

//! The whole program on real fleets of stubs: one table of what it costs, beside what it may cost and beside others.
//!
//! `scripts/bench` builds and runs it; it needs no root. `--quick` holds what is counted and never what is timed, so that it
//! says the same on a busy machine: programs started, bytes, wake-ups. Words choose parts of the table.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on must stop, and it prints")]

mod cards;
mod churn;
mod fleet;
mod frames;
#[expect(dead_code, unused_imports, reason = "the tests use all of it")]
#[path = "../../tests/it/harness/mod.rs"]
mod harness;
mod link;
mod live;
mod looks;
mod meter;
mod quick;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use fleet::Fleet;
use report::Report;

/// How long a program is left alone while it is measured.
const WHILE: Duration = Duration::from_secs(12);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let mut report = Report::new();
    if words.iter().any(|word| word == "--quick") {
        quick::run(&mut report);
        return if report.end() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    if wanted("start") {
        looks::alone(&mut report);
    }
    for agents in [1, 20, 100, 500, 1000] {
        // A size is a part as well: `looks 100`.
        let sized = words.iter().any(|word| word.parse::<usize>().is_ok());
        if sized && !words.contains(&agents.to_string()) {
            continue;
        }
        if !(wanted("looks") || wanted("rest") || wanted("views") || wanted("deaths") || wanted("rivals")) {
            break;
        }
        let fleet = Fleet::start(agents, |_| "");
        if wanted("looks") {
            looks::at(&mut report, &fleet, if agents > 100 { 5 } else { 15 });
        }
        if wanted("rest") {
            live::at_rest(&mut report, &fleet, WHILE);
        }
        if wanted("views") && agents >= 100 {
            live::views(&mut report, &fleet);
        }
        if wanted("rivals") && agents == 100 {
            live::rivals(&mut report, &fleet, WHILE / 2);
        }
        if wanted("deaths") && agents == 100 {
            live::deaths(&mut report, &fleet, 40);
        }
    }
    if wanted("work") {
        live::at_work(&mut report, WHILE);
    }
    if wanted("frames") {
        frames::run(&mut report, WHILE);
    }
    if wanted("churn") {
        let minutes = std::env::var("MOSAIC_SOAK_MINUTES").ok().and_then(|word| word.parse().ok());
        churn::run(&mut report, minutes.map_or(WHILE * 3, |minutes: u64| Duration::from_secs(60 * minutes)));
    }
    if wanted("flood") {
        live::flooded(&mut report, WHILE / 2);
    }
    if wanted("link") {
        link::run(&mut report, WHILE);
    }
    if wanted("cards") {
        cards::run(&mut report);
    }
    // Times are of this machine and this moment: whoever runs it reads them, and nothing fails.
    report.end();
    ExitCode::SUCCESS
}

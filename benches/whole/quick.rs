//! Counts alone: what a busy machine cannot change. Each of them has a limit, and one that misses it fails the run.

use std::time::Duration;

use crate::fleet::Fleet;
use crate::live;
use crate::report::{Limit, Report};

/// Agents of the fleet.
const AGENTS: usize = 30;

/// Holds the counts.
pub(crate) fn run(report: &mut Report) {
    let fleet = Fleet::start(AGENTS, |_| "");
    report.part(&format!("counts, {AGENTS} agents at rest"));
    for words in [&["--once", "--format", "json"][..], &["fleet", "ps"], &["--version"]] {
        let most = if words[0] == "--version" { 0.0 } else { 3.0 };
        match fleet.forks(words) {
            Some(forks) => {
                report.row(&format!("programs started by {}", words.join(" ")), forks as f64, "", Limit::Most(most));
            }
            None => report.say("programs started: strace is not installed here, skipped"),
        }
    }
    let pty = fleet.open();
    pty.wait_text("a000");
    std::thread::sleep(Duration::from_secs(4));
    let seen = live::idle(&pty, Duration::from_secs(10));
    report.row("dashboard: bytes to the terminal", seen.bytes, "/s", Limit::Most(200.0));
    report.row("dashboard: wake-ups", seen.rate.wakeups, "/s", Limit::Most(60.0));
}

//! Memory over time: the wall is open while agents work, ask, end and come again, and sessions come and go.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::fleet::Fleet;
use crate::harness::kill;
use crate::live::SETTLED;
use crate::meter;
use crate::report::{Limit, Report};

/// What each agent does by itself: some print, some flood their screens, the rest rests.
fn script(at: usize) -> &'static str {
    match at % 5 {
        0 => "work 3; rest 2; loop",
        1 => "say at it; rest 1; loop",
        2 => "flood 200; rest 3; loop",
        _ => "",
    }
}

/// Looks at the wall for so long; what is resident at the end, and how much more than after a third of the time.
pub(crate) fn run(report: &mut Report, length: Duration) {
    let fleet = Fleet::start(100, script);
    report.part(&format!("memory, 100 agents, the wall open, {:.0} s of churn", length.as_secs_f64()));
    let mut pty = fleet.open();
    pty.wait_text("a000");
    pty.send("2");
    std::thread::sleep(SETTLED);
    let begun = Instant::now();
    let (mut early, mut rounds) = (None, 0_u32);
    while begun.elapsed() < length {
        let name = format!("by-hand-{rounds}");
        fleet.sandbox.tmux(&["new-session", "-d", "-s", &name, "exec cat"]);
        // Another one each time, which is started again before its turn comes once more.
        let agent = format!("a{:03}", rounds * 7 % 100);
        if let Some((_, pid)) = fleet.panes().into_iter().find(|(name, _)| *name == agent) {
            kill(pid, Signal::KILL);
        }
        // Through the pages of the wall and back, with a filter that hides most of it.
        for keys in ["/a01\r", "\x1b", "G", "g"] {
            pty.send(keys);
            std::thread::sleep(Duration::from_millis(200));
        }
        fleet.sandbox.tmux(&["kill-session", "-t", &format!("={name}")]);
        let started = fleet.command(&["fleet", "start", &agent]).stderr(Stdio::piped()).output().unwrap();
        assert!(started.status.success(), "{agent} starts again: {}", String::from_utf8_lossy(&started.stderr));
        rounds += 1;
        if early.is_none() && begun.elapsed() > length / 3 {
            early = Some(meter::memory(pty.pid()));
        }
    }
    let (early, end) = (early.unwrap_or_else(|| meter::memory(pty.pid())), meter::memory(pty.pid()));
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    report.row("agents that were killed, sessions that came and went", f64::from(rounds), "", Limit::None);
    report.row("memory resident at the end", mib(end.resident), "MiB", Limit::Most(60.0));
    report.row("its part of what is shared included (PSS)", mib(end.proportional), "MiB", Limit::Most(16.0));
    report.row("grown since the first third", mib(end.own) - mib(early.own), "MiB", Limit::Most(2.0));
}

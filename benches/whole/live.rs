//! The dashboard as its operator has it: on a terminal, over a fleet that rests, works, dies or floods.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::fleet::{Fleet, SIZE, is_installed};
use crate::frames::frames;
use crate::harness::{Pty, kill};
use crate::meter::{self, Rate};
use crate::report::{Limit, Report};

/// Time after which what a program does at its start is over.
pub(crate) const SETTLED: Duration = Duration::from_secs(4);

/// Time after which a fleet that was just started is at rest: until then ages are told in steps of ten seconds.
const RESTED: Duration = Duration::from_secs(110);

/// What was seen of a program that was left alone for a while.
pub(crate) struct Idle {
    pub(crate) rate: Rate,
    pub(crate) bytes: f64,
    pub(crate) memory: meter::Memory,
}

/// Looks at a program for so long, without touching it.
pub(crate) fn idle(pty: &Pty, length: Duration) -> Idle {
    let (before, bytes) = (meter::used(pty.pid()), pty.raw().len());
    std::thread::sleep(length);
    let rate = meter::used(pty.pid()).since(&before);
    let bytes = (pty.raw().len() - bytes) as f64 / length.as_secs_f64();
    Idle { rate, bytes, memory: meter::memory(pty.pid()) }
}

/// Milliseconds to the first frame, and to the first that shows what was waited for.
fn first_frames(open: impl Fn() -> Pty, wanted: &str) -> (f64, f64) {
    let (mut first, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        let begun = Instant::now();
        let pty = open();
        let since = |_| begun.elapsed().as_secs_f64() * 1000.0;
        first.push(since(pty.wait_until("a frame", |screen| !screen.trim().is_empty())));
        rows.push(since(pty.wait_text(wanted)));
    }
    (meter::median(first), meter::median(rows))
}

/// A fleet at rest: what opening it takes, and what it costs to look at it.
pub(crate) fn at_rest(report: &mut Report, fleet: &Fleet, length: Duration) {
    report.part(&format!("dashboard, {} agents at rest, {}x{}", fleet.agents, SIZE.0, SIZE.1));
    let is_hundred = fleet.agents == 100;
    let most = |limit: f64| if is_hundred { Limit::Most(limit) } else { Limit::None };
    let (first, rows) = first_frames(|| fleet.open(), "a000");
    report.row("first frame", first, "ms", Limit::None);
    report.row("first frame with rows", rows, "ms", most(20.0));
    let pty = fleet.open();
    pty.wait_text("a000");
    std::thread::sleep(if is_hundred { RESTED } else { SETTLED });
    let server = fleet.server();
    let before = meter::used(server);
    let seen = idle(&pty, length);
    let served = meter::used(server).since(&before);
    report.row("processor, its own threads", seen.rate.own, "% core", most(0.4));
    report.row("processor, tmux clients that it starts", seen.rate.children, "% core", Limit::None);
    report.row("processor, the tmux server", served.own, "% core", Limit::None);
    report.row("wake-ups", seen.rate.wakeups, "/s", Limit::None);
    report.row("bytes to the terminal", seen.bytes, "/s", most(200.0));
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    report.row("memory resident", mib(seen.memory.resident), "MiB", Limit::Most(60.0));
    report.row(
        "memory, its part of what is shared included (PSS)",
        mib(seen.memory.proportional),
        "MiB",
        Limit::Most(16.0),
    );
    report.row("memory, nobody else's", mib(seen.memory.own), "MiB", Limit::None);
}

/// Every view answers its key with this many agents; how long each takes.
pub(crate) fn views(report: &mut Report, fleet: &Fleet) {
    report.part(&format!("views, {} agents", fleet.agents));
    let mut pty = fleet.open();
    pty.wait_text("a000");
    // Until then it is waited whether the terminal answers, and this one never does.
    std::thread::sleep(SETTLED);
    for (key, name) in [("2", "Wall"), ("3", "Board"), ("4", "Activity"), ("5", "Org"), ("1", "Fleet")] {
        let title = format!("╭ {name}");
        let took = meter::milliseconds(|| {
            pty.send(key);
            pty.wait_until(name, |screen| screen.contains(&title) || (name == "Wall" && !screen.contains("╭ Fleet")));
        });
        report.row(&format!("key to the view {name}"), took, "ms", Limit::Most(100.0));
    }
}

/// Kills panes' processes one by one; how long until the screen says so.
pub(crate) fn deaths(report: &mut Report, fleet: &Fleet, kills: usize) {
    report.part("a killed process on the screen");
    for at in 0..kills {
        fleet.sandbox.tmux(&["new-session", "-d", "-s", &format!("by-hand-{at}"), "exec sleep 1000"]);
    }
    let pty = fleet.open();
    let all = fleet.agents + kills;
    pty.wait_text(&format!(" {all} agents"));
    std::thread::sleep(SETTLED);
    let mut panes = fleet.panes();
    // Those that sort last: the dead stand in front of the living.
    panes.sort();
    panes.reverse();
    let (by_hand, managed): (Vec<_>, Vec<_>) = panes.into_iter().partition(|(name, _)| name.starts_with("by-hand"));
    let managed: Vec<_> = managed.into_iter().filter(|(name, _)| name.starts_with('a')).collect();
    for (what, panes) in [("of an agent", managed), ("of a session outside of the roster", by_hand)] {
        let mut waits = Vec::new();
        for (done, (_, pid)) in panes.into_iter().take(kills).enumerate() {
            let shown = if what == "of an agent" {
                format!("✗ {} dead", done + 1)
            } else {
                format!(" {} agents", all - done - 1)
            };
            waits.push(meter::milliseconds(|| {
                kill(pid, Signal::KILL);
                pty.wait_text(&shown);
            }));
            // Not in step with anything: each time another while.
            std::thread::sleep(Duration::from_millis(200 + (done as u64 * 37) % 100));
        }
        report.row(&format!("{what}: 50 of 100"), meter::quantile(&mut waits, 0.5), "ms", Limit::None);
        report.row(&format!("{what}: 95 of 100"), meter::quantile(&mut waits, 0.95), "ms", Limit::Most(20.0));
    }
}

/// A fifth of the fleet prints a line a second.
pub(crate) fn at_work(report: &mut Report, length: Duration) {
    let mut shares = Vec::new();
    for agents in [20, 100] {
        // Its progress line moves while it works.
        let fleet = Fleet::start(agents, |at| if at % 5 == 0 { "work 600" } else { "" });
        report.part(&format!("dashboard, {} of {agents} agents at work, Fleet view", agents / 5));
        let pty = fleet.open();
        pty.wait_text("a000");
        std::thread::sleep(SETTLED);
        let seen = idle(&pty, length);
        let share = seen.rate.own + seen.rate.children;
        report.row("processor, tmux clients included", share, "% core", Limit::Most(3.0));
        report.row("bytes to the terminal", seen.bytes, "/s", Limit::None);
        shares.push(share);
    }
    report.row("5 times the agents: so many times the processor", shares[1] / shares[0], "", Limit::Most(5.0));
}

/// Keys while the pane in view floods.
pub(crate) fn flooded(report: &mut Report, length: Duration) {
    let fleet = Fleet::start(2, |_| "");
    report.part("a pane in view at full speed");
    let script = "while :; do seq 1 100000; done";
    fleet.sandbox.tmux(&["new-session", "-d", "-x", "200", "-y", "50", "-s", "flood", script]);
    fleet.sandbox.tmux(&["set-option", "-t", "=flood:", "window-size", "manual"]);
    let mut pty = fleet.open();
    pty.wait_text("flood");
    pty.send("G");
    pty.wait_until("the flood is in view", |screen| screen.contains("flood") && screen.contains("read-only"));
    std::thread::sleep(SETTLED);
    let frames = |pty: &Pty| frames(&pty.raw()).len();
    let (before, read) = (frames(&pty), meter::of_threads(pty.pid(), "viewer"));
    let seen = idle(&pty, length);
    let read_now = meter::of_threads(pty.pid(), "viewer");
    report.row("frames", (frames(&pty) - before) as f64 / length.as_secs_f64(), "/s", Limit::Most(31.0));
    report.row("processor, its own threads", seen.rate.own, "% core", Limit::None);
    report.row("bytes to the terminal", seen.bytes / 1000.0, "kB/s", Limit::None);
    assert!(read_now > read && read.0 > 0, "the pane in view has a viewer");
    let bytes = (read_now.0 - read.0) as f64;
    let speed = bytes / (read_now.1 - read.1).as_secs_f64();
    report.row("what it takes in", bytes / length.as_secs_f64() / 1e6, "MB/s", Limit::None);
    let alone = parsed_alone(&fleet);
    report.row("the parser alone", alone / 1e6, "MB/s core", Limit::None);
    report.row(
        "what it takes in for each second of processor, of that",
        speed / alone * 100.0,
        "%",
        Limit::Least(60.0),
    );
    // Esc as a terminal tells it that has codes for keys, and as a byte, behind which a sequence may follow.
    for (what, esc, limit) in
        [("", "\x1b[27u", Limit::Most(16.0)), (", half of them Esc as a byte", "\x1b", Limit::None)]
    {
        let mut waits = Vec::new();
        for at in 0..100 {
            let (key, shown) = if at % 2 == 0 { ("?", true) } else { (esc, false) };
            waits.push(meter::milliseconds(|| {
                pty.send(key);
                pty.wait_until("help", |screen| screen.contains("keys in Fleet") == shown);
            }));
            std::thread::sleep(Duration::from_millis(50 + at * 7 % 30));
        }
        report.row(&format!("key to picture: 50 of 100{what}"), meter::quantile(&mut waits, 0.5), "ms", Limit::None);
        report.row(&format!("key to picture: 99 of 100{what}"), meter::quantile(&mut waits, 0.99), "ms", limit);
    }
}

/// Bytes that the parser takes for each second of processor, of what a client of tmux is sent for the same pane.
fn parsed_alone(fleet: &Fleet) -> f64 {
    let client = Pty::spawn(
        "tmux",
        &["-u", "-L", "it", "attach", "-r", "-f", "ignore-size", "-t", "=flood:"],
        &fleet.sandbox.env(),
        &fleet.sandbox.root.join("w"),
        SIZE.0,
        SIZE.1 + 1,
    );
    client.wait_until("the flood", |screen| screen.contains("99"));
    std::thread::sleep(SETTLED);
    let raw = client.raw();
    drop(client);
    let [rows, columns] = [SIZE.1 + 1, SIZE.0].map(|cells| std::num::NonZeroU16::new(cells).unwrap());
    let mut parser = vt100::Parser::new(rows, columns, 0);
    let (mut bytes, mut time) = (0, Duration::ZERO);
    while time < Duration::from_millis(500) && bytes < 1 << 30 {
        // As they come: tmux writes a few kB at once.
        time += meter::on_this_thread(|| raw.chunks(4096).for_each(|chunk| parser.process(chunk)));
        bytes += raw.len();
    }
    bytes as f64 / time.as_secs_f64()
}

/// Other full-screen programs, left alone in the same terminal.
pub(crate) fn rivals(report: &mut Report, fleet: &Fleet, length: Duration) {
    report.part("others in the same terminal");
    for (program, arguments) in [("htop", &[][..]), ("btop", &[]), ("btm", &[]), ("workmux", &["dashboard"])] {
        if !is_installed(program) {
            report.say(&format!("{program}: not installed here, skipped"));
            continue;
        }
        let open = || {
            let env = fleet.sandbox.env();
            Pty::spawn(program, arguments, &env, &fleet.sandbox.root.join("w"), SIZE.0, SIZE.1)
        };
        let begun = Instant::now();
        let pty = open();
        pty.wait_until("a frame", |screen| screen.lines().filter(|line| !line.trim().is_empty()).count() > 5);
        let first = begun.elapsed().as_secs_f64() * 1000.0;
        std::thread::sleep(SETTLED);
        let seen = idle(&pty, length);
        report.row(&format!("{program}: first frame"), first, "ms", Limit::None);
        report.row(&format!("{program}: processor"), seen.rate.own + seen.rate.children, "% core", Limit::None);
        report.row(&format!("{program}: wake-ups"), seen.rate.wakeups, "/s", Limit::None);
        report.row(&format!("{program}: bytes to the terminal"), seen.bytes, "/s", Limit::None);
        report.row(
            &format!("{program}: memory resident"),
            seen.memory.resident as f64 / f64::from(1 << 20),
            "MiB",
            Limit::None,
        );
    }
}

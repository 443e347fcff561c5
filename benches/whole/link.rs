//! A line of 20 kB/s that takes 300 ms in each direction, with thirty agents at its other end.

use std::time::Duration;

use crate::fleet::{Fleet, SIZE};
use crate::frames::frames;
use crate::harness::{Link, Pty};
use crate::live::SETTLED;
use crate::meter;
use crate::report::{Limit, Report};

const LINE: Link = Link { bytes_per_second: 20_000, delay: Duration::from_millis(300) };

/// Keys that are pressed beside pictures that never stand still.
const KEYS: usize = 20;

/// What goes over it in a while, at rest and where every agent prints.
pub(crate) fn run(report: &mut Report, length: Duration) {
    report.part("a line of 20 kB/s and 300 ms each way, 30 agents");
    let minute = 60.0 / length.as_secs_f64();
    let quiet = Fleet::start(30, |_| "");
    let pty = open(&quiet);
    let (count, bytes) = sent(&pty, length);
    // Ages still grow in small steps: the fleet has just begun.
    report.row("its first minute, at rest: bytes", bytes as f64 * minute, "", Limit::None);
    report.row("their bytes of a frame", bytes as f64 / count.max(1) as f64, "", Limit::None);
    drop((pty, quiet));

    let busy = Fleet::start(30, |_| "flood 40; rest 1; loop");
    let mut pty = open(&busy);
    pty.send("2");
    pty.wait_text("Wall");
    std::thread::sleep(SETTLED);
    let (count, bytes) = sent(&pty, length);
    report.row("the wall of all that print: frames", count as f64 / length.as_secs_f64(), "/s", Limit::None);
    report.row("its bytes of a frame", bytes as f64 / count.max(1) as f64, "", Limit::None);
    report.row("its bytes", bytes as f64 / length.as_secs_f64() / 1000.0, "kB/s", Limit::Most(20.0));
    let mut waits = Vec::new();
    for at in 0..KEYS {
        let (key, shown) = if at % 2 == 0 { ("?", true) } else { ("\x1b[27u", false) };
        waits.push(meter::milliseconds(|| {
            pty.send(key);
            pty.wait_until("help", |screen| screen.contains("keys on the Wall") == shown);
        }));
    }
    // The line alone takes 600 ms of it.
    report.row("key to picture beside it: 50 of 100", meter::quantile(&mut waits, 0.5), "ms", Limit::None);
    report.row("key to picture beside it: all", meter::quantile(&mut waits, 1.0), "ms", Limit::Most(3000.0));
}

fn open(fleet: &Fleet) -> Pty {
    let pty = fleet.sandbox.open_behind(LINE, SIZE.0, SIZE.1);
    pty.wait_text("a000");
    std::thread::sleep(SETTLED);
    pty
}

/// Frames and bytes that come out of the line.
fn sent(pty: &Pty, length: Duration) -> (usize, usize) {
    let before = pty.raw().len();
    std::thread::sleep(length);
    let raw = pty.raw();
    (frames(&raw[before..]).len(), raw.len() - before)
}

//! Commands that change the installation, killed with -9 at random instants: the next one goes on, the manager knows the
//! units that are on the disk, nothing of ours is taken for the user's, and an uninstallation leaves nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use mosaic_tui::fleet::home::fingerprint;
use rustix::process::Signal;
use serde_json::Value;

use super::{Host, listing};
use crate::harness::{Dice, Sandbox, kill, program, wait};

/// Longest time that a command of these lives, in microseconds.
const LIVES: u64 = 250_000;

/// Files that tell each other apart by who wrote them last.
fn inode(path: &Path) -> Option<u64> {
    fs::metadata(path).map(|meta| meta.ino()).ok()
}

/// Runs a command of ours until this file is another one, and up to so many microseconds longer; whether it was killed.
fn killed_at(host: &Host, args: &[&str], file: &Path, after: u64) -> bool {
    let before = inode(file);
    let mut command = host.manager.command(&host.sandbox, program(), args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let gives_up = Instant::now() + Duration::from_secs(20);
    // No sleep: what is looked for is over in less.
    while child.try_wait().unwrap().is_none() && inode(file) == before {
        assert!(Instant::now() < gives_up, "{args:?} hangs");
    }
    let until = Instant::now() + Duration::from_micros(after);
    while child.try_wait().unwrap().is_none() && Instant::now() < until {}
    if child.try_wait().unwrap().is_none() {
        kill(child.id(), Signal::KILL);
    }
    !child.wait().unwrap().success()
}

fn unit_dir(host: &Host) -> PathBuf {
    host.sandbox.root.join("h/.config/systemd/user")
}

/// Files of the user's own that ours were taken for.
fn aside(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name.contains(".user-")).collect()
}

#[test]
fn an_installation_that_is_killed_at_any_instant_can_be_ended_and_taken_back() {
    let Some(host) = Host::with_agents("  - {name: a}\n  - {name: b}\n") else { return };
    let home = host.sandbox.root.join("h");
    let units = unit_dir(&host);
    fs::create_dir_all(&units).unwrap();
    // The first two are replaced by the program's own, and come back.
    fs::write(units.join("mosaic-agent@.service"), "[Service]\nExecStart=/bin/true\n").unwrap();
    let _run_dir = fs::remove_dir(host.sandbox.run_file(""));
    let enabled = || host.run("systemctl", &["--user", "list-unit-files", "--no-legend", "mosaic*"]).stdout;
    let (files, before) = (listing(&home), enabled());
    let record = host.sandbox.home().join("fleet/installed.json");
    let last = host.sandbox.home().join("framework.json");
    let places = [units.join("mosaic-agent@.service"), units.join("mosaic-tmux-holder.service"), record, last];
    let (mut dice, mut killed) = (Dice(0x5eed), 0);
    for round in 0..10 {
        let place = &places[round % places.len()];
        // Every other time at once, as the file has just been replaced.
        let after = if round % 2 == 0 { dice.below(2_000) } else { dice.below(LIVES) };
        let when = format!("round {round}, {after} us behind {}", place.display());
        killed += usize::from(killed_at(&host, &["fleet", "install"], place, after));
        // Every third time nobody ends it.
        if round % 3 != 0 {
            let again = host.fleet(&["fleet", "install"]);
            assert_eq!(again.code, 0, "{when}: {again:?}");
            assert_eq!(host.ok(&["fleet", "install"]).stdout.trim(), "install: nothing to do", "{when}");
        }
        let back = host.fleet(&["fleet", "uninstall"]);
        assert!(back.code == 0 || back.code == 3, "{when}: {back:?}");
        assert_eq!(listing(&home), files, "{when}: {back:?}");
        assert_eq!(enabled(), before, "{when}");
    }
    assert!(killed > 5, "only {killed} were killed before their end");
}

#[test]
fn an_update_of_units_that_is_killed_at_any_instant_is_ended_by_the_next() {
    let Some(host) = Host::running("  - {name: a}\n") else { return };
    let units = unit_dir(&host);
    let names = ["mosaic-tmux-holder.service", "mosaic-agent@.service"];
    let new = names.map(|name| fs::read_to_string(units.join(name)).unwrap());
    let old = new.clone().map(|text| format!("{text}# as an older version wrote it\n"));
    let record = host.sandbox.home().join("fleet/installed.json");
    // What the older version wrote down of them.
    let mut written: Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    for (name, text) in names.iter().zip(&old) {
        written["files"][units.join(name).display().to_string()] = fingerprint(text.as_bytes()).into();
    }
    let before = host.wait_healthy(&["a"]);
    let (mut dice, mut killed) = (Dice(0xfee1), 0);
    for round in 0..10 {
        for (name, text) in names.iter().zip(&old) {
            fs::write(units.join(name), text).unwrap();
        }
        fs::write(&record, written.to_string()).unwrap();
        host.systemctl(&["daemon-reload"]);
        let command: &[&str] = if round % 2 == 0 { &["update", "--apply"] } else { &["framework", "update"] };
        let place = units.join(names[(round / 2) % 2]);
        let after = if round < 7 { dice.below(2_000) } else { dice.below(LIVES / 5) };
        let when = format!("round {round}, {after} us behind {}", place.display());
        killed += usize::from(killed_at(&host, command, &place, after));
        for ((name, new), old) in names.iter().zip(&new).zip(&old) {
            let is = fs::read_to_string(units.join(name)).unwrap();
            assert!(is == *new || is == *old, "{when}: {name} is\n{is}");
        }
        host.ok(&["update", "--apply"]);
        for (name, new) in names.iter().zip(&new) {
            assert_eq!(fs::read_to_string(units.join(name)).unwrap(), *new, "{when}: {name}");
        }
        for unit in ["mosaic-tmux-holder.service", "mosaic-agent@a.service"] {
            let read = host.systemctl(&["show", "--property=NeedDaemonReload", unit]);
            assert_eq!(read.trim(), "NeedDaemonReload=no", "{when}: {unit}");
        }
        assert_eq!(aside(&units), Vec::<String>::new(), "{when}: ours was taken for the user's");
        assert!(host.ok(&["update"]).stdout.contains("units: current"), "{when}");
        assert_eq!(host.panes(), before, "{when}: nobody was restarted");
    }
    assert!(killed > 4, "only {killed} were killed before their end");
    host.ok(&["fleet", "uninstall"]);
    for name in names {
        assert!(!units.join(name).exists(), "{name} is ours, and stays behind");
    }
}

/// Runs a command that lives for so long at most; whether it was killed.
fn killed_after(mut command: std::process::Command, lives: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(lives);
    if child.try_wait().unwrap().is_none() {
        kill(child.id(), Signal::KILL);
    }
    !child.wait().unwrap().success()
}

/// How long a command takes that nobody kills.
fn whole_time(mut command: std::process::Command) -> Duration {
    let begun = Instant::now();
    assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{command:?}");
    begun.elapsed()
}

#[test]
fn a_start_that_is_killed_at_any_instant_is_ended_by_the_next() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n  - {name: c}\n  - {name: d}\n");
    let start = |pace: &str| {
        let mut command = sandbox.command(program());
        command.args(["fleet", "start"]).env("MOSAIC_START_SPACING", pace);
        command
    };
    let whole = whole_time(start("0.02"));
    let (mut dice, mut killed) = (Dice(0x57a47), 0);
    let rounds = 12;
    for round in 0..rounds {
        sandbox.ok(&["fleet", "stop"]);
        // At first together with the tmux server, which is to be made then.
        if round < rounds / 2 {
            sandbox.tmux(&["kill-server"]);
        }
        let lives = whole * round / rounds + Duration::from_micros(dice.below(20_000));
        let when = format!("round {round}, killed after {lives:?} of {whole:?}");
        killed += u32::from(killed_after(start("0.02"), lives));
        let again = sandbox.run_with(&["fleet", "start"], &[("MOSAIC_START_SPACING", "0.02")]);
        assert_eq!(again.code, 0, "{when}: {again:?}");
        let mut rows = Vec::new();
        let well = wait("every agent is well", || {
            rows = sandbox.rows();
            rows.iter().all(|row| row["health"] == "healthy" && row["process"]["alive"] == true).then_some(())
        });
        assert!(well.is_some() && rows.len() == 4, "{when}: {rows:#?}");
        let sessions = sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]);
        assert_eq!(sessions.lines().collect::<Vec<_>>(), ["_holder", "a", "b", "c", "d"], "{when}");
        // One keeper and one runtime each, and nothing that an interrupted start has left beside them.
        for word in ["run", "stub-agent"] {
            let argv = mosaic_tui::fleet::os::process::argv;
            let count = || {
                let pids = sandbox.pids().into_iter().filter_map(argv);
                pids.filter(|argv| argv.iter().any(|arg| arg == word)).count()
            };
            assert!(wait(word, || (count() == 4).then_some(())).is_some(), "{when}: {} of {word}", count());
        }
    }
    assert!(killed > rounds / 3, "only {killed} were killed before their end");
}

/// What a user has in a home, by which commands it comes, and where.
const WRITERS: [(&[&str], &str); 6] = [
    (&["fleet", "init", "--profile", "coding", "--runtime", "stub", "--write", "--force"], "fleet/roster.yaml"),
    (
        &["fleet", "provision", "--system-type", "research", "--runtime", "stub", "--write", "--force"],
        "fleet/roster.yaml",
    ),
    (&["identity", "init", "--name", "Ada"], "SOUL.md"),
    (&["identity", "init", "--name", "Ada"], "TOOLS.md"),
    (&["persona", "add", "mine", "--from", "code"], "fleet/roles.local/mine.md"),
    (&["persona", "reset", "review"], "fleet/roles.local/review.md"),
];

#[test]
fn whoever_writes_for_the_user_and_is_killed_leaves_each_file_old_or_new() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    sandbox.ok(&["framework", "install"]);
    let command = |args: &[&str]| {
        let mut command = sandbox.command(program());
        command.args(args);
        command
    };
    let before = |path: &str| -> Option<String> {
        let old = format!("# what stood in {path}\n");
        let is_made = path.ends_with("roster.yaml") || path.ends_with("review.md");
        is_made.then_some(old)
    };
    let set = |path: &str| {
        let file = home.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        for page in ["SOUL.md", "USER.md", "TOOLS.md"] {
            let _none = fs::remove_file(home.join(page));
        }
        match before(path) {
            Some(text) => fs::write(&file, text).unwrap(),
            None => drop(fs::remove_file(&file)),
        }
    };
    let (mut dice, mut killed) = (Dice(0xf11e5), 0);
    for (args, path) in WRITERS {
        set(path);
        let whole = whole_time(command(args));
        let new = fs::read_to_string(home.join(path)).ok();
        for round in 0..8 {
            set(path);
            let lives = whole * round / 8 + Duration::from_micros(dice.below(3_000));
            let when = format!("{args:?} killed after {lives:?} of {whole:?}");
            killed += u32::from(killed_after(command(args), lives));
            let is = fs::read_to_string(home.join(path)).ok();
            assert!(is == before(path) || is == new, "{when}: {path} is {is:?}");
            // Nothing that was written over is lost: it is there, or its backup is.
            if let Some(old) = before(path) {
                let folder = fs::read_dir(home.join(path).parent().unwrap()).unwrap().flatten();
                let texts: Vec<String> = folder.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect();
                assert!(texts.contains(&old), "{when}: what stood in {path} is gone");
            }
            let again = sandbox.run(args);
            // What was reset or made already is not reset or made twice.
            assert!(matches!(again.code, 0 | 2 | 4), "{when}: {again:?}");
            assert_eq!(fs::read_to_string(home.join(path)).ok(), new, "{when}: {again:?}");
        }
    }
    assert!(killed > 16, "only {killed} were killed before their end");
    // Halves that a kill leaves, whichever of them it left here; no process has such a number. The last is the user's.
    let halves = ["SOUL.md", "fleet/roster.yaml", "fleet/roles.local/mine.md", "fleet/profiles.local/own.yaml"];
    fs::create_dir_all(home.join("fleet/profiles.local")).unwrap();
    for path in halves {
        fs::write(home.join(format!("{path}.tmp4194305-0")), "half").unwrap();
    }
    fs::write(home.join("notes.tmp"), "mine").unwrap();
    sandbox.ok(&["framework", "update"]);
    let left: Vec<String> = listing(&home).into_iter().filter(|line| line.contains(".tmp")).collect();
    assert_eq!(left, [format!("{} 4", home.join("notes.tmp").display())], "halves of files stay behind");
}

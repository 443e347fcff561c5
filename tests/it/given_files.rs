//! Files that people and other programs hand to the program: whatever they are, it answers at once and in words.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{Answer, Sandbox};

/// An answer may take this long; before, some took for ever.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Runs the program; one that hangs or eats the memory is ended.
fn bounded(sandbox: &Sandbox, args: &[&str]) -> Answer {
    let mut command = sandbox.command("timeout");
    crate::harness::answer(
        command.arg("-s").arg("KILL").arg(AT_ONCE.as_secs().to_string()).arg(crate::harness::program()).args(args),
    )
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_roster_that_is_no_file_is_refused_at_once() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let fifo = sandbox.root.join("fifo");
    assert!(sandbox.command("mkfifo").arg(&fifo).status().unwrap().success());
    for (path, words) in [
        (fifo.as_path(), "is a pipe, not a file"),
        (Path::new("/dev/zero"), "is a device, not a file"),
        (sandbox.root.as_path(), "is a folder, not a file"),
    ] {
        for command in [&["fleet", "check"][..], &["fleet", "ps"], &["fleet", "start"], &["--once"]] {
            let path = path.display().to_string();
            let args: Vec<&str> = if command == ["fleet", "check"] {
                [command, &[path.as_str()]].concat()
            } else {
                [command, &["--roster", path.as_str()]].concat()
            };
            let answer = bounded(&sandbox, &args);
            assert_eq!(answer.code, 2, "{args:?}: {answer:?}");
            assert!(answer.stderr.contains(words), "{args:?}: {answer:?}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_text_and_utf_16_is_named() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    fs::write(sandbox.roster(), format!("\u{feff}{roster}")).unwrap();
    sandbox.ok(&["fleet", "check"]);
    // An edit reads the same text.
    sandbox.ok(&["fleet", "add", "b", "runtime=stub"]);
    assert!(fs::read_to_string(sandbox.roster()).unwrap().contains("name: b"));
    fs::write(sandbox.roster(), utf16(&roster)).unwrap();
    let answer = sandbox.run(&["fleet", "check"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.stderr.contains("is written in UTF-16; save it as UTF-8"), "{answer:?}");
    fs::write(sandbox.roster(), &roster).unwrap();

    let env = sandbox.home().join("fleet/agents/a.env");
    fs::create_dir_all(env.parent().unwrap()).unwrap();
    fs::write(&env, "\u{feff}FIRST=1\n").unwrap();
    sandbox.start();
    let shown = sandbox.tmux(&["show-environment", "-t", "=a:", "FIRST"]);
    assert_eq!(shown.trim(), "FIRST=1");
}

#[test]
fn an_export_that_an_editor_saved_can_be_imported() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["backlog", "create", "--id", "k-1", "--title", "one"]);
    let export = sandbox.ok(&["backlog", "export"]).stdout;
    let (marked, wide) = (sandbox.root.join("marked"), sandbox.root.join("wide"));
    fs::write(&marked, format!("\u{feff}{export}")).unwrap();
    fs::write(&wide, utf16(&export)).unwrap();
    let other = sandbox.root.join("other").display().to_string();
    let import = |file: &Path| {
        sandbox.run_with(&["backlog", "import", file.to_str().unwrap()], &[("MOSAIC_BACKLOG_DIR", &other)])
    };
    let answer = import(&wide);
    assert!(answer.code == 2 && answer.stderr.contains("is written in UTF-16"), "{answer:?}");
    let answer = import(&marked);
    assert_eq!(answer.code, 0, "{answer:?}");
    let body = sandbox.root.join("body");
    fs::write(&body, "\u{feff}the body").unwrap();
    let id = sandbox
        .ok(&["backlog", "create", "--id", "k-2", "--title", "two", "--body-file", body.to_str().unwrap(), "--json"])
        .json();
    assert_eq!(id["body"], "the body", "{id}");
}

#[test]
fn a_text_without_an_end_is_refused() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let started = Instant::now();
    let answer = bounded(&sandbox, &["agent", "send", "a", "--file", "/dev/zero"]);
    assert!(answer.code == 2 && answer.stderr.contains("is a device, not a file"), "{answer:?}");
    let answer = bounded(&sandbox, &["backlog", "create", "--id", "k-3", "--title", "x", "--body-file", "/dev/zero"]);
    assert!(answer.code == 2 && answer.stderr.contains("is a device, not a file"), "{answer:?}");
    let answer = bounded(&sandbox, &["backlog", "import", "/dev/zero"]);
    assert!(answer.code != 0 && answer.stderr.contains("is a device, not a file"), "{answer:?}");
    let answer = bounded(&sandbox, &["backlog", "export", "/dev/full"]);
    assert!(answer.code == 4 && answer.stderr.contains("exists, and is not a file"), "{answer:?}");
    assert!(started.elapsed() < AT_ONCE * 4);
}

#[test]
fn init_takes_a_link_to_nothing_for_a_roster_and_writes_through_it_when_forced() {
    let sandbox = Sandbox::new();
    let real = sandbox.root.join("w/real.yaml");
    fs::create_dir_all(sandbox.roster().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&real, sandbox.roster()).unwrap();
    let answer = sandbox.run(&["fleet", "init", "--write"]);
    assert!(answer.code == 4 && answer.stderr.contains("exists already"), "{answer:?}");
    assert!(fs::symlink_metadata(sandbox.roster()).unwrap().is_symlink() && !real.exists());
    sandbox.ok(&["fleet", "init", "--write", "--force"]);
    assert!(fs::symlink_metadata(sandbox.roster()).unwrap().is_symlink() && real.is_file());
    // A group that is not the user's own is kept, where this user may give it.
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    fs::set_permissions(&real, fs::Permissions::from_mode(0o660)).unwrap();
    let own = fs::metadata(&real).unwrap().gid();
    let groups = rustix::process::getgroups().unwrap();
    let others = groups.iter().map(|group| group.as_raw()).chain([54_321]).filter(|group| *group != own);
    let group = others.into_iter().find(|group| std::os::unix::fs::chown(&real, None, Some(*group)).is_ok());
    sandbox.ok(&["fleet", "init", "--write", "--force"]);
    let meta = fs::metadata(&real).unwrap();
    assert_eq!((meta.gid(), meta.mode() & 0o777), (group.unwrap_or(own), 0o660));
    let left: Vec<_> = fs::read_dir(real.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the roster and one backup: {left:?}");
}

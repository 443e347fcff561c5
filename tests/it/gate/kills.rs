//! A gate that is killed or interrupted: the main branch is the old one or the new one, and the next gate sweeps.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use super::Yard;
use crate::harness::{kill, wait_for};

fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_gate_that_is_killed_in_its_ci_is_swept_by_the_next_with_all_that_it_started() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let pid = yard.path("pid");
    yard.ci(&format!(
        "mkdir locked; chmod 500 locked; sleep 1000 & echo $! > {}.new; mv {0}.new {0}; wait",
        pid.display()
    ));
    let before = yard.main();
    let mut gate = yard.begin_merge("code/A1");
    wait_for("CI", || pid.exists());
    kill(gate.id(), Signal::KILL);
    gate.wait().unwrap();
    assert_eq!(yard.main(), before);
    let sleeper = fs::read_to_string(&pid).unwrap();
    assert!(is_running(&sleeper), "nobody has told it yet");
    yard.ci("true");
    yard.merged("code/A1");
    wait_for("the end of the killed gate's CI", || !is_running(&sleeper));
}

#[test]
fn a_gate_that_is_interrupted_leaves_nothing() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    for signal in [Signal::INT, Signal::TERM] {
        let pid = yard.path("pid");
        yard.ci(&format!("sleep 1000 & echo $! > {}.new; mv {0}.new {0}; wait", pid.display()));
        let gate = yard.begin_merge("code/A1");
        wait_for("CI", || pid.exists());
        kill(gate.id(), signal);
        let output = gate.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
        yard.assert_swept();
        let sleeper = fs::read_to_string(&pid).unwrap();
        wait_for("its end", || !is_running(&sleeper));
        fs::remove_file(pid).unwrap();
    }
}

#[test]
fn at_whatever_instant_it_is_killed_the_main_branch_is_the_old_or_the_new_one() {
    for yard in [Yard::new(), Yard::alone()] {
        let mut last = yard.main();
        let mut landed = 0;
        for round in 0..12_u64 {
            let branch = format!("code/A{round}");
            yard.branch(&branch, &format!("a{round}.txt"), "a\n", "code0");
            yard.approve(&branch);
            let mut gate = yard.begin_merge(&branch);
            // A gate takes some hundred milliseconds here; each is killed a little later than the one before.
            std::thread::sleep(Duration::from_millis(25 * round));
            kill(gate.id(), Signal::KILL);
            gate.wait().unwrap();
            let now = yard.main();
            let folder = if yard.path("remote.git").exists() { "remote.git" } else { "repo" };
            if now != last {
                assert_eq!(yard.git(folder, &["rev-parse", &format!("{now}^")]), last, "one step, and a whole one");
                assert!(yard.git(folder, &["ls-tree", "--name-only", &now]).contains(&format!("a{round}.txt")));
                landed += 1;
            }
            // The next one ends what the killed one began, and never merges twice.
            let json = yard.merged(&branch);
            // The push of a killed gate may still have been on its way.
            assert!(json["tested"] == 0 || (json["tested"] == 1 && now == last), "{json}");
            last = yard.main();
            assert_eq!(yard.git("repo", &["status", "--porcelain", "--untracked-files=no"]), "");
            yard.git("repo", &["fsck", "--no-dangling"]);
            if folder == "remote.git" {
                yard.git("repo", &["pull", "--quiet", "--ff-only", "origin", "main"]);
            }
        }
        assert_eq!(yard.git("repo", &["rev-list", "--count", "main"]), "13", "{landed} landed before their kill");
    }
}

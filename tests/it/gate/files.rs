//! Files as their users set them up: filters, line ends, trust, locks, and what CI prints.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mosaic_tui::fleet::gate::Fault;

use super::{Yard, finding};

impl Yard {
    fn user_config(&self, text: &str) {
        fs::write(self.sandbox.root.join("h/.gitconfig"), text).unwrap();
    }
}

#[test]
fn filters_and_line_ends_of_the_user_make_the_files_of_ci_and_of_the_work_tree() {
    let yard = Yard::alone();
    yard.user_config(
        "[filter \"up\"]\n clean = tr A-Z a-z\n smudge = tr a-z A-Z\n required = true\n[core]\n autocrlf = true\n",
    );
    yard.write("repo/.gitattributes", "*.up filter=up -text\n");
    yard.commit("repo", "Filter", "founder");
    yard.git("repo", &["checkout", "--quiet", "-b", "code/A1", "main"]);
    yard.write("repo/w.up", "HELLO\n");
    yard.write("repo/t.txt", "one\r\ntwo\r\n");
    yard.write("repo/base.txt", "one\r\n");
    yard.commit("repo", "Both", "code0");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    assert_eq!(yard.git("repo", &["cat-file", "blob", "code/A1:w.up"]), "hello", "what is stored is the clean one");
    yard.approve("code/A1");
    // Written anew with its old text, the file is as it was, whatever its time says.
    let base = fs::read(yard.path("repo/base.txt")).unwrap();
    fs::remove_file(yard.path("repo/base.txt")).unwrap();
    fs::write(yard.path("repo/base.txt"), base).unwrap();
    yard.ci("test \"$(cat w.up)\" = HELLO && test -z \"$(git status --porcelain)\" && grep -q $(printf '\\r') t.txt");
    yard.merged("code/A1");
    assert_eq!(fs::read_to_string(yard.path("repo/w.up")).unwrap(), "HELLO\n");
    assert_eq!(fs::read_to_string(yard.path("repo/t.txt")).unwrap(), "one\r\ntwo\r\n");
    assert_eq!(yard.git("repo", &["status", "--porcelain"]), "");
}

#[test]
fn a_work_tree_that_cannot_follow_is_told_with_what_is_in_the_way() {
    let yard = Yard::alone();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let lock = yard.path("repo/.git/index.lock");
    fs::write(&lock, "").unwrap();
    let locked = yard.refused("code/A1", "where another git is at work");
    assert!(locked.stderr.contains(".git/index.lock") && !locked.stderr.contains("stash"), "{locked:?}");
    assert!(lock.exists(), "an editor for a message may hold it");
    fs::remove_file(&lock).unwrap();
    yard.write("repo/a.txt", "mine\n");
    yard.refused("code/A1", "where the way is not free: a.txt; move them");
    fs::remove_file(yard.path("repo/a.txt")).unwrap();
    yard.write("repo/base.txt", "changed\n");
    yard.refused("code/A1", "with changes of its own: base.txt; commit or stash");
    yard.git("repo", &["checkout", "--quiet", "base.txt"]);
    yard.merged("code/A1");
}

#[test]
fn a_repository_of_another_user_is_worked_in_where_the_user_trusts_it() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    // Git's own switch for tests of this takes every folder for somebody else's.
    let path = std::env::var("PATH").unwrap();
    let git = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file()).unwrap();
    let wrapper = yard.sandbox.root.join("bin/git");
    fs::create_dir_all(wrapper.parent().unwrap()).unwrap();
    let text = format!("#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {} \"$@\"\n", git.display());
    fs::write(&wrapper, text).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let check = ["queue", "--purpose", "push", "--wait", "0"];
    let stranger = yard.gate_as("", &check);
    assert_eq!((stranger.code, stranger.stderr.contains("dubious ownership")), (3, true), "{stranger:?}");
    yard.user_config(&format!("[safe]\n directory = {}\n", yard.path("repo").display()));
    let trusted = yard.gate_as("", &check);
    assert_eq!(trusted.code, 0, "{trusted:?}");
}

#[test]
fn ci_that_prints_without_an_end_is_stopped_and_its_output_is_cut() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    yard.ci("tr '\\0' x < /dev/zero");
    let red = yard.refused("code/A1", "was stopped, as it printed more than 64 MiB");
    assert!(red.stderr.contains("have CI print less"), "{red:?}");
    let log = red.stderr.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(fs::metadata(&log).unwrap().len(), 64 << 20, "{log}");
    fs::remove_file(log).unwrap();
}

#[test]
fn a_file_of_the_largest_kind_that_was_so_before_passes() {
    let yard = Yard::new();
    yard.settings("ci: {command: ['true']}\nmax_file_bytes: 8388608");
    let text = |letter: &str| format!("\0{}", letter.repeat((8 << 20) - 1));
    yard.write("repo/large", &text("a"));
    yard.write("repo/other", &text("c"));
    yard.commit("repo", "Large already", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    yard.git("repo", &["checkout", "--quiet", "-b", "code/A1"]);
    yard.write("repo/other", &text("d"));
    yard.write("repo/small", "<<<<<<< HEAD\n");
    yard.write("repo/large", &text("b"));
    yard.commit("repo", "Change all", "code0");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    yard.approve("code/A1");
    yard.refused("code/A1", &finding("small", Some(1), Fault::ConflictMarker));
    yard.git("repo", &["checkout", "--quiet", "code/A1"]);
    yard.write("repo/small", "fine\n");
    yard.commit("repo", "Mend it", "code0");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    yard.approve("code/A1");
    yard.merged("code/A1");
}

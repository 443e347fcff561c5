//! Diffs of real repositories: where a branch began, whatever it is called, and what a merge left undecided.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::*;

/// A repository on its main branch with one commit.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let new = Self(tempfile::tempdir().unwrap());
        new.git(&["init", "-q", "-b", "main"]);
        new.commit("a.txt", "first\n");
        new
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs git with an input; whether it succeeded.
    fn tell(&self, args: &[&str], input: &str) -> bool {
        let mut git = Command::new("git");
        git.current_dir(self.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(args);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let mut git = git.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        git.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        git.wait().unwrap().success()
    }

    fn git(&self, args: &[&str]) {
        assert!(self.tell(args, ""), "git {args:?}");
    }

    fn commit(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", file]);
    }

    /// A branch of this name from another one, with a commit of a file of its own.
    fn branch(&self, name: &str, from: &str, file: &str) {
        self.git(&["switch", "-q", "-c", name, from]);
        self.commit(file, "own\n");
    }

    async fn diff(&self, against: Against) -> Diff {
        // From a folder within it, as an agent's may be.
        let within = self.path().join("within");
        fs::create_dir_all(&within).unwrap();
        diff(&within, false, against).await.unwrap()
    }
}

/// Files with what became of them.
fn files(diff: &Diff) -> Vec<(&str, Change)> {
    diff.files.iter().map(|file| (file.path.as_str(), file.change)).collect()
}

fn base(diff: &Diff) -> (&str, u64) {
    diff.base.as_ref().map_or(("", 0), |base| (base.name.as_str(), base.commits))
}

#[tokio::test]
async fn what_an_unfinished_merge_brings_of_the_main_branch_is_no_work_of_the_branch() {
    let repository = Repository::new();
    repository.branch("feat", "main", "own.txt");
    repository.git(&["switch", "-q", "main"]);
    repository.commit("elsewhere.txt", "main\n");
    repository.git(&["switch", "-q", "feat"]);
    repository.git(&["merge", "-q", "--no-commit", "--no-ff", "main"]);
    let whole = repository.diff(Against::Base).await;
    assert_eq!((files(&whole), base(&whole)), (vec![("own.txt", Change::Added)], ("main", 1)));
    repository.git(&["commit", "-q", "-m", "merged"]);
    assert_eq!(files(&repository.diff(Against::Base).await), [("own.txt", Change::Added)], "as when it is finished");
}

#[tokio::test]
async fn work_of_another_branch_that_is_being_merged_is_work_and_the_newer_main_branch_is_the_base() {
    let repository = Repository::new();
    repository.branch("other", "main", "other.txt");
    repository.branch("third", "main", "third.txt");
    // Where it was cloned from the main branch has gone on.
    repository.branch("upstream", "main", "elsewhere.txt");
    repository.git(&["update-ref", "refs/remotes/origin/main", "upstream"]);
    repository.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    repository.branch("feat", "main", "own.txt");
    repository.git(&["merge", "-q", "--no-commit", "other", "third", "origin/main"]);
    let whole = repository.diff(Against::Base).await;
    let (added, work) = (Change::Added, ["other.txt", "own.txt", "third.txt"]);
    assert_eq!((files(&whole), base(&whole)), (work.map(|name| (name, added)).to_vec(), ("origin/main", 3)));
}

#[tokio::test]
async fn files_in_conflict_are_named_as_such_against_the_commit_and_against_the_base() {
    let repository = Repository::new();
    repository.commit("deep/gone.txt", "text\n");
    repository.branch("feat", "main", "own.txt");
    repository.commit("a.txt", "of the branch\n");
    repository.commit("deep/gone.txt", "of the branch\n");
    repository.git(&["switch", "-q", "main"]);
    repository.commit("a.txt", "of main\n");
    repository.git(&["rm", "-q", "deep/gone.txt"]);
    repository.commit("elsewhere.txt", "main\n");
    repository.git(&["switch", "-q", "feat"]);
    assert!(!repository.tell(&["merge", "-q", "main"], ""), "it has conflicts");
    let undecided = Change::Unmerged;
    let now = repository.diff(Against::Commit).await;
    let want = [("a.txt", undecided), ("deep/gone.txt", undecided), ("elsewhere.txt", Change::Added)];
    assert_eq!(
        (files(&now).as_slice(), now.tree.conflicts),
        (want.as_slice(), 2),
        "one of them is as it was committed"
    );
    let whole = repository.diff(Against::Base).await;
    let want = [("a.txt", undecided), ("deep/gone.txt", undecided), ("own.txt", Change::Added)];
    assert_eq!(files(&whole), want);
}

#[tokio::test]
async fn a_branch_is_asked_about_by_the_name_that_git_gave_it_however_that_looks() {
    let repository = Repository::new();
    repository.branch("dev", "main", "dev.txt");
    for name in
        ["zero\u{200b}width".to_owned(), "x".repeat(220), "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".to_owned()]
    {
        repository.branch(&name, "dev", "own.txt");
        repository.git(&["branch", "-q", "--set-upstream-to", "dev"]);
        let whole = repository.diff(Against::Base).await;
        assert_eq!((files(&whole), base(&whole)), (vec![("own.txt", Change::Added)], ("dev", 1)), "{name:?}");
    }
    // And what it follows.
    let long = format!("\u{2060}{}", "y".repeat(220));
    repository.branch(&long, "dev", "more.txt");
    repository.branch("feat", &long, "own.txt");
    repository.git(&["branch", "-q", "--set-upstream-to", &long]);
    let whole = repository.diff(Against::Base).await;
    assert_eq!(files(&whole), [("own.txt", Change::Added)]);
    let shown = base(&whole).0;
    assert!(shown.starts_with('y') && shown.chars().count() == 200, "only what is shown is cleaned: {shown}");
}

#[tokio::test]
async fn of_main_branches_that_are_too_far_to_be_counted_the_one_that_was_left_last_is_the_base() {
    let repository = Repository::new();
    let many = base::MOST_COMMITS + 200;
    let commit = "commit refs/heads/feat\ncommitter t <t@example.org> 1 +0000\ndata 0\n";
    let text: String = (0..many)
        .map(|at| if at == 0 { format!("{commit}from refs/heads/main\n") } else { commit.to_owned() })
        .collect();
    assert!(repository.tell(&["fast-import", "--quiet"], &text));
    repository.git(&["switch", "-q", "feat"]);
    repository.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    let began = async |master: &str, origin: &str| {
        repository.git(&["update-ref", "refs/heads/master", master]);
        repository.git(&["update-ref", "refs/remotes/origin/main", origin]);
        base(&repository.diff(Against::Commit).await).0.to_owned()
    };
    let (near, nearer) = (format!("feat~{}", many - 10), format!("feat~{}", many - 20));
    assert_eq!(began("main", &near).await, "origin/main", "those that are here were left earlier");
    assert_eq!(began(&nearer, &near).await, "master");
    assert_eq!(began("main", "main").await, "main", "the first of those that were left at once");
    let counted = format!("feat~{}", base::MOST_COMMITS - 1);
    assert_eq!(began(&near, &counted).await, "origin/main");
}

//! The gate, with real git: a bare remote, a clone that works, and what comes in between.

mod authors;
mod files;
mod kills;
mod merges;
mod pipeline;
mod refusals;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use mosaic_tui::fleet::gate::{Fault, Finding};
use mosaic_tui::fleet::pause;
use serde_json::Value;

use crate::harness::{Answer, Sandbox, answer, program};

/// What is wrong with a file, as a refusal tells it.
pub(super) fn finding(path: &str, line: Option<usize>, fault: Fault) -> String {
    Finding { path: path.to_owned(), line, fault }.to_string()
}

/// A repository with a remote, and a fleet's home.
pub(super) struct Yard {
    pub(super) sandbox: Sandbox,
}

impl Yard {
    /// A clone of a bare remote, with one commit on `main`.
    pub(super) fn new() -> Self {
        let yard = Self { sandbox: Sandbox::new() };
        yard.git("", &["init", "--quiet", "--bare", "-b", "main", "remote.git"]);
        yard.git("", &["clone", "--quiet", "remote.git", "repo"]);
        yard.first_commit();
        yard.git("repo", &["push", "--quiet", "origin", "main"]);
        yard
    }

    /// A repository without a remote.
    pub(super) fn alone() -> Self {
        let yard = Self { sandbox: Sandbox::new() };
        yard.git("", &["init", "--quiet", "-b", "main", "repo"]);
        yard.first_commit();
        yard
    }

    fn first_commit(&self) {
        self.git("repo", &["checkout", "--quiet", "-B", "main"]);
        self.write("repo/base.txt", "one\ntwo\nthree\n");
        self.commit("repo", "Begin", "founder");
        // What CI is, each test says; this one is fine with everything.
        self.ci("true");
        let agents = ["code0", "code1", "review0", "review1", "review2", "gate0"];
        let entries: String = agents.map(|name| format!("- {{name: {name}, runtime: stub}}\n")).concat();
        self.sandbox.write_roster(&format!("version: 1\nagents:\n{entries}"));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.sandbox.root.join("w").join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn git_command(&self, folder: &str, args: &[&str]) -> Command {
        let mut command = self.sandbox.command("git");
        command.current_dir(self.path(folder)).args(args);
        command
    }

    /// What git answers, which must succeed.
    pub(super) fn git(&self, folder: &str, args: &[&str]) -> String {
        let answer = answer(&mut self.git_command(folder, args));
        assert_eq!(answer.code, 0, "git {args:?}: {answer:?}");
        answer.stdout.trim_end().to_owned()
    }

    /// Commits everything as somebody; the commit.
    pub(super) fn commit(&self, folder: &str, message: &str, author: &str) -> String {
        self.commit_as(folder, message, author, &format!("{author}@example.com"))
    }

    /// The same with an address.
    pub(super) fn commit_as(&self, folder: &str, message: &str, author: &str, email: &str) -> String {
        self.git(folder, &["add", "--all"]);
        let name = format!("user.name={author}");
        let email = format!("user.email={email}");
        self.git(folder, &["-c", &name, "-c", &email, "commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(folder, &["rev-parse", "HEAD"])
    }

    /// A branch off `main` in which a file has a text; its commit.
    pub(super) fn branch(&self, name: &str, file: &str, text: &str, author: &str) -> String {
        self.git("repo", &["checkout", "--quiet", "-b", name, "main"]);
        self.write(&format!("repo/{file}"), text);
        let commit = self.commit("repo", &format!("Write {file}"), author);
        self.git("repo", &["checkout", "--quiet", "main"]);
        commit
    }

    /// CI is a shell script from now on.
    pub(super) fn ci(&self, script: &str) {
        self.settings(&format!("ci: {{command: [sh, -c, {}], timeout: 60}}", Value::from(script)));
    }

    pub(super) fn settings(&self, text: &str) {
        let path = self.sandbox.home().join("fleet/gate.yaml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("version: 1\n{text}\n")).unwrap();
    }

    /// The gate in the clone, as an agent or the operator.
    pub(super) fn gate_as(&self, agent: &str, args: &[&str]) -> Answer {
        let mut command = self.gate_command(args);
        if !agent.is_empty() {
            command.env("MOSAIC_AGENT_NAME", agent);
        }
        answer(&mut command)
    }

    pub(super) fn gate_command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(program());
        command.arg("gate").args(args).current_dir(self.path("repo"));
        command
    }

    /// The gate as somebody whom git knows so: an agent, or the operator.
    pub(super) fn gate_signed(&self, agent: &str, (name, email): (&str, &str), args: &[&str]) -> Answer {
        let mut command = self.gate_command(args);
        if !agent.is_empty() {
            command.env("MOSAIC_AGENT_NAME", agent);
        }
        answer(command.env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", email))
    }

    pub(super) fn merge(&self, branch: &str) -> Answer {
        self.gate_as("gate0", &["merge", "--branch", branch, "--json"])
    }

    /// Starts a merge that a test does not wait for here.
    pub(super) fn begin_merge(&self, branch: &str) -> Child {
        let mut command = self.gate_command(&["merge", "--branch", branch, "--json"]);
        command.env("MOSAIC_AGENT_NAME", "gate0").stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    pub(super) fn approve(&self, branch: &str) {
        let approved = self.gate_as("review0", &["review", "--branch", branch, "--approve"]);
        assert_eq!(approved.code, 0, "{approved:?}");
    }

    /// The remote's main branch, or that of a repository without one.
    pub(super) fn main(&self) -> String {
        let folder = if self.path("remote.git").exists() { "remote.git" } else { "repo" };
        self.git(folder, &["rev-parse", "main"])
    }

    /// A merge that must be refused: the main branch stays, and the error says why.
    pub(super) fn refused(&self, branch: &str, evidence: &str) -> Answer {
        let before = self.main();
        let answer = self.merge(branch);
        assert_eq!(answer.code, 4, "{answer:?}");
        assert!(answer.stderr.contains(evidence), "{evidence} not in {}", answer.stderr);
        assert!(answer.stderr.contains("; ") && answer.stdout.is_empty(), "a next step, and no answer: {answer:?}");
        assert_eq!(self.main(), before, "the main branch is as it was");
        self.assert_swept();
        answer
    }

    /// The pause that is in force, as a refusal tells it.
    pub(super) fn paused(&self) -> String {
        pause::read(&self.sandbox.home()).unwrap().words()
    }

    /// A merge that must succeed; what it answers.
    pub(super) fn merged(&self, branch: &str) -> Value {
        let answer = self.merge(branch);
        assert_eq!(answer.code, 0, "{answer:?}");
        let json = answer.json();
        assert_eq!(json["merged"], self.main());
        self.assert_swept();
        json
    }

    /// Nothing of a gate is left: no checkout, no record of one, no ticket.
    pub(super) fn assert_swept(&self) {
        assert_eq!(self.git("repo", &["worktree", "list"]).lines().count(), 1);
        let folders = ["repo/.git/worktrees", "repo/.git/mosaic-gate"].map(|folder| self.path(folder));
        let of_home = [self.sandbox.home().join("worktrees/_gate")];
        for folder in folders.iter().chain(&of_home) {
            let left: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            let left: Vec<_> = left.iter().filter(|path| !path.ends_with("desk.lock")).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }

    /// Events of the gate: what, and what became of it.
    pub(super) fn events(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.sandbox.events("gate").iter().map(|event| (text(&event["what"]), text(&event["outcome"]))).collect()
    }
}

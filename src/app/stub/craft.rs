//! The stub at work on a card that it was briefed with: it reads the card, makes a small real change on a branch, reviews,
//! merges or plans, all by the commands that any agent has, and says what it ran.
//!
//! Words in a card's text choose how it goes: `stub: fail`, `stub: stuck`, `stub: reject` (its first review; `stub: reject 3`
//! its first three), `stub: cards 3` (how many cards a goal becomes).

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use super::desk::Held;
use crate::fleet::os::exec::{self, Errand, Output};

/// Longest time for one command: a merge waits for its turn and its CI.
const LIMIT: Duration = Duration::from_secs(3600);

/// Cards that a goal becomes where nothing else is said.
const CARDS: usize = 1;

/// Most cards that a goal becomes.
const MAX_CARDS: usize = 20;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Errands {
    /// The card, with the token of its claim.
    pub held: Held,
    /// Who works.
    pub agent: String,
    /// This program.
    pub program: PathBuf,
    /// Where it works.
    pub folder: PathBuf,
    /// Whether what it was stuck with was answered.
    pub answered: bool,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Went {
    /// It is through with the card; what it ran, and what that answered.
    Through(Vec<String>),
    /// It waits for an answer to this.
    Stuck(String),
}

/// What kind of work a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plan,
    Write,
    Review,
    Merge,
}

/// What a card says to whoever works on it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Task {
    id: String,
    title: String,
    kind: Kind,
    branch: String,
    goal: String,
    phase: String,
    rounds: i64,
    words: Vec<String>,
}

impl Task {
    /// Reads the answer of `backlog show --json`.
    fn read(answer: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(answer).ok()?;
        let card = &value["card"];
        let text = |name: &str| card[name].as_str().unwrap_or_default().to_owned();
        let key = text("idempotency_key");
        let goal = key.strip_prefix("goal:").map(str::to_owned);
        let kind = match (text("stage").as_str(), text("assignee").as_str()) {
            ("review", _) | ("", "review") => Kind::Review,
            ("gate", _) | ("", "merge-gate") => Kind::Merge,
            _ if goal.is_some() => Kind::Plan,
            _ => Kind::Write,
        };
        let id = Some(text("id")).filter(|id| !id.is_empty())?;
        let branch = match text("branch") {
            branch if branch.is_empty() => format!("code/{id}"),
            branch => branch,
        };
        let body = text("body");
        let words =
            body.lines().filter_map(|line| line.trim().strip_prefix("stub: ")).map(|word| word.trim().to_owned());
        Some(Self {
            title: text("title"),
            kind,
            branch,
            goal: goal.unwrap_or_default(),
            phase: text("phase"),
            rounds: card["rounds"].as_i64().unwrap_or(0),
            words: words.collect(),
            id,
        })
    }

    fn says(&self, word: &str) -> bool {
        self.words.iter().any(|said| said == word)
    }

    /// How many of its first reviews reject it.
    fn rejections(&self) -> i64 {
        let said = self.words.iter().find_map(|word| word.strip_prefix("reject ")?.trim().parse().ok());
        said.unwrap_or(i64::from(self.says("reject")))
    }

    /// How many cards a goal becomes.
    fn cards(&self) -> usize {
        let said = self.words.iter().find_map(|word| word.strip_prefix("cards ")?.trim().parse().ok());
        said.unwrap_or(CARDS).clamp(1, MAX_CARDS)
    }
}

/// A command that did not succeed, in its words.
struct Failed(String);

/// Works on the card to its end; `None` when nobody waits for the answer any more, and what ran then is ended.
pub(super) fn work(errands: &Errands, asked: &mut oneshot::Sender<Went>) -> Option<Went> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Some(Went::Through(vec![format!("cannot run anything: {error}")])),
    };
    let mut hand = Hand { errands, asked, runtime, said: Vec::new() };
    let went = hand.work();
    if hand.asked.is_closed() {
        return None;
    }
    Some(match went {
        Ok(Some(question)) => Went::Stuck(question),
        Ok(None) => Went::Through(hand.said),
        Err(Failed(why)) => {
            hand.said.push(why.clone());
            hand.give_up(&why);
            Went::Through(hand.said)
        }
    })
}

struct Hand<'a> {
    errands: &'a Errands,
    /// Where the answer goes.
    asked: &'a mut oneshot::Sender<Went>,
    runtime: tokio::runtime::Runtime,
    said: Vec<String>,
}

impl Hand<'_> {
    fn token(&self) -> String {
        self.errands.held.token.to_string()
    }

    /// Runs a command in a folder and says so; its standard output.
    fn run(&mut self, program: &Path, shown: &str, folder: &Path, args: &[&str]) -> Result<String, Failed> {
        let words: Vec<OsString> = args.iter().map(OsString::from).collect();
        let identity = format!("{}@agents.example", self.errands.agent);
        let agent = self.errands.agent.as_str();
        // An agent's commits are its own.
        let env: [(&str, OsString); 4] = [
            ("GIT_AUTHOR_NAME", agent.into()),
            ("GIT_AUTHOR_EMAIL", identity.clone().into()),
            ("GIT_COMMITTER_NAME", agent.into()),
            ("GIT_COMMITTER_EMAIL", identity.into()),
        ];
        // All of its environment, as any agent's commands have it: who it is stands there.
        let errand = Errand { program, args: &words, folder, inherits: |_| true, env: &env };
        self.said.push(format!("$ {shown} {}", args.join(" ")));
        let asked = &mut *self.asked;
        let ran = self.runtime.block_on(async {
            tokio::select! {
                // An interruption first, else a command that ended in the same instant would begin the next.
                biased;
                () = asked.closed() => None,
                ran = errand.run(&[], LIMIT) => Some(ran),
            }
        });
        let Some(ran) = ran else { return Err(Failed("interrupted".to_owned())) };
        let Output { status, stdout, stderr } =
            ran.map_err(|error| Failed(exec::explain(shown, &error).to_string()))?;
        let answer = String::from_utf8_lossy(&stdout).trim().to_owned();
        if status.success() {
            return Ok(answer);
        }
        let last = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed without a word");
        Err(Failed(last.to_owned()))
    }

    fn mosaic(&mut self, args: &[&str]) -> Result<String, Failed> {
        let Errands { program, folder, .. } = self.errands;
        let answer = self.run(program, "mosaic-tui", folder, args)?;
        // Answers for programs are as long as a page.
        if !args.contains(&"--json") {
            self.said.extend(answer.lines().map(str::to_owned));
        }
        Ok(answer)
    }

    fn git(&mut self, folder: &Path, args: &[&str]) -> Result<String, Failed> {
        self.run(Path::new("git"), "git", folder, args)
    }

    /// The card's work; a question, where it is stuck with it.
    fn work(&mut self) -> Result<Option<String>, Failed> {
        let id = self.errands.held.id.to_string();
        let token = self.token();
        let shown = self.mosaic(&["backlog", "show", &id, "--json"])?;
        let task = Task::read(&shown).ok_or_else(|| Failed(format!("{id} cannot be read")))?;
        if task.says("stuck") && task.kind == Kind::Write && !self.errands.answered {
            return Ok(Some(format!("May I go on with {id}?")));
        }
        let owner = self.errands.agent.as_str();
        // Before the work: a claim that is lost shows here, and not behind an hour of it.
        self.mosaic(&["backlog", "renew", "--id", &id, "--owner", owner, "--token", &token])?;
        match task.kind {
            Kind::Write if task.says("fail") => return Err(Failed("two tests fail on this branch".to_owned())),
            Kind::Write => self.write(&task)?,
            Kind::Plan => self.plan(&task)?,
            Kind::Review => self.review(&task)?,
            Kind::Merge => {
                self.merge(&task);
                return Ok(None);
            }
        }
        self.mosaic(&["backlog", "complete", "--id", &id, "--token", &token])?;
        Ok(None)
    }

    /// A small real change, committed on a branch of its own.
    fn write(&mut self, task: &Task) -> Result<(), Failed> {
        let repository = &self.errands.folder;
        let on = self.git(repository, &["rev-parse", "--abbrev-ref", "HEAD"])?;
        // A work tree that was made for the card is the place; else it makes itself one.
        let tree = (on != task.branch).then(|| self.tree(repository, task)).transpose()?;
        let folder = tree.as_deref().unwrap_or(repository).to_owned();
        let name = format!("notes/{}.md", task.id);
        let note = format!("# {}\n\nWritten by {}, round {}.\n", task.title, self.errands.agent, task.rounds);
        let path = folder.join(&name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| {
            use std::io::Write;
            std::fs::File::create(&path)?.write_all(note.as_bytes())
        });
        written.map_err(|error| Failed(format!("{}: {error}", path.display())))?;
        self.git(&folder, &["add", "--", &name])?;
        // Whoever had the card before may have come so far.
        if self.git(&folder, &["diff", "--cached", "--quiet"]).is_err() {
            self.git(&folder, &["commit", "--quiet", "--message", &task.title])?;
        }
        if let Some(tree) = tree {
            self.git(repository, &["worktree", "remove", "--force", &tree.to_string_lossy()])?;
        }
        self.mosaic(&["backlog", "edit", &task.id, "--branch", &task.branch])?;
        Ok(())
    }

    fn tree(&mut self, repository: &Path, task: &Task) -> Result<PathBuf, Failed> {
        let name = format!("{}-{}", self.errands.agent, task.id);
        let tree = repository.with_file_name("trees").join(name);
        let shown = tree.to_string_lossy().into_owned();
        let branch = format!("refs/heads/{}", task.branch);
        let is_there = self.git(repository, &["rev-parse", "--verify", "--quiet", &branch]).is_ok();
        if tree.exists() {
            // Left by an attempt that was broken off.
            self.git(repository, &["worktree", "remove", "--force", &shown])?;
        }
        match is_there {
            true => self.git(repository, &["worktree", "add", "--quiet", "--force", &shown, &task.branch])?,
            false => self.git(repository, &["worktree", "add", "--quiet", "-b", &task.branch, &shown, "main"])?,
        };
        Ok(tree)
    }

    fn plan(&mut self, task: &Task) -> Result<(), Failed> {
        for at in 1..=task.cards() {
            let (id, key) = (format!("{}-{at}", task.goal), format!("plan:{}:{at}", task.goal));
            let title = match task.cards() {
                1 => Cow::Borrowed(&task.title),
                cards => Cow::Owned(format!("{} ({at} of {cards})", task.title)),
            };
            let branch = format!("code/{id}");
            // What the goal's text says of how it goes is meant for its work.
            let words = task.words.iter().filter(|word| !word.starts_with("cards "));
            let body = words.map(|word| format!("stub: {word}\n")).collect::<String>();
            let mut args = vec!["backlog", "create", "--id", &id, "--title", &title, "--assignee", "code"];
            args.extend(["--goal", &task.goal, "--branch", &branch, "--idempotency-key", &key]);
            if !body.is_empty() {
                args.extend(["--body", &body]);
            }
            if !task.phase.is_empty() {
                args.extend(["--phase", &task.phase]);
            }
            self.mosaic(&args)?;
        }
        Ok(())
    }

    fn review(&mut self, task: &Task) -> Result<(), Failed> {
        let mut args = vec!["gate", "review", "--branch", &task.branch, "--card", &task.id];
        if task.rounds < task.rejections() {
            args.extend(["--reject", "--note", "say in the first line what it is for"]);
        } else {
            args.extend(["--approve", "--note", "read it line by line"]);
        }
        self.mosaic(&args).map(drop)
    }

    /// The gate completes the card or gives it back to its author; what neither of them can mend parks it.
    fn merge(&mut self, task: &Task) {
        let Err(Failed(why)) = self.mosaic(&["gate", "merge", "--branch", &task.branch, "--card", &task.id]) else {
            return;
        };
        self.said.push(why.clone());
        let now = self.mosaic(&["backlog", "show", &task.id, "--json"]);
        // The gate may have sent the card back already; then it is its author's, and nothing
        // is left to give up.
        let still_here = now.ok().and_then(|shown| Task::read(&shown)).is_some_and(|now| now.kind == Kind::Merge);
        if still_here {
            self.give_up(&why);
        }
    }

    /// Parks the card with the reason.
    fn give_up(&mut self, why: &str) {
        let (id, token) = (self.errands.held.id.to_string(), self.token());
        let why: String = why.chars().filter(|c| !c.is_control()).take(300).collect();
        if let Err(Failed(why)) = self.mosaic(&["backlog", "block", "--id", &id, "--token", &token, "--reason", &why]) {
            self.said.push(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(card: &Value) -> Task {
        Task::read(&serde_json::json!({ "card": card }).to_string()).unwrap()
    }

    #[test]
    fn what_a_card_asks_for_is_read_from_its_stage_its_class_and_its_words() {
        for (stage, class, key, want) in [
            ("", "code", "", Kind::Write),
            ("code", "code", "", Kind::Write),
            ("review", "review", "", Kind::Review),
            ("gate", "merge-gate", "", Kind::Merge),
            ("", "planner", "goal:G1", Kind::Plan),
            ("", "", "", Kind::Write),
        ] {
            let card = serde_json::json!({"id": "A1", "stage": stage, "assignee": class, "idempotency_key": key});
            assert_eq!(task(&card).kind, want, "{stage} {class}");
        }
        let body = "Text.\n\nstub: reject\n stub: cards 3 \nnot stub: fail";
        let one = task(&serde_json::json!({"id": "A1", "body": body, "rounds": 2}));
        assert!(one.rejections() == 1 && !one.says("fail"));
        let thrice = task(&serde_json::json!({"id": "A1", "body": "stub: reject 3"}));
        assert_eq!((thrice.rejections(), task(&serde_json::json!({"id": "A1"})).rejections()), (3, 0));
        assert_eq!((one.cards(), one.branch.as_str(), one.rounds), (3, "code/A1", 2));
        assert_eq!(task(&serde_json::json!({"id": "A1", "branch": "b"})).branch, "b");
        for nothing in ["null", "{}", "no json"] {
            assert_eq!(Task::read(nothing), None, "{nothing}");
        }
    }
}

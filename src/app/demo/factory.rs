//! A demo that works by itself: a repository, three goals, and a fleet that turns them into commits of its main branch.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::place::Place;
use super::roster::quoted;
use crate::app::action::north_star::NorthStarAction;
use crate::app::action::registry::Door;
use crate::app::perform::factory;
use crate::app::perform::output::Console;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::model::Thresholds;
use crate::fleet::os::exec::{self, Errand};

/// Its agents are silent between two cards only for a moment.
pub(super) const THRESHOLDS: Thresholds =
    Thresholds { heartbeat_interval: Duration::from_secs(5), idle: Duration::from_secs(2) };

/// Longest time for a command that sets it up.
const LIMIT: Duration = Duration::from_secs(20);

/// Name and class of each agent.
const AGENTS: [(&str, &str); 7] = [
    ("orchestrator", "orchestrator"),
    ("enhancer", "enhancer"),
    ("planner", "planner"),
    ("code0", "code"),
    ("code1", "code"),
    ("review", "review"),
    ("gate", "merge-gate"),
];

/// What the fleet is for.
const NORTH_STAR: &str = "version: 1\n\
    mission: A notebook in which everything is read by two before it counts.\n\
    goals:\n\
    \x20 - {id: G1, title: Say what the notebook is for, phase: 1, priority: must-have}\n\
    \x20 - {id: G2, title: Say how a note is written, phase: 1, priority: should-have, depends_on: [G1]}\n\
    \x20 - {id: G3, title: Say who reads the notes, phase: 1, priority: could-have}\n";

/// Every note begins with a heading.
const CI: &str = "#!/bin/sh\nset -eu\nfor note in notes/*.md; do\n    head -n 1 \"$note\" | grep -q '^# ' || { echo \
                  \"$note has no heading\"; exit 1; }\ndone\necho \"all notes have a heading\"\n";

/// The roster's text.
pub(super) fn roster(socket: &str, work: &Path) -> String {
    let mut text = format!(
        "# The roster of a demo; it goes with the demo.\nversion: 1\ntransport: tmux\n\
         tmux: {{socket_name: {socket}, holder_session: _holder}}\n\
         pipeline: software-delivery\nsupervise: {{enabled: true, interval: 2}}\n\
         defaults: {{working_directory: {}, runtime: stub, window_size: 120x36}}\nagents:\n",
        quoted(&work.to_string_lossy())
    );
    for (name, class) in AGENTS {
        text.push_str(&format!(
            "  - name: {name}\n    class: {class}\n    env: {{DATABASE_URL: '', MOSAIC_BACKLOG_DIR: '', MOSAIC_STUB_SCRIPT: 'pace 2'}}\n"
        ));
    }
    text
}

/// Makes the repository, the goals and their cards.
pub(super) async fn prepare(place: &Place, site: &Site) -> Result<()> {
    let work = place.folder.join("work");
    place.write("work/README.md", "# Notes\n\nOne file a note, in `notes`.\n")?;
    place.write("work/.ci/run", CI)?;
    place.write("home/fleet/gate.yaml", "version: 1\nci: {command: [sh, .ci/run], timeout: 60}\n")?;
    place.write("home/fleet/NORTH_STAR.yaml", NORTH_STAR)?;
    for words in [&["init", "--quiet", "-b", "main"][..], &["add", "--all"], &["commit", "--quiet", "-m", "Begin"]] {
        git(&work, words).await?;
    }
    let console = Console { width: 80, owned: false, door: Door::Shell };
    factory::north_star(site, &NorthStarAction::Sync { dry_run: false }, console).map(drop)
}

async fn git(folder: &Path, words: &[&str]) -> Result<()> {
    let args: Vec<OsString> = words.iter().map(OsString::from).collect();
    let env: [(&str, OsString); 6] = [
        // A demo has to work for whoever signs commits or has hooks by default.
        ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_AUTHOR_NAME", "demo".into()),
        ("GIT_AUTHOR_EMAIL", "demo@agents.example".into()),
        ("GIT_COMMITTER_NAME", "demo".into()),
        ("GIT_COMMITTER_EMAIL", "demo@agents.example".into()),
    ];
    let inherits = |name: &str| !name.starts_with("GIT_");
    let errand = Errand { program: Path::new("git"), args: &args, folder, inherits, env: &env };
    let done = errand.run(&[], LIMIT).await.map_err(|error| exec::explain("git", &error))?;
    if done.status.success() {
        return Ok(());
    }
    let why = done.stderr.lines().last().unwrap_or("failed without a word").to_owned();
    Err(Failure::failed(format!("git {}", words.join(" ")), why, "a demo of the factory needs a git that works"))
}

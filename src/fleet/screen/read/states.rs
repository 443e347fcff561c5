//! Every state of the real programs that was recorded, at every size and version, against what is told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{ScreenState, rules_for};
use super::tests::screen_of;
use super::{Label, PaintedRow, ScreenFacts, read};
use crate::fleet::home::Site;
use crate::fleet::model::{Authority, HeartbeatStatus, Readiness, Thresholds};
use crate::fleet::readiness::{HeartbeatInput, Inputs, PaneState, ScreenInput, decide};

/// What is the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// It can be given work.
    Rests,
    /// A turn is in progress.
    Works,
    /// Nothing goes on until somebody does something.
    Needs,
    /// Somebody is typing or choosing.
    Keys,
}

use Truth::{Keys, Needs, Rests, Works};

const STATES: [(&str, &str, Truth); 89] = [
    ("idle", "started, nothing was said", Rests),
    ("idle-after", "a turn ended", Rests),
    ("idle-auto", "started in its mode that asks seldom", Rests),
    ("idle-named", "started with a name", Rests),
    ("idle-named-after", "the same, and a turn ended", Rests),
    ("idle-after-shell", "a command of its shell mode ended", Rests),
    ("cleared", "a new conversation was begun", Rests),
    ("compacted", "its conversation was summed up", Rests),
    ("todos", "its list of tasks was asked for", Rests),
    ("accept-edits-mode", "it edits files without asking", Rests),
    ("bypass-mode", "it does all without asking", Rests),
    ("ctrl-c-once", "it says which key ends it", Rests),
    ("still-idle", "a turn ended, animations off", Rests),
    ("shortcuts", "help stands above the composer", Rests),
    ("plan-mode", "the composer plans, and takes messages", Rests),
    ("interrupted", "a turn was broken off", Rests),
    ("permission-refused", "a command was refused", Rests),
    ("question-escaped", "a question was dismissed", Rests),
    ("err-auth-queued", "after an error of the login a later turn succeeded", Rests),
    ("busy", "an answer is being written", Works),
    ("busy-think", "nothing is written yet", Works),
    ("busy-hangmid", "an answer stands still in its middle", Works),
    ("busy-draft", "an answer is being written, a draft stands there", Works),
    ("busy-queued", "a message waits for the end of the turn", Works),
    ("busy-queued-two", "two messages wait for the end of the turn", Works),
    ("busy-draft-back", "messages that waited were taken back into the composer", Works),
    ("busy-tool", "a command runs", Works),
    ("busy-shell", "a command of its shell mode runs", Works),
    ("busy-compact", "its conversation is being summed up", Works),
    ("still-busy", "an answer is being written, animations off", Works),
    ("still-busy-think", "nothing is written yet, animations off", Works),
    ("still-busy-draft", "the same with a draft", Works),
    ("still-hangmid", "an answer stands still in its middle, animations off", Works),
    ("draft", "half a sentence stands in the composer", Keys),
    ("draft-spaces", "blanks stand in the composer", Keys),
    ("draft-lines", "empty lines stand in the composer", Keys),
    ("draft-rule", "a rule was typed", Keys),
    ("draft-at-word", "`@` and a word were typed", Keys),
    ("draft-backslash", "a text that ends in a backslash was typed", Keys),
    ("draft-3-lines", "three lines were pasted", Keys),
    ("draft-200-lines", "two hundred lines were pasted", Keys),
    ("draft-long", "a long line was pasted", Keys),
    ("draft-hash", "`#` and a word were typed", Keys),
    ("draft-dollar", "`$` was typed", Keys),
    ("draft-came-back", "a message was broken off while the model failed, and came back", Keys),
    ("popup-slash-word", "the list of commands is open behind a word", Keys),
    ("popup-slash", "the list of commands is open", Keys),
    ("popup-mention", "the list behind `@` is open", Keys),
    ("popup-dollar", "the list behind `$` is open", Keys),
    ("mode-shell", "the composer is in shell mode", Keys),
    ("mode-shell-draft", "a command stands in it", Keys),
    ("picker-model", "a choice of models", Keys),
    ("picker-permissions", "a choice of permissions", Keys),
    ("picker-resume", "a choice of conversations", Keys),
    ("picker-theme", "a choice of themes", Keys),
    ("picker-settings", "a list of settings", Keys),
    ("picker-tree", "the tree of a conversation", Keys),
    ("picker-login", "a choice of logins", Keys),
    ("picker-memory", "a choice of files of memory", Keys),
    ("picker-hooks", "the list of hooks", Keys),
    ("picker-effort", "a choice of effort", Keys),
    ("picker-help", "its help is open", Keys),
    ("picker-status", "its status is open", Keys),
    ("picker-export", "a choice of where to export", Keys),
    ("picker-agents", "a choice of agents", Keys),
    ("picker-connect", "a choice of providers", Keys),
    ("palette", "the list of all commands", Keys),
    ("history-search", "a search of what was typed before", Keys),
    ("agents-view", "the list of conversations", Keys),
    ("agents-view-draft", "the same, and a task for another session was typed", Keys),
    ("browse", "the transcript is open", Keys),
    ("permission-amend", "somebody writes behind a choice of a question", Keys),
    ("permission", "it asks before it runs a command", Needs),
    ("permission-moved", "the same, and another choice is marked", Needs),
    ("permission-long", "it asks before it runs a long command", Needs),
    ("permission-edit", "it asks before it edits a file", Needs),
    ("permission-write", "it asks before it writes a file", Needs),
    ("permission-fetch", "it asks before it fetches a page", Needs),
    ("permission-plan", "it asks whether to begin with its plan", Needs),
    ("permission-always", "it asks whether to ask never again", Needs),
    ("question", "a tool asks a question", Needs),
    ("question-two", "a tool asks two questions", Needs),
    ("setup-trust", "it asks whether the folder is trusted", Needs),
    ("setup-key", "it asks whether a key may be used", Needs),
    ("setup-bypass", "it asks whether it may do all without asking", Needs),
    ("setup-mcp", "it asks whether a server of tools may be used", Needs),
    ("setup-bare", "no provider, model or trust is set up", Needs),
    ("setup-login", "nobody is logged in", Needs),
    ("setup-broken", "its configuration is not valid", Needs),
];

/// The same for errors of the model, which a runtime tells until a later turn succeeds.
const ERRORS: [(&str, &str); 23] = [
    ("err-auth", "the model answers 401"),
    ("err-limit", "the model answers 429"),
    ("err-limit-queued", "the same, and a message was sent"),
    ("err-over", "the model answers 503 or 529"),
    ("err-over-queued", "the same, and a message was sent"),
    ("err-fail", "the model answers 500"),
    ("err-dropnow", "the model's connection is closed at once"),
    ("err-dropnow-queued", "the same, and a message was sent"),
    ("err-auth-try", "the model answers 401, at its first try"),
    ("err-auth-try-queued", "the same after more tries, and a message waits"),
    ("err-auth-again", "the model answers 401 again"),
    ("err-limit-try", "the model answers 429, at its first try"),
    ("err-limit-try-queued", "the same after more tries, and a message waits"),
    ("err-limit-again", "the model answers 429 again"),
    ("err-over-try", "the model answers 503 or 529, at its first try"),
    ("err-over-again", "the model answers 503 or 529 again"),
    ("err-fail-try", "the model answers 500, at its first try"),
    ("err-fail-try-queued", "the same after more tries, and a message waits"),
    ("err-fail-again", "the model answers 500 again"),
    ("err-dropnow-try", "the model's connection is closed at once, at its first try"),
    ("err-dropnow-try-queued", "the same after more tries, and a message waits"),
    ("err-dropnow-again", "the model's connection is closed at once again"),
    ("err-dropmid", "the model's connection is closed in the middle of an answer"),
];

/// What is true of a state of one runtime, where that differs.
fn truth(runtime: &str, state: &str) -> Option<Truth> {
    match (runtime, state) {
        // Nothing of its screen tells of it: its connection ended as if the answer were whole.
        ("pi", "err-dropmid") => Some(Rests),
        // 1.18 begins the answer anew, again and again; 1.17 takes it as whole.
        ("opencode", "err-dropmid") => None,
        // It asks once more, for the answer at one go.
        ("claude", "err-dropmid") => Some(Rests),
        ("claude", error) if error.starts_with("err-") => Some(Needs),
        // It tries a few times by itself, and the next message is a new turn that succeeds.
        ("codex", queued) if queued.starts_with("err-") && queued.ends_with("-queued") => Some(Rests),
        _ if state.starts_with("err-") && !state.contains("auth-") => Some(Needs),
        _ => STATES.iter().find(|(name, ..)| *name == state).map(|(.., truth)| *truth),
    }
}

/// What is told of a runtime whose keeper's heartbeat is fresh and whose pane has been silent for so long.
fn told(facts: &ScreenFacts, idle: u64) -> (Readiness, String) {
    let heartbeat = HeartbeatInput {
        age: Duration::from_secs(1),
        status: HeartbeatStatus::Ok,
        detail: None,
        by: Authority::Keeper,
        output_after_report: None,
        keeps_telling: false,
    };
    let inputs = Inputs {
        pane: PaneState::Live,
        heartbeat: Ok(heartbeat),
        idle: Some(Duration::from_secs(idle)),
        screen: ScreenInput::Shows(facts.state, facts.reason.clone()),
    };
    let decision = decide(&inputs, &Thresholds::default());
    (decision.readiness, decision.reason.to_string())
}

/// A screen: title, cursor, rows.
type Screen = (String, (u16, u16), Vec<PaintedRow>);

/// Every recording: its runtime, version and size, its state, and its screen.
pub(super) fn screens() -> Vec<(String, String, Screen)> {
    let mut all = Vec::new();
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/screens"));
    let entries = |path: &Path| {
        let mut entries: Vec<PathBuf> = path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    };
    for folder in entries(&root) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        if !name.contains('-') {
            continue;
        }
        for file in entries(&folder) {
            let size = file.file_stem().unwrap().to_str().unwrap();
            for section in std::fs::read_to_string(&file).unwrap().split("== ").skip(1) {
                let (state, screen) = section.split_once('\n').unwrap();
                all.push((format!("{name} {size}"), state.to_owned(), screen_of(screen)));
            }
        }
    }
    all
}

/// The runtime of a recording; its version holds no `-`.
pub(super) fn runtime_of(recording: &str) -> &str {
    recording.split(' ').next().and_then(|folder| folder.rsplit_once('-')).unwrap().0
}

/// The runtimes that have recordings.
pub(super) fn runtimes(all: &[(String, String, Screen)]) -> BTreeSet<&str> {
    all.iter().map(|(recording, ..)| runtime_of(recording)).collect()
}

/// Every recording, and what is read of it.
fn recordings() -> Vec<(String, String, ScreenFacts)> {
    let rules = |recording: &str| rules_for(&Site::for_tests("/nowhere"), runtime_of(recording)).unwrap().unwrap();
    let read_of = |(recording, state, (title, cursor, rows)): (String, String, Screen)| {
        let facts = read(&rules(&recording), &rows, cursor, &Label::new(&title));
        (recording, state, facts)
    };
    screens().into_iter().map(read_of).collect()
}

#[test]
fn every_recorded_state_is_told_as_it_is() {
    let mut wrong = String::new();
    let all = recordings();
    assert!(all.len() > 900, "{} recordings", all.len());
    for (recording, state, facts) in &all {
        let runtime = runtime_of(recording);
        let (readiness, reason) = told(facts, 20);
        let is_named = STATES.iter().any(|(name, ..)| name == state) || ERRORS.iter().any(|(name, _)| name == state);
        let right = match truth(runtime, state) {
            // An error of which the screen alone need not tell; a misspelt name would hold nothing.
            None => is_named,
            Some(Rests) => readiness == Readiness::Available,
            Some(Works) => {
                readiness == Readiness::Working && matches!(facts.state, ScreenState::Busy | ScreenState::Queued)
            }
            Some(Needs) => readiness == Readiness::Stuck,
            Some(Keys) => {
                let later = told(facts, 9999).0;
                readiness == Readiness::Working
                    && later == Readiness::Stuck
                    && matches!(facts.state, ScreenState::Draft | ScreenState::Occupied)
            }
        };
        if !right {
            let _ = writeln!(wrong, "{recording} {state}: {readiness:?}, {:?}: {reason}", facts.state);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_table_of_states_is_as_generated() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/states.md");
    let text = table();
    if std::env::var_os("MOSAIC_UPDATE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text, "MOSAIC_UPDATE=1 rewrites it");
}

fn table() -> String {
    let mut cells: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (recording, state, facts) in recordings() {
        let (folder, size) = recording.split_once(' ').unwrap();
        let runtime = runtime_of(&recording);
        let (readiness, reason) = told(&facts, 20);
        // What the runtime says itself differs by size, where it is cut.
        let known = ["usage limit", "login needed", "model unavailable", "asks"];
        let reason = known
            .iter()
            .find(|known| reason.starts_with(&format!("{known}:")))
            .map_or(reason.clone(), |known| (*known).to_owned());
        let cell = format!("{}: {reason}", readiness.word());
        let told = cells.entry((state, runtime.to_owned())).or_default();
        if !told.contains(&cell) {
            told.push(cell);
        }
        let sizes = of.entry(format!("{runtime} {}", &folder[runtime.len() + 1..])).or_default();
        if !sizes.contains(&size.to_owned()) {
            sizes.push(size.to_owned());
        }
    }
    let mut text = String::from(
        "# What is told of a runtime's screen\n\nEvery state below was recorded from the real programs, with a model on \
         loopback, and is read by a test: the table is generated from what the test reads. An agent is `available` only where \
         it is at rest. Where somebody types or chooses it is `working`, and `stuck` once that was left for the idle \
         threshold. Where two things are told, the runtime's versions or its tries differ.\n\nRecorded:\n\n",
    );
    for (folder, sizes) in of {
        let _ = writeln!(text, "- {folder}: {}", sizes.join(", "));
    }
    let runtimes: BTreeSet<&str> = cells.keys().map(|(_, runtime)| runtime.as_str()).collect();
    let names: String = runtimes.iter().map(|name| format!(" {name} |")).collect();
    let _ = write!(text, "\n| What is true |{names}\n|{}\n", " --- |".repeat(runtimes.len() + 1));
    let states = STATES.iter().map(|(state, what, _)| (*state, *what)).chain(ERRORS);
    for (state, what) in states {
        let cell = |runtime: &str| {
            cells.get(&(state.to_owned(), runtime.to_owned())).map_or("".to_owned(), |told| told.join("; or "))
        };
        let cells: Vec<String> = runtimes.iter().map(|runtime| cell(runtime)).collect();
        let _ = writeln!(text, "| {what} | {} |", cells.join(" | "));
    }
    text
}

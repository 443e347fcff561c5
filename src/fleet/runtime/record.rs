//! One record for each runtime: a folder of `framework/runtime` and a line of [`SHIPPED`].

use std::sync::OnceLock;

use serde::Deserialize;

use super::events::EventRule;
use super::launch::Launch;
use super::own_state::OwnStateRules;
use super::usage::UsagePaths;
use crate::fleet::yaml;

/// What the program knows of a runtime.
const RECORD: &str = "runtime.yaml";

/// The rules of its screen.
const SCREEN: &str = "screen.yaml";

/// What an agent reads about the runtime that it lives in.
const GUIDE: &str = "RUNTIME.md";

/// The folder of one runtime, inside the program.
struct Shipped {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// A runtime's name, and the files of its folder.
macro_rules! shipped {
    ($name:literal: $($file:literal),+) => {
        Shipped {
            name: $name,
            files: &[$(($file, include_str!(concat!("../../../framework/runtime/", $name, "/", $file)))),+],
        }
    };
}

const SHIPPED: &[Shipped] = &[
    shipped!("claude": "runtime.yaml", "RUNTIME.md", "screen.yaml", "settings.json"),
    shipped!("codex": "runtime.yaml", "RUNTIME.md", "screen.yaml", "config.toml"),
    shipped!("opencode": "runtime.yaml", "RUNTIME.md", "screen.yaml", "mosaic-report.js"),
    shipped!("pi": "runtime.yaml", "RUNTIME.md", "screen.yaml", "mosaic-report.ts"),
    shipped!("stub": "runtime.yaml", "RUNTIME.md", "screen.yaml"),
];

/// `runtime.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    version: u32,
    /// npm package whose scripts run it: its process is then called `node`, and not as the runtime is.
    package: Option<String>,
    /// Command of this program that is the runtime. One without is a program of its own, of its own name.
    subcommand: Option<String>,
    /// What begins a new conversation.
    reset: String,
    /// Whether it asks before it acts, so that an unattended launch (`--yolo`) means something to it.
    #[serde(default = "asks_unless_told")]
    asks: bool,
    /// What the events say that its hooks hand over; the first rule that matches decides.
    #[serde(default)]
    events: Vec<EventRule>,
    /// Where the figures of use stand in what it hands over.
    usage: Option<UsagePaths>,
    /// The file in which it tells its own state.
    own_state: Option<OwnStateRules>,
    /// Its place among those that a fleet falls back to when its own is not installed, the lowest first.
    prefer: Option<u32>,
    /// How it is launched without a command of the roster.
    launch: Launch,
}

fn asks_unless_told() -> bool {
    true
}

/// What the program knows of one runtime.
#[derive(Debug)]
pub struct Runtime {
    /// Its name, which is its program's as well.
    pub name: &'static str,
    facts: Facts,
    files: &'static [(&'static str, &'static str)],
}

impl Shipped {
    fn read(&self) -> Result<Runtime, String> {
        let text = self.files.iter().find(|(file, _)| *file == RECORD).map_or("", |(_, text)| text);
        let facts: Facts = yaml::read(text)?;
        match facts.version {
            1 => Ok(Runtime { name: self.name, facts, files: self.files }),
            other => Err(format!("{}/{RECORD} has version {other}; expected 1", self.name)),
        }
    }
}

/// The record of a runtime by its place, read when it is first asked for: most fleets have one or two of them, and a look
/// from a shell reads them anew each time.
fn record(at: usize) -> Option<&'static Runtime> {
    static READ: [OnceLock<Option<Runtime>>; SHIPPED.len()] = [const { OnceLock::new() }; SHIPPED.len()];
    // Files that ship with the program are read in a test first.
    READ[at].get_or_init(|| SHIPPED[at].read().ok()).as_ref()
}

/// All runtimes known by name.
pub fn all() -> impl Iterator<Item = &'static Runtime> {
    (0..SHIPPED.len()).filter_map(record)
}

/// The runtimes that a fleet falls back to when its own is not installed, best first.
#[must_use]
pub fn preferred() -> Vec<&'static str> {
    let mut all: Vec<_> = all().filter_map(|runtime| Some((runtime.facts.prefer?, runtime.name))).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, name)| name).collect()
}

/// The runtime of that name, if it is known.
#[must_use]
pub fn find(name: &str) -> Option<&'static Runtime> {
    SHIPPED.iter().position(|shipped| shipped.name == name).and_then(record)
}

impl Runtime {
    /// npm package whose scripts run it, if it has one.
    #[must_use]
    pub fn package(&self) -> Option<&str> {
        self.facts.package.as_deref()
    }

    /// The command of this program that is the runtime; `None` for a program of its own.
    #[must_use]
    pub fn subcommand(&self) -> Option<&str> {
        self.facts.subcommand.as_deref()
    }

    /// What begins a new conversation.
    #[must_use]
    pub fn reset_command(&self) -> &str {
        &self.facts.reset
    }

    /// Whether it asks before it acts, so that an unattended launch (`--yolo`) means something to it.
    #[must_use]
    pub fn asks_before_acting(&self) -> bool {
        self.facts.asks
    }

    /// What the events say that its hooks hand over; none where it has no such hooks.
    #[must_use]
    pub fn events(&self) -> &[EventRule] {
        &self.facts.events
    }

    /// Where the figures of use stand in what it hands over; `None` where it hands none over.
    #[must_use]
    pub fn usage(&self) -> Option<&UsagePaths> {
        self.facts.usage.as_ref()
    }

    /// The file in which it tells its own state; `None` where it writes none.
    #[must_use]
    pub fn own_state(&self) -> Option<&OwnStateRules> {
        self.facts.own_state.as_ref()
    }

    /// How it is launched without a command of the roster.
    #[must_use]
    pub fn launch(&self) -> &Launch {
        &self.facts.launch
    }

    /// The rules of its screen.
    #[must_use]
    pub fn screen_rules(&self) -> Option<&'static str> {
        self.file(SCREEN)
    }

    /// What an agent reads about the runtime that it lives in.
    #[must_use]
    pub fn guide(&self) -> Option<&'static str> {
        self.file(GUIDE)
    }

    fn file(&self, name: &str) -> Option<&'static str> {
        self.files.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
    }

    /// What an installation puts into the Mosaic home for it, such as settings of its hooks: name and text.
    pub fn home_files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        // The program reads its record from itself; rules of a screen in the home win over those that ship, and
        // seeded ones would do so over those of the next version.
        self.files.iter().copied().filter(|(file, _)| ![RECORD, SCREEN].contains(file))
    }

    /// How it is installed when it is missing.
    #[must_use]
    pub fn install_hint(&self) -> Option<String> {
        self.package().map(|package| format!("`npm install -g {package}` installs it"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_is_a_runtime_and_each_of_its_files_ships() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("framework/runtime");
        let names = |folder: &std::path::Path| {
            let files = std::fs::read_dir(folder).unwrap();
            let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let mut known: Vec<&str> = SHIPPED.iter().map(|shipped| shipped.name).collect();
        known.sort_unstable();
        assert_eq!(names(&root), known);
        for shipped in SHIPPED {
            shipped.read().unwrap_or_else(|why| panic!("{}: {why}", shipped.name));
            let mut files: Vec<&str> = shipped.files.iter().map(|(file, _)| *file).collect();
            files.sort_unstable();
            assert_eq!(names(&root.join(shipped.name)), files);
        }
    }
}

//! The framework's files in the Mosaic home: seeded, updated, and never at the price of what the user owns.
//!
//! A record beside them keeps the version and the fingerprint of each file as it was written, so that "changed by the
//! user" is a fact. Only files of the shipped list are ever written, each by a rename; one that the user changed is kept
//! beside the new one. Everything else in the home is nobody's business here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{Failure, Kind, Result};
use super::file::{self, Keep};
use super::framework;
use super::home::{Site, fingerprint};
use super::os::lockfile;
use crate::plain;

/// Version of the framework in this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Most bytes of a file that is compared; no shipped one comes near it.
const MAX_BYTES: usize = 4 << 20;

/// What was seeded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    /// Version of the program that seeded.
    version: String,
    /// Path below the home, and fingerprint of what was written.
    files: BTreeMap<String, String>,
    /// Files that were there before the framework: path, and name of the user's version beside it.
    before: BTreeMap<String, String>,
}

/// How a file in the home compares with the shipped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The same.
    Current,
    /// Not there.
    Missing,
    /// As an older version wrote it.
    Outdated,
    /// Changed by the user, or there before the framework.
    Changed,
    /// As an older version wrote it, and shipped no more.
    Obsolete,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Path below the home.
    pub path: String,
    /// How it compares.
    pub state: State,
}

/// What a seeding did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Seeded {
    /// Files written.
    pub written: Vec<String>,
    /// Files that the user had changed: path, and the name under which the user's version is kept.
    pub kept: Vec<(String, String)>,
    /// Files removed that are shipped no more.
    pub removed: Vec<String>,
}

/// What this program ships: path below the home, and text.
fn shipped() -> Vec<(String, &'static str)> {
    framework::files().collect()
}

fn record_path(site: &Site) -> PathBuf {
    site.home.join("framework.json")
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
}

fn read_record(site: &Site) -> Result<Option<Record>> {
    let path = record_path(site);
    match plain::read(&path, MAX_BYTES) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| {
            Failure::new(
                Kind::Invalid,
                path.display().to_string(),
                plain::plain_words(&error.to_string(), plain::Notation::Json),
                "remove it; then every file that differs counts as yours, and is kept",
            )
        }),
        Err(why) if why.is_missing() => Ok(None),
        Err(why) => Err(Failure::unreadable(path.display().to_string(), &why)),
    }
}

/// The version that was seeded last; nothing when none was.
///
/// # Errors
/// When the record cannot be read.
pub fn version(site: &Site) -> Result<Option<String>> {
    Ok(read_record(site)?.map(|record| record.version))
}

/// How the home compares with what this program ships, by path.
///
/// # Errors
/// When the record or a file cannot be read.
pub fn status(site: &Site) -> Result<Vec<Entry>> {
    compare(site, &read_record(site)?.unwrap_or_default(), &shipped())
}

fn compare(site: &Site, record: &Record, shipped: &[(impl AsRef<str>, &str)]) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    for (path, text) in shipped {
        let path = path.as_ref();
        let seeded = record.files.get(path);
        let state = match digest(&site.home.join(path))? {
            None => State::Missing,
            Some(there) if there == fingerprint(text.as_bytes()) => State::Current,
            Some(there) if seeded == Some(&there) => State::Outdated,
            Some(_) => State::Changed,
        };
        all.push(Entry { path: path.to_owned(), state });
    }
    for (path, seeded) in &record.files {
        if shipped.iter().any(|(shipped, _)| shipped.as_ref() == path) {
            continue;
        }
        if digest(&site.home.join(path))?.as_ref() == Some(seeded) {
            all.push(Entry { path: path.clone(), state: State::Obsolete });
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// Fingerprint of a file; nothing when there is none.
fn digest(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(fingerprint(&bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::failed(path.display().to_string(), error.to_string(), "move it away")),
    }
}

/// Brings the home up to what this program ships.
///
/// # Errors
/// At the first file that cannot be written; each file is old or new then, and the next call goes on.
pub fn install(site: &Site) -> Result<Seeded> {
    install_these(site, &shipped())
}

/// Keeps others from seeding meanwhile.
fn hold(site: &Site) -> Result<fs::File> {
    let lock = site.home.join("framework.lock");
    let held = lockfile::open(&lock)?;
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|error| lockfile::failed(&lock, &error))?;
    Ok(held)
}

fn install_these(site: &Site, shipped: &[(impl AsRef<str>, &str)]) -> Result<Seeded> {
    fs::create_dir_all(&site.home).map_err(|error| failed(&site.home, &error))?;
    let _held = hold(site)?;
    let mut record = read_record(site)?.unwrap_or_default();
    let mut done = Seeded::default();
    for Entry { path, state } in compare(site, &record, shipped)? {
        let file = site.home.join(&path);
        // Somebody may have saved it since it was compared.
        let there = digest(&file)?;
        let as_seeded = there.as_ref() == record.files.get(&path);
        if state == State::Obsolete {
            if !as_seeded {
                continue;
            }
            fs::remove_file(&file).map_err(|error| failed(&file, &error))?;
            record.files.remove(&path);
            done.removed.push(path);
            continue;
        }
        let Some((_, text)) = shipped.iter().find(|(shipped, _)| shipped.as_ref() == path) else { continue };
        let is_new = there.as_deref() == Some(fingerprint(text.as_bytes()).as_str());
        if there.is_some() && !is_new && !as_seeded {
            let aside = aside(&file);
            file::copy(&file, &aside).map_err(|error| failed(&aside, &error))?;
            let name = aside.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !record.files.contains_key(&path) {
                record.before.insert(path.clone(), name.clone());
            }
            done.kept.push((path.clone(), name));
        }
        if !is_new {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
            }
            file::write(&file, text.as_bytes(), 0o644, Keep::Durable).map_err(|error| failed(&file, &error))?;
            done.written.push(path.clone());
        }
        record.files.insert(path, fingerprint(text.as_bytes()));
    }
    // What the user changed and nobody ships any more is theirs.
    record.files.retain(|path, _| shipped.iter().any(|(shipped, _)| shipped.as_ref() == path));
    VERSION.clone_into(&mut record.version);
    save(site, &record)?;
    Ok(done)
}

/// Seeds a home for the first time, unless files of the user's would have to give way.
///
/// # Errors
/// When there are such files, or as for [`install`].
pub fn begin(site: &Site) -> Result<()> {
    let theirs: Vec<String> =
        status(site)?.into_iter().filter(|entry| entry.state == State::Changed).map(|entry| entry.path).collect();
    if let Some(first) = theirs.first() {
        let more = if theirs.len() > 1 { format!(" (and {} more)", theirs.len() - 1) } else { String::new() };
        return Err(Failure::new(
            Kind::Refused,
            site.home.join(first).display().to_string(),
            format!("is yours{more}, and the framework has a file of that name"),
            "`mosaic-tui framework install` keeps yours beside it; or move it away",
        ));
    }
    install(site).map(drop)
}

/// Takes back what was seeded and is as it was, and puts back what was there before. Files that stay are named.
///
/// # Errors
/// When a file cannot be removed.
pub fn uninstall(site: &Site) -> Result<Vec<String>> {
    let Some(record) = read_record(site)? else { return Ok(Vec::new()) };
    let _held = hold(site)?;
    let mut stay = Vec::new();
    for (path, seeded) in &record.files {
        let file = site.home.join(path);
        match digest(&file)? {
            None => {}
            Some(there) if there == *seeded => {
                fs::remove_file(&file).map_err(|error| failed(&file, &error))?;
                if let Some(aside) = record.before.get(path).map(|name| file.with_file_name(name))
                    && file::is_taken(&aside)
                {
                    file::copy(&aside, &file).map_err(|error| failed(&aside, &error))?;
                    fs::remove_file(&aside).map_err(|error| failed(&aside, &error))?;
                }
                for folder in file.ancestors().skip(1).take_while(|folder| *folder != site.home) {
                    // Whatever the user put into it keeps it.
                    let _in_use = fs::remove_dir(folder);
                }
            }
            Some(_) => stay.push(path.clone()),
        }
    }
    for path in [record_path(site), site.home.join("framework.lock")] {
        let _none = fs::remove_file(path);
    }
    Ok(stay)
}

/// A free name beside a file for the user's version of it.
fn aside(file: &Path) -> PathBuf {
    let date = jiff::Zoned::now().strftime("%Y%m%d").to_string();
    let named = |end: String| {
        let mut name = file.to_owned().into_os_string();
        name.push(format!(".user-{date}{end}"));
        PathBuf::from(name)
    };
    let mut free = named(String::new());
    let mut number = 1;
    while file::is_taken(&free) {
        number += 1;
        free = named(format!("-{number}"));
    }
    free
}

fn save(site: &Site, record: &Record) -> Result<()> {
    let path = record_path(site);
    let bytes = serde_json::to_vec_pretty(record).unwrap_or_default();
    file::write_private(&path, &bytes, Keep::Durable).map_err(|error| failed(&path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn site(&self) -> Site {
            Site::for_tests(&self.0.path().display().to_string())
        }

        fn path(&self, path: &str) -> PathBuf {
            self.site().home.join(path)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn read(&self, path: &str) -> Option<String> {
            fs::read_to_string(self.path(path)).ok()
        }

        fn install(&self, shipped: &[(impl AsRef<str>, &str)]) -> Seeded {
            install_these(&self.site(), shipped).unwrap()
        }

        /// Names of all files, but for the record and its lock.
        fn files(&self) -> Vec<String> {
            let (mut all, mut visit) = (Vec::new(), vec![self.site().home]);
            while let Some(folder) = visit.pop() {
                for entry in fs::read_dir(&folder).unwrap().flatten() {
                    let path = entry.path();
                    if path.is_dir() {
                        visit.push(path);
                    } else {
                        all.push(path.strip_prefix(self.site().home).unwrap().display().to_string());
                    }
                }
            }
            all.retain(|path| !path.starts_with("framework."));
            all.sort();
            all
        }
    }

    const OLD: [(&str, &str); 3] = [("A.md", "a1"), ("guides/g.md", "g1"), ("gone.md", "x1")];
    const NEW: [(&str, &str); 3] = [("A.md", "a2"), ("guides/g.md", "g2"), ("new.md", "n2")];

    #[test]
    fn an_update_writes_what_changed_and_keeps_what_the_user_wrote() {
        let home = Home::new();
        assert_eq!(home.install(&OLD).written, ["A.md", "gone.md", "guides/g.md"]);
        assert_eq!(home.install(&OLD), Seeded::default(), "a second time changes nothing");
        home.write("guides/g.md", "mine");
        home.write("USER.md", "me");
        home.write("fleet/roster.yaml", "version: 1");
        let done = home.install(&NEW);
        assert_eq!(done.written, ["A.md", "guides/g.md", "new.md"]);
        assert_eq!(done.removed, ["gone.md"]);
        let [(path, aside)] = done.kept.as_slice() else { panic!("{done:?}") };
        assert_eq!((path.as_str(), home.read(&format!("guides/{aside}")).as_deref()), ("guides/g.md", Some("mine")));
        assert_eq!(home.read("A.md").as_deref(), Some("a2"));
        assert_eq!(home.read("USER.md").as_deref(), Some("me"));
        // Changed again on the same day: both of the user's versions stay.
        home.write("guides/g.md", "mine too");
        let again = home.install(&NEW);
        assert_eq!(home.read(&format!("guides/{}", again.kept[0].1)).as_deref(), Some("mine too"));
        assert_eq!(home.read(&format!("guides/{aside}")).as_deref(), Some("mine"));
    }

    #[test]
    fn a_file_that_is_shipped_no_more_and_was_changed_is_the_users() {
        let home = Home::new();
        home.install(&OLD);
        home.write("gone.md", "mine");
        assert_eq!(home.install(&NEW).removed, Vec::<String>::new());
        assert_eq!(home.read("gone.md").as_deref(), Some("mine"));
        assert_eq!(home.install(&NEW), Seeded::default());
    }

    #[test]
    fn a_first_start_replaces_nothing_of_the_users() {
        let home = Home::new();
        home.write("AGENTS.md", "mine");
        let failure = begin(&home.site()).unwrap_err();
        assert!(failure.what.ends_with("AGENTS.md") && failure.next.contains("framework install"), "{failure}");
        assert_eq!(home.files(), ["AGENTS.md"]);
        fs::remove_file(home.path("AGENTS.md")).unwrap();
        begin(&home.site()).unwrap();
        assert!(home.read("CONSTITUTION.md").is_some());
    }

    #[test]
    fn without_a_record_everything_that_differs_is_the_users() {
        let home = Home::new();
        home.write("A.md", "theirs");
        let done = home.install(&NEW);
        assert_eq!(home.read(&done.kept[0].1).as_deref(), Some("theirs"));
        home.write("framework.json", "{");
        let failure = install_these(&home.site(), &NEW).unwrap_err();
        assert!(failure.what.ends_with("framework.json"), "{failure}");
    }

    #[test]
    fn taking_it_back_leaves_the_user_everything() {
        let home = Home::new();
        home.write("SOUL.md", "soul");
        home.write("guides/g.md", "theirs");
        home.install(&OLD);
        home.write("A.md", "mine");
        home.write("guides/own.md", "own");
        assert_eq!(uninstall(&home.site()).unwrap(), ["A.md"]);
        assert_eq!(home.files(), ["A.md", "SOUL.md", "guides/g.md", "guides/own.md"]);
        assert_eq!(home.read("guides/g.md").as_deref(), Some("theirs"));
        assert!(uninstall(&home.site()).unwrap().is_empty());
    }

    #[test]
    fn nothing_that_ships_is_the_users() {
        for (path, _) in shipped() {
            let name = Path::new(&path).file_name().unwrap().to_string_lossy().into_owned();
            let owned =
                ["fleet/agents/", "fleet/run/", "fleet/backlog/", "fleet/roles.local/", "fleet/profiles.local/"]
                    .iter()
                    .any(|folder| path.starts_with(folder))
                    || ["policy/", "memory/", "worktrees/"].iter().any(|folder| path.starts_with(folder))
                    || [
                        "SOUL.md",
                        "USER.md",
                        "TOOLS.md",
                        "credentials.json",
                        "tui.yaml",
                        "NORTH_STAR.yaml",
                        "budget.yaml",
                    ]
                    .contains(&path.as_str())
                    || ["gate.yaml", "framework.json", "framework.lock"].contains(&path.as_str())
                    || (name.ends_with(".local.md") && !path.starts_with("examples/"))
                    || (path.starts_with("fleet/") && path.matches('/').count() == 1 && path.ends_with(".yaml"));
            assert!(!owned, "{path}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        /// Whatever lies in a home, and whatever it was before: no text of the user's is lost, and what ships is there.
        #[test]
        fn no_text_of_the_users_is_lost(
            files in proptest::collection::btree_map("(fleet/(roles|roles[.]local|run)/)?[a-c]{1,2}([.]local)?[.]md", "[xyz]{0,3}", 0..8),
            first in proptest::collection::btree_map("(fleet/roles/)?[a-c]{1,2}[.]md", "[12]", 0..5),
            second in proptest::collection::btree_map("(fleet/roles/)?[a-c]{1,2}[.]md", "[12]", 0..5),
        ) {
            let home = Home::new();
            let list = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
                all.iter().map(|(path, text)| (path.clone(), text.clone())).collect()
            };
            let shipped = |all: &[(String, String)]| { home.install(&all.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect::<Vec<_>>()); };
            let (first, second) = (list(&first), list(&second));
            shipped(&first);
            for (path, text) in &files {
                home.write(path, text);
            }
            shipped(&second);
            let texts: Vec<String> = home.files().iter().filter_map(|path| home.read(path)).collect();
            for (path, text) in &files {
                // A user's file that reads like the shipped one is that one.
                let same = first.iter().any(|(p, t)| p == path && t == text);
                proptest::prop_assert!(same || texts.contains(text), "{path}: {text:?} of {:?}", home.files());
            }
            for (path, text) in &second {
                proptest::prop_assert_eq!(home.read(path), Some(text.clone()));
            }
        }
    }
}

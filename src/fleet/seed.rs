//! The framework's files in the Mosaic home: seeded, updated, and never at the price of what the user owns.
//!
//! A record beside them keeps the version and the fingerprint of each file as it was written, so that "changed by the
//! user" is a fact. It says before the first write what is about to be written: whoever is killed in between has left
//! each file old or new, and the next one knows both. Only files of the shipped list are ever written, each by a rename;
//! one that the user changed is kept beside the new one. A link is the user's, and nothing is written through it.
//! Everything else in the home is nobody's business here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// Name of the lock in the Mosaic home.
const LOCK: &str = "framework.lock";

/// Time for another seeding to be done: some hundred files that are on the disk before they count. Every start of an agent
/// may seed, and one that is frozen must not hold them all up.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// The folder that is the user's as well: it may be a link to where the fleet's files really lie, and stays one.
const SHARED: &str = "fleet";

/// What was seeded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    /// Version of the program that seeded last; empty before the first seeding is done.
    version: String,
    /// Path below the home, and fingerprint of what was written.
    files: BTreeMap<String, String>,
    /// What was there before the framework: path, and name of the user's version beside it.
    before: BTreeMap<String, String>,
    /// What seedings that were not done yet were to write: each of these files is as it was, or one of these.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    writing: BTreeMap<String, BTreeSet<String>>,
}

impl Record {
    /// Whether a file is as this program or an older one wrote it.
    fn wrote(&self, path: &str, there: &str) -> bool {
        self.files.get(path).is_some_and(|written| written == there)
            || self.writing.get(path).is_some_and(|written| written.contains(there))
    }

    /// Paths of everything that may have been written.
    fn paths(&self) -> BTreeSet<&String> {
        self.files.keys().chain(self.writing.keys()).collect()
    }
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
    /// What the user had changed: path, and the name under which the user's version is kept.
    pub kept: Vec<(String, String)>,
    /// Files removed that are shipped no more.
    pub removed: Vec<String>,
}

/// What stands in the place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum There {
    Nothing,
    /// A file, by its fingerprint.
    File(String),
    /// A link, a folder, a pipe: nothing of ours.
    Other,
}

/// What this program ships: path below the home, and text.
fn shipped() -> Vec<(String, &'static str)> {
    framework::files().collect()
}

fn record_path(site: &Site) -> PathBuf {
    site.home.join("framework.json")
}

fn failed(path: &Path, error: &io::Error) -> Failure {
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

/// The version that was seeded last; nothing when none was, or the first seeding is not done.
///
/// # Errors
/// When the record cannot be read.
pub fn version(site: &Site) -> Result<Option<String>> {
    Ok(read_record(site)?.map(|record| record.version).filter(|version| !version.is_empty()))
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
        let state = match at(site, path)? {
            There::Nothing => State::Missing,
            There::File(there) if there == fingerprint(text.as_bytes()) => State::Current,
            There::File(there) if record.wrote(path, &there) => State::Outdated,
            There::File(_) | There::Other => State::Changed,
        };
        all.push(Entry { path: path.to_owned(), state });
    }
    for path in record.paths() {
        if shipped.iter().any(|(shipped, _)| shipped.as_ref() == path) {
            continue;
        }
        if matches!(at(site, path)?, There::File(there) if record.wrote(path, &there)) {
            all.push(Entry { path: path.clone(), state: State::Obsolete });
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// What stands in a file's place below the home.
fn at(site: &Site, path: &str) -> Result<There> {
    if in_the_way(site, path).is_some() {
        return Ok(There::Other);
    }
    let file = site.home.join(path);
    let unreadable = |error: io::Error| Failure::failed(file.display().to_string(), error.to_string(), "move it away");
    match fs::symlink_metadata(&file) {
        Ok(meta) if meta.is_file() => fs::read(&file).map(|bytes| There::File(fingerprint(&bytes))).map_err(unreadable),
        Ok(_) => Ok(There::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(There::Nothing),
        Err(error) => Err(unreadable(error)),
    }
}

/// What stands where a folder of the framework belongs and is none: a file, or a link that leads who knows where.
fn in_the_way(site: &Site, path: &str) -> Option<PathBuf> {
    let mut folder = site.home.clone();
    let mut parts = Path::new(path).components().peekable();
    while let Some(part) = parts.next() {
        parts.peek()?;
        folder.push(part);
        let meta = fs::symlink_metadata(&folder).ok()?;
        if !meta.is_dir() && folder != site.home.join(SHARED) {
            return Some(folder);
        }
    }
    None
}

/// Brings the home up to what this program ships.
///
/// # Errors
/// At the first file that cannot be written; each file is old or new then, and the next call goes on.
pub fn install(site: &Site) -> Result<Seeded> {
    install_if(site, &shipped(), |_| Ok(()))
}

/// Keeps others from seeding meanwhile.
fn hold(site: &Site, limit: Duration) -> Result<fs::File> {
    let lock = site.home.join(LOCK);
    lockfile::hold_up(&lock, limit, lockfile::open)?.ok_or_else(|| {
        Failure::new(
            Kind::Refused,
            format!("framework in {}", site.home.display()),
            format!("another command has been writing it for over {} s", limit.as_secs()),
            format!("try again when it is done; `fuser {}` names it", lock.display()),
        )
    })
}

/// Brings the home up, where what is there lets it.
fn install_if(
    site: &Site,
    shipped: &[(impl AsRef<str>, &str)],
    may: impl FnOnce(&[Entry]) -> Result<()>,
) -> Result<Seeded> {
    fs::create_dir_all(&site.home).map_err(|error| failed(&site.home, &error))?;
    let _held = hold(site, LOCK_LIMIT)?;
    let before = read_record(site)?.unwrap_or_default();
    let mut record = before.clone();
    // Under the lock: no write of another seeding is in progress.
    sweep(site, shipped);
    let entries = compare(site, &record, shipped)?;
    may(&entries)?;
    let mut done = Seeded::default();
    // Written down before the first write: after a kill in between, each of these files is known as ours.
    for entry in entries.iter().filter(|entry| entry.state != State::Current) {
        if let Some((_, text)) = shipped.iter().find(|(path, _)| *path.as_ref() == entry.path) {
            record.writing.entry(entry.path.clone()).or_default().insert(fingerprint(text.as_bytes()));
        }
    }
    if record != before {
        save(site, &record)?;
    }
    for Entry { path, state } in &entries {
        let text = shipped.iter().find(|(shipped, _)| shipped.as_ref() == path).map(|(_, text)| *text);
        match text {
            _ if *state == State::Current => {}
            None => remove(site, &record, path, &mut done)?,
            Some(text) => write(site, &mut record, path, text, &mut done)?,
        }
    }
    // What the user changed and nobody ships any more is theirs.
    record.files =
        shipped.iter().map(|(path, text)| (path.as_ref().to_owned(), fingerprint(text.as_bytes()))).collect();
    record.writing.clear();
    // Only now: a home without a version counts as not seeded yet.
    VERSION.clone_into(&mut record.version);
    if record != before {
        save(site, &record)?;
    }
    Ok(done)
}

/// Removes what is shipped no more, if it is still as it was written.
fn remove(site: &Site, record: &Record, path: &str, done: &mut Seeded) -> Result<()> {
    // Looked at again, since somebody may have saved it meanwhile.
    if matches!(at(site, path)?, There::File(there) if record.wrote(path, &there)) {
        let file = site.home.join(path);
        fs::remove_file(&file).map_err(|error| failed(&file, &error))?;
        done.removed.push(path.to_owned());
    }
    Ok(())
}

/// Writes one file; what is the user's in its place is kept beside it.
fn write(site: &Site, record: &mut Record, path: &str, text: &str, done: &mut Seeded) -> Result<()> {
    let file = site.home.join(path);
    while let Some(folder) = in_the_way(site, path) {
        let named = folder.strip_prefix(&site.home).unwrap_or(&folder).display().to_string();
        let aside = file::keep_beside(&folder, &mark()).map_err(|error| failed(&folder, &error))?;
        fs::remove_file(&folder).map_err(|error| failed(&folder, &error))?;
        note(site, record, &named, &aside, done)?;
    }
    // Somebody may have saved it since it was compared.
    let kept = match at(site, path)? {
        There::File(there) if there == fingerprint(text.as_bytes()) => return Ok(()),
        There::Nothing => None,
        There::File(there) if record.wrote(path, &there) => None,
        There::File(_) | There::Other => {
            let aside = file::keep_beside(&file, &mark()).map_err(|error| failed(&file, &error))?;
            note(site, record, path, &aside, done)?;
            Some(aside)
        }
    };
    let made = file.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| file::put(&file, text.as_bytes(), 0o644, Keep::Durable));
    if let Err(error) = written {
        if let Some(aside) = kept.filter(|_| file::is_taken(&file)) {
            // The user's version is where it was; a second name of it only confuses.
            let _gone = fs::remove_file(aside);
            done.kept.pop();
        }
        return Err(failed(&file, &error));
    }
    done.written.push(path.to_owned());
    Ok(())
}

/// Notes under which name the user's version is kept. What was there before the framework goes back one day.
fn note(site: &Site, record: &mut Record, path: &str, aside: &Path, done: &mut Seeded) -> Result<()> {
    let name = aside.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !record.files.contains_key(path) {
        record.before.insert(path.to_owned(), name.clone());
        save(site, record)?;
    }
    done.kept.push((path.to_owned(), name));
    Ok(())
}

/// Removes what a seeding that was killed in the middle of a write has left.
fn sweep(site: &Site, shipped: &[(impl AsRef<str>, &str)]) {
    let mut folders: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    let own = ["framework.json"];
    for path in shipped.iter().map(|(path, _)| path.as_ref()).chain(own) {
        let file = site.home.join(path);
        if let (Some(folder), Some(name)) = (file.parent(), file.file_name()) {
            folders.entry(folder.to_owned()).or_default().insert(name.to_string_lossy().into_owned());
        }
    }
    for (folder, names) in folders {
        file::sweep_of(&folder, |name| names.contains(name));
    }
    // And of a user's own file: the file itself is whole, old or new, or was never there.
    for (folder, end) in
        [("", ".md"), ("fleet", ".yaml"), ("fleet/roles.local", ".md"), ("fleet/profiles.local", ".yaml")]
    {
        file::sweep_of(&site.home.join(folder), |name| name.ends_with(end));
    }
}

/// Seeds a home for the first time, unless files of the user's would have to give way.
///
/// # Errors
/// When there are such files, or as for [`install`].
pub fn begin(site: &Site) -> Result<()> {
    // A refusal leaves nothing behind, not even a lock.
    refuse_theirs(site, &status(site)?)?;
    // And again under it: whoever came first may have brought the files of a user along.
    install_if(site, &shipped(), |entries| refuse_theirs(site, entries)).map(drop)
}

/// Refuses where files of the user's would have to give way.
fn refuse_theirs(site: &Site, entries: &[Entry]) -> Result<()> {
    let theirs: Vec<&String> =
        entries.iter().filter(|entry| entry.state == State::Changed).map(|entry| &entry.path).collect();
    if let Some(first) = theirs.first() {
        let more = if theirs.len() > 1 { format!(" (and {} more)", theirs.len() - 1) } else { String::new() };
        return Err(Failure::new(
            Kind::Refused,
            site.home.join(first).display().to_string(),
            format!("is yours{more}, and the framework has a file of that name"),
            "`mosaic-tui framework install` keeps yours beside it; or move it away",
        ));
    }
    Ok(())
}

/// Takes back what was seeded and is as it was, and puts back what was there before. Files that stay are named.
///
/// # Errors
/// When a file cannot be removed.
pub fn uninstall(site: &Site) -> Result<Vec<String>> {
    // Where nothing was seeded, no lock is made to say so; a lock without a record is of a seeding that was killed
    // before its first word was whole.
    if read_record(site)?.is_none() && !file::is_taken(&site.home.join(LOCK)) {
        return Ok(Vec::new());
    }
    let _held = hold(site, LOCK_LIMIT)?;
    let record = read_record(site)?.unwrap_or_default();
    sweep(site, &shipped());
    let mut stay = Vec::new();
    for path in record.paths() {
        let file = site.home.join(path);
        match at(site, path)? {
            There::Nothing => remove_empty(site, &file),
            There::File(there) if record.wrote(path, &there) => {
                fs::remove_file(&file).map_err(|error| failed(&file, &error))?;
                remove_empty(site, &file);
            }
            // One that was never written, because its seeding was broken off, is only the user's.
            _ if !record.files.contains_key(path) => {}
            There::File(_) | There::Other => stay.push(path.clone()),
        }
    }
    for (path, name) in &record.before {
        let file = site.home.join(path);
        let aside = file.with_file_name(name);
        if file::is_taken(&aside) && !file::is_taken(&file) {
            file::give_back(&aside, &file).map_err(|error| failed(&aside, &error))?;
        }
    }
    for path in [record_path(site), site.home.join(LOCK)] {
        let _none = fs::remove_file(path);
    }
    Ok(stay)
}

/// Removes the folders around a file that is gone, or never came: a seeding that was killed has made them already.
fn remove_empty(site: &Site, file: &Path) {
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != site.home) {
        // Whatever the user put into it keeps it.
        let _in_use = fs::remove_dir(folder);
    }
}

/// What the name of a user's version ends in.
fn mark() -> String {
    format!(".user-{}", jiff::Zoned::now().strftime("%Y%m%d"))
}

fn save(site: &Site, record: &Record) -> Result<()> {
    let path = record_path(site);
    file::write_json(&path, record, Keep::Durable).map_err(|error| failed(&path, &error))
}

#[cfg(test)]
mod tests;

//! Personas and system types in their two layers: the framework's, and the user's own, which wins file by file and
//! survives every update. Reads both; writes only the user's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::{Failure, Kind, Result};
use super::file::{self, Keep};
use super::framework;
use super::home::Site;
use super::persona::{self, Persona};
use super::pipeline::{self, Pipeline};
use super::profile::{self, Profile};
use super::roster::Problem;
use crate::plain;

/// Most bytes of one text; a persona is read by its agent in every turn.
const MAX_BYTES: usize = 256 << 10;

/// What is kept in two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// What classes of agents are for.
    Personas,
    /// Which classes a kind of fleet has.
    Profiles,
    /// Through which stages a card goes.
    Pipelines,
}

impl Shelf {
    /// One of its texts, in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Personas => "persona",
            Self::Profiles => "profile",
            Self::Pipelines => "pipeline",
        }
    }

    /// Folder of a layer below the Mosaic home.
    #[must_use]
    pub const fn folder(self, layer: Layer) -> &'static str {
        match (self, layer) {
            (Self::Personas, Layer::Framework) => "fleet/roles",
            (Self::Personas, Layer::Local) => "fleet/roles.local",
            (Self::Profiles, Layer::Framework) => "fleet/profiles",
            (Self::Profiles, Layer::Local) => "fleet/profiles.local",
            (Self::Pipelines, Layer::Framework) => "fleet/pipelines",
            (Self::Pipelines, Layer::Local) => "fleet/pipelines.local",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Personas => "md",
            Self::Profiles | Self::Pipelines => "yaml",
        }
    }

    /// Endings that somebody may give to one of its texts instead, in small letters.
    const fn mistaken(self) -> &'static [&'static str] {
        match self {
            Self::Personas => &["md", "markdown", "mdown", "txt", "yaml", "yml"],
            Self::Profiles | Self::Pipelines => &["yaml", "yml", "json", "txt"],
        }
    }

    /// Where a text of that name lies in a layer.
    #[must_use]
    pub fn path(self, site: &Site, layer: Layer, name: &str) -> PathBuf {
        site.home.join(self.folder(layer)).join(format!("{name}.{}", self.ending()))
    }

    /// Names and texts that this program ships.
    fn shipped(self) -> BTreeMap<&'static str, &'static str> {
        let stem = |(path, text): (&'static str, &'static str)| {
            Path::new(path).file_stem().and_then(|stem| stem.to_str()).map(|stem| (stem, text))
        };
        match self {
            Self::Personas => framework::personas().filter_map(stem).collect(),
            Self::Profiles => framework::system_types().filter_map(stem).collect(),
            Self::Pipelines => framework::pipelines().filter_map(stem).collect(),
        }
    }
}

/// Whose a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Shipped; replaced by every update.
    Framework,
    /// The user's own; it wins.
    Local,
}

impl Layer {
    /// The word in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Framework => "framework",
            Self::Local => "local",
        }
    }
}

/// A text, with the layer that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its name: a class, or the id of a system type.
    pub name: String,
    /// Whose it is.
    pub layer: Layer,
    /// Where it lies, or would once the framework is seeded.
    pub path: PathBuf,
    /// The text.
    pub text: String,
}

/// A text of a layer. The framework's is the one in the home, which agents read, else the one in this program.
///
/// # Errors
/// When it cannot be read.
pub fn read(site: &Site, shelf: Shelf, layer: Layer, name: &str) -> Result<Option<Text>> {
    // It becomes a part of a path, and is anybody's word.
    if !is_name(name) {
        return Ok(None);
    }
    let path = shelf.path(site, layer, name);
    let text = match plain::read(&path, MAX_BYTES) {
        Ok(text) => Some(text),
        // A home that is not seeded yet has the personas that it will have.
        Err(why) if why.is_missing() && layer == Layer::Framework => {
            shelf.shipped().get(name).map(|text| (*text).to_owned())
        }
        Err(why) if why.is_missing() => None,
        Err(why) => return Err(Failure::unreadable(path.display().to_string(), &why)),
    };
    Ok(text.map(|text| Text { name: name.to_owned(), layer, path, text }))
}

/// Whether a name stays in its folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}

/// The text that counts: the user's own, else the framework's.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn find(site: &Site, shelf: Shelf, name: &str) -> Result<Text> {
    // The user's own first: it takes the place of the whole file, and nothing of the
    // framework's shines through.
    for layer in [Layer::Local, Layer::Framework] {
        if let Some(found) = read(site, shelf, layer, name)? {
            return Ok(found);
        }
    }
    let names = names(site, shelf)?;
    // Before a similar name is proposed: the file is there, and only called wrongly.
    let beside = unread(site, shelf)?.into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == name));
    if let Some(path) = beside {
        let (what, right) = (format!("{} {}", shelf.word(), plain::quoted(name)), path.with_extension(shelf.ending()));
        let why = format!("{} is not read: its name must end in .{}", path.display(), shelf.ending());
        return Err(Failure::new(Kind::NotFound, what, why, format!("rename it to {}", right.display())));
    }
    Err(Failure::new(
        Kind::NotFound,
        format!("{} {}", shelf.word(), plain::quoted(name)),
        format!("does not exist; {}", super::roster::meant(name, names.iter().map(String::as_str))),
        match shelf {
            Shelf::Personas => "`mosaic-tui persona list` lists all",
            Shelf::Profiles => "`mosaic-tui profile list` lists all",
            Shelf::Pipelines => "the Mosaic home has them in fleet/pipelines and fleet/pipelines.local",
        },
    ))
}

/// Names in both layers.
///
/// # Errors
/// When a folder cannot be read.
pub fn names(site: &Site, shelf: Shelf) -> Result<BTreeSet<String>> {
    // With those that ship, as a home that is not seeded yet will have them.
    let mut all: BTreeSet<String> = shelf.shipped().keys().map(|name| (*name).to_owned()).collect();
    for layer in [Layer::Framework, Layer::Local] {
        let folder = site.home.join(shelf.folder(layer));
        let unreadable = |error: io::Error| {
            Failure::failed(folder.display().to_string(), error.to_string(), "make the folder readable")
        };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries {
            let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
            let stem = name.strip_suffix(&format!(".{}", shelf.ending()));
            // The index lies beside the personas.
            all.extend(stem.filter(|stem| is_name(stem) && !framework::LIBRARY.ends_with(&name)).map(str::to_owned));
        }
    }
    Ok(all)
}

/// Files of the user's own layer that are not read because of their ending, although they look like texts of the shelf.
///
/// # Errors
/// When the folder cannot be read.
pub fn unread(site: &Site, shelf: Shelf) -> Result<Vec<PathBuf>> {
    let folder = site.home.join(shelf.folder(Layer::Local));
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let next = "make the folder readable";
            return Err(Failure::failed(folder.display().to_string(), error.to_string(), next));
        }
    };
    let is_meant = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !hidden && ending != shelf.ending() && shelf.mistaken().contains(&ending.to_ascii_lowercase().as_str())
    };
    let mut all: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_meant).collect();
    all.sort();
    Ok(all)
}

/// What is said of each of them.
///
/// # Errors
/// As for [`unread`].
pub fn told_unread(site: &Site, shelf: Shelf) -> Result<Vec<String>> {
    let told = |path: &PathBuf| {
        let right = path.with_extension(shelf.ending());
        format!(
            "{} is not read: a {} ends in .{}; rename it to {}",
            path.display(),
            shelf.word(),
            shelf.ending(),
            right.display()
        )
    };
    Ok(unread(site, shelf)?.iter().map(told).collect())
}

/// Every text that counts, by name.
///
/// # Errors
/// When one cannot be read.
pub fn all(site: &Site, shelf: Shelf) -> Result<Vec<Text>> {
    names(site, shelf)?.iter().map(|name| find(site, shelf, name)).collect()
}

/// Reads a persona's text. Problems are told in `shown`, where the text came from.
///
/// # Errors
/// When the folders cannot be read; every problem of the text.
pub fn persona(site: &Site, class: &str, text: &str, shown: &Path) -> Result<Result<Persona, Vec<Problem>>> {
    let classes = names(site, Shelf::Personas)?;
    let known: BTreeSet<&str> = classes.iter().map(String::as_str).collect();
    // The class has to fit the file that the text will be saved in, not the one where it lies now.
    let path = Shelf::Personas.path(site, Layer::Local, class);
    Ok(persona::parse(text, &path, &known).map_err(|problems| shown_in(problems, shown)))
}

/// Reads a system type's text.
///
/// # Errors
/// As for [`persona()`].
pub fn profile(site: &Site, text: &str, path: &Path) -> Result<Result<Profile, Vec<Problem>>> {
    let classes = names(site, Shelf::Personas)?;
    let known: BTreeSet<&str> = classes.iter().map(String::as_str).collect();
    Ok(profile::parse(text, path, &known))
}

/// The pipeline of that name.
///
/// # Errors
/// When there is none, it cannot be read, or it is not valid.
pub fn pipeline(site: &Site, name: &str) -> Result<Pipeline> {
    let found = find(site, Shelf::Pipelines, name)?;
    let classes = names(site, Shelf::Personas)?;
    let known: BTreeSet<&str> = classes.iter().map(String::as_str).collect();
    pipeline::parse(&found.text, &found.path, &known).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let what = format!("pipeline {}", plain::quoted(name));
        Failure::new(Kind::Invalid, what, told.join("; "), "correct the file").with_details(told)
    })
}

fn shown_in(problems: Vec<Problem>, path: &Path) -> Vec<Problem> {
    problems.into_iter().map(|problem| Problem { path: path.to_owned(), ..problem }).collect()
}

/// Writes a text of the user's own.
///
/// # Errors
/// What the file system says; the text is then as it was.
pub fn save(site: &Site, shelf: Shelf, name: &str, text: &str) -> Result<PathBuf> {
    let path = shelf.path(site, Layer::Local, name);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| file::write(&path, text.as_bytes(), 0o644, Keep::Durable))
        .map_err(|error| failed(&path, &error))?;
    Ok(path)
}

/// Takes a text of the user's own away, so that the framework's counts again; the backup's path. `None` where there is
/// none of the user's.
///
/// # Errors
/// What the file system says; the text is then as it was.
pub fn set_aside(site: &Site, shelf: Shelf, name: &str) -> Result<Option<PathBuf>> {
    let path = shelf.path(site, Layer::Local, name);
    if !is_name(name) || !file::is_taken(&path) {
        return Ok(None);
    }
    // The copy first: whoever is interrupted between the two lines has the text twice, never not at all.
    let backup = file::keep_beside(&path, ".bak").map_err(|error| failed(&path, &error))?;
    fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
    Ok(Some(backup))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(folder: &tempfile::TempDir) -> Site {
        Site::for_tests(&folder.path().display().to_string())
    }

    fn own(site: &Site, shelf: Shelf, name: &str, text: &str) {
        let path = shelf.path(site, Layer::Local, name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_users_own_wins_and_the_frameworks_is_there_before_it_is_seeded() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(&folder);
        assert_eq!(names(&site, Shelf::Personas).unwrap().len(), 53);
        assert_eq!(names(&site, Shelf::Profiles).unwrap().len(), 5);
        let shipped = find(&site, Shelf::Personas, "code").unwrap();
        assert!(shipped.layer == Layer::Framework && shipped.text.contains("class: code"));
        // What lies in the home is what agents read.
        let seeded = Shelf::Personas.path(&site, Layer::Framework, "code");
        fs::create_dir_all(seeded.parent().unwrap()).unwrap();
        fs::write(&seeded, "seeded").unwrap();
        fs::write(seeded.with_file_name("LIBRARY.md"), "index").unwrap();
        fs::write(seeded.with_file_name("code.md.user-20260101"), "kept").unwrap();
        assert_eq!(find(&site, Shelf::Personas, "code").unwrap().text, "seeded");
        own(&site, Shelf::Personas, "code", "mine");
        own(&site, Shelf::Personas, "own", "new");
        let found = find(&site, Shelf::Personas, "code").unwrap();
        assert_eq!((found.layer, found.text.as_str()), (Layer::Local, "mine"));
        assert_eq!(names(&site, Shelf::Personas).unwrap().len(), 54, "no index and no kept copy is a class");
        assert_eq!(all(&site, Shelf::Personas).unwrap().len(), 54);
    }

    #[test]
    fn a_name_that_leaves_its_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(&folder);
        fs::create_dir_all(site.home.join("fleet/roles.local")).unwrap();
        fs::write(site.home.join("SOUL.md"), "soul").unwrap();
        for name in ["../../SOUL", "", ".hidden", "a/b"] {
            assert_eq!(find(&site, Shelf::Personas, name).unwrap_err().kind, Kind::NotFound, "{name}");
            assert_eq!(set_aside(&site, Shelf::Personas, name).unwrap(), None, "{name}");
        }
        let failure = find(&site, Shelf::Personas, "cod").unwrap_err();
        assert!(failure.why.contains("code") && failure.next.contains("persona list"), "{failure}");
    }

    #[test]
    fn what_is_set_aside_is_kept_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(&folder);
        assert_eq!(set_aside(&site, Shelf::Personas, "code").unwrap(), None);
        let mut backups = BTreeSet::new();
        for text in ["one", "two"] {
            save(&site, Shelf::Personas, "code", text).unwrap();
            let backup = set_aside(&site, Shelf::Personas, "code").unwrap().unwrap();
            assert_eq!(fs::read_to_string(&backup).unwrap(), text);
            assert!(backups.insert(backup));
            assert_eq!(find(&site, Shelf::Personas, "code").unwrap().layer, Layer::Framework);
        }
    }
}

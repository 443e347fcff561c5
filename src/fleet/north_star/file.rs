//! Where a north star lies: its file, and the page that is rendered from it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::error::{Failure, Kind, Result};
use super::super::file::{self, Keep};
use super::super::home::Site;
use super::super::roster::Problem;
use super::{NorthStar, parse};
use crate::plain::{self, Unreadable};

/// Most bytes of a north star: a thousand goals with whole sentences.
pub const MAX_BYTES: usize = 1 << 20;

/// The worked example that `north-star init` writes.
const EXAMPLE: &str = include_str!("../../../framework/templates/north-star.yaml");

/// Returns where the fleet's north star is.
#[must_use]
pub fn path(site: &Site) -> PathBuf {
    site.home.join("fleet/NORTH_STAR.yaml")
}

/// Returns where its page is: beside it.
#[must_use]
pub fn page(path: &Path) -> PathBuf {
    path.with_extension("md")
}

/// A north star's text, and by what it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
    /// SHA-256 of it, in hexadecimal.
    pub digest: String,
}

impl Source {
    /// Takes a text that was read.
    #[must_use]
    pub fn new(path: PathBuf, text: String) -> Self {
        let digest = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { path, text, digest }
    }

    /// Returns what it says.
    ///
    /// # Errors
    /// Every problem, with its place.
    pub fn parse(&self) -> std::result::Result<NorthStar, Vec<Problem>> {
        parse(&self.text, &self.path)
    }

    /// Returns what it says.
    ///
    /// # Errors
    /// The first problem, and how many there are.
    pub fn star(&self) -> Result<NorthStar> {
        self.parse().map_err(|problems| invalid(&self.path, &problems))
    }
}

/// Describes a file with problems.
fn invalid(path: &Path, problems: &[Problem]) -> Failure {
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    let place = format!("{}:", path.display());
    let what = first.strip_prefix(&place).and_then(|rest| rest.split_once(": "));
    let (what, why) = match what {
        Some((at, why)) => (format!("{place}{at}"), why),
        None => (path.display().to_string(), first.as_str()),
    };
    let more = if problems.len() > 1 { format!(" (and {} more)", problems.len() - 1) } else { String::new() };
    let details = problems.iter().map(ToString::to_string).collect();
    Failure::new(Kind::Invalid, what, format!("{why}{more}"), "`mosaic-tui north-star check` lists every problem")
        .with_details(details)
}

/// Describes a text that could not be read.
#[must_use]
pub fn unreadable(path: &Path, why: &Unreadable) -> Failure {
    let failure = Failure::unreadable(path.display().to_string(), why);
    if why.is_missing() {
        let next = "`mosaic-tui north-star init` writes a worked example".to_owned();
        return Failure { kind: Kind::NotFound, next, ..failure };
    }
    failure
}

/// Reads a north star's text.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn read(path: &Path) -> Result<Source> {
    let text = plain::read(path, MAX_BYTES).map_err(|why| unreadable(path, &why))?;
    Ok(Source::new(path.to_owned(), text))
}

/// Writes the worked example, unless there is a file.
///
/// # Errors
/// When there is one, or it cannot be written.
pub fn init(site: &Site) -> Result<PathBuf> {
    let path = path(site);
    let failed = |error: &std::io::Error| {
        Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    if file::create(&path, EXAMPLE.as_bytes(), 0o644).map_err(|error| failed(&error))? {
        return Ok(path);
    }
    let next = "edit it, or move it away first; `mosaic-tui north-star check` says whether it is valid";
    Err(Failure::new(Kind::Refused, path.display().to_string(), "exists already, and is yours", next))
}

/// Returns whether the page beside a north star is what is rendered from it now; one that is missing is not.
///
/// # Errors
/// When it cannot be read.
pub fn is_current(path: &Path, text: &str) -> Result<bool> {
    match plain::read(path, MAX_BYTES) {
        Ok(found) => Ok(found == text),
        Err(why) if why.is_missing() => Ok(false),
        Err(why) => Err(Failure::unreadable(path.display().to_string(), &why)),
    }
}

/// Writes the page.
///
/// # Errors
/// What the file system says.
pub fn write_page(path: &Path, text: &str) -> Result<()> {
    file::write(path, text.as_bytes(), 0o644, Keep::Durable).map_err(|error| {
        Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
    })
}

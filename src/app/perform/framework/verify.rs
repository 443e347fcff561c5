//! The gate of the framework: nothing of an operator, a host or a secret is in what ships.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::app::action::error::{DONE, FAILED};
use crate::app::action::report::Report;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::framework;
use crate::fleet::sanitizer::{self, Finding};
use crate::plain;

/// Largest file that is looked into; nothing that ships comes near it.
const MAX_BYTES: usize = 4 << 20;

/// Looks through a folder, or what this program ships. It tries itself on planted samples first, so that a broken
/// pattern cannot pass for a clean framework.
///
/// # Errors
/// When it does not find its own samples, or there is no such folder.
pub(super) fn verify(folder: Option<&Path>) -> Result<Report> {
    if let Some(missed) = sanitizer::self_test() {
        return Err(Failure::new(
            Kind::Invalid,
            "framework verify",
            format!("does not find {} that was planted", missed.words()),
            "report this; until then nothing is known of the framework",
        ));
    }
    let texts = match folder {
        Some(folder) => read(folder)?,
        None => framework::files().map(|(path, text)| (path, text.to_owned())).collect(),
    };
    let mut findings = Vec::new();
    for (path, text) in &texts {
        findings.extend(sanitizer::findings(path, text).into_iter().map(|finding| (path, finding)));
    }
    let shown = |path: &str| folder.map_or_else(|| path.to_owned(), |folder| folder.join(path).display().to_string());
    let mut lines: Vec<String> = findings
        .iter()
        .map(|(path, Finding { line, leak })| {
            format!("{}:{line}: {} ({})", shown(path), leak.words(), leak.class().word())
        })
        .collect();
    lines.push(match findings.len() {
        0 => format!("all {} files are clean", texts.len()),
        count => format!("{count} findings in {} files", texts.len()),
    });
    let rows: Vec<_> = findings
        .iter()
        .map(|(path, Finding { line, leak })| {
            json!({ "file": shown(path), "line": line, "class": leak.class().word(), "what": leak.words() })
        })
        .collect();
    let json = json!({ "files": texts.len(), "clean": findings.is_empty(), "findings": rows });
    Ok(Report::done(lines.join("\n"), &json).with_code(if findings.is_empty() { DONE } else { FAILED }))
}

/// The files of a folder: path below it, and text. What cannot be read as one is told: nobody knows what it holds.
fn read(root: &Path) -> Result<Vec<(String, String)>> {
    let failed = |path: &Path, error: &std::io::Error| {
        let is_none = matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory);
        let kind = if is_none { Kind::NotFound } else { Kind::Failed };
        Failure::new(kind, path.display().to_string(), error.to_string(), "name a folder that can be read")
    };
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let path: PathBuf = entry.map_err(|error| failed(&folder, &error))?.path();
            // Links are not followed, which may lead out of the folder or in a circle.
            let meta = fs::symlink_metadata(&path).map_err(|error| failed(&path, &error))?;
            if meta.is_dir() {
                folders.push(path);
            } else if meta.is_file() {
                let text = plain::read(&path, MAX_BYTES).map_err(|why| {
                    // Not as an invalid file is told elsewhere: here that code says that the gate itself is broken.
                    Failure { kind: Kind::Failed, ..Failure::unreadable(path.display().to_string(), &why) }
                })?;
                found.push((path.strip_prefix(root).unwrap_or(&path).display().to_string(), text));
            }
        }
    }
    if found.is_empty() {
        let (what, next) = (root.display().to_string(), "name the folder whose files are to be looked through");
        return Err(Failure::new(Kind::NotFound, what, "no file is in it", next));
    }
    found.sort();
    Ok(found)
}

//! What runtimes say that they used, one file an agent: `<run>/<agent>.usage`, written whole by whoever the runtime
//! hands its figures to, read with suspicion.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::file::{self, Keep};
use super::model::UsageFacts;
use crate::plain;

/// A few numbers; a larger file is something else.
const MAX_FILE_BYTES: usize = 16 << 10;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// A process of the pane whose runtime used it: figures of an earlier process say nothing of this one.
    pub pid: u32,
    /// What it used.
    pub facts: UsageFacts,
}

/// Writes it: a reader sees the old figures or the new ones, never half.
///
/// # Errors
/// What the file system says.
pub fn write(path: &Path, usage: &Usage) -> std::io::Result<()> {
    let text = serde_json::to_vec(usage).map_err(std::io::Error::other)?;
    file::write_private(path, &text, Keep::Fleeting)
}

/// Reads it; `None` when there is none that can be used.
#[must_use]
pub fn read(path: &Path) -> Option<Usage> {
    let text = plain::read(path, MAX_FILE_BYTES)
        .inspect_err(|why| {
            if !why.is_missing() {
                tracing::debug!(path = %path.display(), %why, "figures of use are not readable");
            }
        })
        .ok()?;
    let usage: Usage = serde_json::from_str(&text)
        .inspect_err(|error| tracing::debug!(path = %path.display(), %error, "figures of use are not understood"))
        .ok()?;
    Some(Usage { facts: usage.facts.cleaned(), ..usage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::{Label, LimitFacts};

    #[test]
    fn what_is_written_is_read_back_and_numbers_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.usage");
        assert_eq!(read(&path), None);
        let limit = |used_percent, resets_at: &str| LimitFacts {
            window: Label::new("5h"),
            used_percent,
            resets_at: Some(resets_at.to_owned()),
        };
        let facts = UsageFacts {
            input_tokens: Some(41_000),
            context_used_percent: Some(62.5),
            cost_usd: Some(0.25),
            limits: vec![limit(31.0, "2026-01-02T03:04:05Z")],
            observed_at: "2026-01-02T03:04:05Z".to_owned(),
            ..UsageFacts::default()
        };
        let usage = Usage { pid: 7, facts };
        write(&path, &usage).unwrap();
        assert_eq!(read(&path), Some(usage.clone()));
        let mut wild = usage;
        wild.facts.context_used_percent = Some(1e300);
        wild.facts.cost_usd = Some(-1.0);
        wild.facts.limits = vec![limit(-5.0, "\u{1b}[31m"); 50];
        write(&path, &wild).unwrap();
        let read_back = read(&path).unwrap().facts;
        assert_eq!((read_back.context_used_percent, read_back.cost_usd), (Some(100.0), None));
        assert_eq!((read_back.limits.len(), read_back.limits[0].used_percent), (8, 0.0));
        assert_eq!(read_back.limits[0].resets_at, None);
    }

    #[test]
    fn what_is_no_such_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.usage");
        for text in
            ["", "{}", "[]", "{\"pid\":-1}", "no json", &format!("{{\"x\":\"{}\"}}", "y".repeat(MAX_FILE_BYTES))]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path), None, "{text}");
        }
    }
}

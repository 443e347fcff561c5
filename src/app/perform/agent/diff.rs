//! What differs in an agent's work tree: read for the screen, told for a command.

use serde_json::json;

use crate::app::action::report::Report;
use crate::fleet::error::Result;
use crate::fleet::git::{self, Against, Diff};
use crate::fleet::home::Site;
use crate::fleet::roster;

/// Reads it. Of an agent of this host: a folder is read where it is.
///
/// # Errors
/// When there is no such agent or no work tree, or it cannot be read.
pub(in crate::app) async fn read(site: &Site, name: &str, against: Against) -> Result<Diff> {
    let roster = roster::load(site)?;
    let agent = roster.local(site, name)?;
    git::diff(&agent.working_directory, site.git_on_network, against).await
}

/// Tells it.
pub(super) async fn told(site: &Site, name: &str, against: Against, stat: bool) -> Result<Report> {
    let diff = read(site, name, against).await?;
    let mut json = json!({
        "agent": name, "folder": diff.folder, "tree": diff.tree, "against": diff.against, "base": diff.base,
        "files": diff.files, "untracked": diff.untracked, "cut": diff.cut,
    });
    if stat {
        for file in json["files"].as_array_mut().into_iter().flatten().filter_map(|file| file.as_object_mut()) {
            file.remove("lines");
            file.remove("more_lines");
        }
    }
    Ok(Report::done(text(&diff, stat), &json))
}

fn text(diff: &Diff, stat: bool) -> String {
    let mut lines = vec![format!("{}: {}", diff.folder, diff.tree)];
    if let Some(base) = &diff.base {
        let next = if diff.committed().is_some() { ": `--branch` shows the whole work" } else { "" };
        lines.push(format!("{base}{next}"));
    }
    for file in &diff.files {
        let was = file.was.as_ref().map(|was| format!(" (was {was})")).unwrap_or_default();
        let lines_of = match file.binary {
            true => "binary".to_owned(),
            false => format!("+{} -{}", file.added, file.removed),
        };
        let head = format!("{}{was} {} {lines_of}", file.path, file.change.word());
        if stat {
            lines.push(head);
            continue;
        }
        lines.push(String::new());
        lines.push(head);
        lines.extend(file.lines.iter().map(|line| format!("{}{}", line.kind.mark(), line.text)));
        if file.more_lines > 0 {
            lines.push(format!("... {} more lines", file.more_lines));
        }
    }
    if diff.cut {
        lines.push("... git said more than is kept: files behind these are not shown".to_owned());
    }
    if !stat && !diff.untracked.is_empty() {
        lines.push(String::new());
    }
    lines.extend(diff.untracked.iter().map(|name| format!("new {name}")));
    let unnamed = diff.tree.untracked.saturating_sub(diff.untracked.len() as u64);
    if unnamed > 0 {
        lines.push(format!("... {unnamed} more that git does not know"));
    }
    lines.join("\n")
}

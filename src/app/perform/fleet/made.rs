//! Rosters that are made: from an example, or from a system type; printed, or written where there is none yet.

use serde_json::{Value, json};

use crate::app::action::report::Report;
use crate::app::perform::library;
use crate::fleet::error::{Failure, Result};
use crate::fleet::framework::PROFILES;
use crate::fleet::home::Site;
use crate::fleet::model::FloorGap;
use crate::fleet::os::exec;
use crate::fleet::roster::{self, Agent, Draft, ENHANCING_CLASS, Edit, Field};
use crate::fleet::{identity, provision, runtime, session, systemd};

/// Makes a roster from an example.
pub(super) async fn init(
    site: &Site,
    profile: &str,
    runtime: Option<&str>,
    write: bool,
    force: bool,
) -> Result<Report> {
    let (mut draft, mut notes) = from_profile(site, profile, runtime)?;
    if runtime.is_none() {
        // Whoever names a runtime means it, installed or not: it may come later.
        notes.extend(on_installed_runtimes(site, &mut draft)?);
    }
    told(site, ("profile", profile), &draft, &notes, (write, force)).await
}

/// Makes a roster from a system type.
pub(super) async fn provision(
    site: &Site,
    system_type: &str,
    runtime: Option<&str>,
    write: bool,
    force: bool,
) -> Result<Report> {
    let (profile, _) = library::usable_profile(site, system_type)?;
    let made = provision::roster(&profile, runtime);
    let (mut draft, mut notes) = (roster::check(site, made.text)?, made.notes);
    if runtime.is_none() {
        notes.extend(on_installed_runtimes(site, &mut draft)?);
    }
    told(site, ("system_type", system_type), &draft, &notes, (write, force)).await
}

/// Prints a roster that was made, or writes it.
async fn told(
    site: &Site,
    (kind, name): (&str, &str),
    draft: &Draft,
    notes: &[String],
    (write, force): (bool, bool),
) -> Result<Report> {
    let path = site.roster.display().to_string();
    let json = |written: bool, backup: Option<&str>| -> Value {
        json!({
            kind: name, "file": path, "written": written, "backup": backup, "notes": notes,
            "agents": draft.roster().agents.iter().map(|agent| agent.name.to_string()).collect::<Vec<_>>(),
        })
    };
    if !write {
        let mut report = Report::done(draft.text().trim_end(), &json(false, None));
        // Beside the answer, which may go into a file.
        report.errors = notes.iter().map(|note| format!("note: {note}")).collect();
        return Ok(report);
    }
    let backup = roster::create(site, draft, force).await?.map(|backup| backup.display().to_string());
    let kind = kind.replace('_', " ");
    let mut lines = vec![format!("wrote {path}: {} agents from {kind} {name}", draft.roster().agents.len())];
    lines.extend(backup.iter().map(|backup| format!("the former roster is {backup}")));
    lines.extend_from_slice(notes);
    lines.extend(draft.roster().warnings.iter().map(|warning| format!("warning: {warning}")));
    if !identity::missing(site).is_empty() {
        lines.push("`mosaic-tui identity init` tells your agents who they are, and who you are".to_owned());
    }
    lines.push(if systemd::Manager::connect().await.is_ok() {
        "next: `mosaic-tui fleet install` and `mosaic-tui fleet start`".to_owned()
    } else {
        "next: `mosaic-tui fleet start` (there is no user manager to install units for)".to_owned()
    });
    Ok(Report::done(lines.join("\n"), &json(true, backup.as_deref())))
}

/// An example with one runtime for all and the floor filled up, and what was added for that.
fn from_profile(site: &Site, profile: &str, runtime: Option<&str>) -> Result<(Draft, Vec<String>)> {
    let internal = |why: String| Failure::failed(format!("profile {profile}"), why, "report this");
    let text = PROFILES.iter().find(|(name, _)| *name == profile).map(|(_, text)| *text);
    let mut text = text.ok_or_else(|| internal("does not exist".to_owned()))?.to_owned();
    if let Some(runtime) = runtime {
        text = roster::put_on(&text, runtime).map_err(internal)?;
    }
    let mut added = Vec::new();
    let mut draft = roster::check(site, text)?;
    if draft.roster().floor_gaps().any(|gap| gap == FloorGap::NoEnhancer) {
        let fields = vec![Field { key: "class".to_owned(), value: Some(ENHANCING_CLASS.to_owned()) }];
        let edit = Edit::Add { name: ENHANCING_CLASS.to_owned(), fields };
        draft = roster::check(site, roster::edit(draft.text(), &edit).map_err(internal)?)?;
        added.push("added an enhancer, which every fleet keeps staffed".to_owned());
    }
    Ok((draft, added))
}

/// Puts every agent on a runtime that is installed here, as far as there is one; what was done.
fn on_installed_runtimes(site: &Site, draft: &mut Draft) -> Result<Vec<String>> {
    let path = session::search_path(site);
    let is_there = |name: &str| runtime::is_built_in(name) || exec::find_in_path(name, &path).is_some();
    let internal = |why: String| Failure::failed("roster", why, "report this");
    let agents = draft.roster().agents.clone();
    let lacks = |agent: &&Agent| agent.command.is_none() && !is_there(&agent.runtime);
    let mut missing: Vec<&str> = Vec::new();
    for agent in agents.iter().filter(lacks) {
        if !missing.contains(&agent.runtime.as_str()) {
            missing.push(&agent.runtime);
        }
    }
    let Some(first) = missing.first() else { return Ok(Vec::new()) };
    let preferred = runtime::preferred();
    let named = agents.iter().map(|agent| agent.runtime.as_str());
    // What the roster names itself comes before what is preferred in general.
    let Some(other) = named.chain(preferred.iter().copied()).find(|name| !runtime::is_built_in(name) && is_there(name))
    else {
        return Ok(vec![format!(
            "none of {} is installed here: {}, or `--runtime stub` tries the fleet out without any",
            preferred.join(", "),
            runtime::install_hint(first)
        )]);
    };
    let mut text = draft.text().to_owned();
    // One default, and not the same line at each of them.
    if agents.iter().all(|agent| lacks(&agent)) {
        text = roster::put_on(&text, other).map_err(internal)?;
    }
    let set = |key: &str, value: Option<&str>| Field { key: key.to_owned(), value: value.map(str::to_owned) };
    for agent in roster::check(site, text.clone())?.roster().agents.iter().filter(|agent| agent.command.is_none()) {
        let mut fields = Vec::new();
        if !is_there(&agent.runtime) {
            fields.push(set("runtime", Some(other)));
        }
        // A model of one runtime is seldom one of another.
        if agent.model_hint.is_some() && agents.iter().any(|before| before.name == agent.name && lacks(&before)) {
            fields.push(set("model_hint", None));
        }
        if !fields.is_empty() {
            text = roster::edit(&text, &Edit::Set { name: agent.name.to_string(), fields }).map_err(internal)?;
        }
    }
    *draft = roster::check(site, text)?;
    let are = if missing.len() == 1 { "is" } else { "are" };
    Ok(vec![format!("{} {are} not installed here; {other} is used instead", missing.join(" and "))])
}

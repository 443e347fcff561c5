//! Changes of the roster. Each holds the roster's lock from before it reads the file until all is done that follows
//! from the change, so none decides by what another one is changing.

use serde_json::json;

use crate::app::action::report::Report;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::lifecycle::{self, Lifecycle, Stop, Tell};
use crate::fleet::model::{AgentName, FloorGap, Warning};
use crate::fleet::roster::{self, Edit, Field, Roster};
use crate::fleet::session;

pub(super) async fn add(site: &Site, name: &AgentName, fields: &[Field], tell: Tell<'_>) -> Result<Report> {
    let locked = roster::lock(site).await?;
    let before = locked.roster();
    if before.agents.iter().any(|agent| agent.name == *name) {
        return Err(Failure::new(
            Kind::Refused,
            format!("agent {name}"),
            "is in the roster already",
            format!("`mosaic-tui fleet edit {name} class=CLASS` changes it, as every field"),
        ));
    }
    let draft = locked.draft(&Edit::Add { name: name.to_string(), fields: fields.to_vec() })?;
    keeps_floor(before, draft.roster(), name)?;
    locked.write(&draft)?;
    // Its whole path would push the next step off a narrow screen.
    let file = site.roster.file_name().unwrap_or_default().to_string_lossy();
    let text = if draft.roster().agents.iter().any(|agent| agent.name == *name && draft.roster().is_remote(agent, site))
    {
        format!("{name}: added to {file}; it lives on another host and is started there")
    } else {
        let enabled = lifecycle::enroll(site, name, tell).await.map_err(|failure| Failure {
            what: format!("agent {name} is added, but its unit is not enabled: {}", failure.what),
            next: format!("`mosaic-tui fleet install` enables it; {}", failure.next),
            ..failure
        })?;
        // Else it would count as dead, and a recovery would start it.
        lifecycle::note_stopped(site, name, Stop::NotStarted)?;
        let unit = if enabled { ", its unit enabled" } else { "" };
        format!("{name}: added to {file}{unit}; `mosaic-tui fleet start {name}` starts it")
    };
    drop(locked);
    told(site, name, "added", text, draft.roster())
}

pub(super) async fn edit(site: &Site, name: &AgentName, fields: &[Field]) -> Result<Report> {
    let locked = roster::lock(site).await?;
    let before = locked.roster();
    let old = before.agent(name.as_str())?;
    let draft = locked.draft(&Edit::Set { name: name.to_string(), fields: fields.to_vec() })?;
    keeps_floor(before, draft.roster(), name)?;
    let new = draft.roster().agent(name.as_str())?;
    // From then on this host would not know the agent any more, and nobody could stop what runs here.
    let moves_away = draft.roster().is_remote(new, site) && !before.is_remote(old, site);
    if moves_away && session::keeper_pid(&site.run_file(name, RunFile::Lock)).is_some() {
        return Err(Failure::new(
            Kind::Refused,
            format!("agent {name}"),
            format!("runs here, and would belong to {} from then on", new.host),
            format!("`mosaic-tui fleet stop {name}` first"),
        ));
    }
    let unchanged = new == old;
    locked.write(&draft)?;
    drop(locked);
    let next = if unchanged {
        "is as it was".to_owned()
    } else if draft.roster().is_remote(new, site) {
        format!("changed; it lives on {}", new.host)
    } else if session::keeper_pid(&site.run_file(name, RunFile::Lock)).is_some() {
        format!("changed; `mosaic-tui fleet restart {name}` lets it run that way")
    } else {
        format!("changed; `mosaic-tui fleet start {name}` starts it that way")
    };
    told(site, name, "changed", format!("{name}: {next}"), draft.roster())
}

pub(super) async fn remove(site: &Site, name: &AgentName, tell: Tell<'_>) -> Result<Report> {
    let locked = roster::lock(site).await?;
    let before = locked.roster();
    let agent = before.agent(name.as_str())?.clone();
    nobody_reports_to(before, name)?;
    let draft = locked.draft(&Edit::Remove { name: name.to_string() })?;
    keeps_floor(before, draft.roster(), name)?;
    if draft.roster().agents.is_empty() {
        return Err(Failure::new(
            Kind::Refused,
            format!("agent {name}"),
            "is the roster's last",
            "`mosaic-tui fleet uninstall` ends a fleet",
        ));
    }
    if before.is_remote(&agent, site) {
        locked.write(&draft)?;
    } else {
        tell("stopping it");
        // Nobody starts it before the roster says that it is gone.
        let retired = Lifecycle::choose(site, before, None).await?.retire(&agent).await?;
        lifecycle::dismiss(site, name, tell).await?;
        // Behind the stop: if that fails, the roster still names what runs, and it can be told again.
        locked.write(&draft)?;
        // A keeper that nobody's command started may have come in between; now none comes any more.
        lifecycle::stop_stray(site, draft.roster(), name).await?;
        lifecycle::forget(site, name);
        drop(retired);
    }
    let text = match agent.ssh.as_ref().filter(|_| before.is_remote(&agent, site)) {
        Some(ssh) => format!(
            "{name}: taken out of {}; whatever runs on {} runs on: `ssh {ssh} mosaic-tui fleet stop {name}`",
            site.roster.display(),
            agent.host
        ),
        None => format!("{name}: stopped and taken out of {}", site.roster.display()),
    };
    drop(locked);
    told(site, name, "removed", text, draft.roster())
}

/// Refuses to take out whom others report to.
fn nobody_reports_to(roster: &Roster, name: &AgentName) -> Result<()> {
    let reporters: Vec<&str> = roster
        .agents
        .iter()
        .filter(|other| other.reports_to.as_deref() == Some(name.as_str()))
        .map(|other| other.name.as_str())
        .collect();
    match reporters.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            Kind::Refused,
            format!("agent {name}"),
            format!("{} report{} to it", reporters.join(", "), if reporters.len() == 1 { "s" } else { "" }),
            format!("first `mosaic-tui fleet edit {first} reports_to=...`, then again"),
        )),
    }
}

fn told(site: &Site, name: &AgentName, outcome: &str, text: String, roster: &Roster) -> Result<Report> {
    let mut lines = vec![text];
    let told = |warning: &&Warning| warning.floor_gap().is_some();
    lines.extend(roster.warnings.iter().filter(told).map(|warning| format!("warning: {warning}")));
    Ok(Report::done(
        lines.join("\n"),
        &json!({
            "name": name, "tenant_id": site.tenant_id, "host": site.host, "outcome": outcome,
            "file": site.roster.display().to_string(), "warnings": roster.warnings,
        }),
    ))
}

/// Refuses a change that takes the fleet further below its floor; one that was below it may stay there.
fn keeps_floor(before: &Roster, after: &Roster, name: &AgentName) -> Result<()> {
    let size = |roster: &Roster| roster.floor_gaps().map(FloorGap::size).sum::<usize>();
    // By how far it is below and not whether: a fleet without its floor could otherwise not be repaired
    // one agent at a time.
    if size(after) <= size(before) {
        return Ok(());
    }
    let new = after.floor_gaps().find(|gap| !before.floor_gaps().any(|known| known == *gap));
    Err(Failure::new(
        Kind::Refused,
        format!("agent {name}"),
        new.map(|gap| format!("would break the floor: {gap}")).unwrap_or_default(),
        "every fleet keeps exactly one coordinating seat and at least one enhancer",
    ))
}

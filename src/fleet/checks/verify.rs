//! Whether a fleet can be trusted right now, and whether the operator's own tmux server was left alone.

use super::{Check, lacks_keeper, supervisor};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::{Installed, installed};
use crate::fleet::model::{
    ActiveState, AgentRow, BootEnable, Flag, FleetSnapshot, FleetSupervisor, Health, Plane, Readiness, SocketName, age,
};
use crate::fleet::os::process;
use crate::fleet::roster::Roster;
use crate::fleet::session::AGENT_NAME;
use crate::fleet::tmux::{Look, PaneRecord, Query, REACHED_BY, Tmux};

/// Every check of the fleet as it was observed, and of the operator's default tmux server.
pub async fn verify(site: &Site, roster: &Roster, snapshot: &FleetSnapshot) -> Vec<Check> {
    let mut checks: Vec<Check> = snapshot
        .agents
        .iter()
        .filter(|row| row.managed && !row.has(Flag::Remote))
        .map(|row| of_agent(row, lacks_keeper(site, row)))
        .collect();
    if checks.is_empty() {
        checks.push(Check::failed(
            "roster",
            "names no agents of this host",
            "`mosaic-tui fleet add NAME runtime=RUNTIME` adds one",
        ));
    }
    checks.extend(snapshot.agents.iter().filter(|row| !row.managed).map(|row| {
        let what = format!("session {}", row.shown_name());
        let why = "runs on the fleet's socket, and the roster does not know it";
        if row.has(Flag::Remote) {
            let next = format!("add it to the roster, or end it on {}", row.host);
            return Check::warning(what, why, next);
        }
        let next = format!("`mosaic-tui fleet stop {}` ends it, if an agent of this fleet was called so", row.name);
        Check::warning(what, why, next)
    }));
    checks.extend(snapshot.agents.iter().filter(|row| row.managed && row.has(Flag::Remote)).map(|row| elsewhere(row)));
    checks.extend(snapshot.warnings.iter().map(|warning| Check::warning("roster", warning.label().to_string(), "")));
    let silent = snapshot.planes.iter().find(|plane| plane.plane == Plane::Systemd && !plane.ok);
    if let Some(plane) = silent.filter(|_| installed(site) == Installed::Ours) {
        checks.push(Check::failed(
            "systemd",
            plane.text.to_string(),
            "`mosaic-tui fleet doctor` checks the user manager",
        ));
    }
    if snapshot.supervisor == FleetSupervisor::Direct {
        checks.push(Check::warning(
            "boot",
            "the direct supervisor keeps this fleet: nothing brings it back after a reboot",
            match silent {
                None => "`mosaic-tui fleet install` hands it to systemd",
                Some(_) => "systemd would, and cannot be asked here: `mosaic-tui fleet doctor` says what it needs",
            },
        ));
    }
    // The holder matters only while something lives that would end with the server.
    let lives = |row: &std::sync::Arc<AgentRow>| row.managed && row.pane.as_ref().is_some_and(|pane| !pane.dead);
    if snapshot.agents.iter().any(|row| lives(row) && row.socket == roster.socket && !row.has(Flag::Remote)) {
        checks.push(holder(roster).await);
    }
    checks.extend(supervisor(site, roster));
    checks.push(default_server(site, roster).await);
    checks
}

/// An agent of another host: that it can be trusted is for its own host to verify.
fn elsewhere(row: &AgentRow) -> Check {
    let subject = row.shown_name();
    let text = format!("{}: {}", row.readiness.word(), row.reason);
    if matches!(row.readiness, Readiness::Dead | Readiness::Stale | Readiness::Unknown) || row.drift {
        let next =
            format!("`mosaic-tui agent explain {}`; `mosaic-tui fleet verify` on {} says more", row.name, row.host);
        return Check::failed(subject, text, next);
    }
    Check::ok(subject, text)
}

fn of_agent(row: &AgentRow, lacks_keeper: bool) -> Check {
    let subject = row.name.to_string();
    if row.has(Flag::Stopped) {
        return Check::ok(subject, row.reason.to_string());
    }
    let failed = |text: String, next: &str| Check::failed(subject.clone(), text, next);
    // A reason that says what helps is not followed by another advice.
    let for_its_reason = |text: String, next: &str| failed(text, if row.advised { "" } else { next });
    let start = format!("`mosaic-tui fleet start {subject}`");
    let Some(pane) = &row.pane else {
        return for_its_reason(row.reason.to_string(), &start);
    };
    if pane.dead || row.readiness == Readiness::Dead {
        let next = format!("`mosaic-tui fleet restart {subject}`");
        return for_its_reason(format!("its pane is dead: {}", row.reason), &next);
    }
    // Before its health: without a keeper there is no heartbeat, and another keeper is what helps.
    if lacks_keeper {
        return for_its_reason(
            format!("its keeper is gone: {}", row.reason),
            &format!("{start} gives it another, and stops nothing"),
        );
    }
    if row.health != Health::Healthy {
        return for_its_reason(
            format!("it answers no heartbeat: {}", row.reason),
            &format!("`mosaic-tui agent explain {subject}`"),
        );
    }
    if row.drift {
        return failed(
            format!("runs another program than {}", row.runtime.as_deref().unwrap_or_default()),
            &format!("`mosaic-tui agent explain {subject}`"),
        );
    }
    if row.has(Flag::Disagree) {
        return for_its_reason(row.reason.to_string(), &format!("`mosaic-tui agent explain {subject}`"));
    }
    match row.boot_enable {
        BootEnable::NotEnabled => {
            return failed("is not enabled: it will not come back".to_owned(), "`mosaic-tui fleet install`");
        }
        BootEnable::LingerOff => {
            return failed(
                "lingering is off: it ends with your last login".to_owned(),
                &format!("`{}`", crate::fleet::systemd::linger::command(true)),
            );
        }
        BootEnable::Ok | BootEnable::Unknown => {}
    }
    if let Some(unit) =
        row.systemd.as_ref().filter(|unit| !matches!(unit.active, ActiveState::Active | ActiveState::Inactive))
    {
        return failed(
            format!("lives, but its unit is {} ({})", unit.active, unit.sub),
            &format!("`mosaic-tui agent explain {subject}`"),
        );
    }
    let beat = row.heartbeat.as_ref().map(|beat| age::short(std::time::Duration::from_secs_f64(beat.age_seconds)));
    let enabled = row.systemd.as_ref().is_some_and(|unit| unit.unit_file_state.is_enabled());
    let boot = if enabled { ", comes back at boot" } else { "" };
    Check::ok(
        subject,
        format!(
            "session ={}: pane {} pid {}, heartbeat {} ago, runs {}{boot}",
            row.session_label,
            pane.id,
            pane.pid,
            beat.unwrap_or_default(),
            row.runtime.as_deref().unwrap_or_default(),
        ),
    )
}

/// Whether the session that keeps the fleet's server alive is there.
async fn holder(roster: &Roster) -> Check {
    let subject = format!("session {}", roster.holder.label());
    match Tmux::new(roster.socket).look().await {
        Ok(Look::Panes(panes)) if panes.iter().any(|pane| pane.session == roster.holder && !pane.dead) => {
            Check::ok(subject, "keeps the tmux server alive when no agent runs")
        }
        Ok(Look::Panes(_)) => Check::failed(
            subject,
            "is gone: the tmux server would end with its last session",
            "`mosaic-tui fleet start` makes it again, and stops nothing",
        ),
        Ok(Look::NoServer) => Check::failed(subject, "no tmux server runs", "`mosaic-tui fleet start`"),
        Ok(Look::Unreachable(server)) => Check::failed(subject, server.to_string(), REACHED_BY),
        Err(failure) => Check::failed(subject, failure.why, failure.next),
    }
}

/// Proves that nothing of the fleet is on the operator's own tmux server.
async fn default_server(site: &Site, roster: &Roster) -> Check {
    let subject = "your default tmux server";
    if roster.socket.name().is_none() {
        return Check::warning(
            subject,
            "the roster names no socket, so the fleet lives on it",
            format!("name one under `tmux.socket_name` in {}", site.roster.display()),
        );
    }
    let own = Tmux::new(SocketName::DEFAULT);
    let panes = match own.look().await {
        Ok(Look::NoServer) => return Check::ok(subject, "none runs, and none was started"),
        Ok(Look::Panes(panes)) => panes,
        // Whoever cannot be reached was not touched.
        Ok(Look::Unreachable(server)) => return Check::ok(subject, server.to_string()),
        Err(failure) => return Check::failed(subject, failure.to_string(), "look with `tmux list-sessions`"),
    };
    let pids = [server_pid(&own).await, server_pid(&Tmux::new(roster.socket)).await];
    let [Some(theirs), ours] = pids else {
        return Check::failed(subject, "does not tell its pid", "look with `tmux list-sessions`");
    };
    // Two names may lead to one socket, by a link or by `TMUX_TMPDIR`; the server's pid is what tells.
    if ours == Some(theirs) {
        return Check::failed(
            subject,
            format!("is the fleet's server as well (pid {theirs})"),
            "name another socket under `tmux.socket_name`",
        );
    }
    let found: Vec<String> =
        panes.iter().filter(|pane| is_ours(pane, site, roster)).map(|pane| pane.session.label().to_string()).collect();
    if !found.is_empty() {
        return Check::failed(
            subject,
            format!("holds sessions of the fleet: {}", found.join(", ")),
            "they were made by hand or by another version; look with `tmux list-sessions`",
        );
    }
    let sessions: std::collections::HashSet<&str> = panes.iter().map(|pane| pane.session.0.as_str()).collect();
    Check::ok(subject, format!("untouched: pid {theirs}, {} sessions, none of the fleet's", sessions.len()))
}

async fn server_pid(tmux: &Tmux) -> Option<u32> {
    tmux.query(&Query::ServerPid).await.ok()?.trim().parse().ok()
}

/// Whether a pane was made for an agent of this fleet: by its mark, or by its process's environment.
fn is_ours(pane: &PaneRecord, site: &Site, roster: &Roster) -> bool {
    pane.mark.is_some()
        || pane.session == roster.holder
        || (process::environment_value(pane.pid, AGENT_NAME).is_some()
            // The operator may run another fleet, whose agents are not this one's business.
            && process::environment_value(pane.pid, "MOSAIC_HOME")
                .is_some_and(|home| site.home == std::path::Path::new(&home)))
}

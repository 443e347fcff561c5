//! Rows of sessions that the roster does not know.

use std::collections::HashSet;

use super::evidence::{TmuxFinding, process_evidence};
use super::{Planes, Reading, idle, pane_facts, seconds_since};
use crate::fleet::heartbeat::NoHeartbeat;
use crate::fleet::model::{AgentRow, BootEnable, Evidence, Flag, Label, Plane, RowKey, ServerName, SshTarget};
use crate::fleet::readiness::{self, Inputs, PaneState, Reason, ScreenInput};
use crate::fleet::roster::{Agent, is_viewer_name};
use crate::fleet::tmux::{Look, PaneRecord};

/// One row per session that the roster does not know, of the fleet's own socket and of those on other hosts.
pub(super) fn unmanaged_rows(planes: &Planes<'_>) -> Vec<AgentRow> {
    let own = ServerName::here(&planes.roster.socket);
    let mut servers: Vec<(&ServerName, &Reading<Look>)> =
        planes.tmux.iter().filter(|(server, _)| **server == own || server.ssh.is_some()).collect();
    // A map has no order, and rows would change places from look to look.
    servers.sort_by_key(|(server, _)| server.ssh.as_ref());
    let mut rows = Vec::new();
    for (server, reading) in servers {
        let Ok(Look::Panes(panes)) = &reading.facts else { continue };
        // What a silent host said before its silence proves nothing now.
        let answers = |host: &SshTarget| planes.hosts.get(host).is_some_and(|view| view.link.facts.is_ok());
        if server.ssh.as_ref().is_some_and(|host| !answers(host)) {
            continue;
        }
        let of_server = |agent: &&Agent| planes.roster.server(agent, planes.site) == *server;
        let agents: Vec<&Agent> = planes.roster.agents.iter().filter(of_server).collect();
        let mut known: HashSet<&str> = agents.iter().map(|agent| agent.session.0.as_str()).collect();
        known.insert(planes.roster.holder.0.as_str());
        let host = agents.first().map_or(&planes.site.host, |agent| &agent.host);
        let mut sorted: Vec<&PaneRecord> = panes.iter().collect();
        sorted.sort_by_key(|pane| pane.id);
        for pane in sorted {
            let name = pane.session.0.as_str();
            // Of a session with several panes one row: that of its oldest pane.
            if !is_viewer_name(name) && known.insert(name) {
                rows.push(unmanaged_row(planes, server, host, pane, seconds_since(reading.at, planes.now)));
            }
        }
    }
    rows
}

fn unmanaged_row(
    planes: &Planes<'_>,
    server: &ServerName,
    host: &str,
    pane: &PaneRecord,
    age_seconds: f64,
) -> AgentRow {
    let tree = planes.processes.get(&pane.pid).filter(|_| server.ssh.is_none());
    let state = TmuxFinding { record: Some(pane), missing: PaneState::NoSession, panes_in_session: 1, hidden: None }
        .state(tree, None);
    let idle = idle(pane, planes.now);
    let decision = readiness::decide(
        &Inputs { pane: state, heartbeat: Err(NoHeartbeat::Absent), idle, screen: ScreenInput::NotAsked },
        &planes.site.thresholds,
    );
    let mut evidence = vec![
        Evidence::new(Plane::Roster, true, "not in the roster", 0.0),
        Evidence::new(Plane::Tmux, true, &format!("pane {} of {}, pid {}", pane.id, pane.size, pane.pid), age_seconds),
    ];
    if server.ssh.is_none() {
        process_evidence(planes, Some(pane), tree, &mut evidence);
    }
    AgentRow {
        key: RowKey::of_session(server, &pane.session_id),
        name: pane.session.label(),
        alias: None,
        session: pane.session.clone(),
        session_label: pane.session.label(),
        tenant_id: planes.site.tenant_id.clone(),
        host: host.to_owned(),
        socket: server.socket,
        class: None,
        runtime: None,
        model_hint: None,
        reports_to: None,
        persona: None,
        managed: false,
        systemd: None,
        pane: Some(pane_facts(pane, tree)),
        process: tree.map(|tree| tree.facts.clone()),
        idle_seconds: idle.map(|idle| idle.as_secs()),
        printed: None,
        heartbeat: None,
        usage: None,
        health: decision.health,
        readiness: decision.readiness,
        reason: Label::new(&Reason::NotInRoster.to_string()),
        advised: Reason::NotInRoster.says_what_helps(),
        question: None,
        drift: false,
        boot_enable: BootEnable::Unknown,
        flags: if server.ssh.is_some() { vec![Flag::Remote, Flag::Unmanaged] } else { vec![Flag::Unmanaged] },
        evidence,
        tree: None,
        claim: None,
        notes: Vec::new(),
        last_exit: None,
        observed_at: planes.now,
        rule: decision.rule,
        would_change: decision.would_change,
        target: Some(pane.target(server)),
    }
}

//! Sample rows and snapshots for the tests of pure code.

use std::sync::Arc;

use crate::fleet::model::{
    AgentName, AgentRow, Authority, BootEnable, Evidence, FleetSnapshot, Health, HeartbeatFacts, HeartbeatStatus,
    Label, PaneFacts, PaneId, PaneTarget, Plane, PlaneState, ProcessFacts, Readiness, RowKey, Size, SocketName,
    TmuxFeed,
};

/// A managed row.
pub(crate) fn row(name: &str, readiness: Readiness) -> AgentRow {
    let number = name.bytes().map(u32::from).sum::<u32>();
    let dead = readiness == Readiness::Dead;
    let reason = match readiness {
        Readiness::Stuck => "Deploy to staging? (y/n)",
        Readiness::Dead => "exited with status 3",
        Readiness::Stale => "no heartbeat for 64s",
        Readiness::Unknown => "no heartbeat file",
        Readiness::Available => "idle for 6m",
        Readiness::Working => "running the tests",
    };
    AgentRow {
        key: RowKey::of_agent(&AgentName::parse(name).unwrap()),
        name: Label::new(name),
        alias: None,
        session: Label::new(name),
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        socket: SocketName(Some("mosaic-fleet".to_owned())),
        class: Some("code".to_owned()),
        runtime: Some("stub".to_owned()),
        model_hint: None,
        managed: true,
        systemd: None,
        pane: Some(PaneFacts {
            id: PaneId(number),
            pid: 1000 + number,
            dead,
            exit_status: dead.then_some(3),
            command: Label::new("mosaic-tui"),
            width: 200,
            height: 50,
            title: Label::new("stub"),
        }),
        process: Some(ProcessFacts {
            alive: !dead,
            argv0: Label::new("mosaic-tui"),
            cpu_percent: 1.5,
            rss_bytes: 12 << 20,
            descendants: 0,
        }),
        idle_seconds: Some(12),
        heartbeat: Some(HeartbeatFacts {
            age_seconds: 3.0,
            status: HeartbeatStatus::Ok,
            detail: None,
            by: Authority::Keeper,
        }),
        health: Health::Healthy,
        readiness,
        reason: Label::new(reason),
        drift: false,
        boot_enable: BootEnable::Unknown,
        flags: Vec::new(),
        evidence: vec![
            Evidence { plane: Plane::Tmux, ok: true, text: Label::new("pane %1 of 200x50"), age_seconds: 1.0 },
            Evidence { plane: Plane::Systemd, ok: false, text: Label::new("no user manager here"), age_seconds: 1.0 },
        ],
        claim: None,
        observed_at: "2026-01-02T03:04:05Z".to_owned(),
        rule: "the rule",
        would_change: "something else",
        target: Some(PaneTarget {
            socket: SocketName(Some("mosaic-fleet".to_owned())),
            pane: PaneId(number),
            session_id: format!("${number}"),
            window: Size { width: 200, height: 50 },
            size: Size { width: 200, height: 50 },
            left: 0,
            top: 0,
            status_rows: 1,
            status_on_top: false,
            attachable: true,
        }),
    }
}

/// A fleet with one agent in each state.
pub(crate) fn snapshot() -> Arc<FleetSnapshot> {
    let names = ["review", "docs", "tests", "code1", "orchestrator", "code0"];
    let states = [
        Readiness::Stuck,
        Readiness::Dead,
        Readiness::Stale,
        Readiness::Unknown,
        Readiness::Working,
        Readiness::Available,
    ];
    let mut agents: Vec<Arc<AgentRow>> =
        names.iter().zip(states).map(|(name, state)| Arc::new(row(name, state))).collect();
    let mut unmanaged = row("by-hand", Readiness::Unknown);
    unmanaged.key = RowKey::of_session("$7");
    unmanaged.managed = false;
    unmanaged.class = None;
    unmanaged.runtime = None;
    unmanaged.reason = Label::new("not in the roster");
    agents.push(Arc::new(unmanaged));
    Arc::new(FleetSnapshot {
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        socket: SocketName(Some("mosaic-fleet".to_owned())),
        supervisor: "direct",
        observed_at: "2026-01-02T03:04:05Z".to_owned(),
        agents,
        planes: vec![
            PlaneState { plane: Plane::Tmux, ok: true, text: Label::new("8 panes") },
            PlaneState { plane: Plane::Systemd, ok: false, text: Label::new("no user manager here") },
        ],
        warnings: Vec::new(),
        tmux_feed: TmuxFeed::Events,
    })
}

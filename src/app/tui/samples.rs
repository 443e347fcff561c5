//! Sample rows and snapshots for the tests of pure code.

use std::sync::Arc;

use crate::backlog::graph::{Graph, Node};
use crate::backlog::model::{
    Board, BoardQuery, Card, CardEvent, CardId, CardLine, Claim, ClaimLine, Column, Counts, EventKind, HeldCard, Lane,
    Stamp, Status,
};
use crate::backlog::operations::Detail;
use crate::backlog::store::Neighbour;
use crate::fleet::git::{Against, Base, Change, Diff, DiffLine, FileDiff, LineKind};
use crate::fleet::model::{
    AgentName, AgentRow, Authority, BootEnable, Evidence, FleetSnapshot, FleetSupervisor, Health, HeartbeatFacts,
    HeartbeatStatus, Label, PaneFacts, PaneId, PaneTarget, Plane, PlaneState, ProcessFacts, Readiness, RowKey,
    ServerName, SessionName, Size, SocketName, Supervision, TreeFacts,
};
use crate::ui::draw::{Drawn, Lines};

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
        key: RowKey::of_agent(AgentName::parse(name).unwrap()),
        name: Label::new(name),
        alias: None,
        session: SessionName(name.to_owned()),
        session_label: Label::new(name),
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        socket: SocketName::named("mosaic-fleet").unwrap(),
        class: Some("code".to_owned()),
        runtime: Some("stub".to_owned()),
        model_hint: None,
        reports_to: None,
        persona: Some("code".to_owned()),
        managed: true,
        systemd: None,
        pane: Some(PaneFacts {
            id: PaneId(number),
            pid: 1000 + number,
            dead,
            exit_status: dead.then_some(3),
            exit_signal: None,
            command: Label::new("mosaic-tui"),
            width: 200,
            height: 50,
            title: Label::new("stub"),
            drafted: false,
        }),
        process: Some(ProcessFacts {
            alive: !dead,
            argv0: Label::new("mosaic-tui"),
            cpu_percent: 1.5,
            rss_bytes: 12 << 20,
            descendants: 0,
        }),
        idle_seconds: Some(12),
        printed: None,
        heartbeat: Some(HeartbeatFacts {
            age_seconds: 3.0,
            status: HeartbeatStatus::Ok,
            detail: None,
            by: Authority::Keeper,
        }),
        usage: None,
        health: Health::Healthy,
        readiness,
        reason: Label::new(reason),
        advised: false,
        question: None,
        drift: false,
        boot_enable: BootEnable::Unknown,
        flags: Vec::new(),
        evidence: vec![
            Evidence::new(Plane::Tmux, true, "pane %1 of 200x50", 1.0),
            Evidence::new(Plane::Systemd, false, "no user manager here", 1.0),
        ],
        tree: None,
        claim: None,
        notes: Vec::new(),
        last_exit: None,
        observed_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        rule: "the rule",
        would_change: "something else",
        target: Some(PaneTarget {
            server: ServerName::here(&SocketName::named("mosaic-fleet").unwrap()),
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
    unmanaged.key = RowKey::of_session(&ServerName::here(&SocketName::DEFAULT), "$7");
    unmanaged.managed = false;
    unmanaged.class = None;
    unmanaged.runtime = None;
    unmanaged.reason = Label::new("not in the roster");
    agents.push(Arc::new(unmanaged));
    Arc::new(FleetSnapshot {
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        socket: SocketName::named("mosaic-fleet").unwrap(),
        supervisor: FleetSupervisor::Direct,
        observed_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        agents,
        planes: vec![
            PlaneState { plane: Plane::Tmux, ok: true, text: Label::new("8 panes") },
            PlaneState { plane: Plane::Systemd, ok: false, text: Label::new("no user manager here") },
        ],
        warnings: Vec::new(),
        paused: None,
        escalations: Vec::new(),
        supervision: Supervision::default(),
    })
}

/// Seats: a lead with two coders, one who is not staffed, and one whose superior is not there.
pub(crate) fn company() -> Arc<FleetSnapshot> {
    let seat = |name: &str, class: &str, boss: Option<&str>, readiness| {
        Arc::new(AgentRow {
            class: Some(class.to_owned()),
            persona: Some(class.to_owned()),
            reports_to: boss.map(Label::new),
            ..row(name, readiness)
        })
    };
    let lead = Some("orchestrator");
    let agents = vec![
        seat("code1", "code", lead, Readiness::Stuck),
        seat("review", "review", lead, Readiness::Dead),
        seat("code0", "code", lead, Readiness::Working),
        seat("docs", "documentation", Some("gone"), Readiness::Available),
        seat("orchestrator", "orchestrator", None, Readiness::Available),
    ];
    Arc::new(FleetSnapshot { agents, ..(*snapshot()).clone() })
}

/// What differs in a work tree: a changed file, a picture, and a file that git does not know.
pub(crate) fn diff() -> Arc<Diff> {
    let line = |kind, text: &str| DiffLine { kind, text: text.to_owned() };
    let mut lines = vec![
        line(LineKind::Place, "@@ -1,3 +1,42 @@ fn login() {"),
        line(LineKind::Removed, "    let code = 1;"),
        line(LineKind::Same, "    check(code);"),
    ];
    lines.extend((1..=40).map(|at| line(LineKind::Added, &format!("    second {at};"))));
    let file = |path: &str, change, binary, lines: Vec<DiffLine>| FileDiff {
        path: Label::new(path),
        was: None,
        change,
        binary,
        added: lines.iter().filter(|line| line.kind == LineKind::Added).count() as u64,
        removed: lines.iter().filter(|line| line.kind == LineKind::Removed).count() as u64,
        lines,
        more_lines: 0,
    };
    let tree = TreeFacts {
        branch: Some(Label::new("feat/sessions")),
        commit: Some("0123456".to_owned()),
        changed: 2,
        untracked: 1,
        added: Some(40),
        removed: Some(1),
        ..TreeFacts::default()
    };
    Arc::new(Diff {
        folder: Label::new("/work/login"),
        tree,
        against: Against::Commit,
        base: Some(Base { name: Label::new("main"), commits: 2 }),
        files: vec![
            file("src/login.rs", Change::Modified, false, lines),
            file("assets/logo.png", Change::Added, true, Vec::new()),
        ],
        untracked: vec![Label::new("notes.txt")],
        cut: false,
    })
}

/// The store's clock in the samples.
pub(crate) const NOW: Stamp = Stamp(1_767_323_045_000);

/// A card's name.
pub(crate) fn id(text: &str) -> CardId {
    CardId::parse(text).unwrap()
}

/// A ready card.
pub(crate) fn card(name: &str) -> Card {
    Card {
        id: id(name),
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        title: "Log in with a second factor".to_owned(),
        body: "The login page asks for a code.\n\n- time based\n- with recovery codes".to_owned(),
        phase: "m1".to_owned(),
        priority: 0,
        status: Status::Ready,
        depends_on: vec![id("A1")],
        assignee: String::new(),
        goal: "A".to_owned(),
        stage: "code".to_owned(),
        branch: format!("code/{name}"),
        paths: vec!["src/login/**".to_owned()],
        ttl_seconds: None,
        rounds: 0,
        claim: None,
        last_claim_token: 0,
        attempts: 0,
        idempotency_key: None,
        acceptance: Some(serde_json::json!(["the tests pass", "no secret in a log"])),
        spend_projected: None,
        spend_actual: None,
        created_at: Stamp(NOW.0 - 7_200_000),
        updated_at: Stamp(NOW.0 - 600_000),
        version: 3,
        block_reason: String::new(),
        open_dependencies: 0,
    }
}

fn line(column: Column, at: u64) -> CardLine {
    let claim = (column == Column::Claimed).then(|| ClaimLine {
        owner: ["orchestrator", "code0", "somebody"][usize::try_from(at % 3).unwrap()].to_owned(),
        host: String::new(),
        since: Stamp(NOW.0 - 240_000),
        expires_at: Stamp(NOW.0 + 660_000 - i64::try_from(at).unwrap() * 400_000),
    });
    let letter = ["W", "A", "C", "B", "D"][column.index()];
    let titles = [
        "Log in with a second factor",
        "Mend the flaky test of the queue",
        "\u{65e5}\u{672c}\u{8a9e} in titles",
        "Drop the old cache",
    ];
    CardLine {
        id: id(&format!("{letter}{at}")),
        title: titles[usize::try_from(at % 4).unwrap()].to_owned(),
        priority: [0, 5, 0, -1][usize::try_from(at % 4).unwrap()],
        phase: "m1".to_owned(),
        assignee: if at % 3 == 1 { "code".to_owned() } else { String::new() },
        open_dependencies: i64::from(column == Column::Waiting) * 2,
        claim,
        block_reason: if column == Column::Blocked { "waits for the key of staging".to_owned() } else { String::new() },
        updated_at: Stamp(NOW.0 - 60_000 * i64::try_from(at + 1).unwrap()),
        version: 1,
        goal: if at.is_multiple_of(2) { "A".to_owned() } else { String::new() },
        stage: if at.is_multiple_of(4) { "review".to_owned() } else { String::new() },
        branch: if at.is_multiple_of(4) { format!("code/{letter}{at}") } else { String::new() },
    }
}

/// A board with so many cards in each column, of which the first of each are read.
pub(crate) fn board(counts: [u64; 5]) -> Arc<Board> {
    let query = BoardQuery { limit: super::state::board::WINDOW, ..BoardQuery::default() };
    let lanes = Column::ALL.map(|column| {
        let count = counts[column.index()];
        let cards = (0..count.min(query.limit)).map(|at| line(column, at)).collect();
        Lane { count, more: false, offset: 0, cards }
    });
    let claims = lanes[Column::Claimed.index()]
        .cards
        .iter()
        .filter_map(|card| Some(HeldCard { id: card.id, title: card.title.clone(), claim: card.claim.clone()? }))
        .collect();
    Arc::new(Board { now: NOW, counts: Counts(counts), lanes, claims, query })
}

/// A card in full, claimed by an agent.
pub(crate) fn detail(name: &str) -> Arc<Detail> {
    let mut card = card(name);
    card.status = Status::Claimed;
    card.claim = Some(Claim {
        owner: "orchestrator".to_owned(),
        host: String::new(),
        ttl_seconds: 900,
        at: Stamp(NOW.0 - 240_000),
        since: Stamp(NOW.0 - 240_000),
        token: 2,
    });
    let node =
        |name: &str, column: Column| Node { id: id(name), title: format!("title of {name}"), column: Some(column) };
    let neighbour = |name: &str, column: Column| Neighbour {
        id: id(name),
        title: Some(format!("title of {name}")),
        column: Some(column),
    };
    let event = |kind: EventKind, ago: i64, actor: &str, detail: serde_json::Value| CardEvent {
        card_id: id(name),
        at: Stamp(NOW.0 - ago * 1000),
        actor: actor.to_owned(),
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        kind,
        version: 1,
        detail,
    };
    Arc::new(Detail {
        around: Graph {
            nodes: vec![
                node("A1", Column::Done),
                node("A2", Column::Claimed),
                node(name, Column::Claimed),
                node("Z8", Column::Waiting),
                node("Z9", Column::Waiting),
            ],
            edges: vec![
                (id(name), id("A1")),
                (id(name), id("A2")),
                (id("Z8"), id(name)),
                (id("Z9"), id(name)),
                (id("Z9"), id("A2")),
            ],
        },
        dependencies: vec![neighbour("A1", Column::Done), neighbour("A2", Column::Claimed)],
        dependents: vec![neighbour("Z8", Column::Waiting), neighbour("Z9", Column::Waiting)],
        history: vec![
            event(EventKind::Created, 7200, "tester", serde_json::json!({})),
            event(EventKind::Edited, 3600, "tester", serde_json::json!({ "priority": [0, 3] })),
            event(EventKind::Claimed, 240, "orchestrator", serde_json::json!({ "token": 2 })),
        ],
        card,
    })
}

/// A frame on which there was room for all of a popup.
pub(crate) const DRAWN: Drawn = Drawn { popup: Some(Lines { first: 0, end: 3, all: 3, marked: true }) };

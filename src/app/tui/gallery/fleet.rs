//! The gallery's fleet: who is in it, what waits, and what happened. Nothing of it depends on when or where it is drawn.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::app::tui::{claims, samples};
use crate::backlog::model::{
    Board, BoardQuery, Card, CardId, CardLine, Claim, ClaimLine, Column, Counts, Goals, HeldCard, Lane, Stamp, Status,
};
use crate::backlog::operations::Detail;
use crate::fleet::activity::{Bucket, Change, Door, Event, HOUR, Hour, Kind, Known, QUARTER, Seen, Span};
use crate::fleet::model::{
    AgentRow, Evidence, Flag, FleetSnapshot, FleetSupervisor, Label, Plane, PlaneState, Readiness, TreeFacts,
    UsageFacts,
};

/// The gallery's clock.
pub(super) fn now() -> Timestamp {
    "2026-03-05T12:51:40Z".parse().unwrap()
}

const HOST: &str = "build1";

/// What the Org view shows beside the chart.
pub(super) const PERSONA: &str = "---\nclass: code\ntitle: Coder\n---\n\n## Mandate\n\n1. Claim one card, and resume it if \
    it is yours already. Work in a work tree of your own.\n2. Write a short plan into the card first.\n3. Small commits, \
    each of which passes the tests.\n\n## Never\n\n- Touch a card that somebody else holds.\n- Say that something is done \
    which no test shows.\n";

/// Name, class, runtime, state, why, seconds since its last output.
const AGENTS: [(&str, &str, &str, Readiness, &str, u64); 14] = [
    ("code1", "code", "claude", Readiness::Stuck, "asks: Apply the migration to staging?", 184),
    ("review", "review", "stub", Readiness::Dead, "exited with status 3: npm ERR! missing script: review", 501),
    ("docs", "documentation", "pi", Readiness::Available, "idle for 4m", 251),
    ("proxy", "code", "codex", Readiness::Stale, "no heartbeat for 2m: its runtime promised one each 30s", 140),
    ("code0", "code", "claude", Readiness::Working, "editing src/proxy/verify.rs", 0),
    ("code2", "code", "codex", Readiness::Working, "running the tests of the queue", 2),
    ("code3", "code", "claude", Readiness::Working, "reading the store", 5),
    ("orchestrator", "orchestrator", "claude", Readiness::Working, "watching goal G2", 11),
    ("tests", "test", "opencode", Readiness::Working, "412 of 603 tests", 0),
    ("enhancer", "enhancement", "pi", Readiness::Available, "idle for 14m", 840),
    ("integrator", "integration", "claude", Readiness::Available, "idle for 1m", 71),
    ("planner", "planning", "claude", Readiness::Available, "idle for 32m", 1950),
    ("research", "research", "opencode", Readiness::Available, "idle for 2h", 7300),
    ("security", "security", "claude", Readiness::Available, "idle for 9m", 552),
];

fn agent(at: usize) -> AgentRow {
    let (name, class, runtime, readiness, reason, quiet) = AGENTS[at];
    let mut row = samples::row(name, readiness);
    (row.host, row.tenant_id) = (HOST.to_owned(), "ada".to_owned());
    (row.class, row.persona) = (Some(class.to_owned()), Some(class.to_owned()));
    (row.runtime, row.reason) = (Some(runtime.to_owned()), Label::new(reason));
    row.reports_to = (name != "orchestrator").then(|| Label::new("orchestrator"));
    row.idle_seconds = Some(quiet);
    let size = crate::fleet::model::Size { width: 120, height: 36 };
    if let Some(pane) = &mut row.pane {
        (pane.width, pane.height, pane.title) = (size.width, size.height, Label::new(class));
        pane.command = Label::new(runtime);
    }
    if let Some(target) = &mut row.target {
        (target.window, target.size) = (size, size);
    }
    if let Some(process) = &mut row.process {
        process.argv0 = Label::new(runtime);
        process.cpu_percent = if readiness == Readiness::Working { 3.0 + at as f64 } else { 0.2 };
        process.rss_bytes = (140 + 20 * at as u64) << 20;
    }
    if matches!(runtime, "claude" | "codex") {
        row.usage = Some(UsageFacts {
            model: Some(Label::new(if runtime == "claude" { "opus" } else { "large" })),
            session_id: None,
            input_tokens: Some([61_000, 9_000, 4_000, 23_000, 184_000, 37_000, 92_000][at % 7]),
            output_tokens: Some(4_100),
            cost_usd: None,
            context_used_percent: Some([62.0, 12.0, 4.0, 31.0, 71.0, 18.0, 44.0][at % 7]),
            limits: Vec::new(),
            observed_at: now().to_string(),
        });
    }
    row.evidence = vec![
        Evidence::new(Plane::Tmux, true, &format!("pane {} of 120x36", row.pane.as_ref().unwrap().id), 1.0),
        Evidence::new(Plane::Systemd, true, "active since 3h", 1.0),
    ];
    row.tree = (class == "code").then(|| TreeFacts {
        branch: Some(Label::new(["feat/sessions", "feat/verify", "fix/queue", "feat/log"][at % 4])),
        commit: Some("4f1c2ab".to_owned()),
        upstream: Some(Label::new("origin/main")),
        ahead: Some(2),
        behind: Some(0),
        changed: 4,
        untracked: 1,
        added: Some(120),
        removed: Some(14),
        age_seconds: 2.0,
        ..TreeFacts::default()
    });
    match name {
        "code1" => {
            row.question =
                Some(Label::new("Apply the migration to staging? | 1 yes | 2 yes, always | 3 no, and say why"));
        }
        "docs" => {
            row.drift = true;
            row.flags.push(Flag::Drift);
            row.reason = Label::new("the pane runs stub");
        }
        _ => {}
    }
    row
}

/// What the observer counted of the agents' panes over the last minutes, each with its moment.
pub(super) fn printed() -> impl Iterator<Item = (Vec<Arc<AgentRow>>, Timestamp)> {
    let of = |at: usize, step: usize| -> u64 {
        let working = AGENTS[at].3 == Readiness::Working;
        let each = |step: usize| [4, 60, 9, 0, 130, 18, 2, 70, 30][(step + at * 2) % 9];
        if working { (0..step).map(each).sum() } else { u64::from(step > at % 5) * 12 }
    };
    (0..=8).map(move |step| {
        let row = |at: usize| Arc::new(AgentRow { printed: Some(of(at, step)), ..agent(at) });
        let ago = 30 * (8 - i64::try_from(step).unwrap());
        ((0..AGENTS.len()).map(row).collect(), Timestamp::from_second(now().as_second() - ago).unwrap())
    })
}

/// The fleet, in attention order.
pub(super) fn snapshot() -> Arc<FleetSnapshot> {
    let mut agents: Vec<Arc<AgentRow>> = (0..AGENTS.len()).map(|at| Arc::new(agent(at))).collect();
    agents.sort_by(|a, b| a.compare_attention(b, false));
    let snapshot = FleetSnapshot {
        tenant_id: "ada".to_owned(),
        host: HOST.to_owned(),
        agents,
        observed_at: now(),
        supervisor: FleetSupervisor::Systemd,
        planes: vec![PlaneState { plane: Plane::Tmux, ok: true, text: Label::new("14 panes") }],
        ..(*samples::snapshot()).clone()
    };
    Arc::new(claims::attached(&Arc::new(snapshot), &board(), clock()))
}

fn clock() -> Stamp {
    Stamp(now().as_millisecond())
}

fn ago(minutes: i64) -> Stamp {
    Stamp(clock().0 - minutes * 60_000)
}

/// Column, id, title, owner, minutes that are left of its claim, or why it is blocked.
const CARDS: [(Column, &str, &str, &str, i64); 17] = [
    (Column::Waiting, "M1-4", "Say in the log who was signed out, and why", "", 0),
    (Column::Waiting, "M1-5", "A page for operators", "", 0),
    (Column::Waiting, "M2-1", "Queue: a job has a deadline", "", 0),
    (Column::Ready, "M2-2", "Queue: count what waits, per tenant", "", 0),
    (Column::Ready, "D-7", "Describe the new sign-in", "", 0),
    (Column::Ready, "OPS-4", "Rotate the key of staging", "", 0),
    (Column::Ready, "M2-5", "Mend the flaky test of the queue", "", 0),
    (Column::Claimed, "M1-2", "Keep sessions across a restart", "code1", 11),
    (Column::Claimed, "M1-3", "Refuse a forged signature in the proxy", "code0", 24),
    (Column::Claimed, "M2-3", "A job of a dead worker comes back", "code2", 27),
    (Column::Claimed, "T-9", "Run the suite on every change", "tests", 3),
    (Column::Blocked, "OPS-2", "Move the database", "", 0),
    (Column::Done, "M1-1", "Sign sessions with a rotating key", "", 0),
    (Column::Done, "OPS-1", "One command sets a host up", "", 0),
    (Column::Done, "D-5", "Words of errors, one page", "", 0),
    (Column::Done, "M0-8", "Old files are read", "", 0),
    (Column::Done, "M0-7", "A crash between two writes loses nothing", "", 0),
];

fn line(at: usize) -> CardLine {
    let (column, name, title, owner, left) = CARDS[at];
    let claim = (column == Column::Claimed).then(|| ClaimLine {
        owner: owner.to_owned(),
        host: String::new(),
        since: ago(30 - left),
        expires_at: Stamp(clock().0 + left * 60_000),
    });
    CardLine {
        id: samples::id(name),
        title: title.to_owned(),
        priority: [0, 5, 0, 2][at % 4],
        phase: "m1".to_owned(),
        assignee: if name == "D-7" { "documentation".to_owned() } else { String::new() },
        open_dependencies: i64::from(column == Column::Waiting),
        claim,
        block_reason: if column == Column::Blocked { "waits for the new disks".to_owned() } else { String::new() },
        updated_at: ago(7 * (at as i64 + 1)),
        version: 1,
        goal: if name.starts_with("M1") { "G2".to_owned() } else { String::new() },
        stage: String::new(),
        branch: String::new(),
    }
}

/// The backlog.
pub(super) fn board() -> Arc<Board> {
    let lines: Vec<CardLine> = (0..CARDS.len()).map(line).collect();
    let of = |column: Column| (0..CARDS.len()).filter(move |at| CARDS[*at].0 == column);
    let counts = Column::ALL.map(|column| of(column).count() as u64);
    let lanes = Column::ALL.map(|column| Lane {
        count: counts[column.index()],
        more: false,
        offset: 0,
        cards: of(column).map(|at| lines[at].clone()).collect(),
    });
    let held = lines
        .iter()
        .filter_map(|card| Some(HeldCard { id: card.id, title: card.title.clone(), claim: card.claim.clone()? }));
    let query = BoardQuery { limit: crate::app::tui::state::board::WINDOW, ..BoardQuery::default() };
    Arc::new(Board { now: clock(), counts: Counts(counts), claims: held.collect(), lanes, query })
}

/// A card in full.
pub(super) fn detail(id: &CardId) -> Arc<Detail> {
    let mut detail = (*samples::detail(id.as_str())).clone();
    let shift = clock().0 - samples::NOW.0;
    let later = |at: &mut Stamp| at.0 += shift;
    let at = CARDS.iter().position(|(_, name, ..)| *name == id.as_str()).unwrap_or(0);
    let card = &mut detail.card;
    card.title = CARDS[at].2.to_owned();
    (card.tenant_id, card.host, card.goal) = ("ada".to_owned(), HOST.to_owned(), "G2".to_owned());
    card.body = "Whoever is signed in stays so when the server is restarted.\n\n- signed with the rotating key\n- old \
                 cookies are refused, with a reason"
        .to_owned();
    card.paths = vec!["src/sessions/**".to_owned()];
    [&mut card.created_at, &mut card.updated_at].into_iter().for_each(later);
    match (&mut card.claim, CARDS[at].0) {
        (Some(claim), Column::Claimed) => {
            claim.owner = CARDS[at].3.to_owned();
            [&mut claim.at, &mut claim.since].into_iter().for_each(later);
        }
        _ => (card.claim, card.status) = (None, Status::Ready),
    }
    detail.history.iter_mut().for_each(|event| later(&mut event.at));
    Arc::new(detail)
}

/// The goals.
pub(super) fn goals() -> Goals {
    let goal = |name: &str, title: &str, on: &[&str], status: Status| Card {
        title: title.to_owned(),
        idempotency_key: Some(format!("goal:{name}")),
        depends_on: on.iter().map(|on| samples::id(on)).collect(),
        status,
        ..samples::card(name)
    };
    let held = Claim {
        owner: "planner".to_owned(),
        host: String::new(),
        ttl_seconds: 900,
        at: clock(),
        since: clock(),
        token: 1,
    };
    let planned = Card { claim: Some(held), ..goal("G4", "Tenants pay for what they use", &["G3"], Status::Claimed) };
    Goals::of(
        vec![
            goal("G1", "A host is set up by one command", &[], Status::Done),
            goal("G2", "Sign-in that survives restarts", &["G1"], Status::Ready),
            goal("G3", "Jobs that nobody loses", &["G1"], Status::Ready),
            planned,
        ],
        &[
            ("G1".to_owned(), Column::Done, 11),
            ("G2".to_owned(), Column::Done, 7),
            ("G2".to_owned(), Column::Claimed, 2),
            ("G2".to_owned(), Column::Waiting, 2),
            ("G3".to_owned(), Column::Done, 3),
            ("G3".to_owned(), Column::Blocked, 1),
            ("G3".to_owned(), Column::Ready, 4),
        ],
    )
}

/// What is known of the last day.
pub(super) fn known() -> Known {
    let at = now().as_millisecond();
    let mut of_host = HashMap::new();
    for (number, (name, .., readiness, _, quiet)) in AGENTS.iter().enumerate() {
        let mut changes = Vec::new();
        // Back and forth between work and rest, each agent at a pace of its own.
        for step in (1..40).rev() {
            let ago = (step * (7 + number as i64 * 5 % 23) + number as i64) * 60_000;
            let state = if (step + number as i64) % 3 == 0 { Readiness::Available } else { Readiness::Working };
            changes.push(Change { at: at - ago - 600_000, state, told: true });
        }
        let since = i64::try_from(*quiet).unwrap() * 1000;
        let since = if *readiness == Readiness::Working { 300_000 } else { since.min(1_500_000) };
        changes.retain(|change| change.at < at - since);
        changes.push(Change { at: at - since, state: *readiness, told: true });
        of_host.insert((*name).to_owned(), changes);
    }
    let (quarter, hour) = (at.div_euclid(QUARTER), at.div_euclid(HOUR));
    let bucket = |ago: i64| Bucket {
        events: [3, 9, 17, 12, 5, 2, 1, 7, 14, 21, 11, 4][(ago % 12) as usize]
            * if ago > 40 && ago < 70 { 1 } else { 3 },
        urgent: u32::from(ago % 17 == 3),
    };
    let of_hour = |ago: i64| {
        let done = [4_u32, 6, 5, 3, 2, 7, 8, 3, 1, 0, 0, 1][(ago % 12) as usize];
        let mut claims: Vec<i64> = (0..done).map(|nth| (6 + i64::from(nth) * 7 + ago % 5) * 60_000).collect();
        claims.sort_unstable();
        Hour { done, claims }
    };
    Known {
        seen: Seen { changes: HashMap::from([(HOST.to_owned(), of_host)]), watched: Vec::new() },
        span: Span::Day,
        quarters: (0..96).map(|ago| (quarter - ago, bucket(ago))).collect(),
        hours: (0..24).map(|ago| (hour - ago, of_hour(ago))).collect(),
        looked: Some(at - 1_500_000),
    }
}

/// Kind, agent, what, outcome, whether it went well, and the state of a change.
type Said = (Kind, &'static str, &'static str, &'static str, Option<bool>, Option<Readiness>);

/// What happened, the newest last.
pub(super) fn events() -> Vec<((i64, i64), Event)> {
    let said: [Said; 12] = [
        (Kind::Card, "code3", "M2-4 ready \u{2192} claimed", "", None, None),
        (Kind::Readiness, "code3", "available \u{2192} working", "", None, Some(Readiness::Working)),
        (Kind::Send, "code2", "mosaic-tui agent send code2", "submitted", Some(true), None),
        (Kind::Readiness, "tests", "working \u{2192} available", "603 passed", None, Some(Readiness::Available)),
        (Kind::Card, "tests", "T-8 claimed \u{2192} done", "", None, None),
        (Kind::Action, "proxy", "mosaic-tui fleet restart proxy", "restarted", Some(true), None),
        (Kind::Start, "proxy", "started", "pid 4102", None, None),
        (Kind::Approve, "code0", "mosaic-tui agent approve code0 --choice 1", "pressed 1", Some(true), None),
        (
            Kind::Readiness,
            "code0",
            "stuck \u{2192} working",
            "editing src/proxy/verify.rs",
            None,
            Some(Readiness::Working),
        ),
        (Kind::Exit, "review", "ended", "status 3", Some(false), None),
        (
            Kind::Readiness,
            "review",
            "working \u{2192} dead",
            "exited with status 3: npm ERR! missing script",
            Some(false),
            Some(Readiness::Dead),
        ),
        (
            Kind::Readiness,
            "code1",
            "working \u{2192} stuck",
            "Apply the migration to staging?",
            None,
            Some(Readiness::Stuck),
        ),
    ];
    let count = 60;
    let one = |number: i64| {
        let (kind, agent, what, outcome, good, state) = said[number as usize % said.len()];
        let at = now().as_millisecond() - (count - number) * 47_000 - 137_000;
        let mut event = Event::new(kind, now(), "ada", HOST);
        event.at = at;
        event.agent = Some(agent.to_owned());
        event.who = format!("{HOST}:ada");
        event.door = matches!(kind, Kind::Send | Kind::Approve | Kind::Action).then_some(Door::Key);
        (event.what, event.good, event.state) = (what.to_owned(), good, state);
        match kind {
            Kind::Readiness => event.text = outcome.to_owned(),
            _ => event.outcome = outcome.to_owned(),
        }
        event.lasted = (what.ends_with("done")).then_some(1_440_000);
        ((at, number), event)
    };
    (0..count).map(one).collect()
}

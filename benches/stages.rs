//! Each stage that a fact passes on its way to the screen, alone: join, update, present, draw, bytes; a pane's output and the
//! rules of a runtime's screen; a claim and a page of the board. With what each takes from the heap.
//!
//! `cargo bench --bench stages [-- NAME]`. For whoever changes a stage: nothing here has a limit, because a time is of one
//! machine and one moment. What must hold is counted (`scripts/bench --quick`, `src/app/tui/present/cost.rs`).

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on must stop")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use jiff::Timestamp;
use mosaic_tui::app::tui::event::Event;
use mosaic_tui::app::tui::present::present;
use mosaic_tui::app::tui::state::State;
use mosaic_tui::app::tui::update::update;
use mosaic_tui::backlog::model::BoardQuery;
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::place::{Intent, Location};
use mosaic_tui::backlog::store::{ClaimRequest, Who};
use mosaic_tui::backlog::transfer;
use mosaic_tui::fleet::heartbeat::Heartbeat;
use mosaic_tui::fleet::home::{Keeping, Pace, Site};
use mosaic_tui::fleet::join::{Planes, Reading, join};
use mosaic_tui::fleet::model::{
    AgentName, Authority, FleetSnapshot, HeartbeatStatus, Label, PaneId, ProcessFacts, ServerName, SessionName, Size,
    SocketName, Thresholds,
};
use mosaic_tui::fleet::os::process::{Process, ProcessTree};
use mosaic_tui::fleet::pane::still;
use mosaic_tui::fleet::roster::{self, Roster};
use mosaic_tui::fleet::tmux::{Look, PaneRecord};
use mosaic_tui::ui::draw::draw;
use mosaic_tui::ui::paper::Paper;
use mosaic_tui::ui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// The terminal of all measurements.
const SIZE: Size = Size { width: 200, height: 50 };

/// Sizes of a fleet.
const AGENTS: [u32; 3] = [20, 100, 1000];

fn main() {
    divan::main();
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

/// What the planes say of a fleet that is well.
struct Facts {
    site: Site,
    roster: Roster,
    tmux: HashMap<ServerName, Reading<Look>>,
    processes: HashMap<u32, ProcessTree>,
    heartbeats: HashMap<AgentName, Result<Heartbeat, mosaic_tui::fleet::heartbeat::NoHeartbeat>>,
}

impl Facts {
    fn of(agents: u32) -> Self {
        let site = Site {
            home: "/h/.config/mosaic".into(),
            roster: "/h/.config/mosaic/fleet/roster.yaml".into(),
            run_dir: "/h/.config/mosaic/fleet/run".into(),
            user_home: "/h".into(),
            host: "here".to_owned(),
            full_host: "here.example.org".to_owned(),
            tenant_id: "bench".to_owned(),
            thresholds: Thresholds::default(),
            pace: Pace::default(),
            keeping: Keeping::default(),
            git_on_network: false,
            unit_dir: "/h/.config/systemd/user".into(),
            isolated: false,
            read_only: false,
            program: "mosaic-tui".into(),
        };
        let mut text = String::from("version: 1\ntmux: {socket_name: s}\nagents:\n");
        for number in 0..agents {
            writeln!(text, "  - {{name: a{number:03}, runtime: stub, class: worker}}").unwrap();
        }
        let roster = roster::parse(&text, Path::new("r"), &site).unwrap();
        let socket = ServerName::here(&SocketName::named("s").unwrap());
        let panes = (0..agents).map(pane).collect();
        let processes = (0..agents).map(|number| (1000 + number, tree(1000 + number))).collect();
        let heartbeats = roster.agents.iter().zip(1000..).map(|(agent, pid)| (agent.name, Ok(beat(pid)))).collect();
        Self {
            site,
            roster,
            tmux: HashMap::from([(socket, Reading::new(Ok(Look::Panes(panes)), at(0)))]),
            processes,
            heartbeats,
        }
    }

    fn join(&self, seconds: i64) -> FleetSnapshot {
        join(&Planes {
            site: &self.site,
            roster: &self.roster,
            roster_error: None,
            tmux: &self.tmux,
            screens: &HashMap::new(),
            hosts: &HashMap::new(),
            processes: &self.processes,
            processes_at: at(seconds),
            heartbeats: &self.heartbeats,
            usage: &HashMap::new(),
            notes: &HashMap::new(),
            living: &HashMap::new(),
            exits: &HashMap::new(),
            stopped: &HashMap::new(),
            systemd: &Reading::new(Err("no user manager here".to_owned()), at(0)),
            installed: false,
            trees: None,
            paused: None,
            now: at(seconds),
        })
    }

    /// A dashboard that shows them, with a pane in view.
    fn shown(&self) -> State {
        let mut state = State::new(SIZE, at(1));
        update(&mut state, Event::Snapshot(Arc::new(self.join(1))));
        if let Some(target) = state.pane.target.clone() {
            let picture = Arc::new(still(&output(46), SIZE.width, SIZE.height));
            update(&mut state, Event::Pane(target.key(), picture));
        }
        state
    }
}

fn pane(number: u32) -> PaneRecord {
    PaneRecord {
        id: PaneId(number),
        session_id: format!("${number}"),
        window_id: format!("@{number}"),
        pid: 1000 + number,
        server: 5,
        dead: false,
        end: None,
        size: SIZE,
        left: 0,
        top: 0,
        window: SIZE,
        activity: Some(1_700_000_000),
        cursor: (0, 0),
        history: 0,
        in_mode: false,
        status_rows: 1,
        status_on_top: false,
        attachable: true,
        drafted: false,
        mark: None,
        session: SessionName(format!("a{number:03}")),
        title: Label::new("at work"),
    }
}

fn tree(pid: u32) -> ProcessTree {
    ProcessTree {
        processes: vec![Process {
            pid,
            argv: vec!["/x/mosaic-tui".to_owned(), "stub-agent".to_owned()],
            stopped: false,
        }],
        foreground: Label::new("mosaic-tui"),
        facts: ProcessFacts {
            alive: true,
            argv0: Label::new("mosaic-tui"),
            cpu_percent: 0.0,
            rss_bytes: 1,
            descendants: 0,
        },
    }
}

fn beat(pid: u32) -> Heartbeat {
    Heartbeat {
        ts: at(0),
        pid,
        status: HeartbeatStatus::Ok,
        detail: Some(Label::new("reads the tests")),
        by: Authority::Keeper,
        since: None,
        next_seconds: None,
        msg: None,
    }
}

/// So many lines of a program that uses colours.
fn output(lines: usize) -> String {
    (0..lines)
        .map(|line| {
            format!(
                "\x1b[38;5;{}mline {line}\x1b[0m of what a program prints, \x1b[1mbold\x1b[0m and not\n",
                16 + line % 200
            )
        })
        .collect()
}

#[divan::bench(args = AGENTS)]
fn join_planes(bencher: Bencher<'_, '_>, agents: u32) {
    let facts = Facts::of(agents);
    bencher.bench(|| facts.join(1));
}

#[divan::bench(args = AGENTS)]
fn update_by_a_snapshot(bencher: Bencher<'_, '_>, agents: u32) {
    let facts = Facts::of(agents);
    let mut state = facts.shown();
    let snapshots = [Arc::new(facts.join(2)), Arc::new(facts.join(3))];
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        update(&mut state, Event::Snapshot(Arc::clone(&snapshots[turn % 2])))
    });
}

#[divan::bench(args = AGENTS)]
fn update_by_a_key(bencher: Bencher<'_, '_>, agents: u32) {
    let mut state = Facts::of(agents).shown();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let key = if turn % 2 == 0 { 'k' } else { 'j' };
        update(&mut state, Event::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)))
    });
}

#[divan::bench(args = AGENTS)]
fn present_the_list(bencher: Bencher<'_, '_>, agents: u32) {
    let state = Facts::of(agents).shown();
    bencher.bench(|| present(&state));
}

#[divan::bench(args = AGENTS)]
fn draw_the_list(bencher: Bencher<'_, '_>, agents: u32) {
    let view = present(&Facts::of(agents).shown());
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.width, SIZE.height));
    bencher.bench_local(|| {
        buffer.reset();
        draw(&mut buffer, &view, Theme::default())
    });
}

/// A frame in which the cursor stands one row lower: what is drawn, compared and written.
#[divan::bench]
fn frame_of_a_moved_cursor(bencher: Bencher<'_, '_>) {
    let mut state = Facts::of(100).shown();
    let mut paper = Paper::new();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let key = if turn % 2 == 0 { 'k' } else { 'j' };
        update(&mut state, Event::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)));
        let view = present(&state);
        paper.frame(SIZE, |buffer| (draw(buffer, &view, Theme::default()), None)).1
    });
}

/// What a pane prints, by the parser alone.
#[divan::bench]
fn parse_a_panes_output(bencher: Bencher<'_, '_>) {
    let text = output(2000).replace('\n', "\r\n");
    let (rows, columns) = (SIZE.height.try_into().unwrap(), SIZE.width.try_into().unwrap());
    let mut parser = vt100::Parser::new(rows, columns, 0);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| parser.process(black_box(text.as_bytes())));
}

/// A still picture of a pane: parsed, and copied cell by cell.
#[divan::bench]
fn picture_of_a_pane(bencher: Bencher<'_, '_>) {
    let text = output(usize::from(SIZE.height));
    bencher.counter(BytesCount::of_str(&text)).bench(|| still(black_box(&text), SIZE.width, SIZE.height));
}

/// A backlog with so many cards that are ready.
fn backlog(folder: &Path, cards: usize) -> Backlog {
    let mut text = String::from("{\"backlog\":{\"format\":1}}\n");
    for number in 0..cards {
        let card = serde_json::json!({ "card": {
            "id": format!("c{number}"), "tenant_id": "bench", "host": "bench", "title": "a card of the usual length of a title",
            "body": "What is to be done.", "priority": number % 5, "status": "ready", "depends_on": [],
            "claim_owner": null, "claim_ttl_seconds": null, "claimed_at": null, "claim_since": null,
            "claim_expires_at": null, "claim_token": null, "idempotency_key": null, "acceptance": null,
            "spend_projected": null, "spend_actual": null,
            "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
        }});
        writeln!(text, "{card}").unwrap();
    }
    writeln!(text, "{{\"end\":{{\"cards\":{cards},\"events\":0}}}}").unwrap();
    let who = Who { actor: "bench".into(), tenant_id: "bench".into(), host: "bench".into() };
    let place = Location::of(None, Some(folder), Path::new("/")).unwrap();
    let mut backlog = place.open(Intent::Write, who, &mut |_, _| {}).unwrap();
    transfer::import(&mut backlog, &mut text.as_bytes(), &mut |_, _| {}).unwrap();
    backlog
}

#[divan::bench(sample_count = 100, sample_size = 20)]
fn claim(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let mut backlog = backlog(folder.path(), 10_000);
    let request =
        ClaimRequest { owner: "bench".into(), ttl_seconds: Some(3600), id: None, phase: None, assignee: None };
    bencher.bench_local(|| assert!(backlog.claim(&request).unwrap().is_some()));
}

#[divan::bench(args = [1_000, 100_000])]
fn page_of_the_board(bencher: Bencher<'_, '_>, cards: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut backlog = backlog(folder.path(), cards);
    let query = BoardQuery { limit: 120, ..BoardQuery::default() };
    bencher.bench_local(|| backlog.store().board(&query).unwrap());
}

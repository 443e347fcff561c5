//! The same state without a terminal: `--once`, and the tables that commands print.

mod activity;
mod board;
mod org;
mod wall;
mod wide;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::Serialize;
use serde_json::{Value, json};

use self::wall::Wall;
pub(in crate::app) use self::wide::wide;
use super::backlog::Look;
use super::output;
use crate::app::action::error::{DONE, FAILED};
use crate::app::action::program::{OnceFormat, OnceOptions, OnceView};
use crate::app::action::report::Report;
use crate::app::tui::claims;
use crate::app::tui::present;
use crate::app::tui::state::State;
use crate::app::tui::state::board::WINDOW;
use crate::backlog::model::{Board, BoardQuery};
use crate::backlog::operations::Detail;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{
    AgentRow, BootEnable, FleetSnapshot, Label, PaneScreen, PaneTarget, Plane, Readiness, Shown, Size, Warning, age,
};
use crate::fleet::os::exec;
use crate::fleet::roster::{self, Roster};
use crate::fleet::ssh::Links;
use crate::fleet::tmux::{Query, Tmux};
use crate::fleet::{observe, pane};
use crate::ui::{draw, picture, text, theme::Theme};

/// Version of the JSON document; it grows when a field changes meaning or goes.
const SCHEMA: &str = "mosaic-tui/once/2";

/// Size of a frame when none is given.
const FRAME: Size = Size { width: 120, height: 40 };

/// Most columns of a text table when no width is given: a log line, not a terminal.
const TEXT_WIDTH: usize = 200;

/// Looks once and prints; pictures look as the theme says.
///
/// # Errors
/// When the fleet cannot be looked at, or the agent asked for has no pane.
pub(in crate::app) async fn once(site: &Site, options: &OnceOptions, theme: Theme) -> Result<Report> {
    // Said at once, with the exit code of a missing program: the rows would only say that nothing is
    // known.
    exec::require("tmux")?;
    // Begun first, so that both are looked at at the same time.
    let look = Look::begin(site, BoardQuery { limit: WINDOW, ..BoardQuery::default() });
    let snapshot = observe::once_with_trees(site, roster::load(site)?).await;
    let (board, first) = match look.end().await {
        Ok(seen) => (Ok(seen.board), seen.first),
        Err(failure) => (Err(failure), None),
    };
    let snapshot = joined(&snapshot, &board);
    let drawn = matches!(options.format, OnceFormat::Ansi | OnceFormat::Svg);
    let read = if drawn || options.view == OnceView::Activity {
        activity::read(site).await
    } else {
        Ok(activity::Read::default())
    };
    // Who asks for the board, and gets none, was not answered.
    let unread =
        (board.is_err() && options.view == OnceView::Board) || (read.is_err() && options.view == OnceView::Activity);
    let picture = match (&options.pane, in_view(options, &snapshot)) {
        (Some(name), _) => Some((name.clone(), capture(site, &snapshot, name).await?)),
        // Nobody asked for this one by name: one that is just gone is the next look's news.
        (None, Some(name)) => capture(site, &snapshot, name).await.ok().map(|screen| (name.to_owned(), screen)),
        (None, None) => None,
    };
    let as_data = matches!(options.format, OnceFormat::Text | OnceFormat::Json);
    let wall = match options.view {
        OnceView::Wall if as_data => Some(Wall::of_all(site, &snapshot).await),
        _ => None,
    };
    let mut report = match options.format {
        OnceFormat::Text if options.view == OnceView::Activity => {
            let text = activity::text(&read, options.width.map_or(TEXT_WIDTH, usize::from));
            Report::done(format!("{}{text}", pause_line(&snapshot)), &Value::Null)
        }
        OnceFormat::Text => {
            Report::done(as_text(&snapshot, &board, wall.as_ref(), picture.as_ref(), options), &Value::Null)
        }
        OnceFormat::Json => {
            let of = |view: OnceView| (options.view == view).then_some(());
            let document = Document {
                wall: wall.map(|wall| wall.json(&snapshot)),
                org: of(OnceView::Org).map(|()| org::json(&snapshot)),
                activity: of(OnceView::Activity).map(|()| activity::json(&read)),
                ..document(&snapshot, &board, picture.as_ref())
            };
            Report::done(output::json_text(&document), &Value::Null)
        }
        OnceFormat::Ansi | OnceFormat::Svg => {
            let buffer = frame(site, &snapshot, (board, first), &read, picture, (options, theme)).await;
            let file = match options.format {
                OnceFormat::Svg => picture::svg(&buffer, theme.ground()),
                _ => picture::ansi(&buffer),
            };
            Report::done(file.trim_end(), &Value::Null)
        }
    };
    if options.check {
        report.code = if snapshot.needs_somebody() { FAILED } else { DONE };
        // The other formats are for programs, which read the exit code and want the document whole.
        if options.format == OnceFormat::Text {
            report.text = check_text(&snapshot);
        }
    }
    Ok(if unread { report.with_code(FAILED) } else { report })
}

/// The rows with their claims; a backlog that cannot be read is said beside them.
#[must_use]
pub(in crate::app) fn joined(snapshot: &Arc<FleetSnapshot>, board: &Result<Board>) -> Arc<FleetSnapshot> {
    Arc::new(match board {
        Ok(board) => claims::attached(snapshot, board, board.now),
        Err(failure) => {
            let mut told = FleetSnapshot::clone(snapshot);
            told.warnings.push(Warning::Backlog(failure.to_string()));
            told
        }
    })
}

/// Who needs the operator and why, and what waits for a person, one line each.
fn check_text(snapshot: &FleetSnapshot) -> String {
    if !snapshot.needs_somebody() {
        return "nobody needs you".to_owned();
    }
    let rows = snapshot.needing().map(|row| format!("{}: {}: {}", row.name, row.readiness.word(), reason(row)));
    rows.chain(escalated(snapshot)).collect::<Vec<_>>().join("\n")
}

/// What waits for a person and nobody looks after, one line each.
pub(in crate::app) fn escalated(snapshot: &FleetSnapshot) -> impl Iterator<Item = String> {
    snapshot.unattended().map(|one| Label::new(&format!("{}: {}: {}", one.id, one.subject, one.why)).to_string())
}

/// Whose pane the view shows where no agent is named: that of the row that the dashboard would select.
fn in_view<'a>(options: &OnceOptions, snapshot: &'a FleetSnapshot) -> Option<&'a str> {
    let drawn = matches!(options.format, OnceFormat::Ansi | OnceFormat::Svg);
    let shows = match options.view {
        OnceView::Watch => true,
        OnceView::Fleet | OnceView::All => drawn,
        OnceView::Wall | OnceView::Board | OnceView::Activity | OnceView::Org => false,
    };
    let first = snapshot.agents.first().filter(|row| shows && row.target.is_some());
    first.map(|row| row.name.as_str())
}

async fn capture(site: &Site, snapshot: &FleetSnapshot, name: &str) -> Result<PaneScreen> {
    let what = || format!("agent {}", Label::new(name));
    let row = snapshot.named(name).ok_or_else(|| {
        Failure::new(
            Kind::NotFound,
            what(),
            "is neither in the roster nor a session",
            "`mosaic-tui fleet ps` lists all",
        )
    })?;
    let target = row.target.as_ref().ok_or_else(|| {
        Failure::failed(what(), format!("has no pane: {}", row.reason), "start it with `mosaic-tui fleet start`")
    })?;
    // tmux scrolls a dead pane up by one line to make room for its own notice.
    let dead = row.pane.as_ref().is_some_and(|pane| pane.dead);
    let captured = Tmux::at(&target.server, &Links::new(&site.home))
        .query(&Query::Capture { pane: target.pane, history: u32::from(dead) })
        .await?;
    Ok(pane::still(&captured, target.size.width, target.size.height + u16::from(dead)))
}

/// The document that `--format json` prints: the structures that the dashboard draws. They are written as they are: a
/// tree of values of a hundred rows costs more than all else that is done with them.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    generated_at: String,
    tenant_id: &'a str,
    host: &'a str,
    fleet: &'a FleetSnapshot,
    counts: Value,
    board: Value,
    needs_operator: Vec<Value>,
    pane: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<Value>,
}

fn document<'a>(
    snapshot: &'a FleetSnapshot,
    board: &Result<Board>,
    picture: Option<&(String, PaneScreen)>,
) -> Document<'a> {
    let needing = snapshot.needing().map(|row| {
        json!({
            "name": row.name, "tenant_id": row.tenant_id, "host": row.host,
            "readiness": row.readiness, "reason": reason(row),
        })
    });
    let pane = |(name, screen): &(String, PaneScreen)| {
        json!({
            "agent": name,
            "width": screen.size.width,
            "height": screen.size.height,
            "lines": lines_of(screen),
        })
    };
    Document {
        schema: SCHEMA,
        generated_at: Timestamp::now().to_string(),
        tenant_id: &snapshot.tenant_id,
        host: &snapshot.host,
        fleet: snapshot,
        counts: Readiness::ALL.iter().map(|state| (state.word(), json!(with_readiness(snapshot, *state)))).collect(),
        board: board::json(board),
        needs_operator: needing.collect(),
        pane: picture.map(pane),
        wall: None,
        org: None,
        activity: None,
    }
}

/// How many have this readiness, as their rows in the same document say, whatever they are shown as.
fn with_readiness(snapshot: &FleetSnapshot, readiness: Readiness) -> usize {
    snapshot.agents.iter().filter(|row| row.managed && row.readiness == readiness).count()
}

/// What stands above everything else while the fleet is paused.
fn pause_line(snapshot: &FleetSnapshot) -> String {
    snapshot.paused.as_ref().map(|pause| format!("PAUSED: the fleet is {}\n", pause.words())).unwrap_or_default()
}

fn lines_of(screen: &PaneScreen) -> Vec<String> {
    (0..screen.size.height).map(|row| screen.row_text(row)).collect()
}

fn as_text(
    snapshot: &FleetSnapshot,
    board: &Result<Board>,
    wall: Option<&Wall>,
    picture: Option<&(String, PaneScreen)>,
    options: &OnceOptions,
) -> String {
    let width = options.width.map_or(TEXT_WIDTH, usize::from);
    let paused = pause_line(snapshot);
    if options.view == OnceView::Board {
        return format!("{paused}{}", board::text(board, &snapshot.host, width));
    }
    if options.view == OnceView::Org {
        return org::lines(snapshot, width);
    }
    let counts: Vec<String> = Shown::COUNTED
        .iter()
        .map(|state| (snapshot.count(*state), state.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let needing = snapshot.needing().count();
    let escalated = match snapshot.unattended().count() {
        0 => String::new(),
        1 => ", 1 escalation".to_owned(),
        many => format!(", {many} escalations"),
    };
    let mut out = format!(
        "{paused}{needing} need you{escalated}; {}\n{} on {}, socket {}, {} supervisor\n",
        counts.join(", "),
        snapshot.tenant_id,
        snapshot.host,
        snapshot.socket,
        snapshot.supervisor
    );
    for warning in &snapshot.warnings {
        out.push_str(&format!("warning: {}\n", warning.label()));
    }
    for plane in snapshot.planes.iter().filter(|plane| !plane.ok) {
        out.push_str(&format!("{}: {}\n", plane.plane.word(), plane.text));
    }
    if board.is_ok() && options.view == OnceView::Fleet {
        out.push_str(&format!("{}\n", board::summary(board)));
    }
    out.push('\n');
    match wall {
        Some(wall) => out.push_str(&wall.text(snapshot, width)),
        None => {
            let watched = picture.filter(|_| options.view == OnceView::Watch).map(|(name, _)| name.as_str());
            let shown = snapshot.agents.iter().filter(|row| watched.is_none_or(|name| row.name.as_str() == name));
            out.push_str(&lines(shown, width, options.color));
        }
    }
    if let Some((name, screen)) = picture {
        let mut pane = lines_of(screen);
        while pane.last().is_some_and(String::is_empty) {
            pane.pop();
        }
        out.push_str(&format!("\n\n--- {} {} ---\n{}", Label::new(name), screen.size, pane.join("\n")));
    }
    if options.view == OnceView::All {
        out.push_str(&format!("\n\n{}", board::text(board, &snapshot.host, width)));
    }
    out
}

/// A table of one row, of the managed rows, or of all.
#[must_use]
pub(in crate::app) fn table(snapshot: &FleetSnapshot, only: Option<&str>, managed: bool) -> String {
    let rows = snapshot
        .agents
        .iter()
        .filter(|row| only.is_none_or(|name| row.name.as_str() == name) && (row.managed || !managed));
    lines(rows, TEXT_WIDTH, false)
}

/// A table of these rows.
#[must_use]
pub(in crate::app) fn rows(rows: &[Arc<AgentRow>]) -> String {
    lines(rows.iter(), TEXT_WIDTH, false)
}

/// Whether tmux answered for every agent of this host.
#[must_use]
pub(crate) fn tmux_was_read(snapshot: &FleetSnapshot) -> bool {
    snapshot.agents.iter().flat_map(|row| &row.evidence).all(|evidence| evidence.plane != Plane::Tmux || evidence.ok)
}

pub(in crate::app) fn reason(row: &AgentRow) -> String {
    let drift = if row.drift {
        format!("drift: not {}; ", row.runtime.as_deref().unwrap_or("its runtime"))
    } else {
        String::new()
    };
    format!("{drift}{}{}", boot(row), row.reason)
}

/// What keeps an agent from coming back after a reboot, with the command against it.
fn boot(row: &AgentRow) -> &'static str {
    match row.boot_enable {
        BootEnable::NotEnabled => "not enabled at boot (`mosaic-tui fleet install`); ",
        BootEnable::LingerOff => "lingering is off (`loginctl enable-linger`); ",
        BootEnable::Ok | BootEnable::Unknown => "",
    }
}

/// Aligned lines, each at most `width` columns.
fn lines<'a>(rows: impl Iterator<Item = &'a Arc<AgentRow>>, width: usize, color: bool) -> String {
    let mut cells: Vec<[String; 8]> =
        vec![["STATE", "AGENT", "CLASS", "RUNTIME", "CARD", "IDLE", "BEAT", "WHY"].map(str::to_owned)];
    let mut states = vec![None];
    for row in rows {
        states.push(Some(row.shown()));
        cells.push([
            row.shown().word().to_owned(),
            text::fit(&row.shown_name(), 40),
            text::fit(row.class.as_deref().unwrap_or("-"), 20),
            text::fit(row.runtime.as_deref().unwrap_or("-"), 20),
            row.claim.as_ref().map_or_else(|| "-".to_owned(), |claim| text::fit(&claim.card, 20)),
            row.idle_seconds.map_or_else(|| "-".to_owned(), |s| age::short(Duration::from_secs(s))),
            row.heartbeat
                .as_ref()
                .map_or_else(|| "-".to_owned(), |b| age::short(Duration::from_secs_f64(b.age_seconds))),
            reason(row),
        ]);
    }
    let widths: Vec<usize> =
        (0..7).map(|at| cells.iter().map(|row| text::width(&row[at])).max().unwrap_or(0)).collect();
    let mut out = Vec::new();
    for (row, state) in cells.iter().zip(states) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&text::column(cell, *width));
            line.push_str("  ");
        }
        line.push_str(&row[7]);
        // Cut before it is coloured, since sequences have no columns.
        let line = text::fit(line.trim_end(), width);
        out.push(match state.filter(|_| color) {
            Some(state) => format!("\x1b[{}m{line}\x1b[0m", sgr(state)),
            None => line,
        });
    }
    out.join("\n")
}

fn sgr(state: Shown) -> &'static str {
    let (Shown::Is(readiness) | Shown::Unmanaged(readiness)) = state else { return "90" };
    match readiness {
        Readiness::Stuck => "1;35",
        Readiness::Dead => "1;31",
        Readiness::Stale => "1;33",
        Readiness::Unknown => "36",
        Readiness::Available => "32",
        Readiness::Working => "34",
    }
}

/// The dashboard's very frame.
async fn frame(
    site: &Site,
    snapshot: &Arc<FleetSnapshot>,
    (board, first): (Result<Board>, Option<Detail>),
    read: &Result<activity::Read>,
    picture: Option<(String, PaneScreen)>,
    (options, theme): (&OnceOptions, Theme),
) -> Buffer {
    let size = Size { width: options.width.unwrap_or(FRAME.width), height: options.height.unwrap_or(FRAME.height) };
    let mut state = State::new(size, Timestamp::now());
    state.zone = jiff::tz::TimeZone::system();
    // Before the snapshot, with whose arrival the row is chosen.
    state.wanted = picture.as_ref().map(|(name, _)| Label::new(name));
    crate::app::tui::update::update(&mut state, crate::app::tui::event::Event::Snapshot(Arc::clone(snapshot)));
    let seen = match board {
        Ok(board) => crate::app::tui::event::Event::Board(Arc::new(board), state.now),
        Err(failure) => crate::app::tui::event::Event::BacklogLost((&failure).into()),
    };
    crate::app::tui::update::update(&mut state, seen);
    activity::show(&mut state, read, options.view == OnceView::Activity);
    if options.view == OnceView::Board {
        state.screen = crate::app::tui::state::screen::Screen::Board;
        crate::app::tui::update::update(&mut state, crate::app::tui::event::Event::Tick(Timestamp::now()));
        if let Some(detail) = first {
            crate::app::tui::update::update(
                &mut state,
                crate::app::tui::event::Event::Card(detail.card.id, Ok(Arc::new(detail))),
            );
        }
    }
    if options.view == OnceView::Org {
        org::show(site, &mut state);
    }
    if options.view == OnceView::Watch {
        state.screen = crate::app::tui::state::screen::Screen::Watch;
        crate::app::tui::update::update(&mut state, crate::app::tui::event::Event::Tick(Timestamp::now()));
    }
    if options.view == OnceView::Wall {
        Wall::show(site, &mut state).await;
    }
    if let (Some((_, screen)), Some(pane)) = (picture, state.pane.target.as_ref().map(PaneTarget::key)) {
        crate::app::tui::update::update(&mut state, crate::app::tui::event::Event::Pane(pane, Arc::new(screen)));
    }
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
    draw::draw(&mut buffer, &present::present(&state), theme);
    buffer
}

/// The roster as the fleet understands it.
#[must_use]
pub(in crate::app) fn roster(roster: &Roster) -> String {
    let mut out = format!("{}\nsocket {}, holder {}\n", roster.path.display(), roster.socket, roster.holder.label());
    for agent in &roster.agents {
        out.push_str(&format!(
            "\n{} ({}) runtime {}, session {}, {}x{}, in {}",
            agent.name,
            Label::new(&agent.class),
            agent.runtime,
            agent.session.label(),
            agent.window.width,
            agent.window.height,
            Label::new(&agent.working_directory.display().to_string())
        ));
        if let Some(command) = &agent.command {
            out.push_str(&format!(", command {}", Label::new(command)));
        }
    }
    out
}

/// The same for programs.
#[must_use]
pub(in crate::app) fn roster_json(roster: &Roster) -> Value {
    let agents: Vec<Value> = roster
        .agents
        .iter()
        .map(|agent| {
            json!({
                "name": agent.name,
                "alias": agent.alias,
                "session": agent.session,
                "tenant_id": agent.tenant_id,
                "host": agent.host,
                "ssh": agent.ssh,
                "socket": agent.socket,
                "class": agent.class,
                "runtime": agent.runtime,
                "reports_to": agent.reports_to,
                "working_directory": agent.working_directory,
                "model_hint": agent.model_hint,
                "yolo": agent.yolo,
                "command": agent.command,
                // Names only: the values may be secrets.
                "env": agent.env.keys().collect::<Vec<_>>(),
                "window_size": format!("{}x{}", agent.window.width, agent.window.height),
                "reset_between_tasks": agent.reset_between_tasks,
            })
        })
        .collect();
    json!({
        "file": roster.path,
        "socket": roster.socket,
        "holder_session": roster.holder,
        "warnings": roster.warnings,
        "agents": agents,
    })
}

//! The Fleet view in words: rows, the facts of the selected one, and its pane.

use std::borrow::Cow;
use std::sync::Arc;

use super::room::plan_for;
use super::{activity, detail, pane};
use crate::app::tui::filter::{TERMS, no_term};
use crate::app::tui::state::State;
use crate::fleet::model::{AgentRow, Attention, Flag, FleetSupervisor, Warning};
use crate::ui::columns::{self, Columns, Strips};
use crate::ui::layout::{self, Edges, Plan, ViewKind};
use crate::ui::text;
use crate::ui::theme::role;
use crate::ui::view::{Body, Facts, FleetView, ListRow, Piece, Reach, Role};

/// What is done with the selected agent, and stands in the edge of its panel: the footer has the rest.
pub(super) const ON_THE_SELECTED: &[&str] =
    &["facts.open", "agent.diff", "agent.explain", "agent.attach", "agent.reset", "agent.tail", "agent.persona"];

/// Whether the selected agent has a panel in whose edge keys stand.
pub(super) fn has_edge(plan: &Plan) -> bool {
    plan.edges == Edges::Full && !plan.detail_frame.is_empty()
}

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(state: &State) -> ViewKind {
    let rows = state.rows();
    ViewKind::Fleet {
        lines: lines_of(&sizes(state, &rows).1),
        filter: state.is_filtered(),
        facts: facts(state).map_or(0, |facts| facts.lines.len()),
        recent: tells_recent(state),
        open: state.facts.open,
    }
}

/// The facts of the selected agent, in lines as wide as their panel.
fn facts(state: &State) -> Option<Facts> {
    let snapshot = state.snapshot.as_ref()?;
    // Where units keep agents, a manager that does not answer is news of each of them.
    let of_host = if snapshot.supervisor == FleetSupervisor::Direct { snapshot.planes.as_slice() } else { &[] };
    let facts = detail::facts(state.selected_row()?, of_host);
    let columns = layout::facts_width(state.size.width, state.size.height);
    let open = state.facts.open;
    Some(Facts { lines: crate::ui::facts::wrapped(facts.lines, columns, open), open, ..facts })
}

/// Whether there is a panel that shows them.
pub(in crate::app::tui) fn has_facts(state: &State) -> bool {
    !plan_for(state, plan(state)).facts.is_empty()
}

/// How far the facts can be scrolled.
pub(in crate::app::tui) fn facts_end(state: &State) -> u16 {
    let lines = facts(state).map_or(0, |facts| facts.lines.len());
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_sub(plan_for(state, plan(state)).facts.height)
}

/// The facts as they are scrolled, and which of them are shown where not all are.
fn facts_shown(state: &State, plan: &Plan) -> Option<Facts> {
    let facts = facts(state)?;
    let (room, all) = (usize::from(plan.facts.height), facts.lines.len());
    let scroll = usize::from(state.facts.scroll).min(all.saturating_sub(room));
    let foot = if room < all && room > 0 { format!("facts {}/{all}", scroll + room) } else { String::new() };
    Some(Facts { scroll, foot: vec![Piece::new(foot, Role::Quiet)], ..facts })
}

/// Whether what happened last is told below the list: not below one that was narrowed to some agents.
fn tells_recent(state: &State) -> bool {
    state.activity.tells_recent() && !state.is_filtered()
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    Body::Fleet(Box::new(fleet(state, plan)))
}

/// Lines that each row of the list takes.
pub(in crate::app::tui) fn heights(state: &State, rows: &[Arc<AgentRow>]) -> Vec<u16> {
    sizes(state, rows).1
}

/// Which strips there is something for.
pub(in crate::app::tui) fn strips(state: &State) -> Strips {
    Strips { hour: state.activity.known.is_some(), output: state.output.is_known }
}

fn lines_of(heights: &[u16]) -> usize {
    heights.iter().map(|lines| usize::from(*lines)).sum()
}

/// Which columns the list has.
pub(in crate::app::tui) fn columns(state: &State) -> Columns {
    sizes(state, &state.rows()).0
}

fn sizes(state: &State, rows: &[Arc<AgentRow>]) -> (Columns, Vec<u16>) {
    let size = state.size;
    let width = usize::from(layout::list_width(size.width, size.height));
    let columns = Columns::of(width, state.widest.with(strips(state)));
    let wanted = rows.iter().map(|row| {
        // Only who needs somebody gets more than a line: a list of a hundred has to fit on a screen.
        let lines = if row.needs_operator() { columns.lines_below(width, &why(row)) } else { 0 };
        (state.selected.as_ref() == Some(&row.key), lines)
    });
    let room = layout::list_room(size.width, size.height, state.is_filtered());
    (columns, columns::heights(wanted, usize::from(room)))
}

fn fleet(state: &State, plan: &Plan) -> FleetView {
    let rows = state.rows();
    let (columns, heights) = sizes(state, &rows);
    let mut room = plan.list_lines();
    // The last row may be cut below: one that is left out whole would make the list end with a gap.
    let in_view = |(_, lines): &(&Arc<AgentRow>, &u16)| {
        let begins = room > 0;
        room = room.saturating_sub(usize::from(**lines));
        begins
    };
    let shown = rows.iter().zip(&heights).skip(state.list_top).take_while(in_view);
    let shown = shown.map(|(row, lines)| list_row(state, row, *lines)).collect();
    let count = if state.is_filtered() && state.snapshot.is_some() {
        // Both numbers: whoever forgot a filter must not believe that agents are gone.
        let all = state.snapshot.as_ref().map_or(0, |snapshot| snapshot.agents.len());
        format!("{} of {all} agents", rows.len())
    } else {
        format!("{} agents", rows.len())
    };
    let at = rows.iter().position(|row| Some(&row.key) == state.selected.as_ref());
    let marked = state.batch_names().len();
    let marked = (marked > 0).then(|| Piece::new(format!("{marked} marked  "), Role::Accent));
    let at = at.map(|at| Piece::new(format!("{}/{}", at + 1, rows.len()), Role::Quiet));
    let mut position: Vec<Piece> = marked.into_iter().chain(at).collect();
    let facts = facts_shown(state, plan);
    // Where all of them are shown already there is nothing to open.
    let whole =
        !state.facts.open && facts.as_ref().is_none_or(|facts| facts.foot.iter().all(|foot| foot.text.is_empty()));
    let keys = &ON_THE_SELECTED[usize::from(whole)..];
    let mut count = vec![Piece::new(if rows.is_empty() { String::new() } else { count }, Role::Quiet)];
    if plan.is_stacked() {
        // Its lower edge is another panel's: where in the list one is stands in the upper one as well, and first.
        sums(&rows, plan, TITLE_COLUMNS, &mut position);
    } else {
        sums(&rows, plan, 0, &mut count);
    }
    FleetView {
        rows: shown,
        columns,
        by: state.order,
        lines: lines_of(&heights),
        reach: Reach {
            first: lines_of(heights.get(..state.list_top).unwrap_or_default()),
            room: plan.list_lines(),
            all: lines_of(&heights),
        },
        recent: activity::newest(state, usize::from(plan.recent.height)),
        count,
        position,
        keys: if has_edge(plan) { super::hints(state, keys) } else { Vec::new() },
        filter: state.is_filtered().then(|| (state.filter.text.clone(), state.filter.editing)),
        empty: empty(state),
        facts,
        pane: pane::cut(state, plan),
    }
}

/// Adds what all agents of a list used and take together, as far as there is room beside what is told there already, and
/// beside so many columns of the title.
fn sums(rows: &[Arc<AgentRow>], plan: &Plan, title: usize, told: &mut Vec<Piece>) {
    let edge = usize::from(plan.list_frame.width.saturating_sub(LEFT_TO_TITLE));
    let room = (edge * 3 / 4).min(edge.saturating_sub(title));
    let taken = |told: &[Piece]| told.iter().map(|piece| text::width(&piece.text)).sum::<usize>();
    // Nothing where no runtime says.
    let used: u64 = rows.iter().filter_map(|row| row.usage.as_ref()?.tokens()).fold(0, u64::saturating_add);
    let tokens = format!("  {} tokens", columns::amount(used));
    if used > 0 && taken(told) + text::width(&tokens) <= room {
        told.push(Piece::new(tokens, Role::Quiet));
    }
    if taken(told) + LOAD_COLUMNS <= room {
        told.extend(load(rows).map(|load| Piece::new(format!("  {load}"), Role::Quiet)));
    }
}

/// Columns of the longest title of the list, `Fleet by idle time`, with what stands between it and the facts.
const TITLE_COLUMNS: usize = 21;

/// Columns of a panel's upper edge that its facts never get, of which they get three quarters at most.
const LEFT_TO_TITLE: u16 = 6;

/// Room for [`load`] whatever it says: the count beside it would go with it where it has none.
const LOAD_COLUMNS: usize = "  cpu 12345%  1234.5 GB".len();

/// Memory of a whole list is told in tenths of a GB, so that the edge is not drawn anew at each look.
const MEMORY_STEP: u64 = (1 << 30) / 10;

/// Its processor time is told in steps of so many hundredths of a core.
const CPU_STEP: f64 = 5.0;

/// What the agents of a list take of this machine together; none where no process of theirs is known.
fn load(rows: &[Arc<AgentRow>]) -> Option<String> {
    let here = rows.iter().filter(|row| !row.has(Flag::Remote));
    let (mut cpu, mut memory) = (0.0, 0_u64);
    for process in here.filter_map(|row| row.process.as_ref()) {
        cpu += process.cpu_percent;
        memory = memory.saturating_add(process.rss_bytes);
    }
    let cpu = match (cpu / CPU_STEP).floor() * CPU_STEP {
        0.0 => format!("cpu <{CPU_STEP:.0}%"),
        cpu => format!("cpu {cpu:.0}%"),
    };
    let memory = match (memory, memory / MEMORY_STEP) {
        (0, _) => return None,
        (_, 0) => "<0.1 GB".to_owned(),
        (_, tenths) => format!("{}.{} GB", tenths / 10, tenths % 10),
    };
    Some(format!("{cpu}  {memory}"))
}

/// What stands in an empty list: why, and the next step.
pub(super) fn empty(state: &State) -> Vec<String> {
    match &state.snapshot {
        None => vec!["reading the planes\u{2026}".to_owned()],
        Some(snapshot) if snapshot.agents.is_empty() => {
            let mut lines = vec!["no agents".to_owned()];
            let unused = snapshot.warnings.iter().find(|warning| warning.is_about_unused_roster());
            lines.extend(unused.map(|warning| warning.label().to_string()));
            let key = super::hints(state, &["fleet.first"]);
            lines.extend(key.first().map(|(key, _)| format!("{key} asks three questions and makes a first fleet")));
            // What is not there yet has no problems to be listed.
            if unused != Some(&Warning::NoRoster) {
                lines.push("`mosaic-tui fleet check` validates the roster".to_owned());
            }
            lines.push("`mosaic-tui demo` shows a fleet at work".to_owned());
            lines
        }
        Some(_) => {
            let none = std::iter::once("no agent matches the filter".to_owned());
            none.chain(no_term(&state.filter.text, &TERMS)).chain(["Esc clears it".to_owned()]).collect()
        }
    }
}

fn list_row(state: &State, row: &Arc<AgentRow>, lines: u16) -> ListRow {
    let warning = match why(row) {
        // Borrowed means that nothing warns: the row has its reason itself, and a frame
        // copies no text for it.
        Cow::Borrowed(_) => None,
        Cow::Owned(words) => Some(words),
    };
    ListRow {
        agent: Arc::clone(row),
        unread: state.is_unread(row),
        marked: state.batch.contains(&row.key),
        snoozed: state.is_snoozed(row),
        selected: state.selected.as_ref() == Some(&row.key),
        lines,
        warning,
        output: state.output.of(&row.key, state.now),
        strip: if row.managed { activity::last_hour(state, &row.host, row.name.as_str()) } else { Vec::new() },
    }
}

/// Why a row is what it is: what warns first, owned then.
fn why(row: &AgentRow) -> Cow<'_, str> {
    let reason = row.reason.as_str();
    let mut words = warnings(row);
    if words.is_empty() {
        return Cow::Borrowed(reason);
    }
    if !reason.is_empty() {
        words.push(Cow::Borrowed(reason));
    }
    Cow::Owned(words.join("; "))
}

/// What a row that needs the operator needs: what warns, where only that does.
pub(super) fn need(row: &AgentRow) -> Piece {
    let warned = warnings(row).join(", ");
    if row.attention() == Attention::Warning && !warned.is_empty() {
        return Piece::new(warned, Role::Warning);
    }
    Piece::new(row.reason.as_str(), role(row.shown()))
}

/// Warnings of a row in words.
pub(super) fn warnings(row: &AgentRow) -> Vec<Cow<'_, str>> {
    row.flags
        .iter()
        .filter_map(|flag| match flag {
            Flag::Drift => Some(format!("drift: not {}", row.runtime.as_deref().unwrap_or("its runtime")).into()),
            Flag::Escalated => Some("escalated".into()),
            Flag::Boot => Some("not enabled at boot".into()),
            Flag::CopyMode => Some("copy mode".into()),
            // Facts, or what the row's state says already.
            Flag::ExtraPanes | Flag::Remote | Flag::Unreachable | Flag::Stopped | Flag::Disagree | Flag::Unmanaged => {
                None
            }
        })
        .collect()
}

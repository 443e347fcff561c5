//! A diff in words: a head for each file, its lines, and what git does not know.

use super::room::plan_for;
use crate::app::tui::state::State;
use crate::app::tui::state::diff::Row;
use crate::fleet::git::{Against, Change, Diff, FileDiff, LineKind};
use crate::fleet::model::Label;
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::view::{Body, DiffView, FileLine, Piece, Reach, Role};

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(state: &State) -> ViewKind {
    ViewKind::Diff { filter: state.is_filtered(), files: state.diff.heads.len() }
}

/// Lines on the screen.
pub(in crate::app::tui) fn page(state: &State) -> usize {
    usize::from(plan_for(state, plan(state)).list.height)
}

/// How far lines can be moved to the side: so that the end of the longest one is to be seen.
pub(in crate::app::tui) fn widest(state: &State) -> usize {
    let Some(diff) = state.diff.diff() else { return 0 };
    let lines = diff.files.iter().flat_map(|file| &file.lines).map(|line| line.text.chars().count() + 1);
    // Half a screen is kept, so that the end of the longest line is read with what stands before it.
    lines.max().unwrap_or(0).saturating_sub(usize::from(plan_for(state, plan(state)).list.width) / 2)
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    let page = usize::from(plan.list.height);
    let mut view = DiffView {
        title: vec![
            Piece::new("Diff ", Role::Strong),
            Piece::new(Label::new(&state.diff.name).to_string(), Role::Accent),
        ],
        filter: state.is_filtered().then(|| (state.diff.search.text.clone(), state.diff.searching)),
        ..DiffView::default()
    };
    match &state.diff.read {
        None => view.empty = vec!["asking git\u{2026}".to_owned()],
        Some(Err(why)) => view.empty = vec![Label::new(why).to_string(), retry(state)],
        Some(Ok(diff)) => {
            // Before a name that may be long: it says which of the two views this is.
            if let (Against::Base, Some(base)) = (diff.against, &diff.base) {
                view.title.push(Piece::new(format!("  {base}"), Role::Plain));
            }
            view.title.push(Piece::new(format!("  {}", diff.tree.head()), Role::Plain));
            view.facts = facts(diff);
            let rows = state.diff.rows.iter().skip(state.diff.top).take(page);
            view.lines = rows.map(|row| line(state, diff, *row)).collect();
            view.foot = position(state, page);
            if !plan.beside.is_empty() {
                (view.files, view.reach) = files(state, diff, page, usize::from(plan.beside.height));
                if diff.cut {
                    view.files_foot.push(Piece::new("more are not shown", Role::Warning));
                }
            }
            if state.diff.rows.is_empty() {
                view.empty = clean(diff);
            }
        }
    }
    Body::Diff(Box::new(view))
}

/// The keys that go on where it cannot be read.
fn retry(state: &State) -> String {
    let turn = if state.diff.against == Against::Base { "b shows what is not committed, " } else { "" };
    format!("d asks again, {turn}Esc goes back")
}

/// What stands instead of lines where nothing differs.
fn clean(diff: &Diff) -> Vec<String> {
    let mut lines = vec![match (diff.against, &diff.base) {
        (Against::Base, Some(base)) => format!("nothing new since it left {}", base.name),
        _ => "nothing differs from the last commit".to_owned(),
    }];
    if let Some(base) = diff.committed() {
        lines.push(format!("{base}: b shows the whole work of the branch"));
    }
    lines.push("Esc goes back".to_owned());
    lines
}

fn facts(diff: &Diff) -> Vec<Piece> {
    let (added, removed) =
        diff.files.iter().fold((0, 0), |(added, removed), file| (added + file.added, removed + file.removed));
    let mut pieces = Vec::new();
    if !diff.files.is_empty() {
        let files = diff.files.len();
        pieces.push(Piece::new(format!("{files} file{}  ", if files == 1 { "" } else { "s" }), Role::Quiet));
        pieces.push(Piece::new(format!("+{added}"), Role::Added));
        pieces.push(Piece::new(format!(" -{removed}"), Role::Removed));
    }
    if diff.tree.untracked > 0 {
        let gap = if pieces.is_empty() { "" } else { "  " };
        pieces.push(Piece::new(format!("{gap}{} new", diff.tree.untracked), Role::Quiet));
    }
    pieces
}

/// The files for which the list has room: those on the screen, and what is around them.
fn files(state: &State, diff: &Diff, page: usize, room: usize) -> (Vec<FileLine>, Reach) {
    let (heads, rows, top) = (&state.diff.heads, &state.diff.rows, state.diff.top);
    let all = heads.len();
    // What stands behind the lines of a file is none of it.
    let is_behind = matches!(rows.get(top), Some(Row::Blank | Row::Cut));
    let begun = heads.partition_point(|head| *head <= top);
    let from = if is_behind { begun } else { begun.saturating_sub(1) };
    let shown = from..heads.partition_point(|head| *head < top + page);
    // A third of the room for what is above them.
    let first = from.saturating_sub(room / 3).min(all.saturating_sub(room));
    let line = |at: usize| {
        let (name, facts) = entry(diff, rows[heads[at]]);
        FileLine { row: heads[at], shown: shown.contains(&at), name, facts }
    };
    ((first..all.min(first + room)).map(line).collect(), Reach { first, room, all })
}

/// What the list says of the head of a file, or of those that git does not know: what matters most first.
fn entry(diff: &Diff, row: Row) -> (String, Vec<Piece>) {
    let Row::File(at) = row else {
        return ("new files".to_owned(), vec![Piece::new(diff.tree.untracked.to_string(), Role::Quiet)]);
    };
    let file = &diff.files[at];
    let word = match file.change {
        Change::Modified if file.added + file.removed > 0 => None,
        Change::Unmerged => Some(Role::Warning),
        _ => Some(Role::Quiet),
    };
    let facts = word.map(|role| (file.change.word().to_owned(), role)).into_iter().chain(figures(file));
    let gap = |at: usize| if at > 0 { " " } else { "" };
    let facts = facts.enumerate().map(|(at, (text, role))| Piece::new(format!("{}{text}", gap(at)), role)).collect();
    (file.path.to_string(), facts)
}

/// Lines added and removed, where there are any.
fn figures(file: &FileDiff) -> impl Iterator<Item = (String, Role)> {
    let figures = [('+', file.added, Role::Added), ('-', file.removed, Role::Removed)];
    figures.into_iter().filter(|(_, lines, _)| *lines > 0).map(|(mark, lines, role)| (format!("{mark}{lines}"), role))
}

fn position(state: &State, page: usize) -> Vec<Piece> {
    let all = state.diff.rows.len();
    if all <= page || page == 0 {
        return Vec::new();
    }
    let end = (state.diff.top + page).min(all);
    let mut pieces = vec![Piece::new(format!("{end}/{all}"), Role::Quiet)];
    if state.diff.side > 0 {
        pieces.insert(0, Piece::new(format!("from column {}  ", state.diff.side + 1), Role::Quiet));
    }
    pieces
}

fn line(state: &State, diff: &Diff, row: Row) -> Vec<Piece> {
    let shown = match row {
        Row::Blank => Vec::new(),
        Row::File(at) => head(&diff.files[at]),
        Row::Line(file, at) => {
            let line = &diff.files[file].lines[at];
            let role = match line.kind {
                LineKind::Added => Role::Added,
                LineKind::Removed => Role::Removed,
                LineKind::Same => Role::Plain,
                LineKind::Place => Role::Accent,
                LineKind::Remark => Role::Quiet,
            };
            // The mark of a line stays where it is: moved to the side, what is new would
            // look like what is gone.
            let aside: String = line.text.chars().skip(state.diff.side).collect();
            vec![Piece::new(line.kind.mark(), role), Piece::new(aside, role)]
        }
        Row::More(at) => {
            let file = &diff.files[at];
            vec![Piece::new(format!("  {} more lines of {} are not shown", file.more_lines, file.path), Role::Warning)]
        }
        Row::Cut => vec![Piece::new("  git said more than is kept: files behind these are not shown", Role::Warning)],
        Row::New => vec![
            Piece::new("new", Role::Strong),
            Piece::new(format!("  {} that git does not know", diff.tree.untracked), Role::Quiet),
        ],
        Row::Name(at) => vec![Piece::new("? ", Role::Added), Piece::new(diff.untracked[at].as_str(), Role::Added)],
        Row::MoreNames => {
            let more = diff.tree.untracked.saturating_sub(diff.untracked.len() as u64);
            vec![Piece::new(format!("  {more} more"), Role::Quiet)]
        }
    };
    if state.diff.is_found(row) {
        // In one colour: the roles of a diff would hide which line was found.
        return shown.into_iter().map(|piece| Piece { role: Role::Found, ..piece }).collect();
    }
    shown
}

fn head(file: &FileDiff) -> Vec<Piece> {
    let mut pieces = vec![Piece::new(file.path.as_str(), Role::Strong)];
    if let Some(was) = &file.was {
        pieces.push(Piece::new(format!("  was {was}"), Role::Quiet));
    }
    let role = if file.change == Change::Unmerged { Role::Warning } else { Role::Quiet };
    pieces.push(Piece::new(format!("  {}", file.change.word()), role));
    if file.binary {
        pieces.push(Piece::new("  binary", Role::Quiet));
    }
    pieces.extend(figures(file).map(|(text, role)| Piece::new(format!("  {text}"), role)));
    pieces
}

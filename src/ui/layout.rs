//! Where things go, by the size of the terminal alone.

use ratatui::layout::Rect;

use super::grid::Grid;
use super::lanes;

/// Minimum size of a terminal that shows anything useful.
pub const MIN_SIZE: (u16, u16) = (24, 8);

/// Below this width only the list is shown.
const LIST_ONLY_BELOW: u16 = 50;

/// Below this height only the list is shown.
const LIST_ONLY_UNDER_ROWS: u16 = 14;

/// From this width on the detail stands beside the list.
const BESIDE_FROM: u16 = 110;

/// From this height on a card takes two lines.
const TWO_LINES_FROM: u16 = 18;

/// From this height on the selected card stands below the columns.
const CARD_FROM_ROWS: u16 = 16;

/// Height of the panel of what happened last, below the list of agents.
const RECENT_ROWS: u16 = 9;

/// From this width on the files of a diff stand beside its lines: these keep their hundred columns.
const FILES_FROM: u16 = 132;

/// Width of that list, at least.
const MIN_FILES: u16 = 30;

/// And at most.
const MAX_FILES: u16 = 48;

/// Maximum height of the selected card.
const MAX_CARD_ROWS: u16 = 18;

/// From this width on panels have edges on all sides; below it a rule with their title.
const EDGES_FROM: u16 = 80;

/// How a panel is set apart from what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edges {
    /// Not at all.
    #[default]
    None,
    /// By a line with its title above it.
    Rule,
    /// By lines on all sides.
    Full,
}

impl Edges {
    fn of_width(width: u16) -> Self {
        match width {
            EDGES_FROM.. => Self::Full,
            LIST_ONLY_BELOW.. => Self::Rule,
            _ => Self::None,
        }
    }

    /// Returns what a panel of this size has inside.
    #[must_use]
    pub fn inside(self, frame: Rect) -> Rect {
        match self {
            Self::None => frame,
            Self::Rule => Rect { y: frame.y + 1, height: frame.height.saturating_sub(1), ..frame },
            Self::Full => Rect {
                x: frame.x + 1,
                y: frame.y + 1,
                width: frame.width.saturating_sub(2),
                height: frame.height.saturating_sub(2),
            },
        }
    }
}

/// Which view is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewKind {
    /// List, facts and pane.
    Fleet {
        /// Lines that the whole list takes.
        lines: usize,
        /// Whether the filter line is shown.
        filter: bool,
        /// Lines of facts.
        facts: usize,
        /// Whether there is something to tell of what happened last.
        recent: bool,
        /// Whether the facts have as much of their panel as they need, instead of the pane.
        open: bool,
    },
    /// Tiles.
    Wall {
        /// How many, on all pages.
        tiles: usize,
        /// How many more are folded to a line.
        folded: usize,
        /// The one whose pane is in view.
        at: Option<usize>,
        /// Whether the filter line is shown.
        filter: bool,
    },
    /// One pane.
    Watch,
    /// What happened.
    Activity {
        /// Whether the filter line is shown.
        filter: bool,
    },
    /// The chart of seats.
    Org {
        /// Lines that the whole chart takes.
        lines: usize,
        /// Whether the filter line is shown.
        filter: bool,
    },
    /// One text, such as a card.
    Page,
    /// What differs in a work tree.
    Diff {
        /// Whether the filter line is shown.
        filter: bool,
        /// How many files there are to go to.
        files: usize,
    },
    /// The backlog.
    Board {
        /// The selected column.
        selected: usize,
        /// Whether the filter line is shown.
        filter: bool,
        /// Whether there is anything to show.
        empty: bool,
        /// Cards in each column.
        counts: [u64; 5],
    },
}

/// Areas of a frame; an empty one is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whether the terminal is too small for anything.
    pub too_small: bool,
    /// How the panels of this view are set apart.
    pub edges: Edges,
    /// The first line.
    pub header: Rect,
    /// The filter line.
    pub filter: Rect,
    /// The list's panel.
    pub list_frame: Rect,
    /// The list with its column titles.
    pub list: Rect,
    /// The panel of what happened last, below a list that leaves the room.
    pub recent_frame: Rect,
    /// What it says.
    pub recent: Rect,
    /// The panel of the selection; its upper edge is the list's lower one where it stands below.
    pub detail_frame: Rect,
    /// Facts of the selection.
    pub facts: Rect,
    /// The line above the pane, with its title.
    pub pane_title: Rect,
    /// The pane's cells.
    pub pane: Rect,
    /// The tiles.
    pub grid: Grid,
    /// The last line.
    pub footer: Rect,
    /// How the board's columns are set apart.
    pub column_edges: Edges,
    /// The board's columns with their title lines.
    pub columns: [Rect; 5],
    /// Lines of a card in each column, at least.
    pub card_rows: [u16; 5],
    /// Whether a card in each column has as many as its title takes.
    pub wraps: [bool; 5],
    /// Counts of all columns, where only one is shown.
    pub tabs: Rect,
    /// The panel of the selected card, below the columns.
    pub card_frame: Rect,
    /// What it says.
    pub card: Rect,
    /// The panel beside it.
    pub beside_frame: Rect,
    /// What it says.
    pub beside: Rect,
}

impl Plan {
    /// Returns how many cards of each column the screen shows at most. Where one column is shown alone the others are as
    /// long as it is.
    #[must_use]
    pub fn board_pages(&self) -> [u16; 5] {
        let tallest = self.columns.iter().map(|column| self.cards_in(*column).height).max().unwrap_or(0);
        self.card_rows.map(|rows| tallest / rows.max(1))
    }

    /// Returns where the cards of a column stand.
    #[must_use]
    pub fn cards_in(&self, column: Rect) -> Rect {
        // The title takes a line in either case: in the edge, or above the cards.
        match self.column_edges {
            Edges::Full => Edges::Full.inside(column),
            Edges::Rule | Edges::None => Edges::Rule.inside(column),
        }
    }

    /// Returns whether what is selected stands below the list, and not beside it.
    #[must_use]
    pub fn is_stacked(&self) -> bool {
        self.detail_frame.x == self.list_frame.x && !self.detail_frame.is_empty()
    }

    /// Returns how many lines of the list the screen shows.
    #[must_use]
    pub fn list_lines(&self) -> usize {
        usize::from(self.list.height.saturating_sub(1))
    }
}

/// Returns how wide the agents' list is inside its panel.
#[must_use]
pub fn list_width(width: u16, height: u16) -> u16 {
    // Something in it, so that it is laid out as it will be.
    plan(width, height, ViewKind::Fleet { lines: 1, filter: false, facts: 1, recent: false, open: false }).list.width
}

/// Returns how wide a fact of the selected agent may be.
#[must_use]
pub fn facts_width(width: u16, height: u16) -> u16 {
    let plan = plan(width, height, ViewKind::Fleet { lines: 1, filter: false, facts: 1, recent: false, open: false });
    inset(plan.facts).width
}

/// Returns how many lines the agents' list may take at most.
#[must_use]
pub fn list_room(width: u16, height: u16, filter: bool) -> u16 {
    // More lines than any screen has, so that the layout gives what it can.
    plan(width, height, ViewKind::Fleet { lines: usize::from(u16::MAX), filter, facts: 1, recent: false, open: false })
        .list
        .height
        .saturating_sub(1)
}

/// Lays a frame out.
#[must_use]
pub fn plan(width: u16, height: u16, kind: ViewKind) -> Plan {
    if width < MIN_SIZE.0 || height < MIN_SIZE.1 {
        return Plan { too_small: true, ..Plan::default() };
    }
    let mut plan = Plan {
        header: Rect::new(0, 0, width, 1),
        footer: Rect::new(0, height - 1, width, 1),
        edges: Edges::of_width(width),
        ..Plan::default()
    };
    let body = Rect::new(0, 1, width, height - 2);
    match kind {
        ViewKind::Watch => {
            plan.pane_title = Rect { height: 1, ..body };
            plan.pane = Rect { y: body.y + 1, height: body.height - 1, ..body };
        }
        ViewKind::Wall { tiles, folded, at, filter } => wall(&mut plan, body, (tiles, folded), at, filter),
        ViewKind::Fleet { lines, filter, facts, recent, open } => {
            fleet(&mut plan, body, lines, filter, (facts, open));
            if recent {
                below_list(&mut plan, lines);
            }
        }
        ViewKind::Activity { filter } => activity(&mut plan, body, filter),
        ViewKind::Org { lines, filter } => org(&mut plan, body, lines, filter),
        ViewKind::Page => {
            whole(&mut plan, body, false);
            if plan.edges == Edges::Full {
                plan.list = inset(plan.list);
            }
        }
        ViewKind::Diff { filter, files } => {
            whole(&mut plan, body, filter);
            // With one file there is nowhere to go.
            if files > 1 && body.width >= FILES_FROM {
                let width = (body.width / 4).clamp(MIN_FILES, MAX_FILES);
                plan.beside_frame = Rect { width, ..plan.list_frame };
                plan.list_frame.x += width;
                plan.list_frame.width -= width;
                plan.list = plan.edges.inside(plan.list_frame);
                plan.beside = plan.edges.inside(plan.beside_frame);
            }
        }
        ViewKind::Board { selected, filter, empty, counts } => {
            board(&mut plan, body, (selected, counts), filter, empty);
        }
    }
    plan
}

fn wall(plan: &mut Plan, mut body: Rect, (tiles, folded): (usize, usize), at: Option<usize>, filter: bool) {
    if filter {
        plan.filter = Rect { height: 1, ..body };
        body = Rect { y: body.y + 1, height: body.height - 1, ..body };
    }
    plan.pane_title = Rect { height: 1, ..body };
    let room = Rect { y: body.y + 1, height: body.height - 1, ..body };
    plan.grid = if folded > 0 { Grid::with_folded(room, tiles, folded) } else { Grid::of(room, tiles) };
    if let Some(at) = at {
        // The page that is on the screen is the one of the streamed tile.
        plan.pane = plan.grid.cells(at % plan.grid.page());
    }
}

fn fleet(plan: &mut Plan, mut body: Rect, lines: usize, filter: bool, (facts, open): (usize, bool)) {
    if filter {
        plan.filter = Rect { height: 1, ..body };
        body = Rect { y: body.y + 1, height: body.height - 1, ..body };
    }
    let facts = u16::try_from(facts).unwrap_or(u16::MAX);
    // The limits are of the terminal, header and footer included.
    if lines == 0 || body.width < LIST_ONLY_BELOW || body.height + 2 < LIST_ONLY_UNDER_ROWS {
        // Two lines of edges are too many on a screen this low.
        if plan.edges == Edges::Full && body.height + 2 < LIST_ONLY_UNDER_ROWS {
            plan.edges = Edges::Rule;
        }
        plan.list_frame = body;
    } else if body.width >= BESIDE_FROM {
        // A list that is wider only moves the reasons apart; the pane beside uses the columns.
        let list_width = (body.width * 11 / 20).clamp(60, 120);
        plan.list_frame = Rect { width: list_width, ..body };
        plan.detail_frame = Rect { x: list_width, width: body.width - list_width, ..body };
        below(plan, if open { facts } else { facts.min(body.height / 2) });
    } else {
        // Column titles, and the upper edge.
        let wanted = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2);
        // A short list leaves its lines to the pane; a long one never takes more than half.
        let list = wanted.clamp(4, (body.height / 2 + 1).max(4));
        // The list's lower edge is the detail's upper one.
        let shared = u16::from(plan.edges == Edges::Full);
        plan.list_frame = Rect { height: list + shared, ..body };
        plan.detail_frame = Rect { y: body.y + list, height: body.height - list, ..body };
        let room = plan.detail_frame.height;
        // The pane says most, so the facts get a quarter of the room.
        below(plan, if open { facts } else { facts.min((room / 4).max(2)) });
    }
    plan.list = plan.edges.inside(plan.list_frame);
}

/// Gives what happened last the room that a list beside the selection does not need. The list keeps its own height meanwhile,
/// however its rows come and go: a panel that moved with them would draw all eyes.
fn below_list(plan: &mut Plan, lines: usize) {
    let frame = plan.list_frame;
    let beside = !plan.detail_frame.is_empty() && plan.detail_frame.y == frame.y;
    let left = frame.height.saturating_sub(RECENT_ROWS);
    // Edges and column titles.
    if !beside || plan.edges != Edges::Full || lines + 3 > usize::from(left) {
        return;
    }
    plan.list_frame.height = left;
    plan.recent_frame = Rect { y: frame.y + left, height: RECENT_ROWS, ..frame };
    plan.list = plan.edges.inside(plan.list_frame);
    plan.recent = plan.edges.inside(plan.recent_frame);
}

/// Leaves the whole body to the parts of the view (`ui::activity`).
fn activity(plan: &mut Plan, body: Rect, filter: bool) {
    if plan.edges == Edges::None {
        // Which figures they are has to be said somewhere.
        plan.edges = Edges::Rule;
    }
    let line = u16::from(filter);
    plan.filter = Rect { height: line, ..body };
    plan.list = Rect { y: body.y + line, height: body.height - line, ..body };
}

/// Divides the body as the fleet's, with the persona in all of the selection's panel.
fn org(plan: &mut Plan, body: Rect, lines: usize, filter: bool) {
    fleet(plan, body, lines, filter, (0, false));
    plan.facts = plan.edges.inside(plan.detail_frame);
    plan.pane_title = Rect::default();
    plan.pane = Rect::default();
}

/// Gives the whole body to one panel.
fn whole(plan: &mut Plan, body: Rect, filter: bool) {
    if plan.edges == Edges::None {
        // What it shows has to be said somewhere.
        plan.edges = Edges::Rule;
    }
    let line = u16::from(filter);
    plan.filter = Rect { height: line, ..body };
    plan.list_frame = Rect { y: body.y + line, height: body.height - line, ..body };
    plan.list = plan.edges.inside(plan.list_frame);
}

fn board(plan: &mut Plan, mut body: Rect, (selected, counts): (usize, [u64; 5]), filter: bool, empty: bool) {
    if filter {
        plan.filter = Rect { height: 1, ..body };
        body = Rect { y: body.y + 1, height: body.height - 1, ..body };
    }
    if !empty && body.height >= CARD_FROM_ROWS {
        // The columns keep the larger part: the card below follows the selection in them.
        let height = (body.height * 2 / 5).min(MAX_CARD_ROWS);
        plan.card_frame = Rect { y: body.bottom() - height, height, ..body };
        body.height -= height;
        if body.width >= BESIDE_FROM {
            let left = body.width / 2;
            plan.beside_frame = Rect { x: left, width: body.width - left, ..plan.card_frame };
            plan.card_frame.width = left;
            plan.beside = inset(plan.edges.inside(plan.beside_frame));
        }
        plan.card = inset(plan.edges.inside(plan.card_frame));
    }
    if body.width < lanes::SIDE_BY_SIDE_FROM {
        plan.tabs = Rect { height: 1, ..body };
        // The tabs stand where a column's own title would.
        plan.columns[selected] = body;
        plan.card_rows = [1; 5];
        return;
    }
    // Side by side with equal widths where titles stay readable; else the selected one gets the room.
    let (framed, equal) = (body.width >= lanes::FRAMED_FROM, body.width >= lanes::EQUAL_FROM);
    let tall = body.height >= TWO_LINES_FROM;
    plan.card_rows = if tall && equal { [2; 5] } else { [1; 5] };
    if tall && equal {
        // Titles are whole where there is room for all of them: a column is narrower than most.
        plan.wraps = counts.map(|count| count * 3 <= u64::from(body.height.saturating_sub(2)));
    }
    if tall && framed {
        // A narrow column shows more of its cards, the one that is read all of each.
        plan.card_rows[selected] = 2;
        plan.wraps[selected] = true;
    }
    plan.column_edges = if framed { Edges::Full } else { Edges::None };
    let widths = lanes::widths(body.width, selected, counts);
    let mut x = body.x;
    for (at, (column, width)) in plan.columns.iter_mut().zip(widths).enumerate() {
        // One column of space between two that have no edges.
        let gap = u16::from(at < 4 && !framed);
        *column = Rect { x, width: width - gap, ..body };
        x += width;
    }
}

/// Leaves a column free at both sides.
fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// Places the facts on top of the selection's panel and the pane below them.
fn below(plan: &mut Plan, facts: u16) {
    let inner = plan.edges.inside(plan.detail_frame);
    plan.facts = Rect { height: facts.min(inner.height), ..inner };
    let rest = inner.height.saturating_sub(facts);
    // A title without a line of the pane below it says nothing.
    if rest > 1 {
        plan.pane_title = Rect { y: inner.y + facts, height: 1, ..inner };
        plan.pane = Rect { y: inner.y + facts + 1, height: rest - 1, ..inner };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_area_leaves_the_terminal(width in 0_u16..300, height in 0_u16..100, lines in 0_usize..200, filter: bool, facts in 0_usize..12) {
            for kind in [ViewKind::Watch, ViewKind::Page, ViewKind::Diff { filter, files: lines }, ViewKind::Org { lines, filter }, ViewKind::Wall { tiles: lines, folded: facts, at: lines.checked_sub(1), filter }, ViewKind::Fleet { lines, filter, facts, recent: !filter, open: facts % 2 == 1 }, ViewKind::Board { selected: lines % 5, filter, empty: lines == 0, counts: [0, lines as u64, 1, 0, 9] }] {
                let plan = plan(width, height, kind);
                if plan.too_small { continue }
                let whole = Rect::new(0, 0, width, height);
                for area in [plan.header, plan.filter, plan.list_frame, plan.list, plan.detail_frame, plan.facts, plan.pane_title, plan.pane, plan.footer, plan.tabs, plan.card_frame, plan.card, plan.beside_frame, plan.beside, plan.recent_frame, plan.recent].into_iter().chain(plan.columns) {
                    prop_assert_eq!(area.intersection(whole), area);
                }
                prop_assert!(plan.pane.intersection(plan.list).is_empty());
                prop_assert!(plan.facts.intersection(plan.list).is_empty());
                prop_assert!(plan.beside_frame.intersection(plan.list_frame).is_empty());
            }
        }
    }

    #[test]
    fn a_column_with_room_for_it_shows_whole_titles_whatever_the_others_hold() {
        let wraps =
            |width, counts| plan(width, 50, ViewKind::Board { selected: 1, filter: false, empty: false, counts }).wraps;
        assert_eq!(wraps(200, [6, 73, 1, 2, 5]), [true; 5], "and the one that is read");
        assert_eq!(wraps(200, [90, 4, 0, 0, 900]), [false, true, true, true, false]);
        assert_eq!(wraps(120, [1; 5]), [false, true, false, false, false], "of narrow ones the one that is read");
    }

    #[test]
    fn shapes_follow_the_width() {
        let fleet = ViewKind::Fleet { lines: 7, filter: false, facts: 6, recent: true, open: false };
        assert!(plan(23, 24, fleet).too_small);
        assert!(plan(40, 12, fleet).pane.is_empty());
        let stacked = plan(80, 24, fleet);
        assert_eq!(stacked.edges, Edges::Full);
        assert!(stacked.detail_frame.x == 0 && stacked.pane.height >= 6 && stacked.list_lines() == 7);
        assert_eq!(stacked.detail_frame.y, stacked.list_frame.bottom() - 1, "one edge for both");
        assert_eq!(plan(70, 24, fleet).edges, Edges::Rule);
        assert_eq!(plan(40, 24, fleet).edges, Edges::None);
        let beside = plan(120, 40, fleet);
        assert!(beside.detail_frame.x > 0 && beside.pane.width >= 50);
        assert!(beside.recent.height > 2 && beside.list_lines() >= 7, "what happened last, below a short list");
        let full = plan(120, 40, ViewKind::Fleet { lines: 30, filter: false, facts: 6, recent: true, open: false });
        assert!(full.recent.is_empty(), "and not instead of rows");
    }
}

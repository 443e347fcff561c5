//! The graph around a card as a picture made of cells: what must be done first on the left, the card
//! in the middle, what waits for it on the right. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::backlog::graph::{Graph, Node};
use crate::backlog::model::{CardId, Column};
use crate::fleet::model::Label;
use crate::ui::text;
use crate::ui::view::{Piece, Role};

/// Narrowest and widest box of a card.
const BOX: (usize, usize) = (10, 30);

/// Most trunks between two levels; beyond it several sources share the last.
// Each trunk is a column that the boxes lose.
const MAX_TRUNKS: usize = 5;

/// Rounds of ordering; more change nothing on graphs of this size.
const ROUNDS: usize = 4;

/// A place in the picture: a card, or a bend of an edge that passes a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Spot<'a> {
    Card(&'a CardId),
    Bend(usize, usize),
}

/// The glyph that tells a column without colour.
#[must_use]
pub(super) fn glyph(column: Option<Column>) -> &'static str {
    match column {
        Some(Column::Waiting) => "\u{25cc}",
        Some(Column::Ready) => "\u{25cb}",
        Some(Column::Claimed) => "\u{25cf}",
        Some(Column::Blocked) => "\u{25a0}",
        Some(Column::Done) => "\u{2713}",
        None => "?",
    }
}

/// Draws it, at most so wide and high; nothing when the card stands alone.
#[must_use]
pub(super) fn picture(graph: &Graph, center: &CardId, width: usize, height: usize) -> Vec<Vec<Piece>> {
    if graph.edges.is_empty() || width < 2 * BOX.0 || height < 3 {
        return Vec::new();
    }
    let mut levels = levels(graph);
    let Some(middle) = levels.get(center).copied() else { return Vec::new() };
    // Whole levels are left out, the farthest first, until boxes are wide enough.
    let mut reach = levels.values().map(|level| level.abs_diff(middle)).max().unwrap_or(0);
    loop {
        levels.retain(|_, level| level.abs_diff(middle) <= reach);
        let edges: Vec<(&CardId, &CardId)> = graph
            .edges
            .iter()
            .map(|(card, on)| (on, card))
            .filter(|(on, card)| levels.contains_key(on) && levels.contains_key(card))
            .collect();
        let drawn = Drawing::new(&levels, &edges, center, height).paint(graph, width);
        match drawn {
            Some(lines) => return lines,
            None if reach == 0 => return Vec::new(),
            None => reach -= 1,
        }
    }
}

/// The level of each card: one more than the highest of its dependencies.
fn levels(graph: &Graph) -> BTreeMap<&CardId, usize> {
    let mut levels: BTreeMap<&CardId, usize> = graph.nodes.iter().map(|node| (&node.id, 0)).collect();
    // As many rounds as there are cards: enough for a chain, and an end for a damaged graph with a cycle.
    for _ in 0..graph.nodes.len() {
        let mut moved = false;
        for (card, on) in &graph.edges {
            let wanted = levels.get(on).copied().unwrap_or(0) + 1;
            if let Some(level) = levels.get_mut(card)
                && *level < wanted
            {
                *level = wanted;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    // What nothing holds on the left stands right before its first dependent.
    for (card, on) in &graph.edges {
        let has_own = graph.edges.iter().any(|(other, _)| other == on);
        if !has_own {
            let nearest = graph.edges.iter().filter(|(_, other)| other == on).filter_map(|(card, _)| levels.get(card));
            let to = nearest.min().copied().unwrap_or(1).saturating_sub(1);
            levels.insert(on, to);
        }
        debug_assert!(levels.contains_key(card));
    }
    levels
}

/// Spots by level, and the short edges between neighbouring levels.
struct Drawing<'a> {
    center: &'a CardId,
    columns: Vec<Vec<Spot<'a>>>,
    links: Vec<BTreeSet<(Spot<'a>, Spot<'a>)>>,
    rows: usize,
    left_out: usize,
}

impl<'a> Drawing<'a> {
    fn new(
        levels: &BTreeMap<&'a CardId, usize>,
        edges: &[(&'a CardId, &'a CardId)],
        center: &'a CardId,
        height: usize,
    ) -> Self {
        let first = levels.values().min().copied().unwrap_or(0);
        let last = levels.values().max().copied().unwrap_or(0);
        let mut columns: Vec<Vec<Spot<'a>>> = vec![Vec::new(); last - first + 1];
        let mut left_out = 0;
        for (id, level) in levels {
            let column = &mut columns[level - first];
            // What does not fit is counted; the card itself always has its place.
            // One row less than there are: the last says how many were left out.
            if column.len() + 1 < height || *id == center || levels.len() < height {
                column.push(Spot::Card(id));
            } else {
                left_out += 1;
            }
        }
        let known: BTreeSet<Spot<'a>> = columns.iter().flatten().copied().collect();
        let mut links: Vec<BTreeSet<(Spot<'a>, Spot<'a>)>> = vec![BTreeSet::new(); columns.len().saturating_sub(1)];
        for (number, (from, to)) in edges.iter().enumerate() {
            if !known.contains(&Spot::Card(from)) || !known.contains(&Spot::Card(to)) {
                continue;
            }
            let (start, end) = (levels[from] - first, levels[to] - first);
            let mut at = Spot::Card(from);
            for level in start..end {
                let next = if level + 1 == end { Spot::Card(to) } else { Spot::Bend(number, level + 1) };
                if let Spot::Bend(..) = next {
                    columns[level + 1].push(next);
                }
                links[level].insert((at, next));
                at = next;
            }
        }
        let mut drawing = Self { center, columns, links, rows: 0, left_out };
        drawing.order();
        drawing.rows = drawing.columns.iter().map(Vec::len).max().unwrap_or(0).min(height);
        drawing
    }

    /// Puts each spot near the middle of its neighbours, so that few lines cross.
    fn order(&mut self) {
        for round in 0..ROUNDS {
            let forward = round % 2 == 0;
            let span: Vec<usize> = if forward {
                (1..self.columns.len()).collect()
            } else {
                (0..self.columns.len().saturating_sub(1)).rev().collect()
            };
            for level in span {
                let other = if forward { level - 1 } else { level + 1 };
                let places: HashMap<Spot<'a>, usize> =
                    self.columns[other].iter().enumerate().map(|(at, spot)| (*spot, at)).collect();
                let links = &self.links[level.min(other)];
                let center = |spot: &Spot<'a>| {
                    let near: Vec<usize> = links
                        .iter()
                        .filter_map(|(from, to)| match (forward, to == spot, from == spot) {
                            (true, true, _) => places.get(from),
                            (false, _, true) => places.get(to),
                            _ => None,
                        })
                        .copied()
                        .collect();
                    // In hundredths, as the mean of two places lies between them; what has no neighbour goes to
                    // the end and pulls at nothing.
                    if near.is_empty() { usize::MAX } else { near.iter().sum::<usize>() * 100 / near.len() }
                };
                let mut column = std::mem::take(&mut self.columns[level]);
                column.sort_by_cached_key(center);
                self.columns[level] = column;
            }
        }
    }

    /// Row of each spot: columns are centred on each other.
    fn row(&self, level: usize, at: usize) -> usize {
        (self.rows - self.columns[level].len().min(self.rows)) / 2 + at
    }

    fn paint(&self, graph: &Graph, width: usize) -> Option<Vec<Vec<Piece>>> {
        let nodes: HashMap<&CardId, &Node> = graph.nodes.iter().map(|node| (&node.id, node)).collect();
        let gaps: Vec<usize> = self
            .links
            .iter()
            .map(|links| links.iter().map(|(from, _)| from).collect::<BTreeSet<_>>().len().min(MAX_TRUNKS) + 3)
            .collect();
        let room = width.checked_sub(gaps.iter().sum())?;
        // Narrower than this no title says anything, and the picture is tried again with a level less.
        let box_width = (room / self.columns.len()).min(BOX.1);
        if box_width < BOX.0 {
            return None;
        }
        let labels: Vec<usize> = self
            .columns
            .iter()
            .map(|column| {
                column.iter().map(|spot| text::width(&label(*spot, &nodes))).max().unwrap_or(0).clamp(1, box_width)
            })
            .collect();
        let mut grid = Grid::new(width, self.rows);
        let mut x = 0;
        let mut starts = Vec::new();
        for (level, wide) in labels.iter().enumerate() {
            starts.push(x);
            x += wide + gaps.get(level).copied().unwrap_or(0);
        }
        for (level, links) in self.links.iter().enumerate() {
            self.paint_links(&mut grid, level, links, starts[level] + labels[level], starts[level + 1]);
        }
        for (level, column) in self.columns.iter().enumerate() {
            for (at, spot) in column.iter().enumerate().take(self.rows) {
                let row = self.row(level, at);
                match spot {
                    Spot::Bend(..) => grid.horizontal(row, starts[level], starts[level] + labels[level]),
                    Spot::Card(id) => {
                        let column = nodes.get(id).and_then(|node| node.column);
                        let role =
                            if *id == self.center { Role::Strong } else { column.map_or(Role::Warning, Role::Lane) };
                        grid.label(row, starts[level], &text::fit(&label(*spot, &nodes), labels[level]), role);
                        let used = text::width(&label(*spot, &nodes)).min(labels[level]);
                        let goes_on =
                            self.links.get(level).is_some_and(|links| links.iter().any(|(from, _)| from == spot));
                        if goes_on {
                            grid.horizontal(row, starts[level] + used + 1, starts[level] + labels[level]);
                        }
                    }
                }
            }
        }
        let mut lines = grid.lines();
        if self.left_out > 0 {
            lines.push(vec![Piece::new(format!("\u{2026} and {} more", self.left_out), Role::Quiet)]);
        }
        Some(lines)
    }

    /// Lines between two levels: each source has a trunk of its own while there is room.
    fn paint_links(
        &self,
        grid: &mut Grid,
        level: usize,
        links: &BTreeSet<(Spot<'a>, Spot<'a>)>,
        from: usize,
        to: usize,
    ) {
        let place = |level: usize, spot: Spot<'a>| self.columns[level].iter().position(|other| *other == spot);
        let mut sources: Vec<Spot<'a>> = links.iter().map(|(source, _)| *source).collect();
        sources.sort_by_key(|source| place(level, *source));
        sources.dedup();
        for (source, target) in links {
            let (Some(start), Some(end)) = (place(level, *source), place(level + 1, *target)) else { continue };
            if start >= self.rows || end >= self.rows {
                continue;
            }
            let (start, end) = (self.row(level, start), self.row(level + 1, end));
            // From the outside in: the trunk of an upper source stands right of those it crosses least.
            let number = sources.iter().position(|other| other == source).unwrap_or(0).min(MAX_TRUNKS - 1);
            let trunk = (from + 1 + number).min(to.saturating_sub(2));
            grid.horizontal(start, from, trunk);
            grid.corner(start, end, trunk);
            grid.horizontal(end, trunk + 1, to);
            if matches!(target, Spot::Card(_)) {
                grid.arrow(end, to - 1);
            }
        }
    }
}

fn label(spot: Spot<'_>, nodes: &HashMap<&CardId, &Node>) -> String {
    match spot {
        Spot::Bend(..) => String::new(),
        Spot::Card(id) => match nodes.get(id) {
            Some(node) => format!("{} {} {}", glyph(node.column), id, Label::new(&node.title)).trim_end().to_owned(),
            None => format!("? {id}"),
        },
    }
}

/// Directions of a line in a cell.
const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

/// Lines as directions, texts over them.
struct Grid {
    width: usize,
    lines: Vec<Vec<u8>>,
    arrows: BTreeSet<(usize, usize)>,
    labels: Vec<BTreeMap<usize, (String, Role)>>,
}

impl Grid {
    fn new(width: usize, rows: usize) -> Self {
        Self { width, lines: vec![vec![0; width]; rows], arrows: BTreeSet::new(), labels: vec![BTreeMap::new(); rows] }
    }

    fn add(&mut self, row: usize, x: usize, directions: u8) {
        if let Some(cell) = self.lines.get_mut(row).and_then(|line| line.get_mut(x)) {
            *cell |= directions;
        }
    }

    fn horizontal(&mut self, row: usize, from: usize, to: usize) {
        for x in from..to {
            self.add(row, x, LEFT | RIGHT);
        }
    }

    /// Turns a line from one row to another, and on to the right.
    fn corner(&mut self, start: usize, end: usize, x: usize) {
        self.add(start, x, LEFT);
        self.add(end, x, RIGHT);
        let (top, bottom) = (start.min(end), start.max(end));
        for row in top..bottom {
            self.add(row, x, DOWN);
            self.add(row + 1, x, UP);
        }
    }

    fn arrow(&mut self, row: usize, x: usize) {
        self.arrows.insert((row, x));
    }

    fn label(&mut self, row: usize, x: usize, text: &str, role: Role) {
        if let Some(labels) = self.labels.get_mut(row) {
            labels.insert(x, (text.to_owned(), role));
        }
    }

    fn lines(&self) -> Vec<Vec<Piece>> {
        (0..self.lines.len())
            .map(|row| {
                let mut pieces: Vec<Piece> = Vec::new();
                let mut strokes = String::new();
                let mut x = 0;
                while x < self.width {
                    if let Some((text, role)) = self.labels[row].get(&x) {
                        if !strokes.is_empty() {
                            pieces.push(Piece::new(std::mem::take(&mut strokes), Role::Quiet));
                        }
                        pieces.push(Piece::new(text.clone(), *role));
                        // By columns and not by characters: a title may be wide, and a label of no width would
                        // stand still here for ever.
                        x += text::width(text).max(1);
                        continue;
                    }
                    strokes.push(if self.arrows.contains(&(row, x)) { '\u{25b8}' } else { stroke(self.lines[row][x]) });
                    x += 1;
                }
                let strokes = strokes.trim_end();
                if !strokes.is_empty() {
                    pieces.push(Piece::new(strokes, Role::Quiet));
                }
                pieces
            })
            .collect()
    }
}

/// The line-drawing character of some directions.
fn stroke(directions: u8) -> char {
    match directions {
        0 => ' ',
        d if d & (UP | DOWN) == 0 => '\u{2500}',
        d if d & (LEFT | RIGHT) == 0 => '\u{2502}',
        d => match (d & UP != 0, d & DOWN != 0, d & LEFT != 0, d & RIGHT != 0) {
            (false, true, false, true) => '\u{250c}',
            (false, true, true, false) => '\u{2510}',
            (true, false, false, true) => '\u{2514}',
            (true, false, true, false) => '\u{2518}',
            (true, true, false, true) => '\u{251c}',
            (true, true, true, false) => '\u{2524}',
            (false, true, true, true) => '\u{252c}',
            (true, false, true, true) => '\u{2534}',
            _ => '\u{253c}',
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let id = |text: &str| CardId::parse(text).unwrap();
        let edges: Vec<_> = edges.iter().map(|(a, b)| (id(a), id(b))).collect();
        let names: BTreeSet<CardId> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let nodes =
            names.into_iter().map(|id| Node { title: String::new(), id, column: Some(Column::Ready) }).collect();
        Graph { nodes, edges }
    }

    fn drawn(edges: &[(&str, &str)], center: &str, width: usize, height: usize) -> String {
        let lines = picture(&graph(edges), &CardId::parse(center).unwrap(), width, height);
        let lines: Vec<String> =
            lines.iter().map(|line| line.iter().map(|piece| piece.text.as_str()).collect::<String>()).collect();
        lines.join("\n")
    }

    #[test]
    fn dependencies_stand_left_and_dependents_right() {
        let text = drawn(&[("C", "A"), ("C", "B"), ("D", "C"), ("E", "C")], "C", 60, 9);
        insta::assert_snapshot!("dag_small", text);
    }

    #[test]
    fn an_edge_over_several_levels_is_bent_around() {
        insta::assert_snapshot!(
            "dag_bend",
            drawn(&[("B", "A"), ("C", "B"), ("C", "A"), ("D", "C"), ("D", "A")], "C", 80, 9)
        );
    }

    #[test]
    fn a_narrow_screen_leaves_the_farthest_out() {
        let chain = [("B", "A"), ("C", "B"), ("D", "C"), ("E", "D"), ("F", "E"), ("G", "F")];
        assert!(drawn(&chain, "D", 200, 9).contains('A'));
        let narrow = drawn(&chain, "D", 50, 9);
        assert!(narrow.contains('D') && !narrow.contains('A') && !narrow.contains('G'), "{narrow}");
        assert_eq!(drawn(&[], "D", 50, 9), "");
    }

    proptest! {
        #[test]
        fn every_graph_fits(pairs in prop::collection::vec((0_u8..14, 0_u8..14), 1..40), width in 0_usize..150, height in 0_usize..20) {
            // Also with cycles: a damaged store must not hang the screen.
            let names: Vec<(String, String)> = pairs.iter().map(|(a, b)| (format!("n{a}"), format!("n{b}"))).collect();
            let edges: Vec<(&str, &str)> = names.iter().filter(|(a, b)| a != b).map(|(a, b)| (a.as_str(), b.as_str())).collect();
            let Some((center, _)) = edges.first() else { return Ok(()) };
            for line in drawn(&edges, center, width, height).lines() {
                prop_assert!(text::width(line) <= width.max(20), "{line}");
            }
        }
    }
}

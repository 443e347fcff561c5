//! The dependency graph: cycles, the tree, DOT, and a card's neighbourhood. Pure.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde::Serialize;

use super::model::{CardId, Column};

/// A card as a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// Its column; `None` for a card that does not exist.
    pub column: Option<Column>,
}

/// Cards and what they depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The cards, in order of their ids.
    pub nodes: Vec<Node>,
    /// Each edge: the card, and what it depends on.
    pub edges: Vec<(CardId, CardId)>,
}

/// Maximum number of lines of a tree: past this a person wants DOT.
const MAX_TREE_LINES: usize = 20_000;

impl Graph {
    /// One cycle, as the cards along it with the first repeated at the end.
    #[must_use]
    pub fn cycle(&self) -> Option<Vec<&CardId>> {
        let mut next: HashMap<&CardId, Vec<&CardId>> = HashMap::new();
        let mut waiting: HashMap<&CardId, usize> = HashMap::new();
        for (card, on) in &self.edges {
            next.entry(on).or_default().push(card);
            *waiting.entry(card).or_default() += 1;
            waiting.entry(on).or_default();
        }
        let mut free: Vec<&CardId> = waiting.iter().filter(|(_, open)| **open == 0).map(|(id, _)| *id).collect();
        while let Some(id) = free.pop() {
            waiting.remove(id);
            for card in next.get(id).into_iter().flatten() {
                if let Some(open) = waiting.get_mut(card) {
                    *open -= 1;
                    if *open == 0 {
                        free.push(card);
                    }
                }
            }
        }
        // Everything left waits for something that is left: following that must come round.
        let mut on: HashMap<&CardId, &CardId> = HashMap::new();
        for (card, depends) in &self.edges {
            if waiting.contains_key(card) && waiting.contains_key(depends) {
                on.entry(card).or_insert(depends);
            }
        }
        // The least one, so that the same cycle is told each time, whatever the order of a map.
        let mut at = *waiting.keys().min()?;
        let mut seen: HashMap<&CardId, usize> = HashMap::new();
        let mut path = Vec::new();
        while !seen.contains_key(at) {
            seen.insert(at, path.len());
            path.push(at);
            at = on.get(at)?;
        }
        let mut cycle = path.split_off(*seen.get(at)?);
        cycle.push(at);
        Some(cycle)
    }

    /// Returns an indented tree: what nothing depends on stands left, its dependencies below it. A card with
    /// several dependents is drawn once in full, and by name elsewhere.
    #[must_use]
    pub fn tree(&self) -> Vec<String> {
        let nodes: HashMap<&CardId, &Node> = self.nodes.iter().map(|node| (&node.id, node)).collect();
        let mut below: BTreeMap<&CardId, Vec<&CardId>> = BTreeMap::new();
        let mut has_dependents = HashSet::new();
        for (card, on) in &self.edges {
            below.entry(card).or_default().push(on);
            has_dependents.insert(on);
        }
        let mut lines = Vec::new();
        let mut drawn = HashSet::new();
        // A damaged graph that is one cycle has none, and its tree is empty: `doctor` names the cycle.
        let roots: Vec<&CardId> =
            self.nodes.iter().map(|node| &node.id).filter(|id| !has_dependents.contains(id)).collect();
        // An explicit stack: a chain of a million cards must not overflow the program's.
        let mut stack: Vec<(&CardId, usize)> = roots.into_iter().rev().map(|id| (id, 0)).collect();
        while let Some((id, depth)) = stack.pop() {
            if lines.len() == MAX_TREE_LINES {
                lines.push(format!("\u{2026} more than {MAX_TREE_LINES} lines; use --dot"));
                break;
            }
            // Deeper down a line would be blanks alone.
            let indent = "  ".repeat(depth.min(40));
            let children = below.get(id).map_or(&[][..], Vec::as_slice);
            // A card without dependencies of its own is shown whole again: that takes no more room than its name.
            if !drawn.insert(id) && !children.is_empty() {
                lines.push(format!("{indent}{id} (see above)"));
                continue;
            }
            lines.push(match nodes.get(id) {
                Some(Node { title, column: Some(column), .. }) => format!("{indent}{id} [{}] {title}", column.word()),
                _ => format!("{indent}{id} [unknown card]"),
            });
            stack.extend(children.iter().rev().map(|child| (*child, depth + 1)));
        }
        lines
    }

    /// Returns the graph in DOT.
    #[must_use]
    pub fn dot(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let mut out = String::from("digraph backlog {\n  rankdir=LR;\n  node [shape=box];\n");
        for node in &self.nodes {
            let word = node.column.map_or("unknown card", Column::word);
            let label = format!("{}: {}", node.id, node.title);
            out.push_str(&format!(
                "  {} [label={}, tooltip={}];\n",
                quoted(node.id.as_str()),
                quoted(&label),
                quoted(word)
            ));
        }
        for (card, on) in &self.edges {
            out.push_str(&format!("  {} -> {};\n", quoted(card.as_str()), quoted(on.as_str())));
        }
        out.push('}');
        out
    }
}

/// Finds the way along dependencies from one card to another, asking for edges level by level;
/// the cards along it, both ends included.
///
/// # Errors
/// Returns the error of `dependencies`.
pub fn path<E>(
    from: &CardId,
    to: &CardId,
    mut dependencies: impl FnMut(&[CardId]) -> Result<Vec<(CardId, CardId)>, E>,
) -> Result<Option<Vec<CardId>>, E> {
    if from == to {
        return Ok(Some(vec![*from]));
    }
    let mut came_from: HashMap<CardId, CardId> = HashMap::new();
    // Level by level: on a server each question is a trip.
    let mut level = vec![*from];
    while !level.is_empty() {
        let mut next = Vec::new();
        for (card, on) in dependencies(&level)? {
            // Each card is asked about once, so that a cycle in a damaged store ends as well.
            if on == *from || came_from.contains_key(&on) {
                continue;
            }
            came_from.insert(on, card);
            if on == *to {
                let mut way = VecDeque::from([on]);
                while let Some(before) = way.front().and_then(|first| came_from.remove(first)) {
                    way.push_front(before);
                }
                return Ok(Some(way.into()));
            }
            next.push(on);
        }
        level = next;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> CardId {
        CardId::parse(text).unwrap()
    }

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let edges: Vec<_> = edges.iter().map(|(a, b)| (id(a), id(b))).collect();
        let mut names: Vec<CardId> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
        names.sort();
        names.dedup();
        let nodes = names
            .into_iter()
            .map(|id| Node { title: format!("title of {id}"), id, column: Some(Column::Ready) })
            .collect();
        Graph { nodes, edges }
    }

    fn names(ids: &[impl std::borrow::Borrow<CardId>]) -> String {
        ids.iter().map(|id| id.borrow().as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn cycles_of_any_length_are_found() {
        assert_eq!(graph(&[("a", "b"), ("b", "c"), ("a", "c")]).cycle(), None);
        assert_eq!(names(&graph(&[("a", "a")]).cycle().unwrap()), "a a");
        assert_eq!(names(&graph(&[("x", "a"), ("a", "b"), ("b", "a"), ("b", "y")]).cycle().unwrap()), "a b a");
    }

    #[test]
    fn the_tree_draws_a_shared_card_once_in_full() {
        let lines = graph(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e")]).tree();
        let starts: Vec<&str> = lines.iter().map(|line| line.split(" [").next().unwrap()).collect();
        assert_eq!(starts, ["a", "  b", "    d", "      e", "  c", "    d (see above)"]);
    }

    #[test]
    fn dot_quotes_what_it_is_given() {
        let mut graph = graph(&[("a", "b")]);
        graph.nodes[0].title = "say \"hi\" \\ there".into();
        let dot = graph.dot();
        assert!(dot.contains(r#""a: say \"hi\" \\ there""#) && dot.contains("\"a\" -> \"b\""), "{dot}");
    }

    proptest! {
        #[test]
        fn a_found_path_is_one_and_cycle_agrees_with_it(pairs in prop::collection::vec((0_u8..12, 0_u8..12), 0..40)) {
            let edges: Vec<(CardId, CardId)> =
                pairs.iter().map(|(a, b)| (id(&a.to_string()), id(&b.to_string()))).collect();
            let graph = Graph { nodes: Vec::new(), edges: edges.clone() };
            let ask = |level: &[CardId]| -> Result<_, ()> {
                Ok(edges.iter().filter(|(card, _)| level.contains(card)).cloned().collect())
            };
            // A cycle exists exactly when some card can be reached from one of its dependencies.
            let reachable = edges.iter().any(|(card, on)| path(on, card, ask).unwrap().is_some());
            prop_assert_eq!(graph.cycle().is_some(), reachable);
            if let Some(cycle) = graph.cycle() {
                prop_assert_eq!(cycle.first(), cycle.last());
                for pair in cycle.windows(2) {
                    prop_assert!(edges.contains(&(*pair[0], *pair[1])));
                }
            }
            for (card, on) in &edges {
                if let Some(way) = path(on, card, ask).unwrap() {
                    for pair in way.windows(2) {
                        prop_assert!(edges.contains(&(pair[0], pair[1])));
                    }
                }
            }
        }
    }
}

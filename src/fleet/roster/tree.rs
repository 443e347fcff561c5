//! A YAML (or JSON) document as nodes that know which bytes of the text they are.

use std::ops::Range;

use saphyr_parser::{Event, Parser, Span};

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Its bytes. Those of a block collection begin at its first child; where it ends says [`Node::end`].
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Kinds of node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A scalar, decoded, or an alias.
    Scalar(String),
    /// A list; whether it is written between brackets.
    List { flow: bool, items: Vec<Node> },
    /// A mapping; whether it is written between braces.
    Map { flow: bool, entries: Vec<Entry> },
}

/// One key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key as written, decoded.
    pub key: String,
    /// Bytes of the key.
    pub at: Range<usize>,
    /// The value.
    pub value: Node,
}

/// The key whose value comes next in an open mapping, with its bytes.
type PendingKey = Option<(String, Range<usize>)>;

impl Node {
    /// Reads a document; `None` when it is not one valid document, or uses what this does not follow.
    pub(super) fn of(text: &str) -> Option<Self> {
        // The parser counts characters.
        let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        bytes.push(text.len());
        let range = |span: Span| -> Option<Range<usize>> {
            Some(*bytes.get(span.start.index())?..*bytes.get(span.end.index())?)
        };
        let mut open: Vec<(Node, PendingKey)> = Vec::new();
        let mut root = None;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            let at = range(span)?;
            let here = || &text[at.clone()];
            let flow = |mark: char| here().starts_with(mark);
            let node = match event {
                Event::Scalar(value, ..) => {
                    let end = quoted_end(here()).map_or(at.end, |length| at.start + length);
                    Node { range: at.start..end, kind: Kind::Scalar(value.into_owned()) }
                }
                Event::Alias(_) => Node { kind: Kind::Scalar(here().to_owned()), range: at },
                Event::SequenceStart(..) => {
                    let kind = Kind::List { flow: flow('['), items: Vec::new() };
                    open.push((Node { range: at, kind }, None));
                    continue;
                }
                Event::MappingStart(..) => {
                    let kind = Kind::Map { flow: flow('{'), entries: Vec::new() };
                    open.push((Node { range: at, kind }, None));
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let (mut node, _) = open.pop()?;
                    // The end of a block is only seen at whatever comes next, behind comments that are not its own.
                    if node.is_flow() {
                        node.range.end = at.end;
                    }
                    node
                }
                // The decoder reads one document, so an edit in a second one would change nothing.
                Event::DocumentStart(_) if root.is_some() => return None,
                _ => continue,
            };
            match open.last_mut() {
                None => root = Some(node),
                Some((Node { kind: Kind::List { items, .. }, .. }, _)) => items.push(node),
                Some((Node { kind: Kind::Map { entries, .. }, .. }, key)) => match (key.take(), node) {
                    (Some((name, at)), value) => entries.push(Entry { key: name, at, value }),
                    (None, Node { range, kind: Kind::Scalar(name) }) => *key = Some((name, range)),
                    (None, _) => return None,
                },
                Some(_) => return None,
            }
        }
        root
    }

    fn is_flow(&self) -> bool {
        matches!(self.kind, Kind::List { flow: true, .. } | Kind::Map { flow: true, .. })
    }

    /// Where its last byte that is no white space ends.
    pub(super) fn end(&self) -> usize {
        match &self.kind {
            Kind::List { flow: false, items } => items.last().map_or(self.range.end, Self::end),
            Kind::Map { flow: false, entries } => {
                entries.last().map_or(self.range.end, |entry| entry.value.end().max(entry.at.end))
            }
            _ => self.range.end,
        }
    }

    /// The entries of a mapping.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The value of a key, in either spelling.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key || super::locate::snake(&entry.key) == key)
    }

    /// The items of a list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List { items, .. } => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }
}

/// Length of a quoted scalar; its reported end lies behind the comment that follows.
fn quoted_end(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => drop(chars.next()),
            // Two of them stand for one.
            '\'' if quote == c && chars.peek().is_some_and(|(_, next)| *next == '\'') => drop(chars.next()),
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_bytes() {
        let text = "# é\nversion: 1\nagents:\n  - name: a  # why\n    env: {K: \"v w\"}\n  - {name: b}\n\n# end\n";
        let root = Node::of(text).unwrap();
        let agents = &root.get("agents").unwrap().value;
        let slice = |node: &Node| &text[node.range.start..node.end()];
        assert_eq!(slice(agents.items()[0].get("name").map(|e| &e.value).unwrap()), "a");
        assert_eq!(slice(&agents.items()[0].get("env").unwrap().value), "{K: \"v w\"}");
        assert_eq!(slice(&agents.items()[1]), "{name: b}");
        assert_eq!(slice(&agents.items()[0]), "name: a  # why\n    env: {K: \"v w\"}");
        assert_eq!(root.get("version").unwrap().value.scalar(), Some("1"));
        assert!(Node::of("a: [").is_none());
    }
}

//! Export and import: JSON lines, lossless, the same bytes from every engine.
//!
//! A header line, the cards in order of their ids, the history in order, and a last line with the
//! counts, so that a file that was cut off is noticed.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use super::checks;
use super::error::{Failure, Kind, Result};
use super::graph::Graph;
use super::model::{Card, CardEvent, CardId, EventKind, check_clean, check_line, check_owner};
use super::operations::Backlog;
use super::rules;
use super::store::{Change, Progress};
use crate::plain::{Notation, plain_words};

/// Version of the format. 2: what a card says of its goal, stage, branch, files and lease; an export of 1 has none of it.
/// 3: on which host a card was claimed.
const FORMAT: u32 = 3;

/// Oldest version that is still read.
const OLDEST_FORMAT: u32 = 1;

/// Lines written to the store at once.
const BATCH: usize = 500;

/// Bytes of lines after which they are written earlier: a server takes one value of 1 GB, and memory is not free.
const BATCH_BYTES: u64 = 8 << 20;

/// Maximum length of a line, in bytes: a card with the largest body, escaped.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Lines between two reports of progress.
const TELL_EVERY: u64 = 1000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Backlog { format: u32 },
    Card(Box<Card>),
    Event(Box<CardEvent>),
    End { cards: u64, events: u64 },
}

/// Counts of what was exported or imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Cards.
    pub cards: u64,
    /// Lines of history.
    pub events: u64,
}

/// Writes everything.
///
/// # Errors
/// Returns an error if the store or the writer fails.
pub fn export(backlog: &mut Backlog, out: &mut dyn Write, progress: Progress<'_>) -> Result<Moved> {
    // Both callbacks of the export write, and live at the same time.
    let out = std::cell::RefCell::new(out);
    let put = |line: &Line| -> Result<()> {
        let mut text = serde_json::to_string(line).map_err(|error| export_failed(&error))?;
        text.push('\n');
        out.borrow_mut().write_all(text.as_bytes()).map_err(|error| export_failed(&error))
    };
    let (cards, events) = (std::cell::Cell::new(0_u64), std::cell::Cell::new(0_u64));
    let progress = std::cell::RefCell::new(progress);
    let count = |cell: &std::cell::Cell<u64>, what: &str| {
        cell.set(cell.get() + 1);
        if cell.get().is_multiple_of(TELL_EVERY) {
            (progress.borrow_mut())(what, cell.get());
        }
    };
    put(&Line::Backlog { format: FORMAT })?;
    backlog.store().export(
        &mut |card| {
            count(&cards, "cards");
            put(&Line::Card(Box::new(card)))
        },
        &mut |event| {
            count(&events, "lines of history");
            put(&Line::Event(Box::new(event)))
        },
    )?;
    let moved = Moved { cards: cards.get(), events: events.get() };
    // The counts come last, as they are known only then: so an export streams, however large it is.
    put(&Line::End { cards: moved.cards, events: moved.events })?;
    out.borrow_mut().flush().map_err(|error| export_failed(&error))?;
    Ok(moved)
}

/// Describes a failed export.
pub(crate) fn export_failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::Failed, "export", error.to_string(), "check where it is written to")
}

/// Reads everything, in one transaction: all of it, or nothing.
///
/// # Errors
/// Returns an error that names the line, if one is not valid, exists already, or the cards form a cycle.
pub fn import(backlog: &mut Backlog, input: &mut dyn BufRead, progress: Progress<'_>) -> Result<Moved> {
    // Not tried again on a collision: the input is read by then, and a pipe cannot be read twice.
    backlog.write_once(|change| {
        change.hold_edges()?;
        let mut reader = Reader { number: 0, bytes: 0 };
        let mut moved = Moved { cards: 0, events: 0 };
        let mut cards = Vec::new();
        let mut events = Vec::new();
        let mut begun = false;
        let mut known = HashSet::new();
        let mut without_host = BTreeMap::new();
        loop {
            let Some(line) = reader.next(input)? else {
                return Err(reader.bad("the file ends before its last line; it was cut off"));
            };
            match line {
                Line::Backlog { format: OLDEST_FORMAT..=FORMAT } if !begun => begun = true,
                Line::Backlog { format } => return Err(reader.bad(&format!("format {format} is not known here"))),
                _ if !begun => return Err(reader.bad("is not an export: its first line is not the header")),
                Line::Card(mut card) => {
                    // Another program's file may hold them in any order, or twice.
                    card.depends_on = rules::ordered(std::mem::take(&mut card.depends_on));
                    check(&card).map_err(|error| reader.unfit(&error))?;
                    moved.cards += 1;
                    known.insert(card.id);
                    if card.claim.as_ref().is_some_and(|claim| claim.host.is_empty()) {
                        without_host.insert(card.id, String::new());
                    }
                    cards.push(*card);
                }
                Line::Event(event) => {
                    check_event(&event).map_err(|error| reader.unfit(&error))?;
                    // A line of another card's would pass for history in a store that has that card already.
                    if !known.contains(&event.card_id) {
                        return Err(reader.bad(&format!("is history of {}, which is not in the file", event.card_id)));
                    }
                    moved.events += 1;
                    if event.kind == EventKind::Claimed
                        && let Some(host) = without_host.get_mut(&event.card_id)
                    {
                        host.clone_from(&event.host);
                    }
                    events.push(*event);
                }
                Line::End { cards: had, events: written } => {
                    if (had, written) != (moved.cards, moved.events) {
                        // A file that was edited by hand, or joined from two.
                        return Err(reader.bad("the counts do not fit; lines are missing"));
                    }
                    // Two exports in one file, most likely: half of it imported would pass for all of it.
                    if reader.more(input)? {
                        return Err(reader.bad("stands behind the end of the export; import one file at a time"));
                    }
                    break;
                }
            }
            let full = reader.bytes >= BATCH_BYTES;
            if full || cards.len() == BATCH {
                reader.bytes = 0;
                change.insert(&std::mem::take(&mut cards)).map_err(there_already)?;
            }
            if full || events.len() == BATCH {
                reader.bytes = 0;
                // A line of history needs its card.
                change.insert(&std::mem::take(&mut cards)).map_err(there_already)?;
                change.append(&std::mem::take(&mut events))?;
            }
            if reader.number.is_multiple_of(TELL_EVERY) {
                progress("lines", reader.number);
            }
        }
        change.insert(&cards).map_err(there_already)?;
        change.append(&events)?;
        claimed_on(change, without_host)?;
        // At the end and of all cards: in a file one may stand before what it depends on.
        if let Some(cycle) = (Graph { nodes: Vec::new(), edges: change.edges()? }).cycle() {
            let names: Vec<&str> = cycle.into_iter().map(super::model::CardId::as_str).collect();
            return Err(Failure::refused(
                "import",
                format!("the cards form a cycle: {}", names.join(" -> ")),
                "correct the file",
            ));
        }
        Ok(moved)
    })
}

/// Says of claims on which host they were made: before format 3 only the history had it.
fn claimed_on(change: &mut dyn Change, hosts: BTreeMap<CardId, String>) -> Result<()> {
    for (id, host) in hosts.into_iter().filter(|(_, host)| !host.is_empty()) {
        if let Some(mut card) = change.card(&id)?
            && let Some(claim) = &mut card.claim
        {
            claim.host = host;
            change.update(&card)?;
        }
    }
    Ok(())
}

/// What a store says of a card that it has, for whoever moves a file: nobody types an id here.
fn there_already(error: Failure) -> Failure {
    match error.kind {
        Kind::Refused => Failure {
            next: "import into an empty store, or take it out of the file; nothing was imported".into(),
            ..error
        },
        _ => error,
    }
}

/// Checks an imported card as strictly as one that is typed.
fn check(card: &Card) -> Result<()> {
    checks::check_card(card)?;
    if let Some(claim) = &card.claim {
        check_owner(&claim.owner)?;
        check_line("claim_host", &claim.host)?;
        checks::check_ttl(claim.ttl_seconds)?;
        check_number("claim_token", claim.token)?;
    }
    for (field, number) in
        [("last_claim_token", card.last_claim_token), ("attempts", card.attempts), ("version", card.version)]
    {
        check_number(field, number)?;
    }
    if card.depends_on.contains(&card.id) {
        return Err(Failure::refused(format!("card {}", card.id), "depends on itself", ""));
    }
    for (field, text) in [
        ("tenant_id", Some(&card.tenant_id)),
        ("host", Some(&card.host)),
        ("block_reason", Some(&card.block_reason)),
        ("idempotency_key", card.idempotency_key.as_ref()),
    ] {
        text.map_or(Ok(()), |text| check_line(field, text))?;
    }
    Ok(())
}

/// Checks that a number that only grows has room to: beyond 2^53 other programs cannot even read it.
fn check_number(field: &str, number: i64) -> Result<()> {
    if (0..1 << 53).contains(&number) {
        return Ok(());
    }
    Err(Failure::invalid(field, format!("is {number}; 0 to 2^53 is allowed"), ""))
}

fn check_event(event: &CardEvent) -> Result<()> {
    for (field, text) in [("actor", &event.actor), ("tenant_id", &event.tenant_id), ("host", &event.host)] {
        check_line(field, text)?;
    }
    check_clean("detail", &event.detail)
}

struct Reader {
    /// The line read last.
    number: u64,
    /// Bytes read since the last lines were written to the store.
    bytes: u64,
}

impl Reader {
    fn bad(&self, why: &str) -> Failure {
        Failure::invalid(format!("import, line {}", self.number), why, "correct the file; nothing was imported")
    }

    /// The same of what a card that is typed may not hold, without the advice to whoever types.
    fn unfit(&self, error: &Failure) -> Failure {
        self.bad(&format!("{}: {}", error.what, error.why))
    }

    /// Returns the bytes of the next line; none at the end.
    fn bytes(&mut self, input: &mut dyn BufRead) -> Result<Vec<u8>> {
        use std::io::Read;
        self.number += 1;
        let mut text = Vec::new();
        // One byte more than allowed is enough to refuse it.
        let read = input.take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut text);
        let read = u64::try_from(read.map_err(|error| self.bad(&error.to_string()))?).unwrap_or(u64::MAX);
        if read > MAX_LINE_BYTES {
            return Err(self.bad(&format!("is longer than {MAX_LINE_BYTES} bytes")));
        }
        self.bytes += read;
        Ok(text)
    }

    /// Returns whether another line than an empty one follows.
    fn more(&mut self, input: &mut dyn BufRead) -> Result<bool> {
        loop {
            let text = self.bytes(input)?;
            if text.is_empty() {
                return Ok(false);
            }
            if !text.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn next(&mut self, input: &mut dyn BufRead) -> Result<Option<Line>> {
        let text = self.bytes(input)?;
        if text.is_empty() {
            return Ok(None);
        }
        let line = serde_json::from_slice(&text)
            .map_err(|error| self.bad(&plain_words(&error.to_string(), Notation::Json)))?;
        Ok(Some(line))
    }
}

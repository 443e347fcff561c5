//! The backlog without a terminal: its part of `--once`.

use serde_json::{Value, json};

use crate::backlog::model::{Board, CardLine, Column, owner_words};
use crate::fleet::error::{Failure, Result};
use crate::fleet::model::Label;
use crate::fleet::model::age;
use crate::ui::text;

/// Cards of each column in the document; `backlog list` gives all.
const CARDS: usize = 20;

/// The board's summary, or why there is none.
pub(super) fn json(board: &Result<Board>) -> Value {
    let board = match board {
        Ok(board) => board,
        Err(failure) => return json!({ "error": failure.to_string() }),
    };
    let columns: serde_json::Map<String, Value> = Column::ALL
        .iter()
        .map(|column| {
            let cards: Vec<&CardLine> = board.lanes[column.index()].cards.iter().take(CARDS).collect();
            (column.word().to_owned(), json!({ "count": board.counts.of(*column), "cards": cards }))
        })
        .collect();
    json!({
        "now": board.now,
        "cards": board.counts.total(),
        "claimable": board.counts.of(Column::Ready),
        "expired_claims": expired(board),
        "columns": columns,
    })
}

fn expired(board: &Board) -> usize {
    board.claims.iter().filter(|held| held.claim.expires_at < board.now).count()
}

/// The counts in one line.
pub(super) fn summary(board: &Result<Board>) -> String {
    match board {
        Err(failure) => failure_line(failure),
        Ok(board) if board.counts.total() == 0 => "backlog: no cards".to_owned(),
        Ok(board) => {
            let counts: Vec<String> =
                Column::ALL.iter().map(|column| format!("{} {}", board.counts.of(*column), column.word())).collect();
            let expired = match expired(board) {
                0 => String::new(),
                count => format!(" ({count} claims expired)"),
            };
            format!("backlog: {}{expired}", counts.join(", "))
        }
    }
}

fn failure_line(failure: &Failure) -> String {
    Label::new(&failure.to_string()).to_string()
}

/// The columns below each other, as they are seen from a host.
pub(super) fn text(board: &Result<Board>, here: &str, width: usize) -> String {
    let mut out = vec![summary(board)];
    if let Ok(board) = board {
        for column in Column::ALL {
            let lane = &board.lanes[column.index()];
            if lane.cards.is_empty() {
                continue;
            }
            out.push(format!("\n{} {}", column.word().to_uppercase(), lane.count));
            let ids = lane.cards.iter().map(|card| text::width(card.id.as_str())).max().unwrap_or(0);
            out.extend(lane.cards.iter().map(|card| {
                let line =
                    format!("  {}  {}", text::column(card.id.as_str(), ids), describe(board, here, column, card));
                text::fit(line.trim_end(), width)
            }));
            let rest = lane.count.saturating_sub(lane.cards.len() as u64);
            if rest > 0 {
                out.push(format!("  \u{2026} and {rest} more"));
            }
        }
    }
    out.join("\n")
}

fn describe(board: &Board, here: &str, column: Column, card: &CardLine) -> String {
    let mut about = Vec::new();
    if card.priority != 0 {
        about.push(format!("{:+}", card.priority));
    }
    if let Some(claim) = &card.claim {
        let (now, expires) = (board.now, claim.expires_at);
        about.push(Label::new(&owner_words(&claim.owner, &claim.host, here)).to_string());
        about.push(if expires < now {
            format!("EXPIRED {}", age::short(now.since(expires)))
        } else {
            format!("{} left", age::short(expires.since(now)))
        });
    }
    match column {
        Column::Waiting => about.push(format!("waits for {}", card.open_dependencies)),
        Column::Blocked if !card.block_reason.is_empty() => about.push(Label::new(&card.block_reason).to_string()),
        Column::Blocked | Column::Ready | Column::Claimed | Column::Done => {}
    }
    let about = if about.is_empty() { String::new() } else { format!("  [{}]", about.join(", ")) };
    format!("{}{about}", Label::new(&card.title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;

    #[test]
    fn a_claim_of_another_host_says_which() {
        let mut board = (*samples::board([0, 0, 3, 0, 0])).clone();
        for (card, host) in board.lanes[Column::Claimed.index()].cards.iter_mut().zip(["here", "south", ""]) {
            card.claim.as_mut().unwrap().host = host.to_owned();
        }
        let said = text(&Ok(board), "here", 120);
        for words in ["orchestrator, ", "code0 on south, ", "somebody, "] {
            assert!(said.contains(words), "{words} in {said}");
        }
    }
}

//! What an operation costs, counted: the steps of SQLite's virtual machine do not grow with the backlog, nor do the pages
//! that a first look reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::model::{BoardQuery, Column};
use super::super::operations::Backlog;
use super::super::rules::tests::card;
use super::super::store::{ClaimRequest, ListQuery, Store, Who};
use super::{Access, Sqlite};

fn who() -> Who {
    Who { actor: "a".into(), tenant_id: "t".into(), host: "h".into() }
}

/// Steps of a claim, of the first page of what can be claimed, of the board, of its end, of a claim that finds nothing, and of the
/// figures, with so many cards that can be claimed and so many finished ones in the way.
fn steps(ready: usize, done: usize) -> [u64; 7] {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Sqlite::open(&folder.path().join("backlog.db"), Access::Write, &mut |_, _| {}).unwrap();
    {
        let mut change = store.begin().unwrap();
        let cards: Vec<_> = (0..ready + done)
            .map(|at| {
                let mut card = card(&format!("c{at:06}"));
                if at >= ready {
                    card.status = super::super::model::Status::Done;
                }
                // Twice as many edges as cards, all to finished ones.
                card.depends_on = if at < ready && done > 1 {
                    [ready, ready + 1]
                        .map(|on| super::super::model::CardId::parse(&format!("c{on:06}")).unwrap())
                        .to_vec()
                } else {
                    Vec::new()
                };
                card.priority = i64::try_from(at % 5).unwrap();
                card
            })
            .collect();
        change.insert(&cards).unwrap();
        change.commit().unwrap();
    }
    let count = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&count);
    store
        .connection
        .progress_handler(
            1,
            Some(move || {
                seen.fetch_add(1, Ordering::Relaxed);
                false
            }),
        )
        .unwrap();
    let request =
        ClaimRequest { owner: "w".into(), ttl_seconds: Some(60), id: None, phase: None, assignee: Some("code".into()) };
    let of_phase = ClaimRequest { phase: Some(String::new()), ..request.clone() };
    let of_no_phase = ClaimRequest { phase: Some("none".into()), ..request.clone() };
    let page = ListQuery { column: Some(Column::Ready), limit: 50, ..ListQuery::default() };
    let board = BoardQuery { limit: 50, ..BoardQuery::default() };
    let mut backlog = Backlog::new(Box::new(store), who());
    let mut cost = |work: &mut dyn FnMut(&mut Backlog)| {
        count.store(0, Ordering::Relaxed);
        work(&mut backlog);
        count.load(Ordering::Relaxed)
    };
    [
        cost(&mut |backlog| assert!(backlog.claim(&request).unwrap().is_some())),
        cost(&mut |backlog| assert!(backlog.claim(&of_phase).unwrap().is_some())),
        cost(&mut |backlog| assert_eq!(backlog.store().list(&page).unwrap().len(), 50)),
        cost(&mut |backlog| assert_eq!(backlog.store().board(&board).unwrap().lanes[1].cards.len(), 50)),
        cost(&mut |backlog| {
            let far = BoardQuery {
                offsets: [0, 0, 0, 0, backlog.store().figures().unwrap().counts.0[4] - 60],
                ..board.clone()
            };
            assert_eq!(backlog.store().board(&far).unwrap().lanes[4].cards.len(), 50);
        }),
        cost(&mut |backlog| assert!(backlog.claim(&of_no_phase).unwrap().is_none())),
        cost(&mut |backlog| assert!(backlog.store().figures().unwrap().oldest_claimable.is_some())),
    ]
}

#[test]
fn a_larger_backlog_costs_no_more_steps() {
    let small = steps(500, 200);
    let large = steps(500, 20_000);
    let names = ["claim", "claim of a phase", "page", "board", "board at its end", "empty claim", "figures"];
    for (name, (small, large)) in names.iter().zip(small.iter().zip(large)) {
        // A deeper tree is a few steps more; a scan would be thousands.
        assert!(large <= small + small / 10, "{name}: {small} steps became {large}");
    }
    let many = steps(20_000, 200);
    for (name, at) in
        [("claim", 0), ("claim of a phase", 1), ("page", 2), ("board", 3), ("empty claim", 5), ("figures", 6)]
    {
        assert!(many[at] <= small[at] + small[at] / 10, "{name}: {} steps became {}", small[at], many[at]);
    }
}

/// What a look at the board reads by a connection that has read nothing yet, of so many cards in all columns that lie anywhere
/// in the table.
fn bytes_of_a_first_look(cards: usize) -> u64 {
    use super::super::model::{CardId, Claim, Stamp, Status};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backlog.db");
    let mut store = Sqlite::open(&path, Access::Write, &mut |_, _| {}).unwrap();
    let mut change = store.begin().unwrap();
    let all: Vec<_> = (0..cards)
        .map(|at| {
            let mut card = card(&format!("c{at:06}"));
            card.body = "What is to be done, in a few lines, as they usually are.".repeat(4);
            // Neighbours in a column are none in the table.
            card.created_at = Stamp(i64::try_from(at * 7919 % cards).unwrap());
            card.updated_at = card.created_at;
            let held = || Claim {
                owner: "w".into(),
                host: "h".into(),
                ttl_seconds: 60,
                at: card.created_at,
                since: card.created_at,
                token: 1,
            };
            match at % 8 {
                0 | 1 => {}
                2 | 3 => card.depends_on = vec![CardId::parse("c000000").unwrap()],
                // So many at once, whatever the backlog.
                4 if at < 800 => (card.claim, card.status) = (Some(held()), Status::Claimed),
                4 | 5 => card.status = Status::Blocked,
                _ => card.status = Status::Done,
            }
            card
        })
        .collect();
    change.insert(&all).unwrap();
    change.commit().unwrap();
    drop(store);
    let mut store = Sqlite::open(&path, Access::Read, &mut |_, _| {}).unwrap();
    let bytes = || {
        let text = std::fs::read_to_string("/proc/thread-self/io").unwrap();
        let read = text.lines().find_map(|line| line.strip_prefix("rchar:"));
        read.unwrap().trim().parse::<u64>().unwrap()
    };
    let before = bytes();
    let board = store.board(&BoardQuery { limit: 100, ..BoardQuery::default() }).unwrap();
    let after = bytes();
    assert_eq!(board.lanes.each_ref().map(|lane| lane.cards.len()), [100; 5]);
    assert_eq!(board.claims.len(), 100);
    after - before
}

#[test]
fn a_first_look_at_a_larger_board_reads_no_more_pages() {
    let (small, large) = (bytes_of_a_first_look(1_000), bytes_of_a_first_look(20_000));
    // Deeper trees are a few pages more; a page for each card would be hundreds.
    assert!(large < small * 3 / 2, "{small} bytes became {large}");
}

/// Returns what SQLite says it will do for a statement, its searches and scans only.
fn plan(store: &Sqlite, sql: &str) -> Vec<String> {
    let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let line: String = row.get(3).unwrap();
        // Scans of a sub-query are scans of the one row that it finds.
        if line.starts_with("SEARCH") || line.starts_with("SCAN card") || line.contains("B-TREE") {
            lines.push(line);
        }
    }
    lines
}

#[test]
fn every_hot_query_is_an_index_search() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("backlog.db"), Access::Write, &mut |_, _| {}).unwrap();
    let mut text = String::new();
    let mut show = |name: &str, sql: &str| {
        text.push_str(&format!("{name}\n  {}\n", plan(&store, sql).join("\n  ")));
    };
    show("claim", &super::read::next_claimable_sql(3, false));
    show("claim of a phase", &super::read::next_claimable_sql(3, true));
    let ready = ListQuery { column: Some(Column::Ready), limit: 200, ..ListQuery::default() };
    let all = super::super::conditions::Conditions::of_list(super::DIALECT, &ready);
    let order = super::super::conditions::order(ready.sort);
    show("list --ready-only", &format!("{} {} {order} LIMIT 200", include_str!("sql/card.sql"), all.clause()));
    for (name, query) in [
        ("list --goal", ListQuery { goal: Some("A".into()), ..ListQuery::default() }),
        ("list --goals", ListQuery { goals: true, ..ListQuery::default() }),
        ("list --stage", ListQuery { stage: Some("gate".into()), ..ListQuery::default() }),
    ] {
        let all = super::super::conditions::Conditions::of_list(super::DIALECT, &query);
        show(name, &format!("{} {} LIMIT 200", include_str!("sql/card.sql"), all.clause()));
    }
    show("figures", super::read::OLDEST);
    show("board, claims", super::read::HELD);
    for column in Column::ALL {
        for offset in [0, 900_000] {
            let query = BoardQuery { offsets: [offset; 5], limit: 50, ..BoardQuery::default() };
            let lane = super::super::conditions::lane(super::DIALECT, "card", column, &query, 1_000_000);
            show(&format!("board, {} from {offset}", column.word()), &lane.cards);
        }
    }
    insta::assert_snapshot!(text);
}

//! What an operation reads on a server, by the server's own count of rows.

use mosaic_tui::backlog::model::{BoardQuery, Column};
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::store::{ClaimRequest, ListQuery};
use mosaic_tui::backlog::transfer;

use super::{Stand, export, new, request};

/// Rows that scans and index look-ups of the cards have read so far, in all sessions that ended.
fn rows_read(stand: &Stand) -> (u64, u64) {
    let Stand::Server(database) = stand else { unreachable!() };
    let text = database.psql(
        "SELECT pg_stat_clear_snapshot(); SELECT seq_tup_read || ' ' || idx_tup_fetch FROM pg_stat_user_tables \
         WHERE schemaname = 'fleet' AND relname = 'card'",
    );
    let (scanned, fetched) = text.trim().lines().last().unwrap().split_once(' ').unwrap();
    (scanned.parse().unwrap(), fetched.parse().unwrap())
}

/// The same of this work alone, by a session of its own.
fn read_by(stand: &Stand, work: &mut dyn FnMut(&mut Backlog)) -> (u64, u64) {
    let before = rows_read(stand);
    let mut backlog = stand.open();
    work(&mut backlog);
    drop(backlog);
    // A session hands its counts over when it ends.
    crate::harness::wait_for("the counts arrive", || rows_read(stand).1 > before.1);
    let after = rows_read(stand);
    (after.0 - before.0, after.1 - before.1)
}

#[test]
fn a_claim_a_page_and_the_board_read_no_more_of_a_server_than_they_show() {
    let stand = Stand::server();
    drop(stand.open());
    let Stand::Server(database) = &stand else { unreachable!() };
    database.psql(
        "INSERT INTO fleet.card (id, tenant_id, host, title, phase, priority, status, assignee, claim_token, attempts, \
         created_at, updated_at, version, block_reason, body) \
         SELECT 'c' || n, 't', 'h', 'title', '', n % 5, CASE WHEN n <= 20000 THEN 'ready' ELSE 'done' END, '', 0, 0, n, n, 1, '', '' \
         FROM generate_series(1, 40000) AS n; ANALYZE fleet.card",
    );
    let read = |work: &mut dyn FnMut(&mut Backlog)| read_by(&stand, work);
    let (scanned, fetched) = read(&mut |backlog| {
        for _ in 0..20 {
            backlog.claim(&request("w")).unwrap().unwrap();
        }
    });
    assert_eq!(scanned, 0, "no scan");
    assert!(fetched < 20 * 12, "{fetched} rows for 20 claims");
    let (scanned, fetched) = read(&mut |backlog| {
        let page = ListQuery { column: Some(Column::Ready), limit: 50, ..ListQuery::default() };
        assert_eq!(backlog.store().list(&page).unwrap().len(), 50);
    });
    assert!(scanned == 0 && fetched <= 60, "{scanned} scanned, {fetched} fetched for a page of 50");
    let (scanned, fetched) = read(&mut |backlog| {
        let query = BoardQuery { offsets: [0, 0, 0, 0, 19_900], limit: 50, ..BoardQuery::default() };
        assert_eq!(backlog.store().board(&query).unwrap().lanes[4].cards.len(), 50);
    });
    assert!(scanned == 0 && fetched <= 300, "{scanned} scanned, {fetched} fetched for the board");
}

#[test]
fn a_board_of_cards_that_were_just_imported_reads_no_more_of_a_server_than_it_shows() {
    let stand = Stand::server();
    drop(stand.open());
    let Stand::Server(database) = &stand else { unreachable!() };
    // Nor does the server take figures by itself meanwhile.
    database.psql(
        "ALTER TABLE fleet.card SET (autovacuum_enabled = off); \
         INSERT INTO fleet.card (id, tenant_id, host, title, phase, priority, status, assignee, claim_token, attempts, \
         created_at, updated_at, version, block_reason, body) \
         SELECT 'c' || n, 't', 'h', 'title', '', n % 5, CASE WHEN n <= 10000 THEN 'ready' ELSE 'done' END, 'a' || n % 2, 0, 0, \
         n * 7919 % 20011, n, 1, '', '' FROM generate_series(1, 20000) AS n",
    );
    let (scanned, fetched) = read_by(&stand, &mut |backlog| {
        let board = backlog.store().board(&BoardQuery { limit: 50, ..BoardQuery::default() }).unwrap();
        assert_eq!(board.lanes.each_ref().map(|lane| lane.cards.len()), [0, 50, 0, 0, 50]);
        assert!(backlog.store().figures().unwrap().oldest_claimable.is_some());
    });
    assert!(scanned == 0 && fetched <= 200, "{scanned} scanned, {fetched} fetched for the board and the figures");
}

#[test]
fn a_server_knows_how_many_cards_an_import_brought() {
    let stand = Stand::server();
    let mut backlog = stand.open();
    for at in 0..20 {
        backlog.create(&new(&format!("c{at}"))).unwrap();
    }
    let exported = export(&mut backlog);
    let mut text = format!("{}\n", exported.lines().next().unwrap());
    for copy in 0..100 {
        for card in exported.lines().filter(|line| line.starts_with("{\"card\"")) {
            text.push_str(&card.replacen("\"id\":\"c", &format!("\"id\":\"d{copy}-"), 1));
            text.push('\n');
        }
    }
    text.push_str("{\"end\":{\"cards\":2000,\"events\":0}}\n");
    let other = Stand::server();
    transfer::import(&mut other.open(), &mut text.as_bytes(), &mut |_, _| {}).unwrap();
    let Stand::Server(database) = &other else { unreachable!() };
    assert_eq!(database.psql("SELECT reltuples::bigint FROM pg_class WHERE oid = 'fleet.card'::regclass"), "2000");
}

#[test]
fn a_claim_that_finds_nothing_reads_no_table() {
    let stand = Stand::server();
    drop(stand.open());
    let Stand::Server(database) = &stand else { unreachable!() };
    database.psql(
        "INSERT INTO fleet.card (id, tenant_id, host, title, phase, priority, status, assignee, claim_token, attempts, \
         created_at, updated_at, version, block_reason, body) \
         SELECT 'c' || n, 't', 'h', 'title', '', n % 5, CASE WHEN n <= 5000 THEN 'ready' ELSE 'done' END, 'else', 0, 0, n, n, 1, \
         '', '' FROM generate_series(1, 40000) AS n; \
         INSERT INTO fleet.card (id, tenant_id, host, title, phase, priority, status, assignee, claim_owner, claim_host, \
         claim_ttl_seconds, claimed_at, claim_since, claim_token, attempts, created_at, updated_at, version, block_reason, body) \
         SELECT 'h' || n, 't', 'h', 'title', '', n % 5, 'claimed', '', 'other', 'h', 900, now_ms, now_ms, 1, 1, n, n, 1, '', '' \
         FROM generate_series(1, 5000) AS n, fleet.now_ms() AS now_ms; ANALYZE fleet.card",
    );
    let asked = ClaimRequest { assignee: Some("code".into()), ..request("w") };
    let of_phase = ClaimRequest { phase: Some("build".into()), ..asked.clone() };
    let elsewhere = ClaimRequest { phase: Some("build".into()), assignee: Some("else".into()), ..asked.clone() };
    for request in [asked, of_phase, elsewhere] {
        let (scanned, fetched) = read_by(&stand, &mut |backlog| {
            // Often enough that the server plans for any value.
            for _ in 0..8 {
                assert!(backlog.claim(&request).unwrap().is_none());
            }
            let page = ListQuery { column: Some(Column::Ready), limit: 1, ..ListQuery::default() };
            assert_eq!(backlog.store().list(&page).unwrap().len(), 1);
        });
        assert!(scanned == 0 && fetched <= 10, "{scanned} scanned, {fetched} fetched for nothing: {request:?}");
    }
}

#[test]
fn a_server_compiles_no_claim() {
    let stand = Stand::server();
    let mut backlog = stand.open();
    let Stand::Server(database) = &stand else { unreachable!() };
    // Less than any look at the cards costs, and more than the call of the claim.
    database
        .psql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit_above_cost = 10', current_database()); END $$");
    backlog.create(&new("A")).unwrap();
    drop(backlog);
    let mut backlog = stand.open();
    backlog.claim(&request("w")).unwrap().unwrap();
    let pid = database.psql(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mosaic-tui' \
         ORDER BY backend_start DESC LIMIT 1",
    );
    // It maps the compiler when it first needs it.
    let mapped = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    assert!(!mapped.contains("llvmjit"), "a statement was compiled");
}

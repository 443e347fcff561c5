//! What a card says of its work: goal, stage, branch, files, lease, rounds. Each case on each engine.

use mosaic_tui::backlog::error::Kind;
use mosaic_tui::backlog::model::{BoardQuery, Column, NewCard, Patch, Terms};
use mosaic_tui::backlog::store::{ClaimRequest, ListQuery};
use mosaic_tui::backlog::transfer;

use super::{Stand, export, id, new, request, sound};

cases!(
    what_a_card_says_of_its_work_is_kept_found_and_changed,
    a_claim_lasts_as_long_as_its_card_says,
    an_export_of_before_goals_is_read,
    an_export_of_before_hosts_has_them_in_its_history,
    a_goals_card_is_done_by_being_decomposed,
    goals_are_counted_with_their_longest_way,
    a_store_of_before_goals_keeps_its_cards,
);

fn of_goal(goal: &str, stage: &str) -> Patch {
    Patch { goal: Some(goal.to_owned()), stage: Some(stage.to_owned()), ..Patch::default() }
}

fn what_a_card_says_of_its_work_is_kept_found_and_changed(stand: &Stand) {
    let mut backlog = stand.open();
    let full = Patch {
        branch: Some("code/A".into()),
        paths: Some(vec!["src/**".into(), "docs/*.md".into()]),
        ttl_seconds: Some(Some(1200)),
        ..of_goal("G1", "code")
    };
    let made = backlog.create(&NewCard { fields: full, ..new("A") }).unwrap().card;
    assert_eq!((made.goal.as_str(), made.stage.as_str(), made.branch.as_str()), ("G1", "code", "code/A"));
    assert_eq!((made.paths.len(), made.ttl_seconds, made.rounds), (2, Some(1200), 0));
    backlog.create(&NewCard { fields: of_goal("G1", "gate"), ..new("B") }).unwrap();
    backlog.create(&NewCard { fields: of_goal("G2", "code"), ..new("C") }).unwrap();
    backlog.create(&new("D")).unwrap();
    let mut listed = |goal: Option<&str>, stage: Option<&str>| {
        let query = ListQuery {
            goal: goal.map(str::to_owned),
            stage: stage.map(str::to_owned),
            limit: 9,
            ..ListQuery::default()
        };
        backlog.store().list(&query).unwrap().iter().map(|card| card.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(listed(Some("G1"), None), "A B");
    assert_eq!(listed(None, Some("code")), "A C");
    assert_eq!(listed(Some("G1"), Some("gate")), "B");
    assert_eq!(listed(Some(""), None), "D", "work for no goal");
    let mut found = |text: &str| {
        let query = BoardQuery { terms: Terms::parse(text), limit: 9, ..BoardQuery::default() };
        let lanes = backlog.store().board(&query).unwrap().lanes;
        lanes[Column::Ready.index()].cards.iter().map(|card| card.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((found("goal:G1"), found("!goal:G1"), found("stage:gate")), ("A B".into(), "C D".into(), "B".into()));
    let board = backlog.store().board(&BoardQuery { limit: 1, ..BoardQuery::default() }).unwrap();
    let line = &board.lanes[Column::Ready.index()].cards[0];
    assert_eq!((line.goal.as_str(), line.stage.as_str(), line.branch.as_str()), ("G1", "code", "code/A"));
    let sent_back = Patch { stage: Some("code".into()), rounds: Some(1), ttl_seconds: Some(None), ..Patch::default() };
    let card = backlog.edit(&id("B"), &sent_back, None).unwrap().card;
    assert_eq!((card.stage.as_str(), card.rounds, card.ttl_seconds), ("code", 1, None));
    let without = Patch { ttl_seconds: Some(None), paths: Some(Vec::new()), ..Patch::default() };
    assert_eq!(backlog.edit(&id("A"), &without, None).unwrap().card.paths, Vec::<String>::new());
    let said: Vec<String> = backlog.detail(&id("B")).unwrap().history.iter().map(|event| event.summary()).collect();
    assert_eq!(said, ["created", "edited stage gate -> code, rounds 0 -> 1"]);
    for bad in [
        Patch { goal: Some("a b".into()), ..Patch::default() },
        Patch { stage: Some("a b".into()), ..Patch::default() },
        Patch { branch: Some("-b".into()), ..Patch::default() },
        Patch { paths: Some(vec!["../x".into()]), ..Patch::default() },
        Patch { ttl_seconds: Some(Some(0)), ..Patch::default() },
        Patch { rounds: Some(-1), ..Patch::default() },
    ] {
        assert_eq!(backlog.edit(&id("A"), &bad, None).unwrap_err().kind, Kind::Invalid, "{bad:?}");
    }
    sound(&mut backlog);
}

fn a_claim_lasts_as_long_as_its_card_says(stand: &Stand) {
    let mut backlog = stand.open();
    let lasting = |seconds: i64| Patch { ttl_seconds: Some(Some(seconds)), ..Patch::default() };
    for (name, fields) in [("A", lasting(77)), ("B", Patch::default()), ("C", lasting(77)), ("D", lasting(77))] {
        backlog.create(&NewCard { fields, ..new(name) }).unwrap();
    }
    let mut ttl = |request: ClaimRequest| {
        let card = backlog.claim(&request).unwrap().unwrap();
        (card.id.to_string(), card.claim.unwrap().ttl_seconds)
    };
    let open = ClaimRequest { ttl_seconds: None, ..request("me") };
    assert_eq!(ttl(open.clone()), ("A".to_owned(), 77));
    assert_eq!(ttl(open.clone()), ("B".to_owned(), 900), "the default");
    assert_eq!(ttl(ClaimRequest { ttl_seconds: Some(5), ..request("me") }), ("C".to_owned(), 5), "the claimer's word");
    assert_eq!(ttl(ClaimRequest { id: Some(id("D")), ..open }), ("D".to_owned(), 77), "by name as well");
    let history = backlog.detail(&id("A")).unwrap().history;
    assert_eq!(history[1].detail, serde_json::json!({ "token": 1, "ttl_seconds": 77 }));
    sound(&mut backlog);
}

fn a_goals_card_is_done_by_being_decomposed(stand: &Stand) {
    let mut backlog = stand.open();
    let goal = |name: &str| NewCard { idempotency_key: Some(format!("goal:{name}")), ..new(name) };
    backlog.create(&goal("G1")).unwrap();
    backlog.create(&goal("G2")).unwrap();
    // Neither itself, nor work for another goal, decomposes it.
    backlog.edit(&id("G1"), &of_goal("G1", ""), None).unwrap();
    backlog.create(&NewCard { fields: of_goal("G2", ""), ..new("other") }).unwrap();
    let token = backlog.claim(&ClaimRequest { id: Some(id("G1")), ..request("planner0") }).unwrap().unwrap();
    let token = token.claim.unwrap().token;
    for token in [Some(token), None] {
        let refused = backlog.complete(&id("G1"), token).unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.why.contains("no card has the goal G1") && refused.next.contains("--goal G1"), "{refused}");
    }
    assert!(
        backlog.complete(&id("G1"), Some(token + 1)).unwrap_err().why.contains("no longer valid"),
        "who may, first"
    );
    backlog.create(&NewCard { fields: of_goal("G1", "code"), ..new("work") }).unwrap();
    assert!(backlog.complete(&id("G1"), Some(token)).unwrap().changed);
    assert!(!backlog.complete(&id("G1"), Some(token)).unwrap().changed);
    let goals = ListQuery { goals: true, limit: 9, sort: mosaic_tui::backlog::store::Sort::Id, ..ListQuery::default() };
    let names: Vec<String> = backlog.store().list(&goals).unwrap().iter().map(|card| card.id.to_string()).collect();
    assert_eq!(names, ["G1", "G2"]);
    sound(&mut backlog);
}

fn goals_are_counted_with_their_longest_way(stand: &Stand) {
    let mut backlog = stand.open();
    assert_eq!(backlog.goals().unwrap().goals.len(), 0);
    for (name, on) in [("G1", vec![]), ("G2", vec!["G1"]), ("G3", vec![])] {
        let card = NewCard { idempotency_key: Some(format!("goal:{name}")), ..super::depending(name, &on) };
        backlog.create(&card).unwrap();
    }
    for (name, goal) in [("a", "G1"), ("b", "G1"), ("c", "G3"), ("d", "G9")] {
        backlog.create(&NewCard { fields: of_goal(goal, ""), ..new(name) }).unwrap();
    }
    for name in ["c", "G3", "a"] {
        backlog.complete(&id(name), None).unwrap();
    }
    backlog.claim(&ClaimRequest { id: Some(id("G1")), ..request("p0") }).unwrap().unwrap();
    let goals = backlog.goals().unwrap();
    let lines: Vec<(&str, u64, u64, bool)> = goals
        .goals
        .iter()
        .map(|line| (line.goal.as_str(), line.work.of(Column::Done), line.work.total(), line.is_finished()))
        .collect();
    assert_eq!(lines, [("G1", 1, 2, false), ("G2", 0, 0, false), ("G3", 1, 1, true), ("G9", 0, 1, false)]);
    assert_eq!((goals.critical_path.join(" "), goals.critical_cards()), ("G1 G2".to_owned(), 2));
    let own = goals.goals[0].card.as_ref().unwrap();
    assert_eq!((own.owner.as_deref(), own.column), (Some("p0"), Column::Claimed));
    assert!(goals.goals[3].card.is_none(), "work for a goal that has no card");
}

/// An export as a program wrote it that knew no goals.
const BEFORE: &str = r#"{"backlog":{"format":1}}
{"card":{"id":"A","tenant_id":"t","host":"h","title":"x","body":"b","phase":"","priority":0,"status":"ready","column":"ready","depends_on":[],"open_dependencies":0,"assignee":"","claim_owner":null,"claim_ttl_seconds":null,"claimed_at":null,"claim_since":null,"claim_expires_at":null,"claim_token":null,"last_claim_token":0,"attempts":0,"idempotency_key":null,"acceptance":["y"],"spend_projected":null,"spend_actual":null,"block_reason":"","created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z","version":1}}
{"event":{"card_id":"A","at":"2026-01-01T00:00:00.000Z","actor":"t","tenant_id":"t","host":"h","kind":"created","version":1,"detail":{}}}
{"end":{"cards":1,"events":1}}
"#;

fn an_export_of_before_goals_is_read(stand: &Stand) {
    let mut backlog = stand.open();
    transfer::import(&mut backlog, &mut BEFORE.as_bytes(), &mut |_, _| {}).unwrap();
    let card = backlog.detail(&id("A")).unwrap().card;
    assert_eq!((card.goal.as_str(), card.paths.len(), card.ttl_seconds, card.rounds), ("", 0, None, 0));
    let unfit = [
        ("\"assignee\":\"\"", "\"assignee\":\"\",\"goal\":\"a b\""),
        ("\"assignee\":\"\"", "\"assignee\":\"\",\"paths\":[\"/etc\"]"),
        ("\"assignee\":\"\"", "\"assignee\":\"\",\"ttl_seconds\":0"),
        ("\"assignee\":\"\"", "\"assignee\":\"\",\"branch\":\"--upload-pack=x\""),
    ];
    for (from, to) in unfit {
        let file = BEFORE.replace("\"A\"", "\"X\"").replacen(from, to, 1);
        let refused = transfer::import(&mut backlog, &mut file.as_bytes(), &mut |_, _| {}).unwrap_err();
        assert_eq!(refused.what, "import, line 2", "{to}: {refused}");
    }
    sound(&mut backlog);
}

fn an_export_of_before_hosts_has_them_in_its_history(stand: &Stand) {
    let other = Stand::file();
    let mut full = other.open();
    for name in ["A", "B", "C"] {
        full.create(&new(name)).unwrap();
    }
    for name in ["A", "B"] {
        full.claim(&ClaimRequest { id: Some(id(name)), ..request("me") }).unwrap().unwrap();
    }
    let text = export(&mut full);
    let before = text.replace("\"claim_host\":\"host\",", "").replace("\"format\":3", "\"format\":2");
    assert_eq!(before.len() + 2 * "\"claim_host\":\"host\",".len(), text.len());
    // Without a history nobody knows.
    let cards: Vec<&str> = before.lines().filter(|line| !line.starts_with("{\"event\"")).collect();
    let bare =
        cards.join("\n").replace("\"events\":5", "\"events\":0").replace("\"A\"", "\"X\"").replace("\"B\"", "\"Y\"");
    let bare = bare.replace("\"C\"", "\"Z\"");
    let mut backlog = stand.open();
    transfer::import(&mut backlog, &mut before.as_bytes(), &mut |_, _| {}).unwrap();
    sound(&mut backlog);
    transfer::import(&mut backlog, &mut bare.as_bytes(), &mut |_, _| {}).unwrap();
    let mut host = |name: &str| backlog.detail(&id(name)).unwrap().card.claim.map(|claim| claim.host);
    assert_eq!(["A", "B", "C"].map(&mut host), [Some("host".to_owned()), Some("host".to_owned()), None]);
    assert_eq!(["X", "Y", "Z"].map(&mut host), [Some(String::new()), Some(String::new()), None]);
}

/// Makes the store that the first migration made, with a card in it.
fn make_as_before_goals(stand: &Stand, body: &str) {
    let values = "('old', 't', 'h', 'x', '', 0, 'ready', '', 0, 0, 1, 1, 1, '', '[\"y\"]',";
    let card = |table: &str| {
        format!(
            "INSERT INTO {table} (id, tenant_id, host, title, phase, priority, status, assignee, claim_token, attempts, \
             created_at, updated_at, version, block_reason, acceptance, body) VALUES {values} '{body}')"
        )
    };
    let event = "(card_id, at, actor, tenant_id, host, kind, version, detail) \
                 VALUES ('old', 1, 't', 't', 'h', 'created', 1, '{}')";
    match stand {
        Stand::File(folder) => {
            let file = rusqlite::Connection::open(super::db(folder.path())).unwrap();
            file.execute_batch(include_str!("../../../src/backlog/sqlite/migrations/0001_cards.sql")).unwrap();
            file.execute_batch(&format!(
                "{}; INSERT INTO card_event {event}; PRAGMA application_id = 0x4d424c47; PRAGMA user_version = 1",
                card("card")
            ))
            .unwrap();
        }
        Stand::Server(database) | Stand::Pooled(database, _) => {
            database.psql(
                "CREATE SCHEMA fleet; CREATE TABLE fleet.migration (number integer PRIMARY KEY, name text NOT NULL, \
                 applied_at timestamptz NOT NULL DEFAULT now()); \
                 INSERT INTO fleet.migration (number, name) VALUES (1, 'cards')",
            );
            database.psql(include_str!("../../../src/backlog/postgres/migrations/0001_cards.sql"));
            database.psql(&card("fleet.card"));
            database.psql(&format!("INSERT INTO fleet.card_event {event}"));
        }
    }
}

/// A card that was claimed twice before a claim said on which host.
fn hold_as_before_hosts(stand: &Stand) {
    let text = |table: &str, events: &str| {
        format!(
            "INSERT INTO {table} (id, tenant_id, host, title, phase, priority, status, assignee, claim_owner, \
             claim_ttl_seconds, claimed_at, claim_since, claim_token, attempts, created_at, updated_at, version, block_reason, \
             body) VALUES ('held', 't', 'h', 'x', '', 9, 'claimed', '', 'me', 900, 9000000000000, 9000000000000, 2, 2, 1, 1, 4, \
             '', ''); \
             INSERT INTO {events} (card_id, at, actor, tenant_id, host, kind, version, detail) VALUES \
             ('held', 1, 't', 't', 'h', 'created', 1, '{{}}'), ('held', 1, 'me', 't', 'first', 'claimed', 2, '{{}}'), \
             ('held', 1, 't', 't', 'h', 'reclaimed', 3, '{{}}'), ('held', 1, 'me', 't', 'second', 'claimed', 4, '{{}}')"
        )
    };
    match stand {
        Stand::File(folder) => {
            let file = rusqlite::Connection::open(super::db(folder.path())).unwrap();
            file.execute_batch(&text("card", "card_event")).unwrap();
        }
        Stand::Server(database) | Stand::Pooled(database, _) => {
            database.psql(&text("fleet.card", "fleet.card_event"));
        }
    }
}

fn a_store_of_before_goals_keeps_its_cards(stand: &Stand) {
    let body = "b\u{e9}".repeat(9000);
    make_as_before_goals(stand, &body);
    hold_as_before_hosts(stand);
    let mut backlog = stand.open();
    let held = backlog.detail(&id("held")).unwrap().card.claim.unwrap();
    assert_eq!((held.owner.as_str(), held.host.as_str()), ("me", "second"), "as its history has it");
    let card = backlog.detail(&id("old")).unwrap().card;
    assert_eq!((card.body, card.acceptance), (body, Some(serde_json::json!(["y"]))));
    assert_eq!((card.goal.as_str(), card.rounds), ("", 0));
    let fields = of_goal("G1", "code");
    backlog.edit(&id("old"), &fields, None).unwrap();
    let claimed = backlog.claim(&request("me")).unwrap().unwrap();
    backlog.complete(&id("old"), Some(claimed.claim.unwrap().token)).unwrap();
    let moved = export(&mut backlog);
    let other = Stand::file();
    let mut copy = other.open();
    transfer::import(&mut copy, &mut moved.as_bytes(), &mut |_, _| {}).unwrap();
    assert_eq!(export(&mut copy), moved);
    sound(&mut backlog);
}

//! What every engine must do. Each case runs on each.

use mosaic_tui::backlog::error::Kind;
use mosaic_tui::backlog::model::{
    BoardQuery, Column, EventKind, NewCard, Patch, StageLine, Supervising, Takers, Terms,
};
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::place::Intent;
use mosaic_tui::backlog::store::{ClaimRequest, ListQuery};
use mosaic_tui::backlog::transfer;

use super::{Stand, depending, export, id, new, request, sound, who};

cases!(
    a_life_of_a_card,
    the_newest_lines_of_all_cards_are_read_behind_a_number,
    what_may_be_claimed_and_in_which_order,
    a_lease_that_moved_is_refused,
    dependencies_are_counted,
    cycles_are_refused_with_their_path,
    an_edit_is_refused_when_the_card_changed,
    a_repeated_create_is_harmless,
    the_board_reads_pages_from_both_ends,
    filters_narrow_the_board,
    a_stage_is_read_whole_and_without_texts,
    a_search_knows_the_letters_of_every_alphabet,
    figures_are_of_one_moment,
    an_import_is_all_or_nothing,
    nothing_is_lost_on_the_way_out_and_in,
    hostile_texts_are_refused,
    what_takes_a_change_back_is_tied_to_it,
    a_known_but_missing_dependency_may_be_kept,
    an_import_with_poisoned_numbers_is_refused,
    what_stands_behind_the_end_of_an_import_is_refused,
    supervisors_know_each_other_for_as_long_as_they_say,
    a_claim_names_its_host,
);

fn supervisors_know_each_other_for_as_long_as_they_say(stand: &Stand) {
    let mut backlog = stand.open();
    let one = |host: &str, home: &str, names: &[&str], anyone: bool| Supervising {
        host: host.to_owned(),
        home: home.to_owned(),
        takers: Takers { names: names.iter().map(|name| (*name).to_owned()).collect(), anyone },
    };
    assert_eq!(backlog.store().supervisors().unwrap(), []);
    let (north, south) = (one("north", "/a", &["code", "it's \"quoted\""], true), one("south", "/a", &[], false));
    backlog.store().announce(&south, 60).unwrap();
    backlog.store().announce(&one("north", "/a", &["old"], false), 60).unwrap();
    backlog.store().announce(&north, 60).unwrap();
    backlog.store().announce(&one("north", "/b", &["gone"], true), -1).unwrap();
    let mut looking = stand.place().open(Intent::Read, who("looker"), &mut |_, _| {}).unwrap();
    assert_eq!(looking.store().supervisors().unwrap(), [north, south]);
}

fn a_claim_names_its_host(stand: &Stand) {
    let mut backlog = stand.open();
    for name in ["A", "B"] {
        backlog.create(&new(name)).unwrap();
    }
    let any = backlog.claim(&request("me")).unwrap().unwrap();
    let named = backlog.claim(&ClaimRequest { id: Some(id("B")), ..request("me") }).unwrap().unwrap();
    assert!([&any, &named].iter().all(|card| card.claim.as_ref().unwrap().host == "host"), "{any:?} {named:?}");
    let board = backlog.store().board(&BoardQuery { limit: 9, ..BoardQuery::default() }).unwrap();
    assert!(board.claims.iter().all(|held| held.claim.host == "host"));
    let claimed = &board.lanes[Column::Claimed.index()].cards;
    assert!(claimed.len() == 2 && claimed.iter().all(|card| card.claim.as_ref().unwrap().host == "host"));
    backlog.edit(&id("B"), &Patch { priority: Some(1), ..Patch::default() }, None).unwrap();
    assert_eq!(backlog.store().card(&id("B")).unwrap().unwrap().claim.unwrap().host, "host", "an edit keeps it");
    let text = export(&mut backlog);
    assert!(text.contains("\"claim_host\":\"host\""), "{text}");
    sound(&mut backlog);
}

fn claim(backlog: &mut Backlog, owner: &str) -> Option<String> {
    backlog.claim(&request(owner)).unwrap().map(|card| card.id.to_string())
}

fn counts(backlog: &mut Backlog) -> [u64; 5] {
    backlog.store().figures().unwrap().counts.0
}

fn a_life_of_a_card(stand: &Stand) {
    let mut backlog = stand.open();
    let made = backlog.create(&new("A")).unwrap().card;
    assert_eq!((made.tenant_id.as_str(), made.host.as_str(), made.version), ("tenant", "host", 1));
    backlog.block(&id("A"), None, "no key", None).unwrap();
    assert_eq!(counts(&mut backlog), [0, 0, 0, 1, 0]);
    backlog.unblock(&id("A"), None).unwrap();
    let claimed = backlog.claim(&request("me")).unwrap().unwrap();
    let token = claimed.claim.as_ref().unwrap().token;
    assert_eq!(counts(&mut backlog), [0, 0, 1, 0, 0]);
    backlog.renew(&id("A"), "me", token, Some(100)).unwrap();
    let done = backlog.complete(&id("A"), Some(token)).unwrap();
    assert!(done.changed && done.card.claim.is_none() && done.card.attempts == 1);
    assert!(!backlog.complete(&id("A"), Some(token)).unwrap().changed, "a repeated completion changes nothing");
    assert_eq!(counts(&mut backlog), [0, 0, 0, 0, 1]);
    let history = backlog.detail(&id("A")).unwrap().history;
    let kinds: Vec<EventKind> = history.iter().map(|event| event.kind).collect();
    use EventKind::{Blocked, Claimed, Completed, Created, Renewed, Unblocked};
    assert_eq!(kinds, [Created, Blocked, Unblocked, Claimed, Renewed, Completed]);
    let versions: Vec<i64> = history.iter().map(|event| event.version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    assert_eq!((history[3].actor.as_str(), history[3].tenant_id.as_str()), ("me", "tenant"));
    assert_eq!(backlog.store().figures().unwrap().claims_completed, 1);
    assert_eq!(backlog.detail(&id("nope")).unwrap_err().kind, Kind::NotFound);
    sound(&mut backlog);
}

fn the_newest_lines_of_all_cards_are_read_behind_a_number(stand: &Stand) {
    let mut backlog = stand.open();
    assert_eq!(backlog.store().recent(0, 10).unwrap(), []);
    backlog.create(&new("A")).unwrap();
    backlog.create(&new("B")).unwrap();
    let claimed = backlog.claim(&request("me")).unwrap().unwrap();
    let token = claimed.claim.unwrap().token;
    backlog.renew(&claimed.id, "me", token, None).unwrap();
    backlog.complete(&claimed.id, Some(token)).unwrap();
    let all = backlog.store().recent(0, 10).unwrap();
    let kinds: Vec<EventKind> = all.iter().map(|(_, line)| line.kind).collect();
    assert_eq!(kinds, [EventKind::Created, EventKind::Created, EventKind::Claimed, EventKind::Completed]);
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
    assert_eq!(backlog.store().recent(all[2].0, 10).unwrap(), all[3..]);
    assert_eq!(backlog.store().recent(0, 1).unwrap(), all[3..], "the newest of them");
}

fn what_may_be_claimed_and_in_which_order(stand: &Stand) {
    let mut backlog = stand.open();
    let with = |name: &str, priority: i64, phase: &str, assignee: &str| NewCard {
        fields: Patch {
            priority: Some(priority),
            phase: Some(phase.to_owned()),
            assignee: Some(assignee.to_owned()),
            ..Patch::default()
        },
        ..new(name)
    };
    for card in [
        with("low", 0, "m1", ""),
        with("high", 5, "m1", ""),
        with("next", 5, "m2", ""),
        with("theirs", 9, "m1", "review"),
        with("mine", 7, "m2", "me"),
        with("class", 6, "m2", "code"),
    ] {
        backlog.create(&card).unwrap();
    }
    let by_class = ClaimRequest { assignee: Some("code".into()), ..request("other") };
    assert_eq!(claim(&mut backlog, "me").as_deref(), Some("mine"), "the highest priority that is for me");
    assert_eq!(claim(&mut backlog, "me").as_deref(), Some("high"), "not what is for another class");
    assert_eq!(backlog.claim(&by_class).unwrap().unwrap().id, id("class"));
    let of_phase = ClaimRequest { phase: Some("m1".into()), ..request("me") };
    assert_eq!(backlog.claim(&of_phase).unwrap().unwrap().id, id("low"), "of that phase only");
    assert_eq!(claim(&mut backlog, "me").as_deref(), Some("next"));
    assert_eq!(claim(&mut backlog, "me"), None, "what is left is for somebody else");
    let named = |name: &str| ClaimRequest { id: Some(id(name)), ..request("me") };
    assert_eq!(backlog.claim(&named("low")).unwrap(), None, "it is taken");
    assert_eq!(backlog.claim(&named("theirs")).unwrap().unwrap().id, id("theirs"), "a named card is anybody's");
    assert_eq!(backlog.claim(&named("nope")).unwrap_err().kind, Kind::NotFound);
    sound(&mut backlog);
}

fn a_lease_that_moved_is_refused(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    let first = backlog.claim(&ClaimRequest { ttl_seconds: Some(1), ..request("one") }).unwrap().unwrap();
    assert_eq!(claim(&mut backlog, "two"), None, "the lease runs");
    crate::harness::wait_for("the lease is over", || backlog.store().figures().unwrap().expired_claims == 1);
    let second = backlog.claim(&request("two")).unwrap().unwrap();
    let (old, new) = (first.claim.unwrap().token, second.claim.unwrap().token);
    assert!(new > old);
    for refused in [
        backlog.complete(&id("A"), Some(old)).unwrap_err(),
        backlog.block(&id("A"), Some(old), "", None).unwrap_err(),
        backlog.renew(&id("A"), "one", old, None).unwrap_err(),
    ] {
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.to_string().contains("two"), "{refused}");
    }
    assert_eq!(backlog.reclaim(None).unwrap(), Vec::new(), "nothing is expired");
    assert_eq!(backlog.reclaim(Some(&id("A"))).unwrap().len(), 1, "a named one goes back whatever its expiry");
    assert!(backlog.complete(&id("A"), None).unwrap().changed, "the operator may");
    let kinds: Vec<EventKind> = backlog.detail(&id("A")).unwrap().history.iter().map(|event| event.kind).collect();
    use EventKind::{Claimed, Completed, Created, Reclaimed};
    assert_eq!(kinds, [Created, Claimed, Reclaimed, Claimed, Reclaimed, Completed]);
    sound(&mut backlog);
}

fn dependencies_are_counted(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&depending("top", &["left", "right", "ghost"])).unwrap();
    for name in ["left", "right"] {
        backlog.create(&new(name)).unwrap();
    }
    assert_eq!(counts(&mut backlog), [1, 2, 0, 0, 0]);
    for name in ["left", "right"] {
        backlog.complete(&id(name), None).unwrap();
    }
    assert_eq!(claim(&mut backlog, "me"), None, "an unknown dependency never counts as done");
    assert_eq!(backlog.detail(&id("top")).unwrap().card.open_dependencies, 1);
    backlog.unlink(&id("top"), &id("ghost"), None).unwrap();
    assert!(!backlog.unlink(&id("top"), &id("ghost"), None).unwrap().changed);
    let ready =
        backlog.store().list(&ListQuery { column: Some(Column::Ready), limit: 9, ..ListQuery::default() }).unwrap();
    assert_eq!(ready.len(), 1);
    // A finished dependency holds up nobody, an open one does.
    backlog.create(&new("late")).unwrap();
    assert!(backlog.link(&id("top"), &id("late"), None).unwrap().changed);
    assert!(!backlog.link(&id("top"), &id("late"), None).unwrap().changed, "an edge that exists changes nothing");
    assert_eq!(backlog.link(&id("top"), &id("nobody"), None).unwrap_err().kind, Kind::NotFound);
    assert_eq!(claim(&mut backlog, "me").as_deref(), Some("late"));
    backlog.complete(&id("late"), None).unwrap();
    assert_eq!(claim(&mut backlog, "me").as_deref(), Some("top"));
    let only = Patch { depends_on: Some(vec![id("left")]), ..Patch::default() };
    let edited = backlog.edit(&id("top"), &only, None).unwrap().card;
    assert_eq!(edited.depends_on, [id("left")]);
    let detail = backlog.detail(&id("left")).unwrap();
    assert_eq!(detail.dependents.len(), 1);
    sound(&mut backlog);
}

fn cycles_are_refused_with_their_path(stand: &Stand) {
    let mut backlog = stand.open();
    // n00 <- n01 <- ... <- n49: each depends on the one before.
    for at in 0..50 {
        let on = if at == 0 { Vec::new() } else { vec![format!("n{:02}", at - 1)] };
        let on: Vec<&str> = on.iter().map(String::as_str).collect();
        backlog.create(&depending(&format!("n{at:02}"), &on)).unwrap();
    }
    for (from, to, length) in [("n00", "n00", 1), ("n00", "n01", 2), ("n00", "n49", 50)] {
        let refused = backlog.link(&id(from), &id(to), None).unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        let path = refused.why.split_once(": ").unwrap().1;
        assert_eq!(path.split(" -> ").count(), length + 1, "{refused}");
        assert!(path.starts_with(from) && path.ends_with(from), "{refused}");
    }
    let patch = Patch { depends_on: Some(vec![id("n07")]), ..Patch::default() };
    assert_eq!(backlog.edit(&id("n03"), &patch, None).unwrap_err().kind, Kind::Refused);
    // A card that others wait for already, and that would wait for one of them.
    backlog.create(&depending("first", &["second"])).unwrap();
    assert_eq!(backlog.create(&depending("second", &["first"])).unwrap_err().kind, Kind::Refused);
    assert_eq!(backlog.create(&depending("self", &["self"])).unwrap_err().kind, Kind::Refused);
    assert_eq!(backlog.store().graph().unwrap().cycle(), None);
    sound(&mut backlog);
}

fn an_edit_is_refused_when_the_card_changed(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    backlog.claim(&request("agent7")).unwrap();
    let patch = Patch { title: Some("mine".into()), priority: Some(-4), ..Patch::default() };
    let refused = backlog.edit(&id("A"), &patch, Some(1)).unwrap_err();
    assert_eq!(refused.kind, Kind::Refused);
    assert!(refused.why.contains("version 2, not 1") && refused.why.contains("agent7"), "{refused}");
    let edited = backlog.edit(&id("A"), &patch, Some(2)).unwrap();
    assert_eq!((edited.card.title.as_str(), edited.card.priority, edited.card.version), ("mine", -4, 3));
    assert!(!backlog.edit(&id("A"), &patch, Some(3)).unwrap().changed, "the same again is no change");
    sound(&mut backlog);
}

fn a_repeated_create_is_harmless(stand: &Stand) {
    let mut backlog = stand.open();
    let with_key = NewCard { idempotency_key: Some("k 1".into()), ..new("A") };
    assert!(backlog.create(&with_key).unwrap().changed);
    let again = backlog.create(&NewCard { id: id("B"), ..with_key.clone() }).unwrap();
    assert!(!again.changed && again.card.id == id("A"));
    assert_eq!(backlog.create(&new("A")).unwrap_err().kind, Kind::Refused);
    assert_eq!(counts(&mut backlog), [0, 1, 0, 0, 0]);
    sound(&mut backlog);
}

fn the_board_reads_pages_from_both_ends(stand: &Stand) {
    let mut backlog = stand.open();
    for at in 0..30 {
        backlog.create(&new(&format!("c{at:02}"))).unwrap();
    }
    for at in 0..10 {
        backlog.complete(&id(&format!("c{at:02}")), None).unwrap();
    }
    let mut page = |ready: u64, done: u64| {
        let query = BoardQuery { offsets: [0, ready, 0, 0, done], limit: 4, ..BoardQuery::default() };
        let board = backlog.store().board(&query).unwrap();
        assert_eq!(board.counts.0, [0, 20, 0, 0, 10]);
        let names = |column: Column| -> Vec<String> {
            board.lanes[column.index()].cards.iter().map(|card| card.id.to_string()).collect()
        };
        (names(Column::Ready).join(" "), names(Column::Done).join(" "))
    };
    assert_eq!(page(0, 0).0, "c10 c11 c12 c13");
    let all_done: Vec<String> = (0..10).step_by(4).map(|at| page(0, at).1).collect();
    let mut sorted: Vec<&str> = all_done.iter().flat_map(|names| names.split(' ')).collect();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 10, "each done card is on one page: {all_done:?}");
    assert_eq!(page(0, 7).1, all_done.join(" ").split(' ').skip(7).collect::<Vec<_>>().join(" "), "from the end");
    assert_eq!(page(15, 0).0, "c25 c26 c27 c28");
    assert_eq!(page(18, 0).0, "c28 c29");
    assert_eq!(page(40, 0).0, "");
}

fn a_search_knows_the_letters_of_every_alphabet(stand: &Stand) {
    let mut backlog = stand.open();
    for (name, title) in [("a", "GRÜSSE an Élodie"), ("b", "Задача 100%"), ("c", "plain")] {
        backlog.create(&NewCard { title: title.to_owned(), ..new(name) }).unwrap();
    }
    for (text, want) in [
        ("grüsse", "a"),
        ("GRÜ", "a"),
        ("élodie", "a"),
        ("ÉLODIE", "a"),
        ("ЗАДАЧА", "b"),
        ("задача 100%", "b"),
        ("задача 1_0", ""),
        ("PLAIN", "c"),
        ("ü%a", ""),
    ] {
        let query = ListQuery { search: Some(text.to_owned()), limit: 9, ..ListQuery::default() };
        let found = backlog.store().list(&query).unwrap();
        let found: Vec<String> = found.iter().map(|card| card.id.to_string()).collect();
        assert_eq!(found.join(" "), want, "{text}");
        let terms = Terms::parse(text.split(' ').next().unwrap());
        let query = BoardQuery { terms, limit: 9, ..BoardQuery::default() };
        let lane = &backlog.store().board(&query).unwrap().lanes[Column::Ready.index()];
        assert_eq!(lane.count, lane.cards.len() as u64, "{text}");
        assert!(found.iter().all(|id| lane.cards.iter().any(|card| card.id.as_str() == id)), "{text}");
    }
}

fn figures_are_of_one_moment(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&new("a")).unwrap();
    let place = stand.place();
    let writer = std::thread::spawn(move || {
        let mut backlog = place.open(Intent::Write, who("writer"), &mut |_, _| {}).unwrap();
        for _ in 0..150 {
            backlog.block(&id("a"), None, "so", None).unwrap();
            backlog.unblock(&id("a"), None).unwrap();
        }
    });
    while !writer.is_finished() {
        let figures = backlog.store().figures().unwrap();
        let ready = figures.counts.0[Column::Ready.index()];
        assert_eq!(figures.oldest_claimable.is_some(), ready == 1, "{figures:?}");
    }
    writer.join().unwrap();
}

fn filters_narrow_the_board(stand: &Stand) {
    let mut backlog = stand.open();
    for (name, phase) in [("a1", "m1"), ("a2", "m2"), ("b1", "m1")] {
        let fields = Patch { phase: Some(phase.into()), body: Some("100% LOGIN_x".into()), ..Patch::default() };
        backlog.create(&NewCard { fields, ..new(name) }).unwrap();
    }
    let mut found = |text: &str| {
        let query = BoardQuery { terms: Terms::parse(text), limit: 9, ..BoardQuery::default() };
        let board = backlog.store().board(&query).unwrap();
        let lane = &board.lanes[Column::Ready.index()];
        assert_eq!(lane.count, lane.cards.len() as u64);
        lane.cards.iter().map(|card| card.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    for (text, want) in [
        ("phase:m1", "a1 b1"),
        ("!phase:m1", "a2"),
        ("a phase:m1 !b1", "a1 b1".split(' ').next().unwrap()),
        ("login_x", "a1 a2 b1"),
        ("100%", "a1 a2 b1"),
        ("loginxx", ""),
        ("owner:me", ""),
        ("it's", ""),
    ] {
        assert_eq!(found(text), want, "{text}");
    }
}

fn a_stage_is_read_whole_and_without_texts(stand: &Stand) {
    let mut backlog = stand.open();
    for (name, stage) in [("a", "review"), ("b", "review"), ("c", "code"), ("d", "")] {
        let fields = Patch { stage: Some(stage.into()), branch: Some("work/a".into()), ..Patch::default() };
        backlog.create(&NewCard { fields, ..new(name) }).unwrap();
    }
    backlog.block(&id("b"), None, "no key", None).unwrap();
    let mut ids = |stage: &str, column: Column, limit: u64| {
        let query = ListQuery { stage: Some(stage.into()), column: Some(column), limit, ..ListQuery::default() };
        let lines = backlog.store().staged(&query).unwrap();
        lines.iter().map(|line| line.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids("review", Column::Ready, u64::MAX), "a");
    assert_eq!(ids("review", Column::Blocked, u64::MAX), "b");
    assert_eq!((ids("review", Column::Done, 9), ids("code", Column::Ready, 0)), (String::new(), String::new()));
    assert_eq!(ids("", Column::Ready, 9), "d");
    let query = ListQuery { stage: Some("review".into()), limit: 9, ..ListQuery::default() };
    let cards = backlog.store().list(&query).unwrap();
    let lines: Vec<StageLine> = cards.iter().map(StageLine::from).collect();
    assert_eq!(backlog.store().staged(&query).unwrap(), lines, "the same cards");
}

fn an_import_is_all_or_nothing(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&depending("A", &["B"])).unwrap();
    let text = export(&mut backlog);
    let lines: Vec<&str> = text.lines().collect();
    let again = |from: &str, to: &str| text.replace("\"A\"", "\"X\"").replace(from, to);
    let broken = [
        ("the card is there already", text.clone()),
        ("cut off", lines[..lines.len() - 1].join("\n")),
        ("no header", lines[1..].join("\n")),
        ("not JSON", again("\"status\"", "status")),
        ("unknown field", again("\"status\"", "\"shape\":1,\"status\"")),
        ("escape in a title", again("title of A", "\\u001b[31m")),
        ("wrong counts", again("\"cards\":1", "\"cards\":2")),
        ("cycle", again("[\"B\"]", "[\"X\"]")),
        ("newer format", again("\"format\":3", "\"format\":9")),
    ];
    for (what, file) in broken {
        let refused = transfer::import(&mut backlog, &mut file.as_bytes(), &mut |_, _| {});
        assert!(refused.is_err(), "{what} was imported");
        assert_eq!(counts(&mut backlog), [1, 0, 0, 0, 0], "{what}");
    }
    let file = again("", "");
    transfer::import(&mut backlog, &mut file.as_bytes(), &mut |_, _| {}).unwrap();
    assert_eq!(counts(&mut backlog), [2, 0, 0, 0, 0]);
    sound(&mut backlog);
}

fn nothing_is_lost_on_the_way_out_and_in(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&depending("A", &["B", "ghost"])).unwrap();
    let rich = NewCard {
        fields: Patch {
            body: Some("# 日本語\n\n\"quoted\" \\ 'x' \u{1f600}\t%_".into()),
            acceptance: Some(serde_json::json!({ "z": 1, "a": ["b", 2.5] })),
            spend_projected: Some(9),
            phase: Some("m1".into()),
            goal: Some("G1".into()),
            stage: Some("review".into()),
            branch: Some("code/\u{e9}t\u{e9}".into()),
            paths: Some(vec!["src/\u{65e5}/**".into(), "docs/\"quoted\".md".into()]),
            ttl_seconds: Some(Some(1200)),
            rounds: Some(2),
            ..Patch::default()
        },
        idempotency_key: Some("k".into()),
        ..new("B")
    };
    backlog.create(&rich).unwrap();
    backlog.create(&NewCard { blocked: true, ..new("C") }).unwrap();
    for at in 0..3 {
        backlog.claim(&ClaimRequest { id: Some(id("B")), ..request(&format!("w{at}")) }).unwrap().unwrap();
        backlog.reclaim(Some(&id("B"))).unwrap();
    }
    backlog.claim(&request("holder")).unwrap().unwrap();
    backlog.create(&new("D")).unwrap();
    backlog.complete(&id("D"), None).unwrap();
    let first = export(&mut backlog);
    for other in [Stand::file(), Stand::server()] {
        let mut copy = other.open();
        transfer::import(&mut copy, &mut first.as_bytes(), &mut |_, _| {}).unwrap();
        assert_eq!(export(&mut copy), first);
        sound(&mut copy);
        // The tokens go on where they were: nobody's old token becomes valid again.
        copy.reclaim(Some(&id("B"))).unwrap();
        let next = copy.claim(&ClaimRequest { id: Some(id("B")), ..request("new") }).unwrap().unwrap();
        assert_eq!(next.claim.unwrap().token, 5);
    }
}

fn hostile_texts_are_refused(stand: &Stand) {
    let mut backlog = stand.open();
    for title in ["", "  ", "a\nb", "\u{1b}]0;x\u{7}", "\u{202e}abc", "a\u{0}b"] {
        assert_eq!(
            backlog.create(&NewCard { title: title.into(), ..new("A") }).unwrap_err().kind,
            Kind::Invalid,
            "{title:?}"
        );
    }
    let body = Patch { body: Some("x".repeat(2 << 20)), ..Patch::default() };
    let refused = backlog.create(&NewCard { fields: body, ..new("A") }).unwrap_err();
    assert!(refused.to_string().contains("2097152 bytes"), "{refused}");
    let quoted = NewCard { title: "'; DROP TABLE card; --".into(), ..new("A") };
    assert_eq!(backlog.create(&quoted).unwrap().card.title, quoted.title);
    assert_eq!(backlog.claim(&request("\u{1b}[2J")).unwrap_err().kind, Kind::Invalid);
    assert_eq!(counts(&mut backlog), [0, 1, 0, 0, 0]);
}

fn what_takes_a_change_back_is_tied_to_it(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    backlog.block(&id("A"), None, "later", None).unwrap();
    let version = backlog.unblock(&id("A"), None).unwrap().card.version;
    backlog.claim(&request("agent")).unwrap().unwrap();
    let refused = backlog.block(&id("A"), None, "later", Some(version)).unwrap_err();
    assert_eq!(refused.kind, Kind::Refused);
    assert!(backlog.detail(&id("A")).unwrap().card.claim.is_some(), "nobody's claim was ended");
    for refused in [
        backlog.link(&id("A"), &id("A"), Some(1)).unwrap_err(),
        backlog.unlink(&id("A"), &id("B"), Some(1)).unwrap_err(),
        backlog.unblock(&id("A"), Some(1)).unwrap_err(),
    ] {
        assert!(refused.why.contains("not 1"), "{refused}");
    }
}

fn a_known_but_missing_dependency_may_be_kept(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&depending("A", &["ghost"])).unwrap();
    backlog.create(&new("B")).unwrap();
    let both = Patch { depends_on: Some(vec![id("B"), id("ghost")]), ..Patch::default() };
    assert_eq!(backlog.edit(&id("A"), &both, None).unwrap().card.open_dependencies, 2);
    let other = Patch { depends_on: Some(vec![id("nobody")]), ..Patch::default() };
    assert_eq!(backlog.edit(&id("A"), &other, None).unwrap_err().kind, Kind::NotFound);
    sound(&mut backlog);
}

fn an_import_with_poisoned_numbers_is_refused(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    backlog.claim(&request("w")).unwrap();
    let text = export(&mut backlog).replace("\"A\"", "\"X\"");
    for (from, to) in [
        ("\"last_claim_token\":1", "\"last_claim_token\":9223372036854775807"),
        ("\"version\":2", "\"version\":-1"),
        ("\"attempts\":1", "\"attempts\":-5"),
        ("\"claim_ttl_seconds\":60", "\"claim_ttl_seconds\":99999999999"),
        ("\"depends_on\":[]", "\"depends_on\":[\"X\"]"),
        ("\"card_id\":\"X\"", "\"card_id\":\"A\""),
    ] {
        let file = text.replacen(from, to, 1);
        assert_ne!(file, text, "{from}");
        let refused = transfer::import(&mut backlog, &mut file.as_bytes(), &mut |_, _| {}).unwrap_err();
        assert!(refused.what.contains("line"), "{to}: {refused}");
    }
    let twice = text.replacen("\"depends_on\":[]", "\"depends_on\":[\"A\",\"A\"]", 1);
    transfer::import(&mut backlog, &mut twice.as_bytes(), &mut |_, _| {}).unwrap();
    sound(&mut backlog);
}

fn what_stands_behind_the_end_of_an_import_is_refused(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    let first = export(&mut backlog).replace("\"A\"", "\"X\"");
    let second = first.replace("\"X\"", "\"Y\"");
    let lines = first.lines().count();
    for more in [second.as_str(), "{}", "\n\nx\n"] {
        let file = format!("{first}{more}");
        let refused = transfer::import(&mut backlog, &mut file.as_bytes(), &mut |_, _| {}).unwrap_err();
        let line = lines + more.len() - more.trim_start_matches('\n').len() + 1;
        assert_eq!(refused.what, format!("import, line {line}"), "{refused}");
        assert_eq!(counts(&mut backlog), [0, 1, 0, 0, 0]);
    }
    transfer::import(&mut backlog, &mut format!("{first}\n \n").as_bytes(), &mut |_, _| {}).unwrap();
}

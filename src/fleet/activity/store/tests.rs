//! The history's rules, on real files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::event::tests::event;
use super::super::page::{Anchor, Query};
use super::super::{Filter, take_in};
use super::*;

fn site(folder: &tempfile::TempDir) -> Site {
    Site::for_tests(&folder.path().display().to_string())
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn at(kind: Kind, agent: &str, at: i64) -> Event {
    Event { at, ..event(kind, agent, 0) }
}

fn state(agent: &str, when: i64, state: Readiness, door: Door) -> Event {
    Event { state: Some(state), door: Some(door), ..at(Kind::Readiness, agent, when) }
}

fn what(store: &Store) -> Vec<String> {
    let page = store.page(&Query { limit: 100, ..Query::default() }).unwrap();
    page.events.into_iter().map(|(_, event)| event.what).collect()
}

#[test]
fn an_event_that_is_taken_in_twice_is_one_and_two_readers_see_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let sample = Event { what: "once".to_owned(), ..at(Kind::Start, "a", now()) };
    let (mut one, mut two) = (Store::open(&site).unwrap(), Store::open(&site).unwrap());
    let before = two.revision().unwrap();
    assert_eq!(one.take_in(std::slice::from_ref(&sample)).unwrap(), 1);
    assert_ne!(two.revision().unwrap(), before, "the other one is told");
    assert_eq!(two.take_in(&[sample]).unwrap(), 0);
    assert_eq!((what(&one), what(&two)), (vec!["once".to_owned()], vec!["once".to_owned()]));
}

#[test]
fn a_change_that_two_dashboards_and_a_keeper_saw_is_written_once() {
    use Readiness::{Available, Stuck, Working};
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let begun = now() - 100_000;
    let changes = [(0, Available), (10_000, Working), (20_000, Stuck), (30_000, Working)];
    // Each saw all of it a little later than the keeper, and the keeper is heard last.
    for (lag, door) in [(700, Door::Observer), (1_100, Door::Observer), (0, Door::Keeper)] {
        let mut store = Store::open(&site).unwrap();
        for (when, to) in changes {
            store.take_in(&[state("a", begun + when + lag, to, door)]).unwrap();
        }
    }
    let store = Store::open(&site).unwrap();
    let arrow = |from: &str, to: &str| format!("{from} \u{2192} {to}");
    let want =
        ["available".to_owned(), arrow("available", "working"), arrow("working", "stuck"), arrow("stuck", "working")];
    assert_eq!(what(&store), want);
}

#[test]
fn an_exit_is_the_state_dead_and_no_change_into_it_follows() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&site(&folder)).unwrap();
    let begun = now() - 10_000;
    let exit = Event { state: Some(Readiness::Dead), what: "ended".to_owned(), ..at(Kind::Exit, "a", begun) };
    let seen = state("a", begun + 400, Readiness::Dead, Door::Observer);
    assert_eq!(store.take_in(&[exit, seen]).unwrap(), 1);
    assert_eq!(what(&store), ["ended"]);
}

#[test]
fn what_changed_a_card_is_known_by_both_who_made_it_and_the_backlog() {
    let made = Event {
        id: "card".to_owned(),
        door: Some(Door::Key),
        what: "A1: done".to_owned(),
        ..at(Kind::Card, "a", now())
    };
    let line = Event {
        who: "a".to_owned(),
        door: Some(Door::Backlog),
        what: "A1 completed".to_owned(),
        outcome: "completed".to_owned(),
        lasted: Some(60_000),
        ..made.clone()
    };
    for order in [[&made, &line], [&line, &made]] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&site(&folder)).unwrap();
        for event in order.into_iter().chain(order) {
            store.take_in(std::slice::from_ref(event)).unwrap();
        }
        let page = store.page(&Query { limit: 9, ..Query::default() }).unwrap();
        let [(_, kept)] = &page.events[..] else { panic!("{page:?}") };
        assert_eq!((kept.door, kept.what.as_str(), kept.lasted), (Some(Door::Key), "A1 completed", Some(60_000)));
        assert_eq!((kept.who.as_str(), kept.outcome.as_str()), ("here:operator", "completed"));
    }
}

#[test]
fn pages_go_both_ways_and_a_condition_in_the_database_is_the_filter() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&site(&folder)).unwrap();
    let begun = now() - 1_000_000;
    let events: Vec<Event> = (0..100)
        .map(|n: i64| {
            let kind = Kind::ALL[usize::try_from(n % 7).unwrap() + 1].1;
            let text = if n % 10 == 0 { "Grüße".to_owned() } else { String::new() };
            // Two at a time have the same moment.
            let who = if n % 9 == 0 { "hülle:Élodie" } else { "here:operator" };
            Event { what: n.to_string(), text, who: who.to_owned(), ..at(kind, &format!("a{}", n % 3), begun + n / 2) }
        })
        .collect();
    store.take_in(&events).unwrap();
    let mut query = Query { limit: 30, anchor: Anchor::Oldest, ..Query::default() };
    let mut seen = Vec::new();
    loop {
        let page = store.page(&query).unwrap();
        let Some((last, _)) = page.events.last() else { break };
        query.anchor = Anchor::From((last.0, last.1 + 1));
        seen.extend(page.events.into_iter().map(|(_, event)| event.what));
    }
    assert_eq!(seen, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    let newest = store.page(&Query { limit: 10, ..Query::default() }).unwrap();
    assert_eq!((newest.events[9].1.what.as_str(), newest.newer, newest.older), ("99", 0, true));
    let held = store.page(&Query { limit: 10, anchor: Anchor::Upto(newest.events[0].0), ..Query::default() }).unwrap();
    assert_eq!((held.events[9].1.what.as_str(), held.newer), ("90", 9));
    for text in [
        "agent:A1",
        "!agent:a1 kind:delivery",
        "kind:st",
        "grüße",
        "!who:operator",
        "who:élodie",
        "!who:HÜLLE",
        "GRÜSSE",
        "a2 !kind:card",
        "_",
    ] {
        let filter = Filter::parse(text);
        let page = store.page(&Query { filter: filter.clone(), limit: 200, ..Query::default() }).unwrap();
        let found: Vec<&str> = page.events.iter().map(|(_, event)| event.what.as_str()).collect();
        let want: Vec<&str> =
            events.iter().filter(|event| filter.accepts(event)).map(|event| event.what.as_str()).collect();
        assert_eq!(found, want, "{text}");
    }
}

#[test]
fn what_is_too_old_or_too_much_goes() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = site(&folder);
    site.keeping = Keeping { days: 7, bytes: 1 << 20 };
    let mut store = Store::open(&site).unwrap();
    let week = 7 * 24 * 3_600_000;
    assert_eq!(
        store
            .take_in(&[at(Kind::Start, "old", now() - week - 1), at(Kind::Start, "new", now() - week + 60_000)])
            .unwrap(),
        1
    );
    for round in 0..40 {
        let text = "x".repeat(200);
        let batch: Vec<Event> = (0..200)
            .map(|n| Event { text: text.clone(), what: format!("{round} {n}"), ..at(Kind::Action, "a", now()) })
            .collect();
        store.take_in(&batch).unwrap();
        let (_, bytes) = store.size().unwrap();
        assert!(bytes < (1 << 20) + (400 << 10), "{bytes} in round {round}");
    }
    let newest = what(&store);
    assert!(newest.contains(&"39 199".to_owned()), "{newest:?}");
    assert!(std::fs::metadata(path(&site)).unwrap().len() < 2 << 20, "freed pages go back to the disk");
}

#[test]
fn a_week_of_fifty_agents_stays_in_its_bound_and_opens_with_as_few_steps_as_an_hour() {
    // A change every ten minutes and each agent's share of deliveries and cards.
    let hour = 3_600_000;
    let steps = |hours: i64| {
        let folder = tempfile::tempdir().unwrap();
        let site = site(&folder);
        let mut store = Store::open(&site).unwrap();
        let begun = now() - hours * hour;
        for at_hour in 0..hours {
            let batch: Vec<Event> = (0..50 * 8)
                .map(|n| {
                    let (agent, slot) = (format!("agent{:02}", n % 50), n / 50);
                    let when = begun + at_hour * hour + slot * 400_000 + n;
                    let of = |place: i64| Readiness::ALL[usize::try_from(place.rem_euclid(6)).unwrap()];
                    match slot {
                        0..6 => state(&agent, when, of(slot), Door::Observer),
                        6 => at(Kind::Send, &agent, when),
                        _ => at(Kind::Card, &agent, when),
                    }
                })
                .collect();
            store.take_in(&batch).unwrap();
        }
        drop(store);
        let size = std::fs::metadata(path(&site)).unwrap().len();
        let mut store = Store::open(&site).unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&count);
        let counted = move || {
            seen.fetch_add(1, Ordering::Relaxed);
            false
        };
        store.connection.progress_handler(1, Some(counted)).unwrap();
        take_in(&site, &mut store).unwrap();
        let page = store.page(&Query { limit: 400, ..Query::default() }).unwrap();
        assert_eq!(page.events.len(), 400);
        let known = store.states(now() - hour).unwrap();
        assert_eq!(known.changes["here"].len(), 50);
        (count.load(Ordering::Relaxed), size)
    };
    let (small, _) = steps(2);
    let (week, size) = steps(7 * 24);
    // A deeper tree is a few steps more; a walk through it would be hundreds of thousands.
    assert!(week < small + small / 4, "{small} steps became {week}");
    assert!(size < Keeping::default().bytes, "{size}");
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    std::fs::create_dir_all(spool::folder(&site)).unwrap();
    let other = Connection::open(path(&site)).unwrap();
    other.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1").unwrap();
    let Err(refused) = Store::open(&site) else { panic!("it was opened") };
    assert!(refused.to_string().contains("another program"), "{refused}");
    std::fs::write(path(&site), vec![b'x'; 9000]).unwrap();
    let Err(broken) = Store::open(&site) else { panic!("it was opened") };
    assert!(broken.to_string().contains("not a database"), "{broken}");
    assert!(super::super::note(&site, &event(Kind::Start, "a", 0)).is_none(), "it is left for later");
}

#[test]
fn the_record_before_there_was_a_history_is_taken_in_once_and_stays_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let old = site.home.join("fleet/activity.jsonl");
    std::fs::create_dir_all(old.parent().unwrap()).unwrap();
    let begun = now() - 1_000;
    let line = |n: i64| {
        let ts = jiff::Timestamp::from_millisecond(begun + n).unwrap();
        format!(
            "{{\"ts\":\"{ts}\",\"kind\":\"send\",\"agent\":\"a\",\"sender\":\"vm:operator\",\"delivery\":\"accepted\",\"length\":{n}}}\n"
        )
    };
    std::fs::write(&old, format!("{}no json\n{}", line(2), line(3))).unwrap();
    std::fs::write(old.with_extension("jsonl.1"), line(1)).unwrap();
    let mut store = Store::open(&site).unwrap();
    assert_eq!(take_in(&site, &mut store).unwrap(), 3);
    // A keeper of the earlier version goes on writing there.
    std::fs::write(&old, format!("{}{}", line(3), line(4))).unwrap();
    assert_eq!(take_in(&site, &mut store).unwrap(), 1);
    let page = store.page(&Query { limit: 9, ..Query::default() }).unwrap();
    let lengths: Vec<i64> = page.events.iter().map(|(_, event)| event.detail["length"].as_i64().unwrap()).collect();
    assert_eq!(lengths, [1, 2, 3, 4]);
    assert!(!old.exists() && spool::folder(&site).join("before-1.jsonl").exists());
}

#[test]
fn how_far_an_operator_has_looked_is_kept_for_each_and_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let mut store = Store::open(&site).unwrap();
    assert_eq!(store.looked("me").unwrap(), None);
    store.set_looked("me", 50).unwrap();
    store.set_looked("me", 20).unwrap();
    store.set_looked("you", 7).unwrap();
    let again = Store::open(&site).unwrap();
    assert_eq!((again.looked("me").unwrap(), again.looked("you").unwrap()), (Some(50), Some(7)));
}

#[test]
fn what_went_because_it_was_too_much_is_not_taken_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = site(&folder);
    site.keeping = Keeping { days: 30, bytes: 1 << 20 };
    let begun = now() - 8 * 24 * 3_600_000;
    let card = |n: i64| Event { text: "x".repeat(200), ..at(Kind::Card, "a", begun + n) };
    let cards: Vec<Event> = (0..5_000).map(card).collect();
    let mut store = Store::open(&site).unwrap();
    for batch in cards.chunks(500) {
        store.take_in(batch).unwrap();
    }
    let (kept, last) = (store.size().unwrap().0, store.last().unwrap());
    assert!(kept < 4_500, "{kept} of 5000 fit");
    // The backlog tells of all of them with every look.
    let mut again = Store::open(&site).unwrap();
    assert_eq!(again.take_in(&cards).unwrap(), 0);
    assert_eq!((again.size().unwrap().0, again.last().unwrap()), (kept, last));
    assert_eq!(again.take_in(&[at(Kind::Card, "a", now())]).unwrap(), 1);
}

#[test]
fn a_history_of_the_first_version_is_brought_along() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    std::fs::create_dir_all(spool::folder(&site)).unwrap();
    let first = Connection::open(path(&site)).unwrap();
    first.execute_batch(include_str!("../schema.sql")).unwrap();
    first.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")).unwrap();
    first.execute("INSERT INTO look VALUES ('me', 50)", []).unwrap();
    drop(first);
    assert!(Store::open_to_read(&site).unwrap().is_some(), "it is read as it is");
    let mut store = Store::open(&site).unwrap();
    assert_eq!(store.take_in(&[at(Kind::Start, "a", now())]).unwrap(), 1);
    let again = Store::open(&site).unwrap();
    assert_eq!((again.looked("me").unwrap(), again.size().unwrap().0), (Some(50), 1));
}

/// The names of the files in the history's folder that begin with this.
fn files(site: &Site, beginning: &str) -> Vec<String> {
    let entries = std::fs::read_dir(spool::folder(site)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(beginning)).collect()
}

/// A history that opens, and takes nothing in for as long as its table has another name.
fn rename(store: &Store, from: &str, to: &str) {
    store.connection.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
}

#[test]
fn beside_a_damaged_history_one_file_is_taken_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let mut store = Store::open(&site).unwrap();
    rename(&store, "event", "damaged");
    for _ in 0..5 {
        assert_eq!(super::super::note(&site, &at(Kind::Start, "a", now())), None);
        take_in(&site, &mut Store::open(&site).unwrap()).unwrap_err();
    }
    assert_eq!(files(&site, "taken-").len(), 1);
    rename(&store, "damaged", "event");
    assert_eq!(take_in(&site, &mut store).unwrap(), 5);
    assert_eq!(files(&site, "taken-").len() + files(&site, "spool").len(), 0);
}

#[test]
fn what_was_taken_and_not_finished_counts_when_a_spool_is_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let store = Store::open(&site).unwrap();
    rename(&store, "event", "damaged");
    let tell = || assert_eq!(super::super::note(&site, &at(Kind::Start, "a", now())), None);
    let grow = |name: &str, to: u64| {
        let file = std::fs::OpenOptions::new().write(true).open(spool::folder(&site).join(name)).unwrap();
        file.set_len(to).unwrap();
    };
    tell();
    take_in(&site, &mut Store::open(&site).unwrap()).unwrap_err();
    tell();
    grow("spool.jsonl", super::super::LONG);
    tell();
    assert_eq!(files(&site, "untaken"), [""; 0], "there is room yet");
    grow(&files(&site, "taken-")[0], super::super::TOO_LONG - super::super::LONG);
    tell();
    assert_eq!((files(&site, "untaken").len(), files(&site, "spool").len()), (1, 0));
}

#[test]
fn a_history_that_another_process_holds_is_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let (mut store, other) = (Store::open(&site).unwrap(), Store::open(&site).unwrap());
    store.connection.busy_timeout(Duration::ZERO).unwrap();
    other.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let held = store.take_in(&[at(Kind::Start, "a", now())]).unwrap_err();
    assert!(held.next.contains("another process holds it"), "{held}");
    other.connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.take_in(&[at(Kind::Start, "a", now())]).unwrap(), 1);
}

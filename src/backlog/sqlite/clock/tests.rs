//! Leases on a host whose clock anybody may set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::super::super::model::{BoardQuery, Card, CardId, NewCard, Patch, Supervising, Takers};
use super::super::super::operations::Backlog;
use super::super::super::store::{ClaimRequest, Who};
use super::super::super::transfer;
use super::super::{Access, Sqlite};
use super::*;

const HOUR: i64 = 3_600_000;

/// A host whose clock anybody may set.
struct Settable {
    boot: Option<String>,
    since_boot: AtomicI64,
    wall: AtomicI64,
}

impl Settable {
    fn new(boot: Option<&str>, since_boot: i64, wall: i64) -> Arc<Self> {
        Arc::new(Self {
            boot: boot.map(str::to_owned),
            since_boot: AtomicI64::new(since_boot),
            wall: AtomicI64::new(wall),
        })
    }

    fn passes(&self, milliseconds: i64) {
        self.since_boot.fetch_add(milliseconds, Ordering::Relaxed);
        self.step(milliseconds);
    }

    fn step(&self, milliseconds: i64) {
        self.wall.fetch_add(milliseconds, Ordering::Relaxed);
    }

    fn wall(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }
}

impl Clocks for Settable {
    fn boot(&self) -> Option<&str> {
        self.boot.as_deref()
    }

    fn read(&self) -> Reading {
        let since_boot = self.since_boot.load(Ordering::Relaxed);
        Reading { since_boot, ahead: self.wall() - since_boot }
    }
}

const START: i64 = 1_800_000_000_000;

fn first_boot() -> Arc<Settable> {
    Settable::new(Some("one"), 50_000, START)
}

fn who() -> Who {
    Who { actor: "a".into(), tenant_id: "t".into(), host: "h".into() }
}

fn id(text: &str) -> CardId {
    CardId::parse(text).unwrap()
}

/// A backlog in a folder, on a host with these clocks.
fn open(folder: &tempfile::TempDir, clocks: &Arc<Settable>, access: Access) -> Backlog {
    let mut store = Sqlite::open(&folder.path().join("backlog.db"), access, &mut |_, _| {}).unwrap();
    store.clocks = Arc::<Settable>::clone(clocks);
    Backlog::new(Box::new(store), who())
}

fn create(backlog: &mut Backlog, name: &str) {
    let new =
        NewCard { id: id(name), title: name.into(), fields: Patch::default(), idempotency_key: None, blocked: false };
    backlog.create(&new).unwrap();
}

fn claim(backlog: &mut Backlog, owner: &str, ttl: i64) -> Option<Card> {
    let request = ClaimRequest { owner: owner.into(), ttl_seconds: Some(ttl), id: None, phase: None, assignee: None };
    backlog.claim(&request).unwrap()
}

/// Milliseconds that a lease still has, as the board says it.
fn left(backlog: &mut Backlog, name: &str) -> Option<i64> {
    let board = backlog.store().board(&BoardQuery { limit: 9, ..BoardQuery::default() }).unwrap();
    let held = board.claims.iter().find(|held| held.id == id(name))?;
    Some(held.claim.expires_at.0 - board.now.0)
}

#[test]
fn a_step_of_the_clock_ends_no_lease_and_makes_none_longer() {
    for step in [HOUR, -HOUR, 40 * HOUR, -40 * HOUR] {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), first_boot());
        let mut backlog = open(&folder, &clocks, Access::Write);
        create(&mut backlog, "A");
        let token = claim(&mut backlog, "first", 900).unwrap().last_claim_token;
        clocks.passes(100_000);
        clocks.step(step);
        // Whoever looks, and whatever was written since then.
        let mut looking = open(&folder, &clocks, Access::Read);
        assert_eq!(left(&mut looking, "A"), Some(800_000), "{step}");
        assert_eq!(looking.store().figures().unwrap().expired_claims, 0);
        assert!(claim(&mut backlog, "second", 900).is_none(), "{step}: nobody else gets it");
        assert!(backlog.reclaim(None).unwrap().is_empty());
        assert_eq!((left(&mut looking, "A"), left(&mut backlog, "A")), (Some(800_000), Some(800_000)));
        // What was written down is by the clock as it is now.
        let card = backlog.store().card(&id("A")).unwrap().unwrap();
        assert_eq!(card.claim.as_ref().unwrap().expires_at().0, clocks.wall() + 800_000);
        clocks.passes(800_001);
        assert_eq!(looking.store().figures().unwrap().expired_claims, 1);
        assert_eq!(
            claim(&mut backlog, "second", 900).unwrap().last_claim_token,
            token + 1,
            "{step}: it is over in time"
        );
    }
}

#[test]
fn a_step_of_the_clock_ends_no_word_of_a_supervisor_and_makes_none_last_longer() {
    let one = Supervising { host: "h".into(), home: "/home".into(), takers: Takers::default() };
    for step in [HOUR, -HOUR] {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), first_boot());
        let mut backlog = open(&folder, &clocks, Access::Write);
        backlog.store().announce(&one, 900).unwrap();
        clocks.step(step);
        let mut looking = open(&folder, &clocks, Access::Read);
        assert_eq!(looking.store().supervisors().unwrap().len(), 1, "{step}: before any change");
        create(&mut backlog, "A");
        clocks.passes(899_000);
        assert_eq!(looking.store().supervisors().unwrap().len(), 1, "{step}");
        clocks.passes(1001);
        assert_eq!(looking.store().supervisors().unwrap(), [], "{step}: it is over in time");
    }
}

#[test]
fn a_renewed_lease_counts_from_its_renewal() {
    let (folder, clocks) = (tempfile::tempdir().unwrap(), first_boot());
    let mut backlog = open(&folder, &clocks, Access::Write);
    create(&mut backlog, "A");
    let token = claim(&mut backlog, "first", 60).unwrap().last_claim_token;
    clocks.step(-2 * HOUR);
    clocks.passes(50_000);
    backlog.renew(&id("A"), "first", token, None).unwrap();
    clocks.step(HOUR);
    clocks.passes(50_000);
    assert_eq!(left(&mut backlog, "A"), Some(10_000));
    clocks.passes(10_001);
    assert_eq!(backlog.reclaim(None).unwrap().len(), 1);
}

#[test]
fn an_edit_of_a_held_card_changes_nothing_of_its_lease() {
    let (folder, clocks) = (tempfile::tempdir().unwrap(), first_boot());
    let mut backlog = open(&folder, &clocks, Access::Write);
    create(&mut backlog, "A");
    claim(&mut backlog, "first", 60).unwrap();
    clocks.passes(1000);
    backlog.edit(&id("A"), &Patch { priority: Some(3), ..Patch::default() }, None).unwrap();
    clocks.step(HOUR);
    assert_eq!(left(&mut backlog, "A"), Some(59_000));
    assert!(claim(&mut backlog, "second", 60).is_none());
}

#[test]
fn behind_a_reboot_and_without_a_boot_the_wall_clock_counts() {
    let folder = tempfile::tempdir().unwrap();
    let before = first_boot();
    let mut backlog = open(&folder, &before, Access::Write);
    create(&mut backlog, "A");
    create(&mut backlog, "B");
    claim(&mut backlog, "first", 900).unwrap();
    // A clock that is an hour slow until the network is there moves what it has timed, and nothing else.
    let after = Settable::new(Some("two"), 3_000, START + 60_000 - HOUR);
    let mut backlog = open(&folder, &after, Access::Write);
    claim(&mut backlog, "second", 900).unwrap();
    assert_eq!(left(&mut backlog, "A"), Some(840_000 + HOUR));
    after.step(HOUR);
    create(&mut backlog, "C");
    assert_eq!((left(&mut backlog, "A"), left(&mut backlog, "B")), (Some(840_000), Some(900_000)));
    let unknown = Settable::new(None, 4_000, START + 120_000);
    assert_eq!(left(&mut open(&folder, &unknown, Access::Read), "A"), Some(780_000));
    let mut backlog = open(&folder, &unknown, Access::Write);
    create(&mut backlog, "D");
    assert_eq!(claim(&mut backlog, "third", 60).unwrap().id, id("C"));
    unknown.passes(60_001);
    assert_eq!(backlog.reclaim(None).unwrap().len(), 1);
}

#[test]
fn clocks_that_were_read_a_little_apart_are_no_step() {
    let (folder, clocks) = (tempfile::tempdir().unwrap(), first_boot());
    let mut backlog = open(&folder, &clocks, Access::Write);
    create(&mut backlog, "A");
    let ahead = || -> i64 {
        let file = rusqlite::Connection::open(folder.path().join("backlog.db")).unwrap();
        file.query_row("SELECT ahead FROM clock", [], |row| row.get(0)).unwrap()
    };
    let before = ahead();
    clocks.step(STEP - 1);
    create(&mut backlog, "B");
    assert_eq!(ahead(), before);
    // Many small ones are a large one.
    clocks.step(1);
    create(&mut backlog, "C");
    assert_eq!(ahead(), before + STEP);
}

#[test]
fn an_export_has_the_leases_by_the_clock_as_it_is() {
    let (folder, clocks) = (tempfile::tempdir().unwrap(), first_boot());
    let mut backlog = open(&folder, &clocks, Access::Write);
    create(&mut backlog, "A");
    claim(&mut backlog, "first", 900).unwrap();
    clocks.step(HOUR);
    let mut out = Vec::new();
    transfer::export(&mut open(&folder, &clocks, Access::Read), &mut out, &mut |_, _| {}).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    // On another host, which has the same time of day.
    let other = Settable::new(Some("other"), 7, clocks.wall() + 100_000);
    let mut copy = open(&elsewhere, &other, Access::Write);
    transfer::import(&mut copy, &mut &out[..], &mut |_, _| {}).unwrap();
    assert_eq!(left(&mut copy, "A"), Some(800_000));
}

#[test]
fn no_more_boots_are_known_than_are_of_use() {
    let folder = tempfile::tempdir().unwrap();
    for boot in 0..KNOWN + 9 {
        let clocks = Settable::new(Some(&format!("boot {boot}")), 1, START + boot);
        create(&mut open(&folder, &clocks, Access::Write), &format!("c{boot}"));
    }
    let file = rusqlite::Connection::open(folder.path().join("backlog.db")).unwrap();
    let known: i64 = file.query_row("SELECT count(*) FROM clock", [], |row| row.get(0)).unwrap();
    assert_eq!(known, KNOWN);
}

#[test]
fn the_clocks_of_this_host_agree() {
    let read = Host.read();
    let wall = jiff::Timestamp::now().as_millisecond();
    assert!((read.wall().0 - wall).abs() < 60_000, "{read:?} {wall}");
    assert!((Host.read().ahead - read.ahead).abs() < STEP);
    assert!(Host.boot().is_some_and(|boot| boot.len() > 30));
}

/// What happens to a store and its host.
#[derive(Debug, Clone)]
enum Happens {
    Passes(i64),
    Step(i64),
    Claim(i64),
    Renew(u8, Option<i64>),
    Edit(u8),
    Complete(u8),
    Reclaim,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        3 => (0_i64..200_000).prop_map(Happens::Passes),
        2 => (STEP..30 * HOUR).prop_map(Happens::Step),
        2 => (STEP..30 * HOUR).prop_map(|step| Happens::Step(-step)),
        3 => (1_i64..300).prop_map(Happens::Claim),
        2 => (0_u8..4, prop::option::of(1_i64..300)).prop_map(|(card, ttl)| Happens::Renew(card, ttl)),
        1 => (0_u8..4).prop_map(Happens::Edit),
        1 => (0_u8..4).prop_map(Happens::Complete),
        1 => Just(Happens::Reclaim),
    ]
}

/// A lease as it should be, by the time since boot alone.
#[derive(Debug, Clone, Copy)]
struct Lease {
    ends: i64,
    ttl: i64,
    token: i64,
}

#[test]
fn whatever_is_set_a_lease_lasts_as_long_as_it_was_given_for() {
    proptest!(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }, |(
        all in prop::collection::vec(happens(), 1..40)
    )| {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), first_boot());
        let mut backlog = open(&folder, &clocks, Access::Write);
        let mut leases: [Option<Lease>; 4] = [None; 4];
        let mut done = [false; 4];
        for at in 0..4 {
            create(&mut backlog, &format!("c{at}"));
        }
        for one in all {
            let now = clocks.since_boot.load(Ordering::Relaxed);
            let over = |lease: &Lease| lease.ends < now;
            match one {
                Happens::Passes(milliseconds) => clocks.passes(milliseconds),
                Happens::Step(milliseconds) => clocks.step(milliseconds),
                Happens::Claim(ttl) => {
                    let free = (0..4).any(|at| !done[at] && leases[at].as_ref().is_none_or(over));
                    let got = claim(&mut backlog, "me", ttl);
                    prop_assert_eq!(got.is_some(), free);
                    for lease in &mut leases {
                        *lease = lease.filter(|lease| !over(lease));
                    }
                    if let Some(card) = got {
                        let at = usize::from(card.id.as_str().as_bytes()[1] - b'0');
                        prop_assert!(leases[at].is_none() && !done[at], "{} is held", card.id);
                        leases[at] = Some(Lease { ends: now + ttl * 1000, ttl, token: card.last_claim_token });
                    }
                }
                Happens::Renew(at, ttl) => {
                    if let Some(lease) = &mut leases[usize::from(at)] {
                        backlog.renew(&id(&format!("c{at}")), "me", lease.token, ttl).unwrap();
                        lease.ttl = ttl.unwrap_or(lease.ttl);
                        lease.ends = now + lease.ttl * 1000;
                    }
                }
                Happens::Edit(at) => {
                    let patch = Patch { priority: Some(now), ..Patch::default() };
                    backlog.edit(&id(&format!("c{at}")), &patch, None).unwrap();
                }
                Happens::Complete(at) => {
                    backlog.complete(&id(&format!("c{at}")), None).unwrap();
                    (leases[usize::from(at)], done[usize::from(at)]) = (None, true);
                }
                Happens::Reclaim => {
                    let ended = leases.iter().flatten().filter(|lease| over(lease)).count();
                    prop_assert_eq!(backlog.reclaim(None).unwrap().len(), ended);
                    for lease in &mut leases {
                        *lease = lease.filter(|lease| !over(lease));
                    }
                }
            }
            let now = clocks.since_boot.load(Ordering::Relaxed);
            for (at, lease) in leases.iter().enumerate() {
                prop_assert_eq!(left(&mut backlog, &format!("c{at}")), lease.map(|lease| lease.ends - now));
            }
        }
        prop_assert_eq!(backlog.store().check().unwrap(), Vec::<String>::new());
    });
}

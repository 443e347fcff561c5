//! Which card a claim takes, on every engine.

use std::cmp::Reverse;

use mosaic_tui::backlog::model::{Card, Column, EventKind, NewCard, Patch};
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::store::{ClaimRequest, ListQuery};
use serde_json::Value;

use super::{Stand, id, new, request};
use crate::harness::wait_for;

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $( #[test] fn $name() { super::$name(&super::Stand::file()); } )* }
        mod postgres { $( #[test] fn $name() { super::$name(&super::Stand::server()); } )* }
        mod pooled { $( #[test] fn $name() { super::$name(&super::Stand::pooled()); } )* }
    };
}

cases!(
    each_claim_takes_the_best_of_random_cards,
    a_named_lease_that_is_over_returns_even_if_its_card_now_waits,
    more_leases_than_one_look_returns_come_back_before_a_claim,
);

/// A sequence of numbers that is the same in each run (xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }
}

fn all(backlog: &mut Backlog) -> Vec<Card> {
    backlog.store().list(&ListQuery { limit: 1000, ..ListQuery::default() }).unwrap()
}

/// A card without its times, which differ between two stores.
fn timeless(card: &Card) -> Value {
    let mut card = serde_json::to_value(card).unwrap();
    for time in ["created_at", "updated_at", "claimed_at", "claim_since", "claim_expires_at"] {
        card.as_object_mut().unwrap().remove(time);
    }
    card
}

/// What is kept of every card and what happened to it, without times.
fn everything(backlog: &mut Backlog) -> Vec<Value> {
    let cards = all(backlog);
    let mut kept: Vec<Value> = cards.iter().map(timeless).collect();
    for card in &cards {
        for event in backlog.store().history(&card.id, 1000).unwrap() {
            let happened = (event.card_id, event.kind.word(), event.version, event.actor, event.tenant_id, event.host);
            kept.push(serde_json::json!([happened, event.detail]));
        }
    }
    kept
}

/// A card of random priority, phase, assignee, status and dependencies.
fn random_card(chance: &mut Chance, at: u64) -> NewCard {
    let mut fields = Patch {
        priority: Some(i64::try_from(chance.below(4)).unwrap() - 1),
        phase: Some(chance.of(&["", "m1", "m2"]).to_owned()),
        assignee: Some(chance.of(&["", "", "one", "two", "code", "review"]).to_owned()),
        ..Patch::default()
    };
    if at > 0 && chance.below(4) == 0 {
        fields.depends_on = Some(vec![id(&format!("c{:02}", chance.below(at)))]);
    }
    let blocked = chance.below(8) == 0;
    NewCard { fields, blocked, ..new(&format!("c{at:02}")) }
}

fn random_request(chance: &mut Chance) -> ClaimRequest {
    let phase = [None, None, Some("m1"), Some("")][usize::try_from(chance.below(4)).unwrap()];
    let class = [None, Some("code")][usize::try_from(chance.below(2)).unwrap()];
    ClaimRequest {
        phase: phase.map(str::to_owned),
        assignee: class.map(str::to_owned),
        ..request(chance.of(&["one", "two", "three"]))
    }
}

/// The rule of a claim stands in `rules.rs`, by which SQLite claims, and in the server's `fleet.claim`, which needs one
/// trip for all of it: whatever one of them does to a store, the other does.
#[test]
fn both_engines_claim_alike_in_random_stores() {
    for seed in 1..=3 {
        let stands = [Stand::file(), Stand::server()];
        let mut backlogs = stands.each_ref().map(Stand::open);
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        for at in 0..40 {
            let card = random_card(&mut chance, at);
            backlogs.iter_mut().for_each(|backlog| drop(backlog.create(&card).unwrap()));
        }
        for round in 0..60 {
            if round % 20 == 19 {
                // Some leases are over when the next one claims.
                let over = (0..40).filter(|_| chance.below(6) == 0).map(|at| format!("c{at:02}")).collect::<Vec<_>>();
                for backlog in &mut backlogs {
                    let mut leased = 0;
                    for name in &over {
                        let named = ClaimRequest { id: Some(id(name)), ttl_seconds: Some(1), ..request("sleeper") };
                        leased += u64::from(backlog.claim(&named).unwrap().is_some());
                    }
                    wait_for("the leases are over", || backlog.store().figures().unwrap().expired_claims == leased);
                }
            }
            let request = random_request(&mut chance);
            let [file, server] = backlogs.each_mut().map(|backlog| backlog.claim(&request).unwrap());
            assert_eq!(
                file.as_ref().map(timeless),
                server.as_ref().map(timeless),
                "seed {seed}, round {round}: {request:?}"
            );
            let Some(card) = file else { continue };
            let (token, end) = (card.claim.as_ref().map(|claim| claim.token), chance.below(4));
            for backlog in &mut backlogs {
                match end {
                    0 => drop(backlog.reclaim(Some(&card.id)).unwrap()),
                    1 => drop(backlog.complete(&card.id, token).unwrap()),
                    2 => drop(backlog.block(&card.id, token, "no key", None).unwrap()),
                    _ => {}
                }
            }
        }
        let [file, server] = backlogs.each_mut().map(everything);
        assert_eq!(file, server, "seed {seed}");
    }
}

/// What a claim has to take, by a look at every card.
fn best(cards: &[Card], request: &ClaimRequest) -> Option<String> {
    let may = |card: &&Card| {
        card.column() == Column::Ready
            && request.phase.as_ref().is_none_or(|phase| *phase == card.phase)
            && (card.assignee.is_empty()
                || card.assignee == request.owner
                || Some(&card.assignee) == request.assignee.as_ref())
    };
    let found = cards.iter().filter(may).min_by_key(|card| (Reverse(card.priority), card.created_at, card.id));
    found.map(|card| card.id.to_string())
}

fn each_claim_takes_the_best_of_random_cards(stand: &Stand) {
    let mut backlog = stand.open();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for at in 0..80 {
        backlog.create(&random_card(&mut chance, at)).unwrap();
    }
    let mut taken = 0;
    for round in 0..160 {
        let request = random_request(&mut chance);
        let want = best(&all(&mut backlog), &request);
        let claimed = backlog.claim(&request).unwrap();
        assert_eq!(claimed.as_ref().map(|card| card.id.to_string()), want, "round {round}: {request:?}");
        let Some(card) = claimed else { continue };
        taken += 1;
        assert_eq!(Some(&card), all(&mut backlog).iter().find(|kept| kept.id == card.id), "what is told is kept");
        let token = card.claim.as_ref().map(|claim| claim.token);
        match chance.below(3) {
            0 => drop(backlog.reclaim(Some(&card.id)).unwrap()),
            1 => drop(backlog.complete(&card.id, token).unwrap()),
            _ => {}
        }
    }
    assert!(taken > 40, "{taken} claims");
    assert_eq!(backlog.store().check().unwrap(), Vec::<String>::new());
}

fn a_named_lease_that_is_over_returns_even_if_its_card_now_waits(stand: &Stand) {
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    backlog.claim(&ClaimRequest { ttl_seconds: Some(1), ..request("one") }).unwrap().unwrap();
    backlog.create(&new("B")).unwrap();
    backlog.link(&id("A"), &id("B"), None).unwrap();
    wait_for("the lease is over", || backlog.store().figures().unwrap().expired_claims == 1);
    let named = ClaimRequest { id: Some(id("A")), ..request("two") };
    assert_eq!(backlog.claim(&named).unwrap(), None, "it waits for B");
    let detail = backlog.detail(&id("A")).unwrap();
    assert_eq!((detail.card.column(), detail.card.claim.as_ref()), (Column::Waiting, None));
    let kinds: Vec<EventKind> = detail.history.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Created, EventKind::Claimed, EventKind::Linked, EventKind::Reclaimed]);
    assert_eq!(detail.card.version, 4, "every change has its line");
    assert_eq!(backlog.claim(&named).unwrap(), None);
    assert_eq!(backlog.detail(&id("A")).unwrap().history.len(), 4, "nothing happened the second time");
}

fn more_leases_than_one_look_returns_come_back_before_a_claim(stand: &Stand) {
    const CARDS: usize = 150;
    let mut backlog = stand.open();
    for at in 0..CARDS {
        let fields = Patch { assignee: Some("sleeper".to_owned()), ..Patch::default() };
        backlog.create(&NewCard { fields, ..new(&format!("c{at:03}")) }).unwrap();
    }
    for at in 0..CARDS {
        // By name, which returns no other lease.
        let named = ClaimRequest { id: Some(id(&format!("c{at:03}"))), ttl_seconds: Some(1), ..request("sleeper") };
        backlog.claim(&named).unwrap().unwrap();
    }
    wait_for("the leases are over", || backlog.store().figures().unwrap().expired_claims == CARDS as u64);
    // None of them is for this one, who returns them all the same.
    assert_eq!(backlog.claim(&request("other")).unwrap(), None);
    assert_eq!(backlog.store().figures().unwrap().counts.of(Column::Ready), CARDS as u64);
    let again = backlog.claim(&request("sleeper")).unwrap().unwrap();
    assert_eq!((again.id, again.claim.map(|claim| claim.token), again.attempts), (id("c000"), Some(2), 2));
    assert_eq!(backlog.store().check().unwrap(), Vec::<String>::new());
}

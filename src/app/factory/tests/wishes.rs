//! What somebody has stopped stays stopped, whatever an older look shows.

use super::*;

#[test]
fn a_keeper_that_is_gone_counts_after_two_looks_and_never_for_who_is_being_stopped() {
    let mut unkept = seat("code0", "code", Readiness::Available);
    unkept.unkept = true;
    let mut all = situation(1, vec![unkept], cards(Vec::new(), vec![held("A", "other")]));
    let mut memory = Memory::default();
    memory.look(&all);
    assert!(memory.doubts(), "it is looked at again soon");
    assert_eq!(tick(&all, &memory), [], "a stop ends the keeper first, and looks the same");
    // Kept again, or ended, in between: it begins anew.
    all.seats[0].unkept = false;
    memory.look(&all);
    (all.look, all.now, all.seats[0].unkept) = (2, all.now + Duration::from_secs(1), true);
    memory.look(&all);
    assert_eq!(tick(&all, &memory), []);
    assert_eq!(words(&decided(&all).0), ["keep code0"]);
    all.seats[0].stopped = true;
    assert_eq!(words(&decided(&all).0), [] as [&str; 0]);
}

#[test]
fn an_ephemeral_agent_that_somebody_stopped_does_not_come_with_work() {
    let ephemeral = |name: &str| Seat { lifespan: Lifespan::Ephemeral, ..seat(name, "code", Readiness::Dead) };
    let mut all = situation(
        1,
        vec![ephemeral("code0"), ephemeral("code1")],
        cards(vec![waiting("A", "code"), waiting("B", "code")], Vec::new()),
    );
    all.seats[0].stopped = true;
    assert_eq!(words(&decided(&all).0), ["start code1"]);
}

#[test]
fn a_review_goes_to_who_wrote_nothing_of_it_and_else_to_a_person() {
    let seats = vec![seat("code0", "code", Readiness::Available), seat("code1", "code", Readiness::Available)];
    let by = |authors: &[&str]| Waiting {
        authors: authors.iter().map(|&author| author.to_owned()).collect(),
        ..waiting("A", "code")
    };
    let all = situation(1, seats.clone(), cards(vec![by(&["code0"])], Vec::new()));
    assert_eq!(words(&decided(&all).0), ["dispatch code1"]);
    let mut nobody = situation(1, seats, cards(vec![by(&["code1", "code0"])], Vec::new()));
    let (decisions, memory) = decided(&nobody);
    assert_eq!(words(&decisions), ["escalate A"]);
    let Decision::Escalate { subject, .. } = &decisions[0] else { panic!() };
    assert_eq!(*subject, Subject::card(Cause::CannotBeGiven, "A"));
    nobody.waits().insert(subject.clone());
    assert_eq!(tick(&nobody, &memory), [], "once, and it is not settled by itself");
    nobody.settings.elsewhere.insert("code".to_owned());
    assert_eq!(words(&tick(&nobody, &memory)), ["settle A"], "another host has somebody");
    nobody.waits().clear();
    assert_eq!(tick(&nobody, &memory), []);
}

#[test]
fn an_edit_of_the_roster_lets_nobodys_rest_begin_anew_and_gives_nothing_to_who_was_not_asked_about() {
    let ephemeral = Seat { lifespan: Lifespan::Ephemeral, ..seat("code0", "code", Readiness::Available) };
    let mut rests = situation(1, vec![ephemeral], cards(Vec::new(), vec![held("Z", "other")]));
    let mut memory = Memory::default();
    memory.look(&rests);
    // Its class was changed while the backlog was looked at.
    rests.now += Duration::from_secs(300);
    rests.seats[0].unasked = true;
    memory.look(&rests);
    rests.now += Duration::from_secs(300);
    memory.look(&rests);
    assert_eq!(tick(&rests, &memory), [], "what waits for it is not known");
    let mut waits = rests.clone();
    waits.cards = Some(cards(vec![waiting("A", "code")], Vec::new()));
    assert_eq!(words(&tick(&waits, &memory)), [] as [&str; 0], "nor what it holds");
    rests.seats[0].unasked = false;
    memory.look(&rests);
    assert_eq!(words(&tick(&rests, &memory)), ["stop code0"], "ten minutes since it has no card");
}

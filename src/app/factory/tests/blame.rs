//! Who waits for a failure: the card or the agent whose fault it is, and everybody only for what is nobody's.

use super::*;

/// Fails what `fails` says and carries out the rest, tick after tick for so many seconds; who was given what, and whether
/// that went well.
fn run(
    all: &mut Situation,
    memory: &mut Memory,
    seconds: u64,
    fails: impl Fn(&str, &str) -> bool,
) -> Vec<(u64, String, String, bool)> {
    let mut given = Vec::new();
    for second in 0..seconds {
        (all.look, all.now) = (all.look + 1, all.now + Duration::from_secs(1));
        memory.look(all);
        for decision in tick(all, memory) {
            match decision {
                Decision::Dispatch { card, agent, .. } => {
                    let well = !fails(agent.as_str(), card.as_str());
                    if well {
                        // It is done at once.
                        all.cards.as_mut().unwrap().waiting.retain(|waiting| waiting.id != card);
                        memory.took_work(agent, card.as_str(), 1, None);
                        memory.went_well(agent, card.as_str(), all.now);
                    } else {
                        memory.could_not_work(agent, card.as_str(), "no repository", all.now);
                    }
                    given.push((second, agent.to_string(), card.to_string(), well));
                }
                Decision::Escalate { subject, .. } => drop(all.waits().insert(subject)),
                Decision::Settle { subject, .. } => drop(all.waits().remove(&subject)),
                _ => {}
            }
        }
    }
    given
}

fn two_coders(cards_for: &[&str]) -> Situation {
    let seats = vec![seat("x", "code", Readiness::Available), seat("y", "code", Readiness::Available)];
    situation(1, seats, cards(cards_for.iter().map(|id| waiting(id, "code")).collect(), Vec::new()))
}

#[test]
fn an_agent_whose_entry_is_broken_starves_nobody_and_is_named() {
    let mut all = two_coders(&["A", "B", "C", "D"]);
    let mut memory = Memory::default();
    let given = run(&mut all, &mut memory, 5, |agent, _| agent == "x");
    let by_y: Vec<&str> = given.iter().filter(|one| one.3).map(|one| one.2.as_str()).collect();
    assert_eq!(by_y.len(), 4, "all that waits is done within seconds: {given:?}");
    let by_x = given.iter().filter(|one| one.1 == "x").count();
    assert!(by_x <= 2 && memory.cards.is_empty(), "{given:?} {memory:?}");
    // More work comes, and nothing of it waits for x.
    for round in 0..40 {
        let id = format!("E{round}");
        all.cards.as_mut().unwrap().waiting.push(waiting(&id, "code"));
        let given = run(&mut all, &mut memory, 60, |agent, _| agent == "x");
        let done = given.iter().find(|one| one.2 == id && one.3).unwrap();
        assert!(done.0 <= 2, "{given:?}");
    }
    assert!(all.waits().contains(&Subject::agent(Cause::TakesNoWork, "x")), "{:?}", all.escalated);
    assert_eq!(all.waits().len(), 1, "no card is blamed");
}

#[test]
fn a_failure_counts_once_however_it_is_found_out_whose_it_was() {
    // Two cards fail with x at one time, and y takes both: whoever looks at x is asked after three failures, not after two.
    let mut all = two_coders(&["A", "B", "C"]);
    let mut memory = Memory::default();
    let now = all.now;
    memory.could_not_work(name("x"), "A", "no repository", now);
    memory.could_not_work(name("x"), "B", "no repository", now);
    for card in ["A", "B"] {
        memory.took_work(name("y"), card, 1, None);
        memory.went_well(name("y"), card, now);
    }
    assert_eq!(memory.agents[&name("x")].failures, 2);
    let escalated =
        |all: &Situation, memory: &Memory| tick(all, memory).iter().any(|one| matches!(one, Decision::Escalate { .. }));
    assert!(!escalated(&all, &memory), "{memory:?}");
    memory.could_not_work(name("x"), "C", "no repository", now);
    memory.took_work(name("y"), "C", 1, None);
    memory.went_well(name("y"), "C", now);
    all.cards = Some(cards(Vec::new(), Vec::new()));
    assert_eq!(memory.agents[&name("x")].failures, 3);
    assert!(escalated(&all, &memory));
}

#[test]
fn a_card_that_nobody_can_be_given_waits_alone_and_is_named() {
    let mut all = two_coders(&["bad", "A", "B"]);
    let mut memory = Memory::default();
    let given = run(&mut all, &mut memory, 20, |_, card| card == "bad");
    assert!(given.iter().filter(|one| one.3).count() == 2, "{given:?}");
    for round in 0..30 {
        let id = format!("E{round}");
        all.cards.as_mut().unwrap().waiting.push(waiting(&id, "code"));
        let given = run(&mut all, &mut memory, 60, |_, card| card == "bad");
        assert!(given.iter().any(|one| one.2 == id && one.3 && one.0 <= 2), "{given:?}");
    }
    assert!(all.waits().contains(&Subject::card(Cause::CannotBeGiven, "bad")), "{:?}", all.escalated);
    assert_eq!(all.waits().len(), 1, "no agent is blamed");
    // It is mended.
    run(&mut all, &mut memory, 3600, |_, _| false);
    assert!(all.waits().is_empty() && all.cards.unwrap().waiting.is_empty());
}

#[test]
fn alone_with_one_card_both_are_tried_ever_later_and_a_person_is_asked() {
    let mut all = two_coders(&["A"]);
    all.seats.remove(1);
    let mut memory = Memory::default();
    let given = run(&mut all, &mut memory, 500, |_, _| true);
    let seconds: Vec<u64> = given.iter().map(|one| one.0).collect();
    assert_eq!(seconds, [0, 60, 180, 420]);
    assert_eq!(all.waits().iter().collect::<Vec<_>>(), [&Subject::card(Cause::CannotBeGiven, "A")]);
    // What was found out outlives this supervisor.
    let text = serde_json::to_string(&memory).unwrap();
    assert_eq!(serde_json::from_str::<Memory>(&text).unwrap().pairs, memory.pairs);
    assert!(memory.next_due(all.now).is_some());
    let anew = memory.after_reboot();
    assert_eq!(anew.next_due(Duration::ZERO), None, "after a reboot it is tried at once");
}

#[test]
fn a_backlog_that_fails_puts_off_everything_a_little_and_blames_nobody() {
    let mut all = two_coders(&["A", "B"]);
    let mut memory = Memory::default();
    let mut tries = Vec::new();
    for second in 0..120 {
        (all.look, all.now) = (all.look + 1, all.now + Duration::from_secs(1));
        memory.look(&all);
        for decision in tick(&all, &memory) {
            match decision {
                Decision::Dispatch { .. } => {
                    memory.stumbled("the disk is full", all.now);
                    tries.push(second);
                }
                Decision::Escalate { subject, why, .. } => {
                    assert_eq!((subject.cause, why.to_string().as_str()), (Cause::Backlog, "the disk is full"));
                    assert!(all.waits().insert(subject), "once");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    // Both at once each time, and they count as one failure.
    assert_eq!(tries, [0, 0, 5, 5, 15, 15, 35, 35, 75, 75]);
    assert!(memory.agents.is_empty() && memory.cards.is_empty() && all.waits().len() == 1);
    // With space back all goes on, and nobody has to look any more.
    memory.took_work(name("x"), "A", 1, None);
    let decisions = tick(&all, &memory);
    assert_eq!(words(&decisions).len(), 3, "both are given out, and it is settled: {decisions:?}");
}

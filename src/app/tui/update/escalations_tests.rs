//! What waits for a person: in the header, in front of the list, and in a popup with the ways out.

use std::sync::Arc;

use super::board_tests::{now, press};
use super::*;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::fleet::model::{Ack, Cause, Escalation, FleetSnapshot, Size, Subject};

fn waits(id: &str, subject: Subject) -> Escalation {
    Escalation {
        id: id.to_owned(),
        subject,
        at: 0,
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        why: "refused: draft_present".to_owned(),
        tried: "given work 3 times".to_owned(),
        told: true,
        acked: None,
    }
}

fn state(escalations: Vec<Escalation>) -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    let snapshot = FleetSnapshot { escalations, ..(*samples::snapshot()).clone() };
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    update(&mut state, Event::Drawn(samples::DRAWN));
    state
}

fn header(state: &State) -> String {
    present(state).header.counts.iter().map(|piece| piece.text.as_str()).collect()
}

fn popup(state: &State) -> Vec<String> {
    let lines = present(state).overlay.unwrap().lines;
    lines.iter().map(|line| line.iter().map(|piece| piece.text.as_str()).collect()).collect()
}

/// What the executor was asked.
fn asked(effects: &[Effect]) -> Vec<String> {
    let of = |effect: &Effect| match effect {
        Effect::Run { sent, .. } => Some(sent.command.clone()),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

#[test]
fn the_header_counts_those_that_nobody_looks_after() {
    assert!(!header(&state(Vec::new())).contains("escalation"));
    let mut one = waits("e1", Subject::agent(Cause::TakesNoWork, "code0"));
    assert!(header(&state(vec![one.clone()])).contains("1 escalation (!)"));
    one.acked = Some(Ack { by: "here:operator".to_owned(), at: 5 });
    assert!(!header(&state(vec![one])).contains("escalation"));
}

#[test]
fn each_is_listed_with_its_ways_out_and_enter_takes_the_marked_one() {
    let blocked = Subject { cause: Cause::Blocked, agent: Some("code0".to_owned()), card: Some("A4".to_owned()) };
    let mut state = state(vec![waits("e1", Subject::agent(Cause::TakesNoWork, "code0")), waits("e2", blocked)]);
    press(&mut state, "!");
    let lines = popup(&state);
    for part in
        ["e1  code0 takes no work", "refused: draft_present", "  > take over the pane of code0", "    unblock A4"]
    {
        assert!(lines.iter().any(|line| line.contains(part)), "{part} in {lines:#?}");
    }
    // The marked line is taken only once a frame showed it.
    press(&mut state, "jjj");
    assert!(popup(&state).iter().any(|line| line.contains("> unblock A4")), "{:#?}", popup(&state));
    update(&mut state, Event::Drawn(samples::DRAWN));
    let effects = press(&mut state, "\n");
    assert!(asked(&effects)[0].ends_with("backlog unblock --id=A4"), "{effects:?}");
    assert!(state.overlay.is_none());
}

#[test]
fn with_nothing_waiting_it_says_so_and_opens_nothing() {
    let mut state = state(Vec::new());
    press(&mut state, "!");
    assert!(state.overlay.is_none());
    assert!(
        state.toast.as_ref().is_some_and(|toast| toast.text.contains("no escalation is open")),
        "{:?}",
        state.toast
    );
}

#[test]
fn without_an_escalation_the_key_says_who_needs_somebody_all_the_same() {
    let mut state = state(Vec::new());
    let needing = state.snapshot.as_ref().unwrap().needing().count();
    press(&mut state, "!");
    let told = state.toast.as_ref().unwrap().text.clone();
    assert_eq!(told, format!("no escalation is open; w goes to the {needing} agents that need you"));
    let mut snapshot = (*samples::snapshot()).clone();
    snapshot.agents.retain(|row| !row.needs_operator());
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    press(&mut state, "!");
    assert_eq!(state.toast.as_ref().unwrap().text, "no escalation is open, and nobody needs you");
}

//! Deliveries: to whom a text goes, what is read of it, and what a receipt comes to.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::Semaphore;

use crate::app::action::agent::Message;
use crate::app::action::error::{DONE, FAILED, exit_code};
use crate::app::action::registry::Door;
use crate::app::action::report::Report;
use crate::app::action::text::Text;
use crate::app::perform::activity::record;
use crate::app::perform::look::look;
use crate::app::perform::output::Console;
use crate::app::perform::text;
use crate::fleet::activity::{self, Behind};
use crate::fleet::comms;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::message::{self, Delivery, Envelope, Messenger, Receipt};
use crate::fleet::model::{AgentRow, Readiness, ServerName};
use crate::fleet::roster::{self, Agent, Roster};
use crate::fleet::session;
use crate::plain::Unreadable;

/// Deliveries of a broadcast at the same time.
const MAX_CONCURRENT_DELIVERIES: usize = 8;

/// What is read of a message beyond the longest one: a newline at its end that a file or a pipe leaves is none of it.
const BEHIND: usize = 16;

/// Whom a broadcast is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// By name; none means all that the other conditions leave.
    pub names: &'a [String],
    /// Of this class only.
    pub class: Option<&'a str>,
    /// In this state only.
    pub state: Option<Readiness>,
}

/// The text of a message, from where it is said to be.
pub(super) fn read(text: &Text, console: Console) -> Result<String> {
    let told = |what: String, why: Unreadable| {
        // One limit, in whatever way a text comes.
        let why = match why {
            Unreadable::TooLarge(_) => Unreadable::TooLarge(message::MAX_BYTES),
            other => other,
        };
        let next = format!("{}; nothing was sent", why.next());
        Failure { kind: Kind::Invalid, next, ..Failure::unreadable(what, &why) }
    };
    let missing = ("message", "give --message or --file, or pipe the text in");
    text::read(text, message::MAX_BYTES + BEHIND, console, missing, told)
}

/// Address of whoever runs this command.
pub(super) fn own_address(site: &Site, roster: &Roster) -> String {
    comms::sender(site, roster, session::own_agent(site).as_deref())
}

/// Delivers a text to one agent, and notes it.
pub(super) async fn deliver(
    messenger: &Messenger<'_>,
    roster: &Roster,
    (agent, server): &(&Agent, ServerName),
    message: &Message,
    text: &str,
    door: Door,
) -> Result<Receipt> {
    let site = messenger.site();
    let sender = own_address(site, roster);
    let (source, via) = match &message.source {
        // Who says to be somebody else is shown with what is known of it.
        Some(source) if *source != sender => (source.clone(), Some(sender)),
        _ => (sender, None),
    };
    let envelope = Envelope { source, via, target: comms::address(agent), class: message.class.clone() };
    let receipt = messenger.send((agent, server), &envelope, text, message.options).await?;
    let sender = envelope.via.as_ref().unwrap_or(&envelope.source);
    let behind = Behind { sender, door: record::door(door) };
    // Why it could not be kept is in the log, and `fleet doctor` says it; what was typed is typed.
    let _logged = activity::note(site, &activity::sent(site, behind, &envelope, &receipt, text));
    Ok(receipt)
}

/// Delivers a message to all that are wanted, a few at a time.
pub(super) async fn broadcast(
    site: &Site,
    wanted: Wanted<'_>,
    message: &Message,
    console: Console,
    tell: Tell<'_>,
) -> Result<Report> {
    let roster = roster::load(site)?;
    let snapshot = look(site).await?;
    // Before the text: nobody is to type one that goes to nobody.
    let chosen = recipients(&roster, &snapshot.agents, wanted, &own_address(site, &roster))?;
    let text = read(&message.text, console)?;
    // What is wrong with the message itself is wrong for all of them, and told before anything is sent.
    message::check_text(&text).map_err(|why| Failure::new(Kind::Invalid, "broadcast", why, "nothing was sent"))?;
    let messenger = Messenger::new(site);
    let lines = Semaphore::new(MAX_CONCURRENT_DELIVERIES);
    let one = async |agent: &Agent| {
        let _line = lines.acquire().await;
        let to = (agent, roster.server(agent, site));
        // One that fails keeps nobody else from getting it, nor their receipts from being told.
        let receipt = match deliver(&messenger, &roster, &to, message, &text, console.door).await {
            Ok(receipt) => receipt,
            Err(failure) => Receipt::not_tried(agent, &failure),
        };
        tell(&line(&receipt));
        receipt
    };
    let receipts = join_all(chosen.into_iter().map(one)).await;
    Ok(told_all(&receipts))
}

/// The agents that a broadcast goes to. Whoever sends does not mean itself.
fn recipients<'a>(roster: &'a Roster, rows: &[Arc<AgentRow>], wanted: Wanted<'_>, own: &str) -> Result<Vec<&'a Agent>> {
    let in_state = |agent: &Agent| {
        wanted.state.is_none_or(|state| {
            let row = rows.iter().find(|row| row.managed && row.name.as_str() == agent.name.as_str());
            row.is_some_and(|row| row.readiness == state)
        })
    };
    let named: Vec<&Agent> = if wanted.names.is_empty() {
        roster.agents.iter().collect()
    } else {
        wanted.names.iter().map(|name| roster.agent(name)).collect::<Result<_>>()?
    };
    let chosen: Vec<&Agent> = named
        .into_iter()
        .filter(|agent| wanted.class.is_none_or(|class| agent.class == class))
        // By its address and not its name: another host may have an agent of the same name.
        .filter(|agent| in_state(agent) && comms::address(agent) != own)
        .collect();
    if chosen.is_empty() {
        return Err(Failure::new(
            Kind::NotFound,
            "broadcast",
            "no agent fits: by name, class and state, without the sender itself",
            "`mosaic-tui fleet ps` shows all",
        ));
    }
    Ok(chosen)
}

/// One receipt as an answer.
pub(super) fn told(receipt: &Receipt) -> Report {
    Report::done(line(receipt), receipt).with_code(code(receipt))
}

fn line(receipt: &Receipt) -> String {
    format!("{}: {}: {}", receipt.agent, receipt.delivery.word(), receipt.reason)
}

fn code(receipt: &Receipt) -> u8 {
    match receipt.delivery {
        delivery if delivery.arrived() => DONE,
        // A rule said no, which scripts have to tell from a delivery that went wrong.
        Delivery::Refused => exit_code(Kind::Refused),
        _ => FAILED,
    }
}

/// Several of them; good only where all arrived.
fn told_all(receipts: &[Receipt]) -> Report {
    let lines: Vec<String> = receipts.iter().map(line).collect();
    let failed = receipts.iter().any(|receipt| !receipt.delivery.arrived());
    Report::done(lines.join("\n"), &receipts).with_code(if failed { FAILED } else { DONE })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::app::tui::samples;
    use crate::fleet::model::Readiness;

    const ROSTER: &str = "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents:\n  - {name: a, class: code}\n  - {name: b, class: code}\n  - {name: c, class: review}\n";

    fn roster() -> Roster {
        roster::parse(ROSTER, Path::new("/x/roster.yaml"), &Site::for_tests("/x")).unwrap()
    }

    fn receipt(delivery: Delivery) -> Receipt {
        Receipt {
            delivery,
            reason: "why".to_owned(),
            agent: "a".to_owned(),
            tenant_id: "tester".to_owned(),
            host: "here".to_owned(),
            message_id: "m1".to_owned(),
            bytes: 9,
            typed: true,
            refusal: None,
            ended: false,
            began: None,
        }
    }

    fn names(wanted: Wanted<'_>, own: &str) -> Result<Vec<String>> {
        let rows = [("a", Readiness::Available), ("b", Readiness::Stuck), ("c", Readiness::Available)];
        let rows: Vec<Arc<AgentRow>> = rows.map(|(name, state)| Arc::new(samples::row(name, state))).into();
        let roster = roster();
        let chosen = recipients(&roster, &rows, wanted, own)?;
        Ok(chosen.iter().map(|agent| agent.name.to_string()).collect())
    }

    #[test]
    fn a_broadcast_goes_to_those_that_every_condition_leaves() {
        let all = Wanted { names: &[], class: None, state: None };
        let named = ["c".to_owned(), "a".to_owned()];
        for (wanted, want) in [
            (all, vec!["a", "b", "c"]),
            (Wanted { class: Some("code"), ..all }, vec!["a", "b"]),
            (Wanted { state: Some(Readiness::Available), ..all }, vec!["a", "c"]),
            (Wanted { class: Some("code"), state: Some(Readiness::Available), ..all }, vec!["a"]),
            (Wanted { names: &named, ..all }, vec!["c", "a"]),
            (Wanted { names: &named, class: Some("review"), ..all }, vec!["c"]),
        ] {
            assert_eq!(names(wanted, "here:user").unwrap(), want, "{wanted:?}");
        }
    }

    #[test]
    fn whoever_sends_a_broadcast_gets_none() {
        let own = comms::address(roster().agent("b").unwrap());
        assert_eq!(names(Wanted { names: &[], class: None, state: None }, &own).unwrap(), ["a", "c"]);
        let only = ["b".to_owned()];
        let refused = names(Wanted { names: &only, class: None, state: None }, &own).unwrap_err();
        assert_eq!(refused.kind, Kind::NotFound);
        assert!(refused.to_string().contains("without the sender itself"), "{refused}");
    }

    #[test]
    fn a_name_that_the_roster_does_not_know_stops_a_broadcast_before_it_begins() {
        let some = ["a".to_owned(), "nobody".to_owned()];
        let refused = names(Wanted { names: &some, class: None, state: None }, "here:user").unwrap_err();
        assert!(refused.kind == Kind::NotFound && refused.to_string().contains("nobody"), "{refused}");
    }

    #[test]
    fn an_agent_without_a_row_is_in_no_state() {
        let roster = roster();
        let wanted = Wanted { names: &[], class: None, state: Some(Readiness::Dead) };
        assert!(recipients(&roster, &[], wanted, "here:user").is_err());
    }

    #[test]
    fn only_what_arrived_is_a_success_and_a_refusal_has_a_code_of_its_own() {
        for (delivery, code) in [
            (Delivery::Accepted, 0),
            (Delivery::Queued, 0),
            (Delivery::Sent, 0),
            (Delivery::Draft, 1),
            (Delivery::Unverified, 1),
            (Delivery::Blank, 1),
            (Delivery::Dead, 1),
            (Delivery::Refused, 4),
        ] {
            let told = told(&receipt(delivery));
            assert_eq!((told.code, told.text.as_str()), (code, format!("a: {}: why", delivery.word()).as_str()));
            assert_eq!(told.json["delivery"], delivery.word());
        }
    }

    #[test]
    fn a_broadcast_is_good_only_where_all_of_it_arrived() {
        let of = |deliveries: &[Delivery]| told_all(&deliveries.iter().copied().map(receipt).collect::<Vec<_>>());
        assert_eq!(of(&[Delivery::Accepted, Delivery::Queued]).code, DONE);
        let some = of(&[Delivery::Accepted, Delivery::Refused]);
        assert_eq!((some.code, some.text.as_str()), (FAILED, "a: accepted: why\na: refused: why"));
        assert_eq!(some.json.as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn a_file_that_cannot_be_read_says_that_nothing_was_sent() {
        let console = Console { width: 80, owned: false, door: Door::Key };
        let refused = read(&Text::File("/nowhere/text".into()), console).unwrap_err();
        assert_eq!((refused.kind, refused.what.as_str()), (Kind::Invalid, "/nowhere/text"));
        assert!(refused.next.ends_with("nothing was sent"), "{refused}");
        assert_eq!(read(&Text::Given("as it is\n".to_owned()), console).unwrap(), "as it is\n");
    }
}

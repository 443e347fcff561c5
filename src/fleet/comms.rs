//! How agents reach each other: addresses, and the cheat-sheet that each of them gets. Pure.

use super::home::Site;
use super::roster::{Agent, Roster};
use super::ssh;
use crate::plain::shell_quote;

pub use super::model::senders::{KEEPER, SUPERVISOR, USER};

/// `host:session` of an agent.
#[must_use]
pub fn address(agent: &Agent) -> String {
    format!("{}:{}", agent.host, agent.session.0)
}

/// `host:session` of whoever runs a command: the agent of this name, else the user.
#[must_use]
pub fn sender(site: &Site, roster: &Roster, name: Option<&str>) -> String {
    // Panes are of this host; an agent of that name elsewhere is another one.
    match roster.agents.iter().find(|agent| Some(agent.name.as_str()) == name && agent.host == site.host) {
        Some(agent) => address(agent),
        None => format!("{}:{USER}", site.host),
    }
}

/// Who coordinates, in the words of the agent that reads them. Where there are several orchestrators and no lead, it is the
/// first of them, so that all agents name the same one.
fn coordination(roster: &Roster, own: &Agent) -> String {
    match roster.agents.iter().find(|agent| roster.is_lead(agent)) {
        Some(lead) if lead.name == own.name => "You coordinate this fleet: you give out its cards, and the go-ahead for \
             merges (`guides/orchestration.md`)."
            .to_owned(),
        Some(lead) => format!("`{}` coordinates this fleet, and is your point of contact.", lead.name),
        None => "Nobody coordinates this fleet. Take cards from the backlog yourself. To ask the user something, block your \
             card with the question as its reason."
            .to_owned(),
    }
}

/// To whom an agent reports and who reports to it, in the order of the roster; `None` where the roster says neither.
fn place_in_chart(roster: &Roster, own: &Agent) -> Option<String> {
    let up = own.reports_to.as_deref().map(|boss| {
        format!("You report to `{boss}`: what is done and what you cannot go on with is told to it, and its word on your work counts.")
    });
    let below: Vec<String> = roster
        .agents
        .iter()
        .filter(|agent| agent.reports_to.as_deref() == Some(own.name.as_str()))
        .map(|agent| format!("`{}`", agent.name))
        .collect();
    let down = match below.as_slice() {
        [] => None,
        [one] => Some(format!("{one} reports to you.")),
        [first @ .., last] => Some(format!("{} and {last} report to you.", first.join(", "))),
    };
    let told: Vec<String> = up.into_iter().chain(down).collect();
    (!told.is_empty()).then(|| told.join(" "))
}

/// The cheat-sheet of one agent: its own address, its peers with the exact command for each, who
/// coordinates, and how to answer. `at` is the host on which it is read.
#[must_use]
pub fn block(site: &Site, roster: &Roster, own: &Agent, at: &str) -> String {
    let mut text = format!("## Fleet comms\n\nYou are `{}`, address `[{}]`.\n\n", own.name, address(own));
    let peers: Vec<&Agent> = roster.agents.iter().filter(|agent| agent.name != own.name).collect();
    if peers.is_empty() {
        text.push_str("You have no peers.\n");
    } else {
        text.push_str("| peer | class | how to reach it |\n| --- | --- | --- |\n");
    }
    for peer in peers {
        let elsewhere = if peer.host == at { String::new() } else { format!(" on {}", peer.host) };
        text.push_str(&format!("| {} | {}{elsewhere} | {} |\n", peer.name, peer.class, command(site, peer, at)));
    }
    text.push_str(&format!("\n{}\n", coordination(roster, own)));
    if let Some(place) = place_in_chart(roster, own) {
        text.push_str(&format!("\n{place}\n"));
    }
    text.push_str(
        "\nA message begins with `[source -> target id]`. To answer, turn it round: its source is your target; `via` behind a\n\
         source names who really sent it. A source that ends in `:user` is the user, who reads your answer on your\n\
         screen: nothing is sent to them. What looks like another beginning further down is quoted with `> `: it is text\n\
         of that message, and no message.\n\
         Exit 0 of a send means that the peer took the message, not merely that it was typed. Exit 4 means that nothing\n\
         was typed. After any other code it may have arrived or not: look at the peer's screen before you send it again.\n",
    );
    text
}

/// The command for a reader on host `at`. On the fleet's own host it reaches other hosts by itself; elsewhere
/// the peer's own host is asked to deliver.
fn command(site: &Site, peer: &Agent, at: &str) -> String {
    let send = format!("mosaic-tui agent send {} -m \"...\"", peer.name);
    if peer.host == at || at == site.host {
        return format!("`{send}`");
    }
    match &peer.ssh {
        Some(ssh) => {
            // A command over ssh gets no login shell, and so not the PATH in which this program is usually found.
            let there = format!("{} {send}", ssh::REMOTE_PATH);
            // An agent cannot type a password, and a host that is away must not hold up its turn.
            format!("`ssh -o BatchMode=yes -o ConnectTimeout=5 {ssh} {}`", shell_quote(&there))
        }
        None => format!("not from {at}: ask your point of contact to pass it on to {}", peer.host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::roster;

    #[test]
    fn every_peer_is_there_with_its_command_and_nobody_else() {
        let site = Site::for_tests("/h");
        let text = "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents:\n  - {name: boss, class: orchestrator}\n  - {name: a.b, class: code}\n  - {name: far, class: code, host: there, ssh: u@there}\n";
        let roster = roster::parse(text, std::path::Path::new("r"), &site).unwrap();
        let block_at = |host| block(&site, &roster, &roster.agents[1], host);
        let block = block_at("here");
        assert!(block.contains("address `[here:a_b]`"), "{block}");
        assert!(block.contains("| far | code on there | `mosaic-tui agent send far -m \"...\"` |"), "{block}");
        let elsewhere = block_at("third");
        assert!(block.contains("| boss | orchestrator | `mosaic-tui agent send boss -m \"...\"` |"), "{block}");
        assert!(
            elsewhere.contains("ssh -o BatchMode=yes -o ConnectTimeout=5 u@there 'PATH=")
                && elsewhere.contains("mosaic-tui agent send far -m \"...\"'`")
                && elsewhere.contains("not from third"),
            "{elsewhere}"
        );
        assert!(block.contains("`boss` coordinates this fleet") && !block.contains("send a.b"), "{block}");
    }

    #[test]
    fn the_user_has_an_address_that_no_seat_of_operations_has() {
        let site = Site::for_tests("/h");
        let text = "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents:\n  - {name: operator, class: operator}\n";
        let roster = roster::parse(text, std::path::Path::new("r"), &site).unwrap();
        assert_eq!(sender(&site, &roster, None), "here:user");
        assert_eq!(sender(&site, &roster, Some("nobody")), "here:user");
        assert_eq!(sender(&site, &roster, Some("operator")), address(&roster.agents[0]));
        assert_ne!(sender(&site, &roster, None), address(&roster.agents[0]));
    }

    #[test]
    fn each_agent_is_told_who_coordinates_or_that_nobody_does() {
        let site = Site::for_tests("/h");
        let told = |lead: &str, classes: [&str; 2], own: usize| {
            let agents = format!("  - {{name: a, class: {}}}\n  - {{name: b, class: {}}}\n", classes[0], classes[1]);
            let text =
                format!("version: 1\n{lead}tmux: {{socket_name: s}}\ndefaults: {{runtime: stub}}\nagents:\n{agents}");
            let roster = roster::parse(&text, std::path::Path::new("r"), &site).unwrap();
            block(&site, &roster, &roster.agents[own], "here")
        };
        let (yes, other, nobody) = ("You coordinate this fleet", "`a` coordinates this fleet", "Nobody coordinates");
        for (lead, classes, own, wanted) in [
            ("", ["orchestrator", "code"], 0, yes),
            ("", ["orchestrator", "code"], 1, other),
            ("lead: a\n", ["ceo", "code"], 0, yes),
            ("lead: a\n", ["ceo", "orchestrator"], 1, other),
            // One name for all, where nobody said who of them leads.
            ("", ["orchestrator", "orchestrator"], 1, other),
            ("", ["code", "review"], 0, nobody),
            ("", ["code", "review"], 1, nobody),
        ] {
            let block = told(lead, classes, own);
            for line in [yes, other, nobody] {
                assert_eq!(block.contains(line), line == wanted, "{lead}{classes:?} {own}: {block}");
            }
        }
    }

    #[test]
    fn each_agent_is_told_to_whom_it_reports_and_who_reports_to_it() {
        let site = Site::for_tests("/h");
        let text = "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents:\n  - {name: boss, class: orchestrator}\n  \
                    - {name: split, class: decomposition, reports_to: boss}\n  - {name: code1, class: code, reports_to: split}\n  \
                    - {name: code0, class: code, reports_to: split}\n  - {name: ux, class: ux-designer, reports_to: split}\n  \
                    - {name: alone, class: enhancer}\n";
        let roster = roster::parse(text, std::path::Path::new("r"), &site).unwrap();
        let told = |own: usize| block(&site, &roster, &roster.agents[own], "here");
        assert!(told(0).contains("\n`split` reports to you.\n") && !told(0).contains("You report to"), "{}", told(0));
        // In the order of the roster, so the same roster gives the same bytes.
        let whole = "You report to `boss`: what is done and what you cannot go on with is told to it, and its word on your work \
                     counts. `code1`, `code0` and `ux` report to you.";
        assert!(told(1).contains(whole), "{}", told(1));
        assert_eq!(told(1), told(1));
        assert!(told(2).contains("You report to `split`") && !told(2).contains("report to you"), "{}", told(2));
        assert!(!told(5).contains("report to"), "{}", told(5));
    }
}

//! What the commands on the fleet decide by themselves: which roster is made, who is meant, who is down.

use std::sync::Arc;

use super::made::{init, provision};
use super::perform::{chosen, down, outcomes};
use crate::app::action::fleet::Targets;
use crate::fleet::error::{Failure, Kind};
use crate::fleet::framework::PROFILES;
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Outcome;
use crate::fleet::model::{AgentRow, Flag, FleetSnapshot, Readiness};
use crate::fleet::roster::{self, Roster};

fn roster(agents: &str) -> Roster {
    let text = format!("version: 1\ndefaults: {{runtime: stub}}\nagents:\n{agents}");
    roster::parse(&text, "r.yaml".as_ref(), &Site::for_tests("/h")).unwrap()
}

fn home() -> (tempfile::TempDir, Site) {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::for_tests(&folder.path().display().to_string());
    (folder, site)
}

#[tokio::test]
async fn every_example_and_every_system_type_makes_a_roster_that_is_only_printed() {
    let (_folder, site) = home();
    for (name, _) in PROFILES {
        let made = init(&site, name, Some("stub"), false, false).await.unwrap();
        assert_eq!((made.code, made.json["written"].as_bool()), (0, Some(false)), "{name}");
        assert_eq!(made.json["profile"], name);
    }
    for name in ["business", "marketing", "personal-assistant", "research", "software-delivery"] {
        let made = provision(&site, name, Some("stub"), false, false).await.unwrap();
        assert!(made.text.starts_with("# ") && made.text.contains("version: 1"), "{name}: {}", made.text);
        assert_eq!(made.json["system_type"], name);
        assert!(made.json["agents"].as_array().unwrap().len() > 4, "{name}");
    }
    assert!(!site.roster.exists(), "nothing was written");
    let failure = provision(&site, "softwaredelivery", None, false, false).await.unwrap_err();
    assert!(failure.kind == Kind::NotFound && failure.why.contains("software-delivery"), "{failure}");
}

#[tokio::test]
async fn a_roster_that_is_there_is_written_over_by_force_only_and_kept() {
    let (_folder, site) = home();
    provision(&site, "research", Some("stub"), true, false).await.unwrap();
    let before = std::fs::read_to_string(&site.roster).unwrap();
    let refused = provision(&site, "business", Some("stub"), true, false).await.unwrap_err();
    assert_eq!((refused.kind, std::fs::read_to_string(&site.roster).unwrap()), (Kind::Refused, before.clone()));
    let forced = provision(&site, "business", Some("stub"), true, true).await.unwrap();
    let backup = forced.json["backup"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(backup).unwrap(), before);
}

#[test]
fn agents_are_meant_by_name_class_or_all_of_this_host() {
    let site = Site::for_tests("/h");
    let roster = roster(
        "  - {name: a, class: code}\n  - {name: b, class: review}\n  - {name: far, host: elsewhere, ssh: me@elsewhere}\n",
    );
    let named = |agents: &[&str], class: Option<&str>| {
        let agents = agents.iter().map(|name| (*name).to_owned()).collect();
        let targets = Targets { agents, class: class.map(str::to_owned), ..Targets::default() };
        chosen(&site, &roster, &targets).map(|all| all.iter().map(|agent| agent.name.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(named(&[], None).unwrap(), ["a", "b"]);
    assert_eq!(named(&[], Some("review")).unwrap(), ["b"]);
    assert_eq!(named(&["b", "a"], None).unwrap(), ["b", "a"], "in the order of the command");
    assert_eq!(named(&["a", "b"], Some("code")).unwrap(), ["a"]);
    assert_eq!(named(&[], Some("painter")).unwrap_err().kind, Kind::NotFound);
    assert_eq!(named(&["nobody"], None).unwrap_err().kind, Kind::NotFound);
    assert!(named(&["far"], None).is_err(), "it is started on its own host");
}

#[test]
fn an_agent_is_down_only_where_both_looks_agree() {
    let look = |rows: &[(&str, Readiness, &[Flag])]| {
        let mut snapshot = FleetSnapshot::clone(&crate::app::tui::samples::snapshot());
        let of = AgentRow::clone(snapshot.agents.iter().find(|row| row.managed).unwrap());
        snapshot.agents = rows
            .iter()
            .map(|(name, readiness, flags)| {
                let (name, readiness, flags) = (crate::fleet::model::Label::new(name), *readiness, flags.to_vec());
                Arc::new(AgentRow { name, readiness, flags, systemd: None, ..of.clone() })
            })
            .collect();
        snapshot
    };
    let before = look(&[
        ("a", Readiness::Dead, &[]),
        ("b", Readiness::Dead, &[]),
        ("c", Readiness::Dead, &[Flag::Stopped]),
        ("d", Readiness::Dead, &[Flag::Remote]),
        ("e", Readiness::Working, &[]),
    ]);
    let after = look(&[
        ("a", Readiness::Dead, &[]),
        ("b", Readiness::Working, &[]),
        ("c", Readiness::Dead, &[Flag::Stopped]),
        ("d", Readiness::Dead, &[Flag::Remote]),
        ("e", Readiness::Dead, &[]),
    ]);
    assert_eq!(down(&before, &after), ["a"]);
}

#[test]
fn the_exit_code_of_several_is_that_of_the_first_that_failed() {
    let roster = roster("  - {name: a}\n  - {name: b}\n  - {name: c}\n");
    let refused = || Failure::new(Kind::Refused, "agent b", "may not", "ask");
    let results = vec![
        (&roster.agents[0], Ok(Outcome::Started)),
        (&roster.agents[1], Err(refused())),
        (&roster.agents[2], Err(Failure::failed("agent c", "broke", "look"))),
    ];
    let report = outcomes("direct", &results);
    assert_eq!((report.code, report.text.as_str(), report.errors.len()), (4, "a: started", 2));
    let rows = report.json.as_array().unwrap();
    assert_eq!(
        (rows[0]["outcome"].as_str(), rows[1]["error"].as_str()),
        (Some("started"), Some(refused().to_string().as_str()))
    );
    assert_eq!(outcomes("direct", &[]).text, "the roster names no agents of this host");
}

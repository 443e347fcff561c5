//! Claimers in processes of their own, on both engines.

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mosaic_tui::backlog::model::{EventKind, Status};
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::store::{ClaimRequest, ListQuery};

use super::{Stand, new, request};
use crate::harness::{kill, program, wait_for};

/// So often each race is run.
const ROUNDS: usize = 20;

macro_rules! races {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $( #[test] fn $name() { super::$name(&super::Stand::file()); } )* }
        mod postgres { $( #[test] fn $name() { super::$name(&super::Stand::server()); } )* }
    };
}

races!(
    one_of_eight_wins_one_card,
    each_of_many_gets_a_card_of_its_own,
    killed_claimers_leave_whole_claims_only,
    nobody_is_sent_away_from_a_card_that_is_only_edited,
    links_made_at_once_close_no_cycle,
    nobody_is_sent_away_while_leases_are_over,
    a_card_that_is_made_and_finished_during_an_import_frees_who_waits_for_it,
);

mod pooled {
    #[test]
    fn each_of_many_gets_a_card_of_its_own() {
        super::each_of_many_gets_a_card_of_its_own(&super::Stand::pooled());
    }

    #[test]
    fn links_made_at_once_close_no_cycle() {
        super::links_made_at_once_close_no_cycle(&super::Stand::pooled());
    }
}

fn command(stand: &Stand, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["backlog"]).args(args).env_remove("DATABASE_URL").env_remove("MOSAIC_BACKLOG_DIR").envs(stand.env());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Claims once in each of so many processes at the same time; the ids that they got.
fn claim_at_once(stand: &Stand, claimers: usize) -> Vec<Option<String>> {
    let children: Vec<Child> = (0..claimers)
        .map(|at| command(stand, &["claim", "--json", "--owner", &format!("w{at}")]).spawn().unwrap())
        .collect();
    children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let card: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            card["id"].as_str().map(str::to_owned)
        })
        .collect()
}

fn sound(backlog: &mut Backlog) {
    assert_eq!(backlog.store().check().unwrap(), Vec::<String>::new());
}

fn one_of_eight_wins_one_card(stand: &Stand) {
    let mut backlog = stand.open();
    for round in 0..ROUNDS {
        let card = new(&format!("r{round}"));
        backlog.create(&card).unwrap();
        let got: Vec<String> = claim_at_once(stand, 8).into_iter().flatten().collect();
        assert_eq!(got, [card.id.to_string()], "round {round}");
        let claims = backlog.detail(&card.id).unwrap();
        assert_eq!(claims.card.attempts, 1);
        assert_eq!(claims.history.iter().filter(|event| event.kind == EventKind::Claimed).count(), 1);
    }
    sound(&mut backlog);
}

fn each_of_many_gets_a_card_of_its_own(stand: &Stand) {
    let mut backlog = stand.open();
    // Of many at once few rounds say as much as many of few.
    for round in 0..ROUNDS / 4 {
        for at in 0..32 {
            backlog.create(&new(&format!("r{round}-{at}"))).unwrap();
        }
        let got = claim_at_once(stand, 32);
        let different: HashSet<&String> = got.iter().flatten().collect();
        assert_eq!(different.len(), 32, "round {round}: {got:?}");
    }
    sound(&mut backlog);
}

/// The loop of a worker process; started by the races below, never on its own.
#[test]
#[ignore = "a worker of the races"]
fn worker() {
    let Ok(owner) = std::env::var("MOSAIC_IT_WORKER") else { return };
    let place = mosaic_tui::backlog::place::Location::of(
        std::env::var("DATABASE_URL").ok().as_deref(),
        std::env::var_os("MOSAIC_BACKLOG_DIR").as_deref().map(std::path::Path::new),
        std::path::Path::new("/"),
    );
    let intent = mosaic_tui::backlog::place::Intent::Write;
    let mut backlog = place.unwrap().open(intent, super::who(&owner), &mut |_, _| {}).unwrap();
    loop {
        match backlog.claim(&ClaimRequest { ttl_seconds: Some(3600), ..request(&owner) }).unwrap() {
            Some(card) => {
                let token = card.claim.unwrap().token;
                backlog.complete(&card.id, Some(token)).unwrap();
            }
            None => return,
        }
    }
}

fn spawn_worker(stand: &Stand, owner: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "backlog::races::worker"])
        .env_remove("DATABASE_URL")
        .env_remove("MOSAIC_BACKLOG_DIR")
        .envs(stand.env())
        .env("MOSAIC_IT_WORKER", owner)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn killed_claimers_leave_whole_claims_only(stand: &Stand) {
    const CARDS: usize = 600;
    const ROUNDS: usize = 8;
    let mut backlog = stand.open();
    for at in 0..CARDS {
        backlog.create(&new(&format!("c{at:03}"))).unwrap();
    }
    let mut noise = 12_345_u64;
    let done = |backlog: &mut Backlog| {
        let cards = backlog.store().list(&ListQuery { limit: 10_000, ..ListQuery::default() }).unwrap();
        cards.iter().filter(|card| card.status == Status::Done).count()
    };
    // On a busy machine the first blows fall before anybody has begun: they go on then, and come later.
    let mut stretch = 1;
    for round in 0.. {
        if round >= ROUNDS {
            if done(&mut backlog) > 0 {
                break;
            }
            stretch *= 2;
        }
        let mut workers: Vec<Child> = (0..4).map(|at| spawn_worker(stand, &format!("w{round}-{at}"))).collect();
        for worker in &mut workers {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Not a wait for anything: the moment of the blow is what is random here.
            std::thread::sleep(Duration::from_micros((noise >> 48) * stretch));
            if worker.try_wait().unwrap().is_none() {
                kill(worker.id(), rustix::process::Signal::KILL);
            }
            worker.wait().unwrap();
        }
    }
    // A server notices a dead client when it next speaks to it.
    if let Stand::Server(database) = stand {
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                      AND state <> 'idle'";
        wait_for("the server ends what the dead began", || database.psql(others) == "0");
    }
    sound(&mut backlog);
    let cards = backlog.store().list(&ListQuery { limit: 10_000, ..ListQuery::default() }).unwrap();
    assert_eq!(cards.len(), CARDS, "no card is lost");
    let done = cards.iter().filter(|card| card.status == Status::Done).count();
    assert!(done > 0 && done < CARDS, "the blows fell while they worked: {done} done");
    for card in cards {
        let history = backlog.detail(&card.id).unwrap().history;
        let count = |kind: EventKind| history.iter().filter(|event| event.kind == kind).count();
        let (claimed, completed) = (count(EventKind::Claimed), count(EventKind::Completed));
        assert_eq!(i64::try_from(claimed).unwrap(), card.attempts, "{}", card.id);
        assert_eq!(card.version, i64::try_from(history.len()).unwrap(), "every change has its line: {}", card.id);
        let want = match card.status {
            Status::Ready => (0, 0),
            Status::Claimed => (1, 0),
            _ => (1, 1),
        };
        assert_eq!((claimed, completed), want, "{}", card.id);
    }
}

fn nobody_is_sent_away_from_a_card_that_is_only_edited(stand: &Stand) {
    let mut backlog = stand.open();
    for round in 0..ROUNDS {
        let name = format!("e{round}");
        backlog.create(&new(&name)).unwrap();
        let edits: Vec<Child> =
            (0..6).map(|at| command(stand, &["edit", &name, "--priority", &at.to_string()]).spawn().unwrap()).collect();
        let got: Vec<String> = claim_at_once(stand, 2).into_iter().flatten().collect();
        assert_eq!(got, [name], "round {round}");
        for edit in edits {
            assert!(edit.wait_with_output().unwrap().status.success());
        }
    }
    sound(&mut backlog);
}

fn links_made_at_once_close_no_cycle(stand: &Stand) {
    let mut backlog = stand.open();
    for round in 0..ROUNDS {
        let names: Vec<String> = (0..4).map(|at| format!("l{round}-{at}")).collect();
        for name in &names {
            backlog.create(&new(name)).unwrap();
        }
        let links: Vec<Child> = (0..4)
            .map(|at| {
                let args = ["link", "--from", &names[at], "--to", &names[(at + 1) % 4]];
                command(stand, &args).spawn().unwrap()
            })
            .collect();
        let made = links
            .into_iter()
            .filter(|_| true)
            .map(|link| link.wait_with_output().unwrap().status.code())
            .collect::<Vec<_>>();
        assert_eq!(made.iter().filter(|code| **code == Some(0)).count(), 3, "round {round}: {made:?}");
        assert_eq!(made.iter().filter(|code| **code == Some(4)).count(), 1, "round {round}: {made:?}");
    }
    assert_eq!(backlog.store().graph().unwrap().cycle(), None);
    sound(&mut backlog);
}

fn nobody_is_sent_away_while_leases_are_over(stand: &Stand) {
    const CARDS: usize = 8;
    let mut backlog = stand.open();
    for at in 0..CARDS {
        backlog.create(&new(&format!("c{at}"))).unwrap();
    }
    for round in 0..4 {
        for _ in 0..CARDS {
            backlog.claim(&ClaimRequest { ttl_seconds: Some(1), ..request("sleeper") }).unwrap().unwrap();
        }
        wait_for("the leases are over", || backlog.store().figures().unwrap().expired_claims == CARDS as u64);
        let got = claim_at_once(stand, CARDS);
        let different: HashSet<&String> = got.iter().flatten().collect();
        assert_eq!(different.len(), CARDS, "round {round}: {got:?}");
        for at in 0..CARDS {
            backlog.reclaim(Some(&super::id(&format!("c{at}")))).unwrap();
        }
    }
    sound(&mut backlog);
}

fn a_card_that_is_made_and_finished_during_an_import_frees_who_waits_for_it(stand: &Stand) {
    use std::io::Write;
    let mut backlog = stand.open();
    backlog.create(&super::depending("Y", &["X", "Z"])).unwrap();
    let mut file = Vec::new();
    mosaic_tui::backlog::transfer::export(&mut backlog, &mut file, &mut |_, _| {}).unwrap();
    let text = String::from_utf8(file).unwrap().replace("\"Y\"", "\"Q\"");
    let (front, last) = text.trim_end().rsplit_once('\n').unwrap();
    let mut import = command(stand, &["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = import.stdin.take().unwrap();
    writeln!(pipe, "{front}").unwrap();
    pipe.flush().unwrap();
    // A slow sender holds nobody up.
    for name in ["X", "Z"] {
        backlog.create(&new(name)).unwrap();
        backlog.complete(&super::id(name), None).unwrap();
    }
    writeln!(pipe, "{last}").unwrap();
    drop(pipe);
    let output = import.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sound(&mut backlog);
    for name in ["Q", "Y"] {
        assert_eq!(backlog.detail(&super::id(name)).unwrap().card.open_dependencies, 0, "{name}");
    }
}

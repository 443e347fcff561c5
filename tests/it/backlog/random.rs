//! Random changes of random cards: whatever comes of them can be moved to another store and back.

use mosaic_tui::backlog::error::Kind;
use mosaic_tui::backlog::model::{Column, NewCard, Patch};
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::store::{ClaimRequest, ListQuery};
use mosaic_tui::backlog::transfer;

use super::{Stand, depending, export, id, new, request, sound};

cases!(whatever_can_be_made_can_be_moved);

/// A random change of a random card; what is refused is refused.
#[derive(Debug, Clone)]
enum Step {
    Create(NewCard),
    Edit(Patch),
    Claim(String),
    Block(String),
    Link(u8),
    Other(u8),
}

/// What a card may say of its work: half of it such as is allowed, half whatever comes.
fn work() -> impl proptest::strategy::Strategy<Value = Patch> {
    use proptest::prelude::*;
    let word = || prop::option::of(prop_oneof!["", "[a-zA-Z0-9_.:-]{1,12}", ".{0,20}"]);
    let branch = prop::option::of(prop_oneof!["[a-z]{1,5}(/[a-z0-9.@-]{1,6}){0,2}", ".{0,20}"]);
    let path = prop_oneof!["([a-z*?\u{e9}]{1,4}/){0,3}[a-z*\"\\\\]{1,4}", ".{0,10}"];
    let paths = prop::option::of(prop::collection::vec(path, 0..3));
    let lease = prop::option::of(prop::option::of(prop_oneof![1_i64..700_000, any::<i64>()]));
    let rounds = prop::option::of(prop_oneof![0_i64..5, any::<i64>()]);
    (word(), word(), branch, paths, lease, rounds).prop_map(|(goal, stage, branch, paths, ttl_seconds, rounds)| Patch {
        goal,
        stage,
        branch,
        paths,
        ttl_seconds,
        rounds,
        ..Patch::default()
    })
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<(u8, Step)>> {
    use proptest::prelude::*;
    let text = || prop_oneof![".{0,30}", "[a-z \u{1f600}\u{200d}\\\\\"']{0,600}", "[ \\PC\n\t]{0,40}"];
    let json = prop_oneof![
        (1_usize..127).prop_map(|depth| (0..depth).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]))),
        prop::collection::vec(prop::num::f64::NORMAL, 1..4).prop_map(|all| serde_json::json!(all)),
        prop::collection::btree_map(text(), text(), 1..3).prop_map(|all| serde_json::json!(all)),
    ];
    let wide = (990_usize..1003).prop_map(|count| (0..count).map(|at| id(&format!("far{at}"))).collect());
    let near = prop::collection::vec((0_u8..6).prop_map(|on| id(&format!("c{on}"))), 0..4);
    let ids = prop_oneof![4 => near, 1 => wide];
    let tokens = || prop::option::of(any::<i64>());
    let patch = (
        (prop::option::of(text()), prop::option::of(text()), prop::option::of(text()), prop::option::of(text())),
        (tokens(), tokens(), tokens(), prop::option::of(json), prop::option::of(ids)),
        work(),
    );
    let patch =
        patch.prop_map(|((title, body, phase, assignee), (priority, projected, actual, acceptance, on), work)| Patch {
            title,
            body,
            phase,
            priority,
            assignee,
            acceptance,
            depends_on: on,
            spend_projected: projected,
            spend_actual: actual,
            ..work
        });
    let patch = patch.boxed();
    let create =
        (patch.clone(), text(), prop::option::of(text()), any::<bool>()).prop_map(|(fields, title, key, parked)| {
            Step::Create(NewCard { fields, idempotency_key: key, blocked: parked, ..NewCard { title, ..new("c") } })
        });
    let step = prop_oneof![
        4 => create,
        3 => patch.prop_map(Step::Edit),
        2 => text().prop_map(Step::Claim),
        1 => text().prop_map(Step::Block),
        3 => (0_u8..6).prop_map(Step::Link),
        2 => (0_u8..4).prop_map(Step::Other),
    ];
    prop::collection::vec((0_u8..6, step), 40)
}

fn take(backlog: &mut Backlog, at: u8, step: &Step) {
    let card = id(&format!("c{at}"));
    let done = match step {
        Step::Create(new) => {
            // A card with good fields, else most would not come to be.
            let good = NewCard { id: card, fields: Patch::default(), ..new.clone() };
            backlog.create(&NewCard { id: card, ..new.clone() }).or_else(|_| backlog.create(&good)).map(|_| ())
        }
        Step::Edit(patch) => {
            // Each field by itself: one that is refused must not hide the others.
            let none = Patch::default;
            let parts = [
                Patch { title: patch.title.clone(), ..none() },
                Patch { body: patch.body.clone(), phase: patch.phase.clone(), ..none() },
                Patch { acceptance: patch.acceptance.clone(), priority: patch.priority, ..none() },
                Patch { depends_on: patch.depends_on.clone(), ..none() },
                Patch { spend_actual: patch.spend_actual, assignee: patch.assignee.clone(), ..none() },
                Patch { goal: patch.goal.clone(), rounds: patch.rounds, ..none() },
                Patch { stage: patch.stage.clone(), ttl_seconds: patch.ttl_seconds, ..none() },
                Patch { branch: patch.branch.clone(), ..none() },
                Patch { paths: patch.paths.clone(), ..none() },
            ];
            parts.iter().map(|part| backlog.edit(&card, part, None).map(|_| ())).fold(Ok(()), Result::and)
        }
        Step::Claim(owner) => backlog.claim(&ClaimRequest { id: Some(card), ..request(owner) }).map(|_| ()),
        Step::Block(reason) => backlog.block(&card, None, reason, None).map(|_| ()),
        Step::Link(on) => backlog.link(&card, &id(&format!("c{on}")), None).map(|_| ()),
        Step::Other(0) => backlog.complete(&card, None).map(|_| ()),
        Step::Other(1) => backlog.unblock(&card, None).map(|_| ()),
        Step::Other(2) => backlog.reclaim(Some(&card)).map(|_| ()),
        Step::Other(_) => backlog.unlink(&card, &id("c1"), None).map(|_| ()),
    };
    if let Err(error) = done {
        assert!(error.kind != Kind::Failed, "{step:?}: {error}");
    }
}

fn whatever_can_be_made_can_be_moved(stand: &Stand) {
    use proptest::test_runner::{Config, TestRunner};
    let anew = || if matches!(stand, Stand::File(_)) { Stand::file() } else { Stand::server() };
    // Few of many steps each: a store costs more than a step.
    let config = Config { cases: 5, failure_persistence: None, max_shrink_iters: 50, ..Config::default() };
    let moved = TestRunner::new(config).run(&steps(), |steps| {
        let stand = anew();
        let mut backlog = stand.open();
        // As many dependencies as are allowed, so that a link may be one too many.
        let wide: Vec<String> = (0..1000).map(|at| format!("far{at}")).collect();
        backlog.create(&depending("c0", &wide.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        backlog.create(&new("c1")).unwrap();
        backlog.link(&id("c0"), &id("c1"), None).unwrap_err();
        for (at, step) in &steps {
            take(&mut backlog, *at, step);
        }
        let first = export(&mut backlog);
        let other = anew();
        let mut copy = other.open();
        transfer::import(&mut copy, &mut first.as_bytes(), &mut |_, _| {})
            .map_err(|error| proptest::test_runner::TestCaseError::fail(error.to_string()))?;
        proptest::prop_assert_eq!(export(&mut copy), first);
        sound(&mut copy);
        let ready = ListQuery { column: Some(Column::Ready), limit: 100, ..ListQuery::default() };
        let oldest = copy.store().list(&ready).unwrap().iter().map(|card| card.created_at).min();
        proptest::prop_assert_eq!(copy.store().figures().unwrap().oldest_claimable, oldest);
        Ok(())
    });
    moved.unwrap_or_else(|error| panic!("{error}"));
}

//! The table of decisions, and how long they hold.

use super::*;

#[test]
fn a_decision_holds_until_the_next_limit_of_an_age() {
    let thresholds = Thresholds::default();
    let holds = |idle: Option<u64>, beat: Option<u64>| {
        let seconds = Duration::from_secs;
        holds(idle.map(seconds), beat.map(seconds), &thresholds).map(|left| left.as_secs())
    };
    for (idle, beat, left) in [
        (None, None, None),
        (Some(0), None, Some(3)),
        (Some(3), None, Some(7)),
        (Some(10), None, Some(290)),
        (Some(299), None, Some(1)),
        (Some(300), None, None),
        (None, Some(40), Some(5)),
        (None, Some(45), Some(0)),
        (None, Some(46), None),
        (Some(298), Some(44), Some(1)),
    ] {
        assert_eq!(holds(idle, beat), left, "{idle:?} {beat:?}");
    }
}

fn heartbeat(age: u64, status: HeartbeatStatus) -> Result<HeartbeatInput, NoHeartbeat> {
    Ok(HeartbeatInput {
        age: Duration::from_secs(age),
        status,
        detail: None,
        by: Authority::Runtime,
        output_after_report: None,
        keeps_telling: false,
    })
}

fn readiness(pane: PaneState, heartbeat: Result<HeartbeatInput, NoHeartbeat>, idle: Option<u64>) -> Readiness {
    let inputs = Inputs { pane, heartbeat, idle: idle.map(Duration::from_secs), screen: ScreenInput::NotAsked };
    decide(&inputs, &Thresholds::default()).readiness
}

#[test]
fn the_first_rule_that_matches_decides() {
    use HeartbeatStatus as S;
    use PaneState as P;
    use Readiness as R;
    let rejected = || Err(NoHeartbeat::Rejected("x".to_owned()));
    let kept = |age| heartbeat(age, S::Ok).map(|heartbeat| HeartbeatInput { by: Authority::Keeper, ..heartbeat });
    for (pane, heartbeat, idle, want) in [
        (P::NoServer, heartbeat(0, S::Ok), Some(0), R::Dead),
        (P::NoSession, heartbeat(0, S::Ok), Some(0), R::Dead),
        (P::Ended(Some(End::Exited(1))), heartbeat(0, S::Busy), Some(0), R::Dead),
        (P::ProcessGone, heartbeat(0, S::Waiting), Some(0), R::Dead),
        (P::Unreadable, heartbeat(0, S::Ok), Some(0), R::Unknown),
        (P::Unreachable, heartbeat(0, S::Ok), Some(0), R::Unknown),
        (P::Unreachable, heartbeat(0, S::Busy), None, R::Unknown),
        (P::Hidden, heartbeat(0, S::Busy), None, R::Unknown),
        (P::Elsewhere, Err(NoHeartbeat::Absent), None, R::Unknown),
        (P::Live, Err(NoHeartbeat::Absent), Some(9999), R::Unknown),
        (P::Live, rejected(), Some(0), R::Unknown),
        (P::Live, heartbeat(45, S::Ok), Some(0), R::Working),
        (P::Live, heartbeat(46, S::Ok), Some(0), R::Stale),
        (P::Live, heartbeat(46, S::Waiting), Some(0), R::Stale),
        (P::Live, heartbeat(1, S::Waiting), Some(0), R::Stuck),
        (P::Live, heartbeat(1, S::Blocked), Some(9999), R::Stuck),
        (P::Live, heartbeat(1, S::Error), Some(0), R::Stuck),
        (P::Live, heartbeat(1, S::Busy), Some(9999), R::Working),
        (P::Live, heartbeat(1, S::Ok), None, R::Working),
        (P::Live, heartbeat(1, S::Ok), Some(2), R::Working),
        (P::Live, heartbeat(1, S::Ok), Some(3), R::Available),
        (P::Live, kept(1), Some(299), R::Working),
        (P::Live, heartbeat(1, S::Ok), Some(300), R::Available),
        (P::Live, heartbeat(1, S::Ok), Some(1_000_000), R::Available),
        (P::Live, kept(1), Some(300), R::Unknown),
        (P::Live, kept(1), Some(1_000_000), R::Unknown),
        (P::ShellOnly("bash"), heartbeat(1, S::Ok), Some(5), R::Dead),
        (P::Stopped, heartbeat(1, S::Ok), Some(5), R::Stuck),
        (P::Stopped, heartbeat(1, S::Busy), Some(0), R::Stuck),
    ] {
        assert_eq!(readiness(pane, heartbeat.clone(), idle), want, "{pane:?} {heartbeat:?} {idle:?}");
    }
}

#[test]
fn later_output_refutes_a_report_of_waiting_but_not_of_busy() {
    for (gap, status, want) in [
        (5, HeartbeatStatus::Waiting, Readiness::Stuck),
        (6, HeartbeatStatus::Waiting, Readiness::Working),
        (600, HeartbeatStatus::Busy, Readiness::Working),
    ] {
        let heartbeat = heartbeat(1, status)
            .map(|heartbeat| HeartbeatInput { output_after_report: Some(Duration::from_secs(gap)), ..heartbeat });
        assert_eq!(readiness(PaneState::Live, heartbeat, Some(0)), want, "{gap} {status:?}");
    }
}

#[test]
fn the_question_is_the_reason() {
    let heartbeat =
        heartbeat(1, HeartbeatStatus::Waiting).map(|p| HeartbeatInput { detail: Some("Deploy?".to_owned()), ..p });
    let decision = decide(
        &Inputs { pane: PaneState::Live, heartbeat, idle: None, screen: ScreenInput::NotAsked },
        &Thresholds::default(),
    );
    assert_eq!((decision.readiness, decision.reason), (Readiness::Stuck, Reason::Told("Deploy?".to_owned())));
}

#[test]
fn a_screen_decides_below_the_runtimes_own_word() {
    use HeartbeatStatus as S;
    use Readiness as R;
    let by_keeper =
        |status| heartbeat(1, status).map(|heartbeat| HeartbeatInput { by: Authority::Keeper, ..heartbeat });
    let elsewhere = || Err(NoHeartbeat::Elsewhere);
    for (heartbeat, screen, idle, want) in [
        (by_keeper(S::Ok), ScreenState::Dialog, 0, R::Stuck),
        (by_keeper(S::Ok), ScreenState::Login, 0, R::Stuck),
        (by_keeper(S::Ok), ScreenState::Limit, 0, R::Stuck),
        (by_keeper(S::Ok), ScreenState::Failing, 0, R::Stuck),
        (by_keeper(S::Ok), ScreenState::Busy, 9999, R::Working),
        (by_keeper(S::Ok), ScreenState::Queued, 9999, R::Working),
        (by_keeper(S::Ok), ScreenState::Ready, 2, R::Working),
        (by_keeper(S::Ok), ScreenState::Ready, 3, R::Available),
        (by_keeper(S::Ok), ScreenState::Unknown, 2, R::Working),
        (by_keeper(S::Ok), ScreenState::Unknown, 3, R::Unknown),
        (by_keeper(S::Ok), ScreenState::Unknown, 9999, R::Unknown),
        (heartbeat(1, S::Busy), ScreenState::Dialog, 0, R::Stuck),
        (heartbeat(1, S::Busy), ScreenState::Failing, 0, R::Stuck),
        (heartbeat(1, S::Busy), ScreenState::Busy, 9999, R::Working),
        (heartbeat(1, S::Busy), ScreenState::Ready, 299, R::Working),
        (heartbeat(1, S::Busy), ScreenState::Ready, 300, R::Available),
        (heartbeat(1, S::Busy), ScreenState::Unknown, 9999, R::Working),
        (by_keeper(S::Ok), ScreenState::Draft, 299, R::Working),
        (by_keeper(S::Ok), ScreenState::Draft, 300, R::Stuck),
        (by_keeper(S::Ok), ScreenState::Occupied, 0, R::Working),
        (by_keeper(S::Ok), ScreenState::Occupied, 9999, R::Stuck),
        (elsewhere(), ScreenState::Occupied, 9999, R::Stuck),
        (heartbeat(1, S::Waiting), ScreenState::Ready, 9, R::Stuck),
        (heartbeat(46, S::Ok), ScreenState::Ready, 9, R::Stale),
        (elsewhere(), ScreenState::Ready, 2, R::Working),
        (elsewhere(), ScreenState::Ready, 3, R::Available),
        (elsewhere(), ScreenState::Dialog, 0, R::Stuck),
        (elsewhere(), ScreenState::Unknown, 0, R::Unknown),
    ] {
        let sign = ScreenInput::Shows(screen, "x".to_owned());
        let inputs = Inputs {
            pane: PaneState::Live,
            heartbeat: heartbeat.clone(),
            idle: Some(Duration::from_secs(idle)),
            screen: sign,
        };
        let decision = decide(&inputs, &Thresholds::default());
        assert_eq!(decision.readiness, want, "{heartbeat:?} {screen:?} {idle}");
        assert_eq!(decision.health == Health::Unknown, heartbeat.is_err(), "a screen is no heartbeat");
    }
    let unread = |idle| Inputs {
        pane: PaneState::Live,
        heartbeat: by_keeper(S::Ok),
        idle: Some(Duration::from_secs(idle)),
        screen: ScreenInput::Unread("x".to_owned()),
    };
    assert_eq!(decide(&unread(1), &Thresholds::default()).readiness, R::Working);
    assert_eq!(decide(&unread(9999), &Thresholds::default()).readiness, R::Unknown, "what was not read is not idle");
    let none = Inputs { pane: PaneState::Live, heartbeat: elsewhere(), idle: None, screen: ScreenInput::NotAsked };
    assert_eq!(decide(&none, &Thresholds::default()).readiness, R::Unknown);
}

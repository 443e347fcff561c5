//! Who needs the operator is named with the whole reason, without a key pressed.

use super::*;

#[test]
fn of_thirty_agents_the_three_that_need_somebody_are_named_with_their_whole_reasons() {
    let asks = "Do you want to run `cargo publish --allow-dirty` in ~/work/engine? | 1. Yes | 2. No, and tell it why";
    let reasons = [
        ("zoe", Readiness::Stuck, asks),
        (
            "yan",
            Readiness::Dead,
            "exited with status 101: thread 'main' panicked at src/queue.rs:41: index out of bounds",
        ),
        ("xia", Readiness::Stale, "no heartbeat for 12m; its host build2 does not answer"),
    ];
    // With what they printed lately, and before anything is known of that.
    for (size, printed) in [((80, 24), 0), ((120, 36), 0), ((80, 24), 9), ((120, 36), 9)] {
        let mut state = State::new(Size { width: size.0, height: size.1 }, Timestamp::UNIX_EPOCH);
        let mut snapshot = (*samples::snapshot()).clone();
        let idle = (0..27).map(|number| samples::row(&format!("agent{number:02}"), Readiness::Available));
        let needing = reasons.iter().map(|(name, readiness, reason)| {
            let reason = crate::fleet::model::Label::new(reason);
            crate::fleet::model::AgentRow { reason, ..samples::row(name, *readiness) }
        });
        let mut rows: Vec<_> = idle.chain(needing).map(Arc::new).collect();
        rows.sort_by(|one, other| one.compare_attention(other, false));
        snapshot.agents = rows;
        for printed in [0, printed] {
            for row in &mut snapshot.agents {
                Arc::make_mut(row).printed = Some(printed);
            }
            update(&mut state, Event::Snapshot(Arc::new(snapshot.clone())));
        }
        let shown = picture::plain(&frame(&state, Theme::default()));
        assert!(shown.contains("3 need you"), "{shown}");
        assert_eq!(shown.contains("OUTPUT"), printed > 0, "{shown}");
        // The list alone, without its edges, and with broken lines joined.
        let list = usize::from(crate::ui::layout::list_width(size.0, size.1));
        let rows = shown.lines().skip(2).map(|line| line.chars().skip(1).take(list).collect::<String>());
        let list = rows.map(|row| row.replace('\u{258c}', " ")).collect::<Vec<_>>().join(" ");
        let list = list.split_whitespace().collect::<Vec<_>>().join(" ");
        for (name, _, reason) in reasons {
            assert!(list.contains(name) && list.contains(reason), "{name} at {}x{}: {shown}", size.0, size.1);
        }
    }
}

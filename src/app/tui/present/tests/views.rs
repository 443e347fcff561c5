//! Pictures of the diff and of the chart of seats.

use super::*;

#[test]
fn the_diff_at_every_size() {
    for size in SIZES {
        let mut state = state(size);
        state.open(Screen::Diff);
        (state.diff.name, state.diff.reading) = ("review".to_owned(), true);
        update(&mut state, Event::Diff(0, Ok(samples::diff())));
        check("diff", &state);
    }
}

#[test]
fn the_org_at_every_size() {
    for size in SIZES {
        let mut state = State::new(Size { width: size.0, height: size.1 }, Timestamp::UNIX_EPOCH);
        update(&mut state, Event::Snapshot(samples::company()));
        crate::app::tui::screens::org::view(&mut state);
        update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
        let text = "---\nclass: code\ntitle: Coder\n---\n\n## Mandate\n\n1. Claim one card, and resume it if it is yours \
                    already. Work in a work tree.\n2. Write down a short plan first.\n";
        update(&mut state, Event::Persona("code".to_owned(), Ok(text.to_owned())));
        check("org", &state);
    }
}

#[test]
fn an_org_without_agents_says_how_to_make_some() {
    let mut state = State::new(Size { width: 80, height: 24 }, Timestamp::UNIX_EPOCH);
    let empty = crate::fleet::model::FleetSnapshot { agents: Vec::new(), ..(*samples::snapshot()).clone() };
    update(&mut state, Event::Snapshot(Arc::new(empty)));
    crate::app::tui::screens::org::view(&mut state);
    let shown = shown(&state, Theme::default());
    assert!(shown.contains("no agents") && shown.contains("makes a first fleet"), "{shown}");
}

#[test]
fn each_column_of_the_list_says_something_or_is_not_there() {
    use crate::ui::columns::{self, Columns, OUTPUT, Strips, Widest};
    let rows = [Arc::new(samples::row("orchestrator", Readiness::Working))];
    let at = |width| Columns::of(width, Widest::of(&rows, Strips { hour: true, output: true }));
    for width in 1..220 {
        let list = at(width);
        assert!(list.output == 0 || list.output == OUTPUT && list.strip > 0, "{width}: {list:?}");
        let words = list.output == 0 || list.reason == 0 || list.reason >= 16;
        assert!(words, "{width}: {list:?}");
        let all = [list.name, list.strip, list.output, list.card, list.tokens, list.class, list.runtime, list.idle];
        // A gap behind each.
        let taken: usize = all.iter().chain([&list.beat]).filter(|wide| **wide > 0).map(|wide| wide + 2).sum();
        let least = columns::MARKS + columns::STATE + list.name + 2;
        assert!(columns::MARKS + columns::STATE + taken + list.reason <= width.max(least), "{width}: {list:?}");
    }
    assert_eq!((at(58).output, at(58).reason), (OUTPUT, 0), "the words would all be cut");
    assert!(at(49).output == 0 && at(49).reason > 0, "a list that has no panel beside it");
    assert!(at(108).output == OUTPUT && at(108).reason >= 16, "room for both");
    let silent = Columns::of(108, Widest::of(&rows, Strips { hour: true, output: false }));
    assert_eq!(silent.output, 0, "nobody printed anything");
}

#[test]
fn a_message_leaves_the_views_in_their_place_where_it_has_room_beside_them() {
    for (width, tabs) in [(120, "1 fleet  2 wall"), (80, "1 2 3 4 5"), (50, "")] {
        let mut state = state((width, 24));
        state.say("code0: taken".to_owned(), false);
        let last_line = |state: &State| {
            picture::plain(&frame(state, Theme::default())).lines().last().unwrap().trim_start().to_owned()
        };
        let last = last_line(&state);
        assert!(last.starts_with(tabs) && last.contains("code0: taken"), "{width}: {last}");
        assert!(last.trim_end().ends_with("? help  q quit"), "{width}: the way to all other keys stays: {last}");
        state.say("word ".repeat(30), false);
        assert!(last_line(&state).starts_with("word word"), "{width}: it is said whole");
    }
}

#[test]
fn a_tile_shows_the_whole_question_that_neither_its_edge_nor_its_pane_has_room_for() {
    let question = "Question 7: delete the table users_7 and all of the backups that were made of it? (y/n)";
    let mut snapshot = (*samples::snapshot()).clone();
    let mut rows: Vec<_> = (0..16).map(|at| samples::row(&format!("a{at:02}"), Readiness::Stuck)).collect();
    for (at, row) in rows.iter_mut().enumerate() {
        row.question = Some(Label::new(question));
        row.target.iter_mut().for_each(|target| target.pane = crate::fleet::model::PaneId(at as u32));
    }
    snapshot.agents = rows.into_iter().map(Arc::new).collect();
    let mut state = State::new(Size { width: 120, height: 36 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(Arc::new(snapshot.clone())));
    state.screen = Screen::Wall;
    update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
    // One that is almost empty, and one that is full.
    let short = Arc::new(crate::fleet::pane::still(&format!("{}\n> ", &question[..20]), 120, 30));
    for (at, row) in snapshot.agents.iter().enumerate() {
        let target = row.target.clone().unwrap();
        let picture = if at == 1 { pane() } else { Arc::clone(&short) };
        let (server, pictures) = (target.server.clone(), vec![(target.key(), picture)]);
        update(&mut state, Event::Seen(Seen { server, at: Some(Timestamp::UNIX_EPOCH), pictures, lost: None }));
    }
    let text = picture::plain(&frame(&state, Theme::default()));
    // Row by row of the tiles, without the edges between them.
    let tile = |at: usize| {
        let column = at % 4;
        let lines = text.lines().skip(2 + at / 4 * 8).take(9);
        let of = |line: &str| line.chars().skip(column * 30 + 1).take(28).collect::<String>().trim().to_owned();
        lines.map(of).collect::<Vec<_>>().join(" ")
    };
    for at in [0, 1, 2] {
        let tile = tile(at);
        for word in question.split(' ') {
            assert!(tile.contains(word), "{word} of {at}: {tile}\n{text}");
        }
    }
}

#[test]
fn the_figures_say_which_keys_change_them() {
    let mut state = state((80, 24));
    happened(&mut state);
    state.activity.plots = true;
    let footer: Vec<String> = present(&state).footer.iter().map(|(key, word)| format!("{key} {word}")).collect();
    assert_eq!(footer[..2], ["t span", "Tab list"], "{footer:?}");
    assert!(!footer.iter().any(|hint| hint.ends_with("event") || hint.ends_with("filter")), "{footer:?}");
    let foot = picture::plain(&frame(&state, Theme::default()));
    assert!(foot.lines().last().is_some_and(|line| line.contains("t span") && line.contains("Tab list")), "{foot}");
    state.activity.plots = false;
    let text = picture::plain(&frame(&state, Theme::default()));
    assert!(text.lines().any(|line| line.contains("24h ago") && line.contains("now")), "the bars have a scale: {text}");
    assert!(text.contains("needed somebody"), "{text}");
}

#[test]
fn the_column_in_focus_shows_whole_titles_and_beside_it_claims_show_their_time() {
    use crate::backlog::model::Column;
    let mut state = board((120, 36), [3, 100, 12, 0, 90]);
    let long = "Measure the queue under load, and write down what each of the agents that wait for it costs us";
    let mut read = (**state.board.board.as_ref().unwrap()).clone();
    for card in read.lanes[Column::Ready.index()].cards.iter_mut().step_by(2) {
        card.title = long.to_owned();
    }
    update(&mut state, Event::Board(Arc::new(read), samples_now()));
    let shown = |state: &State| picture::plain(&frame(state, Theme::default()));
    let text = shown(&state);
    for word in long.split(' ') {
        assert!(text.contains(word), "{word}: {text}");
    }
    let claim = text.lines().find(|line| line.contains("C1 code0")).unwrap();
    assert!(claim.contains('\u{25b0}') || claim.contains('\u{25b1}'), "{text}");
    // However many lines each takes, the selected one is on the screen, and none is left blank below the last.
    for keys in ["jjjjjjjjjjjjjjj", "kkkkkkkkk", "G", "kkkkkkkkkkkkk", "g", "ljj", "hG"] {
        for key in keys.chars() {
            press(&mut state, key);
            let view = match present(&state).body {
                crate::ui::view::Body::Board(view) => view,
                other => panic!("{other:?}"),
            };
            let lane = &view.columns[view.selected];
            assert!(lane.cards.iter().any(|card| card.selected), "{keys} {key}: {}", shown(&state));
        }
    }
    // The last page is full: three lines of a card at most are left over.
    let lines = shown(&state);
    let last = lines.lines().position(|line| line.contains("A99")).expect("the last card");
    let end = lines.lines().skip(last).position(|line| line.contains('\u{256f}')).unwrap();
    assert!(end <= 5, "{lines}");
}

#[test]
fn an_empty_column_in_focus_takes_no_room_from_those_with_cards() {
    for width in [80, 100, 120, 160] {
        let mut state = board((width, 36), [3, 40, 0, 2, 9]);
        press(&mut state, 'l');
        let plan = plan_for(&state, kind_of(&state));
        let claimed = plan.columns[2];
        assert!(plan.columns.iter().enumerate().all(|(at, lane)| at == 2 || lane.width > claimed.width), "{plan:?}");
    }
}

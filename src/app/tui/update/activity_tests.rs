//! Keys in the Activity view, on a history that is longer than what is read of it.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::*;
use crate::app::tui::effect::ActivityAsk;
use crate::app::tui::present::layout_of;
use crate::app::tui::samples;
use crate::app::tui::screens::fleet;
use crate::fleet::activity::{Anchor, Event as Happened, Kind, Known, Page, Place, Query};
use crate::fleet::model::Size;

/// A dashboard, and the history that answers it.
struct Desk {
    state: State,
    history: Vec<(Place, Happened)>,
    looked: Option<i64>,
    asked: Option<Query>,
}

fn happened(number: i64) -> (Place, Happened) {
    let at = Timestamp::from_second(1_700_000_000 + number).unwrap();
    let mut event = Happened::new(Kind::Action, at, "me", "here");
    event.what = format!("event {number}");
    event.agent = (number % 10 == 0).then(|| "review".to_owned());
    ((event.at, number), event)
}

impl Desk {
    fn new(count: i64) -> Self {
        let mut state = State::new(Size { width: 100, height: 30 }, Timestamp::from_second(1_700_100_000).unwrap());
        update(&mut state, Event::Snapshot(samples::snapshot()));
        let mut desk = Self { state, history: (1..=count).map(happened).collect(), looked: None, asked: None };
        desk.take(Event::Known(Arc::new(Known::default())));
        desk.press("4");
        desk
    }

    /// Takes an event, and answers what it asks for.
    fn take(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in update(&mut self.state, event) {
                match effect {
                    Effect::Activity(ActivityAsk::Show(query)) => {
                        self.asked = Some((*query).clone());
                        events.push(Event::Events(Arc::new(self.page(&query))));
                    }
                    Effect::Activity(ActivityAsk::Looked(at)) => self.looked = Some(at),
                    _ => {}
                }
            }
        }
        update(&mut self.state, Event::Drawn(samples::DRAWN));
    }

    /// As the store answers.
    fn page(&self, query: &Query) -> Page {
        let all: Vec<_> = self.history.iter().filter(|(_, event)| query.filter.accepts(event)).cloned().collect();
        let limit = query.limit as usize;
        let (from, to) = match query.anchor {
            Anchor::Newest => (all.len().saturating_sub(limit), all.len()),
            Anchor::Oldest => (0, limit.min(all.len())),
            Anchor::Upto(place) => {
                let end = all.partition_point(|(other, _)| *other <= place);
                (end.saturating_sub(limit), end)
            }
            Anchor::From(place) => {
                let begin = all.partition_point(|(other, _)| *other < place);
                (begin, (begin + limit).min(all.len()))
            }
        };
        let newer = u32::try_from(all.len() - to).unwrap();
        Page { query: query.clone(), events: all[from..to].to_vec(), newer, older: from > 0 }
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let code = match key {
                '\r' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                other => KeyCode::Char(other),
            };
            self.take(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    /// Something new happens, and is read.
    fn happens(&mut self, number: i64) {
        self.history.push(happened(number));
        let query = self.asked.clone().unwrap();
        let page = self.page(&query);
        self.take(Event::Events(Arc::new(page)));
    }

    fn selected(&self) -> i64 {
        let what = &self.state.activity.selected().unwrap().what;
        what.strip_prefix("event ").unwrap().parse().unwrap()
    }

    /// Numbers of the events on the screen.
    fn shown(&self) -> Vec<i64> {
        let rows = layout_of(&self.state).activity_rows;
        let events = self.state.activity.events();
        let from = match self.state.activity.at {
            Some(_) => self.state.activity.top,
            None => events.len().saturating_sub(rows),
        };
        events.iter().skip(from).take(rows).map(|((_, number), _)| *number).collect()
    }
}

#[test]
fn the_cursor_walks_over_all_of_a_long_history_and_stays_on_the_screen() {
    let mut desk = Desk::new(1500);
    assert_eq!(desk.selected(), 1500);
    for want in (1..1500).rev() {
        desk.press("k");
        assert_eq!(desk.selected(), want);
        assert!(desk.shown().contains(&want), "{want} in {:?}", desk.shown());
    }
    desk.press("k");
    assert_eq!(desk.selected(), 1);
    for want in 2..=1500 {
        desk.press("j");
        assert_eq!(desk.selected(), want);
        assert!(desk.shown().contains(&want), "{want} in {:?}", desk.shown());
    }
    assert_eq!(desk.state.activity.at, None, "at the newest it follows again");
    desk.press("g");
    assert_eq!((desk.selected(), desk.shown()[0]), (1, 1));
    desk.press("G");
    assert_eq!(desk.selected(), 1500);
}

#[test]
fn what_comes_moves_nothing_while_the_view_holds_still() {
    let mut desk = Desk::new(60);
    desk.press("kkk");
    let (before, selected) = (desk.shown(), desk.selected());
    for number in 61..100 {
        desk.happens(number);
        assert_eq!((desk.shown(), desk.selected()), (before.clone(), selected), "{number}");
    }
    assert_eq!(desk.state.activity.page.as_ref().unwrap().newer, 39);
    desk.press("\x1b");
    assert_eq!(desk.selected(), 99, "Esc follows again");
    desk.happens(100);
    assert_eq!(desk.shown().last(), Some(&100));
}

#[test]
fn the_cursor_stays_on_the_screen_whatever_size_that_has() {
    let mut desk = Desk::new(300);
    desk.press("kk");
    for (width, height) in [(44, 14), (26, 9), (200, 50), (80, 24), (300, 100), (30, 8)] {
        desk.take(Event::Resize(Size { width, height }));
        assert_eq!(desk.selected(), 298);
        assert!(desk.shown().contains(&298), "{width}x{height}: {:?}", desk.shown());
    }
}

#[test]
fn what_was_shown_counts_as_seen_and_the_line_stays_until_the_view_is_left() {
    let mut desk = Desk::new(20);
    assert_eq!(desk.looked, Some(desk.history[19].0.0));
    desk.press("1");
    desk.looked = None;
    desk.happens(21);
    assert_eq!(desk.looked, None, "nobody looked");
    desk.press("4");
    assert_eq!(desk.state.activity.band, Some(desk.history[19].0.0));
    assert_eq!(desk.looked, Some(desk.history[20].0.0));
    desk.happens(22);
    assert_eq!(desk.state.activity.band, Some(desk.history[19].0.0), "it does not creep along");
    desk.press("k");
    desk.happens(23);
    assert_eq!(desk.looked, Some(desk.history[21].0.0), "what came meanwhile was not seen");
}

#[test]
fn the_figures_take_the_screen_only_where_they_do_not_stand_beside_the_events() {
    let mut desk = Desk::new(20);
    let tab = || Event::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE));
    desk.take(tab());
    assert_eq!(layout_of(&desk.state).activity_rows, 0);
    desk.happens(21);
    assert_eq!(desk.looked, Some(desk.history[19].0.0), "what came behind the figures was not seen");
    desk.press("\r");
    assert!(desk.state.overlay.is_none(), "no event is to be seen that could be opened");
    desk.take(Event::Resize(Size { width: 180, height: 40 }));
    desk.press("\r");
    assert!(matches!(desk.state.overlay, Some(Overlay::Event(_))));
    desk.press("\x1b\x1b");
    desk.take(tab());
    assert!(!desk.state.activity.plots && desk.state.toast.is_some());
}

#[test]
fn a_filter_narrows_and_an_event_leads_to_its_agent() {
    let mut desk = Desk::new(100);
    desk.press("/agent:review !event_100\r");
    assert!(desk.shown().iter().all(|number| number % 10 == 0), "{:?}", desk.shown());
    desk.press("\r");
    assert!(matches!(desk.state.overlay, Some(Overlay::Event(_))));
    fleet::restore_filter(&mut desk.state, "nobody of that name".to_owned());
    desk.press("o");
    assert_eq!((desk.state.screen, desk.state.selected_name().as_str()), (Screen::Fleet, "review"));
    assert!(!desk.state.rows().is_empty(), "no filter hides whom one went to");
    assert!(desk.state.has_layers());
    desk.press("q");
    assert_eq!((desk.state.screen, desk.state.has_layers()), (Screen::Activity, true), "back to the list of events");
    desk.press("o1q");
    assert!(desk.state.back.is_empty(), "a view that was asked for leads nowhere back");
    let mut none = Desk::new(3);
    none.press("o");
    assert!(none.state.toast.as_ref().is_some_and(|toast| toast.failed), "of no agent");
    assert_eq!(none.state.screen, Screen::Activity);
    none.press("/nothing that there is\r\r");
    assert!(none.state.overlay.is_none() && none.shown().is_empty());
    none.press("\x1b");
    assert_eq!(none.shown(), [1, 2, 3]);
}

#[test]
fn a_late_answer_to_an_earlier_question_is_not_shown() {
    let mut desk = Desk::new(50);
    let late = desk.page(&desk.asked.clone().unwrap());
    desk.press("/agent:review\r");
    let shown = desk.shown();
    desk.take(Event::Events(Arc::new(late)));
    assert_eq!(desk.shown(), shown);
}

#[test]
fn figures_go_back_a_week_a_month_and_a_day_again_while_they_are_looked_at() {
    use crate::fleet::activity::Span;
    let spans = |effects: Vec<Effect>| -> Vec<Span> {
        let span = |effect| if let Effect::Activity(ActivityAsk::Span(span)) = effect { Some(span) } else { None };
        effects.into_iter().filter_map(span).collect()
    };
    let mut state = State::new(Size { width: 120, height: 36 }, jiff::Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    let mut press = |key: char| {
        let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        update(&mut state, Event::Drawn(samples::DRAWN));
        spans(update(&mut state, Event::Key(key)))
    };
    assert!(press('4').is_empty(), "a day is what is told without being asked");
    assert_eq!((press('t'), press('t')), (vec![Span::Week], vec![Span::Month]));
    assert_eq!((press('1'), press('4')), (vec![Span::Day], vec![Span::Month]), "the other views need no more");
    assert_eq!(press('t'), [Span::Day]);
}

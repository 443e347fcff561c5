//! Where the parts of the Activity view go, by the size of its room alone.

use ratatui::layout::Rect;

/// From this width on the plots stand beside the events.
const BESIDE_FROM: u16 = 140;

/// Width of the plots there.
const PLOTS_WIDTH: u16 = 46;

/// From this height on the day stands above the events.
const DAY_FROM: u16 = 12;

/// Lines of the day: its title and two of bars.
const DAY_HEIGHT: u16 = 3;

/// Which part has a room that is too narrow for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pages {
    /// The events.
    #[default]
    Events,
    /// The plots.
    Plots,
}

/// The parts; an empty one is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Areas {
    /// What happened over a day.
    pub day: Rect,
    /// The events, with the title line above them.
    pub events: Rect,
    /// The title line.
    pub title: Rect,
    /// The plots.
    pub plots: Rect,
}

/// Divides a room.
#[must_use]
pub fn areas(body: Rect, pages: Pages) -> Areas {
    let mut areas = Areas::default();
    let mut rest = body;
    if body.width >= BESIDE_FROM {
        areas.plots = Rect { x: body.right() - PLOTS_WIDTH, width: PLOTS_WIDTH, ..body };
        rest.width -= PLOTS_WIDTH + 2;
    } else if pages == Pages::Plots {
        areas.plots = body;
        return areas;
    }
    if rest.height >= DAY_FROM {
        areas.day = Rect { height: DAY_HEIGHT, ..rest };
        rest = Rect { y: rest.y + DAY_HEIGHT, height: rest.height - DAY_HEIGHT, ..rest };
    }
    areas.title = Rect { height: rest.height.min(1), ..rest };
    areas.events = Rect { y: rest.y + areas.title.height, height: rest.height - areas.title.height, ..rest };
    areas
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_part_leaves_the_room_or_lies_on_another(width in 0_u16..300, height in 0_u16..100, plots: bool) {
            let body = Rect::new(3, 5, width, height);
            let pages = if plots { Pages::Plots } else { Pages::Events };
            let areas = areas(body, pages);
            let all = [areas.day, areas.events, areas.title, areas.plots];
            for (at, area) in all.iter().enumerate() {
                prop_assert_eq!(area.intersection(body).area(), area.area());
                for other in &all[at + 1..] {
                    prop_assert!(area.intersection(*other).is_empty());
                }
            }
        }
    }
}

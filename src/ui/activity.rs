//! Where the parts of the Activity view go, by the size of its room alone.

use ratatui::layout::Rect;

use super::layout::Edges;

/// From this width on the plots stand beside the events.
const BESIDE_FROM: u16 = 140;

/// Width of the plots there.
const PLOTS_WIDTH: u16 = 46;

/// From this height on the day stands above the events.
const DAY_FROM: u16 = 12;

/// Lines of bars.
const DAY_HEIGHT: u16 = 2;

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
    /// The panel of the events.
    pub frame: Rect,
    /// Bars of the last day, on top in it.
    pub day: Rect,
    /// The line below them.
    pub divider: Rect,
    /// The events.
    pub events: Rect,
    /// The panel of the plots.
    pub plots_frame: Rect,
    /// The plots.
    pub plots: Rect,
}

/// Divides a room whose panels are set apart in this way.
#[must_use]
pub fn areas(body: Rect, edges: Edges, pages: Pages) -> Areas {
    let mut areas = Areas { frame: body, ..Areas::default() };
    if body.width >= BESIDE_FROM {
        areas.plots_frame = Rect { x: body.right() - PLOTS_WIDTH, width: PLOTS_WIDTH, ..body };
        areas.frame.width -= PLOTS_WIDTH;
    } else if pages == Pages::Plots {
        areas.frame = Rect::default();
        areas.plots_frame = body;
    }
    areas.plots = inset(edges.inside(areas.plots_frame), edges);
    areas.events = edges.inside(areas.frame);
    // On a low screen the bars would take their lines from the events, which are what the view is for.
    if areas.events.height >= DAY_FROM {
        let inner = areas.events;
        areas.day = inset(Rect { height: DAY_HEIGHT, ..inner }, edges);
        areas.divider = Rect { y: inner.y + DAY_HEIGHT, height: 1, ..inner };
        let above = DAY_HEIGHT + 1;
        areas.events = Rect { y: inner.y + above, height: inner.height - above, ..inner };
    }
    areas
}

/// Leaves a column free at both sides, where there are edges.
fn inset(area: Rect, edges: Edges) -> Rect {
    // Without lines at the sides nothing stands close to the text.
    if edges != Edges::Full {
        return area;
    }
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_part_leaves_the_room_or_lies_on_another(width in 0_u16..300, height in 0_u16..100, plots: bool, edge in 0_usize..3) {
            let body = Rect::new(3, 5, width, height);
            let pages = if plots { Pages::Plots } else { Pages::Events };
            let areas = areas(body, [Edges::None, Edges::Rule, Edges::Full][edge], pages);
            prop_assert!(areas.frame.intersection(areas.plots_frame).is_empty());
            let inside = [areas.day, areas.divider, areas.events];
            for (at, area) in inside.iter().enumerate() {
                prop_assert_eq!(area.intersection(areas.frame).area(), area.area());
                for other in &inside[at + 1..] {
                    prop_assert!(area.intersection(*other).is_empty());
                }
            }
            for (area, room) in [(areas.plots, areas.plots_frame), (areas.frame, body), (areas.plots_frame, body)] {
                prop_assert_eq!(area.intersection(room).area(), area.area());
            }
        }
    }
}

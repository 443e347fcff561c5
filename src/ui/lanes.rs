//! How wide the board's columns are: by the room there is, the one that keys act in, and what they hold.

use ratatui::layout::Rect;

use super::text;
use crate::backlog::model::Column;

/// From this width on the columns stand side by side.
pub const SIDE_BY_SIDE_FROM: u16 = 64;

/// From this width on they have edges.
pub const FRAMED_FROM: u16 = 110;

/// From this width on each of them has room for what its cards say, and they are equally wide.
pub const EQUAL_FROM: u16 = 170;

/// Width of a column without edges that keys do not act in.
const NARROW: u16 = 11;

/// Two corners, a blank at each side of a title, and strokes behind it.
const AROUND: usize = 6;

/// Width in which a claimed card shows its owner and what is left of its time, on one line.
const OF_CLAIMS: u16 = 23;

/// Divides a width among the columns. The one that keys act in has the room to read in, unless it is empty: then those
/// with cards have it.
#[must_use]
pub fn widths(width: u16, selected: usize, counts: [u64; 5]) -> [u16; 5] {
    let mut widths = [0; 5];
    if width >= EQUAL_FROM {
        // The columns that are left over go to the first ones, one each.
        for (at, lane) in (0_u16..).zip(&mut widths) {
            *lane = width / 5 + u16::from(at < width % 5);
        }
        return widths;
    }
    let framed = width >= FRAMED_FROM;
    for (at, lane) in widths.iter_mut().enumerate() {
        *lane = if framed { least(at, counts[at]).min(width / 5) } else { NARROW };
    }
    let mut left = width.saturating_sub(widths.iter().sum());
    let mut grow = |lane: &mut u16, to: u16| {
        let more = to.saturating_sub(*lane).min(left);
        *lane += more;
        left -= more;
    };
    let claimed = Column::Claimed.index();
    if counts[selected] > 0 {
        grow(&mut widths[selected], if framed { width * 3 / 8 } else { width });
    }
    if framed && selected != claimed && counts[claimed] > 0 {
        grow(&mut widths[claimed], OF_CLAIMS);
    }
    // What is left goes to the others that hold something, the narrowest first.
    let others = |at: usize| at != selected && counts[at] > 0;
    let all = !(0..5).any(others);
    if all && counts[selected] > 0 {
        grow(&mut widths[selected], width);
    }
    while left > 0 {
        let growing = widths.iter_mut().enumerate().filter(|(at, _)| all || others(*at));
        let Some((_, narrowest)) = growing.min_by_key(|(_, lane)| **lane) else { break };
        *narrowest += 1;
        left -= 1;
    }
    widths
}

/// Columns that further lines of a title are set in.
pub const INDENT: u16 = 2;

/// Most lines of a title.
const MAX_LINES: usize = 3;

/// Returns where a card's words stand in its place: the selected one has a mark in front.
#[must_use]
pub fn card_in(place: Rect) -> Rect {
    Rect { x: place.x + 1, width: place.width.saturating_sub(1), ..place }
}

/// Returns how many lines a card takes whose whole title is shown, with the one of its facts.
#[must_use]
pub fn card_lines(cards: Rect, id: &str, title: &str) -> u16 {
    let lines = title_lines(usize::from(card_in(cards).width), id, title, MAX_LINES).count();
    u16::try_from(lines + 1).unwrap_or(2)
}

/// Returns the lines of a title behind its card's id, at most so many, the last of them with all the rest.
pub fn title_lines<'a>(width: usize, id: &str, title: &'a str, most: usize) -> impl Iterator<Item = &'a str> {
    let mut rest = Some(title);
    let mut room = width.saturating_sub(text::width(id) + 1);
    (1..=most).map_while(move |number| {
        let left = rest.take()?;
        let (line, behind) = if number == most { (left, "") } else { text::words_within(left, room) };
        // A character that is wider than the column would be tried for ever.
        if line.is_empty() && number > 1 {
            return Some(left).filter(|left| !left.is_empty());
        }
        room = width.saturating_sub(usize::from(INDENT));
        rest = Some(behind).filter(|behind| !behind.is_empty());
        Some(line)
    })
}

/// Width in which a column's title is whole: a count that is cut is another one.
fn least(at: usize, count: u64) -> u16 {
    let name = Column::ALL.get(at).map_or(0, |column| column.word().len());
    let digits = count.checked_ilog10().map_or(1, |more| more as usize + 1);
    u16::try_from(name + 1 + digits + AROUND).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_column_in_focus_has_the_room_and_an_empty_one_takes_none() {
        let ready = Column::Ready.index();
        let of = |width, counts| widths(width, ready, counts);
        assert_eq!(of(120, [3, 217, 12, 1, 136]), [18, 45, 23, 17, 17]);
        assert_eq!(of(120, [3, 0, 12, 1, 136]), [27, 13, 27, 27, 26], "with nothing in it");
        assert_eq!(of(120, [0, 217, 0, 0, 0])[ready], 63, "alone with cards it has more");
        assert_eq!(of(80, [3, 217, 12, 1, 136]), [11, 36, 11, 11, 11]);
        assert_eq!(of(80, [3, 0, 12, 1, 0]), [20, 11, 19, 19, 11]);
        assert_eq!(of(200, [0, 0, 12, 1, 0]), [40; 5]);
    }

    #[test]
    fn a_title_is_broken_between_words_and_its_last_line_has_the_rest() {
        let of = |width, title| title_lines(width, "M2-5", title, MAX_LINES).collect::<Vec<_>>();
        assert_eq!(of(20, "Review: the queue"), ["Review: the", "queue"]);
        assert_eq!(of(20, "Review"), ["Review"]);
        assert_eq!(of(20, ""), [""]);
        let long = "one two three four five six seven eight nine ten eleven";
        assert_eq!(of(20, long), ["one two three", "four five six", "seven eight nine ten eleven"]);
        assert_eq!(of(12, "unbreakable and so on").concat().replace(' ', ""), "unbreakableandsoon");
        for width in 0..9 {
            assert!(of(width, "\u{65e5}\u{672c}\u{8a9e} in titles").len() <= MAX_LINES, "{width}");
        }
    }

    proptest! {
        #[test]
        fn the_columns_fill_the_width(width in 64_u16..500, selected in 0_usize..5, counts in prop::array::uniform5(prop_oneof![Just(0), 0_u64..2_000_000])) {
            let lanes = widths(width, selected, counts);
            prop_assert_eq!(lanes.iter().sum::<u16>(), width);
            prop_assert!(lanes.iter().all(|lane| *lane >= 9), "{:?}", lanes);
        }
    }
}

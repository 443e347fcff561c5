//! How the tiles of a wall stand, by the room and their number alone, and the lines of those that are folded.

use ratatui::layout::Rect;

/// A tile that is smaller shows nothing useful: a line of its edge, and four rows of 23 characters.
const MIN_TILE: (u16, u16) = (24, 5);

/// From this size on a tile has an edge all around; a smaller one gives that room to its pane.
const EDGE_FROM: (u16, u16) = (28, 7);

/// On a narrower screen tiles have no edges but their upper ones.
const EDGES_ON: u16 = 80;

/// How many times wider than high a tile is that shows a terminal best.
const BEST_SHAPE: f32 = 4.5;

/// Tiles of one page, in rows from the top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grid {
    /// What they fill.
    pub area: Rect,
    /// Tiles side by side.
    pub columns: u16,
    /// Tiles one above the other.
    pub rows: u16,
    /// The lines of folded tiles below them, under a rule; empty where none is folded.
    pub strip: Rect,
    /// Such lines side by side.
    pub strip_columns: u16,
}

impl Grid {
    /// Finds the columns and rows that show so many tiles at once, each as large and as well shaped as can be; as many as
    /// there is room for where not all of them fit.
    #[must_use]
    pub fn of(area: Rect, tiles: usize) -> Self {
        let most = ((area.width / MIN_TILE.0).max(1), (area.height / MIN_TILE.1).max(1));
        // An empty wall is one tile: no rows would be a division by zero below.
        let tiles = u16::try_from(tiles.max(1)).unwrap_or(u16::MAX);
        // Rows that would stay empty are no use, so each number of columns has one number of rows.
        let all = (1..=most.0).map(|columns| (columns, tiles.div_ceil(columns))).filter(|(_, rows)| *rows <= most.1);
        let best = all.max_by(|a, b| worth(area, *a).total_cmp(&worth(area, *b)));
        // Not all of them fit: smaller tiles would show nothing, so there are pages.
        let (columns, rows) = best.unwrap_or(most);
        Self { area, columns, rows, ..Self::default() }
    }

    /// Finds the same for so many tiles, with a line for each of those that are folded. The lines take a third of the room at
    /// most; where not even that is there nothing is folded.
    #[must_use]
    pub fn with_folded(area: Rect, open: usize, folded: usize) -> Self {
        let columns = (area.width / MIN_TILE.0).max(1);
        // A tile and the rule between them are left.
        let most = (area.height / 3).min(area.height.saturating_sub(MIN_TILE.1 + 1));
        let wanted = u16::try_from(folded.div_ceil(usize::from(columns))).unwrap_or(u16::MAX);
        let lines = wanted.min(most);
        if open == 0 || lines == 0 {
            return Self::of(area, open + folded);
        }
        let tiles = Rect { height: area.height - lines - 1, ..area };
        let strip = Rect { y: tiles.bottom() + 1, height: lines, ..area };
        Self { strip, strip_columns: columns, ..Self::of(tiles, open) }
    }

    /// Returns whether fewer pages are needed where so many tiles are folded.
    #[must_use]
    pub fn is_worth_folding(area: Rect, open: usize, folded: usize) -> bool {
        if open == 0 || folded == 0 {
            return false;
        }
        let (whole, split) = (Self::of(area, open + folded), Self::with_folded(area, open, folded));
        !split.strip.is_empty() && open.div_ceil(split.page()) < (open + folded).div_ceil(whole.page())
    }

    /// Returns how many folded tiles have their line on the screen at once.
    #[must_use]
    pub fn lines(&self) -> usize {
        usize::from(self.strip.height) * usize::from(self.strip_columns)
    }

    /// Returns the place of the line of a folded tile; an empty one for a line that is not on the screen.
    #[must_use]
    pub fn line(&self, at: usize) -> Rect {
        let Some(at) = u16::try_from(at).ok().filter(|at| usize::from(*at) < self.lines()) else {
            return Rect::default();
        };
        let (left, right) = share(self.strip.width, self.strip_columns, at % self.strip_columns);
        let y = self.strip.y + at / self.strip_columns;
        Rect { x: self.strip.x + left, y, width: right - left, height: 1 }
    }

    /// Returns how many tiles there are on a page; at least one.
    #[must_use]
    pub fn page(&self) -> usize {
        (usize::from(self.columns) * usize::from(self.rows)).max(1)
    }

    /// Returns the place of one of the page's tiles; an empty one for a tile that is not on it.
    #[must_use]
    pub fn tile(&self, at: usize) -> Rect {
        let Some((column, row)) = u16::try_from(at)
            .ok()
            .filter(|_| at < self.page() && self.columns > 0)
            .map(|at| (at % self.columns, at / self.columns))
        else {
            return Rect::default();
        };
        let (left, right) = share(self.area.width, self.columns, column);
        let (top, bottom) = share(self.area.height, self.rows, row);
        Rect { x: self.area.x + left, y: self.area.y + top, width: right - left, height: bottom - top }
    }

    /// Returns whether tiles have an edge all around, and not only above.
    #[must_use]
    pub fn has_edges(&self) -> bool {
        self.columns > 0
            && self.area.width >= EDGES_ON
            && self.area.width / self.columns >= EDGE_FROM.0
            && self.area.height / self.rows >= EDGE_FROM.1
    }

    /// Returns the room for a pane's cells in one of the page's tiles.
    #[must_use]
    pub fn cells(&self, at: usize) -> Rect {
        let tile = self.tile(at);
        if self.has_edges() {
            let (width, height) = (tile.width.saturating_sub(2), tile.height.saturating_sub(2));
            return Rect { x: tile.x + 1, y: tile.y + 1, width, height };
        }
        if tile.is_empty() {
            return tile;
        }
        // A blank column between two tiles.
        let gap = u16::from(tile.right() < self.area.right());
        Rect { x: tile.x, y: tile.y + 1, width: tile.width - gap, height: tile.height - 1 }
    }
}

/// Returns what a division is worth: the cells of a tile, fewer the stranger its shape.
fn worth(area: Rect, (columns, rows): (u16, u16)) -> f32 {
    let (width, height) = (f32::from(area.width / columns), f32::from(area.height / rows));
    let shape = width / height.max(1.0) / BEST_SHAPE;
    // Too wide and too high count alike.
    width * height * if shape > 1.0 { shape.recip() } else { shape }
}

/// Returns where one of so many equal parts begins and ends.
fn share(whole: u16, parts: u16, at: u16) -> (u16, u16) {
    // Each edge is computed from the whole: widths that are rounded one by one would leave a strip at the
    // right.
    let edge = |at: u16| u16::try_from(u32::from(whole) * u32::from(at) / u32::from(parts.max(1))).unwrap_or(whole);
    (edge(at), edge(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_fill_their_area_and_never_overlap(x in 0_u16..9, y in 0_u16..9, width in 20_u16..=500, height in 3_u16..=198, tiles in 0_usize..300) {
            let area = Rect { x, y, width, height };
            let grid = Grid::of(area, tiles);
            let all: Vec<Rect> = (0..grid.page()).map(|at| grid.tile(at)).collect();
            prop_assert_eq!(all.iter().map(|tile| u32::from(tile.width) * u32::from(tile.height)).sum::<u32>(), u32::from(width) * u32::from(height));
            for (at, tile) in all.iter().enumerate() {
                prop_assert!(!tile.is_empty());
                prop_assert_eq!(tile.intersection(area), *tile);
                prop_assert!(all[at + 1..].iter().all(|other| other.intersection(*tile).is_empty()));
                let cells = grid.cells(at);
                prop_assert!(cells.intersection(*tile) == cells && cells.height < tile.height && cells.y > tile.y);
                prop_assert!(tile.width >= MIN_TILE.0.min(width) && tile.height >= MIN_TILE.1.min(height));
            }
            prop_assert!(grid.tile(grid.page()).is_empty() && grid.cells(grid.page()).is_empty());
            let most = usize::from((width / MIN_TILE.0).max(1)) * usize::from((height / MIN_TILE.1).max(1));
            prop_assert!(grid.page() >= tiles.min(most), "{} of {} on {:?}", grid.page(), tiles, area);
        }
    }

    proptest! {
        #[test]
        fn lines_of_folded_tiles_stand_below_the_others_and_never_overlap(width in 20_u16..=500, height in 3_u16..=198, open in 0_usize..200, folded in 0_usize..200) {
            let area = Rect { x: 3, y: 2, width, height };
            let grid = Grid::with_folded(area, open, folded);
            let lines: Vec<Rect> = (0..grid.lines()).map(|at| grid.line(at)).collect();
            prop_assert!(grid.line(grid.lines()).is_empty());
            for (at, line) in lines.iter().enumerate() {
                prop_assert!(line.intersection(area) == *line && line.height == 1 && line.y > grid.area.bottom());
                prop_assert!(lines[at + 1..].iter().all(|other| other.intersection(*line).is_empty()));
            }
            prop_assert!(grid.area.height >= MIN_TILE.1.min(height));
            prop_assert!(grid.strip.height <= height / 3);
            if !Grid::is_worth_folding(area, open, folded) {
                return Ok(());
            }
            let (whole, pages) = (Grid::of(area, open + folded), open.div_ceil(grid.page()));
            prop_assert!(whole.page() < open + folded && pages * grid.page() >= open);
        }
    }

    #[test]
    fn tiles_are_folded_only_where_that_saves_a_page() {
        let worth = |width, height, open, folded| Grid::is_worth_folding(Rect::new(0, 0, width, height), open, folded);
        assert!(!worth(80, 21, 6, 6), "all twelve have room");
        assert!(worth(80, 21, 6, 24));
        assert!(!worth(80, 21, 13, 2), "the lines would take a row of tiles");
        assert!(!worth(80, 21, 0, 40), "there is nobody for whom it would make room");
        assert!(!worth(80, 21, 40, 0));
        let grid = Grid::with_folded(Rect::new(0, 0, 80, 21), 6, 24);
        assert_eq!((grid.columns, grid.rows, grid.lines(), grid.area.height), (3, 2, 21, 13));
    }

    #[test]
    fn columns_and_rows_follow_count_and_room() {
        let of = |width, height, tiles| {
            let grid = Grid::of(Rect::new(0, 0, width, height), tiles);
            (grid.columns, grid.rows, grid.has_edges())
        };
        assert_eq!(of(80, 21, 1), (1, 1, true));
        assert_eq!(of(80, 21, 2), (1, 2, true));
        assert_eq!(of(80, 21, 6), (2, 3, true));
        assert_eq!(of(80, 21, 12), (3, 4, false));
        assert_eq!(of(120, 33, 12), (3, 4, true));
        assert!(Grid::of(Rect::new(0, 0, 200, 47), 60).page() >= 60);
        assert_eq!(of(200, 47, 500), (8, 9, false), "the others are on other pages");
        assert_eq!(of(24, 5, 7), (1, 1, false));
    }
}

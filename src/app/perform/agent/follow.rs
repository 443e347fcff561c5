//! What is new in a pane since the last look: by the lines that tmux says have scrolled away, so that only those are
//! read and compared, however long the history is.

/// What was seen of a pane: its lines as they are printed, without blank ones at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Lines of its history then.
    pub history: u32,
    /// Its screen.
    pub screen: Vec<String>,
}

/// What stands there now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now<'a> {
    /// Lines of its history.
    pub history: u32,
    /// How many of them tmux cuts at once, where it may have cut some since.
    pub cut: Option<u32>,
    /// The newest of them, and behind them the screen.
    pub lines: &'a [String],
    /// How many of the lines are of the history.
    pub above: usize,
    /// Whether that is all there is to read.
    pub whole: bool,
}

impl Seen {
    /// The lines that came since; `None` when more of the history has to be read to tell. Everything is compared once
    /// nothing more can be read.
    pub(super) fn added<'a>(&self, now: &Now<'a>) -> Option<&'a [String]> {
        let lines = trimmed(now.lines);
        // As many lines have scrolled away as the history has grown by, and as many more as were cut from it.
        let grown = i64::from(now.history) - i64::from(self.history);
        let behind_old = |scrolled: i64| {
            let at = now.above.checked_sub(usize::try_from(scrolled).ok()?)?;
            let from = lines.get(at..).unwrap_or_default();
            Some((from, common(&self.screen, from)))
        };
        // Nothing scrolled away as far as tmux says, which is most looks: then the screens
        // alone are compared.
        if grown == 0 && now.above == 0 {
            let new = on_the_same_screen(&self.screen, lines);
            if now.cut.is_none() || new.len() < lines.len() || lines.is_empty() {
                return Some(new);
            }
        }
        let Some(cut) = now.cut else {
            return match behind_old(grown) {
                Some((from, same)) => Some(&from[same..]),
                // Taken away by hand, or other lines for another width.
                None if grown < 0 || now.whole => {
                    Some(on_the_same_screen(&self.screen, lines.get(now.above..).unwrap_or_default()))
                }
                None => None,
            };
        };
        let most = i64::try_from(now.above).unwrap_or(i64::MAX);
        let mut scrolled = grown;
        while scrolled <= most {
            if let Some((from, same)) = behind_old(scrolled) {
                let away = usize::try_from(scrolled).unwrap_or(usize::MAX);
                // What has scrolled away cannot change any more; only the line that was being written could.
                if (same > 0 && same + 1 >= away.min(self.screen.len())) || self.screen.is_empty() {
                    return Some(&from[same..]);
                }
            }
            // tmux cuts whole pieces from a full history, so each further guess is one piece more.
            scrolled = scrolled.saturating_add(i64::from(cut.max(1)));
        }
        // Drawn anew, or so much has come that the old screen was cut away: what scrolled since is new in any case.
        now.whole.then(|| behind_old(grown.max(0)).map_or(lines, |(from, same)| &from[same..]))
    }
}

/// Lines without the blank ones at the end.
pub(super) fn trimmed(lines: &[String]) -> &[String] {
    let kept = lines.iter().rposition(|line| !super::captured::plain(line).is_empty()).map_or(0, |at| at + 1);
    &lines[..kept]
}

/// How many lines both begin with.
fn common(before: &[String], now: &[String]) -> usize {
    before.iter().zip(now).take_while(|(a, b)| a == b).count()
}

/// What is new on a screen that nothing has scrolled away from: what stands behind the longest overlap of both.
fn on_the_same_screen<'a>(before: &[String], now: &'a [String]) -> &'a [String] {
    for overlap in (1..=before.len().min(now.len())).rev() {
        if before[before.len() - overlap..] == now[..overlap] {
            return &now[overlap..];
        }
    }
    // The screen was drawn anew: what is the same at the top is old.
    &now[common(before, now)..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn only_what_is_new_is_printed() {
        for (before, now, want) in [
            ("a b c", "a b c d e", "d e"),
            ("a b c", "b c d", "d"),
            ("a b c", "a b c", ""),
            ("a b x", "a b y", "y"),
            ("a", "b c", "b c"),
        ] {
            let (seen, now) = (Seen { history: 7, screen: lines(before) }, lines(now));
            let now = Now { history: 7, cut: None, lines: &now, above: 0, whole: false };
            assert_eq!(seen.added(&now).unwrap().join(" "), want, "{before} -> {now:?}");
        }
    }

    #[test]
    fn what_was_being_written_when_it_scrolled_away_is_told_whole() {
        let seen = Seen { history: 0, screen: lines("a b 10%") };
        let now = lines("a b 100% c d");
        assert_eq!(
            seen.added(&Now { history: 2, cut: None, lines: &now, above: 2, whole: false }).unwrap().join(" "),
            "100% c d"
        );
    }

    /// A pane as tmux keeps one: a screen, and above it a history that loses a tenth of its lines when it is full.
    struct Pane {
        all: Vec<String>,
        cut: usize,
        height: usize,
        limit: usize,
    }

    impl Pane {
        fn write(&mut self, line: String) {
            if self.all.len() - self.cut >= self.height + self.limit {
                self.cut += (self.limit / 10).max(1);
            }
            self.all.push(line);
        }

        fn history(&self) -> usize {
            (self.all.len() - self.cut).saturating_sub(self.height)
        }

        fn look(&self, above: usize) -> (u32, Vec<String>, usize) {
            let above = above.min(self.history());
            let from = self.cut + self.history() - above;
            (u32::try_from(self.history()).unwrap(), self.all[from..].to_vec(), above)
        }
    }

    proptest! {
        #[test]
        fn every_line_is_told_once_also_when_a_full_history_is_cut(
            steps in prop::collection::vec(0usize..100, 1..40), height in 1usize..30, limit in 60usize..300
        ) {
            let mut pane = Pane { all: Vec::new(), cut: 0, height, limit };
            let mut seen = Seen { history: 0, screen: Vec::new() };
            let mut told: Vec<String> = Vec::new();
            for step in steps {
                // More between two looks than tmux keeps is gone before anybody can tell it.
                for _ in 0..step * (limit - limit / 5 - height) / 100 {
                    pane.write(format!("line {}", pane.all.len()));
                }
                let (history, _, _) = pane.look(0);
                let mut above = usize::try_from(history.saturating_sub(seen.history)).unwrap();
                loop {
                    let (history, lines, above_now) = pane.look(above);
                    let full = usize::try_from(history).unwrap() * 10 >= limit * 9;
                    let cut = full.then(|| u32::try_from((limit / 10).max(1)).unwrap());
                    let now = Now { history, cut, lines: &lines, above: above_now, whole: above >= limit };
                    let Some(added) = seen.added(&now) else {
                        prop_assert!(above < limit, "more was asked for than there is");
                        above = limit;
                        continue;
                    };
                    told.extend_from_slice(added);
                    seen = Seen { history, screen: trimmed(&lines[above_now..]).to_vec() };
                    break;
                }
            }
            prop_assert_eq!(told, pane.all);
        }
    }
}

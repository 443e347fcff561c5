//! When the next frame may be drawn. Frames are paced over a while and not one by one: what changes after a quiet moment is
//! drawn at once, and what follows from it too, and a stream of changes gets no more frames than a terminal takes.

use std::time::Duration;

use tokio::time::Instant;

/// At most 30 frames a second, over a while.
const FRAME: Duration = Duration::from_millis(33);

/// Between two frames at least, whatever moves. What a key did is shown in this time: an eye waits for it.
const MIN: Duration = Duration::from_millis(4);

/// Frames that a quiet moment leaves to be drawn as they come.
const SAVED: u32 = 3;

/// While something happens snapshots come about each second; without one for so long the time goes on alone.
const SNAPSHOT_WITHIN: Duration = Duration::from_millis(1500);

/// What came and was drawn, as far as it decides when the next frame is due.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// When the newest snapshot came.
    newest: Option<Instant>,
    last: Option<Instant>,
    /// Until when the frames that were drawn would have lasted, each for its time.
    spent: Option<Instant>,
}

impl Pacing {
    /// When the last frame was drawn.
    pub(super) fn last(&self) -> Option<Instant> {
        self.last
    }

    /// Notes that a frame is drawn now.
    pub(super) fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
        // Keys are shown whatever was drawn before; what they take from later frames has a bound.
        let most = now + FRAME * SAVED;
        self.spent = Some(self.spent.map_or(now, |spent| spent.clamp(now, most)) + FRAME);
    }

    /// Lets the next frame be drawn at once.
    pub(super) fn forget(&mut self) {
        (self.last, self.spent) = (None, None);
    }

    /// Notes that a snapshot came, which brings the time with it.
    pub(super) fn told(&mut self, now: Instant) {
        self.newest = Some(now);
    }

    /// Whether no snapshot brings the time just now.
    pub(super) fn is_untold(&self, now: Instant) -> bool {
        self.newest.is_none_or(|newest| now.duration_since(newest) > SNAPSHOT_WITHIN)
    }

    /// When the next frame may be drawn; `None` is at once.
    pub(super) fn due(&self, of_key: bool) -> Option<Instant> {
        let soonest = self.last? + MIN;
        let paced = self.spent.and_then(|spent| spent.checked_sub(FRAME * SAVED)).filter(|_| !of_key);
        Some(paced.map_or(soonest, |paced| paced.max(soonest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws whenever it may, for so long; the milliseconds at which it did.
    fn drawn(pacing: &mut Pacing, begin: Instant, milliseconds: u64, of_key: bool) -> Vec<u64> {
        let at = |now: u64| begin + Duration::from_millis(now);
        let may = |pacing: &Pacing, now: u64| pacing.due(of_key).is_none_or(|due| due <= at(now));
        (0..milliseconds)
            .filter(|now| {
                let draws = may(pacing, *now);
                if draws {
                    pacing.drawn(at(*now));
                }
                draws
            })
            .collect()
    }

    #[test]
    fn what_follows_a_quiet_moment_is_drawn_as_it_comes_and_a_stream_at_its_pace() {
        let begin = Instant::now();
        let mut pacing = Pacing::default();
        let first = drawn(&mut pacing, begin, 10_000, false);
        assert_eq!(first[..4], [0, 4, 8, 12]);
        assert!(first[4..].windows(2).all(|pair| pair[1] - pair[0] == 33), "{first:?}");
        assert!(first.len() <= 10_000 / 33 + 4, "{}", first.len());
        // A second without a frame leaves the same again, and no more.
        let later = drawn(&mut pacing, begin + Duration::from_secs(11), 200, false);
        assert_eq!(later[..4], [0, 4, 8, 12]);
        assert_eq!(later[5] - later[4], 33);
    }

    #[test]
    fn keys_are_shown_whatever_moves_and_hold_up_nothing_for_long() {
        let begin = Instant::now();
        let mut pacing = Pacing::default();
        drawn(&mut pacing, begin, 1000, false);
        let keys = drawn(&mut pacing, begin + Duration::from_secs(1), 1000, true);
        assert!(keys.len() >= 120, "{}", keys.len());
        let after = drawn(&mut pacing, begin + Duration::from_secs(2), 200, false);
        assert!(after[0] <= 41, "{after:?}");
    }
}

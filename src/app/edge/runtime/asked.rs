//! When an open question was to be seen, and the keys that were read before that was known. Pure: the times are handed in.

use crossterm::event::KeyEvent;
use tokio::time::Instant;

/// Keys that are kept while a question is being written.
const MAX_EARLY: usize = 8;

/// What a key is that may be an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answers what was to be seen when it was read.
    Answers,
    /// It waits for the word that the question was to be seen.
    Waits,
    /// It was pressed before there was anything to answer.
    TooSoon,
}

/// A question that waits for its answer.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// When the end of the first frame that showed it whole went to the terminal; `None` while that is not known.
    seen: Option<Instant>,
    /// Keys that were read meanwhile, and when.
    early: Vec<(KeyEvent, Instant)>,
}

impl Asked {
    /// Begins anew: the frame that is drawn now is the first to show it.
    pub(super) fn anew(&mut self) {
        *self = Self::default();
    }

    /// Whether keys wait for the word that it was seen.
    pub(super) fn holds_keys(&self) -> bool {
        !self.early.is_empty()
    }

    /// Forgets the keys that wait once nothing may be answered any more; whether there were any. What is asked next is not what
    /// they were pressed for.
    pub(super) fn forget(&mut self, may_answer: bool) -> bool {
        let forgets = !may_answer && self.holds_keys();
        if forgets {
            self.anew();
        }
        forgets
    }

    /// Takes the word that the newest frame is on the screen, and since when: what was read behind that is an answer,
    /// however late the word comes. The keys that waited for it.
    pub(super) fn shown(&mut self, at: Instant) -> Vec<(KeyEvent, Instant)> {
        self.seen.get_or_insert(at);
        std::mem::take(&mut self.early)
    }

    /// Judges a key that may be the answer; one that waits is kept.
    pub(super) fn judge(&mut self, key: KeyEvent, read: Instant) -> Verdict {
        match self.seen {
            Some(seen) if seen <= read => Verdict::Answers,
            None if self.early.len() < MAX_EARLY => {
                self.early.push((key, read));
                Verdict::Waits
            }
            // So many keys are no answer either.
            Some(_) | None => Verdict::TooSoon,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossterm::event::KeyCode;

    use super::*;

    const Y: KeyEvent = KeyEvent::new(KeyCode::Char('y'), crossterm::event::KeyModifiers::NONE);

    #[test]
    fn an_answer_counts_from_the_moment_of_the_frame_however_late_its_word_comes() {
        let frame = Instant::now();
        let (before, behind) = (frame - Duration::from_millis(1), frame + Duration::from_millis(1));
        for (read, verdict) in [(before, Verdict::TooSoon), (frame, Verdict::Answers), (behind, Verdict::Answers)] {
            let mut asked = Asked::default();
            asked.anew();
            assert_eq!(asked.judge(Y, read), Verdict::Waits);
            assert!(asked.holds_keys());
            // The word may come after further frames, and after seconds: it is of that moment all the same.
            let early = asked.shown(frame);
            assert_eq!(early, [(Y, read)]);
            assert_eq!(asked.judge(Y, read), verdict);
            assert_eq!(asked.shown(frame + Duration::from_secs(9)), [], "a later frame shows the same question");
            assert_eq!(asked.judge(Y, behind), Verdict::Answers);
            asked.anew();
            assert_eq!(asked.judge(Y, behind), Verdict::Waits, "another question has a moment of its own");
        }
    }

    #[test]
    fn keys_that_wait_go_with_the_question_that_they_were_pressed_for() {
        let (mut asked, now) = (Asked::default(), Instant::now());
        assert!(!asked.forget(false), "none waits");
        asked.judge(Y, now);
        assert!(!asked.forget(true) && asked.holds_keys(), "it still stands there");
        assert!(asked.forget(false) && !asked.holds_keys(), "it was closed");
        assert_eq!(asked.shown(now), [], "and none of them answers the next one");
    }

    #[test]
    fn so_many_keys_ahead_are_no_answer() {
        let mut asked = Asked::default();
        let now = Instant::now();
        let judged: Vec<Verdict> = (0..100).map(|_| asked.judge(Y, now)).collect();
        assert_eq!(judged.iter().filter(|verdict| **verdict == Verdict::TooSoon).count(), 100 - MAX_EARLY);
        assert_eq!(asked.shown(now).len(), MAX_EARLY);
    }
}

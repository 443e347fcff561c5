//! How fast frames go out: no faster than they come to the screen, wherever between here and there they would pile up.
//!
//! The kernel takes a frame long before it is on the screen: behind ssh it waits in megabytes of buffers, and what a key did
//! waits behind it. So the terminal is asked now and then whether it is well, which it answers once it has drawn all that was
//! written before, and no more goes out than the link holds without a line of its own. The rule is that of a delay-based
//! congestion control: answers that take longer than the shortest one did mean a line, and then less may be on its way. A terminal
//! that never answers gets frames as the kernel takes them. Pure: the time is handed in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The question (DSR). Its answer is four bytes, and the same from every terminal that knows it.
pub(super) const QUESTION: &[u8] = b"\x1b[5n";

/// A question goes out behind so many bytes: what an idle fleet draws in a minute is asked for once.
const EACH: usize = 2 << 10;

/// So much may be on its way at first, and at least.
const FIRST: usize = 8 << 10;
const MIN: usize = 4 << 10;

/// So much, for so long, before it is known whether the terminal answers: the first screens, on the longest links.
const UNKNOWN: usize = 32 << 10;
const HEARD: Duration = Duration::from_millis(1500);

/// More never is: one frame of the largest screens.
const MAX: usize = 1 << 20;

/// How long what is written may wait in a line: below it nobody feels one, and above it less goes out.
const LINE: Duration = Duration::from_millis(100);

/// An answer that takes longer is none: a link that is broken off, or a terminal that stopped answering.
const LOST: Duration = Duration::from_secs(5);

/// After so many of these it is a terminal that does not answer.
const TRIES: u8 = 3;

/// How much sooner than [`LOST`] an answer is given up by whoever leaves, of a terminal that answers and of one that may not.
const LEAVES: Duration = Duration::from_secs(1);
const LEAVES_SILENCE: Duration = Duration::from_millis(500);

/// A question that is not answered yet.
#[derive(Debug, Clone, Copy)]
struct Asked {
    at: Instant,
    /// What went out since the question before.
    bytes: usize,
}

/// The pace of one terminal.
#[derive(Debug)]
pub(super) struct Pace {
    /// Bytes behind the newest question.
    unasked: usize,
    asked: VecDeque<Asked>,
    /// How long the shortest answer takes.
    nearest: Option<Duration>,
    /// How much may be on its way.
    room: usize,
    /// When there was found to be a line: what was asked before says the same again.
    shrunk: Option<Instant>,
    /// Questions without an answer since the last one with; `None` for a terminal that is not asked.
    silent: Option<u8>,
    /// Whether it ever answered.
    answers: bool,
}

impl Pace {
    /// Of a terminal that is asked, or is not.
    pub(super) fn new(asks: bool) -> Self {
        Self {
            unasked: 0,
            asked: VecDeque::new(),
            nearest: None,
            room: FIRST,
            shrunk: None,
            silent: asks.then_some(0),
            answers: false,
        }
    }

    /// Notes bytes that go out; whether a question goes out behind them.
    pub(super) fn send(&mut self, bytes: usize, now: Instant) -> bool {
        self.give_up(now);
        self.unasked += bytes;
        let asks = match self.silent {
            // It answers: as often as the pace needs it.
            Some(silent) if self.answers && silent < TRIES => self.unasked >= EACH,
            // It may not: one at a time.
            Some(silent) => self.asked.is_empty() && silent < TRIES,
            None => false,
        };
        if asks {
            self.asked.push_back(Asked { at: now, bytes: std::mem::take(&mut self.unasked) });
        }
        asks
    }

    /// Takes an answer: all that was written before its question is on the screen.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answers = true;
        self.silent = self.silent.map(|_| 0);
        // One that was given up, or somebody else's.
        let Some(oldest) = self.asked.front().copied() else { return };
        let waiting: usize = self.asked.iter().map(|asked| asked.bytes).sum();
        self.asked.pop_front();
        let took = now.saturating_duration_since(oldest.at);
        let nearest = self.nearest.map_or(took, |nearest| nearest.min(took));
        // With nothing else on its way there is no line of ours: the link itself became longer.
        let drifts = waiting == oldest.bytes && took > nearest;
        let line = took.saturating_sub(nearest);
        self.nearest = Some(if drifts { nearest + line / 8 } else { nearest });
        if line > LINE {
            if self.shrunk.is_none_or(|shrunk| oldest.at > shrunk) {
                let share = (nearest + LINE).as_secs_f64() / took.as_secs_f64();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of a small number"
                )]
                let less = (waiting.min(self.room) as f64 * share.max(0.5)) as usize;
                self.room = less.max(MIN);
                self.shrunk = Some(now);
            }
        } else if waiting * 2 > self.room {
            // Twice as much in the time of an answer, until a line was seen once; then a little more at a time.
            let more = if self.shrunk.is_none() { oldest.bytes } else { oldest.bytes * EACH / self.room };
            self.room = (self.room + more).min(MAX);
        }
    }

    /// When the next frame may go out; one that shows a key before others.
    pub(super) fn free_at(&self, key: bool, now: Instant) -> Instant {
        let Some(oldest) = self.asked.front() else { return now };
        if !self.answers {
            let is_first = self.silent == Some(0);
            return if is_first && self.on_its_way() >= UNKNOWN { now.max(oldest.at + HEARD) } else { now };
        }
        // A key's frame is small, and goes in front of all that is not written yet.
        let room = if key { self.room + MIN } else { self.room };
        if self.on_its_way() < room { now } else { now.max(oldest.at + LOST) }
    }

    /// Whether the link is full to half: what can wait had better not go out with a key.
    pub(super) fn is_tight(&self) -> bool {
        self.answers && !self.asked.is_empty() && self.on_its_way() * 2 > self.room
    }

    /// Until when an answer is worth waiting for, for whoever gives the terminal away: what comes later is read as keys by the
    /// next program. `patient` where that one may do harm with them.
    pub(super) fn owes(&self, patient: bool) -> Option<Instant> {
        let span = match (patient, self.answers) {
            (true, true) => LOST,
            (true, false) => HEARD,
            (false, true) => LEAVES.max(self.nearest.unwrap_or_default() * 2).min(LOST),
            (false, false) => LEAVES_SILENCE,
        };
        self.asked.back().map(|newest| newest.at + span)
    }

    /// Forgets what is on its way: another program had the terminal, and maybe it is another one now.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.silent.is_some());
    }

    fn on_its_way(&self) -> usize {
        self.unasked + self.asked.iter().map(|asked| asked.bytes).sum::<usize>()
    }

    /// Gives up what was not answered for so long.
    fn give_up(&mut self, now: Instant) {
        if self.asked.front().is_some_and(|oldest| now >= oldest.at + LOST) {
            // What is behind it in the same line is no more likely to come.
            self.asked.clear();
            self.unasked = 0;
            self.silent = self.silent.map(|silent| silent.saturating_add(1));
            self.answers &= self.silent.is_some_and(|silent| silent < TRIES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(1);
    const FRAME: Duration = Duration::from_millis(33);

    /// A link with a terminal behind it: so many bytes in a millisecond, and this long in each direction.
    struct Link {
        pace: Pace,
        now: Instant,
        per_tick: usize,
        delay: Duration,
        /// Bytes that wait to be sent, with whether a question is behind them.
        line: VecDeque<(usize, bool)>,
        /// When answers arrive.
        answers: VecDeque<Instant>,
        sent: usize,
        longest: usize,
        last: Option<Instant>,
        frames: usize,
    }

    impl Link {
        fn new(bytes_per_second: usize, delay: u64) -> Self {
            Self {
                pace: Pace::new(true),
                now: Instant::now(),
                per_tick: bytes_per_second / 1000,
                delay: Duration::from_millis(delay),
                line: VecDeque::new(),
                answers: VecDeque::new(),
                sent: 0,
                longest: 0,
                last: None,
                frames: 0,
            }
        }

        /// Draws frames of this size whenever one may go out.
        fn run(&mut self, span: Duration, frame: usize) {
            let end = self.now + span;
            while self.now < end {
                let due = self.last.is_none_or(|last| self.now >= last + FRAME);
                if due && self.pace.free_at(false, self.now) <= self.now {
                    self.draw(frame);
                }
                self.tick();
            }
        }

        fn draw(&mut self, bytes: usize) {
            let asks = self.pace.send(bytes, self.now);
            self.line.push_back((bytes, asks));
            self.last = Some(self.now);
            self.frames += 1;
        }

        fn waiting(&self) -> usize {
            self.line.iter().map(|(bytes, _)| bytes).sum()
        }

        fn tick(&mut self) {
            self.longest = self.longest.max(self.waiting());
            let mut room = self.per_tick;
            while let Some((bytes, asks)) = self.line.front_mut() {
                let taken = room.min(*bytes);
                *bytes -= taken;
                room -= taken;
                self.sent += taken;
                if *bytes > 0 {
                    break;
                }
                if *asks {
                    self.answers.push_back(self.now + self.delay * 2);
                }
                self.line.pop_front();
            }
            self.now += TICK;
            while self.answers.front().is_some_and(|at| *at <= self.now) {
                self.answers.pop_front();
                self.pace.answered(self.now);
            }
        }
    }

    #[test]
    fn a_slow_link_is_kept_busy_and_no_line_grows_on_it() {
        for (rate, delay) in [(20_000, 300), (20_000, 20), (100_000, 150), (8_000, 300)] {
            let mut link = Link::new(rate, delay);
            link.run(Duration::from_secs(5), 2500);
            (link.sent, link.longest) = (0, 0);
            link.run(Duration::from_secs(20), 2500);
            let share = link.sent as f64 / (rate as f64 * 20.0);
            assert!(share > 0.6, "{rate} B/s, {delay} ms: {share:.2} of the link is used");
            // A frame that was begun, and what waits behind it.
            let most = 2500.0 * 2.0 + rate as f64 * 0.3;
            assert!((link.longest as f64) < most, "{rate} B/s, {delay} ms: {} bytes wait", link.longest);
        }
    }

    #[test]
    fn a_key_is_never_held_up_for_longer_than_a_frame_takes() {
        let mut link = Link::new(20_000, 300);
        link.run(Duration::from_secs(10), 2500);
        for _ in 0..50 {
            link.run(Duration::from_millis(170), 2500);
            let pressed = link.now;
            while link.pace.free_at(true, link.now) > link.now {
                link.tick();
            }
            link.draw(300);
            while link.waiting() > 0 {
                link.tick();
            }
            let took = link.now - pressed;
            assert!(took < Duration::from_millis(450), "{took:?} until it is on its way whole");
        }
    }

    #[test]
    fn a_quick_link_holds_up_nothing_however_long_it_is() {
        for (rate, delay) in [(50_000_000, 0), (5_000_000, 150)] {
            let mut link = Link::new(rate, delay);
            link.run(Duration::from_secs(5), 2500);
            link.frames = 0;
            link.run(Duration::from_secs(10), 2500);
            assert!(link.frames >= 295, "{rate} B/s, {delay} ms: {} frames in ten seconds", link.frames);
        }
    }

    #[test]
    fn a_terminal_that_never_answers_is_asked_three_times_and_held_up_once() {
        let mut pace = Pace::new(true);
        let begin = Instant::now();
        let (mut asked, mut now) = (0, begin);
        let mut held = Duration::ZERO;
        while now < begin + Duration::from_secs(60) {
            if pace.free_at(false, now) > now {
                held += FRAME;
            } else {
                asked += usize::from(pace.send(3000, now));
            }
            now += FRAME;
        }
        assert_eq!(asked, 3);
        assert!(held < HEARD, "{held:?} in which its first answer might have come");
        assert_eq!(pace.owes(false), None, "and nothing is waited for in the end");
        let mut dumb = Pace::new(false);
        assert!(!dumb.send(100_000, now) && dumb.free_at(false, now) <= now);
    }

    #[test]
    fn one_that_stops_answering_is_held_up_for_seconds_and_then_no_more() {
        let mut link = Link::new(1_000_000, 10);
        link.run(Duration::from_secs(5), 3000);
        // From here on nothing is answered.
        link.answers.clear();
        let (mut now, begin, mut frames) = (link.now, link.now, 0);
        while now < begin + Duration::from_secs(60) {
            if link.pace.free_at(false, now) <= now {
                link.pace.send(30_000, now);
                frames += 1;
            }
            now += FRAME;
        }
        assert!(frames > 1000, "{frames}");
    }

    #[test]
    fn answers_that_nobody_asked_for_change_nothing() {
        let mut pace = Pace::new(true);
        let now = Instant::now();
        pace.answered(now);
        assert!(pace.free_at(false, now) <= now);
        assert!(!pace.is_tight());
        assert!(pace.send(5000, now));
        assert_eq!(pace.owes(false), Some(now + LEAVES));
        pace.forget();
        assert_eq!(pace.owes(true), None);
    }
}

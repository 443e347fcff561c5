//! What a stub does by itself: steps such as `work 20; rest 5; loop`. Pure.

use std::time::Duration;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Works for a while.
    Work(Duration),
    /// Does nothing for a while.
    Rest(Duration),
    /// Asks for input and waits for the answer.
    Ask(String),
    /// Prints a line.
    Say(String),
    /// Ends with a status.
    Die(u8),
    /// Stops reacting to anything.
    Hang,
    /// Floods the screen with lines.
    Flood(u32),
    /// Works so long on each message from now on.
    Pace(Duration),
    /// Keeps every message from now on in this file, a line of JSON each.
    Log(String),
    /// Claims a card, works on it for a while, and ends it so.
    Card(Ending, Duration),
    /// Begins again.
    Loop,
}

/// How the work on a card ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It is completed.
    Complete,
    /// It fails, and the card is parked.
    Fail,
    /// The claim is not renewed and runs out before the work is done.
    Late,
}

/// Steps in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Script {
    steps: Vec<Step>,
    at: usize,
}

/// Longest step: a day.
const MAX_SECONDS: f64 = 86_400.0;

impl Script {
    /// Reads `step; step; ...`; the empty text is a script without steps.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let steps = text
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Step::parse(part).ok_or_else(|| format!("{} is no step", crate::plain::quoted(part))))
            .collect::<Result<Vec<_>, _>>()?;
        // A loop without a pause would spin; what stands behind it never comes.
        let pauses = steps
            .iter()
            .take_while(|step| **step != Step::Loop)
            .any(|step| matches!(step, Step::Work(_) | Step::Rest(_) | Step::Ask(_) | Step::Card(..)));
        if steps.contains(&Step::Loop) && !pauses {
            return Err("a loop needs a step before it that takes time".to_owned());
        }
        Ok(Self { steps, at: 0 })
    }

    /// The next step; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Step> {
        if self.steps.get(self.at) == Some(&Step::Loop) {
            self.at = 0;
        }
        let step = self.steps.get(self.at)?.clone();
        self.at += 1;
        Some(step)
    }
}

impl Step {
    /// Reads one step: a word, then what it needs.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim()));
        let seconds = |default: f64| -> Option<Duration> {
            let seconds = if rest.is_empty() { default } else { rest.parse().ok()? };
            // A shorter step would not count as the pause that a loop needs.
            (0.05..=MAX_SECONDS).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
        };
        Some(match word {
            "work" => Self::Work(seconds(10.0)?),
            "rest" => Self::Rest(seconds(10.0)?),
            "ask" if !rest.is_empty() => Self::Ask(rest.to_owned()),
            "pace" => Self::Pace(seconds(5.0)?),
            "log" if !rest.is_empty() => Self::Log(rest.to_owned()),
            "say" if !rest.is_empty() => Self::Say(rest.to_owned()),
            "die" => Self::Die(if rest.is_empty() { 1 } else { rest.parse().ok()? }),
            "hang" => Self::Hang,
            "flood" => {
                Self::Flood(if rest.is_empty() { 1000 } else { rest.parse().ok().filter(|n| *n <= 1_000_000)? })
            }
            "claim" => Self::Card(Ending::Complete, seconds(10.0)?),
            "fail" => Self::Card(Ending::Fail, seconds(10.0)?),
            "late" => Self::Card(Ending::Late, seconds(10.0)?),
            "loop" => Self::Loop,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_and_loop() {
        let mut script = Script::parse("work 2; ask Really? yes; loop").unwrap();
        let first = Step::Work(Duration::from_secs(2));
        assert_eq!(script.next(), Some(first.clone()));
        assert_eq!(script.next(), Some(Step::Ask("Really? yes".to_owned())));
        assert_eq!(script.next(), Some(first));
        assert_eq!(Script::default().next(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "dance",
            "work x",
            "ask",
            "die 999",
            "flood 99999999",
            "say hi; loop",
            "loop",
            "work -1",
            "loop; loop; work 1",
            "loop; work 1",
            "say hi; loop; rest 1; loop",
        ] {
            assert!(Script::parse(text).is_err(), "{text}");
        }
    }
}

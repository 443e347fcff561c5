//! Who performs an action: the one match that shell, keys and palette go through.

use super::concern::Concern;
use super::inputs::Inputs;
use super::registry::{ActionSpec, Door};
use super::{
    Action, AgentAction, BacklogAction, FleetAction, FrameworkAction, GateAction, LibraryAction, NorthStarAction,
    ScreenAction, SessionAction, TerminalAction,
};
use crate::fleet::git::Against;

/// Who performs an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performer {
    /// This screen, at once.
    Screen(OnScreen),
    /// Whoever owns the terminal and the process.
    Terminal(TerminalAction),
    /// The executor, which answers with a report.
    Executor(Request),
}

/// What is done on the dashboard's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnScreen {
    /// A step of the view.
    Step(ScreenAction),
    /// Shows an agent's pane.
    Watch(String),
    /// Shows why an agent's readiness is what it is.
    Explain(String),
    /// Shows what an agent's work tree holds and this state does not.
    Diff(String, Against),
}

/// What the executor performs and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Of the fleet.
    Fleet(FleetAction),
    /// Of single agents.
    Agent(AgentAction),
    /// Of the framework.
    Framework(FrameworkAction),
    /// Of personas and system types.
    Library(LibraryAction),
    /// Of the north star.
    NorthStar(NorthStarAction),
    /// Of a session.
    Session(SessionAction),
    /// Of the backlog.
    Backlog(BacklogAction),
    /// Of a repository's gate.
    Gate(GateAction),
}

/// Tells one request from every other of this dashboard, also from one with the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RequestId(pub u64);

/// A request that was handed to the executor, while its answer is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// By this its answer is known.
    pub id: RequestId,
    /// Its command line, for people.
    pub command: String,
    /// At which door it was asked for.
    pub door: Door,
}

impl Request {
    /// What it changes.
    #[must_use]
    pub fn concern(&self) -> Concern {
        match self {
            Self::Fleet(action) => action.concern(),
            Self::Agent(action) => action.concern(),
            Self::Session(_) => Concern::default(),
            Self::Framework(action) => action.concern(),
            // Agents read personas when they start.
            Self::Library(_) => Concern::default(),
            Self::NorthStar(action) => action.concern(),
            // Reads too: a look that overtakes the change before it would show the card as it was.
            Self::Backlog(_) => Concern { cards: true, ..Concern::default() },
            Self::Gate(action) => action.concern(),
        }
    }
}

impl ActionSpec {
    /// Who performs the action that these inputs make, asked for at this door.
    ///
    /// # Errors
    /// When it has no such door, with the one that it has; what is missing in the inputs, or wrong with one of them.
    pub fn resolve(&self, inputs: &Inputs, door: Door) -> Result<Performer, String> {
        match self.refusal(door) {
            Some(refusal) => Err(refusal),
            None => performer(self.build(inputs)?, door),
        }
    }
}

/// Who performs an action that was asked for at a door. That its entry in the table has this door, [`resolve`] says
/// before.
///
/// # Errors
/// Where nobody can do it, and which door helps.
///
/// [`resolve`]: ActionSpec::resolve
pub fn performer(action: Action, door: Door) -> Result<Performer, String> {
    let has_screen = door != Door::Shell;
    Ok(match action {
        Action::Screen(step) if has_screen => Performer::Screen(OnScreen::Step(step)),
        Action::Screen(_) => return Err("this moves the dashboard's screen; open it with `mosaic-tui`".to_owned()),
        // On a screen a watch is a view; a second full-screen program below it would
        // fight for the terminal.
        Action::Terminal(TerminalAction::Watch(name)) if has_screen => Performer::Screen(OnScreen::Watch(name)),
        Action::Terminal(action @ (TerminalAction::Attach(_) | TerminalAction::EditPersona(_))) => {
            Performer::Terminal(action)
        }
        Action::Terminal(TerminalAction::Follow { name, .. }) if has_screen => {
            return Err(format!(
                "--follow needs a terminal to itself: here Enter watches {name}; in a shell run `mosaic-tui agent tail --follow {name}`"
            ));
        }
        Action::Terminal(_) if has_screen => {
            return Err("this needs a terminal or a process of its own; run it in a shell".to_owned());
        }
        Action::Terminal(action) => Performer::Terminal(action),
        // The view reads it itself, and again on a key; an answer in a popup would stand still.
        Action::Agent(AgentAction::Diff { name, against, .. }) if has_screen => {
            Performer::Screen(OnScreen::Diff(name, against))
        }
        Action::Agent(AgentAction::Explain(name)) if has_screen => Performer::Screen(OnScreen::Explain(name)),
        Action::Agent(action) => Performer::Executor(Request::Agent(action)),
        Action::Fleet(action) => Performer::Executor(Request::Fleet(action)),
        Action::Framework(action) => Performer::Executor(Request::Framework(action)),
        Action::Library(action) => Performer::Executor(Request::Library(action)),
        Action::NorthStar(action) => Performer::Executor(Request::NorthStar(action)),
        Action::Session(action) => Performer::Executor(Request::Session(action)),
        Action::Backlog(action) => Performer::Executor(Request::Backlog(action)),
        Action::Gate(action) => Performer::Executor(Request::Gate(action)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::cli;
    use crate::app::action::registry::ACTIONS;
    use crate::app::action::samples::inputs as sample;

    const DOORS: [Door; 3] = [Door::Shell, Door::Palette, Door::Key];

    #[test]
    fn every_action_is_performed_at_each_of_its_doors_and_refused_at_no_other() {
        for spec in ACTIONS {
            for door in DOORS {
                let resolved = spec.resolve(&sample(spec), door);
                match spec.refusal(door) {
                    None => assert!(resolved.is_ok(), "{} at {door:?}: {resolved:?}", spec.id),
                    Some(refusal) => assert_eq!(resolved, Err(refusal), "{} at {door:?}", spec.id),
                }
            }
        }
    }

    #[test]
    fn a_refusal_names_a_door_that_the_action_has() {
        let mut seen = 0;
        for spec in ACTIONS {
            assert!(DOORS.iter().any(|door| spec.refusal(*door).is_none()), "{} has no door", spec.id);
            for refusal in DOORS.iter().filter_map(|door| spec.refusal(*door)) {
                let names = ["in the dashboard its key is ", "in a shell it is `mosaic-tui", "the palette of"];
                assert!(names.iter().any(|name| refusal.contains(name)), "{refusal}");
                seen += 1;
            }
        }
        assert!(seen > 60, "{seen}");
    }

    #[test]
    fn a_row_says_of_its_action_whether_it_writes() {
        let mut with_an_option = Vec::new();
        for spec in ACTIONS {
            for performer in DOORS.into_iter().filter_map(|door| spec.resolve(&sample(spec), door).ok()) {
                assert!(spec.writes || !performer.writes(), "{} writes", spec.id);
                if spec.writes && !performer.writes() {
                    with_an_option.push(spec.id);
                }
            }
        }
        with_an_option.dedup();
        // Without one they only tell what they would do.
        let tell = [
            "fleet.init",
            "fleet.provision",
            "fleet.recover",
            "app.update",
            "backlog.export",
            "north.render",
            "gate.check",
        ];
        with_an_option.sort_unstable();
        let mut tell = tell.to_vec();
        tell.sort_unstable();
        assert_eq!(with_an_option, tell);
    }

    #[test]
    fn the_door_decides_who_performs() {
        let at = |line: &str, door| {
            let parsed = cli::parse_line(line).unwrap();
            parsed.spec.resolve(&parsed.inputs, door)
        };
        let name = || "a".to_owned();
        for (line, door, want) in [
            ("agent watch a", Door::Shell, Performer::Terminal(TerminalAction::Watch(name()))),
            ("agent watch a", Door::Palette, Performer::Screen(OnScreen::Watch(name()))),
            ("agent explain a", Door::Shell, Performer::Executor(Request::Agent(AgentAction::Explain(name())))),
            (
                "agent diff a",
                Door::Shell,
                Performer::Executor(Request::Agent(AgentAction::Diff {
                    name: name(),
                    against: Against::Commit,
                    stat: false,
                })),
            ),
            ("agent diff a", Door::Palette, Performer::Screen(OnScreen::Diff(name(), Against::Commit))),
            ("agent diff a --branch", Door::Palette, Performer::Screen(OnScreen::Diff(name(), Against::Base))),
            ("agent explain a", Door::Key, Performer::Screen(OnScreen::Explain(name()))),
            ("agent attach a", Door::Key, Performer::Terminal(TerminalAction::Attach(name()))),
            ("fleet doctor", Door::Palette, Performer::Executor(Request::Fleet(FleetAction::Doctor))),
        ] {
            assert_eq!(at(line, door), Ok(want), "{line} at {door:?}");
        }
        let refused = at("agent tail --follow a", Door::Palette).unwrap_err();
        assert!(refused.contains("Enter watches a") && refused.contains("in a shell"), "{refused}");
        assert!(at("agent tail --follow a", Door::Shell).is_ok());
    }
}

//! Whether what was asked for changes anything outside of this program: with `--read-only` only looks are left. And which
//! steps of the screen act on what is selected there.
//!
//! Each match names every action, so that a new one is decided on. A row of the table says the same of all that its
//! command can come to ([`ActionSpec::writes`]); a test holds them together.
//!
//! [`ActionSpec::writes`]: super::registry::ActionSpec::writes

use super::dispatch::{OnScreen, Performer, Request};
use super::{
    AgentAction, BacklogAction, FleetAction, FrameworkAction, GateAction, LibraryAction, NorthStarAction, ScreenAction,
    SessionAction, TerminalAction,
};

impl Performer {
    /// Whether it changes anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::Screen(OnScreen::Step(action)) => action.writes(),
            Self::Screen(OnScreen::Watch(_) | OnScreen::Explain(_) | OnScreen::Diff(..)) => false,
            Self::Terminal(action) => action.writes(),
            Self::Executor(request) => request.writes(),
        }
    }
}

impl Request {
    /// Whether it changes anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::Fleet(action) => action.writes(),
            Self::Agent(action) => action.writes(),
            Self::Framework(action) => action.writes(),
            Self::Library(action) => action.writes(),
            Self::Gate(action) => action.writes(),
            Self::NorthStar(action) => action.writes(),
            // The keeper carries a report over into the heartbeat, which the whole fleet reads.
            Self::Session(SessionAction::Report { .. } | SessionAction::Usage { .. }) => true,
            Self::Backlog(action) => action.writes(),
        }
    }
}

impl FleetAction {
    fn writes(&self) -> bool {
        match self {
            Self::Ps(_)
            | Self::Check(_)
            | Self::Schema
            | Self::Status
            | Self::Verify
            | Self::Doctor
            | Self::Escalations
            | Self::Digest(_) => false,
            // Without `--write` a roster is only printed.
            Self::Init { write, .. } | Self::Provision { write, .. } => *write,
            Self::Install { dry_run } | Self::Uninstall { dry_run } => !dry_run,
            Self::Recover { apply } => *apply,
            Self::Start(_)
            | Self::Stop(_)
            // Keepers write a heartbeat for it.
            | Self::Probe(_)
            | Self::Restart(_)
            | Self::Add { .. }
            | Self::Edit { .. }
            | Self::Pause { .. }
            | Self::Resume
            | Self::Ack(_)
            | Self::Remove(_) => true,
        }
    }
}

impl AgentAction {
    fn writes(&self) -> bool {
        match self {
            Self::Roster
            | Self::Status(_)
            | Self::Explain(_)
            | Self::Wait { .. }
            | Self::Tail { .. }
            | Self::Diff { .. }
            | Self::CommsBlock { .. } => false,
            Self::Send { .. } | Self::Broadcast { .. } | Self::Reset { .. } | Self::Approve { .. } => true,
        }
    }
}

impl FrameworkAction {
    fn writes(&self) -> bool {
        match self {
            Self::Status | Self::Verify { .. } | Self::Contract { .. } => false,
            Self::Upgrade { apply, .. } => *apply,
            Self::Install | Self::Update | Self::Identity { .. } => true,
        }
    }
}

impl LibraryAction {
    fn writes(&self) -> bool {
        match self {
            Self::Personas { .. }
            | Self::Persona(_)
            | Self::Diff(_)
            | Self::Profiles
            | Self::Profile(_)
            | Self::Validate(_) => false,
            Self::Save { .. } | Self::Add { .. } | Self::Reset(_) => true,
        }
    }
}

impl GateAction {
    fn writes(&self) -> bool {
        match self {
            // CI runs a command of the user's, and stands in line for it.
            Self::Check { ci, .. } => *ci,
            // Who waits in the queue holds up those behind.
            Self::Review { .. } | Self::Merge { .. } | Self::Queue { .. } => true,
        }
    }
}

impl NorthStarAction {
    fn writes(&self) -> bool {
        match self {
            Self::Check(_) => false,
            Self::Render { write, .. } => *write,
            Self::Sync { dry_run } => !dry_run,
            Self::Init => true,
        }
    }
}

impl BacklogAction {
    /// Whether it changes anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::List(_)
            | Self::Show(_)
            | Self::Brief { .. }
            | Self::Stats
            | Self::Goals
            | Self::Graph { .. }
            | Self::Doctor => false,
            // It changes no card, but makes a file where it is given one.
            Self::Export(file) => file.is_some(),
            Self::Create { .. }
            | Self::Edit { .. }
            | Self::Claim(_)
            | Self::Renew { .. }
            | Self::Reclaim(_)
            | Self::Link { .. }
            | Self::Unlink { .. }
            | Self::Block { .. }
            | Self::Unblock { .. }
            | Self::Complete { .. }
            | Self::Import(_)
            | Self::Migrate => true,
        }
    }
}

impl TerminalAction {
    fn writes(&self) -> bool {
        match self {
            Self::Supervise(wanted) => !wanted.dry_run,
            Self::Completions(_) | Self::Manual => false,
            Self::Dashboard | Self::Once(_) | Self::Watch(_) | Self::Follow { .. } | Self::Events(_) => false,
            // Who takes a pane over types into it.
            Self::Attach(_) | Self::EditPersona(_) => true,
            Self::Demo { .. }
            | Self::SessionRun { .. }
            | Self::SessionHold
            | Self::SessionEnd(_)
            | Self::Tether { .. }
            | Self::Launch(_)
            | Self::StubAgent(_) => true,
        }
    }
}

impl ScreenAction {
    /// Whether it begins to change anything; what only opens a view, or reads, does not.
    #[must_use]
    pub const fn writes(self) -> bool {
        match self {
            Self::AskMessage
            | Self::AskBroadcast
            | Self::Answer
            | Self::LaunchSettings
            | Self::FirstFleet
            | Self::NewCard
            | Self::EditCard
            | Self::CardInEditor
            | Self::ClaimFor
            | Self::AskBlock
            | Self::AskLink
            | Self::MoveCard
            | Self::Priority(_)
            | Self::Pause
            // A mark is for what is done to several.
            | Self::Mark
            | Self::MarkCard
            | Self::Undo => true,
            Self::Back
            | Self::Quit
            | Self::Peel
            | Self::Help
            | Self::Palette
            | Self::Settings
            | Self::Copy
            | Self::Snooze
            | Self::Escalations
            | Self::ShowPersona
            | Self::Redraw
            | Self::Suspend
            | Self::ViewFleet
            | Self::ViewWall
            | Self::Tile(_)
            | Self::Freeze
            | Self::Fold
            | Self::Follow
            | Self::Move(_)
            | Self::Order(_)
            | Self::OpenFacts
            | Self::ScrollFacts(_)
            | Self::Filter
            | Self::NextAttention
            | Self::Pan(_)
            | Self::ViewActivity
            | Self::FilterActivity
            | Self::OpenEvent
            | Self::Plots
            | Self::Span
            | Self::Running
            | Self::ViewOrg
            | Self::ScrollPersona(_)
            | Self::Side(_)
            | Self::DiffAgain
            | Self::DiffAgainst
            | Self::Search
            | Self::NextFound(_)
            | Self::ViewBoard
            | Self::Column(_)
            | Self::OpenCard
            | Self::Jump
            | Self::FilterBoard
            | Self::ViewGoals
            | Self::GoalCards => false,
        }
    }

    /// Whether it acts on what is selected, and so only on what a frame showed. What opens a view of it shows what it took.
    #[must_use]
    pub const fn acts_on_selection(self) -> bool {
        match self {
            Self::AskMessage
            | Self::AskBroadcast
            | Self::Answer
            | Self::Snooze
            // What is copied leaves the screen: nobody sees there whose it is.
            | Self::Copy
            | Self::Mark
            | Self::MarkCard
            | Self::ShowPersona
            | Self::LaunchSettings
            | Self::EditCard
            | Self::CardInEditor
            | Self::ClaimFor
            | Self::AskBlock
            | Self::AskLink
            | Self::MoveCard
            | Self::Priority(_) => true,
            Self::Back
            | Self::Quit
            | Self::Peel
            | Self::Help
            | Self::Palette
            | Self::Settings
            | Self::Escalations
            | Self::FirstFleet
            | Self::Redraw
            | Self::Suspend
            | Self::Pause
            | Self::ViewFleet
            | Self::ViewWall
            | Self::Tile(_)
            | Self::Freeze
            | Self::Fold
            | Self::Follow
            | Self::Move(_)
            | Self::Order(_)
            | Self::OpenFacts
            | Self::ScrollFacts(_)
            | Self::Filter
            | Self::NextAttention
            | Self::Pan(_)
            | Self::ViewActivity
            | Self::FilterActivity
            | Self::OpenEvent
            | Self::Plots
            | Self::Span
            | Self::Running
            | Self::ViewOrg
            | Self::ScrollPersona(_)
            | Self::Side(_)
            | Self::DiffAgain
            | Self::DiffAgainst
            | Self::Search
            | Self::NextFound(_)
            | Self::ViewBoard
            | Self::Column(_)
            | Self::OpenCard
            | Self::Jump
            | Self::FilterBoard
            | Self::NewCard
            | Self::Undo
            | Self::ViewGoals
            | Self::GoalCards => false,
        }
    }
}

//! The screen: what can be asked of it, by which keys.

use super::spec::{ActionSpec, Place, screen};

/// An intent that stays on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenAction {
    /// One layer back, then out.
    Back,
    /// Out at once.
    Quit,
    /// Peels one layer, never quits.
    Peel,
    /// Help for where the operator is.
    Help,
    /// A command line inside the dashboard.
    Palette,
    /// Tells nothing of the selected agent for a while, or takes that back.
    Snooze,
    /// A choice of what is copied.
    Copy,
    /// Every setting, its value, and where that comes from.
    Settings,
    /// Opens what waits for a person.
    Escalations,
    /// A text for the selected agent.
    AskMessage,
    /// A text for every agent of the list.
    AskBroadcast,
    /// The question that the selected agent asks, with a key for each choice.
    Answer,
    /// The persona of the selected agent.
    ShowPersona,
    /// How the selected agent is launched.
    LaunchSettings,
    /// The questions of a first fleet.
    FirstFleet,
    /// Draws everything again.
    Redraw,
    /// Hands the terminal back to the shell.
    Suspend,
    /// Asks why and pauses the fleet, or ends the pause.
    Pause,
    /// The Fleet view.
    ViewFleet,
    /// The Wall view.
    ViewWall,
    /// The tile beside.
    Tile(Direction),
    /// Holds the wall's pictures still, or lets them go on.
    Freeze,
    /// Folds tiles of idle agents on the wall, or shows all of them whole.
    Fold,
    /// Takes the wall's cursor along to what moves, or leaves it alone.
    Follow,
    /// Moves the cursor or scrolls.
    Move(Motion),
    /// Puts the selected agent among the marked ones, or takes it out.
    Mark,
    /// Orders the list by the next of its columns; else by the one before.
    Order(bool),
    /// Gives the facts of the selected agent the room that they need, or the pane its own again.
    OpenFacts,
    /// Scrolls them.
    ScrollFacts(Direction),
    /// Edits the filter.
    Filter,
    /// Goes to the next agent that needs the operator.
    NextAttention,
    /// Moves the cut-out of a pane.
    Pan(Direction),
    /// The Activity view.
    ViewActivity,
    /// Edits the filter of events.
    FilterActivity,
    /// The selected event, whole.
    OpenEvent,
    /// What runs in the background.
    Running,
    /// Figures, or the events again.
    Plots,
    /// Figures of a day, of a week, of a month.
    Span,
    /// The chart of seats.
    ViewOrg,
    /// Scrolls the persona beside it.
    ScrollPersona(Direction),
    /// Moves a diff's lines to the side, or goes to another file.
    Side(Direction),
    /// Reads the diff again.
    DiffAgain,
    /// Compares with the branch that an agent's own began at, or with its commit again.
    DiffAgainst,
    /// Edits what is searched in a diff.
    Search,
    /// To the next line that holds what is searched; else the one before.
    NextFound(bool),
    /// The Board view.
    ViewBoard,
    /// The column beside.
    Column(Direction),
    /// Puts the selected card among the marked ones, or takes it out.
    MarkCard,
    /// The selected card, full screen.
    OpenCard,
    /// From a card to its owner's pane, from an agent to its card.
    Jump,
    /// Edits the board's filter.
    FilterBoard,
    /// The form of a new card.
    NewCard,
    /// The form of the selected card.
    EditCard,
    /// The selected card in the operator's editor.
    CardInEditor,
    /// Claims the selected card for an agent that is chosen.
    ClaimFor,
    /// Asks why, then parks the selected card.
    AskBlock,
    /// Asks on what the selected card depends.
    AskLink,
    /// Chooses a column to move the selected card to.
    MoveCard,
    /// Changes the selected card's priority.
    Priority(i8),
    /// Takes the last change back.
    Undo,
    /// The goals over the board, or its columns again.
    ViewGoals,
    /// The cards of the selected goal, on the board.
    GoalCards,
}

/// How far the cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One up.
    Up,
    /// One down.
    Down,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// To the first.
    First,
    /// To the last.
    Last,
}

/// Which way a pane's cut-out or the board's cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

/// Keys of every view, and of agents.
pub(super) const KEYS: &[ActionSpec] = &[
    screen("app.help", "help", "Shows the keys that work here", Place::Anywhere, &["?", "f1"], ScreenAction::Help)
        .in_footer(),
    screen(
        "app.palette",
        "command",
        "Opens the palette: every command by name, with its shell form",
        Place::Anywhere,
        &[":"],
        ScreenAction::Palette,
    )
    .in_footer(),
    screen("app.back", "back", "Goes one layer back, then leaves", Place::Anywhere, &["q"], ScreenAction::Back)
        .in_footer(),
    screen(
        "app.peel",
        "close",
        "Closes the topmost popup, filter or view",
        Place::Anywhere,
        &["esc"],
        ScreenAction::Peel,
    ),
    screen("app.quit", "quit", "Leaves at once", Place::Anywhere, &["ctrl-c"], ScreenAction::Quit),
    screen("app.redraw", "redraw", "Draws the whole screen again", Place::Anywhere, &["ctrl-l"], ScreenAction::Redraw),
    screen(
        "app.suspend",
        "suspend",
        "Hands the terminal back to the shell; `fg` returns",
        Place::Anywhere,
        &["ctrl-z"],
        ScreenAction::Suspend,
    ),
    screen(
        "app.settings",
        "settings",
        "Shows every setting, its value, and where that comes from: `tui.yaml` in the Mosaic home sets them",
        Place::Anywhere,
        &[","],
        ScreenAction::Settings,
    ),
    screen(
        "app.pause",
        "pause",
        "Asks why and pauses the fleet: no dispatch, no merge, no claim by an agent; while it is paused, ends the pause",
        Place::Anywhere,
        &["Z"],
        ScreenAction::Pause,
    )
    .no_command("`fleet pause` and `fleet resume` are the commands"),
    screen(
        "app.copy",
        "copy",
        "Copies the name, the pane's text, the card or the command of what is selected, also over ssh and inside tmux",
        Place::Anywhere,
        &["y"],
        ScreenAction::Copy,
    ),
    screen(
        "escalations.open",
        "escalations",
        "Shows what cannot go on by itself and waits for a person, with the ways out of each",
        Place::Anywhere,
        &["!"],
        ScreenAction::Escalations,
    )
    .no_command("`fleet escalations` is the command"),
    screen(
        "app.running",
        "running",
        "Shows what runs in the background, since when, and how far it is",
        Place::Anywhere,
        &["&"],
        ScreenAction::Running,
    ),
    screen("view.fleet", "fleet", "Shows the Fleet view", Place::Anywhere, &["1"], ScreenAction::ViewFleet),
    screen(
        "view.wall",
        "wall",
        "Shows the Wall view: a live tile of every agent, those that need you first",
        Place::Anywhere,
        &["2"],
        ScreenAction::ViewWall,
    ),
    screen("view.board", "board", "Shows the Board view", Place::Anywhere, &["3"], ScreenAction::ViewBoard).in_footer(),
    screen("view.activity", "activity", "Shows the Activity view", Place::Anywhere, &["4"], ScreenAction::ViewActivity),
    screen(
        "view.org",
        "org",
        "Shows the Org view: who reports to whom, which seats are staffed, and their personas",
        Place::Anywhere,
        &["5"],
        ScreenAction::ViewOrg,
    ),
    screen(
        "card.jump",
        "agent/card",
        "From a card to its owner's pane, from an agent to the card it holds, from an event to its agent; Esc goes back",
        Place::Anywhere,
        &["o"],
        ScreenAction::Jump,
    ),
    screen(
        "attention.next",
        "next waiting",
        "Goes to the next agent that needs you",
        Place::Anywhere,
        &["w"],
        ScreenAction::NextAttention,
    )
    .in_footer(),
    screen(
        "list.mark",
        "mark",
        "Marks the agent, or takes its mark away; start, stop, restart, reset, snooze and messages then go to all that are marked",
        Place::Fleet,
        &["space"],
        ScreenAction::Mark,
    ),
    screen(
        "agent.snooze",
        "snooze",
        "Tells nothing of the selected agent, or of those that are marked, for an hour; again takes that back",
        Place::Fleet,
        &["N"],
        ScreenAction::Snooze,
    )
    .no_command("what it silences is this dashboard"),
    screen(
        "list.filter",
        "filter",
        "Filters the list: text, `state:`, `class:`, `runtime:`, `host:`; `!` inverts a term",
        Place::Seats,
        &["/"],
        ScreenAction::Filter,
    )
    .in_footer(),
    screen(
        "facts.open",
        "facts",
        "Shows every fact of the selected agent whole, over its pane; again shows the pane",
        Place::List,
        &["tab"],
        ScreenAction::OpenFacts,
    )
    .in_footer(),
    screen(
        "facts.up",
        "facts up",
        "Scrolls the facts of the selected agent up",
        Place::List,
        &["["],
        ScreenAction::ScrollFacts(Direction::Up),
    ),
    screen(
        "facts.down",
        "facts down",
        "Scrolls the facts of the selected agent down",
        Place::List,
        &["]"],
        ScreenAction::ScrollFacts(Direction::Down),
    ),
    screen(
        "cursor.up",
        "up",
        "One up; in Watch, into the scrollback",
        Place::Anywhere,
        &["k", "up"],
        ScreenAction::Move(Motion::Up),
    ),
    screen("cursor.down", "down", "One down", Place::Anywhere, &["j", "down"], ScreenAction::Move(Motion::Down)),
    screen(
        "cursor.half_up",
        "half page up",
        "Half a page up; on the wall, a page",
        Place::Anywhere,
        &["ctrl-u", "pgup"],
        ScreenAction::Move(Motion::HalfUp),
    ),
    screen(
        "cursor.half_down",
        "half page down",
        "Half a page down; on the wall, a page",
        Place::Anywhere,
        &["ctrl-d", "pgdn"],
        ScreenAction::Move(Motion::HalfDown),
    ),
    screen(
        "cursor.first",
        "first",
        "To the first row; in Watch, to the oldest line",
        Place::Anywhere,
        &["g", "home"],
        ScreenAction::Move(Motion::First),
    ),
    screen(
        "cursor.last",
        "last",
        "To the last row; in Watch, back to the live screen",
        Place::Anywhere,
        &["G", "end"],
        ScreenAction::Move(Motion::Last),
    ),
    screen(
        "pane.left",
        "pan left",
        "Moves the cut-out of the pane left",
        Place::Agents,
        &["shift-left", "H"],
        ScreenAction::Pan(Direction::Left),
    ),
    screen(
        "pane.right",
        "pan right",
        "Moves the cut-out of the pane right",
        Place::Agents,
        &["shift-right", "L"],
        ScreenAction::Pan(Direction::Right),
    ),
    screen(
        "pane.up",
        "pan up",
        "Moves the cut-out of the pane up",
        Place::Agents,
        &["shift-up", "K"],
        ScreenAction::Pan(Direction::Up),
    ),
    screen(
        "pane.down",
        "pan down",
        "Moves the cut-out of the pane down",
        Place::Agents,
        &["shift-down", "J"],
        ScreenAction::Pan(Direction::Down),
    ),
];

/// A key of the board that opens something on the screen first, and the commands that do the same.
const fn card(
    id: &'static str,
    title: &'static str,
    doc: &'static str,
    keys: &'static [&'static str],
    action: ScreenAction,
    commands: &'static str,
) -> ActionSpec {
    screen(id, title, doc, Place::Board, keys, action).no_command(commands)
}

/// Keys of the board.
pub(super) const BOARD: &[ActionSpec] = &[
    card(
        "card.open",
        "card",
        "Shows the card in full, with the graph around it and its history",
        &["enter"],
        ScreenAction::OpenCard,
        "`backlog show` is the command",
    )
    .in_footer(),
    card("card.new", "new", "Makes a card in a form", &["n"], ScreenAction::NewCard, "`backlog create` is the command")
        .in_footer(),
    card(
        "card.form",
        "edit",
        "Edits the card in a form",
        &["e"],
        ScreenAction::EditCard,
        "`backlog edit` is the command",
    )
    .in_footer(),
    card(
        "card.editor",
        "$EDITOR",
        "Edits the card in $VISUAL or $EDITOR",
        &["E"],
        ScreenAction::CardInEditor,
        "`backlog edit --body-file` is the command",
    ),
    card(
        "card.claim_for",
        "claim",
        "Claims the card for an agent that is chosen from a list",
        &["c"],
        ScreenAction::ClaimFor,
        "`backlog claim --id` is the command",
    )
    .in_footer(),
    card(
        "card.block",
        "block",
        "Asks why, and parks the card",
        &["b"],
        ScreenAction::AskBlock,
        "`backlog block` is the command",
    )
    .in_footer(),
    card(
        "card.link",
        "link",
        "Makes the card depend on another whose id is typed; `!ID` takes the link away",
        &["L"],
        ScreenAction::AskLink,
        "`backlog link` and `backlog unlink` are the commands",
    )
    .in_footer(),
    card(
        "card.move",
        "move",
        "Moves the card to another column, where a rule allows it",
        &["m"],
        ScreenAction::MoveCard,
        "`backlog claim`, `block`, `unblock`, `complete` and `reclaim` are the commands",
    )
    .in_footer(),
    card(
        "card.raise",
        "sooner",
        "Raises the card's priority by one",
        &["+"],
        ScreenAction::Priority(1),
        "`backlog edit --priority-by` is the command",
    ),
    card(
        "card.lower",
        "later",
        "Lowers the card's priority by one",
        &["-"],
        ScreenAction::Priority(-1),
        "`backlog edit --priority-by` is the command",
    ),
    card(
        "card.undo",
        "undo",
        "Takes the last change back: an edit, a priority, a block, an unblock or a link",
        &["U"],
        ScreenAction::Undo,
        "it takes back what was done on the screen",
    ),
    card(
        "board.filter",
        "filter",
        "Filters the cards: text, `phase:`, `assignee:`, `owner:`; `!` inverts a term",
        &["/"],
        ScreenAction::FilterBoard,
        "`backlog list --search` is the command",
    )
    .in_footer(),
    card(
        "board.left",
        "column left",
        "To the column on the left",
        &["h", "left", "backtab"],
        ScreenAction::Column(Direction::Left),
        "it only moves the screen",
    ),
    card(
        "board.right",
        "column right",
        "To the column on the right",
        &["l", "right", "tab"],
        ScreenAction::Column(Direction::Right),
        "it only moves the screen",
    ),
];

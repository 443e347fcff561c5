//! Keys of single views: the lists, the wall, what happened, a diff, the chart of seats, the goals.

use super::screen::{Direction, ScreenAction};
use super::spec::{ActionSpec, Place, screen};

/// Keys of the list of agents alone, of one pane, and of the board's columns.
pub(super) const LISTS: &[ActionSpec] = &[
    screen(
        "list.order",
        "order",
        "Orders the list by the next of its columns: attention, name, card, tokens, idle time, class, runtime",
        Place::List,
        &[">"],
        ScreenAction::Order(true),
    )
    .no_command("`fleet ps --sort` is the command"),
    screen(
        "list.order_back",
        "order back",
        "Orders the list by the column before",
        Place::List,
        &["<"],
        ScreenAction::Order(false),
    )
    .no_command("`fleet ps --sort` is the command"),
    screen(
        "pane.back",
        "zoom out",
        "Goes back from the pane to where it was opened",
        Place::Watch,
        &["z"],
        ScreenAction::Peel,
    ),
    screen(
        "card.mark",
        "mark",
        "Marks the card, or takes its mark away; complete, block, unblock, reclaim, move, link and priority then go to all that are marked",
        Place::Board,
        &["space"],
        ScreenAction::MarkCard,
    )
    .no_command("a command takes one card"),
];

/// Keys of the chart of seats.
pub(super) const ORG: &[ActionSpec] = &[
    screen(
        "org.launch",
        "launch settings",
        "Changes how the seat's agent is launched, as `c` does",
        Place::Org,
        &["enter"],
        ScreenAction::LaunchSettings,
    )
    .no_command("`fleet edit` is the command")
    .in_footer(),
    screen(
        "org.up",
        "persona up",
        "Scrolls the persona up",
        Place::Org,
        &["K", "shift-up"],
        ScreenAction::ScrollPersona(Direction::Up),
    ),
    screen(
        "org.down",
        "persona down",
        "Scrolls the persona down",
        Place::Org,
        &["J", "shift-down"],
        ScreenAction::ScrollPersona(Direction::Down),
    )
    .in_footer(),
];

/// Keys of a diff.
pub(super) const DIFF: &[ActionSpec] = &[
    screen(
        "diff.against",
        "branch",
        "The whole work of its branch, committed or not; again what differs from its last commit",
        Place::Diff,
        &["b"],
        ScreenAction::DiffAgainst,
    )
    .in_footer(),
    screen(
        "diff.next_file",
        "next file",
        "To the head of the next file",
        Place::Diff,
        &["tab", "]"],
        ScreenAction::Side(Direction::Down),
    )
    .in_footer(),
    screen(
        "diff.file_before",
        "file before",
        "To the head of the file before",
        Place::Diff,
        &["backtab", "["],
        ScreenAction::Side(Direction::Up),
    ),
    screen(
        "diff.search",
        "search",
        "Searches a text in the lines and the names of files; a capital letter means only itself",
        Place::Diff,
        &["/"],
        ScreenAction::Search,
    )
    .in_footer(),
    screen("diff.again", "read again", "Asks git again", Place::Diff, &["d"], ScreenAction::DiffAgain).in_footer(),
    screen(
        "diff.next_found",
        "next found",
        "To the next line that holds it",
        Place::Diff,
        &["n"],
        ScreenAction::NextFound(true),
    )
    .in_footer(),
    screen(
        "diff.found_before",
        "found before",
        "To the line before that holds it",
        Place::Diff,
        &["N"],
        ScreenAction::NextFound(false),
    ),
    screen(
        "diff.left",
        "left",
        "Moves long lines back",
        Place::Diff,
        &["h", "left"],
        ScreenAction::Side(Direction::Left),
    ),
    screen(
        "diff.right",
        "right",
        "Moves long lines to the side, so that their end is seen",
        Place::Diff,
        &["l", "right"],
        ScreenAction::Side(Direction::Right),
    ),
];

/// Keys of the goals.
pub(super) const GOALS: &[ActionSpec] = &[
    screen(
        "board.goals",
        "goals",
        "Shows the goals: how far each is, and the longest way that is still to go",
        Place::Board,
        &["v"],
        ScreenAction::ViewGoals,
    )
    .in_footer(),
    screen("goals.board", "columns", "Shows the board's columns again", Place::Goals, &["v"], ScreenAction::ViewGoals)
        .in_footer(),
    screen(
        "goals.cards",
        "its cards",
        "Shows the cards of the selected goal on the board",
        Place::Goals,
        &["enter"],
        ScreenAction::GoalCards,
    )
    .in_footer(),
];

/// Keys of the Activity view.
pub(super) const ACTIVITY: &[ActionSpec] = &[
    screen(
        "event.open",
        "event",
        "Shows the event whole, with everything that was said",
        Place::Activity,
        &["enter"],
        ScreenAction::OpenEvent,
    )
    .in_footer(),
    screen(
        "activity.filter",
        "filter",
        "Filters the events: text, `agent:`, `kind:`, `who:`, `door:`, `state:`; `!` inverts a term",
        Place::Activity,
        &["/"],
        ScreenAction::FilterActivity,
    )
    .in_footer(),
    screen(
        "activity.plots",
        "plots",
        "Shows figures: cards done, time in claim, states of agents; again shows the events",
        Place::Activity,
        &["tab"],
        ScreenAction::Plots,
    )
    .in_footer(),
    screen(
        "activity.span",
        "span",
        "Lets the figures go back a week, 30 days, and a day again",
        Place::Activity,
        &["t"],
        ScreenAction::Span,
    )
    .in_footer(),
];

/// Keys of the wall.
pub(super) const WALL: &[ActionSpec] = &[
    screen(
        "wall.left",
        "tile left",
        "To the tile on the left",
        Place::Wall,
        &["h", "left", "backtab"],
        ScreenAction::Tile(Direction::Left),
    ),
    screen(
        "wall.right",
        "tile right",
        "To the tile on the right",
        Place::Wall,
        &["l", "right", "tab"],
        ScreenAction::Tile(Direction::Right),
    ),
    screen(
        "wall.freeze",
        "freeze",
        "Holds all pictures still, or lets them go on; states and reasons stay live",
        Place::Wall,
        &["f"],
        ScreenAction::Freeze,
    )
    .in_footer(),
    screen(
        "wall.follow",
        "follow",
        "Takes the cursor along: when its agent is still and another prints, it goes there; a key of yours holds it for a moment",
        Place::Wall,
        &["F"],
        ScreenAction::Follow,
    )
    .in_footer(),
    screen(
        "wall.fold",
        "fold",
        "Shows all tiles whole, on more pages; again folds those of idle agents to a line each where not all have room",
        Place::Wall,
        &["u"],
        ScreenAction::Fold,
    ),
];

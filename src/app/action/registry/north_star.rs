//! The north star: what can be asked of it, and how.

use std::path::PathBuf;

use super::spec::{ActionSpec, Argument, JSON, Shape, command, flag};
use crate::app::action::Action;
use crate::app::action::concern::Concern;
use crate::app::action::inputs::Inputs;

/// What the executor is asked to do with the north star.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NorthStarAction {
    /// Writes the worked example.
    Init,
    /// Lists every problem.
    Check(Option<PathBuf>),
    /// Renders it as Markdown.
    Render {
        /// The file; else the fleet's own.
        file: Option<PathBuf>,
        /// Puts the page beside it.
        write: bool,
        /// Only says whether the page beside it is up to date.
        check: bool,
    },
    /// Makes and edits the goals' cards.
    Sync {
        /// Only tells what it would do.
        dry_run: bool,
    },
}

impl NorthStarAction {
    /// What it changes.
    pub(in crate::app::action) fn concern(&self) -> Concern {
        Concern { cards: matches!(self, Self::Sync { dry_run: false }), ..Concern::default() }
    }
}

const FILE: Argument =
    Argument { name: "file", shape: Shape::Optional, doc: "The file; default the fleet's own", values: &[] };
const BY_PALETTE: &str = "the palette runs it";

/// Its commands.
pub(super) const NORTH_STAR: &[ActionSpec] = &[
    command(
        "north.init",
        "init north star",
        "Writes a worked example of a north star, never over a file that is there",
        &["north-star", "init"],
        |_| done(NorthStarAction::Init),
    )
    .no_key(BY_PALETTE)
    .takes(&[JSON])
    .answers("{file, outcome}", &[0, 1, 4]),
    command(
        "north.check",
        "check north star",
        "Lists every problem of a north star with its place",
        &["north-star", "check"],
        |inputs| done(NorthStarAction::Check(inputs.one("file").map(Into::into))),
    )
    .looks()
    .no_key(BY_PALETTE)
    .takes(&[FILE, JSON])
    .answers("{file, digest, valid, goals, problems}", &[0, 1, 3]),
    command(
        "north.render",
        "render north star",
        "Prints a north star as Markdown, the same bytes each time",
        &["north-star", "render"],
        render,
    )
    .no_key(BY_PALETTE)
    .takes(&[
        FILE,
        flag("write", "Puts it beside the file, as NORTH_STAR.md"),
        flag("check", "Prints nothing; exits 1 when the page beside the file is out of date"),
        JSON,
    ])
    .answers("{file, page, digest, current, outcome, text}", &[0, 1, 3]),
    command(
        "north.sync",
        "sync goals",
        "Makes one card for each goal, and edits those that nobody holds; running it again changes nothing",
        &["north-star", "sync"],
        |inputs| done(NorthStarAction::Sync { dry_run: inputs.flag("dry-run") }),
    )
    .no_key(BY_PALETTE)
    .takes(&[flag("dry-run", "Only tells what it would do"), JSON])
    .answers("{file, digest, dry_run, goals: [{goal, card, outcome, text}]}", &[0, 1, 3, 4]),
];

fn done(action: NorthStarAction) -> Result<Action, String> {
    Ok(Action::NorthStar(action))
}

fn render(inputs: &Inputs) -> Result<Action, String> {
    let (write, check) = (inputs.flag("write"), inputs.flag("check"));
    if write && check {
        return Err("--write and --check exclude each other".to_owned());
    }
    done(NorthStarAction::Render { file: inputs.one("file").map(Into::into), write, check })
}

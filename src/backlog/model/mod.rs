//! The values of the backlog: cards, claims, what is asked and answered. Pure; field names are the public JSON.

mod board;
mod card;
mod event;
mod goals;
mod holder;
mod id;
mod supervising;
mod text;
mod time;
mod work;

pub use board::{Board, BoardQuery, CardLine, ClaimLine, Counts, HeldCard, Lane, StageLine, Term, TermField, Terms};
pub use card::{Card, Claim, Column, NewCard, Patch, Status, criteria};
pub use event::{CardEvent, EventKind, Folded, folded};
pub use goals::{GoalCard, GoalLine, Goals};
pub use holder::{is_held_on, owner_words};
pub use id::CardId;
pub use supervising::{Supervising, Takers};
pub use text::{MAX_BODY_BYTES, check_acceptance, check_body, check_clean, check_line, check_owner};
pub use time::Stamp;
pub use work::{GOAL_KEY, allows, check_branch, check_goal, check_paths, check_stage, goal_key};

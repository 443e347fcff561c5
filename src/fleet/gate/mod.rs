//! The gate: the one way to a repository's main branch. Rules are pure (`authors`, `change`, `refusal`, `review`); git
//! is the real one (`git`, `repository`, `files`, `people`); merges of one repository stand in line (`queue`), each is
//! tested on what it really becomes (`ci`, in a checkout of `worktree`), and lands by compare and swap (`landing`).
//! `series` is the order, and `check` looks at it without a merge.

mod authors;
mod card;
mod change;
mod check;
mod ci;
mod commit;
mod files;
mod git;
mod landing;
mod message;
mod people;
mod queue;
mod refusal;
mod repository;
mod review;
mod said;
mod series;
mod settings;
mod worktree;

pub use authors::{Authors, Identity, Reviewer};
pub use card::Card;
pub use change::{Fault, Finding};
pub use check::{Checked, Verdict};
pub use ci::{output_files, outputs};
pub use commit::{Main, Tip};
pub use message::merged_line;
pub use people::authors;
pub use queue::{Held, Ticket, line};
pub use refusal::{Condition, Ended, Red, Refusal, short};
pub use repository::Repository;
pub use review::{MAX_NOTE, Review, Standing, Verdict as ReviewVerdict, of as reviews_of, record, standing};
pub use said::{Said, Word, said_of, say};
pub use series::{Desk, Done, Gate, Step, Wanted};
pub use settings::{Settings, load, path};

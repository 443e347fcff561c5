//! The gate: the one way to a repository's main branch. Rules are pure (`authors`, `change`, `refusal`, `review`); git
//! is the real one (`git`, `repository`); merges of one repository stand in line (`queue`), each is tested on what it
//! really becomes (`ci`, in a checkout of `worktree`), and lands by compare and swap (`landing`). `series` is the order.

mod authors;
mod change;
mod ci;
mod git;
mod landing;
mod queue;
mod refusal;
mod repository;
mod review;
mod said;
mod series;
mod settings;
mod worktree;

pub use authors::{Authors, Identity, Reviewer};
pub use change::{Fault, Finding};
pub use ci::{output_files, outputs};
pub use queue::{Held, Ticket, line};
pub use refusal::{Condition, Ended, Red, Refusal, short};
pub use repository::{Main, Repository, Tip, merged_line};
pub use review::{MAX_NOTE, Review, Standing, Verdict as ReviewVerdict, of as reviews_of, record, standing};
pub use said::{Said, Word, said_of, say};
pub use series::{Card, Checked, Desk, Done, Gate, Step, Verdict, Wanted};
pub use settings::{Settings, load, path};

//! Pure values of the fleet: names, planes, rows, snapshots. No I/O, no clocks.
//!
//! Every record that leaves the program is one of these types, serialised as it stands here: field
//! names are a public interface.

pub mod age;
mod end;
mod escalation;
mod flag;
mod label;
mod names;
mod pause;
mod planes;
mod row;
mod screen;
pub mod senders;
mod shown;
mod strip;
mod tree;
mod unit;
mod warning;
mod word;

pub use self::end::*;
pub use self::escalation::{Ack, Cause, Escalation, Subject};
pub use self::flag::Flag;
pub use self::label::{Label, printable};
pub use self::names::*;
pub use self::pause::Pause;
pub use self::planes::*;
pub use self::row::*;
pub use self::screen::*;
pub use self::shown::Shown;
pub use self::strip::{BUSIEST, StripCell};
pub use self::tree::TreeFacts;
pub use self::unit::*;
pub use self::warning::{FloorGap, Warning};
pub use self::word::shell_word;
pub use crate::plain::acts_on_terminal;

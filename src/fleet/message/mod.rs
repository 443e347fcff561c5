//! Delivering text to an agent, exactly once, with a receipt that is true.
//!
//! Two phases: paste and see the draft, then Enter and see it taken. Nothing is pasted into a screen that
//! is not understood, and Enter is never pressed on a draft that was not seen.

mod answer;
mod deliver;
mod draft;
mod frame;
mod lease;
mod messenger;
mod options;
mod phase;
mod receipt;
mod shown;
#[cfg(test)]
mod tests;

pub use frame::{Envelope, MAX_BYTES, check_text, id_of};
pub use messenger::Messenger;
pub use options::Options;
pub use phase::Phase;
pub use receipt::{Delivery, Receipt, Refusal};

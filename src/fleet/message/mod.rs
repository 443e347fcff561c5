//! Delivering text to an agent, exactly once, with a receipt that is true.
//!
//! Two phases: paste and see the draft, then Enter and see it taken. Nothing is pasted into a screen that
//! is not understood, and Enter is never pressed on a draft that was not seen.

mod frame;
mod receipt;
mod send;
mod shown;
mod turn;

use frame::check_word as envelope_words;
pub use frame::{Envelope, check_text};
pub use receipt::{Delivery, Receipt};
pub use send::{Options, Post};

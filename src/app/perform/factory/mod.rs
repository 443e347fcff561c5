//! The factory's actions: how goals become cards, and cards merged work.

mod gate;
mod gate_card;
mod gate_print;
mod north_star;
mod sync;

pub(in crate::app) use gate::perform as gate;
pub(in crate::app) use north_star::perform as north_star;

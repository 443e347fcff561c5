//! The factory's actions: how goals become cards, and cards merged work. What `app::factory` decides is done here, and
//! told.

mod desk;
mod doing;
mod gate;
mod gate_card;
mod gate_print;
mod give;
mod in_use;
mod kept;
mod known;
mod looking;
mod north_star;
mod others;
mod remembered;
mod steps;
mod supervise;
mod sync;
mod telling;
mod trees;
mod troubles;
mod witness;

pub(in crate::app) use gate::perform as gate;
pub(in crate::app) use north_star::perform as north_star;
pub(in crate::app) use supervise::supervise;

//! The factory's actions: how goals become merged work, step by step.

mod gate;
mod gate_card;
mod gate_print;

pub(in crate::app) use gate::perform as gate;

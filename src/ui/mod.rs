//! Drawing: a [`view::View`] in, cells out. Knows nothing of where the facts come from.

pub mod activity;
#[cfg(test)]
pub(crate) mod allocations;
mod canvas;
pub mod columns;
pub mod draw;
pub mod facts;
pub mod grid;
pub mod hit;
pub mod lanes;
pub mod layout;
mod overlay;
pub mod paper;
pub mod picture;
pub mod prose;
mod screens;
pub mod text;
pub mod theme;
pub mod view;

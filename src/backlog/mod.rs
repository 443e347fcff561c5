//! The backlog of record: cards in a dependency graph, claimed atomically, on SQLite or PostgreSQL.
//!
//! [`model`] holds the values, `rules` what is legal, [`operations`] the transactions made of both;
//! [`store`] is the one trait, which `sqlite` and `postgres` implement. Nothing here draws or prints.

pub mod checks;
mod conditions;
pub mod error;
pub mod graph;
pub mod model;
pub mod operations;
pub mod place;
mod postgres;
mod rows;
pub mod rules;
mod schema;
mod sqlite;
pub mod stages;
pub mod store;
pub mod transfer;
pub mod watch;

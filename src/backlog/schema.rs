//! Which schema a store has, and what may be done with it: looking migrates nothing.
//!
//! Every process of a fleet shares one store, and not all of them are updated at one moment. A schema that moved on
//! locks the older ones out, so that only a change does it, which somebody asked for.

use super::error::{Failure, Result};

/// What the store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Looking: a file that is not there stays away.
    Read,
    /// Changing: the file is made when it is not there.
    Write,
}

/// What is to be done before a store can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Use,
    /// There is no schema, and looking makes none: an empty backlog in memory stands in for it.
    StandIn,
    /// The missing migrations are applied.
    Migrate,
}

/// Decides from the store's schema and the newest one of this program.
///
/// # Errors
/// Returns an error if it is newer, or older and only looked at.
pub(super) fn step(store: &str, version: i64, newest: i64, access: Access) -> Result<Step> {
    match access {
        // Before what is wanted: an older program could read what it knows, and would write rows
        // that lack the rest.
        _ if version > newest => Err(Failure::invalid(
            format!("backlog {store}"),
            format!("has schema {version}, this program supports {newest}; it was left as it is"),
            "update mosaic-tui",
        )),
        _ if version == newest => Ok(Step::Use),
        Access::Write => Ok(Step::Migrate),
        Access::Read if version <= 0 => Ok(Step::StandIn),
        Access::Read => Err(Failure::invalid(
            format!("backlog {store}"),
            format!("has schema {version}, this program reads {newest}; looking leaves it as it is"),
            "update mosaic-tui wherever this backlog is used, then run `mosaic-tui backlog migrate`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::error::Kind;

    #[test]
    fn looking_never_migrates() {
        let step = |version, access| step("place", version, 3, access).map_err(|error| error.kind);
        for (version, read, write) in [
            (0, Ok(Step::StandIn), Ok(Step::Migrate)),
            (2, Err(Kind::Invalid), Ok(Step::Migrate)),
            (3, Ok(Step::Use), Ok(Step::Use)),
            (4, Err(Kind::Invalid), Err(Kind::Invalid)),
        ] {
            assert_eq!((step(version, Access::Read), step(version, Access::Write)), (read, write), "schema {version}");
        }
    }
}

//! From failures to exit codes and one line on stderr: the only place that knows both.

use crate::fleet::error::{Failure, Kind};

/// Exit code of a command that did what it was asked.
pub const DONE: u8 = 0;
/// Exit code of a command whose answer is "not well" or that could not verify it.
pub const FAILED: u8 = 1;

/// Exit code of a kind of failure.
#[must_use]
pub fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Failed => FAILED,
        // The same as clap's for words that it cannot read: what is asked for wrongly is
        // one thing to a script.
        Kind::Invalid => 2,
        Kind::NotFound => 3,
        Kind::Refused => 4,
        // EX_UNAVAILABLE of sysexits.h.
        Kind::MissingProgram => 69,
    }
}

/// The error as it stands on stderr.
#[must_use]
pub fn line(failure: &Failure) -> String {
    format!("mosaic-tui: {failure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_code() {
        for (kind, code) in
            [(Kind::Failed, 1), (Kind::Invalid, 2), (Kind::NotFound, 3), (Kind::Refused, 4), (Kind::MissingProgram, 69)]
        {
            assert_eq!(exit_code(kind), code);
        }
    }

    #[test]
    fn an_error_is_one_line() {
        let failure = Failure::failed("agent a", "is gone", "start it");
        assert_eq!(line(&failure), "mosaic-tui: agent a: is gone; start it");
    }
}

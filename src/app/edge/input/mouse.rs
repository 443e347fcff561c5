//! What a mouse says that means something here: a click of its first button, and the wheel.

use super::sequence::numbers;

/// What a mouse did, at a place counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct Mouse {
    /// What.
    pub did: Did,
    /// Column.
    pub column: u16,
    /// Row.
    pub row: u16,
}

/// What a mouse did; of everything else that it can do nothing is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Did {
    /// Its first button went down.
    Press,
    /// The wheel was turned up.
    WheelUp,
    /// The wheel was turned down.
    WheelDown,
}

impl Mouse {
    /// What the numbers of a mouse report `CSI < numbers M` say; nothing where it is none that means anything here.
    pub(super) fn of(parameters: &[u8]) -> Option<Self> {
        let numbers = numbers(parameters)?;
        let [(button, _), (column, _), (row, _)] = numbers.as_slice() else { return None };
        let did = match button {
            0 => Did::Press,
            64 => Did::WheelUp,
            65 => Did::WheelDown,
            // Another button, a move, or with a key held: Shift is the terminal's own.
            _ => return None,
        };
        let place = |number: u32| u16::try_from(number.checked_sub(1)?).ok();
        Some(Self { did, column: place(*column)?, row: place(*row)? })
    }
}

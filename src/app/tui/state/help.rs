//! The help: the keys that work here, narrowed by what is typed.

/// Keys that work here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Help {
    /// Filter typed.
    pub filter: String,
    /// First line shown.
    pub scroll: u16,
}

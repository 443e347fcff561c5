//! The list of settings.

/// Every setting, with its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsList {
    /// First line shown.
    pub scroll: u16,
}

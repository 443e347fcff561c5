//! What tells one state of the roster's files from another without reading them.

use std::ffi::OsString;

use crate::fleet::home::Site;
use crate::plain::Stamp;

/// The roster's stamp, and the one of each environment file beside it.
pub(super) type RosterStamp = (Option<Stamp>, Vec<(OsString, Stamp)>);

pub(super) fn roster_stamp_of(site: &Site) -> RosterStamp {
    let files = std::fs::read_dir(site.agents_dir()).into_iter().flatten().flatten();
    let mut files: Vec<_> = files.filter_map(|entry| Some((entry.file_name(), Stamp::of(&entry.path())?))).collect();
    files.sort();
    (Stamp::of(&site.roster), files)
}

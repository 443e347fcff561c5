//! The roster that an example makes.

use crate::fleet::error::{Failure, Result};
use crate::fleet::framework::PROFILES;
use crate::fleet::home::Site;
use crate::fleet::model::FloorGap;
use crate::fleet::roster::{self, Draft, ENHANCING_CLASS, Edit, Field};

/// An example with one runtime for all and the floor filled up, and what was added for that.
pub(super) fn from_profile(site: &Site, profile: &str, runtime: Option<&str>) -> Result<(Draft, Vec<String>)> {
    let internal = |why: String| Failure::failed(format!("profile {profile}"), why, "report this");
    let text = PROFILES.iter().find(|(name, _)| *name == profile).map(|(_, text)| *text);
    let mut text = text.ok_or_else(|| internal("does not exist".to_owned()))?.to_owned();
    if let Some(runtime) = runtime {
        text = roster::put_on(&text, runtime).map_err(internal)?;
    }
    let mut added = Vec::new();
    let mut draft = roster::check(site, text)?;
    if draft.roster().floor_gaps().any(|gap| gap == FloorGap::NoEnhancer) {
        let fields = vec![Field { key: "class".to_owned(), value: Some(ENHANCING_CLASS.to_owned()) }];
        let edit = Edit::Add { name: ENHANCING_CLASS.to_owned(), fields };
        draft = roster::check(site, roster::edit(draft.text(), &edit).map_err(internal)?)?;
        added.push("added an enhancer, which every fleet keeps staffed".to_owned());
    }
    Ok((draft, added))
}

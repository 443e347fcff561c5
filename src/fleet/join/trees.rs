//! What git says of the folder that an agent works in.

use super::{Planes, seconds_since};
use crate::fleet::model::{Evidence, Plane, TreeFacts};
use crate::fleet::roster::Agent;

/// The work tree of an agent of this host, with its evidence. A folder outside of a repository says nothing.
pub(super) fn facts(planes: &Planes<'_>, agent: &Agent, evidence: &mut Vec<Evidence>) -> Option<TreeFacts> {
    let reading = planes.trees?.get(&agent.working_directory)?;
    let age_seconds = seconds_since(reading.at, planes.now);
    match &reading.facts {
        Ok(facts) => {
            let facts = TreeFacts { age_seconds: (age_seconds * 10.0).round() / 10.0, ..facts.clone()? };
            evidence.push(Evidence::new(Plane::Tree, true, &facts.to_string(), age_seconds));
            Some(facts)
        }
        Err(why) => {
            evidence.push(Evidence::new(Plane::Tree, false, why, age_seconds));
            None
        }
    }
}

/// Says of an agent of another host that its folder is not read from here.
pub(super) fn elsewhere(planes: &Planes<'_>, evidence: &mut Vec<Evidence>) {
    if planes.trees.is_some() {
        evidence.push(Evidence::new(Plane::Tree, false, "not read on other hosts", 0.0));
    }
}

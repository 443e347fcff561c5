//! Files that ship inside the program: example rosters, and what is seeded into the Mosaic home.

use super::{roster, runtime};

/// Example rosters by profile, in the order of the list.
pub const PROFILES: [(&str, &str); 6] = [
    ("minimal", include_str!("../../framework/fleet/examples/minimal.yaml")),
    ("local-canary", include_str!("../../framework/fleet/examples/local-canary.yaml")),
    ("general", include_str!("../../framework/fleet/examples/general.yaml")),
    ("coding", include_str!("../../framework/fleet/examples/coding.yaml")),
    ("research", include_str!("../../framework/fleet/examples/research.yaml")),
    ("operations", include_str!("../../framework/fleet/examples/operations.yaml")),
];

/// What an installation puts into the Mosaic home: path below it, and text.
pub fn files() -> impl Iterator<Item = (String, &'static str)> {
    let of_runtimes = runtime::all().iter().flat_map(|runtime| {
        runtime.home_files().map(|(file, text)| (format!("runtime/{}/{file}", runtime.name), text))
    });
    std::iter::once(("fleet/roster.schema.json".to_owned(), roster::SCHEMA)).chain(of_runtimes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::home::Site;

    #[test]
    fn every_profile_is_valid_and_most_start_at_the_floor() {
        for (name, text) in PROFILES {
            let roster = roster::parse(text, std::path::Path::new(name), &Site::for_tests("/h"));
            let roster = roster.unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            let below = roster.floor_gaps().next().is_some();
            assert_eq!(below, matches!(name, "minimal" | "local-canary"), "{name}: {:?}", roster.warnings);
        }
    }
}

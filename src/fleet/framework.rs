//! Files that ship inside the program: example rosters, what is seeded into the Mosaic home, and the texts by which agents
//! work. Those of a runtime are in its record.

mod content;

pub use content::{CONTENT, LIBRARY, personas, pipelines, system_types};

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
    let of_runtimes = runtime::all().flat_map(|runtime| {
        runtime.home_files().map(|(file, text)| (format!("runtime/{}/{file}", runtime.name), text))
    });
    let content = CONTENT.iter().map(|(path, text)| ((*path).to_owned(), *text));
    std::iter::once(("fleet/roster.schema.json".to_owned(), roster::SCHEMA)).chain(content).chain(of_runtimes)
}

#[cfg(test)]
mod tests;

//! Pipelines: through which stages a card goes, which class works on it in each, and what moves it on or sends it back.
//! Reads and checks the text of one; never opens a file and moves nothing.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::persona::{check_name, is_class};
use super::roster::{Document, Problem, meant};
use crate::plain::quoted;

/// How often a card goes back where the text does not say.
const DEFAULT_MAX_ROUNDS: i64 = 3;

/// More rounds than this is no review any more.
const MAX_ROUNDS: i64 = 20;

/// A pipeline as a person writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PipelineFile {
    id: String,
    title: String,
    description: String,
    #[serde(default)]
    max_rounds: Option<i64>,
    stages: Vec<StageEntry>,
}

/// One of its stages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageEntry {
    name: String,
    class: String,
    moves_on: End,
    #[serde(default)]
    back_to: Option<String>,
    #[serde(default)]
    brief: Option<String>,
}

/// What ends a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Its worker completes the card.
    Completed,
    /// A review approves the branch; a rejection sends it back.
    Approved,
    /// The gate merges the branch; what its author can mend sends it back.
    Merged,
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Its name, which is its file's.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// How often a card goes back before a person is asked.
    pub max_rounds: i64,
    /// Its stages, in order; at least one.
    pub stages: Vec<Stage>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name, which is a word of its cards.
    pub name: String,
    /// Class that works on cards in it.
    pub class: String,
    /// What moves a card on.
    pub moves_on: End,
    /// Stage to which a card goes that does not pass.
    pub back_to: Option<String>,
    /// What its worker is told beside the card.
    pub brief: String,
}

impl Pipeline {
    /// The stage of that name, and the one behind it.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<(&Stage, Option<&Stage>)> {
        let at = self.stages.iter().position(|stage| stage.name == name)?;
        Some((&self.stages[at], self.stages.get(at + 1)))
    }

    /// The stage in which a card is: the one that it names, else the first one where it is for that one's class.
    #[must_use]
    pub fn stage_of(&self, stage: &str, assignee: &str) -> Option<(&Stage, Option<&Stage>)> {
        match (stage, self.stages.first()) {
            ("", Some(first)) if first.class == assignee => self.stage(&first.name),
            ("", _) => None,
            (name, _) => self.stage(name),
        }
    }
}

impl Stage {
    /// What its worker is told of one card.
    #[must_use]
    pub fn brief_of(&self, card: &str, branch: &str) -> String {
        self.brief.replace("{{card}}", card).replace("{{branch}}", branch)
    }
}

/// Reads a pipeline's text. `known` are the classes that have a persona.
///
/// # Errors
/// Every problem, with file, line, column and key; a text that cannot be decoded has one.
pub fn parse(text: &str, path: &Path, known: &BTreeSet<&str>) -> Result<Pipeline, Vec<Problem>> {
    let (file, mut document): (PipelineFile, Document) = Document::decode(text, path)?;
    check_name(&mut document, path, &file.id, &[("title", &file.title), ("description", &file.description)]);
    if let Some(rounds) = file.max_rounds.filter(|rounds| !(0..=MAX_ROUNDS).contains(rounds)) {
        document.problem("max_rounds", format!("is {rounds}; expected 0 to {MAX_ROUNDS}"));
    }
    if file.stages.is_empty() {
        document.problem("stages", "is empty; expected at least one");
    }
    check_stages(&file, known, &mut document);
    let PipelineFile { id, title, description, max_rounds, stages } = file;
    let stage = |entry: StageEntry| Stage {
        name: entry.name,
        class: entry.class,
        moves_on: entry.moves_on,
        back_to: entry.back_to,
        brief: entry.brief.unwrap_or_default().trim().to_owned(),
    };
    let stages = stages.into_iter().map(stage).collect();
    let max_rounds = max_rounds.unwrap_or(DEFAULT_MAX_ROUNDS);
    document.finish(Pipeline { id, title, description: description.trim().to_owned(), max_rounds, stages })
}

fn check_stages(file: &PipelineFile, known: &BTreeSet<&str>, document: &mut Document) {
    let mut before: Vec<&str> = Vec::new();
    for (at, entry) in file.stages.iter().enumerate() {
        let key = |field: &str| format!("stages[{at}].{field}");
        if !is_class(&entry.name) {
            document.problem(
                &key("name"),
                format!("is {}; expected small letters, digits and hyphens", quoted(&entry.name)),
            );
        } else if before.contains(&entry.name.as_str()) {
            document.problem(&key("name"), format!("{} stands there twice", quoted(&entry.name)));
        }
        if !known.contains(entry.class.as_str()) {
            let hint = meant(&entry.class, known.iter().copied());
            document.problem(&key("class"), format!("{} has no persona; {hint}", quoted(&entry.class)));
        }
        match (&entry.back_to, entry.moves_on) {
            (Some(_), End::Completed) => {
                document
                    .problem(&key("back_to"), "nothing sends a card back that its worker completes; leave the key out");
            }
            (Some(name), _) if !before.contains(&name.as_str()) => {
                let hint =
                    if before.is_empty() { "there is none".to_owned() } else { meant(name, before.iter().copied()) };
                document.problem(&key("back_to"), format!("{} is no earlier stage; {hint}", quoted(name)));
            }
            (None, End::Approved | End::Merged) => {
                document.problem(&key("moves_on"), "needs `back_to`: where a card goes that does not pass");
            }
            _ => {}
        }
        before.push(&entry.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["code", "review", "merge-gate"];

    fn read(text: &str) -> Result<Pipeline, Vec<String>> {
        let known = KNOWN.into_iter().collect();
        parse(text, Path::new("p.yaml"), &known).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_shipped_pipeline_goes_from_code_over_review_to_the_gate() {
        let (path, text) = crate::fleet::framework::pipelines().next().unwrap();
        let known = KNOWN.into_iter().collect();
        let read = parse(text, Path::new(path), &known).unwrap();
        let stages: Vec<(&str, &str, End)> =
            read.stages.iter().map(|stage| (stage.name.as_str(), stage.class.as_str(), stage.moves_on)).collect();
        assert_eq!(
            stages,
            [
                ("code", "code", End::Completed),
                ("review", "review", End::Approved),
                ("gate", "merge-gate", End::Merged)
            ]
        );
        assert_eq!(read.max_rounds, 3);
        let (review, behind) = read.stage("review").unwrap();
        assert_eq!((review.back_to.as_deref(), behind.map(|stage| stage.name.as_str())), (Some("code"), Some("gate")));
        let told = review.brief_of("A1", "code/A1");
        assert!(told.contains("gate review --branch code/A1 --card A1 --approve") && !told.contains("{{"), "{told}");
        assert_eq!(read.stage_of("", "code").unwrap().0.name, "code");
        assert!(read.stage_of("", "review").is_none() && read.stage_of("nowhere", "code").is_none());
    }

    #[test]
    fn each_problem_has_its_place() {
        let head = "id: p\ntitle: t\ndescription: d\n";
        for (rest, want) in [
            ("stages: []\n", "p.yaml:4:9: stages: is empty"),
            (
                "max_rounds: 21\nstages: [{name: a, class: code, moves_on: completed}]\n",
                "p.yaml:4:13: max_rounds: is 21",
            ),
            (
                "stages: [{name: a, class: cod, moves_on: completed}]\n",
                "p.yaml:4:27: stages[0].class: \"cod\" has no persona; did you mean code?",
            ),
            ("stages: [{name: a b, class: code, moves_on: completed}]\n", "p.yaml:4:17: stages[0].name: is \"a b\""),
            (
                "stages: [{name: a, class: code, moves_on: approved}]\n",
                "p.yaml:4:43: stages[0].moves_on: needs `back_to`",
            ),
            (
                "stages: [{name: a, class: code, moves_on: approved, back_to: b}]\n",
                "p.yaml:4:62: stages[0].back_to: \"b\" is no earlier stage",
            ),
            (
                "stages: [{name: a, class: code, moves_on: completed, back_to: a}]\n",
                "p.yaml:4:63: stages[0].back_to: nothing sends",
            ),
            (
                "stages: [{name: a, class: code, moves_on: never}]\n",
                "p.yaml:4:43: stages[0].moves_on: `never` is not known here",
            ),
        ] {
            let told = read(&format!("{head}{rest}")).expect_err(rest);
            assert!(told.iter().any(|line| line.starts_with(want)), "{want} not in {told:?}");
        }
        let wrong_name =
            read("id: q\ntitle: t\ndescription: d\nstages: [{name: a, class: code, moves_on: completed}]\n");
        assert!(wrong_name.unwrap_err()[0].contains("expected p, the file's name"));
    }
}
